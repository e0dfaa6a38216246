# SPDX-License-Identifier: GPL-2.0-or-later
"""`danesmtp ocsp-fetch` beside real programs: the OpenSSL responder it asks, the Exim that reads the
file while it is replaced, and the danesmtp transport that requires what Exim then staples."""
import datetime
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.x509 import ocsp

from ocsp import HOUR, Responder
from openssl_responder import RESPONDER, start_responder
from test_ocsp import EVENT_ACL, options, outcome
from tool import TOOL

TA_ADDRESS = "192.0.2.14"  # where Exim shows the certificate `ta`
REPLACEMENTS = 300


def fetch(world, proof, *more):
    chain = world.certificates["ta"].pem_file
    return subprocess.run(
        [TOOL, "ocsp-fetch", "--certificate", chain, "--proof", proof, "--url",
         "http://{}:{}".format(*RESPONDER), "--timeout", "20", *more],
        capture_output=True, text=True, timeout=120, check=False, env={"PATH": "/usr/bin:/bin"})


@pytest.fixture
def openssl_responder(world, tmp_path):
    process = start_responder(world, tmp_path)
    try:
        yield
    finally:
        process.stop()


def test_from_the_responder_to_the_delivery(world, sender, openssl_responder):
    mail = sender(acl=EVENT_ACL, options=options(world, hosts_require_ocsp="*"))
    with world.receivers.stapling(TA_ADDRESS, b"an old one") as proof:
        done = fetch(world, proof)
        assert (done.returncode, done.stderr) == (0, "")
        assert outcome(mail, mail.send("bob@ta.lab")) == "dane 4"
        checked = fetch(world, proof, "--check")
        assert checked.returncode == 0 and checked.stdout.startswith("OCSP OK")


class NewProofs(BaseHTTPRequestHandler):
    """Each answer lasts a second longer than the one before."""

    def do_GET(self):
        server = self.server
        server.asked += 1
        body = server.responder.response_until(server.leaf, 12 * HOUR + datetime.timedelta(
            seconds=server.asked))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def many_proofs(world, tmp_path):
    server = ThreadingHTTPServer(RESPONDER, NewProofs)
    server.asked = 0
    server.leaf = world.certificates["ta"]
    server.responder = Responder(world.certificates, tmp_path / "responses")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def stapled_to_openssl():
    """What `openssl s_client` says of the proof that Exim staples."""
    done = subprocess.run(
        ["openssl", "s_client", "-starttls", "smtp", "-connect", f"{TA_ADDRESS}:25", "-status",
         "-servername", "mx.ta.lab"], input=b"QUIT\r\n", capture_output=True, timeout=60,
        check=False)
    return done.stdout.decode(errors="replace")


def keep_doing(what, until, seen):
    def run():
        while not until.is_set():
            seen.append(what())

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_the_file_is_whole_at_every_instant(world, many_proofs):
    first = many_proofs.responder.response(many_proofs.leaf)
    over, by_exim, by_reader = threading.Event(), [], []
    with world.receivers.stapling(TA_ADDRESS, first) as proof:
        def read():
            return ocsp.load_der_ocsp_response(proof.read_bytes()).certificate_status

        readers = [keep_doing(stapled_to_openssl, over, by_exim), keep_doing(read, over, by_reader)]
        try:
            failed = [done.stderr for done in (
                fetch(world, proof, "--renew-before", "90d") for _ in range(REPLACEMENTS))
                if done.returncode or "renewed" not in done.stdout]
        finally:
            over.set()
            for reader in readers:
                reader.join()
        assert not list(proof.parent.glob(f".{proof.name}*"))
    assert not failed and many_proofs.asked == REPLACEMENTS
    assert len(by_exim) > 10 and len(by_reader) > REPLACEMENTS
    assert set(by_reader) == {ocsp.OCSPCertStatus.GOOD}
    bad = [text for text in by_exim if "Cert Status: good" not in text]
    assert not bad, bad[0]
    print(f"\n{REPLACEMENTS} replacements, {len(by_exim)} connections, {len(by_reader)} readings")
