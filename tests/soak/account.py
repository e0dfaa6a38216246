# SPDX-License-Identifier: GPL-2.0-or-later
"""The account of a soak, pure: what was taken, what arrived, what came back, what waits, which faults there
were when; and everything that does not balance, in one line each.
"""
import collections
from dataclasses import dataclass, field

# Until the receiver has what a killed process had written, and from its last octet until it is journalled here.
BEFORE, AFTER = 2.0, 2.0  # seconds
REFUSED = "550 no such user here"  # by the receivers, of `may_bounce`


@dataclass(frozen=True)
class Arrival:
    token: str
    recipient: str
    address: str  # of the receiver
    cipher: str  # "" in clear
    time: float  # seconds of the epoch, when the receiver had the last octet
    message_id: str = ""  # the sender's Exim's
    damage: str = ""  # to the body
    shown: str = ""  # SHA-256 of the receiver's certificate


@dataclass(frozen=True)
class Fault:
    """What may make Exim forget what it has done to these messages. A delivery whose parent was killed goes on, and
    nothing keeps another process from the message: such a fault ends with that delivery."""
    kind: str
    begin: float
    end: float
    message_ids: frozenset
    pids: frozenset = frozenset()  # of the processes that were limited

    def explains(self, copy):
        return copy.message_id in self.message_ids and self.begin - AFTER <= copy.time <= self.end + BEFORE


@dataclass
class Books:
    """`taken` and `unsure`: recipients by token; `bounced`: what Exim says of it, by token and recipient; `waiting`:
    such pairs."""
    taken: dict
    unsure: dict
    arrivals: list
    bounced: dict
    waiting: set
    faults: list = field(default_factory=list)
    must_wait: frozenset = frozenset()  # domains
    must_have_tls: frozenset = frozenset()
    impostors: frozenset = frozenset()  # addresses
    servers: dict = field(default_factory=dict)  # addresses by domain
    unpublished: set = frozenset()  # SHA-256 of certificates that servers showed without a record
    may_bounce: tuple = ("bad@",)

    def was_sent(self, token, recipient):
        return recipient in (*self.taken.get(token, ()), *self.unsure.get(token, ()))


def faults_in_account(books):
    """Everything that is wrong, sorted; empty: it balances."""
    return sorted([*_lost(books), *_twice(books), *_wrong_place(books), *_wrong_bounces(books), *_left(books)])


def explained(books):
    """Each copy after which there was another, with the fault that this is owed to, or None."""
    for copies in _copies(books).values():
        for copy in copies[:-1]:
            yield copy, next((fault for fault in books.faults if fault.explains(copy)), None)


def copies_explained(books):
    """How many copies more than one there are, by the kind of fault that each is owed to."""
    return collections.Counter(fault.kind for _, fault in explained(books) if fault)


def _copies(books):
    """Arrivals in their order, by token and recipient."""
    found = collections.defaultdict(list)
    for arrival in sorted(books.arrivals, key=lambda each: each.time):
        found[arrival.token, arrival.recipient].append(arrival)
    return found


def _lost(books):
    """No fault explains two places: all trouble is over, and what was forgotten has been tried again."""
    copies = _copies(books)
    for token, recipients in books.taken.items():
        for recipient in recipients:
            pair = (token, recipient)
            places = (pair in copies) + (pair in books.bounced) + (pair in books.waiting)
            if places == 0:
                yield f"lost: {token} to {recipient}"
            if places > 1:
                yield f"in two places: {token} to {recipient}"


def _twice(books):
    for token, recipient in _copies(books):
        if not books.was_sent(token, recipient):
            yield f"never sent: {token} to {recipient}"
    for copy, fault in explained(books):
        if not fault:
            what = f"{copy.token} to {copy.recipient} at {copy.time:.1f} {copy.message_id}"
            yield f"twice without a fault: {what}".rstrip()


def _wrong_place(books):
    for arrival in books.arrivals:
        domain = arrival.recipient.partition("@")[2]
        where = f"{arrival.token} to {arrival.recipient} at {arrival.address}"
        if domain in books.must_wait:
            yield f"had to wait: {where}"
        if arrival.address in books.impostors:
            yield f"at an impostor: {where}"
        elif arrival.address not in books.servers.get(domain, (arrival.address,)):
            yield f"at a server of another domain: {where}"
        if domain in books.must_have_tls and not arrival.cipher:
            yield f"in clear: {where}"
        if arrival.shown in books.unpublished:
            yield f"under a key that is not published: {where}"
        if arrival.damage:
            yield f"another body: {where}: {arrival.damage}"


def _wrong_bounces(books):
    for (token, recipient), reason in books.bounced.items():
        if not recipient.startswith(books.may_bounce):
            yield f"came back: {token} to {recipient}"
        elif not books.was_sent(token, recipient):
            yield f"came back, never sent: {token} to {recipient}"
        elif REFUSED not in reason:
            yield f"came back for another reason: {token} to {recipient}: {reason}"


def _left(books):
    for token, recipient in books.waiting:
        if recipient.partition("@")[2] not in books.must_wait:
            yield f"waits without a reason: {token} to {recipient}"
