# SPDX-License-Identifier: GPL-2.0-or-later
"""What messages of 1.9 kB cost in a queue run: danesmtp against Exim's own driver of the same binary, in
turn, in the same world, warm. Own driver at its best: the resolver is warm, validates and is believed
(trust-ad), sessions are resumed if the row says so. CPU time is that of all processes of the sender,
detached ones included. Prints a table in Markdown: medians of the rounds, their spread, the ratio.

    tests/world/enter /usr/bin/python3 tests/bench/queue_cost.py [ROW...] [--messages N] [--rounds N]
"""
import argparse
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "world"))

from world import World  # noqa: E402  (needs the path above)

SPENT = Path(__file__).with_name("spent.py")
BODY = "x" * 70 + "\n"


@dataclass
class Row:
    text: str
    domain: str
    queue: str = "-qf"
    both: dict = field(default_factory=dict)  # options of either driver
    ours: dict = field(default_factory=dict)
    body: str = BODY * 22


ALONE = {"connection_max_messages": "1"}
ROWS = {
    "dane": Row("3 1 1, a connection a message", "ee.lab", both=ALONE),
    "dane-resumed": Row("3 1 1, sessions resumed by both", "ee.lab", both={"tls_resumption_hosts": "*", **ALONE}),
    "dane-full": Row("3 1 1, sessions resumed by neither", "ee.lab", both=ALONE, ours={"dane_tls_resumption": "no"}),
    "anchor": Row("2 0 1, a connection a message", "ta.lab", both=ALONE),
    "plain": Row("no DANE, delegated", "plain.lab", both=ALONE),
    "no-tlsa": Row("signed, no TLSA records", "signed-no-tlsa.lab", both=ALONE),
    "one-connection": Row("3 1 1, one connection", "ee.lab", queue="-qqff", both={"connection_max_messages": "0"}),
    "cache-off": Row("3 1 1, nothing kept", "ee.lab", both=ALONE, ours={"dane_cache": "", "dane_tls_resumption": "no"}),
    "large": Row("3 1 1, 1 MB a message", "ee.lab", both=ALONE, body=BODY * 14800),
}


def run(sender, row, messages):
    """CPU and wall milliseconds a message."""
    for _ in range(messages):
        sender.inject(f"bob@{row.domain}", body=row.body)
    done = subprocess.run([sys.executable, str(SPENT), sender.exim_binary, "-C", str(sender.config), row.queue],
                          check=True, capture_output=True, text=True)
    if left := sender.queue():
        sys.exit(f"{row.text}: {len(left)} messages were not delivered:\n{sender.mainlog()[-2000:]}")
    return tuple(float(figure) / messages for figure in done.stdout.split())


def measure(world, row, messages, rounds):
    senders = {"danesmtp": world.sender("danesmtp", {"dane_trust_anchor_file": world.trust_anchor,
                                                     **row.both, **row.ours}),
               "smtp": world.sender("smtp", dict(row.both))}
    figures = {driver: [] for driver in senders}
    for turn in range(rounds + 1):
        for driver in senders if turn % 2 else reversed(senders):
            figures[driver].append(run(senders[driver], row, messages))
    for sender in senders.values():
        world.release(sender)
    return {driver: tuple(zip(*took[1:])) for driver, took in figures.items()}


def cells(figures, index):
    ours, theirs = figures["danesmtp"][index], figures["smtp"][index]
    ratio = statistics.median(ours) / statistics.median(theirs)
    return " | ".join([*(f"{statistics.median(took):.2f} ({min(took):.2f} to {max(took):.2f})"
                         for took in (ours, theirs)), f"{ratio:.2f}"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], default=[])
    parser.add_argument("--messages", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    with World() as world, world.trust_ad():
        print(f"Milliseconds a message, medians (least to most) of {arguments.rounds} rounds of "
              f"{arguments.messages} messages.\n\n| row | CPU danesmtp | CPU smtp | ratio | wall danesmtp "
              "| wall smtp | ratio |\n|---|---|---|---|---|---|---|")
        for name in arguments.rows or ROWS:
            row = ROWS[name]
            figures = measure(world, row, arguments.messages, arguments.rounds)
            print(f"| `{name}`: {row.text} | {cells(figures, 0)} | {cells(figures, 1)} |", flush=True)


if __name__ == "__main__":
    main()
