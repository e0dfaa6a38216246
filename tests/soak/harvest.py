# SPDX-License-Identifier: GPL-2.0-or-later
"""What arrives in a soak is read and taken away while it goes on, so that hours of mail fit: from the
receivers' maildir, and from the records of scripted servers.
"""
import json
import re

from account import Arrival
from message import damage_of
from receivers import Mail
from thread import Thread


class Harvest:
    def __init__(self, world):
        self.arrivals = []
        self._maildir = world.receivers.maildir
        self._records = [_Record(address, server.record) for address, server in world.scripted.items()]
        self.threads = [Thread(self._run)]

    def start(self):
        self.threads[0].start()

    def stop(self):
        self.threads[0].stop()
        self._take()

    def _run(self, stop):
        while not stop.wait(0.3):
            self._take()

    def _take(self):
        for path in self._maildir.glob("new/*"):
            self.arrivals += arrivals_of(Mail(path.read_bytes()))
            path.unlink()
        for record in self._records:
            self.arrivals += record.take()


def arrivals_of(mail):
    """One a recipient, of what an Exim among the receivers has written."""
    received = mail.received
    return arrivals_at(received["address"], received["cipher"], int(received["time"]) / 1e6, mail, mail.envelope_to,
                       received["shown"].lower())


def arrivals_at(address, cipher, when, mail, recipients, shown=""):
    token = mail.header("X-Soak").partition(" ")[0]
    damage = damage_of(mail)
    return [Arrival(token, recipient, address, cipher, when, sender_id(mail.raw), damage, shown)
            for recipient in recipients]


def sender_id(text):
    """The id that the sending Exim gave; its header is folded, the receiver's is not."""
    found = re.search(rb"\tid ([\w-]+)", text)
    return found[1].decode() if found else ""


class _Record:
    """Of a scripted server: what is new since the last look."""

    def __init__(self, address, path):
        self._address = address
        self._path = path
        self._offset = 0
        self._recipients = {}  # of the transaction that is open, by connection

    def take(self):
        with self._path.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
        new = new[:new.rfind(b"\n") + 1]
        self._offset += len(new)
        for line in new.splitlines():
            yield from self._event(json.loads(line))

    def _event(self, event):
        number = event["connection"]
        if event["event"] == "command":
            self._command(number, event["line"])
        elif event["event"] == "message" and event["data"]:  # else: no recipient was taken (RFC 2920 3.1)
            mail = Mail(event["data"].replace("\r\n", "\n").encode("latin-1"))
            yield from arrivals_at(self._address, "TLS" if event["tls"] else "", event["time"], mail,
                                   self._recipients.get(number, ()))

    def _command(self, number, line):
        if line.upper().startswith("MAIL FROM:"):
            self._recipients[number] = []
        elif found := re.match(r"RCPT TO:<([^>]*)>", line, re.I):
            self._recipients.setdefault(number, []).append(found[1])
