# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast `danesmtp report` reads a log of so many megabytes (1000) and of a tenth of that, as it is and compressed.
Prints megabytes of text a second, CPU time and peak memory, which follows the pairs of day and domain up to the bound
of doc/decisions/0028; ends with status 1 if it did not count what was delivered.

    DANESMTP=build/dev/tools/danesmtp/danesmtp /usr/bin/python3 tests/bench/report_rate.py [MEGABYTES]
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests/tools"), str(TOP / "tests/world")]

from mail_log import write_log  # noqa: E402  (needs the paths above)
from processes import peak_memory  # noqa: E402
from tool import TOOL  # noqa: E402

PACKERS = {".gz": ("gzip", "-1", "-c"), ".zst": ("zstd", "-q", "-1", "-c")}


def forms_of(plain):
    """The log itself, and compressed by what there is here."""
    yield plain
    for ending, packer in PACKERS.items():
        if shutil.which(packer[0]):
            packed = Path(f"{plain}{ending}")
            with packed.open("wb") as file:
                subprocess.run([*packer, plain], stdout=file, check=True)
            yield packed


def measure(path):
    """What the report says, seconds, CPU seconds, peak MiB."""
    memory = 0
    before = os.times()
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(["/usr/bin/env", "-i", TOOL, "report", "--json", path], stdout=said) as process:
            while process.poll() is None:
                memory = max(memory, peak_memory(process.pid))
                time.sleep(0.01)
        after = os.times()
        said.seek(0)
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        return json.load(said), after.elapsed - before.elapsed, cpu, memory / 1024


def main():
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    status = 0
    with tempfile.TemporaryDirectory(dir=TOP / "build") as folder:
        for size in (wanted // 10, wanted):
            plain = Path(folder) / "mainlog"
            with plain.open("w", encoding="utf-8") as file:
                by_dane = write_log(file, size).total("dane")
            size = plain.stat().st_size / 1e6
            for path in forms_of(plain):
                said, wall, cpu, memory = measure(path)
                print(f"{size:6.0f} MB {path.suffix or 'plain':5}: {wall:6.2f} s, {size / wall:5.0f} MB a second, "
                      f"CPU {cpu:6.2f} s, peak {memory:4.0f} MiB", flush=True)
                if said["totals"]["dane"] != by_dane:
                    print(f"counted {said['totals']['dane']} deliveries by DANE, not {by_dane}")
                    status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
