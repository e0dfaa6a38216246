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

# master(5): what any instance needs.
SERVICES = """\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
error unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def make_instance(home, services, more_settings):
    """An instance below `home`, with these lines of master.cf and main.cf besides; returns the directory of its
    configuration. Its log is home/log."""
    config = home / "etc"
    for path in (home, config, home / "queue", home / "data"):
        path.mkdir()
    user = pwd.getpwnam("postfix")
    os.chown(home / "data", user.pw_uid, user.pw_gid)
    (config / "master.cf").write_text(services + SERVICES, encoding="ascii")
    (config / "main.cf").write_text(f"""compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
mydestination =
mynetworks = 127.0.0.0/8
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
message_size_limit = 0
{more_settings}""", encoding="ascii")
    return config


class Postfix:
    def __init__(self, directory, address, domain, certificate):
        self._home = directory
        self._address = address
        self._mail = directory / "mail"
        self._log = directory / "log"
        user = pwd.getpwnam("postfix")
        services = f"{address}:25 inet n - n - - smtpd\nvirtual unix - n n - - virtual\n"
        config = make_instance(directory, services, self._settings(address, domain, certificate, user))
        self._mail.mkdir()
        os.chown(self._mail, user.pw_uid, user.pw_gid)
        (config / "refused").write_text("/^tmp/ 451 come back later\n/^bad/ 550 no such user here\n",
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

    def _settings(self, address, domain, certificate, user):
        return f"""myhostname = postfix.lab
inet_interfaces = {address}
disable_dns_lookups = yes
smtp_host_lookup = native
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {self._mail}
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:{user.pw_uid}
virtual_gid_maps = static:{grp.getgrgid(user.pw_gid).gr_gid}
smtpd_tls_chain_files = {certificate.pem_file}
smtpd_tls_security_level = may
smtpd_recipient_restrictions = check_recipient_access regexp:{self._home}/etc/refused, permit_mynetworks, reject_unauth_destination
smtpd_peername_lookup = no
smtputf8_enable = yes
max_idle = 1s
virtual_mailbox_limit = 0
"""
