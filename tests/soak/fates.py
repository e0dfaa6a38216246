# SPDX-License-Identifier: GPL-2.0-or-later
"""What the table of zones says must come of mail to each domain, and which servers may have it."""
import re
import subprocess

from traffic import OWN_DOMAINS
from zones import SCENARIOS, ZONES

_ANSWER = r"^\S+\t\d+\tIN\t{}\t(?:\d+ )?(\S+)$"


def domains(condition):
    return frozenset(f"{name}.lab" for name, mail in SCENARIOS.items() if condition(name, mail.tried))


MUST_WAIT = domains(lambda name, fate: fate.startswith("wait"))
MUST_HAVE_TLS = domains(lambda name, fate: fate in ("dane", "yes") or name.startswith("unusable")) | set(OWN_DOMAINS)


def impostors(world):
    """Addresses of servers that no mail may go to: those of zones whose mail waits, with or without a script."""
    return frozenset(server.address for zone in ZONES if zone.mail and zone.mail.tried.startswith("wait")
                     for server in zone.servers)


def servers_of(domain):
    """The addresses of a domain's MX hosts, as the resolver has them while all is well."""
    hosts = _answers("MX", domain) or [domain]
    return frozenset(address for host in hosts for kind in ("A", "AAAA") for address in _answers(kind, host))


def _answers(kind, name):
    told = subprocess.run(["drill", kind, name], capture_output=True, text=True, check=False, timeout=60).stdout
    return re.findall(_ANSWER.format(kind), told, re.M)
