# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon that knows policies of MTA-STS (RFC 8461), over the socketmap protocol as Postfix speaks it: what it
says of a domain, and how it misbehaves, is the test's to set.

    daemon.says["ee.lab"] = "OK secure match=mx.ee.lab"
    daemon.says["ee.lab"] = Silence() | Raw(b"9999:") | Slowly(answer, seconds)
    daemon.says["ee.lab"] = [this, that]    # one after the other, and the last one from then on
"""
import os
import socket
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Silence:
    """No answer, until the client has gone."""


@dataclass(frozen=True)
class Raw:
    """These octets, and the end of the connection."""
    octets: bytes


@dataclass(frozen=True)
class Slowly:
    """The answer, an octet after each pause."""
    answer: str
    seconds: float


def policy(*hosts, mode="enforce", domain=None):
    """As postfix-mta-sts-resolver answers; of a tested policy, and with `domain`, with its attributes for
    reports."""
    match = ":".join(host.removeprefix("*") for host in hosts)
    text = f"OK secure match={match} servername=hostname"
    if mode == "enforce" and not domain:
        return text
    lines = ["version: STSv1", f"mode: {mode}", "max_age: 86400", *(f"mx: {host}" for host in hosts)]
    of_domain = f" policy_domain={domain}" if domain else ""
    patterns = "".join(f" mx_host_pattern={host}" for host in hosts)
    strings = "".join(f" {{ policy_string = {line} }}" for line in lines)
    return f"{text} policy_type=sts{of_domain}{patterns}{strings}"


def unavailable_policy(failure, reason, domain):
    """As `danesmtp mta-sts-daemon` answers."""
    return f"NOTFOUND policy_type=sts policy_domain={domain} failure_type={failure} {{ failure_reason = {reason} }}"


def netstring(text):
    octets = text.encode()
    return b"%d:%s," % (len(octets), octets)


class PolicyDaemon:
    def __init__(self, path):
        self.path = str(path)
        self.says = {}
        self.asked = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self._socket.listen(20)
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def option(self):
        return f"unix:{self.path}"

    def stop(self):
        """Nobody answers any more, and the socket's file stays."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has been stopped before
        self._socket.close()

    def _run(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            connection.settimeout(30)
            try:
                question = connection.recv(2000).decode()
                _, _, domain = question.rstrip(",").partition(":")[2].partition(" ")
                self.asked.append(domain)
                self._answer(connection, self._next_answer(domain))
            except OSError:
                pass  # the client has gone

    def _next_answer(self, domain):
        said = self.says.get(domain, "NOTFOUND ")
        if not isinstance(said, list):
            return said
        return said.pop(0) if len(said) > 1 else said[0]

    @staticmethod
    def _answer(connection, said):
        if isinstance(said, Silence):
            connection.recv(1)
        elif isinstance(said, Raw):
            connection.sendall(said.octets)
        elif isinstance(said, Slowly):
            for octet in netstring(said.answer):
                connection.sendall(bytes([octet]))
                time.sleep(said.seconds)
        else:
            connection.sendall(netstring(said))
