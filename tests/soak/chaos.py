# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong in a soak, by a seed: one trouble after the other, and kills beside them."""
import random

from kills import Kills
from station import LONGEST_RUN
from thread import Thread
from troubles import Troubles

PAUSE = (0.5, 4.0)  # seconds


class Chaos:
    def __init__(self, world, sender, station, rng, tell):
        self._rng = rng
        self._tell = tell
        self._thread = Thread(self._run)
        self._troubles = Troubles(world, sender, station, rng, self._thread.pause)
        self._kills = Kills(sender, station, random.Random(rng.random()), self._count)
        self.troubles = list(self._troubles.all)  # names
        self.rollovers = self._troubles.rollovers
        self.done = {}
        self.errors = []

    @property
    def faults(self):
        return [*self._troubles.faults, *self._kills.faults]

    @property
    def threads(self):
        return [self._thread, *self._kills.threads]

    def start(self):
        self._thread.start()
        self._kills.start()

    def stop(self):
        """Ends it; every trouble has been undone."""
        self._thread.stop(LONGEST_RUN)
        self._kills.stop()

    def _count(self, name):
        self.done[name] = self.done.get(name, 0) + 1

    def _run(self, stop):
        while not stop.wait(self._rng.uniform(*PAUSE)):
            name = self._rng.choice(self.troubles)
            self._tell(name)
            self._count(name)
            try:
                self._troubles.all[name]()
            except Exception as error:  # told in the account: a trouble that could not be made is none
                self.errors.append(f"{name}: {error}")
