#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""README: "Nothing of the machine is changed but its installed packages." Compares the machine before
and after the demonstration's deliveries: users, groups, setuid files, mounts, interfaces, files in /etc
and /run. Nothing below the checkout may be setuid at all: its owner chooses the modules of that Exim.
"""
import hashlib
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SKIPPED = 77


def setuid_files(top):
    found = []
    for directory, names, files in os.walk(top):
        names[:] = [name for name in names if Path(directory) / name != TOP / "build/compilers"]
        for name in files:
            facts = os.lstat(os.path.join(directory, name))
            if stat.S_ISREG(facts.st_mode) and facts.st_mode & (stat.S_ISUID | stat.S_ISGID):
                found.append(os.path.join(directory, name))
    return found


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def machine():
    return {
        "users and groups": [digest(name) for name in ("/etc/passwd", "/etc/group", "/etc/shadow")],
        "resolv.conf": digest("/etc/resolv.conf"),
        "files": [sorted(os.listdir(path)) for path in ("/etc", "/usr/local/bin", "/usr/local/lib")],
        "mounts": Path("/proc/self/mounts").read_text(encoding="utf-8"),
        "interfaces": sorted(os.listdir("/sys/class/net")),
        "namespaces": sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else [],
    }


def servers_of_ours():
    """Processes whose command line names a directory of the world."""
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and _names(pid, str(TOP))]


def _names(pid, text):
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return text.encode() in command and (b"/exim" in command or b"tests/world" in command)
    except OSError:
        return False


def main():
    if os.geteuid() != 0 or not (TOP / "build/exim/gnutls/prefix/bin/exim").exists():
        print("needs root and scripts/get-exim")
        return SKIPPED
    before, running = machine(), servers_of_ours()
    demo = subprocess.run([TOP / "tests/world/enter", sys.executable, TOP / "tests/world/demo.py"],
                          check=False)
    time.sleep(0.2)
    after = machine()
    faults = [f"changed: {what}" for what, value in before.items() if after[what] != value]
    faults += [f"setuid: {path}" for path in setuid_files(TOP)]
    faults += [f"still running: {pid}" for pid in set(servers_of_ours()) - set(running)]
    if demo.returncode != 0:
        faults.append("the demonstration failed")
    print("\n".join(faults) or "nothing is left")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
