"""The options that the crash runs share, and the directory that each works in and removes."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from typing import Iterator

from .tools import Place, Tool, ToolError, make_tool


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--holdfast", metavar="PATH", help="the binary under test (default: $HOLDFAST_BINARY)")
    parser.add_argument("--tool", choices=["holdfast", "restic"], default="holdfast",
                        help="the program to drive; restic is there to prove the run itself")
    parser.add_argument("--work", metavar="DIR", default=tempfile.gettempdir(),
                        help="everything happens in a new directory below DIR, removed at the end")
    parser.add_argument("--seed", default="1", help="seed of every random choice (default 1)")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS",
                        help="a command that runs longer counts as hung (default 300)")
    parser.add_argument("--backup-argument", action="append", default=[], metavar="ARG",
                        help="passed to every backup, as in --backup-argument=--dataset=x; may be repeated")
    parser.add_argument("--keep", action="store_true", help="leave the work directory for inspection")


@contextlib.contextmanager
def workspace(options: argparse.Namespace, name: str) -> Iterator[tuple[str, Tool]]:
    """A fresh directory with `live`, `keys` and `scratch` in it, and the tool set up for it."""
    def stop(number: int, _frame: object) -> None:
        sys.exit(128 + number)  # unwinds through every finally

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, stop)
    os.umask(0o022)
    made = not os.path.isdir(options.work)
    os.makedirs(options.work, exist_ok=True)
    root = os.path.realpath(tempfile.mkdtemp(prefix=f"{name}-", dir=options.work))
    try:
        for part in ("live", "keys", "scratch"):
            os.mkdir(os.path.join(root, part))
        yield root, make_tool(options.tool, options.holdfast, Place(os.path.join(root, "live")),
                              os.path.join(root, "keys"), options.timeout, options.backup_argument)
    finally:
        if options.keep:
            print(f"kept: {root}", file=sys.stderr)
        else:
            shutil.rmtree(root, ignore_errors=True)
            if made and not os.listdir(options.work):
                os.rmdir(options.work)


def fail_early(error: ToolError) -> int:
    """A preparation that fails is one failure, in the form that every run ends with."""
    print(f"FAIL {error}")
    print("0 passed, 1 failed")
    return 1


def empty_directory(path: str) -> None:
    """Removes everything below `path`, and keeps `path`."""
    for entry in os.scandir(path):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def copy_tree(source: str, destination: str) -> None:
    """Makes `destination` an exact copy of `source` (contents, times, links)."""
    if os.path.isdir(destination):
        empty_directory(destination)
    shutil.copytree(source, destination, symlinks=True, dirs_exist_ok=True)
