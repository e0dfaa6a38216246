# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said to a server on a DANE connection: each extension, where it is offered and where not.

The exact commands are those of Exim's own driver; test_side_by_side.py compares the two.
"""
import re

import pytest

PEER = ("192.0.2.49", "scripted")
USUAL = ("SIZE 104857600", "8BITMIME", "PIPELINING")


@pytest.fixture
def talk(world, sender):
    """Delivers a message to a server of a script; returns it, the sender and the message id."""
    servers = []

    def run(recipients, *, script=None, capabilities=USUAL, options=None, log="", **message):
        server = world.scripted_server(*PEER, script or {}, capabilities=capabilities)
        servers.append(server)
        mail = sender(driver="danesmtp", log=log,
                      options={"dane_trust_anchor_file": world.trust_anchor, **(options or {})})
        message_id = mail.send(recipients, **message)
        return server, mail, message_id

    yield run
    for server in servers:
        server.stop()


def envelope(server):
    """The commands under TLS, but for EHLO and QUIT."""
    return [event["line"] for event in server.events("command")
            if event["tls"] and event["line"][:4] not in ("EHLO", "QUIT")]


def test_bdat_has_the_exact_length(talk):
    body = "".join(f".line {n} with a leading dot\n" for n in range(2000))
    server, mail, message_id = talk("bob@scripted.lab", capabilities=(*USUAL, "CHUNKING"), body=body)
    assert mail.queue() == {}
    (command,) = [line for line in envelope(server) if line.startswith("BDAT")]
    (message,) = server.messages()
    assert command == f"BDAT {len(message)} LAST"
    assert message.endswith(body.replace("\n", "\r\n").encode())
    (line,) = [line for line in mail.log_lines(message_id) if " => " in line]
    assert re.search(r" CV=dane .* K .*C=", line), line


def test_dots_arrive_by_data_too(talk):
    body = ".\n..\n.x\n"
    server, mail, message_id = talk("bob@scripted.lab", body=body)
    assert mail.queue() == {}
    assert "DATA" in envelope(server)
    (message,) = server.messages()
    assert message.endswith(b"\r\n\r\n.\r\n..\r\n.x\r\n")
    assert not [line for line in mail.log_lines(message_id) if " K " in line]


def test_no_chunking_where_it_is_not_tried(talk):
    server, _, _ = talk("bob@scripted.lab", capabilities=(*USUAL, "CHUNKING"),
                        options={"hosts_try_chunking": ""})
    assert envelope(server)[-1] == "DATA"


def test_a_refused_chunk_waits(talk):
    server, mail, message_id = talk("bob@scripted.lab", capabilities=(*USUAL, "CHUNKING"),
                                    script={"end-of-data": {"reply": "451 not now"}})
    assert mail.queue() == {message_id: ["bob@scripted.lab"]}
    assert "after pipelined end of data: 451 not now" in mail.mainlog()
    assert len(server.messages()) == 1


@pytest.mark.needs("PRDR")
def test_prdr_gives_each_recipient_its_own_result(talk):
    names = [f"{name}@scripted.lab" for name in ("a", "b", "c")]
    replies = ["353 each one", "250 for a", "550 not for b", "450 not yet for c", "250 the rest"]
    server, mail, message_id = talk(names, capabilities=(*USUAL, "PRDR"),
                                    script={"end-of-data": {"reply": replies}})
    assert " PRDR" in envelope(server)[0]
    log = "\n".join(mail.log_lines(message_id))
    assert re.search(r'=> a@scripted\.lab .* PRDR C="250 for a\\\\n250 the rest"', log), log
    assert re.search(r"\*\* b@scripted\.lab .*PRDR error after DATA: 550 not for b", log), log
    assert re.search(r"== c@scripted\.lab .*PRDR error after DATA: 450 not yet for c", log), log
    assert mail.queue()[message_id] == ["c@scripted.lab"]


def test_prdr_that_breaks_off_delivers_to_nobody(talk):
    names = [f"{name}@scripted.lab" for name in ("a", "b")]
    _, mail, message_id = talk(names, capabilities=(*USUAL, "PRDR"), script={
        "end-of-data": {"reply": ["353 each one", "250 for a"], "then": "close"}})
    assert sorted(mail.queue()[message_id]) == names
    assert " => " not in mail.mainlog()


ACL = "acl_not_smtp = accept\nacl_smtp_rcpt = accept\n"
DSN = ACL + "dsn_advertise_hosts = *\n"


def send_by_smtp(mail, *commands):
    """Puts a message in by -bs, where DSN parameters can be given; delivers it."""
    lines = ["EHLO client.lab", *commands, "DATA", "Subject: x\r\n\r\nHello.\r\n.", "QUIT"]
    said = mail.exim("-odq", "-bs", stdin="".join(f"{line}\r\n" for line in lines).encode())
    (message_id,) = re.findall(r"250 OK id=(\S+)", said.stdout.decode())
    mail.deliver(message_id)
    return message_id


@pytest.mark.declared("TRANSPORT_MAGIC")  # and DSN= in its log lines
def test_notification_requests_are_passed_on(world, sender):
    server = world.scripted_server(*PEER, {}, capabilities=(*USUAL, "DSN"))
    mail = sender(driver="danesmtp", main=DSN, log="+dsn",
                  options={"dane_trust_anchor_file": world.trust_anchor})
    send_by_smtp(mail, "MAIL FROM:<alice@sender.lab> RET=HDRS ENVID=QQ314159",
                 "RCPT TO:<bob@scripted.lab> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob@scripted.lab")
    said = envelope(server)
    server.stop()
    assert said[0].endswith(" RET=HDRS ENVID=QQ314159")
    assert said[1] == ("RCPT TO:<bob@scripted.lab> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob@scripted.lab")
    assert "DSN=yes" in mail.mainlog()
    assert mail.bounces() == []


@pytest.mark.declared("TRANSPORT_MAGIC")
def test_a_server_without_dsn_makes_us_notify(world, sender):
    server = world.scripted_server(*PEER, {})
    mail = sender(driver="danesmtp", main=DSN, log="+dsn",
                  options={"dane_trust_anchor_file": world.trust_anchor})
    send_by_smtp(mail, "MAIL FROM:<alice@sender.lab> RET=HDRS",
                 "RCPT TO:<bob@scripted.lab> NOTIFY=SUCCESS")
    said = envelope(server)
    server.stop()
    assert "RET=" not in said[0] and said[1] == "RCPT TO:<bob@scripted.lab>"
    assert "DSN=notpeer" in mail.mainlog()
    (notice,) = mail.wait_for_bounces(1)
    assert "Action: delivered" in notice


UTF8 = ACL + "smtputf8_advertise_hosts = *\n"


def send_utf8(world, sender, capabilities, options=None):
    server = world.scripted_server(*PEER, {}, capabilities=capabilities)
    mail = sender(driver="danesmtp", main=UTF8,
                  options={"dane_trust_anchor_file": world.trust_anchor, **(options or {})})
    message_id = send_by_smtp(mail, "MAIL FROM:<grüße@sender.lab> SMTPUTF8",
                              "RCPT TO:<bob@scripted.lab>")
    said = envelope(server)
    server.stop()
    return said, mail, message_id


@pytest.mark.needs("I18N")
def test_smtputf8_where_it_is_offered(world, sender):
    said, mail, _ = send_utf8(world, sender, (*USUAL, "SMTPUTF8"))
    assert re.fullmatch(r"MAIL FROM:<gr\S+e@sender\.lab> SIZE=\d+ SMTPUTF8", said[0]), said
    assert mail.queue() == {}


@pytest.mark.needs("I18N")
def test_a_labels_where_it_is_not(world, sender):
    said, mail, _ = send_utf8(world, sender, USUAL)
    assert re.fullmatch(r"MAIL FROM:<xn--\S+@sender\.lab> SIZE=\d+", said[0]), said
    assert mail.queue() == {}


def test_without_conversion_it_comes_back(world, sender):
    said, mail, message_id = send_utf8(world, sender, USUAL, {"utf8_downconvert": "0"})
    assert said == []
    assert "utf8 support required but not offered for forwarding" in mail.mainlog()
    assert message_id not in mail.queue()


def test_helo_under_dane_sends_nothing(talk):
    server, mail, message_id = talk("bob@scripted.lab", options={"hosts_avoid_esmtp": "*"})
    assert mail.queue() == {message_id: ["bob@scripted.lab"]}
    assert server.commands() == ["HELO sender.lab", "QUIT"]
    assert "a TLS session is required" in mail.mainlog()


def test_one_command_at_a_time(talk):
    server, mail, message_id = talk("bob@scripted.lab", options={"hosts_avoid_pipelining": "*"},
                                    log="+pipelining")
    assert mail.queue() == {}
    assert envelope(server)[-1] == "DATA"
    (line,) = [line for line in mail.log_lines(message_id) if " => " in line]
    assert " L " not in line


def test_too_many_recipients_go_in_the_next_transaction(talk):
    names = [f"{name}@scripted.lab" for name in ("a", "b", "c")]
    server, mail, _ = talk(names, script={
        "rcpt": [{"match": "b@", "times": 1, "reply": "452 too many recipients"}]})
    said = [re.sub(r" .*<(\w+)@.*", r" \1", line) for line in envelope(server)]
    assert said == ["MAIL alice", "RCPT a", "RCPT b", "RCPT c", "DATA", "MAIL alice", "RCPT b", "DATA"]
    assert mail.queue() == {}
    assert "scripted" not in mail.retry_records()


def test_a_limit_of_messages_makes_another_connection(talk):
    names = [f"{name}@scripted.lab" for name in ("a", "b")]
    server, mail, _ = talk(names, capabilities=(*USUAL, "LIMITS MAILMAX=1 RCPTMAX=1"))
    assert mail.queue() == {}
    assert len(server.events("tls")) == 2
    assert len(server.messages()) == 2


def test_refused_for_now_by_one_host_of_two(talk, world):
    """The main log and the message's log name the first host; the recipient's line the last."""
    server, mail, message_id = talk("bob@scripted.lab", script={"rcpt": {"reply": "451 later"}})
    assert "SMTP error from remote mail server after RCPT TO:<bob@scripted.lab>: 451 later" in \
        mail.message_log(message_id)
    lines = [line for line in mail.log_lines(message_id) if "451 later" in line]
    assert len(lines) == 1 and " == bob@scripted.lab " in lines[0]
    assert len(server.events("connect")) == 1
