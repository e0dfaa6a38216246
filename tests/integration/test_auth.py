# SPDX-License-Identifier: GPL-2.0-or-later
"""Client authentication on a DANE connection, by Exim's own authenticators: what smtp does, and never
a secret before the server is known (RFC 4954; RFC 3207 4.2; D-026, D-094).
"""
import base64
import contextlib
import re
import socket
import ssl
import threading

import pytest

from network import peer_socket
from receivers import AUTH_PASSWORD, AUTH_USER
from scripted_server import TLS_VERSIONS

CLIENTS = {
    "PLAIN": f"""plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^{AUTH_USER}^%s
  client_set_id = {AUTH_USER}
""",
    "LOGIN": f"""login:
  driver = plaintext
  public_name = LOGIN
  client_send = : {AUTH_USER} : %s
  client_set_id = {AUTH_USER}
""",
    "CRAM-MD5": f"""cram:
  driver = cram_md5
  public_name = CRAM-MD5
  client_name = {AUTH_USER}
  client_secret = %s
  client_set_id = {AUTH_USER}
""",
}

# Exim before 4.97 has no binding to a TLS 1.3 session, no event auth:fail, and small letters in xtext.
since_4_97 = pytest.mark.declared("channelbind_exporter")

SCRAM = {
    "SCRAM-SHA-256": f"""scram:
  driver = gsasl
  public_name = SCRAM-SHA-256
  client_username = {AUTH_USER}
  client_password = %s
  client_set_id = {AUTH_USER}
""",
    "SCRAM-SHA-256-PLUS": f"""scram_plus:
  driver = gsasl
  public_name = SCRAM-SHA-256-PLUS
  client_channelbinding = true
  client_username = {AUTH_USER}
  client_password = %s
  client_set_id = {AUTH_USER}
""",
}
PRIORITIES = {"1.3": "NORMAL:-VERS-ALL:+VERS-TLS1.3", "1.2": "NORMAL:-VERS-ALL:+VERS-TLS1.2"}
SWITCHES = {"1.3": "+no_tlsv1_2", "1.2": "+no_tlsv1_3"}  # of an Exim with OpenSSL
EE_RECEIVER = "192.0.2.10"  # mx.ee.lab
REQUIRED, TRIED = {"hosts_require_auth": "*"}, {"hosts_try_auth": "*"}
DRIVERS = ["smtp", "danesmtp"]
SCRIPTED = "192.0.2.49"  # 3 1 1 of the certificate `scripted`
OFFER = ["250-scripted.lab", "250 AUTH PLAIN LOGIN"]


def version_alone(world, version):
    """The transport's options and the main ones with which both drivers speak this version of TLS."""
    if "OpenSSL" in world.exim.features():
        return {}, f"openssl_options = {SWITCHES[version]}\n"
    return {"tls_require_ciphers": PRIORITIES[version]}, ""


def authenticators(*names, password=AUTH_PASSWORD, extra=""):
    bodies = "".join({**CLIENTS, **SCRAM}[name].replace("%s", password) + extra for name in names)
    return "begin authenticators\n" + bodies


@pytest.fixture
def mailer(world, sender):
    """A function: a sender by either driver, where both see DANE."""
    def make(driver, options, **more):
        own = {"dane_trust_anchor_file": world.trust_anchor} if driver == "danesmtp" else {}
        return sender(driver=driver, options={"hosts_require_dane": "*", "command_timeout": "3s",
                                              "hosts_try_chunking": "", "hosts_try_prdr": "",
                                              **own, **options}, **more)

    with world.trust_ad():
        yield make


@pytest.fixture
def scripted(world):
    servers = []

    def start(script, certificate="scripted"):
        servers.append(world.scripted_server(SCRIPTED, certificate, script))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def fields(line):
    """A log line without what differs from one delivery to the next."""
    line = re.sub(r"^\S+ \S+ \S+ ", "", line)
    return re.sub(r"DT=\S+|QT=\S+|id=\S+|C=\"[^\"]*\"|\[\d+\]|:SECP\S+|:X25519", "", line)


def delivery_lines(mail, message_id):
    """Our line of a missing authentication names the host; that of smtp does not say whose it is."""
    lines = [fields(line) for line in mail.log_lines(message_id) if "<=" not in line]
    return [re.sub(r" H=\S+ DS \S+: authentication", ": authentication", line) for line in lines]


@pytest.mark.parametrize("mechanism", CLIENTS)
def test_mechanism_works_as_with_smtp(world, mailer, mechanism):
    seen = {}
    for driver in DRIVERS:
        mail = mailer(driver, REQUIRED, sections=authenticators(mechanism))
        message_id = mail.send("bob@ee.lab")
        (received,) = world.receivers.mail(message_id)
        assert received.received["protocol"] == "esmtpsa"
        assert mail.queue() == {}
        seen[driver] = (delivery_lines(mail, message_id), received.header("Authenticated"))
    lines, header = seen["danesmtp"]
    name = mechanism.split("-", maxsplit=1)[0].lower()
    assert f" A={name}:{AUTH_USER} " in lines[0] and "CV=dane" in lines[0]
    assert header.startswith(f"as {AUTH_USER} by {name} ")
    assert seen["smtp"] == seen["danesmtp"]


@pytest.mark.parametrize("options,left", [(REQUIRED, 1), (TRIED, 0)], ids=["required", "tried"])
def test_wrong_password(world, mailer, options, left):
    seen = {}
    for driver in DRIVERS:
        mail = mailer(driver, options, sections=authenticators("PLAIN", "CRAM-MD5", password="wrong"))
        message_id = mail.send("bob@ee.lab")
        assert len(mail.queue()) == left
        received = world.receivers.mail(message_id)
        assert len(received) == 1 - left
        assert [one.received["protocol"] for one in received] == ["esmtps"] * (1 - left)
        seen[driver] = delivery_lines(mail, message_id)
    log = "\n".join(seen["danesmtp"])
    for name in ("plain", "cram"):
        assert f"{name} authenticator failed H=mx.ee.lab [192.0.2.10] 535 " in log
    assert ("authentication required but authentication attempt(s) failed" in log) == bool(left)
    assert seen["smtp"] == seen["danesmtp"]


@pytest.mark.parametrize("name,offer,why", [
    ("no AUTH", ["250 scripted.lab"], "server did not advertise AUTH support"),
    ("another mechanism", ["250-scripted.lab", "250 AUTH GSSAPI"], "no common mechanisms were found"),
], ids=["no-auth", "another"])
def test_required_and_not_to_be_had(mailer, scripted, name, offer, why):
    server = scripted({"ehlo-tls": {"reply": offer}})
    seen = {}
    for driver in DRIVERS:
        mail = mailer(driver, REQUIRED, sections=authenticators("PLAIN"))
        message_id = mail.send("bob@scripted.lab")
        assert mail.queue() == {message_id: ["bob@scripted.lab"]}, name
        seen[driver] = delivery_lines(mail, message_id)
    assert f"authentication required but {why}" in "\n".join(seen["danesmtp"])
    assert seen["smtp"] == seen["danesmtp"]
    assert not [line for line in server.commands() if line.startswith(("AUTH", "MAIL"))]


def test_what_was_offered_before_tls_is_not_used(mailer, scripted):  # tests D-026
    server = scripted({"ehlo": {"reply": ["250-scripted.lab", "250-AUTH PLAIN", "250 STARTTLS"]},
                       "ehlo-tls": {"reply": "250 scripted.lab"}})
    mail = mailer("danesmtp", REQUIRED, sections=authenticators("PLAIN"))
    message_id = mail.send("bob@scripted.lab")
    assert "server did not advertise AUTH support" in "\n".join(mail.log_lines(message_id))
    assert not [line for line in server.commands() if line.startswith("AUTH")]


def test_an_impostor_hears_no_secret(mailer, scripted):  # tests D-020, D-094
    server = scripted({"ehlo": {"reply": ["250-scripted.lab", "250-AUTH PLAIN", "250 STARTTLS"]},
                       "ehlo-tls": {"reply": OFFER}}, certificate="impostor")
    mail = mailer("danesmtp", REQUIRED, sections=authenticators("PLAIN", "LOGIN", "CRAM-MD5"))
    message_id = mail.send("bob@scripted.lab")
    assert mail.queue() == {message_id: ["bob@scripted.lab"]}
    assert [line.split()[0] for line in server.commands()] == ["EHLO", "STARTTLS"]


@pytest.mark.parametrize("name,action,text", [
    ("4xx", {"auth": {"reply": "454 not now"}},
     r"SMTP error from remote mail server after AUTH PLAIN \*+: 454 not now"),
    ("421", {"auth": {"reply": "421 bye", "then": "close"}}, "421 bye"),
    ("close", {"auth": {"then": "close"}}, r"Remote host closed connection in response to AUTH PLAIN \*+"),
    ("reset", {"auth": {"then": "reset"}}, r"Remote host closed connection .* AUTH PLAIN \*+"),
    ("silence", {"auth": {"then": "silence"}}, r"SMTP timeout after AUTH PLAIN \*+"),
    ("garbage", {"auth": {"reply": "what?"}}, r"Malformed SMTP reply in response to AUTH PLAIN \*+"),
    pytest.param("flood", {"auth": {"reply": "2" * 100000}}, r"Malformed SMTP reply in response to AUTH PLAIN \*+",
                 marks=pytest.mark.declared("TRANSPORT_MAGIC")),  # of Exim before, the connection was closed
    ("one reply too many", {"auth": {"reply": "235 yes", "inject": "250 injected\r\n"}},
     r"Malformed SMTP reply in response to AUTH PLAIN \*+"),
], ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "")
def test_dialogue_breaks_off(mailer, scripted, name, action, text):
    server = scripted({"ehlo-tls": {"reply": OFFER}, **action})
    mail = mailer("danesmtp", TRIED, sections=authenticators("PLAIN"))
    message_id = mail.send("bob@scripted.lab")
    assert mail.queue() == {message_id: ["bob@scripted.lab"]}, name
    log = "\n".join(mail.log_lines(message_id))
    assert re.search(text, log), log
    assert "T:mx.scripted.lab:" in mail.retry_records()
    assert server.messages() == [] and not [c for c in server.commands() if c.startswith("MAIL")]
    assert base64.b64encode(f"\0{AUTH_USER}\0{AUTH_PASSWORD}".encode()).decode() not in log


def test_next_authenticator_after_a_refusal(mailer, scripted):
    server = scripted({"ehlo-tls": {"reply": OFFER},
                       "auth": [{"match": "PLAIN", "reply": "535 no"}, {"reply": "334 VXNlcm5hbWU6"}],
                       "auth-answer": [{"match": "^cmVsYXktdXNlcg==$", "reply": "334 UGFzc3dvcmQ6"}]})
    mail = mailer("danesmtp", REQUIRED, sections=authenticators("PLAIN", "LOGIN"))
    message_id = mail.send("bob@scripted.lab")
    assert mail.queue() == {}
    log = "\n".join(mail.log_lines(message_id))
    assert "plain authenticator failed H=mx.scripted.lab" in log and f"A=login:{AUTH_USER}" in log
    answers = [base64.b64decode(event["line"]).decode() for event in server.events("auth-answer")]
    assert answers == [AUTH_USER, AUTH_PASSWORD]


def test_no_secret_in_logs_or_debugging_output(mailer):
    """Under the debug selectors that concern us; Exim's own +expand and +all show expansions."""
    secrets = [AUTH_PASSWORD, base64.b64encode(f"\0{AUTH_USER}\0{AUTH_PASSWORD}".encode()).decode()]
    mail = mailer("danesmtp", REQUIRED, sections=authenticators("PLAIN"))
    output = mail.deliver(mail.inject("bob@ee.lab"), debug="-d-all+transport+tls+deliver+auth")
    assert "plain authenticator yielded OK" in output and "AUTH PLAIN ****" in output
    for secret in secrets:
        assert secret not in output + mail.mainlog() + mail.paniclog()


@pytest.mark.parametrize("name,options,expected", [
    ("of the message", {}, "sender="),
    ("of the option", {"authenticated_sender": "other+x@sender.lab"}, "sender=other+x@sender.lab"),
    ("forced failure", {"authenticated_sender": "${if eq{a}{b}{x}fail}"}, "sender="),
], ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "")
def test_authenticated_sender(world, mailer, name, options, expected):
    seen = {}
    for driver in DRIVERS:
        mail = mailer(driver, {**REQUIRED, **options}, sections=authenticators("PLAIN"))
        message_id = mail.send("bob@ee.lab")
        (received,) = world.receivers.mail(message_id)
        seen[driver] = received.header("Authenticated")
    assert expected in seen["danesmtp"], name
    assert seen["smtp"] == seen["danesmtp"]


@since_4_97
def test_mail_says_auth_only_when_authenticated_or_forced(mailer, scripted):
    rows = [({}, None), (TRIED, "AUTH=x+2By@sender.lab"),
            ({"authenticated_sender_force": "true"}, "AUTH=x+2By@sender.lab")]
    server = scripted({"ehlo-tls": {"reply": OFFER}})
    for options, expected in rows:
        said = len(server.commands())
        mail = mailer("danesmtp", {"authenticated_sender": "x+y@sender.lab", **options},
                      sections=authenticators("PLAIN"))
        mail.send("bob@scripted.lab")
        (command,) = [line for line in server.commands()[said:] if line.startswith("MAIL")]
        assert (expected in command) if expected else ("AUTH=" not in command), command


def test_configuration_that_cannot_work_defers_before_any_mail(mailer, scripted):
    server = scripted({"ehlo-tls": {"reply": OFFER}})
    for options, extra, why in [
            (TRIED, "", "expansion of"),
            ({"authenticated_sender": "${nonsense", **TRIED}, "ok", "authenticated_sender")]:
        password = AUTH_PASSWORD if extra else "${nonsense"
        mail = mailer("danesmtp", options, sections=authenticators("PLAIN", password=password))
        message_id = mail.send("bob@scripted.lab")
        assert mail.queue() == {message_id: ["bob@scripted.lab"]}
        assert why in "\n".join(mail.log_lines(message_id))
    assert not [line for line in server.commands() if line.startswith("MAIL")]


@since_4_97
def test_event_auth_fail(mailer):
    action = '${if eq{auth:fail}{$event_name}{refused $sender_host_authenticated on $host: $event_data}}'
    seen = {}
    for driver in DRIVERS:
        mail = mailer(driver, {**REQUIRED, "event_action": action},
                      sections=authenticators("PLAIN", password="wrong"))
        message_id = mail.send("bob@ee.lab")
        seen[driver] = delivery_lines(mail, message_id)
    assert "refused plain on mx.ee.lab: 535" in "\n".join(seen["danesmtp"])
    assert seen["smtp"] == seen["danesmtp"]


@pytest.mark.parametrize("condition,authenticated", [
    pytest.param("${if eq{$tls_out_dane}{yes}}", True, marks=pytest.mark.needs("DANE")), ("${if def:tls_out_cipher}", True),
    ("${if eq{$tls_out_sni}{mx.ee.lab}}", True), ("${if def:tls_out_cipher {no}{yes}}", False),
    ("${if eq{$host}{mx.other.lab}}", False)])
def test_client_condition(world, mailer, condition, authenticated):
    mail = mailer("danesmtp", TRIED, sections=authenticators(
        "PLAIN", extra=f"  client_condition = {condition}\n"))
    (received,) = world.receivers.mail(mail.send("bob@ee.lab"))
    assert (received.received["protocol"] == "esmtpsa") == authenticated


def marked_plus(mechanisms):
    return [pytest.param(name, marks=since_4_97) if "PLUS" in name else name for name in mechanisms]


@pytest.fixture
def gsasl(world):
    """For tests of SCRAM: an Exim may be without its authenticator."""
    if not world.exim.authenticates_by("gsasl"):
        pytest.skip("this Exim has no gsasl authenticator")


def scram_drivers(world, mechanism):
    """With GNU SASL 2.2 the smtp driver cannot do SCRAM without -PLUS under TLS: it gives gsasl a
    channel binding that this form of SCRAM has no place for. Between OpenSSL and a receiver with GnuTLS the
    driver fails with -PLUS too."""
    both = mechanism.endswith("-PLUS") and "OpenSSL" not in world.exim.features()
    return DRIVERS if both else ["danesmtp"]


@pytest.mark.usefixtures("gsasl")
@pytest.mark.parametrize("mechanism,version", [
    pytest.param(mechanism, version, marks=[since_4_97] if "PLUS" in mechanism and version == "1.3" else [])
    for mechanism in SCRAM for version in PRIORITIES])
def test_scram(world, mailer, mechanism, version):
    name = "scram_plus" if mechanism.endswith("-PLUS") else "scram"
    seen = set()
    for driver in scram_drivers(world, mechanism):
        options, main = version_alone(world, version)
        mail = mailer(driver, {**REQUIRED, **options}, main=main, sections=authenticators(mechanism))
        message_id = mail.send("bob@ee.lab")
        (received,) = world.receivers.mail(message_id)
        assert received.received["protocol"] == "esmtpsa"
        assert received.received["cipher"].startswith(f"TLS{version}:")
        assert received.header("Authenticated").startswith(f"as {AUTH_USER} by {name} ")
        assert mail.queue() == {}
        seen.add("\n".join(delivery_lines(mail, message_id)))
    assert len(seen) == 1, seen
    assert f" A={name}:{AUTH_USER} " in seen.pop()


@pytest.mark.usefixtures("gsasl")
@pytest.mark.parametrize("mechanism", marked_plus(SCRAM))
def test_scram_with_a_wrong_password(world, mailer, mechanism):
    seen = set()
    for driver in scram_drivers(world, mechanism):
        mail = mailer(driver, REQUIRED, sections=authenticators(mechanism, password="wrong"))
        message_id = mail.send("bob@ee.lab")
        assert mail.queue() == {message_id: ["bob@ee.lab"]}
        assert world.receivers.mail(message_id) == []
        seen.add("\n".join(delivery_lines(mail, message_id)))
    assert len(seen) == 1, seen
    assert re.search(r"scram\w* authenticator failed H=mx.ee.lab \[192.0.2.10\] 535 ", seen.pop())


@since_4_97
@pytest.mark.usefixtures("gsasl")
def test_plus_after_another_was_refused(world, mailer):
    """The channel binding is out of sight for the one only."""
    wrong = authenticators("SCRAM-SHA-256", password="wrong")
    right = authenticators("SCRAM-SHA-256-PLUS").replace("begin authenticators\n", "")
    mail = mailer("danesmtp", REQUIRED, sections=wrong + right)
    message_id = mail.send("bob@ee.lab")
    (received,) = world.receivers.mail(message_id)
    assert received.header("Authenticated").startswith(f"as {AUTH_USER} by scram_plus ")
    assert "scram authenticator failed" in "\n".join(mail.log_lines(message_id))


class ManInTheMiddle:
    """Has the server's key, and carries EHLO and AUTH word by word to the receiver at `EE_RECEIVER` in
    a TLS session of its own; breaks off at the first other command. `replies` are those to AUTH."""

    def __init__(self, listener, pem_file, version):
        self.replies = []
        self._onward_version = TLS_VERSIONS[version]
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem_file)
        self._listener = listener
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self):
        with contextlib.suppress(OSError):  # stopped before
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._thread.join(30)
        self._listener.close()

    def _serve(self):
        try:
            client, _ = self._listener.accept()
        except OSError:
            return  # stop()
        client.settimeout(20)
        client.sendall(b"220 scripted.lab ESMTP\r\n")
        client.recv(1000)
        client.sendall(b"250-scripted.lab\r\n250 STARTTLS\r\n")
        client.recv(1000)
        client.sendall(b"220 go ahead\r\n")
        with self._context.wrap_socket(client, server_side=True) as client, self._onward() as server:
            self._carry(client, client.makefile("rb"), server, server.makefile("rb"))

    def _onward(self):
        server = socket.create_connection((EE_RECEIVER, 25), timeout=20)
        server.recv(1000)
        server.sendall(b"EHLO middle.lab\r\n")
        server.recv(1000)
        server.sendall(b"STARTTLS\r\n")
        server.recv(1000)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = self._onward_version
        return context.wrap_socket(server)

    def _carry(self, client, said, server, answers):
        for _ in range(8):
            line = said.readline()
            if not line or line.startswith((b"MAIL", b"QUIT")):
                return
            server.sendall(line)
            reply = answers.readline()
            while reply[3:4] == b"-":
                if reply[4:8] in (b"rece", b"AUTH"):
                    client.sendall(reply)  # of the capabilities only what this is about
                reply = answers.readline()
            client.sendall(reply)
            if not line.startswith(b"EHLO"):
                self.replies.append(reply[:3].decode())


@pytest.mark.usefixtures("gsasl")
@pytest.mark.parametrize("version", PRIORITIES)
@pytest.mark.parametrize("mechanism,replies", [
    pytest.param("SCRAM-SHA-256", ["334", "334", "235"], id="SCRAM-SHA-256"),  # to show that the middle carries well
    pytest.param("SCRAM-SHA-256-PLUS", ["334", "535"], id="SCRAM-SHA-256-PLUS", marks=since_4_97),
])
def test_scram_in_another_tls_session(world, mailer, mechanism, replies, version):
    for driver in scram_drivers(world, mechanism):
        middle = ManInTheMiddle(peer_socket(SCRIPTED, 25), world.certificates["scripted"].pem_file, version)
        world.ends_here(middle.stop)
        options, main = version_alone(world, version)
        mail = mailer(driver, {**REQUIRED, **options}, main=main, sections=authenticators(mechanism))
        message_id = mail.send("bob@scripted.lab")
        middle.stop()
        assert middle.replies == replies, "\n".join(mail.log_lines(message_id))
        assert mail.queue() == {message_id: ["bob@scripted.lab"]}


@since_4_97
@pytest.mark.usefixtures("gsasl")
@pytest.mark.parametrize("selectors,shown", [("+transport+tls+deliver", False), ("+auth", True)])
def test_channel_binding_is_shown_by_exims_auth_selector_only(mailer, selectors, shown):
    mail = mailer("danesmtp", REQUIRED, sections=authenticators("SCRAM-SHA-256-PLUS"))
    output = mail.deliver(mail.inject("bob@ee.lab"), debug="-d-all" + selectors)
    assert "A=scram_plus:" in mail.mainlog()
    # An exporter's 32 octets are 43 base64 characters and one sign of equality.
    binding = r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?!=)"
    assert bool(re.search(binding, output)) == shown
    assert not re.search(binding, mail.mainlog())
