"""Work directories, results, signals and small text helpers that every acceptance script uses."""

import os
import signal
import stat
import sys
import tempfile

OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Failure(Exception):
    """Something that ends a script with a message instead of a traceback."""


class Results:
    """Counts checks as they are made and prints each one."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, succeeded, detail=""):
        """Records one check; `detail` is printed with a failure, or after a success in brackets."""
        if succeeded:
            self.passed += 1
            say(f"ok    {name}" + (f" ({detail})" if detail else ""))
        else:
            self.failed += 1
            say(f"FAIL  {name}" + (f": {detail}" if detail else ""))
        return succeeded

    def skip(self, name, reason):
        """Says what was not checked, and why; counts as neither passed nor failed."""
        say(f"skip  {name}: {reason}")

    def finish(self):
        """Prints the last line and returns the exit status; a run without one check has failed."""
        say(f"{self.passed} passed, {self.failed} failed")
        return 0 if self.failed == 0 and self.passed > 0 else 1


class WorkDirectory:
    """A fresh directory below `parent` (or the system's temporary directory) that is removed on the way out."""

    def __init__(self, parent, purpose, keep=False):
        self.keep = keep
        self._made_parent = False
        if parent is not None and not os.path.isdir(parent):
            os.makedirs(parent)
            self._made_parent = True
        self._parent = parent
        self.path = os.path.realpath(tempfile.mkdtemp(prefix=f"{purpose}-", dir=parent))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.keep:
            say(f"kept  {self.path}")
            return
        remove_tree(self.path)
        if self._made_parent:
            try:
                os.rmdir(self._parent)
            except OSError:
                pass

    def sub(self, *names):
        """The path of a directory below this one, made if it is not there."""
        path = os.path.join(self.path, *names)
        os.makedirs(path, exist_ok=True)
        return path


def say(text):
    """Prints a line at once, so that a log tells how far a run has come."""
    print(text, flush=True)


def stop_on_signals():
    """Turns termination signals into `SystemExit`, so that every `finally` runs."""

    def stop(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def run_main(main):
    """Runs a script's `main` and exits with its status; a `Failure` is one line on standard error and status 1."""
    stop_on_signals()
    try:
        status = main()
    except Failure as failure:
        sys.stdout.flush()
        print(f"{os.path.basename(sys.argv[0])}: {failure}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


def shown(name):
    """A file name, of whatever bytes, as one printable line."""
    text = repr(os.fsencode(name))[1:]
    return text if len(text) <= 300 else f"{text[:140]}…{text[-140:]} ({len(os.fsencode(name))} bytes)"


def last_lines(text, count=6):
    """The end of a program's output on one line, each of its lines shortened."""
    lines = [line if len(line) <= 240 else f"{line[:120]}…{line[-120:]}" for line in text.split("\n") if line.strip()]
    return " | ".join(lines[-count:])


def human(count):
    """A number of bytes with a binary unit."""
    for unit in ("B", "KiB", "MiB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.2f} GiB"


def remove_tree(path):
    """Removes a tree of any depth without following a link; holds two descriptors at most."""
    path = os.path.abspath(os.fsencode(path))
    if not os.path.lexists(path):
        return
    parent, name = os.path.split(path)
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        os.unlink(path)
        return
    current = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    # The names of directories still to remove, one list for each level of the descent.
    pending = [[os.fsdecode(name)]]
    try:
        while True:
            if pending[-1]:
                name = pending[-1][-1]
                inner = _open_to_remove(name, current)
                directories = _remove_files(inner)
                if directories:
                    os.close(current)
                    current = inner
                    pending.append(directories)
                else:
                    os.close(inner)
                    os.rmdir(name, dir_fd=current)
                    pending[-1].pop()
            else:
                pending.pop()
                if not pending:
                    return
                upper = os.open("..", OPEN_DIRECTORY, dir_fd=current)
                os.close(current)
                current = upper
                os.rmdir(pending[-1].pop(), dir_fd=current)
    finally:
        os.close(current)


def _open_to_remove(name, parent):
    try:
        descriptor = os.open(name, OPEN_DIRECTORY, dir_fd=parent)
    except PermissionError:
        os.chmod(name, 0o700, dir_fd=parent)
        descriptor = os.open(name, OPEN_DIRECTORY, dir_fd=parent)
    if os.geteuid() != 0:
        os.fchmod(descriptor, 0o700)
    return descriptor


def _remove_files(descriptor):
    """Unlinks all but directories and returns the names of those."""
    with os.scandir(descriptor) as entries:
        listed = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in listed:
        if not is_directory:
            os.unlink(name, dir_fd=descriptor)
    return [name for name, is_directory in listed if is_directory]
