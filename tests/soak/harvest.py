# SPDX-License-Identifier: GPL-2.0-or-later
"""What arrives in a soak is read and taken away while it goes on, so that hours of mail fit: from the
receivers' maildir, and from the records of scripted servers.
"""
import json
import re
import threading
import time

from account import Arrival
from receivers import Mail

HEAD = 16_384  # octets of a message in which all headers are


class Harvest:
    def __init__(self, world):
        self.arrivals = []
        self._maildir = world.receivers.maildir
        self._records = [_Record(address, server.record) for address, server in world.scripted.items()]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(60)
        self._take()

    def _run(self):
        while not self._stop.wait(0.3):
            self._take()

    def _take(self):
        for path in self._maildir.glob("new/*"):
            with path.open("rb") as file:
                head = file.read(HEAD)
            self.arrivals += arrivals_of(Mail(head), path.stat().st_mtime)
            path.unlink()
        for record in self._records:
            self.arrivals += record.take()


def arrivals_of(mail, when):
    """One a recipient."""
    received = mail.received
    for recipient in mail.envelope_to:
        yield Arrival(mail.header("X-Soak"), recipient, received["address"], received["cipher"], when,
                      sender_id(mail.raw))


def sender_id(text):
    """The id that the sending Exim gave; its header is folded, the receiver's is not."""
    found = re.search(rb"\tid ([\w-]+)", text)
    return found[1].decode() if found else ""


class _Record:
    """Of a scripted server: what is new since the last look, on which no more than that look's time is known."""

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
            text = event["data"].replace("\r\n", "\n").encode("latin-1")
            for recipient in self._recipients.get(number, ()):
                yield Arrival(Mail(text).header("X-Soak"), recipient, self._address,
                              "TLS" if event["tls"] else "", time.time(), sender_id(text))

    def _command(self, number, line):
        if line.upper().startswith("MAIL FROM:"):
            self._recipients[number] = []
        elif found := re.match(r"RCPT TO:<([^>]*)>", line, re.I):
            self._recipients.setdefault(number, []).append(found[1])
