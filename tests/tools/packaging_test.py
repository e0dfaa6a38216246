#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""packaging/ against what the build installs and needs, and the Debian package's change of Exim's configuration
and back.

    packaging_test.py BUILD MODULE_DIR     a configured build; where its Exim looks for modules
"""
import fnmatch
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
DEBIAN, RPM, ALPINE = (TOP / "packaging" / name for name in ("debian", "rpm", "alpine"))
WRAP = DEBIAN / "integration/wrap-transports"
BUILD, MODULE_DIR = Path(sys.argv[1]), sys.argv[2]
# What every Debian build has, or what builds Exim itself.
NOT_OURS = {"build-essential", "ca-certificates", "cmake", "dpkg-dev", "libfile-fcntllock-perl", "libgsasl-dev",
            "libidn-dev", "perl", "pkg-config", "xz-utils"}

TRANSPORTS = """begin transports
remote_smtp:
  debug_print = "T: remote_smtp"
  driver = smtp
.ifdef HOSTS
  hosts_avoid_tls = HOSTS
.endif

### transport/next
#################################
remote_smtp_smarthost:
  driver = smtp
  multi_domain
lmtp_somewhere:
  driver = smtp
  protocol = lmtp
begin retry
"""


def installed():
    """What `cmake --install --prefix usr` would write, by the scripts that it runs."""
    for script in BUILD.rglob("cmake_install.cmake"):
        text = script.read_text(encoding="utf-8").replace("/.danesmtp-new", "")
        for found in re.finditer(r'file\(INSTALL DESTINATION "([^"]+)" TYPE \w+(?: RENAME "([^"]+)")?'
                                 r'(?: MESSAGE_\w+)? FILES((?:\s+"[^"]+")+)', text):
            folder = found[1].replace("${CMAKE_INSTALL_PREFIX}", "usr").replace(MODULE_DIR.rstrip("/"), "usr/lib/exim4/modules")
            yield from (f"{folder}/{found[2] or os.path.basename(name)}" for name in re.findall(r'"([^"]+)"', found[3]))


def packaged(package):
    """The patterns of debian/PACKAGE.install: below the build's, and (source, place) of our own files."""
    lines = [line.split() for line in (DEBIAN / f"{package}.install").read_text(encoding="utf-8").splitlines()]
    return [line[0] for line in lines if len(line) == 1], [line for line in lines if len(line) == 2]


MACROS = {"_bindir": "usr/bin", "_datadir": "usr/share", "_mandir": "usr/share/man", "exim_modules": "usr/lib/exim4/modules",
          "_unitdir": "usr/lib/systemd/system"}
# Where others than Debian have what is installed.
ELSEWHERE = {"usr/share/zsh/vendor-completions/_danesmtp": "usr/share/zsh/site-functions/_danesmtp"}


def spec():
    return (RPM / "danesmtp.spec").read_text(encoding="utf-8")


def apkbuild():
    return (ALPINE / "APKBUILD").read_text(encoding="utf-8")


def version():
    return (TOP / "VERSION").read_text(encoding="utf-8").strip()


def files_of_spec():
    """The patterns of all %files; a folder's ends with a slash."""
    for block in re.findall(r"^%files.*\n((?:.+\n)+)", spec(), re.M):
        for line in block.splitlines():
            if not line.startswith(("%license", "%doc", "%dir")):
                yield re.sub(r"%\{(\w+)\}", lambda macro: MACROS[macro[1]], line)


def installed_elsewhere():
    return sorted(ELSEWHERE.get(file, file) for file in installed())


def without_place(files, patterns):
    return [file for file in files
            if not any(fnmatch.fnmatch(file, f"{pattern}*" if pattern.endswith("/") else pattern) for pattern in patterns)]


def field(name):
    control = (DEBIAN / "control").read_text(encoding="utf-8")
    listed = re.search(rf"^{name}:\n((?: .*\n)+)", control, re.M)[1]
    return {re.match(r" ([^ ,(<]+)", line)[1].rstrip(",") for line in listed.splitlines()}


def wrapped(text, *options):
    return subprocess.run([WRAP, *options], input=text, capture_output=True, text=True, check=True).stdout


def chosen(text, macros, files):
    """The lines that Exim would keep of a text: .ifdef, .ifndef and .include_if_exists, macros by whole words."""
    kept, stack, macros = [], [], dict(macros)

    def read(lines):
        for line in lines:
            word, _, rest = line.partition(" ")
            if word in (".ifdef", ".ifndef"):
                stack.append((rest in macros) == (word == ".ifdef"))
            elif word == ".else":
                stack[-1] = not stack[-1]
            elif word == ".endif":
                stack.pop()
            elif all(stack) and word == ".include_if_exists":
                read(files.get(rest, "").splitlines())
            elif all(stack) and (found := re.match(r"([A-Z]\w*) *= *(.*)", line)):
                macros[found[1]] = found[2]
            elif all(stack) and line and line[0] != "#":
                kept.append(re.sub(r"\w+", lambda name: macros.get(name[0], name[0]), line).strip())
    read(text.splitlines())
    return kept


def drivers(macros, choice=None):
    """What each transport's driver is, by name."""
    share = "/usr/share/exim4-danesmtp/"
    files = {share + name: (DEBIAN / "integration" / name).read_text(encoding="utf-8")
             for name in ("choice.conf", "waits.conf")}
    files["/etc/exim4/danesmtp.options"] = "dane_audit_domains = *\n"
    if choice:
        files["/var/lib/exim4-danesmtp/choice"] = choice
    names, kept = {}, chosen(wrapped(TRANSPORTS), macros, files)
    for line in kept:
        if line.endswith(":"):
            current = line[:-1]
        elif line.startswith("driver"):
            names[current] = line.split()[-1]
    return names, kept


class Lists(unittest.TestCase):
    def test_what_is_installed_is_packaged(self):
        patterns = [pattern for package in ("danesmtp", "exim4-danesmtp") for pattern in packaged(package)[0]]
        files = sorted(installed())
        self.assertGreater(len(files), 10)
        without = [file for file in files
                   if not any(fnmatch.fnmatch(file, pattern) or file.startswith(f"{pattern}/") for pattern in patterns)]
        self.assertEqual(without, [])

    def test_files_of_our_own_are_there_and_packaged(self):
        named = {source for source, _ in packaged("exim4-danesmtp")[1]}
        there = {f"debian/integration/{path.name}" for path in (DEBIAN / "integration").iterdir()}
        self.assertEqual(named, {name for name in there if not name.endswith(".scd")})

    def test_what_building_needs(self):
        listed = subprocess.run([TOP / "scripts/install-packages", "--list-for-building"], capture_output=True,
                                text=True, check=True).stdout.split()
        self.assertEqual(set(listed) - NOT_OURS - field("Build-Depends"), set())

    def test_the_changelog_has_the_version(self):
        first = (DEBIAN / "changelog").read_text(encoding="utf-8").split("\n", 1)[0]
        self.assertTrue(first.startswith(f"danesmtp ({version()}-"), first)


class OthersLists(unittest.TestCase):
    """The RPM's and Alpine's."""

    def test_the_rpm_has_what_is_installed_and_nothing_else(self):
        files, patterns = installed_elsewhere(), list(files_of_spec())
        self.assertGreater(len(files), 10)
        self.assertEqual(without_place(files, patterns), [])
        self.assertEqual([pattern for pattern in patterns if len(without_place(files, [pattern])) == len(files)], [])

    def test_alpine_splits_off_what_is_installed(self):
        """Each split package has something to take; what abuild takes by name is in run-functions."""
        packages = re.search(r'^subpackages="\n((?:\t[^"\n]+\n)+)', apkbuild(), re.M)[1].split()
        stand_in = (ALPINE / "run-functions").read_text(encoding="utf-8")
        files = installed_elsewhere()
        for package in packages:
            with self.subTest(package):
                name, _, function = package.replace("$pkgname", "danesmtp").partition(":")
                if function:
                    self.assertIn(f"\n{function}() {{\n", apkbuild())
                    continue
                folder = re.search(rf"\*{name.removeprefix('danesmtp')}\) amove (\S+)", stand_in)[1]
                self.assertLess(len(without_place(files, [f"{folder}/"])), len(files))

    def test_alpine_takes_only_units_away(self):
        gone = re.findall(r'rm -r "\$pkgdir"/(\S+)', apkbuild())
        self.assertEqual(gone, ["usr/lib/systemd"])
        lost = [file for file in installed_elsewhere() if file.startswith(gone[0])]
        self.assertEqual([file for file in lost if not file.endswith((".service", ".timer"))], [])
        self.assertNotEqual(lost, [])

    def test_the_version_is_the_projects(self):
        self.assertEqual(re.findall(r"^Version: +(\S+)$", spec(), re.M), [version()])
        self.assertEqual(re.findall(r"^pkgver=(\S+)$", apkbuild(), re.M), [version()])
        self.assertRegex(re.search(r"^%changelog\n(.*)", spec(), re.M)[1], rf" - {re.escape(version())}-\d+$")

    def test_both_completions_go_where_the_shell_looks(self):
        self.assertIn("-DDANESMTP_ZSH_FOLDER=zsh/site-functions", spec())
        self.assertIn("-DDANESMTP_ZSH_FOLDER=zsh/site-functions", apkbuild())

    def test_the_units_group_is_fedoras(self):
        self.assertIn("-DDANESMTP_EXIM_GROUP=exim ", spec())


class Configuration(unittest.TestCase):
    def test_there_and_back(self):
        self.assertNotEqual(wrapped(TRANSPORTS), TRANSPORTS)
        self.assertEqual(wrapped(wrapped(TRANSPORTS), "--back"), TRANSPORTS)
        self.assertEqual(wrapped(TRANSPORTS, "--back"), TRANSPORTS)

    def test_off_is_what_it_was(self):
        names, kept = drivers({})
        self.assertEqual(names, {"remote_smtp": "smtp", "remote_smtp_smarthost": "smtp", "lmtp_somewhere": "smtp"})
        self.assertEqual(kept, chosen(TRANSPORTS, {}, {}))

    def test_on(self):
        names, kept = drivers({"DANESMTP_ON": "yes"}, "DANESMTP_DRIVER = danesmtp\n")
        self.assertEqual(names, {"remote_smtp": "danesmtp", "remote_smtp_smarthost": "danesmtp", "lmtp_somewhere": "smtp"})
        self.assertEqual(kept.count("dane_audit_domains = *"), 2)

    def test_what_does_not_fit_waits_and_is_never_sent(self):
        for choice in ("DANESMTP_WAITS = it is of another build\n", None, ""):
            names, kept = drivers({"DANESMTP_ON": "yes"}, choice)
            self.assertEqual(names, {"remote_smtp": "pipe", "remote_smtp_smarthost": "pipe", "lmtp_somewhere": "smtp"})
            self.assertEqual(kept.count("temp_errors = *"), 2)

    def test_mail_waits_puts_off(self):
        done = subprocess.run([DEBIAN / "integration/mail-waits"], input="a message", capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 75)
        self.assertIn("mail waits", done.stdout)

    def test_macros_are_not_parts_of_each_other(self):
        """Exim refuses a macro whose name has another's in it."""
        names = {name for path in (DEBIAN / "integration").iterdir()
                 for name in re.findall(r"\bDANESMTP_[A-Z]+", path.read_text(encoding="utf-8"))}
        self.assertGreater(len(names), 2)
        self.assertEqual([(one, other) for one in names for other in names if one != other and one in other], [])


class Headers(unittest.TestCase):
    def refused(self, *arguments):
        done = subprocess.run([TOP / "scripts/exim-headers", *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def test_what_is_no_source(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("is this Exim's", self.refused(folder, "/dev/null", f"{folder}/out"))
            Path(folder, "src").mkdir()
            Path(folder, "src/EDITME").touch()
            self.assertIn("no such file", self.refused(folder, f"{folder}/EDITME", f"{folder}/out"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
