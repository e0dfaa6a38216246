# SPDX-License-Identifier: GPL-2.0-or-later
"""The world's certificates, made anew at each start (ECDSA P-256, milliseconds each): the authorities, and
the leaves that the rows of the zones ask for.

Knows who issues what, and which chain a server sends with it. Also writes TLSA data (RFC 6698 2.1). A
leaf without issuer is self-signed. Nothing here is ever kept.
"""
import datetime
import hashlib
from dataclasses import dataclass
from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

TA_CHAIN = ("intermediate", "root")
OTHER_CHAIN = ("other-intermediate", "other-root")


class Dates(Enum):
    """Validity in days from now."""
    NOW = (-10, 30)
    PAST = (-10, -1)
    FUTURE = (10, 30)
    SECONDS = (-10, 4 / 86400)


@dataclass(frozen=True)
class Authority:
    name: str
    common_name: str
    issuer: str | None = None
    dates: Dates = Dates.NOW
    is_ca: bool = True  # what its basicConstraints say
    permits: str | None = None  # the only names that it may vouch for (RFC 5280 4.2.1.10)


@dataclass(frozen=True)
class Leaf:
    name: str
    names: tuple[str, ...]  # dNSName entries; without any there is no subjectAltName
    issuer: str | None = None
    sends: tuple[str, ...] = ()  # authorities that the server sends after the leaf, in this order
    dates: Dates = Dates.NOW
    common_name: str = "server"
    must_staple: bool = False  # RFC 7633
    for_servers: bool = True  # what its extended key usage says; else clients
    signs: bool = True  # the key usage is digitalSignature; else keyCertSign, which no server can use


AUTHORITIES = (
    Authority("root", "Lab TA"),
    Authority("intermediate", "Lab TA intermediate", issuer="root"),
    Authority("other-root", "Other TA"),
    Authority("other-intermediate", "Other TA intermediate", issuer="other-root"),
    Authority("not-ca", "Lab no authority", issuer="root", is_ca=False),
    Authority("ee-intermediate", "Lab TA for ee.lab alone", issuer="root", permits="ee.lab"),
    Authority("expired-intermediate", "Lab TA past intermediate", issuer="root", dates=Dates.PAST),
)


@dataclass(frozen=True)
class Certificate:
    name: str
    x509: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]  # as the server sends it, itself first
    pem_file: str  # key and chain; readable by the servers' user

    @property
    def der(self):
        return self.x509.public_bytes(Encoding.DER)

    @property
    def public_key_info(self):
        return self.x509.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def tlsa(usage, selector, matching, certificate):
    """TLSA record data as zone file text. `matching` 0 is the data in full (RFC 6698 2.1.3)."""
    data = certificate.public_key_info if selector == 1 else certificate.der
    if matching:
        data = hashlib.new({1: "sha256", 2: "sha512"}[matching], data).digest()
    return f"{usage} {selector} {matching} {data.hex()}"


class Certificates:
    """The authorities and these leaves by name; `issue` makes further ones."""

    def __init__(self, directory, leaves):
        self._directory = directory
        self._made = {}
        directory.mkdir()
        for entry in (*AUTHORITIES, *leaves):
            self.issue(entry)

    def __getitem__(self, name):
        return self._made[name]

    def issue(self, entry, key=None):
        key = key or ec.generate_private_key(ec.SECP256R1())
        issuer = self._made[entry.issuer] if entry.issuer else None
        signed = _builder(entry, key, issuer).sign(issuer.key if issuer else key, hashes.SHA256())
        sends = entry.sends if isinstance(entry, Leaf) else ()
        chain = (signed, *(self._made[name].x509 for name in sends))
        pem_file = self._directory / f"{entry.name}.pem"
        pem_file.write_bytes(_pem(key, chain))
        self._made[entry.name] = Certificate(entry.name, signed, key, chain, str(pem_file))
        return self._made[entry.name]


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(entry, key, issuer):
    now = datetime.datetime.utcnow()
    day = datetime.timedelta(days=1)
    leaf = isinstance(entry, Leaf)
    subject = _name(entry.common_name)
    first, last = entry.dates.value
    signer_key = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.x509.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + first * day)
        .not_valid_after(now + last * day)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_key.public_key()),
                       critical=False)
        .add_extension(x509.BasicConstraints(ca=not leaf and entry.is_ca, path_length=None),
                       critical=True)
        .add_extension(_key_usage(leaf and entry.signs), critical=True)
    )
    if not leaf:
        return _constrained(builder, entry)
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if entry.for_servers else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if entry.must_staple:
        feature = x509.TLSFeature([x509.TLSFeatureType.status_request])
        builder = builder.add_extension(feature, critical=False)
    if not entry.names:
        return builder
    names = x509.SubjectAlternativeName([x509.DNSName(name) for name in entry.names])
    return builder.add_extension(names, critical=False)


def _constrained(builder, authority):
    if not authority.permits:
        return builder
    names = x509.NameConstraints([x509.DNSName(authority.permits)], None)
    return builder.add_extension(names, critical=True)


def _key_usage(leaf):
    return x509.KeyUsage(
        digital_signature=leaf, key_cert_sign=not leaf, crl_sign=not leaf, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False)


def _pem(key, chain):
    secret = key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8,
                               serialization.NoEncryption())
    return secret + b"".join(each.public_bytes(Encoding.PEM) for each in chain)
