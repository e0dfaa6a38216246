# SPDX-License-Identifier: GPL-2.0-or-later
"""The classes of cases in which our verdict and OpenSSL's may differ, each with its reason. A class
looks at what was changed in the case (its tags) and at what both judges said. What we alone accept is besides a
path by its signatures (signed_paths.py), or has no class."""

import dataclasses
import typing


@dataclasses.dataclass
class Difference:
    name: str
    we_are_lenient: bool
    reason: str
    applies: typing.Callable  # (case, ours, theirs) -> bool


CLASSES = [
    Difference(
        "anchor dates", False,
        "OpenSSL does not look at the dates of an anchor that is not self-signed; an anchor out of "
        "date is no anchor here (decision 0003)",
        lambda case, ours, theirs: {"CA expired", "CA future", "expired twin"} & case.tags
        and "expired or is not valid yet" in ours["reason"]),
    Difference(
        "leaf key as the anchor", False,
        "a usage 2 record speaks of the issuer's key; when that is the leaf's own key, usage 3 is "
        "the record to publish (D-087). Without such records both say the same, which is tried each time",
        lambda case, ours, theirs: "alike without the leaf's key" in case.tags),
    Difference(
        "partial wildcard", False,
        "RFC 7672 3.2.3 knows no wildcard that is only a part of a label; OpenSSL has to be told so",
        lambda case, ours, theirs: "names: partial wildcard" in case.tags
        and "none of the expected names" in ours["reason"]),
    Difference(
        "SHA-1 below a bare key", False,
        "OpenSSL does not ask how the certificate is signed that a published key signed itself; a "
        "SHA-1 signature proves nothing here (decision 0003)",
        lambda case, ours, theirs: "SHA-1" in case.tags and "insecure algorithm" in ours["reason"]),
    Difference(
        "CA without basicConstraints", False,
        "RFC 5280 4.2.1.9; OpenSSL is content with a key usage for signing certificates. One that names "
        "another key than its own as its issuer's is not taken for the end of the chain, and the refusal "
        "is worded so",
        lambda case, ours, theirs: "no basicConstraints" in case.tags and ("not a CA" in ours["reason"] or (
            "wrong key id" in case.tags and "issuer is unknown" in ours["reason"]))),
    Difference(
        "issuer of its own name", False,
        "GnuTLS takes an intermediate for a root when it bears its issuer's name and no key "
        "identifiers tell the two apart, and leaves it out; the leaf's signature then does not verify",
        lambda case, ours, theirs: {"two CAs of one name", "no key ids"} <= case.tags
        and "certificate is NOT trusted" in ours["reason"]),
    Difference(
        "path length and self-issued", False,
        "RFC 5280 4.2.1.9 does not count a CA certificate whose issuer has the same name; GnuTLS does",
        lambda case, ours, theirs: {"two CAs of one name", "path length"} <= case.tags
        and "violates the signer's constraints" in ours["reason"]),
    Difference(
        "wildcard CN under name constraints", False,
        "OpenSSL does not apply name constraints to a CN with a wildcard, but lets it match; GnuTLS "
        "does apply them",
        lambda case, ours, theirs: "CN is the name" in case.tags
        and "violates the signer's constraints" in ours["reason"]),
    Difference(
        "one of several certificates", True,
        "OpenSSL goes by the first issuer that fits and does not come back; it accepts the same leaf "
        "when some of the other certificates are left out, which is tried each time",
        lambda case, ours, theirs: "OpenSSL accepts a part of the chain" in case.tags),
    Difference(
        "issuer of its own name, for OpenSSL", True,
        "OpenSSL does the same, in other places of the chain, and stops there",
        lambda case, ours, theirs: {"two CAs of one name", "no key ids"} <= case.tags
        and theirs["reason"] in ("no matching DANE TLSA records", "certificate signature failure")),
    Difference(
        "any purpose", True,
        "RFC 5280 4.2.1.12: anyExtendedKeyUsage includes TLS servers; OpenSSL wants serverAuth named",
        lambda case, ours, theirs: {"leaf purpose any", "CA purpose any"} & case.tags
        and "OpenSSL objects to the purpose" in case.tags),
]
