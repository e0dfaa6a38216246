# SPDX-License-Identifier: GPL-2.0-or-later
"""What is sent in a soak: messages to the domains of the world's table and to some of its own, each with a
token in a header, put in by the command line or by SMTP to the daemon; and the ledger of what Exim took.
"""
import collections
import smtplib
import subprocess
import threading
from dataclasses import dataclass

from zone import DANE, misbehaving, self_signed
from zones import SCENARIOS

GREY = 200  # local parts, each refused for now as often as GREY_TIMES
GREY_TIMES = 2


def _soak_zone(name, address, script):
    return misbehaving(name, address, script, mail=DANE, leaves=(self_signed(name),))


SOAK_ZONES = (
    _soak_zone("soak-grey", "192.0.2.245",
               {"rcpt": [{"match": f"<grey{number}@", "reply": "451 come back later", "times": GREY_TIMES}
                         for number in range(GREY)]}),
    _soak_zone("soak-leaves", "192.0.2.246",
               {"data": [{"connection": number, "then": "close"} for number in range(2, 4000, 3)],
                "mail": [{"connection": number, "then": "reset"} for number in range(3, 4000, 3)]}),
    _soak_zone("soak-slow", "192.0.2.247", {"banner": {"delay": 1}, "rcpt": {"dribble": 0.02}}),
)
OWN_DOMAINS = tuple(f"{zone.name}.lab" for zone in SOAK_ZONES)

RENAMED = ("first.alias-chain",)  # by Exim's own router, as an alias of another domain

WAITS_EACH = 2  # messages to a domain whose mail waits: they stay on the queue to the end
SIZES = ((1_000, 70), (8_000, 20), (120_000, 7), (2_000_000, 2), (20_000_000, 0.3))  # octets, weight


def domains_by_fate():
    """Domains of the table: of those whose mail is delivered, and of those whose mail waits."""
    names = collections.defaultdict(list)
    for name, mail in SCENARIOS.items():
        fate = mail.tried.split()[0]
        if fate != "router" and name not in RENAMED:
            names["waits" if fate == "wait" else "delivered"].append(f"{name}.lab")
    return names["delivered"], names["waits"]


@dataclass(frozen=True)
class Message:
    """`taken`: Exim said so. None: the connection broke before it said anything, so that it may be either."""
    token: str
    recipients: tuple[str, ...]
    size: int
    taken: bool | None


class Traffic:
    """Puts messages in as fast as `room()`, a number of messages, allows."""

    def __init__(self, sender, smtp_port, rng, room):
        self._sender = sender
        self._port = smtp_port
        self._rng = rng
        self._room = room
        self._delivered, waits = domains_by_fate()
        self._waiting = [domain for domain in waits for _ in range(WAITS_EACH)]
        self.ledger = {}
        self._number = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(120)

    def _run(self):
        while not self._stop.wait(0.02):
            for _ in range(min(self._room(), 8)):
                message = self._put()
                self.ledger[message.token] = message

    def _put(self):
        self._number += 1
        token = f"soak-{self._number}"
        recipients = self._recipients()
        size = self._size(recipients)
        text = self._text(token, size)
        put = self._by_smtp if self._rng.random() < 0.3 else self._by_command
        return Message(token, recipients, size, put(recipients, text))

    def _recipients(self):
        if self._waiting and self._rng.random() < 0.1:
            return (f"bob@{self._waiting.pop()}",)
        if self._rng.random() < 0.05:
            return (self._own_recipient(),)
        domains = self._rng.sample(self._delivered, self._rng.choice((1, 1, 1, 1, 2, 3)))
        return tuple(f"{local}@{domain}" for domain in domains for local in self._locals())

    def _own_recipient(self):
        domain = self._rng.choice(OWN_DOMAINS)
        local = f"grey{self._rng.randrange(GREY)}" if domain.startswith("soak-grey") else "bob"
        return f"{local}@{domain}"

    def _locals(self):
        """One to five people; now and then one whom the receivers refuse."""
        people = [f"user{number}" for number in range(self._rng.choice((1, 1, 1, 2, 5)))]
        return [*people, "bad"] if self._rng.random() < 0.02 else people

    def _size(self, recipients):
        if len(recipients) > 1 or recipients[0].partition("@")[2] in OWN_DOMAINS + ("dual-stack.lab",):
            return 1_000  # scripted servers keep what they were sent
        return self._rng.choices([size for size, _ in SIZES], [weight for _, weight in SIZES])[0]

    def _text(self, token, size):
        head = f"From: alice@sender.lab\r\nSubject: soak\r\nX-Soak: {token}\r\n\r\n"
        return head.encode() + (b"x" * 70 + b"\r\n") * (max(size - len(head), 72) // 72)

    def _by_command(self, recipients, text):
        argv = [self._sender.exim_binary, "-C", str(self._sender.config), "-odq", "-i", "-f",
                "alice@sender.lab", *recipients]
        done = subprocess.run(argv, input=text.replace(b"\r\n", b"\n"), capture_output=True, timeout=120,
                              check=False, cwd="/")
        return None if done.returncode < 0 else done.returncode == 0

    def _by_smtp(self, recipients, text):
        try:
            with smtplib.SMTP("127.0.0.1", self._port, timeout=60) as client:
                refused = client.sendmail("alice@sender.lab", recipients, text)
                return not refused
        except smtplib.SMTPServerDisconnected:
            return None
        except (smtplib.SMTPException, OSError):
            return False
