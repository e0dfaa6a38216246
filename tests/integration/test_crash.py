# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 at each step of the dialogue: the message is delivered once, or it stays on the queue. Only
between the final dot and the journal entry may it be sent twice, as with Exim's own driver.

(Exim freezes a message whose transport process was killed; a forced delivery thaws it.)"""
import os
import signal
import subprocess
import time

import pytest

from processes import descendants, has_connection
from sender import MX_ROUTER

RECIPIENT = "bob@scripted.lab"
PAUSE = 20  # seconds that the server hesitates; the process is dead long before

# the server hesitates at this stage; how often the message has been taken in the end
STAGES = {
    "connect": 1, "banner": 1, "ehlo": 1, "starttls": 1, "handshake": 1, "ehlo-tls": 1, "mail": 1,
    "rcpt": 1, "data": 1, "end-of-data": 2, "quit": 1,
}
WHO = ("transport", "everybody")


def wait_until(what, seconds=15):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "the delivery never got there"
        time.sleep(0.02)


def kill(delivery, who):
    """Ends the process with the connection, or the whole delivery, by id."""
    below = descendants(delivery.pid)
    victims = [pid for pid in below if has_connection(pid)] if who == "transport" else below
    assert victims, "no process to kill"
    if who == "everybody":
        victims.insert(0, delivery.pid)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    delivery.wait(timeout=30)


def reached(server, stage):
    """Whether the server is now hesitating at the stage."""
    seen = server.record_text()
    marks = {"connect": '"connect"', "banner": '"connect"', "ehlo": "EHLO", "starttls": "STARTTLS",
             "handshake": "STARTTLS", "mail": "MAIL FROM", "rcpt": "RCPT TO", "data": '"DATA"',
             "end-of-data": '"message"', "quit": '"QUIT"'}
    if stage == "ehlo-tls":
        return seen.count("EHLO") == 2
    return marks[stage] in seen


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("stage", STAGES)
def test_killed(world, sender, stage, who):
    script = {stage: {"connection": 1, "delay": PAUSE}}
    server = world.scripted_server("192.0.2.49", "scripted", script)
    try:
        mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
        message_id = mail.inject(RECIPIENT)
        delivery = subprocess.Popen([world.exim.binary, "-C", str(mail.config), "-M", message_id],
                                    cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: reached(server, stage))
        time.sleep(0.1)
        kill(delivery, who)
        # After the final reply the journal knows the recipient; the message file may still be there.
        assert message_id in mail.queue() or stage == "quit"
        if mail.queue():
            mail.deliver(message_id)
        assert mail.queue() == {}
        assert len(server.messages()) == STAGES[stage]
    finally:
        server.stop()


CHILDREN = f"""children:
  driver = redirect
  domains = scripted.lab
  data = {RECIPIENT}, bob@impostor.lab

{MX_ROUTER}"""


def test_killed_after_a_child_that_is_called_as_its_parent(world, sender):
    """The journal has it by its transport: else it would get the message again, or another child never."""
    server = world.scripted_server("192.0.2.49", "scripted", {"quit": {"connection": 1, "delay": PAUSE}})
    try:
        mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor}, routers=CHILDREN)
        message_id = mail.inject(RECIPIENT)
        delivery = subprocess.Popen([world.exim.binary, "-C", str(mail.config), "-M", message_id],
                                    cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: reached(server, "quit"))
        time.sleep(0.1)
        kill(delivery, "everybody")
        mail.deliver(message_id)
        assert len(server.messages()) == 1, mail.mainlog()
        assert message_id in mail.queue() and "== bob@impostor.lab" in mail.mainlog(), mail.mainlog()
    finally:
        server.stop()
