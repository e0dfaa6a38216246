#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Opening core.so must not open libunbound and what that needs: each delivery would pay for it.

    core_links.py CORE UNBOUND    the paths of core.so and unbound.so; a line for each fault, and exit
                                  status 1 then
"""
import re
import subprocess
import sys

ALLOWED = re.compile(r"(libgnutls|libidn2|libc|libm|libgcc_s|ld-linux[\w-]*|ld-musl[\w-]*)\.so[\d.]*")


def needed(library):
    dynamic = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic)


def exported(library):
    symbols = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True)
    return [line.split()[-1] for line in symbols.stdout.splitlines()]


def faults(core, unbound):
    for name in needed(core):
        if not ALLOWED.fullmatch(name):
            yield f"{core} is linked with {name}"
    if not any(name.startswith("libunbound.") for name in needed(unbound)):
        yield f"{unbound} is not linked with libunbound"
    for library, symbol in ((core, "danesmtp_core"), (unbound, "danesmtp_unbound")):
        if exported(library) != [symbol]:
            yield f"{library} exports {' '.join(exported(library))}, not {symbol} alone"


if __name__ == "__main__":
    found = list(faults(*sys.argv[1:]))
    print("\n".join(found))
    sys.exit(bool(found))
