# SPDX-License-Identifier: GPL-2.0-or-later
"""Deliveries under valgrind's memcheck, with any Exim: nothing that it finds is the module's, whatever
library (GnuTLS and libunbound here, Exim's OpenSSL there) it shows in.
tests/world/watched.py says which those are; scripts/sanitize valgrind delivers more of them so.
"""
import shutil
import subprocess

import pytest

from watched import EXIM, errors, is_of_the_module, under_valgrind


@pytest.mark.parametrize("stack, expected", (
    ([], False),
    (["/lib/libc.so.6", "/x/plain-exim"], False),
    (["/lib/libc.so.6", "/x/core.so", "/x/danesmtp_transport.so", "/x/plain-exim"], True),
    (["/x/danesmtp_transport.so", "/x/plain-exim"], True),
    (["/lib/libunbound.so.8", "/x/unbound.so", "/lib/libc.so.6"], True),
    (["/lib/libcrypto.so.3", "/x/plain-exim", "/x/danesmtp_transport.so", "/x/core.so", "/x/plain-exim"], False),
), ids=range(6))
def test_whose_finding_it_is(stack, expected):
    assert is_of_the_module(stack) is expected


def test_a_finding_is_read(tmp_path):
    """Also from the report of a process that was killed."""
    report = tmp_path / "report"
    report.write_text("<valgrindoutput><error><kind>Uninit</kind><what>Use of it</what><stack><frame><ip>0x1</ip>"
                      "<obj>/x/core.so</obj><fn>f</fn></frame></stack></error>", encoding="utf-8")
    assert errors(report) == [("Use of it", ["/x/core.so"], ["f"])]


@pytest.fixture
def watch(world):
    """Delivers once; returns the findings that are the module's and the reports."""
    directory = world.directory / "valgrind"
    directory.mkdir()
    directory.chmod(0o777)

    def deliver(mail, message_id):
        subprocess.run([*under_valgrind(mail.exim_binary, directory, directory), directory / EXIM, "-C", mail.config,
                        "-M", message_id],
                       check=True, capture_output=True, timeout=300, cwd="/", env={"PATH": "/usr/bin:/bin"})
        reports = sorted(directory.glob("*.xml"))
        return [finding for report in reports for finding in errors(report) if is_of_the_module(finding[1])], reports

    yield deliver
    shutil.rmtree(directory)


ROWS = {
    "ee": "CV=dane", "ta": "CV=dane", "impostor": "no TLSA record matches",
    "bogus-tlsa": "DANE: 4.7.5", "plain": "CV=no", "two-mx": "CV=dane",
}


@pytest.mark.parametrize("domain", ROWS)
def test_nothing_is_found(sender, watch, world, domain):
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    message_id = mail.inject(f"bob@{domain}.lab")
    found, reports = watch(mail, message_id)
    assert len(reports) >= 2, "the process that delivers was not watched"
    assert ROWS[domain] in mail.mainlog(), mail.mainlog()
    assert not found, found


def test_with_all_that_is_kept(sender, watch, world):
    """Answers and a TLS session of an earlier delivery, and several recipients."""
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor})
    with world.receivers.resuming():
        mail.send("bob@ee.lab")
        message_id = mail.inject(["bob@ee.lab", "eve@ee.lab", "bob@ta.lab"])
        found, _ = watch(mail, message_id)
    assert mail.mainlog().count("CV=dane") == 4, mail.mainlog()
    assert not found, found
