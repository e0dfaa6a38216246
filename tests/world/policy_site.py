# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a domain has its policy of MTA-STS (RFC 8461 3.3): an HTTPS server among the peers, and the packaged daemon
(postfix-mta-sts-resolver) that fetches it from there.
"""
import contextlib
import http.server
import os
import shutil
import socket
import ssl
import threading
import time

from network import peer_socket
from processes import Process

DAEMON = shutil.which("mta-sts-daemon")
PORT = 8461


class PolicySite:
    """Serves `text` at `address`, whatever is asked for, after `delay` seconds; None: 404."""

    def __init__(self, address, certificate):
        site = self
        self.text = None
        self.delay = 0
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(self.headers["Host"] + self.path)
                time.sleep(site.delay)
                self.send_response(200 if site.text else 404)
                self.send_header("Content-Type", "text/plain")
                self.end_headers()
                with contextlib.suppress(OSError):  # the daemon has lost its patience
                    self.wfile.write((site.text or "").encode())

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
