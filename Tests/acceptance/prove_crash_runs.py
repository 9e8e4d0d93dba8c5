#!/usr/bin/env python3
# Shows that the crash runs find bugs: runs them on an honest little backup program and on broken ones.
#
#     sudo python3 Tests/acceptance/prove_crash_runs.py
#
# Takes about five minutes; without root the runs of full_disk.py are left out. Needs strace.
"""Runs power_loss.py, kill_campaign.py and full_disk.py on the stand-in of crashlab/standin.py.

The honest stand-in must pass each of them. With one defect switched on, the run that is meant to find it must fail,
and its output must say what the defect does.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from dataclasses import dataclass

sys.dont_write_bytecode = True

from crashlab.processes import run  # noqa: E402
from crashlab.report import Report  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
POWER = ["power_loss.py", "--sample", "40", "--max-failures", "3"]
KILL = ["kill_campaign.py", "--size", "1500000", "--files", "20", "--changes", "6"]
DISK = ["full_disk.py", "--quick", "--size", "4000000"]
LATE = ["--phase", "first", "--phase", "second"]
MIB30 = ["--interrupt-size", "30000000"]


@dataclass(frozen=True)
class Proof:
    defect: str  # empty: the honest program
    command: list[str]
    finding: str = ""  # what the output must say, a regular expression


PROOFS = [
    Proof("", POWER + ["--restore"]),
    Proof("no-file-sync", POWER + LATE, "is damaged|had been reported as stored"),
    Proof("rename-before-sync", POWER + LATE, "is damaged"),
    Proof("no-directory-sync", POWER + LATE, "had been reported as stored and is gone"),
    Proof("no-parent-sync", POWER + LATE, r"object \w+ is missing"),
    Proof("commit-before-data", POWER + LATE, r"object \w+ is missing"),
    Proof("commit-in-place", POWER + LATE, "snapshot .* is damaged"),
    Proof("acknowledges-early", POWER + LATE, "had been reported as stored and is gone"),
    Proof("trusts-cache", POWER + LATE, "after the repeated backup.*is missing"),
    Proof("fragile-state", POWER + LATE, "check failed"),
    Proof("overwrites-list", POWER + LATE, "check failed"),
    Proof("stale-lock", POWER + LATE, "another run is in progress"),
    Proof("init-once", POWER + ["--phase", "init"], "init cannot be repeated"),
    Proof("mapped-writes", POWER + ["--phase", "init"], "mapped shared and writable"),
    Proof("restore-skips-existing", POWER + ["--restore", "--phase", "restore"], "after the repeated restore.*content"),
    Proof("restore-unsynced", POWER + ["--restore", "--phase", "restore"], "the restore had reported success, yet"),
    Proof("", KILL + MIB30 + ["--trials", "40"]),
    Proof("trusts-cache", KILL + ["--trials", "30", "--part", "backup"], "is missing"),
    Proof("commit-before-data", KILL + ["--trials", "30", "--part", "backup"], "is missing"),
    Proof("stale-lock", KILL + ["--trials", "10", "--part", "backup"], "another run is in progress"),
    Proof("overwrites-list", KILL + ["--trials", "2", "--every", "--part", "backup"], "snapshots: exit"),
    Proof("restore-in-place", KILL + ["--trials", "40", "--part", "restore"], "stands under its final name"),
    Proof("restore-leaves-temporaries", KILL + ["--trials", "40", "--part", "restore"], "should not be there"),
    Proof("wrong-signal-exit", KILL + MIB30 + ["--part", "interrupt"], "exit code: exit 0"),
    Proof("forgets-interrupted", KILL + MIB30 + ["--part", "interrupt"], "FAIL .*: reuse"),
    Proof("", DISK),
    Proof("hides-full-disk", DISK + ["--part", "repository", "--part", "target"], "says that there is no space"),
    Proof("ignores-full-disk", ["full_disk.py", "--part", "repository"], "the snapshot that it reports: .*is missing"),
    Proof("damages-when-full", DISK + ["--part", "repository"], "earlier snapshot is listed"),
    Proof("needs-cache", DISK + ["--part", "cache"], "a full cache disk must not stop a backup"),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", default=tempfile.gettempdir(), metavar="DIR", help="where the runs work")
    parser.add_argument("--seed", default="1", help="seed of the runs (default 1)")
    parser.add_argument("--only", metavar="WORD", default="", help="only proofs whose command or defect holds WORD")
    options = parser.parse_args()
    report = Report()
    standin = os.path.join(HERE, "crashlab", "standin.py")
    for proof in PROOFS:
        if options.only not in f"{proof.command[0]} {proof.defect}":
            continue
        if proof.command[0] == "full_disk.py" and os.geteuid() != 0:
            report.note("left out, needs root: full_disk.py")
            continue
        command = [sys.executable, os.path.join(HERE, proof.command[0]), *proof.command[1:], "--holdfast", standin,
                   "--work", options.work, "--seed", options.seed]
        result = run(command, dict(os.environ) | {"STANDIN_DEFECT": proof.defect}, 900)
        text = result.out.decode("utf-8", "replace")
        label = f"{proof.command[0]} {proof.defect or 'with the honest program'}"
        last = text.strip().splitlines()[-1:] or [""]
        if not proof.defect:
            good, detail = result.code == 0, text[-2000:]
        else:
            found = [line for line in text.splitlines() if line.startswith("FAIL") and re.search(proof.finding, line)]
            good, detail = result.code == 1 and bool(found), f"{proof.finding!r} not found in: {text[-2000:]}"
        report.check(good, label, detail + result.err.decode("utf-8", "replace")[-500:])
        report.say(f"{label}: {last[0]} ({result.seconds:.0f} s)")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
