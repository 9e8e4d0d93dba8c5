"""Runs a command under strace and reads the log as entries into and returns from system calls."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Iterator

from .disk_model import ModelError

#: Calls that change files, sync them, or move the descriptors that the former use.
TRACED = """open openat openat2 creat close close_range dup dup2 dup3 fcntl read readv lseek
write writev pwrite64 pwritev pwritev2 copy_file_range sendfile splice ftruncate truncate fallocate
rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat mkdir mkdirat rmdir mknod mknodat
fsync fdatasync syncfs sync sync_file_range msync chmod fchmod fchmodat ?fchmodat2 utimensat
mmap munmap mremap mprotect ioctl io_uring_setup io_submit chdir fchdir clone clone3 fork vfork""".split()

LARGEST_STRING = 1 << 28


def strace_command(log: str, command: list[str]) -> list[str]:
    return ["strace", "-f", "-y", "-xx", "-s", str(LARGEST_STRING), "-o", log, "-e", "trace=" + ",".join(TRACED),
            "-e", "signal=none", "--"] + command


@dataclass
class Call:
    """One system call; `result` and what follows are known only on its return."""

    pid: int
    name: str
    text: str
    line: int
    result: int | None = None
    error: str = ""
    result_path: bytes | None = None
    token: object = None  # what the replay noted on entry
    _arguments: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> list[str]:
        if not self._arguments:
            self._arguments = split_arguments(self.text)
        return self._arguments

    def where(self) -> str:
        return f"line {self.line} of the trace, {self.name}"


TOKEN = re.compile(r'"[^"]*"(?:\.\.\.)?|<[^>]*>|[\[\]{}(),]|[^"<\[\]{}(),]+')
LINE = re.compile(r"(\d+)\s+(.*)", re.DOTALL)
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>\s?(.*)", re.DOTALL)
RETURN = re.compile(r"\)\s+= (-?\d+|0x[0-9a-f]+|\?)(<[^>]*>)?([^()\"]*(?:\([^()]*\))?[^()\"]*)$")
UNFINISHED = " <unfinished ...>"


def split_arguments(text: str) -> list[str]:
    """Splits at the commas of the outermost level."""
    parts, current, depth = [], [], 0
    for match in TOKEN.finditer(text):
        token = match.group()
        if token in ("[", "{", "("):
            depth += 1
        elif token in ("]", "}", ")"):
            depth -= 1
        elif token == "," and depth == 0:
            parts.append("".join(current).strip())
            current = []
            continue
        current.append(token)
    if current:
        parts.append("".join(current).strip())
    return parts


def unescape(text: str) -> bytes:
    """The bytes of a string that `strace -xx` printed, without its quotes."""
    return bytes.fromhex(text.replace("\\x", ""))


def string_argument(text: str, call: Call) -> bytes:
    if text == "NULL":
        return b""
    if text.endswith("..."):
        raise ModelError(f"{call.where()}: the string was cut off")
    if not (text.startswith('"') and text.endswith('"')):
        raise ModelError(f"{call.where()}: {text[:60]!r} is no string")
    return unescape(text[1:-1])


DESCRIPTOR = re.compile(r"(-?\d+|AT_FDCWD)(?:<([^>]*)>)?")


def descriptor_argument(text: str, call: Call) -> tuple[int | None, bytes | None]:
    """Number (None for AT_FDCWD) and path of a descriptor."""
    match = DESCRIPTOR.match(text)
    if not match:
        raise ModelError(f"{call.where()}: {text[:60]!r} is no descriptor")
    path = decode_path(match.group(2))
    return (None if match.group(1) == "AT_FDCWD" else int(match.group(1))), path


def decode_path(text: str | None) -> bytes | None:
    if text is None:
        return None
    if "\\x" in text:
        try:
            return unescape(text)
        except ValueError:
            return text.encode()
    return text.encode()


def read_log(path: str) -> Iterator[tuple[bool, Call]]:
    """(returned, call) in the order of the log; a call that was not interrupted comes twice in a row."""
    waiting: dict[int, Call] = {}
    with open(path, encoding="utf-8", errors="surrogateescape") as handle:
        for number, line in enumerate(handle, 1):
            match = LINE.match(line.rstrip("\n"))
            if not match:
                raise ModelError(f"line {number} of the trace cannot be read: {line[:80]!r}")
            pid, rest = int(match.group(1)), match.group(2)
            if rest.startswith(("+++", "---")):
                continue
            resumed = RESUMED.match(rest)
            if resumed:
                call = waiting.pop(pid, None)
                if call is None or call.name != resumed.group(1):
                    raise ModelError(f"line {number} of the trace resumes what had not begun")
                if finish(call, call.text + resumed.group(2)):
                    yield True, call
                continue
            name, bracket, text = rest.partition("(")
            if not bracket:
                raise ModelError(f"line {number} of the trace cannot be read: {line[:80]!r}")
            call = Call(pid, name, text, number)
            if text.endswith(UNFINISHED):
                call.text = text[:-len(UNFINISHED)]
                waiting[pid] = call
                yield False, call
            elif finish(call, text):
                yield False, call
                yield True, call


def finish(call: Call, text: str) -> bool:
    """Takes the result off the end; False for a call that never returned."""
    # The result stands behind the last bracket; looking at the end only keeps long writes cheap.
    tail_at = max(0, len(text) - 16384)
    match = RETURN.search(text, tail_at)
    if not match:
        if text.rstrip().endswith("= ?"):
            return False
        raise ModelError(f"{call.where()}: no result in {text[-120:]!r}")
    if match.group(1) == "?":
        return False
    call.text = text[:match.start()]
    call._arguments = []
    call.result = int(match.group(1), 0)
    call.error = match.group(3).strip().split(" ")[0] if call.result == -1 else ""
    call.result_path = decode_path(match.group(2)[1:-1] if match.group(2) else None)
    return True
