# SPDX-License-Identifier: GPL-2.0-or-later
"""The key of soak-rolls.lab is another one for a while: with records for it, in the right order, or without."""
import hashlib
import subprocess

from zone import self_signed

OLD, NEW = "soak-rolls", "soak-next"
OWNER = "_25._tcp.mx 2"  # with its TTL
EXPIRED = 5  # seconds after which nobody has the records of before in a cache


class Rollovers:
    """`published` and `unpublished`: SHA-256 of the certificates so far, a new one each time."""

    def __init__(self, world):
        self._world = world
        self._zone = world.zone(OLD)
        self.published = set()
        self.unpublished = set()

    def in_order(self, pause, lasts):
        """RFC 7671 8.1: the records of both first, then the key; and back the same way."""
        self.published.add(self._new_key())
        with self._world.changed_records(self._zone, OWNER, [f"3 1 1 ={name}" for name in (OLD, NEW)]) as script:
            subprocess.run(["sh", "-c", script], check=True)
            pause(EXPIRED)
            self._used(lasts)

    def forgotten(self, lasts):
        """Nobody publishes the new key: mail waits until the old one is back."""
        self.unpublished.add(self._new_key())
        self._used(lasts)

    def _new_key(self):
        made = self._world.certificates.issue(self_signed(NEW, f"mx.{OLD}.lab"))
        return hashlib.sha256(made.der).hexdigest()

    def _used(self, lasts):
        address = self._zone.servers[0].address
        self._world.receivers.show(address, NEW)
        try:
            lasts()
        finally:
            self._world.receivers.show(address, OLD)
