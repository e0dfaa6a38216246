# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scenario zone is: its records, how it is signed or broken, who answers mail at its addresses, and
what must come of it; and the short forms in which the tables (zones*.py) write most of them.

Records are zone file lines relative to the zone; SOA and NS are added. `TLSA 3 1 1 =NAME` stands
for the data made from the certificate NAME. Numbers D-0nn are those of the conformance list.
"""
from dataclasses import dataclass, field
from enum import Enum

from certificates import TA_CHAIN, Leaf

# Addresses among the peers. The sender is 192.0.2.1 and 2001:db8::1; 192.0.2.10-52, 71-73 and
# 100-250 are for mail servers, each used by one zone unless a comment says otherwise.
NAME_SERVER = "192.0.2.53"       # ns.lab: NSD, the root, lab. and most zones
SCRIPTED_NAME_SERVER = "192.0.2.54"  # ns-scripted.lab: the answerer, for zones with `answers`


class Signing(Enum):
    SIGNED = "DS in lab., valid signatures"
    UNSIGNED = "insecure: no DS, proved by lab."
    EXPIRED = "DS in lab., signatures of the past"
    UNKNOWN_ALGORITHM = "DS in lab., an algorithm that no validator knows: insecure"


@dataclass(frozen=True)
class MailServer:
    address: str
    certificate: str | None  # None: STARTTLS is not offered
    port: int = 25
    script: dict | None = None  # None: Exim; else a scripted server (scripted_server.py)


@dataclass(frozen=True)
class Mail:
    """What comes of a message to the zone. Of each driver setting, in the words of seen():

    dane      delivered, authenticated by DANE all the way from the recipient's domain
    yes       delivered, authenticated by DANE for a host that an unsigned MX record named
    no        delivered without authentication
    wait X    not delivered, on the queue, nothing received; X is part of the reason in the log
    router    never reaches the transport: Exim's own router holds or refuses it
    """
    tried: str  # with hosts_try_dane, the default
    required: str  # with hosts_require_dane
    to: str = ""  # the domain below lab. that it goes to; empty: the zone itself
    state: str = ""  # of `danesmtp check --nagios`; empty: as the outcome alone has it
    outcome: str = ""  # of `check` for what the router holds; empty: "waits"

    @property
    def check_state(self):
        return self.state or {"dane": "ok", "yes": "warning", "no": "warning"}.get(self.tried, "critical")


def waits(reason):
    return Mail(f"wait {reason}", f"wait {reason}")


REQUIRED = "wait DANE is required"

DANE = Mail("dane", "dane")
DANE_WARNED = Mail("dane", "dane", state="warning")  # authenticated, though something is to be mended
ONLY_TRY = Mail("no", REQUIRED)  # TLS, and no more is asked for
ROUTER = Mail("router", "router")
NO_MATCH = waits("no TLSA record matches")
NO_PATH = waits("no path from the server's certificate")
NO_NAME = waits("none of the expected names")

ASKS_FOR_REPORTS = "v=TLSRPTv1; rua=mailto:reports@sender.lab"
ALL_SECURE = ("secure", "secure", "secure")


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
    parent: str = "lab"  # "": the root
    # None: no mail goes to it by MX; it has hosts of other rows, or of tests of their own.
    mail: Mail | None = field(kw_only=True)
    # MX at the zone's name, A at `mx`, TLSA at `_25._tcp.mx`, as our Unbound sees them. "none": proved
    # not to be there. "failed": SERVFAIL, or no answer in time (Unbound gives up at length, and remembers).
    dns: tuple[str, str, str] = ALL_SECURE
    reports: tuple[str, ...] = (ASKS_FOR_REPORTS,)  # TXT records at `_smtp._tls` (RFC 8460)
    leaves: tuple[Leaf, ...] | None = None  # None: one, self-signed, for its host `mx`

    @property
    def origin(self):
        return f"{self.name}.{self.parent}".rstrip(".")

    @property
    def certificates(self):
        return (self_signed(self.name),) if self.leaves is None else self.leaves


def self_signed(name, dns_name="", **more):
    """A certificate is named after the zone whose server sends it; without a name, it is for its host `mx`.
    `-key` ones are published in a TLSA record but held by no server."""
    return Leaf(name, (dns_name or f"mx.{name}.lab",), **more)


def issued(name, dns_name="", **more):
    """One of our intermediate's, sent with the whole chain unless `more` says otherwise. None: no dNSName."""
    names = () if dns_name is None else (dns_name or f"mx.{name}.lab",)
    return Leaf(name, names, **{"issuer": "intermediate", "sends": TA_CHAIN, **more})


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


def misbehaving(name, address, script, **more):
    """One MX host with a good TLSA record and a scripted server."""
    return Zone(name, one_mx(address, f"3 1 1 ={name}"), (scripted(address, name, script),), **more)
