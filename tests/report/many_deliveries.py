# SPDX-License-Identifier: GPL-2.0-or-later
"""Two weeks of mail in the private world, by real deliveries: main logs of a day each, as logrotate leaves them;
who is on the queue at the end; and the log of those who received it. Run through `enter`; scripts/report-page says
how:

    many_deliveries.py RECIPIENTS FOLDER

Each day's messages are taken and delivered by an Exim whose clock is so many days ahead; its logs are as it wrote them.
"""
import contextlib
import datetime
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from world import World
from zone import ONLY_TRY, Signing, Zone, exim, one_mx

DAYS = 14
OTHER_RECORDS = range(6, 9)  # the days when the records of rollover.lab are those of another key
TAKEN_AT = 8  # o'clock; the queue is run then, and at these hours, for what could not go
RUN_AGAIN_AT = (12, 16, 20)
QUEUE_RUNS = 4  # at once
CLEAR = Zone("clear", one_mx("192.0.2.237"), (exim("192.0.2.237", None),), signing=Signing.UNSIGNED, mail=ONLY_TRY)
SIZES = {1: 150, 5: 150, 20: 250, 100: 450}  # recipients of a message, and how often
# How often a message goes there.
DOMAINS = {"ee": 180, "ta": 120, "ee-full": 80, "cname-mx": 60, "ta-domain-name": 50, "implicit-mx": 40, "many-rr": 30,
           "rollover": 20, "mixed": 30, "mx-insecure": 70, "plain": 130, "signed-no-tlsa": 50, "a-insecure": 30,
           "unusable": 20, "clear": 20, "ta-impostor": 8, "rcpt-mix": 16, "impostor": 2, "ta-expired": 2,
           "bogus-tlsa": 1, "no-starttls": 1}
AUDITED = "ta-impostor.lab"
MAIN = "queue_only\nsmtp_accept_queue_per_connection = 0"
RETRY = "* * F,2h,15m; G,16h,1h,1.5; F,4d,6h"  # as in Exim's own configuration


def recipients(domain, number, size):
    """Of rcpt-mix.lab one in four is refused for good and one for now."""
    kinds = ("user", "bad", "user", "tmp") if domain == "rcpt-mix" else ("user",)
    return [f"{kinds[(number + at) % len(kinds)]}{number}-{at}@{domain}.lab" for at in range(size)]


def messages(wanted):
    """Lists of recipients, together so many; the same ones each time."""
    rng = random.Random(wanted)
    made = []
    while wanted > 0:
        (size,), (domain,) = (rng.choices([*kinds], kinds.values()) for kinds in (SIZES, DOMAINS))
        made.append(recipients(domain, len(made), min(size, wanted)))
        wanted -= len(made[-1])
    return made


def batch(some):
    """They as Exim reads them from standard input."""
    return "".join("MAIL FROM:<alice@sender.lab>\n" + "".join(f"RCPT TO:<{each}>\n" for each in made)
                   + "DATA\nFrom: alice@sender.lab\nSubject: test\n\nHello.\n.\n" for made in some).encode()


class Calendar:
    """The days, from tomorrow on: signatures of the world begin now and end in a month."""

    def __init__(self):
        tomorrow = datetime.date.today() + datetime.timedelta(days=1)
        self.days = [tomorrow + datetime.timedelta(days=number) for number in range(DAYS)]

    def share(self, number):
        """Of the messages, until the end of that day: half as many at weekends."""
        weights = [1 if day.weekday() > 4 else 2 for day in self.days]
        return sum(weights[:number + 1]) / sum(weights)

    def ahead(self, number, hour):
        """How far that moment is, as faketime takes it."""
        moment = datetime.datetime.combine(self.days[number], datetime.time(hour))
        return f"+{int(moment.timestamp() - time.time())}s"


class Mail:
    def __init__(self, world, folder):
        self._sender = world.sender(options={"dane_trust_anchor_file": world.trust_anchor,
                                             "dane_audit_domains": AUDITED},
                                    main=MAIN, retry=RETRY, log="+received_recipients")
        self._folder = folder
        self._calendar = Calendar()

    def share(self, day):
        return self._calendar.share(day)

    def one_day(self, day, some):
        """Puts them in, runs the queue, and puts the log of it away."""
        self._ended(self._start(day, TAKEN_AT, "-bS", stdin=subprocess.PIPE), batch(some))
        for run in [self._start(day, TAKEN_AT, "-q") for _ in range(QUEUE_RUNS)]:
            self._ended(run)
        for hour in RUN_AGAIN_AT:
            self._ended(self._start(day, hour, "-q"))
        self._put_log_away(day)

    def _put_log_away(self, day):
        path = self._folder / (f"mainlog.{DAYS - 1 - day}" if day < DAYS - 1 else "mainlog")
        shutil.move(self._sender.home / "log/main", path)
        date = str(self._calendar.days[day])
        for line in path.read_text(encoding="utf-8").splitlines():
            if " => " in line and " H=" in line and not line.startswith(date):
                raise RuntimeError(f"{path}: a delivery of another day: {line}")

    def waiting(self):
        """Recipients elsewhere that are on the queue."""
        return [each for waits in self._sender.queue().values() for each in waits if not each.endswith("@sender.lab")]

    def _start(self, day, hour, *arguments, stdin=subprocess.DEVNULL):
        argv = ["faketime", "-f", self._calendar.ahead(day, hour), self._sender.exim_binary, "-C",
                str(self._sender.config), *arguments]
        # Exim empties its environment, where faketime would look again after ten seconds.
        return subprocess.Popen(argv, cwd="/", stdin=stdin, stdout=subprocess.DEVNULL,
                                env={**os.environ, "FAKETIME_CACHE_DURATION": "86400"})

    @staticmethod
    def _ended(process, octets=None):
        process.communicate(octets)
        if process.returncode:
            raise RuntimeError(f"{process.args}: status {process.returncode}")


def other_records(world, stack):
    """Puts them there until the end of the stack."""
    script = stack.enter_context(world.changed_records(world.zone("rollover"), "_25._tcp.mx", ("3 1 1 =impostor-key",)))
    subprocess.run(["sh", "-c", script], check=True)


def two_weeks(world, mail, made):
    """Yields what was done of a day."""
    begin, first = time.monotonic(), 0
    with contextlib.ExitStack() as stack:
        for day in range(DAYS):
            if day == OTHER_RECORDS.start:
                other_records(world, stack)
            elif day == OTHER_RECORDS.stop:
                stack.close()
            some = made[first:round(len(made) * mail.share(day))]
            first += len(some)
            mail.one_day(day, some)
            yield (f"{time.monotonic() - begin:6.0f} s  day {day + 1}: {len(some)} messages, "
                   f"{sum(map(len, some))} recipients")


def main():
    wanted, folder = int(sys.argv[1]), Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    made = messages(wanted)
    with World(more_zones=(CLEAR,)) as world:
        mail = Mail(world, folder)
        for done in two_weeks(world, mail, made):
            print(done, flush=True)
        (folder / "queue").write_text("".join(f"{each}\n" for each in mail.waiting()), encoding="utf-8")
        (folder / "receivers").write_text(world.receivers.log(), encoding="utf-8")
    print(f"{len(made)} messages to {wanted} recipients")


if __name__ == "__main__":
    main()
