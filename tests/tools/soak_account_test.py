#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The account of a soak finds what is planted, and nothing where all is well."""
import sys
import time
import unittest
from pathlib import Path
from unittest import mock

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "soak"), str(TESTS / "world")]

from account import Arrival, Books, Fault, copies_explained, crashes, faults_in_account  # noqa: E402
from processes import open_files  # noqa: E402

BOB, EVE = "bob@ee.lab", "eve@plain.lab"
HERE = Arrival("t1", BOB, "192.0.2.10", "TLS1.3", 100.0, "id-1")


def books(**changes):
    return Books(**{"taken": {"t1": (BOB,)}, "unsure": {}, "arrivals": [HERE], "bounced": set(), "waiting": set(),
                    "must_wait": frozenset({"impostor.lab"}), "must_have_tls": frozenset({"ee.lab"}),
                    "impostors": frozenset({"192.0.2.28"}), **changes})


def again(time=105.0):
    return Arrival("t1", BOB, "192.0.2.10", "TLS1.3", time, "id-1")


class Balance(unittest.TestCase):
    def finds(self, begin, **changes):
        found = faults_in_account(books(**changes))
        self.assertEqual(1, len(found), found)
        self.assertTrue(found[0].startswith(begin), found[0])

    def balances(self, **changes):
        self.assertEqual([], faults_in_account(books(**changes)))

    def test_all_is_well(self):
        self.balances()
        self.balances(arrivals=[], waiting={("t1", BOB)})

    def test_lost(self):
        self.finds("lost", arrivals=[])
        self.finds("lost", taken={"t1": (BOB, EVE)})

    def test_what_exim_did_not_take_may_be_anywhere(self):
        self.balances(taken={}, unsure={"t1": (BOB,)})
        self.balances(taken={}, unsure={"t1": (BOB,)}, arrivals=[])

    def test_twice(self):
        self.finds("twice without", arrivals=[HERE, again()])
        self.finds("twice without", arrivals=[HERE, again()], faults=[Fault("kill", 100, 100, "id-2")])
        self.finds("twice without", arrivals=[HERE, again()], faults=[Fault("full", 103, 104)])
        self.finds("twice without", arrivals=[HERE, again()], faults=[Fault("full", 90, 99)])

    def test_twice_owed_to_a_fault(self):
        kill, full = Fault("kill", 100.2, 100.2, "id-1"), Fault("full", 99.0, 101.0)
        for fault in (kill, full):
            changed = {"arrivals": [HERE, again()], "faults": [fault]}
            self.balances(**changed)
            self.assertEqual({fault.kind: 1}, copies_explained(books(**changed)))

    def test_delivered_and_waiting(self):
        self.finds("in two places", waiting={("t1", BOB)})
        self.balances(waiting={("t1", BOB)}, faults=[Fault("kill", 100, 100, "id-1")])

    def test_bounced(self):
        self.finds("came back", arrivals=[], bounced={("t1", BOB)})
        self.balances(taken={"t1": ("bad@ee.lab",)}, arrivals=[], bounced={("t1", "bad@ee.lab")})

    def test_wrong_place(self):
        self.finds("at an impostor", arrivals=[Arrival("t1", BOB, "192.0.2.28", "TLS1.3", 1.0)])
        self.finds("in clear", arrivals=[Arrival("t1", BOB, "192.0.2.10", "", 1.0)])
        self.finds("had to wait", taken={"t1": ("bob@impostor.lab",)},
                   arrivals=[Arrival("t1", "bob@impostor.lab", "192.0.2.10", "TLS1.3", 1.0)])
        self.finds("never sent", arrivals=[HERE, Arrival("t9", EVE, "192.0.2.24", "", 1.0)])


class Crashes(unittest.TestCase):
    LINE = "2026-11-29 03:00:10 1xXR9G-00000001Q2t-255X transport process for bob@ee.lab: terminated by signal 11"
    TIME = time.mktime(time.strptime("2026-11-29 03:00:10", "%Y-%m-%d %H:%M:%S"))
    BOUND = Fault("little memory", TIME - 2, TIME)

    def counts(self, number, log=(LINE,), faults=(BOUND,)):
        self.assertEqual(number, len(crashes(log, faults)[1]))

    def test_where_the_memory_was_bounded(self):
        self.counts(0)
        self.assertEqual(([self.LINE], []), crashes((self.LINE, self.LINE), (self.BOUND,)))

    def test_any_other_counts(self):
        self.counts(1, faults=())
        self.counts(1, log=(self.LINE, self.LINE), faults=())
        self.counts(1, faults=(Fault("few descriptors", self.TIME - 2, self.TIME),))
        self.counts(1, faults=(Fault("little memory", self.TIME - 30, self.TIME - 15),))
        self.counts(1, faults=(Fault("little memory", self.TIME + 5, self.TIME + 9),))
        self.counts(1, log=("terminated by signal 11",))
        self.counts(0, log=("2026-11-29 03:00:10 it is well",))


class Victims(unittest.TestCase):
    def test_a_descriptor_that_is_closed_meanwhile(self):
        with mock.patch("os.listdir", return_value=["3", "4"]), \
                mock.patch("os.readlink", side_effect=[FileNotFoundError, "/spool/input/1xXR9G-00000001Q2t-255X-D"]):
            self.assertEqual(["/spool/input/1xXR9G-00000001Q2t-255X-D"], open_files(1))


if __name__ == "__main__":
    unittest.main()
