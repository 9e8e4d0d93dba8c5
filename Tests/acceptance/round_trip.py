#!/usr/bin/env python3
# Backs up trees with every oddity, restores them to a new place and compares all there is to compare.
#
#     python3 Tests/acceptance/round_trip.py --holdfast .build/release/holdfast
#
# The acceptance run, as root: add --full --system --work DIRECTORY (on a disk with 40 GB free).
"""Backup, restore and comparison of odd trees; unchanged and edited second backups; check of all data."""

import argparse
import os
import re
import sys
import time

sys.dont_write_bytecode = True

import make_tree  # noqa: E402
from support.backup_tools import TOOLS, add_holdfast_option, find_binary, require_space  # noqa: E402
from support.common import Failure, Results, WorkDirectory, human, last_lines, remove_tree, run_main, say  # noqa: E402
from support.data_trees import measure  # noqa: E402
from support.edits import edit_tree  # noqa: E402
from support.read_trace import TOO_LONG, trace_reads  # noqa: E402
from support.tree_comparison import Comparison, ComparisonOptions  # noqa: E402

MIB = 1 << 20
GIB = 1 << 30


class RoundTrip:
    """One repository's life over some sources, as a series of checks."""

    def __init__(self, tool, work, results, arguments):
        self.tool = tool
        self.work = work
        self.results = results
        self.arguments = arguments
        self.snapshots = 0

    def run(self, label, sources, may_change):
        """All steps; `may_change` says that the sources are in use by others while this runs."""
        results, tool = self.results, self.tool
        started = self._ctime_now()
        tool.init()
        if may_change or self.arguments.no_trace or not tool.has_snapshots:
            summary = self._backup(sources)
        else:
            summary = self._traced_first_backup(label, sources)
        results.check(f"{label}: first backup", True, self._describe(summary))
        self._restore_and_compare(f"{label}: restore is the same", sources, started if may_change else None)
        if not tool.has_snapshots:
            return
        self._unchanged(label, sources, may_change)
        if not may_change:
            changes = edit_tree(sources[0], self.arguments.seed)
            summary = self._backup(sources)
            results.check(f"{label}: backup after {len(changes)} edits", True, self._describe(summary))
            self._restore_and_compare(f"{label}: restore of the edited tree is the same", sources, None)
        count = tool.snapshot_count()
        results.check(f"{label}: snapshots are listed", count == self.snapshots, f"{count} of {self.snapshots}")
        tool.run(tool.check_command())
        results.check(f"{label}: check of all data", True)

    def _traced_first_backup(self, label, sources):
        """Shows that this program's way of reading is one that the trace sees."""
        tool = self.tool
        command = tool.backup_command(sources, *self.arguments.backup_argument)
        trace = trace_reads(command, sources, self.work.path, tool.environment(), tool.home)
        if trace.status != 0:
            raise Failure(f"first backup: exit status {trace.status}: {last_lines(trace.output)}")
        self.snapshots += 1
        self.results.check(
            f"{label}: the trace sees the first backup's reads",
            len(trace.files) > 100,
            f"{trace.calls} reads in {len(trace.files)} files",
        )
        return tool.summary(trace.output)

    def _unchanged(self, label, sources, may_change):
        tool, results, arguments = self.tool, self.results, self.arguments
        command = tool.backup_command(sources, *arguments.backup_argument)
        if arguments.no_trace:
            results.skip(f"{label}: unchanged backup reads no content, by strace", "--no-trace")
            output = tool.run(command).stdout
        else:
            output = self._traced(
                f"{label}: unchanged backup reads no content, by strace", command, sources, may_change
            )
        self.snapshots += 1
        summary = tool.summary(output)
        added = _field(summary, arguments.data_added_field or tool.data_added_field)
        results.check(f"{label}: unchanged backup stores less than 1 MiB", added < MIB, human(added))
        name = arguments.files_read_field or tool.files_read_field
        if all(part in summary for part in name.split("+")):
            count = _field(summary, name)
            limit = arguments.changed_files if may_change else 0
            results.check(f"{label}: unchanged backup reports no file read", count <= limit, f"{name} is {count}")
        elif arguments.files_read_field or tool.name == "holdfast":
            results.check(
                f"{label}: unchanged backup reports no file read",
                False,
                f"no field {name} in the summary, which has {', '.join(summary)}",
            )

    def _traced(self, name, command, sources, may_change):
        """Runs a backup under strace, checks that it reads no file's content and returns its output."""
        tool = self.tool
        trace = trace_reads(command, sources, self.work.path, tool.environment(), tool.home)
        if trace.status != 0:
            raise Failure(f"unchanged backup: exit status {trace.status}: {last_lines(trace.output)}")
        files, limit = trace.files, 0
        if may_change:
            # The program's own libraries and the system's settings may lie below the sources.
            own = trace_reads(tool.snapshots_command(), sources, self.work.path, tool.environment(), tool.home).files
            files, limit = files - own, self.arguments.changed_files
        some = ", ".join(os.fsdecode(path) for path in sorted(files)[:3])
        detail = (
            f"{trace.opened} files opened, {trace.calls} reads of {trace.bytes} bytes, {len(files)} files read {some}"
        )
        if trace.hidden:
            detail = "io_uring hides the reads from strace"
        self.results.check(name, len(files) <= limit and not trace.hidden, detail.strip())
        return trace.output

    def _backup(self, sources):
        tool = self.tool
        output = tool.run(tool.backup_command(sources, *self.arguments.backup_argument)).stdout
        self.snapshots += 1
        return tool.summary(output) if tool.has_snapshots else {}

    def _restore_and_compare(self, name, sources, changed_since):
        tool = self.tool
        target = self.work.sub("restored")
        try:
            tool.run(tool.restore_command(target))
            for source in sources:
                ignored = frozenset(filter(None, self.arguments.ignore.split(","))) | set(tool.cannot_restore)
                comparison = Comparison(
                    ComparisonOptions(
                        ignored, changed_since=changed_since, known=tuple(map(re.compile, tool.known_differences))
                    )
                )
                same = comparison.compare(source, target + source)
                comparison.print_summary()
                detail = f"{source}, {comparison.entries} entries, {human(comparison.bytes)}"
                if comparison.excluded > max(100, comparison.entries // 20):
                    same = False
                    detail += f", {comparison.excluded} changed meanwhile: too many to tell"
                self.results.check(name, same, detail + ("" if same else f", {comparison.differences} differences"))
        finally:
            remove_tree(target)

    def _ctime_now(self):
        """The present time as this system's inodes have it."""
        path = os.path.join(self.work.path, "clock")
        with open(path, "w"):
            now = os.stat(path).st_ctime_ns
        os.unlink(path)
        # Another file system's clock may tick more coarsely.
        return now - 1_000_000_000

    def _describe(self, summary):
        added = summary.get(self.arguments.data_added_field or self.tool.data_added_field)
        return f"{human(added)} stored" if added is not None else ""


def _field(summary, name):
    """A field of the summary, or the sum of several joined by +."""
    missing = [part for part in name.split("+") if part not in summary]
    if missing:
        raise Failure(f"the backup's summary has no field {', '.join(missing)}; it has {', '.join(summary)}")
    return sum(int(summary[part]) for part in name.split("+"))


def make_sources(arguments, work, tool):
    """The odd tree and the firm's tree, below one directory; returns their paths."""
    without = ",".join(sorted({*filter(None, arguments.without.split(",")), *tool.cannot_keep}))
    base = work.sub("source")
    odd, firm = os.path.join(base, "odd"), os.path.join(base, "firm")
    odd_options = ["--kind", "odd", "--out", odd, "--seed", str(arguments.seed), "--without", without]
    firm_options = ["--kind", "customer-data", "--out", firm, "--seed", str(arguments.seed)]
    if arguments.full:
        odd_options += ["--many", str(arguments.many or 200_000)] + (
            [] if "holes" in tool.cannot_restore else ["--huge"]
        )
        firm_options += ["--scale", "10"]
    else:
        odd_options += ["--many", str(arguments.many or 2000), "--large", str(4 * MIB)]
        firm_options += ["--scale", "0.5"]
    for options in (odd_options, firm_options):
        tree = make_tree.make_tree(make_tree.parser().parse_args(options))
        for what, why in tree.skipped.items():
            say(f"skip  {what}: {why}")
        say(f"made  {tree.entries} entries, {human(tree.bytes)} of data")
    # So that no file is as young as the backup itself: a careful program reads such a file again the next time.
    time.sleep(3)
    if without:
        say(f"skip  subjects of the odd tree left out: {without}")
    return [odd, firm]


def prove_trace(work, sources, results):
    """Shows that the trace would see a read, of a plain file and of one whose path is longer than PATH_MAX."""
    command = ["find", ".", "(", "-name", "bottom", "-o", "-name", "text-4097", ")", "-execdir", "cat", "{}", ";"]
    trace = trace_reads(command, sources[:1], work.path, cwd=sources[0])
    results.check(
        "the trace sees what cat reads",
        any(path.endswith(b"/text-4097") for path in trace.files),
        f"{trace.calls} reads of {trace.bytes} bytes in {len(trace.files)} files",
    )
    if os.path.isdir(os.path.join(sources[0], "deep")):
        results.check("the trace sees a read beyond PATH_MAX", TOO_LONG in trace.files)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add_holdfast_option(parser)
    parser.add_argument(
        "--tool",
        choices=("holdfast", "restic", "cp", "tar"),
        default="holdfast",
        help="a stand-in to prove this script on",
    )
    parser.add_argument(
        "--work", metavar="DIRECTORY", help="where everything is made, and removed (default: a temporary directory)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="200,000 entries in a directory, 10 GiB holes, larger data")
    parser.add_argument("--system", action="store_true", help="also /usr and /etc, as they are")
    parser.add_argument("--system-path", action="append", metavar="PATH", help="in place of /usr and /etc")
    parser.add_argument("--many", type=int, help="entries of the large directory")
    parser.add_argument("--without", default="", metavar="SUBJECT,…", help="subjects of the odd tree to leave out")
    parser.add_argument("--ignore", default="", metavar="ATTRIBUTE,…", help="attributes not to compare")
    parser.add_argument(
        "--backup-argument", action="append", default=[], metavar="ARGUMENT", help="added to each backup"
    )
    parser.add_argument("--data-added-field", metavar="FIELD", help="of the JSON summary: bytes stored")
    parser.add_argument(
        "--files-read-field", metavar="FIELD", help="of the JSON summary: files (or bytes) read; a+b adds two"
    )
    parser.add_argument(
        "--changed-files", type=int, default=20, help="with --system: files that may change while it runs"
    )
    parser.add_argument("--no-trace", action="store_true", help="do without strace")
    parser.add_argument("--keep", action="store_true", help="leave the work directory behind")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    results = Results()
    start = time.monotonic()
    tool_class = TOOLS[arguments.tool]
    binary = find_binary(arguments.tool, arguments.holdfast if arguments.tool == "holdfast" else None)
    with WorkDirectory(arguments.work, "round-trip", arguments.keep) as work:
        require_space(work.path, 6 * GIB if arguments.full else GIB)
        tool = tool_class(binary, work.sub("made-trees"))
        say(f"tool  {tool.version()}; seed {arguments.seed}")
        try:
            sources = make_sources(arguments, work, tool)
            if not arguments.no_trace and tool.has_snapshots:
                prove_trace(work, sources, results)
            RoundTrip(tool, work, results, arguments).run("made trees", sources, may_change=False)
            if arguments.system or arguments.system_path:
                paths = [os.path.realpath(path) for path in arguments.system_path or ["/usr", "/etc"]]
                require_space(work.path, 2 * sum(measure(path)[1] for path in paths))
                tool = tool_class(binary, work.sub("system"))
                RoundTrip(tool, work, results, arguments).run("system", paths, may_change=True)
        except Failure as failure:
            results.check("the run went through", False, str(failure))
    say(f"{time.monotonic() - start:.1f} s")
    return results.finish()


if __name__ == "__main__":
    run_main(main)
