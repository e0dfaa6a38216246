# SPDX-License-Identifier: GPL-2.0-or-later
"""The account of a soak, pure: what was taken, what arrived, what came back, what waits, which faults there
were when; and everything that does not balance, in one line each.
"""
import collections
import re
import time
from dataclasses import dataclass, field

# A copy more is owed to a fault that fell when the earlier copy had arrived and was not yet journalled.
WINDOW = (-0.5, 2.0)  # seconds of the fault after the arrival
NOTICED = 10  # seconds until Exim writes of a process that ended
SIGNALS = re.compile(r"signal (?:4|6|7|8|11)\b|SIGSEGV|SIGABRT|core dumped|panicked")


@dataclass(frozen=True)
class Arrival:
    token: str
    recipient: str
    address: str  # of the receiver
    cipher: str  # "" in clear
    time: float  # seconds of the epoch
    message_id: str = ""  # the sender's Exim's


@dataclass(frozen=True)
class Fault:
    """What may make Exim forget what it has done. `message_id` is the message that a killed process had."""
    kind: str
    begin: float
    end: float
    message_id: str = ""


@dataclass
class Books:
    """`taken` and `unsure`: recipients by token; `bounced` and `waiting` pairs of token and recipient."""
    taken: dict
    unsure: dict
    arrivals: list
    bounced: set
    waiting: set
    faults: list = field(default_factory=list)
    must_wait: frozenset = frozenset()  # domains
    must_have_tls: frozenset = frozenset()
    impostors: frozenset = frozenset()  # addresses
    may_bounce: tuple = ("bad@",)


def faults_in_account(books):
    """Everything that is wrong, sorted; empty: it balances."""
    return sorted([*_lost(books), *_twice(books), *_wrong_place(books), *_wrong_bounces(books)])


def copies_explained(books):
    """How many copies more than one there are, by the fault that each is owed to."""
    found = collections.Counter()
    for copies in _copies(books).values():
        for copy in copies[:-1]:
            fault = _fault_of(books, copy)
            if fault:
                found[fault.kind] += 1
    return found


def _copies(books):
    """Arrivals in their order, by token and recipient."""
    found = collections.defaultdict(list)
    for arrival in sorted(books.arrivals, key=lambda each: each.time):
        found[arrival.token, arrival.recipient].append(arrival)
    return found


def _lost(books):
    copies = _copies(books)
    for token, recipients in books.taken.items():
        for recipient in recipients:
            pair = (token, recipient)
            places = (pair in copies) + (pair in books.bounced) + (pair in books.waiting)
            if places == 0:
                yield f"lost: {token} to {recipient}"
            if places > 1 and not any(_fault_of(books, copy) for copy in copies.get(pair, ())):
                yield f"in two places: {token} to {recipient}"


def _twice(books):
    for (token, recipient), copies in _copies(books).items():
        if recipient not in books.taken.get(token, ()) and recipient not in books.unsure.get(token, ()):
            yield f"never sent: {token} to {recipient}"
        for copy in copies[:-1]:
            if not _fault_of(books, copy):
                yield f"twice without a fault: {token} to {recipient} at {copy.time:.1f} {copy.message_id}".rstrip()


def _fault_of(books, copy):
    for fault in books.faults:
        if fault.message_id and fault.message_id == copy.message_id:
            return fault
        near = fault.begin - WINDOW[1] <= copy.time <= fault.end - WINDOW[0]
        if near and not fault.message_id:
            return fault
    return None


def _wrong_place(books):
    for arrival in books.arrivals:
        domain = arrival.recipient.partition("@")[2]
        where = f"{arrival.token} to {arrival.recipient} at {arrival.address}"
        if domain in books.must_wait:
            yield f"had to wait: {where}"
        if arrival.address in books.impostors:
            yield f"at an impostor: {where}"
        if domain in books.must_have_tls and not arrival.cipher:
            yield f"in clear: {where}"


def _wrong_bounces(books):
    for token, recipient in books.bounced:
        if not recipient.startswith(books.may_bounce):
            yield f"came back: {token} to {recipient}"


def crashes(log, faults):
    """The log's lines that tell of a crash: those while the soak itself bounded the memory, and all others. Of the
    libraries below, libtasn1 does not look whether it was given any; that the message waited is for the account, and
    for our own code there is test_exceptions."""
    bounded = [fault for fault in faults if fault.kind == "little memory"]
    found = {True: [], False: []}
    for line in dict.fromkeys(filter(SIGNALS.search, log)):  # once, where it is in two logs
        when = _epoch(line)
        found[any(fault.begin - 1 <= when <= fault.end + NOTICED for fault in bounded)].append(line)
    return found[True], found[False]


def _epoch(line):
    """0.0 where no time of this machine's stands in front."""
    try:
        return time.mktime(time.strptime(line[:19], "%Y-%m-%d %H:%M:%S"))
    except ValueError:
        return 0.0
