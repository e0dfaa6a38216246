# SPDX-License-Identifier: GPL-2.0-or-later
"""dane_require_tls (RFC 8689): a message that requires TLS goes to a server that is authenticated and offers
REQUIRETLS within TLS, or to none. Real Exim, servers of scripts, a daemon with policies of MTA-STS.
"""
import re
import time

import pytest

from certificates import TA_CHAIN, Dates, Leaf
from policy_daemon import policy
from sender import smarthost_router

OFFERED = ("SIZE 104857600", "8BITMIME", "PIPELINING", "DSN", "REQUIRETLS")
NOT_OFFERED = OFFERED[:-1]
BY_HEADER = "${if def:h_Require-TLS:{yes}{no}}"
HEADER = "From: alice@sender.lab\nRequire-TLS: yes\n"

DANE = "192.0.2.49"  # scripted.lab: 3 1 1 of the certificate `scripted`
SIGNED = "192.0.2.60"  # scripted-signed.lab: a signed MX record, and no TLSA record
UNSIGNED = "192.0.2.50"  # scripted-plain.lab
FIRST, SECOND = "192.0.2.61", "192.0.2.62"  # scripted-two.lab, by preference; DANE

pytestmark = pytest.mark.usefixtures("anchors")
TELLS_DANE = pytest.mark.needs("DANE")  # without, the log of Exim has CV=yes for DANE too


@pytest.fixture
def mailer(world, sender):
    def make(options=None, **more):
        return sender(driver="danesmtp", options={
            "dane_trust_anchor_file": world.trust_anchor, "dane_require_tls": BY_HEADER, "command_timeout": "5s",
            **(options or {})}, **more)
    return make


def certificate(world, *names, **more):
    number = certificate.made = getattr(certificate, "made", 0) + 1
    return world.certificates.issue(Leaf(f"required-{number}", names, **{"issuer": "intermediate",
                                                                         "sends": TA_CHAIN, **more}))


def serve(world, address, shown, offered=OFFERED, script=None):
    return world.scripted_server(address, shown, script or {}, capabilities=offered)


def send(mail, recipients, headers=HEADER, **more):
    return mail.send(recipients, headers=headers, **more)


def mail_commands(server):
    return [line for line in server.commands() if line.upper().startswith("MAIL")]


def delivery(mail, message_id):
    (line,) = [line for line in mail.log_lines(message_id) if " => " in line]
    return line


def assert_bounces(mail, message_id, reason):
    """With the status that RFC 8689 names, and without the body."""
    (line,) = [line for line in mail.log_lines(message_id) if " ** " in line]
    assert reason in line, mail.mainlog()
    (bounce,) = mail.wait_for_bounces(1)
    assert f"Diagnostic-Code: smtp; {reason}" in re.sub(r"\n\s+", " ", bounce), bounce
    assert "Require-TLS: yes" in bounce and "Hello." not in bounce
    assert message_id not in mail.queue()


def assert_waits(mail, message_id, reason):
    assert message_id in mail.queue() and reason in mail.mainlog(), mail.mainlog()
    assert mail.bounces() == []


# tests D-113, D-190, D-191
def test_dane_and_the_keyword(world, mailer):
    server = serve(world, DANE, "scripted")
    mail = mailer()
    line = delivery(mail, send(mail, "bob@scripted.lab"))
    assert ":requiretls CV=dane" in line
    (command,) = mail_commands(server)
    assert " REQUIRETLS" in command and " RET=HDRS" in command
    assert len(server.messages()) == 1


def test_a_message_that_requires_nothing(world, mailer):
    server = serve(world, DANE, "scripted")
    mail = mailer()
    line = delivery(mail, send(mail, "bob@scripted.lab", headers="From: alice@sender.lab\n"))
    assert "requiretls" not in line and " CV=dane" in line
    assert "REQUIRETLS" not in mail_commands(server)[0]
    assert delivery(mail, send(mail, "bob@plain.lab", headers=""))


# tests D-191, D-193: nothing is said of the message
@pytest.mark.parametrize("script", [{}, {"ehlo": {"reply": ["250-scripted.lab", "250-REQUIRETLS", "250 STARTTLS"]}}],
                         ids=["nowhere", "in clear only"])
def test_dane_without_the_keyword(world, mailer, script):
    server = serve(world, DANE, "scripted", NOT_OFFERED, script)
    mail = mailer()
    assert_bounces(mail, send(mail, "bob@scripted.lab"),
                   "550 5.7.30 REQUIRETLS support required: the server does not offer REQUIRETLS")
    assert mail_commands(server) == [] and server.commands()[-1].upper() == "QUIT"
    # The host is not blamed.
    assert mail.retry_records() == ""
    assert delivery(mail, send(mail, "bob@scripted.lab", headers=""))


# tests D-194: what was promised is waited for, as by any other message
@pytest.mark.parametrize("script,shown,reason", [
    ({}, None, "4.7.4"),
    ({}, "impostor", "4.7.5"),
    ({"starttls": {"reply": "454 not now"}}, "scripted", "4.7.4"),
    ({"handshake": {"then": "close"}}, "scripted", "4.7.5"),
], ids=["no STARTTLS", "impostor", "not now", "closed"])
def test_a_dane_host_that_fails_it(world, mailer, script, shown, reason):
    server = serve(world, DANE, shown, OFFERED, script)
    mail = mailer({"tls_tempfail_tryclear": "true"})
    assert_waits(mail, send(mail, "bob@scripted.lab"), f"{reason} ")
    assert server.messages() == [] and mail_commands(server) == []


# tests D-191
@TELLS_DANE
@pytest.mark.parametrize("names,more,code", [
    (("mx.scripted-signed.lab",), {}, None),
    (("mx2.scripted-signed.lab",), {}, "5.7.10"),
    (("mx.scripted-signed.lab",), {"dates": Dates.PAST}, "5.7.10"),
    (("mx.scripted-signed.lab",), {"issuer": None, "sends": ()}, "5.7.10"),
    (None, {}, "5.7.10"),
], ids=["good", "another name", "expired", "self-signed", "no TLS"])
def test_a_signed_mx_without_records(world, mailer, names, more, code):
    server = serve(world, SIGNED, certificate(world, *names, **more) if names else None)
    mail = mailer({"tls_verify_hosts": "", "tls_try_verify_hosts": "", "tls_tempfail_tryclear": "true"})
    message_id = send(mail, "bob@scripted-signed.lab")
    if code:
        assert_bounces(mail, message_id, f"550 {code} Encryption needed: ")
        assert server.messages() == []
    else:
        assert ":requiretls CV=yes" in delivery(mail, message_id)
        assert " REQUIRETLS" in mail_commands(server)[0]
        assert server.events("tls")[0]["sni"] == "mx.scripted-signed.lab"


# What is broken for the moment is not held against anybody, and no other message waits for it.
# tests D-194
@pytest.mark.parametrize("script", [{"starttls": {"reply": "454 not now"}}, {"handshake": {"then": "close"}},
                                    {"banner": {"reply": "421 busy"}}])
def test_a_signed_mx_in_trouble(world, mailer, script):
    server = serve(world, SIGNED, certificate(world, "mx.scripted-signed.lab"), OFFERED, script)
    mail = mailer()
    message_id = send(mail, "bob@scripted-signed.lab")
    assert_waits(mail, message_id, "==")
    if "banner" not in script:
        assert delivery(mail, send(mail, "bob@scripted-signed.lab", headers="From: alice@sender.lab\n"))
        assert len(server.messages()) == 1


# tests D-191, D-193: nothing is connected to
def test_an_unsigned_mx(world, mailer):
    server = serve(world, UNSIGNED, certificate(world, "mx.scripted-plain.lab"))
    mail = mailer()
    assert_bounces(mail, send(mail, "bob@scripted-plain.lab"), "550 5.7.30 REQUIRETLS support required: "
                   "mx.scripted-plain.lab is named by an MX record that is not signed")
    assert server.events("connect") == []


# tests D-191
@TELLS_DANE
@pytest.mark.parametrize("mode,offered,good", [
    ("enforce", OFFERED, True), ("enforce", NOT_OFFERED, False), ("testing", OFFERED, False)])
def test_mta_sts(world, mailer, daemon, mode, offered, good):
    server = serve(world, UNSIGNED, certificate(world, "mx.scripted-plain.lab"), offered)
    daemon.says["scripted-plain.lab"] = policy("mx.scripted-plain.lab", mode=mode, domain="scripted-plain.lab")
    mail = mailer({"dane_mta_sts": daemon.option})
    message_id = send(mail, "bob@scripted-plain.lab")
    if good:
        assert ":sts:requiretls CV=yes" in delivery(mail, message_id)
        assert " REQUIRETLS" in mail_commands(server)[0]
    else:
        assert_bounces(mail, message_id, "550 5.7.30 REQUIRETLS support required: ")
        assert server.messages() == []


# tests D-191: a host with records of its own, named by nobody but the policy
@pytest.mark.parametrize("mode", ["enforce", "testing"])
def test_records_and_a_policy(world, mailer, daemon, mode):
    daemon.says["scripted-borrowed.lab"] = policy("mx.scripted-impostor.lab", mode=mode,
                                                  domain="scripted-borrowed.lab")
    server = serve(world, "192.0.2.76", "impostor")
    mail = mailer({"dane_mta_sts": daemon.option})
    message_id = send(mail, "bob@scripted-borrowed.lab")
    if mode == "enforce":
        assert_waits(mail, message_id, "no TLSA record matches")
    else:
        assert_bounces(mail, message_id, "550 5.7.30 REQUIRETLS support required: ")
    assert server.messages() == []


# tests D-194: a daemon that is down does not end it, whatever dane_mta_sts_fail says
def test_a_dead_daemon(mailer, daemon):
    daemon.stop()
    mail = mailer({"dane_mta_sts": daemon.option})
    assert_waits(mail, send(mail, "bob@scripted-plain.lab"), "MTA-STS error: 4.4.3 unix:")


# tests D-113: each host has its turn, the order is the DNS's
@pytest.mark.parametrize("first,second,expected", [
    (NOT_OFFERED, OFFERED, "mx2"), (OFFERED, NOT_OFFERED, "mx1"), (NOT_OFFERED, NOT_OFFERED, None)])
def test_two_hosts(world, mailer, first, second, expected):
    servers = {"mx1": serve(world, FIRST, "scripted-two-1", first), "mx2": serve(world, SECOND, "scripted-two-2", second)}
    mail = mailer({"hosts_max_try": "1"})
    message_id = send(mail, "bob@scripted-two.lab")
    if expected:
        assert f"H={expected}.scripted-two.lab " in delivery(mail, message_id)
    else:
        assert_bounces(mail, message_id, "550 5.7.30 REQUIRETLS support required: ")
    assert {name for name, server in servers.items() if server.messages()} == ({expected} if expected else set())


# tests D-194: while one of them may be fit, the message waits
@pytest.mark.parametrize("shown,script", [(None, {}), ("scripted-two-2", {"banner": {"reply": "421 busy"}})],
                         ids=["without TLS", "busy"])
@pytest.mark.parametrize("turn", [1, -1])
def test_two_hosts_of_which_one_is_in_trouble(world, mailer, shown, script, turn):
    bad = (FIRST, SECOND)[::turn]
    names = ("scripted-two-1", "scripted-two-2")[::turn]
    serve(world, bad[0], names[0], NOT_OFFERED)
    serve(world, bad[1], names[1] if shown else None, OFFERED, script)
    mail = mailer()
    assert_waits(mail, send(mail, "bob@scripted-two.lab"), "==")


# tests D-113: recipients of a message, each by its domain
def test_several_recipients(world, mailer):
    good, bad = serve(world, DANE, "scripted"), serve(world, SIGNED, None)
    mail = mailer()
    message_id = send(mail, ["a@scripted.lab", "b@scripted.lab", "c@scripted-signed.lab", "d@plain.lab"])
    lines = mail.log_lines(message_id)
    assert sum(" => " in line or " -> " in line for line in lines) == 2
    assert sum(" ** " in line for line in lines) == 2 and message_id not in mail.queue()
    assert len(good.messages()) == 1 and bad.messages() == []
    (bounce,) = mail.wait_for_bounces(1)
    assert "Hello." not in bounce and "5.7.10" in bounce and "5.7.30" in bounce


# A bounce for another reason does not quote the body either.
# tests D-195
@pytest.mark.parametrize("headers,quoted", [(HEADER, False), ("From: alice@sender.lab\n", True)])
def test_any_bounce_is_without_the_body(world, mailer, headers, quoted):
    serve(world, DANE, "scripted", OFFERED, {"rcpt": {"reply": "550 nobody"}})
    mail = mailer()
    send(mail, "bob@scripted.lab", headers=headers)
    (bounce,) = mail.wait_for_bounces(1)
    assert ("Hello." in bounce) == quoted and "550 nobody" in bounce


# The sender's RET=FULL is disregarded, and what waits keeps that.
# tests D-195
def test_a_bounce_when_the_retry_time_is_over(world, mailer):
    serve(world, DANE, "impostor")
    mail = mailer(retry="* * F,1s,1s")
    message_id = send(mail, "bob@scripted.lab")
    assert message_id in mail.queue()
    time.sleep(2.1)
    mail.run_queue()
    (bounce,) = mail.wait_for_bounces(1)
    assert "Hello." not in bounce and "retry timeout exceeded" in bounce


# tests D-190: the null sender
@pytest.mark.parametrize("address,shown,offered,parameter", [
    (DANE, "scripted", OFFERED, True), (DANE, "scripted", NOT_OFFERED, False), (UNSIGNED, None, OFFERED, False)])
def test_a_bounce_is_delivered_all_the_same(world, mailer, address, shown, offered, parameter):
    server = serve(world, address, shown, offered)
    mail = mailer()
    domain = "scripted.lab" if address == DANE else "scripted-plain.lab"
    assert delivery(mail, send(mail, f"bob@{domain}", sender="<>"))
    assert (" REQUIRETLS" in mail_commands(server)[0]) == parameter


# tests D-192: no list of exceptions, and no way around, has a say
@pytest.mark.parametrize("options", [
    {"dane_except_domains": "*"}, {"dane_audit_domains": "*"}, {"hosts_try_dane": ""},
    {"dane_audit_domains": "${if eqi{$h_TLS-Required:}{no}{*}}"}, {"hosts_avoid_esmtp": "*"},
    {"dane_insecure_mx": "may"}, {"hosts_require_dane": "*"},
], ids=lambda options: " ".join(f"{name}={value}" for name, value in options.items())[:40])
def test_lists_have_no_say(world, mailer, options):
    headers = HEADER + "TLS-Required: No\n"
    server = serve(world, DANE, "scripted")
    mail = mailer(options)
    assert ":requiretls CV=dane" in delivery(mail, send(mail, "bob@scripted.lab", headers=headers))
    server.stop()
    impostor = serve(world, DANE, "impostor")
    assert_waits(mail, send(mail, "bob@scripted.lab", headers=headers), "no TLSA record matches")
    assert impostor.messages() == []


# What a message asks for beyond others holds nobody else up.
# tests D-194
def test_an_excepted_domain_goes_on(world, mailer):
    server = serve(world, DANE, "impostor")
    mail = mailer({"dane_except_domains": "*"})
    assert_waits(mail, send(mail, "bob@scripted.lab"), "no TLSA record matches")
    assert delivery(mail, send(mail, "bob@scripted.lab", headers="From: alice@sender.lab\n"))
    assert len(server.messages()) == 1


@pytest.mark.parametrize("options,reason", [
    ({"dane_require_tls": "${if def:h_Require-TLS:{perhaps}}"},
     'option dane_require_tls: "perhaps" is not yes or no'),
    ({"dane_require_tls": "${lookup{x}lsearch{/nowhere}}"}, "failed to expand option dane_require_tls: "),
    ({"hosts_avoid_tls": "*"}, "hosts_avoid_tls forbids it"),
    ({"protocol": "lmtp"}, "does not go by LMTP"),
])
def test_what_cannot_be_done_waits(world, mailer, options, reason):
    server = serve(world, DANE, "scripted")
    mail = mailer(options)
    assert_waits(mail, send(mail, "bob@scripted.lab"), reason)
    assert server.messages() == []


@pytest.mark.parametrize("value", ["${if def:h_None:{yes}fail}", "${if def:h_None:{yes}}", "FALSE", "0", "no"])
def test_words_for_no(world, mailer, value):
    server = serve(world, UNSIGNED, None)
    mail = mailer({"dane_require_tls": value})
    assert delivery(mail, send(mail, "bob@scripted-plain.lab"))
    assert len(server.messages()) == 1


# tests D-191: also one that only the certificates of the web authenticate
@TELLS_DANE
def test_a_connection_without_records(world, mailer):
    server = serve(world, SIGNED, certificate(world, "mx.scripted-signed.lab"))
    mail = mailer()
    ids = [mail.inject(f"user{number}@scripted-signed.lab", headers=HEADER) for number in range(2)]
    mail.exim("-qq")
    assert all(":requiretls CV=yes" in delivery(mail, message_id) for message_id in ids)
    assert len(server.events("connect")) == 1 and len(mail_commands(server)) == 2


# tests D-191: a server that takes one message a connection, and has forgotten the word at the second one
def test_each_connection_is_asked(world, mailer):
    offering = ["250-scripted.lab", *(f"250-{word}" for word in ("LIMITS MAILMAX=1 RCPTMAX=1", "REQUIRETLS")), "250 DSN"]
    server = serve(world, DANE, "scripted", NOT_OFFERED, {"ehlo-tls": {"connection": 1, "reply": offering}})
    mail = mailer()
    message_id = send(mail, ["a@scripted.lab", "b@scripted.lab"])
    assert len(server.messages()) == 1 and len(mail_commands(server)) == 1
    assert sum(" ** " in line for line in mail.log_lines(message_id)) == 1


# tests D-190, D-191: TLS from the first octet
@pytest.mark.parametrize("offered", [OFFERED, NOT_OFFERED])
def test_smtps(world, mailer, offered):
    server = world.submissions_server(DANE, "scripted", offered)
    mail = mailer({"protocol": "smtps"})
    message_id = send(mail, "bob@scripted.lab")
    if offered == OFFERED:
        assert ":requiretls CV=dane" in delivery(mail, message_id)
        assert " REQUIRETLS" in mail_commands(server)[0]
    else:
        assert_bounces(mail, message_id, "550 5.7.30 REQUIRETLS support required: ")
        assert server.messages() == []


# tests D-191: a connection serves messages that ask for the same, and no others
@pytest.mark.parametrize("headers,connections", [((HEADER, HEADER), 1), (("", HEADER), 2), ((HEADER, ""), 2)])
def test_connections(world, mailer, headers, connections):
    server = serve(world, DANE, "scripted")
    mail = mailer()
    ids = [mail.inject(f"user{number}@scripted.lab", headers=one or "From: alice@sender.lab\n")
           for number, one in enumerate(headers)]
    mail.exim("-qq")
    assert mail.queue() == {} and len(server.events("connect")) == connections
    for message_id, one in zip(ids, headers):
        assert (":requiretls" in delivery(mail, message_id)) == bool(one)
    assert sorted(" REQUIRETLS" in line for line in mail_commands(server)) == sorted(bool(one) for one in headers)


# tests D-192: Exim's core makes no connection for a message that may require TLS
@pytest.mark.parametrize("option,cutthrough", [("no", True), (BY_HEADER, False), ("yes", False)])
def test_cutthrough(world, mailer, option, cutthrough):
    server = serve(world, UNSIGNED, None)
    mail = mailer({"dane_require_tls": option}, main='acl_smtp_rcpt = "accept control = cutthrough_delivery"')
    text = "".join(f"{line}\r\n" for line in ("EHLO client.lab", "MAIL FROM:<alice@sender.lab>",
                                              "RCPT TO:<bob@scripted-plain.lab>", "DATA", "Require-TLS: yes", "",
                                              "Hello.", ".", "QUIT"))
    mail.exim("-odq", "-bs", stdin=text.encode())
    assert (len(server.messages()) == 1) == cutthrough, mail.mainlog()
    assert (" TLS (dane_require_tls)" in mail.mainlog()) != cutthrough


@pytest.mark.parametrize("option,made", [("no", True), (BY_HEADER, True), ("yes", False),
                                         ("${if eq{$acl_m_tls}{yes}{yes}}", False)])
def test_callout(world, mailer, option, made):
    server = serve(world, UNSIGNED, None)
    mail = mailer({"dane_require_tls": option}, main="acl_smtp_rcpt = check",
                  acl="check:\n accept set acl_m_tls = yes\n  verify = recipient/callout=10s,no_cache\n")
    text = "".join(f"{line}\r\n" for line in ("EHLO client.lab", "MAIL FROM:<alice@sender.lab>",
                                              "RCPT TO:<bob@scripted-plain.lab>", "QUIT"))
    mail.exim("-bs", stdin=text.encode())
    assert bool(server.events("connect")) == made, mail.mainlog()


# tests D-191: hosts that the configuration names have no MX record to be signed
@TELLS_DANE
def test_a_configured_host(world, mailer):
    server = serve(world, UNSIGNED, certificate(world, "mx.scripted-plain.lab"))
    mail = mailer(routers=smarthost_router("mx.scripted-plain.lab"))
    assert ":requiretls CV=yes" in delivery(mail, send(mail, "bob@elsewhere.lab"))
    assert len(server.messages()) == 1


# Of one that is at its end here, the next list of hosts is asked.
def test_fallback_hosts(world, mailer):
    refusing = serve(world, SIGNED, None)
    server = serve(world, DANE, "scripted")
    mail = mailer({"fallback_hosts": "mx.scripted.lab"})
    assert "H=mx.scripted.lab " in delivery(mail, send(mail, "bob@scripted-signed.lab"))
    assert refusing.messages() == [] and len(server.messages()) == 1


def test_mua_wrapper(world, mailer):
    serve(world, SIGNED, None)
    mail = mailer(main="mua_wrapper = true")
    mail.exim("-i", "-f", "alice@sender.lab", "bob@scripted-signed.lab", stdin=b"Require-TLS: yes\n\nHello.\n",
              expected=(0, 1))
    assert "5.7.10 Encryption needed" in mail.mainlog() and mail.queue() == {}
