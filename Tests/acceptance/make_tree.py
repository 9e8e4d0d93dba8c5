#!/usr/bin/env python3
# Makes a directory tree for acceptance runs; the same seed makes the same tree.
#
#     python3 Tests/acceptance/make_tree.py --kind odd --out ODD --seed 1
#
"""Makes a directory tree for acceptance runs: each oddity of Linux, many small files, or a firm's file server."""

import argparse
import random
import sys

sys.dont_write_bytecode = True

from support.common import Failure, human, remove_tree, run_main, say  # noqa: E402
from support.data_trees import make_customer_data, make_small_files  # noqa: E402
from support.odd_tree import MIB, SUBJECTS, make_odd_tree  # noqa: E402
from support.tree_writer import Tree  # noqa: E402

MAKERS = {"odd": make_odd_tree, "small-files": make_small_files, "customer-data": make_customer_data}


def parser():
    """The command line; other scripts parse a list of arguments with it to make a tree."""
    result = argparse.ArgumentParser(description=__doc__)
    result.add_argument("--kind", required=True, choices=sorted(MAKERS))
    result.add_argument("--out", required=True, help="a directory that does not exist or is empty")
    result.add_argument("--seed", type=int, default=1)
    result.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="multiplies the size of customer-data (1 is about 60 MiB) and the default number of files",
    )
    result.add_argument("--files", type=int, help="small-files: how many (default 10,000 × scale)")
    result.add_argument("--large", type=int, default=20 * MIB, help="odd: size of the large files in bytes")
    result.add_argument("--many", type=int, default=2000, help="odd: entries of the one large directory")
    result.add_argument("--deep", type=int, default=5000, help="odd: bytes in the deepest path")
    result.add_argument("--huge", action="store_true", help="odd: also two sparse files of 10 GiB, nearly all hole")
    result.add_argument(
        "--without", default="", metavar="SUBJECT,…", help="odd: subjects to leave out, of " + ", ".join(SUBJECTS)
    )
    return result


def make_tree(arguments):
    """Makes the tree that a parsed command line describes and returns its `Tree`; on failure removes what it made."""
    without = set(filter(None, arguments.without.split(",")))
    if unknown := without - set(SUBJECTS):
        raise Failure(f"--without: no such subject: {', '.join(sorted(unknown))}")
    arguments.subjects = set(SUBJECTS) - without
    if arguments.files is None:
        arguments.files = round(10_000 * arguments.scale)
    tree = Tree(random.Random(arguments.seed))
    made = False
    try:
        with tree.open_root(arguments.out) as root:
            made = True
            MAKERS[arguments.kind](root, arguments)
    except BaseException:
        if made:
            remove_tree(arguments.out)
        raise
    return tree


def main():
    arguments = parser().parse_args()
    tree = make_tree(arguments)
    for what, why in tree.skipped.items():
        say(f"skip  {what}: {why}")
    say(f"made  {arguments.out}: {tree.entries} entries, {human(tree.bytes)} of data, seed {arguments.seed}")
    return 0


if __name__ == "__main__":
    run_main(main)
