"""Starts programs so that none outlives the script, however it ends."""

import contextlib
import os
import signal
import subprocess

_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@contextlib.contextmanager
def child(command, **options):
    """Starts `command` in a session of its own and yields the process; an exception kills all of that session.

    The signals that end a script wait while the process is made, for one that came then would leave it unknown.
    """
    process = None
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_accept_signals, **options
            )
        finally:
            _accept_signals()
        yield process
    except BaseException:
        if process is not None and process.returncode is None:
            signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
            with contextlib.suppress(ProcessLookupError):
                # The process leads its session: its number is that of the group.
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            _accept_signals()
        raise


def run(command, environment=None, directory=None):
    """Runs a command to its end and returns it with its output as text."""
    with child(
        command,
        env=environment,
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="backslashreplace",
    ) as process:
        output, errors = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _accept_signals():
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
