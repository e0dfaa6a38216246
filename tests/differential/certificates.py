# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates to order for the differential test: keys of many kinds, and each thing in a certificate
that a verifier may trip over. Only python3-cryptography; RSA-PSS, which its older versions cannot
write, is put into the finished certificate by hand."""

import dataclasses
import datetime
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

AT = datetime.datetime(2026, 6, 1)
DAY = datetime.timedelta(days=1)

# AlgorithmIdentifier of RSASSA-PSS with SHA2-256, MGF1 with SHA2-256 and a salt of 32 (RFC 4055 3.1).
PSS_SHA256 = bytes.fromhex(
    "304106092a864886f70d01010a3034a00f300d06096086480165030402010500"
    "a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120")
# rsaEncryption as it stands in a SubjectPublicKeyInfo, and id-RSASSA-PSS without parameters.
RSA_KEY = bytes.fromhex("300d06092a864886f70d0101010500")
PSS_KEY = bytes.fromhex("300b06092a864886f70d01010a")


@dataclasses.dataclass
class Plan:
    """What a certificate says; the defaults make a good leaf."""
    subject: str
    kind: str = "p256"
    key: object = None
    ca: bool = False
    path_length: int = None
    basic_constraints: bool = True
    key_usage: str = ""  # "", "ca", "tls", "crl"
    purpose: str = ""  # "", "server", "client", "any"
    names: tuple = ()
    permitted: str = ""
    excluded: str = ""
    critical_unknown: bool = False
    key_ids: bool = True
    wrong_key_id: bool = False
    sha1: bool = False
    start: datetime.datetime = AT - 30 * DAY
    end: datetime.datetime = AT + 30 * DAY


@dataclasses.dataclass
class Made:
    plan: Plan
    key: object
    der: bytes

    @property
    def certificate(self):
        return x509.load_der_x509_certificate(self.der)

    @property
    def key_info(self):
        return cut_key_info(self.der)

    def pem(self):
        return pem_of(self.der)


def pem_of(der):
    import base64
    body = base64.encodebytes(der).decode().replace("\n", "")
    lines = [body[i:i + 64] for i in range(0, len(body), 64)]
    return "-----BEGIN CERTIFICATE-----\n" + "\n".join(lines) + "\n-----END CERTIFICATE-----\n"


class Keys:
    """RSA keys take long to make, so they come from a pool; within a case each is drawn once."""

    def __init__(self, random):
        self.random = random
        self.rsa = {bits: [rsa.generate_private_key(65537, bits) for _ in range(8)] for bits in (1024, 2048)}
        self.drawn = 0

    def begin_case(self):
        self.drawn = self.random.randrange(8)

    def new(self, kind):
        if kind == "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        if kind == "ed448":
            return ed448.Ed448PrivateKey.generate()
        if kind in ("rsa2048", "rsa1024", "pss", "psskey"):
            self.drawn += 1
            return self.rsa[1024 if kind == "rsa1024" else 2048][self.drawn % 8]
        curve = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}[kind]
        return ec.generate_private_key(curve())


def tlv(der, at=0):
    """(start of the contents, end) of the element at `at`."""
    length, start = der[at + 1], at + 2
    if length >= 0x80:
        octets = length & 0x7F
        length, start = int.from_bytes(der[start:start + octets], "big"), start + octets
    return start, start + length


def element(tag, contents):
    length = len(contents)
    if length < 0x80:
        return bytes([tag, length]) + contents
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + contents


def parts(der):
    """The elements inside the SEQUENCE `der`, each whole."""
    at, end = tlv(der)
    found = []
    while at < end:
        _, after = tlv(der, at)
        found.append(der[at:after])
        at = after
    return found


def cut_key_info(der):
    fields = parts(parts(der)[0])
    return fields[6 if fields[0][0] == 0xA0 else 5]


def key_if_any(der):
    """None: what a `2 0 0` record has need not be a certificate."""
    try:
        return cut_key_info(der)
    except IndexError:
        return None


def sign_with_pss(der, signer, key_too):
    """The certificate with an RSASSA-PSS signature, and an id-RSASSA-PSS key when `key_too`."""
    fields = parts(parts(der)[0])
    fields[2] = PSS_SHA256
    tbs = element(0x30, b"".join(fields))
    if key_too:
        tbs = as_pss_key(tbs)
    signature = signer.sign(tbs, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    return element(0x30, tbs + PSS_SHA256 + element(0x03, b"\0" + signature))


def as_pss_key(tbs):
    fields = parts(tbs)
    algorithm, bits = parts(fields[6])
    fields[6] = element(0x30, PSS_KEY + bits) if algorithm == RSA_KEY else fields[6]
    return element(0x30, b"".join(fields))


def name_of(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def key_usage(kind):
    flags = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                           "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
    flags[{"ca": "key_cert_sign", "tls": "digital_signature", "crl": "crl_sign"}[kind]] = True
    return x509.KeyUsage(**flags)


def extensions(plan, key, issuer_key):
    oid = x509.ExtendedKeyUsageOID
    purposes = {"server": oid.SERVER_AUTH, "client": oid.CLIENT_AUTH, "any": x509.ObjectIdentifier("2.5.29.37.0")}
    if plan.basic_constraints:
        yield x509.BasicConstraints(plan.ca, plan.path_length if plan.ca else None), True
    if plan.key_usage:
        yield key_usage(plan.key_usage), True
    if plan.purpose:
        yield x509.ExtendedKeyUsage([purposes[plan.purpose]]), False
    if plan.names:
        yield x509.SubjectAlternativeName([x509.DNSName(name) for name in plan.names]), False
    if plan.permitted or plan.excluded:
        yield x509.NameConstraints([x509.DNSName(plan.permitted)] if plan.permitted else None,
                                   [x509.DNSName(plan.excluded)] if plan.excluded else None), True
    if plan.critical_unknown:
        yield x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"), True
    if plan.key_ids:
        yield x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        if plan.wrong_key_id:
            authority = x509.AuthorityKeyIdentifier(hashlib.sha1(plan.subject.encode()).digest(), None, None)
        yield authority, False


def make(plan, issuer, keys):
    """Signed by `issuer`, a Made, or by its own key when that is None."""
    key = plan.key or keys.new(plan.kind)
    issuer_key, issuer_name = (issuer.key, issuer.plan.subject) if issuer else (key, plan.subject)
    builder = (x509.CertificateBuilder().subject_name(name_of(plan.subject)).issuer_name(name_of(issuer_name))
               .public_key(key.public_key()).serial_number(keys.random.getrandbits(100) | 1)
               .not_valid_before(plan.start).not_valid_after(plan.end))
    for extension, critical in extensions(plan, key, issuer_key):
        builder = builder.add_extension(extension, critical)
    pure = isinstance(issuer_key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey))
    digest = None if pure else hashes.SHA1() if plan.sha1 else hashes.SHA256()
    der = builder.sign(issuer_key, digest).public_bytes(serialization.Encoding.DER)
    issuer_kind = issuer.plan.kind if issuer else plan.kind
    if issuer_kind in ("pss", "psskey"):
        der = sign_with_pss(der, issuer_key, plan.kind == "psskey")
    return Made(plan, key, der)
