# SPDX-License-Identifier: GPL-2.0-or-later
"""Which processes of a sender there are to be killed, and which message each has at hand."""
import os
import re
from pathlib import Path

from processes import descendants, open_files

_SPOOL_FILE = re.compile(r"/input/(\w{6}-\w+-\w+)-[DHJ]|-MC\S* (\w{6}-\w+-\w+)")


class Victims:
    def __init__(self, sender, station):
        self._spool = str(sender.spool)
        self._config = str(sender.config).encode()
        self._station = station

    def choose(self, rng):
        """A process id of one below the daemon and the queue runs, or one of those runs; None: there is none."""
        pids = [pid for pid in exim_processes(self._config) if pid != self._station.daemon_pid]
        return rng.choice(pids) if pids else None

    def messages_of(self, pid):
        """Ids: of the process, of those it works for and of those that work for it."""
        family = [pid, *self._above(pid), *descendants(pid)]
        return {found for each in family for found in self._ids(each)}

    def _above(self, pid):
        found = []
        while (pid := parent(pid)) > 1 and pid != self._station.daemon_pid and pid != os.getpid():
            found.append(pid)
        return found

    def _ids(self, pid):
        texts = [command_line(pid).replace(b"\0", b" ").decode(errors="replace"),
                 *(text for text in open_files(pid) if self._spool in text)]
        return {first or second for text in texts for first, second in _SPOOL_FILE.findall(text)}


def exim_processes(config):
    """Process ids of every Exim that was started with that configuration file."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if config in command_line(pid) and not is_python(pid)]


def is_python(pid):
    return b"python" in command_line(pid).partition(b"\0")[0]


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def parent(pid):
    """0 where there is none any more."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()[1])
    except OSError:
        return 0
