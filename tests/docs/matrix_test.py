# SPDX-License-Identifier: GPL-2.0-or-later
"""matrix.py counts each outcome once, keeps builds apart, and makes no page of reports that say nothing."""
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import matrix  # noqa: E402

SUITE = """<testsuites><testsuite>
<testcase classname="tests.integration.test_tls" name="a"/>
<testcase classname="tests.integration.test_tls" name="b"><failure message="no"/></testcase>
<testcase classname="tests.integration.test_tls.TestOld" name="c"><skipped message="needs OCSP"/></testcase>
<testcase classname="tests.integration.test_auth" name="d"><error message="no"/></testcase>
</testsuite></testsuites>"""
CASES = """<testsuite><testcase classname="configurations.1000" name="1001: x"/>
<testcase classname="configurations.9900" name="9901: x"/></testsuite>"""


class MatrixTest(unittest.TestCase):
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory()
        self.addCleanup(self._directory.cleanup)
        self.folder = Path(self._directory.name)

    def put(self, flavour, features, **reports):
        text = f"Exim version 4.1 #1 built\nSupport for: {features}\n"
        (self.folder / f"{flavour}.version").write_text(text, encoding="utf-8")
        for name, report in reports.items():
            (self.folder / f"{flavour}.{name}.xml").write_text(report, encoding="utf-8")

    def test_a_build_in_figures(self):
        self.put("one", "GnuTLS DKIM OCSP", integration=SUITE, configurations=CASES)
        self.put("two", "OpenSSL DKIM", configurations=CASES)
        lines = matrix.page(self.folder).splitlines()
        for line in ("| **all** | 3 / 2 / 1 | 2 / 0 / 0 |", "| test_tls | 1 / 1 / 1 | not run |",
                     "| test_auth | 0 / 1 / 0 | not run |", "| 1000 DANE basics | 1 / 0 / 0 | 1 / 0 / 0 |",
                     "| 9900 | 1 / 0 / 0 | 1 / 0 / 0 |",
                     "| **integration** | 1 / 2 / 1 | not run |"):
            self.assertIn(line, lines)
        self.assertIn("| two | 4.1 | OpenSSL | OCSP |", "\n".join(lines))
        self.assertIn("| one | 4.1 | GnuTLS | - |", "\n".join(lines))

    def test_what_is_no_page(self):
        with self.assertRaises(matrix.MatrixError):
            matrix.page(self.folder)
        self.put("one", "GnuTLS")
        with self.assertRaises(matrix.MatrixError):
            matrix.page(self.folder)
        self.put("one", "GnuTLS", integration="<testsuite/>")
        with self.assertRaises(matrix.MatrixError):
            matrix.page(self.folder)
        self.put("one", "GnuTLS", integration='<testsuite><testcase classname="x" name="y"/></testsuite>')
        with self.assertRaises(matrix.MatrixError):
            matrix.page(self.folder)

    def test_what_it_costs(self):
        self.put("one", "GnuTLS", configurations=CASES)
        self.assertNotIn("What it costs", matrix.page(self.folder))
        both = {"danesmtp": {"cpu": [2, 4, 3], "memory": [None] * 3}, "smtp": {"cpu": [4, 4, 4], "memory": [5] * 3}}
        cost = {"rounds": 3, "exim": "4.1", "loads": [0.5, 1.25], "date": "2026-11-28",
                "rows": {"start-up": both, "dane-each": both}}
        (self.folder / "one.cost.json").write_text(json.dumps(cost), encoding="utf-8")
        last = matrix.page(self.folder).splitlines()[-1]
        figures = "3.00 / 4.00 = 0.75 (0.50–1.00)"
        self.assertEqual(last, f"| one | 4.1 | {figures} | {figures} | - | - | - | 1.2, 2026-11-28 |")


if __name__ == "__main__":
    unittest.main()
