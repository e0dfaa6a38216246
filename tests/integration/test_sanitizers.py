# SPDX-License-Identifier: GPL-2.0-or-later
"""Is what a sanitizer or valgrind finds in a delivery reported, and by the test that made it? By a core with faults
(faulty_core): scripts/sanitize begins with it."""
import os
import shutil

import pytest

import watched
from exim_build import made_for_tests

WORDS = {"address": "heap-buffer-overflow", "undefined": "signed integer overflow"}
if watched.BY_VALGRIND:
    WORDS = {"address": "Invalid read of size 1"}
watches = pytest.mark.skipif(not watched.REPORTS, reason="nobody watches: scripts/sanitize")
NOBODY = 2 ** 22  # no process has this id, or a higher one


# -- reports

def test_a_report_is_read_once(tmp_path):
    (tmp_path / f"address.{NOBODY}").write_text("heap-use-after-free", encoding="utf-8")
    assert watched.new(tmp_path) == ["heap-use-after-free"]
    assert watched.new(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == [f"address.{NOBODY}.read"]


def test_a_report_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(watched, "REPORTS", tmp_path)
    watched.expect_nothing()
    (tmp_path / f"address.{NOBODY}").write_text("heap-use-after-free", encoding="utf-8")
    with pytest.raises(AssertionError, match="heap-use-after-free"):
        watched.expect_nothing()


def test_a_report_is_read_when_its_process_has_ended(tmp_path):
    (tmp_path / f"undefined.{os.getpid()}").write_text("null pointer", encoding="utf-8")
    assert watched.new(tmp_path) == []
    assert watched.new(tmp_path, of_living=True) == ["null pointer"]


def test_of_valgrind_only_what_is_of_the_module(tmp_path):
    error = "<error><what>{}</what><stack><frame><obj>/x/{}</obj><fn>f</fn></frame></stack></error>"
    (tmp_path / f"{NOBODY}.xml").write_text(
        error.format("of Exim", watched.EXIM) + error.format("of ours", "core.so"), encoding="utf-8")
    (tmp_path / f"{NOBODY + 1}.xml").write_text(error.format("of Exim", watched.EXIM), encoding="utf-8")
    assert watched.new(tmp_path) == ["of ours: f"]
    assert [path.name for path in tmp_path.iterdir()] == [f"{NOBODY}.xml.read"]


def test_without_a_directory_nothing_is_read(monkeypatch):
    monkeypatch.setattr(watched, "REPORTS", None)
    assert watched.new() == []


# -- faults

@pytest.fixture
def faulty(world, tmp_path):
    """A function that says which fault the core has."""
    transport = shutil.copy(f"{world.exim.module_dir}/danesmtp_transport.so", tmp_path)
    with world.exim.other_module(transport, made_for_tests("faulty_core.so")) as directory:
        yield (directory / "danesmtp/fault").write_text


@watches
@pytest.mark.parametrize("fault", WORDS)
def test_a_fault_is_reported(world, sender, faulty, fault):
    faulty(fault)
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    mail.send("bob@ee.lab")
    (report,) = watched.new()
    assert WORDS[fault] in report and "commit_fault" in report, report


@watches
def test_without_a_fault_nothing_is_reported(world, sender, faulty):
    faulty("none")
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    mail.send("bob@ee.lab")
    assert "CV=dane" in mail.mainlog(), mail.mainlog()
    assert watched.new() == []
