# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian packages in a chroot made from nothing, in the private world: installed, switched on, mail both ways,
a module that does not fit, an upgrade with mail in the queue, switched back, removed. Prints what is done and what
came of it, as a page; exits 1 if anything is not as it must be. scripts/try-packages runs it through `enter`.

    trial.py KIND ROOT NEW TITLE
        how Exim is configured: internet, smarthost, or forms, which is all of Debian's kinds after each other, in
        one file and split; the chroot, with *.deb in its /packages; the folder in it that
        has the same with a higher version; what the page is called
"""
import hashlib
import os
import re
import smtplib
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "world"))
from processes import WorldError, wait_for  # noqa: E402
from world import World  # noqa: E402

OWN = re.compile(r"danesmtp|/var/cache/|/var/log/|/etc/(ld\.so\.cache|resolv\.conf|mtab)|/etc/(systemd|rc.\.d)/")
SETTINGS = "/etc/exim4/update-exim4.conf.conf"
OPTIONS = "/etc/exim4/danesmtp.options"
OWN_CONFIGURATION = "/etc/exim4/exim4.conf"
ROOT_KEY = "/usr/share/dns/root.key"  # the world has a root of its own
FOLDERS = ("etc", "usr/sbin", "usr/lib/exim4", "var/lib/exim4")
BY_DANE = r"=> .* CV=dane "
BY_SMARTHOST = r"=> .* T=remote_smtp_smarthost H=mx\.ee\.lab .* CV=dane "
# By kind: the transport, and what must come of mail to whom when the module is on.
KINDS = {
    "internet": ("remote_smtp", {"bob@ee.lab": BY_DANE, "bob@ta.lab": BY_DANE, "bob@plain.lab": r"=> (?!.* CV=dane)",
                                 "bob@impostor.lab": "== .*no TLSA record matches"}),
    "smarthost": ("remote_smtp_smarthost", {"bob@ee.lab": BY_SMARTHOST, "bob@plain.lab": BY_SMARTHOST}),
    "satellite": ("remote_smtp_smarthost", {"bob@ee.lab": BY_SMARTHOST}),
    "local": ("remote_smtp", {"bob@ee.lab": r"\*\* .*Mailing to remote domains not supported"}),
}


class Machine:
    """The chroot: commands in it, and the files of its Exim."""

    def __init__(self, root, kind):
        self.root = root
        self.transport, self.expected = KINDS["internet" if kind == "forms" else kind]
        self.wrong = []

    def run(self, command, status=(0,)):
        done = subprocess.run(["chroot", self.root, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                               "DEBIAN_FRONTEND=noninteractive", "HOME=/root", "sh", "-c", command],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=900)
        if done.returncode not in status:
            self.must(False, f"status {done.returncode} of: {command}\n{done.stdout[-2000:]}")
        return done.stdout

    def shown(self, command, keep=".", status=(0,)):
        """Runs it, and prints it with the lines of its output that match `keep`."""
        print(f"\n    # {command}")
        output = self.run(command, status)
        for line in output.splitlines():
            if re.search(keep, line) and line.strip():
                print(f"    {line}")
        return output

    def must(self, right, what):
        if not right:
            self.wrong.append(what)
            print(f"\n**Not so:** {what}")

    def text(self, path):
        file = Path(f"{self.root}{path}")
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def mainlog(self):
        return self.text("/var/log/exim4/mainlog")

    def state(self):
        """What there is of Exim and its configuration: paths, owners, modes and contents."""
        facts = {}
        for folder in FOLDERS:
            for path in sorted(Path(self.root, folder).rglob("*")):
                name = str(path)[len(self.root):]
                if OWN.search(name):
                    continue
                how = path.lstat()
                content = os.readlink(path) if path.is_symlink() else ""
                if path.is_file() and not path.is_symlink():
                    content = hashlib.sha256(path.read_bytes()).hexdigest()
                facts[name] = (how.st_uid, how.st_gid, how.st_mode, content)
        return facts

    def state_without_ours(self):
        """The same, without what only the packages of danesmtp have."""
        owners = self.run("dpkg-query -S $(dpkg-query -L danesmtp exim4-danesmtp | sort -u)", (0, 1)).splitlines()
        ours = {path for who, path in (line.split(": ", 1) for line in owners)
                if set(who.split(", ")) <= {"danesmtp", "exim4-danesmtp"}}
        return {path: facts for path, facts in self.state().items() if path not in ours}

    def module(self):
        """The module that the installed daemon loads: Debian 12 has a folder of them for each daemon."""
        modules = self.run("ls -d /usr/lib/exim4/*/danesmtp_transport.so").split()
        daemon = self.run("dpkg-query -W -f '${db:Status-Status} ${Package}\\n' 'exim4-daemon-*' | "
                          "sed -n 's/^installed exim4-daemon//p'").strip()
        return next((path for path in modules if Path(path).parent.name.endswith(daemon)), modules[0])

    # -- mail

    def send(self, recipient):
        """Puts a message in, as a user of the machine would; prints the line that says what came of it."""
        before = len(self.mainlog())
        print(f"\n    # echo Hello | mail -s trial {recipient}")
        self.run(f"printf 'Subject: trial\\n\\nHello.\\n' | exim4 -odf -f root {recipient}")
        return self.outcome(before, recipient)

    def outcome(self, before, recipient):
        said = r"(=>|==|\*\*) " + re.escape(recipient)
        wait_for(lambda: re.search(said, self.mainlog()[before:]), lambda: f"nothing in the log\n{self.mainlog()}")
        line = next(line for line in self.mainlog()[before:].splitlines() if re.search(said, line))
        print(f"    {line}")
        return line

    def goes(self, command, keep="."):
        """What waits for bob@ee.lab is delivered by that command, with the module, if not at the first try."""
        before = len(self.mainlog())
        self.shown(command, keep)
        try:
            wait_for(lambda: re.search(self.expected["bob@ee.lab"], self.mainlog()[before:]), "no delivery", 30)
        except WorldError:
            self.must(False, "what waited is delivered with CV=dane")
        for line in self.mainlog()[before:].splitlines():
            if re.search(r"(=>|==|\*\*) bob@ee\.lab", line):
                print(f"    {line}")

    def longer_ago(self, key, days):
        """What Exim remembers of a failure happened those days before; True where it remembers any."""
        when = time.strftime("%y%m%d%H%M", time.localtime(time.time() - days * 86400))
        commands = "".join(f"{key} {field} {when}\\n" for field in (2, 3, 4))
        said = self.run(f"printf '{commands}' | exim_fixdb /var/spool/exim4 retry")
        return "not found" not in said

    def receives(self):
        """Whether the daemon takes mail for a user here, and delivers it."""
        before = len(self.mainlog())
        with smtplib.SMTP("127.0.0.1", 25, timeout=60) as server:
            server.sendmail("somebody@sender.lab", ["postmaster@machine.lab"], b"Subject: incoming\r\n\r\nHello.\r\n")
        wait_for(lambda: "=> " in self.mainlog()[before:],
                 lambda: f"no local delivery\n{self.mainlog()[before:]}")
        line = next(line for line in self.mainlog()[before:].splitlines() if "=> " in line)
        print(f"\n    (mail from outside)\n    {line}")

    def queue(self):
        return int(self.run("exim4 -bpc"))

    def sends(self, recipients=None):
        """Mail to each ends as it must, with the module on."""
        for recipient, pattern in self.expected.items():
            if recipients is None or recipient in recipients:
                self.must(re.search(pattern, self.send(recipient)), f"mail to {recipient}: {pattern}")

    def uses_module(self, should):
        """The options that only the module has are there, or not."""
        said = self.shown(f"exim4 -bP transport {self.transport} | grep -c ^dane_insecure_mx", status=(0, 1))
        self.must(said.split() == (["1"] if should else ["0"]), "by the module" if should else "without the module")


def heading(text):
    print(f"\n## {text}")


def differing(before, after):
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def install(machine, trust_anchor):
    heading("Installed")
    machine.shown("cd /packages && apt-get install -y ./*.deb", r"^(Setting up (danesmtp|exim4)|E:)")
    before = machine.state_without_ours()
    subprocess.run(["mount", "--bind", trust_anchor, f"{machine.root}{ROOT_KEY}"], check=True)
    machine.shown("exim4-danesmtp status")
    machine.run("service exim4 restart")
    machine.uses_module(False)
    return before


def wrong_option(machine):
    heading("A wrong option: it is not switched on")
    before = machine.state()
    machine.shown(f"echo 'dane_no_such_option = 1' > {OPTIONS}")
    machine.shown("exim4-danesmtp on", status=(1,))
    machine.run("rm -f /var/lib/exim4/config.autogenerated.tmp")  # which update-exim4.conf leaves
    machine.must(not (differ := differing(before, machine.state())), f"every file is as it was: {differ}")
    machine.run(f"rm {OPTIONS}")
    machine.shown("exim4-danesmtp status")
    machine.uses_module(False)


def wrong_option_while_on(machine):
    heading("A wrong option while it is on, as the service finds it at its start")
    machine.shown(f"echo 'dane_no_such_option = 1' > {OPTIONS}")
    machine.shown("exim4-danesmtp choose")
    before = len(machine.mainlog())
    machine.shown("service exim4 restart", "^$")
    wait_for(lambda: "End queue run" in machine.mainlog()[before:], "no queue run of the new daemon", 60)
    machine.must("==" in machine.send("bob@ee.lab"), "mail to another host waits")
    machine.receives()
    machine.shown("exim4-danesmtp refresh", r"waits")
    machine.must("==" in machine.send("bob@ee.lab"), "and goes on waiting where the text of the configuration is new")
    machine.run(f"rm {OPTIONS}")
    machine.goes("exim4-danesmtp choose")


def own_configuration(machine):
    heading("A configuration of the administrator's own, made since: packages go on being installed")
    machine.shown(f"cp /var/lib/exim4/config.autogenerated {OWN_CONFIGURATION}")
    machine.run("dpkg-trigger --by-package=exim4-config /etc/exim4/exim4.conf.template")
    machine.shown("dpkg --triggers-only exim4-danesmtp")
    machine.shown("exim4-danesmtp status")
    machine.shown(f"rm {OWN_CONFIGURATION}")
    machine.must(machine.shown("exim4-danesmtp status").startswith("on:"), "it is on")
    machine.uses_module(True)


def switch_on(machine):
    heading("Switched on: one line")
    machine.shown("exim4-danesmtp on")
    machine.uses_module(True)
    machine.sends()
    machine.receives()


def does_not_fit(machine):
    heading("A module that Exim does not load")
    module = machine.module()
    machine.shown(f"mv {module} {module}.away")
    machine.shown("exim4-danesmtp choose       # as at each start of the service")
    before = len(machine.mainlog())
    machine.shown("service exim4 restart", "^$")
    wait_for(lambda: "End queue run" in machine.mainlog()[before:], "no queue run of the new daemon", 60)
    line = machine.send("bob@ee.lab")
    machine.must("==" in line, "mail to another host waits")
    said = machine.shown("grep 'danesmtp:' /var/log/exim4/mainlog")
    machine.must("mail waits" in said, "the log says why")
    machine.receives()
    remembers = machine.longer_ago("T:bob@ee.lab", days=5)
    machine.must(remembers, "Exim has a retry record for the recipient")
    machine.shown(f"mv {module}.away {module}")
    machine.goes("exim4-danesmtp choose")
    machine.shown(f"mv {module} {module}.away     # the same five days later")
    machine.shown("exim4-danesmtp choose")
    machine.must("==" in machine.send("bob@ee.lab"), "mail to another host waits")
    machine.must("** bob@ee.lab" not in machine.mainlog(), "and does not bounce")
    machine.shown(f"mv {module}.away {module}")
    machine.goes("exim4-danesmtp choose")


def upgrade(machine, new):
    heading("Upgraded with mail in the queue")
    waiting = machine.queue()
    machine.run("printf 'Subject: trial\\n\\nHello.\\n' | exim4 -odq -f root bob@ee.lab")
    machine.must(machine.queue() == waiting + 1, "one message more is in the queue")
    machine.shown("exim4 -bpc")
    said = machine.shown(f"cd {new} && apt-get install -s ./exim4-base*.deb ./exim4-daemon*.deb    # Exim alone",
                         r"^(Inst|Remv|E:)|exim4-danesmtp", (0, 100))
    machine.must("Remv exim4-danesmtp" in said or "E: " in said, "apt leaves no pair that does not fit")
    machine.goes(f"cd {new} && apt-get install -y ./*.deb", r"^(Setting up (danesmtp|exim4)|E:)")
    machine.shown("exim4-danesmtp status")
    machine.must(machine.queue() == waiting, "what waited before still waits")
    machine.receives()


def switch_back(machine):
    heading("Switched back, and on again")
    machine.shown("exim4-danesmtp off")
    machine.uses_module(False)
    machine.shown("exim4-danesmtp on")
    machine.sends(["bob@ee.lab"])


def text_anew(machine):
    heading("Debian's text of the configuration anew, as an upgrade of exim4-config may put it there")
    file = {"remote_smtp": "/etc/exim4/exim4.conf.template"}.get(
        machine.transport, f"/etc/exim4/conf.d/transport/30_exim4-config_{machine.transport}")
    machine.run(f"dpkg-deb --fsys-tarfile /packages/exim4-config_*.deb | tar -xO .{file} > {file}")
    machine.run(f"dpkg-trigger --by-package=exim4-config {file}")
    machine.shown("dpkg --triggers-only exim4-danesmtp")
    machine.uses_module(True)


def all_forms(machine):
    """As an administrator changes it: debconf's file, and the service is started again; nobody says "on" again."""
    for split in ("false", "true"):
        for kind, (machine.transport, machine.expected) in KINDS.items():
            heading(f"{kind}, {'split' if split == 'true' else 'in one file'}")
            machine.run(f"sed -i -e \"s/^dc_eximconfig_configtype=.*/dc_eximconfig_configtype='{kind}'/\" "
                        f"-e \"s/^dc_use_split_config=.*/dc_use_split_config='{split}'/\" "
                        "-e \"s/^dc_smarthost=.*/dc_smarthost='mx.ee.lab'/\" " + SETTINGS)
            machine.run("exim4-danesmtp choose && service exim4 restart")
            said = machine.shown("exim4-danesmtp status", "^o")
            machine.must(said.startswith("on:"), "what was on is on")
            machine.uses_module(True)
            machine.sends(machine.expected.keys() - {"bob@impostor.lab"})  # that host's retry time is not reached
            machine.receives()


def remove(machine, before):
    heading("Removed")
    machine.shown("apt-get purge -y exim4-danesmtp danesmtp", r"^(Removing|Purging|E:)")
    after = machine.state()
    differ = differing(before, after)
    left = machine.run("find /etc /usr /var -name '*danesmtp*' -not -path '/var/lib/dpkg/*' -not -path '/var/cache/*'")
    print(f"\nOf {len(before)} files of Exim and of /etc, {len(differ)} are not what they were before: "
          f"{', '.join(differ) or 'none'}. Left behind: {' '.join(left.split()) or 'nothing'}.")
    machine.must(not differ, f"Exim is as it was: {differ}")
    machine.must(not left, "nothing is left behind")
    machine.uses_module(False)
    machine.receives()


def main():
    kind, root, new, title = sys.argv[1:]
    with World() as world:
        machine = Machine(root, kind)
        print(f"# {title}")
        before = install(machine, world.trust_anchor)
        wrong_option(machine)
        switch_on(machine)
        if kind == "forms":
            configuration = machine.text(SETTINGS)
            all_forms(machine)
            Path(f"{root}{SETTINGS}").write_text(configuration, encoding="utf-8")
        else:
            wrong_option_while_on(machine)
            own_configuration(machine)
            does_not_fit(machine)
            upgrade(machine, new)
            switch_back(machine)
            text_anew(machine)
        machine.must(not machine.text("/var/log/exim4/paniclog"), "nothing is in the panic log")
        remove(machine, before)
    print(f"\n{len(machine.wrong)} things are not as they must be." if machine.wrong else "\nAll as it must be.")
    return 1 if machine.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
