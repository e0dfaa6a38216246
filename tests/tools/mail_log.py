# SPDX-License-Identifier: GPL-2.0-or-later
"""A main log of Exim's that never was, in its form, and what was put into it, counted as it was written.

    mail_log.py MEGABYTES > mainlog
"""
import collections
import datetime
import random
import sys

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TLS = "X=TLS1.3:ECDHE_X25519__ECDSA_SECP256R1_SHA256__AES_256_GCM:256:X25519"
PROTECTIONS = {"dane": f"DS [192.0.2.1]:25 {TLS} CV=dane", "verified": f"[192.0.2.2]:25 {TLS} CV=yes",
               "encrypted": f"[192.0.2.3]:25 {TLS} CV=no", "clear": "[192.0.2.4]:25"}
REASONS = {
    "not-authenticated": "TLS session: 4.7.5 DANE: no TLSA record matches the server's certificate (presented: 3 1 1 ab)",
    "bogus-dns": "DANE: 4.7.5 TLSA of _25._tcp.mx.{}: validation failure",
    "failed-dns": "DANE: 4.4.3 TLSA of _25._tcp.mx.{}: SERVFAIL",
    "no-tls": "DANE: 4.7.4 a TLS session is required, but the server did not offer TLS support",
    "reply": "SMTP error from remote mail server after RCPT TO:<x@{}>: 451 DANE: 4.7.5 not now",
    "connection": "Connection timed out",
}
# What a server answers is a line's last field, and may say anything.
CONFIRMATION = 'C="250 OK H=mx.example [192.0.2.9] X=none CV=dane"'


class MailLog:
    """Lines of messages, one day after another; `counts` has (day, domain, what), `waiting` the recipients by
    cause, `oldest` the first message that waits for each."""

    def __init__(self, seed=1, domains=300, first=datetime.date(2026, 9, 1)):
        self.random = random.Random(seed)
        self.domains = domains
        self.day = first
        self.counts = collections.Counter()
        self.deferred = collections.Counter()
        self.waiting = collections.Counter()
        self.oldest = {}
        self.local = 0
        self._number = 0

    def count(self, domain, what):
        self.counts[self.day.isoformat(), domain, what] += 1

    def total(self, what, day=None, domain=None):
        return sum(number for (of, name, kind), number in self.counts.items()
                   if kind == what and of == (day or of) and name == (domain or name))

    def _message_id(self, seconds):
        self._number += 1
        midnight = datetime.datetime.combine(self.day, datetime.time(), datetime.timezone.utc)
        number, text = int(midnight.timestamp()) + seconds, ""
        for _ in range(6):
            number, digit = divmod(number, 62)
            text = DIGITS[digit] + text
        return f"{text}-{self._number:011d}-0abc"

    def day_of(self, messages):
        """The lines of one day, whose messages come at equal intervals."""
        for place in range(messages):
            seconds = place * 86400 // messages
            hour, rest = divmod(seconds, 3600)
            clock = f"{self.day} {hour:02d}:{rest // 60:02d}:{rest % 60:02d}"
            yield from self._message(clock, self._message_id(seconds))
        self.day += datetime.timedelta(days=1)

    def _message(self, clock, name):
        yield f"{clock} {name} <= alice@example.net H=(client) [192.0.2.200] P=esmtps S={self.random.randrange(500, 90000)}"
        number = min(int(self.random.expovariate(8 / self.domains)), self.domains - 1)
        domain = f"domain-{number}.example"
        if self.random.random() < 0.02:
            yield from self._deferral(clock, name, domain)
            return
        if self.random.random() < 0.05:
            self.local += 1
            yield f"{clock} {name} => bob <bob@example.net> R=own T=local_delivery"
        elif self.random.random() < 0.01:
            self.count(domain, "failed")
            yield f'{clock} {name} ** bob@{domain} R=mx T=remote_smtp H=mx.{domain} [192.0.2.1] CV=dane : 550 no such user'
        else:
            yield from self._delivery(clock, name, domain, number)
        yield f"{clock} {name} Completed"

    def _delivery(self, clock, name, domain, number):
        protection = list(PROTECTIONS)[(number * 7 + number // 3) % 4]
        for flag in ("=>", "->")[:self.random.choice((1, 1, 1, 2))]:
            self.count(domain, protection)
            yield (f"{clock} {name} {flag} bob@{domain} R=mx T=remote_smtp H=mx.{domain} {PROTECTIONS[protection]} "
                   f"{CONFIRMATION} QT=1s DT=0s")

    def _deferral(self, clock, name, domain):
        cause = self.random.choice(list(REASONS))
        self.count(domain, "deferred")
        self.deferred[cause] += 1
        yield (f"{clock} {name} == bob@{domain} R=mx T=remote_smtp defer (-53) H=mx.{domain} DS [192.0.2.1]:25: "
               f"{REASONS[cause].format(domain)}")
        self.count(domain, "deferred")
        self.deferred["retry-time"] += 1
        yield f"{clock} {name} == bob@{domain} R=mx T=remote_smtp defer: retry time not reached for any host"
        if self.random.random() < 0.5:
            self.count(domain, "dane")
            yield f"{clock} {name} => bob@{domain} R=mx T=remote_smtp H=mx.{domain} {PROTECTIONS['dane']} {CONFIRMATION}"
            yield f"{clock} {name} Completed"
            return
        self.waiting[cause] += 1
        self.oldest.setdefault(cause, name)


def write_log(file, megabytes):
    """Whole days of 20,000 domains, as many as it takes; what is in them."""
    log, written = MailLog(domains=20_000), 0
    while written < megabytes * 1_000_000:
        written += file.write("\n".join(log.day_of(20_000)) + "\n")
    return log


if __name__ == "__main__":
    write_log(sys.stdout, int(sys.argv[1]))
