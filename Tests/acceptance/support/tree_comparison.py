"""Compares two trees entry by entry through directory descriptors: paths of any length, names of any bytes."""

import errno
import os
import stat
from dataclasses import dataclass, field

from .common import OPEN_DIRECTORY, say, shown
from .file_content import FileComparison

KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symbolic link",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
}
#: What --ignore can name.
ATTRIBUTES = (
    "mode",
    "owner",
    "mtime",
    "symlink-mtime",
    "directory-mtime",
    "target",
    "device",
    "links",
    "xattrs",
    "content",
    "holes",
    "blocks",
)


@dataclass
class ComparisonOptions:
    """What counts as a difference."""

    ignore: frozenset = frozenset()
    #: Bytes of one file that may be hole on one side and data on the other.
    hole_tolerance: int = 32 << 10
    #: Entries of the first tree whose ctime is at or after this time (ns) are left out and counted.
    changed_since: int = None
    #: Differences printed; all are counted.
    limit: int = 50
    #: Patterns of differences that a stand-in is known to make; these are counted apart.
    known: tuple = ()


@dataclass
class Comparison:
    """Compares the trees at two paths and counts what it saw."""

    options: ComparisonOptions = field(default_factory=ComparisonOptions)
    differences: int = 0
    entries: int = 0
    excluded: int = 0
    known: int = 0
    first_differences: list = field(default_factory=list)

    @property
    def bytes(self):
        """Bytes of content compared; holes that both files have do not count."""
        return self._files.bytes

    def compare(self, left, right):
        """Compares everything below and including two directories; returns whether they are the same."""
        self._trail = []
        # For names that share an inode: the inode's partner in the other tree, each way, and the pairs compared.
        self._forward, self._backward, self._compared = {}, {}, set()
        self._left = self._right = -1
        self._files = FileComparison(self.options.ignore, self.options.hole_tolerance)
        try:
            self._left = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._right = os.open(right, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._entry(".", os.fstat(self._left), os.fstat(self._right))
            self._walk()
        finally:
            for descriptor in (self._left, self._right):
                if descriptor >= 0:
                    os.close(descriptor)
        return self.differences == 0

    # The walk

    def _walk(self):
        """Depth first with two open directories at a time, going up by `..`, so that depth costs no descriptors."""
        levels = [self._directory()]
        while levels:
            if levels[-1]:
                name = levels[-1].pop()
                if self._enter(name):
                    levels.append(self._directory())
            else:
                levels.pop()
                if levels:
                    self._trail.pop()
                    self._left = _swap(self._left, "..", self._left)
                    self._right = _swap(self._right, "..", self._right)

    def _enter(self, name):
        inner = -1
        try:
            inner = os.open(name, OPEN_DIRECTORY, dir_fd=self._left)
            self._right = _swap(self._right, name, self._right)
        except OSError as error:
            if inner >= 0:
                os.close(inner)
            self._report(name, [f"cannot be opened: {error.strerror}"])
            return False
        os.close(self._left)
        self._left = inner
        self._trail.append(name)
        return True

    def _directory(self):
        """Compares the entries of the two open directories; returns the names of directories that both have."""
        left, right = set(os.listdir(self._left)), set(os.listdir(self._right))
        for names, what in ((left - right, "only in the first tree"), (right - left, "only in the second tree")):
            for name in sorted(names):
                self._report(name, [what])
        directories = []
        for name in sorted(left & right):
            try:
                first = os.stat(name, dir_fd=self._left, follow_symlinks=False)
                second = os.stat(name, dir_fd=self._right, follow_symlinks=False)
                if self._entry(name, first, second):
                    directories.append(name)
            except OSError as error:
                self._report(name, [f"cannot be compared: {error.strerror}"])
        # The walk takes them from the end.
        directories.reverse()
        return directories

    # One entry

    def _entry(self, name, first, second):
        """Compares one entry; returns whether both are directories."""
        self.entries += 1
        kind = stat.S_IFMT(first.st_mode)
        if kind != stat.S_IFMT(second.st_mode):
            self._report(name, [f"{KINDS.get(kind)} became {KINDS.get(stat.S_IFMT(second.st_mode))}"])
            return False
        found = []
        ignore = self.options.ignore
        if first.st_mode != second.st_mode and "mode" not in ignore and kind != stat.S_IFLNK:
            found.append(f"mode {first.st_mode & 0o7777:04o} became {second.st_mode & 0o7777:04o}")
        if (first.st_uid, first.st_gid) != (second.st_uid, second.st_gid) and "owner" not in ignore:
            found.append(f"owner {first.st_uid}:{first.st_gid} became {second.st_uid}:{second.st_gid}")
        if first.st_mtime_ns != second.st_mtime_ns and self._wants_mtime(kind):
            found.append(f"mtime {first.st_mtime_ns} became {second.st_mtime_ns}")
        if "xattrs" not in ignore:
            found += self._xattrs(name)
        known = False
        if kind != stat.S_IFDIR and (first.st_nlink > 1 or second.st_nlink > 1):
            known, linked = self._links(first, second)
            if "links" not in ignore:
                found += linked
        if kind == stat.S_IFREG:
            if first.st_size != second.st_size:
                found.append(f"size {first.st_size} became {second.st_size}")
            elif not known and first.st_size > 0:
                found += self._files.differences(name, self._left, self._right, first, second)
        elif kind == stat.S_IFLNK:
            found += self._target(name)
        elif kind in (stat.S_IFCHR, stat.S_IFBLK) and first.st_rdev != second.st_rdev and "device" not in ignore:
            found.append(f"device {_device(first.st_rdev)} became {_device(second.st_rdev)}")
        if found:
            self._report(name, found, first)
        return kind == stat.S_IFDIR

    def _wants_mtime(self, kind):
        ignore = self.options.ignore
        return not (
            "mtime" in ignore
            or kind == stat.S_IFLNK
            and "symlink-mtime" in ignore
            or kind == stat.S_IFDIR
            and "directory-mtime" in ignore
        )

    def _links(self, first, second):
        """Whether this pair of inodes was compared before, and differences in how names share inodes."""
        left, right = (first.st_dev, first.st_ino), (second.st_dev, second.st_ino)
        partner, owner = self._forward.setdefault(left, right), self._backward.setdefault(right, left)
        known = (left, right) in self._compared
        self._compared.add((left, right))
        found = []
        if partner != right:
            found.append("is a hard link of an earlier name in the first tree only")
        if owner != left:
            found.append("is a hard link of an earlier name in the second tree only")
        return known, found

    def _target(self, name):
        first, second = (os.readlink(name, dir_fd=directory) for directory in (self._left, self._right))
        if first != second and "target" not in self.options.ignore:
            return [f"target {shown(first)} became {shown(second)}"]
        return []

    def _xattrs(self, name):
        first, second = _xattrs(self._left, name), _xattrs(self._right, name)
        if first == second:
            return []
        found = []
        for attribute in sorted(first.keys() | second.keys()):
            label = f"attribute {shown(attribute)}"
            if attribute not in second:
                found.append(f"{label} is lost")
            elif attribute not in first:
                found.append(f"{label} was added")
            elif first[attribute] != second[attribute]:
                found.append(f"{label} {shown(first[attribute][:32])} became {shown(second[attribute][:32])}")
        return found

    # Reporting

    def _report(self, name, found, status=None):
        if self._moved(name, status):
            self.excluded += 1
            return
        path = shown("/".join(part for part in (*self._trail, name) if part != ".") or ".")
        for what in found:
            line = f"{path}: {what}"
            if any(pattern.search(line) for pattern in self.options.known):
                self.known += 1
                continue
            self.differences += 1
            if self.differences <= self.options.limit:
                self.first_differences.append(line)

    def _moved(self, name, status):
        """Whether the first tree's entry, or for a missing one its directory, was changed during the run."""
        since = self.options.changed_since
        if since is None:
            return False
        if status is not None and status.st_ctime_ns >= since:
            return True
        try:
            return os.stat(name, dir_fd=self._left, follow_symlinks=False).st_ctime_ns >= since
        except FileNotFoundError:
            return os.fstat(self._left).st_ctime_ns >= since

    def print_summary(self):
        """Prints the first differences and one line of counts."""
        for line in self.first_differences:
            say(f"differs  {line}")
        if self.differences > len(self.first_differences):
            say(f"…and {self.differences - len(self.first_differences)} more")
        excluded = f", {self.excluded} changed meanwhile and left out" if self.options.changed_since is not None else ""
        if self.known:
            say(f"{self.known} differences that this program is known to make were left out")
        say(f"{self.entries} entries and {self.bytes} bytes compared{excluded}: {self.differences} differences")


def _swap(descriptor, name, directory):
    """Opens a directory in place of a descriptor, which it closes."""
    opened = os.open(name, OPEN_DIRECTORY, dir_fd=directory)
    os.close(descriptor)
    return opened


def _xattrs(directory, name):
    path = f"/proc/self/fd/{directory}/{name}"
    try:
        names = os.listxattr(path, follow_symlinks=False)
        return {attribute: os.getxattr(path, attribute, follow_symlinks=False) for attribute in names}
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return {}
        raise


def _device(number):
    return f"{os.major(number)}:{os.minor(number)}"
