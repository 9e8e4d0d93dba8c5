"""A tree with each kind of entry and each oddity that a Linux file system allows, one top directory per subject."""

import os
import stat

from .odd_metadata import make_attributes, make_modes, make_owners, make_times
from .odd_names import ODD_NAMES
from .tree_writer import BILLION, Directory, Metadata, random_pieces, text_pieces

MIB = 1 << 20
GIB = 1 << 30


def make_odd_tree(root, options):
    """Writes the tree into the directory `root`; `options` names the subjects and sizes (see make_tree.py)."""
    for name in SUBJECTS:
        if name in options.subjects:
            with root.directory(name.encode()) as directory:
                SUBJECTS[name](directory, options)


def _files(directory, options):
    random = directory.tree.random
    for size in (0, 1, 4095, 4096, 4097, MIB - 1, MIB, MIB + 1):
        directory.file(b"random-%d" % size, random_pieces(random, size))
        directory.file(b"text-%d" % size, text_pieces(random, size))
    directory.file(b"large-random", random_pieces(random, options.large))
    directory.file(b"large-text", text_pieces(random, options.large))
    directory.file(b"large-repeated", [random.randbytes(1 << 16)] * (options.large >> 16))
    directory.file(b"executable", b"#!/bin/sh\nexit 0\n", mode=0o755)


def _directories(directory, options):
    with directory.directory(b"empty"):
        pass
    with directory.directory(b"only-an-empty-directory") as inner:
        with inner.directory(b"empty"):
            pass
    with directory.directory(b"nested") as a, a.directory(b"b") as b, b.directory(b"c") as c, c.directory(b"d") as d:
        d.file(b"leaf", b"at the end\n")
        b.file(b"middle", b"on the way\n")
    # Names that sort one way as whole paths and another way component by component.
    with directory.directory(b"order") as order:
        for name in (b"a", b"a-b", b"a b", b"a.b", b"a0", b"ab", b"A", b"a\x01", b"a\xff"):
            with order.directory(name) as inner:
                inner.file(b"x", name)
            order.file(name + b"!", name)


def _symlinks(directory, options):
    directory.file(b"target", b"pointed at\n")
    with directory.directory(b"target-directory") as inner:
        inner.file(b"inside", b"behind a link\n")
    directory.symlink(b"relative", b"target")
    directory.symlink(b"relative-up", b"../symlinks/target")
    directory.symlink(b"absolute", b"/etc/hostname")
    directory.symlink(b"dangling", b"not/there")
    directory.symlink(b"to-directory", b"target-directory")
    directory.symlink(b"to-directory-slash", b"target-directory/")
    directory.symlink(b"to-itself", b"to-itself")
    directory.symlink(b"to-parent", b"..")
    directory.symlink(b"out-of-the-tree", b"../../../../../../../../../../tmp")
    directory.symlink(b"one-byte", b"x")
    directory.symlink(b"long", (b"0123456789abcde/" * 256)[:4095])
    directory.symlink(b"inline-limit", b"y" * 59)
    directory.symlink(b"beyond-inline", b"y" * 60)
    directory.symlink(b"non-utf-8", b"caf\xe9/\xff\xfe")
    directory.symlink(b"control", b"new\nline\ttab\x1b[31m")
    directory.symlink(b"dated", b"target", mtime=-123_456_789_012_345_678)


def _hard_links(directory, options):
    random = directory.tree.random
    with directory.directory(b"a") as a:
        a.file(b"one", random_pieces(random, 70_000))
        a.hard_link(b"same-directory", b"one")
        a.file(b"empty", b"")
        a.hard_link(b"empty-too", b"empty")
        a.file(b"setuid", b"#!/bin/true\n", mode=0o4755, xattrs={b"user.linked": b"yes"})
        a.symlink(b"link", b"one")
        a.fifo(b"pipe")
        a.socket(b"socket")
        has_device = a.device(b"null", stat.S_IFCHR, 1, 3)
        a.file(b"alone", b"equal content, not linked\n", mtime=BILLION)
        a.file(b"alone-too", b"equal content, not linked\n", mtime=BILLION)
    with directory.directory(b"b") as b:
        b.hard_link(b"two", b"a/one", directory)
        b.hard_link(b"setuid", b"a/setuid", directory)
        b.hard_link(b"link", b"a/link", directory)
        b.hard_link(b"pipe", b"a/pipe", directory)
        b.hard_link(b"socket", b"a/socket", directory)
        if has_device:
            b.hard_link(b"null", b"a/null", directory)
        with b.directory(b"deeper") as deeper:
            deeper.hard_link(b"three", b"a/one", directory)
            deeper.hard_link(b"link", b"b/link", directory)
    # The first name in order of path is not the one that was made first.
    directory.hard_link(b"0-first", b"a/one", directory)


def _special(directory, options):
    directory.fifo(b"fifo", mode=0o640)
    directory.socket(b"socket", mode=0o777)
    directory.device(b"char-zero", stat.S_IFCHR, 1, 5, mode=0o666)
    directory.device(b"char-large-numbers", stat.S_IFCHR, 4095, 1_048_575)
    directory.device(b"char-large-minor", stat.S_IFCHR, 10, 1000, owner=(0, 5))
    directory.device(b"block", stat.S_IFBLK, 7, 200, mode=0o660)


def _names(directory, options):
    for number, name in enumerate(ODD_NAMES):
        directory.file(name, b"name %d\n" % number)
    with directory.directory(b"directories") as inner:
        for number, name in enumerate(ODD_NAMES):
            with inner.directory(name) as odd:
                odd.file(b"inside", b"directory %d\n" % number)
    with directory.directory(b"links") as inner:
        for name in ODD_NAMES:
            inner.symlink(name, name)


def _deep(directory, options):
    """Chains of directories whose paths are longer than PATH_MAX, made step by step."""
    for label, width in ((b"wide", 199), (b"narrow", 9)):
        with directory.directory(label) as top:
            _chain(top, width, options.deep)


def _chain(top, width, length):
    levels = []
    current = top
    try:
        while len(levels) * (width + 1) < length:
            name = (b"%d-" % len(levels)).ljust(width, b"d")
            descriptor = current.make_directory(name)
            levels.append((current, name))
            current = Directory(top.tree, descriptor)
            if len(levels) % 10 == 1:
                current.file(b"file", b"level %d\n" % len(levels))
        current.file(b"bottom", b"at the bottom\n", xattrs={b"user.depth": b"%d" % len(levels)})
        current.symlink(b"link", b"bottom")
        current.hard_link(b"linked", b"bottom")
        current.fifo(b"fifo")
    finally:
        # From the bottom up: each directory's time is set once nothing below it changes any more.
        while levels:
            os.close(current.descriptor)
            current, name = levels.pop()
            current.apply(name, Metadata(mode=0o755))


def _sparse(directory, options):
    random = directory.tree.random
    data = random.randbytes(64 << 10)
    directory.sparse_file(b"hole-at-start", MIB + len(data), [(MIB, data)])
    directory.sparse_file(b"hole-in-the-middle", MIB + 2 * len(data), [(0, data), (MIB + len(data), data)])
    directory.sparse_file(b"hole-at-end", MIB + len(data) + 1, [(0, data)])
    directory.sparse_file(b"all-hole", 16 * MIB, [])
    directory.sparse_file(b"all-hole-odd-size", 4 * MIB + 4097, [])
    directory.sparse_file(b"comb", 64 * 128 << 10, [(i * 128 << 10, random.randbytes(64 << 10)) for i in range(64)])
    directory.sparse_file(b"fine-comb", 512 * 8192, [(i * 8192, random.randbytes(4096)) for i in range(512)])
    directory.sparse_file(b"one-byte-after", 8 * MIB + 1, [(8 * MIB, b"!")])
    directory.sparse_file(b"zeros-beside-a-hole", 3 * MIB, [(0, bytes(MIB)), (2 * MIB, data)])
    directory.file(b"written-zeros", [bytes(MIB)] * 4)
    if options.huge:
        directory.sparse_file(b"huge-all-hole", 10 * GIB, [])
        directory.sparse_file(b"huge-two-ends", 10 * GIB, [(0, b"first"), (10 * GIB - 4, b"last")])


def _many(directory, options):
    """One directory of very many entries; nine in ten are empty."""
    random = directory.tree.random
    for number in range(options.many):
        content = b"%d\n" % number if number % 10 == 0 else b""
        suffix = random.randbytes(random.randrange(1, 9)).hex().encode()
        directory.file(b"entry-%06d-%s" % (number, suffix), content)


SUBJECTS = {
    "files": _files,
    "directories": _directories,
    "symlinks": _symlinks,
    "hard-links": _hard_links,
    "special": _special,
    "modes": make_modes,
    "times": make_times,
    "owners": make_owners,
    "attributes": make_attributes,
    "names": _names,
    "deep": _deep,
    "sparse": _sparse,
    "many": _many,
}
