# SPDX-License-Identifier: GPL-2.0-or-later
"""The same message to the same receiver by Exim's own driver and by ours: what the receiver got, the
log, the message's own log, retry records and the queue are equal, or the row says why not.

Exim's driver does DANE here, with the AD bit of the world's validating resolver. What is compared is
freed of what two deliveries never share: message ids, times, dates.
"""
import re
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from exim_build import find_build
from option_rows import AES256, SIDE_BY_SIDE, TLS12

pytestmark = pytest.mark.needs("DANE")  # of Exim's own driver

USUAL = ("SIZE 104857600", "8BITMIME", "PIPELINING")
MORE = (*USUAL, "CHUNKING", "PRDR", "DSN", "SMTPUTF8")
ADDRESS = "192.0.2.49"
ONE = ("bob@scripted.lab",)
THREE = tuple(f"{name}@scripted.lab" for name in ("ann", "bob", "eve"))
SHORT = {"command_timeout": "1s", "data_timeout": "1s", "final_timeout": "1s"}
NOWHERE_FIRST = {"hosts": "nowhere.ee.lab : mx.scripted.lab", "hosts_override": "true"}
MAIN = "remote_max_parallel = 1\ndsn_advertise_hosts = *\nacl_smtp_rcpt = accept\nacl_smtp_data = accept\n"
EXIM = find_build()
if not EXIM.lacking_feature("smtputf8_advertise_hosts"):
    MAIN += "smtputf8_advertise_hosts = *\n"

# Log lines that any row may have with Exim's own driver and never with ours: reading or writing on a
# connection that the peer has left, which nothing depends on.
EVERYWHERE = (
    re.compile(r"TIME ID H=\S+ \[\S+\] TLS error on connection \((recv|uncork)\): .*"),
)

# -- the differences of single rows, one by one
ONE_CHUNK = "Exim sends the headers of a message over 8 KiB as a chunk of its own, we one chunk"
NOT_THE_HOST = ("Exim gives the host a log line and a retry record, although it is well: other mail would "
                "wait for nothing")
BEFORE_MAIL = "the message is written before MAIL, so a failing header breaks no dialogue"
DATA_LOST = "a close instead of the reply to DATA: ours keeps the message, whatever Exim's driver makes of it"
ONE_RECIPIENT = "each recipient has the host in its line; the record has the sender, as the option says"
PRDR_RECORD = "Exim's record has no error number and a key without the sender"
LEAVING = "421 is the server's: no recipient is blamed, the host gets the record"
EARLY_QUIT = "Exim has sent QUIT with the data; we say nothing to a server that does not speak SMTP"
WRONG_LENGTH = "RFC 3030 2: Exim says fewer octets than it sends, and the server reads commands of the rest"
LONE_DOT = "RFC 2920 3.1: we end the DATA that nobody wanted with a dot, Exim hangs up"
TWO_MINDS = "RFC 5321 4.2.1: the recipient waits, Exim's driver goes by the first line"
LAST_CODE = "the record has the code of the last line, with Exim's driver that of the first"
NO_HELLO = "Exim goes on without extensions after a refused EHLO under TLS, we go to the next host"
TLS_RECORD = "ours says that TLS is what was missing: ERRNO_TLSREQUIRED in the record, 4.7.4 for the recipient"


def fields(names, why):
    return {name: why for name in names.split()}


@dataclass(frozen=True)
class Case:
    name: str
    script: dict = field(default_factory=dict)
    recipients: tuple = ONE
    capabilities: tuple = USUAL
    options: dict = field(default_factory=dict)
    body: str = "Hello.\n"
    headers: str = ""
    mail: str = ""       # parameters of MAIL; given, the message comes in by SMTP
    rcpt: str = ""       # parameters of RCPT
    sender: str = "alice@sender.lab"
    port: int = 25
    differs: dict = field(default_factory=dict)  # field -> why


def stage(name, how, **more):
    return Case(f"{name}: {how}", **more)


CASES = (
    Case("delivered"),
    Case("to three", recipients=THREE),
    Case("dots and long lines", body=".\n..\n.x\n" + "y" * 990 + "\n"),
    Case("no line end", body="no newline at the end"),
    Case("null sender", sender=""),
    Case("no extension", capabilities=()),
    Case("not pipelined", options={"hosts_avoid_pipelining": "*"}, recipients=THREE),
    Case("all extensions", capabilities=MORE, recipients=THREE),
    Case("BDAT, one recipient", capabilities=(*USUAL, "CHUNKING")),
    Case("BDAT, not pipelined", capabilities=("SIZE", "CHUNKING"), recipients=THREE),
    Case("BDAT, large", capabilities=(*USUAL, "CHUNKING"), body=".line\n" * 30000,
         differs=fields("commands", ONE_CHUNK)),
    *(Case(f"DATA, large{words}", options=options, body=".line\n..\n" * 30000)
      for words, options in (("", {}), (", its headers alone", {"headers_only": "true"}),
                             (", its body alone", {"body_only": "true"}),
                             (", a header added", {"headers_add": "X-Added: yes",
                                                   "return_path_add": "true"}))),
    Case("CHUNKING not tried", capabilities=MORE, options={"hosts_try_chunking": ""}),
    Case("PRDR not tried", capabilities=MORE, options={"hosts_try_prdr": ""}, recipients=THREE),
    Case("notification", capabilities=MORE, mail="RET=HDRS ENVID=QQ1",
         rcpt="NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob@scripted.lab"),
    Case("notification, full", capabilities=MORE, mail="RET=FULL", rcpt="NOTIFY=DELAY"),
    Case("notification never", capabilities=MORE, rcpt="NOTIFY=NEVER"),
    Case("notification not known there", mail="RET=HDRS", rcpt="NOTIFY=FAILURE"),
    Case("SMTPUTF8", capabilities=MORE, mail="SMTPUTF8", sender="grüße@sender.lab"),
    Case("A-labels", mail="SMTPUTF8", sender="grüße@sender.lab"),
    Case("A-labels forced", capabilities=MORE, mail="SMTPUTF8", sender="grüße@sender.lab",
         options={"utf8_downconvert": "1"}),
    Case("A-labels forbidden", mail="SMTPUTF8", sender="grüße@sender.lab",
         options={"utf8_downconvert": "0"}, differs=fields("log retry", NOT_THE_HOST)),
    Case("size_addition", options={"size_addition": "5"}),
    Case("size_addition below zero", options={"size_addition": "-1"}),
    Case("max_rcpt", options={"max_rcpt": "2"}, recipients=THREE),
    Case("RCPTMAX", capabilities=(*USUAL, "LIMITS RCPTMAX=2"), recipients=THREE),
    Case("MAILMAX", capabilities=(*USUAL, "LIMITS RCPTMAX=1 MAILMAX=2"), recipients=THREE),
    Case("452 to the second", {"rcpt": {"match": "bob@", "times": 1, "reply": "452 too many"}},
         recipients=THREE),
    Case("452 to the first", {"rcpt": {"match": "ann@", "reply": "452 too many"}}, recipients=THREE),
    Case("headers", options={"headers_add": "X-Added: yes", "headers_remove": "subject",
                             "return_path_add": "true", "envelope_to_add": "true"}),
    Case("headers_rewrite", options={"headers_rewrite": "*@sender.lab $1@other.lab f"}),
    Case("transport filter", options={"transport_filter": "/bin/sed s/Hello/Bye/"}, capabilities=MORE),
    Case("no transport filter", options={"transport_filter": ""}, capabilities=MORE),
    Case("headers_add fails", options={"headers_add": "${if"},
         differs=fields("commands", BEFORE_MAIL)),

    Case("a host without address, then one with", options=NOWHERE_FIRST),
    Case("a host without address, then one that is silent", {"mail": {"then": "close"}},
         options=NOWHERE_FIRST),

    # -- refused and broken off, at each step
    *(stage("MAIL", how, script={"mail": {"reply": how}}, recipients=THREE)
      for how in ("451 not now", "550 not you")),
    *(stage("RCPT to one of three", how, script={"rcpt": {"match": "bob@", "reply": how}},
            recipients=THREE)
      for how in ("451 not now", "550 not him")),
    *(stage("RCPT to all", how, script={"rcpt": {"reply": how}, "data": {"reply": "503 no"}},
            recipients=THREE)
      for how in ("451 not now", "550 not him")),
    *(stage("DATA", how, script={"data": {"reply": how}}, recipients=THREE)
      for how in ("451 not now", "554 not that")),
    *(stage("end of data", how, script={"end-of-data": {"reply": how}}, recipients=THREE)
      for how in ("451 not now", "554 not that")),
    *(stage("end of BDAT", how, script={"end-of-data": {"reply": how}}, recipients=THREE,
            capabilities=(*USUAL, "CHUNKING"))
      for how in ("451 not now", "554 not that")),
    *(stage("PRDR", how, capabilities=(*USUAL, "PRDR"), recipients=THREE,
            script={"end-of-data": {"reply": ["353 each", "250 ok", how, "250 fine", "250 all"]}},
            differs=fields("retry" if how[0] == "4" else "", PRDR_RECORD))
      for how in ("250 good", "550 not him", "450 not now")),
    *(stage(step, "closed", script={step: {"then": "close"}}, recipients=THREE,
            differs=fields(names, DATA_LOST))
      for step, names in (("mail", ""), ("rcpt", ""), ("data", "log msglog retry queue"),
                          ("end-of-data", ""))),
    *(stage(step, "silent", script={step: {"then": "silence"}}, options=SHORT, recipients=THREE,
            differs=fields(names, ONE_RECIPIENT))
      for step, names in (("mail", ""), ("rcpt", "log msglog retry"), ("data", ""), ("end-of-data", ""))),
    *(stage(step, "421", script={step: {"reply": "421 going down", "then": "close"}}, recipients=THREE,
            differs=fields(names, LEAVING))
      for step, names in (("mail", ""), ("rcpt", "log msglog retry"), ("data", ""), ("end-of-data", ""))),
    *(stage(step, "not SMTP", script={step: {"reply": "what?"}}, recipients=THREE,
            differs=fields(names, EARLY_QUIT))
      for step, names in (("mail", ""), ("rcpt", ""), ("data", ""), ("end-of-data", "commands"))),
    Case("a reply of two lines", {"rcpt": {"reply": ["550-5.1.1 no such", "550 5.1.1 user"]},
                                  "data": {"reply": "503 no"}}),
    *(Case(f"a long reply to {step}", {step: {"reply": [*[f"{code}-line {n} of many" for n in range(12)],
                                                    f"{code} and the last"]}}, recipients=THREE)
      for step, code in (("mail", "451"), ("mail", "550"), ("data", "451"), ("end-of-data", "250"),
                         ("end-of-data", "451"), ("end-of-data", "554"))),
    *(Case(f"a long reply to one RCPT: {code}",
           {"rcpt": {"match": "bob@", "reply": [*[f"{code}-line {n} of many" for n in range(12)],
                                                f"{code} and the last"]}}, recipients=THREE)
      for code in ("451", "550")),
    *(Case(f"codes of one class: {first}, {last}",
           {"rcpt": {"match": "bob@", "reply": [f"{first}-5.1.1 one", f"{last} another"]}}, recipients=THREE,
           differs=fields(names, LAST_CODE))
      for first, last, names in (("550", "554", ""), ("450", "451", "retry"), ("250", "251", ""))),
    *(Case(f"codes of two classes: {first}, {last}",
           {"rcpt": {"match": "bob@", "reply": [f"{first}-5.1.1 one", f"{last} another"]}}, recipients=THREE,
           differs=fields(names, TWO_MINDS))
      for first, last, names in (("550", "250", "log msglog retry queue bounces"),
                                 ("250", "550", "log msglog retry queue"), ("451", "550", ""))),
    Case("EHLO of 130 keywords", capabilities=(*USUAL, *(f"X{n}" for n in range(130)))),
    Case("354 although all are refused", {"rcpt": {"reply": "550 not him"}},
         differs=fields("commands messages", LONE_DOT)),
    Case("greeting 450", {"banner": {"reply": "450 not now"}}),
    Case("greeting closed", {"banner": {"then": "close"}}),
    Case("EHLO under TLS refused for now", {"ehlo-tls": {"reply": "450 not now"}},
         differs=fields("log msglog retry queue commands messages", NO_HELLO)),
    Case("BDAT, body_only", capabilities=(*USUAL, "CHUNKING"), options={"body_only": "true"}),
    Case("BDAT, headers_only", capabilities=(*USUAL, "CHUNKING"), options={"headers_only": "true"},
         differs=fields("log bounces commands messages", WRONG_LENGTH)),
    Case("an event that forbids to connect", options={"event_action": "${if eq{$event_name}{tcp:connect}{no}}"}),
    Case("a host that refuses, and one that an event forbids", options={
        "hosts": "mx1.two-mx-down.lab : mx.scripted.lab", "hosts_override": "true",
        "event_action": f"${{if and{{{{eq{{$event_name}}{{tcp:connect}}}}{{eq{{$host_address}}{{{ADDRESS}}}}}}}{{no}}}}"}),
    Case("STARTTLS 454", {"starttls": {"reply": "454 not now"}}, differs=fields("log msglog retry", TLS_RECORD)),
)



def option_case(name):
    row = {key: value for key, value in SIDE_BY_SIDE[name].items() if not key.startswith("_")}
    more = {key[1:]: value for key, value in SIDE_BY_SIDE[name].items() if key.startswith("_")}
    if "OpenSSL" in EXIM.features():
        row = {key: AES256 if value == TLS12 else value for key, value in row.items()}
    if more.pop("more", False):
        more["capabilities"] = MORE
    more["differs"] = fields(more.get("differs", ""), BEFORE_MAIL)
    return Case(f"option {name}", options=row, **more)


CASES += tuple(map(option_case, SIDE_BY_SIDE))

_SIGNATURE = re.compile(r"\b(b|t|x)=[A-Za-z0-9+/=\s]+")  # of DKIM and ARC, over dates and message ids
_ID = re.compile(r"(?:(?<=[E\W])|^)[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{11}-[0-9A-Za-z]{4}|[0-9A-Za-z]{6}-[0-9A-Za-z]{2})\b")
_DATES = (
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?"), "TIME"),
    (re.compile(r"\b\d\d-\w{3}-\d{4} \d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"), "DATE"),
)


def normal(text):
    text = _ID.sub("ID", text)
    if "DKIM-Signature:" in text or "ARC-Seal:" in text:
        text = _SIGNATURE.sub(r"\1=", text)
    for pattern, word in _DATES:
        text = pattern.sub(word, text)
    return text


def log_of(mail, message_id):
    """Without arrival, and the line that ends a message, which the queue tells too."""
    lines = [normal(line) for line in mail.log_lines(message_id) if " <= " not in line]
    return [line for line in lines if not any(pattern.fullmatch(line) for pattern in EVERYWHERE)]


def by_connection(events):
    """Command lines, sorted by connection: batches of a message may be delivered in parallel."""
    lines = {}
    for event in events:
        lines.setdefault(event["connection"], []).append(event["line"])
    return sorted(lines.values())


def put_in(mail, case):
    if not (case.mail or case.rcpt):
        return mail.inject(list(case.recipients), sender=case.sender or "<>", body=case.body,
                           headers=case.headers)
    rcpts = [f"RCPT TO:<{recipient}> {case.rcpt}".rstrip() for recipient in case.recipients]
    text = "Subject: test\r\n\r\n" + case.body.replace("\n", "\r\n") + "."
    lines = ["EHLO client.lab", f"MAIL FROM:<{case.sender}> {case.mail}".rstrip(), *rcpts, "DATA", text,
             "QUIT"]
    said = mail.exim("-odq", "-bs", stdin="".join(f"{line}\r\n" for line in lines).encode())
    (message_id,) = re.findall(r"250 OK id=(\S+)", said.stdout.decode())
    return message_id


def state_of(mail, message_id):
    return {
        "log": log_of(mail, message_id),
        "msglog": normal(mail.message_log(message_id)).splitlines(),
        "retry": sorted(normal(mail.retry_records()).splitlines()),
        "queue": mail.queue().get(message_id),
        "journal": (mail.spool / "input" / f"{message_id}-J").exists(),
        "bounces": len(mail.bounces()),
        "panic": normal(mail.paniclog()).splitlines(),
    }


def with_files(world, value):
    """PEM and PEM_RSA are files with a key; the latter may be the end of a longer value."""
    if value.endswith("PEM_RSA"):
        path = world.directory / "dkim.pem"
        if not path.exists():
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL,
                                               NoEncryption()))
        return value.replace("PEM_RSA", str(path))
    return world.certificates["ee"].pem_file if value == "PEM" else value


LOG = "+dsn +pipelining" if find_build().declares("TRANSPORT_MAGIC") else "+pipelining"  # no such word before


def sent_by(world, sender, driver, case):
    server = world.scripted_server(ADDRESS, "scripted", case.script, port=case.port,
                                   capabilities=case.capabilities)
    options = {name: with_files(world, value) for name, value in case.options.items()}
    own = {"dane_trust_anchor_file": world.trust_anchor} if driver == "danesmtp" else {}
    mail = sender(driver=driver, options={**options, **own}, main=MAIN, log=LOG)
    message_id = put_in(mail, case)
    with world.trust_ad():
        mail.deliver(message_id)
    state = state_of(mail, message_id)
    state["commands"] = by_connection(server.events("command"))
    state["messages"] = [normal(message.decode("latin-1")) for message in server.messages()]
    state["sni"] = [event["sni"] for event in server.events("tls")]
    server.stop()
    return state


# Exim's own driver before 4.99: the mark "*" for a second transaction, the number of PRDR's error; the last was not tried.
NOT_AS_BEFORE = ("452 to the second", "PRDR: 450 not now", "BDAT, headers_only")


def case_for(case):
    marks = [pytest.mark.declared("TRANSPORT_MAGIC")] if case.name in NOT_AS_BEFORE else []
    marks += [pytest.mark.declared("channelbind_exporter")] if case.name == "data: closed" else []  # 4.96 keeps it too
    marks += [pytest.mark.needs("ESMTP_Limits")] if case.name in ("RCPTMAX", "MAILMAX") else []
    marks += [pytest.mark.needs("PRDR")] if "PRDR" in case.name else []
    marks += [pytest.mark.needs("Event")] if "event" in case.name else []
    marks += [pytest.mark.needs("TLS_resume")] if "host_name_extract" in case.name else []
    marks += [pytest.mark.needs("I18N")] if case.name in ("SMTPUTF8", "A-labels") else []
    # Without it Exim does what its manual says: no SIZE. With it, and ours, the sum counts.
    marks += [pytest.mark.needs("PIPECONNECT")] if case.name == "size_addition below zero" else []
    # With it no Exim gets such a reply into a bounce.
    marks += [pytest.mark.without("Experimental_DSN_info")] if "a long reply" in case.name else []
    return pytest.param(case, id=case.name, marks=marks)


@pytest.mark.parametrize("case", map(case_for, CASES))
def test_as_exims_own_driver(world, sender, case):
    theirs = sent_by(world, sender, "smtp", case)
    ours = sent_by(world, sender, "danesmtp", case)
    different = {name for name in theirs if theirs[name] != ours[name]}
    for name in different - set(case.differs):
        assert ours[name] == theirs[name], name
    assert different == set(case.differs), "a difference of the table is none any more"


# -- other receivers: what arrived, and what the sender made of it

MIXED = tuple(f"{name}@{{}}" for name in ("ann", "tmp1", "bad1", "bob"))


def delivered(world, sender, driver, recipients, arrived):
    own = {"dane_trust_anchor_file": world.trust_anchor} if driver == "danesmtp" else {}
    mail = sender(driver=driver, options=own, main=MAIN, log=f"{LOG} +protocol_detail")
    message_id = mail.inject(recipients, body=".\n..\nand so on\n" + ".x\n" * 5000)
    with world.trust_ad():
        mail.deliver(message_id)
    state = state_of(mail, message_id)
    state["log"] = [re.sub(r'C="[^"]*"', 'C=""', line) for line in state["log"]]
    got = arrived(message_id)
    state["mail"] = [(one.return_path, sorted(one.envelope_to), one.header("X-Original-To"), one.body)
                     for one in got]
    return state


def same(world, sender, domain, arrived):
    recipients = [one.format(domain) for one in MIXED]
    theirs = delivered(world, sender, "smtp", recipients, arrived)
    ours = delivered(world, sender, "danesmtp", recipients, arrived)
    assert ours == theirs
    assert theirs["mail"] and "CV=dane" in "".join(theirs["log"])


def test_exim_receives_the_same(world, sender):
    same(world, sender, "rcpt-mix.lab", world.receivers.mail)


def test_postfix_receives_the_same(world, sender):
    postfix = world.postfix(ADDRESS, "scripted.lab", "scripted")
    seen = []

    def arrived(_message_id):
        new = postfix.mail()[len(seen):]
        seen.extend(new)
        return new

    same(world, sender, "scripted.lab", arrived)
