# SPDX-License-Identifier: GPL-2.0-or-later
"""The world's DNS: NSD for the zones, a scripted answerer for what a real server does not do, and a
validating Unbound on 127.0.0.1 as the sender's system resolver. None uses anything of the machine's
own configuration, and none is started before the zones are signed.

The zones with `answers` live in a second NSD that only the answerer can reach: NSD would otherwise
answer for them itself, being asked for their parent.
"""
import socket
import struct
import threading
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype

from network import peer_socket, peers_command, start_peer_thread
from processes import Process
from zones import NAME_SERVER, SCRIPTED_NAME_SERVER

HIDDEN = ("127.0.0.1", 5300)  # among the peers


def start_nsd(directory, name, address, port, zone_files):
    """An NSD at address@port among the peers. Ready when it answers is for the caller to ask."""
    home = directory / name
    home.mkdir()
    config = home / "nsd.conf"
    zones = "".join(f'zone:\n  name: "{zone.origin}."\n  zonefile: "{zone.path}"\n'
                    for zone in zone_files)
    # Debian's NSD limits the rate of answers unless told not to.
    config.write_text(f"""server:
  ip-address: {address}@{port}
  username: ""
  chroot: ""
  zonesdir: "{home}"
  pidfile: "{home}/pid"
  logfile: "{home}/log"
  xfrdfile: "{home}/xfrd.state"
  zonelistfile: "{home}/zone.list"
  xfrdir: "{home}"
  database: ""
  cookie-secret-file: ""
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
{zones}""", encoding="ascii")
    return Process(name, peers_command(["nsd", "-d", "-c", str(config)]), home / "output",
                   [home / "log"])


def start_unbound(directory, trust_anchor, *, address="127.0.0.1", lies=(), validates=True, updates=False,
                  more=()):
    """The system's resolver. `lies` are records, in zone form, that it tells instead of the truth; a
    resolver that lies does not validate. With `updates` it keeps the trust anchor file up to date (RFC 5011).
    `more` are lines of the `server` section."""
    home = directory / f"unbound-{address}"
    home.mkdir(exist_ok=True)
    added = "".join(f"  {line}\n" for line in more)
    told = "".join(f"  local-zone: {record.split()[0]} transparent\n  local-data: '{record}'\n"
                   for record in lies)
    (home / "root.hints").write_text(f". NS ns.lab.\nns.lab. A {NAME_SERVER}\n", encoding="ascii")
    config = home / "unbound.conf"
    config.write_text(f"""server:
  interface: {address}
  username: ""
  chroot: ""
  directory: "{home}"
  pidfile: "{home}/pid"
  use-syslog: no
  logfile: "{home}/log"
  val-log-level: 2
  do-daemonize: no
  num-threads: 1
  msg-cache-size: 1m
  rrset-cache-size: 1m
  infra-host-ttl: 5
  local-zone: test. nodefault
  root-hints: "{home}/root.hints"
  {'auto-' if updates else ''}trust-anchor-file: "{trust_anchor}"
  module-config: "{'validator iterator' if validates and not lies else 'iterator'}"
{told}{added}remote-control:
  control-enable: yes
  control-interface: "{home}/control"
  control-use-cert: no
""", encoding="ascii")
    return Process("unbound", ["unbound", "-d", "-c", str(config)], home / "output", [home / "log"])


def answers(name, rdtype="SOA", server="127.0.0.1", seconds=0.2):
    """True when `server` gives an answer without error; for polling until it is ready."""
    try:
        reply = dns.query.udp(dns.message.make_query(name, rdtype), server, timeout=seconds)
    except (dns.exception.DNSException, OSError):
        return False
    return reply.rcode() == dns.rcode.NOERROR


class Answerer:
    """The scripted name server: passes queries on to the hidden NSD, except where a zone's
    `answers` say SERVFAIL, REFUSED, silence or a delay. UDP and TCP."""

    def __init__(self, zones):
        self._rules = {zone.origin: zone.answers for zone in zones if zone.answers}
        self._udp = peer_socket(SCRIPTED_NAME_SERVER, 53, socket.SOCK_DGRAM)
        self._tcp = peer_socket(SCRIPTED_NAME_SERVER, 53)
        start_peer_thread(self._serve_udp)
        start_peer_thread(self._serve_tcp)

    def stop(self):
        for sock in (self._udp, self._tcp):
            try:
                sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits on it
            except OSError:
                pass  # not connected: said of UDP sockets, which are woken all the same
            sock.close()

    def _serve_udp(self):
        def serve(query, client):
            reply = self._reply(query, dns.query.udp)
            if reply:
                self._udp.sendto(reply, client)

        while True:
            try:
                query, client = self._udp.recvfrom(65535)
            except OSError:
                return
            if not query:
                return
            threading.Thread(target=serve, args=(query, client), daemon=True).start()

    def _serve_tcp(self):
        while True:
            try:
                client, _ = self._tcp.accept()
            except OSError:
                return
            client.settimeout(10)
            threading.Thread(target=self._serve_tcp_client, args=(client,), daemon=True).start()

    def _serve_tcp_client(self, client):
        with client, client.makefile("rb") as stream:
            try:
                while len(length := stream.read(2)) == 2:
                    reply = self._reply(stream.read(*struct.unpack("!H", length)), dns.query.tcp)
                    if reply:
                        client.sendall(struct.pack("!H", len(reply)) + reply)
            except OSError:
                return  # the client left, or said nothing for ten seconds

    def _reply(self, wire, transport):
        """The answer's octets, or None for silence."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        rule = self._rule(query.question[0]) if query.question else "REFUSED"
        if rule == "silence":
            return None
        if isinstance(rule, str):
            reply = dns.message.make_response(query)
            reply.set_rcode(dns.rcode.from_text(rule))
            return reply.to_wire()
        time.sleep(rule)
        address, port = HIDDEN
        try:
            return transport(query, address, port=port, timeout=5).to_wire(max_size=65535)
        except (dns.exception.DNSException, OSError):
            return None

    def _rule(self, question):
        """What to do: "silence", an error's name, or the delay before the real answer."""
        name = question.name.to_text(omit_final_dot=True).lower()
        for origin, rules in self._rules.items():
            if name == origin or name.endswith("." + origin):
                return rules.get(dns.rdatatype.to_text(question.rdtype), 0)
        return "REFUSED"


class Renamer:
    """A resolver at `address`@53 of the sender's side that answers questions for the MX records of `asked`
    with those of `told`, under that name, as if the client had meant it; all else as 127.0.0.1 does."""

    def __init__(self, address, asked, told):
        self._asked, self._told = (dns.name.from_text(name) for name in (asked, told))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self):
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self):
        while True:
            wire, client = self._socket.recvfrom(65535)
            if not wire:
                return  # stop()
            query = dns.message.from_wire(wire)
            self._socket.sendto(self._reply(query).to_wire(), client)

    def _reply(self, query):
        question = query.question[0]
        if question.name != self._asked or question.rdtype != dns.rdatatype.MX:
            reply = dns.query.udp(query, "127.0.0.1", timeout=5)
        else:
            truth = dns.query.udp(dns.message.make_query(self._told, "MX"), "127.0.0.1", timeout=5)
            reply = dns.message.make_response(query)
            reply.answer = truth.answer
        reply.flags &= ~dns.flags.AD
        return reply
