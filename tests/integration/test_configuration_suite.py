# SPDX-License-Identifier: GPL-2.0-or-later
"""The runner of testsuite-configs: what is not as expected fails, whichever output it is; what does not apply
is told from what passed. Its checks of form are shown by tests/tools/configuration_suite_test.py."""
import re
import shutil
import sys
import xml.etree.ElementTree as tree
from pathlib import Path

import pytest

SUITE = Path(__file__).resolve().parents[2] / "testsuite-configs"
sys.path.insert(0, str(SUITE))

from sender import Sender  # noqa: E402
from suite.case import Case  # noqa: E402  (needs the path above)
from suite.run import Outcome, finish, run_all, run_one  # noqa: E402

DELIVERED, DEFERRED = "1010", "1001"  # both run with driver = smtp too; the drivers differ in 1001
# The difference between the drivers is written down for these.
COMPARED = (pytest.mark.needs("GnuTLS"), pytest.mark.needs("DANE"), pytest.mark.declared("TRANSPORT_MAGIC"))
DANE_IN_LOG = pytest.mark.needs("DANE")  # without, Exim has no word for it: CV=yes


@pytest.fixture
def copied(tmp_path, monkeypatch):
    monkeypatch.setattr(Sender, "reads_dane", False)  # the suite expects of each Exim what that one logs

    def copy(number):
        shutil.copytree(SUITE / number, tmp_path / number)
        return Case(tmp_path / number)
    return copy


def change(case, name, old, new):
    path = case.directory / "expected" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("number", [DELIVERED, DEFERRED])
def test_as_expected(world, copied, number):
    result = run_one(world, copied(number))
    assert (result.outcome, result.text) == (Outcome.PASSED, "")


@pytest.mark.parametrize("number,name,old,new", [
    pytest.param(DELIVERED, "log", "CV=dane", "CV=yes", marks=DANE_IN_LOG),
    (DELIVERED, "log", "m1 Completed\n", ""),
    (DELIVERED, "mail", "SNI=mx.ee.lab", "SNI="),
    (DEFERRED, "stdout", "bob@impostor.lab", "eve@impostor.lab"),
    pytest.param(DEFERRED, "smtp", "DANE attempt failed", "DANE attempt succeeded", marks=COMPARED),
])
def test_one_line_that_is_otherwise(world, copied, number, name, old, new):
    case = copied(number)
    change(case, name, old, new)
    result = run_one(world, case)
    assert result.outcome is Outcome.FAILED
    changed = re.findall(r"^[-+](?!-- |\+\+ )(.*)$", result.text, re.MULTILINE)
    assert f"--- expected/{name}" in result.text
    assert changed and all(old.strip() in line or new in line for line in changed)


@pytest.mark.parametrize("name", ["panic", "bounces", pytest.param("smtp", marks=COMPARED)])
def test_an_output_that_is_missing(world, copied, name):
    case = copied(DELIVERED)
    (case.directory / "expected" / name).write_text("something\n", encoding="utf-8")
    result = run_one(world, case)
    assert result.outcome is Outcome.FAILED and "-something" in result.text


@pytest.mark.parametrize("name", ["log", "mail"])
def test_an_output_that_nobody_expects(world, copied, name):
    case = copied(DELIVERED)
    (case.directory / "expected" / name).unlink()
    result = run_one(world, case)
    assert result.outcome is Outcome.FAILED and f"--- expected/{name}" in result.text


@pytest.mark.parametrize("needs,outcome", [("needs NO_SUCH_FEATURE", Outcome.NOT_APPLICABLE),
                                           ("needs !smtp", Outcome.NOT_APPLICABLE),
                                           ("needs smtp !NO_SUCH_FEATURE", Outcome.PASSED)])
def test_what_a_case_needs(world, copied, needs, outcome):
    case = copied(DELIVERED)
    script = case.directory / "script"
    script.write_text(f"{needs}\n{script.read_text(encoding='utf-8')}", encoding="utf-8")
    assert run_one(world, case).outcome is outcome


@DANE_IN_LOG
def test_update_writes_what_came(world, copied):
    case = copied(DELIVERED)
    change(case, "log", "CV=dane", "CV=yes")
    assert run_one(world, case, update=True).outcome is Outcome.PASSED
    assert case.expected() == Case(SUITE / DELIVERED).expected()


def test_a_server_that_cannot_be_started_is_a_failure(world, copied):
    case = copied(DELIVERED)
    (case.directory / "script").write_text("server 192.0.2.10 ee\nsend bob@ee.lab\n", encoding="utf-8")
    result = run_one(world, case)
    assert result.outcome is Outcome.FAILED and "OSError" in result.text


def test_the_closing_line_the_report_and_the_status(world, copied, tmp_path, capsys):
    good, bad, odd = copied(DELIVERED), copied(DEFERRED), copied("1022")
    change(bad, "stdout", "bob@", "eve@")
    (odd.directory / "script").write_text("needs NO_SUCH_FEATURE\nsend bob@ee.lab\n", encoding="utf-8")
    results = run_all(world, [good, bad, odd])
    assert finish(results, 1.5, tmp_path / "junit.xml") == 1
    said = capsys.readouterr().out
    assert said.startswith("FAILED 1001: ") and "\n-m1: eve@" in said
    assert said.splitlines()[-1] == "1 passed, 1 failed, 1 not applicable (2 s)"
    report = tree.parse(tmp_path / "junit.xml")
    assert len(report.findall("testcase")) == 3
    assert [len(report.findall(f"testcase/{kind}")) for kind in ("failure", "skipped")] == [1, 1]
    assert finish(results[:1], 1) == 0 and finish([], 1) == 1
