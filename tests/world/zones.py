# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenario zones below `lab.`: what each holds, how it is signed or broken, who answers mail at its
addresses with which certificates, and what must come of it: for mail to it, for what `danesmtp check`
says, and for its DNSSEC states. To add a scenario, add a row here (or to zones_dane.py, what TLSA records
and certificates say, zones_dns.py, aliases and DNS trouble, or zones_tool.py, what the tool tells); that
is all. test_scenarios.py, test_tool_check.py and test_world.py read the rows.

What a row may say is told in zone.py.
"""
from certificates import OTHER_CHAIN, Dates
from zone import NAME_SERVER, SCRIPTED_NAME_SERVER  # noqa: F401  (for those who read the table)
from zone import (ASKS_FOR_REPORTS, DANE, DANE_WARNED, NO_MATCH, NO_PATH, ONLY_TRY, REQUIRED, Mail, Signing, Zone, exim,
                  issued, misbehaving, one_mx, scripted, self_signed, usual, waits)
from zones_dane import ZONES_DANE
from zones_dns import SPECIAL_ZONES, ZONES_DNS  # noqa: F401  (for those who read the table)
from zones_reports import ZONES_REPORTS
from zones_tool import ZONES_TOOL

# Sorts before any digest that is likely: the one that matches comes last.
DECOYS = [f"3 1 2 {number:0128x}" for number in range(59)]

ZONES = (
    # -- DANE that succeeds
    usual("ee", "192.0.2.10", "3 1 1 =ee", mail=DANE),
    # RFC 8460 3: it asks for no reports, and the next one twice
    usual("ee-full", "192.0.2.11", "3 0 0 =ee-full", mail=DANE, reports=()),
    usual("ee-sha512", "192.0.2.12", "3 1 2 =ee-sha512", mail=DANE_WARNED,
          reports=(ASKS_FOR_REPORTS, "v=TLSRPTv1; rua=mailto:others@sender.lab")),
    # tests D-081: dates do not count
    usual("ee-expired", "192.0.2.13", "3 1 1 =ee-expired",
          mail=DANE, leaves=(self_signed("ee-expired", dates=Dates.PAST),)),
    usual("ta", "192.0.2.14", "2 1 1 =intermediate", mail=DANE, leaves=(issued("ta"),)),
    # tests D-083: name of the domain
    usual("ta-domain-name", "192.0.2.15", "2 1 1 =intermediate",
          mail=DANE, leaves=(issued("ta-domain-name", "ta-domain-name.lab"),)),
    # tests D-080
    usual("rollover", "192.0.2.16", "3 1 1 =rollover-next", "3 1 1 =rollover",
          mail=DANE, leaves=(self_signed("rollover"), self_signed("rollover-next"))),
    # tests D-012: needs TCP
    usual("many-rr", "192.0.2.17", *DECOYS, "3 1 2 =many-rr", mail=DANE_WARNED),
    # receivers refuse tmp* and bad*
    usual("rcpt-mix", "192.0.2.18", "3 1 1 =rcpt-mix", mail=DANE),
    # tests D-037
    Zone("implicit-mx", """
        @ A 192.0.2.19
        _25._tcp TLSA 3 1 1 =implicit-mx
        """, (exim("192.0.2.19", "implicit-mx"),),
         mail=DANE, dns=("secure none",) * 3, leaves=(self_signed("implicit-mx", "implicit-mx.lab"),)),
    # tests D-053: TLSA only at the original name
    Zone("cname-mx", """
        @ MX 10 mx
        mx CNAME host
        host A 192.0.2.20
        _25._tcp.mx TLSA 3 1 1 =cname-mx
        """, (exim("192.0.2.20", "cname-mx"),), mail=DANE),
    Zone("cname-target", """
        @ MX 10 mx
        mx CNAME host
        host A 192.0.2.21
        _25._tcp.host TLSA 3 1 1 =cname-target
        """, (exim("192.0.2.21", "cname-target"),), mail=DANE, dns=("secure", "secure", "secure none")),
    # D-061: for a route to mx.port.lab::2525
    Zone("port", """
        mx A 192.0.2.22
        _2525._tcp.mx TLSA 3 1 1 =port
        """, (exim("192.0.2.22", "port", 2525),), mail=None, dns=("secure none", "secure", "secure none")),
    # D-061: not of mx.port-25-only.lab::2525
    Zone("port-25-only", """
        mx A 192.0.2.192
        _25._tcp.mx TLSA 3 1 1 =impostor-key
        """, (exim("192.0.2.192", "port-25-only", 2525),), mail=None, dns=("secure none", "secure", "secure")),
    Zone("dual-stack", """
        @ MX 10 mx
        mx A 192.0.2.23
        mx AAAA 2001:db8::23
        _25._tcp.mx TLSA 3 1 1 =dual-stack
        """, (exim("192.0.2.23", "dual-stack"), scripted("2001:db8::23", "dual-stack", {})), mail=DANE),

    # -- No DANE
    # tests D-022
    usual("plain", "192.0.2.24", signing=Signing.UNSIGNED,
          mail=ONLY_TRY, dns=("insecure", "insecure", "insecure none")),
    usual("signed-no-tlsa", "192.0.2.25", mail=ONLY_TRY, dns=("secure", "secure", "secure none")),
    # The NSEC record that proves that the host has no AAAA does not prove that it has no TLSA.
    Zone("tlsa-of-port-24", """
        @ MX 10 mx
        mx A 192.0.2.193
        _24._tcp.mx TLSA 3 1 1 =tlsa-of-port-24
        """, (exim("192.0.2.193", "tlsa-of-port-24"),),
         mail=ONLY_TRY, dns=("secure", "secure", "secure none")),
    # tests D-031, D-032, D-034, D-160
    Zone("mx-insecure", "@ MX 10 mx.mx-secure-host.lab.", signing=Signing.UNSIGNED,
         mail=Mail("yes", REQUIRED), dns=("insecure", "insecure none", "insecure none")),
    # the same host
    Zone("mx-secure", "@ MX 10 mx.mx-secure-host.lab.",
         mail=DANE, dns=("secure", "secure none", "secure none")),
    Zone("mx-secure-host", """
        mx A 192.0.2.26
        _25._tcp.mx TLSA 3 1 1 =mx-insecure
        """, (exim("192.0.2.26", "mx-insecure"),), mail=None, dns=("secure none", "secure", "secure")),
    # tests D-051
    Zone("a-insecure", "@ MX 10 mx.insecure-host.lab.",
         mail=ONLY_TRY, dns=("secure", "secure none", "secure none")),
    # D-051: must not be asked
    Zone("insecure-host", "mx A 192.0.2.27", (exim("192.0.2.27", "a-insecure"),),
         signing=Signing.UNSIGNED, answers={"TLSA": "SERVFAIL"},
         mail=None, dns=("insecure none", "insecure", "failed")),
    # D-036
    Zone("null-mx", "@ MX 0 .",
         mail=Mail("router", "router", state="ok", outcome="no-mail"),
         dns=("secure", "secure none", "secure none")),

    # -- DANE that must not succeed
    # tests D-020
    usual("impostor", "192.0.2.28", "3 1 1 =impostor-key",
          mail=NO_MATCH, leaves=(self_signed("impostor"), self_signed("impostor-key"))),
    usual("ta-impostor", "192.0.2.29", "2 1 1 =intermediate",
          mail=NO_PATH, leaves=(issued("ta-impostor", issuer="other-intermediate", sends=OTHER_CHAIN),)),
    # tests D-082: dates count
    usual("ta-expired", "192.0.2.30", "2 1 1 =intermediate",
          mail=waits("expired"), leaves=(issued("ta-expired", dates=Dates.PAST),)),
    # tests D-021, D-160: TLS, no more
    usual("unusable", "192.0.2.31", "1 0 1 =unusable", "3 1 7 00112233", mail=ONLY_TRY),
    # with a certificate that an authority has issued
    usual("unusable-sts", "192.0.2.236", "1 0 1 =unusable-sts", mail=ONLY_TRY,
          leaves=(issued("unusable-sts"),)),
    # tests D-023
    Zone("no-starttls", one_mx("192.0.2.32", "3 1 1 =ee"), (exim("192.0.2.32", None),),
         mail=waits("did not offer TLS support")),
    misbehaving("starttls-454", "192.0.2.33", {"starttls": {"reply": "454 TLS is not now"}},
                mail=waits("after STARTTLS: 454")),
    # tests D-023, D-025
    misbehaving("starttls-501", "192.0.2.180", {"starttls": {"reply": "501 TLS is not here"}},
                mail=waits("after STARTTLS: 501")),
    # tests D-101
    misbehaving("tls-11", "192.0.2.181", {"handshake": {"tls": "1.1"}}, mail=waits("TLS session")),
    misbehaving("tls-reset", "192.0.2.182", {"handshake": {"then": "reset"}}, mail=waits("TLS session")),
    misbehaving("tls-closed", "192.0.2.183", {"handshake": {"then": "close"}}, mail=waits("TLS session")),
    misbehaving("tls-clear-text", "192.0.2.184", {"handshake": {"reply": "454 no TLS after all"}},
                mail=waits("TLS session")),
    # tests D-026
    misbehaving("tls-injected", "192.0.2.185", {"starttls": {"inject": "250 injected\r\n"}},
                mail=waits("octets before the TLS handshake")),

    # -- Several MX hosts
    Zone("two-mx", """
        @ MX 10 mx1
        @ MX 20 mx2
        mx1 A 192.0.2.34
        mx2 A 192.0.2.35
        _25._tcp.mx1 TLSA 3 1 1 =two-mx-1-key
        _25._tcp.mx2 TLSA 3 1 1 =two-mx-2
        """, (exim("192.0.2.34", "two-mx-1"), exim("192.0.2.35", "two-mx-2")),
         mail=DANE_WARNED, dns=("secure", "secure none", "secure none"),
         leaves=(self_signed("two-mx-1", "mx1.two-mx.lab"), self_signed("two-mx-1-key", "mx1.two-mx.lab"),
                 self_signed("two-mx-2", "mx2.two-mx.lab"))),
    # nothing listens at .36
    Zone("two-mx-down", """
        @ MX 10 mx1
        @ MX 20 mx2
        mx1 A 192.0.2.36
        mx2 A 192.0.2.37
        _25._tcp.mx1 TLSA 3 1 1 =ee
        _25._tcp.mx2 TLSA 3 1 1 =two-mx-down
        """, (exim("192.0.2.37", "two-mx-down"),),
         mail=DANE_WARNED, dns=("secure", "secure none", "secure none"),
         leaves=(self_signed("two-mx-down", "mx2.two-mx-down.lab"),)),
    # tests D-024
    Zone("mixed", """
        @ MX 10 mx1
        @ MX 20 mx2
        mx1 A 192.0.2.38
        mx2 A 192.0.2.39
        _25._tcp.mx2 TLSA 3 1 1 =mixed-2
        """, (exim("192.0.2.38", "mixed-1"), exim("192.0.2.39", "mixed-2")),
         mail=Mail("no", "dane"), dns=("secure", "secure none", "secure none"),
         leaves=(self_signed("mixed-1", "mx1.mixed.lab"), self_signed("mixed-2", "mx2.mixed.lab"))),

    # -- For servers that a test starts itself, with World.scripted_server(address, ...)
    # at any port; also with what RFC 8461 3.1 asks for, beside DANE
    Zone("scripted", one_mx("192.0.2.49", "3 1 1 =scripted") + """
        *._tcp.mx TLSA 3 1 1 =scripted
        mta-sts A 192.0.2.49
        _mta-sts TXT "v=STSv1; id=1;"
        """, mail=None),
    Zone("scripted-ta", one_mx("192.0.2.52", "2 1 1 =root"), mail=None),
    Zone("scripted-impostor", one_mx("192.0.2.76", "3 1 1 =impostor-key"), mail=None),
    Zone("scripted-borrowed", "@ MX 10 mx.scripted-impostor.lab.", signing=Signing.UNSIGNED,
         mail=None, dns=("insecure", "insecure none", "insecure none")),
    # also with what RFC 8461 3.1 asks for; where the policy itself is, a test decides
    Zone("scripted-plain", one_mx("192.0.2.50") + """
        also MX 10 mx
        mta-sts A 192.0.2.50
        _mta-sts 0 TXT "v=STSv1; id=1;"
        """, signing=Signing.UNSIGNED,
         mail=None, dns=("insecure", "insecure", "insecure none")),

    # D-191: named for sure, without records
    Zone("scripted-signed", one_mx("192.0.2.60"), mail=None, dns=("secure", "secure", "secure none")),
    Zone("scripted-two", """
        @ MX 10 mx1
        @ MX 20 mx2
        mx1 A 192.0.2.61
        mx2 A 192.0.2.62
        _25._tcp.mx1 TLSA 3 1 1 =scripted-two-1
        _25._tcp.mx2 TLSA 3 1 1 =scripted-two-2
        """, mail=None, dns=("secure", "secure none", "secure none"),
         leaves=(self_signed("scripted-two-1", "mx1.scripted-two.lab"),
                 self_signed("scripted-two-2", "mx2.scripted-two.lab"))),

    # D-067
    Zone("smtps", """
        mx A 192.0.2.190
        _25._tcp.mx TLSA 3 1 1 =impostor-key
        _465._tcp.mx TLSA 3 1 1 =smtps
        """, mail=None, dns=("secure none", "secure", "secure")),
    Zone("smtps-impostor", """
        mx A 192.0.2.191
        _25._tcp.mx TLSA 3 1 1 =smtps-impostor
        _465._tcp.mx TLSA 3 1 1 =impostor-key
        """, mail=None, dns=("secure none", "secure", "secure")),

    *ZONES_DANE,
    *ZONES_DNS,
    *ZONES_REPORTS,
    *ZONES_TOOL,
)

# What comes of mail, by the domain below lab. that it goes to.
SCENARIOS = {zone.mail.to or zone.name: zone.mail for zone in ZONES if zone.mail}


def zone_named(name):
    return next(zone for zone in ZONES if zone.name == name)


def mail_addresses(zones=ZONES):
    """Every address that a zone gives a host, whether or not something listens there."""
    lines = (line.split() for zone in zones for line in zone.records.splitlines())
    return [words[2] for words in lines if len(words) == 3 and words[1] in ("A", "AAAA")]
