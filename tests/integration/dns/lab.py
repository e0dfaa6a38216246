# SPDX-License-Identifier: GPL-2.0-or-later
"""A small signed Internet on 127.0.0.0/8: NSD serves the root, lab. and its children, Unbound is the
honest forwarder, and crooked forwarders do what servers on the way do. Everything is made anew in a
temporary directory; the processes end with close() and with the namespace."""
import ctypes
import ctypes.util
import os
import re
import socket
import socketserver
import struct
import subprocess
import tempfile
import threading
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

AUTHORITY = '127.0.1.1'
HONEST = '127.0.1.2'        # validates, says AD
CROOKED_PORT = 5300
CROOKED = {                 # what each does
    'silent': '127.0.1.10',
    'strips-dnssec': '127.0.1.11',
    'drops-dnskey': '127.0.1.12',
    'tlsa-servfail': '127.0.1.13',
    'refuses': '127.0.1.14',
    'garbage': '127.0.1.15',
    'strips-ad': '127.0.1.16',
    'truncates': '127.0.1.17',
    'forged-first': '127.0.1.18',
    'slow': '127.0.1.19',
    'one-reply-chain': '127.0.1.20',
    'replays-denial': '127.0.1.21',
    'tlsa-silent': '127.0.1.22',
}
NOBODY = '127.0.1.99'       # nothing listens there

HEAD = '''$ORIGIN {origin}
$TTL 300
@ SOA ns.root. hostmaster.root. 1 3600 600 86400 60
@ NS ns.root.
'''

TLSA = '3 1 1 ' + 'ab' * 32

ROOT = f'ns.root. A {AUTHORITY}\nlab. NS ns.root.\ntest. NS ns.root.\n'

LAB = f'''@ MX 10 mx
@ MX 20 mx2
mx A 192.0.2.1
mx AAAA 2001:db8::1
_25._tcp.mx TLSA {TLSA}
null MX 0 .
*._tcp.wild TLSA {TLSA}
alias CNAME mx
outward CNAME mx.unsigned
a1 CNAME a2
a2 CNAME a3
a3 CNAME mx
loop1 CNAME loop2
loop2 CNAME loop1
dname DNAME lab.
_25._tcp.tlsa-alias CNAME _25._tcp.mx
odd MX 5 a\\032b
unsigned NS ns.root.
broken NS ns.root.
expired NS ns.root.
dead NS ns.dead
n3 NS ns.root.
ns.dead A {NOBODY}
''' + ''.join(f'long{i} CNAME long{i + 1}\n' for i in range(20)) + 'long20 A 192.0.2.1\n' + \
    ''.join(f'_25._tcp.many TLSA 3 1 1 {i:064x}\n' for i in range(60)) + \
    ''.join(f'mx301 MX {i} m{i}\n' for i in range(301))

CHILD = f'@ MX 10 mx\nmx A 192.0.2.1\n_25._tcp.mx TLSA {TLSA}\n'


# Signed with more rounds of NSEC3 than resolvers go along with (RFC 9276 3.2).
MANY_ROUNDS = ('-n', '-t', '500', '-s', 'abcd')


def built_in_zones():
    """What the installed libunbound answers by itself unless told otherwise."""
    libc = ctypes.CDLL(None)
    library = ctypes.CDLL(ctypes.util.find_library('unbound'))
    for function in (libc.fopen, library.ub_ctx_create):
        function.restype = ctypes.c_void_p
    with tempfile.NamedTemporaryFile() as listing:
        out = ctypes.c_void_p(libc.fopen(listing.name.encode(), b'w'))
        context = ctypes.c_void_p(library.ub_ctx_create())
        library.ub_ctx_debugout(context, out)
        library.ub_ctx_print_local_zones(context)
        library.ub_ctx_delete(context)
        libc.fclose(out)
        return re.findall(rb' info: \w+ zone (\S+)', listing.read())


class Lab:
    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix='dns-lab-')
        self.path = self.directory.name
        self.processes = []
        self.anchor = self.file('anchor', '')
        self.make_zones()
        self.start_authority()
        self.start_honest()
        for kind, address in CROOKED.items():
            Crooked(kind, address)

    def put_over(self, system_file, text):
        """For this mount namespace the file of the system says that."""
        subprocess.run(['mount', '--bind', self.file(os.path.basename(system_file), text),
                        os.path.realpath(system_file)], check=True)

    def close(self):
        for process in self.processes:
            process.terminate()
            process.wait(timeout=10)
        self.directory.cleanup()

    def file(self, name, text):
        path = os.path.join(self.path, name)
        with open(path, 'w', encoding='ascii', errors='surrogateescape') as out:
            out.write(text)
        return path

    # Zones -------------------------------------------------------------------------------------
    def make_zones(self):
        self.file('unsigned.lab', HEAD.format(origin='unsigned.lab.') + CHILD)
        broken = self.sign('broken.lab', CHILD)
        self.damage('broken.lab')
        expired = self.sign('expired.lab', CHILD, '-i', '20200101', '-e', '20200201')
        lab = self.sign('lab', LAB + broken + expired + self.sign('n3.lab', CHILD, *MANY_ROUNDS))
        test = self.sign('test', CHILD)
        self.file('anchor', self.sign('.', ROOT + lab + test))

    def sign(self, zone, records, *options):
        """Signs the zone's file; returns the DS record for its parent."""
        origin = zone if zone == '.' else zone + '.'
        source = self.file(f'{zone}.zone', HEAD.format(origin=origin) + records)
        key = self.call('ldns-keygen', '-a', 'ECDSAP256SHA256', '-k', origin).strip()
        self.call('ldns-signzone', *options, '-o', origin, '-f',
                  os.path.join(self.path, zone if zone != '.' else 'root'), source, key)
        with open(os.path.join(self.path, key + '.ds'), encoding='ascii') as ds:
            return ds.read()

    def damage(self, zone):
        """Changes the last octets of the signatures of MX, A and TLSA."""
        path = os.path.join(self.path, zone)
        with open(path, encoding='ascii') as signed:
            text = signed.read()
        text = re.sub(r'(RRSIG\t(?:MX|A|TLSA) .* )(\S)(\S+)',
                      lambda m: m[1] + ('B' if m[2] == 'A' else 'A') + m[3], text)
        self.file(zone, text)

    def call(self, *command):
        return subprocess.run(command, cwd=self.path, check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    # Servers -----------------------------------------------------------------------------------
    def start_authority(self):
        zones = {'.': 'root', 'lab': 'lab', 'unsigned.lab': 'unsigned.lab',
                 'broken.lab': 'broken.lab', 'expired.lab': 'expired.lab', 'n3.lab': 'n3.lab',
                 'test': 'test'}
        config = self.file('nsd.conf', f'''server:
  ip-address: {AUTHORITY}
  zonesdir: "{self.path}"
  database: ""
  zonelistfile: "{self.path}/zone.list"
  pidfile: ""
  xfrdfile: "{self.path}/xfrd.state"
  username: ""
  server-count: 1
remote-control:
  control-enable: no
''' + ''.join(f'zone:\n  name: "{z}"\n  zonefile: "{f}"\n' for z, f in zones.items()))
        self.start('nsd', ['nsd', '-d', '-c', config], AUTHORITY)

    def start_honest(self):
        hints = self.hints = self.file('hints', f'. 3600 NS ns.root.\nns.root. 3600 A {AUTHORITY}\n')
        nothing_made_up = ''.join(f'  local-zone: {zone.decode()} nodefault\n'
                                  for zone in built_in_zones() if zone != b'localhost.')
        config = self.file('unbound.conf', f'''server:
  interface: {HONEST}
  access-control: 127.0.0.0/8 allow
  do-daemonize: no
  do-ip6: no
  chroot: ""
  username: ""
  pidfile: ""
  directory: "{self.path}"
  use-syslog: no
  do-not-query-localhost: no
  val-nsec3-keysize-iterations: "1024 65535 2048 65535 4096 65535"
{nothing_made_up}  root-hints: "{hints}"
  trust-anchor-file: "{self.anchor}"
remote-control:
  control-enable: no
''')
        self.start('unbound', ['unbound', '-d', '-c', config], HONEST)

    def start(self, name, command, address):
        log_path = os.path.join(self.path, name + '.log')
        with open(log_path, 'wb') as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log))
        for _ in range(100):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                if probe.connect_ex((address, 53)) == 0:
                    return
            time.sleep(0.05)
        with open(log_path, encoding='utf-8', errors='replace') as log:
            raise RuntimeError(f'{name} does not start:\n{log.read()}')


class Crooked:
    """A forwarder to the honest one, over UDP and TCP, that misbehaves in one way. `seen` is shared by
    all of them: (kind, transport, type, name)."""
    seen = []

    def __init__(self, kind, address):
        self.kind = kind
        self._asked = {}  # by name: when the TLSA records were asked for first
        crooked = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                query, sock = self.request
                for reply in crooked.replies(query, 'udp'):
                    sock.sendto(reply, self.client_address)

        class Tcp(socketserver.BaseRequestHandler):
            def handle(self):
                size = struct.unpack('>H', self.request.recv(2, socket.MSG_WAITALL))[0]
                for reply in crooked.replies(self.request.recv(size, socket.MSG_WAITALL), 'tcp'):
                    self.request.sendall(struct.pack('>H', len(reply)) + reply)

        for server, handler in ((socketserver.ThreadingUDPServer, Udp),
                                (socketserver.ThreadingTCPServer, Tcp)):
            server.daemon_threads = True
            for port in (CROOKED_PORT, 53):  # the second for a resolv.conf
                listener = server((address, port), handler)
                threading.Thread(target=listener.serve_forever, daemon=True).start()

    def replies(self, wire, transport):
        query = dns.message.from_wire(wire)
        question = query.question[0]
        Crooked.seen.append((self.kind, transport, dns.rdatatype.to_text(question.rdtype),
                             question.name.to_text()))
        act = getattr(self, self.kind.replace('-', '_'))
        return act(query, question, transport)

    def ask(self, query):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.settimeout(20)
            sock.connect((HONEST, 53))
            wire = query.to_wire()
            sock.sendall(struct.pack('>H', len(wire)) + wire)
            size = struct.unpack('>H', sock.recv(2, socket.MSG_WAITALL))[0]
            return dns.message.from_wire(sock.recv(size, socket.MSG_WAITALL))

    def failing(self, query, rcode):
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        reply.set_rcode(rcode)
        return [reply.to_wire()]

    def silent(self, _query, _question, _transport):
        return []

    def strips_dnssec(self, query, _question, _transport):
        plain = dns.message.make_query(query.question[0].name, query.question[0].rdtype)
        plain.flags |= dns.flags.CD
        plain.id = query.id
        return [self.ask(plain).to_wire()]

    def knows_no_short_name(self, query, question, _transport):
        """As the stub of systemd-resolved: it asks nobody for the address of a name of one label."""
        if len(question.name.labels) == 2 and question.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            return self.failing(query, dns.rcode.SERVFAIL)
        return [self.ask(query).to_wire()]

    def strips_unless_told(self, query, question, transport):
        """As that stub with DNSSEC=no: signatures come only with CD, which libunbound says at the second try."""
        if query.flags & dns.flags.CD and query.ednsflags & dns.flags.DO:
            return [self.ask(query).to_wire()]
        return self.strips_dnssec(query, question, transport)

    def drops_dnskey(self, query, question, _transport):
        return [] if question.rdtype == dns.rdatatype.DNSKEY else [self.ask(query).to_wire()]

    def tlsa_servfail(self, query, question, _transport):
        if question.rdtype == dns.rdatatype.TLSA:
            return self.failing(query, dns.rcode.SERVFAIL)
        return [self.ask(query).to_wire()]

    def tlsa_silent(self, query, question, _transport):
        return [] if question.rdtype == dns.rdatatype.TLSA else [self.ask(query).to_wire()]

    def refuses(self, query, _question, _transport):
        return self.failing(query, dns.rcode.REFUSED)

    def garbage(self, query, _question, _transport):
        return [query.to_wire()[:2] + b'\x81\x80\x00\x01\x00\x05\x00\x00\x00\x00'
                + query.to_wire()[12:]]

    def strips_ad(self, query, _question, _transport):
        reply = self.ask(query)
        reply.flags &= ~dns.flags.AD
        return [reply.to_wire()]

    def truncates(self, query, _question, transport):
        if transport == 'tcp':
            return [self.ask(query).to_wire()]
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.TC | dns.flags.RA
        return [reply.to_wire()]

    def forged_first(self, query, question, transport):
        """Forged answers without AD: a wrong id, another question; then the real one."""
        if transport == 'tcp':
            return [self.ask(query).to_wire()]
        forged = dns.message.make_response(query)
        forged.id = (query.id + 1) % 65536
        other = dns.message.make_response(dns.message.make_query('forged.lab.', question.rdtype))
        other.id = query.id
        return [forged.to_wire(), other.to_wire(), b'', b'x', self.ask(query).to_wire()]

    def slow(self, query, _question, _transport):
        time.sleep(1.0)
        return [self.ask(query).to_wire()]

    def finds_out_first(self, query, question, _transport):
        """As a resolver that asks name servers far away: no TLSA records within 6 s of the first question."""
        if question.rdtype == dns.rdatatype.TLSA:
            first = self._asked.setdefault(question.name, time.monotonic())
            time.sleep(max(0.0, first + 6 - time.monotonic()))
        return [self.ask(query).to_wire()]

    def replays_denial(self, query, question, _transport):
        """For TLSA records the denial of another name, from the same zone."""
        if question.rdtype != dns.rdatatype.TLSA:
            return [self.ask(query).to_wire()]
        elsewhere = question.name.parent().parent().parent().to_text()
        other = dns.message.make_query(f'_25._tcp.nowhere.{elsewhere}', 'TLSA', want_dnssec=True)
        reply = self.ask(other)
        reply.id, reply.question = query.id, query.question
        return [reply.to_wire()]

    def one_reply_chain(self, query, question, _transport):
        """c0, an alias of c1, ... of c20, all that is left of it in each reply; not signed."""
        zone = 'unsigned.lab.'
        link = re.fullmatch(r'c(\d+)\.' + re.escape(zone), question.name.to_text())
        if not link:
            return [self.ask(query).to_wire()]
        lines = [f'c{i}.{zone} 60 IN CNAME c{i + 1}.{zone}' for i in range(int(link[1]), 20)]
        lines += [f'c20.{zone} 60 IN A 192.0.2.1']
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        text = reply.to_text().replace(';ANSWER', ';ANSWER\n' + '\n'.join(lines))
        return [dns.message.from_text(text).to_wire()]
