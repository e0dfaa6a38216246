# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs every Exim process that its configuration names danesmtp: `exim -bV` with the driver
against the same with smtp, in turn, many times.
"""
import os
import statistics
import sys
import time

from rows import OURS, THEIRS

RUNS = 40  # a round


def once(argv, null):
    """CPU and wall time in milliseconds."""
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, {"PATH": "/usr/bin:/bin"},
                         file_actions=[(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(argv)} failed")
    return (usage.ru_utime + usage.ru_stime) * 1000, (time.perf_counter() - start) * 1000


def measure(world, rounds, runs):
    """By driver: medians of each round."""
    figures = {driver: {"cpu": [], "wall": []} for driver in (OURS, THEIRS)}
    senders = {driver: world.sender(driver) for driver in figures}
    argv = {driver: [sender.exim_binary, "-C", str(sender.config), "-bV"] for driver, sender in senders.items()}
    with open(os.devnull, "wb") as null:
        for _ in range(rounds):
            took = {driver: [] for driver in figures}
            for turn in range(runs):
                for driver in argv if turn % 2 else reversed(argv):
                    took[driver].append(once(argv[driver], null.fileno()))
            for driver, times in took.items():
                for name, column in zip(("cpu", "wall"), zip(*times)):
                    figures[driver][name].append(statistics.median(column))
    for sender in senders.values():
        world.release(sender)
    return figures
