# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways in which a host list reaches the transport, other than by a dnslookup router."""
import re
import time

import pytest
from sender import MX_ROUTER, smarthost_router

LITERALS = """literals:
  driver = ipliteral
  domains = ! sender.lab
  transport = remote_smtp
"""


@pytest.fixture
def options(world):
    return {"dane_trust_anchor_file": world.trust_anchor}


def delivered(mail, message_id):
    """The log line of the delivery; "" when there was none."""
    return next((line for line in mail.log_lines(message_id) if " => " in line), "")


# Exim before 4.99 ends with SIGSEGV where its own driver has to deliver to an address by TLS.
literals_are_delivered = pytest.mark.declared("TRANSPORT_MAGIC")


# tests D-058: an address has no TLSA records
@literals_are_delivered
def test_address_literal(world, sender, options):
    mail = sender(driver="danesmtp", options=options, routers=LITERALS, main="allow_domain_literals")
    message_id = mail.send("bob@[192.0.2.28]")
    assert " CV=no " in delivered(mail, message_id), mail.mainlog()


def test_address_literal_with_dane_required(world, sender, options):
    mail = sender(driver="danesmtp", options={**options, "hosts_require_dane": "*"}, routers=LITERALS,
                  main="allow_domain_literals")
    message_id = mail.send("bob@[192.0.2.28]")
    assert mail.queue() == {message_id: ["bob@[192.0.2.28]"]}
    assert "DANE is required" in mail.mainlog()


# tests D-056: fallback hosts are named by the configuration, so they are no MX hosts of the domain
@pytest.mark.parametrize("fallback,verdict", [("mx.ee.lab", "dane"), ("mx.impostor.lab", None)])
def test_fallback_hosts(world, sender, options, fallback, verdict):
    mail = sender(driver="danesmtp", options={**options, "fallback_hosts": fallback})
    message_id = mail.send("bob@impostor.lab")
    line = delivered(mail, message_id)
    if verdict is None:
        assert mail.queue() == {message_id: ["bob@impostor.lab"]}
        assert world.receivers.mail(message_id) == []
    else:
        assert f" CV={verdict} " in line and "H=mx.ee.lab" in line, mail.mainlog()


def test_what_one_host_proved_is_not_said_of_the_next(world, sender, options):
    server = world.scripted_server("192.0.2.49", "scripted", {"mail": {"reply": "451 not now"}})
    try:
        mail = sender(driver="danesmtp", options=options, routers=smarthost_router("mx.scripted.lab : mx.plain.lab"))
        line = delivered(mail, mail.send("bob@anywhere.lab"))
    finally:
        server.stop()
    assert "451 not now" in mail.mainlog(), mail.mainlog()
    assert "H=mx.plain.lab" in line and " CV=no " in line, mail.mainlog()


def test_fallback_hosts_where_the_others_have_failed_for_long(world, sender, options):
    """No host of the first list is tried any more, which is final only if there is no other list."""
    mail = sender(driver="danesmtp", options={**options, "fallback_hosts": "mx.ee.lab"}, retry="* * F,1s,1h")
    messages = [mail.send("bob@impostor.lab")]
    time.sleep(2.1)
    messages.append(mail.send("bob@impostor.lab"))
    messages.append(mail.inject("bob@impostor.lab"))
    mail.deliver(messages[-1], forced=False)
    assert mail.queue() == {} and mail.mainlog().count("mx.impostor.lab") == 2, mail.mainlog()
    assert all("H=mx.ee.lab" in delivered(mail, message_id) for message_id in messages), mail.mainlog()


# tests D-041: a configured name that Exim expands by MX records ends in a name that nobody validated
@pytest.mark.needs("DANE")  # without, CV=yes does not tell
def test_configured_name_expanded_by_mx(world, sender, options):
    mail = sender(driver="danesmtp", options=options, routers=smarthost_router("ee.lab/mx"))
    message_id = mail.send("bob@anywhere.lab")
    assert re.search(r"H=mx\.ee\.lab .* CV=yes ", delivered(mail, message_id)), mail.mainlog()


@literals_are_delivered
def test_a_message_for_several_hosts_and_routes(world, sender, options):
    mail = sender(driver="danesmtp", options=options, routers=LITERALS + MX_ROUTER,
                  main="allow_domain_literals")
    message_id = mail.send(["bob@[192.0.2.24]", "bob@ee.lab", "bob@impostor.lab"])
    assert mail.queue() == {message_id: ["bob@impostor.lab"]}
    assert len(world.receivers.mail(message_id)) == 2
