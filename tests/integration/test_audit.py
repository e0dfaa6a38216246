# SPDX-License-Identifier: GPL-2.0-or-later
"""dane_audit_domains and dane_except_domains: what a failure means for the domains they name."""
import pytest


def options(world, **more):
    return {"dane_trust_anchor_file": world.trust_anchor, **more}


def lines(mail, message_id, part):
    return [line for line in mail.log_lines(message_id) if part in line]


# tests D-111
@pytest.mark.parametrize("domain,audit,verdict", [
    ("impostor.lab", "no TLSA record matches", "no"),
    ("ta-expired.lab", "expired", "no"),
    ("no-starttls.lab", "the session is not encrypted", None),
    ("bogus-tlsa.lab", "would not be used for bogus-tlsa.lab", "no"),
    ("ee.lab", None, "dane"),
    ("mx-insecure.lab", None, "yes"),
])
@pytest.mark.parametrize("mode", ["hosts_try_dane", "hosts_require_dane"])
def test_audited_domain_is_delivered(world, sender, domain, audit, verdict, mode):
    if domain == "mx-insecure.lab" and mode == "hosts_require_dane":
        audit, verdict = "not signed", "no"
    mail = sender(driver="danesmtp", options=options(world, dane_audit_domains="*", **{mode: "*"}))
    message_id = mail.send(f"bob@{domain}")
    (line,) = lines(mail, message_id, " => ")
    assert (f" CV={mail.in_log(verdict)} " in line) if verdict else (" X=" not in line), mail.mainlog()
    told = lines(mail, message_id, "DANE audit: ")
    assert len(told) == (1 if audit else 0), mail.mainlog()
    if audit:
        assert audit in told[0] and domain in told[0]


def test_other_domains_are_held_to_their_records(world, sender):
    mail = sender(driver="danesmtp", options=options(world, dane_audit_domains="ta-impostor.lab"))
    message_id = mail.send(["bob@ta-impostor.lab", "bob@impostor.lab"])
    assert mail.queue() == {message_id: ["bob@impostor.lab"]}
    assert len(lines(mail, message_id, "DANE audit: ")) == 1


# tests D-114: a message with "TLS-Required: No" (RFC 8689 3), as TLS reports have it
@pytest.mark.parametrize("header,delivered", [("TLS-Required: No\n", True), ("TLS-Required: Yes\n", False),
                                              ("", False)])
def test_a_message_may_ask_for_audit(world, sender, header, delivered):
    wish = "${if eqi{$h_TLS-Required:}{no}{*}}"
    mail = sender(driver="danesmtp", options=options(world, dane_audit_domains=wish))
    message_id = mail.inject("bob@impostor.lab", headers=f"From: alice@sender.lab\n{header}")
    mail.deliver(message_id)
    assert (mail.queue() == {}) == delivered, mail.mainlog()


# A server that takes one message a connection, of two recipients: the first connection reaches the
# verified server, the second somebody else. The log says of each what that one was.
# tests D-111, D-160
@pytest.mark.parametrize("second,verdict", [
    ({"ehlo": {"connection": 2, "reply": "250 scripted.lab"}}, None),
    ({"handshake": {"connection": 2, "certificate": "impostor"}}, "no"),
    ({}, "dane"),
], ids=["without STARTTLS", "another certificate", "the same server"])
def test_each_connection_has_a_verdict_of_its_own(world, sender, second, verdict):
    server = world.scripted_server("192.0.2.49", "scripted", second,
                                   capabilities=("PIPELINING", "LIMITS MAILMAX=1 RCPTMAX=1"))
    try:
        mail = sender(driver="danesmtp", options=options(world, dane_audit_domains="*"))
        message_id = mail.send(["a@scripted.lab", "b@scripted.lab"])
        verified, other = lines(mail, message_id, " => ")
        assert " CV=dane " in verified and " DN=" in verified, mail.mainlog()
        if verdict:
            assert f" CV={verdict} " in other and " X=TLS1.3:" in other, mail.mainlog()
        else:
            assert not any(part in other for part in (" CV=", " X=", " DN=")), mail.mainlog()
        assert len(lines(mail, message_id, "DANE audit: ")) == (verdict != "dane")
        assert len(server.messages()) == 2 and len(server.events("connect")) == 2
    finally:
        server.stop()


# tests D-015
def test_excepted_domain_has_no_dane(world, sender):
    mail = sender(driver="danesmtp", options=options(world, dane_except_domains="*.mail.lab : impostor.lab"))
    message_id = mail.send(["bob@impostor.lab", "bob@ta-impostor.lab"])
    assert mail.queue() == {message_id: ["bob@ta-impostor.lab"]}
    assert " CV=no " in lines(mail, message_id, " => ")[0]


def test_a_list_that_cannot_be_read_makes_mail_wait(world, sender):
    mail = sender(driver="danesmtp", options=options(world, dane_except_domains="${lookup{x}lsearch{/nonexistent}}"))
    message_id = mail.send("bob@ee.lab")
    assert mail.queue() == {message_id: ["bob@ee.lab"]}
    assert "option dane_except_domains" in mail.mainlog()


# What our validation lets go must not be held or bounced by the resolver's word after all.
@pytest.mark.parametrize("domain,how", [
    ("impostor.lab", {"dane_except_domains": "*"}),
    ("impostor.lab", {"dane_except_domains": "*", "hosts_require_dane": "*"}),
    ("mx-insecure-wrong.lab", {"dane_insecure_mx": "may"}),
])
def test_exims_own_driver_does_not_look_for_dane_again(world, sender, domain, how):
    mail = sender(driver="danesmtp", options=options(world, **how))
    with world.trust_ad():
        message_id = mail.send(f"bob@{domain}")
    assert " CV=no " in lines(mail, message_id, " => ")[0], mail.mainlog()
