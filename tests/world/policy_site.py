# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a domain has its policy of MTA-STS (RFC 8461 3.3): an HTTPS server among the peers, and the daemons that fetch
it from there: the packaged one (postfix-mta-sts-resolver), and that of the tool.
"""
import contextlib
import http.server
import os
import shutil
import signal
import socket
import ssl
import threading
import time

from network import peer_socket
from processes import Process
from tool import TOOL

DAEMON = shutil.which("mta-sts-daemon")
PORT = 8461


class PolicySite:
    """Serves `text` at `address`, whatever is asked for, after `delay` seconds; None: 404. `says(handler)` answers
    in its place."""

    def __init__(self, address, certificate):
        site = self
        self.text = None
        self.delay = 0
        self.says = None
        self.media_type = "text/plain"
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(self.headers["Host"] + self.path)
                time.sleep(site.delay)
                if site.says:
                    site.says(self)
                    return
                self.send_response(200 if site.text else 404)
                self.send_header("Content-Type", site.media_type)
                self.send_whole((site.text or "").encode())

            def send_whole(self, octets):
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                with contextlib.suppress(OSError):  # the daemon has lost its patience
                    self.wfile.write(octets)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.pem_file)
        self._server = http.server.ThreadingHTTPServer((address, 443), Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = context.wrap_socket(peer_socket(address, 443), server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def policy_text(mode, *hosts, max_age=86400):
    return "\n".join(["version: STSv1", f"mode: {mode}", *(f"mx: {host}" for host in hosts),
                      f"max_age: {max_age}", ""])


class PackagedDaemon(Process):
    """With these anchors, and without a memory of its last life."""

    option = f"inet:127.0.0.1:{PORT}"

    def __init__(self, directory, anchors, zone=""):
        config = directory / "mta-sts-daemon.yml"
        config.write_text(f"host: 127.0.0.1\nport: {PORT}\nreuse_port: true\ncache:\n  type: internal\n"
                          "  options:\n    cache_size: 100\n"
                          f"default_zone:\n  timeout: 4\n  strict_testing: false\n{zone}", encoding="ascii")
        super().__init__("mta-sts-daemon", [DAEMON, "-c", config], directory / "mta-sts-daemon.log",
                         env={**os.environ, "SSL_CERT_FILE": str(anchors)})
        self.wait_until(self._answers)

    @staticmethod
    def _answers():
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", PORT)) == 0


class OwnDaemon(Process):
    """`danesmtp mta-sts-daemon`, as a user without privilege; `directory` keeps its policies and its socket; `under`:
    the program that runs it, with its arguments."""

    def __init__(self, world, directory, anchors, listen=None, under=()):
        self.path = directory / "socket"
        self.option = listen or f"unix:{self.path}"
        self.cache = directory / "cache"
        self.log = directory / "log"
        for made in (directory, self.cache):
            made.mkdir(exist_ok=True)
            shutil.chown(made, "nobody")
        self.log.unlink(missing_ok=True)
        argv = [*under, TOOL, "mta-sts-daemon", "--listen", self.option, "--cache", self.cache, "--trust-anchor",
                world.trust_anchor, "--anchors", anchors, *([] if listen else ["--group", "mail"])]
        super().__init__("danesmtp mta-sts-daemon", argv, self.log, user="nobody", group="nogroup",
                         extra_groups=["mail"])
        self.wait_until(lambda: "listening at" in self.lines()[-1], 10 if not under else 90)

    def lines(self):
        """Of its log, the last one at least."""
        return self.log.read_text(encoding="ascii").splitlines() or [""]

    def told(self, words):
        return any(words in line for line in self.lines())

    def connect(self, seconds=30):
        one = socket.socket(socket.AF_UNIX)
        one.connect(str(self.path))  # waits while the queue is full
        one.settimeout(seconds)
        return one

    def ask(self, domain, name="postfix"):
        with self.connect() as one:
            one.sendall(question(domain, name))
            return answer(one)

    @property
    def pid(self):
        return self._popen.pid

    def kill(self):
        self._popen.kill()
        self._popen.wait()

    def end(self):
        """By SIGTERM; its status."""
        self._popen.send_signal(signal.SIGTERM)
        return self._popen.wait(timeout=30)


def question(domain, name="postfix"):
    text = f"{name} {domain}".encode()
    return b"%d:%s," % (len(text), text)


def answer(connection):
    """The next netstring's text."""
    size = b""
    while not size.endswith(b":"):
        octet = connection.recv(1)
        if not octet:
            raise EOFError(size)
        size += octet
    octets, whole = b"", int(size[:-1]) + 1  # with the comma; what is behind it is the next one's
    while len(octets) < whole:
        part = connection.recv(whole - len(octets))
        if not part:
            raise EOFError(octets)
        octets += part
    return octets[:-1].decode()
