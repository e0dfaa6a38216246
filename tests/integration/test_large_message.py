# SPDX-License-Identifier: GPL-2.0-or-later
"""A large message: the process that delivers it stays small, every octet arrives, from the spool or from
a file in which it waited, and that is gone."""
import re
import subprocess
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import watched
from processes import descendants, has_connection, peak_memory

LARGE = 100_000_000
MOST_GROWTH = 10_000  # KiB
LINE = b"".join(b"%02d.abcdefghijklmnopqrstuvwxyz.ABCDEFGHIJKLMNOPQRSTUVWXYZ.01234567\n" % n
                for n in range(100))


def peak_of(mail, message_id):
    """The largest VmHWM in KiB that was seen of the process with the connection, while it delivers."""
    argv = [mail.exim_binary, "-C", str(mail.config), "-M", message_id]
    peak = 0
    with subprocess.Popen(argv, cwd="/", env={"PATH": "/usr/bin:/bin"}) as delivery:
        end = time.monotonic() + 300
        while delivery.poll() is None:
            assert time.monotonic() < end, "the delivery does not end"
            peak = max(peak, largest_below(delivery.pid))
            time.sleep(0.002)
    return peak


def largest_below(pid):
    peak = 0
    try:
        for child in descendants(pid):
            if has_connection(child):
                peak = max(peak, peak_memory(child))
    except (FileNotFoundError, ProcessLookupError):
        pass  # it has just ended
    return peak


@pytest.mark.skipif(watched.BY_SANITIZERS, reason="their runtime keeps what was given back")
def test_memory_does_not_depend_on_the_size(world, sender):
    mail = sender(driver="danesmtp", main="message_size_limit = 0",
                  options={"dane_trust_anchor_file": world.trust_anchor})
    slow = world.scripted_server("192.0.2.49", "scripted", {"end-of-data": {"delay": 1}})
    small = peak_of(mail, mail.inject("bob@scripted.lab"))
    slow.stop()
    body = LINE * (LARGE // len(LINE))
    message_id = mail.inject("bob@ee.lab", body=body)
    large = peak_of(mail, message_id)
    print(f"VmHWM: {small} KiB for a small message, {large} KiB for {len(body)} octets")
    assert mail.queue() == {}
    (received,) = world.receivers.mail(message_id)
    assert received.body == body
    assert 0 < small and 0 < large < small + MOST_GROWTH
    (line,) = [line for line in mail.log_lines(message_id) if " => " in line]
    assert "CV=dane" in line and " K " in line


def test_a_large_message_by_data(world, sender):
    """With dots to double, above what is kept in memory (8 MiB)."""
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor,
                                              "hosts_try_chunking": ""})
    body = b".one\n..two\nthree\n" * 600_000
    message_id = mail.inject("bob@ee.lab", body=body)
    mail.deliver(message_id)
    assert mail.queue() == {}
    (received,) = world.receivers.mail(message_id)
    assert received.body == body
    left = [path.name for path in mail.spool.iterdir() if path.is_file()]
    assert not left, left


BY_DATA, BY_BDAT = {"hosts_try_chunking": ""}, {}


def put_in_wire_format(mail, body):
    """By BDAT: Exim keeps the lines as they come, with CRLF."""
    text = b"Subject: test\r\n\r\n" + body.replace(b"\n", b"\r\n")
    said = mail.exim("-odq", "-bs", stdin=b"EHLO client.lab\r\nMAIL FROM:<alice@sender.lab>\r\n"
                     b"RCPT TO:<bob@ee.lab>\r\nBDAT %d LAST\r\n%sQUIT\r\n" % (len(text), text))
    (message_id,) = re.findall(r"250.OK id=(\S+)", said.stdout.decode())
    return message_id


@pytest.mark.parametrize("how", [BY_DATA, BY_BDAT], ids=["data", "bdat"])
def test_a_spool_file_in_wire_format(world, sender, how):
    mail = sender(driver="danesmtp", main="spool_wireformat = true\nchunking_advertise_hosts = *\n"
                  "acl_smtp_rcpt = accept",
                  options={"dane_trust_anchor_file": world.trust_anchor, **how})
    body = b".one\n..two\nthree\n" * 6_000
    message_id = put_in_wire_format(mail, body)
    (data,) = mail.spool.glob(f"input/**/{message_id}-D")
    assert data.read_bytes().endswith(b"three\r\n")
    mail.deliver(message_id)
    assert mail.queue() == {}
    (received,) = world.receivers.mail(message_id)
    assert received.body == body


# A message whose text is not that of the spool is written first, however large it is.
@pytest.mark.parametrize("options,change", [
    ({"transport_filter": "/bin/sed s/three/drei/"}, (b"three", b"drei")),
    ({"dkim_private_key": "PEM_RSA", "dkim_domain": "sender.lab", "dkim_selector": "s"}, (b"", b"")),
], ids=["filter", "dkim"])
def test_a_large_message_that_is_changed(world, sender, options, change):
    given = {name: make_key(world) if value == "PEM_RSA" else value for name, value in options.items()}
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor, **given})
    body = b".one\n..two\nthree\n" * 6_000
    message_id = mail.inject("bob@ee.lab", body=body)
    mail.deliver(message_id)
    assert mail.queue() == {}
    (received,) = world.receivers.mail(message_id)
    assert received.body == body.replace(*change)
    assert (received.header("DKIM-Signature") != "") == ("dkim_domain" in options)


def make_key(world):
    path = world.directory / "large-message.pem"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    return str(path)


@pytest.mark.parametrize("how", [BY_DATA, BY_BDAT], ids=["data", "bdat"])
def test_a_filter_that_fails_sends_nothing(world, sender, how):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor,
                                              "transport_filter": '/bin/sh -c "head -c 50000; exit 1"',
                                              **how})
    message_id = mail.inject("bob@ee.lab", body=b"three\n" * 20_000)
    mail.deliver(message_id)
    assert list(mail.queue()) == [message_id]
    assert world.receivers.mail(message_id) == []
