"""Writes directory trees entry by entry through directory descriptors, so that no path is ever too long."""

import contextlib
import errno
import os
import stat
import struct
from dataclasses import dataclass, field

from .common import OPEN_DIRECTORY, Failure, shown

CHUNK = 1 << 20
BILLION = 1_000_000_000


@dataclass
class Metadata:
    """What an entry carries beside its content; a missing mtime is drawn from the tree's generator."""

    mode: int = 0o644
    owner: tuple = None
    mtime: int = None
    xattrs: dict = field(default_factory=dict)


class Tree:
    """The state of one tree being written: its generator, what was skipped and how much was made."""

    def __init__(self, random):
        self.random = random
        self.is_root = os.geteuid() == 0
        self.skipped = {}
        self.entries = 0
        self.bytes = 0

    def skip(self, what, why):
        """Notes something that this user or file system cannot have; said once each at the end."""
        self.skipped.setdefault(what, why)

    def some_mtime(self):
        """A modification time between 2001 and 2033, with nanoseconds."""
        return self.random.randrange(1_000_000_000, 2_000_000_000) * BILLION + self.random.randrange(BILLION)

    @contextlib.contextmanager
    def open_root(self, path):
        """Makes the top directory, which must not exist or be empty, and yields its `Directory`."""
        try:
            os.mkdir(path)
        except FileExistsError:
            if os.listdir(path):
                raise Failure(f"{path} is not empty; give a new or an empty directory") from None
        descriptor = os.open(path, OPEN_DIRECTORY)
        try:
            yield Directory(self, descriptor)
            os.fchmod(descriptor, 0o755)
            mtime = self.some_mtime()
            os.utime(descriptor, ns=(mtime, mtime))
        finally:
            os.close(descriptor)


class Directory:
    """An open directory of a tree; every name is bytes."""

    def __init__(self, tree, descriptor):
        self.tree = tree
        self.descriptor = descriptor

    @contextlib.contextmanager
    def directory(self, name, **metadata):
        """Makes a directory and yields it; its metadata is set when the block ends, after its children's."""
        metadata.setdefault("mode", 0o755)
        descriptor = self.make_directory(name)
        try:
            yield Directory(self.tree, descriptor)
        finally:
            os.close(descriptor)
        self.apply(name, Metadata(**metadata))

    def make_directory(self, name):
        """Makes a directory with passing metadata and returns a descriptor that the caller closes."""
        os.mkdir(name, 0o700, dir_fd=self.descriptor)
        return os.open(name, OPEN_DIRECTORY, dir_fd=self.descriptor)

    def file(self, name, content=b"", **metadata):
        """Makes a file of bytes, or of an iterable of bytes."""
        pieces = (content,) if isinstance(content, bytes) else content
        offset = 0
        with self._new_file(name) as descriptor:
            for piece in pieces:
                offset += _write_all(descriptor, piece, offset)
        self.tree.bytes += offset
        self.apply(name, Metadata(**metadata))

    def sparse_file(self, name, size, segments, **metadata):
        """Makes a file of `size` bytes in which only `segments`, pairs of offset and bytes, are written."""
        with self._new_file(name) as descriptor:
            os.ftruncate(descriptor, size)
            for offset, piece in segments:
                self.tree.bytes += _write_all(descriptor, piece, offset)
        self.apply(name, Metadata(**metadata))

    def symlink(self, name, target, **metadata):
        """Makes a symbolic link; skips one whose target the file system does not take."""
        try:
            os.symlink(target, name, dir_fd=self.descriptor)
        except OSError as error:
            if error.errno not in (errno.ENAMETOOLONG, errno.EILSEQ):
                raise
            self.tree.skip(f"symbolic link to {len(target)} bytes", os.strerror(error.errno))
            return
        self.apply(name, Metadata(mode=None, **metadata))

    def hard_link(self, name, source, source_directory=None):
        """Gives an entry, below this directory or another, one more name."""
        source_descriptor = (source_directory or self).descriptor
        os.link(source, name, src_dir_fd=source_descriptor, dst_dir_fd=self.descriptor, follow_symlinks=False)
        self.tree.entries += 1

    def fifo(self, name, **metadata):
        """Makes a named pipe."""
        os.mkfifo(name, 0o600, dir_fd=self.descriptor)
        self.apply(name, Metadata(**metadata))

    def socket(self, name, **metadata):
        """Makes a socket's name, as a program that has ended leaves it."""
        os.mknod(name, stat.S_IFSOCK | 0o600, dir_fd=self.descriptor)
        self.apply(name, Metadata(**metadata))

    def device(self, name, kind, major, minor, **metadata):
        """Makes a device node of `kind` S_IFCHR or S_IFBLK; returns whether this user may."""
        try:
            os.mknod(name, kind | 0o600, os.makedev(major, minor), dir_fd=self.descriptor)
        except PermissionError:
            self.tree.skip("device nodes", "need root and CAP_MKNOD")
            return False
        self.apply(name, Metadata(**metadata))
        return True

    def apply(self, name, metadata):
        """Sets owner, mode, attributes and time, in the order in which none undoes another."""
        tree = self.tree
        tree.entries += 1
        if metadata.owner is not None:
            if tree.is_root:
                os.chown(name, *metadata.owner, dir_fd=self.descriptor, follow_symlinks=False)
            else:
                tree.skip("owners", "need root")
        # Attributes before the mode, which may forbid setting them; access lists after it, for they change it.
        lists = {key: value for key, value in metadata.xattrs.items() if key.startswith(b"system.")}
        for attribute, value in metadata.xattrs.items():
            if attribute not in lists:
                self.set_xattr(name, attribute, value)
        if metadata.mode is not None:
            os.chmod(name, metadata.mode, dir_fd=self.descriptor)
        for attribute, value in lists.items():
            self.set_xattr(name, attribute, value)
        self._set_mtime(name, tree.some_mtime() if metadata.mtime is None else metadata.mtime)

    def set_xattr(self, name, attribute, value):
        """Sets an extended attribute; returns whether user and file system allow it, and notes it if not."""
        path = b"/proc/self/fd/%d/%s" % (self.descriptor, name)
        try:
            os.setxattr(path, attribute, value, follow_symlinks=False)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSPC, errno.E2BIG, errno.ERANGE):
                raise
            self.tree.skip(f"attribute {shown(attribute)[1:-1]} of {len(value)} bytes", os.strerror(error.errno))
            return False
        return True

    def _set_mtime(self, name, mtime):
        os.utime(name, ns=(mtime, mtime), dir_fd=self.descriptor, follow_symlinks=False)
        kept = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False).st_mtime_ns
        if kept != mtime:
            self.tree.skip(
                "some modification times", "this file system moves those beyond its range to its first or last second"
            )

    @contextlib.contextmanager
    def _new_file(self, name):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(name, flags, 0o600, dir_fd=self.descriptor)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def random_pieces(random, size):
    """`size` incompressible bytes, in pieces."""
    while size > 0:
        count = min(size, CHUNK)
        yield random.randbytes(count)
        size -= count


def text_pieces(random, size):
    """`size` bytes of words and numbers, compressible about as source text is, in pieces."""
    words = [bytes(random.choices(b"abcdefghijklmnopqrstuvwxyz", k=random.randrange(2, 11))) for _ in range(400)]
    words += [b"\n", b",", b"{", b"}", b"0", b"17"] * 10
    while size > 0:
        piece = b" ".join(random.choices(words, k=min(max(size // 5, 1), 1 << 15)))[:size]
        yield piece
        size -= len(piece)


def posix_acl(entries):
    """An access control list in the form of the `system.posix_acl_*` attributes: (tag, permissions, id) each."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def file_capability(permitted, effective=True):
    """A `security.capability` attribute of revision 2 with a set of permitted capability numbers."""
    mask = sum(1 << number for number in permitted)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    return struct.pack("<IIIII", 0x02000000 | (1 if effective else 0), low, 0, high, 0)


def _write_all(descriptor, piece, offset):
    view = memoryview(piece)
    written = 0
    while written < len(view):
        written += os.pwrite(descriptor, view[written:], offset + written)
    return written
