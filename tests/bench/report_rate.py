# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast `danesmtp report` reads a log of so many megabytes (1000) and of a tenth of that, as it is and compressed.
Prints megabytes of text a second, CPU time and peak memory, which follows the pairs of day and domain up to the bound
of doc/decisions/0028; ends with status 1 if it did not count what was delivered.

    DANESMTP=build/dev/tools/danesmtp/danesmtp /usr/bin/python3 tests/bench/report_rate.py [MEGABYTES]

Whole days are written, one made up and told again with other dates: the domains are as many for any size.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/tools"))
sys.path.insert(0, str(TOP / "tests/bench"))

from check_rate import peak  # noqa: E402  (needs the path above)
from mail_log import MailLog  # noqa: E402

TOOL = os.environ["DANESMTP"]
MESSAGES = 100_000  # a day
MEGABYTE = 1_000_000
FORMS = (("", ()), (".gz", ("gzip", "-1")), (".zst", ("zstd", "-q", "-1")))


def write(path, megabytes):
    """The deliveries by DANE in it, and its size."""
    log = MailLog(domains=20_000)
    first = log.day
    text = "".join(f"{line}\n" for line in log.day_of(MESSAGES))
    days = max(1, round(megabytes * MEGABYTE / len(text)))
    with path.open("w", encoding="utf-8") as file:
        for number in range(days):
            file.write(text.replace(f"{first} ", f"{first.replace(year=first.year + number // 28, day=1 + number % 28)} "))
    return log.total("dane") * days, path.stat().st_size


def measure(path):
    """What the report says, seconds, CPU seconds, peak MiB."""
    done = threading.Event()
    memory = [0]
    before = os.times()
    with subprocess.Popen(["/usr/bin/env", "-i", TOOL, "report", "--json", path], stdout=subprocess.PIPE) as process:
        def watch():
            while not done.wait(0.05):
                memory[0] = peak(process, memory[0])

        watching = threading.Thread(target=watch)
        watching.start()
        said = json.load(process.stdout)
        done.set()
        watching.join()
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return said, after.elapsed - before.elapsed, cpu, memory[0]


def main():
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    status = 0
    with tempfile.TemporaryDirectory(dir=TOP / "build") as folder:
        for megabytes in (wanted // 10, wanted):
            for ending, command in FORMS:
                if command and not shutil.which(command[0]):
                    continue
                path = Path(folder) / "mainlog"
                by_dane, size = write(path, megabytes)
                if command:
                    with open(f"{path}{ending}", "wb") as compressed:
                        subprocess.run([*command, "-c", path], stdout=compressed, check=True)
                said, wall, cpu, memory = measure(f"{path}{ending}")
                print(f"{size / MEGABYTE:6.0f} MB {ending or 'plain':5}: {wall:6.2f} s, {size / MEGABYTE / wall:5.0f} MB a "
                      f"second, CPU {cpu:6.2f} s, peak {memory:4.0f} MiB", flush=True)
                if said["totals"]["dane"] != by_dane:
                    print(f"counted {said['totals']['dane']} deliveries by DANE, not {by_dane}")
                    status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
