# SPDX-License-Identifier: GPL-2.0-or-later
"""What Exim does around the deliveries of a danesmtp transport, side by side with driver = smtp: callouts
and cutthrough, giving up, forced queue runs, bounces after the retry limit, -N, mua_wrapper, -v, exinext.
"""
import re
import subprocess
import time
from pathlib import Path

import pytest

DRIVERS = ["smtp", "danesmtp"]


@pytest.fixture
def both(world, sender):
    """A function: what each driver makes of the same, as {driver: result}."""
    def compare(result, options=None, **more):
        seen = {}
        with world.trust_ad():
            for driver in DRIVERS:
                own = {"dane_trust_anchor_file": world.trust_anchor} if driver == "danesmtp" else {}
                mail = sender(driver=driver, options={
                    "hosts_require_dane": "*", "hosts_try_chunking": "", "hosts_try_prdr": "",
                    **own, **(options or {})}, **more)
                seen[driver] = result(mail)
        return seen
    return compare


def smtp_in(mail, *commands):
    """Exim's replies to an SMTP client on its standard input."""
    text = "".join(f"{line}\r\n" for line in ("EHLO client.lab", *commands, "QUIT"))
    return mail.exim("-bs", stdin=text.encode()).stdout.decode()


def without_ids(text):
    text = re.sub(r"\w{6}-(?:\w{11}-\w{4}|\w{6}-\w{2})", "ID", text)
    text = re.sub(r"^\S+ \S+ ", "", text, flags=re.MULTILINE)
    # Of a refused certificate the two drivers speak at different places and in different words.
    text = re.sub(r".*(DANE attempt failed|TLS session: ).*\n?", "", text)
    return re.sub(r"DT=\S+|QT=\S+|:SECP\S+|\[\d+\]| U=\S+|S=\d+|pid=\d+", "", text)


# Domains without DANE: test_around_ways.py has the others.
NO_DANE = {"hosts_require_dane": ""}


@pytest.mark.parametrize("domain", ["plain.lab", "signed-no-tlsa.lab"])
@pytest.mark.parametrize("local_part,reply", [("bob", "250 Accepted"), ("bad", "550"), ("tmp", "451")])
def test_recipient_callout(both, domain, local_part, reply):
    recipient = f"{local_part}@{domain}"
    seen = both(lambda mail: smtp_in(mail, "MAIL FROM:<alice@sender.lab>", f"RCPT TO:<{recipient}>"),
                NO_DANE, main=r'acl_smtp_rcpt = "accept verify = recipient/callout=10s,no_cache"')
    answers = {driver: text.split("\r\n")[1:] for driver, text in seen.items()}  # without the time
    assert answers["danesmtp"][-3].startswith(reply), seen["danesmtp"]
    assert answers["smtp"] == answers["danesmtp"]


@pytest.mark.parametrize("control", ["", "/defer=pass"])
@pytest.mark.parametrize("recipient", ["bob@plain.lab", "bad@plain.lab", "tmp@plain.lab"])
def test_cutthrough(world, both, recipient, control):
    def result(mail):
        replies = smtp_in(mail, "MAIL FROM:<alice@sender.lab>", f"RCPT TO:<{recipient}>", "DATA",
                          "Subject: x", "", "Hello.", ".")
        replies = [re.sub("id=.*", "id", line) for line in replies.split("\r\n")[1:]]
        return replies, without_ids(mail.mainlog()), list(mail.queue().values())

    before = len(world.receivers.mail())
    seen = both(result, NO_DANE, main=f'acl_smtp_rcpt = "accept control = cutthrough_delivery{control}"')
    assert seen["smtp"] == seen["danesmtp"]
    assert len(world.receivers.mail()) - before == (2 if recipient == "bob@plain.lab" else 0)


def test_giving_up_bounces(both):
    def result(mail):
        message_id = mail.send("tmp@ee.lab")
        mail.exim("-Mg", message_id)
        (bounce,) = mail.wait_for_bounces(1)
        return mail.queue(), re.findall(r"^(?:Final-Recipient|Status|Action): .*$", bounce, re.MULTILINE)

    seen = both(result)
    assert seen["danesmtp"][0] == {} and seen["danesmtp"][1]
    assert seen["smtp"] == seen["danesmtp"]


@pytest.mark.parametrize("forced", [False, True])
def test_queue_run_and_retry_times(world, both, forced):
    def result(mail):
        message_id = mail.send(["tmp@ee.lab", "bob@ee.lab"])
        mail.run_queue(forced=forced)
        log = [without_ids(line) for line in mail.log_lines(message_id)]
        return mail.queue() == {message_id: ["tmp@ee.lab"]}, log, len(world.receivers.mail(message_id))

    seen = both(result)
    assert seen["danesmtp"][0] and seen["danesmtp"][2] == 1
    assert sum("451 come back later" in line for line in seen["danesmtp"][1]) == (2 if forced else 1)
    assert seen["smtp"] == seen["danesmtp"]


def test_bounce_after_the_last_retry(both):
    """The only rule runs for a second."""
    def result(mail):
        message_id = mail.send("bob@impostor.lab")
        time.sleep(2.1)
        mail.run_queue()
        (bounce,) = mail.wait_for_bounces(1)
        log = "\n".join(mail.log_lines(message_id))
        return mail.queue(), "** bob@impostor.lab" in log, "retry timeout exceeded" in bounce

    seen = both(result, retry="* * F,1s,1s")
    assert seen["danesmtp"] == ({}, True, True)
    assert seen["smtp"] == seen["danesmtp"]


def test_no_delivery_with_minus_n(world, both):
    def result(mail):
        message_id = mail.inject("bob@ee.lab")
        mail.exim("-N", "-M", message_id)
        return [without_ids(line) for line in mail.log_lines(message_id)], len(world.receivers.mail(message_id))

    seen = both(result)
    assert any("*> bob@ee.lab" in line for line in seen["danesmtp"][0]) and seen["danesmtp"][1] == 0
    assert seen["smtp"] == seen["danesmtp"]


@pytest.mark.parametrize("recipients,status", [
    (["bob@ee.lab"], 0), (["bob@ee.lab", "bad@ee.lab"], 1), (["bob@ee.lab", "tmp@ee.lab"], 1),
    (["bob@impostor.lab"], 1)])
def test_mua_wrapper(world, both, recipients, status):
    """All recipients in one transaction or nothing, and the outcome is the exit status."""
    def result(mail):
        before = len(world.receivers.mail())
        done = mail.exim("-i", "-f", "alice@sender.lab", *recipients, expected=(0, 1),
                         stdin=b"From: alice@sender.lab\n\nHello.\n")
        return done.returncode, mail.queue(), len(world.receivers.mail()) - before

    seen = both(result, main="mua_wrapper = true")
    assert seen["danesmtp"] == (status, {}, 1 - status)
    assert seen["smtp"] == seen["danesmtp"]


def test_events(both):
    """The same ones in the same order, about the same host; ours has dane:report among them."""
    acl = """told:
  accept logwrite = EVENT $event_name host=$host address=$host_address port=$host_port for=$local_part@$domain
"""

    def result(mail):
        mail.send(["bob@ee.lab", "tmp@ee.lab"])
        return re.findall("EVENT (.*)", mail.mainlog())

    seen = both(result, {"event_action": "${acl{told}}"}, acl=acl)
    assert [line.split()[0] for line in seen["danesmtp"][:5]] == [
        "tcp:connect", "smtp:connect", "smtp:ehlo", "tls:cert", "smtp:ehlo"]
    assert "host=mx.ee.lab address=192.0.2.10" in seen["danesmtp"][0]
    ours = [line for line in seen["danesmtp"] if line.startswith("dane:report ")]
    assert len(ours) == 1 and "host=mx.ee.lab address=192.0.2.10" in ours[0]
    assert seen["smtp"] == [line for line in seen["danesmtp"] if line not in ours]


@pytest.mark.parametrize("recipient,said", [
    ("bob@ee.lab", "BDAT"), ("tmp@ee.lab", "RCPT"), ("bob@two-mx-down.lab", "BDAT"),
    ("bob@no-starttls.lab", "QUIT"), ("bob@impostor.lab", "STARTTLS")])
def test_verbose_output(both, recipient, said):
    """What -v shows of the dialogue: the same commands, the same replies, the same laid out. Exim sends
    QUIT with the data where nothing follows, so commands and replies are compared each by themselves."""
    def result(mail):
        message_id = mail.inject(recipient)
        lines = without_ids(mail.deliver(message_id, debug="-v")).splitlines()
        commands = [re.sub("SMTP[|+]>", "SMTP>>", line) for line in lines if re.match("  SMTP[>|+]> ", line)]
        commands = [line for line in commands if "(message, " not in line]
        replies = [line for line in lines
                   if re.match("  SMTP<< |         \\d{3}[ -]", line) and "<< 22" not in line]
        return commands, replies, [line for line in lines if line.startswith("Connecting to")]

    seen = both(result, {"hosts_try_chunking": "*"})
    assert any(said in line for line in seen["danesmtp"][0])
    assert seen["smtp"] == seen["danesmtp"]


@pytest.mark.declared("channelbind_exporter")  # before 4.97 it shows nothing, of neither driver
@pytest.mark.parametrize("recipient", ["tmp@ee.lab", "bob@two-mx-down.lab", "bob@no-starttls.lab",
                                       "bob@impostor.lab", "bob@ee.lab"])
def test_exinext(both, recipient):
    """Exim's own script shows the same; of a refused certificate the drivers have words of their own,
    and ours has a status code where DANE makes mail wait."""
    def result(mail):
        mail.send(recipient)
        done = subprocess.run([Path(mail.exim_binary).with_name("exinext"), "-C", mail.config, recipient],
                              capture_output=True, text=True, check=True, cwd="/")
        assert done.stderr == ""
        text = re.sub(r"\d\d-\w{3}-\d{4} [\d:]+", "TIME", done.stdout)
        text = re.sub(r"DANE: 4\.7\.4 ", "", text)
        return re.sub("TLS session: .*", "TLS session", text)

    seen = both(result)
    assert ("next try" in seen["danesmtp"]) == (recipient != "bob@ee.lab")
    assert seen["smtp"] == seen["danesmtp"]


@pytest.mark.parametrize("event,text", [
    ("smtp:connect", "deferred by smtp:connect event expansion: not today"),
    ("tls:cert", "cert denied by event-action: depth=0: not today")])
def test_event_that_forbids_to_go_on(world, sender, event, text):
    mail = sender(driver="danesmtp", options={
        "dane_trust_anchor_file": world.trust_anchor,
        "event_action": "${if eq{$event_name}{%s}{not today}}" % event})
    message_id = mail.send("bob@ee.lab")
    assert text in "\n".join(mail.log_lines(message_id))
    assert mail.queue() == {message_id: ["bob@ee.lab"]} and world.receivers.mail(message_id) == []
