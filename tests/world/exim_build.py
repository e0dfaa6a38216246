# SPDX-License-Identifier: GPL-2.0-or-later
"""The Exim build under test: where its binary is, and what has to be put over its compiled-in paths
for the length of this world (bind mounts in a private mount namespace, the build is not written).

EXIM_BUILD_DIR names another build tree; DANESMTP_MODULE_DIR a directory with the modules to load. The
receivers are always of the reference build, that of scripts/get-exim, if there is one: what a test of
another Exim shows is then the sender's.
"""
import contextlib
import functools
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from processes import WorldError

BUILD = Path(__file__).resolve().parents[2] / "build"
REFERENCE_TREE = BUILD / "exim/gnutls/tree"
# Options that a build may be without, by the beginnings of their names, and what `exim -bV` says then it lacks.
FEATURES_OF_OPTIONS = (
    ("arc_sign", "Experimental_ARC"), ("dane_require_tls_ciphers", "DANE"), ("dkim_", "DKIM"), ("event_action", "Event"), ("hosts_pipe_connect", "PIPECONNECT"),
    ("hosts_request_ocsp", "OCSP"), ("hosts_require_dane", "DANE"), ("hosts_require_ocsp", "OCSP"),
    ("hosts_try_dane", "DANE"), ("hosts_try_prdr", "PRDR"),
    ("smtputf8_advertise_hosts", "I18N"), ("socks_proxy", "SOCKS"), ("tls_resumption_hosts", "TLS_resume"),
    ("utf8_downconvert", "I18N"),
)
TRUSTED_NAMES_READ = 32  # Exim reads no more from its list


@dataclass(frozen=True)
class EximBuild:
    tree: Path
    binary: str
    dumpdb: str
    module_dir: str
    trusted_list: str

    def lacking_feature(self, option):
        """The feature that this Exim lacks, so that it does not know the option; None: it knows it."""
        needed = next((feature for name, feature in FEATURES_OF_OPTIONS if option.startswith(name)), None)
        return needed if needed and needed not in self.features() else None

    def features(self):
        """The words of what Exim says it has: "OpenSSL", "DKIM", "gsasl"."""
        return features_of(self.binary)

    def authenticates_by(self, driver):
        """Whether it has that authenticator, built in or as a module that is there."""
        return driver in self.features() or os.path.exists(f"{self.module_dir}/{driver}_auth.so")

    def declares(self, name):
        """Whether the headers of this Exim have that name: a member, a variable, a macro."""
        return name in names_in_headers(self.tree)

    def trust(self, own_list, configurations):
        """These configuration files keep root. `own_list` is the file put over the build's."""
        if len(configurations) > TRUSTED_NAMES_READ:
            raise WorldError(f"Exim reads only {TRUSTED_NAMES_READ} trusted configuration names")
        own_list.write_text("".join(f"{name}\n" for name in configurations), encoding="utf-8")
        own_list.chmod(0o644)
        put_over(own_list, self.trusted_list)

    def use_modules_of_environment(self):
        chosen = os.environ.get("DANESMTP_MODULE_DIR")
        if chosen:
            put_over(chosen, self.module_dir)

    @contextlib.contextmanager
    def other_modules(self):
        """For its length Exim's module directory is a copy of it, which is given."""
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            shutil.copytree(self.module_dir, directory, dirs_exist_ok=True)
            put_over(directory, self.module_dir)
            try:
                yield Path(directory)
            finally:
                # Lazily: a relay of a connection that is left open may still have the library open.
                subprocess.run(["umount", "--lazy", self.module_dir], check=True)

    @contextlib.contextmanager
    def other_module(self, transport, core=None):
        """For its length the transport there is this one, with this core or none. Yields the directory."""
        with self.other_modules() as directory:
            shutil.copy(transport, directory / "danesmtp_transport.so")
            if core:
                shutil.copy(core, directory / "danesmtp/core.so")
            else:
                shutil.rmtree(directory / "danesmtp")
            yield directory


@functools.cache
def names_in_headers(tree):
    return frozenset(name for header in ("functions.h", "globals.h", "structs.h", "transports/smtp.h")
                     for name in re.findall(r"\w+", (tree / header).read_text(encoding="latin-1")))


@functools.cache
def features_of(binary):
    told = subprocess.run([binary, "-C", "/dev/null", "-bV"], capture_output=True, text=True, check=True,
                          cwd="/").stdout
    lines = re.findall(r"^(?:Support for|Authenticators(?: \(built-in\))?):(.*)$", told, re.M)
    return frozenset(" ".join(lines).split())


def reference_build():
    """The one that scripts/get-exim makes; the one under test where there is none."""
    return find_build(REFERENCE_TREE if (REFERENCE_TREE / "config.h").exists() else None)


def trust(directory, configurations):
    """`configurations` are pairs of a build and a configuration file that keeps root with it."""
    lists = {}
    for build, configuration in configurations:
        lists.setdefault(build.trusted_list, (build, []))[1].append(configuration)
    for number, (build, files) in enumerate(lists.values()):
        build.trust(directory / f"trusted-configs-{number}", files)


def find_build(tree=None):
    tree = Path(tree or os.environ.get("EXIM_BUILD_DIR") or REFERENCE_TREE)
    config = tree / "config.h"
    if not config.exists():
        raise WorldError(f"no Exim build at {tree}: run scripts/get-exim or set EXIM_BUILD_DIR")
    baked = dict(re.findall(r'^#define (\w+)\s+"(.*)"$', config.read_text(encoding="utf-8"), re.M))
    for needed in ("BIN_DIRECTORY", "LOOKUP_MODULE_DIR", "TRUSTED_CONFIG_LIST"):
        if needed not in baked:
            raise WorldError(f"the Exim build at {tree} was made without {needed}")
    build = EximBuild(tree=tree,
                      binary=f"{baked['BIN_DIRECTORY']}/exim",
                      dumpdb=f"{baked['BIN_DIRECTORY']}/exim_dumpdb",
                      module_dir=baked["LOOKUP_MODULE_DIR"],
                      trusted_list=baked["TRUSTED_CONFIG_LIST"])
    for path in (build.binary, build.module_dir, build.trusted_list):
        if not os.path.exists(path):
            raise WorldError(f"{path} is compiled into the Exim build at {tree} but is not there")
    return build


def made_for_tests(name):
    """What tests/world/CMakeLists.txt builds: that of the build whose modules are chosen, if it has one; else
    that of build/dev; else the newest."""
    chosen = Path(os.environ.get("DANESMTP_MODULE_DIR", "/nowhere")).parent
    for build in (chosen, BUILD / "dev"):
        if (build / "tests/world" / name).exists():
            return build / "tests/world" / name
    found = sorted(BUILD.glob(f"*/tests/world/{name}"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise WorldError(f"{name} is not built: build the target of that name")
    return found[-1]


def put_over(source, target):
    subprocess.run(["mount", "--bind", str(source), str(target)], check=True)
