# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways around the module: what Exim's core does with the transport's options without calling it
(doc/decisions/0013), for a domain with DANE, an impostor's and one without, by what the system's resolver
is. `smtp` is safe in these ways only where the resolver validates and Exim is told so.
"""
import contextlib
import re
import smtplib
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from processes import wait_for
from sender import MX_ROUTER

sys.path.insert(0, str(Path(__file__).resolve().parent / "dns"))

import lab  # noqa: E402  (needs the path above: the crooked forwarders)

GOOD, IMPOSTOR, PLAIN = "scripted.lab", "scripted-impostor.lab", "scripted-plain.lab"
ADDRESSES = {GOOD: "192.0.2.49", IMPOSTOR: "192.0.2.76", PLAIN: "192.0.2.50"}
LABELS = {GOOD: "good", IMPOSTOR: "impostor", PLAIN: "plain"}
ALICE = "alice@sender.lab"
LEFT_OUT = "no callout and no cutthrough delivery for "
STRIPS = "127.0.3.1"
SLOW = "127.0.3.2"


@dataclass(frozen=True)
class Way:
    """`rcpt` and `data` are ACLs; `asks`: the host is asked only, and asked about the sender, a header or
    the recipient; otherwise the message itself is handed on."""
    rcpt: str = "accept"
    data: str = "accept"
    asks: str = ""


def callout(options="", item="recipient"):
    return f"verify = {item}/callout=10s,no_cache{options}"


WAYS = {
    "cutthrough": Way("accept control = cutthrough_delivery"),
    "cutthrough defer=pass": Way("accept control = cutthrough_delivery/defer=pass"),
    "cutthrough sender=...": Way("accept control = cutthrough_delivery/sender=transport"),
    "cutthrough + callout": Way(f"accept control = cutthrough_delivery\n {callout(',use_sender')}"),
    "callout + cutthrough": Way(f"accept {callout(',use_sender')}\n control = cutthrough_delivery"),
    "callout": Way(f"accept {callout()}", asks="recipient"),
    "callout use_sender": Way(f"accept {callout(',use_sender')}", asks="recipient"),
    "callout use_tptsender": Way(f"accept {callout(',use_tptsender')}", asks="recipient"),
    "callout use_postmaster": Way(f"accept {callout(',use_postmaster')}", asks="recipient"),
    "callout random": Way(f"accept {callout(',random')}", asks="recipient"),
    "callout fullpostmaster": Way(f"accept {callout(',fullpostmaster')}", asks="recipient"),
    "callout hold": Way(f"accept {callout(',use_sender,hold')}", asks="recipient"),
    "callout cache": Way("accept verify = recipient/callout=10s", asks="recipient"),
    "sender callout": Way(f"accept {callout(item='sender')}", asks="sender"),
    "sender postmaster": Way(f"accept {callout(',postmaster', item='sender')}", asks="sender"),
    "header_sender callout": Way(data=f"accept {callout(item='header_sender')}", asks="header"),
}


def known_ways(names):
    """Those that every Exim has, and those that only one has that loads transports by itself."""
    newer = pytest.mark.declared("TRANSPORT_MAGIC")
    return [pytest.param(name, marks=newer) if name == "callout use_tptsender" else name for name in names]



@contextlib.contextmanager
def resolver(world, kind):
    """The system's resolver, and the module's options to go with it."""
    options = {"dane_trust_anchor_file": world.trust_anchor}
    if kind == "validates":
        with world.trust_ad():
            yield options
    elif kind == "lies":  # the good host is where the impostor is, and has no TLSA records, nor has the other
        with world.lying_resolver(f"mx.{GOOD}. 60 IN A {ADDRESSES[IMPOSTOR]}", f"_25._tcp.mx.{GOOD}. 60 IN TXT x",
                                  f"_25._tcp.mx.{IMPOSTOR}. 60 IN TXT x"):
            yield options
    elif kind == "strips":
        yield {**options, "dane_resolver": f"forward:{STRIPS}@{lab.CROOKED_PORT}"}
    else:
        yield options


RESOLVERS = ("validates", "silent", "lies", "strips")


@pytest.fixture(scope="module", autouse=True)
def crooked(world):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "HONEST", "127.0.0.1")
        lab.Crooked("strips-dnssec", STRIPS)
        lab.Crooked("silent", SLOW)
        yield


@pytest.fixture
def servers(world):
    """A function that starts the three servers; the impostor may refuse every recipient."""
    running = []

    def start(refuses):
        refuse = {"rcpt": {"reply": "550 5.1.1 says the impostor"}} if refuses else {}
        script = {"rcpt": [{"match": "bad@", "reply": "550 no such user"}]}
        started = {GOOD: world.scripted_server(ADDRESSES[GOOD], "scripted", script),
                   IMPOSTOR: world.scripted_server(ADDRESSES[IMPOSTOR], "impostor", refuse),
                   PLAIN: world.scripted_server(ADDRESSES[PLAIN], "scripted-plain", script)}
        running.extend(started.values())
        return started

    yield start
    for server in running:
        server.stop()


def configuration(way):
    return {"main": "acl_smtp_rcpt = check_rcpt\nacl_smtp_data = check_data\n",
            "acl": f"check_rcpt:\n {way.rcpt}\n\ncheck_data:\n {way.data}\n"}


def session(mail, recipients, *, sender=ALICE, header=ALICE, flags=("-odq",), seconds=180):
    """An SMTP client on Exim's standard input; the last lines of its replies from MAIL on."""
    recipients = [recipients] if isinstance(recipients, str) else recipients
    lines = ["EHLO client.lab", f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients), "DATA",
             f"From: {header}", "Subject: x", "", "Hello.", ".", "QUIT"]
    text = "".join(f"{line}\r\n" for line in lines).encode()
    done = mail.exim(*flags, "-bs", stdin=text, seconds=seconds)
    return re.findall(r"^\d{3} .*$", done.stdout.decode().replace("\r", ""), re.M)[2:]


def told(replies):
    """250, or the first reply that is none."""
    return next((reply[:3] for reply in replies if reply[0] not in "23"), "250")


def heard(server):
    if server.messages():
        return "the message"
    return "asked" if any(line.startswith("RCPT") for line in server.commands()) else \
        "connected" if server.events("connect") else "nothing"


def delivered(mail):
    """What the queue has, after an attempt: CV= of the delivery, or "waits"; "" if it has nothing."""
    waiting = list(mail.queue())
    for message_id in waiting:
        mail.deliver(message_id)
        line = next((line for line in mail.log_lines(message_id) if " => " in line), "")
        return line.partition(" CV=")[2].split(" ")[0] or "waits"
    return ""


def expected(way, kind, domain):
    """What the client is told, what the domain's host hears before the delivery, and the delivery."""
    if kind == "strips" or domain != PLAIN:
        reaches = domain == GOOD and kind in ("validates", "silent")
        return ("250", "nothing", ("dane" if reaches else "waits") if way.asks in ("", "recipient") else "")
    if not way.asks:
        return "250", "the message", ""
    return "250", "asked", "no" if way.asks == "recipient" else ""


def shown(outcome):
    return ", ".join(word or "-" for word in outcome)


@pytest.mark.parametrize("kind", RESOLVERS)
@pytest.mark.parametrize("name", known_ways(WAYS))
def test_no_way_around(world, sender, servers, scenario_rows, name, kind):
    way = WAYS[name]
    found, wanted = {}, {}
    with resolver(world, kind) as options:
        for domain in ADDRESSES:
            running = servers(refuses=bool(way.asks))
            mail = sender(driver="danesmtp", options=options, **configuration(way))
            other = f"bob@{domain}"
            replies = session(mail, other if way.asks in ("", "recipient") else ALICE,
                              sender=other if way.asks == "sender" else ALICE,
                              header=other if way.asks == "header" else ALICE)
            before = heard(running[domain])
            found[domain] = told(replies), before, delivered(mail) if way.asks in ("", "recipient") else ""
            wanted[domain] = expected(way, kind, domain)
            scenario_rows.append((f"{LABELS[domain]}, {kind}", name, shown(wanted[domain]), shown(found[domain])))
            assert ((LEFT_OUT + domain in mail.mainlog()) == ("nothing" in wanted[domain])), mail.mainlog()
            # The lies lead there: nobody else's mail or address either.
            assert heard(running[IMPOSTOR]) in ("nothing", "connected"), mail.mainlog()
            for server in running.values():
                server.stop()
    assert found == wanted


# -- What the client is told where administrators would rather wait

CALLOUTS = [name for name, way in WAYS.items() if way.asks]


@pytest.mark.parametrize("name", known_ways(CALLOUTS))
def test_deferred_callouts(world, sender, servers, scenario_rows, name):
    way = WAYS[name]
    running = servers(refuses=True)
    for domain, code in ((GOOD, "451"), (IMPOSTOR, "451"), (PLAIN, "250")):
        mail = sender(driver="danesmtp", **configuration(way), options={
            "dane_trust_anchor_file": world.trust_anchor, "dane_callouts": "defer"})
        other = f"bob@{domain}"
        replies = session(mail, other if way.asks == "recipient" else ALICE,
                          sender=other if way.asks == "sender" else ALICE,
                          header=other if way.asks == "header" else ALICE)
        scenario_rows.append((f"{LABELS[domain]}, defer", name, code, told(replies)))
        assert told(replies) == code, replies
        if code == "451":
            assert "TLSA record of" in mail.mainlog() and " temporarily rejected " in mail.mainlog()
            assert heard(running[domain]) == "nothing" and not mail.queue()
    assert mail.paniclog() == ""


@pytest.mark.parametrize("name", [name for name, way in WAYS.items() if not way.asks and "callout" not in name])
def test_cutthrough_is_queued_where_callouts_are_deferred(world, sender, servers, name):
    running = servers(refuses=False)
    mail = sender(driver="danesmtp", **configuration(WAYS[name]), options={
        "dane_trust_anchor_file": world.trust_anchor, "dane_callouts": "defer"})
    assert told(session(mail, f"bob@{GOOD}")) == "250"
    assert heard(running[GOOD]) == "nothing" and delivered(mail) == "dane"


@pytest.mark.parametrize("choice,code", [("skip", "250"), ("defer", "451")])
def test_an_answer_from_before_is_not_believed(world, sender, servers, choice, code):
    """The callout cache has the impostor's refusal, from when the transport had no DANE."""
    servers(refuses=True)
    way = WAYS["callout cache"]
    mail = sender(driver="danesmtp", **configuration(way), options={
        "dane_trust_anchor_file": world.trust_anchor, "dane_callouts": choice, "hosts_try_dane": ""})
    assert told(session(mail, f"bob@{IMPOSTOR}")) == "550"
    mail.config.write_text(mail.config.read_text().replace("hosts_try_dane =", "hosts_try_dane = *"))
    for _ in range(2):
        assert told(session(mail, f"bob@{IMPOSTOR}")) == code
    # Of a domain without DANE it is believed.
    assert told(session(mail, f"bob@{PLAIN}")) == "250"


def test_callouts_under_audit_are_left_out(world, sender, servers):
    """Nothing that DANE says keeps a mail away there."""
    running = servers(refuses=True)
    mail = sender(driver="danesmtp", **configuration(WAYS["callout"]), options={
        "dane_trust_anchor_file": world.trust_anchor, "dane_callouts": "defer", "dane_audit_domains": IMPOSTOR})
    assert told(session(mail, f"bob@{IMPOSTOR}")) == "250"
    assert heard(running[IMPOSTOR]) == "nothing"


# -- More than one recipient

def each_delivered(mail, world_servers):
    """Everything on the queue, delivered: domain -> CV= or "waits"."""
    for message_id in list(mail.queue()):
        mail.deliver(message_id)
    log = mail.mainlog()
    outcome = {}
    for domain in world_servers:
        line = re.search(rf" [-=]> bob@{domain} .*", log)
        outcome[domain] = re.search(r" CV=(\w+)", line.group()).group(1) if line else "waits"
    return outcome


@pytest.mark.parametrize("control", ["", "/defer=pass"])
@pytest.mark.parametrize("domains", [(PLAIN, GOOD), (GOOD, PLAIN), (PLAIN, IMPOSTOR), (IMPOSTOR, PLAIN),
                                     (GOOD, IMPOSTOR, PLAIN)], ids="-".join)
def test_cutthrough_of_several_recipients(world, sender, servers, domains, control):
    """A message goes to all of its recipients or is queued for all: nobody is forgotten."""
    running = servers(refuses=False)
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor},
                  **configuration(Way(f"accept control = cutthrough_delivery{control}")))
    replies = session(mail, [f"bob@{domain}" for domain in domains])
    assert told(replies) == "250", replies
    assert all(heard(server) != "the message" for server in running.values()), mail.mainlog()
    assert list(mail.queue().values()) == [[f"bob@{domain}" for domain in domains]]
    outcome = each_delivered(mail, domains)
    assert outcome == {domain: {GOOD: "dane", IMPOSTOR: "waits", PLAIN: "no"}[domain] for domain in domains}
    assert {domain: len(server.messages()) for domain, server in running.items()} == {
        domain: 1 if domain in domains and domain != IMPOSTOR else 0 for domain in running}


@contextlib.contextmanager
def daemon(mail, port):
    """The sender's Exim as a daemon on loopback, which delivers at once."""
    process = subprocess.Popen([mail.exim_binary, "-C", str(mail.config), "-bdf", "-oX", f"127.0.0.1.{port}",
                                "-oP", str(mail.home / "pid")], cwd="/", stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: "listening for SMTP" in mail.mainlog(), lambda: "no daemon")
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def over_tcp(port, recipients):
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.lab", timeout=60) as client:
        return client.sendmail(ALICE, recipients, "Subject: x\r\n\r\nHello.\r\n")


def test_daemon(world, sender, servers):
    """The process that asks runs as Exim's user; each message is delivered by another process."""
    running = servers(refuses=False)
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor},
                  **configuration(WAYS["cutthrough + callout"]))
    with daemon(mail, 2601):
        for domain in ADDRESSES:
            assert over_tcp(2601, [f"bob@{domain}"]) == {}
        wait_for(lambda: "Completed" in mail.mainlog() and "== bob@" in mail.mainlog() and
                 f"=> bob@{GOOD}" in mail.mainlog(), mail.mainlog)
    assert re.search(rf"=> bob@{GOOD} .* CV=dane", mail.mainlog())
    assert re.search(rf">> bob@{PLAIN} .* CV=no", mail.mainlog())
    assert list(mail.queue().values()) == [[f"bob@{IMPOSTOR}"]]
    assert {domain: len(server.messages()) for domain, server in running.items()} == {
        GOOD: 1, IMPOSTOR: 0, PLAIN: 1}


@pytest.mark.parametrize("multi_domain", ["true", "false"])
@pytest.mark.parametrize("flags", [("-odi",), ("-odi", "-oMa", "192.0.2.9"), "daemon"],
                         ids=["local", "remote", "daemon"])
def test_a_connection_held_open_carries_no_other_policy(world, sender, servers, multi_domain, flags):
    """A domain whose unsigned MX record names the impostor is called out, the connection stays open, and
    the same message has a recipient in the impostor's own domain."""
    running = servers(refuses=False)
    insecure = "scripted-borrowed.lab"
    mail = sender(driver="danesmtp", log="+pid", options={
        "dane_trust_anchor_file": world.trust_anchor, "dane_insecure_mx": "may", "multi_domain": multi_domain},
        **configuration(Way(f"accept domains = {insecure}\n {callout(',use_sender,hold')}\n accept")))
    recipients = [f"bob@{insecure}", f"bob@{IMPOSTOR}", f"bob@{GOOD}"]
    if flags == "daemon":
        with daemon(mail, 2602):
            assert over_tcp(2602, recipients) == {}
            wait_for(lambda: all(f"{what} bob@{domain}" in mail.mainlog() for what, domain in (
                ("=>", insecure), ("=>", GOOD), ("==", IMPOSTOR))), mail.mainlog)
    else:
        assert told(session(mail, recipients, flags=flags)) == "250"
    assert len(running[IMPOSTOR].events("connect")) > 0
    time.sleep(0.2)  # the daemon's delivery may still hold the message
    mail.run_queue(forced=True)
    server = running[IMPOSTOR]
    assert [line for line in server.commands() if line.startswith("RCPT") and IMPOSTOR in line] == []
    assert len(server.messages()) == 1 and len(running[GOOD].messages()) == 1
    assert list(mail.queue().values()) == [[f"bob@{IMPOSTOR}"]], mail.mainlog()
    assert re.search(rf"=> bob@{GOOD} .* CV=dane", mail.mainlog())
    assert re.search(rf"=> bob@{insecure} .* CV=no", mail.mainlog())


def test_many_recipients_cost_one_look_up(world, sender, servers):
    servers(refuses=False)
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor},
                  **configuration(WAYS["callout"]))
    recipients = [f"user{number}@{GOOD}" for number in range(100)]
    replies = session(mail, recipients)
    assert told(replies) == "250" and len([line for line in replies if line.startswith("250 Accepted")]) == 100
    assert mail.mainlog().count(LEFT_OUT) == 1
    done = mail.exim("-d-all+transport", "-odq", "-bs", stdin=(
        "EHLO client.lab\r\nMAIL FROM:<>\r\n" + "".join(f"RCPT TO:<{one}>\r\n" for one in recipients) +
        "QUIT\r\n").encode())
    assert 0 < done.stderr.decode().count("DANE look-up: ") < 10


# -- The process that receives mail

class Client:
    """Talks to an Exim with -bs, one command at a time."""

    def __init__(self, mail):
        self.process = subprocess.Popen([mail.exim_binary, "-C", str(mail.config), "-odq", "-bs"], cwd="/",
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.reply()

    def reply(self):
        while not re.match(rb"\d{3} ", line := self.process.stdout.readline()):
            assert line, "Exim went away"
        return line.decode().rstrip()

    def say(self, command):
        self.process.stdin.write(f"{command}\r\n".encode())
        self.process.stdin.flush()
        return self.reply()

    def state(self):
        """Descriptors, signal masks, the number of threads."""
        proc = Path(f"/proc/{self.process.pid}")
        status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines() if ":\t" in line)
        names = sorted((one.name, str(one.readlink())) for one in (proc / "fd").iterdir())
        # Two signals belong to the C library, which takes them with the first thread.
        masks = {key: int(status[key], 16) & 0x7fffffff for key in ("SigBlk", "SigIgn", "SigCgt")}
        return names, masks, status["Threads"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


@pytest.fixture
def client():
    made = []

    def start(mail):
        made.append(Client(mail))
        return made[-1]

    yield start
    for one in made:
        one.close()


def test_nothing_is_left_in_the_receiving_process(world, sender, servers, client):
    servers(refuses=False)
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor},
                  **configuration(Way(f"accept logwrite = the log is open\n {callout()}")))
    one = client(mail)
    one.say("EHLO client.lab")
    one.say(f"MAIL FROM:<{ALICE}>")
    one.say(f"RCPT TO:<{ALICE}>")
    before = one.state()
    for domain in (GOOD, IMPOSTOR, PLAIN):
        assert one.say(f"RCPT TO:<bob@{domain}>").startswith("250 ")
        assert one.state() == before


def test_a_silent_resolver_is_waited_for_once(world, sender, servers, client):
    """The client waits meanwhile: 20 seconds, and then not again for the next domain."""
    servers(refuses=True)
    mail = sender(driver="danesmtp", **configuration(WAYS["callout"]), options={
        "dane_trust_anchor_file": world.trust_anchor, "dane_resolver": f"forward:{SLOW}@{lab.CROOKED_PORT}"})
    one = client(mail)
    one.say("EHLO client.lab")
    one.say(f"MAIL FROM:<{ALICE}>")
    times = []
    for domain in (IMPOSTOR, PLAIN, GOOD):
        start = time.monotonic()
        assert one.say(f"RCPT TO:<bob@{domain}>").startswith("250 ")
        times.append(time.monotonic() - start)
    assert 10 < times[0] < 25 and max(times[1:]) < 2, times
    assert one.state()[2] == "1"


# -- Where the hosts come from, and what options say

@pytest.mark.parametrize("hosts", [f"mx.{IMPOSTOR}", "mx.$domain", "${if eq{$domain}{x}{a}{mx.$domain}}"])
def test_hosts_of_the_transport(world, sender, servers, hosts):
    running = servers(refuses=True)
    for router in ("any:\n driver = accept\n transport = remote_smtp\n", MX_ROUTER):
        mail = sender(driver="danesmtp", routers=router, **configuration(WAYS["callout"]), options={
            "dane_trust_anchor_file": world.trust_anchor, "hosts": hosts, "hosts_override": "true"})
        assert told(session(mail, f"bob@{IMPOSTOR}")) == "250"
        assert heard(running[IMPOSTOR]) == "nothing"


def test_hosts_are_expanded_once(world, sender, servers):
    """What was judged is what is called, also where the expression says something else each time."""
    running = servers(refuses=True)
    count = "${run{/bin/sh -c 'echo x >> %s; wc -l < %s'}{$value}}"
    for router in ("any:\n driver = accept\n transport = remote_smtp\n",):
        mail = sender(driver="danesmtp", routers=router, **configuration(WAYS["callout"]))
        turn = mail.home / "turn"
        turn.touch()
        turn.chmod(0o666)
        expression = "${if eq{" + count % (turn, turn) + "}{1\\n}{mx.%s}{mx.%s}}" % (PLAIN, IMPOSTOR)
        mail.config.write_text(mail.config.read_text().replace("begin retry", "begin retry").replace(
            "driver = danesmtp", f"driver = danesmtp\n  hosts = {expression}\n  "
            f"dane_trust_anchor_file = {world.trust_anchor}"))
        session(mail, "bob@somewhere.lab")
        assert heard(running[IMPOSTOR]) == "nothing", mail.mainlog()
        assert heard(running[PLAIN]) == "asked", mail.mainlog()


def test_an_excepted_domain_has_callouts_without_dane(world, sender, servers):
    """As its deliveries have; and the next domain of the session has DANE again."""
    running = servers(refuses=True)
    with world.trust_ad():
        mail = sender(driver="danesmtp", **configuration(WAYS["callout"]), options={
            "dane_trust_anchor_file": world.trust_anchor, "dane_except_domains": IMPOSTOR})
        replies = session(mail, [f"bob@{IMPOSTOR}", f"bob@{GOOD}"])
    assert [reply[:3] for reply in replies[1:3]] == ["550", "250"], replies
    assert heard(running[IMPOSTOR]) == "asked" and heard(running[GOOD]) == "nothing"
    assert delivered(mail) == "dane"


# -- Ways that are not of an SMTP session

@pytest.mark.parametrize("flag,wanted", [("-bh", "nothing"), ("-bhc", "nothing")])
def test_host_checking(world, sender, servers, flag, wanted):
    running = servers(refuses=True)
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor},
                  **configuration(WAYS["callout"]))
    done = mail.exim(flag, "192.0.2.9", stdin=f"EHLO c\r\nMAIL FROM:<{ALICE}>\r\nRCPT TO:<bob@{IMPOSTOR}>\r\n"
                     "QUIT\r\n".encode())
    assert "250 Accepted" in done.stdout.decode()
    assert heard(running[IMPOSTOR]) == wanted


@pytest.mark.parametrize("flag", ["-bv", "-bvs", "-bt"])
def test_address_tests_speak_to_nobody(world, sender, servers, flag):
    running = servers(refuses=True)
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    mail.exim(flag, f"bob@{IMPOSTOR}", expected=(0, 1, 2))
    assert heard(running[IMPOSTOR]) == "nothing"


@pytest.mark.declared("atrn_mode")
@pytest.mark.parametrize("choice", ["skip", "defer"])
def test_atrn_customer(world, sender, servers, choice):
    """`exim -atrn` sends its words, and would take mail, over a connection that it makes as a callout."""
    running = servers(refuses=False)
    mail = sender(driver="danesmtp", options={
        "dane_trust_anchor_file": world.trust_anchor, "dane_callouts": choice, "port": "25"})
    for domain in (GOOD, IMPOSTOR, PLAIN):
        mail.exim("-atrn", domain, "example.lab", expected=(0, 1), seconds=60)
    assert heard(running[IMPOSTOR]) == heard(running[GOOD]) == "nothing"
    assert "ATRN example.lab" in running[PLAIN].commands()
    assert LEFT_OUT + GOOD in mail.mainlog()


class Customer:
    """The side that says ATRN, and is the server from then on."""

    def __init__(self, port):
        self._sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._lines = self._sock.makefile("rb")
        self.recipients = []
        self._reply()
        for command in ("EHLO customer.lab", "AUTH PLAIN AHVzZXIAeA==", "ATRN"):
            self._send(command)
            self.last = self._reply()

    def _send(self, line):
        self._sock.sendall(f"{line}\r\n".encode())

    def _reply(self):
        while (line := self._lines.readline())[3:4] == b"-":
            pass
        return line.decode().rstrip()

    def serve(self):
        """As a server, until the other side has no more to say."""
        self._send("220 customer.lab")
        try:
            while line := self._lines.readline().decode().rstrip():
                if line.startswith("RCPT"):
                    self.recipients.append(line)
                if line == "DATA":
                    self._send("354 go on")
                    while self._lines.readline() not in (b".\r\n", b""):
                        pass
                self._send("221 bye" if line == "QUIT" else "250 fine")
        except OSError:
            pass
        self._sock.close()


@pytest.mark.declared("atrn_mode")
@pytest.mark.parametrize("host,to_customer,to_host", [
    ("127.0.0.1", 1, 0), (f"mx.{PLAIN}", 1, 0), (f"mx.{GOOD}", 0, 1), (f"mx.{IMPOSTOR}", 0, 0)])
def test_atrn_provider(world, sender, servers, host, to_customer, to_host):
    """The queue goes down the connection of a customer, but not what belongs to a verified host alone.
    Exim calls the transport with any host list that is its own."""
    running = servers(refuses=False)
    mail = sender(driver="danesmtp", routers="any:\n driver = accept\n transport = remote_smtp\n",
                  options={"dane_trust_anchor_file": world.trust_anchor, "hosts": host, "allow_localhost": "true"},
                  main="acl_smtp_atrn = yes\nauth_advertise_hosts = *\ntls_advertise_hosts =",
                  acl="yes:\n accept atrn_domains = customer.lab\n", sections="""begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = true
  server_set_id = $auth2
""")
    mail.inject("bob@customer.lab")
    with daemon(mail, 2603):
        customer = Customer(2603)
        assert customer.last.startswith("250 "), customer.last
        customer.serve()
        wait_for(lambda: "End queue run" in mail.mainlog(), mail.mainlog)
    server = running.get(host.removeprefix("mx."))
    assert len(customer.recipients) == to_customer, mail.mainlog()
    assert (len(server.messages()) if server else 0) == to_host, mail.mainlog()
    assert len(mail.queue()) == 1 - to_customer - to_host, mail.mainlog()


@pytest.mark.parametrize("option", [
    "hosts_require_dane", pytest.param("hosts_randomize", marks=pytest.mark.declared("expand_hosts_randomize")), "hosts"])
def test_a_callout_inside_an_option(world, sender, servers, option):
    """An option of the transport runs an ACL that makes a callout by the same transport, to a domain where
    Exim's own DANE would be switched off: not while the option's own host is judged."""
    running = servers(refuses=True)
    acl = f"ask:\n accept verify = sender=bob@{PLAIN}/callout=10s,no_cache\n message = yes\n"
    value = {"hosts_require_dane": ("", ""), "hosts_randomize": ("no", "no"), "hosts": (f"mx.{IMPOSTOR}",) * 2}[option]
    asks = "${if eq{$verify_mode}{R}{${if eq{${acl{ask}}}{yes}{%s}{%s}}}{%s}}" % (*value, value[0])
    mail = sender(driver="danesmtp", acl=f"check:\n accept {callout()}\n\n{acl}", main="acl_smtp_rcpt = check",
                  routers="any:\n driver = accept\n transport = remote_smtp\n domains = ! sender.lab\n" if
                  option == "hosts" else MX_ROUTER,
                  options={"dane_trust_anchor_file": world.trust_anchor, option: asks})
    assert told(session(mail, f"bob@{IMPOSTOR}")) == "250", mail.mainlog()
    assert all(heard(server) == "nothing" for server in running.values()) and mail.paniclog() == ""
