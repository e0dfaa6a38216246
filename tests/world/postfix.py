# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's Postfix as a receiver: takes mail for one domain at one peer address, with a certificate,
into a maildir. Refuses recipients by their local part, as the Exim receivers do: `tmp...` 451,
`bad...` 550.

Reads and writes nothing outside its own directory; is stopped by its caller, and never a service.
"""
import grp
import os
import pwd

from network import peer_socket, peers_command
from processes import Process, wait_for
from receivers import Mail

SERVICES = """\
{address}:25 inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
error unix - - n - - error
virtual unix - n n - - virtual
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    def __init__(self, directory, address, domain, certificate):
        self._home = directory
        self._address = address
        self._mail = directory / "mail"
        self._log = directory / "log"
        config = directory / "etc"
        for path in (directory, self._mail, config, directory / "queue", directory / "data"):
            path.mkdir()
        user = pwd.getpwnam("postfix")
        os.chown(directory / "data", user.pw_uid, user.pw_gid)
        os.chown(self._mail, user.pw_uid, user.pw_gid)
        (config / "master.cf").write_text(SERVICES.format(address=address), encoding="ascii")
        (config / "refused").write_text("/^tmp/ 451 come back later\n/^bad/ 550 no such user here\n",
                                        encoding="ascii")
        (config / "main.cf").write_text(self._settings(config, address, domain, certificate, user),
                                        encoding="ascii")
        self._process = Process(
            "receiver (Postfix)", peers_command(["postfix", "-c", str(config), "start-fg"]),
            directory / "output", [self._log])

    def wait_until_ready(self):
        self._process.wait_until(lambda: "daemon started" in self.log())

    def stop(self):
        """The address is another server's after this."""
        self._process.stop()
        wait_for(self._address_is_free, "Postfix has stopped, and still listens")

    def _address_is_free(self):
        try:
            peer_socket(self._address, 25).close()
        except OSError:
            return False
        return True

    def log(self):
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def mail(self):
        """What has arrived, in order, once the queue is empty."""
        queues = [self._home / "queue" / name for name in ("incoming", "active", "maildrop")]
        wait_for(lambda: not [file for queue in queues for file in queue.rglob("*") if file.is_file()],
                 lambda: "Postfix's queue is not empty: " + self.log()[-2000:])
        files = sorted(self._mail.rglob("new/*"), key=lambda path: path.stat().st_mtime_ns)
        return [Mail(path.read_bytes()) for path in files]

    def _settings(self, config, address, domain, certificate, user):
        return f"""compatibility_level = 3.6
queue_directory = {self._home}/queue
data_directory = {self._home}/data
maillog_file = {self._log}
maillog_file_prefixes = {self._home}
myhostname = postfix.lab
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = {address}
inet_protocols = ipv4
disable_dns_lookups = yes
smtp_host_lookup = native
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {self._mail}
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:{user.pw_uid}
virtual_gid_maps = static:{grp.getgrgid(user.pw_gid).gr_gid}
smtpd_tls_chain_files = {certificate.pem_file}
smtpd_tls_security_level = may
smtpd_recipient_restrictions = check_recipient_access regexp:{config}/refused, permit_mynetworks, reject_unauth_destination
smtpd_peername_lookup = no
smtputf8_enable = yes
message_size_limit = 0
max_idle = 1s
virtual_mailbox_limit = 0
"""
