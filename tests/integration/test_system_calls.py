# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/system-calls.md against traces of real deliveries: nothing is asked of the kernel at a stage, no file is
opened and no peer is spoken to, but what the page names; and no file or peer of ours stands there, nor a call that
reaches beyond the process, that no delivery needs.
"""
import fnmatch
import re
from pathlib import Path

import pytest

from certificates import TA_CHAIN, Leaf
from collector import Collector
from exim_build import find_build, reference_build
from ocsp import Responder
from policy_daemon import PolicyDaemon, policy
from receivers import AUTH_PASSWORD, AUTH_USER
from system_calls import ACCESS, KINDS, STAGES, traced

# What Exim does on behalf of the module differs, and so do the words of its debugging output.
pytestmark = pytest.mark.skipif(find_build() != reference_build(), reason="the page is about the Exim of get-exim")

PAGE = Path(__file__).resolve().parents[2] / "doc/system-calls.md"
AUTHENTICATORS = f"""begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^{AUTH_USER}^{AUTH_PASSWORD}
"""
# In some runs only: whether there is memory left, who waits for whom.
BY_CHANCE = {"memory", "clock", "random octets", "signals", "who am I", "descriptors", "waiting", "file contents", "threads"}
STAPLING = "192.0.2.52"  # of scripted-ta.lab
RESUMING = "192.0.2.49"  # of scripted.lab


class Traces:
    """Deliveries under strace, and what they used: paths as the page has them."""

    def __init__(self, world, directory):
        self._world = world
        self._trace = directory / "trace"
        self.seen = {}

    def run(self, name, recipients, *, times=1, queue=False, **sender):
        """`times`: the last delivery counts. `queue`: all messages wait, and then the queue is run."""
        sender["options"] = {"dane_trust_anchor_file": self._world.trust_anchor, **sender.get("options", {})}
        mail = self._world.sender(driver="danesmtp", **sender)
        for _ in range(times - 1):
            mail.send(recipients[0])
        ids = [mail.inject(recipient) for recipient in recipients]
        what = ["-qq"] if queue else ["-M", ids[0]]
        found = traced([mail.exim_binary, "-C", mail.config, "-d+transport", *what], self._trace)
        self._world.release(mail)
        self.seen[name] = {use._replace(object=self._general(use.object, mail, ids)) for use in found}
        return mail

    def _general(self, text, mail, ids):
        for one in ids:
            text = text.replace(one, "ID")
        for path, word in ((mail.spool, "SPOOL"), (self._world.exim.module_dir, "MODULES"),
                           (self._world.trust_anchor, "ANCHORS"), (mail.home / "log", "LOGS"),
                           (self._world.directory / "calls.report", "COLLECTOR"),
                           (self._world.directory / "calls.policies", "DAEMON")):
            text = text.replace(str(path), word)
        return re.sub("//+", "/", re.sub(r"^192\.0\.2\.\d+ port", "mail server, port", text.replace("127.0.0.1 port", "resolver, port")))


def run_all(world, traces):
    collector, daemon = Collector(world.directory / "calls.report"), PolicyDaemon(world.directory / "calls.policies")
    daemon.says["scripted-plain.lab"] = policy("mx.scripted-plain.lab")
    responder = Responder(world.certificates, world.directory / "calls-ocsp")
    stapled = world.certificates.issue(Leaf("calls", ("mx.scripted-ta.lab",), issuer="intermediate", sends=TA_CHAIN),
                                       world.certificates["scripted"].key)
    world.scripted_server(STAPLING, stapled, {"handshake": {"staples": [responder.staple("leaf", stapled, "good")]}})
    world.scripted_server(RESUMING, "scripted", {"handshake": {"tickets": "kept", "tls": "1.3"}})
    world.scripted_server("192.0.2.50", world.certificates.issue(
        Leaf("calls-web", ("mx.scripted-plain.lab",), issuer="intermediate", sends=TA_CHAIN)), {})
    traces.run("usage 3", ["bob@ee.lab"])
    traces.run("usage 2, a proof stapled", ["bob@scripted-ta.lab"])
    traces.run("no DANE", ["bob@plain.lab"])
    traces.run("an impostor", ["bob@impostor.lab"])
    traces.run("AUTH", ["bob@ee.lab"], options={"hosts_require_auth": "*"}, sections=AUTHENTICATORS)
    traces.run("found in the cache", ["bob@ee.lab"], times=2)
    traces.run("resumed", ["bob@scripted.lab"], times=2)
    traces.run("one connection", ["bob@ee.lab", "eve@ee.lab"], queue=True)
    traces.run("a believed resolver", ["bob@ee.lab"], options={"dane_dnssec": "resolver"})
    traces.run("reports", ["bob@ee.lab"], options={"dane_tlsrpt_socket": collector.path})
    traces.run("MTA-STS", ["bob@scripted-plain.lab"], options={"dane_mta_sts": daemon.option})
    daemon.stop()
    collector.close()


@pytest.fixture(scope="module")
def traces(world, anchors, tmp_path_factory):
    made = Traces(world, tmp_path_factory.mktemp("traces"))
    with world.lifetime():
        run_all(world, made)
    return made


def cells(title, columns):
    """Of the table below that title: a list of its cells for each row, without backquotes."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip().strip("`") for cell in line.strip("|").split("|")]
            for line in section.splitlines() if line.startswith("|")]
    assert len(rows) > 2 and {len(row) for row in rows} == {columns}, title
    return rows[0], rows[2:]


def words(cell):
    return {word.strip() for word in cell.split(",")}


def used(traces, files):
    """Pairs of a Use that has an object, of a file or of a peer, and the delivery where it was."""
    return [(use, name) for name, uses in traces.seen.items() for use in uses
            if use.object and (use.kind in ("names", "changed names")) == files]


def test_kinds_of_calls(traces):
    head, rows = cells("Calls", 1 + len(STAGES))
    assert head[1:] == STAGES and [row[0] for row in rows] == list(KINDS)
    named = {(row[0], stage) for row in rows for stage, cell in zip(STAGES, row[1:]) if cell == "x"}
    seen = {(use.kind, use.stage): (use.call, name) for name, uses in traces.seen.items() for use in uses}
    assert {pair: where for pair, where in seen.items() if pair not in named} == {}
    assert {stage for _, stage in seen} == set(STAGES)
    assert {pair for pair in named - set(seen) if pair[0] not in BY_CHANCE} == set()


def test_files(traces):
    _, rows = cells("Files", 5)
    unnamed = [(use, name) for use, name in used(traces, files=True)
               if not any(fnmatch.fnmatchcase(use.object, row[0]) and use.stage in words(row[2])
                          and use.access <= ACCESS.index(row[1]) for row in rows)]
    assert unnamed == []
    ours = {row[0] for row in rows if row[3] == "danesmtp"}
    seen = {use.object for use, _ in used(traces, files=True)}
    assert {row for row in ours if not fnmatch.filter(seen, row)} == set()


def test_peers(traces):
    _, rows = cells("Peers", 3)
    named = {(row[0], stage) for row in rows for stage in words(row[1])}
    seen = {(use.object, use.stage) for use, _ in used(traces, files=False)}
    assert seen - named == set()
    assert {row[0] for row in rows} - {peer for peer, _ in seen} == set()
