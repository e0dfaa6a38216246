# SPDX-License-Identifier: GPL-2.0-or-later
"""danesmtp behind other people's resolvers: whatever forwards our questions, honest or crooked,
`ee` is delivered with DANE or waits, and `impostor` never receives mail.

Only the module asks them; Exim's router goes on asking the world's own Unbound.
"""
import itertools
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.rdatatype
import pytest
from name_servers import answers
from processes import SLOWER
from resolvers import STARTERS, start_resolver

sys.path.insert(0, str(Path(__file__).resolve().parent / "dns"))

import lab  # noqa: E402  (needs the path above: the crooked forwarders)

ADDRESSES = (f"127.0.2.{number}" for number in itertools.count(1))

WAITS = "waits"
HONEST = {"ee": "dane", "impostor": WAITS, "plain": "no"}
NOTHING = dict.fromkeys(HONEST, WAITS)


def outcomes(world, sender, options, zones=HONEST, below="lab"):
    """What becomes of a message to each of the zones: the word after CV=, or "waits"."""
    return sent(world, sender(driver="danesmtp", options=options), zones, below)


def sent(world, mail, zones=HONEST, below="lab"):
    found = {}
    for zone in zones:
        message_id = mail.send(f"bob@{zone}.{below}")
        line = next((line for line in mail.log_lines(message_id) if " => " in line), "")
        waiting = message_id in mail.queue()
        arrived = len(world.receivers.mail(message_id))
        assert arrived == (0 if waiting else 1), mail.mainlog()
        found[zone] = WAITS if waiting else line.partition(" CV=")[2].split(" ")[0] or "clear"
    return found


def forwarding(world, address, **more):
    return {"dane_resolver": f"forward:{address}", "dane_trust_anchor_file": world.trust_anchor,
            **more}


# -- Resolvers that others wrote

@contextmanager
def running(world, kind, validates):
    address = next(ADDRESSES)
    process = start_resolver(kind, world.directory, world.trust_anchor, address, validates)
    try:
        process.wait_until(lambda: answers("lab.", server=address))
        yield address
    finally:
        process.stop()


# tests D-004
@pytest.mark.parametrize("validates", (True, False), ids=("validating", "not-validating"))
@pytest.mark.parametrize("kind", STARTERS)
def test_resolver_as_forwarder(world, sender, kind, validates):
    with running(world, kind, validates) as address:
        assert outcomes(world, sender, forwarding(world, address)) == HONEST


@pytest.mark.parametrize("validates,expected", [(True, HONEST), (False, NOTHING)],
                         ids=("validating", "not-validating"))
@pytest.mark.parametrize("kind", STARTERS)
def test_resolver_that_is_believed(world, sender, kind, validates, expected):
    """dane_dnssec = resolver: its AD bit counts, and a resolver that never says AD is an error."""
    with running(world, kind, validates) as address:
        options = forwarding(world, address, dane_dnssec="resolver")
        assert outcomes(world, sender, options) == expected


def test_full_recursion(world, sender):
    options = {"dane_resolver": world.unbound_conf()}
    assert outcomes(world, sender, options) == HONEST


# -- Crooked forwarders

class Liar(lab.Crooked):
    """Lies of which AD is a part: each reply says that it was validated."""

    def denies_tlsa(self, query, question, _transport):
        reply = self.ask(query)
        if question.rdtype == dns.rdatatype.TLSA:
            reply = dns.message.make_response(query)
            reply.flags |= dns.flags.RA
        reply.flags |= dns.flags.AD
        return [reply.to_wire()]

    def strips_and_says_ad(self, query, question, transport):
        (wire,) = self.strips_dnssec(query, question, transport)
        reply = dns.message.from_wire(wire)
        reply.flags |= dns.flags.AD
        return [reply.to_wire()]


FAILS_TLSA = {"ee": WAITS, "impostor": WAITS, "plain": "no"}

# tests D-002, D-004
CROOKED = {
    "strips-dnssec": NOTHING,
    "strips-and-says-ad": NOTHING,
    "denies-tlsa": FAILS_TLSA,
    "tlsa-servfail": FAILS_TLSA,
    "refuses": NOTHING,
    "garbage": NOTHING,
    "strips-ad": HONEST,
    "truncates": HONEST,
}


@pytest.fixture
def crooked(monkeypatch):
    """A function that starts such a forwarder to the world's Unbound and returns its address."""
    monkeypatch.setattr(lab, "HONEST", "127.0.0.1")

    def start(kind):
        address = next(ADDRESSES)
        Liar(kind, address)  # at port 53 too
        return f"{address}@{lab.CROOKED_PORT}"

    return start


@pytest.mark.parametrize("kind", CROOKED)
def test_crooked_forwarder(world, sender, crooked, kind):
    options = forwarding(world, crooked(kind))
    assert outcomes(world, sender, options) == CROOKED[kind]


class Together(lab.Crooked):
    """Answers no question of a stage before each of the stage has been asked. A stage that does not come
    together is `apart`, and its questions fail."""
    stages = []
    apart = []
    order = []
    _seen = set()
    _more = threading.Condition()

    def together(self, query, question, _transport):
        asked = (dns.rdatatype.to_text(question.rdtype), question.name.to_text())
        stage = next((stage for stage in self.stages if asked in stage), None)
        with self._more:
            if asked not in self._seen:
                self.order.append(asked)
            self._seen.add(asked)
            self._more.notify_all()
            if stage and not self._more.wait_for(lambda: stage <= self._seen, timeout=5):
                self.apart.append(asked)
                return self.failing(query, dns.rcode.SERVFAIL)
        return [self.ask(query).to_wire()]


# tests D-051
def test_questions_for_all_hosts_are_under_way_together(world, sender, monkeypatch):
    """The MX records; then the addresses of both hosts; then the TLSA records of both."""
    monkeypatch.setattr(lab, "HONEST", "127.0.0.1")
    hosts = [f"mx{number}.two-mx.lab." for number in (1, 2)]
    addresses = {(kind, host) for host in hosts for kind in ("A", "AAAA")}
    records = {("TLSA", f"_25._tcp.{host}") for host in hosts}
    monkeypatch.setattr(Together, "stages", [addresses, records])
    address = next(ADDRESSES)
    Together("together", address)
    mail = sender(driver="danesmtp", options=forwarding(world, f"{address}@{lab.CROOKED_PORT}"))
    message_id = mail.send("bob@two-mx.lab")
    assert Together.apart == []
    assert " CV=dane" in "".join(mail.log_lines(message_id)), mail.mainlog()
    asked = [question for question in Together.order if question[0] not in ("DNSKEY", "DS")]
    assert asked[0] == ("MX", "two-mx.lab.")
    assert sorted(asked[1:]) == sorted(addresses | records)


# tests D-002
def test_forwarders_that_drop_packets(world, sender, crooked):
    """At once, for each takes all the time that a look-up has. So does the one whose forged replies
    come before the real one: they do not count, but libunbound then asks again, to no avail."""
    def deliver(mail):
        message_id = mail.send("bob@impostor.lab")
        assert mail.queue() == {message_id: ["bob@impostor.lab"]}, mail.mainlog()
        assert world.receivers.mail(message_id) == []
        assert "DNSSEC validation is not working" in mail.mainlog()

    senders = [sender(driver="danesmtp", options=forwarding(world, crooked(kind)))
               for kind in ("silent", "drops-dnskey", "forged-first")]
    with ThreadPoolExecutor(max_workers=len(senders)) as pool:
        list(pool.map(deliver, senders))


@pytest.mark.parametrize("dnssec", ("validate", "resolver"))
def test_a_forwarder_that_needs_its_time(world, sender, crooked, dnssec):
    """As long as the look-ups of the system's own library would wait for it."""
    mail = sender(driver="danesmtp",
                  options=forwarding(world, crooked("finds-out-first"), dane_dnssec=dnssec))
    start = time.monotonic()
    message_id = mail.send("bob@ee.lab")
    assert " CV=dane" in "".join(mail.log_lines(message_id)), mail.mainlog()
    assert time.monotonic() - start > 6


def test_one_of_two_forwarders_is_silent(world, sender, crooked):
    options = forwarding(world, f"{crooked('silent')},127.0.0.1")
    mail = sender(driver="danesmtp", options=options)
    message_id = mail.send("bob@ee.lab")
    assert " CV=dane" in "".join(mail.log_lines(message_id)), mail.mainlog()


# tests D-002, D-004: what the first has shown vouches for no other
@pytest.mark.parametrize("first", (True, False), ids=("validating first", "validating last"))
def test_believed_beside_one_that_does_not_validate(world, sender, crooked, first):
    servers = ["127.0.0.1", crooked("strips-dnssec")]
    options = forwarding(world, ",".join(servers if first else servers[::-1]), dane_dnssec="resolver")
    zones = {**HONEST, "bogus-mx": WAITS, "bogus-a": WAITS, "bogus-tlsa": WAITS}
    # Exim's router sees SERVFAIL for the first two of them.
    assert outcomes(world, sender, options, zones) == zones


# -- The resolvers of the system, and what to do where they do not carry DNSSEC

UNSIGNED_ABSENCE = {**HONEST, "tlsa-of-port-24": "no"}

# tests D-004
AUTO = {  # by resolver: with auto, with system
    "strips-ad": (HONEST, HONEST),
    "denies-tlsa": (FAILS_TLSA, FAILS_TLSA),
    "tlsa-servfail": (FAILS_TLSA, FAILS_TLSA),
    "strips-dnssec": (HONEST, NOTHING),
    "strips-and-says-ad": (HONEST, NOTHING),
    "strips-unless-told": (UNSIGNED_ABSENCE, {**UNSIGNED_ABSENCE, "tlsa-of-port-24": WAITS}),
}


@pytest.mark.parametrize("kind", AUTO)
def test_resolvers_of_the_system(world, sender, crooked, kind):
    address = crooked(kind).partition("@")[0]
    with world.name_servers(address), world.root_hints():
        mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
        assert sent(world, mail, AUTO[kind][0]) == AUTO[kind][0]
        told = [line for line in mail.mainlog().splitlines() if "do not carry DNSSEC" in line]
        assert len(told) == (AUTO[kind][0] != AUTO[kind][1])
        assert all(f"DANE: the name servers of the system ({address}@53)" in line for line in told)
        options = {"dane_trust_anchor_file": world.trust_anchor, "dane_resolver": "system"}
        assert outcomes(world, sender, options, AUTO[kind][1]) == AUTO[kind][1]


def test_no_root_to_ask_either(world, sender, crooked):
    """Outside the world there are no root servers: mail waits, and the log says both reasons."""
    with world.name_servers(crooked("strips-dnssec").partition("@")[0]):
        mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
        message_id = mail.send("bob@plain.lab")
    assert mail.queue() == {message_id: ["bob@plain.lab"]}
    assert "asked: the root servers" in mail.mainlog() and "do not carry DNSSEC" in mail.mainlog()
    assert not (mail.spool / "danesmtp-resolver").exists()


def test_what_is_remembered_is_exims_own(world, sender, crooked):
    with world.name_servers(crooked("strips-dnssec").partition("@")[0]), world.root_hints():
        mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
        mail.send("bob@plain.lab")
    kept = (mail.spool / "danesmtp-resolver").stat()
    assert (kept.st_uid, kept.st_mode & 0o777) == ((mail.spool / "input").stat().st_uid, 0o600)


def test_dead_name_servers_behind_one_that_answers(world, sender, crooked):
    """They cost nothing. Before it they cost Exim's own look-ups five seconds each, and ours 0.3 at
    most: tests/integration/dns has the times."""
    silent = [crooked("silent").partition("@")[0] for _ in range(9)]
    with world.name_servers("127.0.0.1", *silent):
        mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
        message_ids = [mail.inject("bob@ee.lab") for _ in range(4)]
        start = time.monotonic()
        for message_id in message_ids:
            mail.deliver(message_id)
            assert " CV=dane" in "".join(mail.log_lines(message_id)), mail.mainlog()
        assert time.monotonic() - start < 2 * SLOWER


# -- Names that libunbound would answer by itself

# tests D-004
SPECIAL = {"good": "dane", "impostor": WAITS, "bogus": WAITS}


@pytest.mark.parametrize("resolver", ("auto", "system", "forward:127.0.0.1", "recursive", "unbound.conf"))
def test_a_signed_zone_below_test(world, sender, resolver):
    options = {"dane_resolver": resolver, "dane_trust_anchor_file": world.trust_anchor}
    if resolver == "unbound.conf":
        options = {"dane_resolver": world.unbound_conf()}
    with world.root_hints():
        assert outcomes(world, sender, options, SPECIAL, below="test") == SPECIAL


def test_an_unbound_conf_may_answer_by_itself(world, sender):
    """Its local zones are the administrator's word, as domain-insecure is (D-015)."""
    conf = world.unbound_conf()
    conf.write_text(conf.read_text() + '  local-zone: "good.test." static\n')
    assert outcomes(world, sender, {"dane_resolver": conf}, ["good"], below="test") == {"good": "no"}


def test_an_unbound_conf_may_choose_the_ports_to_ask_from(world, sender):
    """Also some that Linux would not have chosen, and none that it would have."""
    conf = world.unbound_conf()
    conf.write_text(conf.read_text() + "  outgoing-port-avoid: 32768-65535\n")
    assert outcomes(world, sender, {"dane_resolver": conf}) == HONEST


# -- Resources

def test_no_thread_for_the_resolver(world, sender):
    """At once, in one line, and the message waits as any other. Exim lifts RLIMIT_NPROC; a stack that
    nobody can have stops a thread as well, and no process."""
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    message_id = mail.inject("bob@ee.lab")
    start = time.monotonic()
    subprocess.run(["prlimit", f"--stack={100 << 40}", world.exim.binary, "-C", mail.config, "-Mc",
                    message_id], check=True, timeout=60, cwd="/")
    assert time.monotonic() - start < 5
    assert mail.queue() == {message_id: ["bob@ee.lab"]}
    assert mail.mainlog().count("no thread for the resolver: ") == 1
    assert mail.paniclog() == ""
    mail.run_queue(forced=True)
    assert " CV=dane" in "".join(mail.log_lines(message_id)), mail.mainlog()
