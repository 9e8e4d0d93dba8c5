#!/usr/bin/env python3
# Compares holdfast with restic and borg on a real tree, interleaved, each run with sync inside the timing.
#
#     python3 Tests/acceptance/benchmark.py --holdfast .build/release/holdfast --work DIRECTORY
#     python3 Tests/acceptance/benchmark.py --holdfast .build/release/holdfast --work DIRECTORY --small-files 1000000
#
# Needs restic and borg; with --install-borg it puts borg 1.4.5 from PyPI into WORK/venv, which needs Debian's
# libacl1-dev liblz4-dev libxxhash-dev libssl-dev libzstd-dev pkg-config gcc python3-venv.
"""First backup, unchanged backup, restore and check of holdfast, restic and borg on the same tree, interleaved."""

import argparse
import dataclasses
import glob
import json
import os
import shutil
import sys

sys.dont_write_bytecode = True

import make_tree  # noqa: E402
from support.backup_tools import TOOLS, HoldfastByKeyFile, add_holdfast_option, find_binary, require_space  # noqa: E402
from support.benchmark_report import ratios, table  # noqa: E402
from support.common import Failure, WorkDirectory, human, last_lines, remove_tree, run_main, say  # noqa: E402
from support.data_trees import measure  # noqa: E402
from support.measure import measured  # noqa: E402
from support.processes import run  # noqa: E402
from support.tree_comparison import Comparison, ComparisonOptions  # noqa: E402

DEFAULT_PATHS = (
    "/usr/share",
    "/usr/include",
    "/usr/bin",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/jvm",
    "/usr/lib/python3",
    "/usr/lib/llvm-*",
)
#: Added below the cap, part by part: the toolchain that `swift` belongs to.
EXTRA_PATHS = tuple(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(program))))
    for program in (shutil.which("swift"),)
    if program and os.path.realpath(program).count("/") > 3
)
BORG = "borgbackup==1.4.5"
FIRST, UNCHANGED, RESTORE, CHECK, WALK = "first backup", "unchanged backup", "restore", "check --read-data", "walk"
PIPELINE = "in memory"
HOLDFAST_VARIANTS = (["--no-extra-verify"], ["--compression", "fastest"])


class Benchmark:
    """The rounds; every measurement becomes a row."""

    def __init__(self, tools, paths, work, arguments):
        self.tools = tools
        self.paths = paths
        self.work = work
        self.arguments = arguments
        self.rows = []
        self.failures = []
        self.log = os.path.join(work.path, "output")
        self.started = os.stat(work.path).st_ctime_ns - 1_000_000_000

    def run(self):
        """All rounds; the order of the programs turns with each."""
        for number in range(self.arguments.rounds):
            turn = (number + self.arguments.seed) % len(self.tools)
            tools = self.tools[turn:] + self.tools[:turn]
            failed = set()
            self._measure(number, WALK, "find -printf", ["find", *self.paths, "-printf", r"%s %T@ %i\n"], os.environ)
            for phase, step in (
                (FIRST, self._first),
                (UNCHANGED, self._unchanged),
                (RESTORE, self._restore),
                (CHECK, self._check),
            ):
                for tool in tools:
                    if tool.name not in failed:
                        try:
                            step(number, phase, tool)
                        except Failure as failure:
                            failed.add(tool.name)
                            self.failures.append(f"round {number + 1}, {phase}, {tool.name}: {failure}")
                            say(f"FAIL  {self.failures[-1]}")
            for tool in tools:
                if tool.name == "holdfast" and tool.name not in failed:
                    self._pipeline(number, tool)
                tool.reset()

    def _pipeline(self, number, tool):
        """The ceiling: the same files through the same code in memory, timed by the program without reading them."""
        for variant in [[], *HOLDFAST_VARIANTS]:
            command = [tool.binary, "benchmark", "pipeline", "--json", *variant, *self.paths]
            try:
                fields = tool.summary(tool.run(command).stdout)
            except Failure as failure:
                self.failures.append(f"round {number + 1}, {PIPELINE}, {' '.join(variant)}: {failure}")
                say(f"FAIL  {self.failures[-1]}")
                return
            label = " ".join([tool.name, *variant])
            self.rows.append(
                {
                    "round": number + 1,
                    "phase": PIPELINE,
                    "tool": label,
                    "repository": fields["pack_bytes"],
                    "wall": fields["seconds"],
                    "cpu": fields["cpu_seconds"],
                    "peak_anonymous": 0,
                    "peak_resident": 0,
                    "load_before": os.getloadavg()[0],
                }
            )
            say(
                f"round {number + 1}  {PIPELINE:18}  {label:30}  {fields['seconds']:7.2f} s  "
                f"{fields['cpu_seconds']:7.2f} s CPU  {human(fields['bytes_per_second'])}/s"
            )

    def _first(self, number, phase, tool):
        variants = [[]] + (list(HOLDFAST_VARIANTS) if tool.name == "holdfast" else [])
        # The variants go first, so that the repository that stays is the default's.
        for variant in reversed(variants):
            tool.reset()
            try:
                tool.init()
                self._measure(
                    number,
                    phase,
                    " ".join([tool.name, *variant]),
                    tool.backup_command(self.paths, *variant),
                    tool.environment(),
                    tool,
                )
            except Failure as failure:
                if not variant:
                    raise
                self.failures.append(f"round {number + 1}, {phase}, {tool.name} {' '.join(variant)}: {failure}")
                say(f"FAIL  {self.failures[-1]}")

    def _unchanged(self, number, phase, tool):
        self._measure(number, phase, tool.name, tool.backup_command(self.paths), tool.environment(), tool)

    def _restore(self, number, phase, tool):
        target = self.work.sub("restored")
        try:
            self._measure(number, phase, tool.name, tool.restore_command(target), tool.environment())
            if number == 0 and not self.arguments.no_compare:
                self._compare(target, tool)
        finally:
            remove_tree(target)

    def _check(self, number, phase, tool):
        self._measure(number, phase, tool.name, tool.check_command(), tool.environment())

    def _measure(self, number, phase, label, command, environment, sized=None):
        result = measured(command, environment, self.work.path, self.log)
        size = sized.repository_size() if sized else None
        self.rows.append(
            {"round": number + 1, "phase": phase, "tool": label, "repository": size, **dataclasses.asdict(result)}
        )
        say(
            f"round {number + 1}  {phase:18}  {label:30}  {result.wall:7.2f} s  {result.cpu:7.2f} s CPU  "
            f"{human(result.peak_anonymous)}" + (f"  {human(size)} stored" if size else "")
        )

    def _compare(self, target, tool):
        """A fast restore of something else does not count."""
        for path in self.paths:
            comparison = Comparison(
                ComparisonOptions(frozenset(tool.cannot_restore), changed_since=self.started, limit=5)
            )
            if not comparison.compare(path, target + path):
                comparison.print_summary()
                raise Failure(f"restore of {path} has {comparison.differences} differences")


def real_paths(cap):
    """The default paths and, up to `cap` bytes in all, parts of the extra ones; with their entries and bytes."""
    paths = [path for pattern in DEFAULT_PATHS for path in sorted(glob.glob(pattern)) if os.path.isdir(path)]
    entries, size = (sum(values) for values in zip(*map(measure, paths)))
    for path in filter(os.path.isdir, EXTRA_PATHS):
        for part, (more_entries, more_size) in _parts(path, cap - size, depth=3):
            paths.append(part)
            entries, size = entries + more_entries, size + more_size
    return paths, entries, size


def _parts(path, room, depth):
    """Directories below a path that together hold at most `room` bytes, as large ones as possible."""
    found = measure(path)
    if found[1] <= room:
        return [(path, found)]
    chosen = []
    if depth > 0 and room > 0:
        for name in sorted(os.listdir(path)):
            inner = os.path.join(path, name)
            if os.path.isdir(inner) and not os.path.islink(inner):
                parts = _parts(inner, room, depth - 1)
                room -= sum(size for _, (_, size) in parts)
                chosen += parts
    return chosen


def choose_source(arguments, work):
    """The paths to back up, their entries and bytes."""
    if arguments.small_files:
        path = os.path.join(work.path, "small-files")
        options = [
            "--kind",
            "small-files",
            "--out",
            path,
            "--files",
            str(arguments.small_files),
            "--seed",
            str(arguments.seed),
        ]
        make_tree.make_tree(make_tree.parser().parse_args(options))
        return [path], *measure(path)
    if arguments.path:
        paths = [os.path.realpath(path) for path in arguments.path]
        totals = [measure(path) for path in paths]
        paths, entries, size = paths, sum(total[0] for total in totals), sum(total[1] for total in totals)
    else:
        paths, entries, size = real_paths(round(arguments.cap * (1 << 30)))
    if arguments.copy:
        require_space(work.path, 2 * size)
        copy = work.sub("source")
        succeed(["cp", "-a", "--parents", "-t", copy, *paths], "/")
        paths = [copy]
    return paths, entries, size


def choose_tools(arguments, work):
    """An adapter for each program asked for; holdfast first, as the reference."""
    tools = []
    for name in arguments.tools.split(","):
        if name not in TOOLS or not TOOLS[name].has_snapshots:
            raise Failure(f"--tools: {name} is none of holdfast, restic, borg")
        binary = (
            find_borg(arguments)
            if name == "borg"
            else find_binary(name, arguments.holdfast if name == "holdfast" else None)
        )
        kind = HoldfastByKeyFile if name == "holdfast" and not arguments.password else TOOLS[name]
        tool = kind(binary, work.sub(name))
        say(f"{name}: {tool.version()} ({tool.binary})")
        tools.append(tool)
    return tools


def find_borg(arguments):
    """borg of the work directory's virtual environment if it is there (or asked for), otherwise the system's."""
    environment = arguments.venv or (os.path.join(arguments.work, "venv") if arguments.work else None)
    if arguments.install_borg:
        if environment is None:
            raise Failure("--install-borg needs --work or --venv")
        if not os.path.exists(os.path.join(environment, "bin", "borg")):
            succeed([sys.executable, "-m", "venv", environment])
            succeed([os.path.join(environment, "bin", "pip"), "install", "--quiet", BORG])
    if environment is not None:
        python, borg = (os.path.join(environment, "bin", name) for name in ("python", "borg"))
        if os.path.exists(borg) and run([python, "-c", "import borg"]).returncode == 0:
            return os.path.abspath(borg)
    return find_binary("borg")


def succeed(command, directory=None):
    """Runs a helper's command, which must exit 0."""
    result = run(command, directory=directory)
    if result.returncode != 0:
        raise Failure(f"{' '.join(command)[:200]}: exit status {result.returncode}: {last_lines(result.stderr)}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add_holdfast_option(parser)
    parser.add_argument(
        "--tools",
        default="holdfast,restic,borg",
        metavar="NAME,…",
        help="the first is the reference (default %(default)s)",
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="of made trees and of the order of the programs")
    parser.add_argument(
        "--work", metavar="DIRECTORY", help="where repositories are made, and removed (default: a temporary directory)"
    )
    parser.add_argument(
        "--path", action="append", help="what to back up, several times (default: parts of /usr, and of the Swift toolchain)"
    )
    parser.add_argument(
        "--cap", type=float, default=4.0, metavar="GIB", help="most bytes that parts of the toolchain fill up to"
    )
    parser.add_argument("--copy", action="store_true", help="copy the tree into the work directory first")
    parser.add_argument("--small-files", type=int, metavar="N", help="back up a made tree of N small files instead")
    parser.add_argument("--password", action="store_true", help="open our repository by password, not by key file")
    parser.add_argument("--venv", metavar="DIRECTORY", help="virtual environment that has borg (default WORK/venv)")
    parser.add_argument("--install-borg", action="store_true", help=f"put {BORG} there if it is not there yet")
    parser.add_argument(
        "--no-compare", action="store_true", help="do not compare the first round's restores with the source"
    )
    parser.add_argument("--json", metavar="FILE", help="write the JSON there instead of printing it")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.rounds < 1:
        raise Failure("--rounds must be at least 1")
    with WorkDirectory(arguments.work, "benchmark") as work:
        tools = choose_tools(arguments, work)
        paths, entries, size = choose_source(arguments, work)
        require_space(work.path, (len(tools) + 2) * size)
        say(f"source: {entries} entries, {size} bytes ({human(size)}) in {' '.join(paths)}")
        say(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.2f}, seed {arguments.seed}; reading it once")
        # Through a pipe: a tar that writes to /dev/null itself reads nothing.
        run(["sh", "-c", 'tar -cf - "$@" 2>/dev/null | cat >/dev/null', "sh", *paths])
        benchmark = Benchmark(tools, paths, work, arguments)
        benchmark.run()
        say("\n".join(["", *table(benchmark.rows, tools[0].name), ""]))
        if tools[0].name == "holdfast":
            say("\n".join([*ratios(benchmark.rows, bool(arguments.small_files)), ""]))
        document = json.dumps(
            {
                "source": {"paths": paths, "entries": entries, "bytes": size},
                "rounds": arguments.rounds,
                "seed": arguments.seed,
                "tools": {tool.name: tool.version() for tool in tools},
                "measurements": benchmark.rows,
                "failures": benchmark.failures,
            }
        )
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            file.write(document + "\n")
    else:
        say(document)
    if benchmark.failures:
        raise Failure(f"{len(benchmark.failures)} measurements failed; the first: {benchmark.failures[0]}")
    return 0


if __name__ == "__main__":
    run_main(main)
