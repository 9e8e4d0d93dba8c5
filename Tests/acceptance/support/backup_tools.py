"""The programs that the scripts drive: one adapter each, all state below one directory."""

import json
import os
import shutil

from .common import Failure, human, last_lines
from .processes import run

PASSWORD = "correct horse battery staple"


class Tool:
    """A backup program with a repository of its own; `home` holds the repository and every cache."""

    name = ""
    #: Subjects of the odd tree that this program is known not to keep.
    cannot_keep = ()
    #: Attributes (see compare_trees.py) that it is known not to bring back.
    cannot_restore = ()
    #: Patterns of single differences that it is known to make in the odd tree.
    known_differences = ()
    #: Where its commands run; the default is `home`.
    directory = None
    #: Whether the program keeps several snapshots, reports what it stored and verifies.
    has_snapshots = True
    #: Fields of the JSON summary: bytes stored, and files read (several are added up).
    data_added_field = "data_added"
    files_read_field = "files_read"

    def __init__(self, binary, home):
        self.binary = binary
        self.home = home
        self.repository = os.path.join(home, "repository")
        self.extra_backup_arguments = []

    def environment(self):
        """The environment of every command: nothing outside `home` is read or written as configuration."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if key in ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
        }
        return {
            **kept,
            "HOME": self.home,
            "XDG_CACHE_HOME": self._directory("cache"),
            "XDG_CONFIG_HOME": self._directory("config"),
            "XDG_STATE_HOME": self._directory("state"),
            "XDG_DATA_HOME": self._directory("data"),
        }

    def version(self):
        """One line that says which program and version this is."""
        return self.run([self.binary, "version"]).stdout.splitlines()[0]

    def run(self, command):
        """Runs a command to its end and returns it; any exit status but 0 is a `Failure`."""
        result = run(command, self.environment(), self.directory or self.home)
        if result.returncode != 0:
            raise Failure(
                f"{self.name} {' '.join(command[1:])[:200]}: exit status {result.returncode}: "
                + last_lines(result.stderr.strip() or result.stdout)
            )
        return result

    def reset(self):
        """Removes repository and caches."""
        for name in os.listdir(self.home):
            path = os.path.join(self.home, name)
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)

    def repository_size(self):
        """Bytes in the repository's files."""
        if os.path.isfile(self.repository):
            return os.path.getsize(self.repository)
        return sum(
            os.lstat(os.path.join(path, name)).st_size for path, _, names in os.walk(self.repository) for name in names
        )

    def init(self):
        """Makes the repository."""
        self.run(self.init_command())

    def summary(self, output):
        """The fields of a backup's JSON summary."""
        for line in reversed(output.splitlines()):
            if line.startswith("{"):
                try:
                    fields = json.loads(line)
                except ValueError:
                    continue
                if fields.get("message_type") == "summary":
                    return fields
        raise Failure(f"{self.name} backup --json printed no line with message_type summary")

    def snapshot_count(self):
        """How many snapshots the repository lists: one JSON array, or a JSON line for each."""
        output = self.run(self.snapshots_command()).stdout
        if output.lstrip()[:1] in ("[", b"["):
            return len(json.loads(output))
        records = [json.loads(line) for line in output.splitlines() if line.strip()]
        return sum(1 for record in records if record.get("message_type") == "snapshot")

    def _directory(self, name):
        path = os.path.join(self.home, name)
        os.makedirs(path, exist_ok=True)
        return path

    # What follows is restic's command line, which holdfast shares.

    def base(self):
        """The program and the options before the command."""
        return [self.binary, "-r", self.repository]

    def init_command(self):
        return [*self.base(), "init"]

    def backup_command(self, paths, *arguments):
        return [*self.base(), "backup", "--json", *self.extra_backup_arguments, *arguments, *paths]

    def snapshots_command(self):
        return [*self.base(), "snapshots", "--json"]

    def restore_command(self, target):
        return [*self.base(), "restore", "latest", "--target", target]

    def check_command(self):
        return [*self.base(), "check", "--read-data"]


class Holdfast(Tool):
    """The program under test, opened by its password; a key file of the user's is not handed on."""

    name = "holdfast"

    def environment(self):
        return {
            **super().environment(),
            "HOLDFAST_PASSWORD": PASSWORD,
            "HOLDFAST_CACHE_DIR": self._directory("cache"),
            "HOLDFAST_STATE_DIR": self._directory("state"),
        }

    def version(self):
        return self.run([self.binary, "--version"]).stdout.strip()


class HoldfastByKeyFile(Holdfast):
    """The program under test, opened by a key file: no password is stretched at each opening."""

    @property
    def key_file(self):
        """The key file, made with the repository."""
        return os.path.join(self.home, "key")

    def environment(self):
        environment = super().environment()
        del environment["HOLDFAST_PASSWORD"]
        if os.path.exists(self.key_file):
            environment["HOLDFAST_KEY_FILE"] = self.key_file
        return environment

    def init_command(self):
        return [*super().init_command(), "--new-key-file", self.key_file]


class Restic(Tool):
    """restic, the nearest peer; its restore knows no holes before 0.15 and its walk no path beyond PATH_MAX."""

    name = "restic"
    cannot_keep = ("deep",)
    cannot_restore = ("holes", "blocks")
    known_differences = (
        r"socket': only in the first tree",
        r"hard-links/b/.*(pipe|null|link)': is a hard link",
        r"target .*\\xef\\xbf\\xbd",
        r"trusted-link': attribute",
        r"read-only': attribute",
        r"odd-name': attribute",
        r"mtime \d+ became -2147483648000000000",
    )
    files_read_field = "files_new+files_changed"

    def environment(self):
        return {**super().environment(), "RESTIC_PASSWORD": PASSWORD, "RESTIC_CACHE_DIR": self._directory("cache")}

    def init_command(self):
        return [*self.base(), "init", "--repository-version", "2"]


class Borg(Tool):
    """borg 1.x; each snapshot is an archive named by number."""

    name = "borg"
    cannot_keep = ("deep",)
    cannot_restore = ("holes", "blocks")

    def environment(self):
        return {
            **super().environment(),
            "BORG_PASSPHRASE": PASSWORD,
            "BORG_BASE_DIR": self._directory("borg"),
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        }

    def version(self):
        return self.run([self.binary, "--version"]).stdout.strip()

    def init_command(self):
        return [self.binary, "init", "-e", "repokey-blake2", self.repository]

    def backup_command(self, paths, *arguments):
        self.archive = getattr(self, "archive", 0) + 1
        return [
            self.binary,
            "create",
            "--json",
            *self.extra_backup_arguments,
            *arguments,
            f"{self.repository}::{self.archive:04d}",
            *paths,
        ]

    def restore_command(self, target):
        # borg extracts into the current directory.
        return [
            "/bin/sh",
            "-c",
            'cd "$1" && exec "$2" extract "$3"',
            "sh",
            target,
            self.binary,
            f"{self.repository}::{self.archive:04d}",
        ]

    def check_command(self):
        return [self.binary, "check", "--verify-data", self.repository]

    def snapshot_count(self):
        return len(json.loads(self.run(self.snapshots_command()).stdout)["archives"])

    def snapshots_command(self):
        return [self.binary, "list", "--json", self.repository]

    def summary(self, output):
        archive = json.loads(output)["archive"]["stats"]
        return {"data_added": archive["deduplicated_size"]}


class Copy(Tool):
    """`cp -a`, a stand-in that shows what the comparison accepts."""

    name = "cp"
    cannot_keep = ("deep",)
    # It makes holes of zeros that were written.
    cannot_restore = ("holes", "blocks")
    # With --parents it looks for the parents' attributes below the current directory.
    directory = "/"
    has_snapshots = False

    def version(self):
        return self.run([self.binary, "--version"]).stdout.splitlines()[0]

    def init(self):
        os.mkdir(self.repository)

    def backup_command(self, paths, *arguments):
        return [self.binary, "-a", "--parents", "-t", self.repository, *paths]

    def restore_command(self, target):
        return [self.binary, "-a", f"{self.repository}/.", target]


class Tar(Copy):
    """GNU tar, the other stand-in."""

    name = "tar"
    # An archive keeps no sockets, and this tar no hard links of fifos and devices.
    cannot_keep = ("deep",)
    known_differences = (r"socket': only in the first tree", r"hard-links/b/(pipe|null)': is a hard link")
    _options = ("--format=posix", "--xattrs", "--xattrs-include=*", "--acls", "--sparse", "--numeric-owner")

    def init(self):
        pass

    def backup_command(self, paths, *arguments):
        return [self.binary, *self._options, "-P", "-cf", self.repository, *paths]

    def restore_command(self, target):
        return [self.binary, *self._options, "-xpf", self.repository, "-C", target]


TOOLS = {tool.name: tool for tool in (Holdfast, Restic, Borg, Copy, Tar)}


def add_holdfast_option(parser):
    """The option that names the program under test."""
    parser.add_argument(
        "--holdfast",
        default=os.environ.get("HOLDFAST_BINARY"),
        metavar="PATH",
        help="the program under test (default: environment HOLDFAST_BINARY, then PATH)",
    )


def find_binary(name, given=None):
    """The absolute path of a program, or a `Failure` that says how to name it."""
    found = shutil.which(given or name)
    if found is None:
        hint = "; give --holdfast PATH or set HOLDFAST_BINARY" if name == "holdfast" else ""
        raise Failure(f"{given or name} is not an executable program{hint}")
    return os.path.abspath(found)


def require_space(directory, needed):
    """Refuses to start where the disk would fill up."""
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise Failure(f"{directory} has {human(free)} free and this run may need {human(needed)}; give another --work")
