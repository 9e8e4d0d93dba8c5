"""The backup programs that the crash runs can drive, behind one interface."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
from dataclasses import dataclass

from . import trees
from .processes import Result, Running, run

NO_SPACE = re.compile(rb"no space|not enough space|disk (is )?full|out of space|ENOSPC", re.IGNORECASE)


class ToolError(Exception):
    """The program failed in the preparation, where nothing disturbs it."""


@dataclass(frozen=True)
class Place:
    """Where one trial keeps the program's directories: all below `live`, which is the disk under test."""

    live: str

    @property
    def repository(self) -> str:
        return os.path.join(self.live, "repository")

    @property
    def cache(self) -> str:
        return os.path.join(self.live, "cache")

    @property
    def state(self) -> str:
        return os.path.join(self.live, "state")

    @property
    def target(self) -> str:
        return os.path.join(self.live, "target")


class Tool:
    """A backup program with a command line like restic's."""

    name = "tool"
    interrupted_code = 130
    #: Whether what a restore has reported as done survives a power cut.
    durable_restore = True
    #: Whether it can forget snapshots and free their space.
    prunes = True
    #: Findings that this program is known for; they are noted and not counted as failures.
    known: frozenset[str] = frozenset()

    def __init__(self, place: Place, keys: str, timeout: float, backup_arguments: list[str]) -> None:
        self.place = place
        self.keys = keys
        self.timeout = timeout
        self.backup_arguments = backup_arguments
        self._layout: str | None = None

    # What a subclass says.
    def base(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        raise NotImplementedError

    def is_temporary(self, name: bytes) -> bool:
        raise NotImplementedError

    def recover(self) -> None:
        """What a user is told to do after a crash, before anything else."""

    def add_fast_key(self) -> None:
        """Makes later commands cheaper where the program can."""

    # Command lines.
    def command(self, *arguments: str) -> list[str]:
        return self.base() + list(arguments)

    def init_command(self) -> list[str]:
        return self.command("init")

    def backup_command(self, source: str) -> list[str]:
        return self.command("backup", "--json", *self.backup_arguments, source)

    def restore_command(self, snapshot: str, target: str) -> list[str]:
        return self.command("restore", snapshot, "--target", target)

    def forget_command(self, snapshots: list[str]) -> list[str]:
        return self.command("forget", *snapshots)

    def prune_command(self) -> list[str]:
        return self.command("prune", "--max-unused", "0")

    # Runs.
    def run(self, command: list[str]) -> Result:
        return run(command, self.environment(), self.timeout)

    def start(self, command: list[str]) -> Running:
        return Running(command, self.environment())

    def init(self) -> Result:
        return self.run(self.init_command())

    def backup(self, source: str) -> Result:
        return self.run(self.backup_command(source))

    def restore(self, snapshot: str, target: str) -> Result:
        return self.run(self.restore_command(snapshot, target))

    def restore_again(self, snapshot: str, target: str) -> Result:
        """Repeats a restore into what an interrupted one has left."""
        return self.restore(snapshot, target)

    def check(self) -> Result:
        return self.run(self.command("check", "--read-data"))

    def list(self) -> Result:
        return self.run(self.command("snapshots", "--json"))

    # Answers.
    def snapshot_ids(self, result: Result) -> list[str]:
        """The ids in the output of `snapshots --json`: JSON lines, or one array."""
        found = []
        for value in json_values(result.out):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    if item.get("message_type", "snapshot") not in ("snapshot", "snapshots"):
                        continue
                    name = item.get("id") or item.get("snapshot_id") or item.get("snapshot")
                    if isinstance(name, str):
                        found.append(name)
        return found

    def listed(self, name: str | None, names: list[str]) -> bool:
        """Whether `name`, perhaps a shortened one, is among `names`."""
        return bool(name) and any(each.startswith(str(name)) for each in names)

    def new_snapshot(self, result: Result) -> str | None:
        """The snapshot id that a successful `backup --json` reports."""
        for value in reversed(json_values(result.out)):
            if isinstance(value, dict):
                name = value.get("snapshot_id") or value.get("snapshot")
                if isinstance(name, str) and name:
                    return name
        return None

    def restored_root(self, target: str, source: str) -> str:
        """Where below `target` the program puts `source`; learnt from the first complete restore."""
        choices = {"full path": target + source, "name": os.path.join(target, os.path.basename(source)),
                   "content": target}
        if self._layout is None:
            for layout, path in choices.items():
                if os.path.isdir(path):
                    self._layout = layout
                    break
        return choices[self._layout or "content"]

    def leftovers(self, target: str) -> list[str]:
        """Temporaries below a target, and beside it."""
        parent = os.path.dirname(target)
        found = [os.path.join(parent, name) for name in os.listdir(parent) if self.is_temporary(os.fsencode(name))]
        for directory, names, files in os.walk(target):
            found += [os.path.join(directory, name) for name in names + files
                      if self.is_temporary(os.fsencode(name))]
        return found

    def learn_layout(self, target: str, source: str) -> None:
        """Learns the layout from a complete restore."""
        if not os.path.isdir(self.restored_root(target, source)):
            raise ToolError(f"a restore that was reported as done has left nothing at {target}")

    def must(self, result: Result) -> Result:
        if not result.ok:
            raise ToolError(f"{' '.join(result.command)}: {result.describe()}")
        return result

    def restored_differs(self, snapshot: str, source: str, expected: trees.Manifest, target: str) -> str:
        """Restores into a fresh `target`, compares, removes it; empty when equal."""
        try:
            result = self.restore(snapshot, target)
            if not result.ok:
                return f"restore of {snapshot[:12]} failed with {result.describe()}"
            differences = trees.compare(expected, self.restored_root(target, source))
            if differences:
                return f"restore of {snapshot[:12]} differs: " + "; ".join(differences[:3])
            return ""
        finally:
            shutil.rmtree(target, ignore_errors=True)


def json_values(text: bytes) -> list[object]:
    """One array or object, or one value a line; other lines are skipped."""
    try:
        return [json.loads(text)]
    except ValueError:
        pass
    values = []
    for line in text.splitlines():
        try:
            values.append(json.loads(line))
        except ValueError:
            continue
    return values


class Holdfast(Tool):
    name = "holdfast"
    temporary = re.compile(rb"^\.holdfast[-.]|\.holdfast-(tmp|partial)")

    def __init__(self, place: Place, keys: str, timeout: float, backup_arguments: list[str], binary: str) -> None:
        super().__init__(place, keys, timeout, backup_arguments)
        self.binary = [sys.executable, "-I", "-S", binary] if binary.endswith(".py") else [binary]
        self.key_file = os.path.join(keys, "crash-run.key")
        self.prunes = not binary.endswith(".py")  # the stand-in does not

    def base(self) -> list[str]:
        return self.binary + ["-r", self.place.repository]

    def environment(self) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("HOLDFAST_", "XDG_"))}
        env |= {"HOME": self.keys, "HOLDFAST_CACHE_DIR": self.place.cache, "HOLDFAST_STATE_DIR": self.place.state}
        if os.path.exists(self.key_file):
            env["HOLDFAST_KEY_FILE"] = self.key_file
        else:
            env["HOLDFAST_PASSWORD"] = "crash run"
        return env

    def is_temporary(self, name: bytes) -> bool:
        return bool(self.temporary.search(name))

    def forget_command(self, snapshots: list[str]) -> list[str]:
        return self.command("forget", "--max-remove", "100", *snapshots)

    def add_fast_key(self) -> None:
        self.must(self.run(self.command("key", "add", "--new-key-file", self.key_file)))


class Restic(Tool):
    name = "restic"
    durable_restore = False
    known = frozenset({"half-written", "interrupted-code", "no-reuse", "cache-needed", "retries"})

    def base(self) -> list[str]:
        return ["restic", "-r", self.place.repository, "--cache-dir", self.place.cache]

    def environment(self) -> dict[str, str]:
        return dict(os.environ) | {"RESTIC_PASSWORD": "crash run", "RESTIC_PROGRESS_FPS": "0.01"}

    def backup_command(self, source: str) -> list[str]:
        return self.command("backup", "--json", "--host", "crash-run", *self.backup_arguments, source)

    def is_temporary(self, name: bytes) -> bool:
        return False

    def list(self) -> Result:
        return self.run(self.command("snapshots", "--json", "--no-lock"))

    def restore_command(self, snapshot: str, target: str) -> list[str]:
        return self.command("restore", "--no-lock", snapshot, "--target", target)

    def restore_again(self, snapshot: str, target: str) -> Result:
        # It refuses to restore a link where one stands, and loses the second name of a hard link.
        links = []
        for directory, names, files in os.walk(target):
            for path in [os.path.join(directory, name) for name in names + files]:
                info = os.lstat(path)
                if stat.S_ISLNK(info.st_mode) or (stat.S_ISREG(info.st_mode) and info.st_nlink > 1):
                    links.append(path)
        for path in links:
            os.unlink(path)
        return self.restore(snapshot, target)

    def recover(self) -> None:
        self.run(self.command("unlock", "--remove-all"))


def make_tool(name: str, binary: str | None, place: Place, keys: str, timeout: float,
              backup_arguments: list[str]) -> Tool:
    if name == "restic":
        if not shutil.which("restic"):
            raise ToolError("restic is not installed")
        return Restic(place, keys, timeout, backup_arguments)
    binary = binary or os.environ.get("HOLDFAST_BINARY")
    if not binary:
        raise ToolError("name the program with --holdfast PATH or in the environment as HOLDFAST_BINARY")
    binary = os.path.abspath(binary)
    if not os.access(binary, os.R_OK if binary.endswith(".py") else os.X_OK):
        raise ToolError(f"{binary} is not an executable file")
    return Holdfast(place, keys, timeout, backup_arguments, binary)
