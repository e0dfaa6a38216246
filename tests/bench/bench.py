# SPDX-License-Identifier: GPL-2.0-or-later
"""What deliveries cost: danesmtp, Exim's own driver of the same binary at its best (the resolver is warm,
validates and is believed; TLS sessions resumed or not) and Postfix, in turn, in the private signed world,
to a receiver that takes everything. Figures go to a file, a page is made from them.

    tests/world/enter /usr/bin/python3 tests/bench/bench.py [ROW...] [--quick] [--page [FOLDER]]

scripts/bench does the set-up before.
"""
import argparse
import dataclasses
import datetime
import itertools
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "world"))

import page  # noqa: E402  (needs the path above, as all below)
import parts  # noqa: E402
import start_up  # noqa: E402
from counters import TOP, Sink, counted  # noqa: E402
from meter import kind  # noqa: E402
from rows import EVERY_ROW, OURS, PARTS, ROWS, START_UP, THEIRS  # noqa: E402
from senders import peers  # noqa: E402
from watchers import Watchers  # noqa: E402
from world import World  # noqa: E402
from zone import Signing, Zone, issued, one_mx  # noqa: E402

RESULTS = TOP / "build/bench/results.json"
EE, TA, UNSIGNED, SIGNED, PLAIN = (f"192.0.2.{number}" for number in range(240, 245))
STS = "192.0.2.248"
COUNTED = ("connections", "handshakes", "resumed", "packets", "questions")


def zones(cold):
    """Of the benchmarks; `cold` is how many domains the one has that are asked for once each."""
    each = "\n".join(f"d{n} MX 10 mx.d{n}\nmx.d{n} A {EE}\n_25._tcp.mx.d{n} TLSA 3 1 1 =ee"
                     for n in range(cold))
    return [Zone("bench-ee", one_mx(EE, "3 1 1 =ee"), mail=None),
            Zone("bench-ta", one_mx(TA, "2 1 1 =intermediate"), mail=None),
            Zone("bench-unsigned", one_mx(UNSIGNED), signing=Signing.UNSIGNED, mail=None),
            Zone("bench-signed", one_mx(SIGNED), mail=None),
            Zone("bench-sts", one_mx(STS), signing=Signing.UNSIGNED, mail=None),
            Zone("bench-plain", one_mx(PLAIN), signing=Signing.UNSIGNED, mail=None),
            Zone("bench-cold", each, mail=None)]


def start_sink(world):
    ee = world.certificates["ee"].pem_file
    ta = world.certificates.issue(issued("bench-ta")).pem_file
    sts = world.certificates.issue(issued("bench-sts")).pem_file
    sink = Sink(world.directory, [(EE, ee), (TA, ta), (UNSIGNED, ee), (SIGNED, ee), (PLAIN, "-"), (STS, sts)])
    world.ends_here(sink.stop)
    return sink


class Bench:
    def __init__(self, world, arguments):
        self._world = world
        self._arguments = arguments
        self._sink = start_sink(world)
        self._cold = (f"bob@d{number}.bench-cold.lab" for number in itertools.count())

    def row(self, name):
        """By peer and kind of figure, a list with one entry a round, each of one message."""
        rounds = self._arguments.rounds
        if name == START_UP:
            return start_up.measure(self._world, rounds, 2 if self._arguments.smoke else start_up.RUNS)
        row = ROWS[name]
        if self._arguments.two:
            row = dataclasses.replace(row, takes_part=(OURS, THEIRS))
        messages = min(row.messages, self._arguments.messages or row.messages)
        taking_part, figures = {}, {}
        watchers = Watchers(self._world, {"bench-sts.lab": "mx.bench-sts.lab"}) if row.watched else None
        try:
            for peer, sender in peers(self._world, row):
                taking_part[peer] = sender
                figures[peer] = {}
            for turn in range(rounds + 1):  # the first one warms
                for peer in _rotated(list(taking_part), turn):
                    told = self._one(row, taking_part[peer], messages)
                    if turn:
                        _append(figures[peer], told)
        finally:
            for sender in taking_part.values():
                sender.close()
            if watchers:
                watchers.stop()
        if watchers and watchers.reports != messages * (rounds + 1):
            sys.exit(f"{row.text}: {watchers.reports} reports of {messages * (rounds + 1)} messages")
        return figures

    def _one(self, row, sender, messages):
        sender.put([next(self._cold) if row.domain == "cold" else f"bob@bench-{row.domain}.lab"
                    for _ in range(messages)])
        before = counted(self._world.directory, self._sink)
        cost = sender.run()
        after = counted(self._world.directory, self._sink)
        sender.expect(messages)
        if (arrived := after["messages"] - before["messages"]) != messages:
            sys.exit(f"{row.text}: {arrived} of {messages} have arrived")
        return {"cpu": cost.cpu / messages, "wall": cost.wall / messages, "memory": cost.memory,
                **{name: (after[name] - before[name]) / messages for name in COUNTED}}


def _rotated(names, turn):
    start = turn % len(names)
    return names[start:] + names[:start]


def _append(figures, told):
    for name, figure in told.items():
        figures.setdefault(name, []).append(figure)


def told_by(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True, cwd="/").stdout.strip()


def circumstances(world):
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
    exim = told_by(world.exim.binary, "-bV").split()[2]
    postfix = told_by("postconf", "-h", "mail_version")
    return {"date": datetime.date.today().isoformat(), "processors": os.cpu_count(),
            "model": model[1] if model else platform.machine(), "kernel": platform.release(),
            "exim": exim, "postfix": postfix, "meter": kind().version,
            "loads": [os.getloadavg()[0]]}


def measure(names, arguments):
    cold = ROWS["cold"]
    most = cold.messages * (arguments.rounds + 1) * len(cold.takes_part)
    with World(more_zones=zones(most if "cold" in names else 1)) as world, world.trust_ad():
        bench = Bench(world, arguments)
        results = {"rounds": arguments.rounds, **circumstances(world), "rows": {}}
        if PARTS in names:
            results[PARTS] = parts.measure(world, 5 if arguments.smoke else 300)
        for name in (name for name in names if name != PARTS):
            results["rows"][name] = bench.row(name)
            results["loads"].append(os.getloadavg()[0])
            print(page.line(name, results["rows"][name]), flush=True)
    return results


def parse():
    parser = argparse.ArgumentParser(prog="scripts/bench", description="What deliveries cost.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join([*EVERY_ROW, PARTS]))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--messages", type=int, help="a round, at the most")
    parser.add_argument("--quick", action="store_true", help="three rounds of ten messages")
    parser.add_argument("--smoke", action="store_true", help="does it run? One round of two messages")
    parser.add_argument("--two", action="store_true", help="danesmtp and Exim's own driver alone")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file of figures")
    parser.add_argument("--old", action="store_true", help="measures nothing: takes the file as it is")
    parser.add_argument("--page", type=Path, nargs="?", const=TOP / "doc", metavar="FOLDER",
                        help="writes PERFORMANCE.md and performance.svg, into doc/ if no other is named")
    arguments = parser.parse_args()
    if unknown := set(arguments.rows) - {*EVERY_ROW, PARTS}:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    if arguments.quick:
        arguments.rounds, arguments.messages = 3, 10
    if arguments.smoke:
        arguments.rounds, arguments.messages = 1, 2
    return arguments


def smoke(arguments):
    """Every row, and a page with each of them."""
    with tempfile.TemporaryDirectory() as folder:
        page.write(Path(folder), measure([*EVERY_ROW, PARTS], arguments))
        text = (Path(folder) / "PERFORMANCE.md").read_text(encoding="utf-8")
        plot = (Path(folder) / "performance.svg").read_text(encoding="utf-8")
    missing = [name for name, row in EVERY_ROW.items()
               if text.count(f"| {row.text} |") < 2 or row.text not in plot]
    missing += [text_ for text_, _ in parts.PARTS.values() if f"| {text_} |" not in text]
    sys.exit(f"not on the page: {', '.join(missing)}" if missing else 0)


def main():
    arguments = parse()
    if arguments.smoke:
        smoke(arguments)
    if not arguments.old:
        results = measure(arguments.rows or [*EVERY_ROW, PARTS], arguments)
        arguments.results.parent.mkdir(parents=True, exist_ok=True)
        arguments.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if arguments.page:
        page.write(arguments.page, json.loads(arguments.results.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
