# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 of whatever process of the sender's is at work, of each role as often, and what each may explain."""
import contextlib
import os
import signal
import time

from account import Fault
from processes import descendants
from thread import Thread
from victims import Victims, is_there

EVERY = (0.3, 2.5)  # seconds


class Kills:
    """`count` is called with what was done."""

    def __init__(self, sender, station, rng, count):
        self._victims = Victims(sender, station)
        self._rng = rng
        self._count = count
        self._open = []  # (time, message ids, deliveries that go on without their parent)
        self.faults = []
        self.threads = [Thread(self._kills), Thread(self._end_faults)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        for thread in self.threads:
            thread.stop()

    def _kills(self, stop):
        while not stop.wait(self._rng.uniform(*EVERY)):
            chosen = self._victims.choose(self._rng)
            if chosen:
                with contextlib.suppress(ProcessLookupError):
                    self._kill(*chosen)

    def _kill(self, role, pid):
        os.kill(pid, signal.SIGSTOP)  # or it has another message by the time that it is killed
        ids = self._victims.messages_of(pid)
        orphans = descendants(pid)
        os.kill(pid, signal.SIGKILL)
        self._count(f"kill of a {role}")
        if ids:
            self._open.append((time.time(), ids, orphans))

    def _end_faults(self, stop):
        while self._open or not stop.is_set():
            time.sleep(0.1)
            for one in list(self._open):
                begin, ids, orphans = one
                if not any(map(is_there, orphans)):
                    self.faults.append(Fault("kill", begin, time.time() if orphans else begin, ids))
                    self._open.remove(one)
