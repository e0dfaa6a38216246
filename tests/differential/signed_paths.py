# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether what we accepted is a path by its signatures alone: each of them is tried by OpenSSL with each key, which
then has no say in what a path is."""

import openssl
from cases import record_text
from certificates import key_if_any, pem_of, tlv


class Signatures:
    """Of the certificates that a case shows or has in its records, by their keys and those of `2 1 0` records."""

    def __init__(self, case):
        self._records = case.tlsa
        self._certificates = case.chain + [der for der in case.published("2 0 0 ") if _is_certificate(der)]
        self._keys = [key_if_any(der) for der in self._certificates] + case.published("2 1 0 ")
        self._signed = set()

    def question(self, id_):
        keys = "".join(f"key {key.hex()}\n" for key in self._keys)
        return f"case {id_} 0\n" + keys + "".join(map(pem_of, self._certificates)) + "end\n"

    def take(self, pairs):
        """A root that signed itself is no step to anywhere."""
        all_pairs = (tuple(map(int, pair.split(">"))) for pair in pairs.split())
        self._signed = {(one, key) for one, key in all_pairs
                        if self._certificates[key:key + 1] != self._certificates[one:one + 1]}

    def bear(self, accepted):
        """Whether they lead from the leaf to what the record that was matched speaks of, in as many steps as told."""
        usage, selector, matching = map(int, accepted["matched"].split()[:3])
        if accepted["matched"] not in self._records or usage != (2 if accepted["depth"] else 3) or selector > 1:
            return False
        spoken_of = self._keys if selector else self._certificates
        ends = {at for at, octets in enumerate(spoken_of)
                if record_text(usage, selector, matching, octets) == accepted["matched"]}
        reached = {0}
        for _ in range(accepted["depth"]):
            reached = {key for certificate, key in self._signed if certificate in reached}
        return bool(reached & ends)


def signatures_of(cases):
    """Those of each case, by its id."""
    found = {case.id: Signatures(case) for case in cases}
    for id_, _, _, _, pairs in openssl.answers(one.question(id_) for id_, one in found.items()):
        found[id_].take(pairs)
    return found


def _is_certificate(der):
    """With nothing behind it."""
    return key_if_any(der) is not None and tlv(der)[1] == len(der)
