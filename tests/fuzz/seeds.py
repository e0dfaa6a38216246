#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the corpora that fuzzing starts from into corpus/: run by hand, the result is committed.
`seeds.py x509` writes the certificates only.

Chains are cases of the differential test, so each shape that it knows is among them."""
import datetime
import gzip
import itertools
import json
import random
import struct
import sys
from pathlib import Path

import dns.message
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat,
                                                          PublicFormat, pkcs7, pkcs12)
from cryptography.x509 import ocsp  # noqa: F401  (makes x509.ocsp known)

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "differential"), str(TESTS / "world")]

from cases import Maker  # noqa: E402
from certificates import Keys, Plan, element, make, parts  # noqa: E402
from forged_certificate import forge  # noqa: E402

CORPUS = Path(__file__).resolve().parent / "corpus"
CHAINS = 40


def write(target, name, octets):
    (CORPUS / target).mkdir(parents=True, exist_ok=True)
    (CORPUS / target / name).write_bytes(octets)


def piece(octets):
    return struct.pack(">H", len(octets)) + octets


def rdata(text):
    usage, selector, matching, data = text.split()
    return bytes([int(usage), int(selector), int(matching)]) + bytes.fromhex(data)


def chains():
    source = random.Random(7)
    maker = Maker(source, Keys(source))
    for number in range(CHAINS):
        case = maker.case(number)
        shown = case.chain[:5]
        write("chain", f"case-{number:02}", bytes([len(shown)]) + b"".join(map(piece, shown)) +
              b"".join(piece(rdata(text)) for text in case.tlsa))


def records():
    digest = bytes(range(32))
    for name, octets in {
            "ee-sha256": b"\x03\x01\x01" + digest, "ta-sha512": b"\x02\x00\x02" + digest * 2,
            "three-octets": b"\x03\x01\x01", "short-digest": b"\x03\x01\x01" + digest[1:],
            "usage-255": b"\xff\xff\xff" + digest, "full-junk": b"\x02\x01\x00\x30\x80",
            "text": b"3 1 1 " + digest.hex().encode(), "text-spaced": b" 2  0 1\n0011 aAbB 22 ",
            "text-odd": b"3 1 1 abc", "text-range": b"256 0 0 00", "text-words": b"DANE-EE SPKI full"}.items():
        write("tlsa_record", name, octets)


def reply(*answers):
    query = dns.message.make_query("mx.ee.lab", "CNAME", id=0x1234)
    made = dns.message.make_response(query)
    made.answer = [dns.rrset.from_text(owner, 60, "IN", kind, data) for owner, kind, data in answers]
    return made.to_wire()


def names():
    link = ("mx.ee.lab.", "CNAME", "mx.other.lab.")
    for name, octets in {
            "host": b"mx.ee.lab", "upper": b"MX.Ee.LAB.", "u-label": "bücher.lab".encode(), "address": b"192.0.2.1",
            "long-label": b"a" * 64 + b".lab", "long-name": b".".join([b"a" * 60] * 5), "nul": b"mx\0.lab",
            "wire": b"\x02mx\x02ee\x03lab\x00", "wire-open": b"\x02mx\x3fee", "wire-root": b"\x00",
            "reply": reply(link), "reply-chain": reply(link, ("mx.other.lab.", "CNAME", "x.lab.")),
            "reply-empty": reply(), "reply-cut": reply(link)[:-3],
            "reply-loop": reply(link)[:-2] + b"\xc0\x0c"}.items():
        write("dns_name", name, octets)


NOW = datetime.datetime(2026, 6, 1)
HOUR = datetime.timedelta(hours=1)


def certificate(subject, issuer, signer, key, *extensions):
    name = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in (subject, issuer)]
    builder = (x509.CertificateBuilder().subject_name(name[0]).issuer_name(name[1])
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(NOW - 24 * HOUR).not_valid_after(NOW + 24 * HOUR))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signer, hashes.SHA256())


def ocsp_responses():
    ca_key, key, delegate_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    ca = certificate("CA", "CA", ca_key, ca_key, x509.BasicConstraints(ca=True, path_length=None))
    leaf = certificate("leaf", "CA", ca_key, key, x509.TLSFeature([x509.TLSFeatureType.status_request]))
    purpose = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING])
    delegate = certificate("OCSP", "CA", ca_key, delegate_key, purpose)
    status = x509.ocsp.OCSPCertStatus
    for name, kind, signer, by in (
            ("good", status.GOOD, ca, ca_key), ("revoked", status.REVOKED, ca, ca_key),
            ("unknown", status.UNKNOWN, ca, ca_key), ("delegate", status.GOOD, delegate, delegate_key),
            ("wrong-signer", status.GOOD, leaf, key)):
        builder = x509.ocsp.OCSPResponseBuilder().add_response(
            leaf, ca, hashes.SHA1(), kind, NOW - HOUR, NOW + HOUR,
            NOW - HOUR if kind == status.REVOKED else None, None)
        builder = builder.responder_id(x509.ocsp.OCSPResponderEncoding.HASH, signer)
        if signer is delegate:
            builder = builder.certificates([delegate]).add_extension(x509.OCSPNonce(b"nonce"), False)
        response = builder.sign(by, hashes.SHA256()).public_bytes(Encoding.DER)
        write("ocsp", name, b"".join(piece(one.public_bytes(Encoding.DER)) for one in (leaf, ca)) + response)
    later = x509.ocsp.OCSPResponseBuilder.build_unsuccessful(x509.ocsp.OCSPResponseStatus.TRY_LATER)
    write("ocsp", "try-later", b"".join(piece(one.public_bytes(Encoding.DER)) for one in (leaf, ca)) +
          later.public_bytes(Encoding.DER))


def with_fields(der, change):
    """The certificate with other fields in its signed part; the signature no longer fits."""
    tbs, algorithm, signature = parts(der)
    fields = parts(tbs)
    change(fields)
    return element(0x30, element(0x30, b"".join(fields)) + algorithm + signature)


def certificates():
    keys = Keys(random.Random(7))
    made = {kind: make(Plan(kind, kind=kind, names=("mx.lab", "*.mx.lab"), key_usage="tls", purpose="server"),
                       None, keys) for kind in ("p256", "p384", "p521", "rsa1024", "pss", "psskey", "ed25519", "ed448")}
    ca = make(Plan("CA", ca=True, path_length=1, key_usage="ca", permitted="lab", excluded="a.lab"), None, keys)
    seeds = {name: each.der for name, each in made.items()} | {"ca": ca.der}
    seeds["common-name"] = make(Plan("mx.mail.lab"), None, keys).der
    one, other = made["p256"], made["ed25519"]
    seeds["two-faced"] = forge(one.der, other.der, one.key)
    seeds["two-faced-anchor"] = forge(ca.der, one.der, ca.key)
    face = b"".join(parts(parts(other.der)[0])[1:7])

    def plain(version):
        def change(fields):
            fields[0], fields[7:] = version, []
        return change

    seeds["version-1"] = with_fields(one.der, plain(b""))
    seeds["version-1-written"] = with_fields(one.der, plain(b"\xa0\3\2\1\0"))
    seeds["version-2"] = with_fields(one.der, plain(b"\xa0\3\2\1\1"))
    seeds["no-extensions"] = with_fields(one.der, plain(b"\xa0\3\2\1\2"))
    for tag in (1, 2):  # the fields of another certificate in a unique identifier
        seeds[f"unique-id-{tag}"] = with_fields(
            one.der, lambda fields, tag=tag: fields.insert(7, element(0x80 | tag, b"\0" + face)))
    seeds["unique-ids"] = with_fields(one.der, lambda fields: fields.insert(7, b"\x81\2\0\7\x82\2\0\7"))
    for name, serial in {"zero": b"\0", "negative": b"\x80", "long": b"Z" * 30}.items():
        seeds[f"serial-{name}"] = with_fields(
            one.der, lambda fields, serial=serial: fields.__setitem__(1, element(2, serial)))
    for name, octets in seeds.items():
        write("x509", name, octets)


EHLO = b"250-mx.lab\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 PRDR\r\n"


def replies():
    for name, octets in {
            "ehlo": b"250-mx.lab\n250-SIZE 100\n250-AUTH PLAIN LOGIN\n250-AUTH=X\n250 LIMITS MAILMAX=1 RCPTMAX=0",
            "enhanced": b"550-5.1.1 no\n550 5.1.1 such user", "two-codes": b"250-a\n550 b", "empty": b"",
            "nul": b"250 a\0b", "bare": b"250", "below": b"199 a", "long": b"250-" + b"x" * 5000,
            "many": b"250-a\n" * 101}.items():
        write("reply", name, octets)


def dialogues():
    """The first octet: 1 PRDR, 2 one by one, 4 and 8 further recipients, 16 by BDAT."""
    taken = [b"220 mx.lab\r\n", EHLO, b"250 a\r\n250 b\r\n354 c\r\n", b"250 d\r\n"]
    for name, (choice, said) in {
            "taken": (0, taken), "taken-one-by-one":
                (2, [b"220 a\r\n", EHLO, b"250 a\r\n", b"250 b\r\n", b"354 c\r\n", b"250 d\r\n"]),
            "chunk": (16, taken[:2] + [b"250 a\r\n250 b\r\n250 c\r\n"]),
            "prdr": (5, taken[:2] + [b"250 a\r\n250 b\r\n250 c\r\n354 d\r\n",
                                     b"353 e\r\n250 f\r\n550 g\r\n250 h\r\n"]),
            "too-many": (12, taken[:2] + [b"250 a\r\n250 b\r\n452 c\r\n452 d\r\n450 e\r\n354 f\r\n",
                                          b"250 g\r\n"]),
            "all-refused": (4, taken[:2] + [b"250 a\r\n550 b\r\n450 c\r\n354 d\r\n", b"554 e\r\n", b"250 f\r\n"]),
            "mail-refused": (0, taken[:2] + [b"550 a\r\n503 b\r\n503 c\r\n", b"250 reset\r\n"]),
            "leaving": (0, taken[:2] + [b"421 a\r\n"]), "early": (0, taken[:2] + [b"250 a\r\n250 b\r\n354 c\r\n250 d\r\n"]),
            "helo": (0, [b"220 a\r\n", b"502 b\r\n", b"250 c\r\n", b"250 a\r\n"])}.items():
        write("transaction", name, bytes([choice]) + b"".join(map(piece, said)))


ROOT_DS = ". IN DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d"


def steps(*pairs):
    return b"".join(bytes([what]) + piece(said) for what, said in pairs)


HEAR_AND_SAY, SAY, START_TLS, CLEAR, OFTEN, MESSAGE, LEAVE, END_TLS, UNSETTLE, NEXT = 0, 8, 9, 10, 11, 12, 13, 14, 15, 255


def deliveries():
    """Choice: policy, certificate shown, TLS, options (1 CHUNKING, 2 PRDR, 4 one by one, 32 a transaction each, 64
    TLS at once, 128 all or nothing), recipients, how the certificate is bent; then steps, as step_peer.h has them."""
    offers = (SAY, b"220 mx1.lab\r\n"), (HEAR_AND_SAY, b"250-mx1.lab\r\n250 STARTTLS\r\n")
    under_tls = (*offers, (START_TLS, b""), (HEAR_AND_SAY, EHLO))
    clear = (SAY, b"220 mx1.lab\r\n"), (HEAR_AND_SAY, EHLO)
    one, three = (HEAR_AND_SAY, b"250 a\r\n250 b\r\n354 c\r\n"), (HEAR_AND_SAY, b"250 a\r\n250 b\r\n550 c\r\n250 d\r\n354 e\r\n")
    taken, bye = (MESSAGE, b"250 taken\r\n"), (HEAR_AND_SAY, b"221 bye\r\n")
    prdr = (MESSAGE, b"353 each\r\n250 a\r\n550 b\r\n250 c\r\n250 all\r\n")
    policies = ("none", "encrypt", "key", "other-key", "certificate", "audit", "sts", "sts-testing", "pkix")
    while_anchors_are_read = ((HEAR_AND_SAY, b""),) * 12  # those of the system
    for policy, name in enumerate(policies):
        waits = while_anchors_are_read if name == "sts-testing" else ()
        for shown, which in enumerate(("good", "other", "other-bent", "bent")):
            write("delivery", f"{name}-{which}", bytes([policy, shown, 0, 0, 0, 7]) +
                  steps(*under_tls[:-1], *waits, under_tls[-1], one, taken, bye))
    for name, choice, said in (
            ("clear", (0, 0, 0, 0, 0, 0), (*clear, one, taken, bye)),
            ("clear-where-tls-must-be", (2, 0, 0, 0, 0, 0), (*clear, one, taken)),
            ("three", (2, 0, 1, 0, 2, 0), (*under_tls, three, taken, bye)),
            ("prdr", (2, 0, 2, 2, 2, 0), (*under_tls, (HEAR_AND_SAY, b"250 a\r\n250 b\r\n250 c\r\n250 d\r\n354 e\r\n"), prdr)),
            ("chunk", (2, 0, 0, 1, 0, 0), (*under_tls, (HEAR_AND_SAY, b"250 a\r\n250 b\r\n250 c\r\n"), bye)),
            ("one-by-one", (2, 0, 0, 4, 0, 0), (*under_tls, *((HEAR_AND_SAY, b"250 a\r\n"),) * 2, (HEAR_AND_SAY, b"354 c\r\n"), taken)),
            ("a-transaction-each", (2, 0, 0, 32, 1, 0), (*under_tls, one, taken, one, taken, bye)),
            ("tls-at-once", (2, 0, 0, 64, 0, 0), ((START_TLS, b""), (SAY, b"220 a\r\n"), (HEAR_AND_SAY, EHLO), one, taken)),
            ("all-or-nothing", (2, 0, 0, 128, 2, 0), (*under_tls, three, taken)),
            ("anonymous", (1, 0, 3, 0, 0, 0), (*under_tls, one, taken)),
            ("early-reply", (2, 0, 0, 0, 0, 0), (*under_tls, (HEAR_AND_SAY, b"250 a\r\n250 b\r\n354 c\r\n250 d\r\n"), taken)),
            ("left-after-data", (2, 0, 0, 0, 0, 0), (*under_tls, one, (LEAVE, b""))),
            ("ended-before-reply", (2, 0, 0, 0, 0, 0), (*under_tls, one, (MESSAGE, b""), (END_TLS, b""))),
            ("clear-amid-tls", (2, 0, 0, 0, 0, 0), (*under_tls, one, (CLEAR, b"250 taken\r\n"))),
            ("injected", (2, 0, 0, 0, 0, 0), (*offers, (HEAR_AND_SAY, b"220 go\r\n250 injected\r\n"), (START_TLS, b""))),
            ("renegotiation", (2, 0, 2, 0, 0, 0), (*under_tls, (UNSETTLE, b""), one, taken)),
            ("auth", (2, 0, 64, 0, 0, 0), (*offers, (START_TLS, b""),
                                           (HEAR_AND_SAY, b"250-mx1.lab\r\n250 AUTH PLAIN\r\n"),
                                           (HEAR_AND_SAY, b"235 yes\r\n"), *((HEAR_AND_SAY, b"250 a\r\n"),) * 2,
                                           (HEAR_AND_SAY, b"354 c\r\n"), taken, bye)),
            ("auth-and-more", (0, 0, 64, 0, 0, 0), (*offers[:1], (HEAR_AND_SAY, b"250-mx1.lab\r\n250 AUTH PLAIN\r\n"),
                                                    (HEAR_AND_SAY, b"235-yes\r\n235 yes\r\n250 a\r\n"), one, taken)),
            ("auth-refused", (0, 0, 64, 0, 0, 0), (*offers[:1], (HEAR_AND_SAY, b"250-mx1.lab\r\n250 AUTH PLAIN\r\n"),
                                                   (HEAR_AND_SAY, b"454 later\r\n"), bye)),
            ("pkix-in-clear", (8, 0, 0, 0, 0, 0), (*clear, one, taken, bye)),
            ("told", (2, 0, 140, 0, 0, 0), (*under_tls, one, taken, bye)),
            ("told-of-another", (2, 1, 140, 0, 0, 0), (*under_tls, one, taken, bye)),
            ("told-of-bent", (5, 2, 140, 0, 0, 7), (*under_tls, one, taken, bye)),
            ("never-ending", (0, 0, 0, 0, 0, 0), ((OFTEN, b"220-more\r\n"),)),
            ("resumed", (2, 0, 1, 0, 0, 0), (*under_tls, one, taken, bye, (NEXT, b"\0"), *under_tls, one, taken, bye)),
            ("not-resumed", (2, 0, 2, 0, 0, 0), (*under_tls, one, taken, bye, (NEXT, b"\1"), *under_tls, one, taken))):
        write("delivery", name, bytes(choice) + steps(*said))


def dns_messages():
    """Choice: type, flags (2 TC, 32 AD), rcode, false counts; then records, as dns_message_fuzz.cpp has them."""
    to_question, alias = b"\xc0\x0c", b"\2mx\5other\3lab\0"
    signature = bytes.fromhex("00340d030000012c6a44588069f3ed00000103") + b"\3lab\0"
    last, any_owner, asked, rrsig, authority = 1 << 3, 3 << 3, 7, 5, 1 << 5
    for name, choice, records_in in (
            ("address", (0, 32, 0, 0), ((asked, bytes(4)),)), ("none", (6, 32, 3, 0), ()),
            ("mx", (2, 32, 0, 0), ((asked, b"\0\x0a\2mx" + to_question), (asked, b"\0\0\0"), (rrsig, signature))),
            ("alias", (0, 0, 0, 0), ((1, alias), (asked | last, bytes(4)))),
            ("alias-to-itself", (0, 0, 0, 0), ((1, to_question),)), ("cname", (1, 0, 0, 0), ((asked, alias),)),
            ("tlsa", (6, 32, 0, 0), ((asked, b"\3\1\1" + bytes(32)), (rrsig, signature), (rrsig | authority, signature))),
            ("truncated", (6, 2, 0, 0), ((asked, b"\3\1\1"),)), ("false-count", (6, 0, 0, 0x81), ((asked, b"\3\1\1"),)),
            ("text", (3, 0, 0, 0), ((asked, b"\4text\4more"), (asked, b"\xff"))),
            ("root-owner", (0, 0, 0, 0), ((any_owner, b"\0\0\1\0\1\0\0\0\1\0\4abcd"),))):
        write("dns_message", name, bytes(choice) + steps(*records_in))


def made_chains():
    """Each thing that can be wrong, with the first certificate, and with the second of three, below another record."""
    for wrong in range(14):
        write("made_chain", f"wrong-{wrong}-leaf", bytes([1, wrong, 0, 2, 1, 1, 0, 0]))
        write("made_chain", f"wrong-{wrong}-ca", bytes([1, wrong, 1, 2, 0, 1, 0, 0]))
        write("made_chain", f"wrong-{wrong}-anchor", bytes([1, wrong, 2, 2, 1, 0, 3, 0]))


def made_ocsp_responses():
    """Each signer, each form, each thing that is said, and what is said beside a good answer."""
    good = bytes(3)
    for signer in range(14):
        write("made_ocsp", f"signer-{signer}", bytes([signer, 1, 0]) + good)
        write("made_ocsp", f"signer-{signer}-stays-away", bytes([signer, 0, 0]) + good)
    for form in (5, 6, 13, 21, 29, *range(7, 64, 8)):
        write("made_ocsp", f"form-{form}", bytes([0, 0, form]) + good)
    for before in (7, 8):
        write("made_ocsp", f"delegate-behind-{before}", bytes([1, 1 + 2 * before, 0]) + good)
    for signer in (0, 1, 2, 4, 5):
        for other in (1, 2):
            write("made_ocsp", f"signer-{signer}-shows-another-{other}", bytes([signer, 2 + 20 * other, 0]) + good)
            write("made_ocsp", f"signer-{signer}-behind-another-{other}", bytes([signer, 3 + 20 * other, 0]) + good)
    for about in range(5):
        for how in range(3):
            write("made_ocsp", f"about-{about}-status-{how}", bytes([0, 0, 0, about, how, 0]))
            write("made_ocsp", f"about-{about}-status-{how}-beside", bytes([0, 0, 0]) + good + bytes([about, how, 0]))
    for when in range(12):
        write("made_ocsp", f"time-{when}", bytes([0, 0, 0, 0, 0, when]))
        write("made_ocsp", f"time-{when}-revoked-beside", bytes([0, 0, 0]) + good + bytes([0, 1, when]))
    statuses = [bytes([0, how, 0]) for how in range(3)]
    for first, second in itertools.permutations(range(3), 2):
        write("made_ocsp", f"said-{first}-then-{second}", bytes([0, 0, 0]) + statuses[first] + statuses[second])
    for count in (0, 16, 17):
        write("made_ocsp", f"{count}-answers", bytes([0, 0, 0]) + count * good)


def resolver_files():
    for name, text in {
            "servers": "# by hand\nnameserver 192.0.2.53\nnameserver 2001:db8::53%eth0\noptions edns0\n",
            "four-servers": "".join(f"nameserver 192.0.2.{number}\n" for number in range(4)),
            "no-address": "nameserver localhost\n", "no-server": "search lab\n", "anchor": ROOT_DS + "\n",
            "folded": ROOT_DS.replace(" 20326", " ( 20326").replace("d39a", "d39a\n\t") + " )\n",
            "anchor-ttl": ROOT_DS.replace(" IN", " 86400 IN") + " ; a comment\n",
            "key-updated": ". 86400 IN DNSKEY 257 3 8 AwEAAag= ;{id = 1 (ksk), size = 16b} ;;state=2 [  VALID  ]\n",
            "key-revoked": ". IN DNSKEY 385 3 8 AwEAAag=\n", "other-zone": ROOT_DS.replace(". ", "lab. ", 1),
            "not-a-record": "$INCLUDE other\n"}.items():
        write("resolver_files", name, text.encode())


def cache_entries():
    """Answers; the target puts them into slots."""
    def answer(kind, nxdomain, name, *rdata):
        return bytes([kind, nxdomain]) + piece(name) + b"".join(map(piece, rdata))

    key = piece(b"a key")
    for name, octets in {
            "secure": answer(1, 0, b"mx.lab", b"\x03\x01\x01" + bytes(32)), "insecure": answer(2, 0, b"mx.lab"),
            "nxdomain": answer(1, 1, b"mx.lab"), "nxdomain-with-records": answer(1, 1, b"mx.lab", b"x"),
            "bogus": b"\x03" + piece(b"no signature"), "failed": b"\x04" + piece(b"SERVFAIL"),
            "no-kind": answer(5, 0, b"mx.lab"), "no-name": answer(1, 0, b"."),
            "cut": answer(1, 0, b"mx.lab", b"abc")[:-1]}.items():
        write("cache_entry", name, octets)
        write("cache_entry", f"{name}-kept", key + octets)


    identity, owner = bytes(16), b"_25._tcp.mx.lab"
    write("cache_entry", "key-dns", identity + struct.pack(">H", 52) + owner)
    write("cache_entry", "key-sts", b"MTA-STS\nunix:/run/policies postfix\ndom.lab")


def packed_logs():
    """Log lines as rotation leaves them."""
    lines = b"2026-11-28 10:00:00 1aBcDe-000001-AB => bob@dom.lab R=dns T=smtp H=mx.lab [192.0.2.1] DANE\n" * 3
    packed = gzip.compress(lines, mtime=0)
    for name, octets in {"gzip": packed, "gzip-two": packed * 2, "gzip-cut": packed[:-9], "gzip-behind": packed + b"\0",
                         "zstd": b"\x28\xb5\x2f\xfd\x20\x07\x39\x00\x00a line\n",
                         "zstd-cut": b"\x28\xb5\x2f\xfd\x20"}.items():
        write("log_line", name, octets)


def marks():
    digest = b"0123456789abcdef" * 4
    for name, octets in {
            "all": b"danesmtp+" + digest + b"+PSCUDRT+5+100", "none": b"danesmtp+" + digest + b"++0+0",
            "other": b"danesmtp+" + digest[1:] + b"0+P+0+0", "no-prefix": digest + b"+P+0+0",
            "more": b"danesmtp+" + digest + b"+P+0+0+0", "number": b"danesmtp+" + digest + b"+P+99999999999+-1",
    }.items():
        write("connection_mark", name, digest + b"\n" + octets)


def tool_inputs():
    digest = bytes(range(32)).hex()
    certificate_text = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    for name, text in {
            "record": f"3 1 1 {digest}", "zone-line": f"_25._tcp.mx.lab. 300 IN TLSA 3 1 1 {digest[:30]} {digest[30:]}",
            "folded": f"_25._tcp TLSA ( 2 0 1\n  {digest} ) ; a comment", "generic": f"x. IN TYPE52 \\# 35 030101{digest}",
            "generic-short": "x. TYPE52 \\# 9 0301", "dig": f"$TTL 3\n;; ANSWER\na. 1 IN CNAME b.\nb. 1 IN TLSA 3 1 1 {digest}",
            "pem": certificate_text, "pem-two": "subject: x\n" + certificate_text * 2, "pem-open": certificate_text[:40],
            "pem-junk": certificate_text.replace("MAA=", "!"), "domain": "Example.ORG.", "address": "bob@bücher.example",
            "host-port": "mx.lab:2525", "bracketed": "[mx.lab]", "bracketed-port": "[2001:db8::1]:25",
            "url": "https://example.org/", "list": "Bob <bob@a.lab>, Eve <eve@b.lab>", "comment": "# nobody"}.items():
        write("tool_input", name, text.encode())


def key_files():
    """What a user may name where certificates or a key are wanted."""
    key = ec.generate_private_key(ec.SECP256R1())
    shown = certificate("mx.lab", "mx.lab", key, key)
    pem = shown.public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    locked = BestAvailableEncryption(b"x")
    for name, octets in {
            "pair": pem + secret, "pair-of-others": pem + ec.generate_private_key(ec.SECP256R1()).private_bytes(
                Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
            "public-key": key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "locked-key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked),
            "der": shown.public_bytes(Encoding.DER), "key-der": key.private_bytes(
                Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
            "pkcs7": pkcs7.serialize_certificates([shown], Encoding.PEM),
            "pkcs7-der": pkcs7.serialize_certificates([shown], Encoding.DER),
            "pkcs12": pkcs12.serialize_key_and_certificates(b"x", key, shown, None, NoEncryption())}.items():
        write("tool_input", name, octets)


def tls_reports():
    """A record as it is; then records as pieces. An attempt: policy and its hosts, failure; then pieces."""
    good = b"v=TLSRPTv1; rua=mailto:tls@dom.lab,https://report.lab/v1; x=y;"
    for name, octets in {
            "record": good, "records": piece(good) + piece(b"v=spf1 -all"), "two": piece(good) * 2,
            "no-destination": b"v=TLSRPTv1; rua=tel:1", "no-rua": b"v=TLSRPTv1;", "two-rua": good + b"rua=mailto:a@b",
            "version": b"v=TLSRPTv10; rua=mailto:a@b", "folded": b"v=TLSRPTv1 \t; rua = mailto:a@b",
            "satisfied": bytes([3, 0]) + b"".join(map(piece, (b"dom.lab", b"mx", b"mx.lab", b"192.0.2.2", b"mx.lab"))),
            "sts": bytes([4, 21]) + b"".join(map(piece, (b"dom.lab", b"mx", b"\xff\"\\\0", b"::1", b"no \xc3", b"*.lab",
                                                         b"version: STSv1", b"mode: \xe2\x82"))),
            "long": bytes([0, 1]) + piece(b"d") * 2 + piece(b"\xe2\x82\xac" * 90) + piece(b"") +
                    piece(b"\xff" * 300)}.items():
        write("tls_report", name, octets)


def policy_sites():
    """Certificate: good, a stranger's, for another name, without a dNSName; then steps, as step_peer.h has them."""
    policy = b"version: STSv1\nmode: enforce\nmx: mx.lab\nmax_age: 86400\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
    good = head + b"Content-Length: %d\r\n\r\n" % len(policy) + policy
    untyped = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(policy) + policy
    typed = b"HTTP/1.1 100 Continue\r\nContent-Type: text/plain\r\n\r\n"
    for name, shown, *said in (
            ("good", 0, good), ("stranger", 1, good), ("another", 2, good), ("no-dns-name", 3, good),
            ("chunks", 0, head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nversi\r\n0\r\n\r\n"),
            ("to-the-end", 0, head + b"\r\n", policy),
            ("html", 0, head.replace(b"plain", b"html") + b"\r\n"), ("no-type", 0, b"HTTP/1.1 200 OK\r\n\r\n" + policy),
            ("moved", 0, b"HTTP/1.1 301 Moved\r\nLocation: https://192.0.2.2/\r\nContent-Length: 0\r\n\r\n"),
            ("continued", 0, b"HTTP/1.1 100 Continue\r\n\r\n", good), ("type-of-another", 0, typed + untyped),
            ("type-behind", 0, typed + untyped.split(b"Content")[0] + b"Transfer-Encoding: chunked\r\n\r\n"
             b"5\r\nversi\r\n0\r\nContent-Type: text/plain\r\n\r\n"),
            ("empty-type", 0, typed + untyped.replace(b"\r\n", b"\r\nContent-Type: \r\n", 1)),
            ("not-found", 0, b"HTTP/1.1 404 No\r\n\r\n"),
            ("short", 0, head + b"Content-Length: 99\r\n\r\n" + policy), ("no-http", 0, policy), ("nothing", 0)):
        heard = ((HEAR_AND_SAY, each) for each in said)
        write("policy_site", name, bytes([shown]) + steps((START_TLS, b""), *heard, (END_TLS, b"")))
    write("policy_site", "long-body", b"\0" + steps((START_TLS, b""), (HEAR_AND_SAY, head + b"\r\n"),
                                                   (OFTEN, b"mx: mx.lab\n" * 9)))
    write("policy_site", "long-head", b"\0" + steps((START_TLS, b""), (HEAR_AND_SAY, head), (OFTEN, b"X: y\r\n" * 20)))
    write("policy_site", "in-clear", b"\0" + steps((HEAR_AND_SAY, good)))


def messages():
    """Choice: 1 BDAT, 2 stored with CRLF; octets a read and a step; then the body, with what may pass for its end."""
    bodies = {"dots": b".\n..\n.a\n", "smuggled": b"a\r\n.\r\nMAIL FROM:<>\r\n", "bare": b"a\n.\nb\r.\r\n.\r\r\n",
              "open": b"a\nb", "empty": b"", "long": b"." * 600 + b"\n"}
    for name, body in bodies.items():
        for how in range(4):
            write("message", f"{name}-{how}", bytes([how, 3 * how, how]) + body)


def envelopes():
    """Choice: 1 SIZE, 2 PRDR, 4 SMTPUTF8, 8 REQUIRETLS, 16 AUTH, 32 RET; then the address, RET or NOTIFY, ENVID or
    ORCPT, AUTH."""
    for name, choice, *given in (
            ("plain", 0, b"bob@dom.lab"), ("null", 1, b""), ("all", 63, b"bob@dom.lab", b"HDRS", b"a+20b", b"<>"),
            ("quoted", 2, b'"a > b\\" c"@dom.lab', b"NEVER", b"rfc822;bob@dom.lab"),
            ("line-break", 0, b"bob@dom.lab>\r\nRCPT TO:<eve@dom.lab"), ("parameter", 0, b"bob@dom.lab> SIZE=1"),
            ("closed", 0, b"a>b@dom.lab"), ("backslash", 0, b"a\\>b@dom.lab"), ("open-quote", 0, b'"a@dom.lab'),
            ("utf8", 4, "bücher@dom.lab".encode()),
            ("two-words", 48, b"bob@dom.lab", b"HDRS SIZE=1", b"", b"a b"), ("literal", 0, b"[192.0.2.1]")):
        write("envelope", name, bytes([choice]) + b"".join(map(piece, given)))


def ocsp_proofs():
    """Responses as responders give them, with and without the certificate of the delegate that signed."""
    ca_key, key, delegate_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    ca = certificate("CA", "CA", ca_key, ca_key, x509.BasicConstraints(ca=True, path_length=None))
    leaf = certificate("leaf", "CA", ca_key, key)
    purpose = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING])
    delegate = certificate("OCSP", "CA", ca_key, delegate_key, purpose)
    status = x509.ocsp.OCSPCertStatus
    for name, kind, signer, by, shown, life in (
            ("good", status.GOOD, ca, ca_key, [], HOUR), ("revoked", status.REVOKED, ca, ca_key, [], HOUR),
            ("delegate", status.GOOD, delegate, delegate_key, [delegate], HOUR),
            ("delegate-left-out", status.GOOD, delegate, delegate_key, [], HOUR),
            ("revoked-left-out", status.REVOKED, delegate, delegate_key, [], HOUR),
            ("outlives-signer", status.GOOD, delegate, delegate_key, [delegate], 48 * HOUR),
            ("nearly-over", status.GOOD, ca, ca_key, [], HOUR / 60),
            ("stranger", status.GOOD, leaf, key, [leaf], HOUR)):
        builder = x509.ocsp.OCSPResponseBuilder().add_response(
            leaf, ca, hashes.SHA1(), kind, NOW - HOUR, NOW + life, NOW - HOUR if kind == status.REVOKED else None, None)
        builder = builder.responder_id(x509.ocsp.OCSPResponderEncoding.HASH, signer)
        if shown:
            builder = builder.certificates(shown)
        response = builder.sign(by, hashes.SHA256()).public_bytes(Encoding.DER)
        write("ocsp_proof", name,
              b"".join(piece(one.public_bytes(Encoding.DER)) for one in (leaf, ca, delegate)) + response)


def option_texts():
    for name, text in {
            "auto": "auto\nvalidate", "forward": "forward:192.0.2.1,2001:db8::1@5353,fe80::1%eth0\nresolver\n",
            "forward-bad": "forward:192.0.2.1,,x@0", "conf": "/etc/unbound/unbound.conf\nresolver",
            "anchor": "system\n/etc/root.key", "unix": "unix:/run/policies:map", "unix-long": "unix:/" + "a" * 110,
            "inet": "inet:[::1]:8461:postfix", "inet-localhost": "inet:localhost:8461", "inet-open": "inet:[::1",
            "ciphers": "HIGH:!aNULL:-kRSA:+AES256:@STRENGTH@SECLEVEL=2\n+no_tlsv1_2 -no_tlsv1_3\nX25519:?P-256/auto",
            "ciphers-joined": "ECDHE+AESGCM:ECDHE-RSA-AES128-GCM-SHA256,TLS_AES_256_GCM_SHA384",
            "gnutls": "NORMAL:-VERS-ALL",
            "ciphers-none": "!ALL\n+no_tlsv1_2 +no_tlsv1_3\nbrainpool", "time": "2026-11-22T15:30:00.5+01:30",
            "time-leap": "2026-12-31 23:59:60Z", "duration": "90m", "duration-long": "99999999999d",
            "proofs": "chain.pem proof.der url=http://ocsp.lab/ renew-before=2h # a comment\n\na b issuer=c\n",
            "proofs-bad": "a b renew-before\n"}.items():
        write("option_text", name, text.encode())


def verify_lines():
    source = random.Random(7)
    case = Maker(source, Keys(source)).case(1)
    pem = "".join(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode() for der in case.chain)
    question = {"id": 1, "chain": pem, "tlsa": ["3 1 1 " + bytes(32).hex(), "2 0 1 x"], "refs": ["mx.mail.lab"],
                "verify_time": "2026-06-01T00:00:00Z"}
    for name, text in {
            "case": json.dumps(question), "no-time": json.dumps(question | {"verify_time": None, "id": [{"a": []}]}),
            "two": json.dumps(question | {"tlsa": []}) + "\n[]\n",
            "names": json.dumps(question | {"refs": ["bücher.lab", 1]}),
            "no-pem": json.dumps(question | {"chain": "x"}), "no-json": "{", "empty": "\n\n",
            "octets": "{\"id\":\"\\ud800\"}"}.items():
        write("verify_line", name, text.encode())


def doctor_inputs():
    key = ". 86400 IN DNSKEY 257 3 8 AwEAAag= ;{id = 1 (ksk), size = 16b} ;;state=2 [  VALID  ] ;;count=0\n"
    for name, text in {
            "version": "Exim version 4.96 #2 built\nSupport for: crypteq IPv6 DANE DNSSEC\n",
            "transports": "smtp transport:\ndane_resolver = auto\ndriver = smtp\nhosts =\n\n"
                          "lmtp transport:\nprotocol = lmtp\n",
            "setting": "spool_directory = /var/spool/exim4\nno_tls_on_connect_ports\n",
            "directory": "Couldn't open /usr/lib/exim4/modules//: not loading driver modules\n",
            "loaded": "Loaded transport driver from /usr/lib/exim4/modules\n",
            "fault": "2026-11-29 12:00:00 Exim configuration error:\n  option \"x\" \x1b[1m\nLOG: the same\n",
            "refused": "2026-11-29 12:00:00 danesmtp_transport.so refused: no\n",
            "anchors": ";;last_success: 1780272000 ;;Mon\n" + key +
                       key.replace("state=2", "state=1").replace("AwE", "AwI"),
            "anchor-state": key.replace("state=2", "state=9"), "anchor-words": ". DNSKEY a b c d ;;state=2\n",
            "rdata": "\1\1\3\x08key"}.items():
        write("doctor_input", name, text.encode())


if __name__ == "__main__":
    certificates()
    if sys.argv[1:] == ["x509"]:
        sys.exit()
    ocsp_responses()
    chains()
    records()
    names()
    replies()
    dialogues()
    resolver_files()
    cache_entries()
    packed_logs()
    marks()
    tool_inputs()
    key_files()
    deliveries()
    dns_messages()
    made_chains()
    made_ocsp_responses()
    tls_reports()
    policy_sites()
    messages()
    envelopes()
    ocsp_proofs()
    option_texts()
    verify_lines()
    doctor_inputs()
