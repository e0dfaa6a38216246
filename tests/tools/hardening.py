#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How what was built is hardened, as its ELF headers say.

    hardening.py FILE...              prints the table; a line for each fault, and exit status 1 then
    hardening.py --page PAGE FILE...  also if the page's first table is another
    hardening.py --only-table FILE... of others' builds: no fault is looked for
"""
import os
import re
import subprocess
import sys

HEAD = ("| file | PIE | RELRO | bound at once | stack canary | fortified | stack executable | other faults |\n"
        "|---|---|---|---|---|---|---|---|")
# One C file with a table of addresses: nothing in it has an array on the stack, or a function to be fortified.
WITHOUT_CODE = {"unbound.so"}


def readelf(option, path):
    return subprocess.run(["readelf", "-W", option, path], capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def other_faults(segments, dynamic):
    """What is wrong wherever it is."""
    found = []
    if re.search(r"LOAD .* RWE ", segments):
        found.append("pages written and executed")
    if "(TEXTREL)" in dynamic:
        found.append("TEXTREL")
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        found.append("RPATH")
    return ", ".join(found) or "-"


def facts(path):
    """By column: "yes", "no", or words."""
    segments, dynamic = readelf("-l", path), readelf("-d", path)
    symbols = " ".join(re.findall(r"UND (\w+)", readelf("--dyn-syms", path)))
    stack = re.search(r"GNU_STACK .* (R?W?E?) +0x", segments)

    def said(condition):
        return "yes" if condition else "no"

    is_library = "(SONAME)" in dynamic or path.endswith(".so")
    return {"PIE": "library" if is_library else said(re.search(r"FLAGS_1.*\bPIE\b", dynamic)),
            "RELRO": said("GNU_RELRO" in segments),
            "now": said(re.search(r"\((FLAGS|FLAGS_1)\).*\b(BIND_NOW|NOW)\b", dynamic)),
            "canary": said("__stack_chk_fail" in symbols),
            "fortified": said(re.search(r"\b__\w+_chk\b", symbols)),
            "stack": said(not stack or "E" in stack[1]),
            "other": other_faults(segments, dynamic)}


EXPECTED = {"PIE": {"yes", "library"}, "RELRO": {"yes"}, "now": {"yes"}, "canary": {"yes"}, "fortified": {"yes"},
            "stack": {"no"}, "other": {"-"}}


def faults(name, seen):
    for column, good in EXPECTED.items():
        if name in WITHOUT_CODE and column in ("canary", "fortified"):
            continue
        if seen[column] not in good:
            yield f"{name}: {column}: {seen[column]}"


def table(seen):
    rows = [f"| `{name}` | " + " | ".join(columns.values()) + " |" for name, columns in seen.items()]
    return "\n".join([HEAD, *rows])


def main(arguments):
    only_table = arguments[0] == "--only-table"
    page = arguments[1] if arguments[0] == "--page" else None
    paths = arguments[2:] if page else arguments[only_table:]
    seen = {os.path.basename(path): facts(path) for path in paths}
    print(table(seen))
    found = [] if only_table else [fault for name, one in seen.items() for fault in faults(name, one)]
    if page:
        with open(page, encoding="utf-8") as text:
            if table(seen) not in text.read():
                found.append(f"{page} has another table")
    print("\n".join(found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
