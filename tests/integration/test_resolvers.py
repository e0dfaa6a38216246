# SPDX-License-Identifier: GPL-2.0-or-later
"""danesmtp behind other people's resolvers: whatever forwards our questions, honest or crooked,
`ee` is delivered with DANE or waits, and `impostor` never receives mail.

Only the module asks them; Exim's router goes on asking the world's own Unbound.
"""
import itertools
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.rdatatype
import pytest
from name_servers import answers
from resolvers import STARTERS, start_resolver

sys.path.insert(0, str(Path(__file__).resolve().parent / "dns"))

import lab  # noqa: E402  (needs the path above: the crooked forwarders)

ADDRESSES = (f"127.0.2.{number}" for number in itertools.count(1))

WAITS = "waits"
HONEST = {"ee": "dane", "impostor": WAITS, "plain": "no"}
NOTHING = dict.fromkeys(HONEST, WAITS)


def outcomes(world, sender, options):
    """What becomes of a message to each of the three zones: the word after CV=, or "waits"."""
    mail = sender(driver="danesmtp", options=options)
    found = {}
    for zone in HONEST:
        message_id = mail.send(f"bob@{zone}.lab")
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
        Liar(kind, address)
        return f"{address}@{lab.CROOKED_PORT}"

    return start


@pytest.mark.parametrize("kind", CROOKED)
def test_crooked_forwarder(world, sender, crooked, kind):
    options = forwarding(world, crooked(kind))
    assert outcomes(world, sender, options) == CROOKED[kind]


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


def test_one_of_two_forwarders_is_silent(world, sender, crooked):
    options = forwarding(world, f"{crooked('silent')},127.0.0.1")
    mail = sender(driver="danesmtp", options=options)
    message_id = mail.send("bob@ee.lab")
    assert " CV=dane" in "".join(mail.log_lines(message_id)), mail.mainlog()
