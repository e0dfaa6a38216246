# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of a delivery by themselves: runs micro.cpp in the world, as the user who delivers."""
import os
import pwd
import subprocess

from certificates import tlsa
from counters import TOP

MICRO = TOP / "build/dev/tests/bench/bench_micro"
USER = "mail"
# Part: what it is, and the most that its median may be, in microseconds.
PARTS = {
    "core": ("to open the core library, in a process that has GnuTLS", 400),
    "decision": ("from the cache to a host's DANE policy, file and resolver new", 100),
    "verdict": ("the verdict on a chain of three, usage 2", None),
}


def measure(world, turns):
    """Microseconds of each turn, by part."""
    directory = world.directory / "parts"
    directory.mkdir()
    os.chown(directory, pwd.getpwnam(USER).pw_uid, -1)
    certificates = world.certificates
    argv = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", MICRO, turns,
            f"{world.exim.module_dir}/danesmtp/core.so", world.trust_anchor, directory / "cache", "bench-ta.lab",
            certificates["bench-ta"].pem_file, tlsa(2, 1, 1, certificates["intermediate"])]
    told = subprocess.run([str(word) for word in argv], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {part: [float(figure) for figure in figures]
            for part, *figures in (line.split() for line in told.splitlines())}
