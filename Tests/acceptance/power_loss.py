#!/usr/bin/env python3
# Cuts the power after every file-system operation of init, backup, prune and restore, and looks at what is left.
#
#     python3 Tests/acceptance/power_loss.py --holdfast .build/release/holdfast --full
#
# For a quick look: --sample 40 in place of --full; --work /dev/shm/DIRECTORY makes both faster. Needs strace.
"""Cuts the power after every file-system operation of init, backup, prune and restore, and looks at what is left.

The program runs once under strace. From the trace the run builds the states that the disk can be in after a cut
behind each operation: only what was synced is sure, and of the rest different policies keep nothing, the names
without the data, torn data, or a seeded random part (crashlab/policies.py). Each distinct state is then put back in
place, and the program must live with it: check is clean, every earlier snapshot restores exactly, what had been
reported as stored is there, the run can be repeated and its snapshot restores exactly. Cache and state directory
are cut in the same way, and on their own.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
from collections import Counter
from dataclasses import dataclass

sys.dont_write_bytecode = True

from crashlab import policies, trees, workspace  # noqa: E402
from crashlab.disk_model import DiskModel, ModelError, Unmodelled  # noqa: E402
from crashlab.policies import Blobs, State  # noqa: E402
from crashlab.replay import Replay  # noqa: E402
from crashlab.report import Report  # noqa: E402
from crashlab.strace_log import strace_command  # noqa: E402
from crashlab.tools import Tool, ToolError  # noqa: E402

PHASES = ["init", "first", "second", "prune", "restore"]
TRACE_ATTEMPTS = 4


@dataclass
class Stored:
    """A snapshot that was reported as stored, and what it must restore to."""

    name: str
    manifest: trees.Manifest


class PowerLoss:
    def __init__(self, options: argparse.Namespace, root: str, tool: Tool, report: Report) -> None:
        self.options = options
        self.tool = tool
        self.report = report
        self.place = tool.place
        self.scratch = os.path.join(root, "scratch")
        self.source = os.path.join(root, "source")
        self.before = os.path.join(root, "before")
        self.after = os.path.join(root, "after")
        self.tree = trees.TreeBuilder(self.source, options.seed)
        self.earlier: list[Stored] = []

    def run(self) -> None:
        self.tree.build(self.options.size, self.options.files)
        last = PHASES.index("restore" if self.options.restore else "second")
        wanted = self.options.phase or PHASES[:last + 1]
        for phase in PHASES[:max(PHASES.index(each) for each in wanted) + 1]:
            if phase != "prune" or (self.tool.prunes and "prune" in wanted):
                self._phase(phase, test=phase in wanted)

    def _phase(self, phase: str, test: bool) -> None:
        if phase == "second":
            self.tree.mutate(8, max(1, self.options.size // self.options.files))
        if phase == "prune":
            dropped = self.earlier.pop(0)
            self.tool.must(self.tool.run(self.tool.forget_command([dropped.name])))
        self.manifest = trees.scan(self.source)
        command = {"init": self.tool.init_command(), "restore": self.tool.restore_command("latest", self.place.target),
                   "prune": self.tool.prune_command()}.get(phase) or self.tool.backup_command(self.source)
        workspace.copy_tree(self.place.live, self.before)
        states, blobs = self._trace(phase, command)
        workspace.copy_tree(self.place.live, self.after)
        if phase == "restore":
            self.tool.learn_layout(self.place.target, self.source)
        if test:
            self._test(phase, states, blobs)
        workspace.copy_tree(self.after, self.place.live)
        if phase == "init":
            self.tool.add_fast_key()
        elif phase in ("first", "second") and self.new is not None:
            self.earlier.append(Stored(self.new, self.manifest))

    def _trace(self, phase: str, command: list[str]) -> tuple[list[State], Blobs]:
        """Runs `command` under strace and makes the states of all cuts."""
        log = os.path.join(self.scratch, f"{phase}.trace")
        for attempt in range(1, TRACE_ATTEMPTS + 1):
            if attempt > 1:
                workspace.copy_tree(self.before, self.place.live)
            model = DiskModel(self.place.live)
            result = self.tool.must(self.tool.run(strace_command(log, command)))
            self.new = self.tool.new_snapshot(result) if phase in ("first", "second") else None
            if phase in ("first", "second") and self.new is None:
                raise ToolError("backup --json names no snapshot: " + result.out[-200:].decode("utf-8", "replace"))
            blobs, found = Blobs(), {}
            maker = policies.StateMaker(model, blobs, f"{self.options.seed}/{phase}")
            kinds = policies.cuts(self.options.variants)

            def collect() -> None:
                for cut in kinds:
                    state = maker.make(cut, replay.acknowledged_at is not None)
                    known = found.setdefault(state.key, state)
                    known.aliases += known is not state

            replay = Replay(model, self.place.live, os.getcwd(), self.new.encode() if self.new else None, collect)
            try:
                collect()
                replay.run(log)
                replay.acknowledged_at = len(model.operations)  # it has ended with exit code 0
                collect()
                wrong = model.differences_from_disk(self.place.live)
                if wrong:
                    raise ModelError("the replayed trace does not lead to what is on disk: " + "; ".join(wrong[:3]))
            except Unmodelled:
                raise
            except ModelError as error:
                # Threads can be logged in another order than they acted; what cannot be modelled stays.
                if attempt == TRACE_ATTEMPTS:
                    raise ModelError(f"{phase}: {error}") from error
                self.report.note("trace repeated because it could not be followed")
                continue
            finally:
                if os.path.exists(log) and not self.options.keep:
                    os.unlink(log)
            states = list(found.values())
            self.report.say(f"{phase}: {len(model.operations)} operations, {len(kinds)} kinds of cut, "
                            f"{len(states)} distinct states")
            if self.options.list_operations:
                for number, text in enumerate(model.operations, 1):
                    self.report.say(f"  {number:4} {text}")
            return states, blobs
        raise AssertionError("unreachable")

    def _sample(self, phase: str, states: list[State]) -> list[State]:
        """All states, or a seeded sample with as many of each kind of cut as of any other."""
        limit = self.options.sample
        if limit is None or limit >= len(states):
            return states
        chance = random.Random(f"{self.options.seed}/sample/{phase}")
        groups: dict[str, list[State]] = {}
        for state in states:
            groups.setdefault(state.cut.rstrip(" 0123456789"), []).append(state)
        for group in groups.values():
            chance.shuffle(group)
            # One state after the reported success comes first: there the most is promised.
            promised = next((number for number, state in enumerate(group) if state.acknowledged), 0)
            group.insert(0, group.pop(promised))
        chosen: list[State] = []
        while len(chosen) < limit:
            for group in groups.values():
                if group and len(chosen) < limit:
                    chosen.append(group.pop(0))
        return chosen

    def _test(self, phase: str, states: list[State], blobs: Blobs) -> None:
        verify = {"init": self._after_init, "restore": self._after_restore, "prune": self._after_prune}.get(phase, self._after_backup)
        tested = self._sample(phase, states)
        failed: Counter[str] = Counter()
        for state in tested:
            policies.write_state(state, blobs, self.place.live)
            self.tool.recover()
            problem = verify(state)
            if not self.report.check(not problem, f"{phase}: {state.describe()}", problem):
                failed[state.cut] += 1
                if sum(failed.values()) >= self.options.max_failures:
                    self.report.say(f"{phase}: stopped after {self.options.max_failures} failures")
                    break
        self.report.say(f"{phase}: {len(tested)} states tested" + (
            ", failures by policy: " + ", ".join(f"{name} {count}" for name, count in failed.items())
            if failed else ""))

    # What must hold. Each returns what is wrong, or an empty string.
    def _after_init(self, state: State) -> str:
        listed = self.tool.list()
        if not listed.ok:
            if state.acknowledged:
                return f"init had reported success, yet the repository does not open: {listed.describe()}"
            again = self.tool.init()
            if not again.ok:
                return (f"the repository does not open ({listed.describe()}),"
                        f" and init cannot be repeated ({again.describe()})")
        return self._repeat([])

    def _after_backup(self, state: State) -> str:
        checked = self.tool.check()
        if not checked.ok:
            return f"check failed with {checked.describe()}"
        listed = self.tool.list()
        if not listed.ok:
            return f"snapshots failed with {listed.describe()}"
        names = self.tool.snapshot_ids(listed)
        for stored in self.earlier:
            if not self.tool.listed(stored.name, names):
                return f"earlier snapshot {stored.name[:12]} is gone"
        if state.acknowledged and not self.tool.listed(self.new, names):
            return f"snapshot {str(self.new)[:12]} had been reported as stored and is gone"
        for name in names:
            known = [stored.manifest for stored in self.earlier if name.startswith(stored.name)]
            problem = self._restores(name, known[0] if known else self.manifest)
            if problem:
                return problem
        return self._repeat(names)

    def _after_prune(self, state: State) -> str:
        checked = self.tool.check()
        if not checked.ok:
            return f"check failed with {checked.describe()}"
        names = self.tool.snapshot_ids(self.tool.list())
        if len(names) != len(self.earlier):
            return f"the list of snapshots is {names}"
        for stored in self.earlier:
            problem = self._restores(stored.name, stored.manifest)
            if problem:
                return problem
        again = self.tool.run(self.tool.prune_command())
        if not again.ok:
            return f"the prune could not be repeated: {again.describe()}"
        left = trees.size_of(os.path.join(self.place.repository, "packs"))
        least = trees.size_of(os.path.join(self.after, "repository", "packs"))
        if left > least * 1.05 + 4096:
            return f"the repeated prune leaves {left} bytes, one that was not cut {least}"
        return self._repeat(names)

    def _repeat(self, names: list[str]) -> str:
        """A backup now succeeds, adds one snapshot, and all is well."""
        again = self.tool.backup(self.source)
        if not again.ok:
            return f"the backup could not be repeated: {again.describe()}"
        name = self.tool.new_snapshot(again)
        listed = self.tool.snapshot_ids(self.tool.list())
        if not self.tool.listed(name, listed) or len(listed) != len(names) + 1 or not set(names) <= set(listed):
            return f"after the repeated backup ({name}) the list of snapshots is {listed}"
        problem = self._restores(str(name), self.manifest)
        if problem:
            return "after the repeated backup: " + problem
        checked = self.tool.check()
        return "" if checked.ok else f"check after the repeated backup failed with {checked.describe()}"

    def _restores(self, name: str, manifest: trees.Manifest) -> str:
        return self.tool.restored_differs(name, self.source, manifest, os.path.join(self.scratch, "restored"))

    def _after_restore(self, state: State) -> str:
        root = self.tool.restored_root(self.place.target, self.source)
        if state.acknowledged and self.tool.durable_restore:
            differences = trees.compare(self.manifest, root)
            if differences:
                return "the restore had reported success, yet after the cut: " + "; ".join(differences[:3])
        again = self.tool.restore_again("latest", self.place.target)
        if not again.ok:
            return f"the restore could not be repeated: {again.describe()}"
        differences = trees.compare(self.manifest, root)
        if differences:
            return "after the repeated restore: " + "; ".join(differences[:3])
        leftovers = self.tool.leftovers(self.place.target)
        if leftovers:
            return "the repeated restore leaves temporaries: " + ", ".join(leftovers[:3])
        checked = self.tool.check()
        return "" if checked.ok else f"check failed with {checked.describe()}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    workspace.add_options(parser)
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--full", action="store_true", help="test every distinct state, and trace a restore too")
    amount.add_argument("--sample", type=int, metavar="N", help="test N states of each phase (default 40)")
    parser.add_argument("--restore", action="store_true", help="also cut a restore")
    parser.add_argument("--phase", action="append", choices=PHASES, help="test this phase only; may be repeated")
    parser.add_argument("--variants", type=int, default=2, metavar="N", help="random variants of a cut (default 2)")
    parser.add_argument("--size", type=int, default=400_000, metavar="BYTES", help="of the source (default 400000)")
    parser.add_argument("--files", type=int, default=14, metavar="N", help="in the source (default 14)")
    parser.add_argument("--max-failures", type=int, default=25, metavar="N", help="per phase (default 25)")
    parser.add_argument("--list-operations", action="store_true", help="print the operations of each run")
    options = parser.parse_args()
    options.restore = options.restore or options.full
    if not options.full and options.sample is None:
        options.sample = 40
    report = Report()
    if not shutil.which("strace"):
        return workspace.fail_early(ToolError("strace is not installed"))
    try:
        with workspace.workspace(options, "power-loss") as (root, tool):
            PowerLoss(options, root, tool, report).run()
    except (ToolError, ModelError) as error:
        report.check(False, str(error))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
