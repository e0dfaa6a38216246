# SPDX-License-Identifier: GPL-2.0-or-later
"""Every zone of the world through real Exim and danesmtp, once with hosts_try_dane (the default) and
once with hosts_require_dane. What is expected stands in the zones' rows (zones.py); the report prints it
with what was seen.
"""
import re

import pytest
from sender import smarthost_router
from zone import NO_MATCH, NO_NAME
from zones import SCENARIOS, zone_named


def zone_of(domain):
    return domain.rpartition(".")[2]


def seen(sender, message_id, received):
    """The outcome in the table's words, with the reason of a deferral."""
    lines = sender.log_lines(message_id)
    delivered = next((line for line in lines if " => " in line), None)
    if delivered:
        verdict = re.search(r" CV=(\w+)", delivered)
        return verdict.group(1) if verdict else "clear"
    if not any(" T=remote_smtp " in line for line in lines if re.search(r" (==|\*\*) ", line)):
        return "router"
    reason = next((line for line in lines if " == " in line), "bounced " + " ".join(lines))
    return f"wait {reason}" if received == 0 else f"wait, but {received} received"


def matches(expected, outcome):
    return outcome == expected if not expected.startswith("wait ") else (
        outcome.startswith("wait ") and expected[5:] in outcome)


def taken_by_scripted_servers(world, domain):
    addresses = {server.address for server in zone_named(zone_of(domain)).servers}
    return sum(len(world.scripted[address].messages())
               for address in addresses & set(world.scripted))


# tests D-110, D-112: what must not be delivered waits, and is not bounced
@pytest.mark.parametrize("mode", ("try", "require"))
@pytest.mark.parametrize("domain", SCENARIOS)
def test_scenario(world, sender, scenario_rows, domain, mode):
    expected = SCENARIOS[domain].required if mode == "require" else SCENARIOS[domain].tried
    options = {"dane_trust_anchor_file": world.trust_anchor}
    if mode == "require":
        options["hosts_require_dane"] = "*"
    mail = sender(driver="danesmtp", options=options)
    before = taken_by_scripted_servers(world, domain)  # by tests of other drivers
    message_id = mail.send(f"bob@{domain}.lab")
    received = len(world.receivers.mail(message_id)) + taken_by_scripted_servers(world, domain) - before
    outcome = seen(mail, message_id, received)
    scenario_rows.append((domain, mode, expected, outcome))
    assert matches(mail.in_log(expected), outcome), mail.mainlog()
    assert mail.paniclog() == ""
    if expected.startswith("wait"):
        assert mail.queue() == {message_id: [f"bob@{domain}.lab"]}
        assert mail.retry_records() != ""


# tests D-024, D-030
@pytest.mark.parametrize("zone,address", [
    ("first-impostor", "192.0.2.205"), ("mixed", "192.0.2.38"), ("first-servfail", "192.0.2.204")])
def test_which_host_takes_the_message(world, sender, zone, address):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    (arrived,) = world.receivers.mail(mail.send(f"bob@{zone}.lab"))
    assert arrived.received["address"] == address


# -- non-MX destinations; tests D-056, D-061

@pytest.mark.parametrize("hosts,expected", [
    ("mx.port.lab::2525", "dane"),
    ("mx.port-25-only.lab::2525", "no"),
    ("mx.impostor.lab", NO_MATCH.tried),
    ("mx.ee.lab", "dane"),
    ("relay.smarthost.lab", "dane"),  # tests D-083: the certificate has the name that was configured
    ("host.smarthost.lab", NO_NAME.tried),
])
def test_configured_host(world, sender, hosts, expected):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor},
                  routers=smarthost_router(hosts))
    message_id = mail.send("bob@anywhere.lab")
    outcome = seen(mail, message_id, len(world.receivers.mail(message_id)))
    assert matches(expected, outcome), mail.mainlog()


# tests D-067
@pytest.mark.parametrize("zone,address,certificate,expected,protocol", [
    ("smtps", "192.0.2.190", "smtps", "dane", "smtps"),
    ("smtps", "192.0.2.190", "smtps", "dane", "SMTPS"),
    ("smtps", "192.0.2.190", "smtps", "dane", "${if eq{$host}{mx.smtps.lab}{Submissions}{smtp}}"),
    ("smtps-impostor", "192.0.2.191", "smtps-impostor", NO_MATCH.tried, "smtps"),
])
def test_tls_from_the_start_is_judged_by_its_own_port(world, sender, zone, address, certificate,
                                                      expected, protocol):
    server = world.submissions_server(address, certificate)
    mail = sender(driver="danesmtp", routers=smarthost_router(f"mx.{zone}.lab"),
                  options={"dane_trust_anchor_file": world.trust_anchor, "protocol": protocol, "port": "465"})
    message_id = mail.send("bob@anywhere.lab")
    assert matches(expected, seen(mail, message_id, len(server.messages()))), mail.mainlog()
    assert len(server.messages()) == (expected == "dane")


# tests D-090: the domain that the DNS knows as xn--bcher-kva.lab
@pytest.mark.needs("I18N")
def test_domain_in_letters_of_its_own(world, sender):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    message_id = mail.send("bob@b\u00fccher.lab")
    assert seen(mail, message_id, len(world.receivers.mail(message_id))) == "dane", mail.mainlog()


def test_hosts_option_of_the_transport(world, sender):
    router = """own_hosts:
  driver = accept
  domains = ! sender.lab
  transport = remote_smtp
"""
    mail = sender(driver="danesmtp", routers=router,
                  options={"dane_trust_anchor_file": world.trust_anchor, "hosts": "mx.ee.lab"})
    message_id = mail.send("bob@anywhere.lab")
    assert seen(mail, message_id, 1) == "dane", mail.mainlog()


# -- what an unvalidated path could do (D-004, D-041)

# tests D-004, D-014, D-164
def test_no_trust_anchor_is_not_an_unsigned_internet(world, sender, tmp_path):
    empty = tmp_path / "anchor"
    empty.write_text("; nothing\n")
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": str(empty)})
    message_id = mail.send("bob@impostor.lab")
    assert mail.queue() == {message_id: ["bob@impostor.lab"]}
    assert str(empty) in mail.mainlog()


FORGED = ("ta.lab. 60 IN MX 5 mx.ee.lab.",)  # a signed host with good records, of somebody else


# tests D-041
def test_a_forged_mx_answer_leads_nowhere(world, sender):
    """Exim's router believes the resolver; we ask for ourselves and see another server named."""
    mail = sender(driver="danesmtp", options={"dane_resolver": world.unbound_conf()})
    with world.lying_resolver(*FORGED):
        message_id = mail.send("bob@ta.lab")
    assert mail.queue() == {message_id: ["bob@ta.lab"]}
    assert "mx.ee.lab is not a mail server of ta.lab in the validated DNS" in mail.mainlog()
    assert world.receivers.mail(message_id) == []


# tests D-004, D-005
def test_the_same_through_the_liar_itself(world, sender):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    with world.lying_resolver(*FORGED):
        message_id = mail.send("bob@ta.lab")
    assert mail.queue() == {message_id: ["bob@ta.lab"]}
    assert "DANE error: 4.7.5 MX look-up of ta.lab" in mail.mainlog()
    assert world.receivers.mail(message_id) == []


# tests D-004
def test_forged_absence_of_records_leads_nowhere(world, sender):
    """The resolver says that impostor.lab has no TLSA records; that needs a proof."""
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    with world.lying_resolver("_25._tcp.mx.impostor.lab. 60 IN TXT nothing"):
        message_id = mail.send("bob@impostor.lab")
    assert mail.queue() == {message_id: ["bob@impostor.lab"]}
    assert world.receivers.mail(message_id) == []


def test_recursion_of_our_own(world, sender):
    mail = sender(driver="danesmtp", options={"dane_resolver": world.unbound_conf()})
    message_id = mail.send("bob@ee.lab")
    assert seen(mail, message_id, 1) == "dane", mail.mainlog()


def test_an_unbound_conf_without_an_anchor_is_not_an_unsigned_internet(world, sender):
    conf = world.unbound_conf(trust_anchor=False)
    mail = sender(driver="danesmtp", options={"dane_resolver": conf})
    message_id = mail.send("bob@impostor.lab")
    assert mail.queue() == {message_id: ["bob@impostor.lab"]}


# tests D-031
def test_danger_of_insecure_mx_may_be_accepted(world, sender):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor,
                                              "dane_insecure_mx": "may"})
    message_id = mail.send("bob@mx-insecure.lab")
    assert seen(mail, message_id, 1) == "no"


# tests D-033: not the name that Exim's router put in its place
@pytest.mark.parametrize("domain,name", [("mx-insecure-alias", "mx.cname-mx.lab"),
                                         ("cname-mx", "host.cname-mx.lab")])
def test_log_names_the_host_as_the_unsigned_mx_record_does(world, sender, domain, name):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    message_id = mail.send(f"bob@{domain}.lab")
    assert f" H={name} " in next(line for line in mail.log_lines(message_id) if " => " in line)
