# SPDX-License-Identifier: GPL-2.0-or-later
"""Does the scripted server do what its script says, and record what it saw? Asked by a plain client
of ours, so that neither Exim nor the module under test has a say; and once by Exim's own driver.
"""
import socket
import ssl
import struct
import time

import pytest

ADDRESS = "192.0.2.49"  # mx.scripted.lab: 3 1 1 of the certificate `scripted`


class Client:
    """Speaks SMTP line by line; replies are whole, CR LF kept."""

    def __init__(self):
        self.sock = socket.create_connection((ADDRESS, 25), timeout=5)
        self._buffer = b""

    def reply(self):
        whole = b""
        while not (whole.endswith(b"\r\n") and whole.split(b"\r\n")[-2][3:4] != b"-"):
            whole += self._line()
        return whole.decode("latin-1")

    def say(self, line):
        self.sock.sendall(line.encode("latin-1") + b"\r\n")
        return self.reply()

    def starttls(self, highest=ssl.TLSVersion.TLSv1_3):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, highest
        self.sock = context.wrap_socket(self.sock, server_hostname="mx.scripted.lab")

    def _line(self):
        while b"\n" not in self._buffer:
            octets = self.sock.recv(4096)
            if not octets:
                raise EOFError
            self._buffer += octets
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line + b"\n"


@pytest.fixture
def scripted(world):
    """Starts a server with the script and gives back (server, a function that makes clients)."""
    servers = []

    def start(script, certificate="scripted", **more):
        servers.append(world.scripted_server(ADDRESS, certificate, script, **more))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def greeted(client):
    client.reply()
    return client.say("EHLO client.lab")


@pytest.mark.needs("DANE")  # of Exim's own driver
def test_default_script_takes_a_message_from_exim(world, sender, scripted):
    server = scripted({})
    mail = sender(driver="smtp")
    with world.trust_ad():
        message_id = mail.send(["a@scripted.lab", "b@scripted.lab"], body=".\n..two\nthree\n")
    assert any("CV=dane" in line for line in mail.log_lines(message_id))
    verbs = [line.split(":")[0].upper() for line in server.commands()]
    assert verbs == ["EHLO SENDER.LAB", "STARTTLS", "EHLO SENDER.LAB", "MAIL FROM", "RCPT TO",
                     "RCPT TO", "DATA", "QUIT"]
    (tls,) = server.events("tls")
    assert (tls["sni"], tls["version"]) == ("mx.scripted.lab", "TLSv1.3")
    (message,) = server.messages()
    assert message.endswith(b"\r\n\r\n.\r\n..two\r\nthree\r\n")
    assert [event["tls"] for event in server.events("message")] == [True]


def test_pipelined_commands_are_taken_one_by_one(scripted):
    server = scripted({})
    client = Client()
    assert "PIPELINING" in greeted(client)
    client.sock.sendall(b"MAIL FROM:<a@b.lab>\r\nRCPT TO:<c@d.lab>\r\nDATA\r\n")
    assert [client.reply()[:3] for _ in range(3)] == ["250", "250", "354"]
    assert client.say("..x\r\n.") == "250 message taken\r\n"
    assert client.say("QUIT")[:3] == "221"
    assert server.messages() == [b".x\r\n"]


def test_without_a_certificate_starttls_is_neither_offered_nor_known(scripted):
    scripted({}, certificate=None)
    client = Client()
    assert "STARTTLS" not in greeted(client)
    assert client.say("STARTTLS")[:3] == "502"


@pytest.mark.parametrize("script,commands,replies", [
    pytest.param({"mail": {"reply": "451 later"}}, ["MAIL FROM:<a@b.lab>", "NOOP"],
                 ["451 later\r\n", "250 nothing done\r\n"], id="one stage only"),
    pytest.param({"mail": {"reply": ["250-one", "250 two"]}}, ["MAIL FROM:<a@b.lab>"],
                 ["250-one\r\n250 two\r\n"], id="several lines"),
    pytest.param({"mail": {"reply": "250 " + "x" * 70000}}, ["MAIL FROM:<a@b.lab>"],
                 ["250 " + "x" * 70000 + "\r\n"], id="over-long line"),
    pytest.param({"rcpt": [{"match": "bob@", "reply": "550 no"},
                           {"match": "eve@", "reply": "452 full"}]},
                 ["RCPT TO:<bob@b.lab>", "RCPT TO:<ann@b.lab>", "RCPT TO:<eve@b.lab>"],
                 ["550 no\r\n", "250 recipient taken\r\n", "452 full\r\n"], id="by recipient"),
    pytest.param({"data": {"reply": "554 no"}}, ["DATA", "NOOP"],
                 ["554 no\r\n", "250 nothing done\r\n"], id="DATA refused: no message follows"),
    pytest.param({"end-of-data": {"match": "spam", "reply": "550 spam"}},
                 ["DATA", "spam\r\n.", "DATA", "ham\r\n."],
                 ["354 go on\r\n", "550 spam\r\n", "354 go on\r\n", "250 message taken\r\n"],
                 id="by content"),
    pytest.param({"mail": {"connection": 2, "reply": "421 not you"}}, ["MAIL FROM:<a@b.lab>"],
                 ["250 sender taken\r\n"], id="other connection"),
    pytest.param({"noop": {"reply": "250 a", "inject": "250 b\r\n"}}, ["NOOP", "RSET"],
                 ["250 a\r\n", "250 b\r\n"], id="injected reply"),
    pytest.param({}, ["BDAT 5\r\nabc", "BDAT 2 LAST\r\n", "NOOP"],
                 ["250 chunk taken\r\n", "250 message taken\r\n", "250 nothing done\r\n"], id="chunks"),
    pytest.param({}, ["VRFY x"], ["502 not known here\r\n"], id="unknown command"),
])
def test_replies(scripted, script, commands, replies):
    scripted(script)
    client = Client()
    greeted(client)
    assert [client.say(command) for command in commands] == replies


def test_ehlo_is_answered_by_tls_or_not(scripted):
    scripted({"ehlo": {"reply": ["250-a", "250 STARTTLS"]}, "ehlo-tls": {"reply": "250 b"}})
    client = Client()
    assert greeted(client) == "250-a\r\n250 STARTTLS\r\n"
    client.say("STARTTLS")
    client.starttls()
    assert client.say("EHLO client.lab") == "250 b\r\n"


def test_action_for_the_second_connection_only(scripted):
    server = scripted({"banner": {"connection": 2, "reply": "421 too busy", "then": "close"}})
    assert [Client().reply()[:3] for _ in range(3)] == ["220", "421", "220"]
    assert len(server.events("connect")) == 3


@pytest.mark.parametrize("stage", ["connect", "banner", "ehlo", "mail"])
@pytest.mark.parametrize("then,expected", [
    ("close", EOFError), ("reset", ConnectionResetError), ("silence", TimeoutError)])
def test_endings(scripted, stage, then, expected):
    scripted({stage: {"then": then}})
    with pytest.raises(expected):
        client = Client()
        client.sock.settimeout(0.3)
        greeted(client)
        client.say("MAIL FROM:<a@b.lab>")


@pytest.mark.parametrize("action,expected", [
    ({"then": "close"}, ssl.SSLError), ({"then": "reset"}, ConnectionResetError),
    ({"then": "silence"}, TimeoutError), ({"reply": "500 what?"}, ssl.SSLError)])
def test_handshake_fails_as_asked(scripted, action, expected):
    server = scripted({"handshake": action})
    client = Client()
    greeted(client)
    client.say("STARTTLS")
    client.sock.settimeout(0.3)
    with pytest.raises(expected):
        client.starttls()
    client.sock.close()
    assert server.events("tls") == []


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3"])
def test_tls_version_is_the_one_asked_for(scripted, version):
    server = scripted({"handshake": {"tls": version}})
    client = Client()
    greeted(client)
    client.say("STARTTLS")
    client.starttls()
    assert client.sock.version().removesuffix(".0") == f"TLSv{version}".removesuffix(".0")
    client.say("NOOP")
    client.sock.close()
    assert len(server.events("tls")) == 1


def test_client_that_cannot_speak_the_version_is_recorded(scripted):
    server = scripted({"handshake": {"tls": "1.3"}})
    client = Client()
    greeted(client)
    client.say("STARTTLS")
    with pytest.raises(ssl.SSLError):
        client.starttls(highest=ssl.TLSVersion.TLSv1_2)
    assert "UNSUPPORTED_PROTOCOL" in server.events("error")[0]["text"]


def test_what_a_client_sent_before_it_went_is_heard_to_its_end(scripted):
    server = scripted({"mail": {"delay": 0.5}})
    client = Client()
    greeted(client)
    commands = ["MAIL FROM:<>", *(f"RCPT TO:<{name}@scripted.lab>" for name in ("ann", "bob", "eve")), "RSET"]
    client.sock.sendall("".join(f"{line}\r\n" for line in commands).encode())
    time.sleep(0.2)
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sock.close()
    assert server.commands()[-5:] == commands
    assert len(server.events("error")) >= 1


def test_octets_sent_early_behind_starttls_are_recorded(scripted):  # D-026, from the other side
    server = scripted({})
    client = Client()
    greeted(client)
    client.sock.sendall(b"STARTTLS\r\nNOOP\r\n")
    client.reply()
    client.sock.close()
    assert [event["data"] for event in server.events("early")] == ["NOOP\r\n"]


def test_injection_is_in_one_segment_with_the_starttls_reply(scripted):
    scripted({"starttls": {"inject": "250-injected\r\n"}})
    client = Client()
    greeted(client)
    client.sock.sendall(b"STARTTLS\r\n")
    time.sleep(0.1)
    assert client.sock.recv(4096) == b"220 go ahead\r\n250-injected\r\n"


@pytest.mark.parametrize("action", [{"delay": 0.3}, {"dribble": 0.02}])
def test_slow_replies(scripted, action):
    scripted({"noop": action})
    client = Client()
    greeted(client)
    start = time.monotonic()
    assert client.say("NOOP") == "250 nothing done\r\n"
    assert 0.3 <= time.monotonic() - start < 2
    start = time.monotonic()
    client.say("RSET")
    assert time.monotonic() - start < 0.3


def test_unknown_stage_is_refused(world):
    with pytest.raises(ValueError, match="no such stage: greeting"):
        world.scripted_server(ADDRESS, None, {"greeting": {}}, port=26)
