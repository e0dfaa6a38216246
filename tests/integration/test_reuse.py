# SPDX-License-Identifier: GPL-2.0-or-later
"""A verified connection serves further messages with the same policy, and no others (D-104). How many
connections there were is what the receiver logged; real Exim on both sides.
"""
import re
import subprocess

import pytest

from processes import wait_for
from receivers import AUTH_PASSWORD, AUTH_USER

SCRIPTED = "192.0.2.49"  # 3 1 1 of the certificate `scripted`
BY_SENDER = "${if eq{$sender_address_local_part}{alice}{%s}{%s}}"


@pytest.fixture
def mailer(world, sender):
    def make(options=None, **more):
        return sender(driver="danesmtp", options={
            "dane_trust_anchor_file": world.trust_anchor, "command_timeout": "5s",
            **(options or {})}, **more)
    return make


class Seen:
    """What the receivers' log has got since this was made."""

    def __init__(self, world):
        self._world = world
        self._start = len(world.receivers.log())

    def connections(self):
        new = self._world.receivers.log()[self._start:]
        return len(re.findall("SMTP connection from .*TCP/IP connection count", new))


def run_queue(mail, recipients, senders=("alice",)):
    """Queues a message to each, in order, and runs the queue: routing first, so that Exim knows which
    messages wait for which host. Returns the log lines of the deliveries."""
    ids = [mail.inject(recipient, sender=f"{senders[n % len(senders)]}@sender.lab")
           for n, recipient in enumerate(recipients)]
    mail.exim("-qq")
    return ids


def deliveries(mail, ids):
    assert mail.queue() == {}
    return [line for one in ids for line in mail.log_lines(one) if "=>" in line]


@pytest.mark.parametrize("name,options,main,expected", [
    ("one connection", {}, "", 1),
    ("the most messages", {"connection_max_messages": "2"}, "", 3),
    ("hosts_nopass_tls", {"hosts_nopass_tls": "*"}, "", 5),
    ("hosts_noproxy_tls", {"hosts_noproxy_tls": "*"}, "", 5),
    ("without privilege", {}, "deliver_drop_privilege = true", 1),
], ids=lambda value: value.replace(" ", "-") if isinstance(value, str) and len(value) < 20 else "")
def test_five_queued_messages(world, mailer, name, options, main, expected):
    mail = mailer(options, main=main)
    seen = Seen(world)
    ids = run_queue(mail, [f"bob{n}@ee.lab" for n in range(5)])
    lines = deliveries(mail, ids)
    assert len(lines) == 5 and seen.connections() == expected, name
    assert all("CV=dane" in line and "X=TLS1.3:" in line for line in lines)
    assert sum("[192.0.2.10]:25* " in line for line in lines) == 5 - expected
    assert [len(world.receivers.mail(one)) for one in ids] == [1] * 5


# tests D-104
@pytest.mark.parametrize("name,recipients,options", [
    ("trust in the MX record", ["a@mx-secure.lab", "b@mx-insecure.lab"], {}),
    ("delegated to Exim's driver", ["a@mx-secure.lab", "b@mx-insecure.lab"],
     {"dane_insecure_mx": "may"}),
    ("ciphers", ["a@ee.lab", "b@ee.lab"],
     {"dane_require_tls_ciphers": BY_SENDER % ("NORMAL", "NORMAL:-CHACHA20-POLY1305")}),
    ("name in EHLO", ["a@ee.lab", "b@ee.lab"], {"helo_data": BY_SENDER % ("one.lab", "two.lab")}),
    ("interface", ["a@ee.lab", "b@ee.lab"], {"interface": BY_SENDER % ("192.0.2.1", "<; 192.0.2.1")}),
    ("authentication", ["a@ee.lab", "b@ee.lab"], {"hosts_try_auth": BY_SENDER % ("", "*")}),
], ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "")
@pytest.mark.parametrize("turn", [1, -1])
def test_another_policy_is_another_connection(world, mailer, name, recipients, options, turn):
    mail = mailer(options)
    seen = Seen(world)
    ids = run_queue(mail, recipients[::turn], ("alice", "carol")[::turn])
    lines = deliveries(mail, ids)
    assert len(lines) == 2 and seen.connections() == 2, name
    assert not any(":25* " in line for line in lines)
    assert [len(world.receivers.mail(one)) for one in ids] == [1, 1]


def test_authenticated_connection_serves_further_messages(world, mailer):
    mail = mailer({"hosts_require_auth": "*"}, sections=f"""begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^{AUTH_USER}^{AUTH_PASSWORD}
""")
    seen = Seen(world)
    ids = run_queue(mail, ["a@ee.lab", "b@ee.lab", "c@ee.lab"])
    deliveries(mail, ids)
    assert seen.connections() == 1
    for one in ids:
        (received,) = world.receivers.mail(one)
        assert received.header("Authenticated").startswith(f"as {AUTH_USER} by plain sender=")


def test_recipients_refused_on_a_connection_left_open(world, mailer):
    mail = mailer()
    seen = Seen(world)
    ids = run_queue(mail, ["a@ee.lab", "tmp@ee.lab", "bad@ee.lab", "d@ee.lab"])
    assert list(mail.queue().values()) == [["tmp@ee.lab"]]
    log = mail.mainlog()
    assert "** bad@ee.lab" in log and "550 no such user here" in log
    assert "451 come back later" in log
    assert [len(world.receivers.mail(one)) for one in ids] == [1, 0, 0, 1]
    assert seen.connections() <= 3
    assert "T:mx.ee.lab" not in mail.retry_records()


@pytest.mark.parametrize("name,script", [
    ("closed after the message", {"end-of-data": {"connection": 1, "reply": "250 ok", "then": "close"}}),
    ("421 to the next MAIL", {"mail": [{"match": "carol", "connection": 1, "reply": "421 enough",
                                        "then": "close"}]}),
    ("closed at the next MAIL", {"mail": [{"match": "carol", "connection": 1, "then": "close"}]}),
], ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "")
def test_connection_that_the_server_ends(world, mailer, name, script):
    server = world.scripted_server(SCRIPTED, "scripted", script)
    try:
        mail = mailer(main="queue_run_in_order")  # the scripts are about the second message
        ids = run_queue(mail, ["a@scripted.lab", "b@scripted.lab"], ("alice", "carol"))
        assert len(deliveries(mail, ids)) == 2, name
        assert "T:mx.scripted.lab" not in mail.retry_records()
        assert len(server.messages()) == 2 and len(server.events("tls")) == 2
    finally:
        server.stop()


# By BDAT the message goes out with its envelope: when the connection breaks then, the server may have it.
@pytest.mark.parametrize("end,silent", [({"then": "close"}, False),
                                        ({"reply": "421 enough", "then": "close"}, True)],
                         ids=["closed", "421"])
def test_message_that_the_server_may_have_is_not_sent_again_unseen(world, mailer, end, silent):
    server = world.scripted_server(SCRIPTED, "scripted",
                                   {"mail": [{"match": "carol", "connection": 1, **end}]},
                                   capabilities=("PIPELINING", "CHUNKING"))
    try:
        mail = mailer(main="queue_run_in_order")
        ids = run_queue(mail, ["a@scripted.lab", "b@scripted.lab"], ("alice", "carol"))
        assert server.commands().count("STARTTLS") == (2 if silent else 1)
        if not silent:
            assert mail.queue() == {ids[1]: ["b@scripted.lab"]}
            log = "\n".join(mail.log_lines(ids[1]))
            assert "Remote host closed connection" in log and " == b@scripted.lab " in log, mail.mainlog()
            mail.run_queue(forced=True)
        assert len(deliveries(mail, ids)) == 2 and len(server.messages()) == 2
    finally:
        server.stop()


def test_nothing_lives_on_after_the_queue_run(world, mailer):
    mail = mailer()
    deliveries(mail, run_queue(mail, [f"bob{n}@ee.lab" for n in range(3)]))

    def ours():
        return subprocess.run(["pgrep", "-f", str(mail.config)], capture_output=True, text=True,
                              check=False).stdout.split()

    wait_for(lambda: not ours(), lambda: f"processes are left: {ours()}")
