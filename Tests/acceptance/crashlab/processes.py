"""Starts programs, waits for them with a limit, and ends only those it started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Mapping, Sequence


@dataclass
class Result:
    """How one command ended."""

    command: list[str]
    code: int  # negative: the signal that ended it
    out: bytes
    err: bytes
    seconds: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        return self.code == 0

    def text(self) -> str:
        """The end of what it said, for a failure message."""
        said = (self.err or self.out).decode("utf-8", "replace").strip()
        lines = [line for line in said.splitlines() if line.strip()]
        return " | ".join(lines[-4:])[-600:]

    def describe(self) -> str:
        if self.timed_out:
            return f"did not end within {self.seconds:.0f} s"
        ended = f"exit {self.code}" if self.code >= 0 else f"ended by {signal.Signals(-self.code).name}"
        return f"{ended}: {self.text()}"


class Running:
    """A started command in a session of its own, so that its children can be ended with it."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], cwd: str | None = None) -> None:
        self.command = list(command)
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    @property
    def pid(self) -> int:
        return self.process.pid

    def send(self, number: int) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)

    def end_group(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    def wait(self, timeout: float) -> Result:
        timed_out = False
        try:
            out, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            self.end_group()
            out, err = self.process.communicate()
        except BaseException:
            self.end_group()
            self.process.communicate()
            raise
        self.end_group()  # a child that outlived its parent is ours too
        return Result(self.command, self.process.returncode, out, err,
                      time.monotonic() - self.started, timed_out)


def run(command: Sequence[str], env: Mapping[str, str], timeout: float, cwd: str | None = None) -> Result:
    return Running(command, env, cwd).wait(timeout)
