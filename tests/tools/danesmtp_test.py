#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The danesmtp tool: exit codes, output and messages of `verify` and `tlsa`.

The binary is named by the environment variable DANESMTP. Certificates are made with openssl(1) in a
directory that goes away; nothing else is needed.
"""

import base64
import hashlib
import json
import os
import subprocess
import tempfile
import time
import unittest

TOOL = os.environ["DANESMTP"]


def run(*arguments, stdin=""):
    return subprocess.run([TOOL, *arguments], input=stdin, capture_output=True, text=True, timeout=60)


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True).stdout


def der(pem):
    body = pem.split("-----BEGIN CERTIFICATE-----")[1].split("-----END CERTIFICATE-----")[0]
    return base64.b64decode(body)


class Lab:
    """A CA, a leaf for mx.lab that it issued, and what openssl(1) says of their keys."""

    def __init__(self, directory):
        self.directory = directory
        self.new_key("ca")
        self.new_key("leaf")
        self.make("req", "-x509", "-key", self.path("ca.key"), "-subj", "/CN=Lab CA", "-days", "3650",
                  "-out", self.path("ca.pem"))
        self.make("req", "-x509", "-key", self.path("leaf.key"), "-subj", "/CN=leaf", "-days", "3650",
                  "-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"),
                  "-addext", "subjectAltName=DNS:*.lab,DNS:mx.lab,DNS:other.lab",
                  "-addext", "basicConstraints=critical,CA:FALSE", "-out", self.path("leaf.pem"))
        self.leaf = self.read("leaf.pem")
        self.ca = self.read("ca.pem")
        self.write("chain.pem", "a comment\n" + self.leaf + "between\n" + self.ca)
        self.leaf_key = openssl("pkey", "-in", self.path("leaf.key"), "-pubout", "-outform", "DER")
        self.ca_key = openssl("pkey", "-in", self.path("ca.key"), "-pubout", "-outform", "DER")
        self.ee = "3 1 1 " + hashlib.sha256(self.leaf_key).hexdigest()
        self.ta = "2 1 1 " + hashlib.sha256(self.ca_key).hexdigest()

    def path(self, name):
        return os.path.join(self.directory, name)

    def make(self, *arguments):
        openssl(*arguments)

    def new_key(self, name):
        self.make("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                  "-out", self.path(name + ".key"))

    def read(self, name):
        with open(self.path(name), encoding="ascii") as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.path(name)


class ToolTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.lab = Lab(cls.directory.name)
        cls.chain = cls.lab.path("chain.pem")

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def assert_complaint(self, result, *parts):
        """Exit code 2, nothing on standard output, one line that names what is wrong."""
        self.assertEqual(result.returncode, 2, result)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        for part in ("danesmtp: ",) + parts:
            self.assertIn(part, result.stderr)


class CommonTest(ToolTest):
    def test_help_and_version(self):
        alone = run()
        self.assertEqual(alone.returncode, 0)
        for command, option in (("verify", "--jsonl"), ("tlsa", "--usage"), ("check", "--nagios"),
                                ("explain", "--dns-only")):
            self.assertIn(f"\n  {command} ", alone.stdout)
            self.assertIn(f"danesmtp {command} ", alone.stdout)  # an example
            page = run(command, "--help")
            self.assertEqual(page.returncode, 0)
            self.assertIn(option, page.stdout)
            self.assertIn("Exit code", page.stdout)
        version = run("--version")
        self.assertEqual(version.returncode, 0)
        self.assertRegex(version.stdout, r"^danesmtp \d+\.\d+\.\d+\n$")

    def test_full_output_is_not_success(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([TOOL, "tlsa", self.chain], stdout=full, stderr=subprocess.PIPE, text=True,
                                    timeout=60)
        self.assertEqual(result.returncode, 2)
        self.assertIn("standard output", result.stderr)

    def test_unknown_arguments(self):
        self.assert_complaint(run("frobnicate"), "frobnicate")
        self.assert_complaint(run("verify", "--frobnicate"), "--frobnicate")


class VerifyTest(ToolTest):
    def verify(self, *arguments):
        return run("verify", "--chain", self.chain, *arguments)

    def test_verdicts(self):
        other = "3 1 1 " + "0" * 64
        rows = [
            ("usage 3", ["--tlsa", self.lab.ee], 0),
            ("usage 3, another key", ["--tlsa", other], 1),
            ("usage 2", ["--tlsa", self.lab.ta, "--name", "mx.lab"], 0),
            ("usage 2, another name", ["--tlsa", self.lab.ta, "--name", "mx.example"], 1),
            ("usage 2, no name", ["--tlsa", self.lab.ta], 1),
            ("usage 2, the second name", ["--tlsa", self.lab.ta, "--name", "a.example", "--name", "mx.lab"], 0),
            ("usage 2, in time", ["--tlsa", self.lab.ta, "--name", "mx.lab", "--at", self.day(1)], 0),
            ("usage 2, too late", ["--tlsa", self.lab.ta, "--name", "mx.lab", "--at", "2100-01-01T00:00:00Z"], 1),
            ("usage 3, too late", ["--tlsa", self.lab.ee, "--at", "2100-01-01T00:00:00Z"], 0),
            ("a bad and a good record", ["--tlsa", other, "--tlsa", self.lab.ee], 0),
            ("only unusable records", ["--tlsa", "1 1 1 " + "0" * 64, "--tlsa", "3 1 1 abcd"], 3),
            ("an unusable and a bad record", ["--tlsa", "3 1 1 abcd", "--tlsa", other], 1),
        ]
        for name, arguments, code in rows:
            with self.subTest(name):
                for more in ([], ["--json"]):
                    result = self.verify(*arguments, *more)
                    self.assertEqual(result.returncode, code, result)
                    self.assertEqual(result.stderr, "")

    @staticmethod
    def day(days):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86400))

    def test_text(self):
        good = self.verify("--tlsa", self.lab.ta, "--name", "MX.lab")
        self.assertIn("depth 1, for the name mx.lab", good.stdout)
        self.assertIn(self.lab.ta, good.stdout)
        bad = self.verify("--tlsa", self.lab.ta, "--name", "mx.example")
        self.assertIn("certificate-host-mismatch", bad.stdout)
        self.assertIn("presented: " + self.lab.ee, bad.stdout)
        self.assertIn("presented: " + self.lab.ta, bad.stdout)

    def test_json(self):
        good = json.loads(self.verify("--tlsa", self.lab.ta, "--name", "mx.lab", "--json").stdout)
        self.assertEqual((good["verdict"], good["matched"], good["depth"], good["name"], good["failure"]),
                         ("authenticated", self.lab.ta, 1, "mx.lab", None))
        late = json.loads(self.verify("--tlsa", self.lab.ta, "--name", "mx.lab", "--json",
                                      "--at", "2100-01-01T00:00:00+01:00").stdout)
        self.assertEqual((late["verdict"], late["matched"], late["depth"], late["failure"]),
                         ("failed", None, None, "certificate-expired"))
        self.assertIn("presented: " + self.lab.ee, late["details"])

    def test_complaints(self):
        self.assert_complaint(run("verify"), "--chain")
        self.assert_complaint(self.verify(), "--tlsa")
        self.assert_complaint(run("verify", "--tlsa", self.lab.ee, "--chain", "/nonexistent.pem"),
                              "/nonexistent.pem")
        self.assert_complaint(run("verify", "--tlsa", self.lab.ee, "--chain", self.lab.directory),
                              self.lab.directory)
        self.assert_complaint(run("verify", "--tlsa", self.lab.ee, "--chain", self.lab.path("ca.key")),
                              "no certificate")
        cut = self.lab.write("cut.pem", self.lab.leaf[:200])
        self.assert_complaint(run("verify", "--tlsa", self.lab.ee, "--chain", cut), "cut.pem", "no end")
        self.assert_complaint(self.verify("--tlsa", "3 1 1"), "--tlsa", "missing")
        self.assert_complaint(self.verify("--tlsa", "3 1 one ab"), "matching type")
        self.assert_complaint(self.verify("--tlsa", self.lab.ee, "--name", "192.0.2.1"), "--name")
        for at in ("yesterday", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00",
                   "2026-01-01T24:00:00Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx",
                   "2026-01-01T00:00:00+0100", "2026-1-01T00:00:00Z", "2026-01-01T-1:00:00Z"):
            with self.subTest(at):
                self.assert_complaint(self.verify("--tlsa", self.lab.ee, "--at", at), "--at", at)
        self.assert_complaint(self.verify("--jsonl"), "--jsonl")
        self.assert_complaint(self.verify("--tlsa", self.lab.ee, "--live", "mx.lab"), "one of the two")
        self.assert_complaint(self.verify("--live", "192.0.2.1"), "--live")
        for key in (self.lab.path("none.key"), self.lab.path("leaf.pem")):
            self.assert_complaint(self.verify("--tlsa", self.lab.ee, "--private-key", key), key, "name")

    def test_private_key(self):
        rows = [("the leaf's", "leaf.key", self.lab.ee, 0, "same"), ("another", "ca.key", self.lab.ee, 1, "other"),
                ("the leaf's, another record", "leaf.key", "3 1 1 " + "0" * 64, 1, "same"),
                ("another, no usable record", "ca.key", "1 1 1 " + "0" * 64, 1, "other")]
        for name, key, record, code, answer in rows:
            with self.subTest(name):
                arguments = ["--tlsa", record, "--private-key", self.lab.path(key)]
                result = self.verify(*arguments)
                self.assertEqual(result.returncode, code, result)
                self.assertEqual("is not that of the certificate" in result.stdout, answer == "other")
                object_ = json.loads(self.verify(*arguments, "--json").stdout)
                self.assertEqual((object_["schema"], object_["private_key"]), (1, answer))


class CheckTest(ToolTest):
    """What can be said without any network; the rest is in tests/integration/test_tool_check.py."""

    def test_complaints(self):
        anchor = self.lab.write("anchor", "; nothing\n")
        good = self.lab.write("good-anchor", ". IN DS 1 13 2 " + "00" * 32 + "\n")
        rows = [
            ([], "name a domain"),
            (["192.0.2.1"], "HOST:PORT"),
            (["a b.lab"], "HOST:PORT"),
            (["mx.lab:0"], "65535"),
            (["mx.lab:25x"], "65535"),
            (["x.lab", "--port", "0"], "--port"),
            (["x.lab", "-4", "-6"], "-6"),
            (["x.lab", "--timeout", "0"], "--timeout"),
            (["x.lab", "--jobs", "0"], "--jobs"),
            (["x.lab", "--resolver", "nonsense"], "--resolver"),
            (["x.lab", "--trust-anchor", anchor], anchor),
            (["x.lab", "--trust-anchor", self.lab.path("none")], "none"),
            (["x.lab", "--frobnicate"], "--help"),
        ]
        more = [
            (["--list", self.lab.path("none")], "--list"),
            (["--list", self.lab.directory], "--list"),
        ]
        for command in ("check", "explain"):
            for arguments, part in rows:
                with self.subTest(command, arguments=arguments):
                    self.assert_complaint(run(command, *arguments), part)
        for arguments, part in more:
            with self.subTest(arguments):
                self.assert_complaint(run("check", *arguments, "--trust-anchor", good), part)

    def test_a_monitoring_plugin_complains_in_its_own_way(self):
        for arguments in ([], ["192.0.2.1"], ["x.lab", "--frobnicate"], ["x.lab", "--resolver", "no|sense"],
                          ["x.lab", "--json"]):
            with self.subTest(arguments):
                result = run("check", "--nagios", *arguments)
                self.assertEqual((result.returncode, result.stderr), (3, ""), result)
                self.assertRegex(result.stdout, r"^DANE UNKNOWN - [^|\n]+\n$")


class LinesTest(ToolTest):
    def question(self, **changes):
        object_ = {"id": 1, "chain": self.lab.leaf + self.lab.ca, "tlsa": [self.lab.ee], "refs": ["mx.lab"],
                   "verify_time": None}
        object_.update(changes)
        return json.dumps(object_)

    def answers(self, *lines):
        result = run("verify", "--jsonl", stdin="".join(line + "\n" for line in lines))
        self.assertEqual(result.stderr, "")
        return result.returncode, [json.loads(line) for line in result.stdout.splitlines()]

    def test_verdicts(self):
        code, answers = self.answers(
            self.question(id="a"),
            self.question(id=["b"], tlsa=[self.lab.ta]),
            self.question(id=None, tlsa=[self.lab.ta], refs=["mx.example"]),
            self.question(tlsa=["1 1 1 " + "0" * 64]),
            self.question(tlsa=[]),
            self.question(chain=""),
            self.question(tlsa=[self.lab.ta], verify_time="2100-01-01T00:00:00Z"),
            self.question(tlsa=["3 1", self.lab.ee]),
            self.question(tlsa=["3 1 1 xyz"]),
        )
        self.assertEqual(code, 0)
        self.assertEqual([a["verdict"] for a in answers],
                         ["authenticated", "authenticated", "failed", "unusable", "unusable", "failed",
                          "failed", "authenticated", "unusable"])
        self.assertEqual([a["id"] for a in answers[:3]], ["a", ["b"], None])
        self.assertEqual([(a["matched"], a["depth"]) for a in answers[:3]],
                         [(self.lab.ee, 0), (self.lab.ta, 1), (None, None)])
        for answer in answers:
            self.assertEqual(set(answer), {"id", "verdict", "matched", "depth", "reason"})

    def test_a_broken_line_does_not_end_the_run(self):
        broken = ["", "{", "[]", "null", "\"text\"", "{}", "{\"id\":1}", "\x00",
                  self.question(tlsa=["none at all"]), self.question(tlsa="3 1 1 ab"),
                  self.question(tlsa=[3]), self.question(refs=["192.0.2.1"]), self.question(refs=[None]),
                  self.question(chain="no PEM"), self.question(chain=7),
                  self.question(verify_time="yesterday"), self.question(verify_time=0)]
        for line in broken:
            with self.subTest(line[-60:]):
                code, answers = self.answers(line, self.question(id="next"))
                self.assertEqual(code, 2)
                self.assertEqual([a["verdict"] for a in answers], ["error", "authenticated"])
                self.assertEqual(set(answers[0]), {"id", "verdict", "reason"})
                self.assertTrue(answers[0]["reason"])
                self.assertEqual(answers[1]["id"], "next")

    def test_each_answer_comes_at_once(self):
        with subprocess.Popen([TOOL, "verify", "--jsonl"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as process:
            for i in range(3):
                process.stdin.write(self.question(id=i) + "\n")
                process.stdin.flush()
                self.assertEqual(json.loads(process.stdout.readline())["id"], i)
            process.stdin.close()
            self.assertEqual(process.wait(timeout=10), 0)

    def test_speed(self):
        """Thousands of lines a second; the bound leaves room for sanitizers and busy machines."""
        lines = [self.question(id=i, tlsa=[self.lab.ta]) for i in range(3000)]
        started = time.monotonic()
        code, answers = self.answers(*lines)
        elapsed = time.monotonic() - started
        self.assertEqual(code, 0)
        self.assertEqual(len(answers), len(lines))
        self.assertLess(elapsed, 30)
        print(f"usage 2: {len(lines) / elapsed:.0f} lines a second")


class TlsaTest(ToolTest):
    def tlsa(self, *arguments):
        result = run("tlsa", *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result)
        return result.stdout.splitlines()

    def test_records(self):
        leaf, ca = der(self.lab.leaf), der(self.lab.ca)
        owner = "_25._tcp.mx.lab. IN TLSA "
        rows = [
            ([], self.lab.ee),
            (["--matching", "2"], "3 1 2 " + hashlib.sha512(self.lab.leaf_key).hexdigest()),
            (["--matching", "0"], "3 1 0 " + self.lab.leaf_key.hex()),
            (["--selector", "0"], "3 0 1 " + hashlib.sha256(leaf).hexdigest()),
            (["--selector", "0", "--matching", "0"], "3 0 0 " + leaf.hex()),
            (["--usage", "2"], self.lab.ta),
            (["--usage", "2", "--selector", "0"], "2 0 1 " + hashlib.sha256(ca).hexdigest()),
        ]
        for arguments, record in rows:
            with self.subTest(arguments):
                self.assertEqual(self.tlsa(self.chain, *arguments), [owner + record])

    def test_usage_2_of_a_lone_ca(self):
        lines = self.tlsa(self.lab.path("ca.pem"), "--usage", "2", "--host", "mx.lab")
        self.assertEqual(lines, ["_25._tcp.mx.lab. IN TLSA " + self.lab.ta])

    def test_owner(self):
        self.assertEqual(self.tlsa(self.chain, "--port", "465", "--host", "B\u00fccher.LAB."),
                         ["_465._tcp.xn--bcher-kva.lab. IN TLSA " + self.lab.ee])

    def test_keys(self):
        public = self.lab.path("leaf.pub")
        openssl("pkey", "-in", self.lab.path("leaf.key"), "-pubout", "-out", public)
        for key in (public, self.lab.path("leaf.key")):
            self.assertEqual(self.tlsa("--key", key, "--host", "mx.lab"),
                             ["_25._tcp.mx.lab. IN TLSA " + self.lab.ee])

    def test_generic(self):
        digest = hashlib.sha256(self.lab.leaf_key).hexdigest()
        self.assertEqual(self.tlsa(self.chain, "--generic"),
                         ["_25._tcp.mx.lab. IN TYPE52 \\# 35 030101" + digest])

    def test_json(self):
        answer = json.loads("\n".join(self.tlsa(self.chain, "--json", "--usage", "2")))
        (record,) = answer.pop("records")
        self.assertEqual(answer, {"schema": 1})
        zone, generic = (self.tlsa(self.chain, "--usage", "2", *more)[0] for more in ([], ["--generic"]))
        self.assertEqual(record, {"owner": "_25._tcp.mx.lab", "usage": 2, "selector": 1, "matching": 1,
                                  "data": self.lab.ta.split()[3], "zone": zone, "generic": generic})

    def test_all_are_authenticated(self):
        lines = self.tlsa(self.chain, "--all")
        self.assertEqual([line.split(" ", 3)[3][:5] for line in lines],
                         ["3 1 1", "3 1 2", "3 0 1", "3 0 2", "2 1 1", "2 1 2", "2 0 1", "2 0 2"])
        for line in lines:
            result = run("verify", "--chain", self.chain, "--name", "mx.lab", "--tlsa", line.split(" ", 3)[3])
            self.assertEqual(result.returncode, 0, line)
        self.assertEqual(len(self.tlsa(self.lab.path("leaf.pem"), "--all")), 4)
        three = self.lab.write("three.pem", self.lab.leaf + self.lab.ca + self.lab.leaf)
        self.assertEqual(len(self.tlsa(three, "--all")), 12)  # each issuer that follows
        self.assertEqual(len(self.tlsa("--key", self.lab.path("leaf.key"), "--host", "mx.lab", "--all")), 2)

    def test_complaints(self):
        pss = self.lab.path("pss.key")
        openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048",
                "-pkeyopt", "rsa_pss_keygen_md:sha256", "-out", pss)
        encrypted = self.lab.path("encrypted.key")
        openssl("pkey", "-in", self.lab.path("leaf.key"), "-aes128", "-passout", "pass:x",
                "-out", encrypted)
        garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        rows = [
            ([], "certificate file or --key"),
            ([self.chain, "--key", self.lab.path("leaf.key")], "one of the two"),
            ([self.chain, "--usage", "1"], "--usage"),
            ([self.chain, "--selector", "2"], "--selector"),
            ([self.chain, "--matching", "3"], "--matching"),
            ([self.chain, "--port", "0"], "--port"),
            ([self.chain, "--port", "65536"], "--port"),
            ([self.chain, "--host", "192.0.2.1"], "--host"),
            ([self.lab.path("ca.pem")], "give --host"),
            (["--key", self.lab.path("leaf.key")], "give --host"),
            (["--key", self.lab.path("leaf.key"), "--host", "mx.lab", "--selector", "0"], "selector 0"),
            (["--key", self.chain, "--host", "mx.lab"], "chain.pem"),
            (["--key", pss, "--host", "mx.lab"], "RSA-PSS"),
            (["--key", encrypted, "--host", "mx.lab"], "without a passphrase"),
            (["--key", self.lab.path("none.key"), "--host", "mx.lab"], "name a file"),
            ([self.lab.path("leaf.key")], "no certificate"),
            ([self.lab.write("garbage.pem", garbage), "--host", "mx.lab"], "not a certificate"),
        ]
        for arguments, part in rows:
            with self.subTest(arguments):
                self.assert_complaint(run("tlsa", *arguments), part)


if __name__ == "__main__":
    unittest.main()
