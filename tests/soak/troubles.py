# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong in a soak beside kills, each undone when it ends. What may make Exim forget a delivery is written
down as a Fault.
"""
import contextlib
import os
import shutil
import time
from dataclasses import replace

from account import Fault
from exim_build import made_for_tests
from remains import messages_in_trouble
from rollovers import Rollovers
from station import LONGEST_RUN
from victims import Victims

LAST, LONGER = (1.0, 6.0), (4.0, 12.0)  # seconds that a trouble lasts
# As 127.0.0.1 has it, the mail of signed domains goes to a server that takes everything.
LIES = ("ee.lab. 60 IN MX 5 mx.impostor.lab.", "ta.lab. 60 IN MX 5 mx.impostor.lab.",
        "mx.rcpt-mix.lab. 60 IN A 192.0.2.28", "mx.ee-full.lab. 60 IN A 192.0.2.28")


class Troubles:
    """`all`: each by its name. `pause(seconds)` may be cut short."""

    def __init__(self, world, sender, station, rng, pause):
        self._world = world
        self._sender = sender
        self._station = station
        self._rng = rng
        self._pause = pause
        self._victims = Victims(sender, station)
        self._faults = []
        self._full = []  # such of a full spool: Exim tells whose
        self.all = {trouble.__name__.strip("_").replace("_", " "): trouble for trouble in (
            self._resolver_stops, self._resolver_lies, self._name_server_is_silent, self._receivers_restart,
            self._receivers_cut_their_sessions, self._spool_is_full, self._few_descriptors, self._little_memory,
            self._another_day, self._key_rolls_over, self._records_roll_over, self._record_is_forgotten,
            self._cache_is_damaged, self._module_is_replaced, self._daemon_dies)}
        self.rollovers = Rollovers(world)

    @property
    def faults(self):
        log = self._sender.paniclog().splitlines()
        full = [replace(fault, message_ids=messages_in_trouble(log, fault)) for fault in self._full]
        return [*self._faults, *full]

    def _lasts(self):
        self._pause(self._rng.uniform(*LAST))

    def _lasts_longer(self):
        self._pause(self._rng.uniform(*LONGER))

    def _resolver_stops(self):
        with self._world.without_resolver():
            self._lasts()

    def _resolver_lies(self):
        with self._world.without_resolver(lies=LIES):
            self._lasts()

    def _name_server_is_silent(self):
        with self._world.silent_name_server():
            self._lasts()

    def _receivers_restart(self):
        self._world.receivers.restart(self._lasts)

    def _receivers_cut_their_sessions(self):
        """Between the last octet and the answer, for some."""
        begin, ids = time.time(), self._victims.all_messages()

        def after_the_cut():
            self._faults.append(Fault("sessions cut", begin, time.time(), ids | self._victims.all_messages()))
            self._lasts()

        self._world.receivers.restart(after_the_cut, cut=True)

    def _spool_is_full(self):
        """To the last block. Nothing that is written then may be there: a journal line, for one."""
        fill = self._sender.spool / "fill"
        begin = time.time()
        try:
            with contextlib.suppress(OSError), fill.open("wb", buffering=0) as file:
                while file.write(bytes(1 << 16)):
                    pass
            self._lasts()
        finally:
            fill.unlink(missing_ok=True)
            self._full.append(Fault("full spool", begin, time.time(), frozenset()))

    def _few_descriptors(self):
        self._limited_run("few descriptors", f"--nofile={self._rng.randint(6, 30)}")

    def _little_memory(self):
        """From 24 MB on: with less, Exim itself crashes where it cannot list its queue, whatever the driver."""
        self._limited_run("little memory", f"--as={self._rng.randint(24, 120) << 20}")

    def _limited_run(self, kind, limit):
        begin = time.time()
        with self._station.own_queue_run(["prlimit", limit, "--"]) as run:
            pids, ids = self._victims.of_session(run, LONGEST_RUN)
        self._faults.append(Fault(kind, begin, time.time(), ids, pids))

    def _another_day(self):
        """The clock of one queue run is days off, either way: no signature of the DNS is good then. What such a run
        put off until that day would wait until then, with any driver: the hints are taken away, as an
        administrator would who has set the clock right. Of every other run the clock is set right under way: Exim
        empties its environment, where faketime looks again after ten seconds."""
        until_the_end = self._rng.choice(((), ("env", "FAKETIME_CACHE_DURATION=86400")))
        self._station.run_queue([*until_the_end, "faketime", "-f", self._rng.choice(("-40d", "+40d", "+3h", "-3h"))])
        for hints in self._sender.spool.glob("db/retry*"):
            hints.unlink(missing_ok=True)

    def _key_rolls_over(self):
        """Both keys of rollover.lab are in its records (RFC 7671 8.1)."""
        self._world.receivers.show(self._world.zone("rollover").servers[0].address,
                                   self._rng.choice(("rollover", "rollover-next")))

    def _records_roll_over(self):
        self.rollovers.in_order(self._pause, self._lasts_longer)

    def _record_is_forgotten(self):
        self.rollovers.forgotten(self._lasts_longer)

    def _cache_is_damaged(self):
        cache = self._sender.spool / "db/danesmtp"
        way = self._rng.choice(("truncated", "removed", "scribbled over"))
        with contextlib.suppress(FileNotFoundError):
            if way == "truncated":
                os.truncate(cache, self._rng.choice((0, 100, 4096, 5000)))
            elif way == "removed":
                cache.unlink()
            else:
                with cache.open("r+b") as file:
                    file.seek(self._rng.randrange(1 << 16))
                    file.write(self._rng.randbytes(512))

    def _module_is_replaced(self):
        """As a package does it: each file for itself, another file under the old name; for a moment the core
        is not there, or is of another version."""
        for path in sorted(self._station.modules.rglob("*.so")):
            same = shutil.copy2(path, path.with_suffix(".same"))
            if path.name == "core.so":
                if self._rng.random() < 0.5:
                    shutil.copy2(made_for_tests("next_core.so"), path.with_suffix(".next")).rename(path)
                else:
                    path.unlink()
                self._pause(self._rng.uniform(0, 1))
            same.rename(path)

    def _daemon_dies(self):
        self._station.kill_daemon()
        self._lasts()
        self._station.start_daemon()
