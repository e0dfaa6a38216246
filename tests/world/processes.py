# SPDX-License-Identifier: GPL-2.0-or-later
"""A server process of the world: started, polled until it is ready, stopped.

A start that fails leaves no process, says which it was and shows the end of its log. No fixed sleeps: all
waiting is polling with an end.
"""
import contextlib
import os
import signal
import subprocess
import time


# How much longer everything may take: under sanitizers, under valgrind.
SLOWER = float(os.environ.get("DANESMTP_SLOWER", "1"))


class WorldError(Exception):
    """The world could not be made; the text says what and shows the end of the log in question."""


def wait_for(condition, what, seconds=10.0, longest_pause=0.05):
    """Polls until `condition()` is true and returns its value; WorldError(what) after `seconds`.

    `what` may be a function, called when the time is up. Who takes the time wants a short pause.
    """
    end = time.monotonic() + seconds * SLOWER
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise WorldError(f"waited {seconds} s: {what() if callable(what) else what}")
        time.sleep(pause)
        pause = min(pause * 1.5, longest_pause)


def log_tail(path, lines=15):
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log)"


def signal_all(pids, number):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _has_ended(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Process:
    """`name` for messages, `argv`, `log` where its output goes and `more_logs` to show as well; what
    `options` subprocess.Popen has besides."""

    def __init__(self, name, argv, log, more_logs=(), **options):
        self.name = name
        self._logs = [log, *more_logs]
        with open(log, "ab") as out:
            self._popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                           cwd="/", **options)

    def wait_until(self, ready, seconds=10.0):
        def ready_or_dead():
            if self._popen.poll() is not None:
                raise WorldError(self._story(f"ended with status {self._popen.returncode}"))
            return ready()

        try:
            wait_for(ready_or_dead, lambda: self._story("did not become ready"), seconds)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self):
        return self._popen.pid

    def stop_alone(self):
        """Ends it; what it has started goes on."""
        self._popen.terminate()
        self._popen.wait(timeout=10)

    def stop(self):
        """Ends it, and its descendants: it may be but a shell around the server."""
        below = descendants(self._popen.pid) if self._popen.poll() is None else []
        signal_all(below, signal.SIGTERM)
        self._popen.terminate()
        try:
            self._popen.wait(timeout=5)
            wait_for(lambda: all(map(_has_ended, below)), "they do not end", seconds=5)
        except (subprocess.TimeoutExpired, WorldError):
            signal_all(below, signal.SIGKILL)
            self._popen.kill()
            self._popen.wait()

    def _story(self, event):
        logs = "\n".join(f"--- end of {path}\n{log_tail(path)}" for path in self._logs)
        return f"{self.name} {event}\n{logs}"


def descendants(pid):
    """The process ids below `pid`, parents before children; none of what has ended."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                for child in map(int, file.read().split()):
                    found += [child, *descendants(child)]
    return found


def open_files(pid):
    """Their paths; none of a process that has ended."""
    found = []
    with contextlib.suppress(OSError):
        for number in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):  # closed meanwhile; the others count
                found.append(os.readlink(f"/proc/{pid}/fd/{number}"))
    return found


def peak_memory(pid):
    """KiB, the most that it had (VmHWM); 0 of a process that has ended. What wait4() says has its parent's in it."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0)
    return 0


def has_connection(pid):
    """True for the process that runs the transport: it has a socket to the mail server."""
    with open(f"/proc/{pid}/net/tcp", encoding="ascii") as file:
        mine = open_files(pid)
        return any(f"socket:[{line.split()[9]}]" in mine for line in file.readlines()[1:])
