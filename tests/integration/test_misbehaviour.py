# SPDX-License-Identifier: GPL-2.0-or-later
"""A server that misbehaves, at every step of the dialogue and in every way: whatever it does, each
recipient of the message is delivered, waits or is refused, once; nobody is called delivered to whom
nothing was delivered; and the retry record says whose trouble it was.

One row is one delivery by real Exim; they run side by side, each against a server and port of its own.
"""
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from scripted_server import CAPABILITIES
from sender import smarthost_router

ADDRESS = "192.0.2.49"
RECIPIENTS = ("ann@scripted.lab", "bob@scripted.lab")
SHORT = {"command_timeout": "1s", "data_timeout": "1s", "final_timeout": "1s", "connect_timeout": "5s"}
FIRST_PORT = 2600
AT_ONCE = 10
LONGEST = 60  # seconds; generous, what is meant is an end at all

# What becomes of the message and what remains in the retry database.
DELIVERED = "delivered"  # nothing
HOST = "host"            # waits; a record of the host
MESSAGE = "message"      # waits; a record of the host and this message
ADDRESSES = "addresses"  # waits; a record of each recipient
ONE_ADDRESS = "one"      # waits; a record of the recipient that was being answered
REFUSED = "refused"      # comes back; nothing

WAYS = {
    "closed": {"then": "close"},
    "reset": {"then": "reset"},
    "silent": {"then": "silence"},
    "half a reply": {"reply": "250-half", "then": "silence"},
    "half a reply, closed": {"reply": "250-half", "then": "close"},
    "late": {"delay": 4},
    "octet by octet": {"dribble": 0.4},
    "4xx": {"reply": "451 not now"},
    "5xx": {"reply": "554 never"},
    "421": {"reply": "421 going down", "then": "close"},
    "3xx": {"reply": "334 what else"},
    "not SMTP": {"reply": "hello there"},
    "NUL": {"reply": "250 o\0k"},
    "a line too long": {"reply": "250 " + "x" * 5000},
    "flooded": {"reply": ["250-" + "x" * 500] * 400},
    "two codes": {"reply": ["250-yes", "550 no"]},
    "an unasked reply": {"inject": "250 injected\r\n"},
}
LOST = ("closed", "reset", "half a reply, closed")
SLOW = ("silent", "half a reply", "late", "octet by octet")
GARBLED = ("3xx", "not SMTP", "NUL", "a line too long", "flooded")


@dataclass(frozen=True)
class Row:
    name: str
    script: dict
    expected: str
    capabilities: tuple = CAPABILITIES
    body: str = "Hello.\n"


def expect(default, **by_way):
    """The outcome of each way: those named, by way or family, the others as `default`."""
    families = {"lost": LOST, "slow": SLOW, "garbled": GARBLED}
    outcomes = dict.fromkeys(WAYS, default)
    for name, outcome in by_way.items():
        for way in families.get(name, (name,)):
            outcomes[way] = outcome
    return outcomes


STAGES = {
    # Before the server is authenticated nothing that it says is final.
    **{stage: expect(HOST) for stage in ("banner", "ehlo", "starttls", "ehlo-tls")},
    # "two codes": a refusal for now, of the recipient alone where it answers RCPT (RFC 5321 4.2.1).
    "mail": expect(HOST, slow=MESSAGE, **{"two codes": MESSAGE, "4xx": MESSAGE, "421": MESSAGE, "5xx": REFUSED}),
    "rcpt": expect(HOST, slow=ONE_ADDRESS, **{"two codes": ADDRESSES, "4xx": ADDRESSES, "5xx": REFUSED}),
    # Any 3xx invites the message (RFC 5321 4.2.1); this server then calls its first line unknown.
    "data": expect(HOST, **{"two codes": MESSAGE, "4xx": MESSAGE, "421": MESSAGE, "5xx": REFUSED, "3xx": REFUSED}),
    "end-of-data": expect(MESSAGE, garbled=HOST, **{"5xx": REFUSED, "an unasked reply": DELIVERED}),
    "quit": expect(DELIVERED),
}

CHUNKS = (*CAPABILITIES, "CHUNKING")
EACH = ["353 each", "250 for ann", "250 for bob"]


def prdr(way, *replies, **action):
    return Row(f"PRDR: {way}", {"end-of-data": {"reply": [*EACH[:1], *replies], **action}}, MESSAGE,
               (*CAPABILITIES, "PRDR"))


ROWS = (
    *(Row(f"{stage}: {way}", {stage: action}, STAGES[stage][way])
      for stage in STAGES for way, action in WAYS.items()
      if not (stage == "quit" and way in ("late", "octet by octet", "silent"))),
    # The same at the end of a chunk.
    *(Row(f"BDAT: {way}", {"end-of-data": WAYS[way]}, STAGES["end-of-data"][way], CHUNKS)
      for way in ("closed", "silent", "half a reply", "4xx", "5xx", "421", "3xx", "flooded")),
    # A reply that belongs to none, and the truth behind it.
    Row("data: the end is answered before it was sent",
        {"data": {"inject": "250 injected\r\n"}, "end-of-data": {"reply": "554 never"}}, HOST),
    Row("rcpt: one reply for two",
        {"rcpt": {"match": "bob@", "reply": []}}, HOST),
    Row("EHLO: everything offered, nothing known",
        {"mail": {"match": "PRDR|RET=", "reply": "555 what?"}}, REFUSED, (*CHUNKS, "PRDR", "DSN")),
    # The handshake.
    Row("handshake: closed", {"handshake": {"then": "close"}}, HOST),
    Row("handshake: reset", {"handshake": {"then": "reset"}}, HOST),
    Row("handshake: silent", {"handshake": {"then": "silence"}}, HOST),
    Row("handshake: clear text", {"handshake": {"reply": "454 not after all"}}, HOST),
    Row("handshake: TLS 1.1", {"handshake": {"tls": "1.1"}}, HOST),
    Row("connection: reset at once", {"connect": {"then": "reset"}}, HOST),
    Row("connection: closed at once", {"connect": {"then": "close"}}, HOST),
    Row("connection: silent", {"connect": {"then": "silence"}}, HOST),
    # Replies of recipients: until the last one nothing counts.
    prdr("closed before the first", then="close"),
    prdr("closed after the first", EACH[1], then="close"),
    prdr("closed before the last", *EACH[1:], then="close"),
    prdr("silent after the first", EACH[1], then="silence"),
    prdr("421 for the second", EACH[1], "421 going down", then="close"),
    prdr("refused as a whole", *EACH[1:], "451 not now"),
    # A message that the server does not read.
    Row("message: not read", {"data": {"reply": "354 go on", "then": "silence"}}, MESSAGE),
    Row("message: reset in the middle", {"data": {"reply": "354 go on", "then": "reset"}}, HOST,
        body="x" * 70 + "\n" + ("y" * 70 + "\n") * 20000),
)


def run(world, port, row):
    server = world.scripted_server(ADDRESS, "scripted", row.script, port=port,
                                   capabilities=row.capabilities)
    mail = world.sender(options={"dane_trust_anchor_file": world.trust_anchor, **SHORT},
                        routers=smarthost_router(f"mx.scripted.lab::{port}"))
    try:
        message_id = mail.inject(list(RECIPIENTS), body=row.body)
        began = time.monotonic()
        mail.deliver(message_id)
        lasted = time.monotonic() - began
        return {
            "lasted": lasted,
            "log": [line for line in mail.mainlog().splitlines() if message_id in line],
            "panic": mail.paniclog(),
            "queue": mail.queue().get(message_id, []),
            "retry": re.findall(r"^\s*((?:R|T):\S+) ", mail.retry_records(), re.MULTILINE),
            "id": message_id,
            "journal": (mail.spool / "input" / f"{message_id}-J").exists(),
            "messages": len(server.messages()),
        }
    finally:
        server.stop()
        world.release(mail)


@pytest.fixture(scope="module")
def results(world):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {row.name: pool.submit(run, world, FIRST_PORT + number, row)
                   for number, row in enumerate(ROWS)}
        return {name: future.result() for name, future in running.items()}


def fate(result, recipient):
    """Every place in which the recipient turns up."""
    marks = {"=>": "delivered", "->": "delivered", "**": "refused"}
    found = [kind for mark, kind in marks.items()
             for line in result["log"] if f" {mark} {recipient} " in line]
    return found + (["waits"] if recipient in result["queue"] else [])


def records(result, port):
    """The retry keys in words."""
    host = f"T:mx.scripted.lab:{ADDRESS}:{port}"
    words = {host: HOST, f"{host}:{result['id']}": MESSAGE}
    words.update({f"R:{one}:<alice@sender.lab>": one for one in RECIPIENTS})
    return sorted(words.get(key, key) for key in result["retry"])


EXPECTED = {
    DELIVERED: ("delivered", []),
    HOST: ("waits", [HOST]),
    MESSAGE: ("waits", [MESSAGE]),
    ADDRESSES: ("waits", sorted(RECIPIENTS)),
    REFUSED: ("refused", []),
}


def params():
    """Without PRDR what a server offers of it is not taken up."""
    return [pytest.param(row, marks=[pytest.mark.needs("PRDR")] if "PRDR" in row.capabilities else [], id=row.name)
            for row in ROWS]


@pytest.mark.parametrize("row", params())
def test_it_harms_nobody(results, row):
    result = results[row.name]
    port = FIRST_PORT + ROWS.index(row)
    what, kept = EXPECTED.get(row.expected, ("waits", None))
    assert [fate(result, recipient) for recipient in RECIPIENTS] == [[what], [what]], result["log"]
    if kept is None:
        assert len(records(result, port)) == 1 and set(records(result, port)) < set(RECIPIENTS)
    else:
        assert records(result, port) == kept, result["log"]
    assert result["lasted"] < LONGEST
    assert result["panic"] == ""
    assert not result["journal"]
    assert not any("frozen" in line.lower() or "\0" in line for line in result["log"])
    if what == "delivered":
        assert result["messages"] == 1
    if row.expected in (HOST, MESSAGE) and "SMTP error" not in "".join(result["log"]):
        assert "H=mx.scripted.lab" in "".join(result["log"])


def test_there_are_enough_of_them():
    assert len(ROWS) >= 80
    assert len({row.name for row in ROWS}) == len(ROWS)
