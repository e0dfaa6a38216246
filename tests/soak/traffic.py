# SPDX-License-Identifier: GPL-2.0-or-later
"""What is sent in a soak: messages to the domains of the world's table and to some of its own, each with a
token in a header, put in by the command line or by SMTP to the daemon; and the ledger of what Exim took.
"""
import collections
import smtplib
import subprocess
from dataclasses import dataclass

from message import message_of
from thread import Thread
from zone import DANE, Zone, exim, misbehaving, one_mx, self_signed
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
    # its key really changes: TTL 2
    Zone("soak-rolls", one_mx("192.0.2.248") + "\n_25._tcp.mx 2 TLSA 3 1 1 =soak-rolls",
         (exim("192.0.2.248", "soak-rolls"),), mail=DANE, leaves=(self_signed("soak-rolls"),)),
    _soak_zone("soak-slow", "192.0.2.247", {"banner": {"delay": 1}, "rcpt": {"dribble": 0.02}}),
)
OWN_DOMAINS = tuple(f"{zone.name}.lab" for zone in SOAK_ZONES)
KEEPING = frozenset((*OWN_DOMAINS, "dual-stack.lab"))  # scripted servers keep what they were sent

RENAMED = ("first.alias-chain",)  # by Exim's own router, as an alias of another domain

WAITS_EACH = 2  # messages to a domain whose mail waits: they stay on the queue to the end
SIZES = ((3_000, 80), (8_000, 16), (120_000, 3), (2_000_000, 0.8), (20_000_000, 0.12))  # octets, weight


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
        self.delivered, waits = domains_by_fate()
        self._waiting = [domain for domain in waits for _ in range(WAITS_EACH)]
        self.ledger = {}
        self._number = 0
        self.threads = [Thread(self._run)]

    def start(self):
        self.threads[0].start()

    def stop(self):
        self.threads[0].stop(150)

    def _run(self, stop):
        while not stop.wait(0.02):
            for _ in range(min(self._room(), 8)):
                message = self._put()
                self.ledger[message.token] = message

    def _put(self):
        self._number += 1
        token = f"soak-{self._number}"
        recipients = self._recipients()
        text = message_of(token, self._size(recipients), self._rng)
        put = self._by_smtp if self._rng.random() < 0.3 else self._by_command
        return Message(token, recipients, len(text), put(recipients, text))

    def _recipients(self):
        if self._waiting and self._rng.random() < 0.1:
            return (f"bob@{self._waiting.pop()}",)
        if self._rng.random() < 0.15:
            return (self._own_recipient(),)
        domains = self._rng.sample(self.delivered, self._rng.choice((1, 1, 1, 1, 2, 3)))
        return tuple(f"{local}@{domain}" for domain in domains for local in self._locals())

    def _own_recipient(self):
        domain = self._rng.choice((*OWN_DOMAINS, *["soak-rolls.lab"] * 4))
        local = f"grey{self._rng.randrange(GREY)}" if domain.startswith("soak-grey") else "bob"
        return f"{local}@{domain}"

    def _locals(self):
        """One to five people; now and then one whom the receivers refuse."""
        people = [f"user{number}" for number in range(self._rng.choice((1, 1, 1, 2, 5)))]
        return [*people, "bad"] if self._rng.random() < 0.02 else people

    def _size(self, recipients):
        if {recipient.partition("@")[2] for recipient in recipients} & KEEPING:
            return 1_000
        return self._rng.choices([size for size, _ in SIZES], [weight for _, weight in SIZES])[0]

    def _by_command(self, recipients, text):
        argv = [self._sender.exim_binary, "-C", str(self._sender.config), "-odq", "-i", "-f",
                "alice@sender.lab", *recipients]
        done = subprocess.run(argv, input=text, capture_output=True, timeout=120,
                              check=False, cwd="/")
        return None if done.returncode < 0 else done.returncode == 0

    def _by_smtp(self, recipients, text):
        try:
            with smtplib.SMTP("127.0.0.1", self._port, timeout=60) as client:
                refused = client.sendmail("alice@sender.lab", recipients, text.replace(b"\n", b"\r\n"))
                return not refused
        except smtplib.SMTPServerDisconnected:
            return None
        except (smtplib.SMTPException, OSError):
            return False
