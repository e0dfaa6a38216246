# SPDX-License-Identifier: GPL-2.0-or-later
"""A message of a soak: a body of its own, with lines that a transfer could spoil, and a header that tells its token,
the octets of the body and their SHA-256; what is wrong with one that arrived, and what a bounce says. Lines end with
LF here.
"""
import base64
import hashlib
import re

LONGEST = 998  # octets of a line (RFC 5321 4.5.3.1.6)


def message_of(token, size, rng):
    """About `size` octets."""
    body = _body(size, rng)
    return f"From: alice@sender.lab\nSubject: soak\nX-Soak: {_told(token, body)}\n\n".encode() + body


def damage_of(mail):
    """What there is in place of the body that was sent; "" of one that is whole."""
    told, body = mail.header("X-Soak"), mail.body
    words = told.split()
    if len(words) != 3:
        return f"it says {told!r}"
    if told == _told(words[0], body):
        return ""
    return f"{len(body)} octets instead of {words[1]}" if str(len(body)) != words[1] else "other octets"


def reasons(bounce):
    """What a bounce says of each recipient that it names, by token and recipient."""
    token = re.search(r"^X-Soak: (\S+)", bounce, re.M)
    failed = re.findall(r"^X-Failed-Recipients: (.*(?:\n[ \t].*)*)", bounce, re.M)
    said = dict(re.findall(r"^  (\S+@\S+)\n((?:    .*\n)*)", bounce, re.M))
    return {(token[1] if token else "", each.strip()): said.get(each.strip(), "")
            for line in failed for each in line.split(",")}


def _told(token, body):
    return f"{token} {len(body)} {hashlib.sha256(body).hexdigest()}"


def _body(size, rng):
    lines = base64.encodebytes(rng.randbytes(max(size - 2 * LONGEST, 100) * 3 // 4)).splitlines()
    for line in (b".", b"..", b".a", b"", b"." * LONGEST, b"long" + b"x" * (LONGEST - 4)):
        lines.insert(rng.randrange(len(lines) + 1), line)
    return b"\n".join(lines) + b"\n"
