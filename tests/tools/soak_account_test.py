#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The account of a soak finds what is planted, and nothing where all is well."""
import sys
import unittest
from pathlib import Path
from unittest import mock

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "soak"), str(TESTS / "world")]

from account import Arrival, Books, Fault, copies_explained, faults_in_account  # noqa: E402
from processes import open_files  # noqa: E402

BOB, EVE, BAD = "bob@ee.lab", "eve@plain.lab", "bad@ee.lab"
HOME = "192.0.2.10"
HERE = Arrival("t1", BOB, HOME, "TLS1.3", 100.0, "id-1")
REFUSED = "SMTP error from remote mail server after RCPT TO:<bad@ee.lab>: 550 no such user here"


def books(**changes):
    return Books(**{"taken": {"t1": (BOB,)}, "unsure": {}, "arrivals": [HERE], "bounced": {}, "waiting": set(),
                    "must_wait": frozenset({"impostor.lab"}), "must_have_tls": frozenset({"ee.lab"}),
                    "impostors": frozenset({"192.0.2.28"}), "servers": {"ee.lab": {HOME}}, **changes})


def again(time=105.0):
    return Arrival("t1", BOB, HOME, "TLS1.3", time, "id-1")


def full(begin, end, message_id="id-1"):
    return Fault("full spool", begin, end, frozenset({message_id}))


def kill(begin, message_id="id-1", end=None):
    return Fault("kill", begin, end or begin, frozenset({message_id}))


class Balance(unittest.TestCase):
    def finds(self, *begins, **changes):
        found = faults_in_account(books(**changes))
        self.assertEqual(len(begins), len(found), found)
        for begin, line in zip(begins, found):
            self.assertTrue(line.startswith(begin), line)

    def balances(self, **changes):
        self.finds(**changes)

    def test_all_is_well(self):
        self.balances()
        self.balances(taken={"t1": ("bob@impostor.lab",)}, arrivals=[], waiting={("t1", "bob@impostor.lab")})

    def test_lost(self):
        self.finds("lost", arrivals=[])
        self.finds("lost", taken={"t1": (BOB, EVE)})

    def test_what_exim_did_not_take_may_be_anywhere(self):
        self.balances(taken={}, unsure={"t1": (BOB,)})
        self.balances(taken={}, unsure={"t1": (BOB,)}, arrivals=[])

    def test_twice(self):
        self.finds("twice without", arrivals=[HERE, again()])
        self.finds("twice without", arrivals=[HERE, again()], faults=[kill(100, "id-2")])
        self.finds("twice without", arrivals=[HERE, again()], faults=[full(103, 104)])
        self.finds("twice without", arrivals=[HERE, again()], faults=[full(90, 97)])
        self.finds("twice without", arrivals=[HERE, again()], faults=[full(90, 110, "id-2")])

    def test_a_kill_explains_a_copy_of_its_time(self):
        for when in (50, 97, 103, 104.9, 300):
            self.finds("twice without", arrivals=[HERE, again()], faults=[kill(when)])
        self.finds("twice without", arrivals=[HERE, again(), again(110.0)], faults=[kill(100)])

    def test_a_delivery_goes_on_when_its_parent_was_killed(self):
        self.balances(arrivals=[HERE, again()], faults=[kill(80, end=101)])
        self.finds("twice without", arrivals=[HERE, again()], faults=[kill(80, end=95)])

    def test_a_limited_run_explains_its_own_messages(self):
        run = Fault("few descriptors", 90, 110, frozenset({"id-2"}), frozenset({7}))
        self.finds("twice without", arrivals=[HERE, again()], faults=[run])
        nobody = Fault("few descriptors", 90, 110, frozenset(), frozenset({7}))
        self.finds("twice without", arrivals=[HERE, again()], faults=[nobody])

    def test_twice_owed_to_a_fault(self):
        for fault in (kill(100.2), full(99.0, 101.0)):
            changed = {"arrivals": [HERE, again()], "faults": [fault]}
            self.balances(**changed)
            self.assertEqual({fault.kind: 1}, copies_explained(books(**changed)))

    def test_delivered_and_waiting(self):
        for faults in ([], [kill(100)]):
            self.finds("in two places", "waits", waiting={("t1", BOB)}, faults=faults)

    def test_delivered_and_bounced(self):
        arrived = Arrival("t1", BAD, HOME, "TLS1.3", 100.0, "id-1")
        for faults in ([], [kill(100)], [full(90, 110)]):
            self.finds("in two places", taken={"t1": (BAD,)}, arrivals=[arrived], bounced={("t1", BAD): REFUSED},
                       faults=faults)

    def test_waiting_without_a_reason(self):
        self.finds("waits without a reason", arrivals=[], waiting={("t1", BOB)})
        self.finds("waits without a reason", waiting={("id-9", "alice@sender.lab")})

    def test_bounced(self):
        self.finds("came back", arrivals=[], bounced={("t1", BOB): REFUSED})
        bad = {"taken": {"t1": (BAD,)}, "arrivals": []}
        self.balances(**bad, bounced={("t1", BAD): REFUSED})
        self.finds("came back for another", **bad, bounced={("t1", BAD): "550 Administrative prohibition"})
        self.finds("came back, never sent", bounced={("t9", BAD): REFUSED})

    def test_wrong_place(self):
        self.finds("at an impostor", arrivals=[Arrival("t1", BOB, "192.0.2.28", "TLS1.3", 1.0)])
        self.finds("at a server of another", arrivals=[Arrival("t1", BOB, "192.0.2.24", "TLS1.3", 1.0)])
        self.finds("in clear", arrivals=[Arrival("t1", BOB, HOME, "", 1.0)])
        self.finds("had to wait", taken={"t1": ("bob@impostor.lab",)},
                   arrivals=[Arrival("t1", "bob@impostor.lab", HOME, "TLS1.3", 1.0)])
        self.finds("never sent", arrivals=[HERE, Arrival("t9", EVE, "192.0.2.24", "", 1.0)])

    def test_another_body(self):
        self.finds("another body", arrivals=[Arrival("t1", BOB, HOME, "TLS1.3", 1.0, "id-1", "3 octets instead of 4")])

    def test_a_key_that_is_not_published(self):
        here = Arrival("t1", BOB, HOME, "TLS1.3", 1.0, "id-1", "", "5a")
        self.balances(arrivals=[here], unpublished={"5b"})
        self.finds("under a key", arrivals=[here], unpublished={"5a"})


class Victims(unittest.TestCase):
    def test_a_descriptor_that_is_closed_meanwhile(self):
        with mock.patch("os.listdir", return_value=["3", "4"]), \
                mock.patch("os.readlink", side_effect=[FileNotFoundError, "/spool/input/1xXR9G-00000001Q2t-255X-D"]):
            self.assertEqual(["/spool/input/1xXR9G-00000001Q2t-255X-D"], open_files(1))


if __name__ == "__main__":
    unittest.main()
