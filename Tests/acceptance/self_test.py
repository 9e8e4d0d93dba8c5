#!/usr/bin/env python3
# Shows that the acceptance scripts can fail: each kind of damage done to a copy is found by the comparison.
#
#     python3 Tests/acceptance/self_test.py
#
"""Makes trees twice, damages one copy in one way after another, and checks that compare_trees finds just that."""

import argparse
import os
import random
import stat
import sys
import time

sys.dont_write_bytecode = True

import make_tree  # noqa: E402
from support.common import OPEN_DIRECTORY, Results, WorkDirectory, remove_tree, run_main  # noqa: E402
from support.edits import EDITS, edit_tree  # noqa: E402
from support.tree_comparison import Comparison, ComparisonOptions  # noqa: E402
from support.tree_writer import Directory, Tree, posix_acl  # noqa: E402

MIB = 1 << 20


class Damage:
    """A way to damage a file so that exactly one difference is due, and what its report must contain."""

    def __init__(self, name, report, action, as_root=False):
        self.name = name
        self.report = report
        self.action = action
        self.as_root = as_root


def _tree(path):
    """A small tree with one of each thing that `DAMAGES` damages."""
    with Tree(random.Random(3)).open_root(path) as root:
        with root.directory(b"d") as d:
            d.file(b"file", random.Random(4).randbytes(3 * MIB + 5), mode=0o4755, xattrs={b"user.a": b"1"})
            d.file(b"other", b"x" * 5000)
            d.hard_link(b"linked", b"file")
            d.symlink(b"link", b"file")
            d.fifo(b"fifo")
            d.device(b"device", stat.S_IFCHR, 1, 3)
            d.sparse_file(b"sparse", 4 * MIB, [(MIB, b"data")])
            d.sparse_file(b"solid-zeros", 4 * MIB, [(0, bytes(4 * MIB))])
            with d.directory(b"inner"):
                pass


def _write(path, offset, content):
    status = os.stat(path)
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(content)
    # Another user than root loses the setuid bit by writing.
    os.chmod(path, stat.S_IMODE(status.st_mode))
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))


def _replace(path, action):
    """Makes an entry anew by `action` and gives it and its directory their old times."""
    status, directory = os.lstat(path), os.stat(os.path.dirname(path))
    os.unlink(path)
    action(path)
    os.utime(path, ns=(status.st_mtime_ns,) * 2, follow_symlinks=False)
    os.utime(os.path.dirname(path), ns=(directory.st_mtime_ns,) * 2)


def _keeping_directory_time(path, action):
    directory = os.stat(os.path.dirname(path))
    action(path)
    os.utime(os.path.dirname(path), ns=(directory.st_mtime_ns,) * 2)


def _touch_by_one(path):
    mtime = os.lstat(path).st_mtime_ns + 1
    os.utime(path, ns=(mtime, mtime), follow_symlinks=False)


def _copy_of_linked(path):
    status = os.stat(path)
    content = open(path, "rb").read()
    xattr = os.getxattr(path, "user.a")

    def make(name):
        with open(name, "wb") as file:
            file.write(content)
        os.chown(name, status.st_uid, status.st_gid)
        os.chmod(name, stat.S_IMODE(status.st_mode))
        os.setxattr(name, "user.a", xattr)

    _replace(path, make)


def _device(path):
    os.mknod(path, stat.S_IFCHR | 0o644, os.makedev(1, 5))
    os.chmod(path, 0o644)


def _socket(path):
    os.mknod(path, stat.S_IFSOCK | 0o644)
    os.chmod(path, 0o644)


def _punch(path):
    status = os.stat(path)
    os.truncate(path, 0)
    os.truncate(path, status.st_size)
    os.utime(path, ns=(status.st_mtime_ns,) * 2)


ACL = posix_acl([(1, 7, 0xFFFFFFFF), (2, 5, 1234), (4, 5, 0xFFFFFFFF), (16, 5, 0xFFFFFFFF), (32, 5, 0xFFFFFFFF)])

DAMAGES = [
    Damage(
        "first byte of a file", "'d/file': content differs from byte 0", lambda p: _write(p + "/d/file", 0, b"\0\1\2\3")
    ),
    Damage(
        "last byte of a file",
        f"'d/file': content differs from byte {3 * MIB + 4}",
        lambda p: _write(p + "/d/file", 3 * MIB + 4, b"!"),
    ),
    Damage(
        "byte at a chunk's edge",
        f"'d/file': content differs from byte {256 << 10}",
        lambda p: _write(p + "/d/file", 256 << 10, b"!"),
    ),
    Damage(
        "content of a small file",
        "'d/other': content differs from byte 4999",
        lambda p: _write(p + "/d/other", 4999, b"!"),
    ),
    Damage("file longer by a byte", "'d/other': size 5000 became 5001", lambda p: _write(p + "/d/other", 5000, b"x")),
    Damage("setuid bit", "'d/file': mode 4755 became 0755", lambda p: os.chmod(p + "/d/file", 0o755)),
    Damage("mode of a directory", "'d/inner': mode 0755 became 1755", lambda p: os.chmod(p + "/d/inner", 0o1755)),
    Damage("mtime of a file by 1 ns", "'d/other': mtime", lambda p: _touch_by_one(p + "/d/other")),
    Damage("mtime of a directory by 1 ns", "'d/inner': mtime", lambda p: _touch_by_one(p + "/d/inner")),
    Damage("mtime of a link by 1 ns", "'d/link': mtime", lambda p: _touch_by_one(p + "/d/link")),
    Damage("mtime of the top by 1 ns", "'.': mtime", _touch_by_one),
    Damage(
        "target of a link",
        "'d/link': target 'file' became 'elif'",
        lambda p: _replace(p + "/d/link", lambda n: os.symlink("elif", n)),
    ),
    Damage(
        "attribute's value",
        "'d/file': attribute 'user.a' '1' became '2'",
        lambda p: os.setxattr(p + "/d/file", "user.a", b"2"),
    ),
    Damage("attribute lost", "'d/file': attribute 'user.a' is lost", lambda p: os.removexattr(p + "/d/file", "user.a")),
    Damage(
        "empty attribute added",
        "'d/inner': attribute 'user.b' was added",
        lambda p: os.setxattr(p + "/d/inner", "user.b", b""),
    ),
    Damage(
        "access list added",
        "'d/inner': attribute 'system.posix_acl_access' was added",
        lambda p: os.setxattr(p + "/d/inner", "system.posix_acl_access", ACL),
    ),
    Damage(
        "default list added",
        "'d/inner': attribute 'system.posix_acl_default' was added",
        lambda p: os.setxattr(p + "/d/inner", "system.posix_acl_default", ACL),
    ),
    Damage(
        "hard link became a copy",
        "is a hard link of an earlier name in the first tree only",
        lambda p: _copy_of_linked(p + "/d/linked"),
    ),
    Damage("kind of an entry", "'d/fifo': fifo became socket", lambda p: _replace(p + "/d/fifo", _socket)),
    Damage(
        "entry lost", "'d/fifo': only in the first tree", lambda p: _keeping_directory_time(p + "/d/fifo", os.unlink)
    ),
    Damage(
        "directory lost",
        "'d/inner': only in the first tree",
        lambda p: _keeping_directory_time(p + "/d/inner", os.rmdir),
    ),
    Damage(
        "entry added", "'d/new': only in the second tree", lambda p: _keeping_directory_time(p + "/d/new", os.mkdir)
    ),
    Damage(
        "hole filled with zeros", "'d/sparse': holes differ", lambda p: _write(p + "/d/sparse", 2 * MIB, bytes(MIB))
    ),
    Damage("zeros made a hole", "'d/solid-zeros': holes differ", lambda p: _punch(p + "/d/solid-zeros")),
    Damage(
        "byte written into a hole",
        f"'d/sparse': content differs from byte {3 * MIB}",
        lambda p: _write(p + "/d/sparse", 3 * MIB, b"!"),
    ),
    Damage("owner", "'d/other': owner 0:0 became 0:1", lambda p: os.chown(p + "/d/other", 0, 1), as_root=True),
    Damage("owner of a link", "'d/link': owner", lambda p: os.lchown(p + "/d/link", 7, 7), as_root=True),
    Damage(
        "device number", "'d/device': device 1:3 became 1:5", lambda p: _replace(p + "/d/device", _device), as_root=True
    ),
    Damage(
        "trusted attribute",
        "'d/link': attribute 'trusted.a' was added",
        lambda p: os.setxattr(p + "/d/link", "trusted.a", b"1", follow_symlinks=False),
        as_root=True,
    ),
]


def check_damages(work, results):
    """Each damage alone makes its own report."""
    original, copy = os.path.join(work.path, "original"), os.path.join(work.path, "copy")
    _tree(original)
    for damage in DAMAGES:
        if damage.as_root and os.geteuid() != 0:
            results.skip(damage.name, "needs root")
            continue
        _tree(copy)
        comparison = Comparison()
        clean = Comparison().compare(original, copy)
        damage.action(copy)
        comparison.compare(original, copy)
        found = [line for line in comparison.first_differences if damage.report in line]
        # Content written into a hole also changes its layout; nothing else may make two reports.
        results.check(
            f"finds: {damage.name}",
            clean and len(found) == 1 and comparison.differences <= 2,
            "; ".join(comparison.first_differences) or "nothing found",
        )
        remove_tree(copy)


def check_changed_since(work, results):
    """What changes after the given time is left out, what changed before is not."""
    first, second = os.path.join(work.path, "first"), os.path.join(work.path, "second")
    _tree(first)
    _tree(second)
    _write(second + "/d/other", 0, b"early")
    time.sleep(0.1)
    _write(first + "/d/file", 0, b"late")
    since = os.stat(first + "/d/file").st_ctime_ns
    comparison = Comparison(ComparisonOptions(changed_since=since))
    comparison.compare(first, second)
    results.check(
        "an entry changed meanwhile is left out, another is not",
        comparison.differences == 1 and comparison.excluded >= 1,
        "; ".join(comparison.first_differences),
    )


def check_odd_tree(work, results, seed):
    """The odd tree is the same for the same seed, differs for another, and every edit of it shows."""
    trees = [os.path.join(work.path, name) for name in ("one", "same", "other")]
    for tree, its_seed in zip(trees, (seed, seed, seed + 1)):
        options = ["--kind", "odd", "--out", tree, "--seed", str(its_seed), "--large", str(4 * MIB), "--many", "100"]
        make_tree.make_tree(make_tree.parser().parse_args(options))
    comparison = Comparison()
    results.check(
        "the same seed makes the same odd tree", comparison.compare(trees[0], trees[1]), f"{comparison.entries} entries"
    )
    results.check("another seed makes another", not Comparison().compare(trees[0], trees[2]))
    for subject, edit in EDITS:
        descriptor = os.open(os.path.join(trees[1], subject), OPEN_DIRECTORY)
        try:
            edit(Directory(Tree(random.Random(seed)), descriptor))
        finally:
            os.close(descriptor)
        found = not Comparison().compare(trees[0], trees[1])
        remove_tree(trees[1])
        options = ["--kind", "odd", "--out", trees[1], "--seed", str(seed), "--large", str(4 * MIB), "--many", "100"]
        make_tree.make_tree(make_tree.parser().parse_args(options))
        results.check(f"an edit shows: {edit.__name__.strip('_').replace('_', ' ')}", found)
    results.check("all edits run one after another", len(edit_tree(trees[1], seed)) == len(EDITS))


def check_other_kinds(work, results, seed):
    """The other trees are the same for the same seed."""
    for kind, options in (("small-files", ["--files", "500"]), ("customer-data", ["--scale", "0.3"])):
        trees = [os.path.join(work.path, f"{kind}-{number}") for number in (1, 2)]
        for tree in trees:
            make_tree.make_tree(
                make_tree.parser().parse_args(["--kind", kind, "--out", tree, "--seed", str(seed), *options])
            )
        comparison = Comparison()
        results.check(
            f"the same seed makes the same {kind} tree", comparison.compare(*trees), f"{comparison.entries} entries"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--work", metavar="DIRECTORY", help="where everything is made, and removed (default: a temporary directory)"
    )
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    results = Results()
    with WorkDirectory(arguments.work, "self-test") as work:
        check_damages(work, results)
        check_changed_since(work, results)
        check_other_kinds(work, results, arguments.seed)
        check_odd_tree(work, results, arguments.seed)
    return results.finish()


if __name__ == "__main__":
    run_main(main)
