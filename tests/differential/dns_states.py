#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the module's resolver makes of every name and type in the zones of the world, against what `delv`
makes of it: BIND's validator, with the same trust anchor, through the same forwarder. Run through `enter`:

    dns_states.py [--zones NAME,...] [--all]

DNS_ASK names the program that asks (tests/integration/dns/ask.cpp), if it is not that of build/dev. States:
secure, insecure, each with how many such records there are, or "none"; bogus: a signature is missing or wrong;
failed: no answer. Prints each difference with its reason (KNOWN), --all every question, and at the end the figures;
fails when one has none, or when too little is agreed upon.
"""
import argparse
import collections
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "world"))

from world import World  # noqa: E402  (needs the path above)
from zones import SPECIAL_ZONES, ZONES  # noqa: E402

TYPES = ("MX", "A", "AAAA", "TLSA", "CNAME", "TXT")
EVERY_ZONE = ("@", "mx", "_25._tcp.mx", "_smtp._tls", "_mta-sts", "no-such-name", "_25._tcp.no-such-name")
LEAST = 20  # answers of each of these states that are agreed upon, where all zones are asked
STATES = ("secure", "secure none", "insecure", "insecure none", "bogus")
ASK = Path(__file__).resolve().parents[2] / "build/dev/tests/integration/dns/dns_ask"
PATIENCE = 5  # seconds, for one question
ASKED_AT_ONCE = 3


@dataclass(frozen=True)
class Question:
    zone: str
    name: str
    type: str


@dataclass(frozen=True)
class Known:
    """A difference that has a reason."""
    ours: str
    theirs: str
    zone: str  # a regular expression
    reason: str

    def explains(self, question, ours, theirs):
        return ours == self.ours and theirs == self.theirs and re.fullmatch(self.zone, question.zone)


KNOWN = (
    Known("bogus", "secure none", "tlsa-dname",
          "CNAME below a DNAME: libunbound looks for a DS record there. The type is asked for where the end of a chain "
          "is not signed (D-010), and the host is not used then"),
)


def owners(zone):
    """Names that the zone speaks of, and some that it need not."""
    lines = [line.split() for line in zone.records.splitlines() if line.strip()]
    return dict.fromkeys([*EVERY_ZONE, *(words[0] for words in lines if "*" not in words[0]),
                          *(words[0].replace("*", "any") for words in lines if "*" in words[0])])


def full_name(owner, zone):
    if owner.endswith("."):
        return owner[:-1]
    return zone.origin if owner == "@" else f"{owner}.{zone.origin}"


def questions_about(zones):
    return [Question(zone.name, full_name(owner, zone), rdtype)
            for zone in zones for owner in owners(zone) for rdtype in TYPES]


def state_of(word, records):
    return f"{word} {records or 'none'}"


def kind_of(state):
    """Without how many records: "secure" of "secure 2"."""
    return re.sub(r" \d+$", "", state)


def ours_of(line):
    """Of a line of dns_ask's: `secure noerror n=1 ...`, `bogus: text`, `failure: text`."""
    said = line.split(": ", 1)[1]
    words = said.split()
    if words[0] in ("secure", "insecure"):
        return state_of(words[0], int(words[2].removeprefix("n=")))
    return "bogus" if words[0] == "bogus:" else "failed"


def ask_ours(questions, anchor):
    pairs = [word for each in questions for word in (each.type, each.name)]
    command = [os.environ.get("DNS_ASK", ASK), "system", "-", anchor, str(PATIENCE * 1000), *pairs]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("note: ")]
    assert len(lines) == len(questions), done.stdout[-500:]
    return [ours_of(line) for line in lines]


def delv_anchor(directory, anchor):
    """The same anchor in BIND's words."""
    tag, algorithm, digest_type, digest = Path(anchor).read_text(encoding="ascii").split()[-4:]
    path = directory / "delv-anchor.conf"
    path.write_text(f'trust-anchors {{ . static-ds {tag} {algorithm} {digest_type} "{digest}"; }};\n',
                    encoding="ascii")
    return path


def theirs_of(output, rdtype):
    """Of what delv prints: a comment before each RRset, or why there is none."""
    states = re.findall(r"^; (?:negative response, )?(fully validated|unsigned answer|answer not validated)", output,
                        re.M)
    if not states or re.search("^;; resolution failed: (?!ncache)", output, re.M):
        return "failed"
    state = "secure" if set(states) == {"fully validated"} else "insecure"
    return state_of(state, len(re.findall(rf"^[^;\s]\S*\s+\d+\s+IN\s+{rdtype}\s", output, re.M)))


def run_delv(question, *options):
    command = ["delv", "@127.0.0.1", "+cdflag", *options, f"{question.name}.", question.type]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3 * PATIENCE)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout + done.stderr


def ask_delv(question, anchor):
    """What does not validate, and is there for those who do not ask for that (-i), is bogus."""
    state = theirs_of(run_delv(question, "-a", str(anchor), "+root"), question.type)
    if state != "failed":
        return state
    there = theirs_of(run_delv(question, "-i"), question.type)
    return "failed" if there == "failed" else "bogus"


def reason_for(question, ours, theirs):
    return next((known.reason for known in KNOWN if known.explains(question, ours, theirs)), None)


def ask_again(questions, ours, theirs, anchors):
    """Of both, one at a time, what they differ in without a reason: on a busy machine delv gives up. Returns how many."""
    again = [number for number, question in enumerate(questions)
             if ours[number] != theirs[number] and not reason_for(question, ours[number], theirs[number])]
    for number in again:
        ours[number], = ask_ours([questions[number]], anchors[0])
        theirs[number] = ask_delv(questions[number], anchors[1])
    return len(again)


def compare(world, zones, show_all=False):
    """Prints the differences; returns how many there are of each: agreed, known, unexplained; and of each state that is
    agreed upon."""
    questions = questions_about(zones)
    ours = ask_ours(questions, world.trust_anchor)
    anchor = delv_anchor(world.directory, world.trust_anchor)
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        theirs = list(pool.map(lambda question: ask_delv(question, anchor), questions))
    again = ask_again(questions, ours, theirs, (world.trust_anchor, anchor))
    counts, states = collections.Counter(), collections.Counter()
    for question, our, their in zip(questions, ours, theirs):
        reason = None if our == their else reason_for(question, our, their)
        counts["agreed" if our == their else "known" if reason else "unexplained"] += 1
        states[kind_of(our)] += our == their
        if show_all or our != their:
            print(f"{question.name} {question.type}: ours {our}, delv {their}"
                  f"{'' if our == their else ': ' + (reason or 'UNEXPLAINED')}", flush=True)
    print("agreed: " + ", ".join(f"{count} {state}" for state, count in sorted(states.items()) if count))
    print(f"dns: {len(zones)} zones, {len(questions)} questions, {counts['agreed']} agreed, "
          f"{counts['known']} with a known reason, {counts['unexplained']} unexplained; {again} were asked twice")
    return counts | states


def is_enough(counts):
    """Whether so much is agreed upon of each state that a resolver which answers nobody would be noticed."""
    few = [state for state in STATES if counts[state] < LEAST]
    for state in few:
        print(f"dns: only {counts[state]} answers are agreed to be {state}")
    return not few


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zones", help="names of the table, by commas; all, if none is given")
    parser.add_argument("--all", action="store_true", help="print every question")
    given = parser.parse_args()
    zones = [*ZONES, *SPECIAL_ZONES]
    if given.zones:
        zones = [zone for zone in zones if zone.name in given.zones.split(",")]
    with World() as world:
        counts = compare(world, zones, given.all)
    return 1 if counts["unexplained"] or not given.zones and not is_enough(counts) else 0


if __name__ == "__main__":
    sys.exit(main())
