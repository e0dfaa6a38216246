# SPDX-License-Identifier: GPL-2.0-or-later
"""The file `zones` of a case: zones below lab. of its own, as rows of tests/world/zones.py say them, with
addresses in 198.51.100.0/24.

    zone NAME [SIGNING]         unsigned or expired; what follows is of this zone
    exim ADDRESS CERTIFICATE    an Exim answers there; "-" for no STARTTLS
    certificate NAME DNS-NAME [ISSUER]
    damaged OWNER TYPE          the signature of that RRset is spoilt
    answers TYPE HOW            of the scripted name server: SERVFAIL, REFUSED, silence, seconds
    OWNER TYPE DATA             a record
"""
from certificates import TA_CHAIN, Leaf
from zone import Signing, Zone, exim


def parse_zones(text):
    """The Zones of a file; ValueError says what cannot be read."""
    begun = []
    for line in (line.strip() for line in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.startswith("zone "):
            begun.append(_begin(*line.split()[1:]))
        elif not begun:
            raise ValueError(f"zones: {line}: before the first zone")
        else:
            _add(begun[-1], line)
    return tuple(_zone(row) for row in begun)


def _begin(name, signing="signed"):
    return {"name": name, "signing": Signing[signing.upper()], "records": [], "servers": [], "leaves": [],
            "damaged": "", "answers": {}}


def _add(row, line):
    kind, *words = line.split()
    if kind == "exim":
        address, certificate = words
        row["servers"].append(exim(address, None if certificate == "-" else certificate))
    elif kind == "certificate":
        row["leaves"].append(_leaf(*words))
    elif kind == "damaged":
        row["damaged"] = " ".join(words)
    elif kind == "answers":
        row["answers"][words[0]] = float(words[1]) if words[1][0].isdigit() else words[1]
    else:
        row["records"].append(line)


def _leaf(name, dns_name, issuer=None):
    return Leaf(name, (dns_name,), issuer=issuer, sends=TA_CHAIN if issuer else ())


def _zone(row):
    return Zone(row["name"], "\n".join(row["records"]), tuple(row["servers"]), signing=row["signing"],
                damaged=row["damaged"], answers=row["answers"], leaves=tuple(row["leaves"]), mail=None)
