#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tools/changed_tests on a build of three tests: one runs again when its file has changed, when it has
failed, or when it reads a directory."""
import subprocess
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools/changed_tests"


class ChangedTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = Path(folder.name).resolve()
        self.write("first", "exit 0")
        self.write("second", "exit 0")
        tests = [("first", ""), ("second", ""), ("reads", f" {self.build}")]
        (self.build / "CTestTestfile.cmake").write_text("".join(
            f'add_test({name} sh {self.build}/{"first" if name == "reads" else name}.sh{argument})\n'
            f"set_tests_properties({name} PROPERTIES LABELS unit)\n" for name, argument in tests) +
            "add_test(other false)\n", encoding="utf-8")

    def write(self, name, text):
        (self.build / f"{name}.sh").write_text(f"echo {name} >> {self.build}/ran\n{text}\n", encoding="utf-8")

    def ran(self, expected):
        ran = self.build / "ran"
        ran.unlink(missing_ok=True)
        done = subprocess.run([TOOL, self.build], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        return sorted(ran.read_text(encoding="utf-8").split())

    def test_what_has_passed_rests(self):
        self.assertEqual(self.ran(0), ["first", "first", "second"])
        self.assertEqual(self.ran(0), ["first"])  # the one that reads a directory
        self.write("second", "exit 1")
        self.assertNotEqual(self.ran(8), [])
        self.assertEqual(self.ran(8), ["first", "second"])
        self.write("second", "exit 0 # mended")
        self.assertEqual(self.ran(0), ["first", "second"])
        self.assertEqual(self.ran(0), ["first"])


if __name__ == "__main__":
    unittest.main()
