"""Replays a trace on the disk model: descriptors, paths, and every call that changes files below one directory."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Callable

from .disk_model import DiskModel, Inode, ModelError, SyncMark, Unmodelled
from .strace_log import Call, decode_path, descriptor_argument, read_log, string_argument, unescape

WRITES = {"write", "writev", "pwrite64", "pwritev", "pwritev2"}
SYNCS = {"fsync", "fdatasync", "syncfs", "sync"}
#: Calls that change files and are not modelled; on a tracked file they stop the run.
REFUSED = {"splice", "truncate"}
NOT_INTERESTING = {"sync_file_range", "msync", "io_submit"}


@dataclass(eq=False)
class OpenFile:
    """An open file description, shared by duplicated descriptors."""

    inode: Inode | None  # None: outside the directory under test
    path: bytes
    offset: int = 0
    append: bool = False
    durable: bool = False  # O_SYNC, O_DSYNC
    writable: bool = False


@dataclass(eq=False)
class Process:
    files: dict[int, OpenFile]
    directory: bytes


class Replay:
    """Feeds a DiskModel from a trace, and calls back after each operation that changed it."""

    def __init__(self, model: DiskModel, live: str, directory: str, acknowledgement: bytes | None,
                 after: Callable[[], None]) -> None:
        self.model = model
        self.live = os.fsencode(live)
        self.start_directory = os.fsencode(directory)
        self.acknowledgement = acknowledgement
        self.acknowledged_at: int | None = None  # number of operations done when success was reported
        self.after = after
        self.processes: dict[int, Process] = {}
        self.shared_maps: list[tuple[int, int, Process]] = []
        self._said = b""

    def run(self, log: str) -> None:
        parents = self._parents(log)
        for returned, call in read_log(log):
            process = self._process(call.pid, parents)
            if not returned:
                self._enter(call, process)
            elif call.result is not None and call.result != -1 and not call.error:
                self._leave(call, process)

    # Processes.
    def _parents(self, log: str) -> dict[int, tuple[int, bool]]:
        """child → (parent, shares descriptors), read first because a child may be seen before its clone returns."""
        found: dict[int, tuple[int, bool]] = {}
        for returned, call in read_log(log):
            if returned and call.name in ("clone", "clone3", "fork", "vfork") and (call.result or 0) > 0:
                found[call.result or 0] = (call.pid, "CLONE_FILES" in call.text)
        return found

    def _process(self, pid: int, parents: dict[int, tuple[int, bool]]) -> Process:
        if pid not in self.processes:
            if pid in parents:
                parent, shares = parents[pid]
                model = self._process(parent, parents)
                self.processes[pid] = model if shares else Process(dict(model.files), model.directory)
            elif not self.processes:
                self.processes[pid] = Process({}, self.start_directory)
            else:
                raise ModelError(f"process {pid} appears in the trace without a parent")
        return self.processes[pid]

    # Paths.
    def _tracked(self, path: bytes | None) -> bool:
        return path is not None and (path == self.live or path.startswith(self.live + b"/"))

    def _open_file(self, text: str, call: Call, process: Process) -> OpenFile | None:
        """The tracked open file behind a descriptor argument; None where it is none of ours."""
        number, path = descriptor_argument(text, call)
        if not self._tracked(path):
            return None
        known = process.files.get(number if number is not None else -1)
        if known is None or known.inode is None:
            raise ModelError(f"{call.where()}: descriptor {number} of {path!r} was not seen being opened")
        return known

    def _resolve(self, start: Inode | None, path: bytes, follow: bool, depth: int = 0
                 ) -> tuple[Inode, bytes, Inode | None] | None:
        """(directory, name, inode) of a path, following links; None where it leads outside."""
        if depth > 40:
            raise ModelError(f"too many links on the way to {path!r}")
        if path.startswith(b"/"):
            clean = os.path.normpath(path) if b".." in path else path
            if not self._tracked(clean):
                return None
            start, path = self.model.root, clean[len(self.live):]
        if start is None:
            return None
        trail = [start]
        parts = [part for part in path.split(b"/") if part not in (b"", b".")]
        if not parts:
            return start, b"", start
        for position, part in enumerate(parts):
            directory = trail[-1]
            if part == b"..":
                if len(trail) == 1:
                    return None
                trail.pop()
                continue
            inode = directory.entries.get(part)
            last = position == len(parts) - 1
            if inode is not None and inode.kind == "link" and (follow or not last):
                rest = b"/".join([inode.target] + parts[position + 1:])
                return self._resolve(directory, rest, follow, depth + 1)
            if last:
                return directory, part, inode
            if inode is None or inode.kind != "dir":
                raise ModelError(f"{path!r} leads through {part!r}, which the model does not know")
            trail.append(inode)
        return trail[-1], b"", trail[-1]

    def _at(self, call: Call, process: Process, directory: int | None, path: int, follow: bool = False
            ) -> tuple[Inode, bytes, Inode | None] | None:
        """Resolves the path in argument `path`, relative to the descriptor in argument `directory`."""
        name = string_argument(call.arguments[path], call)
        if name.startswith(b"/"):
            return self._resolve(None, name, follow)
        base: bytes | None = process.directory
        if directory is not None:
            number, base = descriptor_argument(call.arguments[directory], call)
            if number is not None:
                opened = process.files.get(number)
                if opened is not None and opened.inode is not None and self._tracked(base):
                    if not name:
                        return opened.inode, b"", opened.inode
                    return self._resolve(opened.inode, name, follow)
        if base is None:
            raise ModelError(f"{call.where()}: no directory for {name!r}")
        return self._resolve(None, base + b"/" + name, follow)

    # Entries into calls.
    def _enter(self, call: Call, process: Process) -> None:
        if call.name in SYNCS:
            if call.name in ("sync", "syncfs"):
                call.token = self.model.begin_sync(None)
            else:
                opened = self._open_file(call.text.strip().rstrip(")"), call, process)
                if opened is not None:
                    call.token = self.model.begin_sync(opened.inode, attributes=call.name == "fsync")

    # Returns from calls.
    def _leave(self, call: Call, process: Process) -> None:
        name = call.name
        if name in NOT_INTERESTING:
            return
        if name in ("io_uring_setup",):
            raise Unmodelled(f"{call.where()}: io_uring hides what it writes")
        handler = getattr(self, "_do_" + {"openat": "open", "openat2": "open", "creat": "open"}.get(name, name), None)
        if name in WRITES:
            self._write(call, process)
        elif name in SYNCS:
            if isinstance(call.token, SyncMark):
                self.model.end_sync(call.token)
                self._done(call)
        elif name in REFUSED:
            if self.live in b"".join(_all_strings(call.text)):
                raise Unmodelled(f"{call.where()}: not modelled")
        elif handler is not None:
            handler(call, process)

    def _done(self, call: Call, what: bytes = b"") -> None:
        text = what.decode("utf-8", "backslashreplace")
        if not text:
            head = call.text[:20000]
            found = _all_strings(head) or [decode_path(path) or b"" for path in re.findall(r"<([^>]*)>", head)]
            text = " ".join(self._relative(part).decode("utf-8", "backslashreplace") for part in found[:2])
        self.model.done(f"{call.name} {text}".strip())
        self.after()

    def _relative(self, path: bytes) -> bytes:
        return path[len(self.live) + 1:] if self._tracked(path) else path

    def _do_open(self, call: Call, process: Process) -> None:
        arguments, number = call.arguments, call.result or 0
        if call.name == "open":
            at, path, flags, mode = None, 0, arguments[1], arguments[2:3]
        elif call.name == "creat":
            at, path, flags, mode = None, 0, "O_WRONLY|O_CREAT|O_TRUNC", arguments[1:2]
        elif call.name == "openat":
            at, path, flags, mode = 0, 1, arguments[2], arguments[3:4]
        else:
            how = arguments[2]
            at, path = 0, 1
            flags = (re.search(r"flags=([A-Z_|0-9a-z]+)", how) or [None, ""])[1]
            mode = [found[1]] if (found := re.search(r"mode=(\d+)", how)) else []
        permissions = int(mode[0], 8) & ~0o022 if mode and mode[0].isdigit() else 0o644
        set_of = set(flags.split("|"))
        known_path = call.result_path or b""
        opened = OpenFile(None, known_path, append="O_APPEND" in set_of,
                          durable=bool(set_of & {"O_SYNC", "O_DSYNC"}),
                          writable=bool(set_of & {"O_WRONLY", "O_RDWR"}))
        process.files[number] = opened
        place = self._at(call, process, at, path, follow="O_NOFOLLOW" not in set_of)
        if place is None:
            if self._tracked(known_path):
                raise ModelError(f"{call.where()}: {known_path!r} was opened on a way the model cannot follow")
            return
        directory, name, inode = place
        if "O_TMPFILE" in set_of:
            opened.inode = self.model.anonymous(permissions)
            return
        if inode is None:
            if "O_CREAT" not in set_of:
                raise ModelError(f"{call.where()}: {name!r} is opened but unknown")
            opened.inode = self.model.create(directory, name, "file", permissions)
            self._done(call, b"create " + self._relative(known_path))
            return
        opened.inode = inode
        if "O_TRUNC" in set_of and inode.data:
            self.model.resize(inode, 0, opened.durable)
            self._done(call, b"truncate " + self._relative(known_path))

    def _do_close(self, call: Call, process: Process) -> None:
        number, _ = descriptor_argument(call.arguments[0], call)
        process.files.pop(number if number is not None else -1, None)

    def _do_close_range(self, call: Call, process: Process) -> None:
        first, last = int(call.arguments[0].split("<")[0]), call.arguments[1]
        if "CLOEXEC" in call.text:
            return
        limit = int(last, 0) if re.fullmatch(r"\d+|0x[0-9a-f]+", last) else 1 << 31
        for number in [number for number in process.files if first <= number <= limit]:
            del process.files[number]

    def _do_dup(self, call: Call, process: Process) -> None:
        number, _ = descriptor_argument(call.arguments[0], call)
        opened = process.files.get(number if number is not None else -1)
        if opened is not None:
            process.files[call.result or 0] = opened
        else:
            process.files.pop(call.result or 0, None)

    _do_dup2 = _do_dup3 = _do_dup

    def _do_fcntl(self, call: Call, process: Process) -> None:
        if call.arguments[1].startswith("F_DUPFD"):
            self._do_dup(call, process)
        elif call.arguments[1] == "F_SETFL":
            opened = self._open_file(call.arguments[0], call, process)
            if opened is not None:
                opened.append = "O_APPEND" in call.arguments[2]

    def _any_file(self, text: str, call: Call, process: Process) -> OpenFile | None:
        number, path = descriptor_argument(text, call)
        opened = process.files.get(number if number is not None else -1)
        if opened is not None and path is not None and path.startswith(b"/"):
            return opened
        return None

    def _do_read(self, call: Call, process: Process) -> None:
        number, path = descriptor_argument(call.text.partition(",")[0], call)
        opened = process.files.get(number if number is not None else -1)
        if opened is not None and path is not None and path.startswith(b"/"):
            opened.offset += call.result or 0

    _do_readv = _do_read

    def _do_lseek(self, call: Call, process: Process) -> None:
        opened = self._any_file(call.arguments[0], call, process)
        if opened is not None:
            opened.offset = call.result or 0

    def _write(self, call: Call, process: Process) -> None:
        descriptor = call.text.partition(",")[0]
        number, path = descriptor_argument(descriptor, call)
        if not self._tracked(path):
            if number == 1 and self.acknowledgement and self.acknowledged_at is None:
                self._said += b"".join(_all_strings(call.text[len(descriptor):]))
                if self.acknowledgement in self._said:
                    self.acknowledged_at = len(self.model.operations)
            return
        opened = self._open_file(descriptor, call, process)
        assert opened is not None and opened.inode is not None
        if '"...' in call.text:
            raise ModelError(f"{call.where()}: the data was cut off")
        content = b"".join(_all_strings(call.text[len(descriptor):]))[:call.result]
        if len(content) != call.result:
            raise ModelError(f"{call.where()}: {len(content)} bytes in the trace, {call.result} written")
        if call.name in ("pwrite64", "pwritev", "pwritev2"):
            offset = int(call.arguments[3])
            if offset < 0:
                raise Unmodelled(f"{call.where()}: offset -1 is not modelled")
        else:
            offset = len(opened.inode.data) if opened.append else opened.offset
            opened.offset = offset + len(content)
        self.model.write(opened.inode, offset, content, opened.durable)
        self._done(call, self._relative(path or b"") + b" %d bytes at %d" % (len(content), offset))

    def _copy(self, call: Call, process: Process, source: str, at: str, target: str, to: str) -> None:
        output = self._open_file(target, call, process)
        origin = self._any_file(source, call, process)
        length = call.result or 0
        given = re.match(r"\[(\d+)", at)
        start = int(given[1]) if given else (origin.offset if origin else 0)
        if origin is not None and not given:
            origin.offset += length
        if output is None or output.inode is None:
            return
        if origin is None:
            raise Unmodelled(f"{call.where()}: copies from what is no file")
        if origin.inode is not None:
            content = bytes(origin.inode.data[start:start + length])
        else:
            with open(origin.path, "rb") as handle:  # the source tree does not change during the run
                handle.seek(start)
                content = handle.read(length)
        given = re.match(r"\[(\d+)", to)
        offset = int(given[1]) if given else (len(output.inode.data) if output.append else output.offset)
        if not given:
            output.offset = offset + length
        self.model.write(output.inode, offset, content, output.durable)
        self._done(call)

    def _do_copy_file_range(self, call: Call, process: Process) -> None:
        a = call.arguments
        self._copy(call, process, a[0], a[1], a[2], a[3])

    def _do_sendfile(self, call: Call, process: Process) -> None:
        a = call.arguments
        self._copy(call, process, a[1], a[2], a[0], "NULL")

    def _do_ftruncate(self, call: Call, process: Process) -> None:
        opened = self._open_file(call.arguments[0], call, process)
        if opened is not None and opened.inode is not None:
            self.model.resize(opened.inode, int(call.arguments[1], 0), opened.durable)
            self._done(call)

    def _do_fallocate(self, call: Call, process: Process) -> None:
        opened = self._open_file(call.arguments[0], call, process)
        if opened is None or opened.inode is None:
            return
        mode, offset, length = set(call.arguments[1].split("|")), int(call.arguments[2]), int(call.arguments[3])
        if mode - {"0", "FALLOC_FL_KEEP_SIZE", "FALLOC_FL_PUNCH_HOLE", "FALLOC_FL_ZERO_RANGE"}:
            raise Unmodelled(f"{call.where()}: mode {call.arguments[1]} is not modelled")
        size, end = len(opened.inode.data), offset + length
        if mode & {"FALLOC_FL_PUNCH_HOLE", "FALLOC_FL_ZERO_RANGE"} and offset < size:
            self.model.write(opened.inode, offset, bytes(min(end, size) - offset), opened.durable)
        if "FALLOC_FL_KEEP_SIZE" not in mode and end > size:
            self.model.resize(opened.inode, end, opened.durable)
        self._done(call)

    # Names.
    def _names(self, call: Call, process: Process, old: tuple[int | None, int], new: tuple[int | None, int]
               ) -> tuple[tuple[Inode, bytes, Inode | None], tuple[Inode, bytes, Inode | None]] | None:
        first, second = self._at(call, process, *old), self._at(call, process, *new)
        if first is None and second is None:
            return None
        if first is None or second is None:
            raise Unmodelled(f"{call.where()}: moves across the border of the directory under test")
        return first, second

    def _rename(self, call: Call, process: Process, old: tuple[int | None, int], new: tuple[int | None, int]) -> None:
        pair = self._names(call, process, old, new)
        if pair is None:
            return
        if "RENAME_WHITEOUT" in call.text:
            raise Unmodelled(f"{call.where()}: not modelled")
        (source, name, inode), (destination, other, _) = pair
        self.model.rename(source, name, destination, other, "RENAME_EXCHANGE" in call.text)
        self._done(call, name + b" -> " + other)

    def _do_rename(self, call: Call, process: Process) -> None:
        self._rename(call, process, (None, 0), (None, 1))

    def _do_renameat(self, call: Call, process: Process) -> None:
        self._rename(call, process, (0, 1), (2, 3))

    _do_renameat2 = _do_renameat

    def _do_link(self, call: Call, process: Process) -> None:
        self._link(call, process, (None, 0), (None, 1))

    def _do_linkat(self, call: Call, process: Process) -> None:
        self._link(call, process, (0, 1), (2, 3))

    def _link(self, call: Call, process: Process, old: tuple[int | None, int], new: tuple[int | None, int]) -> None:
        place = self._at(call, process, *new)
        if place is None:
            return
        directory, name, _ = place
        text = string_argument(call.arguments[old[1]], call)
        inode: Inode | None = None
        through_proc = re.fullmatch(rb"/proc/(?:self|thread-self|\d+)/fd/(\d+)", text)
        if through_proc or (not text and "AT_EMPTY_PATH" in call.text):
            number = int(through_proc[1]) if through_proc else int(call.arguments[old[0] or 0].split("<")[0])
            opened = process.files.get(number)
            inode = opened.inode if opened else None
        else:
            origin = self._at(call, process, *old, follow="AT_SYMLINK_FOLLOW" in call.text)
            inode = origin[2] if origin else None
        if inode is None:
            raise ModelError(f"{call.where()}: links {text!r}, which the model does not know")
        self.model.link(inode, directory, name)
        self._done(call, b"-> " + name)

    def _symlink(self, call: Call, process: Process, at: int | None, path: int) -> None:
        place = self._at(call, process, at, path)
        if place is not None:
            directory, name, _ = place
            self.model.create(directory, name, "link", 0o777, string_argument(call.arguments[0], call))
            self._done(call, name)

    def _do_symlink(self, call: Call, process: Process) -> None:
        self._symlink(call, process, None, 1)

    def _do_symlinkat(self, call: Call, process: Process) -> None:
        self._symlink(call, process, 1, 2)

    def _remove(self, call: Call, process: Process, at: int | None, path: int) -> None:
        place = self._at(call, process, at, path)
        if place is not None:
            self.model.remove(place[0], place[1])
            self._done(call, place[1])

    def _do_unlink(self, call: Call, process: Process) -> None:
        self._remove(call, process, None, 0)

    _do_rmdir = _do_unlink

    def _do_unlinkat(self, call: Call, process: Process) -> None:
        self._remove(call, process, 0, 1)

    def _mkdir(self, call: Call, process: Process, at: int | None, path: int) -> None:
        place = self._at(call, process, at, path)
        if place is not None:
            mode = call.arguments[-1]
            self.model.create(place[0], place[1], "dir", int(mode, 8) & ~0o022 if mode.isdigit() else 0o755)
            self._done(call, place[1])

    def _mknod(self, call: Call, process: Process, at: int | None, path: int) -> None:
        place = self._at(call, process, at, path)
        if place is not None:
            kind = "file" if "S_IFREG" in call.arguments[path + 1] else "other"
            self.model.create(place[0], place[1], kind, 0o644)
            self._done(call, place[1])

    def _do_mknod(self, call: Call, process: Process) -> None:
        self._mknod(call, process, None, 0)

    def _do_mknodat(self, call: Call, process: Process) -> None:
        self._mknod(call, process, 0, 1)

    def _do_mkdir(self, call: Call, process: Process) -> None:
        self._mkdir(call, process, None, 0)

    def _do_mkdirat(self, call: Call, process: Process) -> None:
        self._mkdir(call, process, 0, 1)

    # Attributes.
    def _chmod(self, call: Call, inode: Inode | None, mode: str) -> None:
        if inode is not None and mode.isdigit():
            inode.mode = int(mode, 8)
            self._done(call)

    def _do_chmod(self, call: Call, process: Process) -> None:
        place = self._at(call, process, None, 0, follow=True)
        self._chmod(call, place[2] if place else None, call.arguments[1])

    def _do_fchmodat(self, call: Call, process: Process) -> None:
        place = self._at(call, process, 0, 1, follow=True)
        self._chmod(call, place[2] if place else None, call.arguments[2])

    _do_fchmodat2 = _do_fchmodat

    def _do_fchmod(self, call: Call, process: Process) -> None:
        opened = self._open_file(call.arguments[0], call, process)
        self._chmod(call, opened.inode if opened else None, call.arguments[1])

    def _do_utimensat(self, call: Call, process: Process) -> None:
        if call.arguments[1] == "NULL":
            opened = self._open_file(call.arguments[0], call, process)
            inode = opened.inode if opened else None
        else:
            place = self._at(call, process, 0, 1, follow="AT_SYMLINK_NOFOLLOW" not in call.text)
            inode = place[2] if place else None
        if inode is None:
            return
        times = re.findall(r"tv_sec=(-?\d+), tv_nsec=(\d+)|(UTIME_NOW|UTIME_OMIT)", call.arguments[2])
        if len(times) == 2:
            seconds, nanoseconds, special = times[1]
            if special == "UTIME_OMIT":
                return
            inode.mtime = None if special else int(seconds) * 1_000_000_000 + int(nanoseconds)
        else:
            inode.mtime = None
        self._done(call)

    # Calls that would write past the model.
    def _forget_maps(self, address: int, length: int, process: Process) -> None:
        self.shared_maps = [each for each in self.shared_maps
                            if each[2] is not process or each[0] >= address + length or each[0] + each[1] <= address]

    def _do_munmap(self, call: Call, process: Process) -> None:
        if self.shared_maps:
            self._forget_maps(int(call.arguments[0], 0), int(call.arguments[1]), process)

    def _do_mmap(self, call: Call, process: Process) -> None:
        arguments = call.arguments
        if self.shared_maps:
            self._forget_maps(call.result or 0, int(arguments[1]), process)
        if "MAP_SHARED" not in arguments[3] or arguments[4].startswith("-1"):
            return
        opened = self._open_file(arguments[4], call, process)
        if opened is None:
            return
        if "PROT_WRITE" in arguments[2]:
            raise Unmodelled(f"{call.where()}: {opened.path!r} is mapped shared and writable, so what is written"
                             " cannot be seen")
        if opened.writable:
            self.shared_maps.append((call.result or 0, int(arguments[1]), process))

    def _do_mremap(self, call: Call, process: Process) -> None:
        address, length = int(call.arguments[0], 0), int(call.arguments[1])
        if any(each[2] is process and each[0] < address + length and each[0] + each[1] > address
               for each in self.shared_maps):
            self.shared_maps.append((call.result or 0, int(call.arguments[2]), process))

    def _do_mprotect(self, call: Call, process: Process) -> None:
        if "PROT_WRITE" not in call.arguments[2] or not self.shared_maps:
            return
        address = int(call.arguments[0], 0)
        for start, length, owner in self.shared_maps:
            if owner is process and start <= address < start + length:
                raise Unmodelled(f"{call.where()}: makes a shared mapping writable")

    def _do_ioctl(self, call: Call, process: Process) -> None:
        if "FICLONE" in call.text or "FIDEDUPERANGE" in call.text:
            if self._open_file(call.arguments[0], call, process) is not None:
                raise Unmodelled(f"{call.where()}: clones are not modelled")

    def _do_chdir(self, call: Call, process: Process) -> None:
        process.directory = os.path.join(process.directory, string_argument(call.arguments[0], call))

    def _do_fchdir(self, call: Call, process: Process) -> None:
        process.directory = descriptor_argument(call.arguments[0], call)[1] or process.directory


def _all_strings(text: str) -> list[bytes]:
    """Every quoted string of a call's arguments; in calls that write, these are the data."""
    return [unescape(found) for found in re.findall(r'"([^"]*)"', text)]
