# SPDX-License-Identifier: GPL-2.0-or-later
"""An SMTP server that misbehaves on demand. A script is data and names only what is unusual:

    {"starttls": {"reply": "454 not now"},
     "rcpt": [{"match": "bob@", "reply": "550 no"}, {"match": "eve@", "then": "reset"}]}

Stages: connect banner ehlo starttls handshake ehlo-tls auth auth-answer mail rcpt data end-of-data bdat
rset noop quit. (AUTH is answered whether an EHLO line of the script offers it or not.)
(`connect` and `handshake` have no reply of their own; a reply there is sent raw, in place of the
banner's time or of our ServerHello.) Each stage has one action or a list of which the first that
applies counts; without one, the good default does. The keys of an action:

    match       applies only to a command line (or message) in which this regular expression is found
    connection  applies only to the n-th connection, from 1
    times       applies only so many times, in all connections together
    reply       text, or a list of lines; CR LF are added
    inject      text sent in the same write right behind the reply
    delay       seconds before the reply
    dribble     seconds before each octet of the reply
    then        "close", "reset" (RST instead of FIN) or "silence" (until the client gives up), after
                the reply if one is given, else instead of it
    tls         for `handshake`: the one TLS version spoken, "1.0" to "1.3"
    ciphers     for `handshake`: of TLS 1.2, as OpenSSL names them ("aNULL": none with a certificate)
    certificate for `handshake`: the name of another certificate of the world
    beside      for `handshake`: a PEM file with a second certificate, of another kind of key
    tickets     for `handshake`: "kept" (sessions of earlier handshakes of this kind can be resumed),
                "lost" (those before this one cannot); without it no session ever can
    staples     for `handshake`: files that are sent as OCSP responses, one a certificate of the chain

Everything seen is recorded, one JSON object a line. It must not be kinder than a real server:
commands are taken as they come, also several at once, and what a client sent before it went is
heard to its end.
"""
import json
import re
import socket
import ssl
import struct
import subprocess
import threading
import time

from client_hello import offered_sessions
from ocsp import stapling_relay

DEFAULT_REPLIES = {
    "banner": "220 scripted.lab ESMTP",
    "starttls": "220 go ahead",
    "auth": "235 welcome",
    "auth-answer": "235 welcome",
    "mail": "250 sender taken",
    "rcpt": "250 recipient taken",
    "data": "354 go on",
    "end-of-data": "250 message taken",
    "bdat": "250 chunk taken",
    "rset": "250 forgotten",
    "noop": "250 nothing done",
    "quit": "221 bye",
    "other": "502 not known here",
}
CAPABILITIES = ("SIZE 104857600", "8BITMIME", "PIPELINING")
TLS_VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
                "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
STAPLING_PRIORITIES = {"1.2": "NORMAL:-VERS-ALL:+VERS-TLS1.2", "1.3": "NORMAL"}
LONGEST_WAIT = 300  # seconds that a connection lives without a word from the client


class _Over(Exception):
    """The script or the client has ended the connection."""


class ScriptedServer:
    """Serves `listener` (a listening socket, which it owns from then on, also when the script is refused)
    until stop().

    `certificate` is one of Certificates; None: STARTTLS is not offered. `record` is the path of the
    record. `capabilities` are the EHLO lines beside STARTTLS.
    """

    def __init__(self, listener, certificate, script, record, capabilities=CAPABILITIES, others=None):
        unknown = set(script) - set(DEFAULT_REPLIES) - {"connect", "ehlo", "ehlo-tls", "handshake"}
        if unknown:
            listener.close()
            raise ValueError(f"no such stage: {', '.join(sorted(unknown))}")
        self.certificate = certificate
        self.script = script
        self.capabilities = capabilities
        self.others = others  # certificates by name, for `certificate` of an action
        self._listener = listener
        self.record = record
        self._lock = threading.Lock()
        self._used = {}  # id of an action -> how often it was carried out
        self._contexts = {}  # by what else is asked of them: their ticket keys
        self._connections = []
        record.touch()
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        except OSError:
            pass  # stopped before
        self._listener.close()

    def events(self, kind=None):
        """What was seen so far, of one kind if asked; waits a moment for connections to end."""
        end = time.monotonic() + 2
        for thread in list(self._connections):
            thread.join(max(0, end - time.monotonic()))
        with self._lock:
            lines = self.record.read_text(encoding="utf-8").splitlines()
        events = [json.loads(line) for line in lines]
        return [event for event in events if kind in (None, event["event"])]

    def record_text(self):
        """What was recorded so far, without waiting."""
        with self._lock:
            return self.record.read_text(encoding="utf-8")

    def commands(self):
        return [event["line"] for event in self.events("command")]

    def messages(self):
        """The octets of each message, dots removed again, CR LF kept."""
        return [event["data"].encode("latin-1") for event in self.events("message")]

    def write_event(self, connection, event, **facts):
        line = json.dumps({"connection": connection, "event": event, **facts})
        with self._lock, self.record.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def may_use(self, action):
        """Counts the uses of an action that has a number of times."""
        with self._lock:
            used = self._used[id(action)] = self._used.get(id(action), 0) + 1
        return used <= action.get("times", used)

    def tls_context(self, action):
        """The one of earlier handshakes, if the action keeps tickets: whoever has a ticket of theirs may go
        on with it, whatever the certificate is by now."""
        kind = tuple(action.get(key) for key in ("tls", "ciphers", "beside"))
        certificate = self.others[action["certificate"]] if "certificate" in action else self.certificate
        with self._lock:
            context, shown = self._contexts.get(kind, (None, None))
            if not context or action.get("tickets") != "kept":
                context, shown = _tls_context(action), None
            if shown != certificate:  # OpenSSL does not bear it while another thread is in a handshake
                context.load_cert_chain(certificate.pem_file)
                if "beside" in action:
                    context.load_cert_chain(action["beside"])
            self._contexts[kind] = (context, certificate)
        return context

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            connection = _Connection(self, sock, len(self._connections) + 1)
            thread = threading.Thread(target=connection.serve, daemon=True)
            thread.start()
            self._connections.append(thread)  # events() joins what is here


class _Connection:
    def __init__(self, server, sock, number):
        self._server = server
        self._sock = sock
        self._number = number
        self._buffer = b""
        self._chunks = b""  # of a message that comes by BDAT
        self._secure = False
        self._unheard = False  # a reply could not be sent: the client has gone
        self._relay = None
        sock.settimeout(LONGEST_WAIT)

    def serve(self):
        self._event("connect")
        try:
            self._act("connect")
            self._act("banner")
            while True:
                self._command(self._line())
        except _Over:
            pass
        except (OSError, ValueError) as error:  # the client's doing; ssl's errors are OSErrors
            self._event("error", text=str(error))
        finally:
            self._sock.close()
            self._end_relay()
            self._event("end")

    def _event(self, event, **facts):
        self._server.write_event(self._number, event, **facts)

    # -- what we do

    def _action(self, stage, seen):
        actions = self._server.script.get(stage, {})
        for action in actions if isinstance(actions, list) else [actions]:
            if not re.search(action.get("match", ""), seen):
                continue
            if action.get("connection", self._number) != self._number:
                continue
            if self._server.may_use(action):
                return action
        return {}

    def _act(self, stage, seen="", default=None):
        """Carries out the stage's action; returns the reply code sent, "" for none."""
        action = self._action(stage, seen)
        time.sleep(action.get("delay", 0))
        reply = action.get("reply", default or DEFAULT_REPLIES.get(stage))
        if action.get("then") and "reply" not in action:
            reply = None
        lines = [reply] if isinstance(reply, str) else reply or []
        octets = "".join(f"{line}\r\n" for line in lines) + action.get("inject", "")
        self._send(octets.encode("latin-1"), action.get("dribble", 0))
        self._end(action.get("then"))
        return lines[-1][:3] if lines else ""

    def _send(self, octets, dribble):
        if self._unheard:
            return
        try:
            self._write(octets, dribble)
        except OSError as error:
            self._unheard = True
            self._event("error", text=str(error))

    def _write(self, octets, dribble):
        if not dribble:
            self._sock.sendall(octets)
            return
        for index in range(len(octets)):
            time.sleep(dribble)
            self._sock.sendall(octets[index:index + 1])

    def _end(self, how):
        if how == "silence":
            while self._sock.recv(65536):
                pass
        if how == "reset":
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if how:
            raise _Over

    # -- what we hear

    def _fill(self):
        octets = self._sock.recv(65536)
        if not octets:
            raise _Over
        self._buffer += octets

    def _octets(self, count):
        while len(self._buffer) < count:
            self._fill()
        octets, self._buffer = self._buffer[:count], self._buffer[count:]
        return octets

    def _line(self):
        while b"\n" not in self._buffer:
            self._fill()
        return self._octets(self._buffer.index(b"\n") + 1)

    def _command(self, line):
        text = line.decode("latin-1").rstrip("\r\n")
        self._event("command", line=text, tls=self._secure)
        verb = text.split(" ", 1)[0].lower()
        if verb in ("ehlo", "helo"):
            self._act("ehlo-tls" if self._secure else "ehlo", text, self._greeting(verb))
        elif verb == "starttls" and self._server.certificate and not self._secure:
            if self._act("starttls", text).startswith("2"):
                self._handshake()
        elif verb == "auth":
            self._auth(text)
        elif verb == "data":
            if self._act("data", text) == "354":
                self._message(self._dotted_data())
        elif verb == "bdat":
            self._chunk(text)
        elif verb == "quit":
            self._act("quit", text)
            raise _Over
        else:
            self._act(verb if verb in ("mail", "rcpt", "rset", "noop") else "other", text)

    def _auth(self, text):
        code = self._act("auth", text)
        while code == "334":
            answer = self._line().decode("latin-1").rstrip("\r\n")
            self._event("auth-answer", line=answer)
            code = self._act("auth-answer", answer)

    def _greeting(self, verb):
        if verb == "helo":
            return "250 scripted.lab"
        lines = ["scripted.lab", *self._server.capabilities]
        if self._server.certificate and not self._secure:
            lines.append("STARTTLS")
        return [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]

    def _dotted_data(self):
        lines = []
        while (line := self._line()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def _message(self, octets, stage="end-of-data"):
        self._event("message", data=octets.decode("latin-1"), tls=self._secure, time=time.time())
        self._act(stage, octets.decode("latin-1"))

    def _chunk(self, text):
        """BDAT (RFC 3030), for scripts that offer CHUNKING. One message: chunks are joined."""
        words = text.lower().split()
        self._chunks += self._octets(int(words[1]))
        if words[-1] != "last":
            self._act("bdat", text)
            return
        octets, self._chunks = self._chunks, b""
        self._message(octets)

    def _handshake(self):
        if self._buffer:
            self._event("early", data=self._buffer.decode("latin-1"))
        action = self._action("handshake", "")
        if {"reply", "then", "delay"} & set(action):
            self._fill()  # the ClientHello, so that it is this that meets with the misbehaviour
            self._act("handshake")
            if "then" in action or "reply" in action:
                raise _Over
        if "staples" in action:
            self._stapled_handshake(action)
            return
        context = self._server.tls_context(action)
        tickets = offered_sessions(self._client_hello()) if action.get("tickets") else []
        self._sock = context.wrap_socket(self._sock, server_side=True)
        self._secure, self._buffer = True, b""
        self._event("tls", sni=getattr(self._sock, "asked_name", None), version=self._sock.version(),
                    cipher=(self._sock.cipher() or ("",))[0], resumed=self._sock.session_reused,
                    offered=tickets)

    def _client_hello(self):
        """Its octets, which stay to be read by the handshake; RFC 8446 5.1: all in one record."""
        while octets := self._sock.recv(65536, socket.MSG_PEEK):
            end = 5 + int.from_bytes(octets[3:5], "big")
            if len(octets) >= max(end, 6):
                return octets[5:end]
            time.sleep(0.01)
        raise _Over

    def _stapled_handshake(self, action):
        """By a program of its own, which then passes the clear text on."""
        ours, relayed = socket.socketpair()
        self._sock.setblocking(True)  # one that has a timeout does not block
        descriptors = (self._sock.fileno(), relayed.fileno())
        priority = STAPLING_PRIORITIES[action.get("tls", "1.3")]
        self._relay = subprocess.Popen(
            [stapling_relay(), *map(str, descriptors), priority,
             self._server.certificate.pem_file, *action["staples"]],
            pass_fds=descriptors, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        relayed.close()
        self._sock.close()
        ours.settimeout(LONGEST_WAIT)
        self._sock = ours
        version, _, name = self._relay.stdout.readline().decode().strip().partition(" ")
        if not version:
            raise OSError("the handshake failed")
        self._secure, self._buffer = True, b""
        self._event("tls", sni=name or None, version=version, cipher="")

    def _end_relay(self):
        if self._relay:
            self._relay.wait(timeout=10)
            self._relay.stdout.close()


def _tls_context(action):
    """Without a certificate. A socket of it knows its SNI as `asked_name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    version = action.get("tls")
    if version:
        # Level 0 is what OpenSSL 3 asks for before it speaks TLS 1.0 and 1.1.
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version = context.maximum_version = TLS_VERSIONS[version]
    if "ciphers" in action:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(action["ciphers"] + "@SECLEVEL=0")

    def note_sni(sock, name, _context):
        sock.asked_name = name

    context.sni_callback = note_sni
    return context
