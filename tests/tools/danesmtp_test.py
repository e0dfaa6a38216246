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

    def test_did_you_mean(self):
        for wrong, right in (("chek", "check"), ("Verify", "verify"), ("tlas", "tlsa"), ("explian", "explain"),
                             ("ocsp_fetch", "ocsp-fetch")):
            self.assert_complaint(run(wrong, "example.org"), f'"{wrong}"', f"did you mean {right}?")
        self.assertNotIn("did you mean", run("frobnicate").stderr)
        self.assert_complaint(run("check", "--ngios", "example.org"), "did you mean --nagios?")
        self.assert_complaint(run("example.org"), "danesmtp check example.org")


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

    def test_private_key_of_the_certificate_that_is_judged(self):
        """A library that reads the file in its own way takes the first block for a certificate too."""
        other = self.lab.read("ca.pem").replace(" CERTIFICATE-", " CERTIFICATE OF ANOTHER-")
        chain = self.lab.write("behind-another.pem", other + self.lab.read("chain.pem"))
        for key, code, answer in (("leaf.key", 0, "same"), ("ca.key", 1, "other")):
            result = run("verify", "--chain", chain, "--tlsa", self.lab.ee, "--private-key", self.lab.path(key), "--json")
            self.assertEqual((result.returncode, json.loads(result.stdout)["private_key"]), (code, answer), result)
        broken = self.lab.write("broken.pem", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")
        self.assert_complaint(run("verify", "--chain", broken, "--tlsa", self.lab.ee, "--private-key",
                                  self.lab.path("leaf.key")), broken, "first certificate")


class InputTest(ToolTest):
    """Records and files as people have them."""

    def test_records(self):
        usage, selector, matching, data = self.lab.ee.split()
        colons = ":".join(data[i:i + 2] for i in range(0, 64, 2)).upper()
        split = data[:56] + " " + data[56:]
        rows = [
            self.lab.ee,
            f"3 1 1 {colons}",
            f"_25._tcp.mx.lab. IN TLSA {self.lab.ee}",
            f"_25._tcp.mx.lab. 3600 IN TLSA 3 1 1 {split.upper()}",
            f"_25._tcp.mx.lab. IN 3600 TLSA {self.lab.ee} ; the key of 2026",
            f"_25._tcp.mx TLSA {self.lab.ee}",
            f"mx tlsa {self.lab.ee}",
            f"TLSA {self.lab.ee}",
            f"_25._tcp.mx.lab. 3600 IN TLSA ( 3 1 1 ; usage\n  {data[:32]}\n\t{data[32:]} )\n",
            f"\\# 35 030101{data}",
            f"_25._tcp.mx.lab. IN TYPE52 \\# 35 ( 030101{data[:20]} {data[20:]} )",
            f"$TTL 60\n; <<>> DiG <<>> TLSA\n;_25._tcp.mx.lab. IN TLSA\n"
            f"_25._tcp.mx.lab. 60 IN CNAME _dane.lab.\n_dane.lab. 60 IN TLSA {self.lab.ee}\n"
            f"_dane.lab. 60 IN RRSIG TLSA 13 4 60 20260101000000 20250101000000 1 lab. AAAA\n;; Query time: 1\n",
            f"3 1 1 {'0' * 64}\n{self.lab.ee}\n",
        ]
        for text in rows:
            with self.subTest(text):
                result = run("verify", "--chain", self.chain, "--tlsa", text)
                self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        printed = run("tlsa", self.chain, "--all").stdout
        generic = run("tlsa", self.chain, "--all", "--generic").stdout
        for text in (printed, generic):
            self.assertEqual(run("verify", "--chain", self.chain, "--tlsa", text).returncode, 0)

    def test_records_that_are_none(self):
        rows = [
            ("3 1 1 " + "0" * 63, "63 hexadecimal digits, an odd number"),
            ("3 1 1 " + "0" * 62 + "xy", '"x" in the TLSA data is not a hexadecimal digit'),
            ("3 1 1", "missing"), ("_25._tcp.mx.lab. IN TLSA", "missing"), ("3 1", "matching type"),
            ("_25._tcp.mx.lab. IN TLSA 3 256 1 00", "selector"), ("; nothing", "no TLSA record"), ("", "no TLSA record"),
            ("_25._tcp.mx.lab. IN CNAME _dane.lab.", "no TLSA record"),
            ("\\# 34 030101" + "0" * 64, "says 34 octets and has 35"), ("\\# x 0301", "no length"), ("\\#", "no length"),
            ("\\# 3 030101", "TLSA rdata of 3 octets"),
        ]
        for text, part in rows:
            with self.subTest(text):
                self.assert_complaint(run("verify", "--chain", self.chain, "--tlsa", text), "--tlsa", part)

    def test_the_digest_of_nothing(self):
        for matching, digest in ((1, hashlib.sha256()), (2, hashlib.sha512())):
            record = f"3 1 {matching} {digest.hexdigest()}"
            result = run("verify", "--chain", self.chain, "--tlsa", record)
            self.assertEqual(result.returncode, 1)
            self.assertIn("digest of nothing", result.stdout)
            result = run("verify", "--chain", self.chain, "--tlsa", record, "--json")
            self.assertIn("digest of nothing", result.stdout)

    def test_usage_2_without_a_name(self):
        result = run("verify", "--chain", self.chain, "--tlsa", self.lab.ta)
        self.assertEqual(result.returncode, 1)
        self.assertIn("--name", result.stdout)
        result = run("verify", "--chain", self.chain, "--tlsa", "2 1 1 " + "0" * 64)
        self.assertNotIn("--name", result.stdout)  # something else is wrong

    def other_kinds(self):
        """Name, the file, what it is called, and the command."""
        lab = self.lab
        made = {
            "leaf.der": ["x509", "-in", lab.path("leaf.pem"), "-outform", "DER"],
            "chain.p7b": ["crl2pkcs7", "-nocrl", "-certfile", self.chain],
            "chain.p7c": ["crl2pkcs7", "-nocrl", "-certfile", self.chain, "-outform", "DER"],
            "leaf.p12": ["pkcs12", "-export", "-in", lab.path("leaf.pem"), "-inkey", lab.path("leaf.key"),
                         "-passout", "pass:x"],
            "request.pem": ["req", "-new", "-key", lab.path("leaf.key"), "-subj", "/CN=x"],
            "trusted.pem": ["x509", "-in", lab.path("leaf.pem"), "-trustout"],
            "key.der": ["pkey", "-in", lab.path("leaf.key"), "-outform", "DER"],
            "public.der": ["pkey", "-in", lab.path("leaf.key"), "-pubout", "-outform", "DER"],
            "public.pem": ["pkey", "-in", lab.path("leaf.key"), "-pubout"],
        }
        for name, arguments in made.items():
            lab.make(*arguments, "-out", lab.path(name))
        return [
            ("leaf.der", "a certificate in DER", "openssl x509 -inform DER "),
            ("chain.p7b", "a PKCS#7 bundle", "openssl pkcs7 -print_certs "),
            ("chain.p7c", "a PKCS#7 bundle in DER", "openssl pkcs7 -inform DER "),
            ("leaf.p12", "a PKCS#12 store", "openssl pkcs12 -nokeys "),
            ("request.pem", "a certificate request", "openssl req "),
            ("trusted.pem", "OpenSSL's own form", "openssl x509 "),
            ("key.der", "a private key in DER", "openssl pkey -inform DER "),
            ("public.der", "a public key in DER", "openssl pkey -pubin "),
            ("leaf.key", "a private key", "danesmtp tlsa --key "),
            ("public.pem", "a public key", "danesmtp tlsa --key "),
        ]

    def test_files_of_another_kind(self):
        for name, what, command in self.other_kinds():
            path = self.lab.path(name)
            with self.subTest(name):
                for arguments in (["verify", "--chain", path, "--tlsa", self.lab.ee],
                                  ["tlsa", path, "--host", "mx.lab"]):
                    self.assert_complaint(run(*arguments), "no certificate in PEM", what, command, path)
                if name in ("leaf.key", "public.pem"):
                    continue
                result = run("tlsa", "--key", path, "--host", "mx.lab")
                self.assert_complaint(result, what, command, path)
                self.try_the_command(result.stderr)

    def try_the_command(self, told):
        """The command does it: what it makes can be used."""
        command = told.rstrip("\n").rpartition(": ")[2]
        if " pkcs12 " in command:
            command += " -passin pass:x"
        os.makedirs(self.lab.path("made"), exist_ok=True)
        subprocess.run(command, shell=True, check=True, cwd=self.lab.path("made"), capture_output=True)
        made = "made/" + command.rpartition(" -out ")[2].split()[0]
        arguments = ["--key", self.lab.path(made)] if made == "made/key.pem" else [self.lab.path(made)]
        result = run("tlsa", *arguments, "--host", "mx.lab")
        self.assertEqual(result.stdout, "_25._tcp.mx.lab. IN TLSA " + self.lab.ee + "\n", command + result.stderr)


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
            (["https://mx.lab/x"], "mx.lab"),
            (["bob@192.0.2.1"], "HOST:PORT"),
            (["mx.lab:465"], "--submissions"),
            (["mx.lab", "--port", "465"], "--submissions"),
            (["x.lab", "--helo", "no host"], "--helo"),
            (["x.lab", "--mta-sts", "/run/map"], "--mta-sts"),
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


class BadTargetTest(ToolTest):
    """A target that cannot be understood is one in state unknown, in whatever form the answer is."""

    def setUp(self):
        self.anchor = self.lab.write("good-anchor", ". IN DS 1 13 2 " + "00" * 32 + "\n")
        self.list = self.lab.write("bad-list", "192.0.2.1\nx lab # odd\n")

    def check(self, *arguments):
        return run("check", "--trust-anchor", self.anchor, "--list", self.list, *arguments)

    def test_text_and_json(self):
        result = self.check()
        self.assertEqual((result.returncode, result.stderr), (2, ""))
        self.assertRegex(result.stdout, r"^192\.0\.2\.1: unknown: .*\nx lab: unknown: .*\n$")
        result = self.check("--json")
        self.assertEqual(result.returncode, 2)
        for line, target in zip(result.stdout.splitlines(), ("192.0.2.1", "x lab")):
            object_ = json.loads(line)
            self.assertEqual((object_["target"], object_["state"]), (target, "unknown"))
            self.assertTrue(object_["error"])

    def test_nagios(self):
        result = self.check("--nagios")
        self.assertEqual(result.returncode, 3)
        self.assertRegex(result.stdout, r"^DANE UNKNOWN - 2 of 2 unknown: 192\.0\.2\.1: [^|\n]+ "
                                        r"\| ok=0 warning=0 critical=0 unknown=2 time=0\.000s\n$")

    def test_prometheus(self):
        path = self.lab.path("bad.prom")
        self.check("--prometheus", path)
        samples = self.lab.read("bad.prom").splitlines()
        for target in ("192.0.2.1", "x lab"):
            self.assertIn(f'danesmtp_check_state{{target="{target}"}} 3', samples)
            self.assertIn(f'danesmtp_check_outcome{{target="{target}",outcome="unknown"}} 1', samples)

    def test_a_target_named_twice_has_one_series(self):
        again = self.lab.write("bad-list", "192.0.2.1\nx lab\n192.0.2.1\n")
        path = self.lab.path("twice.prom")
        result = self.check("--prometheus", path)
        self.assertEqual(result.stdout.count("192.0.2.1: unknown"), 2, again)
        samples = [line.rpartition(" ")[0] for line in self.lab.read("twice.prom").splitlines() if line[0] != "#"]
        self.assertEqual(len(samples), len(set(samples)), samples)

    def test_a_list_of_nothing(self):
        empty = self.lab.write("empty-list", "# nothing\n\n")
        for name, arguments, stdin in (("a file", [empty], ""), ("standard input", ["-"], "\n")):
            with self.subTest(name):
                command = ["check", "--trust-anchor", self.anchor, "--list", *arguments]
                self.assert_complaint(run(*command, stdin=stdin), "--list", "no target")
                self.assert_complaint(run(*command, "--json", stdin=stdin), "--list", "no target")
                result = run(*command, "--nagios", stdin=stdin)
                self.assertEqual((result.returncode, result.stderr), (3, ""))
                self.assertRegex(result.stdout, r"^DANE UNKNOWN - --list: [^|\n]+\n$")


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
                  self.question(verify_time="yesterday"), self.question(verify_time=0),
                  '{"id":' + "[" * 200_000 + "]" * 200_000 + "}", '{"x":' * 200_000 + "1" + "}" * 200_000]
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

    def printed_and_told(self, *arguments):
        """What is printed has passed `verify` with the same file, of each record; the rest is told."""
        result = run("tlsa", *arguments)
        lines = result.stdout.splitlines()
        for line in lines:
            verdict = run("verify", "--chain", arguments[0], "--name", "mx.lab", "--tlsa", line)
            self.assertEqual(verdict.returncode, 0, line)
        self.assertEqual(len(lines), len(set(lines)))
        self.assertEqual(result.returncode, 0 if lines else 2)
        return [line.split(" ", 3)[3] for line in lines], result.stderr

    def test_usage_2_needs_the_issuer(self):
        for name in ("leaf.pem", "ca.pem"):
            with self.subTest(name):
                self.assert_complaint(run("tlsa", self.lab.path(name), "--usage", "2", "--host", "mx.lab"),
                                      "give the chain")
        unrelated = self.lab.write("unrelated.pem", self.lab.leaf + self.other_ca())
        self.assertEqual(self.printed_and_told(unrelated, "--usage", "2")[0], [])

    def other_ca(self):
        self.lab.new_key("other")
        self.lab.make("req", "-x509", "-key", self.lab.path("other.key"), "-subj", "/CN=Other CA", "-days", "9",
                      "-out", self.lab.path("other.pem"))
        return self.lab.read("other.pem")

    def test_repeated_certificates(self):
        twice = self.lab.write("twice.pem", self.lab.leaf + self.lab.leaf + self.lab.ca + self.lab.ca)
        records, told = self.printed_and_told(twice, "--usage", "2")
        self.assertEqual(records, [self.lab.ta])
        self.assertIn("certificate 2 is the same as certificate 1", told)
        self.assertIn("certificate 4 is the same as certificate 3", told)
        records, told = self.printed_and_told(twice, "--all")
        self.assertEqual([record[:5] for record in records],
                         ["3 1 1", "3 1 2", "3 0 1", "3 0 2", "2 1 1", "2 1 2", "2 0 1", "2 0 2"])

    def test_a_chain_in_reverse_order(self):
        reverse = self.lab.write("reverse.pem", self.lab.ca + self.lab.leaf)
        for more in ([], ["--usage", "2"], ["--all"]):
            self.assert_complaint(run("tlsa", reverse, "--host", "mx.lab", *more), "reverse.pem",
                                  "the server's own first")

    def test_what_does_not_belong_to_the_chain(self):
        odd = self.lab.write("odd.pem", self.lab.leaf + self.other_ca() + self.lab.ca)
        records, told = self.printed_and_told(odd, "--all")
        self.assertEqual(len(records), 8)
        self.assertIn("not in order", told)
        self.assertEqual(told.count("not printed: 2 "), 4)
        self.assertEqual(self.printed_and_told(odd, "--usage", "2")[0], [self.lab.ta])

    def test_usage_2_for_a_name_that_the_certificate_lacks(self):
        result = run("tlsa", self.chain, "--usage", "2", "--host", "mx.example")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("not printed: " + self.lab.ta[:20], result.stderr)
        self.assertIn("mx.example", result.stderr)
        self.assertEqual(len(self.tlsa(self.chain, "--host", "mx.example")), 1)  # usage 3 asks for no name

    def test_host_given_as_the_owner_of_records(self):
        record = " IN TLSA " + self.lab.ee
        self.assertEqual(self.tlsa(self.chain, "--host", "_25._tcp.mx.lab."), ["_25._tcp.mx.lab." + record])
        self.assertEqual(self.tlsa(self.chain, "--host", "_465._tcp.mx.lab"), ["_465._tcp.mx.lab." + record])
        self.assertEqual(self.tlsa(self.chain, "--host", "_465._tcp.mx.lab", "--port", "465"),
                         ["_465._tcp.mx.lab." + record])
        self.assert_complaint(run("tlsa", self.chain, "--host", "_25._tcp.mx.lab", "--port", "465"), "two ports")
        self.assert_complaint(run("tlsa", self.chain, "--host", "_x._tcp.mx.lab"), "--host")

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
        self.assertEqual(answer, {"schema": 1, "remarks": []})
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
            (["--key", self.chain, "--host", "mx.lab"], "danesmtp tlsa " + self.chain),
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
