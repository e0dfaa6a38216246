# SPDX-License-Identifier: GPL-2.0-or-later
"""What a scenario zone is: its records, how it is signed or broken, who answers mail at its addresses;
and the short forms in which the tables (zones*.py) write most of them.

Records are zone file lines relative to the zone; SOA and NS are added. `TLSA 3 1 1 =NAME` stands
for the data made from the certificate NAME. Numbers D-0nn are those of the conformance list.
"""
from dataclasses import dataclass, field
from enum import Enum

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

    @property
    def origin(self):
        return f"{self.name}.{self.parent}".rstrip(".")


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


def misbehaving(name, address, script):
    """One MX host with a good TLSA record and a scripted server."""
    return Zone(name, one_mx(address, f"3 1 1 ={name}"), (scripted(address, name, script),))
