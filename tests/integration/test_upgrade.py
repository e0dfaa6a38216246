# SPDX-License-Identifier: GPL-2.0-or-later
"""Module and core library are replaced by those of another version, one file after the other, while a daemon takes
mail and several queue runs deliver it: each message is delivered once, or waits with a line that says what to do, and
goes when both are there (doc/decisions/0012). None is lost, none goes in clear or to an impostor."""
import random
import re
import shutil
import smtplib
import subprocess
import sys

import pytest

from processes import WorldError, wait_for
from test_misfit import TOP, build_shim

sys.path.insert(0, str(TOP / "tests/soak"))

from account import Books, faults_in_account  # noqa: E402  (needs the path above)
from fates import MUST_HAVE_TLS, MUST_WAIT, impostors  # noqa: E402
from harvest import arrivals_of  # noqa: E402
from message import message_of  # noqa: E402
from remains import SIGNALS  # noqa: E402
from station import MAIN, PORT, Station  # noqa: E402

MESSAGES = 200
LONGEST = 120  # seconds that anything is waited for
DOMAINS = ("ee", "ta", "plain", "mx-insecure", "ee-full", "cname-mx", "signed-no-tlsa", "rollover", "unusable",
           "impostor")
RETRY = "* * F,1h,1s"
SHIM, CORE = "danesmtp_transport.so", "danesmtp/core.so"
BOTH_AGAIN = "does not belong to this module; install both again, of one version"
NO_CORE = "danesmtp: cannot open its core library"
NO_SHIM = 'cannot find transport driver "danesmtp"'
# What is done, one thing after the other, and what is said of a delivery until the next. None: all is well again.
RENAMED_OVER = {
    "core first": ((CORE, "new", BOTH_AGAIN), (SHIM, "new", None)),
    "module first": ((SHIM, "new", BOTH_AGAIN), (CORE, "new", None)),
}
REMOVED_BEFORE = {
    "core first": ((CORE, "gone", NO_CORE), (SHIM, "gone", NO_SHIM), (CORE, "new", NO_SHIM), (SHIM, "new", None)),
    "module first": ((SHIM, "gone", NO_SHIM), (CORE, "gone", NO_SHIM), (SHIM, "new", NO_CORE), (CORE, "new", None)),
}


def next_core():
    found = sorted((TOP / "build").glob("*/tests/world/next_core.so"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise WorldError("next_core is not built: build the target of that name")
    return found[-1]


@pytest.fixture(scope="module")
def next_pair(world, tmp_path_factory):
    """Module and core library of another version: by the names that they have in Exim's module directory."""
    shim = build_shim(tmp_path_factory.mktemp("next"), world.exim.tree, "DANESMTP_BRIDGE_VERSION=1000u")
    return {SHIM: shim, CORE: next_core()}


@pytest.fixture
def modules(world):
    with world.exim.other_modules() as directory:
        yield directory


class Mail:
    """What is sent: a message to one recipient each, all of them by SMTP to the daemon."""

    def __init__(self, world, sender, modules, name):
        self._name = name
        self._world = world
        self.sender = sender(options={"dane_trust_anchor_file": world.trust_anchor}, main=MAIN, retry=RETRY)
        self.station = Station(self.sender, modules)
        self.sent = {}

    def send(self, count):
        for _ in range(count):
            token = f"{self._name}-{len(self.sent)}"
            recipient = f"bob@{DOMAINS[len(self.sent) % len(DOMAINS)]}.lab"
            with smtplib.SMTP("127.0.0.1", PORT, timeout=60) as client:
                text = message_of(token, 1_000, random.Random(token)).decode().replace("\n", "\r\n")
                client.sendmail("alice@sender.lab", [recipient], text)
            self.sent[token] = (recipient,)

    def logs(self):
        return self.sender.mainlog() + self.sender.paniclog()

    def waiting(self):
        found = set()
        for message_id, recipients in self.sender.queue().items():
            text = (self.sender.spool / f"input/{message_id}-H").read_text(encoding="utf-8", errors="replace")
            token = re.search(r"X-Soak: (\S+)", text)
            found |= {(token[1] if token else message_id, recipient) for recipient in recipients}
        return found

    def books(self):
        arrivals = [each for mail in self._world.receivers.mail() for each in arrivals_of(mail)
                    if each.token.startswith(self._name)]
        return Books(self.sent, {}, arrivals, {}, self.waiting(), [], MUST_WAIT, MUST_HAVE_TLS,
                     impostors(self._world))


@pytest.fixture
def mail(world, sender, modules, request):
    made = Mail(world, sender, modules, re.sub(r"\W+", "-", request.node.name))
    made.station.start()
    yield made
    made.station.stop()
    subprocess.run(["umount", "--lazy", made.sender.spool], check=True)


def take_place(new, path):
    """As dpkg has it: beside the old one, then under its name."""
    beside = path.with_name(f"{path.name}.dpkg-new")
    shutil.copy(new, beside)
    beside.rename(path)


def change(modules, name, to, next_pair):
    if to == "gone":
        (modules / name).unlink()
    else:
        take_place(next_pair[name], modules / name)


def meanwhile(mail, said, count):
    """Mail is taken, and there is a delivery that says that."""
    before = mail.logs().count(said) if said else 0
    mail.send(count)
    if said:
        wait_for(lambda: mail.logs().count(said) > before, lambda: f"nobody says {said!r}\n{mail.logs()}",
                 seconds=LONGEST)


def is_done(mail):
    return all(each.endswith("@impostor.lab") for recipients in mail.sender.queue().values() for each in recipients)


def unexplained(mail, steps):
    """Deferrals for another reason than those of the steps; the impostor's aside. A queue run from before has the
    module of before in memory, and may meet the new core library."""
    reasons = (*(said for _, _, said in steps if said), BOTH_AGAIN, "retry time not reached")
    return [line for line in mail.logs().splitlines() if " == " in line and "@impostor.lab" not in line
            and not any(reason in line for reason in reasons)]


@pytest.mark.parametrize("steps", [
    *(pytest.param(steps, id=f"renamed over, {name}") for name, steps in RENAMED_OVER.items()),
    *(pytest.param(steps, id=f"removed before, {name}") for name, steps in REMOVED_BEFORE.items())])
def test_upgrade_while_mail_is_delivered(mail, modules, next_pair, steps):
    part = MESSAGES // (len(steps) + 1)
    mail.send(MESSAGES - part * len(steps))
    for name, to, said in steps:
        change(modules, name, to, next_pair)
        meanwhile(mail, said, part)
    wait_for(lambda: is_done(mail), lambda: f"{mail.sender.queue()} waits\n{mail.logs()}", seconds=LONGEST,
             longest_pause=0.5)
    mail.station.stop()
    books = mail.books()
    assert faults_in_account(books) == [] and len(mail.sent) == MESSAGES
    assert len(books.arrivals) == MESSAGES - len(books.waiting) == MESSAGES * (len(DOMAINS) - 1) // len(DOMAINS)
    logs = mail.logs()
    assert not SIGNALS.search(logs) and "frozen" not in logs and " ** " not in logs, logs
    assert unexplained(mail, steps) == []
