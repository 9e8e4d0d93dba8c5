#!/usr/bin/env python3
# Fills the disk under the repository, the restore target, the cache and the state directory, one after another.
#
#     sudo python3 Tests/acceptance/full_disk.py --holdfast .build/release/holdfast
#
# Needs root: it mounts small tmpfs file systems below --work, and unmounts them at the end.
"""Fills the disk under the repository, the restore target, the cache and the state directory.

Each of them lies on a small tmpfs of its own. A backup that does not fit fails with a message that names the lack of
space, earlier snapshots stay as they were (read while the disk is still full), and after the disk has grown the same
run succeeds. The size is chosen so that the space ends at different points of the run: at the start, in the middle,
and a few blocks before the end. The same is done with too few inodes. A full cache or state disk may at worst fail
the run in the same way.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

from crashlab import trees, workspace  # noqa: E402
from crashlab.processes import Result  # noqa: E402
from crashlab.report import Report  # noqa: E402
from crashlab.tools import NO_SPACE, Tool, ToolError  # noqa: E402

BLOCK = 4096
AMPLE = 1 << 30


class SmallDisk:
    """A tmpfs whose size can be changed; unmounted at the end of the `with`."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> "SmallDisk":
        os.makedirs(self.path, exist_ok=True)
        self._mount(f"size={AMPLE},mode=700", "tmpfs")
        return self

    def __exit__(self, *_: object) -> None:
        if subprocess.run(["umount", self.path], capture_output=True).returncode != 0:
            subprocess.run(["umount", "-l", self.path], check=False)

    def _mount(self, options: str, *what: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, *what, self.path] if what else \
            ["mount", "-o", f"remount,{options}", self.path]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise ToolError(f"{' '.join(command)}: {done.stderr.strip()}")

    def used(self) -> int:
        info = os.statvfs(self.path)
        return (info.f_blocks - info.f_bfree) * info.f_frsize

    def used_inodes(self) -> int:
        info = os.statvfs(self.path)
        return info.f_files - info.f_ffree

    def leave_free(self, count: int) -> None:
        """Shrinks the disk to what is used and `count` bytes; one block at least, as 0 would mean no limit."""
        self._mount(f"size={max(BLOCK, self.used() + count // BLOCK * BLOCK)}")

    def leave_inodes(self, count: int) -> None:
        self._mount(f"nr_inodes={max(1, self.used_inodes() + count)}")

    def enlarge(self) -> None:
        self._mount(f"size={AMPLE},nr_inodes=1000000")

    def empty(self) -> None:
        workspace.empty_directory(self.path)


class FullDisk:
    def __init__(self, options: argparse.Namespace, root: str, tool: Tool, report: Report) -> None:
        self.options = options
        self.tool = tool
        self.report = report
        self.place = tool.place
        self.scratch = os.path.join(root, "scratch")
        self.saved = os.path.join(root, "saved")
        self.source = os.path.join(root, "source")
        self.tree = trees.TreeBuilder(self.source, options.seed)

    def run(self, parts: list[str]) -> None:
        with (SmallDisk(self.place.repository) as repository, SmallDisk(self.place.cache) as cache,
              SmallDisk(self.place.state) as state, SmallDisk(self.place.target) as target):
            self._prepare(repository, cache, state)
            for part in parts:
                if part == "target":
                    self._fill_target(target)
                else:
                    self._fill(part, {"repository": repository, "cache": cache, "state": state}[part])

    def _prepare(self, *disks: SmallDisk) -> None:
        """One stored snapshot, and a changed source whose backup does not fit."""
        self.tree.build(self.options.size // 10, 20)
        self.tool.must(self.tool.init())
        self.tool.add_fast_key()
        first = self.tool.must(self.tool.backup(self.source))
        self.first = str(self.tool.new_snapshot(first))
        self.first_manifest = trees.scan(self.source)
        self.tool.must(self.tool.restore(self.first, os.path.join(self.scratch, "layout")))
        self.tool.learn_layout(os.path.join(self.scratch, "layout"), self.source)
        shutil.rmtree(os.path.join(self.scratch, "layout"))
        self.tree.mutate(6, self.options.size // 200)
        bulk = trees.TreeBuilder(os.path.join(self.source, "more"), self.options.seed + "/more")
        bulk.build(self.options.size, 40)
        self.manifest = trees.scan(self.source)
        self._save(disks)
        inodes = [disk.used_inodes() for disk in disks]
        start = [disk.used() for disk in disks]
        self.tool.must(self.tool.backup(self.source))
        self.growth = {disk.path: disk.used() - before for disk, before in zip(disks, start)}
        self.inode_growth = {disk.path: disk.used_inodes() - before for disk, before in zip(disks, inodes)}
        self.report.say("growth by the second backup: " + ", ".join(
            f"{os.path.basename(path)} {count} bytes and {self.inode_growth[path]} inodes"
            for path, count in self.growth.items()))

    def _save(self, disks: tuple[SmallDisk, ...]) -> None:
        for disk in disks:
            workspace.copy_tree(disk.path, os.path.join(self.saved, os.path.basename(disk.path)))

    def _reset(self) -> None:
        for part in ("repository", "cache", "state"):
            workspace.copy_tree(os.path.join(self.saved, part), os.path.join(self.place.live, part))

    def _amounts(self, growth: int) -> list[int]:
        """How much to leave free: none, parts of what is needed, and all but a few blocks."""
        shares = [0.0, 0.05, 0.3, 0.6, 0.9, 0.97] if not self.options.quick else [0.0, 0.5]
        last = [growth - 4 * BLOCK, growth - 2 * BLOCK, growth - BLOCK]
        return sorted({int(growth * share) for share in shares} | {max(0, count) for count in last})

    def _fill(self, part: str, disk: SmallDisk) -> None:
        growth, inodes = self.growth[disk.path], self.inode_growth[disk.path]
        for free in self._amounts(growth):
            self._reset()
            disk.leave_free(free)
            self._full_backup(part, disk, f"{part} with {free} bytes free, {growth} needed")
        for free in sorted({0, inodes // 2, inodes - 1} - {-1}):
            self._reset()
            disk.leave_inodes(free)
            self._full_backup(part, disk, f"{part} with {free} inodes free, {inodes} needed")
        if part != "repository":
            self._reset()
            disk.empty()
            disk.leave_free(0)
            self._full_backup(part, disk, f"{part} empty, with one block")
        self._reset()

    def _full_backup(self, part: str, disk: SmallDisk, label: str) -> None:
        result = self.tool.backup(self.source)
        self.tool.recover()
        expected = 1
        if result.ok:
            # A cache can be done without; and another run may need a little less than the measured one.
            expected = 2
            self.report.note(f"the backup succeeded with a full {part} disk")
            name = str(self.tool.new_snapshot(result))
            self.report.check(self._restored(name, self.manifest) == "", f"{label}: the snapshot that it reports",
                              self._restored(name, self.manifest))
        elif part == "cache" and "cache-needed" not in self.tool.known:
            self.report.check(False, f"{label}: a full cache disk must not stop a backup", result.describe())
        else:
            self._clear_failure(label, result)
        # While the disk is still full.
        listed = self.tool.list()
        names = self.tool.snapshot_ids(listed)
        self.report.check(listed.ok and self.tool.listed(self.first, names), f"{label}: earlier snapshot is listed",
                          f"{listed.describe()}; listed: {names}")
        problem = self._restored(self.first, self.first_manifest)
        self.report.check(not problem, f"{label}: earlier snapshot, disk still full", problem)
        disk.enlarge()
        checked = self.tool.check()
        self.report.check(checked.ok, f"{label}: check", checked.describe())
        again = self.tool.backup(self.source)
        if self.report.check(again.ok, f"{label}: repeated with space", again.describe()):
            problem = self._restored(str(self.tool.new_snapshot(again)), self.manifest)
            self.report.check(not problem, f"{label}: repeated and compared", problem)
        names = self.tool.snapshot_ids(self.tool.list())
        if not result.ok and len(names) == expected + 2:
            # The run had stored its snapshot, and failed at something after that: then it must be a good one.
            self.report.note(f"a run that failed on a full {part} disk has left its snapshot")
            expected += 1
            for name in names:
                if not name.startswith(self.first):
                    problem = self._restored(name, self.manifest)
                    self.report.check(not problem, f"{label}: snapshot of the failed run", problem)
        self.report.check(len(names) == expected + 1, f"{label}: number of snapshots",
                          f"{len(names)} instead of {expected + 1}")
        checked = self.tool.check()
        self.report.check(checked.ok, f"{label}: check at the end", checked.describe())

    def _clear_failure(self, label: str, result: Result) -> None:
        if result.timed_out and "retries" in self.tool.known:
            self.report.note("a full disk is waited for until the time limit, as this program is known to do")
        else:
            self.report.check(result.code > 0 and not result.timed_out, f"{label}: fails in order",
                              result.describe())
        self.report.check(bool(NO_SPACE.search(result.err)), f"{label}: says that there is no space",
                          result.describe())

    def _restored(self, name: str, manifest: trees.Manifest) -> str:
        return self.tool.restored_differs(name, self.source, manifest, os.path.join(self.scratch, "restored"))

    def _fill_target(self, disk: SmallDisk) -> None:
        self._reset()
        result = self.tool.must(self.tool.backup(self.source))
        name = str(self.tool.new_snapshot(result))
        start, inodes = disk.used(), disk.used_inodes()
        self.tool.must(self.tool.restore(name, self.place.target))
        growth, inodes = disk.used() - start, disk.used_inodes() - inodes
        disk.empty()
        for free in self._amounts(growth):
            disk.leave_free(free)
            self._full_restore(disk, name, f"target with {free} bytes free, {growth} needed")
        for free in (0, inodes // 2, inodes - 1):
            disk.leave_inodes(free)
            self._full_restore(disk, name, f"target with {free} inodes free, {inodes} needed")

    def _full_restore(self, disk: SmallDisk, name: str, label: str) -> None:
        root = self.tool.restored_root(self.place.target, self.source)
        result = self.tool.restore(name, self.place.target)
        self.tool.recover()
        if result.ok:
            differences = trees.compare(self.manifest, root)
            self.report.check(not differences, f"{label}: reported as done", "; ".join(differences[:3]))
            self.report.note("the restore succeeded on a full target disk")
        else:
            self._clear_failure(label, result)
            wrong = trees.half_written(self.manifest, root, self.tool.is_temporary)
            if wrong and "half-written" in self.tool.known:
                self.report.note("a failed restore leaves half-written files, as this program is known to do")
            else:
                self.report.check(not wrong, f"{label}: final names", "; ".join(wrong[:3]))
        disk.enlarge()
        again = self.tool.restore_again(name, self.place.target)
        if self.report.check(again.ok, f"{label}: repeated with space", again.describe()):
            differences = trees.compare(self.manifest, root)
            self.report.check(not differences, f"{label}: repeated and compared", "; ".join(differences[:3]))
            leftovers = self.tool.leftovers(self.place.target)
            self.report.check(not leftovers, f"{label}: temporaries", ", ".join(leftovers[:3]))
        disk.empty()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    workspace.add_options(parser)
    parts = ["repository", "target", "cache", "state"]
    parser.add_argument("--part", action="append", choices=parts, help="fill this disk only; may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer sizes")
    parser.add_argument("--size", type=int, default=20_000_000, metavar="BYTES",
                        help="of the data that do not fit (default 20000000)")
    options = parser.parse_args()
    if os.geteuid() != 0:
        return workspace.fail_early(ToolError("this run mounts file systems and needs root"))
    report = Report()
    try:
        with workspace.workspace(options, "full-disk") as (root, tool):
            FullDisk(options, root, tool, report).run(options.part or parts)
    except ToolError as error:
        report.check(False, str(error))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
