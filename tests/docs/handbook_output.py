# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether what a command printed is what a page of doc/handbook/ shows: what differs from run to run is made
equal in both.
"""
import re

MUNGES = (
    (r"\b\w{6}-\w{11}-\w{4}\b", "ID"),
    (r"\bslowest: \S+,", "slowest: ONE,"),
    (r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?", "TIME"),
    (r"\d\d:\d\d:\d\d", "TIME"),
    (r"\b[0-9a-f]{24,}\b", "HEX"),
    (r"\b\d+(\.\d+)? (s|ms|seconds|days|minutes|hours)\b", "N \\2"),
    (r"\d+\.\d{3}s", "Ns"),
    (r"\bdays=\d+", "days=N"),
    (r"\b(for )?\d+[dhms]( \d+[hms])?\b", "N"),
    (r"=\d+s\b", "=Ns"),
    (r"id=ID(\.\w+)?", "id=ID"),
    (r"(Exim|version) 4\.\d+(\.\d+)?", "\\1 VERSION"),
    (r"built \d+-\w+-\d+ TIME", "built TIME"),
    (r"\b(keys|of|total) \d+\b", "\\1 N"),
    (r"\b\d+ byte chunk", "N byte chunk"),
    (r"^ *\d+m +\S+ ", "AGE SIZE "),
    (r"(?<=\S)\s{2,}", "  "),
    (r"\s+$", ""),
)


def munged(line):
    for pattern, instead in MUNGES:
        line = re.sub(pattern, instead, line)
    return line


def agrees(shown, printed):
    """Whether the lines of a page, munged, are those that a command printed."""
    if not shown:
        return not printed
    if shown[0] == "...":
        return any(agrees(shown[1:], printed[start:]) for start in range(len(printed) + 1))
    return bool(printed) and shown[0] == printed[0] and agrees(shown[1:], printed[1:])
