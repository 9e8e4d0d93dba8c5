#!/usr/bin/env python3
# Kills backups, restores and prunes at random moments and at every call that writes, and looks at what is left.
#
#     python3 Tests/acceptance/kill_campaign.py --holdfast .build/release/holdfast --trials 400
#
# For a quick look: --trials 24. Needs strace for the kills at system calls.
"""Kills backups, restores, forgets and prunes (kill -9), interrupts them (SIGINT, SIGTERM), and looks at what is left.

Half of the trials kill at a moment drawn from the measured duration, half at the entry of the N-th call of one kind
that writes (strace injects the kill; N counts per thread), for every kind and N in seeded order. Between kills the
source changes. After each kill of a backup every earlier snapshot is listed; every few trials check reads all data
and snapshots are restored and compared; a repeated backup succeeds. A killed restore leaves nothing half-written
under a final name, and repeated it completes exactly. After a killed forget or prune, which rewrites packs, every
snapshot that was to stay is whole, the next prune succeeds, and the repository is no larger than after one that was
not killed. An interrupted backup ends with exit code 130, and the
repeated run stores less than one from scratch would.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass

sys.dont_write_bytecode = True

from crashlab import trees, workspace  # noqa: E402
from crashlab.processes import Result  # noqa: E402
from crashlab.report import Report  # noqa: E402
from crashlab.tools import Tool, ToolError  # noqa: E402

#: The calls behind which a crash can leave something different from before.
WRITING = """write pwrite64 writev pwritev pwritev2 copy_file_range ftruncate fallocate rename renameat renameat2
link linkat symlink symlinkat unlink unlinkat mkdir mkdirat rmdir fsync fdatasync syncfs sync openat""".split()


@dataclass(frozen=True)
class Kill:
    """When to kill: after `delay` seconds, or at the entry of the `count`-th `call`."""

    delay: float = 0
    call: str = ""
    count: int = 0

    def __str__(self) -> str:
        return f"{self.call} number {self.count}" if self.call else f"{self.delay * 1000:.1f} ms"


@dataclass
class Stored:
    name: str
    manifest: trees.Manifest


class Campaign:
    def __init__(self, options: argparse.Namespace, root: str, tool: Tool, report: Report) -> None:
        self.options = options
        self.tool = tool
        self.report = report
        self.random = random.Random(f"kill/{options.seed}")
        self.scratch = os.path.join(root, "scratch")
        self.source = os.path.join(root, "source")
        self.tree = trees.TreeBuilder(self.source, options.seed)
        self.stored: list[Stored] = []
        self.mean = max(1, options.size // options.files)

    # Preparation.
    def prepare(self) -> None:
        self.tree.build(self.options.size, self.options.files)
        self.tool.must(self.tool.init())
        self.tool.add_fast_key()
        self.durations = []
        for _ in range(3):
            result = self.tool.must(self.tool.backup(self.source))
            self.durations.append(result.seconds)
            self._remember(result)
            self._mutate()
        target = os.path.join(self.scratch, "layout")
        self.tool.must(self.tool.restore(self.stored[-1].name, target))
        self.tool.learn_layout(target, self.source)
        shutil.rmtree(target)

    def _mutate(self) -> None:
        self.tree.mutate(self.options.changes, self.mean)

    def _remember(self, result: Result) -> None:
        name = self.tool.new_snapshot(result)
        if name is None:
            raise ToolError("backup --json names no snapshot: " + result.out[-200:].decode("utf-8", "replace"))
        self.stored.append(Stored(name, trees.scan(self.source)))

    def _count_calls(self, command: list[str]) -> dict[str, int]:
        """How often each writing call is made by the thread that makes it most; the command runs to its end."""
        log = os.path.join(self.scratch, "calls")
        self.tool.must(self.tool.run(["strace", "-f", "-o", log, "-e", "signal=none",
                                      "-e", "trace=" + ",".join(WRITING), "--"] + command))
        counts: Counter[tuple[str, str]] = Counter()
        with open(log, encoding="utf-8", errors="replace") as handle:
            for line in handle:
                match = re.match(r"(\d+)\s+(\w+)\(", line)
                if match and not (match[2] == "openat" and "O_CREAT" not in line):
                    counts[match[1], match[2]] += 1
        os.unlink(log)
        highest: dict[str, int] = {}
        for (_, call), count in counts.items():
            highest[call] = max(highest.get(call, 0), count)
        highest.pop("openat", None)  # its count includes reads; each creation is followed by a write
        return highest

    def _kills(self, command: list[str], durations: list[float], trials: int) -> list[Kill]:
        """Half at random moments, half at calls: all of them when there is room."""
        points = [Kill(call=call, count=count) for call, highest in sorted(self._count_calls(command).items())
                  for count in range(1, highest + 1)]
        self.random.shuffle(points)
        if not self.options.every:
            points = points[:trials // 2]
        usual = sorted(durations)[len(durations) // 2]
        moments = [Kill(delay=self.random.uniform(0, usual * 1.05)) for _ in range(max(trials - len(points), 1))]
        kills = points + moments
        self.random.shuffle(kills)
        return kills

    def _kill(self, command: list[str], kill: Kill) -> Result:
        """Runs `command`; a result with code 0 means that it ended before the kill."""
        if kill.call:
            return self.tool.run(["strace", "-f", "-o", "/dev/null", "-e", "signal=none", "-e", f"trace={kill.call}",
                                  "-e", f"inject={kill.call}:signal=KILL:when={kill.count}", "--"] + command)
        running = self.tool.start(command)
        time.sleep(kill.delay)
        running.send(signal.SIGKILL)
        return running.wait(self.options.timeout)

    # Backups.
    def backups(self, trials: int) -> None:
        self._mutate()
        command = self.tool.backup_command(self.source)
        kills = self._kills(command, self.durations, trials)
        self._adopt("the counted run", self._list("the counted run"))
        outcomes: Counter[str] = Counter()
        for number, kill in enumerate(kills, 1):
            self._mutate()
            label = f"backup {number}, killed at {kill}"
            result = self._kill(command, kill)
            outcomes[self._outcome(label, result)] += 1
            self.tool.recover()
            if result.ok:
                self._remember(result)
            self._adopt(label, self._list(label))
            if self.random.random() < 0.5:  # otherwise the next kill meets what this one has left
                again = self.tool.backup(self.source)
                if self.report.check(again.ok, f"{label}: repeated", again.describe()):
                    self._remember(again)
            if number % self.options.check_every == 0:
                self._verify(label, [self.stored[-1], self.random.choice(self.stored)])
        again = self.tool.backup(self.source)
        if self.report.check(again.ok, "backup after the last kill", again.describe()):
            self._remember(again)
        self._adopt("the end", self._list("the end"))
        some = self.random.sample(self.stored, min(10, len(self.stored)))
        self._verify("the end", [self.stored[0], self.stored[-1]] + some)
        self.report.say(f"backups: {len(kills)} trials ({_counted(outcomes)}), {len(self.stored)} snapshots")

    def _outcome(self, label: str, result: Result) -> str:
        if result.code == -signal.SIGKILL and not result.timed_out:
            return "killed"
        self.report.check(result.ok, f"{label}: ended by itself", result.describe())
        return "ended before"

    def _list(self, label: str) -> list[str] | None:
        result = self.tool.list()
        if not self.report.check(result.ok, f"{label}: snapshots", result.describe()):
            return None
        return self.tool.snapshot_ids(result)

    def _adopt(self, label: str, names: list[str] | None) -> None:
        """Earlier snapshots are all there; a new one is that of the source as it is now."""
        if names is None:
            return
        missing = [stored.name[:12] for stored in self.stored if not self.tool.listed(stored.name, names)]
        self.report.check(not missing, f"{label}: earlier snapshots", f"{', '.join(missing)} are gone")
        new = [name for name in names if not any(name.startswith(stored.name) for stored in self.stored)]
        self.report.check(len(new) <= 1, f"{label}: new snapshots", f"one run has left {new}")
        for name in new:
            self.stored.append(Stored(name, trees.scan(self.source)))

    def _verify(self, label: str, some: list[Stored]) -> None:
        result = self.tool.check()
        self.report.check(result.ok, f"{label}: check", result.describe())
        for stored in some:
            problem = self.tool.restored_differs(stored.name, self.source, stored.manifest,
                                                 os.path.join(self.scratch, "verified"))
            self.report.check(not problem, f"{label}: earlier snapshot", problem)

    # Restores.
    def restores(self, trials: int) -> None:
        stored = self.stored[-1]
        target = self.tool.place.target
        command = self.tool.restore_command(stored.name, target)
        durations = []
        for _ in range(2):
            durations.append(self.tool.must(self.tool.run(command)).seconds)
            shutil.rmtree(target)
        kills = self._kills(command, durations, trials)
        shutil.rmtree(target)
        outcomes: Counter[str] = Counter()
        fresh = True
        for number, kill in enumerate(kills, 1):
            label = f"restore {number}, killed at {kill}"
            result = self._kill(command, kill) if fresh else self._kill_again(stored, target, kill)
            outcomes[self._outcome(label, result)] += 1
            self.tool.recover()
            wrong = trees.half_written(stored.manifest, self.tool.restored_root(target, self.source),
                                       self.tool.is_temporary)
            if wrong and "half-written" in self.tool.known:
                self.report.note("a killed restore leaves half-written files, as this program is known to do")
            else:
                self.report.check(not wrong, f"{label}: final names", "; ".join(wrong[:3]))
            fresh = number == len(kills) or self.random.random() < 0.5
            if fresh:
                again = self.tool.restore_again(stored.name, target)
                if self.report.check(again.ok, f"{label}: repeated", again.describe()):
                    differences = trees.compare(stored.manifest, self.tool.restored_root(target, self.source))
                    self.report.check(not differences, f"{label}: compared", "; ".join(differences[:3]))
                    leftovers = self.tool.leftovers(target)
                    self.report.check(not leftovers, f"{label}: temporaries", ", ".join(leftovers[:3]))
                shutil.rmtree(target, ignore_errors=True)
        self.report.say(f"restores: {len(kills)} trials ({_counted(outcomes)})")

    def _kill_again(self, stored: Stored, target: str, kill: Kill) -> Result:
        """Kills a repeated restore; where a program cannot simply repeat one, the target is emptied first."""
        if type(self.tool).restore_again is not Tool.restore_again:
            shutil.rmtree(target, ignore_errors=True)
        return self._kill(self.tool.restore_command(stored.name, target), kill)

    # Prunes.
    def prunes(self, trials: int) -> None:
        """Forgets all snapshots but some and prunes, killed again and again from the same state."""
        for _ in range(4):
            self._mutate()
            again = self.tool.must(self.tool.backup(self.source))
            self._remember(again)
        place = self.tool.place
        before = os.path.join(self.scratch, "before")
        workspace.copy_tree(place.live, before)
        dropped = [stored for number, stored in enumerate(self.stored) if number % 3 != 2]
        kept = [stored for number, stored in enumerate(self.stored) if number % 3 == 2]
        forget = self.tool.forget_command([stored.name for stored in dropped])
        commands = {"forget": forget, "prune": self.tool.prune_command()}
        seconds = {"forget": [self.tool.must(self.tool.run(forget)).seconds]}
        forgotten = os.path.join(self.scratch, "forgotten")
        workspace.copy_tree(place.live, forgotten)
        seconds["prune"] = [self.tool.must(self.tool.run(commands["prune"])).seconds]
        packs = os.path.join(place.repository, "packs")
        smallest, whole = trees.size_of(packs), trees.size_of(os.path.join(forgotten, "repository", "packs"))
        self.report.check(smallest < whole, "prune", f"frees nothing: {whole} bytes before, {smallest} after")
        for name, start, share in (("forget", before, 0.2), ("prune", forgotten, 0.8)):
            workspace.copy_tree(start, place.live)
            kills = self._kills(commands[name], seconds[name], max(2, int(trials * share)))
            outcomes: Counter[str] = Counter()
            fresh = True
            for number, kill in enumerate(kills, 1):
                if fresh:
                    workspace.copy_tree(start, place.live)
                label = f"{name} {number}, killed at {kill}"
                outcomes[self._outcome(label, self._kill(commands[name], kill))] += 1
                self.tool.recover()
                fresh = number == len(kills) or self.random.random() < 0.7  # else the next kill meets what is left
                self._pruned(label, kept, None, verify=number % self.options.check_every == 0)
                if fresh:
                    self.tool.run(forget)
                    again = self.tool.run(commands["prune"])
                    if self.report.check(again.ok, f"{label}: repeated", again.describe()):
                        left = trees.size_of(packs)
                        self.report.check(left <= smallest * 1.05 + 4096, f"{label}: space",
                                          f"{left} bytes are left, {smallest} after a prune that was not killed")
                    self._pruned(label + ", repeated", kept, dropped, verify=number % self.options.check_every == 0)
            self.report.say(f"{name}s: {len(kills)} trials ({_counted(outcomes)})")
        again = self.tool.backup(self.source)
        self.report.check(again.ok, "backup after the last prune", again.describe())
        self._pruned("the end", kept, dropped, verify=True)
        workspace.copy_tree(before, place.live)

    def _pruned(self, label: str, kept: list[Stored], dropped: list[Stored] | None, verify: bool) -> None:
        """What was to stay is there and right; what was forgotten is not."""
        names = self._list(label)
        if names is not None:
            missing = [stored.name[:12] for stored in kept if not self.tool.listed(stored.name, names)]
            self.report.check(not missing, f"{label}: snapshots that stay", f"{', '.join(missing)} are gone")
            back = [stored.name[:12] for stored in dropped or [] if self.tool.listed(stored.name, names)]
            self.report.check(not back, f"{label}: forgotten snapshots", f"{', '.join(back)} are there")
        result = self.tool.check()
        self.report.check(result.ok, f"{label}: check", result.describe())
        for stored in [kept[0], self.random.choice(kept)] if verify else []:
            problem = self.tool.restored_differs(stored.name, self.source, stored.manifest,
                                                 os.path.join(self.scratch, "verified"))
            self.report.check(not problem, f"{label}: snapshot that stays", problem)

    # Interrupts.
    def interrupts(self) -> None:
        """Interrupts a backup of new data when a good part is stored, and measures what the next run adds."""
        for name, number in (("SIGINT", signal.SIGINT), ("SIGTERM", signal.SIGTERM)):
            self._interrupt(name, number)

    def _interrupt(self, name: str, number: int) -> None:
        place = self.tool.place
        before = os.path.join(self.scratch, "before")
        self._add_bulk(name)
        workspace.copy_tree(place.live, before)
        start = trees.size_of(place.repository)
        self.tool.must(self.tool.backup(self.source))
        scratch_growth = trees.size_of(place.repository) - start
        for share in (0.5, 0.35, 0.2):
            workspace.copy_tree(before, place.live)
            running = self.tool.start(self.tool.backup_command(self.source))
            deadline = time.monotonic() + self.options.timeout
            while (running.process.poll() is None and time.monotonic() < deadline
                   and trees.size_of(place.repository) < start + share * scratch_growth):
                time.sleep(0.002)
            running.send(number)
            result = running.wait(self.options.timeout)
            if result.code != 0 or len(self._list(name) or []) == len(self.stored):
                break
        label = f"backup interrupted by {name}"
        if result.code != self.tool.interrupted_code and "interrupted-code" in self.tool.known:
            self.report.note(f"{name} ends with exit code {result.code}, as this program is known to do")
        else:
            self.report.check(result.code == self.tool.interrupted_code, f"{label}: exit code", result.describe())
        kept = trees.size_of(place.repository) - start
        self.tool.recover()
        names = self._list(label)
        missing = [each.name[:12] for each in self.stored if names is not None
                   and not self.tool.listed(each.name, names)]
        self.report.check(not missing, f"{label}: earlier snapshots", f"{', '.join(missing)} are gone")
        middle = trees.files_of(place.repository)
        again = self.tool.backup(self.source)
        if self.report.check(again.ok, f"{label}: repeated", again.describe()):
            self._remember(again)
        growth = trees.bytes_written_since(middle, place.repository)
        text = (f"a run from scratch adds {scratch_growth} bytes, the interrupted one kept {kept},"
                f" the repeated one added {growth}")
        if growth > 0.85 * scratch_growth and "no-reuse" in self.tool.known:
            self.report.note("a repeated run stores everything again, as this program is known to do")
        else:
            self.report.check(growth <= 0.85 * scratch_growth, f"{label}: reuse", text)
        self.report.say(f"{label}: {text}")
        self._verify(label, [self.stored[0], self.stored[-1]])

    def _add_bulk(self, name: str) -> None:
        """New data that cannot be compressed, enough to be interrupted in the middle."""
        parent = os.path.join(self.source, f"bulk {name}")
        os.mkdir(parent)
        chance = random.Random(f"bulk/{self.options.seed}/{name}")
        count = 64
        for number in range(count):
            with open(os.path.join(parent, f"{number:03}"), "wb") as handle:
                handle.write(chance.randbytes(self.options.interrupt_size // count))


def _counted(outcomes: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    workspace.add_options(parser)
    parser.add_argument("--trials", type=int, default=240, metavar="N",
                        help="kills, half of them of backups, half of restores, and half as many of prunes (default 240)")
    parser.add_argument("--every", action="store_true", help="kill at every writing call, beyond --trials if need be")
    parser.add_argument("--part", action="append", choices=["backup", "restore", "prune", "interrupt"],
                        help="do this part only; may be repeated")
    parser.add_argument("--size", type=int, default=6_000_000, metavar="BYTES", help="of the source (default 6000000)")
    parser.add_argument("--files", type=int, default=60, metavar="N", help="in the source (default 60)")
    parser.add_argument("--changes", type=int, default=12, metavar="N", help="between two kills (default 12)")
    parser.add_argument("--check-every", type=int, default=5, metavar="N",
                        help="trials between two full checks (default 5)")
    parser.add_argument("--interrupt-size", type=int, default=256 << 20, metavar="BYTES",
                        help="new data of a backup that is interrupted (default 256 MiB)")
    options = parser.parse_args()
    report = Report()
    if not shutil.which("strace"):
        return workspace.fail_early(ToolError("strace is not installed"))
    parts = options.part or ["backup", "restore", "prune", "interrupt"]
    try:
        with workspace.workspace(options, "kill") as (root, tool):
            campaign = Campaign(options, root, tool, report)
            campaign.prepare()
            if "backup" in parts:
                campaign.backups(max(1, options.trials // 2))
            if "restore" in parts:
                campaign.restores(max(1, options.trials // 2))
            if "prune" in parts and tool.prunes:
                campaign.prunes(max(1, options.trials // 2))
            if "interrupt" in parts:
                campaign.interrupts()
    except ToolError as error:
        report.check(False, str(error))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
