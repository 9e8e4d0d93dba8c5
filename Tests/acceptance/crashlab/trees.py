"""Small seeded source trees, their mutation, and their exact comparison."""

from __future__ import annotations

import hashlib
import os
import random
import stat
from dataclasses import dataclass, replace

FIRST_TIME = 1_600_000_000_000_000_000  # ns; times in trees are fixed so that a run can be repeated


@dataclass(frozen=True)
class Entry:
    """One path of a tree, with everything that a restore must bring back."""

    kind: str  # file, dir, link, other
    mode: int
    owner: tuple[int, int]
    mtime: int  # ns; 0 for links, whose time not every file system keeps
    content: str  # SHA-256 of a file, target of a link
    size: int
    group: bytes = b""  # first path of a hard-link group

    def difference(self, other: "Entry") -> str:
        parts = []
        for name in ("kind", "mode", "owner", "mtime", "size", "content", "group"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                parts.append(f"{name} {theirs!r} instead of {mine!r}")
        return ", ".join(parts)


Manifest = dict[bytes, Entry]


def hash_file(path: bytes) -> str:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def scan(root: str) -> Manifest:
    """Everything below `root` (the root itself is not part of it)."""
    base = os.fsencode(root)
    found: Manifest = {}
    first: dict[tuple[int, int], bytes] = {}

    def visit(directory: bytes, prefix: bytes) -> None:
        for name in sorted(os.listdir(directory)):
            path, relative = directory + b"/" + name, prefix + name
            info = os.lstat(path)
            owner, mode = (info.st_uid, info.st_gid), stat.S_IMODE(info.st_mode)
            if stat.S_ISDIR(info.st_mode):
                found[relative] = Entry("dir", mode, owner, info.st_mtime_ns, "", 0)
                visit(path, relative + b"/")
            elif stat.S_ISREG(info.st_mode):
                entry = Entry("file", mode, owner, info.st_mtime_ns, hash_file(path), info.st_size)
                if info.st_nlink > 1:
                    entry = replace(entry, group=first.setdefault((info.st_dev, info.st_ino), relative))
                found[relative] = entry
            elif stat.S_ISLNK(info.st_mode):
                target = os.readlink(path)
                found[relative] = Entry("link", 0, owner, 0, repr(target), 0)
            else:
                found[relative] = Entry("other", mode, owner, info.st_mtime_ns, "", 0)

    visit(base, b"")
    return found


def compare(expected: Manifest, root: str) -> list[str]:
    """The differences of the tree at `root` from `expected`; empty when equal."""
    if not os.path.isdir(root):
        return [f"{root} does not exist"] if expected else []
    actual = scan(root)
    differences = [f"{path!r} is missing" for path in expected if path not in actual]
    differences += [f"{path!r} should not be there" for path in actual if path not in expected]
    for path, entry in expected.items():
        if path in actual and actual[path] != entry:
            differences.append(f"{path!r}: {entry.difference(actual[path])}")
    return differences


def half_written(expected: Manifest, root: str, is_temporary) -> list[str]:
    """What an interrupted restore must not leave: a final name without its full content."""
    if not os.path.isdir(root):
        return []
    wrong = []
    for path, entry in scan(root).items():
        wanted = expected.get(path)
        if wanted is None:
            if not any(is_temporary(part) for part in path.split(b"/")):
                wrong.append(f"{path!r} is neither of the snapshot nor a temporary")
        elif entry.kind != wanted.kind:
            wrong.append(f"{path!r} is a {entry.kind} instead of a {wanted.kind}")
        elif (entry.content, entry.size) != (wanted.content, wanted.size):
            wrong.append(f"{path!r} stands under its final name with {entry.size} of {wanted.size} bytes"
                         " or other content")
    return wrong


def size_of(root: str) -> int:
    """The sum of the file sizes below `root`."""
    total = 0
    for directory, _, names in os.walk(root):
        for name in names:
            try:
                total += os.lstat(os.path.join(directory, name)).st_size
            except FileNotFoundError:
                pass  # a temporary that was renamed in the meantime
    return total


def files_of(root: str) -> dict[str, tuple[int, int, int]]:
    """Inode, time and size of each file below `root`."""
    found = {}
    for directory, _, names in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            info = os.lstat(path)
            found[path] = (info.st_ino, info.st_mtime_ns, info.st_size)
    return found


def bytes_written_since(before: dict[str, tuple[int, int, int]], root: str) -> int:
    """The sizes of the files that are new or changed since; what was removed does not count against them."""
    return sum(each[2] for path, each in files_of(root).items() if before.get(path) != each)


class TreeBuilder:
    """Builds and changes one tree; the same seed gives the same tree."""

    def __init__(self, root: str, seed: str) -> None:
        self.root = os.fsencode(root)
        self.random = random.Random(f"tree/{seed}")
        self.clock = FIRST_TIME
        self.made = 0

    def build(self, size: int, files: int) -> None:
        """About `files` files that sum to about `size` bytes, with the kinds that trees have."""
        os.makedirs(self.root, exist_ok=True)
        directories = [b""]
        for name in (b"letters", b"letters/2024", b"pictures", b"empty", b"\xe4nderung", b"deep/er/still"):
            os.makedirs(os.path.join(self.root, name))
            if name != b"empty":
                directories.append(name + b"/")
        edges = [0, 1, 100, 4095, 4096, 4097]
        mean = max(1, size // max(1, files - len(edges)))
        for number in range(files):
            length = edges[number] if number < len(edges) else self.random.randint(mean // 2, mean + mean // 2)
            name = self.random.choice(directories) + b"file-%03d" % number
            if number == 7:
                name += b" with space\nand line"
            self._write(name, self._content(length))
        os.symlink(b"letters/2024", os.path.join(self.root, b"link"))
        os.symlink(b"/nowhere/at all", os.path.join(self.root, b"dangling"))
        os.link(self._any_file(), os.path.join(self.root, b"pictures", b"second name"))
        self._settle()

    def mutate(self, changes: int, mean: int) -> None:
        """`changes` random changes: content, length, new, gone, renamed, mode."""
        for _ in range(changes):
            self.clock += 1_000_000_007
            action = self.random.choice(
                ["rewrite", "append", "shorten", "poke", "new", "new", "remove", "rename", "mode", "directory"])
            if action == "new":
                self.made += 1
                parent = self.random.choice(self._directories())
                self._write(parent + b"new-%04d" % self.made, self._content(self.random.randint(1, 2 * mean)))
                continue
            if action == "directory":
                self.made += 1
                os.mkdir(os.path.join(self.root, b"new-directory-%04d" % self.made))
                continue
            path = self._any_file()
            if action == "rewrite":
                with open(path, "r+b") as handle:
                    handle.write(self._content(os.path.getsize(path)))
            elif action == "append":
                with open(path, "ab") as handle:
                    handle.write(self._content(self.random.randint(1, mean)))
            elif action == "shorten":
                os.truncate(path, os.path.getsize(path) // 2)
            elif action == "poke":
                with open(path, "r+b") as handle:
                    handle.seek(self.random.randint(0, os.path.getsize(path)))
                    handle.write(b"poked %d" % self.clock)
            elif action == "remove":
                os.unlink(path)
            elif action == "rename":
                self.made += 1
                os.rename(path, os.path.join(self.root, b"moved-%04d" % self.made))
                continue
            elif action == "mode":
                os.chmod(path, self.random.choice([0o600, 0o640, 0o644, 0o755]))
            if os.path.exists(path):
                os.utime(path, ns=(self.clock, self.clock))
        self._settle()

    def _settle(self) -> None:
        """Gives the directories fixed times too."""
        for directory, _, _ in os.walk(self.root, topdown=False):
            self.clock += 1_000_003
            os.utime(directory, ns=(self.clock, self.clock))

    def _content(self, length: int) -> bytes:
        if self.random.random() < 0.3:  # some of it compresses
            line = b"%08x a line that repeats\n" % self.random.getrandbits(32)
            return (line * (length // len(line) + 1))[:length]
        return self.random.randbytes(length)

    def _write(self, name: bytes, content: bytes) -> None:
        path = os.path.join(self.root, name)
        with open(path, "wb") as handle:
            handle.write(content)
        self.clock += 1_000_000_007
        os.utime(path, ns=(self.clock, self.clock))

    def _directories(self) -> list[bytes]:
        found = []
        for directory, names, _ in os.walk(self.root):
            names.sort()
            relative = os.path.relpath(directory, self.root)
            found.append(b"" if relative == b"." else relative + b"/")
        return found

    def _any_file(self) -> bytes:
        found = []
        for directory, names, files in os.walk(self.root):
            names.sort()
            found += [os.path.join(directory, name) for name in sorted(files)]
        found = [path for path in found if not os.path.islink(path)]
        if not found:
            self._write(b"last", b"one file must stay")
            return os.path.join(self.root, b"last")
        return self.random.choice(found)
