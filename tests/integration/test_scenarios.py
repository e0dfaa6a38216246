# SPDX-License-Identifier: GPL-2.0-or-later
"""Every zone of the world through real Exim and danesmtp, once with hosts_try_dane (the default) and
once with hosts_require_dane. What is expected stands in one table; the report prints it with what was
seen.

    dane      delivered, authenticated by DANE all the way from the recipient's domain
    yes       delivered, authenticated by DANE for a host that an unsigned MX record named
    no        delivered without authentication
    wait X    not delivered, on the queue, nothing received; X is part of the reason in the log
    router    never reaches the transport: Exim's own router holds or refuses it
"""
import re

import pytest
from sender import smarthost_router
from zones import ZONES, zone_named
from zones_tool import ZONES_TOOL

NO_MATCH = "wait no TLSA record matches"
NO_PATH = "wait no path from the server's certificate"
NO_NAME = "wait none of the expected names"
REQUIRED = "wait DANE is required"

DANE = ("dane", "dane")
ONLY_TRY = ("no", REQUIRED)  # TLS, and no more is asked for

SCENARIOS = {
    # domain below lab: (try, require); the zone is the last label of it
    # tests D-020
    "impostor": (NO_MATCH, NO_MATCH),
    "ta-impostor": ("wait no path from the server's certificate",) * 2,
    # tests D-082
    "ta-expired": ("wait expired",) * 2,
    # tests D-023
    "no-starttls": ("wait did not offer TLS support",) * 2,
    "starttls-454": ("wait after STARTTLS: 454",) * 2,
    # tests D-001, D-002, D-007
    "bogus-tlsa": ("wait TLSA of _25._tcp.mx.bogus-tlsa.lab",) * 2,
    "tlsa-servfail": ("wait SERVFAIL",) * 2,
    "tlsa-refused": ("wait TLSA of _25._tcp.mx.tlsa-refused.lab",) * 2,
    "tlsa-timeout": ("wait TLSA of _25._tcp.mx.tlsa-timeout.lab",) * 2,
    "bogus-mx": ("router", "router"),
    "bogus-a": ("router", "router"),
    "expired-sig": ("router", "router"),
    "mx-servfail": ("router", "router"),
    "null-mx": ("router", "router"),
    # tests D-021, D-160
    "unusable": ("no", REQUIRED),
    # tests D-022
    "plain": ("no", REQUIRED),
    "signed-no-tlsa": ("no", REQUIRED),
    # tests D-051
    "a-insecure": ("no", REQUIRED),
    # tests D-031, D-032, D-034, D-160
    "mx-insecure": ("yes", REQUIRED),
    "mx-secure": DANE,
    # tests D-024
    "mixed": ("no", "dane"),  # D-024: the better MX is without records; required, it is passed over
    "two-mx": ("dane", "dane"),
    "two-mx-down": ("dane", "dane"),
    "ee": ("dane", "dane"),
    "ee-full": ("dane", "dane"),
    "ee-sha512": ("dane", "dane"),
    "ee-expired": ("dane", "dane"),  # tests D-081
    "ta": ("dane", "dane"),
    "ta-domain-name": ("dane", "dane"),  # tests D-083
    "rollover": ("dane", "dane"),  # tests D-080
    "many-rr": ("dane", "dane"),  # tests D-012
    "rcpt-mix": ("dane", "dane"),
    "implicit-mx": ("dane", "dane"),  # tests D-037
    "cname-mx": ("dane", "dane"),  # tests D-053
    "cname-target": ("dane", "dane"),
    "dual-stack": ("dane", "dane"),
    "tlsa-slow": ("dane", "dane"),

    # -- what a server does in the place of TLS; tests D-023, D-025
    "starttls-501": ("wait after STARTTLS: 501",) * 2,
    "tls-11": ("wait TLS session",) * 2,  # tests D-101
    "tls-reset": ("wait TLS session",) * 2,
    "tls-closed": ("wait TLS session",) * 2,
    "tls-clear-text": ("wait TLS session",) * 2,
    "tls-injected": ("wait octets before the TLS handshake",) * 2,  # tests D-026

    # -- records that cannot be used; tests D-021, D-065, D-070, D-071, D-072, D-073, D-074
    "unusable-usage-0": ONLY_TRY,
    "unusable-usage-1": ONLY_TRY,
    "unusable-usage-4": ONLY_TRY,
    "unusable-usage-255": ONLY_TRY,
    "unusable-selector": ONLY_TRY,
    "unusable-matching": ONLY_TRY,
    "unusable-length-31": ONLY_TRY,
    "unusable-length-33": ONLY_TRY,
    "unusable-512-of-32": ONLY_TRY,
    "unusable-not-a-key": ONLY_TRY,
    "unusable-one-octet": ONLY_TRY,
    "unusable-no-tls": ("wait did not offer TLS support", REQUIRED),
    # tests D-076
    "unusable-and-good": DANE,
    "unusable-and-bad": (NO_MATCH, NO_MATCH),

    # -- usages 2 and 3 together; tests D-075, D-077
    "usages-match-3": DANE,
    "usages-match-2": DANE,
    "usages-both": DANE,
    "usages-name": (NO_NAME, NO_NAME),
    "usages-neither": ("wait DANE: no ",) * 2,

    # -- digest agility; tests D-078
    "agility-512-wrong": (NO_MATCH, NO_MATCH),
    "agility-256-wrong": DANE,
    "agility-full": DANE,  # tests D-079
    "agility-full-wrong": DANE,  # tests D-079
    "agility-selectors": DANE,
    "agility-usages": DANE,
    "agility-malformed": DANE,

    # -- trust anchors
    "ta-certificate": DANE,
    "ta-sha512": DANE,
    "ta-root": DANE,
    # tests D-085
    "ta-200-unsent": DANE,
    "ta-210-unsent": DANE,
    "ta-200-impostor": (NO_PATH, NO_PATH),
    "ta-210-impostor": ("wait signature in the certificate is invalid",) * 2,
    # tests D-084
    "ta-root-unsent": (NO_PATH, NO_PATH),
    "ta-alone": (NO_PATH, NO_PATH),
    "ta-intermediate": DANE,  # tests D-086
    # tests D-082
    "ta-gap": (NO_PATH, NO_PATH),
    "ta-appended": (NO_PATH, NO_PATH),
    "ta-not-ca": ("wait issuer is not a CA",) * 2,
    "ta-not-yet": ("wait not valid yet",) * 2,
    "ta-link-expired": ("wait expired",) * 2,
    "ta-is-leaf": (NO_PATH, NO_PATH),  # tests D-087
    "ee-not-yet": DANE,  # tests D-081

    # -- names
    "name-wrong": (NO_NAME, NO_NAME),  # tests D-083
    "name-wrong-ee": DANE,  # tests D-081
    # tests D-089
    "name-wildcard": DANE,
    "name-wildcard-deep": (NO_NAME, NO_NAME),
    "name-wildcard-part": (NO_NAME, NO_NAME),
    # tests D-088
    "name-cn": DANE,
    "name-cn-beside": (NO_NAME, NO_NAME),
    # tests D-090
    "name-upper": DANE,
    "xn--bcher-kva": DANE,

    # -- DNS trouble
    "bogus-denial": ("wait TLSA of _25._tcp.mx.bogus-denial.lab",) * 2,  # tests D-002, D-038
    # tests D-059
    "bogus-aaaa": DANE,
    "bogus-aaaa-wrong": (NO_MATCH, NO_MATCH),
    "first-bogus-a": DANE,  # tests D-006
    "first-servfail": DANE,  # tests D-007
    # tests D-030
    "first-impostor": ("no", REQUIRED),
    "all-impostors": (NO_MATCH, NO_MATCH),

    # -- absence, and records that do not count
    "tlsa-nodata": ONLY_TRY,  # tests D-003
    "insecure-tlsa": ONLY_TRY,  # tests D-022, D-064

    # -- TLSA records by way of an alias or a wildcard; tests D-062, D-063
    "tlsa-cname": DANE,
    "tlsa-cname-wrong": (NO_MATCH, NO_MATCH),
    "tlsa-cname-insecure": ONLY_TRY,  # tests D-009
    "tlsa-dname": DANE,
    "tlsa-wildcard": DANE,
    "tlsa-wildcard-wrong": (NO_MATCH, NO_MATCH),
    # tests D-008
    "tlsa-cname-bogus": ("wait TLSA of _25._tcp.mx.tlsa-cname-bogus.lab",) * 2,
    "tlsa-cname-loop": ("wait TLSA of _25._tcp.mx.tlsa-cname-loop.lab",) * 2,
    "mx-dname": DANE,

    # -- hosts that are aliases
    # tests D-053
    "cname-both": DANE,
    "cname-both-wrong": (NO_MATCH, NO_MATCH),
    "cname-servfail": ("wait SERVFAIL",) * 2,
    "cname-between": ONLY_TRY,  # tests D-055
    # tests D-054
    "cname-insecure": DANE,
    "cname-insecure-bad": (NO_MATCH, NO_MATCH),

    # -- domains that are aliases; tests D-035, D-083
    "alias.domain-cname": DANE,
    "alias.domain-cname-real": DANE,
    "alias.domain-cname-insecure": (NO_NAME, REQUIRED),
    "alias.old.domain-dname": DANE,

    # -- unsigned and odd MX records
    "mx-insecure-alias": ("yes", REQUIRED),
    "mx-insecure-wrong": (NO_MATCH, REQUIRED),  # tests D-031
    "mx-insecure-name": (NO_NAME, REQUIRED),  # tests D-083
    # tests D-039
    "mx-literal": ("router", "router"),
    "mx-literal-first": DANE,
    "odd-mx": DANE,
    "tlsa-odd-alias": DANE,
    "first.alias-chain": DANE,
    "no-address": ("router", "router"),
    "two-plain": ONLY_TRY,
}

# No mail goes to these domains by MX: hosts of other rows, or of tests of their own.
OTHER_ZONES = {
    "port", "port-25-only", "smarthost", "smtps", "smtps-impostor", "mx-secure-host",
    "mx-secure-name", "insecure-host", "cname-insecure-host", "scripted", "scripted-plain",
    "scripted-ta", "scripted-impostor", "scripted-borrowed", *(zone.name for zone in ZONES_TOOL),
}


def zone_of(domain):
    return domain.rpartition(".")[2]


def seen(sender, message_id, received):
    """The outcome in the table's words, with the reason of a deferral."""
    lines = sender.log_lines(message_id)
    delivered = next((line for line in lines if " => " in line), None)
    if delivered:
        verdict = re.search(r" CV=(\w+)", delivered)
        return verdict.group(1) if verdict else "clear"
    if not any(" T=remote_smtp " in line for line in lines if re.search(r" (==|\*\*) ", line)):
        return "router"
    reason = next((line for line in lines if " == " in line), "bounced " + " ".join(lines))
    return f"wait {reason}" if received == 0 else f"wait, but {received} received"


def matches(expected, outcome):
    return outcome == expected if not expected.startswith("wait ") else (
        outcome.startswith("wait ") and expected[5:] in outcome)


def taken_by_scripted_servers(world, domain):
    addresses = {server.address for server in zone_named(zone_of(domain)).servers}
    return sum(len(world.scripted[address].messages())
               for address in addresses & set(world.scripted))


# tests D-110, D-112: what must not be delivered waits, and is not bounced
@pytest.mark.parametrize("mode", ("try", "require"))
@pytest.mark.parametrize("domain", SCENARIOS)
def test_scenario(world, sender, scenario_rows, domain, mode):
    expected = SCENARIOS[domain][mode == "require"]
    options = {"dane_trust_anchor_file": world.trust_anchor}
    if mode == "require":
        options["hosts_require_dane"] = "*"
    mail = sender(driver="danesmtp", options=options)
    message_id = mail.send(f"bob@{domain}.lab")
    received = len(world.receivers.mail(message_id)) + taken_by_scripted_servers(world, domain)
    outcome = seen(mail, message_id, received)
    scenario_rows.append((domain, mode, expected, outcome))
    assert matches(expected, outcome), mail.mainlog()
    assert mail.paniclog() == ""
    if expected.startswith("wait"):
        assert mail.queue() == {message_id: [f"bob@{domain}.lab"]}
        assert mail.retry_records() != ""


def test_no_zone_is_without_a_scenario(world):
    assert {zone.name for zone in ZONES} == {zone_of(domain) for domain in SCENARIOS} | OTHER_ZONES


# tests D-024, D-030
@pytest.mark.parametrize("zone,address", [
    ("first-impostor", "192.0.2.205"), ("mixed", "192.0.2.38"), ("first-servfail", "192.0.2.204")])
def test_which_host_takes_the_message(world, sender, zone, address):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    (arrived,) = world.receivers.mail(mail.send(f"bob@{zone}.lab"))
    assert arrived.received["address"] == address


# -- non-MX destinations; tests D-056, D-061

@pytest.mark.parametrize("hosts,expected", [
    ("mx.port.lab::2525", "dane"),
    ("mx.port-25-only.lab::2525", "no"),
    ("mx.impostor.lab", NO_MATCH),
    ("mx.ee.lab", "dane"),
    ("relay.smarthost.lab", "dane"),  # tests D-083: the certificate has the name that was configured
    ("host.smarthost.lab", NO_NAME),
])
def test_configured_host(world, sender, hosts, expected):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor},
                  routers=smarthost_router(hosts))
    message_id = mail.send("bob@anywhere.lab")
    outcome = seen(mail, message_id, len(world.receivers.mail(message_id)))
    assert matches(expected, outcome), mail.mainlog()


# tests D-067
@pytest.mark.parametrize("zone,address,certificate,expected,protocol", [
    ("smtps", "192.0.2.190", "smtps", "dane", "smtps"),
    ("smtps", "192.0.2.190", "smtps", "dane", "SMTPS"),
    ("smtps", "192.0.2.190", "smtps", "dane", "${if eq{$host}{mx.smtps.lab}{Submissions}{smtp}}"),
    ("smtps-impostor", "192.0.2.191", "smtps-impostor", NO_MATCH, "smtps"),
])
def test_tls_from_the_start_is_judged_by_its_own_port(world, sender, zone, address, certificate,
                                                      expected, protocol):
    server = world.submissions_server(address, certificate)
    mail = sender(driver="danesmtp", routers=smarthost_router(f"mx.{zone}.lab"),
                  options={"dane_trust_anchor_file": world.trust_anchor, "protocol": protocol, "port": "465"})
    message_id = mail.send("bob@anywhere.lab")
    assert matches(expected, seen(mail, message_id, len(server.messages()))), mail.mainlog()
    assert len(server.messages()) == (expected == "dane")


# tests D-090: the domain that the DNS knows as xn--bcher-kva.lab
def test_domain_in_letters_of_its_own(world, sender):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    message_id = mail.send("bob@b\u00fccher.lab")
    assert seen(mail, message_id, len(world.receivers.mail(message_id))) == "dane", mail.mainlog()


def test_hosts_option_of_the_transport(world, sender):
    router = """own_hosts:
  driver = accept
  domains = ! sender.lab
  transport = remote_smtp
"""
    mail = sender(driver="danesmtp", routers=router,
                  options={"dane_trust_anchor_file": world.trust_anchor, "hosts": "mx.ee.lab"})
    message_id = mail.send("bob@anywhere.lab")
    assert seen(mail, message_id, 1) == "dane", mail.mainlog()


# -- what an unvalidated path could do (D-004, D-041)

# tests D-004, D-014, D-164
def test_no_trust_anchor_is_not_an_unsigned_internet(world, sender, tmp_path):
    empty = tmp_path / "anchor"
    empty.write_text("; nothing\n")
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": str(empty)})
    message_id = mail.send("bob@impostor.lab")
    assert mail.queue() == {message_id: ["bob@impostor.lab"]}
    assert str(empty) in mail.mainlog()


FORGED = ("ta.lab. 60 IN MX 5 mx.ee.lab.",)  # a signed host with good records, of somebody else


# tests D-041
def test_a_forged_mx_answer_leads_nowhere(world, sender):
    """Exim's router believes the resolver; we ask for ourselves and see another server named."""
    mail = sender(driver="danesmtp", options={"dane_resolver": world.unbound_conf()})
    with world.lying_resolver(*FORGED):
        message_id = mail.send("bob@ta.lab")
    assert mail.queue() == {message_id: ["bob@ta.lab"]}
    assert "mx.ee.lab is not a mail server of ta.lab in the validated DNS" in mail.mainlog()
    assert world.receivers.mail(message_id) == []


# tests D-004, D-005
def test_the_same_through_the_liar_itself(world, sender):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    with world.lying_resolver(*FORGED):
        message_id = mail.send("bob@ta.lab")
    assert mail.queue() == {message_id: ["bob@ta.lab"]}
    assert "DANE error: 4.7.5 MX look-up of ta.lab" in mail.mainlog()
    assert world.receivers.mail(message_id) == []


# tests D-004
def test_forged_absence_of_records_leads_nowhere(world, sender):
    """The resolver says that impostor.lab has no TLSA records; that needs a proof."""
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    with world.lying_resolver("_25._tcp.mx.impostor.lab. 60 IN TXT nothing"):
        message_id = mail.send("bob@impostor.lab")
    assert mail.queue() == {message_id: ["bob@impostor.lab"]}
    assert world.receivers.mail(message_id) == []


def test_recursion_of_our_own(world, sender):
    mail = sender(driver="danesmtp", options={"dane_resolver": world.unbound_conf()})
    message_id = mail.send("bob@ee.lab")
    assert seen(mail, message_id, 1) == "dane", mail.mainlog()


def test_an_unbound_conf_without_an_anchor_is_not_an_unsigned_internet(world, sender):
    conf = world.unbound_conf(trust_anchor=False)
    mail = sender(driver="danesmtp", options={"dane_resolver": conf})
    message_id = mail.send("bob@impostor.lab")
    assert mail.queue() == {message_id: ["bob@impostor.lab"]}


# tests D-031
def test_danger_of_insecure_mx_may_be_accepted(world, sender):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor,
                                              "dane_insecure_mx": "may"})
    message_id = mail.send("bob@mx-insecure.lab")
    assert seen(mail, message_id, 1) == "no"


# tests D-033: not the name that Exim's router put in its place
@pytest.mark.parametrize("domain,name", [("mx-insecure-alias", "mx.cname-mx.lab"),
                                         ("cname-mx", "host.cname-mx.lab")])
def test_log_names_the_host_as_the_unsigned_mx_record_does(world, sender, domain, name):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    message_id = mail.send(f"bob@{domain}.lab")
    assert f" H={name} " in next(line for line in mail.log_lines(message_id) if " => " in line)
