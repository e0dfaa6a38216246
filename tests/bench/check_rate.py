# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast `danesmtp check --dns-only` is over many domains, and that its memory does not grow with
their number: that many signed zones of their own in the world, once all of them and once a part. Prints
domains a second, CPU time and peak memory, for one job and for JOBS.

    tests/world/enter /usr/bin/python3 tests/bench/check_rate.py [DOMAINS] [JOBS]

The resolver that is asked has room for all the answers; the world's own has not, and would be measured.
Two thousand zones take most of a minute to sign.
"""
import os
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/world"))

from name_servers import answers, start_unbound  # noqa: E402  (needs the path above)
from processes import peak_memory  # noqa: E402
from tool import TOOL  # noqa: E402
from world import World  # noqa: E402
from zone import Zone, one_mx  # noqa: E402

RESOLVER = "127.0.0.2"
ROOM = ("msg-cache-size: 64m", "rrset-cache-size: 64m", "key-cache-size: 64m")


def check(world, names, jobs):
    """Wall and CPU seconds, peak memory in MiB."""
    path = world.directory / "domains"
    argv = ["/usr/bin/env", "-i", str(TOOL), "check", "--dns-only", "--json", "--jobs", str(jobs),
            "--list", str(path), "--trust-anchor", world.trust_anchor, "--resolver", f"forward:{RESOLVER}"]
    path.write_text("".join(f"{name}.lab\n" for name in names), encoding="ascii")
    start = time.perf_counter()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        good, memory = 0, 0
        for number, line in enumerate(process.stdout):
            good += line.count('"outcome":"not-tried"')
            if number % 20 == 0 or number + 20 > len(names):
                memory = max(memory, peak_memory(process.pid))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    if status != 0 or good != len(names):
        sys.exit(f"status {status}, {good} of {len(names)} good")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, memory / 1024


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    jobs = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    names = [f"many{number}" for number in range(count)]
    zones = [Zone(name, one_mx("192.0.2.10", "3 1 1 =ee"), mail=None) for name in names]
    with World(more_zones=zones) as world:
        resolver = start_unbound(world.directory, world.trust_anchor, address=RESOLVER, more=ROOM)
        world.ends_here(resolver.stop)
        resolver.wait_until(lambda: answers("lab.", server=RESOLVER))
        check(world, names, jobs)  # the resolver in the middle learns them
        for used in (1, jobs):
            for part in (names[:count // 8], names[:count // 2], names):
                wall, cpu, memory = check(world, part, used)
                print(f"{len(part):5} domains, {used:3} jobs: {wall:6.2f} s, {len(part) / wall:6.0f} a second, "
                      f"CPU {cpu / len(part) * 1000:5.2f} ms a domain, peak {memory:5.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
