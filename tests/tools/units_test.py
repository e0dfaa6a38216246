#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the units of systemd refuse, and that `danesmtp ocsp-fetch` works under its own. Exit status 77 where it
cannot be tried.

    units_test.py UNITS    the directory with the units; DANESMTP names the binary
"""
import errno
import os
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
UNITS = Path(sys.argv[1])
EXPOSURE = {"danesmtp-ocsp.service": 2.3, "danesmtp-mta-sts.service": 1.6}  # as in doc/handbook/security.md
PAGE = HERE.parents[1] / "doc/handbook/security.md"
SKIPPED = 77
REFUSED = {
    "opens a packet socket": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "changes its root": "os.chroot('/')",
    "becomes another user": "os.setuid(8)",
    "changes its priority": "os.nice(1)",
    "writes and executes a page": "mmap.mmap(-1, 4096, prot=7)",
    "traces": "call('ptrace', 0, 0, 0, 0)",
    "mounts": "call('mount', b'/', b'/', 0, 4096, 0)",
    "loads a module": "call('init_module', 0, 0, 0, no_module=(errno.ENOSYS, errno.ENOEXEC, errno.EFAULT))",
}
FAILED = 100  # and the errno: no status of Python's own
TRY = f"""import ctypes, errno, mmap, os, socket, sys
def call(name, *arguments, no_module=()):
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0 and ctypes.get_errno() not in no_module:
        raise OSError(ctypes.get_errno(), name)
try:
    {{act}}
except OSError as error:
    sys.exit({FAILED} + error.errno)
"""


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=250)


def under(unit, *command):
    return run(HERE / "under_unit.py", UNITS / unit, *command)


def python(act):
    return "/usr/bin/python3", "-c", TRY.format(act=act)


class Units(unittest.TestCase):
    def test_what_is_refused(self):
        for unit in EXPOSURE:
            for name, act in REFUSED.items():
                with self.subTest(unit=unit, what=name):
                    why = errno.EAFNOSUPPORT if "socket" in act else errno.EPERM
                    done = under(unit, *python(act))
                    self.assertEqual((done.returncode, done.stderr), (FAILED + why, ""))

    def test_it_works_without_a_unit(self):
        for name, act in REFUSED.items():
            with self.subTest(what=name):
                done = run("unshare", "--mount", *python(act))
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_what_is_not(self):
        for unit in EXPOSURE:
            done = under(unit, *python("os.chown('/', -1, -1); socket.socket()"))
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_ocsp_fetch_works(self):
        done = under("danesmtp-ocsp.service", "/usr/bin/python3", "-B", HERE / "ocsp_fetch_test.py")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("\nOK", done.stderr)

    def test_exposure(self):
        for unit, most in EXPOSURE.items():  # by systemd 252; another one weighs a little otherwise
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={most * 10 + 5:.0f}",
                                   UNITS / unit], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout[-200:] + done.stderr)
            self.assertIn(f"| `{unit}` | {most} |", PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    tried = under("danesmtp-ocsp.service", "/bin/true")
    if os.geteuid() != 0 or tried.returncode == SKIPPED:
        print("not tried:", tried.stderr.strip() or "needs root")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1])
