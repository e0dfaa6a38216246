#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares our verdicts with OpenSSL's.

    compare.py [--cases N] [--seed N] [--turn-round] [--show CLASS]

The environment names the two judges: DANESMTP (the tool) and OPENSSL_JUDGE. Fails when we are more
lenient than OpenSSL in a case that no class below explains, or stricter in one; a class without a
reason does not exist. Prints what was compared, and every class with its count. Many cases are made
in batches, each from a seed of its own, the next number; `--seed fresh` draws the first.
"""

import argparse
import collections
import dataclasses
import itertools
import json
import os
import random
import subprocess
import sys

import openssl
from cases import Maker, record_text
from certificates import Keys, cut_key_info, key_if_any, pem_of
from known_differences import CLASSES
from signed_paths import signatures_of

BATCH = 1000
LENIENCE = {"failed": 0, "unusable": 1, "authenticated": 2}


def ask_danesmtp(cases):
    lines = "".join(json.dumps({
        "id": case.id, "chain": "".join(map(pem_of, case.chain)), "tlsa": case.tlsa, "refs": case.names,
        "verify_time": case.at.strftime("%Y-%m-%dT%H:%M:%SZ")}) + "\n" for case in cases)
    result = subprocess.run([os.environ["DANESMTP"], "verify", "--jsonl"], input=lines, text=True,
                            stdout=subprocess.PIPE, check=True)
    return {answer["id"]: answer for answer in map(json.loads, result.stdout.splitlines())}


def question(case):
    lines = [f"case {case.id} {case.unix_time()}"]
    lines += [f"name {name}" for name in case.names] + [f"tlsa {record}" for record in case.tlsa]
    return "\n".join(lines) + "\n" + "".join(map(pem_of, case.chain)) + "end\n"


def ask_openssl(cases):
    return {id_: {"verdict": verdict, "matched": matched, "depth": int(depth), "reason": reason}
            for id_, verdict, matched, depth, reason in openssl.answers(map(question, cases))}


def class_of(case, ours, theirs):
    lenient = LENIENCE[ours["verdict"]] > LENIENCE[theirs["verdict"]]
    if lenient and "signatures bear it out" not in case.tags:
        return None
    for known in CLASSES:
        if known.we_are_lenient == lenient and known.applies(case, ours, theirs):
            return known
    return None


def more_lenient(cases, one, other):
    """Those in which one of the judges is more lenient than the other."""
    return [case for case in cases if LENIENCE[one[case.id]["verdict"]] > LENIENCE[other[case.id]["verdict"]]]


def with_fewer(case):
    """The same question with every choice of the certificates after the leaf, and with all, none and each
    of those that OpenSSL takes from `2 0 0` records to build chains of."""
    others = case.chain[1:]
    whole = [record for record in case.tlsa if record.startswith("2 0 0 ")]
    fewer = [record for record in case.tlsa if record not in whole]
    choices = [case.tlsa, fewer, *([record, *fewer] for record in whole if len(whole) > 1)]
    for size in range(len(others) + 1):
        for number, some in enumerate(itertools.combinations(others, size)):
            for choice, records in enumerate(choices):
                yield dataclasses.replace(case, id=f"{case.id}/{size}/{number}/{choice}",
                                          chain=case.chain[:1] + list(some), tlsa=records)


def mark_choices(cases, ours, theirs):
    """Tags the cases that OpenSSL refuses for a certificate that it need not have used, and those in
    which it objects to a purpose, at once or when such a certificate is left out."""
    lenient = more_lenient(cases, ours, theirs)
    parts = ask_openssl([part for case in lenient for part in with_fewer(case)])
    for case in lenient:
        said = [theirs[case.id]] + [answer for id_, answer in parts.items() if id_.split("/")[0] == case.id]
        if any(answer["verdict"] == "authenticated" for answer in said):
            case.tags.add("OpenSSL accepts a part of the chain")
        if any(answer["reason"] == "unsuitable certificate purpose" for answer in said):
            case.tags.add("OpenSSL objects to the purpose")


def mark_signatures(cases, ours, theirs):
    """Tags the cases that we alone accept, if the signatures of the path are those that they should be."""
    accepted = [case for case in more_lenient(cases, ours, theirs) if ours[case.id]["verdict"] == "authenticated"]
    signatures = signatures_of(accepted)
    for case in accepted:
        if signatures[case.id].bear(ours[case.id]):
            case.tags.add("signatures bear it out")


def without_leaf_key(case):
    """The same question without the usage 2 records of a certificate, shown or in the DNS, that has the leaf's key."""
    key = cut_key_info(case.chain[0])
    spoken_of = [(0, der) for der in case.chain + case.published("2 0 0 ") if key_if_any(der) == key] + [(1, key)]
    records = {record_text(2, selector, matching, data) for selector, data in spoken_of for matching in range(3)}
    return dataclasses.replace(case, tlsa=[record for record in case.tlsa if record not in records])


def mark_leaf_keys(cases, ours, theirs):
    """Tags the cases in which OpenSSL accepts such a record, we do not, and nothing else divides us."""
    fewer = [less for case in more_lenient(cases, theirs, ours) if (less := without_leaf_key(case)).tlsa != case.tlsa]
    some = [case for case in fewer if case.tlsa]
    ours_then, theirs_then = ask_danesmtp(some), ask_openssl(some)
    for case in fewer:  # the set of tags is shared with the whole case
        if case.tlsa:
            alike = ours_then[case.id]["verdict"] == theirs_then[case.id]["verdict"]
        else:
            alike = ours[case.id]["reason"].startswith("no path from the server's certificate")
        if alike:
            case.tags.add("alike without the leaf's key")


def describe(case, ours, theirs):
    return (f"case {case.id}: ours {ours['verdict']} ({ours['matched'] and ours['matched'][:12]} depth "
            f"{ours['depth']}: {ours['reason']})\n  OpenSSL {theirs['verdict']} ({theirs['matched']} depth "
            f"{theirs['depth']}: {theirs['reason']})\n  {', '.join(sorted(case.tags))}\n  records: "
            f"{', '.join(record[:20] for record in case.tlsa)}")


def turn_round(cases, ours, theirs):
    """One refusal that both agree on becomes a wrong acceptance of ours, of a record that is there and speaks of
    nobody, with tags that would excuse it. Returns the case's id."""
    record = f"2 1 1 {'00' * 32}"
    for case in cases:
        if theirs[case.id]["reason"] == "no matching DANE TLSA records" and ours[case.id]["verdict"] == "failed":
            ours[case.id].update(verdict="authenticated", matched=record, depth=1, reason="turned round")
            case.tags |= {"two CAs of one name", "no key ids"}
            case.tlsa.append(record)
            return case.id
    return None


def damaged(der):
    return der[:-1] + bytes([der[-1] ^ 1])


def notices_signatures(cases, ours):
    """Whether each path to a trust anchor is borne out that we accept, and none whose record is not there, or of
    which a signature is damaged: the leaf's, or all those after it. Prints what is told wrongly."""
    paths = [case for case in cases if ours[case.id]["verdict"] == "authenticated" and ours[case.id]["depth"] > 0]
    long = [case for case in paths if ours[case.id]["depth"] > 1 and not any(r.startswith("2 0 0") for r in case.tlsa)]
    asked = [(True, paths),
             (False, [dataclasses.replace(case, tlsa=[]) for case in paths]),
             (False, [dataclasses.replace(case, chain=[damaged(case.chain[0]), *case.chain[1:]]) for case in paths]),
             (False, [dataclasses.replace(case, chain=[case.chain[0], *map(damaged, case.chain[1:])]) for case in long])]
    wrong = []
    for borne, some in asked:
        signatures = signatures_of(some)
        wrong += [f"signatures of case {case.id} are told wrongly: {not borne}"
                  for case in some if signatures[case.id].bear(ours[case.id]) != borne]
    if not paths or not long:
        wrong.append("no paths long enough, the generator is at fault")
    for line in wrong:
        print(line)
    return not wrong


def compare(cases, ours, theirs, show):
    mark_leaf_keys(cases, ours, theirs)
    mark_choices(cases, ours, theirs)
    mark_signatures(cases, ours, theirs)
    agreed, known, unexplained = collections.Counter(), collections.Counter(), []
    for case in cases:
        our, their = ours[case.id], theirs[case.id]
        if our["verdict"] == their["verdict"]:
            agreed[our["verdict"]] += 1
            continue
        why = class_of(case, our, their)
        if why:
            known[why.name] += 1
        else:
            unexplained.append((case, our, their))
            print(describe(case, our, their), file=sys.stderr, flush=True)
        if why and why.name == show:
            print(describe(case, our, their))
    return agreed, known, unexplained


def report(agreed, known, unexplained):
    print(f"agreed: {agreed['authenticated']} authenticated, {agreed['failed']} failed, "
          f"{agreed['unusable']} unusable")
    for kind, lenient in (("we refuse, OpenSSL accepts", False),
                          ("we accept, OpenSSL refuses (it was asked for each signature of the path)", True)):
        print(f"{kind}:")
        for class_ in CLASSES:
            if class_.we_are_lenient == lenient:
                print(f"  {known[class_.name]:5} {class_.name}: {class_.reason}")
    print(f"unexplained: {len(unexplained)}")


def cases_of(seed, count):
    source = random.Random(seed)
    maker = Maker(source, Keys(source))
    return [maker.case(number) for number in range(count)]


def judge_falsified(arguments):
    """0 when one falsified verdict is what is noticed, and nothing else, and a damaged signature too."""
    cases = cases_of(arguments.seed, arguments.cases)
    ours, theirs = ask_danesmtp(cases), ask_openssl(cases)
    if not notices_signatures(cases, ours):
        return 1
    turned = turn_round(cases, ours, theirs)
    if turned is None:
        print("no case to turn round, the generator is at fault")
        return 1
    agreed, known, unexplained = compare(cases, ours, theirs, arguments.show)
    report(agreed, known, unexplained)
    return 0 if [case.id for case, _, _ in unexplained] == [turned] else 1


def judge(arguments):
    agreed, known, unexplained = collections.Counter(), collections.Counter(), []
    print(f"{arguments.cases} cases from seed {arguments.seed}; a case is SEED-NUMBER", file=sys.stderr, flush=True)
    for number, first in enumerate(range(0, arguments.cases, BATCH)):
        cases = cases_of(arguments.seed + number, min(BATCH, arguments.cases - first))
        for case in cases:
            case.id = f"{arguments.seed + number}-{case.id}"
        ours, theirs = ask_danesmtp(cases), ask_openssl(cases)
        more_agreed, more_known, more_unexplained = compare(cases, ours, theirs, arguments.show)
        agreed += more_agreed
        known += more_known
        unexplained += more_unexplained
        if first + BATCH < arguments.cases:
            print(f"{first + BATCH} cases, {len(unexplained)} unexplained", file=sys.stderr, flush=True)
    report(agreed, known, unexplained)
    # Without many of each there is nothing to agree on.
    enough = all(agreed[verdict] >= arguments.cases * share
                 for verdict, share in (("authenticated", 0.15), ("failed", 0.15), ("unusable", 0.005)))
    if not enough:
        print("too few cases of a kind, the generator is at fault")
    print(f"verdicts: {arguments.cases} cases from seed {arguments.seed}, {agreed.total()} agreed, "
          f"{known.total()} in known classes, {len(unexplained)} unexplained")
    return 1 if unexplained or not enough else 0


def seed(text):
    return random.SystemRandom().randrange(1 << 32) if text == "fresh" else int(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=seed, default=1)
    parser.add_argument("--turn-round", action="store_true",
                        help="the test of the test: falsify one verdict of ours; it must be noticed")
    parser.add_argument("--show", metavar="CLASS", help="print the cases of a class")
    arguments = parser.parse_args()
    return judge_falsified(arguments) if arguments.turn_round else judge(arguments)


if __name__ == "__main__":
    sys.exit(main())
