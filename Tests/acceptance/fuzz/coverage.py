#!/usr/bin/env python3
"""Prints the line coverage of source files from llvm-cov's export, and fails below a share.

usage: coverage.py [--lines] [--least PERCENT] FILES EXPORT

FILES lists source files, one a line, relative to `Sources`; EXPORT is the output of `llvm-cov export -format=lcov`.
"""

import argparse
import sys
from pathlib import Path


def read_export(path: Path) -> dict[str, dict[int, int]]:
    """The number of executions of each line, by file relative to `Sources`."""
    files: dict[str, dict[int, int]] = {}
    lines: dict[int, int] = {}
    for record in path.read_text().splitlines():
        kind, _, value = record.partition(":")
        if kind == "SF":
            name = value.rpartition("/Sources/")[2]
            lines = files.setdefault(name, {})
        elif kind == "DA":
            number, _, count = value.partition(",")
            lines[int(number)] = max(lines.get(int(number), 0), int(count))
    return files


def ranges(numbers: list[int]) -> str:
    """Numbers as `3-5, 9`."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", action="store_true", help="name the lines that are not reached")
    parser.add_argument("--least", type=float, default=0, help="the share that every file must have, percent")
    parser.add_argument("files", type=Path)
    parser.add_argument("export", type=Path)
    arguments = parser.parse_args()
    export = read_export(arguments.export)
    too_low = []
    total = reached_total = 0
    for name in arguments.files.read_text().split():
        # Files that stand in the package by themselves are exported without their folder.
        lines = export.get(name) or export.get(f"{name.split('/')[0]}/{name.split('/')[-1]}")
        if not lines:
            print(f"  no lines: {name}")
            too_low.append(name)
            continue
        missing = [number for number, count in sorted(lines.items()) if count == 0]
        reached = len(lines) - len(missing)
        share = 100 * reached / len(lines)
        total += len(lines)
        reached_total += reached
        print(f"  {share:5.1f} %  {reached:4} of {len(lines):4}  {name}")
        if arguments.lines and missing:
            print(f"           not reached: {ranges(missing)}")
        if share < arguments.least:
            too_low.append(name)
    if total:
        print(f"  {100 * reached_total / total:5.1f} %  {reached_total} of {total} in all")
    if too_low:
        print(f"below {arguments.least:g} %: {', '.join(too_low)}")
    return 1 if too_low or not total else 0


if __name__ == "__main__":
    sys.exit(main())
