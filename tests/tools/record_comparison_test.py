#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`danesmtp tlsa` against openssl(1), ldns-dane(1) and danetool(1), for each kind of key: the same
records of certificates, private keys and public keys; and `verify` accepts what `tlsa` prints.

The binary is named by the environment variable DANESMTP. tests RFC 6698 2.1.2 and 2.1.3.
"""
import hashlib
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

TOOL = os.environ["DANESMTP"]
FORMS = [(usage, selector, matching) for usage in (3, 2) for selector in (0, 1) for matching in (0, 1, 2)]

KEYS = {
    "RSA": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "RSA-PSS": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
    "RSA-PSS with parameters": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048",
                                "-pkeyopt", "rsa_pss_keygen_md:sha256",
                                "-pkeyopt", "rsa_pss_keygen_mgf1_md:sha256",
                                "-pkeyopt", "rsa_pss_keygen_saltlen:32"],
    "ECDSA P-256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "ECDSA P-384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "Ed25519": ["-algorithm", "ED25519"],
}
# danetool writes the key's parameters anew, without the NULL that stands in the certificate; its record
# 3 1 x is then not of the certificate's octets (RFC 6698 2.1.2: of the SubjectPublicKeyInfo).
DANETOOL_WRITES_ANOTHER_KEY = {"RSA-PSS with parameters"}


def output(*argv, stdin=b""):
    return subprocess.run(argv, input=stdin, check=True, capture_output=True, timeout=60).stdout


def ours(*arguments):
    """The records that the tool prints, as (usage, selector, matching, data)."""
    lines = output(TOOL, "tlsa", *map(str, arguments)).decode("ascii").splitlines()
    return [fields(line.split(" IN TLSA ")[1]) for line in lines]


def fields(text):
    words = text.replace("(", " ").replace(")", " ").split()
    return (*map(int, words[:3]), "".join(words[3:]).lower())


def by_openssl(files, usage, selector, matching):
    if selector == 0:
        octets = output("openssl", "x509", "-in", files["certificate"], "-outform", "DER")
    else:
        key = output("openssl", "x509", "-in", files["certificate"], "-noout", "-pubkey")
        octets = output("openssl", "pkey", "-pubin", "-outform", "DER", stdin=key)
    data = octets if matching == 0 else hashlib.new({1: "sha256", 2: "sha512"}[matching], octets).digest()
    return usage, selector, matching, data.hex()


def by_ldns(files, *form):
    line = output("ldns-dane", "-c", files["certificate"], "create", "mx.lab", "25", *map(str, form))
    return fields(line.decode("ascii").split("TLSA", 1)[1])


def by_danetool(files, usage, selector, matching):
    what = ["--x509"] if selector == 0 else []
    whose = ["--ca"] if usage == 2 else []
    line = output("danetool", "--tlsa-rr", "--host", "mx.lab", "--port", "25", "--load-certificate",
                  files["certificate"], "--hash", {1: "sha256", 2: "sha512"}[matching], *what, *whose)
    return fields(re.search(r"TLSA \((.*)\)", line.decode("ascii")).group(1))


class RecordComparison(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.made = {}
        for number, (kind, arguments) in enumerate(KEYS.items()):
            files = {name: str(Path(cls.directory.name) / f"{number}-{name}.pem")
                     for name in ("private", "public", "certificate", "chain")}
            output("openssl", "genpkey", *arguments, "-out", files["private"])
            output("openssl", "pkey", "-in", files["private"], "-pubout", "-out", files["public"])
            output("openssl", "req", "-x509", "-key", files["private"], "-subj", "/CN=mx.lab", "-days", "30",
                   "-addext", "subjectAltName=DNS:mx.lab", "-out", files["certificate"])
            cls.issue(files)
            cls.made[kind] = files

    @staticmethod
    def issue(files):
        """The chain of a server whose certificate the made one issued: usage 2 speaks of that one."""
        request = output("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                         "-keyout", "/dev/null", "-subj", "/CN=leaf", "-days", "9", "-CA", files["certificate"],
                         "-CAkey", files["private"], "-addext", "subjectAltName=DNS:mx.lab",
                         "-addext", "basicConstraints=critical,CA:FALSE")
        Path(files["chain"]).write_bytes(request + Path(files["certificate"]).read_bytes())

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def test_certificates(self):
        for kind, files in self.made.items():
            for usage, selector, matching in FORMS:
                with self.subTest(kind, form=(usage, selector, matching)):
                    (record,) = ours(files["chain" if usage == 2 else "certificate"], "--usage", usage, "--selector", selector,
                                     "--matching", matching)
                    self.assertEqual(record, by_openssl(files, usage, selector, matching))
                    self.assertEqual(record, by_ldns(files, usage, selector, matching))
                    if matching == 0:
                        continue  # danetool knows digests only
                    theirs = by_danetool(files, usage, selector, matching)
                    differs = selector == 1 and kind in DANETOOL_WRITES_ANOTHER_KEY
                    self.assertEqual(record != theirs, differs, theirs)

    def test_keys(self):
        for kind, files in self.made.items():
            with self.subTest(kind):
                expected = [by_openssl(files, 3, 1, 1)]
                self.assertEqual(ours("--key", files["public"], "--host", "mx.lab"), expected)
                if kind not in DANETOOL_WRITES_ANOTHER_KEY:
                    self.assertEqual(ours("--key", files["private"], "--host", "mx.lab"), expected)

    def test_verify_accepts_them(self):
        for kind, files in self.made.items():
            for record in ours(files["certificate"], "--all"):
                with self.subTest(kind, record=record):
                    text = " ".join(map(str, record))
                    argv = [TOOL, "verify", "--chain", files["certificate"], "--tlsa"]
                    self.assertTrue(output(*argv, text).startswith(b"authenticated: "))
                    other = text[:-1] + ("0" if text[-1] != "0" else "1")
                    refused = subprocess.run([*argv, other], capture_output=True, timeout=60, check=False)
                    self.assertEqual(refused.returncode, 1)
            output(TOOL, "verify", "--chain", files["certificate"], "--private-key", files["private"],
                   "--tlsa", " ".join(map(str, ours(files["certificate"])[0])))


if __name__ == "__main__":
    unittest.main()
