# SPDX-License-Identifier: GPL-2.0-or-later
"""A case on disk: NNNN/conf, script, zones where it has its own, expected/. Finds what is wrong with its
form before anything is run."""
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from suite.munge import OPTIONAL
from suite.script import parse
from suite.zones_file import parse_zones

# What is kept of a run, in the order in which it is shown; a file of expected/ each.
OUTPUTS = ("stdout", "stderr", "log", "reject", "panic", "mail", "server", "bounces")
DIFFERENCE = "smtp"  # of expected/: what is otherwise with driver = smtp


class SuiteError(Exception):
    """A case, or what was asked of the suite, has a fault; the text says which."""


@dataclass(frozen=True)
class Case:
    directory: Path

    @property
    def number(self):
        return self.directory.name

    @cached_property
    def conf(self):
        return (self.directory / "conf").read_text(encoding="utf-8")

    @property
    def title(self):
        return self.conf.partition("\n")[0].lstrip("# ")

    @cached_property
    def steps(self):
        return parse((self.directory / "script").read_text(encoding="utf-8"))

    @cached_property
    def zones(self):
        path = self.directory / "zones"
        return parse_zones(path.read_text(encoding="utf-8")) if path.exists() else ()

    def words(self, command):
        """The words of all lines of the script that begin with this command."""
        return [word for step in self.steps if step.command == command for word in step.words]

    @property
    def drivers(self):
        return ("danesmtp", *self.words("also"))

    def expected(self):
        """{name: text} of the files of expected/."""
        return {path.name: path.read_text(encoding="utf-8")
                for path in sorted((self.directory / "expected").glob("*"))}

    def write_expected(self, texts):
        directory = self.directory / "expected"
        directory.mkdir(exist_ok=True)
        for path in directory.glob("*"):
            path.unlink()
        for name, text in texts.items():
            (directory / name).write_text(text, encoding="utf-8")

    def faults(self, with_expected=True):
        """What is wrong with its form, a line each."""
        try:
            found = [*self._conf_faults(), *self._script_faults()]
            self.zones  # noqa: B018  (ValueError if it cannot be read)
        except (ValueError, FileNotFoundError) as error:
            return [f"{self.number}: {error}"]
        if with_expected:
            found += self._expected_faults()
        return [f"{self.number}: {fault}" for fault in found]

    def _conf_faults(self):
        if not re.match(rf"# {self.number}: \S", self.conf):
            yield f'conf does not begin with a comment "# {self.number}: what it proves"'

    def _script_faults(self):
        if not self.steps:
            yield "script says nothing"
        yield from (f"unknown munge {word}" for word in self.words("munge") if word not in OPTIONAL)
        yield from (f'"also {word}": only smtp can be' for word in self.words("also") if word != "smtp")

    def _expected_faults(self):
        expected = self.expected()
        if not set(expected) - {DIFFERENCE}:
            yield "nothing is expected"
        for name, text in expected.items():
            if name not in (*OUTPUTS, DIFFERENCE):
                yield f"expected/{name} is no output"
            if not text.strip():
                yield f"expected/{name} is empty"
        if DIFFERENCE in expected and len(self.drivers) == 1:
            yield f'expected/{DIFFERENCE} without "also smtp" in script'


def all_cases(directory):
    return [Case(path) for path in sorted(directory.glob("[0-9][0-9][0-9][0-9]"))]


def chosen(cases, ranges):
    """Those of ranges as "1000-1099,1203"; all without one. SuiteError if that is none."""
    if ranges:
        cases = [case for case in cases if any(_within(case.number, one) for one in ranges.split(","))]
    if not cases:
        raise SuiteError(f"no case in {ranges or 'the suite'}")
    return cases


def _within(number, one):
    if not re.fullmatch(r"\d{4}(-\d{4})?", one):
        raise SuiteError(f"{one}: not NNNN or NNNN-NNNN")
    first, _, last = one.partition("-")
    return first <= number <= (last or first)
