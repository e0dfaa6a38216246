# SPDX-License-Identifier: GPL-2.0-or-later
"""MTA-STS with the daemon that Debian has for Postfix, which fetches policies from an HTTPS server of the world."""
import pytest
from test_mta_sts import ADDRESS, DOMAIN, HOST, assert_waits, certificate, delivery

from certificates import Dates
from policy_site import DAEMON, PackagedDaemon, PolicySite, policy_text

pytestmark = pytest.mark.skipif(DAEMON is None, reason="postfix-mta-sts-resolver is not installed")


@pytest.fixture
def publish(world, anchors):
    """A site with this policy, and a daemon that has not asked for it yet."""
    def start(text, zone="", name=f"mta-sts.{DOMAIN}", **more):
        site = PolicySite(ADDRESS, certificate(world, name, **more))
        world.ends_here(site.stop)
        site.text = text
        daemon = PackagedDaemon(world.directory, anchors, zone)
        world.ends_here(daemon.stop)
        return site
    return start


@pytest.fixture
def mail(world, sender):
    return sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor,
                                              "dane_mta_sts": PackagedDaemon.option})


@pytest.mark.parametrize("pattern", [HOST, f"*.{DOMAIN}"])
def test_enforce(world, publish, mail, pattern):
    site = publish(policy_text("enforce", "other.lab", pattern))
    server = world.scripted_server(ADDRESS, certificate(world, HOST), {})
    assert ":sts CV=yes" in delivery(mail, mail.send(f"bob@{DOMAIN}"))
    assert len(server.messages()) == 1
    assert site.asked == [f"mta-sts.{DOMAIN}/.well-known/mta-sts.txt"]


@pytest.mark.parametrize("pattern,names,reason", [
    ("mx2.lab", (HOST,), "is no host that the policy of"),
    ("*.mx.scripted-plain.lab", (HOST,), "is no host that the policy of"),
    ("*.lab", (HOST,), "is no host that the policy of"),  # Postfix would take it
    (HOST, ("mx2.lab",), "the certificate is for another name"),
])
def test_enforce_and_bad(world, publish, mail, pattern, names, reason):
    publish(policy_text("enforce", pattern))
    server = world.scripted_server(ADDRESS, certificate(world, *names), {})
    assert_waits(mail, mail.send(f"bob@{DOMAIN}"), reason)
    assert server.messages() == []


def test_enforce_and_an_expired_certificate(world, publish, mail):
    publish(policy_text("enforce", HOST))
    server = world.scripted_server(ADDRESS, certificate(world, HOST, dates=Dates.PAST), {})
    assert_waits(mail, mail.send(f"bob@{DOMAIN}"), "the certificate is not valid at this time")
    assert server.messages() == []


# What this daemon does not tell from "no policy" (doc/decisions/0030).
@pytest.mark.parametrize("text,more", [
    (policy_text("testing", "mx2.lab"), {}),
    (policy_text("none"), {}),
    (None, {}),
    ("version: STSv1\nmode: enforce\n", {}),
    (policy_text("enforce", "mx2.lab"), {"name": "mta-sts.other.lab"}),
    (policy_text("enforce", "mx2.lab"), {"dates": Dates.PAST}),
    (policy_text("enforce", "mx2.lab"), {"issuer": None, "sends": ()}),
])
def test_as_without_a_policy(world, publish, mail, text, more):
    publish(text, **more)
    server = world.scripted_server(ADDRESS, None, {})
    mail.send(f"bob@{DOMAIN}")
    assert mail.queue() == {} and len(server.messages()) == 1
    assert "MTA-STS" not in mail.mainlog()


# A daemon of this version makes an enforced policy of a tested one, if its zone says so: the manual warns.
def test_a_strict_zone(world, publish, mail):
    publish(policy_text("testing", "mx2.lab"), zone="zones:\n  postfix:\n    strict_testing: true\n    timeout: 4\n")
    world.scripted_server(ADDRESS, None, {})
    assert_waits(mail, mail.send(f"bob@{DOMAIN}"), "is no host that the policy of")
