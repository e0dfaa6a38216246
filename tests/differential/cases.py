# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases of the differential test: a good chain and record, then none, one or several things changed
in them. Each change leaves its name in the case's tags, by which the differences are sorted."""

import calendar
import dataclasses
import hashlib

from certificates import AT, DAY, Plan, make

HOST = "mx.mail.lab"


@dataclasses.dataclass
class Case:
    id: str
    chain: list  # DER
    tlsa: list  # "u s m hex"
    names: list
    tags: set

    at = AT

    def unix_time(self):
        return calendar.timegm(self.at.timetuple())

    def published(self, fields):
        """The octets of its records that begin with these three, "2 0 0 " perhaps."""
        return [bytes.fromhex(record.removeprefix(fields)) for record in self.tlsa if record.startswith(fields)]


def record_text(usage, selector, matching, data):
    """The TLSA record about these octets, a certificate's or its key's."""
    if matching:
        data = (hashlib.sha256, hashlib.sha512)[matching - 1](data).digest()
    return f"{usage} {selector} {matching} {data.hex()}"


class Maker:
    def __init__(self, random, keys):
        self.random = random
        self.keys = keys
        self.tags = set()

    def case(self, number):
        self.tags = set()
        self.keys.begin_case()
        plans = self.plans()
        if self.random.random() < 0.04:
            return self.self_signed(number, plans[0])
        for _ in range(self.random.choices((0, 1, 2, 3), (15, 50, 25, 10))[0]):
            self.random.choice(PLAN_CHANGES)(self, plans)
        made = self.issue(plans)  # leaf first, the root last
        shown = self.shown(made)
        tlsa = self.records(made, shown)
        names = [HOST] if self.random.random() < 0.8 else ["other.lab", HOST.upper()]
        return Case(str(number), [m.der for m in shown], tlsa, [n.lower() for n in names], set(self.tags))

    def self_signed(self, number, plan):
        """A leaf alone, shown once or with a CA certificate of the same name and key."""
        self.tags.add("self-signed leaf")
        plan.ca = self.random.random() < 0.5
        plan.key = self.keys.new(plan.kind)
        leaf = make(plan, None, self.keys)
        shown = [leaf]
        if self.random.random() < 0.5:
            self.tags.add("leaf key in a CA")
            shown.append(make(dataclasses.replace(plan, ca=True), None, self.keys))
        record = self.record(self.random.choice((2, 2, 3)), self.random.choice(shown))
        return Case(str(number), [m.der for m in shown], [record], [HOST], set(self.tags))

    def plans(self):
        """Leaf first. All keys of one kind, or each of its own."""
        kinds = ["p256"] * 8 + ["p384", "p521", "rsa2048", "rsa1024", "pss", "psskey", "ed25519", "ed448"]
        one = self.random.choice(kinds)
        count = self.random.choice((1, 2, 2, 3, 3, 4))
        kind = lambda: self.random.choice(kinds) if self.random.random() < 0.2 else one
        plans = [Plan("leaf", kind(), names=(HOST,))]
        plans += [Plan(f"CA {i} {self.random.random()}", kind(), ca=True) for i in range(count)]
        self.tags.update("key:" + plan.kind for plan in plans)
        return plans

    def issue(self, plans):
        made = []
        for plan in reversed(plans):
            made.insert(0, make(plan, made[0] if made else None, self.keys))
        return made

    def shown(self, made):
        """What the server presents."""
        shown = list(made)
        if self.random.random() < 0.4:
            shown.pop()
            self.tags.add("no root")
        for _ in range(self.random.choices((0, 1, 2), (55, 30, 15))[0]):
            self.random.choice(CHAIN_CHANGES)(self, made, shown)
        return shown

    def records(self, made, shown):
        records = [self.good_record(made, shown)]
        if self.random.random() < 0.25:
            records = []
            self.tags.add("no good record")
        for _ in range(self.random.choices((0, 1, 2), (50, 30, 20))[0]):
            records.append(self.random.choice(RECORD_KINDS)(self, made, shown))
        self.random.shuffle(records)
        return records or [self.random.choice(RECORD_KINDS)(self, made, shown)]

    def good_record(self, made, shown):
        position = self.random.choice([0] + list(range(1, len(made))) * 2)
        self.tags.add(f"anchor:{position}")
        self.tags.add("anchor shown" if made[position] in shown else "anchor not shown")
        return self.record(3 if position == 0 else 2, made[position])

    def record(self, usage, made, selector=None, matching=None):
        selector = self.random.choice((0, 1)) if selector is None else selector
        matching = self.random.choice((0, 1, 1, 2)) if matching is None else matching
        self.tags.add(f"{usage} {selector} {matching}")
        return record_text(usage, selector, matching, made.key_info if selector else made.der)

    def one_ca(self, plans):
        return self.random.choice(plans[1:])


# Changes to the plans. Each takes (maker, plans).

def tagged(tag):
    def wrap(change):
        def apply(maker, *arguments):
            maker.tags.add(tag)
            return change(maker, *arguments)
        return apply
    return wrap


@tagged("leaf expired")
def leaf_expired(_, plans):
    plans[0].start, plans[0].end = AT - 30 * DAY, AT - DAY


@tagged("leaf future")
def leaf_future(_, plans):
    plans[0].start, plans[0].end = AT + DAY, AT + 30 * DAY


@tagged("CA expired")
def ca_expired(maker, plans):
    plan = maker.one_ca(plans)
    plan.start, plan.end = AT - 30 * DAY, AT - DAY


@tagged("CA future")
def ca_future(maker, plans):
    plan = maker.one_ca(plans)
    plan.start, plan.end = AT + DAY, AT + 30 * DAY


@tagged("not a CA")
def not_a_ca(maker, plans):
    maker.one_ca(plans).ca = False


@tagged("no basicConstraints")
def no_basic_constraints(maker, plans):
    maker.one_ca(plans).basic_constraints = False


@tagged("path length")
def path_length(maker, plans):
    maker.one_ca(plans).path_length = maker.random.choice((0, 0, 1, 2))


@tagged("CA key usage")
def ca_key_usage(maker, plans):
    maker.one_ca(plans).key_usage = maker.random.choice(("ca", "crl", "tls"))


@tagged("leaf key usage")
def leaf_key_usage(maker, plans):
    plans[0].key_usage = maker.random.choice(("tls", "ca", "crl"))


@tagged("CA purpose")
def ca_purpose(maker, plans):
    plan = maker.one_ca(plans)
    plan.purpose = maker.random.choice(("server", "client", "any"))
    maker.tags.add("CA purpose " + plan.purpose)


@tagged("leaf purpose")
def leaf_purpose(maker, plans):
    plans[0].purpose = maker.random.choice(("server", "client", "any"))
    maker.tags.add("leaf purpose " + plans[0].purpose)


@tagged("name constraints")
def name_constraints(maker, plans):
    plan = maker.one_ca(plans)
    setattr(plan, maker.random.choice(("permitted", "excluded")),
            maker.random.choice(("lab", "mail.lab", HOST, "example", "ail.lab")))


@tagged("unknown critical")
def unknown_critical(maker, plans):
    maker.random.choice(plans).critical_unknown = True


@tagged("no key ids")
def no_key_ids(_, plans):
    for plan in plans:
        plan.key_ids = False


@tagged("wrong key id")
def wrong_key_id(maker, plans):
    maker.random.choice(plans).wrong_key_id = True


@tagged("SHA-1")
def sha1(maker, plans):
    maker.random.choice(plans).sha1 = True


@tagged("names")
def other_names(maker, plans):
    names, label = maker.random.choice((
        (("other.lab",), "other"), (("*.mail.lab",), "wildcard"), (("*.lab",), "wildcard too short"),
        (("m*.mail.lab",), "partial wildcard"), (("*x.mail.lab",), "partial wildcard"),
        (("mx.*.lab",), "inner wildcard"), (("*.mx.mail.lab",), "wildcard too long"),
        (("MX.Mail.LAB",), "upper case"), (("a.example", HOST), "second"), ((HOST + ".",), "trailing dot"),
        ((HOST + "\0.evil.example",), "NUL"), ((), "none")))
    plans[0].names = names
    maker.tags.add("names: " + label)


@tagged("CN is the name")
def cn(maker, plans):
    plans[0].subject = maker.random.choice((HOST, HOST.upper(), "*.mail.lab"))
    if maker.random.random() < 0.5:
        plans[0].names = ()


@tagged("leaf is a CA")
def leaf_is_ca(_, plans):
    plans[0].ca = True


@tagged("leaf key in a CA")
def leaf_key_in_ca(maker, plans):
    plan = maker.one_ca(plans)
    plan.kind = plans[0].kind
    plan.key = plans[0].key = maker.keys.new(plan.kind)


@tagged("two CAs of one name")
def same_names(_, plans):
    for plan in plans[1:3]:
        plan.subject = "one name"


PLAN_CHANGES = [
    leaf_expired, leaf_future, ca_expired, ca_expired, ca_future, not_a_ca, not_a_ca, no_basic_constraints,
    path_length, path_length, ca_key_usage, leaf_key_usage, ca_purpose, leaf_purpose, name_constraints,
    name_constraints, unknown_critical, no_key_ids, wrong_key_id, sha1, other_names, other_names,
    other_names, cn, leaf_is_ca, leaf_key_in_ca, same_names]


# Changes to what is presented. Each takes (maker, made, shown).

@tagged("shuffled")
def shuffled(maker, _, shown):
    rest = shown[1:]
    maker.random.shuffle(rest)
    shown[1:] = rest


@tagged("duplicate")
def duplicate(maker, _, shown):
    shown.insert(maker.random.randint(1, len(shown)), maker.random.choice(shown))


@tagged("gap")
def gap(maker, _, shown):
    if len(shown) > 1:
        shown.pop(maker.random.randrange(1, len(shown)))


@tagged("unrelated")
def unrelated(maker, _, shown):
    root = make(Plan("unrelated root", ca=True), None, maker.keys)
    other = make(Plan("unrelated CA", ca=True), root, maker.keys)
    for certificate in (root, other):
        shown.insert(maker.random.randint(1, len(shown)), certificate)


def twin(maker, made, shown, **changes):
    """Another certificate of one of the CAs, before or after it."""
    position = maker.random.randrange(1, len(made))
    plan = dataclasses.replace(made[position].plan, key=made[position].key, **changes)
    issuer = made[position + 1] if position + 1 < len(made) else None
    shown.insert(maker.random.randint(1, len(shown)), make(plan, issuer, maker.keys))


@tagged("expired twin")
def expired_twin(maker, made, shown):
    twin(maker, made, shown, start=AT - 30 * DAY, end=AT - DAY)


@tagged("good twin")
def good_twin(maker, made, shown):
    twin(maker, made, shown)


@tagged("constrained twin")
def constrained_twin(maker, made, shown):
    twin(maker, made, shown, excluded="lab")


@tagged("namesake")
def namesake(maker, made, shown):
    """A CA of the same name with another key, from another root."""
    position = maker.random.randrange(1, len(made))
    plan = dataclasses.replace(made[position].plan, key=None, kind="p256")
    shown.insert(maker.random.randint(1, len(shown)), make(plan, None, maker.keys))


@tagged("cross certificate")
def cross_certificate(maker, made, shown):
    """The root's key certified by another root, which is shown too."""
    root = make(Plan(f"other root {maker.random.random()}", ca=True), None, maker.keys)
    plan = dataclasses.replace(made[-1].plan, key=made[-1].key)
    for certificate in (make(plan, root, maker.keys), root):
        shown.insert(maker.random.randint(1, len(shown)), certificate)


@tagged("wrong leaf first")
def wrong_leaf(maker, made, shown):
    if len(shown) > 1:
        shown.insert(0, shown.pop(maker.random.randrange(1, len(shown))))


CHAIN_CHANGES = [shuffled, shuffled, duplicate, gap, gap, unrelated, unrelated, expired_twin, good_twin,
                 constrained_twin, namesake, cross_certificate, cross_certificate, wrong_leaf]


# Further records. Each takes (maker, made, shown) and returns one.

@tagged("usage 3 of a CA")
def ee_of_ca(maker, made, _):
    return maker.record(3, maker.random.choice(made[1:] or made))


@tagged("usage 2 of the leaf")
def ta_of_leaf(maker, made, _):
    return maker.record(2, made[0])


@tagged("record of what is shown")
def of_shown(maker, _, shown):
    made = maker.random.choice(shown)
    return maker.record(3 if made is shown[0] else 2, made)


@tagged("changed data")
def changed(maker, made, _):
    text = maker.record(maker.random.choice((2, 3)), maker.random.choice(made),
                        matching=maker.random.choice((1, 2)))
    return text[:-1] + ("0" if text[-1] != "0" else "1")


@tagged("unrelated record")
def unrelated_record(maker, _, __):
    root = make(Plan("nobody's root", ca=True), None, maker.keys)
    return maker.record(maker.random.choice((2, 3)), root)


@tagged("malformed record")
def malformed(maker, made, _):
    good = maker.record(maker.random.choice((2, 3)), maker.random.choice(made))
    usage, selector, matching, data = good.split()
    return maker.random.choice((
        f"{usage} {selector} {matching} {data[2:]}", f"{usage} {selector} {matching} {data}00",
        f"{usage} 2 {matching} {data}", f"{usage} {selector} 3 {data}", f"4 {selector} {matching} {data}",
        f"{usage} {selector} 0 00", f"{usage} {selector} 0 3000", f"255 255 255 {data}"))


@tagged("usage 0 or 1")
def pkix(maker, made, _):
    position = maker.random.randrange(len(made))
    return maker.record(1 if position == 0 else 0, made[position])


@tagged("two digests")
def stronger_digest(maker, made, _):
    usage = maker.random.choice((2, 3))
    text = maker.record(usage, maker.random.choice(made), matching=2)
    return text if maker.random.random() < 0.5 else text[:-2] + "00"


RECORD_KINDS = [ee_of_ca, ta_of_leaf, of_shown, of_shown, changed, changed, unrelated_record, malformed, pkix,
                stronger_digest]
