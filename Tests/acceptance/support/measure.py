"""Runs a command to its end and measures time, processor time and memory of it and all its children."""

import os
import subprocess
import threading
import time
from dataclasses import dataclass

from .common import Failure, last_lines
from .processes import child

SAMPLE_INTERVAL = 0.020


@dataclass
class Measurement:
    """What one run cost; seconds and bytes."""

    wall: float
    cpu: float
    peak_anonymous: int
    peak_resident: int
    load_before: float


def measured(command, environment, directory, log):
    """Runs `command`, then `sync`, and measures both together; output goes to the file `log`.

    The clock runs until everything written is on the disk, so that nobody gains by leaving data in the page cache.
    Earlier writes are synced before it starts.
    """
    os.sync()
    load = os.getloadavg()[0]
    with open(log, "wb") as output:
        start = time.monotonic()
        with child(command, env=environment, cwd=directory, stdout=output, stderr=subprocess.STDOUT) as process:
            sampler = _Sampler(process.pid)
            sampler.start()
            try:
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                os.sync()
                wall = time.monotonic() - start
            finally:
                sampler.stop()
    if process.returncode != 0:
        with open(log, encoding="utf-8", errors="backslashreplace") as output:
            raise Failure(f"{' '.join(command)[:200]}: exit status {process.returncode}: {last_lines(output.read())}")
    return Measurement(wall, usage.ru_utime + usage.ru_stime, sampler.anonymous, sampler.resident, load)


class _Sampler(threading.Thread):
    """Adds up RssAnon, and VmRSS, over a process and its descendants, time and again, and keeps the highest sums.

    Not `ru_maxrss`: that counts the memory of this script, which the child shares until it runs its program.
    """

    def __init__(self, root):
        super().__init__(daemon=True)
        self.anonymous = self.resident = 0
        self._root = root
        self._stopped = threading.Event()

    def run(self):
        while not self._stopped.wait(SAMPLE_INTERVAL):
            sizes = [_memory(process) for process in _descendants(self._root)]
            self.anonymous = max(self.anonymous, sum(anonymous for anonymous, _ in sizes))
            self.resident = max(self.resident, sum(resident for _, resident in sizes))

    def stop(self):
        """Ends the sampling and waits for its thread."""
        self._stopped.set()
        self.join()


def _descendants(root):
    """A process and its children of any degree."""
    found = [root]
    for process in found:
        try:
            for task in os.listdir(f"/proc/{process}/task"):
                with open(f"/proc/{process}/task/{task}/children", "rb") as children:
                    found += map(int, children.read().split())
        except OSError:
            # It ended between two looks.
            pass
    return found


def _memory(process):
    """RssAnon and VmRSS of a process in bytes; zeros if it has ended."""
    anonymous = resident = 0
    try:
        with open(f"/proc/{process}/status", "rb") as status:
            for line in status:
                if line.startswith(b"VmRSS:"):
                    resident = int(line.split()[1]) << 10
                elif line.startswith(b"RssAnon:"):
                    anonymous = int(line.split()[1]) << 10
                    break
    except OSError:
        pass
    return anonymous, resident
