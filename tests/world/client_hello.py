# SPDX-License-Identifier: GPL-2.0-or-later
"""What a TLS client offers to go on with, read from its ClientHello (RFC 8446 4.1.2)."""
import hashlib

SESSION_TICKET, PRE_SHARED_KEY, SUPPORTED_VERSIONS = 35, 41, 43


class _Reader:
    def __init__(self, octets):
        self._octets = octets

    def __bool__(self):
        return bool(self._octets)

    def take(self, count):
        taken, self._octets = self._octets[:count], self._octets[count:]
        return taken

    def vector(self, width):
        """What follows its own length of so many octets."""
        return self.take(int.from_bytes(self.take(width), "big"))


def _identities(shared_keys):
    """Of a pre_shared_key extension (RFC 8446 4.2.11)."""
    identities = _Reader(_Reader(shared_keys).vector(2))
    while identities:
        yield identities.vector(2)
        identities.take(4)  # its age


def offered_sessions(hello):
    """The PSK identities of TLS 1.3, otherwise the ticket or the session ID of TLS 1.2; each as the beginning
    of its SHA-256."""
    reader = _Reader(hello)
    reader.take(4 + 2 + 32)  # message type and length, version, random
    session_id = reader.vector(1)
    reader.vector(2)  # cipher suites
    reader.vector(1)  # compression
    all_extensions, extensions = _Reader(reader.vector(2)), {}
    while all_extensions:
        kind = int.from_bytes(all_extensions.take(2), "big")
        extensions[kind] = all_extensions.vector(2)
    offered = list(_identities(extensions.get(PRE_SHARED_KEY, b"")))
    if not offered and (ticket := extensions.get(SESSION_TICKET)):
        offered = [ticket]
    elif not offered and session_id and SUPPORTED_VERSIONS not in extensions:
        offered = [session_id]
    return [hashlib.sha256(one).hexdigest()[:16] for one in offered]
