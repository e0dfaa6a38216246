# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways past an enforced policy of MTA-STS, by everybody who may try: the peer, the DNS, the daemon, a connection
that is open, and legal configurations. In each the message waits, and nobody has heard it.
"""
import subprocess
import time

import pytest
from test_mta_sts import ADDRESS, DOMAIN, HOST, assert_waits, certificate, delivery, drop_policy, serve

from policy_daemon import Silence, policy
from sender import smarthost_router
from zones import zone_named

pytestmark = pytest.mark.usefixtures("anchors")

OTHER = HOST  # a recipient's domain without an MX record, whose host is the same
ALSO = f"also.{DOMAIN}"  # one with an MX record for it


# -- the peer

# tests D-182
@pytest.mark.parametrize("names,more", [
    (("m*.scripted-plain.lab",), {}),
    (("*.lab",), {}),
    (("*.*.lab",), {}),
    (("*",), {}),
    ((f"{HOST}\0.evil.lab",), {}),
    ((f"evil.{HOST}",), {}),
    ((HOST,), {"issuer": "expired-intermediate", "sends": ("expired-intermediate", "root")}),
    ((HOST,), {"issuer": "not-ca", "sends": ("not-ca", "root")}),
    ((HOST,), {"issuer": "ee-intermediate", "sends": ("ee-intermediate", "root")}),
    ((HOST, "mx.ee.lab"), {"issuer": "ee-intermediate", "sends": ("ee-intermediate", "root")}),
    ((HOST,), {"sends": ()}),
    ((HOST,), {"for_servers": False}),
    ((HOST,), {"signs": False}),
])
def test_a_certificate_that_is_almost_good(world, mailer, daemon, names, more):
    server = world.scripted_server(ADDRESS, certificate(world, *names, **more), {})
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer({"tls_tempfail_tryclear": "true", "tls_verify_cert_hostnames": "", "tls_try_verify_hosts": ""})
    assert_waits(mail, mail.send(f"bob@{DOMAIN}"), "4.7.")
    assert server.messages() == []


# tests D-183, D-188: what comes before TLS is nobody's word
@pytest.mark.parametrize("script,options", [
    ({"banner": {"reply": "554 go away"}}, {}),
    ({"banner": {"reply": "421 later"}}, {}),
    ({"ehlo": {"reply": "502 no EHLO here"}}, {}),
    ({"ehlo": {"reply": "550 not you"}}, {}),
    ({"ehlo": {"reply": ["250-scripted.lab", "250 SIZE 1000"]}}, {}),
    ({"starttls": {"reply": "554 no TLS"}}, {}),
    ({"starttls": {"inject": "250 injected\r\n"}}, {}),
    ({"handshake": {"tls": "1.1"}}, {}),
    ({"handshake": {"tls": "1.1"}}, {"tls_require_ciphers": "NORMAL:+VERS-TLS1.1:%COMPAT"}),
    ({"handshake": {"tls": "1.2", "ciphers": "aNULL"}}, {"tls_require_ciphers": "NORMAL:+ANON-ECDH"}),
    ({"handshake": {"then": "reset"}}, {"tls_tempfail_tryclear": "true"}),
    ({}, {"hosts_avoid_tls": "*"}),
    ({}, {"hosts_avoid_esmtp": "*"}),
    ({}, {"hosts_avoid_tls": "*", "hosts_avoid_pipelining": "*", "hosts_nopass_tls": "*"}),
])
def test_before_tls(world, mailer, daemon, script, options):
    server = serve(world, script=script)
    daemon.says[DOMAIN] = policy(HOST)
    if world.exim.features() and "OpenSSL" in world.exim.features():
        options = {name: value for name, value in options.items() if name != "tls_require_ciphers"}
    mail = mailer(options)
    message_id = mail.send(f"bob@{DOMAIN}")
    assert message_id in mail.queue() and server.messages() == []
    assert not any(line.startswith("MAIL") for line in server.commands())


# tests D-183: also where TLS begins with the first octet
@pytest.mark.parametrize("names,taken", [((HOST,), 1), (("mx2.lab",), 0)])
def test_smtps(world, mailer, daemon, names, taken):
    server = world.submissions_server(ADDRESS, certificate(world, *names).name)
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer({"protocol": "smtps"})
    message_id = mail.send(f"bob@{DOMAIN}")
    assert len(server.messages()) == taken and (message_id in mail.queue()) == (taken == 0)


# -- whoever answers for the DNS

# tests D-180: that there is no DANE is to be proved before a policy counts
@pytest.mark.parametrize("domain", ["tlsa-servfail.lab", "tlsa-timeout.lab", "bogus-tlsa.lab"])
def test_records_that_cannot_be_had(mailer, daemon, domain):
    daemon.says[domain] = policy(f"mx.{domain}")
    mail = mailer()
    assert_waits(mail, mail.send(f"bob@{domain}"), "TLSA of _25._tcp.mx")
    assert daemon.asked == []


# tests D-180: a host whose records have gone is the policy's from then on
def test_records_that_are_withdrawn(world, mailer, daemon):
    daemon.says["ee.lab"] = policy("mx.ee.lab")
    mail = mailer({"dane_cache": "", "dane_resolver": world.unbound_conf()})
    assert " CV=dane" in delivery(mail, mail.send("bob@ee.lab"))
    assert daemon.asked == []
    with world.changed_records(zone_named("ee"), "_25._tcp.mx", ()) as script:
        subprocess.run(["sh", "-c", script], check=True)
        assert_waits(mail, mail.send("bob@ee.lab"), "TLS session: 4.7.5 MTA-STS: the certificate is not trusted")
    assert daemon.asked == ["ee.lab"]


# tests D-181: the policy is that of the domain as the sender wrote it
@pytest.mark.parametrize("hosts,good", [(("mx.domain-cname-real.lab",), True), (("mx.lab",), False)])
def test_a_domain_that_is_an_alias(mailer, daemon, hosts, good):
    domain = "alias.domain-cname-insecure.lab"
    daemon.says[domain] = policy(*hosts)
    mail = mailer()
    mail.send(f"bob@{domain}")
    assert daemon.asked == [domain]
    assert ("is no host that the policy of" in mail.mainlog()) != good


@pytest.mark.parametrize("recipient", ["bob@SCRIPTED-plain.LAB", "bob@scripted-plain.lab."])
def test_other_spellings(world, mailer, daemon, recipient):
    server = world.scripted_server(ADDRESS, None, {})
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer(main="strip_trailing_dot = true")
    mail.send(recipient)
    assert daemon.asked == [DOMAIN] and server.messages() == [] and len(mail.queue()) == 1


# -- the daemon

# tests D-187: an open connection is for the policy that it was made under
@pytest.mark.declared("continue_fd")
@pytest.mark.parametrize("then,taken,connections", [
    (policy(HOST), 2, 1),
    (policy(HOST, "*.lab"), 2, 2),
    (policy("mx2.lab"), 1, 1),
])
def test_a_policy_that_changes_between_two_messages(world, mailer, daemon, then, taken, connections):
    server = serve(world)
    daemon.says[DOMAIN] = [policy(HOST), then]
    mail = mailer({"dane_cache": ""}, main="queue_run_in_order")
    ids = [mail.inject(f"{user}@{DOMAIN}") for user in ("ann", "bob")]
    mail.exim("-qq")
    assert len(server.messages()) == taken and len(server.events("connect")) == connections
    assert list(mail.queue()) == ids[taken:]


# tests D-186: and if the daemon dies meanwhile, what follows is what its option says
@pytest.mark.declared("continue_fd")
@pytest.mark.parametrize("fail,taken", [("ignore", 2), ("defer", 1)])
def test_a_daemon_that_dies_between_two_messages(world, mailer, daemon, fail, taken):
    server = serve(world)
    daemon.says[DOMAIN] = [policy(HOST), "TEMP no more"]
    mail = mailer({"dane_cache": "", "dane_mta_sts_fail": fail}, main="queue_run_in_order")
    ids = [mail.inject(f"{user}@{DOMAIN}") for user in ("ann", "bob")]
    mail.exim("-qq")
    assert len(server.messages()) == taken and list(mail.queue()) == ids[taken:]


# -- connections

# tests D-187: a connection in clear, left open by a delivery without a policy, is none for a policy's
@pytest.mark.parametrize("first,second", [(OTHER, DOMAIN), (ALSO, DOMAIN), (DOMAIN, ALSO)])
def test_two_domains_of_one_host(world, mailer, daemon, first, second):
    server = world.scripted_server(ADDRESS, None, {})
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer(main="queue_run_in_order")
    mail.inject(f"bob@{first}")
    mail.inject(f"bob@{second}")
    mail.exim("-qq")
    assert list(mail.queue().values()) == [[f"bob@{DOMAIN}"]]
    (passed,) = {first, second} - {DOMAIN}
    assert [line for line in server.commands() if line.startswith("RCPT")] == [f"RCPT TO:<bob@{passed}>"]


# tests D-211: what forbids the host to one domain holds up no other's mail.
@pytest.mark.parametrize("hosts,names", [(("mx2.lab",), (HOST,)), ((HOST,), ("mx2.lab",)), ((HOST,), None)])
def test_giving_up(world, mailer, daemon, hosts, names):
    server = serve(world, *names) if names else world.scripted_server(ADDRESS, None, {})
    daemon.says[DOMAIN] = policy(*hosts)
    mail = mailer(retry="* * F,1s,1s")
    message_id = mail.send(f"bob@{DOMAIN}")
    assert mail.queue() == {message_id: [f"bob@{DOMAIN}"]}
    other = mail.inject(f"bob@{ALSO}")
    mail.deliver(other, forced=False)
    assert list(mail.queue()) == [message_id] and len(server.messages()) == 1
    assert mail.retry_records().count(message_id) == 1
    time.sleep(2.1)
    mail.run_queue()
    (bounce,) = mail.wait_for_bounces(1)
    words = " ".join(bounce.split())
    assert "4.7." in words and "MTA-STS: " in words and "retry timeout exceeded" in words


# Several domains in one message, and in one call of the transport.
@pytest.mark.parametrize("asked", ["DAEMON", "${if eq{$domain}{scripted-plain.lab}{DAEMON}{}}",
                                   "${if eq{$domain}{also.scripted-plain.lab}{}{DAEMON}}"])
def test_domains_of_one_message(world, mailer, daemon, asked):
    server = world.scripted_server(ADDRESS, None, {})
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer({"dane_mta_sts": asked.replace("DAEMON", daemon.option)})
    mail.send([f"eve@{ALSO}", f"bob@{DOMAIN}", f"eve@{DOMAIN}"])
    (waiting,) = mail.queue().values()
    assert sorted(waiting) == [f"bob@{DOMAIN}", f"eve@{DOMAIN}"]
    assert [line for line in server.commands() if line.startswith("RCPT")] == [f"RCPT TO:<eve@{ALSO}>"]


# A session from before there was a policy proves nothing of the peer.
@pytest.mark.needs("TLS_resume")
@pytest.mark.needs_cache("about TLS sessions that are kept")
def test_a_session_from_without_a_policy(world, mailer, daemon):
    server = serve(world, "mx2.lab", script={"handshake": {"tickets": "kept", "tls": "1.3"}})
    daemon.says[DOMAIN] = policy(HOST, mode="testing")
    mail = mailer({"tls_resumption_hosts": "*"})
    mail.send(f"bob@{DOMAIN}")
    assert len(server.messages()) == 1
    daemon.says[DOMAIN] = policy(HOST)
    drop_policy(mail)
    assert_waits(mail, mail.send(f"bob@{DOMAIN}"), "the certificate is for another name")
    assert len(server.messages()) == 1


# -- odd and legal configurations

# tests D-183
@pytest.mark.parametrize("options", [
    {"hosts_try_dane": ""},
    {"dane_insecure_mx": "may"},
    {"hosts_try_dane": "", "dane_cache": "", "tls_tempfail_tryclear": "true"},
    {"hosts_require_ocsp": "", "hosts_request_ocsp": ""},
    {"fallback_hosts": "192.0.2.51"},
    {"dane_mta_sts": "${if eq{$domain}{scripted-plain.lab}{DAEMON}{}}"},
])
def test_options_that_change_nothing(world, mailer, daemon, options):
    server = world.scripted_server(ADDRESS, None, {})
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer({name: value.replace("DAEMON", daemon.option) for name, value in options.items()})
    mail.send([f"bob@{DOMAIN}"])
    assert list(mail.queue().values()) == [[f"bob@{DOMAIN}"]] and server.messages() == []


# An MUA that handed it in learns it at once.
def test_mua_wrapper(world, mailer, daemon):
    server = world.scripted_server(ADDRESS, None, {})
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer(main="mua_wrapper = true")
    mail.exim("-i", "-f", "alice@sender.lab", f"bob@{DOMAIN}", stdin=b"Subject: x\n\nHello.\n", expected=(1,))
    assert mail.queue() == {} and server.messages() == []


# tests D-210: a smart host that is a domain has its policy; a host that the configuration names has none.
@pytest.mark.parametrize("hosts,to,waits", [
    ("$domain/mx", DOMAIN, True), (f"{DOMAIN}/mx", DOMAIN, True), (f"{DOMAIN}/mx", "anywhere.lab", True),
    (f"{ALSO}/mx", DOMAIN, False), (HOST, DOMAIN, False)])
def test_routes(world, mailer, daemon, hosts, to, waits):
    server = world.scripted_server(ADDRESS, None, {})
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer(routers=smarthost_router(hosts))
    mail.send(f"bob@{to}")
    assert bool(mail.queue()) == waits and len(server.messages()) == (not waits)


# The administrator's own rules hold beside a policy that is only tested.
@pytest.mark.parametrize("mode", ["testing"])
@pytest.mark.parametrize("partner,good", [("other-root", False), ("root", True)])
def test_tls_verify_hosts(world, mailer, daemon, mode, partner, good):
    server = serve(world)
    daemon.says[DOMAIN] = policy(HOST, mode=mode)
    mail = mailer({"hosts_require_tls": "*", "tls_verify_hosts": "*",
                   "tls_verify_certificates": world.certificates[partner].pem_file})
    message_id = mail.send(f"bob@{DOMAIN}")
    assert len(server.messages()) == good and (message_id in mail.queue()) != good


# -- where Exim's core would speak to the host

@pytest.mark.parametrize("options", [{}, {"hosts_try_dane": ""}, {"dane_callouts": "defer"}])
@pytest.mark.parametrize("acl", ["verify = recipient/callout=10s,no_cache", "control = cutthrough_delivery"])
def test_callouts_and_cutthrough(world, mailer, daemon, options, acl):
    server = serve(world)
    daemon.says[DOMAIN] = policy(HOST)
    mail = mailer(options, main=f'acl_smtp_rcpt = "accept {acl}"')
    deferred = "dane_callouts" in options and "callout" in acl
    said = mail.exim("-bs", stdin=("EHLO client.lab\r\nMAIL FROM:<alice@sender.lab>\r\n"
                                   f"RCPT TO:<bob@{DOMAIN}>\r\nQUIT\r\n").encode()).stdout.decode()
    assert (" 451 " in f" {said}" or "\n451 " in said) == deferred, said
    assert server.events("connect") == []
    assert f"no callout and no cutthrough delivery for {DOMAIN}: {HOST}: MTA-STS: enforce" in mail.mainlog()


@pytest.mark.parametrize("answer", [Silence(), "TEMP no"])
def test_callouts_and_a_daemon_that_is_down(world, mailer, daemon, answer):
    server = serve(world)
    daemon.says[DOMAIN] = answer
    mail = mailer({"dane_mta_sts_fail": "defer"},
                  main='acl_smtp_rcpt = "accept verify = recipient/callout=10s,no_cache"')
    mail.exim("-bs", stdin=("EHLO client.lab\r\nMAIL FROM:<alice@sender.lab>\r\n"
                            f"RCPT TO:<bob@{DOMAIN}>\r\nQUIT\r\n").encode())
    assert server.events("connect") == []
