# SPDX-License-Identifier: GPL-2.0-or-later
"""The world checks itself: is each zone in the DNSSEC state it is named for, do the servers show and
do what the tables say, does Exim's own driver see what we mean it to see?

Scripted servers are in test_scripted_server.py, the namespaces in test_enter.py.
"""
import contextlib
import hashlib
import ipaddress
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from cryptography import x509
from network import peer_socket, peers_command
from processes import Process, WorldError
from sender import smarthost_router
from zones import SCRIPTED_NAME_SERVER, ZONES, mail_addresses, zone_named

# -- DNS ------------------------------------------------------------------------------------------

OTHER_DNS_STATES = (
    ("implicit-mx.lab", "A", "secure"),
    ("_25._tcp.implicit-mx.lab", "TLSA", "secure"),
    ("_25._tcp.host.cname-mx.lab", "TLSA", "secure none"),
    ("_25._tcp.host.cname-target.lab", "TLSA", "secure"),
    ("_2525._tcp.mx.port.lab", "TLSA", "secure"),
    ("mx.dual-stack.lab", "AAAA", "secure"),
    ("mx1.mixed.lab", "A", "secure"),
    ("_25._tcp.mx1.mixed.lab", "TLSA", "secure none"),
    ("_25._tcp.mx2.mixed.lab", "TLSA", "secure"),
    ("_25._tcp.mx1.two-mx.lab", "TLSA", "secure"),
    ("no-such-zone.lab", "MX", "secure none"),
    ("a/b.odd-mx.lab", "A", "secure"),
    ("_25._tcp.a/b.odd-mx.lab", "TLSA", "secure"),
    ("_25._tcp.mx.deep.name-wildcard-deep.lab", "TLSA", "secure"),
    ("_465._tcp.mx.smtps.lab", "TLSA", "secure"),
    ("mx.bogus-aaaa.lab", "AAAA", "failed"),
    ("mx.bogus-aaaa-wrong.lab", "AAAA", "failed"),
    ("mx.first-impostor.lab", "A", "secure"),
    ("_25._tcp.host.cname-both.lab", "TLSA", "secure"),
    ("_25._tcp.host.cname-both-wrong.lab", "TLSA", "secure"),
    ("_25._tcp.mx.tlsa-servfail.lab", "TLSA", "failed"),  # where cname-servfail leads
    ("_25._tcp.between.cname-between.lab", "TLSA", "secure"),
    ("_25._tcp.host.cname-between.lab", "TLSA", "secure none"),
    ("mx.cname-insecure.lab", "CNAME", "secure"),
    ("mx.old.mx-dname.lab", "A", "secure"),
    ("_25._tcp.mx.new.mx-dname.lab", "TLSA", "secure"),
    ("alias.domain-cname.lab", "MX", "secure"),
    ("alias.domain-cname-real.lab", "MX", "secure"),
    ("alias.domain-cname-insecure.lab", "MX", "insecure"),
    ("alias.old.domain-dname.lab", "MX", "secure"),
    ("relay.smarthost.lab", "A", "secure"),
    ("_25._tcp.relay.smarthost.lab", "TLSA", "secure none"),
    ("_25._tcp.host.smarthost.lab", "TLSA", "secure"),
)


def ask(name, rdtype, server="127.0.0.1", seconds=4.0):
    query = dns.message.make_query(name, rdtype, want_dnssec=True)
    return dns.query.udp_with_fallback(query, server, timeout=seconds)[0]


def ask_until_answered(name, rdtype):
    """None: no answer, ever. The question is put again: an answer that took Unbound more than 1.9 s (its
    discard-timeout, since CVE-2024-33655) is kept and not sent, and on a busy machine one may."""
    for _ in range(8):
        with contextlib.suppress(dns.exception.Timeout):
            return ask(name, rdtype, seconds=2.5)
    return None


def dns_state(name, rdtype):
    reply = ask_until_answered(name, rdtype)
    if reply is None:
        return "failed"
    if reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return "failed"
    state = "secure" if reply.flags & dns.flags.AD else "insecure"
    wanted = dns.rdatatype.from_text(rdtype)
    return state if any(rrset.rdtype == wanted for rrset in reply.answer) else f"{state} none"


@pytest.mark.parametrize("name", [zone.name for zone in ZONES])
def test_dns_state_of_zone(world, name):
    questions = ((f"{name}.lab", "MX"), (f"mx.{name}.lab", "A"), (f"_25._tcp.mx.{name}.lab", "TLSA"))
    assert tuple(dns_state(*question) for question in questions) == zone_named(name).dns


@pytest.mark.parametrize("name,rdtype,expected", OTHER_DNS_STATES)
def test_dns_state_of_name(world, name, rdtype, expected):
    assert dns_state(name, rdtype) == expected


def test_many_records_do_not_fit_a_udp_answer(world):  # D-012
    query = dns.message.make_query("_25._tcp.mx.many-rr.lab", "TLSA", use_edns=True, payload=4096)
    reply, by_tcp = dns.query.udp_with_fallback(query, "127.0.0.1", timeout=4)
    assert by_tcp
    assert len(reply.answer[0]) == 60


@pytest.mark.parametrize("name,rdtype,rcode", [
    ("_25._tcp.mx.tlsa-refused.lab", "TLSA", dns.rcode.REFUSED),
    ("_25._tcp.mx.tlsa-servfail.lab", "TLSA", dns.rcode.SERVFAIL),
    ("mx.tlsa-servfail.lab", "A", dns.rcode.NOERROR),
    ("mx.ee.lab", "A", dns.rcode.REFUSED),  # not a zone of the scripted name server
])
def test_scripted_name_server_says(world, name, rdtype, rcode):
    assert ask(name, rdtype, SCRIPTED_NAME_SERVER).rcode() == rcode


def test_scripted_name_server_is_silent(world):
    with pytest.raises(dns.exception.Timeout):
        ask("_25._tcp.mx.tlsa-timeout.lab", "TLSA", SCRIPTED_NAME_SERVER, seconds=0.5)
    assert ask("mx.tlsa-timeout.lab", "A", SCRIPTED_NAME_SERVER).rcode() == dns.rcode.NOERROR


def test_scripted_name_server_delays(world):
    start = time.monotonic()
    ask("_25._tcp.mx.tlsa-slow.lab", "TLSA", SCRIPTED_NAME_SERVER)
    assert time.monotonic() - start >= 0.2
    start = time.monotonic()
    ask("mx.tlsa-slow.lab", "A", SCRIPTED_NAME_SERVER)
    assert time.monotonic() - start < 0.2


def test_each_address_belongs_to_one_zone():
    addresses = [address for zone in ZONES for address in set(mail_addresses([zone]))
                 if not ipaddress.ip_address(address).is_loopback]
    assert len(addresses) == len(set(addresses))


def test_trust_anchor_is_that_of_the_root(world):
    owner, *_, rdtype, _tag, algorithm, _digest_type, _digest = Path(
        world.trust_anchor).read_text().split()
    assert (owner, rdtype, algorithm) == (".", "DS", "13")


# -- Certificates and receivers -------------------------------------------------------------------

@pytest.mark.parametrize("address,certificate", [
    ("192.0.2.10", "ee"), ("192.0.2.14", "ta"), ("192.0.2.29", "ta-impostor")])
def test_receiver_shows_exactly_the_chain_of_the_table(world, address, certificate):
    assert chain_shown_at(address) == world.certificates[certificate].chain


def chain_shown_at(address):
    shown = subprocess.run(
        ["openssl", "s_client", "-starttls", "smtp", "-connect", f"{address}:25", "-showcerts"],
        input=b"QUIT\r\n", capture_output=True, timeout=20, check=False).stdout
    blocks = re.findall(b"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", shown, re.S)
    return tuple(x509.load_pem_x509_certificate(block) for block in blocks)


def test_receiver_refuses_recipients_by_local_part(world, sender):
    mail = sender(driver="smtp")
    message_id = mail.send(["tmp1@rcpt-mix.lab", "ann@rcpt-mix.lab", "bad1@rcpt-mix.lab"])
    assert mail.queue()[message_id] == ["tmp1@rcpt-mix.lab"]
    (arrived,) = world.receivers.mail(message_id)
    assert arrived.envelope_to == ["ann@rcpt-mix.lab"]
    log = "\n".join(mail.log_lines(message_id))
    assert "451 come back later" in log
    assert "550 no such user here" in log
    (bounce,) = mail.bounces()
    assert "bad1@rcpt-mix.lab" in bounce and "tmp1@rcpt-mix.lab" not in bounce


def test_receiver_keeps_one_file_a_message_and_every_octet(world, sender):
    body = b"one\n.\n..two\n" + bytes(range(128, 256)) + b"\nlast\n"
    mail = sender(driver="smtp")
    message_id = mail.send(["ann@ee.lab", "bob@ee.lab"], body=body, sender="alice@sender.lab")
    (arrived,) = world.receivers.mail(message_id)
    assert arrived.body == body
    assert sorted(arrived.envelope_to) == ["ann@ee.lab", "bob@ee.lab"]
    assert arrived.return_path == "alice@sender.lab"
    assert arrived.header("Subject") == "test"
    assert arrived.received["address"] == "192.0.2.10"
    assert arrived.received["cipher"].startswith("TLS1.3:")


def test_receiver_tells_when_it_had_all_and_what_it_showed(world, sender):
    before = time.time()
    message_id = sender(driver="smtp").send("bob@ee.lab")
    (arrived,) = world.receivers.mail(message_id)
    assert before < int(arrived.received["time"]) / 1e6 < time.time()
    assert arrived.received["shown"].lower() == hashlib.sha256(world.certificates["ee"].der).hexdigest()


def test_ipv6_address_answers(world):
    with socket.create_connection(("2001:db8::23", 25), timeout=5) as sock:
        assert sock.recv(100).startswith(b"220 ")


# -- Exim's own driver ----------------------------------------------------------------------------

stock_dane = pytest.mark.needs("DANE")  # of Exim's own driver


@stock_dane
@pytest.mark.parametrize("domain,expected", [
    ("ee.lab", "CV=dane"),
    ("ta.lab", "CV=dane"),
    ("rollover.lab", "CV=dane"),
    ("two-mx.lab", "CV=dane"),
    ("two-mx-down.lab", "CV=dane"),
    ("implicit-mx.lab", "CV=dane"),
    ("cname-target.lab", "CV=dane"),
    ("plain.lab", "CV=no"),
    ("signed-no-tlsa.lab", "CV=no"),
    ("a-insecure.lab", "CV=no"),
])
def test_stock_driver_delivers(world, sender, domain, expected):
    mail = sender(driver="smtp")
    with world.trust_ad():
        message_id = mail.send(f"bob@{domain}")
    assert mail.queue() == {}, mail.mainlog()
    assert any(" => " in line and expected in line for line in mail.log_lines(message_id))
    assert len(world.receivers.mail(message_id)) == 1


@stock_dane
@pytest.mark.parametrize("domain,reason", [
    ("impostor.lab", "DANE attempt failed"),
    ("ta-impostor.lab", "DANE attempt failed"),
    ("ta-expired.lab", "DANE attempt failed"),
    ("no-starttls.lab", "the server did not offer TLS support"),
    ("starttls-454.lab", "454 TLS is not now"),
    ("bogus-mx.lab", "host lookup did not complete"),
    ("bogus-a.lab", "host lookup did not complete"),
    ("bogus-tlsa.lab", "tlsa lookup DEFER"),
    ("tlsa-servfail.lab", "tlsa lookup DEFER"),
])
def test_stock_driver_defers(world, sender, domain, reason):
    mail = sender(driver="smtp")
    with world.trust_ad():
        message_id = mail.send(f"bob@{domain}")
    assert mail.queue() == {message_id: [f"bob@{domain}"]}
    assert reason in "\n".join(mail.log_lines(message_id))
    assert world.receivers.mail(message_id) == []


def test_null_mx_bounces(sender):
    mail = sender(driver="smtp")
    message_id = mail.send("bob@null-mx.lab")
    assert any(" ** " in line for line in mail.log_lines(message_id))
    assert len(mail.bounces()) == 1


def test_without_trust_ad_the_c_library_hides_the_ad_bit(sender):
    mail = sender(driver="smtp")
    message_id = mail.send("bob@impostor.lab")  # a stub resolver's downgrade: D-004
    assert any(" => " in line and "CV=no" in line for line in mail.log_lines(message_id))


@stock_dane
def test_smarthost_route_with_a_port(world, sender):
    mail = sender(driver="smtp", routers=smarthost_router("mx.port.lab::2525"))
    with world.trust_ad():
        message_id = mail.send("bob@anywhere.lab")
    (arrived,) = world.receivers.mail(message_id)
    assert arrived.received["port"] == "2525"
    assert any("CV=dane" in line for line in mail.log_lines(message_id))


# -- The sender -----------------------------------------------------------------------------------

@stock_dane
def test_sender_tells_what_a_deferral_left(world, sender):
    def attempts():
        return mail.mainlog().count("STARTTLS: 454 TLS is not now")

    mail = sender(driver="smtp", retry="* * F,2h,1h")
    with world.trust_ad():
        message_id = mail.send("bob@starttls-454.lab")
        assert "454" in mail.message_log(message_id)
        assert "mx.starttls-454.lab" in mail.retry_records()
        one = attempts()
        assert "retry time not reached" in mail.deliver(message_id, debug="-d", forced=False)
        mail.run_queue()
        assert attempts() == one
        assert "SMTP>>" in mail.deliver(message_id, debug="-d")
        assert attempts() == 2 * one
        mail.run_queue(forced=True)
        assert attempts() == 3 * one
    assert mail.paniclog() == ""


def test_queue_leaves_out_what_exim_could_not_read(sender):
    mail = sender(driver="smtp")
    message_id = mail.inject(["ann@ee.lab", "bob@ee.lab"])
    for first in "023456789":  # the order of the list is that of the directory: some come after ours
        (mail.spool / f"input/{first}{message_id[1:]}-H").touch()
    assert "***" in mail.exim("-bpru").stdout.decode()
    assert mail.queue() == {message_id: ["ann@ee.lab", "bob@ee.lab"]}


def test_too_many_senders_are_refused(world):
    made = []
    with pytest.raises(WorldError, match="senders at once"):
        for _ in range(100):
            made.append(world.sender(driver="smtp"))
    for each in made:
        world.release(each)
    assert len(made) <= 31


# -- Servers that are started ------------------------------------------------------------------------

ADDRESS = "192.0.2.49"  # mx.scripted.lab


def assert_free(port):
    """Somebody else can have it."""
    peer_socket(ADDRESS, port).close()


@pytest.mark.xfail(strict=True, raises=WorldError)
def test_that_fails_after_a_start(world):
    world.scripted_server(ADDRESS, None, {})
    world.postfix("192.0.2.52", "scripted-ta.lab", "ta")
    raise WorldError("the next one does not start")


def test_of_the_same_servers_after_it(world):
    assert_free(25)
    peer_socket("192.0.2.52", 25).close()


def test_what_a_start_that_failed_had_started(world):
    with pytest.raises(KeyError, match="no-such-certificate"), world.lifetime():
        world.scripted_server(ADDRESS, None, {})
        with pytest.raises(OSError, match="in use"):
            assert_free(25)
        world.scripted_server(ADDRESS, "no-such-certificate", {}, port=26)
    assert_free(25)
    assert_free(26)


def test_a_refused_script_leaves_no_socket(world):
    with pytest.raises(ValueError, match="no such stage") as raised:
        world.scripted_server(ADDRESS, None, {"greeting": {}}, port=26)
    assert_free(26)
    assert raised.traceback  # which keeps the frames, and what they know


def test_a_process_that_does_not_become_ready_leaves_none_behind(tmp_path):
    """Nor does what it started itself."""
    server = f"import socket, time; it = socket.create_server(('{ADDRESS}', 26)); print('up'); time.sleep(60)"
    shell = f'{sys.executable} -u -c "{server}" & wait'
    process = Process("a shell", peers_command(["sh", "-c", shell]), tmp_path / "log")
    process.wait_until(lambda: "up" in (tmp_path / "log").read_text())
    with pytest.raises(WorldError, match="did not become ready"):
        process.wait_until(lambda: False, seconds=0.1)
    assert_free(26)


def test_failed_start_names_the_process_and_shows_its_log(tmp_path):
    log = tmp_path / "log"
    process = Process("a daemon", ["sh", "-c", "echo port in use; exit 7"], log)
    with pytest.raises(WorldError) as raised:
        process.wait_until(lambda: False)
    for part in ("a daemon", "status 7", "port in use"):
        assert part in str(raised.value)
    with pytest.raises(WorldError, match="did not become ready"):
        Process("a slow one", ["sleep", "20"], log).wait_until(lambda: False, seconds=0.1)
