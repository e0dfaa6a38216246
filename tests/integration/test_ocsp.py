# SPDX-License-Identifier: GPL-2.0-or-later
"""OCSP under real Exim: stapled proofs, good and bad, of hosts without DANE (which Exim's own driver
delivers), with a TLSA record of usage 2 and one of usage 3, requested and required.

The seen column of the table is CV= and $tls_out_ocsp of the delivery, or "wait" and why. One
certificate serves all three hosts: our intermediate issued it, and its key is that of `3 1 1`.
"""
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certificates import TA_CHAIN, Leaf
from exim_build import find_build
from ocsp import Responder
from sender import smarthost_router

EVENT_ACL = """event:
  accept condition = ${if match{$event_name}{^msg:delivery|^dane:fail}}
         logwrite = event $event_name <$event_data> ocsp=$tls_out_ocsp
  accept
"""
# domain -> address of the server that a test starts there
NO_DANE, USAGE_2, USAGE_3 = "scripted-plain.lab", "scripted-ta.lab", "scripted.lab"
SERVERS = {NO_DANE: "192.0.2.50", USAGE_2: "192.0.2.52", USAGE_3: "192.0.2.49"}
IGNORED = "dane 0"

# What Exim's own driver does with GnuTLS where tls_verify_hosts names the host: what GnuTLS finds wrong
# refuses the certificate, whoever asked for a proof. Where it goes by rules of its own, as with OpenSSL,
# nothing of ours is shown, and nothing is sent.
EXIMS_OWN_RULES = None
EXIM_GOOD = ("yes 4", "yes 4")
EXIM_REFUSES = ("wait certificate verification failed",) * 2
EXIM_MISSING = ("yes 3", "wait certificate status check failed")
if "OpenSSL" in find_build().features():
    EXIM_REFUSES = EXIM_MISSING = EXIMS_OWN_RULES

# name: (no DANE requested, required), (usage 2 requested, required); usage 3 is always IGNORED
CASES = {
    "good": (EXIM_GOOD, ("dane 4", "dane 4")),
    "good, by a delegate": (EXIM_GOOD, ("dane 4", "dane 4")),
    "missing": (EXIM_MISSING, ("dane 1", "wait sent no OCSP proof")),  # tests D-121
    "revoked": (EXIM_REFUSES, ("wait the certificate is revoked",) * 2),  # tests D-123
    "unknown": (EXIMS_OWN_RULES, ("dane 3", "wait does not know the certificate")),
    "expired": (EXIM_REFUSES, ("dane 3", "wait no good: it has expired")),  # tests D-122, D-124
    "not yet valid": (EXIMS_OWN_RULES, ("dane 3", "wait no good: it is not valid yet")),
    "wrong certificate": (EXIM_REFUSES, ("dane 3", "wait no good: it speaks of another")),
    "wrong signer": (EXIM_REFUSES, ("dane 3", "wait no good: it is not signed by the issuer")),
    "delegate without purpose": (EXIM_REFUSES, ("dane 3", "wait is not for OCSP signing")),
    "malformed": (EXIM_REFUSES, ("dane 3", "wait no good: it is malformed")),
    "try later": (EXIMS_OWN_RULES, ("dane 1", 'wait the responder said "try later"')),
    "oversized": (EXIMS_OWN_RULES, ("dane 3", "wait octets, more than 16384")),  # tests D-128
    "multi: both good": (EXIM_GOOD, ("dane 4", "dane 4")),
    "multi: issuer revoked": (EXIM_REFUSES, ("wait an issuer is revoked",) * 2),  # tests D-126
    "TLS 1.2: good": (EXIM_GOOD, ("dane 4", "dane 4")),
    "TLS 1.2: revoked": (EXIM_REFUSES, ("wait the certificate is revoked",) * 2),
    # tests D-125
    "must-staple: with": (EXIM_GOOD, ("dane 4", "dane 4")),
    "must-staple: without": (EXIM_REFUSES, ("wait demands a proof", "wait sent no OCSP proof")),
}


@pytest.fixture(scope="module")
def leaves(world):
    names = tuple(f"mx.{domain}" for domain in SERVERS)
    key = world.certificates["scripted"].key
    return {must: world.certificates.issue(
        Leaf(f"ocsp-{must}", names, issuer="intermediate", sends=TA_CHAIN, must_staple=must), key)
        for must in (False, True)}


@pytest.fixture(scope="module")
def responder(world):
    return Responder(world.certificates, world.directory / "ocsp")


def staples(responder, name, leaf, issuer):
    """The files that the server sends for this case, one a certificate of its chain."""
    kind = name.partition(": ")[2] if name.startswith(("multi", "TLS 1.2", "must-staple")) else name
    if kind in ("missing", "without"):
        return []
    if kind == "malformed":
        return [responder.octets("malformed", b"\x30\x03\x0a\x01\x07 what is this")]
    if kind == "try later":
        return [responder.octets("later", responder.try_later())]
    if not name.startswith("multi"):
        return [responder.staple("leaf", leaf, "good" if kind == "with" else kind)]
    own = responder.staple("leaf", leaf)
    fault = "revoked" if kind == "issuer revoked" else "good"
    return [own, responder.staple("issuer", issuer, fault, "root")]


def options(world, **more):
    root = world.directory / "root.pem"
    root.write_bytes(world.certificates["root"].x509.public_bytes(Encoding.PEM))
    return {"dane_trust_anchor_file": world.trust_anchor, "event_action": "${acl{event}}",
            "tls_verify_certificates": root, "tls_verify_hosts": "*", "tls_try_verify_hosts": "",
            "tls_tempfail_tryclear": "false", **more}


def outcome(mail, message_id):
    """As in the table."""
    lines = mail.log_lines(message_id)
    arrival = next((line for line in lines if " => " in line), None)
    if arrival is None:
        return "wait " + next((line.split(": ", 1)[1] for line in lines if " == " in line), "?")
    event = next(line for line in lines if "event msg:delivery" in line)
    trust = arrival.partition(" CV=")[2].split(" ")[0]
    return f"{trust} {event.partition('ocsp=')[2]}"


@pytest.mark.parametrize("name", CASES)
def test_staples(world, sender, leaves, responder, scenario_rows, name):
    leaf = leaves[name.startswith("must-staple")]
    files = staples(responder, name, leaf, world.certificates["intermediate"])
    version = "1.2" if name.startswith("TLS 1.2") else "1.3"
    script = {"handshake": {"staples": files, "tls": version}}
    servers = [world.scripted_server(address, leaf, script) for address in SERVERS.values()]
    no_dane, usage_2 = CASES[name]
    expected = {USAGE_2: usage_2, USAGE_3: (IGNORED, IGNORED)}
    if no_dane is not EXIMS_OWN_RULES and "DANE" in world.exim.features():  # without, CV=yes does not tell
        expected[NO_DANE] = no_dane
    wrong = []
    try:
        for index, option in enumerate(("hosts_request_ocsp", "hosts_require_ocsp")):
            mail = sender(acl=EVENT_ACL, options=options(world, **{option: "*"}))
            for domain, both in expected.items():
                seen = outcome(mail, mail.send(f"bob@{domain}"))
                scenario_rows.append((name, f"{domain.split('.')[0]} {option[6:13]}", both[index], seen))
                kind, _, text = both[index].partition(" ")
                if not (seen.startswith(kind) and text in seen):
                    wrong.append(f"{domain} {option}: expected {both[index]}, seen {seen}")
    finally:
        for server in servers:
            server.stop()
    assert not wrong


# Exim itself staples; it serves nothing but what its TLS library finds good.
@pytest.mark.parametrize("count", [1, 2])
def test_exim_staples(world, sender, responder, count):
    leaf, issuer = world.certificates["ta"], world.certificates["intermediate"]
    proofs = [responder.response(leaf), responder.response(issuer, issuer="root")][:count]
    mail = sender(acl=EVENT_ACL, options=options(world, hosts_require_ocsp="*"))
    with world.receivers.stapling("192.0.2.14", *proofs):
        assert outcome(mail, mail.send("bob@ta.lab")) == "dane 4"
    assert "sent no OCSP proof" in outcome(mail, mail.send("bob@ta.lab"))


# tests D-120: the options are expanded with what is known of the host by then
@pytest.mark.needs("DANE")  # of Exim, which has no $tls_out_tlsa_usage without
@pytest.mark.parametrize("wanted,seen", [("{4}", "dane 4"), ("{8}", "dane 0")])
def test_options_are_expanded_with_the_usage(world, sender, responder, wanted, seen):
    request = f"${{if eq{{$tls_out_tlsa_usage}}{wanted}{{*}}}}"
    mail = sender(acl=EVENT_ACL, options=options(world, hosts_request_ocsp=request))
    with world.receivers.stapling("192.0.2.14", responder.response(world.certificates["ta"])):
        assert outcome(mail, mail.send("bob@ta.lab")) == seen


# A host without records beside one that has them is ours to deliver, by the rules of Exim's driver, with
# our judgement of proofs. "next": the host is passed over, and its neighbour gets the message.
# (staple, tls_verify_hosts, tls_try_verify_hosts): (requested, required)
NEXT = "dane 0"
BESIDE = {
    ("good", "*", ""): ("yes 4", "yes 4"),
    ("missing", "*", ""): ("yes 1", NEXT),
    ("revoked", "*", ""): (NEXT, NEXT),
    ("unknown", "*", ""): ("yes 3", NEXT),
    ("good", "", "*"): ("yes 4", "yes 4"),
    ("missing", "", "*"): ("yes 1", NEXT),
    ("revoked", "", "*"): ("no 3", NEXT),
    ("good", "", ""): ("no 2", NEXT),
    ("missing", "", ""): ("no 1", NEXT),
    ("revoked", "", ""): ("no 2", NEXT),
}


@pytest.mark.needs("DANE")  # without, CV=yes does not tell
@pytest.mark.parametrize("staple,must,may", BESIDE)
def test_a_host_without_dane_in_our_hands(world, sender, leaves, responder, staple, must, may):
    leaf = leaves[False]
    script = {"handshake": {"staples": staples(responder, staple, leaf, None)}}
    servers = [world.scripted_server(SERVERS[domain], leaf, script) for domain in (NO_DANE, USAGE_3)]
    hosts = f"mx.{NO_DANE}:mx.{USAGE_3}"
    try:
        for option, expected in zip(("hosts_request_ocsp", "hosts_require_ocsp"),
                                    BESIDE[staple, must, may]):
            mail = sender(acl=EVENT_ACL, routers=smarthost_router(hosts), options=options(
                world, tls_verify_hosts=must, tls_try_verify_hosts=may, **{option: "*"}))
            message_id = mail.send("bob@anywhere.lab")
            assert outcome(mail, message_id) == expected
            told = any(f"H=mx.{NO_DANE}" in line and "certificate status check failed" in line
                       for line in mail.log_lines(message_id))
            assert told == (expected == NEXT)
    finally:
        for server in servers:
            server.stop()


def test_a_refusal_is_told_by_an_event(world, sender):
    mail = sender(acl=EVENT_ACL, options=options(world, hosts_require_ocsp="*"))
    message_id = mail.send("bob@ta.lab")
    (line,) = [line for line in mail.log_lines(message_id) if "event dane:fail" in line]
    assert line.endswith("<validation-failure> ocsp=1")
