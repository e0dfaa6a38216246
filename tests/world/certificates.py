# SPDX-License-Identifier: GPL-2.0-or-later
"""The world's certificates: one table, made anew at each start (ECDSA P-256, milliseconds each).

Decides who issues what, for which names, and which chain a server sends with it. Also writes TLSA
data (RFC 6698 2.1). A leaf without issuer is self-signed. Nothing here is ever kept.
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


@dataclass(frozen=True)
class Authority:
    name: str
    common_name: str
    issuer: str | None = None
    dates: Dates = Dates.NOW
    is_ca: bool = True  # what its basicConstraints say


@dataclass(frozen=True)
class Leaf:
    name: str
    names: tuple[str, ...]  # dNSName entries; without any there is no subjectAltName
    issuer: str | None = None
    sends: tuple[str, ...] = ()  # authorities that the server sends after the leaf, in this order
    dates: Dates = Dates.NOW
    common_name: str = "server"
    must_staple: bool = False  # RFC 7633
    signs: bool = True  # the key usage is digitalSignature; else keyCertSign, which no server can use


AUTHORITIES = (
    Authority("root", "Lab TA"),
    Authority("intermediate", "Lab TA intermediate", issuer="root"),
    Authority("other-root", "Other TA"),
    Authority("other-intermediate", "Other TA intermediate", issuer="other-root"),
    Authority("not-ca", "Lab no authority", issuer="root", is_ca=False),
    Authority("expired-intermediate", "Lab TA past intermediate", issuer="root", dates=Dates.PAST),
)


def _self_signed(*names):
    return tuple(Leaf(name, (f"mx.{name}.lab",)) for name in names)


# A certificate is named after the zone whose server sends it. `-key` ones are published in a TLSA
# record but held by no server.
LEAVES = _self_signed(
    "ee", "ee-full", "ee-sha512", "impostor", "impostor-key", "unusable", "rollover",
    "rollover-next", "starttls-454", "bogus-mx", "bogus-a", "bogus-tlsa", "tlsa-servfail",
    "tlsa-refused", "tlsa-timeout", "tlsa-slow", "mx-servfail", "cname-mx", "cname-target",
    "port", "many-rr", "a-insecure", "dual-stack", "expired-sig", "rcpt-mix", "signed-no-tlsa",
    "plain", "mx-insecure", "scripted", "scripted-plain", "starttls-501", "tls-11", "tls-reset",
    "tls-closed", "tls-clear-text", "tls-injected", "smtps", "smtps-impostor", "port-25-only",
    "unusable-usage-0", "unusable-usage-1", "unusable-usage-4", "unusable-usage-255",
    "unusable-selector", "unusable-matching", "unusable-length-31", "unusable-length-33",
    "unusable-512-of-32", "unusable-not-a-key", "unusable-one-octet", "unusable-and-good",
    "unusable-and-bad", "usages-match-3", "usages-neither", "agility-512-wrong",
    "agility-256-wrong", "agility-full", "agility-full-wrong", "agility-selectors",
    "agility-usages", "agility-malformed", "ta-is-leaf", "bogus-denial", "bogus-aaaa",
    "bogus-aaaa-wrong", "first-bogus-a", "first-servfail", "first-impostor", "all-impostors",
    "tlsa-nodata", "insecure-tlsa", "tlsa-cname-wrong", "tlsa-cname-insecure", "tlsa-cname-bogus",
    "tlsa-cname-loop", "tlsa-dname", "tlsa-wildcard", "tlsa-wildcard-wrong", "cname-both",
    "cname-both-wrong", "cname-between", "cname-insecure", "mx-dname", "domain-dname",
    "mx-literal-first", "mx-loopback-first", "many-addresses", "two-keys", "unknown-algorithm",
    "two-plain", "alias-chain", "tlsa-odd-alias",
)


def _issued(name, dns_name="", **more):
    """One of our intermediate's, sent with the whole chain unless `more` says otherwise."""
    return Leaf(name, (dns_name or f"mx.{name}.lab",),
                **{"issuer": "intermediate", "sends": TA_CHAIN, **more})


LEAVES += (
    *map(_issued, ("usages-match-2", "ta-certificate", "ta-sha512", "ta-root", "tlsa-cname",
                   "xn--bcher-kva")),
    *(_issued(name, sends=("intermediate",))
      for name in ("ta-root-unsent", "ta-200-unsent", "ta-210-unsent", "ta-intermediate")),
    *(_issued(name, issuer="other-intermediate", sends=OTHER_CHAIN)
      for name in ("ta-200-impostor", "ta-210-impostor")),
    _issued("ta-alone", sends=()),
    _issued("ta-gap", sends=("root",)),
    _issued("ta-appended", issuer="other-intermediate", sends=(*OTHER_CHAIN, "root")),
    *(_issued(name, "mx.elsewhere.lab")
      for name in ("usages-both", "usages-name", "name-wrong")),
    Leaf("name-wrong-ee", ("mx.elsewhere.lab",)),
    _issued("name-wildcard", "*.name-wildcard.lab"),
    _issued("name-wildcard-deep", "*.name-wildcard-deep.lab"),
    _issued("name-wildcard-part", "m*.name-wildcard-part.lab"),
    Leaf("name-cn", (), issuer="intermediate", sends=TA_CHAIN, common_name="mx.name-cn.lab"),
    _issued("name-cn-beside", "mx.elsewhere.lab", common_name="mx.name-cn-beside.lab"),
    _issued("name-upper", "MX.Name-UPPER.LAB"),
    Leaf("ee-not-yet", ("mx.ee-not-yet.lab",), dates=Dates.FUTURE),
    _issued("ta-not-yet", dates=Dates.FUTURE),
    _issued("ta-not-ca", issuer="not-ca", sends=("not-ca", "root")),
    _issued("ta-link-expired", issuer="expired-intermediate",
            sends=("expired-intermediate", "root")),
    _issued("domain-cname", "alias.domain-cname.lab"),
    _issued("domain-cname-real", "real.domain-cname-real.lab"),
    _issued("mx-insecure-name", "mx-insecure-name.lab"),
    _issued("smarthost", "relay.smarthost.lab"),
    Leaf("ee-expired", ("mx.ee-expired.lab",), dates=Dates.PAST),
    Leaf("ta", ("mx.ta.lab",), issuer="intermediate", sends=TA_CHAIN),
    Leaf("ta-domain-name", ("ta-domain-name.lab",), issuer="intermediate", sends=TA_CHAIN),
    Leaf("ta-expired", ("mx.ta-expired.lab",), issuer="intermediate", sends=TA_CHAIN, dates=Dates.PAST),
    Leaf("ta-impostor", ("mx.ta-impostor.lab",), issuer="other-intermediate", sends=OTHER_CHAIN),
    Leaf("two-mx-1", ("mx1.two-mx.lab",)),
    Leaf("two-mx-1-key", ("mx1.two-mx.lab",)),
    Leaf("two-mx-2", ("mx2.two-mx.lab",)),
    Leaf("two-mx-down", ("mx2.two-mx-down.lab",)),
    Leaf("mixed-1", ("mx1.mixed.lab",)),
    Leaf("mixed-2", ("mx2.mixed.lab",)),
    Leaf("odd-mx", ("mx.odd-mx.lab",)),
    Leaf("implicit-mx", ("implicit-mx.lab",)),
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
    """All certificates of the tables by name; `issue` makes further ones."""

    def __init__(self, directory):
        self._directory = directory
        self._made = {}
        directory.mkdir()
        for entry in AUTHORITIES + LEAVES:
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
        return builder
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = builder.add_extension(purpose, critical=False)
    if entry.must_staple:
        feature = x509.TLSFeature([x509.TLSFeatureType.status_request])
        builder = builder.add_extension(feature, critical=False)
    if not entry.names:
        return builder
    names = x509.SubjectAlternativeName([x509.DNSName(name) for name in entry.names])
    return builder.add_extension(names, critical=False)


def _key_usage(leaf):
    return x509.KeyUsage(
        digital_signature=leaf, key_cert_sign=not leaf, crl_sign=not leaf, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False)


def _pem(key, chain):
    secret = key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8,
                               serialization.NoEncryption())
    return secret + b"".join(each.public_bytes(Encoding.PEM) for each in chain)
