# SPDX-License-Identifier: GPL-2.0-or-later
"""Every result type of RFC 8460 4.3 that a sender can see: the delivery that has it, the datagram as the collector
gets it, and the log line. doc/tls-reports.md shows them.

    DANESMTP_WRITE_PAGES=1 tests/integration/run -k test_result_types      writes that page
"""
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from test_mta_sts import ADDRESS, DOMAIN, HOST, certificate

from certificates import Dates
from collector import Collector
from ocsp import Responder
from policy_daemon import PolicyDaemon, policy, unavailable_policy
from tlsrpt_library import library, send

PAGE = Path(__file__).resolve().parents[2] / "doc/tls-reports.md"

pytestmark = pytest.mark.usefixtures("anchors")


@dataclass(frozen=True)
class Row:
    result: str
    policy: str
    what: str
    domain: str = DOMAIN
    options: dict = field(default_factory=dict)
    leaf: dict | None = None  # of scripted-plain.lab's server, beside its name; None: it has no STARTTLS
    names: tuple = (HOST,)
    fault: str = ""  # of a stapled proof
    hosts: tuple = ()  # that its policy of MTA-STS names
    mode: str = "enforce"
    delivered: bool = False
    reason: str = ""  # why its policy could not be had


def dane(result, domain, what, **more):
    return Row(result, "tlsa", what, domain, **more)


def sts(result, what, **more):
    return Row(result, "sts", what, hosts=more.pop("hosts", (HOST,)), **more)


def unavailable(result, reason):
    return Row(result, "sts", reason, reason=reason, leaf={}, delivered=True)


def none(result, what, **more):
    return Row(result, "no-policy-found", what, **more)


SELF_SIGNED = {"issuer": None, "sends": ()}
ROWS = [
    dane("success", "ee.lab", "3 1 1, the server's key", delivered=True),
    sts("success", "enforced and satisfied", leaf={}, delivered=True),
    sts("success", "tested and satisfied", leaf={}, mode="testing", delivered=True),
    none("success", "no DANE, by Exim's own driver", leaf={}, delivered=True),
    dane("starttls-not-supported", "no-starttls.lab", "STARTTLS is not offered"),
    dane("starttls-not-supported", "starttls-454.lab", "STARTTLS is refused"),
    sts("starttls-not-supported", "STARTTLS is not offered"),
    sts("starttls-not-supported", "STARTTLS is not offered, the policy is tested", mode="testing", delivered=True),
    none("starttls-not-supported", "STARTTLS is not offered", delivered=True),
    dane("certificate-host-mismatch", "name-wrong.lab", "usage 2: a path, and another name"),
    sts("certificate-host-mismatch", "a certificate for another name", leaf={}, names=("mx2.lab",)),
    dane("certificate-expired", "ta-expired.lab", "usage 2: a path that has expired"),
    sts("certificate-expired", "a certificate that has expired", leaf={"dates": Dates.PAST}),
    dane("certificate-not-trusted", "impostor.lab", "3 1 1, another key"),
    dane("certificate-not-trusted", "ta-impostor.lab", "usage 2: no path to the record"),
    sts("certificate-not-trusted", "a self-signed certificate", leaf=SELF_SIGNED),
    dane("validation-failure", "tls-11.lab", "TLS 1.1"),
    sts("validation-failure", "the policy does not name the host", leaf={}, hosts=("mx2.lab",)),
    sts("validation-failure", "revoked, by a stapled proof", leaf={}, fault="revoked"),
    dane("tlsa-invalid", "unusable.lab", "no record can be used", delivered=True),
    dane("dnssec-invalid", "bogus-tlsa.lab", "the TLSA answer is bogus"),
    unavailable("sts-policy-fetch-error", "HTTP status 404"),
    unavailable("sts-policy-invalid", "the policy names no mx"),
    unavailable("sts-webpki-invalid", "the certificate of the policy's host is not accepted"),
    none("dane-required", "hosts_require_dane, and no records", domain="signed-no-tlsa.lab",
         options={"hosts_require_dane": "*"}),
]


@dataclass(frozen=True)
class Seen:
    result: tuple
    octets: bytes
    line: str
    delivered: bool


class Bench:
    """What the rows have in common: the collector, the daemon, and a server for each."""

    def __init__(self, world):
        self.world = world
        self.directory = world.directory / "result-types"
        self.directory.mkdir(exist_ok=True)
        self.collector = Collector(self._free("collector"))
        self.daemon = PolicyDaemon(self._free("policies"))

    def _free(self, name):
        (self.directory / name).unlink(missing_ok=True)
        return self.directory / name

    def stop(self):
        self.collector.close()
        self.daemon.stop()

    def see(self, row):
        self.daemon.says = {DOMAIN: said_of(row)}
        mail = self.world.sender(driver="danesmtp", options={
            "dane_trust_anchor_file": self.world.trust_anchor, "dane_tlsrpt_socket": self.collector.path,
            "dane_mta_sts": self.daemon.option, "dane_cache": "", **row.options})
        try:
            with self.world.lifetime():
                self._serve(row)
                message_id = mail.send(f"bob@{row.domain}")
            (octets,) = self.collector.octets()
            lines = [line for line in mail.log_lines(message_id) if re.search(" (=>|==) ", line)]
            return Seen(_said(octets), octets, lines[-1], message_id not in mail.queue())
        finally:
            self.world.release(mail)

    def _serve(self, row):
        if row.domain != DOMAIN:
            return
        leaf = None if row.leaf is None else certificate(self.world, *row.names, **row.leaf)
        script = {}
        if row.fault:
            responder = Responder(self.world.certificates, self.directory / f"ocsp-{row.fault}")
            script = {"handshake": {"staples": [responder.staple("leaf", leaf, row.fault)]}}
        self.world.scripted_server(ADDRESS, leaf, script)


def said_of(row):
    if row.reason:
        return unavailable_policy(row.result, row.reason, DOMAIN)
    return policy(*row.hosts, mode=row.mode, domain=DOMAIN) if row.hosts else "NOTFOUND "


def _said(octets):
    (policy_seen,) = json.loads(octets)["policies"]
    return Collector.result(policy_seen)


@pytest.fixture(scope="module")
def seen(world, anchors):
    """Of each row what came of it, by its place."""
    bench = Bench(world)
    try:
        yield [bench.see(row) for row in ROWS]
    finally:
        bench.stop()


def name_of(number):
    row = ROWS[number]
    return f"{row.policy}-{row.result}-{row.what}".replace(" ", "-")


# tests D-163, D-172
@pytest.mark.parametrize("number", [
    pytest.param(number, marks=[pytest.mark.needs("OCSP")] if "staple" in row.what else [])
    for number, row in enumerate(ROWS)], ids=name_of)
def test_the_delivery_has_it(seen, number):
    row, one = ROWS[number], seen[number]
    assert one.result == (row.policy, row.result) and one.delivered == row.delivered, one


# The library of Debian 13 writes the same of the same.
@pytest.mark.skipif(library() is None, reason="libtlsrpt.so.0 is not installed")
def test_the_library_writes_the_same(world, seen):
    path = world.directory / "library-collector"
    path.unlink(missing_ok=True)
    collector = Collector(path)
    for one in seen:
        report = json.loads(one.octets)
        send(library(), collector.path, report)
        (theirs,) = collector.octets()
        report.pop("dpv")
        again = json.loads(theirs)
        again.pop("dpv", None)
        assert json.dumps(again) == json.dumps(report)
    collector.close()


def test_every_type_that_a_sender_sees_has_a_row():
    assert {row.result for row in ROWS} == {"success", *Collector.types()}


# Where ciphers and names of certificates are written as GnuTLS does, and log lines as by Exim 4.99 and later.
@pytest.mark.needs("GnuTLS")
@pytest.mark.needs("DANE")
@pytest.mark.needs("OCSP")
@pytest.mark.declared("TRANSPORT_MAGIC")
def test_the_page(seen):
    text = page(seen)
    if os.environ.get("DANESMTP_WRITE_PAGES"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text


HEAD = """<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
<!-- Written by tests/integration/test_result_types.py; how is said there. -->

# What a collector is told

Each result type of RFC 8460 4.3, the delivery in the test world that has it, the datagram that the collector of
`dane_tlsrpt_socket` then got (doc/decisions/0027), and the line of the main log. Digests are shortened to
`...`, and the time, the message's id, the cipher, the server's last reply and the words of libraries about
signatures are left out of log lines.

Of a policy that could not be had only `danesmtp mta-sts-daemon` tells; the row has its reason (doc/decisions/0033).

| result | policy | delivery | datagram | log line |
|---|---|---|---|---|
"""


def page(seen):
    lines = [f"| {row.result} | {row.policy} | {row.what} | `{_shown(_datagram(one.octets))}` | "
             f"`{_shown(_bare(one.line))}` |" for row, one in zip(ROWS, seen)]
    return HEAD + "\n".join(lines) + "\n"


def _datagram(octets):
    """As it came, but for the order of TLSA records, which a resolver changes."""
    report = json.loads(octets)
    for one in report["policies"]:
        if Collector.result(one)[0] == "tlsa" and "policy-string" in one:
            one["policy-string"].sort()
    return json.dumps(report, separators=(",", ":"))


def _bare(line):
    line = re.sub(r"^\S+ \S+ \S+ ", "", line)
    line = re.sub(r"X=([^:]*):\S*?(:sts)?(?= )", r"X=\1:...\2", line)
    line = re.sub("(validation failure) <.*", r"\1 ...", line)
    return re.sub(r' (DN|C)="[^"]*"', "", line).strip()


def _shown(text):
    return re.sub(r"\b[0-9a-f]{32,}\b", "...", text).replace("|", "\\|")
