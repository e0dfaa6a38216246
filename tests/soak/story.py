# SPDX-License-Identifier: GPL-2.0-or-later
"""What a soak did and what came of it, in lines for people."""
from account import copies_explained, explained


def story(soak, books):
    """The account, as lines."""
    ledger = soak.traffic.ledger.values()
    recipients = sum(map(len, books.taken.values()))
    yield f"{len(books.taken)} messages to {recipients} recipients taken, {len(books.unsure)} refused or broken off"
    yield f"{sum(message.size for message in ledger if message.taken) / 1e9:.2f} GB put in"
    reached = len({(arrival.token, arrival.recipient) for arrival in books.arrivals})
    yield f"{reached} reached, {len(books.bounced)} came back, {len(books.waiting)} wait"
    yield f"copies more than one: {dict(copies_explained(books)) or 'none'}"
    owed = [(copy, fault) for copy, fault in explained(books) if fault]
    if owed:
        yield (f"such a copy came up to {max(fault.begin - copy.time for copy, fault in owed):.2f} s before its fault, "
               f"up to {max(copy.time - fault.end for copy, fault in owed):.2f} s after the end of it")
    yield f"{under_a_new_key(soak)} copies came under a new key, {_refused(soak)} deliveries refused one without a record"
    yield "most descriptors, kB: " + ", ".join(f"{role} {peak[0]}, {peak[1]}"
                                               for role, peak in sorted(soak.station.memory.peaks.items()))
    yield f"a daemon grew by (descriptors, kB): {soak.station.memory.growth()}"
    yield "troubles: " + ", ".join(f"{name} {count}" for name, count in sorted(soak.chaos.done.items()))


def under_a_new_key(soak):
    return sum(arrival.shown in soak.chaos.rollovers.published for arrival in soak.harvest.arrivals)


def _refused(soak):
    return sum("soak-rolls" in line and "no TLSA record matches" in line for line in soak.sender.mainlog().splitlines())
