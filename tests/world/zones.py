# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenario zones below `lab.`: what each holds, how it is signed or broken, and who answers mail at
its addresses. To add a scenario, add a row here (or to zones_dane.py, what TLSA records and
certificates say, zones_dns.py, aliases and DNS trouble, or zones_tool.py, what the tool tells) and its certificate in certificates.py.

What a row may say is told in zone.py.
"""
from zone import NAME_SERVER, SCRIPTED_NAME_SERVER  # noqa: F401  (for those who read the table)
from zone import Signing, Zone, exim, misbehaving, one_mx, scripted, usual
from zones_dane import ZONES_DANE
from zones_dns import SPECIAL_ZONES, ZONES_DNS  # noqa: F401
from zones_tool import ZONES_TOOL

# Sorts before any digest that is likely: the one that matches comes last.
DECOYS = [f"3 1 2 {number:0128x}" for number in range(59)]

ZONES = (
    # -- DANE that succeeds
    usual("ee", "192.0.2.10", "3 1 1 =ee"),
    usual("ee-full", "192.0.2.11", "3 0 0 =ee-full"),
    usual("ee-sha512", "192.0.2.12", "3 1 2 =ee-sha512"),
    usual("ee-expired", "192.0.2.13", "3 1 1 =ee-expired"),  # D-081: dates do not count
    usual("ta", "192.0.2.14", "2 1 1 =intermediate"),
    usual("ta-domain-name", "192.0.2.15", "2 1 1 =intermediate"),  # D-083: name of the domain
    usual("rollover", "192.0.2.16", "3 1 1 =rollover-next", "3 1 1 =rollover"),
    usual("many-rr", "192.0.2.17", *DECOYS, "3 1 2 =many-rr"),  # D-012: needs TCP
    usual("rcpt-mix", "192.0.2.18", "3 1 1 =rcpt-mix"),  # receivers refuse tmp* and bad*
    Zone("implicit-mx", """
        @ A 192.0.2.19
        _25._tcp TLSA 3 1 1 =implicit-mx
        """, (exim("192.0.2.19", "implicit-mx"),)),
    Zone("cname-mx", """
        @ MX 10 mx
        mx CNAME host
        host A 192.0.2.20
        _25._tcp.mx TLSA 3 1 1 =cname-mx
        """, (exim("192.0.2.20", "cname-mx"),)),  # D-053: TLSA only at the original name
    Zone("cname-target", """
        @ MX 10 mx
        mx CNAME host
        host A 192.0.2.21
        _25._tcp.host TLSA 3 1 1 =cname-target
        """, (exim("192.0.2.21", "cname-target"),)),
    Zone("port", """
        mx A 192.0.2.22
        _2525._tcp.mx TLSA 3 1 1 =port
        """, (exim("192.0.2.22", "port", 2525),)),  # D-061: for a route to mx.port.lab::2525
    Zone("port-25-only", """
        mx A 192.0.2.192
        _25._tcp.mx TLSA 3 1 1 =impostor-key
        """, (exim("192.0.2.192", "port-25-only", 2525),)),  # D-061: not of mx.port-25-only.lab::2525
    Zone("dual-stack", """
        @ MX 10 mx
        mx A 192.0.2.23
        mx AAAA 2001:db8::23
        _25._tcp.mx TLSA 3 1 1 =dual-stack
        """, (exim("192.0.2.23", "dual-stack"), scripted("2001:db8::23", "dual-stack", {}))),

    # -- No DANE
    usual("plain", "192.0.2.24", signing=Signing.UNSIGNED),
    usual("signed-no-tlsa", "192.0.2.25"),
    Zone("mx-insecure", "@ MX 10 mx.mx-secure-host.lab.", signing=Signing.UNSIGNED),  # D-031
    Zone("mx-secure", "@ MX 10 mx.mx-secure-host.lab."),  # the same host
    Zone("mx-secure-host", """
        mx A 192.0.2.26
        _25._tcp.mx TLSA 3 1 1 =mx-insecure
        """, (exim("192.0.2.26", "mx-insecure"),)),
    Zone("a-insecure", "@ MX 10 mx.insecure-host.lab."),
    Zone("insecure-host", "mx A 192.0.2.27", (exim("192.0.2.27", "a-insecure"),),
         signing=Signing.UNSIGNED, answers={"TLSA": "SERVFAIL"}),  # D-051: must not be asked
    Zone("null-mx", "@ MX 0 ."),  # D-036

    # -- DANE that must not succeed
    usual("impostor", "192.0.2.28", "3 1 1 =impostor-key"),
    usual("ta-impostor", "192.0.2.29", "2 1 1 =intermediate"),
    usual("ta-expired", "192.0.2.30", "2 1 1 =intermediate"),  # D-082: dates count
    usual("unusable", "192.0.2.31", "1 0 1 =unusable", "3 1 7 00112233"),  # D-021: TLS, no more
    Zone("no-starttls", one_mx("192.0.2.32", "3 1 1 =ee"), (exim("192.0.2.32", None),)),
    misbehaving("starttls-454", "192.0.2.33", {"starttls": {"reply": "454 TLS is not now"}}),
    misbehaving("starttls-501", "192.0.2.180", {"starttls": {"reply": "501 TLS is not here"}}),
    misbehaving("tls-11", "192.0.2.181", {"handshake": {"tls": "1.1"}}),  # D-101
    misbehaving("tls-reset", "192.0.2.182", {"handshake": {"then": "reset"}}),
    misbehaving("tls-closed", "192.0.2.183", {"handshake": {"then": "close"}}),
    misbehaving("tls-clear-text", "192.0.2.184", {"handshake": {"reply": "454 no TLS after all"}}),
    misbehaving("tls-injected", "192.0.2.185", {"starttls": {"inject": "250 injected\r\n"}}),

    # -- Several MX hosts
    Zone("two-mx", """
        @ MX 10 mx1
        @ MX 20 mx2
        mx1 A 192.0.2.34
        mx2 A 192.0.2.35
        _25._tcp.mx1 TLSA 3 1 1 =two-mx-1-key
        _25._tcp.mx2 TLSA 3 1 1 =two-mx-2
        """, (exim("192.0.2.34", "two-mx-1"), exim("192.0.2.35", "two-mx-2"))),
    Zone("two-mx-down", """
        @ MX 10 mx1
        @ MX 20 mx2
        mx1 A 192.0.2.36
        mx2 A 192.0.2.37
        _25._tcp.mx1 TLSA 3 1 1 =ee
        _25._tcp.mx2 TLSA 3 1 1 =two-mx-down
        """, (exim("192.0.2.37", "two-mx-down"),)),  # nothing listens at .36
    Zone("mixed", """
        @ MX 10 mx1
        @ MX 20 mx2
        mx1 A 192.0.2.38
        mx2 A 192.0.2.39
        _25._tcp.mx2 TLSA 3 1 1 =mixed-2
        """, (exim("192.0.2.38", "mixed-1"), exim("192.0.2.39", "mixed-2"))),  # D-024

    # -- For servers that a test starts itself, with World.scripted_server(address, ...)
    Zone("scripted", one_mx("192.0.2.49", "3 1 1 =scripted") + """
        *._tcp.mx TLSA 3 1 1 =scripted
        """),  # at any port
    Zone("scripted-ta", one_mx("192.0.2.52", "2 1 1 =root")),
    Zone("scripted-impostor", one_mx("192.0.2.76", "3 1 1 =impostor-key")),
    Zone("scripted-borrowed", "@ MX 10 mx.scripted-impostor.lab.", signing=Signing.UNSIGNED),
    Zone("scripted-plain", one_mx("192.0.2.50"), signing=Signing.UNSIGNED),

    Zone("smtps", """
        mx A 192.0.2.190
        _25._tcp.mx TLSA 3 1 1 =impostor-key
        _465._tcp.mx TLSA 3 1 1 =smtps
        """),  # D-067
    Zone("smtps-impostor", """
        mx A 192.0.2.191
        _25._tcp.mx TLSA 3 1 1 =smtps-impostor
        _465._tcp.mx TLSA 3 1 1 =impostor-key
        """),

    *ZONES_DANE,
    *ZONES_DNS,
    *ZONES_TOOL,
)


def zone_named(name):
    return next(zone for zone in ZONES if zone.name == name)


def mail_addresses(zones=ZONES):
    """Every address that a zone gives a host, whether or not something listens there."""
    lines = (line.split() for zone in zones for line in zone.records.splitlines())
    return [words[2] for words in lines if len(words) == 3 and words[1] in ("A", "AAAA")]
