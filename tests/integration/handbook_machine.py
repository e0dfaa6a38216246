# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine on which the commands of doc/handbook/ are run: a mount namespace of its own, inside the world,
in which /etc, /var and /usr/sbin are this machine's with changes in memory. Exim is exim4, as in Debian, with a
configuration that has `driver = smtp`; the resolver of resolv.conf is the world's, and so is the trust anchor.

A page speaks of example.org and the like; they are domains of the world (NAMES), in commands and in what
they print.
"""
import contextlib
import itertools
import re
import shutil
import subprocess
from pathlib import Path

from certificates import TA_CHAIN, Leaf
from collector import Collector
from cryptography.hazmat.primitives.serialization import Encoding
from name_servers import answers
from openssl_responder import start_responder
from policy_daemon import PolicyDaemon, policy
from resolvers import start_resolver
from tool import TOOL

POLICIES = "/run/danesmtp/policies"
NAMES = {"example.org": "ee.lab", "example.net": "impostor.lab", "example.com": "plain.lab",
         "example.edu": "sender.lab", "sts.example": "scripted-plain.lab", "ocsp.example": "127.0.0.1:8888",
         "inet:127.0.0.1:8461": f"unix:{POLICIES}"}
PAGE = {new: old for old, new in NAMES.items()}
MODULES = "/usr/lib/exim4/modules"
ADDRESSES = (f"127.0.5.{number}" for number in itertools.count(1))

CONFIGURATION = """primary_hostname = sender.lab
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
log_selector = +dnssec
keep_environment =

begin routers

dnslookup:
  driver = dnslookup
  domains = ! sender.lab
  transport = remote_smtp
  dnssec_request_domains = *
  no_more

local:
  driver = accept
  transport = mailbox

begin transports

remote_smtp:
  driver = smtp

mailbox:
  driver = appendfile
  directory = /var/mail/all
  maildir_format
  user = mail

begin retry

* * F,2h,1m
"""

# A second -C, as the doctor's own, is Exim's to judge.
EXIM = """#!/bin/sh
for word; do [ "$word" = -C ] && exec {binary} "$@"; done
exec {binary} -C /etc/exim4/exim4.conf "$@"
"""

MOUNTS = """set -e
for place in etc var usr/sbin; do
  mkdir -p {home}/$place {home}/work/$place
  mount -t overlay overlay -o lowerdir=/$place,upperdir={home}/$place,workdir={home}/work/$place /$place
done
mount --bind {anchor} "$(realpath /usr/share/dns/root.key)"
cp -R {home}/files/etc/. /etc/
cp {home}/files/exim4 /usr/sbin/exim4
ln -s {tool} /usr/sbin/danesmtp
ln -s {dumpdb} /usr/sbin/exim_dumpdb
mkdir -p /var/log/exim4 /var/spool/exim4 /var/mail/all /var/lib/danesmtp
chown mail:mail /var/log/exim4 /var/spool/exim4 /var/mail/all
echo ready
exec sleep infinity
"""

def translated(text, names):
    for old, new in names.items():
        text = re.sub(rf"(?<![\w-]){re.escape(old)}(?![\w-]|\.\w)", new, text)
    return text


class Machine:
    def __init__(self, world, home):
        self.world = world
        self._home = home
        self._stops = contextlib.ExitStack()
        self._holder = None
        self._collector = None
        self._resolver = "127.0.0.1"

    def start(self):
        self._put("files/etc/exim4/exim4.conf", CONFIGURATION)
        self._put("files/etc/resolv.conf", "nameserver 127.0.0.1\n")
        self._put("files/etc/ssl/certs/ca-certificates.crt",
                  self.world.certificates["root"].x509.public_bytes(Encoding.PEM).decode())
        self._put("files/exim4", EXIM.format(binary=self.world.exim.binary), 0o755)
        script = MOUNTS.format(home=self._home, anchor=self.world.trust_anchor, tool=TOOL,
                               dumpdb=self.world.exim.dumpdb)
        self._holder = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
                                        stdout=subprocess.PIPE, text=True, cwd="/")
        self._stops.callback(self._end_holder)
        assert self._holder.stdout.readline() == "ready\n"
        self._trust_configuration()

    def stop(self):
        self._stops.close()

    def run(self, command):
        """The exit status, and what it wrote, in the page's names."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["nsenter", f"--mount=/proc/{self._holder.pid}/ns/mnt", "--wd=/", "bash", "-c",
             f"set -euo pipefail; cd /root; {translated(command, NAMES)}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
            check=False, env=environment)
        said = done.stdout.replace(self.world.exim.module_dir, MODULES).replace(self._resolver, "127.0.0.1")
        return done.returncode, translated(said, PAGE)

    def change(self, words):
        """What a page asks of the world, by a comment."""
        getattr(self, f"world_{words[0]}")(*words[1:])

    # -- what a page may ask

    def world_file(self, path, certificate):
        """The certificates of a server, with its key, as PEM."""
        self._copy(self.world.certificates[certificate].pem_file, path)

    def world_resolver(self, kind, how="validating"):
        """The resolver of resolv.conf is of another kind."""
        address = self._resolver = next(ADDRESSES)
        process = start_resolver(kind, self.world.directory, self.world.trust_anchor, address, how == "validating")
        self._stops.callback(process.stop)
        process.wait_until(lambda: answers("lab.", server=address))
        assert self.run(f"echo nameserver {address} > /etc/resolv.conf") == (0, "")

    def world_publish(self, path):
        """The records of a file are published beside those that there are."""
        _, text = self.run(f"cat {path}")
        data = re.findall(r"TLSA (\d \d \d \w+)", text)
        zone = self.world.zone("ee")
        script = self._stops.enter_context(
            self.world.changed_records(zone, "_25._tcp.mx", [*zone_records(zone), *data]))
        subprocess.run(["sh", "-c", script], check=True, timeout=30)
        forget(self.world)
        self._stops.callback(forget, self.world)

    def world_responder(self):
        """Of the authority that has issued the certificate `ta`."""
        self._stops.callback(start_responder(self.world, self._folder("responder")).stop)

    def world_collector(self, path):
        """Of TLS reports."""
        Path(path).parent.mkdir(exist_ok=True)
        self._collector = Collector(path)
        self._stops.callback(self._collector.close)

    def world_collected(self, *expected):
        """domain policy result: all that the collector was told since it was last looked at."""
        told = [word for one in self._collector.results() for word in one]
        assert [translated(word, PAGE) for word in told] == list(expected)

    def world_policies(self, domain):
        """A daemon knows an enforced policy for a domain whose server has a certificate for its name."""
        world_name = translated(domain, NAMES)
        host = f"mx.{world_name}"
        Path(POLICIES).unlink(missing_ok=True)
        daemon = PolicyDaemon(POLICIES)
        self._stops.callback(daemon.stop)
        daemon.says[world_name] = policy(host)
        certificate = self.world.certificates.issue(
            Leaf(f"handbook-{domain}", (host,), issuer="intermediate", sends=TA_CHAIN))
        self._stops.callback(self.world.scripted_server("192.0.2.50", certificate, {}).stop)

    def world_half_a_library(self):
        """An upgrade that broke off: core.so is cut short."""
        with self._other_modules("half") as modules, open(modules / "danesmtp/core.so", "r+b") as core:
            core.truncate(100000)

    def world_no_module(self):
        with self._other_modules("none") as modules:
            (modules / "danesmtp_transport.so").unlink()

    @contextlib.contextmanager
    def _other_modules(self, name):
        """A copy of Exim's module directory, which takes its place when it has been changed."""
        modules = self._folder(name)
        shutil.copytree(self.world.exim.module_dir, modules, dirs_exist_ok=True)
        yield modules
        assert self.run(f"mount --bind {modules} {self.world.exim.module_dir}") == (0, "")

    def world_whole_library(self):
        assert self.run(f"umount {self.world.exim.module_dir}") == (0, "")

    def _folder(self, name):
        path = self._home / name
        path.mkdir(mode=0o755)
        return path

    def _copy(self, source, path):
        status, said = self.run(f"install -D -m 600 {source} {path}")
        assert status == 0, said

    def _put(self, name, text, mode=0o644):
        path = self._home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def _trust_configuration(self):
        """Exim keeps root with /etc/exim4/exim4.conf too: the list is a file that lies over the build's."""
        with open(self.world.exim.trusted_list, "r+", encoding="utf-8") as names:
            if "/etc/exim4/exim4.conf\n" not in names.readlines():
                names.write("/etc/exim4/exim4.conf\n")

    def _end_holder(self):
        self._holder.kill()
        self._holder.wait()
        shutil.rmtree(self._home, ignore_errors=True)


def zone_records(zone):
    """The TLSA data of a zone of the table at the owner of its mail host."""
    return re.findall(r"^\s*_25\._tcp\.mx TLSA (.+)$", zone.records, re.M)


def forget(world):
    """The world's resolver asks anew."""
    control = world.directory / "unbound-127.0.0.1/unbound.conf"
    subprocess.run(["unbound-control", "-c", control, "flush_zone", "ee.lab"], check=True, capture_output=True,
                   timeout=30)

