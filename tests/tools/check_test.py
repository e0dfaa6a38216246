#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/check, given a tree with one fault: each check has exactly one line, which names the file. And a
tree without one: no line."""
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
TOOLS = ("clang-format", "clang-tidy", "clang++", "doxygen", "shellcheck", "pyflakes3")
SKIPPED = 77
HASH, SLASHES = "# SPDX-License-Identifier: GPL-2.0-or-later\n", "// SPDX-License-Identifier: GPL-2.0-or-later\n"
COUNT = SLASHES + '#include "core/count.h"\n\nint count() {\n  return 1;\n}\n'
RIGHT = {
    "module/core/count.h": SLASHES + "#pragma once\n\n[[nodiscard]] int count();\n",
    "module/core/count.cpp": COUNT,
    "module/core/twice.cpp": SLASHES + '#include "core/count.h"\n\nnamespace {\n'
                             "int twice(int number) {\n  return 2 * number;\n}\n}  // namespace\n\n"
                             "int main() {\n  return twice(count());\n}\n",
    "scripts/say": "#!/bin/bash\n" + HASH + 'echo "$1"\n',
    "scripts/count.py": HASH + "import sys\n\nprint(len(sys.argv), sys.path)\n",
    "doc/decisions/0001-count.md": "# 0001: How we count\n\nStatus: accepted.\n",
    "doc/decisions/README.md": "| [0001](0001-count.md) | How we count | accepted |\n",
    "doc/README.md": "[the count](../module/core/count.h), `core/count.cpp`, scripts/say, `count.py`\n",
}
# check, file, its text with a fault, the line that is expected
FAULTS = (
    ("format", "module/core/count.cpp", COUNT.replace("  return", "    return"), r"count.cpp:4: not as clang-format"),
    ("tidy", "module/core/count.cpp", COUNT.replace("return 1", "int number;\n  number = 1;\n  return number"),
     r"count.cpp:5: .*cppcoreguidelines-init-variables"),
    ("tidy", "module/core/count.cpp", COUNT.replace("return 1", "int* none = nullptr;\n  return *none"),
     r"count.cpp:6: .*clang-analyzer-core.NullDereference"),
    ("tidy", "module/core/count.h", SLASHES + "#pragma once\n\ntypedef int Number;\n[[nodiscard]] Number count();\n",
     r"count.h:4: .*modernize-use-using"),
    ("tidy", "module/core/twice.cpp", RIGHT["module/core/twice.cpp"].replace("2 * number", "number - number"),
     r"twice.cpp:6: .*misc-redundant-expression"),
    ("shell", "scripts/say", "#!/bin/bash\n" + HASH + "echo $1\n", r"scripts/say:3: .*SC2086"),
    ("python", "scripts/count.py", HASH + "import os\nimport sys\n\nprint(sys.argv)\n",
     r"count.py:2: 'os' imported but unused"),
    ("python", "scripts/count.py", HASH + "import os  # noqa: F401\n", r"count.py:2: 'os' imported but unused"),
    ("spdx", "scripts/count.py", "print()\n", r"count.py:1: no SPDX line"),
    ("spdx", "scripts/say", "#!/bin/bash\necho\n", r"scripts/say:1: no SPDX line"),
    ("pages", "doc/README.md", "one\n[the count](../module/count.h)\n", r"README.md:2: ../module/count.h does not"),
    ("pages", "doc/README.md", "`core/counts.cpp`\n", r"README.md:1: core/counts.cpp does not exist"),
    ("pages", "doc/README.md", "`core/counts`\n", r"README.md:1: core/counts does not exist"),
    ("pages", "doc/README.md", "`counts.py`\n", r"README.md:1: counts.py does not exist"),
    ("decisions", "doc/decisions/0001-count.md", "# 0001: How we count\n\nWe do.\n", r"0001-count.md:1: not "),
    ("decisions", "doc/decisions/0001-count.md", "# 0001: How we count\n\nStatus: replaced by 0002.\n",
     r"0001-count.md:3: not so in doc/decisions/README.md"),
    ("decisions", "doc/decisions/README.md", "# Decisions\n", r"0001-count.md:3: not so in"),
    ("doxygen", "module/core/count.h", SLASHES + "// Counts.\n#pragma once\n\n[[nodiscard]] int count();  // of a <T>\n",
     r"count.h:\d+: warning: .*<T>"),
    ("pages", "doc/README.md", "see scripts/says\n", r"README.md:1: scripts/says does not exist"),
    ("pages", "doc/README.md", "one\n<<<<<<< HEAD\n", r"README.md:2: a merge is left half done"),
)


class Check(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = Path(folder.name).resolve()
        for name, text in RIGHT.items():
            self.write(name, text)
        for name in (".clang-format", ".clang-tidy", "doc/Doxyfile"):
            shutil.copy(TOP / name, self.top / name)
        flags = ["c++", "-std=c++20", f"-I{self.top}/module", "-o", "count.o", "-c"]
        sources = [self.top / name for name in RIGHT if name.endswith(".cpp")]
        self.write("build/dev/compile_commands.json", json.dumps(
            [{"directory": str(self.top), "file": str(path), "arguments": [*flags, str(path)]} for path in sources]))

    def write(self, name, text):
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def check(self, *arguments):
        """The exit code and the lines, without those that sum up."""
        done = subprocess.run([TOP / "scripts/check", "--tree", self.top, *arguments], capture_output=True,
                              text=True, timeout=300, check=False)
        self.assertEqual(done.stderr, "")
        return done.returncode, [line for line in done.stdout.splitlines() if " findings, " not in line]

    def test_a_tree_without_fault(self):
        self.assertEqual(self.check("--junit-xml", self.top / "build/report.xml"), (0, []))
        cases = xml.parse(self.top / "build/report.xml").findall("testcase")
        self.assertEqual([case.get("name") for case in cases],
                         ["format", "tidy", "shell", "python", "spdx", "pages", "decisions", "doxygen"])
        self.assertEqual([case for case in cases if case.find("failure") is not None], [])

    def test_one_fault_is_one_line(self):
        for check, name, text, expected in FAULTS:
            with self.subTest(check=check, expected=expected):
                self.write(name, text)
                code, lines = self.check(check)
                self.assertEqual((code, len(lines)), (1, 1), lines)
                self.assertRegex(lines[0], expected)
                self.write(name, RIGHT[name])

    def test_a_fault_is_found_again(self):
        """What is remembered is what was clean, and only as long as nothing of it changes."""
        fault = FAULTS[1]
        self.assertEqual(self.check("tidy"), (0, []))
        self.write(fault[1], fault[2])
        first = self.check("tidy")
        self.assertEqual((first[0], len(first[1])), (1, 1))
        self.assertEqual(self.check("tidy"), first)

    def test_a_comment_that_goes_is_a_change(self):
        fault = FAULTS[1][2].replace("int number;", "int number;  // NOLINT: a test")
        self.write("module/core/count.cpp", fault)
        self.assertEqual(self.check("tidy"), (0, []))
        self.write("module/core/count.cpp", fault.replace("NOLINT", "note"))
        self.assertEqual(self.check("tidy")[0], 1)

    def test_files_with_a_name_in_common(self):
        """Two files may use a name of their own for different things."""
        self.write("module/core/twice.cpp", RIGHT["module/core/twice.cpp"].replace("twice(", "own("))
        self.write("module/core/count.cpp", COUNT.replace("int count", "namespace {\nconstexpr int own = 1;\n"
                                                          "}  // namespace\n\nint count").replace("1;\n}", "own;\n}", 1)
                   .replace("= own;", "= 1;"))
        self.assertEqual(self.check("tidy"), (0, []))

    def test_a_report_has_the_findings(self):
        self.write("scripts/count.py", "print()\n")
        self.check("spdx", "pages", "--junit-xml", self.top / "build/report.xml")
        failures = [case.get("name") for case in xml.parse(self.top / "build/report.xml").findall("testcase")
                    if case.find("failure") is not None]
        self.assertEqual(failures, ["spdx"])

    def test_without_a_build_nothing_is_clean(self):
        shutil.rmtree(self.top / "build")
        self.assertEqual(self.check("tidy")[0], 1)


if __name__ == "__main__":
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        print("not there:", *missing)
        sys.exit(SKIPPED)
    unittest.main()
