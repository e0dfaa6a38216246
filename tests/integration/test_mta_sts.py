# SPDX-License-Identifier: GPL-2.0-or-later
"""dane_mta_sts (RFC 8461), strictly after DANE: real Exim, a daemon that says what a test wants, servers with
certificates of the lab's authority, which is among the system's anchors here.
"""
import json
import subprocess

import pytest

from certificates import TA_CHAIN, Dates, Leaf
from ocsp import Responder
from policy_daemon import Raw, Silence, Slowly, policy
from tool import TOOL

ADDRESS = "192.0.2.50"  # of scripted-plain.lab, which nobody signs
DOMAIN, HOST = "scripted-plain.lab", "mx.scripted-plain.lab"

pytestmark = pytest.mark.usefixtures("anchors")


def certificate(world, *names, **more):
    number = certificate.made = getattr(certificate, "made", 0) + 1
    return world.certificates.issue(Leaf(f"sts-{number}", names, **{"issuer": "intermediate",
                                                                     "sends": TA_CHAIN, **more}))


def serve(world, *names, script=None, **more):
    return world.scripted_server(ADDRESS, certificate(world, *(names or (HOST,)), **more), script or {})


def delivery(mail, message_id):
    (line,) = [line for line in mail.log_lines(message_id) if " => " in line]
    return line


def assert_waits(mail, message_id, reason):
    assert message_id in mail.queue(), mail.mainlog()
    assert reason in mail.mainlog()


# tests D-182, D-185
@pytest.mark.parametrize("pattern,names", [
    (HOST, (HOST,)),
    ("*.scripted-plain.lab", (HOST,)),
    (HOST, ("*.scripted-plain.lab",)),
    (HOST.upper(), ("other.lab", HOST)),
])
def test_enforce_and_good(world, mailer, daemon, pattern, names):
    server = serve(world, *names)
    daemon.says[DOMAIN] = policy("other.lab", pattern)
    mail = mailer()
    line = delivery(mail, mail.send(f"bob@{DOMAIN}"))
    assert ":sts CV=yes" in line and f"H={HOST} " in line
    assert len(server.messages()) == 1 and server.events("tls")[0]["sni"] == HOST
    assert daemon.asked == [DOMAIN]


# tests D-181: the host is not connected to
@pytest.mark.parametrize("patterns", [("mx2.scripted-plain.lab",), ("*.lab",), ("*.mx.scripted-plain.lab",)])
def test_enforce_and_another_host(world, mailer, daemon, patterns):
    server = serve(world)
    daemon.says[DOMAIN] = policy(*patterns)
    mail = mailer()
    assert_waits(mail, mail.send(f"bob@{DOMAIN}"),
                 f"MTA-STS: 4.7.4 {HOST} is no host that the policy of {DOMAIN} names")
    assert server.events("connect") == []


# tests D-182, D-183
@pytest.mark.parametrize("names,more,reason", [
    (("mx2.scripted-plain.lab",), {}, "the certificate is for another name"),
    ((DOMAIN,), {}, "the certificate is for another name"),
    ((), {"common_name": HOST}, "the certificate is for another name"),
    ((HOST,), {"dates": Dates.PAST}, "the certificate is not valid at this time"),
    ((HOST,), {"issuer": None, "sends": ()}, "the certificate is not trusted"),
    ((HOST,), {"issuer": "other-intermediate", "sends": ("other-intermediate", "other-root")},
     "the certificate is not trusted"),
])
def test_enforce_and_the_wrong_certificate(world, mailer, daemon, names, more, reason):
    server = world.scripted_server(ADDRESS, certificate(world, *names, **more), {})
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer()
    assert_waits(mail, mail.send(f"bob@{DOMAIN}"), f"TLS session: 4.7.5 MTA-STS: {reason}")
    assert server.messages() == []


# tests D-183: neither without TLS nor in clear afterwards
@pytest.mark.parametrize("script,shown", [
    ({}, None),
    ({"starttls": {"reply": "454 not now"}}, True),
    ({"handshake": {"then": "close"}}, True),
])
def test_enforce_and_no_tls(world, mailer, daemon, script, shown):
    server = world.scripted_server(ADDRESS, certificate(world, HOST) if shown else None, script)
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer({"tls_tempfail_tryclear": "true"})
    assert_waits(mail, mail.send(f"bob@{DOMAIN}"), "4.7.")
    assert server.messages() == []


# tests D-182
@pytest.mark.needs("OCSP")  # without, nobody asks for a proof
@pytest.mark.parametrize("fault,good", [("good", True), ("revoked", False)])
def test_a_stapled_proof(world, mailer, daemon, fault, good):
    leaf = certificate(world, HOST)
    responder = Responder(world.certificates, world.directory / f"sts-ocsp-{fault}")
    world.scripted_server(ADDRESS, leaf, {"handshake": {"staples": [responder.staple("leaf", leaf, fault)]}})
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer()
    message_id = mail.send(f"bob@{DOMAIN}")
    if good:
        assert ":sts CV=yes" in delivery(mail, message_id)
    else:
        assert_waits(mail, message_id, "4.7.5 MTA-STS: ")
        assert "the certificate is revoked" in mail.mainlog()


# tests D-184
@pytest.mark.parametrize("names,host,note", [
    ((HOST,), HOST, None),
    ((HOST,), "mx2.lab", "the policy does not name the host"),
    (("mx2.lab",), HOST, "the certificate is for another name"),
    (None, HOST, "the session is not encrypted"),
])
def test_testing_is_judged_and_delivered(world, mailer, daemon, collector, names, host, note):
    server = serve(world, *names) if names else world.scripted_server(ADDRESS, None, {})
    daemon.says[DOMAIN] = policy(host, mode="testing", domain=DOMAIN)
    mail = mailer({"dane_tlsrpt_socket": collector.path})
    line = delivery(mail, mail.send(f"bob@{DOMAIN}"))
    assert len(server.messages()) == 1 and ":sts" not in line
    notes = [one for one in mail.mainlog().splitlines() if "MTA-STS" in one]
    assert bool(notes) == bool(note)
    assert not note or (f"MTA-STS: H={HOST} [{ADDRESS}]: {note}" in notes[0]
                        and f"not enforced for {DOMAIN}" in notes[0])


@pytest.mark.parametrize("answer", ["NOTFOUND ", "OK dane", "OK dane-only", policy(HOST, mode="none")])
def test_no_policy_is_delegated(world, mailer, daemon, answer):
    server = world.scripted_server(ADDRESS, None, {})
    daemon.says[DOMAIN] = answer
    mail = mailer()
    mail.send(f"bob@{DOMAIN}")
    assert mail.queue() == {} and len(server.messages()) == 1
    assert "MTA-STS" not in mail.mainlog()


BROKEN = {
    "dead": None,
    "silent": Silence(),
    "slow": Slowly(policy(HOST), 0.5),
    "lying": policy(HOST, domain="other.lab"),
    "no length": Raw(b"OK secure match=mx.lab"),
    "huge": Raw(b"99999999:"),
    "no comma": Raw(b"9:NOTFOUND ;"),
    "cut short": Raw(b"50:OK sec"),
    "temporary": "TEMP no resolver",
    "permanent": "PERM no such map",
    "empty": "OK secure match=",
}


# tests D-186: whatever the daemon does, as if there were no policy, with one line an hour; or the message waits
@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("fail", ["ignore", "defer"])
def test_a_broken_daemon(world, mailer, daemon, fault, fail):
    server = world.scripted_server(ADDRESS, None, {})
    daemon.says[DOMAIN] = BROKEN[fault]
    if fault == "dead":
        daemon.stop()
    mail = mailer({"dane_mta_sts_fail": fail})
    ids = [mail.send(f"bob@{DOMAIN}") for _ in range(2)]
    lines = [line for line in mail.mainlog().splitlines() if "MTA-STS" in line]
    if fail == "ignore":
        assert mail.queue() == {} and len(server.messages()) == 2
        assert len(lines) == 1 and "MTA-STS: delivered as without a policy: unix:" in lines[0]
    else:
        assert set(mail.queue()) == set(ids) and server.events("connect") == []
        assert any("MTA-STS error: 4.4.3 unix:" in line for line in lines)


# tests D-180: a daemon that is down is of no consequence where DANE decides
def test_a_dead_daemon_and_dane(mailer, daemon):
    daemon.stop()
    mail = mailer({"dane_mta_sts_fail": "defer"})
    assert " CV=dane" in delivery(mail, mail.send("bob@ee.lab"))


# tests D-180
@pytest.mark.parametrize("domain,words", [
    ("ee.lab", " CV=dane"),  # its own records, whatever the policy says
    ("impostor.lab", "DANE: "),
    ("bogus-tlsa.lab", "DANE"),
])
def test_dane_is_decided_first(mailer, daemon, domain, words):
    daemon.says[domain] = policy("nobody.lab" if domain == "ee.lab" else f"mx.{domain}")
    mail = mailer()
    mail.send(f"bob@{domain}")
    assert words in mail.mainlog() and ":sts" not in mail.mainlog()
    assert (mail.queue() == {}) == (domain == "ee.lab")
    assert daemon.asked == []


# tests D-180: both hold
@pytest.mark.parametrize("domain,good", [("unusable-sts.lab", True), ("unusable.lab", False)])
def test_unusable_records(mailer, daemon, domain, good):
    daemon.says[domain] = policy(f"mx.{domain}")
    mail = mailer()
    message_id = mail.send(f"bob@{domain}")
    if good:
        assert ":sts CV=yes" in delivery(mail, message_id)
    else:
        assert_waits(mail, message_id, "TLS session: 4.7.5 MTA-STS: the certificate is not trusted")


# tests D-181: a host with records of its own, named by an MX record that nobody signs
@pytest.mark.needs("DANE")  # without, CV=yes does not tell
@pytest.mark.parametrize("named", [True, False])
def test_records_under_an_unsigned_mx(mailer, daemon, named):
    daemon.says["mx-insecure.lab"] = policy("mx.mx-secure-host.lab" if named else "mx.elsewhere.lab")
    mail = mailer()
    message_id = mail.send("bob@mx-insecure.lab")
    if named:
        assert " CV=yes" in delivery(mail, message_id) and ":sts" not in mail.mainlog()
    else:
        assert_waits(mail, message_id, "is no host that the policy of mx-insecure.lab names")


@pytest.mark.parametrize("option", ["dane_except_domains", "dane_audit_domains"])
def test_lists_of_domains(world, mailer, daemon, option):
    server = world.scripted_server(ADDRESS, None, {})
    daemon.says[DOMAIN] = policy("mx2.lab")
    mail = mailer({option: DOMAIN})
    mail.send(f"bob@{DOMAIN}")
    assert mail.queue() == {} and len(server.messages()) == 1
    assert ("not enforced" in mail.mainlog()) == (option == "dane_audit_domains")


# An answer is kept for a while, by the same means as those of the DNS.
@pytest.mark.needs_cache("about answers that are kept")
def test_the_daemon_is_asked_once(world, mailer, daemon):
    serve(world)
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer()
    for _ in range(3):
        assert ":sts CV=yes" in delivery(mail, mail.send(f"bob@{DOMAIN}"))
    assert daemon.asked == [DOMAIN]


# tests D-187
@pytest.mark.needs("TLS_resume")
@pytest.mark.needs_cache("about TLS sessions that are kept")
def test_sessions_are_resumed_under_the_same_policy_only(world, mailer, daemon):
    serve(world, script={"handshake": {"tickets": "kept", "tls": "1.3"}})
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer(log="+tls_resumption")
    first, second = (delivery(mail, mail.send(f"bob@{DOMAIN}")) for _ in range(2))
    assert ":sts CV=yes" in first and ":sts* CV=yes" in second
    daemon.says[DOMAIN] = policy(HOST, "*.other.lab")
    drop_policy(mail)
    assert ":sts CV=yes" in delivery(mail, mail.send(f"bob@{DOMAIN}"))


def drop_policy(mail):
    subprocess.run([TOOL, "cache", "drop", DOMAIN, "--file", mail.spool / "db/danesmtp"], check=True,
                   stdout=subprocess.DEVNULL)


# tests D-187: a connection serves further messages under the same policy
def test_a_connection_is_used_again(world, mailer, daemon):
    server = serve(world)
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer()
    ids = [mail.inject(f"user{number}@{DOMAIN}") for number in range(3)]
    mail.exim("-qq")
    assert mail.queue() == {}
    lines = [delivery(mail, one) for one in ids]
    assert all(":sts CV=yes" in line for line in lines)
    assert len(server.messages()) == 3 and len(server.events("connect")) == 1


@pytest.mark.needs("DANE")  # of Exim, which has no $tls_out_dane without
def test_variables(world, mailer, daemon):
    server = serve(world)
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer({"headers_add": "<; X-Seen: sni=$tls_out_sni verified=$tls_out_certificate_verified "
                                  "dane=$tls_out_dane"})
    mail.send(f"bob@{DOMAIN}")
    (message,) = server.messages()
    assert f"X-Seen: sni={HOST} verified=1 dane=".encode() in message and b"dane=yes" not in message


# tests D-172, D-177
@pytest.mark.parametrize("names,mode,result", [
    ((HOST,), "enforce", "success"),
    ((HOST,), "testing", "success"),
    (("mx2.lab",), "enforce", "certificate-host-mismatch"),
    (("mx2.lab",), "testing", "certificate-host-mismatch"),
    (None, "enforce", "starttls-not-supported"),
    (None, "testing", "starttls-not-supported"),
])
def test_reports(world, mailer, daemon, collector, names, mode, result):
    if names:
        serve(world, *names)
    else:
        world.scripted_server(ADDRESS, None, {})
    daemon.says[DOMAIN] = policy(HOST, "*.two.lab", mode=mode, domain=DOMAIN)
    mail = mailer({"dane_tlsrpt_socket": collector.path})
    mail.send(f"bob@{DOMAIN}")
    (report,) = collector.reports()
    (seen,) = report["policies"]
    assert seen["policy-type"] == 2 and seen["policy-domain"] == DOMAIN
    assert seen["mx-host"] == [HOST, "*.two.lab"]
    assert seen["policy-string"] == ["version: STSv1", f"mode: {mode}", "max_age: 86400", f"mx: {HOST}",
                                     "mx: *.two.lab"]
    assert seen["f"] == (result != "success")
    codes = {"certificate-host-mismatch": 202, "starttls-not-supported": 201}
    assert [one["c"] for one in seen.get("failure-details", [])] == [codes[result] for _ in range(seen["f"])]


def test_a_report_of_a_host_that_is_not_named(world, mailer, daemon, collector):
    daemon.says[DOMAIN] = policy("mx2.lab", domain=DOMAIN)
    mail = mailer({"dane_tlsrpt_socket": collector.path})
    mail.send(f"bob@{DOMAIN}")
    assert collector.results() == [(DOMAIN, "sts", "validation-failure")]


@pytest.mark.parametrize("value,why", [
    ("unix:/run/$domain", "is tainted"),
    ("${if eq{1}{1}{nonsense}}", "neither unix:PATH nor inet:HOST:PORT"),
    ("${lookup{x}lsearch{/nonexistent}}", "dane_mta_sts"),
])
def test_an_option_that_cannot_be_used_lets_mail_wait(world, mailer, value, why):
    server = world.scripted_server(ADDRESS, None, {})
    mail = mailer({"dane_mta_sts": value})
    message_id = mail.send(f"bob@{DOMAIN}")
    assert message_id in mail.queue() and server.events("connect") == []
    assert why in mail.mainlog() + mail.paniclog()


def test_an_option_that_expands_to_nothing_is_off(world, mailer):
    server = world.scripted_server(ADDRESS, None, {})
    mail = mailer({"dane_mta_sts": "${if eq{1}{2}{unix:/nowhere}}"})
    mail.send(f"bob@{DOMAIN}")
    assert mail.queue() == {} and len(server.messages()) == 1


def tool(world, command, daemon, *arguments):
    argv = [TOOL, command, "--trust-anchor", world.trust_anchor, "--timeout", "10", "--mta-sts", daemon.option,
            *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=100, check=False)


# What the tool says is what a delivery does.
@pytest.mark.parametrize("hosts,mode,names,outcome,trust,report", [
    ((HOST,), "enforce", (HOST,), "sts", "sts", "success"),
    ((HOST,), "enforce", ("mx2.lab",), "waits", "none", "certificate-host-mismatch"),
    ((HOST,), "testing", ("mx2.lab",), "encrypted", "none", "certificate-host-mismatch"),
    (("mx2.lab",), "enforce", (HOST,), "waits", None, "validation-failure"),
])
def test_the_tool(world, daemon, hosts, mode, names, outcome, trust, report):
    serve(world, *names)
    daemon.says[DOMAIN] = policy(*hosts, mode=mode, domain=DOMAIN)
    said = json.loads(tool(world, "check", daemon, "--json", DOMAIN).stdout)
    (host,) = said["hosts"]
    assert said["outcome"] == outcome
    assert host["sts"] == {"mode": mode, "patterns": list(hosts), "names_host": hosts == (HOST,)}
    seen = host["addresses"][0] if trust else host
    assert seen["report"]["policy"] == "sts" and seen["report"]["result"] == report
    assert not trust or seen["trust"] == trust
    lines = tool(world, "explain", daemon, DOMAIN).stdout
    assert f"MTA-STS policy for {DOMAIN} at {HOST}:25: {mode}, mx: {hosts[0]}: " in lines
    assert "MTA-STS: " in tool(world, "check", daemon, DOMAIN).stdout


def test_the_tool_and_a_dead_daemon(world, daemon):
    daemon.stop()
    said = json.loads(tool(world, "check", daemon, "--json", DOMAIN).stdout)
    assert said["outcome"] == "waits" and "Connection refused" in said["reason"]
