"""Counts the reads of file content that a command makes below a directory, with strace."""

import os
import re
import shutil
from dataclasses import dataclass, field

from .common import Failure
from .processes import run

#: Calls that read from a descriptor that stands as their first argument (copy_file_range and splice too).
READS = ("read", "pread64", "readv", "preadv", "preadv2", "copy_file_range", "splice", "sendfile", "mmap", "mmap2")
#: Stands for the path of a file that strace cannot name because it is longer than PATH_MAX.
TOO_LONG = b"(a path too long to name)"
_CALL = re.compile(rb"^(\w+)\((.*)\) += (0x[0-9a-f]+|-?\d+|\?)")
# strace -y writes a descriptor as 7</its/path>, with <, > and odd bytes of the path escaped.
_DESCRIPTOR = re.compile(rb"^(\d+)(?:<((?:[^<>\\]|\\.)*)(?:<[^>]*>)?>(?:\(deleted\))?)?(?:, |$)")


@dataclass
class ReadTrace:
    """What was read below the directory: calls that returned bytes, and the files they were made on."""

    calls: int = 0
    bytes: int = 0
    opened: int = 0
    files: set = field(default_factory=set)
    #: Set if the command used io_uring, whose reads strace does not see.
    hidden: bool = False
    status: int = 0
    output: str = ""


def trace_reads(command, sources, directory, environment=None, cwd=None):
    """Runs `command` under strace with its log below `directory`, and counts reads of files below each of `sources`."""
    if shutil.which("strace") is None:
        raise Failure("strace is not installed; install it or give --no-trace")
    log = os.path.join(directory, "trace")
    os.mkdir(log)
    # One log for each thread (-ff), so that no call is split in two by another's.
    calls = ",".join(("openat", "openat2", "io_uring_setup", *(f"?{call}" for call in READS)))
    result = run(
        [
            "strace",
            "-ff",
            "--seccomp-bpf",
            "-qq",
            "-y",
            "-s",
            "0",
            "-e",
            "signal=none",
            "-e",
            f"trace={calls}",
            "-o",
            os.path.join(log, "thread"),
            "--",
            *command,
        ],
        environment,
        cwd,
    )
    trace = ReadTrace(status=result.returncode, output=result.stdout)
    if result.returncode != 0:
        trace.output = result.stderr or result.stdout
    prefixes = tuple(os.path.realpath(os.fsencode(source)).rstrip(b"/") + b"/" for source in sources)
    for name in os.listdir(log):
        with open(os.path.join(log, name), "rb") as lines:
            for line in lines:
                _count(line, prefixes, trace)
    shutil.rmtree(log)
    return trace


def _count(line, prefixes, trace):
    match = _CALL.match(line)
    if match is None:
        return
    call, arguments, returned = match.groups()
    if call == b"io_uring_setup":
        trace.hidden = trace.hidden or not returned.startswith(b"-")
        return
    if call.startswith(b"open"):
        # The opened descriptor's path stands after the result.
        opened = line[match.end() :]
        if (
            opened.startswith(b"<")
            and opened[1:].startswith(prefixes)
            and b"O_DIRECTORY" not in arguments
            and b"O_PATH" not in arguments
        ):
            trace.opened += 1
        return
    if returned.startswith((b"-", b"?")) or returned == b"0":
        return
    path = _path(call, arguments)
    if path is None or path.startswith(prefixes):
        trace.calls += 1
        trace.files.add(TOO_LONG if path is None else path)
        trace.bytes += 0 if call.startswith(b"mmap") else int(returned)


def _path(call, arguments):
    """The path of the descriptor that a call reads from, None if strace could not name it (longer than PATH_MAX)."""
    if call.startswith(b"mmap"):
        if b"MAP_ANONYMOUS" in arguments:
            return b""
        arguments = arguments.split(b", ", 4)[-1]
    elif call == b"sendfile":
        arguments = arguments.split(b">, ", 1)[-1]
    match = _DESCRIPTOR.match(arguments)
    return match.group(2) if match else b""
