#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`danesmtp ocsp-fetch` against a responder on loopback that answers well, late, wrongly or not at all:
whatever it does, the file that a server shows is never made worse.

The binary is named by the environment variable DANESMTP. Certificates and responses are made with
python3-cryptography in a directory that goes away.
"""
import base64
import datetime
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

TOOL = os.environ["DANESMTP"]
SKIPPED = 77
HOUR = datetime.timedelta(hours=1)
SECOND = datetime.timedelta(seconds=1)
GOOD, REVOKED, UNKNOWN = (ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED,
                          ocsp.OCSPCertStatus.UNKNOWN)


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


class Authority:
    """A CA with a key, a delegate that it certifies, and what they sign."""

    def __init__(self, url):
        self.key, self.leaf_key, self.delegate_key = (
            ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self.certificate = self.issue("CA", self.key, x509.BasicConstraints(True, None))
        access = x509.AccessDescription(x509.oid.AuthorityInformationAccessOID.OCSP,
                                        x509.UniformResourceIdentifier(url))
        self.leaf = self.issue("leaf", self.leaf_key, x509.AuthorityInformationAccess([access]))
        self.other_leaf = self.issue("other", self.leaf_key)
        self.delegate = self.delegate_until(48 * HOUR)

    def issue(self, subject, key, *extensions, end=240 * HOUR):
        name = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
                for text in (subject, "CA")]
        builder = (x509.CertificateBuilder().subject_name(name[0]).issuer_name(name[1])
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now() - 240 * HOUR).not_valid_after(now() + end))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def delegate_until(self, end):
        purpose = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING])
        return self.issue("OCSP", self.delegate_key, purpose, end=end)

    def response(self, status=GOOD, begin=-HOUR, end=24 * HOUR, *, leaf=None, delegate=None,
                 sent=True, key=None):
        signer = delegate or self.certificate
        revoked = now() - HOUR if status == REVOKED else None
        builder = ocsp.OCSPResponseBuilder().add_response(
            leaf or self.leaf, self.certificate, hashes.SHA1(), status, now() + begin, now() + end,
            revoked, None).responder_id(ocsp.OCSPResponderEncoding.HASH, signer)
        if delegate and sent:
            builder = builder.certificates([delegate])
        own = self.delegate_key if delegate else self.key
        return builder.sign(key or own, hashes.SHA256()).public_bytes(Encoding.DER)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        request = urllib.parse.unquote(self.path.rsplit("/", 1)[1])
        self.answer("GET", base64.b64decode(request) if request else b"")

    def do_POST(self):
        self.answer("POST", self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, method, request):
        self.server.seen.append((method, request))
        self.server.behave(self, method)

    def say(self, body, status=200, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class OcspFetchTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.seen = []
        self.server.behave = lambda http, _: http.say(self.ca.response())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.ca = Authority(self.url)
        self.write("chain.pem", b"".join(one.public_bytes(Encoding.PEM)
                                         for one in (self.ca.leaf, self.ca.certificate)))

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, octets):
        with open(self.path(name), "wb") as file:
            file.write(octets)

    def proof(self):
        with open(self.path("proof"), "rb") as file:
            return file.read()

    def fetch(self, *more, chain="chain.pem", proof="proof"):
        return subprocess.run(
            [TOOL, "ocsp-fetch", "--certificate", self.path(chain), "--proof", self.path(proof),
             "--pause", "0.01", "--tries", "2", "--timeout", "0.5", *more],
            capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin:/bin"})

    def answers(self, body, **how):
        self.server.behave = lambda http, _: http.say(body, **how)

    def assert_done(self, done, text):
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(text, done.stdout)

    def assert_refused(self, done, text, code=1):
        self.assertEqual((done.returncode, done.stdout), (code, ""))
        self.assertIn(text, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)


class FetchTest(OcspFetchTest):
    def test_a_proof_is_fetched(self):
        self.assert_done(self.fetch(), "renewed, good until")
        response = ocsp.load_der_ocsp_response(self.proof())
        self.assertEqual(response.serial_number, self.ca.leaf.serial_number)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("proof")).st_mode), 0o644)
        method, request = self.server.seen[0]
        self.assertEqual(method, "GET")
        asked = ocsp.load_der_ocsp_request(request)
        self.assertEqual(asked.serial_number, self.ca.leaf.serial_number)

    def test_a_responder_that_knows_only_post(self):
        self.server.behave = lambda http, method: http.say(
            *((self.ca.response(), 200) if method == "POST" else (b"", 405)))
        self.assert_done(self.fetch(), "renewed")
        self.assertEqual([method for method, _ in self.server.seen], ["GET", "POST"])

    def test_a_responder_named_by_hand(self):
        self.assert_done(self.fetch("--url", self.url + "/other/"), "renewed")

    def test_a_redirection_is_followed(self):
        def behave(http, _):
            if "elsewhere" in http.path:
                http.say(self.ca.response())
            else:
                http.say(b"", 302, Location=f"{self.url}/elsewhere{http.path}")
        self.server.behave = behave
        self.assert_done(self.fetch(), "renewed")

    def test_a_delegate_that_sends_itself(self):
        self.answers(self.ca.response(delegate=self.ca.delegate))
        self.assert_done(self.fetch(), "renewed")

    def test_a_delegate_that_the_chain_has_is_put_in(self):
        bare = self.ca.response(delegate=self.ca.delegate, sent=False)
        self.answers(bare)
        self.assert_refused(self.fetch(), "not signed by the issuer or a delegate")
        with open(self.path("chain.pem"), "ab") as file:
            file.write(self.ca.delegate.public_bytes(Encoding.PEM))
        self.assert_done(self.fetch(), "renewed")
        (sent,) = ocsp.load_der_ocsp_response(self.proof()).certificates
        self.assertEqual(sent, self.ca.delegate)

    def test_what_is_not_due_is_left(self):
        self.answers(self.ca.response())  # the same one each time
        self.fetch()
        before, asked = self.proof(), len(self.server.seen)
        self.assert_done(self.fetch(), "not due")
        self.assertEqual((self.proof(), len(self.server.seen)), (before, asked))
        self.assert_done(self.fetch("--renew-before", "30h"), "no newer one")
        self.answers(self.ca.response(end=36 * HOUR))
        self.assert_done(self.fetch("--renew-before", "30h"), "renewed")
        self.assertNotEqual(self.proof(), before)

    def test_another_certificate_wants_another_proof(self):
        self.fetch()
        self.write("chain.pem", b"".join(one.public_bytes(Encoding.PEM)
                                         for one in (self.ca.other_leaf, self.ca.certificate)))
        self.answers(self.ca.response(leaf=self.ca.other_leaf))
        self.assert_done(self.fetch("--url", self.url), "renewed")

    def test_mode_link_and_neighbours_stay(self):
        self.write("target", b"old")
        os.chmod(self.path("target"), 0o640)
        os.symlink("target", self.path("proof"))
        self.assert_done(self.fetch(), "renewed")
        self.assertTrue(os.path.islink(self.path("proof")))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("target")).st_mode), 0o640)
        self.assertEqual(sorted(os.listdir(self.directory)), ["chain.pem", "proof", "target"])

    @unittest.skipIf(os.getuid(), "only root has anything to lose to another user")
    def test_a_link_in_another_users_directory_is_not_followed(self):
        """Neither as the file nor on the way to it: the other user would choose what root replaces."""
        victim = os.path.join(self.directory, "victim")
        os.mkdir(victim)
        theirs = os.path.join(self.directory, "theirs")
        os.mkdir(theirs)
        self.write("victim/proof", b"precious")
        os.symlink("../victim/proof", os.path.join(theirs, "proof"))
        os.symlink("../victim", os.path.join(theirs, "way"))
        os.chown(theirs, 65534, 65534)
        for name, link in (("theirs/proof", "proof"), ("theirs/way/proof", "way")):
            done = self.fetch(proof=name)
            self.assert_refused(done, f"{link} is a symbolic link that another user can change")
            with open(os.path.join(victim, "proof"), "rb") as file:
                self.assertEqual(file.read(), b"precious")
        self.assert_done(self.fetch(proof="theirs/new"), "renewed")
        self.assertEqual(sorted(os.listdir(theirs)), ["new", "proof", "way"])

    @unittest.skipIf(os.getuid(), "only root can give a file away")
    def test_no_more_than_reading_and_writing_is_taken_over(self):
        self.write("proof", b"old")
        os.chmod(self.path("proof"), 0o4755)
        self.assert_done(self.fetch(), "renewed")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("proof")).st_mode), 0o644)

    @unittest.skipIf(os.getuid(), "only root can give a file away")
    def test_the_owner_stays(self):
        self.write("proof", b"old")
        os.chown(self.path("proof"), 1, 2)
        self.assert_done(self.fetch(), "renewed")
        owner = os.stat(self.path("proof"))
        self.assertEqual((owner.st_uid, owner.st_gid), (1, 2))


class RefusedTest(OcspFetchTest):
    """Each with a good file in place, and with none: it stays as it is, and nothing is left beside."""

    def bad_answers(self):
        short = self.ca.delegate_until(12 * HOUR)
        response = self.ca.response
        later = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
        return {
            "revoked": (response(REVOKED), "the certificate is revoked"),
            "unknown": (response(UNKNOWN), "does not know the certificate"),
            "expired": (response(begin=-9 * HOUR, end=-HOUR), "has expired"),
            "not yet valid": (response(begin=HOUR), "not valid yet"),
            "nearly over": (response(begin=-23 * HOUR, end=HOUR), "nearly over"),
            "another certificate": (response(leaf=self.ca.other_leaf), "another certificate"),
            "a wrong key": (Authority(self.url).response(leaf=self.ca.leaf), "not signed"),
            "a signer that ends first": (response(delegate=short), "signer's certificate ends"),
            "try later": (later.public_bytes(Encoding.DER), "try later"),
            "a web page": (b"<html>Log in first</html>", "malformed"),
            "nothing": (b"", "empty"),
            "too much": (b"0" * 20000, "more than 16384 octets"),
            "cut short": (response()[:-9], "malformed"),
        }

    def assert_file_stays(self, name, text):
        for old in (None, self.ca.response(end=48 * HOUR)):
            if old:
                self.write("proof", old)
            with self.subTest(name, file=bool(old)):
                self.assert_refused(self.fetch("--renew-before", "90d"), text)
                if old:
                    self.assertEqual(self.proof(), old)
                self.assertEqual(sorted(os.listdir(self.directory)),
                                 ["chain.pem", *(["proof"] if old else [])])
        os.unlink(self.path("proof"))

    def test_bad_answers(self):
        for name, (body, text) in self.bad_answers().items():
            self.answers(body)
            self.assert_file_stays(name, text)

    def test_a_key_not_certified(self):
        stranger = Authority(self.url)
        self.answers(self.ca.response(delegate=stranger.delegate, key=stranger.delegate_key))
        self.assert_file_stays("stranger", "not certified by the issuer")

    def test_http_errors(self):
        self.answers(b"no", status=503)
        self.assert_file_stays("503", "HTTP status 503")
        self.answers(b"", status=302, Location="file:///etc/passwd")
        self.assert_file_stays("file URL", "Unsupported protocol")
        self.answers(b"", status=302, Location=self.url + "/round/")
        self.assert_file_stays("loop", "redirect")

    def test_a_slow_responder(self):
        self.server.behave = lambda http, _: time.sleep(1.5)
        self.assert_file_stays("slow", "did not answer in time")

    def test_no_responder(self):
        self.assert_refused(self.fetch("--url", "http://127.0.0.1:1"), "127.0.0.1:1")

    def test_it_tries_again(self):
        def behave(http, _):
            if len(self.server.seen) < 2:
                http.say(b"", 500)
            else:
                http.say(self.ca.response())
        self.server.behave = behave
        self.assert_done(self.fetch(), "renewed")

    def test_a_directory_that_cannot_be_written(self):
        done = self.fetch(proof="/proc/nowhere/proof")
        self.assert_refused(done, "/proc/nowhere/proof")

    def test_unusable_files(self):
        self.write("leaf.pem", self.ca.leaf.public_bytes(Encoding.PEM))
        self.write("nothing.pem", b"")
        self.write("other.pem", b"".join(one.public_bytes(Encoding.PEM)
                                         for one in (self.ca.other_leaf, self.ca.certificate)))
        self.assert_refused(self.fetch(chain="leaf.pem"), "the issuer of the certificate is not", 2)
        self.assert_refused(self.fetch(chain="nothing.pem"), "nothing.pem", 2)
        self.assert_refused(self.fetch(chain="other.pem"), "names no OCSP responder", 2)
        self.assert_refused(self.fetch("--renew-before", "soon"), "--renew-before", 2)


class ConfigTest(OcspFetchTest):
    def run_config(self, text, *more):
        self.write("config", text.encode())
        return subprocess.run([TOOL, "ocsp-fetch", "--config", self.path("config"), "--pause", "0",
                               "--tries", "1", *more], capture_output=True, text=True, timeout=60)

    def test_several(self):
        chain = self.path("chain.pem")
        done = self.run_config(f"# two\n{chain} {self.path('a')}\n\n"
                               f"{chain} {self.path('b')} url={self.url}/x renew-before=1h # more\n")
        self.assert_done(done, "renewed")
        self.assertEqual(done.stdout.count("renewed"), 2)

    def test_one_that_fails_does_not_keep_the_others(self):
        chain = self.path("chain.pem")
        done = self.run_config(f"{chain} {self.path('a')} url=http://127.0.0.1:1\n"
                               f"{chain} {self.path('b')}\n")
        self.assertEqual(done.returncode, 1)
        self.assertTrue(os.path.exists(self.path("b")))
        self.assertFalse(os.path.exists(self.path("a")))

    def test_mistakes(self):
        for text, told in (("", "names no certificate"), ("only-one", "line 1"),
                           ("a b\nc d colour=red", "line 2: \"colour\""),
                           ("a b renew-before=x", "line 1"), ("a b url", "name=value")):
            with self.subTest(text):
                self.assert_refused(self.run_config(text), told, 2)


class CheckTest(OcspFetchTest):
    def check(self, *more):
        done = self.fetch("--check", *more)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def test_states(self):
        for name, response, code, text in (
                ("good", self.ca.response(), 0, "OCSP OK - "),
                ("a quarter", self.ca.response(begin=-20 * HOUR, end=4 * HOUR), 1, "OCSP WARNING"),
                ("a tenth", self.ca.response(begin=-23 * HOUR, end=HOUR), 2, "OCSP CRITICAL"),
                ("revoked", self.ca.response(REVOKED), 2, "revoked"),
                ("expired", self.ca.response(begin=-9 * HOUR, end=-HOUR), 2, "has expired"),
                ("signer", self.ca.response(delegate=self.ca.delegate_until(HOUR)), 2, "good for"),
                ("junk", b"junk", 2, "malformed"), ("empty", b"", 2, "no proof in it")):
            with self.subTest(name):
                self.write("proof", response)
                status, line = self.check()
                self.assertEqual(status, code, line)
                self.assertIn(text, line)
                self.assertEqual(line.count("\n"), 1)
        self.assertEqual(self.server.seen, [])

    def test_limits_figures_and_what_is_missing(self):
        self.assertEqual(self.check()[0], 2)
        self.write("proof", self.ca.response())
        self.assertRegex(self.check()[1], r"\| age=36\d\ds left=8\d{4}s\n$")
        self.assertEqual(self.check("--warning", "2d")[0], 1)
        self.assertEqual(self.check("--critical", "2d")[0], 2)
        self.assertEqual(self.check("--critical", "x")[0], 3)
        self.assertEqual(self.check("--no-such-option")[0], 3)

    def test_a_certificate_that_names_no_responder(self):
        """As many authorities' do since 2025. It asks nobody, so it needs none: the file alone counts."""
        self.write("chain.pem", b"".join(one.public_bytes(Encoding.PEM)
                                         for one in (self.ca.other_leaf, self.ca.certificate)))
        for name, response, code in (
                ("good", self.ca.response(leaf=self.ca.other_leaf), 0),
                ("ends soon", self.ca.response(leaf=self.ca.other_leaf, begin=-20 * HOUR, end=4 * HOUR), 1),
                ("of the certificate before", self.ca.response(), 2)):
            with self.subTest(name):
                self.write("proof", response)
                status, line = self.check()
                self.assertEqual(status, code, line)
                self.assertEqual("names no OCSP responder" in line, code != 0, line)
                self.assertNotIn("names no OCSP responder", self.check("--url", "http://localhost/")[1])
        os.remove(self.path("proof"))
        status, line = self.check()
        self.assertEqual(status, 2, line)
        self.assertIn("take tls_ocsp_file and this line away", line)


class WatchTest(OcspFetchTest):
    def test_it_renews_until_it_is_told_to_stop(self):
        self.server.behave = lambda http, _: http.say(
            self.ca.response(begin=-SECOND, end=3 * SECOND))
        watcher = subprocess.Popen(
            [TOOL, "ocsp-fetch", "--watch", "--certificate", self.path("chain.pem"), "--proof",
             self.path("proof")], stdout=subprocess.PIPE, text=True)
        limit = threading.Timer(60, watcher.kill)
        limit.start()
        try:
            first, second = watcher.stdout.readline(), watcher.stdout.readline()
            self.assertIn("renewed", first)
            self.assertIn("renewed", second)
            watcher.send_signal(signal.SIGTERM)
            self.assertEqual(watcher.wait(timeout=20), 0)
        finally:
            limit.cancel()
            watcher.kill()
            watcher.wait()
            watcher.stdout.close()


def loopback_works():
    """A network namespace without anything may not even have that."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        try:
            socket.create_connection(server.getsockname(), timeout=5).close()
        except OSError:
            return False
    return True


if __name__ == "__main__":
    if not loopback_works():
        print("skipped: the responder of this test needs the loopback interface")
        sys.exit(SKIPPED)
    unittest.main()
