#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each header of the rooms and of the tool compiles alone: it includes all that it uses. Of a header that a source of
the same folder includes before anything else the build has shown it.

    headers_alone.py TREE COMPILER [FLAG ...]    a line for each that does not; exit status 1 then
"""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def first_error(header: Path, command: list[str]) -> str:
    """Empty: it compiles. The shim's headers are for C beside exim.h, and are not asked."""
    run = subprocess.run([*command, "-fsyntax-only", "-x", "c++", "-include", str(header), os.devnull],
                         capture_output=True, text=True, check=False)
    errors = [line for line in run.stderr.splitlines() if "error" in line]
    return "" if run.returncode == 0 else (errors or [run.stderr or "does not compile"])[0]


def shown_by_the_build(folder: Path) -> set[Path]:
    first = (re.search(r'^#include "(.+)"|^#include <', source.read_text(encoding="utf-8"), re.MULTILINE)
             for source in folder.glob("*.cpp"))
    return {place / found[1] for found in first if found and found[1] for place in (folder, folder.parent)}


def main(tree: Path, command: list[str]) -> int:
    folders = [*tree.glob("module/*/"), *tree.glob("tools/danesmtp/**/")]
    headers = sorted(header for folder in folders if folder.name != "shim"
                     for header in {*folder.glob("*.h")} - shown_by_the_build(folder))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        errors = list(pool.map(lambda header: first_error(header, command), headers))
    for header, error in zip(headers, errors):
        if error:
            print(f"{header.relative_to(tree)} does not compile alone: {error}")
    return any(errors) or not headers


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
