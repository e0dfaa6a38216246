#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tools/coverage_table on two small reports: shares a room, and what neither report reaches."""
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

TABLE = Path(__file__).resolve().parents[2] / "tools/coverage_table"


def report(**files):
    """By file, the counts of its lines from 1 on; None: no code. Line 1 has a branch each way."""
    return {name: {"functions": {"1": "f(int)"},
                   "lines": {str(number): count for number, count in enumerate(counts, 1) if count is not None},
                   "branches": {"1:0": counts[0], "1:1": 0}} for name, counts in files.items()}


class CoverageTable(unittest.TestCase):
    def table(self, *reports):
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, f"{number}.json") for number in range(len(reports))]
            for path, each in zip(paths, reports):
                path.write_text(json.dumps(each), encoding="utf-8")
            return subprocess.run([TABLE, "show", *paths], check=True, capture_output=True, text=True).stdout.splitlines()

    def test_unit_tests_alone(self):
        lines = self.table(report(**{"module/core/a.cpp": [3, 0, 0, None, 0, 1]}))
        self.assertEqual([line.split() for line in lines[1:3]],
                         [["core", "2/5", "40.0", "1/2", "50.0"], ["all", "2/5", "40.0", "1/2", "50.0"]])
        self.assertEqual(lines[4:], ["not reached by the unit tests:", "module/core/a.cpp:2-5  f"])

    def test_what_neither_reaches(self):
        lines = self.table(report(**{"module/core/a.cpp": [0, 0, 0, 1]}),
                           report(**{"module/core/a.cpp": [2, 0, 5, 0], "module/shim/b.c": [1, 0]}))
        self.assertEqual([line.split() for line in lines[1:4]],
                         [["core", "1/4", "25.0", "0/2", "0.0", "3/4", "75.0", "1/2", "50.0"],
                          ["shim", "1/2", "50.0", "1/2", "50.0"],
                          ["all", "1/4", "25.0", "0/2", "0.0", "4/6", "66.7", "2/4", "50.0"]])
        self.assertEqual(lines[5:], ["not reached by any test:", "module/core/a.cpp:2  f", "module/shim/b.c:2  f"])


    def test_what_gcov_says(self):
        """A program of two files in a tree of its own: what is not below module/ does not count."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "module/half.c")
            source.parent.mkdir()
            Path(folder, "other.c").write_text("int other(void) { return 0; }\n", encoding="utf-8")
            source.write_text("int main(int count, char** words) {\n  if (count > 1)\n    return !words;\n"
                              "  return 0;\n}\n", encoding="utf-8")
            subprocess.run(["gcc", "--coverage", "module/half.c", "other.c", "-o", "half"], cwd=folder, check=True)
            subprocess.run(["./half"], cwd=folder, check=True)
            subprocess.run([TABLE, "collect", folder, Path(folder, "report"), folder], check=True)
            (found,) = json.loads(Path(folder, "report").read_text(encoding="utf-8")).values()
        self.assertEqual(found["lines"], {"1": 1, "2": 1, "3": 0, "4": 1})
        self.assertEqual(sorted(found["branches"].values()), [0, 1])


if __name__ == "__main__":
    unittest.main()
