#!/usr/bin/env python3
# Compares two directory trees in every attribute that a backup should bring back.
#
#     python3 Tests/acceptance/compare_trees.py ORIGINAL RESTORED
#
"""Compares two directory trees: names, kinds, modes, owners, times, links, devices, attributes, content and holes."""

import argparse
import sys

sys.dont_write_bytecode = True

from support.common import Failure, run_main  # noqa: E402
from support.tree_comparison import ATTRIBUTES, Comparison, ComparisonOptions  # noqa: E402


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="Exit status: 0 if the trees are the same, 1 if not or if one cannot be read."
    )
    parser.add_argument("first", metavar="A")
    parser.add_argument("second", metavar="B")
    parser.add_argument("--ignore", default="", metavar="ATTRIBUTE,…", help="of " + ", ".join(ATTRIBUTES))
    parser.add_argument(
        "--hole-tolerance",
        type=int,
        default=32 << 10,
        metavar="BYTES",
        help="bytes of a file that may be hole on one side only (default %(default)s)",
    )
    parser.add_argument(
        "--changed-since",
        type=int,
        metavar="NS",
        help="leave out entries of A whose ctime is at or after this time in ns since 1970",
    )
    parser.add_argument("--limit", type=int, default=50, help="differences to print (default %(default)s)")
    arguments = parser.parse_args()
    ignore = frozenset(filter(None, arguments.ignore.split(",")))
    if unknown := ignore - set(ATTRIBUTES):
        raise Failure(f"--ignore: no such attribute: {', '.join(sorted(unknown))}")
    comparison = Comparison(
        ComparisonOptions(ignore, arguments.hole_tolerance, arguments.changed_since, arguments.limit)
    )
    try:
        same = comparison.compare(arguments.first, arguments.second)
    except OSError as error:
        raise Failure(f"cannot compare: {error}") from error
    comparison.print_summary()
    return 0 if same else 1


if __name__ == "__main__":
    run_main(main)
