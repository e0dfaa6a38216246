# SPDX-License-Identifier: GPL-2.0-or-later
"""OCSP responses for the world's certificates, good and bad (RFC 6960), and the program that staples
them. The faults are the keys of FAULTS; what each is, is said there."""
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from exim_build import made_for_tests

HOUR = datetime.timedelta(hours=1)

# By name: what differs from a good response of the issuer.
FAULTS = {
    "good": {},
    "good, by a delegate": {"delegate": "OCSP signing"},
    "revoked": {"status": ocsp.OCSPCertStatus.REVOKED},
    "unknown": {"status": ocsp.OCSPCertStatus.UNKNOWN},
    "expired": {"valid": (-48 * HOUR, -24 * HOUR)},
    "not yet valid": {"valid": (24 * HOUR, 48 * HOUR)},
    "wrong certificate": {"about": "ta"},
    "wrong signer": {"signer": "other-intermediate"},
    "delegate without purpose": {"delegate": "no purpose"},
    "oversized": {"copies": 60},
}


def stapling_relay():
    return str(made_for_tests("stapling_relay"))


class Responder:
    """Makes responses with the keys of the world's authorities, as files in `directory`."""

    def __init__(self, certificates, directory):
        self._certificates = certificates
        self._directory = directory
        directory.mkdir()

    def staple(self, name, leaf, fault="good", issuer="intermediate"):
        """A file with a response about `leaf` (a Certificate) that has this fault."""
        return self._write(name, self.response(leaf, fault, issuer))

    def response(self, leaf, fault="good", issuer="intermediate"):
        """The same in DER."""
        return self._make(leaf, issuer, **FAULTS[fault])

    def response_until(self, leaf, end):
        """A good one that begins an hour ago and ends then."""
        return self._make(leaf, "intermediate", valid=(-HOUR, end))

    def octets(self, name, octets):
        return self._write(name, octets)

    def try_later(self):
        later = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
        return later.public_bytes(Encoding.DER)

    def _write(self, name, octets):
        path = self._directory / name
        path.write_bytes(octets)
        return str(path)

    def _make(self, leaf, issuer, status=ocsp.OCSPCertStatus.GOOD, valid=(-HOUR, 12 * HOUR),
              about="", signer="", delegate="", copies=1):
        now = datetime.datetime.utcnow().replace(microsecond=0)
        authority = self._certificates[signer or issuer]
        revoked = status == ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=self._certificates[about].x509 if about else leaf.x509,
            issuer=self._certificates[issuer].x509, algorithm=hashes.SHA1(), cert_status=status,
            this_update=now + valid[0], next_update=now + valid[1],
            revocation_time=now - HOUR if revoked else None, revocation_reason=None)
        certificate, key = authority.x509, authority.key
        if delegate or copies > 1:
            certificate, key = self._delegate(authority, delegate == "OCSP signing" or copies > 1)
            builder = builder.certificates([certificate] * copies)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _delegate(self, authority, with_purpose, days=1):
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder()
                   .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "OCSP")]))
                   .issuer_name(authority.x509.subject).public_key(key.public_key())
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(now - HOUR).not_valid_after(now + days * 24 * HOUR))
        if with_purpose:
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
            builder = builder.add_extension(purpose, critical=False)
        return builder.sign(authority.key, hashes.SHA256()), key
