# SPDX-License-Identifier: GPL-2.0-or-later
"""MTA-STS with the daemon that Debian has for Postfix and with the tool's, which fetch policies from an HTTPS server
of the world.
"""
import itertools
import subprocess
import time

import pytest
from test_mta_sts import ADDRESS, DOMAIN, HOST, assert_waits, certificate, delivery, drop_policy

from certificates import Dates
from ocsp import Responder
from policy_site import DAEMON, OwnDaemon, PackagedDaemon, PolicySite, policy_text
from zones import zone_named

NUMBERS = itertools.count()
PACKAGED = pytest.param("packaged", marks=pytest.mark.skipif(DAEMON is None,
                                                             reason="postfix-mta-sts-resolver is not installed"))
packaged_alone = pytest.mark.parametrize("daemon", [PACKAGED], indirect=True)


@pytest.fixture(params=[PACKAGED, "own"])
def daemon(request):
    return request.param


@pytest.fixture
def home(world):
    """Of the tool's daemon, fresh for each test; a short name, for it is part of a socket's."""
    return world.directory / f"sts-{next(NUMBERS)}"


@pytest.fixture
def option(daemon, home):
    return PackagedDaemon.option if daemon == "packaged" else f"unix:{home / 'socket'}"


@pytest.fixture
def publish(world, anchors, daemon, home):
    """A site with this policy, and a daemon that has not asked for it yet."""
    def start(text, zone="", name=f"mta-sts.{DOMAIN}", at=ADDRESS, **more):
        site = PolicySite(at, certificate(world, name, **more))
        world.ends_here(site.stop)
        site.text = text
        site.daemon = (PackagedDaemon(world.directory, anchors, zone) if daemon == "packaged"
                       else OwnDaemon(world, home, anchors))
        world.ends_here(site.daemon.stop)
        return site
    return start


@pytest.fixture
def mail(world, sender, option):
    return sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor, "dane_mta_sts": option})


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


@pytest.mark.parametrize("leaf", [{"issuer": None, "sends": ()}, {"issuer": "other-intermediate"}])
def test_enforce_and_nobody_s_certificate(world, publish, mail, leaf):
    publish(policy_text("enforce", HOST))
    server = world.scripted_server(ADDRESS, certificate(world, HOST, **leaf), {})
    assert_waits(mail, mail.send(f"bob@{DOMAIN}"), "the certificate is not trusted")
    assert server.messages() == []


@pytest.mark.parametrize("fault,good", [("good", True), ("revoked", False)])
def test_enforce_and_a_stapled_proof(world, publish, mail, home, fault, good):
    publish(policy_text("enforce", HOST))
    leaf = certificate(world, HOST)
    responder = Responder(world.certificates, world.directory / f"{home.name}-ocsp")
    world.scripted_server(ADDRESS, leaf, {"handshake": {"staples": [responder.staple("leaf", leaf, fault)]}})
    message_id = mail.send(f"bob@{DOMAIN}")
    if good:
        assert ":sts CV=yes" in delivery(mail, message_id)
    else:
        assert_waits(mail, message_id, "the certificate is revoked")


def says_that_it_is_new(world):
    """A second version of the domain's zone, whose record tells of another policy."""
    zone = (world.zones / f"{DOMAIN}.zone").read_text(encoding="ascii")
    path = world.zones / f"{DOMAIN}.changed"
    path.write_text(zone.replace("hostmaster.lab. 1 ", "hostmaster.lab. 2 ").replace("id=1;", "id=2;"),
                    encoding="ascii")
    return {DOMAIN: path}


# RFC 8461 5.1: what the daemon has holds while it is valid, whatever becomes of the site, and no longer.
@pytest.mark.parametrize("max_age,taken", [(86400, 0), (1, 1)])
def test_a_policy_that_cannot_be_fetched_again(world, publish, mail, max_age, taken):
    site = publish(policy_text("enforce", HOST, max_age=max_age), zone="cache_grace: 0\n")
    server = world.scripted_server(ADDRESS, None, {})
    assert_waits(mail, mail.send(f"bob@{DOMAIN}"), "a TLS session is required")
    site.stop()
    time.sleep(2.1)  # the daemon counts whole seconds
    drop_policy(mail)
    with world.changed_zones(says_that_it_is_new(world)) as script:
        subprocess.run(["sh", "-c", script], check=True)
        mail.send(f"eve@{DOMAIN}")
    assert len(server.messages()) == taken and len(mail.queue()) == 2 - taken
    assert len(site.asked) == 1


# The daemon's own patience, of 4 seconds, is shorter than ours. The tool's says that it does not know yet.
@packaged_alone
def test_a_site_that_is_slow(world, publish, mail):
    site = publish(policy_text("enforce", "mx2.lab"))
    site.delay = 6
    server = world.scripted_server(ADDRESS, None, {})
    mail.send(f"bob@{DOMAIN}")
    assert mail.queue() == {} and len(server.messages()) == 1 and len(site.asked) == 1
    assert "MTA-STS" not in mail.mainlog()


@packaged_alone
@pytest.mark.parametrize("fail,taken", [("ignore", 1), ("defer", 0)])
def test_the_daemon_is_dead(world, publish, sender, fail, taken):
    site = publish(policy_text("enforce", "mx2.lab"))
    server = world.scripted_server(ADDRESS, None, {})
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor, "dane_mta_sts_fail": fail,
                                              "dane_mta_sts": PackagedDaemon.option})
    site.daemon.stop()
    mail.send(f"bob@{DOMAIN}")
    assert len(server.messages()) == taken and len(mail.queue()) == 1 - taken
    assert f"inet:127.0.0.1:8461: {DOMAIN}: TIMEOUT Connection refused" in mail.mainlog()


WITH_DANE, ITS_HOST, ITS_ADDRESS = "scripted.lab", "mx.scripted.lab", "192.0.2.49"


# tests D-180: of a domain with both, DANE has the word, for good and for ill
@pytest.mark.parametrize("hosts", [(ITS_HOST,), ("mx2.lab",)])
@pytest.mark.parametrize("shown,good", [("scripted", True), (None, False)])
def test_dane_and_a_policy(world, publish, mail, hosts, shown, good):
    site = publish(policy_text("enforce", *hosts), name=f"mta-sts.{WITH_DANE}", at=ITS_ADDRESS)
    server = world.scripted_server(ITS_ADDRESS, shown or certificate(world, ITS_HOST), {})
    message_id = mail.send(f"bob@{WITH_DANE}")
    assert len(server.messages()) == good and site.asked == []
    if good:
        assert " CV=dane" in delivery(mail, message_id)
    else:
        assert_waits(mail, message_id, "no TLSA record matches")


# tests D-180: both hold
@pytest.mark.parametrize("names,good", [((ITS_HOST,), True), (("mx2.lab",), False)])
def test_without_usable_records(world, publish, sender, option, names, good):
    publish(policy_text("enforce", ITS_HOST), name=f"mta-sts.{WITH_DANE}", at=ITS_ADDRESS)
    server = world.scripted_server(ITS_ADDRESS, certificate(world, *names), {})
    mail = sender(driver="danesmtp", options={"dane_resolver": world.unbound_conf(), "dane_cache": "",
                                              "dane_mta_sts": option})
    with world.changed_records(zone_named("scripted"), "_25._tcp.mx", ("3 1 7 00112233",)) as script:
        subprocess.run(["sh", "-c", script], check=True)
        message_id = mail.send(f"bob@{WITH_DANE}")
        assert len(server.messages()) == good
        if good:
            assert ":sts CV=yes" in delivery(mail, message_id)
        else:
            assert_waits(mail, message_id, "the certificate is for another name")


# What the packaged daemon does not tell from "no policy" (doc/decisions/0030), and mail goes by either.
@pytest.mark.parametrize("text,more", [
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


@packaged_alone
def test_a_tested_policy_that_nobody_tells(world, publish, mail):
    publish(policy_text("testing", "mx2.lab"))
    server = world.scripted_server(ADDRESS, None, {})
    mail.send(f"bob@{DOMAIN}")
    assert mail.queue() == {} and len(server.messages()) == 1
    assert "MTA-STS" not in mail.mainlog()


# A daemon of this version makes an enforced policy of a tested one, if its zone says so: the manual warns.
@packaged_alone
def test_a_strict_zone(world, publish, mail):
    publish(policy_text("testing", "mx2.lab"), zone="zones:\n  postfix:\n    strict_testing: true\n    timeout: 4\n")
    world.scripted_server(ADDRESS, None, {})
    assert_waits(mail, mail.send(f"bob@{DOMAIN}"), "is no host that the policy of")
