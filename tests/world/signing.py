# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns the table of zones into zone files: the root, `lab.` and each scenario zone, signed with
ECDSAP256SHA256 by ldns-signzone, from the leaves up so that each DS reaches its parent. Spoils
signatures where the table says so. The root's DS is the world's only trust anchor.
"""
import base64
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from certificates import tlsa
from zones import NAME_SERVER, SCRIPTED_NAME_SERVER, Signing

HOUR = 3600
DAY = 24 * HOUR


@dataclass(frozen=True)
class ZoneFile:
    origin: str  # no trailing dot; "" is the root
    path: str
    ds: str = ""  # the DS record for the parent, a zone file line; "" for an unsigned zone


def sign_world(directory, zones, certificates):
    """Writes all zone files; returns (root, lab and scenario ZoneFiles, path of the trust anchor)."""
    directory.mkdir()
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        children = list(pool.map(lambda zone: _scenario(directory, zone, certificates), zones))
    lab = _sign(directory, "lab", _lab_records(zones, children), Signing.SIGNED)
    tops = [lab, *(signed for zone, signed in zip(zones, children) if not zone.parent)]
    below = "\n".join(f"{top.origin}. NS ns.lab.\n{top.ds}" for top in tops)
    root = _sign(directory, "", f"ns.lab. A {NAME_SERVER}\n{below}", Signing.SIGNED)
    anchor = directory / "trust-anchor.ds"
    anchor.write_text(root.ds + "\n", encoding="ascii")
    return [root, lab, *children], str(anchor)


def _lab_records(zones, children):
    lines = [f"ns A {NAME_SERVER}", f"ns-scripted A {SCRIPTED_NAME_SERVER}", "sender A 192.0.2.1"]
    for zone, signed in zip(zones, children):
        if not zone.parent:
            continue
        lines += [f"{zone.name} NS {_name_server(zone)}", signed.ds]
    return "\n".join(lines)


def _name_server(zone):
    return "ns-scripted.lab." if zone.answers else "ns.lab."


def _scenario(directory, zone, certificates):
    lines = [*zone.records.splitlines(), *(f'_smtp._tls TXT "{text}"' for text in zone.reports)]
    records = "\n".join(_with_tlsa_data(line.strip(), certificates) for line in lines)
    zone_file = _sign(directory, zone.origin, records, zone.signing, _name_server(zone))
    if zone.damaged:
        _spoil_signature(zone_file.path, zone.origin, *zone.damaged.split())
    return zone_file


def _with_tlsa_data(line, certificates):
    owner, kind, data = line.partition(" TLSA ")
    words = data.split()
    if not kind or len(words) != 4 or not words[3].startswith("="):
        return line
    usage, selector, matching = map(int, words[:3])
    return f"{owner} TLSA {tlsa(usage, selector, matching, certificates[words[3][1:]])}"


def sign_changed(directory, zone, certificates, owner, tlsa_data, life=30 * DAY):
    """The path of a second version of a signed zone, by the same key, serial 2: with these TLSA records
    at `owner` (where the table has a TTL, with that) and signatures that end in `life` seconds."""
    new = [_with_tlsa_data(f"{owner} TLSA {data}", certificates) for data in tlsa_data]
    return _sign_second(directory, zone.origin, lambda line: not line.startswith(f"{owner} TLSA "), new, life)


def sign_spoilt(directory, zone, owner, covered):
    """As sign_changed(), with nothing changed but one signature, which is wrong."""
    path = _sign_second(directory, zone.origin, lambda line: True)
    _spoil_signature(path, zone.origin, owner, covered)
    return path


def sign_without_ds(directory, zone):
    """A second version of `lab.`, in which the zone is not signed any more."""
    return _sign_second(directory, "lab", lambda line: line.split()[:1] != [f"{zone.origin}."])


def sign_newly(directory, zone, certificates, owner, tlsa_data):
    """Second versions of `lab.` and of a zone that was not signed and now is: their paths by origin."""
    key = _run(directory, "ldns-keygen", "-k", "-a", "ECDSAP256SHA256", "-r", "/dev/urandom", f"{zone.origin}.")
    ds = (directory / f"{key}.ds").read_text(encoding="ascii").strip()
    return {zone.origin: sign_changed(directory, zone, certificates, owner, tlsa_data),
            "lab": _sign_second(directory, "lab", lambda line: True, [ds])}


def sign_root(directory, into, keys):
    """The path of a second version of the root, serial 2, in `into`, signed by these keys: paths without ".key"."""
    path = into / "root.zone"
    text = (directory / "root.zone").read_text(encoding="ascii")
    path.write_text(text.replace("hostmaster.lab. 1 ", "hostmaster.lab. 2 "), encoding="ascii")
    now = int(time.time())
    _run(into, "ldns-signzone", "-o", ".", "-i", str(now - HOUR), "-e", str(now + 30 * DAY),
         "-f", f"{path}.signed", str(path), *keys)
    return f"{path}.signed"


def new_root_key(into):
    """Of a key for the root that nobody knows yet, the path without ".key"; beside it are ".ds" and ".private"."""
    key = _run(into, "ldns-keygen", "-k", "-a", "ECDSAP256SHA256", "-r", "/dev/urandom", ".")
    return str(into / key)


def _sign_second(directory, origin, stays, more=(), life=30 * DAY):
    """The path of a second version of a zone, by the same key, serial 2: the lines of the first that stay, and
    some more."""
    path = directory / f"{origin}.changed"
    lines = (directory / f"{origin}.zone").read_text(encoding="ascii").splitlines()
    text = "\n".join([*filter(stays, lines), *more]).replace("hostmaster.lab. 1 ", "hostmaster.lab. 2 ")
    path.write_text(text + "\n", encoding="ascii")
    (key,) = directory.glob(f"K{origin}.+*.key")
    now = int(time.time())
    _run(directory, "ldns-signzone", "-o", f"{origin}.", "-i", str(now - HOUR), "-e", str(now + life),
         "-f", f"{path}.signed", str(path), key.stem)
    return f"{path}.signed"


def _sign(directory, origin, records, signing, name_server="ns.lab."):
    path = directory / f"{origin or 'root'}.zone"
    path.write_text(
        f"$ORIGIN {origin}.\n$TTL 300\n"
        f"@ SOA {name_server} hostmaster.lab. 1 3600 600 86400 60\n@ NS {name_server}\n{records}\n",
        encoding="ascii")
    if signing == Signing.UNSIGNED:
        return ZoneFile(origin, str(path))
    now = int(time.time())  # Unbound lets a signature live on for up to a day (val-sig-skew-max)
    start, end = (now - 30 * DAY, now - 2 * DAY) if signing == Signing.EXPIRED else (now - HOUR,
                                                                                 now + 30 * DAY)
    key = _run(directory, "ldns-keygen", "-k", "-a", "ECDSAP256SHA256", "-r", "/dev/urandom",
               f"{origin}.")
    signed = f"{path}.signed"
    _run(directory, "ldns-signzone", "-o", f"{origin}.", "-i", str(start), "-e", str(end),
         "-f", signed, str(path), key)
    ds = (directory / f"{key}.ds").read_text(encoding="ascii").strip()
    if signing == Signing.UNKNOWN_ALGORITHM:
        ds = _with_unknown_algorithm(signed, ds)
    return ZoneFile(origin, signed, ds)


UNKNOWN = "100"  # unassigned


def _with_unknown_algorithm(path, ds):
    """Keys and signatures say another number than they were made with; returns the DS that does."""
    with open(path, encoding="ascii") as file:
        lines = [line.split() for line in file.read().splitlines()]
    for words in lines:
        if len(words) > 6 and words[3] in ("DNSKEY", "RRSIG"):
            words[6 if words[3] == "DNSKEY" else 5] = UNKNOWN
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(" ".join(words) for words in lines) + "\n")
    words = ds.split()
    words[words.index("DS") + 2] = UNKNOWN
    return " ".join(words)


def _run(directory, *argv):
    done = subprocess.run(argv, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout.strip()


def _spoil_signature(path, origin, owner, covered):
    """Turns over one bit of the signature of one RRset (ldns writes one record a line)."""
    full_owner = f"{origin}." if owner == "@" else f"{owner}.{origin}."
    with open(path, encoding="ascii") as file:
        lines = file.read().splitlines()
    spoilt = 0
    for number, line in enumerate(lines):
        words = line.split()
        if len(words) > 5 and words[0] == full_owner and words[3:5] == ["RRSIG", covered]:
            lines[number] = " ".join(words[:-1] + [_turn_bit(words[-1])])
            spoilt += 1
    if spoilt != 1:
        raise RuntimeError(f"{path}: {spoilt} signatures of {full_owner} {covered}, not one")
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")


def _turn_bit(signature):
    octets = bytearray(base64.b64decode(signature))
    octets[20] ^= 1
    return base64.b64encode(octets).decode("ascii")
