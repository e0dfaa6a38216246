#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Rooms include what is below them, and nothing else: the table of module/README.md.

    floors.py TREE    a line for each include that goes another way, and for each room whose
                      CMakeLists.txt says something else; exit status 1 then
"""
import re
import sys
from pathlib import Path

ROW = re.compile(r"^\| `(\w+)` \|.*\| ([^|]*) \|$")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
USES = re.compile(r"danesmtp_room\(\w+\s+(?:USES ((?:\w+ ?)+))?")
USERS = {"bridge", "shim"}  # libraries of their own, which no room may use


def table(tree: Path) -> dict[str, set[str]]:
    """Each room with the rooms that it may use, from the lowest to the highest."""
    rooms: dict[str, set[str]] = {}
    for line in (tree / "module/README.md").read_text(encoding="utf-8").splitlines():
        if not (row := ROW.match(line)):
            continue
        words = row[2].replace("`", "").replace(",", " ").split()
        rooms[row[1]] = set(rooms) - USERS if words == ["all"] else set(words) - {"-"}
    return rooms


def order_faults(rooms: dict[str, set[str]]) -> list[str]:
    """A room that uses one which is not above it in the table, where the lowest stands first."""
    known: set[str] = set()
    faults = []
    for room, uses in rooms.items():
        faults += [f"module/README.md: {room} uses {other}, which does not stand above it in the table"
                   for other in sorted(uses - known)]
        known.add(room)
    return faults


def include_faults(tree: Path, rooms: dict[str, set[str]]) -> list[str]:
    faults = []
    for source in sorted((tree / "module").glob("*/*")):
        if source.suffix not in (".h", ".c", ".cpp"):
            continue
        room = source.parent.name
        if room not in rooms:
            faults.append(f"{source.relative_to(tree)}: {room} is no room of module/README.md")
            continue
        for number, line in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
            include = INCLUDE.match(line)
            used = include[1].partition("/")[0] if include and "/" in include[1] else room
            if used in rooms and used != room and used not in rooms[room]:
                allowed = ", ".join(sorted(rooms[room])) or "no other room"
                faults.append(f"{source.relative_to(tree)}:{number}: includes {include[1]}, but {room} "
                              f"may use {allowed}")
    return faults


def library_faults(tree: Path, rooms: dict[str, set[str]]) -> list[str]:
    faults = []
    for room, uses in rooms.items():
        if room in USERS:
            continue
        declared = USES.search((tree / f"module/{room}/CMakeLists.txt").read_text(encoding="utf-8"))
        linked = set((declared[1] or "").split()) if declared else set()
        if linked != uses:
            faults.append(f"module/{room}/CMakeLists.txt: USES {' '.join(sorted(linked)) or 'nothing'}, "
                          f"but module/README.md says {' '.join(sorted(uses)) or 'nothing'}")
    return faults


def check(tree: Path) -> list[str]:
    rooms = table(tree)
    if not rooms:
        return ["module/README.md: no table of rooms"]
    return order_faults(rooms) + include_faults(tree, rooms) + library_faults(tree, rooms)


if __name__ == "__main__":
    found = check(Path(sys.argv[1]))
    print("\n".join(found))
    sys.exit(bool(found))
