# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs every Exim process that its configuration names danesmtp: `exim -bV` with the driver
against the same with smtp, in turn, many times. Prints medians of CPU and wall time and the ratio.

    /usr/bin/python3 tests/bench/load_cost.py [RUNS]
"""
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

TREE = Path(os.environ.get("EXIM_BUILD_DIR") or Path(__file__).resolve().parents[2] / "build/exim/gnutls/tree")


def binary():
    config = (TREE / "config.h").read_text(encoding="utf-8")
    return re.search(r'^#define BIN_DIRECTORY\s+"(.*)"$', config, re.M).group(1) + "/exim"


def run(argv, null):
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, {"PATH": "/usr/bin:/bin"},
                         file_actions=[(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(argv)} failed")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    drivers = ("danesmtp", "smtp")
    times = {driver: ([], []) for driver in drivers}
    with tempfile.TemporaryDirectory() as directory, open(os.devnull, "w", encoding="ascii") as null:
        os.chmod(directory, 0o755)
        argv = {}
        for driver in drivers:
            config = Path(directory) / f"{driver}.conf"
            config.write_text(f"keep_environment =\nbegin transports\nt:\n  driver = {driver}\n")
            argv[driver] = [binary(), "-C", str(config), "-bV"]
        for turn in range(runs + 5):
            for driver in drivers if turn % 2 else reversed(drivers):
                wall, cpu = run(argv[driver], null.fileno())
                if turn >= 5:
                    times[driver][0].append(wall)
                    times[driver][1].append(cpu)
    for index, name in enumerate(("wall", "CPU")):
        ours, theirs = (statistics.median(times[driver][index]) for driver in drivers)
        print(f"{name}: danesmtp {ours * 1000:.3f} ms, smtp {theirs * 1000:.3f} ms, "
              f"ratio {ours / theirs:.3f} (medians of {runs} runs each, in turn)")


if __name__ == "__main__":
    main()
