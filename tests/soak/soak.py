# SPDX-License-Identifier: GPL-2.0-or-later
"""Hours of mail and trouble in the private world, and an account that must balance. Run through `enter`:
scripts/soak says how. Prints its seed, each trouble as it comes, and the account; ends with status 1 if that
does not balance.
"""
import argparse
import random
import re
import shutil
import sys
import time
from pathlib import Path

from account import Books, faults_in_account
from chaos import Chaos
from fates import MUST_HAVE_TLS, MUST_WAIT, impostors, servers_of
from harvest import Harvest
from memory import CEILING
from message import reasons
from remains import LONG, crashes, leaks, left_out, panics
from station import MAIN, PORT, Station
from story import story, under_a_new_key
from traffic import OWN_DOMAINS, SOAK_ZONES, Traffic
from world import World

RETRY = "* * F,1000h,3s"
WAITING = 60  # messages on the queue at most, beside those that have to wait
CALM_RUNS = 8
LONGEST_STILL = 300  # seconds in which nobody is reached although there is mail
LOGS = Path(__file__).resolve().parents[2] / "build/soak"  # of a sender whose account does not balance


def wished():
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("hours", nargs="?", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    return parser.parse_args()


def transport_options(world):
    return {"dane_trust_anchor_file": world.trust_anchor, "command_timeout": "20s", "connect_timeout": "5s"}


class Soak:
    def __init__(self, world, modules, seed):
        self._begin = time.monotonic()
        rng = random.Random(seed)  # which trouble, when and whom; what the processes make of it is theirs
        self.sender = world.sender(options=transport_options(world), main=MAIN, retry=RETRY, log="+pid")
        self.station = Station(self.sender, modules)
        self.traffic = Traffic(self.sender, PORT, random.Random(rng.random()), self._room)
        self.harvest = Harvest(world)
        self.chaos = Chaos(world, self.sender, self.station, random.Random(rng.random()), self.tell)
        self._servers = {domain: servers_of(domain) for domain in (*self.traffic.delivered, *OWN_DOMAINS)}
        self._seconds = 0
        self.still = []  # a line for each time of LONGEST_STILL

    def tell(self, text):
        print(f"{time.monotonic() - self._begin:8.1f} s  {text}", flush=True)

    def _room(self):
        """How many messages more there may be."""
        return WAITING + self._waits() - len(list(self.sender.spool.glob("input/*-H")))

    def _waits(self):
        return sum(message.recipients[0].partition("@")[2] in MUST_WAIT
                   for message in list(self.traffic.ledger.values()))

    def run(self, seconds):
        self._seconds = seconds
        self.station.start()
        self.harvest.start()
        self.traffic.start()
        self.chaos.start()
        end = time.monotonic() + seconds
        moved, reached = time.monotonic(), 0
        while (now := time.monotonic()) < end:
            time.sleep(min(30.0, end - now))
            before, reached = reached, len(self.harvest.arrivals)
            self.tell(f"{len(self.traffic.ledger)} messages put in, {reached} recipients reached")
            if reached != before:
                moved = now
            elif now - moved > LONGEST_STILL:
                moved = now
                self.still.append(f"nobody was reached in {LONGEST_STILL} s before {now - self._begin:.0f} s")
        self.chaos.stop()
        self.traffic.stop()
        self.tell("calm")
        self._deliver_what_can_be()
        self.station.stop()

    def _deliver_what_can_be(self):
        for _ in range(CALM_RUNS):
            for frozen in self._frozen():
                self.sender.exim("-Mt", frozen, expected=(0, 1))
            self.station.run_queue(forced=True)
            if not self._not_meant_to_wait():
                return

    def _frozen(self):
        return [line.split()[2] for line in self.sender.exim("-bpru").stdout.decode().splitlines()
                if line.endswith("*** frozen ***")]

    def _not_meant_to_wait(self):
        return [pair for pair in self.waiting() if pair[1].partition("@")[2] not in MUST_WAIT]

    def waiting(self):
        """Pairs of token and recipient of what is on the queue."""
        return {(self._token(message_id), recipient) for message_id, recipients in self.sender.queue().items()
                for recipient in recipients}

    def _token(self, message_id):
        text = (self.sender.spool / f"input/{message_id}-H").read_text(encoding="utf-8", errors="replace")
        found = re.search(r"X-Soak: (\S+)", text)
        return found[1] if found else message_id

    def bounced(self):
        return {pair: reason for text in self.sender.bounces_in_place() for pair, reason in reasons(text).items()}

    def books(self, world):
        self.harvest.stop()
        taken = {each.token: each.recipients for each in self.traffic.ledger.values() if each.taken}
        unsure = {each.token: each.recipients for each in self.traffic.ledger.values() if not each.taken}
        return Books(taken, unsure, self.harvest.arrivals, self.bounced(), self.waiting(), self.chaos.faults,
                     MUST_WAIT, MUST_HAVE_TLS, impostors(world), self._servers, self.chaos.rollovers.unpublished)

    def not_done(self):
        """What the soak itself did not do as it should, a line each."""
        parts = (self.station, self.traffic, self.harvest, self.chaos)
        yield from (thread.fault for part in parts for thread in part.threads if thread.fault)
        yield from (*self.chaos.errors, *self.still)
        done = {**self.chaos.done, "mail under a new key": under_a_new_key(self)}
        kills = [f"kill of a {role}" for role in CEILING if role != "daemon"]
        yield from left_out((*self.chaos.troubles, *kills, "mail under a new key"), done, self._seconds)
        yield from self.station.memory.faults(self._seconds >= LONG)


def main():
    given = wished()
    print(f"soak: seed {given.seed}, {given.hours:g} h", flush=True)
    with World(more_zones=SOAK_ZONES) as world, world.exim.other_modules() as modules, world.root_hints():
        soak = Soak(world, modules, given.seed)
        soak.run(given.hours * 3600)
        left = list(leaks(soak))
        books = soak.books(world)
        log = (soak.sender.mainlog() + soak.sender.paniclog()).splitlines()
        excused, crashed = crashes(log, books.faults)
        culprits = ", ".join(sorted(set(excused.values()) - {""})) or "none"
        print("", *story(soak, books), f"lines of crashes where the memory was bounded: {len(excused)}, their backtraces: "
              f"{culprits}", *panics(soak.sender), sep="\n")
        wrong = [*faults_in_account(books), *left, *(f"in the log: {line}" for line in crashed), *soak.not_done()]
        if wrong:
            shutil.copytree(soak.sender.home / "log", LOGS, dirs_exist_ok=True)
    print(*(f"WRONG: {line}" for line in wrong[:50]), sep="\n")
    print(f"{len(wrong)} things do not balance" if wrong else "the account balances")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
