# SPDX-License-Identifier: GPL-2.0-or-later
"""A certificate with two faces. `version` has an explicit tag with a false length: a reader that steps
over it by that length finds the names and the key of `shown`, one that looks inside finds those of
`own`, whose key the server really has. No reader may be deceived: it is no certificate (X.690)."""
import base64
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

VERSION_3 = b"\x02\x01\x02"


@dataclass(frozen=True)
class Forged:
    name: str
    der: bytes
    pem_file: str  # the key, this certificate and what is sent after it


def element(tag, contents):
    if len(contents) < 0x80:
        return bytes([tag, len(contents)]) + contents
    length = len(contents).to_bytes((len(contents).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + contents


def parts(der):
    """The elements inside the SEQUENCE `der`, each whole."""
    def end_of(at):
        length, start = der[at + 1], at + 2
        if length >= 0x80:
            count = length & 0x7F
            length, start = int.from_bytes(der[start:start + count], "big"), start + count
        return start, start + length

    at, end = end_of(0)
    found = []
    while at < end:
        after = end_of(at)[1]
        found.append(der[at:after])
        at = after
    return found


def forge(own, shown, signer):
    """DER with the key, names and extensions of `own` and the face of `shown` (both DER)."""
    mine, other = parts(parts(own)[0]), parts(parts(shown)[0])
    face = b"".join(other[1:7])
    hidden = element(0x81, b"\0" + face)[:-len(face)]  # issuerUniqueID, [1] IMPLICIT BIT STRING
    tbs = element(0x30, element(0xA0, VERSION_3 + b"".join(mine[1:7]) + hidden) + face + mine[7])
    signature = signer.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return element(0x30, tbs + mine[2] + element(0x03, b"\0" + signature))


def write(directory, name, key, chain):
    """A file for a server: its key and `chain` (DER), of which the first is the forged one's."""
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                               serialization.NoEncryption())
    path = directory / f"{name}.pem"
    path.write_bytes(secret + b"".join(map(pem, chain)))
    return Forged(name, chain[0], str(path))


def pem(der):
    return (b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) +
            b"-----END CERTIFICATE-----\n")
