#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of a soak notice what is planted: a body that was spoiled, a crash, a file, a leak, a thread that ended."""
import os
import random
import shutil
import socket
import subprocess
import sys
import time
import unittest
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "soak"), str(TESTS / "world")]

from account import Fault  # noqa: E402
from memory import CEILING, Memory  # noqa: E402
from message import LONGEST, damage_of, message_of, reasons  # noqa: E402
from receivers import Mail  # noqa: E402
from remains import LONG, OURS, VERY_LONG, crashes, left_out, messages_in_trouble, orphans  # noqa: E402
from thread import Thread  # noqa: E402
from victims import Victims, connected, role_of  # noqa: E402

ID, OTHER = "1xXR9G-00000001Q2t-255X", "1xXR9G-00000001Q2u-255X"


class Bodies(unittest.TestCase):
    TEXT = message_of("t1", 5_000, random.Random(1))

    def test_whole(self):
        self.assertEqual("", damage_of(Mail(b"Received: here\n" + self.TEXT)))

    def test_what_a_transfer_could_spoil(self):
        lines = Mail(self.TEXT).body.splitlines()
        self.assertTrue({b".", b"..", b".a", b"", b"." * LONGEST} < set(lines))
        self.assertEqual(LONGEST, max(map(len, lines)))
        self.assertNotEqual(self.TEXT, message_of("t1", 5_000, random.Random(2)))

    def test_spoiled(self):
        other = message_of("t1", 5_000, random.Random(2))
        for text, damage in ((self.TEXT[:-10], "octets instead of"), (self.TEXT.replace(b"\n..\n", b"\n.\n"), "octets"),
                             (self.TEXT.replace(b"\n.a\n", b"\n.b\n"), "other octets"),
                             (b"X-Soak: t1\n\nHello.\n", "it says 't1'"), (b"", "it says ''"),
                             (Mail(self.TEXT).raw.split(b"\n\n")[0] + b"\n\n" + Mail(other).body, "octets")):
            self.assertIn(damage, damage_of(Mail(text)))


class Bounces(unittest.TestCase):
    TEXT = """X-Failed-Recipients: bad@ee.lab,
  bad@ta.lab

could not be delivered:

  bad@ee.lab
    host mx.ee.lab [192.0.2.10]
    550 no such user here
  bad@ta.lab
    Administrative prohibition

X-Soak: t1 70 00
"""

    def test_each_recipient_has_its_own_reason(self):
        said = reasons(self.TEXT)
        self.assertEqual([("t1", "bad@ee.lab"), ("t1", "bad@ta.lab")], list(said))
        self.assertEqual(["no such user" in reason for reason in said.values()], [True, False])

    def test_of_no_message(self):
        self.assertEqual([("", "a@b")], list(reasons("X-Failed-Recipients: a@b\n")))


class Crashes(unittest.TestCase):
    LINE = f"2026-11-29 03:00:10 [77] {ID} transport process for bob@ee.lab: terminated by signal 11"
    TIME = time.mktime(time.strptime("2026-11-29 03:00:10", "%Y-%m-%d %H:%M:%S"))
    BOUND = Fault("little memory", TIME - 2, TIME, frozenset({ID}), frozenset({77}))

    def counts(self, number, log=(LINE,), faults=(BOUND,)):
        self.assertEqual(number, len(crashes(log, faults)[1]))

    def test_where_the_memory_was_bounded(self):
        self.counts(0)
        self.assertEqual(({self.LINE: ""}, []), crashes((self.LINE, self.LINE), (self.BOUND,)))

    def test_any_other_counts(self):
        self.counts(1, faults=())
        self.counts(1, log=(self.LINE, self.LINE), faults=())
        for changed in ({"kind": "few descriptors"}, {"begin": self.TIME + 5, "end": self.TIME + 9},
                        {"begin": self.TIME - 30, "end": self.TIME - 15}, {"pids": frozenset({78})}):
            self.counts(1, faults=(replace(self.BOUND, **changed),))
        self.counts(1, log=(self.LINE.replace("[77]", "[78]"),))
        self.counts(1, log=("terminated by signal 11",))
        for other in ("signal 4", "signal 6", "signal 7", "SIGABRT"):  # no memory is no reason to give up
            self.counts(1, log=(self.LINE.replace("signal 11", other),))
        self.counts(0, log=("2026-11-29 03:00:10 [78] it is well",))

    def test_in_whose_code(self):
        for culprit, files in (("core.so", ("bin/exim", "libc.so.6", "modules/core.so", "libtasn1.so.6")),
                               ("unbound.so", ("exim", "libc.so.6", "libc.so.6", "libstdc++.so.6", "unbound.so", "core.so")),
                               ("danesmtp_transport.so", ("exim", "danesmtp_transport.so", "exim")),
                               ("", ("exim", "libc.so.6", "exim")),
                               ("libtasn1.so.6", ("exim", "libtasn1.so.6", "libgnutls.so.30", "core.so", "exim"))):
            ours = int(culprit in OURS)
            begin = self.LINE.partition(ID)[0]
            log = (self.LINE, f"{begin}backtrace", f"{begin}---", *(f"{begin}\t/usr/{file}(+0x1) [0x2]" for file in files))
            self.counts(ours, log)
            self.counts(ours, (log[0], *(f"{begin[:-4]}78] \t/core.so(+0x1) [0x2]" for _ in "x"), *log[1:]))
            self.counts(ours, log + log)
            self.assertEqual({} if ours else {self.LINE: culprit}, crashes(log, (self.BOUND,))[0])
            self.counts(0, log[1:])

    def test_whom_a_full_spool_hit(self):
        full = Fault("full spool", self.TIME - 2, self.TIME, frozenset())
        other = self.LINE.replace(ID, OTHER)
        for log, ids in (([self.LINE], {ID}), ([self.LINE, other], {ID, OTHER}),
                         ([other.replace("03:00:10", "03:00:30")], set()), ([self.LINE.replace(f"{ID} ", "")], set()),
                         (["no time at all"], set())):
            self.assertEqual(ids, messages_in_trouble(log, full))


class Spool(unittest.TestCase):
    KILL = Fault("kill", 1, 1, frozenset({OTHER}))

    def finds(self, *names):
        return [line.partition(": ")[2] for line in orphans(names, [self.KILL])]

    def test_pairs_may_stay(self):
        self.assertEqual([], self.finds(f"{ID}-D", f"{ID}-H"))

    def test_halves_may_not(self):
        for left in (f"{ID}-D", f"{ID}-H", f"{ID}-J", f"hdr.{ID}"):
            self.assertEqual([left], self.finds(left))
        self.assertEqual([f"{ID}-J"], self.finds(f"{ID}-D", f"{ID}-H", f"{ID}-J"))

    def test_of_what_was_killed(self):
        self.assertEqual([], self.finds(f"{OTHER}-D", f"hdr.{OTHER}"))


class LeftOut(unittest.TestCase):
    def test_kills(self):
        self.assertEqual(["no process was killed"], list(left_out(("lies",), {"lies": 3}, LONG)))
        self.assertEqual([], list(left_out(("lies",), {"kill of a relay": 1}, LONG)))
        self.assertEqual([], list(left_out(("lies",), {}, LONG - 1)))

    def test_troubles(self):
        done = {"kill of a relay": 1, "lies": 0}
        self.assertEqual(["never happened: lies"], list(left_out(("lies",), done, VERY_LONG)))
        self.assertEqual([], list(left_out(("lies",), {**done, "lies": 1}, VERY_LONG)))


class Memories(unittest.TestCase):
    def seen(self, *daemons):
        memory = Memory()
        for role in CEILING:
            memory.add(role, 1, (5, 1000))
        for pid, life in enumerate(daemons, 2):
            for sample in life:
                memory.add("daemon", pid, sample)
        return memory

    def finds(self, begin, memory, is_long=True):
        (found,) = memory.faults(is_long)
        self.assertTrue(found.startswith(begin), found)

    def test_flat(self):
        self.assertEqual([], list(self.seen([(5, 1000)] * 40).faults(True)))

    def test_growth_of_either_kind(self):
        self.finds("a daemon grew", self.seen([(5, 1000)] * 20 + [(5, 9000)] * 20))
        self.finds("a daemon grew", self.seen([(5, 1000)] * 20 + [(9, 1000)] * 20, [(5, 1000)] * 20 + [(5, 2000)] * 20))

    def test_any_role_may_be_too_large(self):
        for role, (descriptors, kilobytes) in CEILING.items():
            for sample in ((descriptors + 1, 0), (0, kilobytes + 1)):
                memory = self.seen([(5, 1000)] * 40)
                memory.add(role, 99, sample)
                self.finds(f"a {role} had up to", memory)

    def test_nothing_seen_is_no_proof(self):
        self.finds("no daemon was seen for", self.seen([(5, 1000)] * 3))
        self.assertEqual(1 + len(CEILING), len(list(Memory().faults(True))))
        self.assertEqual([], list(Memory().faults(False)))


class Threads(unittest.TestCase):
    def fails(self, stop):
        raise subprocess.TimeoutExpired("exim", 120)

    def waits(self, stop):
        stop.wait()


    def test_an_exception_is_told(self):
        for run, told in ((self.fails, "TimeoutExpired"), (self.waits, "")):
            thread = Thread(run)
            thread.start()
            thread.stop()
            self.assertIn(told, thread.fault)
            self.assertEqual(bool(told), bool(thread.fault))


class Roles(unittest.TestCase):
    FILES = [f"/spool/input/{ID}-D", f"/spool/input/{ID}-J", "socket:[1]"]

    def test_by_what_is_open(self):
        queue = b"exim\0-C\0conf\0-q\0"
        for role, command, files in (
                ("transport", queue, self.FILES), ("delivery", queue, self.FILES[:2]),
                ("relay", queue, ["/dev/null", "socket:[1]", "socket:[2]", "socket:[2]"]),
                ("queue runner", queue, ["pipe:[4]"]), ("reception", b"exim\0-bdf\0", ["socket:[1]"]),
                ("reception", b"exim\0-odq\0", self.FILES[:1])):
            self.assertEqual(role, role_of(command, files))

    @unittest.skipUnless(shutil.which("ss"), "no ss")
    def test_who_is_at_the_other_end_of_a_relay(self):
        ours, theirs = socket.socketpair()
        with ours, theirs, subprocess.Popen(["sleep", "60"], stdin=theirs) as relay:
            theirs.close()
            self.assertEqual([os.getpid()], connected(relay.pid))
            relay.kill()

    def test_a_session_is_known_to_its_end(self):
        victims = Victims(SimpleNamespace(spool="/spool", config="/conf"), SimpleNamespace(daemon_pid=0))
        leader = subprocess.Popen(["sh", "-c", f"sh -c 'sleep 0.3; : -MC {ID}' & sleep 0.1"], start_new_session=True)
        pids, _ = victims.of_session(leader, 10)
        self.assertIn(leader.pid, pids)
        self.assertLess(1, len(pids))


if __name__ == "__main__":
    unittest.main()
