# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 of deliveries that have the cache open, while eight queue runs go on at once over one spool: no
message is lost, none is said to be delivered that was not, none comes twice but where a delivery of it was
killed, and what the file says afterwards is what the DNS says.

DANESMTP_KILLS says how many (60).
"""
import collections
import os
import random
import re
import signal
import subprocess
import time

import pytest

from processes import descendants, open_files
from tool import TOOL

KILLS = int(os.environ.get("DANESMTP_KILLS", "60"))
RUNS = 8
SLOTS_BEGIN = 4096  # of the cache file
WAITING = 24  # messages on the queue at any time
DOMAINS = ("ee.lab", "ta.lab", "rollover.lab", "two-mx.lab", "implicit-mx.lab", "plain.lab", "signed-no-tlsa.lab")
IMPOSTORS = ("impostor.lab", "ta-impostor.lab")


class QueueRuns:
    """So many at once, until stop()."""

    def __init__(self, mail):
        self._argv = [mail.exim_binary, "-C", str(mail.config), "-qff"]
        self._running = []
        self.go_on()

    def go_on(self):
        self._running = [one for one in self._running if one.poll() is None]
        while len(self._running) < RUNS:
            self._running.append(subprocess.Popen(self._argv, cwd="/", stdout=subprocess.DEVNULL,
                                                  stderr=subprocess.DEVNULL))

    def writers(self, cache):
        """Process id and message id of each delivery that has the cache open."""
        found = []
        for run in self._running:
            for pid in descendants_if_any(run.pid):
                files = open_files(pid)
                message = re.search(r"/input/(\S+)-D", "\n".join(files))
                if message and cache in files:
                    found.append((pid, message[1]))
        return found

    def stop(self):
        for one in self._running:
            one.wait(timeout=120)


def descendants_if_any(pid):
    try:
        return descendants(pid)
    except OSError:
        return []


def inject_more(mail, sent):
    for _ in range(WAITING - len(list(mail.spool.glob("input/*-H")))):
        domain = random.choice(DOMAINS)
        sent[mail.inject(f"bob@{domain}")] = domain


def kill_writers(mail, count):
    """The number of kills by message id, and the domain of each message."""
    cache, killed = str(mail.spool / "db/danesmtp"), collections.Counter()
    sent = {mail.inject(f"bob@{domain}"): domain for domain in IMPOSTORS}
    inject_more(mail, sent)
    runs = QueueRuns(mail)
    end = time.monotonic() + 60 + 5 * count
    while killed.total() < count:
        assert time.monotonic() < end, f"{killed.total()} kills, and no more writers"
        writers = runs.writers(cache)
        if writers:
            # The impostors' are always there.
            pid, message = random.choice([one for one in writers if sent[one[1]] not in IMPOSTORS] or writers)
            time.sleep(random.random() * 0.004)
            if cache in open_files(pid):
                os.kill(pid, signal.SIGKILL)
                killed[message] += 1
                os.truncate(cache, SLOTS_BEGIN)  # so that there is something to be written
        else:
            inject_more(mail, sent)
            runs.go_on()
    runs.stop()
    return killed, sent


def arrived(world):
    """How often each message was taken by a receiver."""
    texts = [mail.raw for mail in world.receivers.mail()]
    return collections.Counter(re.search(rb"\tid (\S+)", text)[1].decode() for text in texts)


def answers_kept(mail):
    """What is said by question; the order of records is nobody's."""
    dumped = subprocess.run([TOOL, "cache", "dump", "--file", mail.spool / "db/danesmtp"], check=True,
                            capture_output=True, text=True, timeout=60).stdout
    found = re.findall(r"^\d+ s left: (\w+ answer: \S+ of \S+): (.*)$", dumped, re.MULTILINE)
    assert found, dumped
    return {question: sorted(re.split(r"[:;]? ", answer)) for question, answer in found}


@pytest.mark.needs_cache("kills those who have it open")
@pytest.mark.begins_empty("compares all that is in it")
def test_killed_under_eight_queue_runs(world, sender):
    options = {"dane_resolver": world.unbound_conf()}
    mail = sender(driver="danesmtp", options=options)
    killed, sent = kill_writers(mail, KILLS)
    for _ in range(3):
        mail.run_queue(forced=True)
        for message in mail.queue():
            mail.deliver(message)  # thaws it
    waiting, taken, log = mail.queue(), arrived(world), mail.mainlog()
    story = f"{killed.total()} kills of {len(killed)} messages; {len(sent)} messages"

    for message, domain in sent.items():
        times, done = taken[message], f"{message} Completed" in log
        assert (message in waiting) != done, (message, domain, story)
        if domain in IMPOSTORS:
            assert times == 0 and not done, (message, domain, story)
        else:
            assert done and 1 <= times <= 1 + killed[message], (message, domain, times, killed[message], story)
    twice = sum(taken[message] - 1 for message in sent if taken[message] > 1)
    print(f"{story}, {sum(taken[message] > 0 for message in sent)} taken, {twice} copies more, {len(waiting)} wait")

    stat = subprocess.run([TOOL, "cache", "stat", "--file", mail.spool / "db/danesmtp"], capture_output=True,
                          text=True, check=False, timeout=60)
    assert stat.returncode == 0 and "answer: " in stat.stdout, stat.stderr
    assert "nothing is kept for later" not in log
    fresh = sender(driver="danesmtp", options=options)
    for domain in (*DOMAINS, *IMPOSTORS):
        fresh.send(f"bob@{domain}")
    expected = answers_kept(fresh)
    for question, answer in answers_kept(mail).items():
        assert expected[question] == answer, question
