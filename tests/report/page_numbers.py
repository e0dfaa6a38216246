# SPDX-License-Identifier: GPL-2.0-or-later
"""The numbers on the page of `danesmtp report --html`, and the same ones counted in three other ways: by awk in the
logs, by those who received the mail, and by Exim's queue. All of them are Counters, by what is counted: ("day", day,
column), ("domain", domain, column), ("all", column).
"""
import re
import subprocess
from collections import Counter
from html.parser import HTMLParser

PROTECTIONS = ("dane", "verified", "encrypted", "clear")
TILES = dict(zip(("by DANE", "verified", "encrypted", "in clear"), PROTECTIONS))
HEAD = re.compile(r"([\d,]+) recipients at other servers\. ([\d,]+) deferrals, ([\d,]+) recipients whose mail was "
                  r"returned, ([\d,]+) that an audit would have held\.")
# A line of the log has its day in the first field and in the fourth what happened to the address in the fifth.
AWK = r"""
function of_domain(address) { sub(/.*@/, "", address); sub(/:$/, "", address); return address }
function count(what) { n[$1 " " of_domain($5) " " what]++ }
{ ours = $0; sub(/ (DN|C)=".*/, " ", ours) }
($4 == "=>" || $4 == "->") && ours ~ / H=/ {
  if (ours ~ / X=[^ ]* CV=dane /) count("dane")
  else if (ours ~ / X=[^ ]* CV=yes /) count("verified")
  else if (ours ~ / X=/) count("encrypted")
  else count("clear")
}
$4 == "==" { count("deferred") }
$4 == "**" { count("failed") }
/ DANE audit: / { n[$1 " - audited"]++ }
END { for (what in n) print what, n[what] }
"""


class _Tables(HTMLParser):
    """Rows of the tables by the title of their section, and the text of the page."""

    def __init__(self, html):
        super().__init__()
        self.tables, self.text = {}, ""
        self._title, self._row, self._cell, self._in = "", None, "", ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag in ("h2", "th", "td"):
            self._in, self._cell = tag, ""
        elif tag == "tr":
            self._row = []
        elif tag in ("br", "em", "small", "div"):
            self.handle_data("\n")

    def handle_data(self, data):
        self.text += data
        if self._in:
            self._cell += data

    def handle_endtag(self, tag):
        if tag == "h2":
            self._title = re.sub(r" \(.*", "", self._cell)
        elif tag in ("th", "td"):
            self._row.append(self._cell.strip())
        elif tag == "tr":
            self.tables.setdefault(self._title, []).append(self._row)
        if tag == self._in:
            self._in = ""


def number(text):
    return int(text.replace(",", ""))


def on_page(html):
    page = _Tables(html)
    found = Counter()
    for name, value in zip(("delivered", "deferred", "failed", "audited"), HEAD.search(page.text).groups()):
        found["all", name] = number(value)
    for words, name in TILES.items():
        found["all", name] = number(re.search(rf"[\d.]+ % {words}\s+([\d,]+)", page.text)[1])
    _add_rows(found, "day", page.tables.get("By day", []))
    _add_rows(found, "domain", page.tables.get("Domains", []))
    found["all", "waiting"] = sum(number(row[3]) for row in page.tables.get("Deferred, by cause", [])[1:])
    return +found


def _add_rows(found, kind, rows):
    """The columns that are counts, by their names."""
    for row in rows[1:]:
        for column, text in zip(rows[0][1:], row[1:]):
            if re.fullmatch(r"[\d,]+", text):
                found[kind, row[0].split()[0], column.lower()] = number(text)


def by_awk(logs):
    told = subprocess.run(["awk", AWK, *logs], check=True, capture_output=True, text=True).stdout
    found = Counter()
    for line in told.splitlines():
        day, domain, what, times = line.split()
        for key in [("all", what), ("day", day, what), ("domain", domain, what)]:
            found[key] += int(times)
        if what in PROTECTIONS:
            for key in [("all", "delivered"), ("day", day, "delivered"), ("domain", domain, "delivered")]:
                found[key] += int(times)
    return found


def by_receivers(log):
    """What arrived, by the log of the Exim that took it."""
    found = Counter()
    for line in log.splitlines():
        taken = re.search(r" <= \S+ H=\S+ .* for (.*)$", line)
        for address in taken[1].split() if taken else ():
            found["all", "delivered"] += 1
            found["domain", address.rpartition("@")[2], "delivered"] += 1
            found["all", "clear"] += " X=" not in line
    return +found


def by_queue(addresses):
    return Counter({("all", "waiting"): len(addresses)})


def differences(page, other, name):
    """Of everything that both can count; what only one has counts as 0 with the other."""
    kinds = {(key[0], key[-1]) for key in other}
    keys = sorted({key for key in (*page, *other) if (key[0], key[-1]) in kinds and _is_shown(key, page)})
    return [f"{' '.join(key)}: the page says {page[key]}, {name} {other[key]}" for key in keys
            if page[key] != other[key]]


def _is_shown(key, page):
    """Whether the page has a column of that kind."""
    return any((key[0], key[-1]) == (shown[0], shown[-1]) for shown in page)
