# SPDX-License-Identifier: GPL-2.0-or-later
"""Who watches deliveries in the rows that say so: a collector of TLS reports, a daemon with policies of MTA-STS,
and the lab's authority among the system's anchors. None of it is in the sender's count.
"""
import os
import subprocess
import threading

from cryptography.hazmat.primitives.serialization import Encoding

from collector import Collector
from policy_daemon import PolicyDaemon, policy

ANCHORS = "/etc/ssl/certs/ca-certificates.crt"  # of GnuTLS, as Debian builds it


class Watchers:
    """`policies`: by domain, the host that its policy names."""

    def __init__(self, world, policies):
        self.reports = 0  # that have come
        self._collector = Collector(world.directory / "bench-collector")
        self._daemon = PolicyDaemon(world.directory / "bench-policies")
        self._daemon.says = {domain: policy(host, domain=domain) for domain, host in policies.items()}
        bundle = world.directory / "bench-anchors.pem"
        bundle.write_bytes(world.certificates["root"].x509.public_bytes(Encoding.PEM))
        subprocess.run(["mount", "--bind", bundle, ANCHORS], check=True)
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._over = threading.Event()
        self._thread.start()

    def _count(self):
        while not self._over.is_set():
            self.reports += len(self._collector.octets_within(0.2))

    def stop(self):
        self._over.set()
        self._thread.join()
        self.reports += len(self._collector.octets())
        self._collector.close()
        self._daemon.stop()
        os.unlink(self._daemon.path)
        subprocess.run(["umount", ANCHORS], check=True)
