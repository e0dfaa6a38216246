# SPDX-License-Identifier: GPL-2.0-or-later
"""Which processes of a sender there are to be killed, the part that each has, and which message each has at hand."""
import os
import re
import subprocess
import time
from pathlib import Path

from processes import open_files

_SPOOL_FILE = re.compile(r"/input/(\w{6}-\w+-\w+)-[DHJ]|-MC\S* (\w{6}-\w+-\w+)")
_UNIX_SOCKET = re.compile(r"^u_str .* (\d+) +\* (\d+) *$", re.M)


class Victims:
    def __init__(self, sender, station):
        self._spool = str(sender.spool)
        self._config = str(sender.config).encode()
        self._station = station

    def roles(self):
        """Process ids by role; not the daemon."""
        found = {}
        for pid in exim_processes(self._config):
            if pid != self._station.daemon_pid:
                found.setdefault(role_of(command_line(pid), open_files(pid)), []).append(pid)
        return found

    def choose(self, rng):
        """(role, process id): of each role as often; None: there is none."""
        roles = self.roles()
        return (role := rng.choice(sorted(roles)), rng.choice(roles[role])) if roles else None

    def messages_of(self, pid):
        """Ids: of the process, of those that it works for, and of the one that a relay works for."""
        return frozenset(found for each in (pid, *self._above(pid), *connected(pid)) for found in self.ids(each))

    def all_messages(self):
        """Ids: of all processes."""
        return frozenset(found for pid in exim_processes(self._config) for found in self.ids(pid))

    def of_session(self, leader, seconds):
        """(process ids, message ids) of all that a subprocess.Popen begins which leads a session, until none of it is
        there."""
        pids, ids, end = set(), set(), time.monotonic() + seconds
        while time.monotonic() < end:
            leader.poll()  # or it is there for good
            here = [pid for pid in every_process() if session(pid) == leader.pid]
            if not here:
                break
            pids.update(here)
            ids.update(found for pid in here for found in self.ids(pid))
            time.sleep(0.02)
        return frozenset(pids), frozenset(ids)

    def _above(self, pid):
        found = []
        while (pid := parent(pid)) > 1 and pid != self._station.daemon_pid and pid != os.getpid():
            found.append(pid)
        return found

    def ids(self, pid):
        texts = [command_line(pid).replace(b"\0", b" ").decode(errors="replace"),
                 *(text for text in open_files(pid) if self._spool in text)]
        return {first or second for text in texts for first, second in _SPOOL_FILE.findall(text)}


def role_of(command, files):
    """By what it has open: a relay has its two sockets alone, a delivery the journal, its transport a socket too."""
    sockets = len({file for file in files if file.startswith("socket:")})
    if any(file.endswith("-J") for file in files):
        return "transport" if sockets else "delivery"
    if sockets > 1:
        return "relay"
    return "queue runner" if b"\0-q" in command else "reception"


def connected(pid):
    """Process ids at the other ends of its Unix sockets."""
    told = subprocess.run(["ss", "-xH"], capture_output=True, text=True, check=True, timeout=60).stdout
    peers = dict(_UNIX_SOCKET.findall(told))
    others = {f"socket:[{peers[inode]}]" for inode in re.findall(r"socket:\[(\d+)\]", "\n".join(open_files(pid)))
              if inode in peers}
    return [each for each in every_process() if others & set(open_files(each))] if others else []


def every_process():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def exim_processes(config):
    """Process ids of every Exim that was started with that configuration file."""
    return [pid for pid in every_process() if config in command_line(pid) and not is_python(pid)]


def is_there(pid):
    """Not of one that has ended and is not waited for."""
    return command_line(pid) != b""


def is_python(pid):
    return b"python" in command_line(pid).partition(b"\0")[0]


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def parent(pid):
    """0 where there is none any more."""
    return _stat(pid, 1)


def session(pid):
    """As parent()."""
    return _stat(pid, 3)


def _stat(pid, field):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()[field])
    except OSError:
        return 0
