"""What a power cut leaves: the policies, and the states of the disk that they give.

A state is a flat description of a directory tree. Two equal states are tested once.
"""

from __future__ import annotations

import hashlib
import os
import random
from dataclasses import dataclass, field

from .disk_model import Change, DiskModel, Inode, apply_data, digest
from .workspace import empty_directory


@dataclass(frozen=True)
class Policy:
    """How pending operations fare.

    names: durable (an entry needs its directory's fsync) · journal (any fsync carries all earlier names along, as a
    journal that commits in order does) · all · prefix (per directory, a random number of the oldest) · any (a random
    subset, in no order).
    data: durable (what was not synced is not there) · zeroed (the length is, the bytes are zeros) · torn (some of the
    oldest writes, the last one in part) · full · random (each file one of these).
    """

    names: str
    data: str


LOST = Policy("lost", "lost")  # the directory is gone
STALE = Policy("stale", "stale")  # the directory is as it was before the run


@dataclass(frozen=True)
class Cut:
    """One kind of power cut; what is stored (repository, restored files) and what is local (cache, state) may lie
    on different disks."""

    name: str
    stored: Policy
    local: Policy


#: The directories that count as local.
LOCAL = {b"cache", b"state"}


def cuts(seeds: int) -> list[Cut]:
    """All kinds of cut; `seeds` random variants of those that draw."""
    strict, whole = Policy("durable", "durable"), Policy("all", "full")
    found = [
        Cut("strict", strict, strict),
        Cut("journal", Policy("journal", "durable"), Policy("journal", "durable")),
        Cut("names without data", Policy("all", "durable"), Policy("all", "durable")),
        Cut("names with zeros", Policy("all", "zeroed"), Policy("all", "zeroed")),
        Cut("killed", whole, whole),
        Cut("repository behind cache", strict, whole),
        Cut("cache behind repository", whole, strict),
        Cut("cache and state zeroed", whole, Policy("all", "zeroed")),
        Cut("cache and state stale", whole, STALE),
        Cut("cache and state lost", whole, LOST),
    ]
    for number in range(seeds):
        found.append(Cut(f"torn {number}", Policy("all", "torn"), Policy("all", "torn")))
        found.append(Cut(f"reordered {number}", Policy("prefix", "random"), Policy("prefix", "random")))
        found.append(Cut(f"scrambled {number}", Policy("any", "random"), Policy("any", "random")))
    return found


@dataclass(frozen=True)
class Node:
    kind: str
    mode: int
    mtime: int | None
    content: bytes  # digest of a file's bytes, target of a link
    group: int  # inode number: equal ones are hard links of each other


@dataclass
class State:
    """A tree after a cut, and how it came about."""

    nodes: dict[bytes, Node]
    key: bytes
    cut: str
    operation: int  # the cut came after this many operations
    last: str  # what the last of them was
    acknowledged: bool  # success had been reported before the cut
    aliases: int = 0  # how many other cuts led to the same state

    def describe(self) -> str:
        return f"cut after operation {self.operation} ({self.last}), policy '{self.cut}'"


@dataclass
class Blobs:
    """The contents that states share."""

    by_digest: dict[bytes, bytes] = field(default_factory=dict)

    def put(self, content: bytes) -> bytes:
        name = digest(content)
        self.by_digest.setdefault(name, content)
        return name


class StateMaker:
    """Makes the states of a model at its present point."""

    def __init__(self, model: DiskModel, blobs: Blobs, seed: str) -> None:
        self.model = model
        self.blobs = blobs
        self.seed = seed
        self._remembered: dict[tuple[int, int, str], bytes] = {}
        self.start = {name: self._whole(name, inode) for name, inode in model.root.entries.items()}

    def make(self, cut: Cut, acknowledged: bool) -> State:
        operation = len(self.model.operations)
        chance = random.Random(f"{self.seed}/{operation}/{cut.name}")
        nodes: dict[bytes, Node] = {}
        tops: dict[bytes, Inode] = {}
        chosen: dict[bytes, Policy] = {}
        for policy, is_local in ((cut.stored, False), (cut.local, True)):
            if policy == LOST:
                continue
            if policy == STALE:
                for name, old in self.start.items():
                    if (name in LOCAL) == is_local:
                        nodes.update(old)
                continue
            for name, inode in self._entries(self.model.root, policy, chance).items():
                if (name in LOCAL) == is_local:
                    tops[name], chosen[name] = inode, policy
        for name, inode in sorted(tops.items()):
            self._flatten(inode, name, chosen[name], chance, nodes)
        last = self.model.operations[-1] if self.model.operations else "nothing"
        return State(nodes, self._key(nodes, acknowledged), cut.name, operation, last, acknowledged)

    def _whole(self, name: bytes, inode: Inode) -> dict[bytes, Node]:
        nodes: dict[bytes, Node] = {}
        self._flatten(inode, name, Policy("all", "full"), random.Random(0), nodes)
        return nodes

    def _flatten(self, inode: Inode, path: bytes, policy: Policy, chance: random.Random,
                 nodes: dict[bytes, Node]) -> None:
        certain = policy.names == "durable"
        mode = inode.durable_mode if certain else inode.mode
        mtime = inode.durable_mtime if certain else inode.mtime
        if inode.kind == "dir":
            nodes[path] = Node("dir", mode, mtime, b"", inode.number)
            for name, child in sorted(self._entries(inode, policy, chance).items()):
                self._flatten(child, path + b"/" + name, policy, chance, nodes)
        elif inode.kind == "link":
            nodes[path] = Node("link", mode, None, inode.target, inode.number)
        elif inode.kind == "file":
            nodes[path] = Node("file", mode, mtime, self._content(inode, policy.data, chance), inode.number)
        # Other nodes (sockets, pipes) do not survive a restart in any way that matters.

    def _entries(self, directory: Inode, policy: Policy, chance: random.Random) -> dict[bytes, Inode]:
        if policy.names == "all" or not directory.changes:
            return directory.entries
        entries = dict(directory.durable_entries)
        for change in self._surviving(directory.changes, policy, chance):
            change.apply(entries)
        return entries

    def _surviving(self, changes: list[Change], policy: Policy, chance: random.Random) -> list[Change]:
        if policy.names == "durable":
            return []
        if policy.names == "journal":
            return [change for change in changes if change.transaction <= self.model.journal]
        kept = []
        limit = chance.randint(0, len(changes))
        likely = chance.choice([0.2, 0.5, 0.8])
        for position, change in enumerate(changes):
            if change.twin is not None:
                # The two halves of a rename between directories share one draw: no file system that
                # journals loses the file between them.
                twin = random.Random(f"{self.seed}/{len(self.model.operations)}/{policy}/{change.transaction}")
                if twin.random() < 0.5:
                    kept.append(change)
            elif policy.names == "prefix" and position < limit:
                kept.append(change)
            elif policy.names == "any" and chance.random() < likely:
                kept.append(change)
        return kept

    def _content(self, inode: Inode, policy: str, chance: random.Random) -> bytes:
        if not inode.pending:
            policy = "full"
        elif policy == "random":
            policy = chance.choice(["durable", "zeroed", "torn", "torn", "full"])
        if policy == "torn":
            return self.blobs.put(torn(inode, chance))
        known = (inode.number, inode.version, policy)
        if known not in self._remembered:
            if policy == "full":
                content = bytes(inode.data)
            elif policy == "durable":
                content = bytes(inode.durable)
            else:  # zeroed
                content = bytes(inode.durable[:len(inode.data)]).ljust(len(inode.data), b"\0")
            self._remembered[known] = self.blobs.put(content)
        return self._remembered[known]

    @staticmethod
    def _key(nodes: dict[bytes, Node], acknowledged: bool) -> bytes:
        total = hashlib.blake2b(digest_size=16)
        for path, node in sorted(nodes.items()):
            total.update(repr((path, node.kind, node.mode, node.mtime, node.content)).encode())
        total.update(b"acknowledged" if acknowledged else b"")
        return total.digest()


def torn(inode: Inode, chance: random.Random) -> bytes:
    """The durable content plus some of the oldest pending writes, the last of them in part."""
    data = bytearray(inode.durable)
    whole = chance.randint(0, len(inode.pending))
    for operation in inode.pending[:whole]:
        apply_data(data, operation)
    if whole < len(inode.pending):
        kind, offset, content = inode.pending[whole]
        if kind == "write" and len(content) > 1:
            part = chance.randint(1, len(content) - 1)
            if part > 512 and chance.random() < 0.7:
                part -= part % 512  # devices tear at sectors; file systems need not
            apply_data(data, (kind, offset, content[:part]))
    if chance.random() < 0.3 and len(data) < len(inode.data):
        data.extend(bytes(len(inode.data) - len(data)))  # the length got through, the end did not
    return bytes(data)


def write_state(state: State, blobs: Blobs, root: str) -> None:
    """Makes `root` hold exactly `state`."""
    empty_directory(root)
    base = os.fsencode(root)
    first: dict[int, bytes] = {}
    for path, node in sorted(state.nodes.items()):
        full = base + b"/" + path
        if node.kind == "dir":
            os.mkdir(full)
        elif node.kind == "link":
            os.symlink(node.content, full)
        elif node.group in first:
            os.link(first[node.group], full)
        else:
            with open(full, "wb") as handle:
                handle.write(blobs.by_digest[node.content])
            first[node.group] = full
            os.chmod(full, node.mode)
            if node.mtime is not None:
                os.utime(full, ns=(node.mtime, node.mtime))
    for path, node in sorted(state.nodes.items(), reverse=True):
        if node.kind == "dir":
            os.chmod(base + b"/" + path, node.mode | 0o700)
            if node.mtime is not None:
                os.utime(base + b"/" + path, ns=(node.mtime, node.mtime))
