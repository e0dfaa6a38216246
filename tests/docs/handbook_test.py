# SPDX-License-Identifier: GPL-2.0-or-later
"""handbook.py finds each kind of fault, made in a handbook of one page."""
import tempfile
import unittest
from pathlib import Path

import handbook
from handbook_output import agrees, munged

PAGE = """# Page

```shell
$ danesmtp check --json example.org \\
> | cat
{}
```

<!-- world: resolver bind -->
```shell not run: no bus
$ systemctl reload exim4
```
"""
CONTENTS = "| [page.md](page.md) | answers |\n"


class Handbook(unittest.TestCase):
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory()
        self.addCleanup(self._directory.cleanup)
        self.top = Path(self._directory.name)
        (self.top / "doc/handbook").mkdir(parents=True)
        self.write("page.md", PAGE)
        self.write("README.md", CONTENTS)

    def write(self, name, text):
        (self.top / "doc/handbook" / name).write_text(text, encoding="utf-8")

    def faults(self, not_run=(("page.md", "no bus"),)):
        return [*handbook.contents_faults(self.top), *handbook.block_faults(self.top, not_run)]

    def test_no_fault(self):
        self.assertEqual(self.faults(), [])

    def test_commands(self):
        first, second = handbook.blocks(self.top / "doc/handbook/page.md")
        (command,) = first.commands()
        self.assertEqual((command.line, command.text, command.shown),
                         (4, "danesmtp check --json example.org \\\n| cat", ["{}"]))
        self.assertEqual((first.before, first.reason), ([], ""))
        self.assertEqual((second.before, second.reason), ([["resolver", "bind"]], "no bus"))

    def test_a_page_that_is_not_in_the_contents(self):
        self.write("other.md", "# Other\n")
        self.assertEqual(self.faults(), ["README.md: other.md is not in it"])

    def test_a_block_not_run_that_is_not_in_the_list(self):
        self.assertEqual(self.faults([]), ["page.md: 1 blocks not run (no bus), and 0 in the list"])
        self.write("page.md", PAGE.replace(" not run: no bus", ""))
        self.assertEqual(self.faults(), ["page.md: 0 blocks not run (no bus), and 1 in the list"])

    def test_a_block_of_no_kind(self):
        self.write("page.md", "```\n$ true\n```\n" + PAGE)
        self.assertEqual(self.faults(), ["page.md:1: a block of a kind that is not known: none"])

    def test_a_fence_that_is_not_understood(self):
        for wrong in ("```shell notrun: x\n$ true\n```\n", "```shell\n$ true\n", "<!-- world: x -->\n",
                      "```shell\ntrue\n```\n"):
            self.write("page.md", wrong)
            with self.assertRaises(ValueError):
                self.faults()

    def test_commands_and_options(self):
        known = {"check": {"--json"}, "": {"--version"}}
        for text, fault in (("danesmtp check --json x", None), ("danesmtp --version", None),
                            ("`danesmtp check`", None), ("danesmtp check x | grep --quiet y", None),
                            ("danesmtp chek x", "p:1: danesmtp has no command chek"),
                            ("danesmtp check --jsn", "p:1: danesmtp check has no option --jsn")):
            self.assertEqual(list(handbook.command_faults("p:1", text, known)), [fault] if fault else [])

    def test_options_of_the_transport(self):
        known = {"dane_cache"}
        self.assertEqual(list(handbook.option_faults("p:1", "`dane_cache`, hosts_*", known)), [])
        self.assertEqual(list(handbook.option_faults("p:1", "`dane_cash`", known)), ["p:1: there is no option dane_cash"])

    def test_fragments(self):
        self.assertEqual(handbook.fragments("DANE: nothing is kept: {}"), ["DANE: nothing is kept: "])
        self.assertEqual(handbook.fragments('%s transport: \\"%s\\" is tainted'), [" transport: \"", "\" is tainted"])

    def test_what_differs_from_run_to_run(self):
        for one, other in (("2026-11-28 14:54:48 1xXJpA-00000000089-1SO4 => b", "2027-01-01 00:00:01 1xXJpB-0000000008E-1fUM => b"),
                           ("3 1 1 " + "ab" * 32, "3 1 1 " + "cd" * 32), ("took 0.012 s", "took 11 s"),
                           ("good for 10h, 0s old", "good for 9h 59m, 1s old"),
                           ("Exim version 4.100.1", "Exim version 4.99"), ("a   1", "a  1 ")):
            self.assertEqual(munged(one), munged(other))
        for one, other in (("4.7.5 DANE", "4.7.4 DANE"), ("CV=dane", "CV=yes"), ("3 1 1 ab", "3 1 1 cd"),
                           ("ok=15", "ok=14"), ("waits", "goes"), (" a", "a")):
            self.assertNotEqual(munged(one), munged(other))

    def test_lines_left_out(self):
        printed = ["a", "b", "c"]
        for shown in (["a", "b", "c"], ["...", "c"], ["a", "..."], ["...", "b", "..."], ["a", "...", "b", "c"]):
            self.assertTrue(agrees(shown, printed), shown)
        for shown in (["a", "b"], ["b", "c"], ["...", "b"], ["a", "c"], ["...", "d", "..."], []):
            self.assertFalse(agrees(shown, printed), shown)

    def test_figures(self):
        (self.top / "doc/PERFORMANCE.md").write_text(
            "## A\n\n| row | x |\n|---|---|\n| one | 1 |\n| two | 2 |\n\n## B\n\n| row | y |\n|---|---|\n| one | 3 |\n")
        text = "<!-- from PERFORMANCE.md: A -->\n| row | x |\n|---|---|\n| two | {} |\n<!-- end -->\n"
        self.write("performance.md", text.format(2))
        self.assertEqual(list(handbook.figure_faults(self.top)), [])
        self.write("performance.md", text.format(7))
        self.assertEqual(len(list(handbook.figure_faults(self.top))), 1)
        handbook.take_figures(self.top)
        self.assertEqual(list(handbook.figure_faults(self.top)), [])
        self.write("performance.md", "none")
        self.assertEqual(list(handbook.figure_faults(self.top)), ["performance.md: no table from PERFORMANCE.md"])


if __name__ == "__main__":
    unittest.main()
