# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of what each Exim costs with danesmtp, from the files FLAVOUR.cost.json that `scripts/bench --builds`
leaves in a directory: medians, and ratios to the driver smtp of that same Exim, which took turns with ours.

    builds.py FOLDER
"""
import json
import sys
from pathlib import Path
from statistics import median

from rows import OURS, START_UP, THEIRS

HEAD = """## What it costs, by build

Made by `scripts/bench --builds`: danesmtp / Exim's own driver of that same build, in turn, and the ratio, the
least and the most of {rounds} rounds in brackets. CPU time in milliseconds: of `exim -bV`, which loads the
module; of a process that delivers one message (`exim -M`), which opens the core library too; of a message of a
queue run. Memory: MiB of such a process and what came of it, at the most. An Exim without DANE has no driver
to compare with where the domain has DANE.

"""
COLUMNS = (("start-up", START_UP, "cpu"), ("`-M`, 3 1 1", "dane-each", "cpu"), ("queue run, 3 1 1", "dane", "cpu"),
           ("queue run, no DANE", "delegated", "cpu"), ("memory of `-M`", "dane-each", "memory"))


def cell(rows, name, kind):
    figures = rows.get(name)
    if figures is None or None in figures[OURS][kind] + figures[THEIRS][kind]:
        return "-"
    ours, theirs = (figures[who][kind] for who in (OURS, THEIRS))
    ratios = [one / other for one, other in zip(ours, theirs)]
    return (f"{median(ours):.2f} / {median(theirs):.2f} = {median(ratios):.2f} "
            f"({min(ratios):.2f}–{max(ratios):.2f})")


def section(folder):
    """Empty: nothing was measured."""
    measured = {path.name.removesuffix(".cost.json"): json.loads(path.read_text(encoding="utf-8"))
                for path in sorted(folder.glob("*.cost.json"))}
    if not measured:
        return ""
    rounds = " or ".join(str(number) for number in sorted({results["rounds"] for results in measured.values()}))
    lines = [["build", "Exim", *(title for title, _, _ in COLUMNS), "load, date"], ["---"] * (len(COLUMNS) + 3)]
    for flavour, results in measured.items():
        cells = [cell(results["rows"], name, kind) for _, name, kind in COLUMNS]
        lines.append([flavour, results["exim"], *cells, f"{max(results['loads']):.1f}, {results['date']}"])
    return HEAD.format(rounds=rounds) + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    print(section(Path(sys.argv[1])), end="")
