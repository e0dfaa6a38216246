# SPDX-License-Identifier: GPL-2.0-or-later
"""What one delivery costs: danesmtp against Exim's own driver, in turn, in the same world. Own driver
with trust-ad, so that it does DANE too. Medians of wall and CPU time of `exim -M`, and the ratio.

    tests/world/enter /usr/bin/python3 tests/bench/delivery_cost.py [MESSAGES]
"""
import resource
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "world"))

from world import World  # noqa: E402  (needs the path above)

DOMAINS = ("ee.lab", "ta.lab", "plain.lab")


def deliver(world, sender, recipient):
    """Wall and CPU seconds of one delivery, the processes it forked included."""
    message_id = sender.inject(recipient)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    sender.deliver(message_id)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if message_id in sender.queue():
        sys.exit(f"{recipient} was not delivered:\n{sender.mainlog()}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with World() as world, world.trust_ad():
        senders = {"danesmtp": world.sender("danesmtp",
                                            {"dane_trust_anchor_file": world.trust_anchor}),
                   "smtp": world.sender("smtp")}
        for domain in DOMAINS:
            times = {driver: [] for driver in senders}
            for turn in range(messages + 2):
                for driver, sender in senders.items():
                    took = deliver(world, sender, f"bob@{domain}")
                    if turn >= 2:
                        times[driver].append(took)
            for index, name in enumerate(("wall", "CPU")):
                ours, theirs = (statistics.median(took[index] for took in times[driver])
                                for driver in senders)
                print(f"{domain:10} {name:4} danesmtp {ours * 1000:6.1f} ms, smtp {theirs * 1000:6.1f} ms, "
                      f"ratio {ours / theirs:.2f} (medians of {messages})", flush=True)


if __name__ == "__main__":
    main()
