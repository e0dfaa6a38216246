# SPDX-License-Identifier: GPL-2.0-or-later
"""The receivers: one Exim daemon among the peers that answers at every address the zones give an
Exim (IPv4 only: the build need not have IPv6). It shows the chain of the address, takes mail for all
domains into a maildir, one file a message, and refuses recipients by their local part: `tmp...` 451,
`bad...` 550. Under TLS it offers AUTH (PLAIN, LOGIN, CRAM-MD5, and where Exim has gsasl SCRAM-SHA-256
and SCRAM-SHA-256-PLUS) to all, for one account: `AUTH_USER`, `AUTH_PASSWORD`.

What a test may rely on: envelope in Return-path and Envelope-to, TLS in the Received header, who was
authenticated and the AUTH= of MAIL in Authenticated.
"""
import base64
import contextlib
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass

from network import peers_command
from processes import Process, log_tail, wait_for

# Written by the receiver at the top of each message; _RECEIVED reads it.
_RECEIVED_TEXT = ("Received: at $received_ip_address $received_port from $sender_helo_name "
                  "[$sender_host_address] with $received_protocol X=$tls_in_cipher "
                  "SNI=$tls_in_sni id $message_exim_id t=$tod_epoch_l "
                  "C=${if def:tls_in_ourcert{${sha256:$tls_in_ourcert}}}")
AUTH_USER, AUTH_PASSWORD = "relay-user", "correct-horse-7"
_SCRAM = f"""scram:
  driver = gsasl
  public_name = SCRAM-SHA-256
  server_condition = true
  server_password = ${{if eq{{$auth1}}{{{AUTH_USER}}}{{{AUTH_PASSWORD}}}fail}}
  server_set_id = $auth1
scram_plus:
  driver = gsasl
  public_name = SCRAM-SHA-256-PLUS
  server_channelbinding = true
  server_condition = true
  server_password = ${{if eq{{$auth1}}{{{AUTH_USER}}}{{{AUTH_PASSWORD}}}fail}}
  server_set_id = $auth1
"""
_RECEIVED = re.compile(r"Received: at (?P<address>\S+) (?P<port>\d+) from (?P<helo>\S+) \[\S+\]\s+"
                       r"with (?P<protocol>\S+) X=(?P<cipher>\S*)\s+SNI=(?P<sni>\S*)\s+id \S+\s+t=(?P<time>\d+)"
                       r"\s+C=(?P<shown>\w*)")


def _pem_responses(responses):
    blocks = (base64.encodebytes(response) for response in responses)
    return b"".join(b"-----BEGIN OCSP RESPONSE-----\n" + block + b"-----END OCSP RESPONSE-----\n"
                    for block in blocks)


@dataclass(frozen=True)
class Mail:
    """A message as it arrived; `raw` is the file, headers of the receiver at the top, LF lines."""
    raw: bytes

    def header(self, name):
        """The first header of that name, unfolded; "" if there is none."""
        head = self.raw.split(b"\n\n", 1)[0].decode("utf-8", "surrogateescape")
        match = re.search(rf"^{name}:[ \t]*((?:.|\n[ \t])*)", head, re.M | re.I)
        return re.sub(r"\s+", " ", match.group(1)).strip() if match else ""

    @property
    def body(self):
        return self.raw.partition(b"\n\n")[2]

    @property
    def return_path(self):
        return self.header("Return-path").strip("<>")

    @property
    def envelope_to(self):
        return self.header("Envelope-to").split(", ")

    @property
    def received(self):
        """The receiver's account: address, port, helo, protocol, cipher ("" in clear), sni, time (microseconds of
        the epoch, when it had all), shown (SHA-256 of its certificate)."""
        return _RECEIVED.match("Received: " + self.header("Received")).groupdict()


class Receivers:
    def __init__(self, directory, build, servers, certificates):
        self._home = directory / "receivers"
        self.maildir = self._home / "mail"
        self._spool = self._home / "spool"
        self.config = self._home / "exim.conf"
        self._binary = build.binary
        self._scram = build.authenticates_by("gsasl")
        self._servers = servers
        self._certificates = certificates
        self._process = None

    def start(self):
        user = pwd.getpwnam("mail")
        for path in (self._home / "chains", self._home / "log", self._spool, self.maildir):
            path.mkdir(parents=True)
        for path in (self._home / "log", self._spool, self.maildir):
            os.chown(path, user.pw_uid, user.pw_gid)
        for server in self._servers:
            if server.certificate:
                shutil.copy(self._certificates[server.certificate].pem_file,
                            self._home / "chains" / f"{server.address}.pem")
        self.config.write_text(self._config_text(), encoding="utf-8")
        self._start_daemon()

    def _start_daemon(self):
        self._process = Process(
            "receivers (Exim)", peers_command([self._binary, "-C", str(self.config), "-bdf"]),
            self._home / "output", [self._home / "log/main", self._home / "log/panic"])

    def wait_until_ready(self):
        # Said once all addresses are bound.
        self._process.wait_until(lambda: "listening for SMTP" in self.log())

    def stop(self):
        self._process.stop()

    def restart(self, pause, cut=False):
        """Ends the daemon, not the sessions that it has open unless these are to be cut; starts it again after
        `pause()`."""
        self._process.stop_alone()
        if cut:
            subprocess.run(peers_command(["ss", "-tK", "state", "established", "sport", "=", ":25"]), check=True,
                           stdout=subprocess.DEVNULL)
        try:
            pause()
        finally:
            said = self.log().count("listening for SMTP")
            self._start_daemon()
            self._process.wait_until(lambda: self.log().count("listening for SMTP") > said)

    def show(self, address, certificate):
        """From now on the Exim at `address` has that certificate."""
        chain = self._home / f"chains/{address}.pem"
        new = chain.with_suffix(".new")
        shutil.copy(self._certificates[certificate].pem_file, new)
        new.rename(chain)

    def mail(self, message_id=""):
        """What has arrived, in order; only what the sender's Exim gave this id, if one is given.
        A message that was answered with 250 is always there."""
        wait_for(lambda: not list(self._spool.glob("input/*-H")),
                 lambda: "receivers' queue is not empty: " + log_tail(self._home / "log/main"))
        files = sorted(self.maildir.glob("new/*"), key=lambda path: path.stat().st_mtime_ns)
        wanted = f"\tid {message_id}".encode()
        texts = [path.read_bytes() for path in files]
        return [Mail(text) for text in texts if not message_id or wanted in text]

    @contextlib.contextmanager
    def stapling(self, address, *responses):
        """For its length the Exim at `address` staples these (DER): one, or one a certificate."""
        kind = "ocsp" if len(responses) == 1 else "ocsps"
        path = self._home / f"chains/{address}.{kind}"
        path.write_bytes(responses[0] if len(responses) == 1 else _pem_responses(responses))
        try:
            yield path
        finally:
            path.unlink()

    @contextlib.contextmanager
    def resuming(self):
        """For its length TLS sessions are resumed with the tickets that were given since the start."""
        path = self._home / "resuming"
        path.touch()
        try:
            yield
        finally:
            path.unlink()

    def log(self):
        path = self._home / "log/main"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _config_text(self):
        listen = " ; ".join(f"{server.address}.{server.port}" for server in self._servers)
        chain = f"{self._home}/chains/$received_ip_address.pem"
        proof = f"{self._home}/chains/$received_ip_address.ocsp"
        return f"""primary_hostname = receivers.lab
local_interfaces = <; {listen}
exim_user = mail
exim_group = mail
spool_directory = {self._spool}
log_file_path = {self._home}/log/%s
pid_file_path = {self._home}/pid
keep_environment =
allow_domain_literals
log_selector = +tls_sni +received_recipients +smtp_connection
received_header_text = {_RECEIVED_TEXT}
tls_advertise_hosts = ${{if exists{{{chain}}}{{*}}}}
tls_certificate = {chain}
tls_privatekey = {chain}
tls_ocsp_file = ${{if exists{{{proof}}}{{{proof}}}{{${{if exists{{{proof}s}}{{PEM {proof}s}}}}}}}}
tls_resumption_hosts = ${{if exists{{{self._home}/resuming}}{{*}}}}
tls_dhparam = none
host_lookup =
rfc1413_hosts =
message_size_limit = 100M
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
acl_smtp_rcpt = check_rcpt
acl_smtp_data = check_data
auth_advertise_hosts = ${{if def:tls_in_cipher{{*}}}}

begin acl
check_rcpt:
  defer local_parts = ^tmp
        message = come back later
  deny  local_parts = ^bad
        message = no such user here
  accept

check_data:
  accept authenticated = *
         add_header = Authenticated: as $authenticated_id by $sender_host_authenticated sender=$authenticated_sender
  accept

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if and{{{{eq{{$auth2}}{{{AUTH_USER}}}}}{{eq{{$auth3}}{{{AUTH_PASSWORD}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{{AUTH_USER}}}}}{{eq{{$auth2}}{{{AUTH_PASSWORD}}}}}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${{if eq{{$auth1}}{{{AUTH_USER}}}{{{AUTH_PASSWORD}}}fail}}
  server_set_id = $auth1
{_SCRAM if self._scram else ''}
begin routers
everyone:
  driver = accept
  transport = keep

begin transports
keep:
  driver = appendfile
  directory = {self.maildir}
  maildir_format
  user = mail
  batch_max = 1000
  return_path_add
  envelope_to_add

begin retry
* * F,1h,1m
"""
