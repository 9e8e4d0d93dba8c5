"""Changes to an odd tree between two backups, among them those that a hasty look does not see."""

import os
import random
import stat

from .common import OPEN_DIRECTORY
from .tree_writer import Directory, Tree, random_pieces


def edit_tree(path, seed):
    """Makes each edit whose subject is in the odd tree at `path`; returns what was done."""
    done = []
    for subject, edit in EDITS:
        inner = os.path.join(path, subject)
        if os.path.isdir(inner):
            descriptor = os.open(inner, OPEN_DIRECTORY)
            try:
                edit(Directory(Tree(random.Random(seed + len(done))), descriptor))
            finally:
                os.close(descriptor)
            done.append(edit.__name__.strip("_"))
    return done


def _status(directory, name):
    return os.stat(name, dir_fd=directory.descriptor, follow_symlinks=False)


def _overwrite(directory, name, offset, content, keep_mtime):
    before = _status(directory, name)
    descriptor = os.open(name, os.O_WRONLY | os.O_CLOEXEC, dir_fd=directory.descriptor)
    try:
        os.pwrite(descriptor, content, offset)
        if keep_mtime:
            os.utime(descriptor, ns=(before.st_mtime_ns, before.st_mtime_ns))
    finally:
        os.close(descriptor)


def _same_size_and_time(directory):
    """Only the ctime tells."""
    _overwrite(directory, b"text-4097", 17, b"CHANGED", keep_mtime=True)
    _overwrite(directory, b"large-random", 1_000_001, b"CHANGED", keep_mtime=True)


def _one_byte_in_the_middle(directory):
    _overwrite(directory, b"large-text", 2_000_000, b"\0", keep_mtime=False)


def _bytes_inserted_in_front(directory):
    with open(b"/proc/self/fd/%d/large-repeated" % directory.descriptor, "r+b") as file:
        content = file.read()
        file.seek(0)
        file.write(b"in front" + content)


def _removed_and_added(directory):
    os.unlink(b"random-4095", dir_fd=directory.descriptor)
    directory.file(b"added", random_pieces(directory.tree.random, 50_000))


def _exchanged(directory):
    """Two files swap their names; sizes and times stay with the inodes."""
    for old, new in ((b"random-1", b"spare"), (b"text-1", b"random-1"), (b"spare", b"text-1")):
        os.rename(old, new, src_dir_fd=directory.descriptor, dst_dir_fd=directory.descriptor)


def _directory_renamed(directory):
    os.rename(b"nested", b"renamed", src_dir_fd=directory.descriptor, dst_dir_fd=directory.descriptor)


def _kinds_exchanged(directory):
    """A file where a directory was, and a directory where a file was."""
    os.rmdir(b"empty", dir_fd=directory.descriptor)
    directory.file(b"empty", b"a file now\n")
    os.unlink(b"order/a!", dir_fd=directory.descriptor)
    with directory.directory(b"order/a!") as inner:
        inner.file(b"inside", b"a directory now\n")


def _retargeted(directory):
    """A link of the same length and time that points elsewhere."""
    mtime = _status(directory, b"relative").st_mtime_ns
    os.unlink(b"relative", dir_fd=directory.descriptor)
    directory.symlink(b"relative", b"tegrat", mtime=mtime)


def _hard_link_broken(directory):
    """A name leaves its group of links for a copy of its own, with the same content and time."""
    before = _status(directory, b"a/same-directory")
    with open(b"/proc/self/fd/%d/a/same-directory" % directory.descriptor, "rb") as file:
        content = file.read()
    os.unlink(b"a/same-directory", dir_fd=directory.descriptor)
    directory.file(b"a/same-directory", content, mode=stat.S_IMODE(before.st_mode), mtime=before.st_mtime_ns)


def _hard_link_made(directory):
    """Two files of equal content and time become one."""
    os.unlink(b"a/alone-too", dir_fd=directory.descriptor)
    directory.hard_link(b"a/alone-too", b"a/alone")


def _mode_only(directory):
    os.chmod(b"file-0600", 0o640, dir_fd=directory.descriptor)
    os.chmod(b"directory-0700", 0o711, dir_fd=directory.descriptor)


def _attribute_only(directory):
    directory.set_xattr(b"binary", b"user.binary", b"changed")
    os.removexattr(b"/proc/self/fd/%d/several" % directory.descriptor, b"user.07")
    directory.set_xattr(b"on-a-directory", b"user.note", b"changed")


def _time_only(directory):
    for name in (b"file 0.000000000", b"link 0.000000000", b"directory 0.000000000"):
        os.utime(name, ns=(5, 5), dir_fd=directory.descriptor, follow_symlinks=False)


def _hole_filled(directory):
    """Zeros written over a hole: the content is the same, the layout is not."""
    _overwrite(directory, b"hole-at-end", 512 << 10, bytes(256 << 10), keep_mtime=True)


def _grown_by_a_hole(directory):
    os.truncate(b"/proc/self/fd/%d/hole-at-start" % directory.descriptor, 5 << 20)


def _shrunk(directory):
    os.truncate(b"/proc/self/fd/%d/comb" % directory.descriptor, 1_000_001)


def _moved_to_odd_names(directory):
    os.rename(b"a.txt", b"[a-c].txt", src_dir_fd=directory.descriptor, dst_dir_fd=directory.descriptor)
    os.rename(b"\xff\xfe", b"\xfe\xff", src_dir_fd=directory.descriptor, dst_dir_fd=directory.descriptor)


EDITS = (
    ("files", _same_size_and_time),
    ("files", _one_byte_in_the_middle),
    ("files", _bytes_inserted_in_front),
    ("files", _removed_and_added),
    ("files", _exchanged),
    ("directories", _directory_renamed),
    ("directories", _kinds_exchanged),
    ("symlinks", _retargeted),
    ("hard-links", _hard_link_broken),
    ("hard-links", _hard_link_made),
    ("modes", _mode_only),
    ("attributes", _attribute_only),
    ("times", _time_only),
    ("sparse", _hole_filled),
    ("sparse", _grown_by_a_hole),
    ("sparse", _shrunk),
    ("names", _moved_to_odd_names),
)
