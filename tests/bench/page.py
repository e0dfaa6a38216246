# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/PERFORMANCE.md and its plot, from the figures of bench.py. Sentences are in page.txt; here are the
tables. Ratios are taken round by round, since the peers took turns in each.
"""
from pathlib import Path
from statistics import median, quantiles
from xml.sax.saxutils import escape

from parts import PARTS
from rows import EVERY_ROW, EXIMS, OURS, POSTFIX, THEIRS, UNWATCHED

TEXT = Path(__file__).with_name("page.txt")
RESUMED = "smtp, resumed"


def ratios(peers, other, kind):
    return [ours / theirs for ours, theirs in zip(peers[OURS][kind], peers[other][kind])]


def spread(figures, digits=2):
    return f"{median(figures):.{digits}f} ({min(figures):.{digits}f}–{max(figures):.{digits}f})"


def line(name, peers):
    """For who waits: one row in short."""
    def both(of):
        return "/".join(f"{median(of(kind)):.2f}" for kind in ("cpu", "wall"))

    parts = [f"{peer} {both(figures.get)} ms" for peer, figures in peers.items()]
    parts += [f"ratio to {other} {both(lambda kind, other=other: ratios(peers, other, kind))}"
              for other in peers if other != OURS]
    return f"{name:15} CPU/wall: " + ", ".join(parts)


def bar_cells(name, peers, kind):
    row = EVERY_ROW[name]
    if row.bar is None or row.judged != kind:
        return "", ""
    reached = median(ratios(peers, THEIRS, kind)) <= row.bar
    return f"≤ {row.bar:.2f}", "yes" if reached else "**no**"


def _head(columns):
    return f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"


def times(rows, kind):
    """Milliseconds a message, and ratios."""
    others = (THEIRS, RESUMED, POSTFIX)
    lines = [_head(["row", OURS, *others, *(f"to {other}" for other in others), "bar", "reached"])]
    for name, peers in rows.items():
        cells = [spread(peers[peer][kind]) if peer in peers else "" for peer in (OURS, *others)]
        cells += [spread(ratios(peers, other, kind)) if other in peers else "" for other in others]
        lines.append(f"| {' | '.join([EVERY_ROW[name].text, *cells, *bar_cells(name, peers, kind)])} |")
    return "\n".join(lines)


def counts(rows):
    kinds = ("connections", "handshakes", "resumed", "packets", "questions", "memory")
    lines = [_head(["row", "who", *kinds[:-1], "memory, MiB"])]
    for name, peers in rows.items():
        for peer, figures in peers.items():
            if "packets" not in figures:
                continue
            cells = [_count(figures[kind]) for kind in kinds]
            lines.append(f"| {EVERY_ROW[name].text} | {' | '.join([peer, *cells])} |")
    return "\n".join(lines)


def _count(figures):
    known = [figure for figure in figures if figure is not None]
    return f"{median(known):.2f}".rstrip("0").rstrip(".") if known else "-"


def parts_table(figures):
    lines = [_head(["part", "µs", "bar", "reached"])]
    for part, times_ in figures.items():
        text, most = PARTS[part]
        bar = (f"≤ {most}", "yes" if median(times_) <= most else "**no**") if most else ("", "")
        lines.append(f"| {' | '.join([text, _quartiles(times_), *bar])} |")
    return "\n".join(lines)


def _quartiles(figures):
    least, middle, most = quantiles(figures)
    return f"{middle:.0f} ({least:.0f}–{most:.0f})"


def no_bundle(rows):
    """The row whose peer reads a bundle of CA certificates for each message, or not."""
    name, peer = "dane-each", "smtp, no CA bundle"
    if peer not in rows.get(name, {}):
        return ""
    peers = rows[name]
    lines = [_head(["one exim -M a message", "CPU"])]
    lines += [f"| {who} | {spread(peers[who]['cpu'])} ms |" for who in EXIMS if who in peers]
    return "\n".join(lines)


def watched(rows):
    """What reports and MTA-STS cost, by the same transport without them."""
    lines = [_head(["row", "CPU, on", "off", "ratio", "wall, on", "off", "ratio"])]
    for name, peers in rows.items():
        if UNWATCHED in peers:
            cells = [cell for kind in ("cpu", "wall")
                     for cell in (spread(peers[OURS][kind]), spread(peers[UNWATCHED][kind]),
                                  spread(ratios(peers, UNWATCHED, kind)))]
            lines.append(f"| {' | '.join([EVERY_ROW[name].text, *cells])} |")
    return "\n".join(lines)


# -- the plot

WIDTH, LEFT, SCALE, STEP = 920, 330, 240, 26  # SCALE: pixels of a ratio of 1
LONGEST = 2  # ratio; what is more ends there


def _x(ratio):
    return LEFT + min(ratio, LONGEST) * SCALE


def _bar(number, name, peers):
    row, top = EVERY_ROW[name], 50 + number * STEP
    share = ratios(peers, THEIRS, row.judged)
    label = f"{median(share):.2f}" + (" (wall)" if row.judged == "wall" else "")
    beside = max(_x(max(share)), _x(row.bar or 0)) + 6
    yield f'<text x="{LEFT - 8}" y="{top + 13}" text-anchor="end">{escape(row.text)}</text>'
    yield f'<rect x="{LEFT}" y="{top}" width="{_x(median(share)) - LEFT:.1f}" height="17" fill="#5b8db8"/>'
    yield f'<path d="M{_x(min(share)):.1f} {top + 8.5}H{_x(max(share)):.1f}" stroke="#223"/>'
    yield f'<text x="{beside:.1f}" y="{top + 13}">{label}</text>'
    if row.bar:
        yield f'<path d="M{_x(row.bar):.1f} {top - 3}V{top + 20}" stroke="#c0392b" stroke-width="2.5"/>'


def plot(rows):
    height = 60 + STEP * len(rows)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
             '<text x="12" y="20" font-size="14">CPU (or wall) time a message, Exim\'s own driver = 1; less is '
             'better; red: the bar</text>']
    lines += [part for number, (name, peers) in enumerate(rows.items()) for part in _bar(number, name, peers)]
    lines.append(f'<path d="M{LEFT + SCALE} 40V{height - 8}" stroke="#888" stroke-dasharray="3 3"/>')
    return "\n".join([*lines, "</svg>", ""])


def missed_bars(rows):
    missed = [EVERY_ROW[name].text for name, peers in rows.items() for kind in ("cpu", "wall")
              if "no" in bar_cells(name, peers, kind)[1]]
    lines = "\n".join(f"- {text}" for text in missed)
    return f"Bars that are not reached:\n{lines}" if missed else "Every bar of these rows is reached."


def write(folder, results):
    folder.mkdir(parents=True, exist_ok=True)
    rows = results["rows"]
    facts = {key: value for key, value in results.items() if key not in ("rows", "parts", "loads")}
    least, most = min(results["loads"]), max(results["loads"])
    text = TEXT.read_text(encoding="utf-8").format(
        **facts, load=f"{least:.1f} to {most:.1f}",
        cpu=times(rows, "cpu"), walls=times(rows, "wall"), counts=counts(rows),
        no_bundle=no_bundle(rows), watched=watched(rows), missed=missed_bars(rows), parts=parts_table(results.get("parts", {})))
    (folder / "PERFORMANCE.md").write_text(text, encoding="utf-8")
    (folder / "performance.svg").write_text(plot(rows), encoding="utf-8")
