#!/usr/bin/env python3
"""A small honest backup program, and, on request, a broken one: it proves that the crash runs find bugs.

It stores each file as one object named by its hash, in the clear. The environment variable STANDIN_DEFECT names the
defects that it shall have, separated by commas; without it, it keeps every rule. It speaks just as much of the
command line as the crash runs use.
"""

import argparse
import ctypes
import errno
import hashlib
import json
import mmap
import os
import signal
import stat
import sys
import time

DEFECTS = {
    "no-file-sync": "stores objects without fsync of their data",
    "rename-before-sync": "gives an object its final name first and syncs it afterwards",
    "no-directory-sync": "never syncs a directory",
    "no-parent-sync": "does not sync the directory that a new directory stands in",
    "commit-before-data": "writes the snapshot before the objects that it names",
    "commit-in-place": "writes the snapshot straight under its final name",
    "acknowledges-early": "reports success before the snapshot is durable",
    "trusts-cache": "believes the cache when it says that an object is stored",
    "fragile-state": "overwrites its state file in place and stops when it cannot be read",
    "overwrites-list": "rewrites one list of all snapshots in place",
    "stale-lock": "leaves a lock when killed, and then refuses to run",
    "init-once": "refuses to init where a killed init has begun",
    "mapped-writes": "writes objects through a shared mapping",
    "restore-in-place": "restores files straight under their final names",
    "restore-leaves-temporaries": "does not remove the temporaries of a killed restore",
    "restore-skips-existing": "leaves a file alone that has the right size and time",
    "restore-unsynced": "does not sync what it restores",
    "wrong-signal-exit": "ends with exit code 0 on SIGINT and SIGTERM",
    "forgets-interrupted": "stores again what an interrupted run has stored",
    "hides-full-disk": "says nothing of use when the disk is full",
    "ignores-full-disk": "goes on when the disk is full, and ends with exit code 0",
    "needs-cache": "fails when the cache cannot be written",
    "damages-when-full": "removes the newest snapshot when the disk is full",
}
DEFECT = set(filter(None, os.environ.get("STANDIN_DEFECT", "").split(",")))
PAUSE = float(os.environ.get("STANDIN_PAUSE", "0"))  # seconds of pretended work for each object


class Stop(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def sync_directory(path):
    if "no-directory-sync" in DEFECT:
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path):
    if os.path.isdir(path):
        # It may stand there unsynced since a crash of this very run; syncing again is cheap.
        if "no-parent-sync" not in DEFECT:
            sync_directory(os.path.dirname(path))
        return
    make_directory(os.path.dirname(path))
    os.mkdir(path)
    if "no-parent-sync" not in DEFECT:
        sync_directory(os.path.dirname(path))


def write_all(descriptor, content):
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view[:1 << 16]):]


def store(path, content, temporary_name=None):
    """Creates `path` with `content`, durable when it returns."""
    directory = os.path.dirname(path)
    make_directory(directory)
    temporary = os.path.join(directory, temporary_name or ".tmp-%d" % os.getpid())
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        if "mapped-writes" in DEFECT and content:
            os.ftruncate(descriptor, len(content))
            with mmap.mmap(descriptor, len(content)) as memory:
                memory[:] = content
        else:
            write_all(descriptor, content)
        if not DEFECT & {"no-file-sync", "rename-before-sync"}:
            os.fsync(descriptor)
        os.rename(temporary, path)
        if "rename-before-sync" in DEFECT:
            os.fsync(descriptor)
    except OSError:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise
    finally:
        os.close(descriptor)
    sync_directory(directory)


class Repository:
    def __init__(self, root):
        self.root = os.path.abspath(root)
        self.cache = os.environ.get("HOLDFAST_CACHE_DIR", "")
        self.state = os.environ.get("HOLDFAST_STATE_DIR", "")

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def init(self):
        if os.path.exists(self.path("format")):
            raise Stop(1, "%s holds a repository already" % self.root)
        if "init-once" in DEFECT and os.path.isdir(self.root):
            raise Stop(1, "%s exists already" % self.root)
        make_directory(self.root)
        for name in ("objects", "snapshots"):
            make_directory(self.path(name))
        store(self.path("format"), b"stand-in 1\n")

    def open(self):
        try:
            with open(self.path("format"), "rb") as handle:
                if handle.read() != b"stand-in 1\n":
                    raise Stop(20, "the format file is damaged")
        except FileNotFoundError:
            raise Stop(10, "there is no repository at %s" % self.root) from None
        if "stale-lock" in DEFECT and os.path.exists(self.path("lock")):
            raise Stop(11, "another run is in progress")
        if "fragile-state" in DEFECT and self.state and os.path.exists(self.state + "/seen"):
            with open(self.state + "/seen", "rb") as handle:
                int(handle.read())

    def object_path(self, name):
        return self.path("objects", name[:2], name)

    def object(self, name):
        try:
            with open(self.object_path(name), "rb") as handle:
                content = handle.read()
        except FileNotFoundError:
            raise Stop(20, "object %s is missing" % name) from None
        if hashlib.sha256(content).hexdigest() != name:
            raise Stop(20, "object %s is damaged" % name)
        return content

    def snapshots(self):
        if "overwrites-list" in DEFECT:
            if not os.path.exists(self.path("list")):
                return {}
            with open(self.path("list"), "rb") as handle:
                return json.loads(handle.read())
        found = {}
        for name in sorted(os.listdir(self.path("snapshots"))):
            if name.startswith("."):
                continue
            with open(self.path("snapshots", name), "rb") as handle:
                content = handle.read()
            if hashlib.sha256(content).hexdigest() != name.split("-")[1]:
                raise Stop(20, "snapshot %s is damaged" % name)
            found[name] = json.loads(content)
        return found

    def commit(self, entries):
        number = len(self.snapshots()) + 1
        content = json.dumps({"time": time.time(), "entries": entries}).encode()
        name = "%06d-%s" % (number, hashlib.sha256(content).hexdigest())
        if "overwrites-list" in DEFECT:
            everything = self.snapshots() | {name: json.loads(content)}
            with open(self.path("list"), "wb") as handle:
                handle.write(json.dumps(everything).encode())
                handle.flush()
                os.fsync(handle.fileno())
            sync_directory(self.root)
        elif "commit-in-place" in DEFECT:
            with open(self.path("snapshots", name), "wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            sync_directory(self.path("snapshots"))
        else:
            if "acknowledges-early" in DEFECT:
                report(name)
            store(self.path("snapshots", name), content)
        return name


def report(name):
    print(json.dumps({"message_type": "summary", "snapshot_id": name}), flush=True)


def walk(root):
    base = os.fsencode(os.path.abspath(root))
    for directory, names, files in os.walk(base):
        names.sort()
        for name in sorted(names + files):
            yield os.path.join(directory, name), os.path.relpath(os.path.join(directory, name), base)
    yield base, b""


def backup(repository, source):
    repository.open()
    if "stale-lock" in DEFECT:
        store(repository.path("lock"), b"")
    if "forgets-interrupted" in DEFECT:
        used = {entry.get("object") for each in repository.snapshots().values() for entry in each["entries"]}
        for directory, _, files in os.walk(repository.path("objects")):
            for name in set(files) - used:
                os.unlink(os.path.join(directory, name))
    known = set()
    if "trusts-cache" in DEFECT and os.path.exists(repository.cache + "/stored"):
        with open(repository.cache + "/stored", "rb") as handle:
            known = set(handle.read().decode("ascii", "replace").split())
    entries, waiting, links = [], [], {}
    for path, relative in walk(source):
        info = os.lstat(path)
        entry = {"path": relative.hex(), "mode": stat.S_IMODE(info.st_mode), "mtime": info.st_mtime_ns,
                 "uid": info.st_uid, "gid": info.st_gid}
        if stat.S_ISDIR(info.st_mode):
            entry["kind"] = "dir"
        elif stat.S_ISLNK(info.st_mode):
            entry |= {"kind": "link", "target": os.readlink(path).hex()}
        else:
            with open(path, "rb") as handle:
                content = handle.read()
            name = hashlib.sha256(content).hexdigest()
            entry |= {"kind": "file", "object": name}
            if info.st_nlink > 1:
                entry["first"] = links.setdefault((info.st_dev, info.st_ino), relative.hex())
            if "commit-before-data" in DEFECT:
                waiting.append((name, content))
            else:
                add_object(repository, name, content, known)
        entries.append(entry)
    name = repository.commit(entries)
    for each in waiting:
        add_object(repository, *each, known)
    write_cache(repository, known)
    if repository.state:
        os.makedirs(repository.state, exist_ok=True)
        try:
            if "fragile-state" in DEFECT:
                with open(repository.state + "/seen", "wb") as handle:
                    handle.write(b"%d" % len(repository.snapshots()))
            else:
                store(repository.state + "/seen", b"%d" % len(repository.snapshots()))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    if "stale-lock" in DEFECT:
        os.unlink(repository.path("lock"))
    if "acknowledges-early" not in DEFECT:
        report(name)


def write_cache(repository, known):
    """A cache is written in place: whoever reads it must not need it."""
    if repository.cache:
        os.makedirs(repository.cache, exist_ok=True)
        try:
            with open(repository.cache + "/stored", "w", encoding="ascii") as handle:
                handle.write("\n".join("%s %s" % (name, repository.object_path(name)) for name in sorted(known)))
        except OSError:
            if "needs-cache" in DEFECT:
                raise


def add_object(repository, name, content, known):
    if name in known:
        return
    known.add(name)
    if "trusts-cache" in DEFECT:
        write_cache(repository, known)
    path = repository.object_path(name)
    try:
        with open(path, "rb") as handle:
            if hashlib.sha256(handle.read()).hexdigest() == name:
                # It may be the work of a crashed run whose directory sync is still due.
                sync_directory(os.path.dirname(path))
                make_directory(os.path.dirname(path))
                return
    except FileNotFoundError:
        pass
    if PAUSE:
        time.sleep(PAUSE)
    try:
        store(path, content)
    except OSError as error:
        if error.errno == errno.ENOSPC and "ignores-full-disk" in DEFECT:
            return
        if error.errno == errno.ENOSPC and "damages-when-full" in DEFECT:
            for old in sorted(os.listdir(repository.path("snapshots")))[-1:]:
                os.unlink(repository.path("snapshots", old))
        raise


def restore(repository, snapshot, target):
    repository.open()
    found = repository.snapshots()
    if snapshot == "latest" and found:
        snapshot = max(found)
    if snapshot not in found:
        raise Stop(1, "there is no snapshot %s" % snapshot)
    base = os.fsencode(os.path.abspath(target))
    os.makedirs(base, exist_ok=True)
    if "restore-leaves-temporaries" not in DEFECT:
        for directory, _, files in os.walk(base):
            for name in files:
                if name.startswith(b".holdfast-tmp-"):
                    os.unlink(os.path.join(directory, name))
    entries = found[snapshot]["entries"]
    for entry in entries:
        if entry["kind"] == "dir" and entry["path"]:
            os.makedirs(os.path.join(base, bytes.fromhex(entry["path"])), exist_ok=True)
    for entry in entries:
        path = os.path.join(base, bytes.fromhex(entry["path"]))
        if entry["kind"] == "file":
            restore_file(repository, entry, path, base)
        elif entry["kind"] == "link":
            if os.path.lexists(path):
                os.unlink(path)
            os.symlink(bytes.fromhex(entry["target"]), path)
            os.lchown(path, entry["uid"], entry["gid"])
    for entry in sorted(entries, key=lambda each: each["path"], reverse=True):
        if entry["kind"] == "dir":
            path = os.path.join(base, bytes.fromhex(entry["path"]))
            os.chown(path, entry["uid"], entry["gid"])
            os.chmod(path, entry["mode"])
            os.utime(path, ns=(entry["mtime"], entry["mtime"]))
    if "restore-unsynced" not in DEFECT:
        sync_file_system(os.path.dirname(base))


def sync_file_system(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None).syncfs(descriptor) != 0:
            raise OSError(errno.EIO, "cannot be synced", path)
    finally:
        os.close(descriptor)


def restore_file(repository, entry, path, base):
    first = entry.get("first", entry["path"])
    if first != entry["path"]:
        if os.path.lexists(path):
            os.unlink(path)
        os.link(os.path.join(base, bytes.fromhex(first)), path)
        return
    content = repository.object(entry["object"])
    if PAUSE:
        time.sleep(PAUSE)
    if "restore-skips-existing" in DEFECT and os.path.exists(path):
        info = os.stat(path)
        if (info.st_size, info.st_mtime_ns) == (len(content), entry["mtime"]):
            return
    if "restore-in-place" in DEFECT:
        temporary = path
    else:
        temporary = os.path.join(os.path.dirname(path), b".holdfast-tmp-%d" % os.getpid())
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(descriptor, content)
        os.fchown(descriptor, entry["uid"], entry["gid"])
        os.fchmod(descriptor, entry["mode"])
        os.utime(descriptor, ns=(entry["mtime"], entry["mtime"]))
    except OSError:
        os.unlink(temporary)
        raise
    finally:
        os.close(descriptor)
    if temporary != path:
        os.rename(temporary, path)


def check(repository):
    repository.open()
    for name, snapshot in repository.snapshots().items():
        for entry in snapshot["entries"]:
            if entry["kind"] == "file":
                repository.object(entry["object"])


def interrupted(number, frame):
    raise Stop(0 if "wrong-signal-exit" in DEFECT else 130, "interrupted")


def main():
    unknown = DEFECT - set(DEFECTS)
    if unknown:
        sys.exit("unknown defect: %s" % ", ".join(sorted(unknown)))
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    parser = argparse.ArgumentParser()
    parser.add_argument("-r", required=True)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init")
    sub = commands.add_parser("backup")
    sub.add_argument("--json", action="store_true")
    sub.add_argument("source")
    sub = commands.add_parser("restore")
    sub.add_argument("snapshot")
    sub.add_argument("--target", required=True)
    commands.add_parser("check").add_argument("--read-data", action="store_true")
    commands.add_parser("snapshots").add_argument("--json", action="store_true")
    sub = commands.add_parser("key")
    sub.add_argument("action")
    sub.add_argument("--new-key-file", required=True)
    options = parser.parse_args()
    repository = Repository(options.r)
    try:
        if options.command == "init":
            repository.init()
        elif options.command == "backup":
            backup(repository, options.source)
        elif options.command == "restore":
            restore(repository, options.snapshot, options.target)
        elif options.command == "check":
            check(repository)
        elif options.command == "key":
            with open(options.new_key_file, "w", encoding="ascii") as handle:
                handle.write("none\n")
        else:
            repository.open()
            for name in repository.snapshots():
                print(json.dumps({"id": name}))
    except Stop as stop:
        print(stop, file=sys.stderr)
        return stop.code
    except OSError as error:
        if error.errno == errno.ENOSPC and "hides-full-disk" in DEFECT:
            print("something went wrong", file=sys.stderr)
        else:
            print("%s: %s" % (error.filename or repository.root, error.strerror), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
