# SPDX-License-Identifier: GPL-2.0-or-later
"""Every zone of the world through real Exim and danesmtp, once with hosts_try_dane (the default) and
once with hosts_require_dane. What is expected stands in one table; the report prints it with what was
seen.

    dane      delivered, authenticated by DANE all the way from the recipient's domain
    yes       delivered, authenticated by DANE for a host that an unsigned MX record named
    no        delivered without authentication
    wait X    not delivered, on the queue, nothing received; X is part of the reason in the log
    router    never reaches the transport: Exim's own router holds or refuses it
"""
import re

import pytest
from sender import smarthost_router

NO_MATCH = "wait no TLSA record matches"
REQUIRED = "wait DANE is required"

SCENARIOS = {
    # zone: (try, require)
    "impostor": (NO_MATCH, NO_MATCH),
    "ta-impostor": ("wait no path from the server's certificate",) * 2,
    "ta-expired": ("wait expired",) * 2,
    "no-starttls": ("wait did not offer TLS support",) * 2,
    "starttls-454": ("wait after STARTTLS: 454",) * 2,
    "bogus-tlsa": ("wait TLSA of _25._tcp.mx.bogus-tlsa.lab",) * 2,
    "tlsa-servfail": ("wait SERVFAIL",) * 2,
    "tlsa-refused": ("wait TLSA of _25._tcp.mx.tlsa-refused.lab",) * 2,
    "tlsa-timeout": ("wait TLSA of _25._tcp.mx.tlsa-timeout.lab",) * 2,
    "bogus-mx": ("router", "router"),
    "bogus-a": ("router", "router"),
    "expired-sig": ("router", "router"),
    "mx-servfail": ("router", "router"),
    "null-mx": ("router", "router"),
    "unusable": ("no", REQUIRED),
    "plain": ("no", REQUIRED),
    "signed-no-tlsa": ("no", REQUIRED),
    "a-insecure": ("no", REQUIRED),
    "mx-insecure": ("yes", REQUIRED),
    "mixed": ("no", "dane"),  # D-024: the better MX is without records; required, it is passed over
    "two-mx": ("dane", "dane"),
    "two-mx-down": ("dane", "dane"),
    "ee": ("dane", "dane"),
    "ee-full": ("dane", "dane"),
    "ee-sha512": ("dane", "dane"),
    "ee-expired": ("dane", "dane"),  # D-081
    "ta": ("dane", "dane"),
    "ta-domain-name": ("dane", "dane"),  # D-083
    "rollover": ("dane", "dane"),  # D-080
    "many-rr": ("dane", "dane"),  # D-012
    "rcpt-mix": ("dane", "dane"),
    "implicit-mx": ("dane", "dane"),  # D-037
    "cname-mx": ("dane", "dane"),  # D-053
    "cname-target": ("dane", "dane"),
    "dual-stack": ("dane", "dane"),
    "tlsa-slow": ("dane", "dane"),
}


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


@pytest.mark.parametrize("mode", ("try", "require"))
@pytest.mark.parametrize("zone", SCENARIOS)
def test_scenario(world, sender, scenario_rows, zone, mode):
    expected = SCENARIOS[zone][mode == "require"]
    options = {"dane_trust_anchor_file": world.trust_anchor}
    if mode == "require":
        options["hosts_require_dane"] = "*"
    mail = sender(driver="danesmtp", options=options)
    message_id = mail.send(f"bob@{zone}.lab")
    received = len(world.receivers.mail(message_id))
    outcome = seen(mail, message_id, received)
    scenario_rows.append((zone, mode, expected, outcome))
    assert matches(expected, outcome), mail.mainlog()
    assert mail.paniclog() == ""
    if expected.startswith("wait"):
        assert mail.queue() == {message_id: [f"bob@{zone}.lab"]}
        assert mail.retry_records() != ""


def test_no_zone_is_without_a_scenario(world):
    from zones import ZONES  # noqa: PLC0415  (the table of the world)
    helpers = {"port", "mx-secure-host", "insecure-host", "scripted", "scripted-plain"}
    assert {zone.name for zone in ZONES} == set(SCENARIOS) | helpers


# -- non-MX destinations (D-056, D-061)

@pytest.mark.parametrize("hosts,expected", [
    ("mx.port.lab::2525", "dane"),
    ("mx.impostor.lab", NO_MATCH),
    ("mx.ee.lab", "dane"),
])
def test_configured_host(world, sender, hosts, expected):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor},
                  routers=smarthost_router(hosts))
    message_id = mail.send("bob@anywhere.lab")
    outcome = seen(mail, message_id, len(world.receivers.mail(message_id)))
    assert matches(expected, outcome), mail.mainlog()


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

def test_no_trust_anchor_is_not_an_unsigned_internet(world, sender, tmp_path):
    empty = tmp_path / "anchor"
    empty.write_text("; nothing\n")
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": str(empty)})
    message_id = mail.send("bob@impostor.lab")
    assert mail.queue() == {message_id: ["bob@impostor.lab"]}
    assert str(empty) in mail.mainlog()


FORGED = ("ta.lab. 60 IN MX 5 mx.ee.lab.",)  # a signed host with good records, of somebody else


def test_a_forged_mx_answer_leads_nowhere(world, sender):
    """Exim's router believes the resolver; we ask for ourselves and see another server named."""
    mail = sender(driver="danesmtp", options={"dane_resolver": world.unbound_conf()})
    with world.lying_resolver(*FORGED):
        message_id = mail.send("bob@ta.lab")
    assert mail.queue() == {message_id: ["bob@ta.lab"]}
    assert "mx.ee.lab is not a mail server of ta.lab in the validated DNS" in mail.mainlog()
    assert world.receivers.mail(message_id) == []


def test_the_same_through_the_liar_itself(world, sender):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    with world.lying_resolver(*FORGED):
        message_id = mail.send("bob@ta.lab")
    assert mail.queue() == {message_id: ["bob@ta.lab"]}
    assert "DANE error: MX look-up of ta.lab" in mail.mainlog()
    assert world.receivers.mail(message_id) == []


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


def test_danger_of_insecure_mx_may_be_accepted(world, sender):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor,
                                              "dane_insecure_mx": "may"})
    message_id = mail.send("bob@mx-insecure.lab")
    assert seen(mail, message_id, 1) == "no"
