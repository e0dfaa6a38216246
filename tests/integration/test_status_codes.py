# SPDX-License-Identifier: GPL-2.0-or-later
"""What a DANE policy makes wait says why: an enhanced status code in the recipient's log line, and, when
the retry time is over, the reason in the words of the bounce and in its Diagnostic-Code. `Status:` is
Exim's own constant, which no transport can set."""
import re
import time

import pytest

# Of each cause; doc/ERRORS.md has the table.
CAUSES = {
    "impostor": "4.7.5 DANE: no TLSA record matches",
    "no-starttls": "4.7.4 a TLS session is required, but the server did not offer TLS support",
    "starttls-454": "4.7.4 SMTP error from remote mail server after STARTTLS: 454",
    "tls-11": "4.7.5 ",
    "bogus-tlsa": "4.7.5 TLSA ",
    "tlsa-servfail": "4.4.3 TLSA ",
    "plain": "4.7.4 DANE is required",  # under hosts_require_dane
}


def unfolded(bounce):
    return re.sub(r"\n +", " ", bounce)


# tests D-130, D-131, D-134
@pytest.mark.parametrize("name", CAUSES)
def test_reason_and_code(world, sender, name):
    expected = CAUSES[name]
    options = {"dane_trust_anchor_file": world.trust_anchor}
    if name == "plain":
        options["hosts_require_dane"] = "*"
    mail = sender(driver="danesmtp", options=options, retry="* * F,1s,1s")
    message_id = mail.send(f"bob@{name}.lab")
    (waits,) = [line for line in mail.log_lines(message_id) if f" == bob@{name}.lab " in line]
    assert expected in waits, mail.mainlog()
    assert mail.queue() == {message_id: [f"bob@{name}.lab"]}
    time.sleep(2.1)
    mail.run_queue()
    (bounce,) = mail.wait_for_bounces(1)
    words, _, report = unfolded(bounce).partition("Content-type: message/delivery-status")
    assert expected in words and "retry timeout exceeded" in words, bounce
    assert "Status: 5.0.0" in report
    (diagnosis,) = re.findall("^Diagnostic-Code: smtp; (.*)$", report, re.MULTILINE)
    assert diagnosis.startswith(expected), report


# Without a DANE policy the words are those of Exim's own driver, and the sender is told as little.
def test_nothing_is_added_without_dane(world, sender):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor,
                                              "dane_audit_domains": "*", "hosts_require_tls": "*"})
    message_id = mail.send("bob@no-starttls.lab")
    assert "4.7." not in "\n".join(mail.log_lines(message_id)), mail.mainlog()
