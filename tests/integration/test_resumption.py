# SPDX-License-Identifier: GPL-2.0-or-later
"""TLS sessions that one delivery leaves to the next (D-103): real Exim, an OpenSSL server that keeps its
ticket keys or loses them, and one with GnuTLS.
"""
import datetime
import re
import shutil
import subprocess
import time

import pytest

from certificates import TA_CHAIN, Dates, Leaf
from exim_build import find_build
from tool import TOOL
from zones import zone_named

# Without TLS_resume the log and $tls_out_resumption say nothing.
pytestmark = [pytest.mark.needs_cache("about TLS sessions that are kept"), pytest.mark.needs("TLS_resume")]

ADDRESS = "192.0.2.49"
RIGHT, OTHER = "3 1 1 =scripted", "3 1 1 =impostor-key"
VERSIONS = ["1.2", "1.3"]

# An Exim without DANE has no $tls_out_dane.
DANE = ("$tls_out_dane" if "DANE" in find_build().features() else
        "${if eq{$tls_out_certificate_verified}{1}{yes}{no}}")
SEEN = (f"X-Seen: resumption=$tls_out_resumption dane={DANE} "
        "${certextract{subject}{$tls_out_peercert}}")
EVENT_ACL = """event:
  accept logwrite = event $event_name <$event_data> ${certextract{subject}{$tls_out_peercert}}
"""


@pytest.fixture
def mailer(world, sender):
    def make(options=None, **more):
        return sender(driver="danesmtp", log="+tls_resumption", options={
            "dane_trust_anchor_file": world.trust_anchor, "headers_add": f"<; {SEEN}",
            **(options or {})}, **more)
    return make


@pytest.fixture
def serve(world):
    """A server with these handshakes, one a connection; the last for all that follow."""
    def start(*handshakes, **script):
        actions = [{**action, "connection": n} for n, action in enumerate(handshakes[:-1], 1)]
        return world.scripted_server(ADDRESS, "scripted", {"handshake": [*actions, handshakes[-1]], **script})
    return start


def kept(version="1.3", **more):
    return {"tickets": "kept", "tls": version, **more}


def change(mail, script, host):
    """Puts the other records into the name server, and makes the sender forget the old ones, not the TLS
    sessions."""
    subprocess.run(["sh", "-c", script], check=True)
    subprocess.run([TOOL, "cache", "drop", f"_25._tcp.{host}", "--file", mail.spool / "db/danesmtp"],
                   check=True, stdout=subprocess.DEVNULL)


def delivered(mail, message_id):
    (line,) = [line for line in mail.log_lines(message_id) if "=>" in line]
    assert "CV=dane" in line
    return line


def resumed(server):
    return [event["resumed"] for event in server.events("tls")]


def is_marked(line):
    return re.search(r" X=TLS1\.[23]:\S+\* CV=dane ", line) is not None


def seen(message):
    return re.search(rb"X-Seen: (.*)\r\n", message)[1].decode()


# tests D-103
@pytest.mark.parametrize("version", VERSIONS)
def test_the_second_delivery_resumes(mailer, serve, version):
    server, mail = serve(kept(version)), mailer()
    lines = [delivered(mail, mail.send("bob@scripted.lab")) for _ in range(3)]
    assert resumed(server) == [False, True, True]
    assert [is_marked(line) for line in lines] == [False, True, True]
    # Supported, wanted, a ticket came; then: there was a session, and it was used. OpenSSL sends a new ticket
    # in TLS 1.3 alone.
    texts = [seen(message) for message in server.messages()]
    later = {"1.2": 23, "1.3": 31}[version]
    assert texts == ["resumption=11 dane=yes CN=server"] + 2 * [f"resumption={later} dane=yes CN=server"]
    assert not mail.paniclog()


# Also where GnuTLS's description of a session is one that neither takes apart well.
@pytest.mark.parametrize("version", VERSIONS)
def test_the_log_says_it_as_exims_own_driver_does(sender, mailer, serve, version):
    server, seen_by_exim, seen_by_us = serve(kept(version)), [], []
    exims = sender(driver="smtp", log="+tls_resumption", options={"tls_resumption_hosts": "*",
                                                                  "headers_add": f"<; {SEEN}"})
    for mail, ciphers in ((exims, seen_by_exim), (mailer(), seen_by_us)):
        for _ in range(2):
            (line,) = [line for line in mail.log_lines(mail.send("bob@scripted.lab")) if "=>" in line]
            ciphers.append(re.search(r" X=\S+", line)[0])
    assert seen_by_us == seen_by_exim and resumed(server) == 2 * [False, True]
    texts = [seen(message).replace("dane=no", "dane=yes") for message in server.messages()]
    assert texts[:2] == texts[2:]


def test_the_second_delivery_to_exim_with_gnutls_resumes(world, mailer):
    mail = mailer()
    with world.receivers.resuming():
        lines = [delivered(mail, mail.send("bob@ta.lab")) for _ in range(2)]
    assert [is_marked(line) for line in lines] == [False, True]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_that_has_forgotten_makes_a_full_handshake(mailer, serve, version):
    server, mail = serve(kept(version), {**kept(version), "tickets": "lost"}), mailer()
    lines = [delivered(mail, mail.send("bob@scripted.lab")) for _ in range(2)]
    assert resumed(server) == [False, False] and not any(is_marked(line) for line in lines)
    assert server.events("tls")[1]["offered"]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_impostor_without_the_ticket_key(world, mailer, serve, version):
    mail = mailer()
    server = serve(kept(version))
    delivered(mail, mail.send("bob@scripted.lab"))
    server.stop()
    impostor = world.scripted_server(ADDRESS, "impostor", {"handshake": kept(version)})
    message_id = mail.send("bob@scripted.lab")
    assert list(mail.queue()) == [message_id] and impostor.messages() == []
    assert any("no TLSA record matches" in line for line in mail.log_lines(message_id))
    assert resumed(impostor) == [False]


# The server has another certificate and yet its ticket key. What counts is whether the records are the same.
@pytest.mark.parametrize("name,records,certificate,resumes,taken", [
    ("another certificate, the same records", (RIGHT,), "impostor-key", True, True),
    ("another key and its records", (OTHER,), "impostor-key", False, True),
    ("the records of another key", (OTHER,), "scripted", False, False),
    ("one record more", (RIGHT, OTHER), "scripted", False, True),
], ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_valid_ticket_and_what_changes(world, mailer, serve, version, name, records, certificate,
                                         resumes, taken):
    server = serve(kept(version), kept(version, certificate=certificate))
    mail = mailer({"dane_resolver": world.unbound_conf(), "dane_trust_anchor_file": ""})
    delivered(mail, mail.send("bob@scripted.lab"))
    if records == (RIGHT,):
        mail.send("bob@scripted.lab")
    else:
        with world.changed_records(zone_named("scripted"), "_25._tcp.mx", records) as script:
            change(mail, script, "mx.scripted.lab")
            mail.send("bob@scripted.lab")
    assert resumed(server) == [False, resumes], name
    assert (mail.queue() == {}) == taken


def test_withdrawn_records(world, mailer):
    mail = mailer({"dane_resolver": world.unbound_conf(), "dane_trust_anchor_file": ""})
    with world.receivers.resuming(), \
            world.changed_records(zone_named("ee"), "_25._tcp.mx", ()) as script:
        lines = [delivered(mail, mail.send("bob@ee.lab")) for _ in range(2)]
        change(mail, script, "mx.ee.lab")
        message_id = mail.send("bob@ee.lab")
    assert [is_marked(line) for line in lines] == [False, True]
    (line,) = [line for line in mail.log_lines(message_id) if "=>" in line]
    assert " CV=no " in line and "* CV=" not in line


# Usage 2: whether the server has renewed its certificate only a full handshake can show.
@pytest.mark.parametrize("now,taken", [("scripted-renewed", True), ("scripted-short", False)])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_certificate_that_has_expired_since(world, mailer, version, now, taken):
    for name, dates in (("scripted-renewed", Dates.NOW), ("scripted-short", Dates.SECONDS)):
        short = world.certificates.issue(Leaf(name, ("mx.scripted-ta.lab",), issuer="intermediate",
                                              sends=TA_CHAIN, dates=dates))
    server = world.scripted_server("192.0.2.52", short, {"handshake": [
        kept(version, connection=1), kept(version, certificate=now)]})
    mail = mailer()
    delivered(mail, mail.send("bob@scripted-ta.lab"))
    end = short.x509.not_valid_after.replace(tzinfo=datetime.timezone.utc).timestamp()
    time.sleep(max(0, end + 1.1 - time.time()))
    message_id = mail.send("bob@scripted-ta.lab")
    # In TLS 1.3 the server may not be told in time that it was used.
    handshakes = resumed(server)
    assert handshakes[0] is False and handshakes[-1] is False and len(server.events("connect")) == 3
    assert (mail.queue() == {}) == taken
    log = mail.log_lines(message_id)
    assert sum("expired" in line for line in log) == (0 if taken else 2), log
    if taken:
        assert not is_marked(delivered(mail, message_id))


# RFC 8446 C.4
def test_deliveries_at_once_never_use_the_same_ticket(mailer, serve):
    server, mail = serve(kept()), mailer()
    for _ in range(3):
        ids = [mail.inject(f"bob{n}@scripted.lab") for n in range(6)]
        running = [subprocess.Popen([mail.exim_binary, "-C", str(mail.config), "-M", one]) for one in ids]
        assert [process.wait(timeout=60) for process in running] == [0] * 6
    assert mail.queue() == {} and len(server.messages()) == 18
    offered = [one for event in server.events("tls") for one in event["offered"]]
    assert len(offered) == len(set(offered)) and sum(resumed(server)) >= 6


def test_another_client_certificate(world, mailer, serve):
    server = serve(kept())
    mail = mailer({"tls_certificate": "$spool_directory/client.pem"})
    for name in ("ee", "ee", "ta", "ta"):
        shutil.copy(world.certificates[name].pem_file, mail.spool / "client.pem")
        (mail.spool / "client.pem").chmod(0o644)
        delivered(mail, mail.send("bob@scripted.lab"))
    assert resumed(server) == [False, True, False, True]


def test_a_connection_left_open_leaves_its_session(mailer, serve):
    server, mail = serve(kept()), mailer(main="queue_run_in_order")
    for run in range(2):
        ids = [mail.inject(f"{user}@scripted.lab") for user in ("ann", "bob", "eve")]
        mail.exim("-qq")
        lines = [delivered(mail, one) for one in ids]
        assert [f"[{ADDRESS}]:25* " in line for line in lines] == [False, True, True]
        # For the later messages on the connection too.
        assert [is_marked(line) for line in lines] == 3 * [run == 1]
    assert resumed(server) == [False, True]


def test_a_damaged_file_of_sessions(mailer, serve):
    server, mail = serve(kept()), mailer()
    path = mail.spool / "db/danesmtp"
    for _ in range(2):
        delivered(mail, mail.send("bob@scripted.lab"))
        octets = bytearray(path.read_bytes())
        octets[4096::7] = ((octet + 1) % 256 for octet in octets[4096::7])
        path.write_bytes(octets)
    delivered(mail, mail.send("bob@scripted.lab"))
    delivered(mail, mail.send("bob@scripted.lab"))
    assert resumed(server) == [False, False, False, True] and not mail.paniclog()


@pytest.mark.parametrize("options,expected", [
    ({}, True),
    ({"dane_tls_resumption": "no"}, False),
    ({"dane_tls_resumption": "no", "tls_resumption_hosts": ADDRESS}, True),
    ({"dane_tls_resumption": "no", "tls_resumption_hosts": f"! {ADDRESS}"}, False),
    ({"hosts_require_ocsp": "*"}, False),
    ({"dane_audit_domains": "*"}, False),
], ids=str)
def test_exims_list_names_the_host(mailer, serve, options, expected):
    server, mail = serve(kept()), mailer(options)
    for _ in range(2):
        mail.send("bob@scripted.lab")
    assert resumed(server) == [False, expected]


def test_a_server_that_breaks_when_a_session_is_offered(mailer, serve):
    server = serve(kept(), {"then": "reset"}, kept())
    mail = mailer()
    delivered(mail, mail.send("bob@scripted.lab"))
    message_id = mail.send("bob@scripted.lab")
    assert not is_marked(delivered(mail, message_id)) and len(mail.log_lines(message_id)) == 3
    assert "T:mx.scripted.lab" not in mail.retry_records()
    delivered(mail, mail.send("bob@scripted.lab"))
    assert [event["offered"] for event in server.events("tls")] == [[], [], []]


def test_the_certificate_is_shown_each_time(mailer, serve):
    server = serve(kept())
    mail = mailer({"event_action": "${if eq{$event_name}{tls:cert}{${acl{event}}}}"}, acl=EVENT_ACL)
    ids = [mail.send("bob@scripted.lab") for _ in range(2)]
    assert resumed(server) == [False, True]
    for one in ids:
        assert sum("event tls:cert <0> CN=server" in line for line in mail.log_lines(one)) == 1
