# SPDX-License-Identifier: GPL-2.0-or-later
"""A message of 100 MB: the process that delivers it stays small, every octet arrives, and the file in
which it waits is gone."""
import re
import subprocess
import time

from processes import descendants, has_connection

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
                with open(f"/proc/{child}/status", encoding="ascii") as file:
                    peak = max(peak, int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)))
    except (FileNotFoundError, ProcessLookupError, AttributeError):
        pass  # it has just ended
    return peak


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
