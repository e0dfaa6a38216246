# SPDX-License-Identifier: GPL-2.0-or-later
"""dane_tlsrpt_socket (RFC 8460): what a collector is told of each delivery, and that no collector, or a bad
one, is of any consequence for mail.
"""
import contextlib
import json
import os
import pwd
import re
import socket
import subprocess

import pytest

from collector import Collector
from tlsrpt_library import library, send
from tool import TOOL
from zone import ASKS_FOR_REPORTS
from zones_reports import LONG_RECORD

SCRIPTED = "192.0.2.49"  # of scripted.lab, with a TLSA record
SCRIPTED_PLAIN = "192.0.2.50"  # of scripted-plain.lab, without


@pytest.fixture
def collector(world, tmp_path_factory):
    directory = world.directory / "collector"
    directory.mkdir(exist_ok=True)
    made = Collector(directory / "socket")
    yield made
    made.close()


def sender_to(world, sender, path, main="", **options):
    return sender(driver="danesmtp", main=main, options={"dane_trust_anchor_file": world.trust_anchor,
                                                         "dane_tlsrpt_socket": path, **options})


def of_reports(mail):
    return [line for line in mail.mainlog().splitlines() if "TLSRPT" in line]


# tests D-163, D-172
@pytest.mark.parametrize("domain,policy,result", [
    ("ee.lab", "tlsa", "success"),
    ("ta.lab", "tlsa", "success"),
    ("many-rr.lab", "tlsa", "success"),
    ("mx-insecure.lab", "tlsa", "success"),
    ("no-starttls.lab", "tlsa", "starttls-not-supported"),
    ("starttls-454.lab", "tlsa", "starttls-not-supported"),
    ("name-wrong.lab", "tlsa", "certificate-host-mismatch"),
    ("impostor.lab", "tlsa", "certificate-not-trusted"),
    ("ta-impostor.lab", "tlsa", "certificate-not-trusted"),
    ("ta-expired.lab", "tlsa", "certificate-expired"),
    ("tls-11.lab", "tlsa", "validation-failure"),
    ("tls-reset.lab", "tlsa", "validation-failure"),
    ("unusable.lab", "tlsa", "tlsa-invalid"),
    ("bogus-tlsa.lab", "tlsa", "dnssec-invalid"),
])
def test_each_result(world, sender, collector, domain, policy, result):
    mail = sender_to(world, sender, collector.path)
    message_id = mail.send(f"bob@{domain}")
    assert collector.results() == [(domain, policy, result)], mail.mainlog()
    delivered = result in ("success", "tlsa-invalid")
    assert (mail.queue() == {}) == delivered, mail.mainlog()
    assert not of_reports(mail), message_id


@pytest.mark.needs("GnuTLS")
def test_a_setting_of_ours_is_nobody_s_failure(world, sender, collector):
    mail = sender_to(world, sender, collector.path, dane_require_tls_ciphers="NOT-A-CIPHER")
    mail.send("bob@ee.lab")
    assert mail.queue() != {} and "4.3.5 TLS priority string" in mail.mainlog()
    assert collector.octets() == []


def test_dane_required(world, sender, collector):
    mail = sender_to(world, sender, collector.path, hosts_require_dane="*")
    mail.send("bob@signed-no-tlsa.lab")
    assert collector.results() == [("signed-no-tlsa.lab", "no-policy-found", "dane-required")]


# Exim's own driver delivers; we are told how.
@pytest.mark.parametrize("domain,options,results", [
    ("plain.lab", {}, [("plain.lab", "no-policy-found", "success")]),
    ("scripted-plain.lab", {}, [("scripted-plain.lab", "no-policy-found", "starttls-not-supported")]),
    ("plain.lab", {"hosts_avoid_tls": "*"}, []),
    ("ee.lab", {"dane_except_domains": "*"}, [("ee.lab", "no-policy-found", "success")]),
])
def test_delegated_deliveries(world, sender, collector, domain, options, results):
    if domain.startswith("scripted"):
        world.scripted_server(SCRIPTED_PLAIN, None, {})
    mail = sender_to(world, sender, collector.path, **options)
    mail.send(f"bob@{domain}")
    assert mail.queue() == {} and collector.results() == results, mail.mainlog()


# It offers STARTTLS, and the handshake fails: that mail then goes in clear is not for want of an offer.
def test_delegated_in_clear_after_all(world, sender, collector):
    world.scripted_server(SCRIPTED_PLAIN, "scripted", {"handshake": {"then": "reset"}})
    mail = sender_to(world, sender, collector.path)
    message_id = mail.send("bob@scripted-plain.lab")
    (line,) = [line for line in mail.log_lines(message_id) if " => " in line]
    assert " X=" not in line and collector.octets() == []


def test_delegated_and_not_delivered(world, sender, collector):
    world.scripted_server(SCRIPTED_PLAIN, None, {})
    mail = sender_to(world, sender, collector.path, hosts_require_tls="*")
    mail.send("bob@scripted-plain.lab")
    assert mail.queue() != {} and collector.octets() == []


# tests D-177
def test_the_whole_datagram(world, sender, collector):
    mail = sender_to(world, sender, collector.path)
    mail.send("bob@impostor.lab")
    (report,) = collector.reports()
    (policy,) = report["policies"]
    (details,) = policy["failure-details"]
    assert report["pr"] == ASKS_FOR_REPORTS
    assert policy["policy-domain"] == "mx.impostor.lab" and policy["mx-host"] == ["mx.impostor.lab"]
    (record,) = policy["policy-string"]
    assert record.startswith("3 1 1 ") and len(record) == 6 + 64
    text = details.pop("f")
    assert text.startswith("no TLSA record matches the certificate; presented: 3 1 1 ")
    helo = details.pop("h")
    assert helo and " " not in helo
    assert details == {"c": 203, "s": "192.0.2.1", "n": "mx.impostor.lab", "r": "192.0.2.28"}


# The same members in the same order; white space between them, and the version that the library of Debian
# 13 does not write yet, are all that may differ.
@pytest.mark.skipif(library() is None, reason="libtlsrpt.so.0 is not installed")
@pytest.mark.parametrize("domain", ["ee.lab", "impostor.lab", "no-starttls.lab", "unusable.lab", "bogus-tlsa.lab",
                                    "plain.lab"])
def test_as_the_library_writes_it(world, sender, collector, domain):
    sender_to(world, sender, collector.path).send(f"bob@{domain}")
    (ours,) = collector.octets()
    send(library(), collector.path, json.loads(ours))
    (theirs,) = collector.octets()
    assert _compact(ours) == _compact(theirs)


def _compact(octets):
    report = json.loads(octets)
    report.pop("dpv", None)
    return json.dumps(report, separators=(",", ":"))


def test_several_domains_of_a_message(world, sender, collector):
    mail = sender_to(world, sender, collector.path)
    mail.send(["bob@ee.lab", "eve@ee.lab", "bob@impostor.lab"])
    assert sorted(collector.results()) == [("ee.lab", "tlsa", "success"),
                                           ("impostor.lab", "tlsa", "certificate-not-trusted")]


def test_audited_domains_are_reported_on(world, sender, collector):
    mail = sender_to(world, sender, collector.path, dane_audit_domains="*")
    mail.send("bob@impostor.lab")
    assert mail.queue() == {}
    assert collector.results() == [("impostor.lab", "tlsa", "certificate-not-trusted")]


# Mail goes to them as if there were no DANE, and so it is told.
@pytest.mark.parametrize("domain,options", [("bogus-tlsa.lab", {}),
                                            ("signed-no-tlsa.lab", {"hosts_require_dane": "*"})])
def test_audited_hosts_that_should_not_be_used(world, sender, collector, domain, options):
    mail = sender_to(world, sender, collector.path, dane_audit_domains="*", **options)
    mail.send(f"bob@{domain}")
    assert mail.queue() == {}, mail.mainlog()
    assert collector.results() == [(domain, "no-policy-found", "success")]


# tests D-170, D-173: none, or two, or the DNS does not tell: nobody asks for reports.
@pytest.mark.parametrize("domain", ["ee-full.lab", "ee-sha512.lab", "report-servfail.lab", "report-bogus.lab",
                                    "report-huge.lab"])
def test_only_for_domains_that_ask(world, sender, collector, domain):
    mail = sender_to(world, sender, collector.path)
    mail.send(f"bob@{domain}")
    assert mail.queue() == {} and collector.octets() == []
    assert not of_reports(mail)


# tests D-170, D-171
@pytest.mark.parametrize("domain,record", [
    ("report-slow.lab", ASKS_FOR_REPORTS), ("report-many.lab", ASKS_FOR_REPORTS),
    ("report-alias.lab", ASKS_FOR_REPORTS), ("report-parts.lab", LONG_RECORD)])
def test_records_that_take_some_finding(world, sender, collector, domain, record):
    sender_to(world, sender, collector.path).send(f"bob@{domain}")
    (report,) = collector.reports()
    assert (report["d"], report["pr"]) == (domain, record)


# tests D-173: the message is delivered, and the next one does not find out again.
@pytest.mark.needs_cache("what is kept of silence")
@pytest.mark.begins_empty("what is kept of silence")
def test_nobody_answers_for_the_record(world, sender, collector):
    # By itself: a resolver between might know already, and say so at once.
    mail = sender_to(world, sender, collector.path, dane_resolver=world.unbound_conf())
    for _ in range(2):
        output = mail.deliver(mail.inject("bob@report-silent.lab"), debug="-d+transport")
        assert mail.queue() == {}, mail.mainlog()
        assert "TLSRPT: TXT of _smtp._tls.report-silent.lab: " in output
    dump = subprocess.run([TOOL, "cache", "dump", "--file", mail.spool / "db/danesmtp"], check=True,
                          capture_output=True, text=True, timeout=60).stdout
    (line,) = [line for line in dump.splitlines() if "_smtp._tls.report-silent.lab" in line]
    assert "failed" in line and 3 < int(re.search(r"(\d+) s", line).group(1)) <= 600, line
    assert collector.octets() == [] and not of_reports(mail)


# tests D-174
@pytest.mark.parametrize("header", ["TLS-Report-Submitter: sender.lab", "tls-report-domain: ee.lab"])
def test_never_of_a_report(world, sender, collector, header):
    mail = sender_to(world, sender, collector.path)
    message_id = mail.inject("bob@ee.lab", headers=f"From: alice@sender.lab\n{header}\n")
    mail.deliver(message_id)
    assert mail.queue() == {} and collector.octets() == []


def test_off_by_default(world, sender, collector):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    output = mail.deliver(mail.inject("bob@ee.lab"), debug="-d")
    assert mail.queue() == {} and "_smtp._tls" not in output
    on = sender_to(world, sender, collector.path)
    output = on.deliver(on.inject("bob@ee.lab"), debug="-d")
    assert "TLSRPT: ee.lab: tlsa success" in output, output


@pytest.mark.parametrize("options", [{"dane_cache": ""}, {"dane_dnssec": "resolver"}])
def test_without_what_is_usual(world, sender, collector, options):
    sender_to(world, sender, collector.path, **options).send("bob@ee.lab")
    assert collector.results() == [("ee.lab", "tlsa", "success")]


# An answer is kept for the deliveries after this one, as any other.
@pytest.mark.needs_cache("about what is kept")
def test_the_record_is_kept(world, sender, collector):
    mail = sender_to(world, sender, collector.path)
    for _ in range(2):
        mail.send("bob@ee.lab")
    assert len(collector.results()) == 2
    assert "_smtp._tls.ee.lab" in _kept(mail)


def _kept(mail):
    return (mail.spool / "db/danesmtp").read_bytes().decode("latin-1")


@contextlib.contextmanager
def nothing(path):
    yield


@contextlib.contextmanager
def plain_file(path):
    path.write_text("text", encoding="ascii")
    os.chmod(path, 0o666)
    yield
    assert path.read_text(encoding="ascii") == "text"


@contextlib.contextmanager
def a_stream(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        stream.bind(str(path))
        os.chmod(path, 0o666)
        yield


@contextlib.contextmanager
def not_ours(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(str(path))
        os.chmod(path, 0o600)  # root's
        yield


@contextlib.contextmanager
def a_fifo(path):
    os.mkfifo(path)
    os.chmod(path, 0o666)
    yield


@contextlib.contextmanager
def a_loop(path):
    path.symlink_to(path)
    yield


@contextlib.contextmanager
def somebody_elses(path):
    with (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as theirs,
          socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as friend):
        friend.bind(f"{path}-friend")
        theirs.bind(str(path))
        theirs.connect(f"{path}-friend")
        os.chmod(path, 0o666)
        yield
    os.unlink(f"{path}-friend")


@contextlib.contextmanager
def full(path):
    with (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf,
          socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as busy):
        deaf.bind(str(path))
        os.chmod(path, 0o666)
        with contextlib.suppress(BlockingIOError):
            while True:
                busy.sendto(b"x", socket.MSG_DONTWAIT, str(path))
        yield


# tests D-173
@pytest.mark.parametrize("trouble,why", [
    (nothing, "No such file or directory"), (plain_file, "Connection refused"),
    (a_stream, "Protocol wrong type for socket"), (not_ours, "Permission denied"),
    (a_fifo, "Connection refused"), (a_loop, "Too many levels of symbolic links"),
    (somebody_elses, "Operation not permitted"),
    (full, "Resource temporarily unavailable")])
def test_a_collector_in_trouble_is_told_of_once_an_hour(world, sender, trouble, why):
    directory = world.directory / "bad-collector"
    directory.mkdir(exist_ok=True)
    path = directory / trouble.__name__
    with trouble(path):
        mail = sender_to(world, sender, path)
        for _ in range(2):
            mail.send("bob@ee.lab")
    path.unlink(missing_ok=True)
    assert mail.queue() == {}, mail.mainlog()
    (line,) = of_reports(mail)
    assert f"TLSRPT: reports are lost: {path}: {why}" in line


@pytest.mark.parametrize("value,why", [
    ("${if eq{a}{", "missing"), ("/" + 120 * "x", "longer than a socket's path can be"),
    ("${if eq{$domain}{ee.lab}{relative}}", "no absolute path")])
def test_a_value_that_cannot_be_used(world, sender, value, why):
    mail = sender_to(world, sender, value)
    mail.send("bob@ee.lab")
    assert mail.queue() == {}, mail.mainlog()
    (line,) = of_reports(mail)
    assert "TLSRPT: reports are lost: " in line and why in line, line


def test_a_path_from_outside_is_refused(world, sender, collector):
    mail = sender_to(world, sender, "/tmp/$sender_address_local_part")
    mail.send("bob@ee.lab")
    assert mail.queue() == {}, mail.mainlog()
    (line,) = of_reports(mail)
    assert "is tainted" in line


# It is the delivering process, as the user of deliveries, that writes to the socket.
@pytest.mark.parametrize("main", ["", "deliver_drop_privilege = true"])
def test_who_reports(world, sender, collector, main):
    mail = sender_to(world, sender, collector.path, main=main)
    mail.send("bob@ee.lab")
    user = pwd.getpwnam("mail")
    assert collector.writers() == [(user.pw_uid, user.pw_gid)]


def test_by_a_link(world, sender, collector):
    link = world.directory / "collector/link"
    link.symlink_to(collector.path)
    sender_to(world, sender, link).send("bob@ee.lab")
    link.unlink()
    assert collector.results() == [("ee.lab", "tlsa", "success")]


# No message is delivered: nothing is reported, and nobody is asked for a record.
@pytest.mark.parametrize("arguments", [("-bt",), ("-bv",), ("-N", "-bt")])
def test_nothing_without_a_delivery(world, sender, collector, arguments):
    mail = sender_to(world, sender, collector.path)
    done = mail.exim("-d+transport", *arguments, "bob@ee.lab", expected=(0,))
    assert collector.octets() == [] and b"_smtp._tls" not in done.stderr


@pytest.mark.parametrize("domain", ["ee.lab", "plain.lab"])
def test_nothing_of_a_callout(world, sender, collector, domain):
    mail = sender_to(world, sender, collector.path, main=r'acl_smtp_rcpt = "accept verify = recipient/callout=10s"')
    commands = ("EHLO client.lab", "MAIL FROM:<alice@sender.lab>", f"RCPT TO:<bob@{domain}>", "QUIT")
    replies = mail.exim("-bs", stdin="".join(f"{line}\r\n" for line in commands).encode()).stdout.decode()
    assert "250 Accepted" in replies and collector.octets() == []


# Exim's core hands the message on while it is received, and no transport sees how; what may have a policy is
# received and delivered, and told of.
@pytest.mark.parametrize("domain,told", [("ee.lab", [("ee.lab", "tlsa", "success")]), ("plain.lab", [])])
def test_cutthrough(world, sender, collector, domain, told):
    mail = sender_to(world, sender, collector.path, main='acl_smtp_rcpt = "accept control = cutthrough_delivery"')
    before = len(world.receivers.mail())
    commands = ("EHLO client.lab", "MAIL FROM:<alice@sender.lab>", f"RCPT TO:<bob@{domain}>", "DATA", "Subject: x",
                "", "Hello.", ".", "QUIT")
    replies = mail.exim("-odq", "-bs", stdin="".join(f"{line}\r\n" for line in commands).encode()).stdout.decode()
    assert replies.count("250 OK id=") == 1, replies
    assert (" >> bob@" in mail.mainlog()) == (told == []) == (mail.queue() == {})
    mail.run_queue()
    assert mail.queue() == {} and len(world.receivers.mail()) == before + 1
    assert collector.results() == told


# A session is one, however many messages it serves.
@pytest.mark.parametrize("domain,policy", [("ee.lab", "tlsa"), ("plain.lab", "no-policy-found")])
def test_messages_on_one_connection(world, sender, collector, domain, policy):
    mail = sender_to(world, sender, collector.path)
    ids = [mail.inject(f"bob{n}@{domain}") for n in range(3)]
    mail.exim("-qq")
    assert mail.queue() == {}
    reused = [line for one in ids for line in mail.log_lines(one) if ":25* " in line]
    assert len(reused) == 2, mail.mainlog()
    assert collector.results() == [(domain, policy, "success")]


EVENT_ACL = """event:
  warn
    logwrite = event $event_name <$event_data>
  accept
"""


# For administrators without a collector; the domain need not ask for anything.
@pytest.mark.parametrize("domain,seen", [
    ("ee-full.lab", "tlsa success"), ("impostor.lab", "tlsa certificate-not-trusted"),
    ("bogus-tlsa.lab", "tlsa dnssec-invalid")])
def test_an_event_says_the_same(world, sender, domain, seen):
    mail = sender(driver="danesmtp", acl=EVENT_ACL, options={
        "dane_trust_anchor_file": world.trust_anchor, "event_action": "${acl{event}}"})
    message_id = mail.send(f"bob@{domain}")
    told = [line for line in mail.log_lines(message_id) if "event dane:report" in line]
    assert len(told) == 1 and f"<{seen}>" in told[0], mail.mainlog()
    assert not of_reports(mail)  # without a collector none is missed


# What a server may say, and a report that could not be told from a good one: nothing of it.
@pytest.mark.parametrize("stage,reply", [
    ("ehlo", ["250-" + "x" * 100_000, "250 STARTTLS"]), ("banner", "220 " + "y" * 100_000),
    ("ehlo", "250-x\r\n" * 20_000 + "250 STARTTLS")], ids=["ehlo", "banner", "lines"])
def test_words_without_end(world, sender, collector, stage, reply):
    world.scripted_server(SCRIPTED, "scripted", {stage: {"reply": reply}})
    mail = sender_to(world, sender, collector.path)
    mail.send("bob@scripted.lab")
    assert mail.queue() != {} and collector.octets() == [], mail.mainlog()


def test_refused_within_tls(world, sender, collector):
    world.scripted_server(SCRIPTED, "scripted", {"ehlo-tls": {"reply": "550 not you"},
                                                 "mail": {"reply": "550 not you"}})
    mail = sender_to(world, sender, collector.path)
    mail.send("bob@scripted.lab")
    assert collector.results() == [("scripted.lab", "tlsa", "success")], mail.mainlog()


# tests D-175: what a server says of itself is octets; what the collector gets is JSON in UTF-8.
def test_hostile_words_of_a_server(world, sender, collector):
    reply = ["250-\xff\"]}\xc3 it is 12:01", "250 STARTTLS"]
    world.scripted_server(SCRIPTED, "scripted", {"ehlo": {"reply": reply},
                                                 "starttls": {"reply": "454 it is 12:01"}})
    mail = sender_to(world, sender, collector.path)
    mail.send("bob@scripted.lab")
    (report,) = collector.reports()
    (details,) = report["policies"][0]["failure-details"]
    assert details["h"] == "\ufffd\"]}\ufffd" and details["c"] == 201
    assert "12:01" not in str(report)
