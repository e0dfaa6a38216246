#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""module/server/options.h lists the options that the core reads: the manuals know each of them, each is
read, and none is named as a string elsewhere.

    core_options.py TREE    a line for each fault; exit status 1 then
"""
import re
import sys
from dataclasses import dataclass
from pathlib import Path

HEADER = "module/server/options.h"
ENTRY = re.compile(r'^constexpr (Number|Flag|Text|HostList|DomainList)Option (k\w+)\("(\w+)", (.*)\);$',
                   re.MULTILINE)
# Below the port, with a table and a grammar of their own.
NAMED_BELOW = ("module/shim/", "module/dns/")


@dataclass
class CoreOption:
    kind: str      # Number, Flag, Text, HostList, DomainList
    constant: str  # in C++
    default: str   # 300, true, or a text without its quotes


def core_options(tree: Path) -> dict[str, CoreOption]:
    header = (tree / HEADER).read_text(encoding="utf-8")
    return {name: CoreOption(kind, constant, default.strip('"'))
            for kind, constant, name, default in ENTRY.findall(header)}


def list_faults(tree: Path, options: dict[str, CoreOption]) -> list[str]:
    entries = (tree / HEADER).read_text(encoding="utf-8").count("\nconstexpr ")
    faults = [] if 40 < len(options) == entries else [f"{HEADER}: {len(options)} of {entries} entries understood"]
    return faults + [f"{HEADER}: {name} is called {option.constant}" for name, option in options.items()
                     if option.constant != "k" + name.title().replace("_", "")]


def own_fault(section: str, option: CoreOption) -> str:
    """What the manual page says of the default of an option of ours."""
    documented = re.search(r"\*([\w$/]+)\*\s+\(default\)", section)
    if (documented[1] if documented else "") == option.default:
        return ""
    return f"its default is \"{option.default}\", not as the manual page says"


def manual_faults(tree: Path, options: dict[str, CoreOption]) -> list[str]:
    page = (tree / "doc/man/danesmtp_transport.5.scd").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^\*(dane_\w+)\*\n(.*?)(?=^\*dane_|^# )", page.split("# OPTIONS\n", 1)[1],
                               re.MULTILINE | re.DOTALL))
    of_exim = set(re.findall(r"^\| `(\w+)` \|", (tree / "doc/options.md").read_text(encoding="utf-8"), re.MULTILINE))
    faults = [f"{name}: neither in the manual page nor in doc/options.md" for name in options
              if name not in sections and name not in of_exim]
    for name, option in options.items():
        if name in sections and (fault := own_fault(sections[name], option)):
            faults.append(f"{name}: {fault}")
    return faults


def source_faults(tree: Path, options: dict[str, CoreOption]) -> list[str]:
    sources = {str(path.relative_to(tree)): path.read_text(encoding="utf-8")
               for folder in ("module", "tools/danesmtp") for path in sorted((tree / folder).rglob("*"))
               if path.suffix in (".h", ".c", ".cpp") and str(path.relative_to(tree)) != HEADER}
    used = {word for text in sources.values() for word in re.findall(r"\bk[A-Z]\w+", text)}
    faults = [f"{name}: nobody reads it" for name, option in options.items() if option.constant not in used]
    for path, text in sources.items():
        if not path.startswith(NAMED_BELOW):
            faults += [f"{path}: \"{name}\" is {options[name].constant}"
                       for name in re.findall(r'"(\w+)"', text) if name in options]
    return faults


def check(tree: Path) -> list[str]:
    options = core_options(tree)
    return list_faults(tree, options) + manual_faults(tree, options) + source_faults(tree, options)


if __name__ == "__main__":
    found = check(Path(sys.argv[1]))
    print("\n".join(found))
    sys.exit(bool(found))
