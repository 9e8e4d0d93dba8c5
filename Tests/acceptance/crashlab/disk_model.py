"""A disk on which only what was synced is sure.

Every file and directory is kept twice: as the running system sees it, and as what the disk is bound to hold after
a power cut. Between the two stand the pending operations: writes of a file since its last fsync, and changes of a
directory's entries since the directory's last fsync. A policy (policies.py) decides which of the pending ones the
cut leaves behind.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field


class ModelError(Exception):
    """The trace cannot be followed: the run must not pass over it."""


class Unmodelled(ModelError):
    """The program does what the model has no notion of; tracing again would not help."""


@dataclass(eq=False)
class Inode:
    """A file, directory, link or other node."""

    number: int
    kind: str  # file, dir, link, other
    mode: int = 0o644
    mtime: int | None = None  # ns, where it was set explicitly or found on disk
    target: bytes = b""  # of a link
    data: bytearray = field(default_factory=bytearray)  # as the system sees it
    durable: bytearray = field(default_factory=bytearray)  # as of the last fsync
    pending: list[tuple[str, int, bytes]] = field(default_factory=list)  # (write, offset, bytes) (size, length, "")
    synced: int = 0  # how many operations on its data have become durable
    durable_mode: int = 0o644
    durable_mtime: int | None = None
    entries: dict[bytes, "Inode"] = field(default_factory=dict)
    durable_entries: dict[bytes, "Inode"] = field(default_factory=dict)
    changes: list["Change"] = field(default_factory=list)  # of entries, not yet durable
    version: int = 0  # counts changes of data, so that hashes can be remembered


@dataclass(eq=False)
class Change:
    """One atomic change of one directory's entries: `name` gets `inode`, and `gone` names vanish."""

    transaction: int
    directory: Inode
    name: bytes | None
    inode: Inode | None
    gone: list[tuple[bytes, Inode]]
    twin: "Change | None" = None  # the other half of a rename between directories

    def apply(self, entries: dict[bytes, Inode]) -> None:
        for name, inode in self.gone:
            if entries.get(name) is inode:
                del entries[name]
        if self.name is not None and self.inode is not None:
            entries[self.name] = self.inode


def apply_data(data: bytearray, operation: tuple[str, int, bytes]) -> None:
    kind, number, content = operation
    if kind == "size":
        if number < len(data):
            del data[number:]
        else:
            data.extend(bytes(number - len(data)))
    else:
        if number > len(data):
            data.extend(bytes(number - len(data)))
        data[number:number + len(content)] = content


@dataclass
class SyncMark:
    """What a sync call covers: all that was complete when it began."""

    transaction: int
    counts: list[tuple[Inode, int]]
    attributes: bool


class DiskModel:
    def __init__(self, root: str) -> None:
        self.next_number = 0
        self.transaction = 0
        self.journal = 0  # namespace transactions up to here are in a journal that some sync has written out
        self.inodes: list[Inode] = []
        self.operations: list[str] = []  # a description of each state-changing operation so far
        self.root = self._load(os.fsencode(root), {})

    def _new(self, kind: str, mode: int) -> Inode:
        self.next_number += 1
        inode = Inode(self.next_number, kind, mode, durable_mode=mode)
        self.inodes.append(inode)
        return inode

    def _load(self, path: bytes, seen: dict[tuple[int, int], Inode]) -> Inode:
        """What stands on the disk before the run; all of it is taken to be durable."""
        info = os.lstat(path)
        if (info.st_dev, info.st_ino) in seen:
            return seen[info.st_dev, info.st_ino]
        mode = stat.S_IMODE(info.st_mode)
        if stat.S_ISDIR(info.st_mode):
            inode = self._new("dir", mode)
            for name in sorted(os.listdir(path)):
                inode.entries[name] = self._load(path + b"/" + name, seen)
            inode.durable_entries = dict(inode.entries)
        elif stat.S_ISREG(info.st_mode):
            inode = self._new("file", mode)
            with open(path, "rb") as handle:
                inode.data = bytearray(handle.read())
            inode.durable = bytearray(inode.data)
            seen[info.st_dev, info.st_ino] = inode
        elif stat.S_ISLNK(info.st_mode):
            inode = self._new("link", mode)
            inode.target = os.readlink(path)
        else:
            inode = self._new("other", mode)
        inode.mtime = inode.durable_mtime = info.st_mtime_ns
        return inode

    def done(self, description: str) -> None:
        self.operations.append(description)

    # Names.
    def _change(self, directory: Inode, name: bytes | None, inode: Inode | None,
                gone: list[tuple[bytes, Inode]]) -> Change:
        change = Change(self.transaction, directory, name, inode, gone)
        change.apply(directory.entries)
        directory.changes.append(change)
        directory.mtime = None
        return change

    def create(self, directory: Inode, name: bytes, kind: str, mode: int, target: bytes = b"") -> Inode:
        inode = self._new(kind, mode)
        inode.target = target
        self.transaction += 1
        self._change(directory, name, inode, [])
        return inode

    def anonymous(self, mode: int) -> Inode:
        return self._new("file", mode)

    def link(self, inode: Inode, directory: Inode, name: bytes) -> None:
        self.transaction += 1
        self._change(directory, name, inode, [])

    def remove(self, directory: Inode, name: bytes) -> None:
        inode = directory.entries.get(name)
        if inode is None:
            raise ModelError(f"removal of {name!r}, which the model does not know")
        self.transaction += 1
        self._change(directory, None, None, [(name, inode)])

    def rename(self, source: Inode, old: bytes, destination: Inode, new: bytes, exchange: bool) -> None:
        inode = source.entries.get(old)
        if inode is None:
            raise ModelError(f"rename of {old!r}, which the model does not know")
        other = destination.entries.get(new)
        if inode is other:
            return  # two names of one file: nothing happens
        self.transaction += 1
        if exchange:
            if other is None:
                raise ModelError(f"exchange with {new!r}, which the model does not know")
            first = self._change(destination, new, inode, [])
            second = self._change(source, old, other, [])
            first.twin, second.twin = second, first
        elif source is destination:
            self._change(source, new, inode, [(old, inode)])
        else:
            first = self._change(destination, new, inode, [])
            second = self._change(source, None, None, [(old, inode)])
            first.twin, second.twin = second, first

    # Data.
    def write(self, inode: Inode, offset: int, content: bytes, durable: bool = False) -> None:
        self._data(inode, ("write", offset, bytes(content)), durable)

    def resize(self, inode: Inode, length: int, durable: bool = False) -> None:
        self._data(inode, ("size", length, b""), durable)

    def _data(self, inode: Inode, operation: tuple[str, int, bytes], durable: bool) -> None:
        if inode.kind != "file":
            raise ModelError(f"write to a {inode.kind}")
        apply_data(inode.data, operation)
        inode.pending.append(operation)
        inode.mtime = None
        inode.version += 1
        if durable:  # O_SYNC, O_DSYNC
            self.end_sync(self.begin_sync(inode, attributes=False))

    # Syncs.
    def begin_sync(self, inode: Inode | None, attributes: bool = True) -> SyncMark:
        covered = self.inodes if inode is None else [inode]
        return SyncMark(self.transaction, [(each, each.synced + len(each.pending)) for each in covered], attributes)

    def end_sync(self, mark: SyncMark) -> None:
        for inode, count in mark.counts:
            fresh = max(0, count - inode.synced)  # another sync of it may have ended in between
            for operation in inode.pending[:fresh]:
                apply_data(inode.durable, operation)
            inode.pending = inode.pending[fresh:]
            inode.synced += fresh
            inode.version += 1
            if mark.attributes:
                inode.durable_mode, inode.durable_mtime = inode.mode, inode.mtime
            covered = [change for change in inode.changes if change.transaction <= mark.transaction]
            for change in covered:
                change.apply(inode.durable_entries)
                if change.name is None and change.twin is not None:
                    self._complete(change.twin)  # a rename never loses the file: gone here means there is there
            inode.changes = [change for change in inode.changes if change.transaction > mark.transaction]
        self.journal = max(self.journal, mark.transaction)

    def _complete(self, change: Change) -> None:
        if change in change.directory.changes:
            change.apply(change.directory.durable_entries)
            change.directory.changes.remove(change)

    # The whole, as the system sees it; to compare with the real disk after the run.
    def paths(self) -> dict[bytes, tuple[str, bytes]]:
        found: dict[bytes, tuple[str, bytes]] = {}

        def visit(directory: Inode, prefix: bytes) -> None:
            for name, inode in directory.entries.items():
                content = inode.target if inode.kind == "link" else bytes(inode.data)
                found[prefix + name] = (inode.kind, content)
                if inode.kind == "dir":
                    visit(inode, prefix + name + b"/")

        visit(self.root, b"")
        return found

    def differences_from_disk(self, root: str) -> list[str]:
        """Where model and real disk disagree at the end of a run: the model missed something."""
        mine = self.paths()
        theirs = DiskModel(root).paths()
        wrong = [f"{path!r} is on disk only" for path in theirs if path not in mine]
        wrong += [f"{path!r} is in the model only" for path in mine if path not in theirs]
        for path, value in mine.items():
            if path in theirs and theirs[path] != value:
                wrong.append(f"{path!r} has other content")
        return wrong


def digest(content: bytes | bytearray) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
