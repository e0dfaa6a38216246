# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenario zones below `lab.`: one table of what each holds, how it is signed or broken, and who
answers mail at its addresses. To add a scenario, add a row (and its certificate in certificates.py).

Records are zone file lines relative to the zone; SOA and NS are added. `TLSA 3 1 1 =NAME` stands
for the data made from the certificate NAME. Numbers D-0nn are those of the conformance list.
"""
from dataclasses import dataclass, field
from enum import Enum

# Addresses among the peers. The sender is 192.0.2.1 and 2001:db8::1; 192.0.2.10-52 and 100-250 are
# for mail servers, each used by one zone unless a comment says otherwise.
NAME_SERVER = "192.0.2.53"       # ns.lab: NSD, the root, lab. and most zones
SCRIPTED_NAME_SERVER = "192.0.2.54"  # ns-scripted.lab: the answerer, for zones with `answers`


class Signing(Enum):
    SIGNED = "DS in lab., valid signatures"
    UNSIGNED = "insecure: no DS, proved by lab."
    EXPIRED = "DS in lab., signatures of the past"


@dataclass(frozen=True)
class MailServer:
    address: str
    certificate: str | None  # None: STARTTLS is not offered
    port: int = 25
    script: dict | None = None  # None: Exim; else a scripted server (scripted_server.py)


@dataclass(frozen=True)
class Zone:
    name: str
    records: str
    servers: tuple[MailServer, ...] = ()
    signing: Signing = Signing.SIGNED
    damaged: str = ""  # "OWNER TYPE": the RRSIG of that RRset is spoiled, so that it is bogus
    # Answers of the scripted name server by type: "SERVFAIL", "REFUSED", "silence" or seconds of
    # delay. Other types are answered from the (signed) zone.
    answers: dict[str, str | float] = field(default_factory=dict)

    @property
    def origin(self):
        return f"{self.name}.lab"


def exim(address, certificate, port=25):
    return MailServer(address, certificate, port)


def scripted(address, certificate, script):
    return MailServer(address, certificate, script=script)


def one_mx(address, *tlsa):
    """The usual records: one MX host at `address` with these TLSA records for port 25."""
    return "\n".join(["@ MX 10 mx", f"mx A {address}", *(f"_25._tcp.mx TLSA {data}" for data in tlsa)])


def usual(name, address, *tlsa, **more):
    """One MX host, an Exim that shows the certificate of the zone's name."""
    return Zone(name, one_mx(address, *tlsa), (exim(address, name),), **more)


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
    Zone("starttls-454", one_mx("192.0.2.33", "3 1 1 =starttls-454"), (
        scripted("192.0.2.33", "starttls-454", {"starttls": {"reply": "454 TLS is not now"}}),)),

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

    # -- DNS trouble (D-001 to D-007): never "no DANE"
    usual("bogus-mx", "192.0.2.40", "3 1 1 =bogus-mx", damaged="@ MX"),
    usual("bogus-a", "192.0.2.41", "3 1 1 =bogus-a", damaged="mx A"),
    usual("bogus-tlsa", "192.0.2.42", "3 1 1 =bogus-tlsa", damaged="_25._tcp.mx TLSA"),
    usual("expired-sig", "192.0.2.43", "3 1 1 =expired-sig", signing=Signing.EXPIRED),
    usual("mx-servfail", "192.0.2.44", "3 1 1 =mx-servfail", answers={"MX": "SERVFAIL"}),
    usual("tlsa-servfail", "192.0.2.45", "3 1 1 =tlsa-servfail", answers={"TLSA": "SERVFAIL"}),
    usual("tlsa-refused", "192.0.2.46", "3 1 1 =tlsa-refused", answers={"TLSA": "REFUSED"}),
    usual("tlsa-timeout", "192.0.2.47", "3 1 1 =tlsa-timeout", answers={"TLSA": "silence"}),
    usual("tlsa-slow", "192.0.2.48", "3 1 1 =tlsa-slow", answers={"TLSA": 0.2}),

    # -- For servers that a test starts itself, with World.scripted_server(address, ...)
    Zone("scripted", one_mx("192.0.2.49", "3 1 1 =scripted")),
    Zone("scripted-plain", one_mx("192.0.2.50"), signing=Signing.UNSIGNED),
)


def zone_named(name):
    return next(zone for zone in ZONES if zone.name == name)


def mail_addresses(zones=ZONES):
    """Every address that a zone gives a host, whether or not something listens there."""
    lines = (line.split() for zone in zones for line in zone.records.splitlines())
    return [words[2] for words in lines if len(words) == 3 and words[1] in ("A", "AAAA")]
