# SPDX-License-Identifier: GPL-2.0-or-later
"""What a DANE policy makes wait says why: an enhanced status code in the recipient's log line, and, when
the retry time is over, the reason in the words of the bounce and in its Diagnostic-Code, whether this message's own
attempt failed last or no host was tried any more. `Status:` is Exim's own constant, which no transport can set."""
import re
import time

import pytest
from sender import MX_ROUTER, smarthost_router

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


EXPIRED = "all hosts for '{}' have been failing for a long time {}: "
# Which form a second message's bounce has: it comes when the host's retry time is over and its next try
# far away, or it waits while that host is tried for another message (delay_after_cutoff).
FORMS = {
    "before": ({}, "(and retry time not reached)"),
    "after": ({"delay_after_cutoff": "false"}, "and were last tried after this message arrived"),
}
OVER_SOON = "* * F,2s,1h"


def exhausted(mail, domain, form):
    """The bounce of a message that no host was tried for."""
    earlier = mail.send(f"bob@{domain}")
    waits = mail.inject(f"eve@{domain}") if form == "after" else None
    time.sleep(3.1)
    mail.deliver(earlier)
    mail.wait_for_bounces(1)  # bounces are delivered in the background, in any order
    mail.deliver(waits or mail.inject(f"eve@{domain}"), forced=False)
    own, other = mail.wait_for_bounces(2)
    assert mail.queue() == {} and "eve@" in other, mail.mainlog()
    return unfolded(own), unfolded(other)


# tests D-130, D-131, D-134: no host is tried, and the bounce has the reason that the retry database keeps
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CAUSES)
def test_reason_of_a_host_that_failed_before(world, sender, name, form):
    options, words = FORMS[form]
    options = {"dane_trust_anchor_file": world.trust_anchor, **options}
    if name == "plain":
        options["hosts_require_dane"] = "*"
    mail = sender(driver="danesmtp", options=options, retry=OVER_SOON)
    _, bounce = exhausted(mail, f"{name}.lab", form)
    text, _, report = bounce.partition("Content-type: message/delivery-status")
    assert EXPIRED.format(f"{name}.lab", words) in text and CAUSES[name] in text, bounce
    assert "Status: 5.0.0" in report
    (diagnosis,) = re.findall("^Diagnostic-Code: smtp; (.*)$", report, re.MULTILINE)
    assert CAUSES[name] in diagnosis, report


def told(bounce):
    """What two bounces of the same failure have in common."""
    words, _, report = bounce.partition("Content-type: message/delivery-status")
    return (re.findall(r"^ +(\S.*)$", words, re.MULTILINE),
            re.findall(r"^((?:Action|Final-Recipient|Status|Remote-MTA|Diagnostic-Code): .*)$", report, re.MULTILINE))


# What failed was no policy: both drivers have the same words. A host without DANE; one with it, which
# nobody can connect to.
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("domain, options, routers", (
    ("plain.lab", {"port": "2599"}, MX_ROUTER),
    ("anywhere.lab", {}, smarthost_router("mx.port-25-only.lab")),
), ids=("without DANE", "down"))
def test_other_failures_read_as_with_smtp(world, sender, domain, options, routers, form):
    seen = {}
    for driver, own in (("smtp", {}), ("danesmtp", {"dane_trust_anchor_file": world.trust_anchor})):
        mail = sender(driver=driver, options={**options, **own, **FORMS[form][0]}, routers=routers, retry=OVER_SOON)
        seen[driver] = [told(bounce) for bounce in exhausted(mail, domain, form)]
    assert seen["danesmtp"][1] == seen["smtp"][1]
    assert f"eve@{domain} " + EXPIRED.format(domain, FORMS[form][1])[:-2] in seen["smtp"][1][0], seen
    assert "retry timeout exceeded" in seen["danesmtp"][0][0][0] and "4.7." not in str(seen), seen


# Without a DANE policy the words are those of Exim's own driver, and the sender is told as little.
def test_nothing_is_added_without_dane(world, sender):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor,
                                              "dane_audit_domains": "*", "hosts_require_tls": "*"})
    message_id = mail.send("bob@no-starttls.lab")
    assert "4.7." not in "\n".join(mail.log_lines(message_id)), mail.mainlog()
