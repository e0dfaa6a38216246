# SPDX-License-Identifier: GPL-2.0-or-later
"""A sender: an Exim with a spool, log and generated configuration of its own, and what a test asks
of it: put a message in, deliver it, read the log, the queue, the retry records and the bounces.

Runs no daemon. The transport is called remote_smtp, as in Exim's default configuration.
"""
import os
import pwd
import re
import subprocess
import time

import watched
from processes import SLOWER, WorldError, wait_for

DOMAIN = "sender.lab"

MX_ROUTER = f"""mx:
  driver = dnslookup
  domains = ! {DOMAIN}
  transport = remote_smtp
  dnssec_request_domains = *
  no_more
"""


def smarthost_router(hosts, options=""):
    """A manualroute router to `hosts`, as written in route_list (`host.lab::2525` has a port)."""
    return f"""smarthost:
  driver = manualroute
  domains = ! {DOMAIN}
  transport = remote_smtp
  route_list = * "{hosts}"
  dnssec_request_domains = *
  {options}
  no_more
"""


class Sender:
    """`options` are those of the transport; `main`, `acl`, `routers`, `retry` and `sections` (a text
    of further `begin` sections) are configuration text; `log` is more for log_selector ("+dsn")."""
    # Reads the log of an Exim that was built without DANE, and has no word for it, as if it had: CV=yes, but
    # that of MTA-STS, as CV=dane.
    reads_dane = False

    def __init__(self, build, config, home, *, driver, options=None, main="", routers=MX_ROUTER,
                 retry="* * F,2h,1m", sections="", acl="", log=""):
        self._build = build
        self.config = config
        self.exim_binary = build.binary
        self.home = home
        self.spool = home / "spool"
        user = pwd.getpwnam("mail")
        for path in (home, self.spool, home / "log", home / "bounces"):
            path.mkdir()
            os.chown(path, user.pw_uid, user.pw_gid)
        transport = {"driver": driver, **(options or {})}
        config.write_text(self._config_text(transport, main, acl, routers, retry, sections, log),
                          encoding="utf-8")

    # -- putting in and delivering

    def inject(self, recipients, *, sender=f"alice@{DOMAIN}", body="Hello.\n", headers=""):
        """Puts a message on the queue without a delivery attempt; returns its id."""
        recipients = [recipients] if isinstance(recipients, str) else list(recipients)
        before = self._ids()
        body = body.encode() if isinstance(body, str) else body
        message = (headers or "From: alice@sender.lab\nSubject: test\n").encode() + b"\n" + body
        self.exim("-odq", "-i", "-f", sender, *recipients, stdin=message)
        (new,) = self._ids() - before
        return new

    def deliver(self, message_id, *, debug="", forced=True):
        """One delivery attempt in the foreground; `forced` ignores retry times. Returns what Exim
        wrote to stderr: its debugging output when `debug` asks for it ("-d", "-d+all")."""
        options = [debug] if debug else []
        done = self.exim(*options, "-M" if forced else "-Mc", message_id)
        return done.stderr.decode(errors="replace")

    def run_queue(self, *, forced=False):
        """One queue run in the foreground."""
        self.exim("-qf" if forced else "-q")

    def send(self, recipients, **message):
        message_id = self.inject(recipients, **message)
        self.deliver(message_id)
        return message_id

    def exim(self, *arguments, stdin=b"", seconds=180, expected=(0,)):
        """Runs this sender's Exim as root; WorldError if the exit status is not as expected."""
        argv = watched.exim(self._build.binary, ["-C", str(self.config), *arguments])
        done = subprocess.run(argv, input=stdin, capture_output=True, timeout=seconds * SLOWER, check=False,
                              cwd="/", env={"PATH": "/usr/bin:/bin"})
        if done.returncode not in expected:
            output = (done.stdout + done.stderr).decode(errors="replace")
            raise WorldError(f"{' '.join(argv)}: status {done.returncode}: {output[-2000:]}")
        return done

    # -- what came of it

    def mainlog(self):
        text = self._read("log/main")
        return re.sub(r"(?<!:sts)(?<!:sts\*) CV=yes", " CV=dane", text) if self.reads_dane else text

    def paniclog(self):
        return self._read("log/panic")

    def rejectlog(self):
        return self._read("log/reject")

    def in_log(self, verdict):
        """How the log has it: an Exim without DANE has one word for "dane" and "yes"."""
        return "dane" if self.reads_dane and verdict == "yes" else verdict

    def log_lines(self, message_id):
        return [line for line in self.mainlog().splitlines() if message_id in line]

    def message_log(self, message_id):
        """The log of a message that is still on the queue; "" after that."""
        return self._read(f"spool/msglog/{message_id}")

    def queue(self):
        """The recipients not yet dealt with, by message id."""
        waiting, current = {}, []
        for line in self.exim("-bpru").stdout.decode().splitlines():
            first = re.search(r"(?:^|\s)(\w{6}-(?:\w{11}-\w{4}|\w{6}-\w{2}))( <|$)", line)
            if first:
                # Without a sender: a message, a bounce as a rule, that ended while Exim listed it.
                current = waiting.setdefault(first.group(1), []) if first.group(2) else []
            elif line.strip():
                current.append(line.strip())
        return waiting

    def retry_records(self):
        """The retry database as exim_dumpdb prints it; "" when there is none."""
        done = subprocess.run([self._build.dumpdb, str(self.spool), "retry"], capture_output=True,
                              text=True, check=False, cwd="/")
        return done.stdout if done.returncode == 0 else ""

    def bounces(self):
        """The texts of the bounces so far. Exim delivers them in the background: waits for that."""
        wait_for(self._no_bounce_is_on_its_way, lambda: f"a bounce is stuck\n{self.mainlog()}")
        return self.bounces_in_place()

    def bounces_in_place(self):
        """Whatever the log says, from which a killed process may have kept a line."""
        paths = sorted(self.home.glob("bounces/new/*"), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_text(encoding="utf-8", errors="replace") for path in paths]

    def _no_bounce_is_on_its_way(self):
        log = self.mainlog()
        return all(f"{bounce} Completed" in log for bounce in re.findall(r"(\S+) <= <>", log))

    def wait_for_bounces(self, count, seconds=15):
        """bounces(), once there are so many; Exim delivers them in the background."""
        end = time.monotonic() + seconds * SLOWER
        while len(self.bounces()) < count:
            if time.monotonic() > end:
                raise WorldError(f"{len(self.bounces())} bounces instead of {count}")
            time.sleep(0.05)
        return self.bounces()

    def _ids(self):
        return {path.name[:-2] for path in self.spool.glob("input/*-H")}

    def _read(self, name):
        try:
            return (self.home / name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def _config_text(self, transport, main, acl, routers, retry, sections, log):
        options = "\n".join(f"  {name} = {value}" for name, value in transport.items())
        return f"""primary_hostname = {DOMAIN}
exim_user = mail
exim_group = mail
spool_directory = {self.spool}
log_file_path = {self.home}/log/%s
keep_environment =
log_selector = +smtp_confirmation +tls_peerdn +dnssec +tls_sni +outgoing_port {log}
{main}

begin acl
{acl}

begin routers
own_domain:
  driver = accept
  domains = {DOMAIN}
  transport = bounces

{routers}

begin transports
remote_smtp:
{options}

bounces:
  driver = appendfile
  directory = {self.home}/bounces
  maildir_format
  user = mail

begin retry
{retry}

{sections}
"""
