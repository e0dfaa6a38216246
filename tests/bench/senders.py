# SPDX-License-Identifier: GPL-2.0-or-later
"""Who sends: an Exim with one of the two drivers, or a Postfix of its own (smtp(8) at level dane). Each has a
queue, into which put() lays messages without a try to deliver them; run() delivers all of them, and gives
what that has cost.
"""
import os
import re
import smtplib
import subprocess
import time

from meter import CLEAN, Adopted, Cost, kind
from postfix import make_instance
from processes import Process, WorldError, wait_for
from rows import EXIMS, OURS, POSTFIX

LINE = b"x" * 70 + b"\r\n"
HEADERS = b"From: alice@sender.lab\r\nSubject: benchmark\r\n\r\n"
LONGEST = 600.0  # seconds, of all messages of a run


def message_of(octets):
    return HEADERS + LINE * ((octets - len(HEADERS)) // len(LINE))


class EximPeer:
    def __init__(self, world, row, name):
        driver, own = EXIMS[name]
        mine = {"dane_trust_anchor_file": world.trust_anchor} if driver == "danesmtp" else {}
        if name == OURS:
            mine |= {option: value.replace("DIRECTORY", str(world.directory)) for option, value in row.ours.items()}
        self._words = row.watched if name == OURS else ""
        self._row = row
        self._world = world
        self._sender = world.sender(driver, {**row.options, **own, **mine}, main="message_size_limit = 500M")
        self._group = kind()()

    def close(self):
        self._group.close()
        self._world.release(self._sender)

    def put(self, recipients):
        text = message_of(self._row.size)
        batch = b"".join(b"MAIL FROM:<alice@sender.lab>\r\nRCPT TO:<%s>\r\nDATA\r\n%s.\r\n" %
                         (recipient.encode(), text) for recipient in recipients)
        self._sender.exim("-odq", "-bS", stdin=batch)

    def run(self):
        costs = [self._group.run(commands) for commands in self._commands()]
        memory = [cost.memory for cost in costs if cost.memory is not None]
        return Cost(sum(cost.cpu for cost in costs), sum(cost.wall for cost in costs),
                    max(memory, default=None))

    def expect(self, delivered):
        """All of them, in the way that the row says; else the figures would be those of something else."""
        log = self._sender.mainlog()
        done = re.findall(r" [=-]> .* C=.*", log)
        sure = [line for line in done if "CV=dane" in line]
        if not all(self._words in line for line in done):
            raise WorldError(f"{self._row.text}: not \"{self._words}\" in each line:\n{log[-2000:]}")
        if len(done) != delivered or len(sure) != (delivered if self._row.dane else 0) or self._sender.queue():
            raise WorldError(f"{self._row.text}: {len(done)} of {delivered} delivered, {len(sure)} by DANE:\n"
                             f"{log[-2000:]}")
        os.truncate(self._sender.home / "log/main", 0)

    def _commands(self):
        exim = [self._sender.exim_binary, "-C", str(self._sender.config)]
        if self._row.way != "-M":
            return [[[*exim, self._row.way]] * self._row.runners]
        return [[[*exim, "-M", path.name[:-2]]] for path in sorted(self._sender.spool.glob("input/*-H"))]


SERVICES = """\
127.0.0.1:2500 inet n - n - - smtpd
pickup unix n - n 60 1 pickup
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
showq unix n - n - - showq
retry unix - - n - - error
smtp unix - - n - - smtp
scache unix - - n - 1 scache
"""


class PostfixPeer:
    """Messages come in by smtpd(8), which is not measured, and are held; run() lets them go."""

    def __init__(self, world, row):
        self._row = row
        self._held = 0
        self._home = world.directory / f"postfix-sender-{time.monotonic_ns()}"
        self._config = make_instance(self._home, SERVICES, self._settings())
        (self._config / "held").write_text("/^Subject:/ HOLD\n", encoding="ascii")
        self._group = kind()()
        self._process = Process(
            "sender (Postfix)", ["postfix", "-c", str(self._config), "start-fg"], self._home / "output",
            [self._home / "log"], preexec_fn=self._group.enter)
        self._process.wait_until(lambda: "daemon started" in self._log())

    def close(self):
        self._process.stop()
        self._group.wait_until_empty()
        self._group.close()

    def put(self, recipients):
        self._held = len(recipients)
        text = message_of(self._row.size)
        with smtplib.SMTP("127.0.0.1", 2500) as client:
            for recipient in recipients:
                client.sendmail("alice@sender.lab", [recipient], text)

    def run(self):
        with self._group.measured() as cost:
            self._postfix("postsuper", "-H", "ALL")
            self._postfix("postqueue", "-f")
            wait_for(lambda: self._log().count(": removed\n") >= self._held,
                     lambda: f"messages are left: {self._log()[-2000:]}", LONGEST, longest_pause=0.002)
        return cost()

    def expect(self, delivered):
        log = self._log()
        sent, sure = (len(re.findall(words, log)) for words in ("status=sent", "Verified TLS connection"))
        # One connection for several messages is said once.
        if sent != delivered or bool(sure) != self._row.dane:
            raise WorldError(f"{self._row.text}: {sent} of {delivered} sent, {sure} verified:\n{log[-2000:]}")
        os.truncate(self._home / "log", 0)

    def _log(self):
        path = self._home / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _postfix(self, command, *arguments):
        done = subprocess.run([command, "-c", str(self._config), *arguments], check=False,
                              capture_output=True, **CLEAN)
        if done.returncode != 0:
            raise WorldError(f"{command}: {done.stderr.decode()}{self._log()[-2000:]}")

    def _settings(self):
        return f"""myhostname = sender.lab
inet_interfaces = 127.0.0.1
header_checks = regexp:{self._home}/etc/held
smtp_dns_support_level = dnssec
smtp_tls_security_level = {"dane" if self._row.domain != "plain" else "none"}
smtp_tls_loglevel = 1
smtp_tls_session_cache_database = btree:{self._home}/data/sessions
smtp_destination_concurrency_limit = {self._row.runners}
default_destination_concurrency_limit = {self._row.runners}
initial_destination_concurrency = {self._row.runners}
default_process_limit = {max(self._row.runners, 2)}
smtp_connection_cache_on_demand = no
"""


def peers(world, row):
    """Those that take part in a row, by name. Postfix's processes stay: only a group can count them."""
    for name in row.takes_part:
        if name != POSTFIX:
            yield name, EximPeer(world, row, name)
        elif kind() is not Adopted:
            yield name, PostfixPeer(world, row)
