# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries out the steps of a script: one Play is one run of a case by one driver. Each method do_NAME is
what the command NAME does."""
import contextlib
import json
import re
import subprocess
import time
from pathlib import Path

from ocsp import Responder
from scripted_server import CAPABILITIES
from suite.socks import Proxy
from tool import TOOL

COMMON = Path(__file__).resolve().parents[1] / "common"
NO_MESSAGE = "From: alice@sender.lab\nSubject: test\n\nHello.\n"


class Play:
    """`sender` is a Sender of the world, whose configuration is replaced by the case's. After play():
    `servers`, `proxy`, and what Exim said: `stdout`, `stderr`."""

    def __init__(self, world, sender, case, driver):
        self.world, self.sender, self.case, self.driver = world, sender, case, driver
        self.servers, self.proxy = [], None
        self.stdout, self.stderr = [], []
        self._ends = contextlib.ExitStack()

    def play(self):
        with self.world.lifetime(), self._ends:
            if self.driver == "smtp":
                self._ends.enter_context(self.world.trust_ad())  # what Exim's own DANE believes
            if proxies := self.case.words("proxy"):
                self.proxy = Proxy(int(proxies[0]))
                self._ends.callback(self.proxy.stop)
            self.sender.config.write_text(self._configuration(), encoding="utf-8")
            for step in self.case.steps:
                getattr(self, "do_" + step.command.replace("-", "_"))(step)

    def _configuration(self):
        anchor = f"dane_trust_anchor_file = {self.world.trust_anchor}"
        macros = {
            "COMMON": COMMON, "DIR": self.sender.home, "DRIVER": self.driver,
            "ANCHOR": self.world.trust_anchor, "DANE_OPTIONS": anchor if self.driver == "danesmtp" else "",
            "CERTS": self.world.directory / "certificates", 
            "PROXY": f"127.0.0.1 port={self.proxy.server_address[1]}" if self.proxy else "",
            "UNBOUND": self.world.unbound_conf(), "RSA_KEY": self.world.directory / "suite-rsa.pem",
        }
        return "".join(f"{name} = {value}\n" for name, value in macros.items()) + self.case.conf

    # -- said of the case, not done
    def _nothing(self, step):
        pass

    do_needs = do_also = do_munge = do_proxy = _nothing

    # -- the world around

    def do_server(self, step):
        address, certificate, *more = step.words
        script = json.loads(step.text) if step.text else {}
        if "staples" in script.get("handshake", {}):
            script["handshake"]["staples"] = self._proofs(certificate, script["handshake"]["staples"])
        address, _, port = address.partition("@")
        self.servers.append(self.world.scripted_server(
            address, None if certificate == "-" else certificate, script, int(port or 25),
            capabilities=(*CAPABILITIES, *more)))

    def _proofs(self, certificate, faults):
        """Files with OCSP responses about the certificate that have these faults (ocsp.py)."""
        responder = Responder(self.world.certificates, self.sender.home / "ocsp")
        return [responder.staple(fault, self.world.certificates[certificate], fault) for fault in faults]

    def do_resuming(self, _):
        self._ends.enter_context(self.world.receivers.resuming())

    def do_trust_ad(self, _):
        if self.driver != "smtp":  # which has it anyway
            self._ends.enter_context(self.world.trust_ad())

    def do_lying(self, step):
        self._ends.enter_context(self.world.lying_resolver(*step.text.splitlines()))

    def do_records(self, step):
        """ZONE OWNER, the TLSA data below: put into the running name server until the case ends."""
        name, owner = step.words
        changed = self.world.changed_records(self.world.zone(name), owner, step.text.splitlines())
        subprocess.run(["sh", "-c", self._ends.enter_context(changed)], check=True)

    def do_drop(self, step):
        """What earlier deliveries of this case kept of a name."""
        if self.driver == "danesmtp":
            subprocess.run([TOOL, "cache", "drop", step.words[0], "--file",
                            self.sender.spool / "db/danesmtp"], check=True, stdout=subprocess.DEVNULL)

    def do_wait(self, step):
        time.sleep(float(step.words[0]))

    # -- messages

    def do_put(self, step):
        """A message on the queue; words that begin with "-" are options of Exim's, -f with its value."""
        text = step.text or NO_MESSAGE
        words = list(step.words)
        if "-f" not in words:
            words[:0] = ["-f", "alice@sender.lab"]
        self.sender.exim("-odq", "-i", *words, stdin=text.encode())

    def do_send(self, step):
        self.do_put(step)
        self.do_deliver(step)

    def do_deliver(self, _):
        """One attempt for each message on the queue, one after the other, whatever its retry time."""
        for message_id in self.sender.queue():
            self._exim("-M", message_id)

    def do_queue(self, step):
        self._exim(*step.words)

    def do_exim(self, step):
        self._say("exim " + " ".join(step.words))
        self._exim(*(self._message_id(word) for word in step.words), stdin=step.text)

    def do_smtp(self, step):
        """An SMTP client on Exim's standard input: EHLO, the text, QUIT."""
        lines = ["EHLO client.lab", *step.text.splitlines(), "QUIT"]
        self._exim(*step.words, "-bs", stdin="".join(f"{line}\r\n" for line in lines))

    def do_show(self, step):
        what = step.words[0]
        self._say(f"show {what}")
        self.stdout.append({"queue": self._queue, "retry": self.sender.retry_records}[what]())

    def _queue(self):
        return "".join(f"{message_id}: {' '.join(recipients)}\n"
                       for message_id, recipients in self.sender.queue().items()) or "empty\n"

    def _say(self, text):
        self.stdout.append(f"### {text}\n")

    def _message_id(self, word):
        if not re.fullmatch(r"m\d+", word):
            return word
        arrived = re.findall(r"(\S{6}-(?:\S{11}-\S{4}|\S{6}-\S{2})) <= ", self.sender.mainlog())
        return list(dict.fromkeys(arrived))[int(word[1:]) - 1]

    def _exim(self, *arguments, stdin=""):
        done = self.sender.exim(*arguments, stdin=stdin.encode(), expected=range(-64, 256))
        self.stdout.append(done.stdout.decode(errors="replace").replace("\r\n", "\n"))
        self.stderr.append(done.stderr.decode(errors="replace"))
        if done.returncode:
            self._say(f"status {done.returncode}")
        self.sender.bounces()  # waits for those that are on their way

