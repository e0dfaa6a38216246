# SPDX-License-Identifier: GPL-2.0-or-later
"""World: the whole private world behind one class, for tests, demonstration and benchmarks.

    with World() as world:
        sender = world.sender(driver="smtp")
        message_id = sender.send("bob@ee.lab")

Runs inside `enter` only. start() makes certificates, signs the zones and starts the servers, all of
it anew; stop() ends the servers. What stays on disk is in a directory that ends with the namespace.
"""
import contextlib
import itertools
import os
import shutil
import signal
import ssl
import subprocess
from pathlib import Path

from certificates import Certificates
from exim_build import find_build, reference_build, trust
from name_servers import HIDDEN, Answerer, Renamer, answers, start_nsd, start_unbound
from network import add_peer_addresses, inside_world, peer_socket
from postfix import Postfix
from processes import WorldError, descendants, signal_all
from receivers import Receivers
from scripted_server import CAPABILITIES, ScriptedServer
from sender import MX_ROUTER, Sender
from signing import sign_changed, sign_world
from zones import NAME_SERVER, SCRIPTED_NAME_SERVER, SPECIAL_ZONES, ZONES, mail_addresses

SENDERS_AT_ONCE = 30  # the receivers' and these configurations have to fit into Exim's trusted list


class World:
    """Whatever it starts ends with it, or with the lifetime() in which it was started.

    After start(): `certificates`, `receivers`, `trust_anchor` (a file with the root's DS),
    `scripted` (by address, the ScriptedServers that the table of zones asks for) and `exim` (the
    build under test)."""

    def __init__(self, directory=None, more_zones=()):
        if not inside_world():
            raise WorldError("not inside a private world: run this through tests/world/enter")
        own = Path(os.environ["DANESMTP_WORLD"])
        self.directory = Path(directory) if directory else own / "world"
        self.zones = self.directory / "zones"
        self._served = {}
        self._resolv_conf = own / "resolv.conf"
        self._stops = contextlib.ExitStack()
        self._numbers = itertools.count(1)
        self._free_configs = []
        self.scripted = {}
        self._zones = (*ZONES, *SPECIAL_ZONES, *more_zones)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        os.umask(0o022)  # the servers' users read what we write
        self.exim = find_build()
        self.directory.mkdir()
        self.certificates = Certificates(self.directory / "certificates", self._leaves())
        add_peer_addresses([NAME_SERVER, SCRIPTED_NAME_SERVER, *mail_addresses(self._zones)])
        servers = [server for zone in self._zones for server in zone.servers]
        receiving = reference_build()
        self.receivers = Receivers(self.directory, receiving,
                                   [server for server in servers if server.script is None],
                                   self.certificates)
        self._make_configs_trusted(receiving)
        self.exim.use_modules_of_environment()
        self.receivers.start()
        self._stops.callback(self.receivers.stop)
        self._start_name_servers()
        for server in servers:
            if server.script is not None:
                self.scripted[server.address] = self.scripted_server(
                    server.address, server.certificate, server.script, server.port)
        self.receivers.wait_until_ready()

    def stop(self):
        self._stops.close()

    def sender(self, driver="danesmtp", options=None, *, main="", routers=MX_ROUTER,
               retry="* * F,2h,1m", sections="", acl="", log=""):
        """A fresh Sender; see there. To be given back with release() when many are made."""
        if not self._free_configs:
            raise WorldError(f"more than {SENDERS_AT_ONCE} senders at once: release() some")
        home = self.directory / f"sender-{next(self._numbers)}"
        return Sender(self.exim, self._free_configs.pop(), home, driver=driver, options=options,
                      main=main, routers=routers, retry=retry, sections=sections, acl=acl, log=log)

    def _leaves(self):
        """Of the table of zones; of further zones those that they name."""
        further = self._zones[len(ZONES) + len(SPECIAL_ZONES):]
        return [*(leaf for zone in ZONES for leaf in zone.certificates),
                *(leaf for zone in further for leaf in zone.leaves or ())]

    def zone(self, name):
        """The scenario zone of that name."""
        return next(zone for zone in self._zones if zone.name == name)

    def release(self, sender):
        """Makes the sender's configuration file free for another one."""
        self._free_configs.append(sender.config)

    @contextlib.contextmanager
    def lifetime(self):
        """What is started during it is stopped at its end, also when a start has failed."""
        outer, self._stops = self._stops, contextlib.ExitStack()
        try:
            with self._stops:
                yield
        finally:
            self._stops = outer

    def ends_here(self, stop):
        """`stop` is called at the end of the lifetime()."""
        self._stops.callback(stop)

    def scripted_server(self, address, certificate, script, port=25, capabilities=CAPABILITIES):
        """Starts a ScriptedServer; `certificate` is a name, a Certificate or None (no STARTTLS)."""
        if isinstance(certificate, str):
            certificate = self.certificates[certificate]
        return self._serve(peer_socket(address, port), certificate, script, capabilities)

    def submissions_server(self, address, certificate, capabilities=CAPABILITIES):
        """Starts a ScriptedServer without a script, under TLS from the first octet, at port 465."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates[certificate].pem_file)
        listener = context.wrap_socket(peer_socket(address, 465), server_side=True,
                                       do_handshake_on_connect=False)
        return self._serve(listener, None, {}, capabilities)

    def _serve(self, listener, certificate, script, capabilities):
        record = self.directory / f"scripted-{next(self._numbers)}.jsonl"
        server = ScriptedServer(listener, certificate, script, record, capabilities, self.certificates)
        self.ends_here(server.stop)
        return server

    def postfix(self, address, domain, certificate):
        """Starts a Postfix."""
        postfix = Postfix(self.directory / f"postfix-{next(self._numbers)}", address, domain,
                          self.certificates[certificate])
        self.ends_here(postfix.stop)
        postfix.wait_until_ready()
        return postfix

    @contextlib.contextmanager
    def trust_ad(self):
        """For its length the C library passes the resolver's AD bit on, as Exim's driver needs."""
        before = self._resolv_conf.read_text(encoding="ascii")
        self._resolv_conf.write_text(before + "options edns0 trust-ad\n", encoding="ascii")
        try:
            yield
        finally:
            self._resolv_conf.write_text(before, encoding="ascii")

    @contextlib.contextmanager
    def name_servers(self, *addresses):
        """For its length resolv.conf names these."""
        before = self._resolv_conf.read_text(encoding="ascii")
        self._resolv_conf.write_text("".join(f"nameserver {address}\n" for address in addresses),
                                     encoding="ascii")
        try:
            yield
        finally:
            self._resolv_conf.write_text(before, encoding="ascii")

    @contextlib.contextmanager
    def root_hints(self):
        """For its length the system's root hints are those of this world."""
        system = os.path.realpath("/usr/share/dns/root.hints")
        subprocess.run(["mount", "--bind", self.directory / "unbound-127.0.0.1/root.hints", system],
                       check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", system], check=True)

    @contextlib.contextmanager
    def lying_resolver(self, *records):
        """For its length the system's resolver is one that tells these records as the truth."""
        liar = start_unbound(self.directory, self.trust_anchor, address="127.0.0.2", lies=records)
        before = self._resolv_conf.read_text(encoding="ascii")
        try:
            liar.wait_until(lambda: answers("lab.", server="127.0.0.2"))
            self._resolv_conf.write_text("nameserver 127.0.0.2\n", encoding="ascii")
            yield
        finally:
            self._resolv_conf.write_text(before, encoding="ascii")
            liar.stop()

    @contextlib.contextmanager
    def without_resolver(self, lies=()):
        """For its length nobody answers at 127.0.0.1, or one who tells these records as the truth."""
        self._resolver.stop()
        try:
            if lies:
                self._resolver = start_unbound(self.directory, self.trust_anchor, lies=lies)
            yield
        finally:
            self._resolver.stop()
            self._resolver = start_unbound(self.directory, self.trust_anchor)
            self._resolver.wait_until(lambda: answers("lab."))

    @contextlib.contextmanager
    def silent_name_server(self):
        """For its length the name server of nearly all zones answers nobody."""
        pids = [self._name_server.pid, *descendants(self._name_server.pid)]
        signal_all(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            signal_all(pids, signal.SIGCONT)

    @contextlib.contextmanager
    def renaming_resolver(self, asked, told, search=""):
        """For its length the system's resolver answers for the domain `told` when it is asked for the MX
        records of `asked`; `search` is a list of suffixes for resolv.conf."""
        renamer = Renamer("127.0.0.3", asked, told)
        before = self._resolv_conf.read_text(encoding="ascii")
        try:
            self._resolv_conf.write_text("nameserver 127.0.0.3\n" + (f"search {search}\n" if search else ""),
                                         encoding="ascii")
            yield
        finally:
            self._resolv_conf.write_text(before, encoding="ascii")
            renamer.stop()

    def unbound_conf(self, trust_anchor=True):
        """An unbound.conf for dane_resolver: recursion in this world, with or without its anchor."""
        path = self.directory / f"client-{next(self._numbers)}.conf"
        anchor = f'  trust-anchor-file: "{self.trust_anchor}"\n' if trust_anchor else ""
        path.write_text(f"""server:
  chroot: ""
  root-hints: "{self.directory}/unbound-127.0.0.1/root.hints"
{anchor}""", encoding="ascii")
        return path

    @contextlib.contextmanager
    def changed_records(self, zone, owner, tlsa_data, **signing):
        """Gives a shell script that puts other TLSA records of `owner` into the running name server, and
        ends when it answers with them; `signing` as in sign_changed(). Afterwards the zone is as before."""
        changed = sign_changed(self.zones, zone, self.certificates, owner, tlsa_data, **signing)
        with self.changed_zones({zone.origin: changed}) as script:
            yield script

    @contextlib.contextmanager
    def changed_zones(self, changed):
        """As changed_records(), of the second versions of zones: paths by origin, as signing.py makes them."""
        before = {origin: f"{self._served[origin]}.before" for origin in changed}
        for origin, path in before.items():
            shutil.copy(self._served[origin], path)
        try:
            yield self._script_to_serve(changed, 2)
        finally:
            subprocess.run(["sh", "-c", self._script_to_serve(before, 1)], check=True)

    def _script_to_serve(self, paths, serial):
        copies = "\n".join(f"cp {path} {self._served[origin]}" for origin, path in paths.items())
        waits = "\n".join(f"serves {origin or '.'} || exit 1" for origin in paths)
        return f"""{copies}
kill -HUP $(cat {self.directory}/nsd/pid)
serves() {{
  for try in $(seq 200); do
    drill SOA $1 @{NAME_SERVER} | grep -q ' {serial} 3600 ' && return 0
    sleep 0.05
  done
  return 1
}}
{waits}
"""

    def _make_configs_trusted(self, receiving):
        configs = self.directory / "configs"
        configs.mkdir()
        self._free_configs = [configs / f"sender-{n}.conf" for n in range(SENDERS_AT_ONCE)]
        trust(self.directory, [(receiving, self.receivers.config),
                               *((self.exim, config) for config in self._free_configs)])

    def _start_name_servers(self):
        files, self.trust_anchor = sign_world(self.zones, self._zones, self.certificates)
        self._served = {file.origin: file.path for file in files}
        hidden = {zone.origin for zone in self._zones if zone.answers}
        main = start_nsd(self.directory, "nsd", NAME_SERVER, 53,
                         [file for file in files if file.origin not in hidden])
        self._stops.callback(main.stop)
        behind = start_nsd(self.directory, "nsd-hidden", *HIDDEN,
                           [file for file in files if file.origin in hidden])
        self._stops.callback(behind.stop)
        answerer = Answerer(self._zones)
        self._stops.callback(answerer.stop)
        self._name_server = main
        self._resolver = start_unbound(self.directory, self.trust_anchor)
        self._stops.callback(lambda: self._resolver.stop())
        main.wait_until(lambda: answers("lab.", server=NAME_SERVER))
        behind.wait_until(lambda: answers(f"{min(hidden)}.", server=SCRIPTED_NAME_SERVER))
        self._resolver.wait_until(lambda: answers("lab."))
