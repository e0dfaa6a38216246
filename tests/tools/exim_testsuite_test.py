#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/exim-testsuite on a stand-in for Exim's source tree: its runtest, its Exim and its fakens behave as
test/README and the heads of the suite's files say; the module is built for real, from headers of build/exim/gnutls."""
import importlib.machinery
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
TREE = TOP / "build/exim/gnutls/tree"
SCRIPT = TOP / "scripts/exim-testsuite"
CONFIGURATION = "begin transports\nsend_to_server:\n  driver = smtp\n  port = PORT_D\nlocal:\n  driver = appendfile\n"
# Says which driver the configuration has; of danesmtp, if the module is there.
EXIM = """#!/bin/sh
[ "$1" = -C ] || exit 1
if ! grep -q '^  driver = danesmtp$' "$2"; then echo smtp
elif [ -s {modules}/danesmtp_transport.so ] && [ -s {modules}/danesmtp/core.so ] &&
  grep -q '^  dane_resolver = forward:127.0.0.1@' "$2" && grep -q '^  port = 1225$' "$2"; then echo danesmtp
fi
"""
# A script of the suite here is the drivers that it passes with; "needs" and what this Exim lacks; or "stops".
RUNTEST = """#!/usr/bin/python3
import subprocess, sys
from pathlib import Path
exim, _, _, first, last = sys.argv[1:]
assert sys.argv[2:4] == ["--continue", "--range"], sys.argv
summary = Path("run-summary.log")
summary.unlink(missing_ok=True)
for script in sorted(Path("scripts").glob("*/*")):
    if not int(first) <= int(script.name) <= int(last):
        continue
    if (text := script.read_text()).startswith("stops"):
        sys.exit("** runtest error: no sudo")
    Path("test-config").write_text(Path("confs", script.name).read_text().replace("PORT_D", "1225"))
    said = subprocess.run([exim, "-C", "test-config"], capture_output=True, text=True, check=True).stdout.strip()
    with summary.open("a") as log:
        if text.startswith("needs"):
            log.write(f"{script.name} .\\n")
            continue
        print(script, "on two of its outputs")
        for outcome in (said in text.split(), True):
            log.write(f"{script.name} {'P' if outcome else 'F'}\\n")
"""
# A reply without a question: one A record, with AD.
FAKENS = r"""#!/bin/sh
case "$2 $3" in
  "secure.test.ex A") printf '\0\0\0\040\0\1\0\1\0\0\0\0\6secure\4test\2ex\0\0\1\0\1\0\0\0\0\0\4\177\0\0\1' ;;
  "plain.test.ex TLSA") exit 4 ;;
  *.test.ex*) exit 1 ;;
  *) exit 5 ;;
esac
"""


def loaded():
    loader = importlib.machinery.SourceFileLoader("exim_testsuite", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def question(name, kind):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\x12\x34\x01\x20\0\1\0\0\0\0\0\0" + labels + b"\0" + kind.to_bytes(2, "big") + b"\0\1"


class EximTestsuite(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.source = Path(folder.name).resolve() / "exim"
        self.modules = Path(folder.name).resolve() / "modules"
        self.modules.mkdir()
        self.build = Path(folder.name).resolve() / "build"
        self.test = self.source / "test"
        (self.test / "confs").mkdir(parents=True)
        self.write("test/runtest", RUNTEST)
        self.write("test/bin/fakens", FAKENS)
        self.write("build-stand-in/exim", EXIM.format(modules=self.modules))

    def write(self, name, text):
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
        path.chmod(0o755)

    def script(self, name, text):
        self.write(f"test/scripts/{name}", text)
        self.write(f"test/confs/{Path(name).name}", CONFIGURATION)

    def headers(self):
        if not (TREE / "config.h").exists() or not (TOP / "build/dev/exim-modules/danesmtp/core.so").exists():
            self.skipTest("needs scripts/get-exim and build/dev")
        build = self.source / "build-stand-in"
        shutil.copytree(TREE, build, dirs_exist_ok=True, ignore=lambda folder, names: [
            name for name in names if name == "exim" or not (
                os.path.isdir(os.path.join(folder, name)) or
                (name.endswith(".h") and os.path.exists(os.path.join(folder, name))))])
        text = (build / "config.h").read_text(encoding="utf-8")
        lines = [f'#define LOOKUP_MODULE_DIR "{self.modules}"' if "LOOKUP_MODULE_DIR" in line else line
                 for line in text.splitlines()]
        (build / "config.h").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run_script(self, *arguments):
        argv = [sys.executable, "-B", SCRIPT, self.source, "--build", self.build, *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    def left_as_it_was(self):
        self.assertEqual(list(self.modules.iterdir()), [])
        self.assertEqual((self.test / "confs/5800").read_text(), CONFIGURATION)
        self.assertFalse((self.test / "confs.smtp").exists())

    def test_what_only_one_of_them_passes(self):
        self.headers()
        for name, text in (("0000-Basic/0001", "stops"), ("2100-OpenSSL/2100", "needs OpenSSL"),
                           ("5730-OCSP-events/5730", "smtp"), ("5730-OCSP-events/5731", "danesmtp"),
                           ("5800-DANE/5800", "smtp danesmtp"), ("5800-DANE/5801", "neither")):
            self.script(name, text)
        done = self.run_script()
        self.assertEqual((done.returncode, done.stderr), (1, ""), done.stdout)
        self.assertEqual(done.stdout, "only smtp passes: 1\n  5730-OCSP-events/5730\n"
                         "only danesmtp passes: 1\n  5730-OCSP-events/5731\n"
                         "passed: smtp 2 of 5, danesmtp 2 of 5; omitted: 1\n")
        self.left_as_it_was()
        done = self.run_script("--groups", "DANE")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]),
                         (0, "passed: smtp 1 of 2, danesmtp 1 of 2; omitted: 0"), done.stderr)

    def test_a_run_that_does_not_end(self):
        self.headers()
        self.script("5800-DANE/5800", "smtp danesmtp")
        self.script("5800-DANE/5801", "stops")
        done = self.run_script()
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]),
                         (0, "passed: smtp 1 of 2, danesmtp 1 of 2; omitted: 0"), done.stderr)
        self.script("5800-DANE/5800", "stops")
        done = self.run_script()
        self.assertEqual(done.returncode, 1)
        self.assertIn("no sudo\n\nexim-testsuite: runtest has no summary of 5800-DANE", done.stderr)
        self.left_as_it_was()

    def test_a_module_that_is_there_is_let_alone(self):
        self.headers()
        self.script("5800-DANE/5800", "smtp danesmtp")
        (self.modules / "danesmtp_transport.so").write_text("of an Exim in use", encoding="ascii")
        done = self.run_script()
        self.assertEqual(done.returncode, 1)
        self.assertIn("that of an Exim in use", done.stderr)
        self.assertEqual((self.modules / "danesmtp_transport.so").read_text(), "of an Exim in use")

    def test_what_is_no_tree(self):
        shutil.rmtree(self.source / "build-stand-in")
        done = self.run_script()
        self.assertEqual(done.returncode, 1)
        self.assertIn("no test/runtest and build-*/exim there", done.stderr)

    def test_the_suites_zones_are_asked(self):
        with loaded().name_server(self.test) as resolver:
            address, port = resolver.split("@")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.settimeout(20)
                client.connect((address, int(port)))
                client.send(b"\x12\x34 no question")  # no reply, and no end of the server

                def reply(name, kind):
                    client.send(question(name, kind))
                    return client.recv(512)

                secure = reply("secure.test.ex", 1)
                self.assertEqual(secure[:12], b"\x12\x34\x81\xa0\0\1\0\1\0\0\0\0")
                self.assertEqual(secure[12:], question("secure.test.ex", 1)[12:] +
                                 b"\6secure\4test\2ex\0\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1")
                for name, kind, code in (("plain.test.ex", 52, 0), ("other.test.ex", 1, 3), ("example.com", 15, 2)):
                    self.assertEqual(reply(name, kind)[2:8], bytes([0x81, 0x80 | code, 0, 1, 0, 0]), name)


if __name__ == "__main__":
    unittest.main()
