# SPDX-License-Identifier: GPL-2.0-or-later
"""Many recipients in one message: each gets its own result in log, bounce, retry record and queue."""
import re

import pytest

GOOD = [f"good{n}@rcpt-mix.lab" for n in range(10)]
LATER = [f"tmp{n}@rcpt-mix.lab" for n in range(5)]   # the receiver says 451
NEVER = [f"bad{n}@rcpt-mix.lab" for n in range(5)]   # the receiver says 550


def interleaved():
    mixed = []
    for n in range(10):
        mixed.append(GOOD[n])
        mixed.append(LATER[n // 2] if n % 2 else NEVER[n // 2])
    return mixed


@pytest.fixture
def mail(world, sender):
    return sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})


def test_twenty_recipients_half_refused(world, mail):
    message_id = mail.send(interleaved())
    log = mail.log_lines(message_id)
    for recipient in GOOD:
        assert sum(f"> {recipient} " in line and "CV=dane" in line for line in log) == 1, recipient
    assert sum(" => " in line for line in log) == 1  # one transaction
    for recipient in NEVER:
        (line,) = [line for line in log if f"** {recipient} " in line]
        assert f"after RCPT TO:<{recipient}>: 550 " in line.replace("pipelined ", "")
    for recipient in LATER:
        (line,) = [line for line in log if f"== {recipient} " in line]
        assert "defer" in line and ": 451 " in line

    assert sorted(mail.queue()[message_id]) == sorted(LATER)
    (received,) = world.receivers.mail(message_id)
    assert sorted(received.envelope_to) == sorted(GOOD)

    (bounce,) = mail.wait_for_bounces(1)
    failed = re.findall(r"^Final-Recipient: rfc822;\s*(\S+)$", bounce, re.MULTILINE)
    assert sorted(failed) == sorted(NEVER)

    keys = re.findall(r"^\s*((?:R|T):\S+ -?\d+)", mail.retry_records(), re.MULTILINE)
    for recipient in LATER:
        assert any(recipient in key and key.endswith(" -44") for key in keys), keys
    assert not any(recipient in key for recipient in GOOD + NEVER for key in keys)
    assert not any(key.startswith("T:mx.rcpt-mix.lab") for key in keys)  # the host is well


def test_the_deferred_are_tried_again_and_nobody_else(world, mail):
    message_id = mail.send(interleaved())
    mail.deliver(message_id)
    assert len(world.receivers.mail(message_id)) == 1
    assert sorted(mail.queue()[message_id]) == sorted(LATER)


def test_all_refused_sends_no_data(world, mail):
    message_id = mail.send(NEVER)
    assert len(mail.wait_for_bounces(1)) == 1
    assert message_id not in mail.queue()
    assert world.receivers.mail(message_id) == []


def test_more_recipients_than_max_rcpt(world, sender):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor,
                                              "max_rcpt": "4"})
    message_id = mail.send(GOOD)
    assert mail.queue() == {}
    received = world.receivers.mail(message_id)
    assert len(received) >= 3
    assert sorted(one for each in received
                  for one in each.envelope_to) == sorted(GOOD)


def test_two_domains_of_one_server_each_by_its_own_policy(world, sender):
    """One message to a DANE domain, one without and an impostor: three results."""
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    message_id = mail.send(["bob@ee.lab", "bob@plain.lab", "bob@impostor.lab"])
    log = "\n".join(mail.log_lines(message_id))
    assert re.search(r"=> bob@ee\.lab .*CV=dane", log)
    assert re.search(r"=> bob@plain\.lab (?!.*CV=dane)", log)
    assert mail.queue() == {message_id: ["bob@impostor.lab"]}
