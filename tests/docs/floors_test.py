#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""floors.py is seen failing: a wrong include of each kind, in a copy of the tree, gives one line."""
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

import floors

TREE = Path(__file__).resolve().parents[2]


class Floors(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.tree = Path(self.directory.name)
        shutil.copytree(TREE / "module", self.tree / "module")

    def tearDown(self):
        self.directory.cleanup()

    def append(self, path, text):
        with open(self.tree / path, "a", encoding="utf-8") as file:
            file.write(text)

    def replace(self, path, old, new):
        file = self.tree / path
        text = file.read_text(encoding="utf-8")
        self.assertIn(old, text)
        file.write_text(text.replace(old, new), encoding="utf-8")

    def test_the_tree_itself(self):
        self.assertEqual(floors.check(self.tree), [])

    def test_each_arrow_that_went_up_once(self):
        for path, header, may_use in [
            ("net/socket_io.h", "tls/gnutls_session.h", "net may use core"),
            ("dane/dane_verify.h", "dns/resolver.h", "dane may use core, x509"),
            ("dane/tlsa_match.cpp", "tls/pkix_verify.h", "dane may use core, x509"),
            ("outcome/failure_policy.h", "route/attempt.h", "outcome may use core, server, smtp"),
            ("tls/ocsp_staple.h", "dane/dane_verify.h", "tls may use core, net, x509"),
            ("core/bytes.h", "net/unique_fd.h", "core may use no other room"),
            ("route/attempt.cpp", "bridge/bridge_server.h", "route may use cache, core, "),
        ]:
            with self.subTest(path=path, header=header):
                file = self.tree / "module" / path
                before = file.read_text(encoding="utf-8")
                self.append(f"module/{path}", f'#include "{header}"\n')
                [fault] = floors.check(self.tree)
                self.assertTrue(fault.startswith(f"module/{path}:{before.count(chr(10)) + 1}: "), fault)
                self.assertIn(f"includes {header}, but {may_use}", fault)
                file.write_text(before, encoding="utf-8")

    def test_a_room_that_nobody_has_heard_of(self):
        (self.tree / "module/attic").mkdir()
        self.append("module/attic/box.h", "\n")
        self.assertEqual(floors.check(self.tree), ["module/attic/box.h: attic is no room of module/README.md"])

    def test_libraries_that_say_something_else(self):
        self.replace("module/net/CMakeLists.txt", "USES core", "USES core x509")
        [fault] = floors.check(self.tree)
        self.assertIn("module/net/CMakeLists.txt: USES core x509, but module/README.md says core", fault)

    def test_a_table_with_a_circle(self):
        self.replace("module/README.md", "| core |\n| `x509`", "| core, tls |\n| `x509`")
        faults = floors.check(self.tree)
        self.assertIn("module/README.md: net uses tls, which does not stand above it in the table", faults)

    def test_no_table(self):
        self.replace("module/README.md", "| `", "| ")
        self.assertEqual(floors.check(self.tree), ["module/README.md: no table of rooms"])


if __name__ == "__main__":
    sys.exit(unittest.main())
