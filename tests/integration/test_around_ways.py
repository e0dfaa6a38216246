# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways around the module: what Exim's core does with the transport's options without calling it
(doc/decisions/0013), for a domain with DANE, an impostor's and one without, by what the system's resolver
is. `smtp` is safe in these ways only where the resolver validates and Exim is told so.
"""
import contextlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from sender import MX_ROUTER

sys.path.insert(0, str(Path(__file__).resolve().parent / "dns"))

import lab  # noqa: E402  (needs the path above: the crooked forwarders)

GOOD, IMPOSTOR, PLAIN = "scripted.lab", "scripted-impostor.lab", "scripted-plain.lab"
ADDRESSES = {GOOD: "192.0.2.49", IMPOSTOR: "192.0.2.76", PLAIN: "192.0.2.50"}
ALICE = "alice@sender.lab"
STRIPS = "127.0.3.1"
SLOW = "127.0.3.2"


@dataclass(frozen=True)
class Way:
    """`rcpt` and `data` are ACLs; `asks`: the host is asked only, and asked about the sender, a header or
    the recipient; otherwise the message itself is handed on."""
    rcpt: str = "accept"
    data: str = "accept"
    asks: str = ""


def callout(options="", item="recipient"):
    return f"verify = {item}/callout=10s,no_cache{options}"


WAYS = {
    "cutthrough": Way("accept control = cutthrough_delivery"),
    "cutthrough, defer=pass": Way("accept control = cutthrough_delivery/defer=pass"),
    "cutthrough, sender=transport": Way("accept control = cutthrough_delivery/sender=transport"),
    "cutthrough, then callout": Way(f"accept control = cutthrough_delivery\n {callout(',use_sender')}"),
    "callout, then cutthrough": Way(f"accept {callout(',use_sender')}\n control = cutthrough_delivery"),
    "callout": Way(f"accept {callout()}", asks="recipient"),
    "callout, use_sender": Way(f"accept {callout(',use_sender')}", asks="recipient"),
    "callout, use_tptsender": Way(f"accept {callout(',use_tptsender')}", asks="recipient"),
    "callout, use_postmaster": Way(f"accept {callout(',use_postmaster')}", asks="recipient"),
    "callout, random": Way(f"accept {callout(',random')}", asks="recipient"),
    "callout, fullpostmaster": Way(f"accept {callout(',fullpostmaster')}", asks="recipient"),
    "callout, hold": Way(f"accept {callout(',use_sender,hold')}", asks="recipient"),
    "callout, cache": Way("accept verify = recipient/callout=10s", asks="recipient"),
    "sender callout": Way(f"accept {callout(item='sender')}", asks="sender"),
    "sender callout, postmaster": Way(f"accept {callout(',postmaster', item='sender')}", asks="sender"),
    "header_sender callout": Way(data=f"accept {callout(item='header_sender')}", asks="header"),
}


@contextlib.contextmanager
def resolver(world, kind):
    """The system's resolver, and the module's options to go with it."""
    options = {"dane_trust_anchor_file": world.trust_anchor}
    if kind == "validates":
        with world.trust_ad():
            yield options
    elif kind == "lies":  # the good host is where the impostor is, and has no TLSA records, nor has the other
        with world.lying_resolver(f"mx.{GOOD}. 60 IN A {ADDRESSES[IMPOSTOR]}", f"_25._tcp.mx.{GOOD}. 60 IN TXT x",
                                  f"_25._tcp.mx.{IMPOSTOR}. 60 IN TXT x"):
            yield options
    elif kind == "strips":
        yield {**options, "dane_resolver": f"forward:{STRIPS}@{lab.CROOKED_PORT}"}
    else:
        yield options


RESOLVERS = ("validates", "silent", "lies", "strips")


@pytest.fixture(scope="module", autouse=True)
def crooked(world):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "HONEST", "127.0.0.1")
        lab.Crooked("strips-dnssec", STRIPS)
        lab.Crooked("silent", SLOW)
        yield


@pytest.fixture
def servers(world):
    """A function that starts the three servers; the impostor may refuse every recipient."""
    running = []

    def start(refuses):
        refuse = {"rcpt": {"reply": "550 5.1.1 says the impostor"}} if refuses else {}
        script = {"rcpt": [{"match": "bad@", "reply": "550 no such user"}]}
        started = {GOOD: world.scripted_server(ADDRESSES[GOOD], "scripted", script),
                   IMPOSTOR: world.scripted_server(ADDRESSES[IMPOSTOR], "impostor", refuse),
                   PLAIN: world.scripted_server(ADDRESSES[PLAIN], "scripted-plain", script)}
        running.extend(started.values())
        return started

    yield start
    for server in running:
        server.stop()


def configuration(way):
    return {"main": "acl_smtp_rcpt = check_rcpt\nacl_smtp_data = check_data\n",
            "acl": f"check_rcpt:\n {way.rcpt}\n\ncheck_data:\n {way.data}\n"}


def session(mail, recipients, *, sender=ALICE, header=ALICE, flags=("-odq",), seconds=180):
    """An SMTP client on Exim's standard input; the last lines of its replies from MAIL on."""
    recipients = [recipients] if isinstance(recipients, str) else recipients
    lines = ["EHLO client.lab", f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients), "DATA",
             f"From: {header}", "Subject: x", "", "Hello.", ".", "QUIT"]
    text = "".join(f"{line}\r\n" for line in lines).encode()
    done = mail.exim(*flags, "-bs", stdin=text, seconds=seconds)
    return re.findall(r"^\d{3} .*$", done.stdout.decode().replace("\r", ""), re.M)[2:]


def told(replies):
    """250, or the first reply that is none."""
    return next((reply[:3] for reply in replies if reply[0] not in "23"), "250")


def heard(server):
    if server.messages():
        return "the message"
    return "asked" if any(line.startswith("RCPT") for line in server.commands()) else \
        "connected" if server.events("connect") else "nothing"


def delivered(mail):
    """What the queue has, after an attempt: CV= of the delivery, or "waits"; "" if it has nothing."""
    waiting = list(mail.queue())
    for message_id in waiting:
        mail.deliver(message_id)
        line = next((line for line in mail.log_lines(message_id) if " => " in line), "")
        return line.partition(" CV=")[2].split(" ")[0] or "waits"
    return ""


def expected(way, kind, domain):
    """What the client is told, what the domain's host hears before the delivery, and the delivery."""
    if kind == "strips" or domain != PLAIN:
        reaches = domain == GOOD and kind in ("validates", "silent")
        return ("250", "nothing", ("dane" if reaches else "waits") if way.asks in ("", "recipient") else "")
    if not way.asks:
        return "250", "the message", ""
    return "250", "asked", "no" if way.asks == "recipient" else ""


def shown(outcome):
    return ", ".join(word or "-" for word in outcome)


@pytest.mark.parametrize("kind", RESOLVERS)
@pytest.mark.parametrize("name", WAYS)
def test_no_way_around(world, sender, servers, scenario_rows, name, kind):
    way = WAYS[name]
    found, wanted = {}, {}
    with resolver(world, kind) as options:
        for domain in ADDRESSES:
            running = servers(refuses=bool(way.asks))
            mail = sender(driver="danesmtp", options=options, **configuration(way))
            other = f"bob@{domain}"
            replies = session(mail, other if way.asks in ("", "recipient") else ALICE,
                              sender=other if way.asks == "sender" else ALICE,
                              header=other if way.asks == "header" else ALICE)
            before = heard(running[domain])
            found[domain] = told(replies), before, delivered(mail) if way.asks in ("", "recipient") else ""
            wanted[domain] = expected(way, kind, domain)
            scenario_rows.append((domain.removesuffix(".lab"), f"{name}, {kind}", shown(wanted[domain]),
                                  shown(found[domain])))
            # The lies lead there: nobody else's mail or address either.
            assert heard(running[IMPOSTOR]) in ("nothing", "connected"), mail.mainlog()
            for server in running.values():
                server.stop()
    assert found == wanted
