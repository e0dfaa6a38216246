# SPDX-License-Identifier: GPL-2.0-or-later
"""The loadable module as Exim sees it: options, defaults, refusals, and what it leaves alone."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

from processes import wait_for

from option_rows import OTHERWISE, SIDE_BY_SIDE

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests/docs"), str(TOP / "tests/tools")]

from core_links import exported, needed  # noqa: E402
from core_options import core_options  # noqa: E402

OWN_OPTIONS = {"dane_audit_domains": "", "dane_cache": "$spool_directory/db/danesmtp",
               "dane_callouts": "skip", "dane_dnssec": "validate",
               "dane_except_domains": "", "dane_insecure_mx": "dane", "dane_mta_sts": "",
               "dane_mta_sts_fail": "ignore", "dane_require_tls": "", "dane_resolver": "auto",
               "dane_tls_resumption": "yes", "dane_tlsrpt_socket": "", "dane_trust_anchor_file": ""}
# Those of smtp that an Exim without DANE does not have.
DANE_OPTIONS = {"dane_require_tls_ciphers": "", "hosts_require_dane": "", "hosts_try_dane": "*"}


def exim(world, *arguments, config=None, expected=0):
    argv = [world.exim.binary, *(["-C", str(config)] if config else []), *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, cwd="/",
                          env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout, done.stderr


def config_of(tmp_path, text):
    path = tmp_path / "exim.conf"
    path.write_text("keep_environment =\nbegin transports\n" + text)
    return path


def options(world, config, name):
    shown, _ = exim(world, "-bP", "transport", name, config=config)
    pairs = [line.partition(" = ") for line in shown.splitlines() if line.strip()]
    return {name.strip(): value.strip() for name, _, value in pairs}


def test_every_option_of_smtp_with_the_same_default(world, tmp_path):
    config = config_of(tmp_path, "a:\n  driver = smtp\nb:\n  driver = danesmtp\n")
    theirs, ours = options(world, config, "a"), options(world, config, "b")
    assert len(theirs) > 80
    assert {name: ours.get(name) for name in theirs} == theirs
    more = {} if "DANE" in world.exim.features() else DANE_OPTIONS
    assert {name: value for name, value in ours.items() if name not in theirs} == {**OWN_OPTIONS, **more}


SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def seconds(text):
    """A number, or a time as Exim shows it: "1h30m"."""
    return int(text) if text.isdigit() else sum(int(n) * SECONDS[unit]
                                                for n, unit in re.findall(r"(\d+)([smhdw])", text))


def shown_default(shown, name, option):
    """As module/server/options.h has it."""
    if option.kind == "Flag":
        return "true" if name in shown else "false" if f"no_{name}" in shown else None
    return str(seconds(shown[name])) if option.kind == "Number" else shown[name]


@pytest.mark.needs("I18N")  # and every other feature that has options
@pytest.mark.declared("TRANSPORT_MAGIC")  # and the newest ones
def test_the_core_has_the_defaults_of_exim(world, tmp_path):
    """Those of its own options too, but for what is a default by being unset."""
    shown = options(world, config_of(tmp_path, "a:\n  driver = danesmtp\n"), "a")
    known = core_options(TOP)
    assert len(known) > 40
    assert ({name: shown_default(shown, name, option) for name, option in known.items()}
            == {name: option.default for name, option in known.items()})


@pytest.mark.needs("I18N")  # and every other feature that has options
@pytest.mark.declared("TRANSPORT_MAGIC")  # and the newest ones
def test_no_option_is_missing_in_the_list(world, tmp_path):
    """doc/options.md says of every option of the real Exim where it is shown."""
    theirs = options(world, config_of(tmp_path, "a:\n  driver = smtp\n"), "a")
    names = {re.sub("^no_", "", name) for name in theirs}
    assert names == {name for name in (*SIDE_BY_SIDE, *OTHERWISE) if not world.exim.lacking_feature(name)}


# Where "x" would not do as a value; and what a remote transport must not have.
TYPED = {"headers_rewrite": "*@a.lab $1@b.lab f", "user": "mail", "group": "mail"}
NOT_FOR_REMOTE = {"shadow_transport", "shadow_condition"}


def test_every_option_of_smtp_can_be_set(world, tmp_path):
    listing, _ = exim(world, "-bP", "transport", "a",
                      config=config_of(tmp_path, "a:\n  driver = smtp\n"))
    lines = []
    for line in listing.splitlines():
        name, equals, value = (part.strip() for part in line.partition(" ="))
        if name in ("driver", "") or name in NOT_FOR_REMOTE:
            continue
        lines.append(name if not equals else f"{name} = {value or TYPED.get(name, 'x')}")
    text = "\n  ".join(lines)
    theirs = options(world, config_of(tmp_path, f"a:\n  driver = smtp\n  {text}\n"), "a")
    ours = options(world, config_of(tmp_path, f"a:\n  driver = danesmtp\n  {text}\n"), "a")
    assert {name: ours.get(name) for name in theirs} == theirs


def test_two_instances_and_smtp_beside_it(world, tmp_path):
    config = config_of(tmp_path, "a:\n  driver = smtp\n  port = 1\nb:\n  driver = danesmtp\n  port = 2\n"
                                 "c:\n  driver = danesmtp\nd:\n  driver = smtp\n")
    default = "25" if world.exim.declares("TRANSPORT_MAGIC") else "smtp"
    assert [options(world, config, name)["port"] for name in "abcd"] == ["1", "2", default, default]


@pytest.mark.declared("TRANSPORT_MAGIC")
def test_it_is_listed(world):
    shown, errors = exim(world, "-bI:modules")
    assert "danesmtp" in shown + errors


@pytest.mark.parametrize("line,complaint", [
    ("dane_callouts = ask", 'option dane_callouts: "ask" is not skip or defer'),
    ("dane_insecure_mx = no", 'option dane_insecure_mx: "no" is not dane or may'),
    ("dane_mta_sts = /run/map", 'option dane_mta_sts: "/run/map": it is neither unix:PATH nor inet:HOST:PORT'),
    ("dane_require_tls = always", 'option dane_require_tls: "always" is not yes or no'),
    ("dane_mta_sts_fail = no", 'option dane_mta_sts_fail: "no" is not ignore or defer'),
    ("dane_tls_resumption = *", 'option dane_tls_resumption: "*" is not yes or no'),
    ("dane_tlsrpt_socket = here", 'option dane_tlsrpt_socket: "here" is no absolute path'),
    ("command_timeout = 0s", "timeout value is zero"),
    ("no_such_option = 1", "no_such_option"),
])
def test_bad_values_are_configuration_errors(world, tmp_path, line, complaint):
    assert_refused(world, config_of(tmp_path, f"a:\n  driver = danesmtp\n  {line}\n"), complaint)


def assert_refused(world, config, complaint):
    _, errors = exim(world, "-bV", config=config, expected=1)
    complaints = [each for each in errors.splitlines() if "configuration error" in each
                  or complaint in each]
    assert any(complaint in each for each in complaints), errors


def resolver_rows():
    """Lines for a transport, and what must be said of them ("": nothing), of the one list of values."""
    names = ("dane_resolver", "dane_dnssec", "dane_trust_anchor_file")
    for row in (TOP / "tests/unit/dns/resolver_options.txt").read_text(encoding="ascii").splitlines():
        if row and not row.startswith("#"):
            *values, result = row.split(" | ", 3)
            lines = "".join(f'  {name} = "{value.strip(chr(34))}"\n'
                            for name, value in zip(names, values) if value != "-")
            yield lines, result.partition("refused: ")[2]


@pytest.mark.parametrize("lines,complaint", [row for row in resolver_rows() if row[1]])
def test_bad_resolvers(world, tmp_path, lines, complaint):
    assert_refused(world, config_of(tmp_path, f"a:\n  driver = danesmtp\n{lines}"), complaint)


def test_good_resolvers(world, tmp_path):
    good = [lines for lines, complaint in resolver_rows() if not complaint]
    assert len(good) > 20
    transports = "".join(f"t{n}:\n  driver = danesmtp\n{lines}" for n, lines in enumerate(good))
    exim(world, "-bV", config=config_of(tmp_path, transports))


def unreadable(tmp_path, kind):
    path = tmp_path / "file"
    if kind == "a directory":
        path.mkdir()
    elif kind == "for root alone":
        path.write_text("")
        path.chmod(0o600)
    return path


@pytest.mark.parametrize("kind,why", [("missing", "No such file or directory"),
                                      ("a directory", "Is a directory"),
                                      ("for root alone", "Permission denied")])
@pytest.mark.parametrize("option", ("dane_trust_anchor_file", "dane_resolver"))
def test_a_file_that_cannot_be_read(world, tmp_path, option, kind, why):
    """In a configuration check an error, at the start of a daemon a line, elsewhere nothing: no mail
    comes to grief that needs no such file."""
    for directory in (tmp_path, *tmp_path.parents):
        directory.chmod(directory.stat().st_mode | 0o111)
    path = unreadable(tmp_path, kind)
    config = config_of(tmp_path, f"a:\n  driver = danesmtp\n  {option} = {path}\n")
    config.write_text(f"spool_directory = {tmp_path}/spool\nlog_file_path = {tmp_path}/%s\n" + config.read_text())
    _, errors = exim(world, "-bV", config=config, expected=1)
    assert f"a transport: option {option}: cannot read {path}: {why}" in errors
    exim(world, "-bP", "transport", "a", config=config)
    exim(world, "-bt", "bob@ee.lab", config=config, expected=2)  # no routers


def test_a_daemon_that_starts_tells_of_it(world, sender):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": "/nonexistent"},
                  main="local_interfaces = 127.0.0.1\ndaemon_smtp_ports = 2526\n"
                       f"pid_file_path = {world.directory}/daemon.pid")
    daemon = subprocess.Popen([world.exim.binary, "-C", mail.config, "-bdf"], cwd="/",
                              stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: "listening for SMTP" in mail.mainlog(), mail.mainlog)
    finally:
        daemon.terminate()
        daemon.wait(timeout=10)
    told = [line for line in mail.mainlog().splitlines() if "mail to remote hosts will wait" in line]
    assert len(told) == 1 and "cannot read /nonexistent: No such file" in told[0]


# -- the files

def module_directory(world):
    return Path(world.exim.module_dir)


def libraries(file):
    """Those that it asks for."""
    names = needed(file)
    if any("asan" in name for name in names):
        pytest.skip("a build with sanitizers is linked in another way")
    return names


def test_the_transport_needs_libc_alone_and_exports_one_symbol(world):
    transport = module_directory(world) / "danesmtp_transport.so"
    assert libraries(transport) == ["libc.so.6"]
    assert exported(transport) == ["_transport_info" if world.exim.declares("TRANSPORT_MAGIC")
                                   else "_transport_info_before_4_99"]


def test_the_core_brings_its_own_cxx_and_exports_one_symbol(world):
    core = module_directory(world) / "danesmtp" / "core.so"
    names = libraries(core)
    assert "libc.so.6" in names
    assert not [name for name in names if "libstdc++" in name or "libssl" in name]
    assert exported(core) == ["danesmtp_core"]


def test_without_dane_options_the_core_is_not_opened(world, sender):
    mail = sender(driver="danesmtp", options={"hosts_try_dane": ""})
    message_id = mail.inject("bob@plain.lab")
    trace = mail.deliver(message_id, debug="-d+transport")
    assert "DANE policy" not in trace
    assert len(world.receivers.mail(message_id)) == 1
