# SPDX-License-Identifier: GPL-2.0-or-later
"""How much memory and how many descriptors the processes of a station have, by role; and what is too much."""
import collections
import contextlib
import os

from processes import open_files
from victims import command_line, role_of

SAMPLE_EVERY = 2  # seconds
SETTLED = 10  # seconds after which a daemon should not grow any more
LIFE = 30  # seconds of a daemon from which on its growth counts
GROWTH = (2, 4096)  # descriptors, kB
# Descriptors, kB: about twice as many as were seen.
CEILING = {"daemon": (16, 18_000), "queue runner": (30, 18_000), "delivery": (30, 18_000), "transport": (45, 18_000),
           "relay": (25, 18_000), "reception": (20, 18_000)}


class Memory:
    """`peaks`: the most descriptors and kB by role; `lives`: the same of each daemon, in their order."""

    def __init__(self):
        self.peaks = {}
        self.lives = collections.defaultdict(list)

    def look_at(self, pid, daemon):
        with contextlib.suppress(OSError, StopIteration):  # it has ended
            role = "daemon" if pid == daemon else role_of(command_line(pid), open_files(pid))
            self.add(role, pid, sample(pid))

    def add(self, role, pid, seen):
        self.peaks[role] = tuple(map(max, seen, self.peaks.get(role, seen)))
        if role == "daemon":
            self.lives[pid].append(seen)

    def growth(self):
        """(descriptors, kB) that a daemon grew by at most, each by itself; None: none lived so long."""
        late = SETTLED // SAMPLE_EVERY
        grown = [(life[-1][0] - life[late][0], life[-1][1] - life[late][1])
                 for life in self.lives.values() if SAMPLE_EVERY * len(life) > LIFE]
        return tuple(map(max, *grown, grown[0])) if grown else None

    def faults(self, is_long):
        """What is too much, a line each; of a run that is long enough also what was never seen."""
        growth = self.growth()
        if growth and any(map(int.__gt__, growth, GROWTH)):
            yield f"a daemon grew by up to {growth[0]} descriptors, {growth[1]} kB"
        if is_long and not growth:
            yield f"no daemon was seen for {LIFE} s"
        for role, ceiling in CEILING.items():
            peak = self.peaks.get(role)
            if peak and any(map(int.__gt__, peak, ceiling)):
                yield f"a {role} had up to {peak[0]} descriptors, {peak[1]} kB"
            if is_long and not peak:
                yield f"no {role} was seen"


def sample(pid):
    """(descriptors, kB of its own: not what it maps, those pages go and come back as the machine likes)."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        own = next(int(line.split()[1]) for line in file if line.startswith("RssAnon:"))
    return len(os.listdir(f"/proc/{pid}/fd")), own
