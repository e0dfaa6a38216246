# SPDX-License-Identifier: GPL-2.0-or-later
"""A collector of TLS reports (RFC 8460) as the sender's side has one: a datagram socket, and what has
arrived there. It keeps to the rules of tlsrpt-collectd: a datagram is one JSON object in UTF-8 with the
members that it cannot do without.
"""
import contextlib
import json
import os
import pwd
import select
import socket
import struct

RESULTS = {201: "starttls-not-supported", 202: "certificate-host-mismatch", 203: "certificate-not-trusted",
           204: "certificate-expired", 205: "validation-failure", 301: "sts-policy-fetch-error",
           302: "sts-policy-invalid", 303: "sts-webpki-invalid", 304: "tlsa-invalid", 305: "dnssec-invalid",
           306: "dane-required"}
_IDS = struct.Struct("iII")  # pid, uid, gid: unix(7), SCM_CREDENTIALS
POLICIES = {1: "tlsa", 2: "sts", 9: "no-policy-found"}


class Collector:
    def __init__(self, path):
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(self.path)
        os.chown(self.path, pwd.getpwnam("mail").pw_uid, -1)
        os.chmod(self.path, 0o600)

    def close(self):
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def octets(self):
        """What has arrived since it was last asked, a datagram each."""
        received = []
        with contextlib.suppress(BlockingIOError):
            while True:
                received.append(self._socket.recv(1 << 24))
        return received

    def octets_within(self, seconds):
        """The same, as soon as there is one, or when the time is over."""
        select.select([self._socket], [], [], seconds)
        return self.octets()

    def writers(self):
        """As octets(): the user and group ids of whoever sent each datagram, as the kernel has them."""
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                ((_, _, ids),) = self._socket.recvmsg(1 << 24, socket.CMSG_SPACE(_IDS.size))[1]
                found.append(_IDS.unpack(ids)[1:])
        return found

    def reports(self):
        return [_report(octets) for octets in self.octets()]

    def results(self):
        """(domain, policy, result) of each report; the result of a good one is "success"."""
        return [(report["d"], *self.result(policy))
                for report in self.reports() for policy in report["policies"]]

    @staticmethod
    def result(policy):
        """(policy, result) of one of a report's policies."""
        return POLICIES[policy["policy-type"]], _result(policy)

    @staticmethod
    def types():
        """The failures that there are."""
        return RESULTS.values()


def _report(octets):
    report = json.loads(octets.decode("utf-8"))
    assert report["dpv"] == "1" and report["d"] and report["pr"] and report["policies"], report
    for policy in report["policies"]:
        assert policy["t"] == len(policy.get("failure-details", [])), policy
        assert policy["f"] in (0, 1), policy
    return report


def _result(policy):
    details = policy.get("failure-details", [])
    assert len(details) == policy["f"], policy
    return RESULTS[details[0]["c"]] if details else "success"
