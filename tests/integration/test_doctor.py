# SPDX-License-Identifier: GPL-2.0-or-later
"""`danesmtp doctor`: each fault made for real, what it says of it, and that it says nothing else.

The end of a run prints the table: fault | what it said.
"""
import contextlib
import errno
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import dns.message
import dns.rcode
import dns.rrset
import pytest
import watched
from test_misfit import cut_in_half, of_another_build, something_else, without_size
from test_tool_check import documented, members
from name_servers import answers, start_unbound
from policy_daemon import PolicyDaemon, Raw, Silence, Slowly
from signing import new_root_key, sign_root
from tool import TOOL

sys.path.insert(0, str(Path(__file__).resolve().parent / "dns"))

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import lab  # noqa: E402  (needs the path above: the crooked forwarders)
import under_unit  # noqa: E402  (its filters of system calls)

ADDRESSES = (f"127.0.4.{number}" for number in itertools.count(1))
DAY = 86400
OFF, GONE, LATER = "no mail goes by DANE", "mail to other hosts waits", "does not start"
GOES = "was authenticated by its records"


def doctor(world, mail, *arguments, environment=None, **more):
    argv = [TOOL, "doctor", "--config", str(mail.config)]
    if "--exim" not in arguments:
        argv += ["--exim", world.exim.binary]
    return subprocess.run([*argv, *arguments], capture_output=True, text=True, timeout=120, check=False, cwd="/",
                          env={**os.environ, **(environment or {})}, **more)


def findings(world, mail, *arguments, environment=None):
    done = doctor(world, mail, "--json", *arguments, environment=environment)
    assert done.stderr == ""
    said = json.loads(done.stdout)
    assert said["schema"] == 1
    assert done.returncode == (1 if said["state"] == "failure" else 0)
    for one in said["findings"]:
        assert (one["mend"] is None) == (one["state"] == "ok"), one
    return said


class Case:
    """One fault: made by a context manager that gives the arguments and the environment."""

    def __init__(self, world, sender, tmp_path, monkeypatch):
        self.world, self.sender, self.directory = world, sender, tmp_path
        monkeypatch.setattr(lab, "HONEST", "127.0.0.1")

    def mail(self, driver="danesmtp", main="", **options):
        own = {"dane_trust_anchor_file": self.world.trust_anchor} if driver == "danesmtp" else {}
        return self.sender(driver=driver, options={**own, **options}, main=main)

    def file(self, name, text, mode=0o644):
        path = self.directory / name
        path.write_text(text, encoding="ascii")
        path.chmod(mode)
        return path


@pytest.fixture
def case(world, sender, tmp_path, monkeypatch):
    os.chmod(tmp_path, 0o755)
    for parent in itertools.islice(tmp_path.parents, 2):
        os.chmod(parent, 0o755)
    return Case(world, sender, tmp_path, monkeypatch)


# -- the faults; each yields the sender, arguments and environment

@contextlib.contextmanager
def no_exim(case):
    yield case.mail(), ("--exim", "/nonexistent/exim"), {}


@contextlib.contextmanager
def not_an_exim(case):
    yield case.mail(), ("--exim", "/bin/true"), {}


@contextlib.contextmanager
def exim_without_loader(case):
    """It says what such an Exim says."""
    script = case.file("exim", """#!/bin/sh
case "$*" in
  "-C /dev/null -bV") echo "Exim version 4.96 #2 built 1-Jan-2024 00:00:00"; echo "Support for: GnuTLS DANE" ;;
  *-bP*) printf 'remote_smtp transport:\\ndriver = smtp\\nprotocol = \\n' ;;
  *sender-*-bV) ;;
  *) echo 'Exim configuration error in line 4: cannot find transport driver "danesmtp"' >&2; exit 1 ;;
esac
""", 0o755)
    yield case.mail(driver="smtp"), ("--exim", str(script)), {}


@contextlib.contextmanager
def a_module_that_does_not_fit(case):
    binary = Path(case.world.exim.binary)
    blind = case.directory / "exim"
    blind.write_bytes(without_size(binary, "cutthrough"))
    blind.chmod(0o755)
    yield case.mail(), ("--exim", str(blind)), {}


def with_modules(change):
    @contextlib.contextmanager
    def made(case):
        mail = case.mail()
        with case.world.exim.other_modules() as directory:
            change(directory)
            yield mail, (), {}
    return made


def with_mail(**more):
    @contextlib.contextmanager
    def made(case):
        yield case.mail(**more), (), {}
    return made


def with_anchor(text, mode=0o644):
    """The text is told the tag of the world's key."""
    @contextlib.contextmanager
    def made(case):
        tag = Path(case.world.trust_anchor).read_text(encoding="ascii").split()[-4]
        yield case.mail(dane_trust_anchor_file=case.file("anchor", text.format(tag=tag), mode)), (), {}
    return made


@contextlib.contextmanager
def an_anchor_of_root_only(case):
    text = Path(case.world.trust_anchor).read_text(encoding="ascii")
    yield case.mail(dane_trust_anchor_file=case.file("anchor", text, 0o600)), (), {}


class Liar(lab.Crooked):
    def plainly(self, query):
        """The reply to the question without EDNS."""
        plain = dns.message.make_query(query.question[0].name, query.question[0].rdtype)
        plain.id = query.id
        return [self.ask(plain).to_wire()]

    def refuses_edns(self, query, _question, _transport):
        """FORMERR without OPT record (RFC 6891 7), as a server from before EDNS."""
        if query.edns < 0:
            return self.plainly(query)
        reply = dns.message.make_response(query)
        reply.use_edns(False)
        reply.set_rcode(dns.rcode.FORMERR)
        return [reply.to_wire()]

    def passes_edns_over(self, query, _question, _transport):
        """It answers as if there were no OPT record."""
        return self.plainly(query)

    def swallows_edns(self, query, _question, _transport):
        """As firewalls that know DNS as it was."""
        return [] if query.edns >= 0 else self.plainly(query)

    def sells_names(self, query, question, _transport):
        """What does not exist has an address all the same."""
        reply = self.ask(query)
        if reply.rcode() == dns.rcode.NXDOMAIN:
            reply = dns.message.make_response(query)
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", "192.0.2.66"))
        return [reply.to_wire()]

    def damages_signatures(self, query, _question, _transport):
        (wire,) = [self.ask(query).to_wire()]
        place = wire.rfind(b"\x00\x2e\x00\x01")  # type RRSIG, class IN
        return [wire if place < 0 else wire[:place + 60] + bytes([wire[place + 60] ^ 1]) + wire[place + 61:]]


def behind(kind, also=""):
    @contextlib.contextmanager
    def made(case):
        address = next(ADDRESSES)
        if kind != "dead":
            Liar(kind, address)
        yield case.mail(dane_resolver=f"forward:{address}{also}"), (), {}
    return made


# -- the root's keys are changed; RFC 5011

@contextlib.contextmanager
def changed_root(case, *keys):
    """For its length the root is signed by these keys; gives a resolver that trusts the last of them."""
    world, address = case.world, next(ADDRESSES)
    with world.changed_zones({"": sign_root(world.zones, case.directory, keys)}) as script:
        subprocess.run(["sh", "-c", script], check=True)
        resolver = start_unbound(case.directory, f"{keys[-1]}.ds", address=address)
        try:
            resolver.wait_until(lambda: answers("lab.", server=address))
            yield f"forward:{address}"
        finally:
            resolver.stop()


def the_key_of_the_root(world):
    (key,) = world.zones.glob("K.+*.key")
    return str(key.with_suffix(""))


def tag_of(key):
    return int(key.rsplit("+", 1)[1])


def kept_by_unbound(case):
    """The text of a trust anchor file that an Unbound keeps up to date: it was told the root's key, and has seen it."""
    path, address = case.file("kept", Path(case.world.trust_anchor).read_text(encoding="ascii")), next(ADDRESSES)
    keeper = start_unbound(case.directory, path, address=address, updates=True)
    try:
        keeper.wait_until(lambda: ";;state=2" in path.read_text(encoding="ascii"))
    finally:
        keeper.stop()
    return path.read_text(encoding="ascii")


def in_state(text, number, name):
    (line,) = re.findall(r"^.*;;state=2 .*$", text, re.M)
    return text.replace(line, re.sub(r";;state=2 \[[ A-Z]*\]", f";;state={number} [ {name} ]", line))


def is_missing(text):
    return in_state(text, 3, "MISSING")


def is_revoked(text):
    return in_state(text, 4, "REVOKED")


def is_old(text):
    return re.sub(r";;last_success: (\d+).*", lambda was: f";;last_success: {int(was[1]) - 100 * DAY} ;;", text)


def with_kept_anchor(change, *, rolled=False):
    """The file of an Unbound, changed as time would have."""
    @contextlib.contextmanager
    def made(case):
        anchor = case.file("anchor", change(kept_by_unbound(case)))
        if not rolled:
            yield case.mail(dane_trust_anchor_file=anchor), (), {}
            return
        with changed_root(case, new_root_key(case.directory)) as resolver:
            yield case.mail(dane_trust_anchor_file=anchor, dane_resolver=resolver), (), {}
    return made


def with_rolled_root(*, old_signs_too):
    """The machine trusts the key from before."""
    @contextlib.contextmanager
    def made(case):
        old = [the_key_of_the_root(case.world)] if old_signs_too else []
        with changed_root(case, *old, new_root_key(case.directory)) as resolver:
            yield case.mail(dane_resolver=resolver), (), {}
    return made


def without_ipv6(host):
    """The machine has no IPv6 address but that of its link, and tries the host."""
    @contextlib.contextmanager
    def made(case):
        ours = "2001:db8::1/64", "dev", "world"
        subprocess.run(["ip", "-6", "address", "delete", *ours], check=True)
        try:
            yield case.mail(), ("--connect", host), {}
        finally:
            subprocess.run(["ip", "-6", "address", "add", *ours, "nodad"], check=True)
    return made


@contextlib.contextmanager
def the_system_strips(case):
    address = next(ADDRESSES)
    Liar("strips-dnssec", address)
    with case.world.name_servers(address), case.world.root_hints():
        yield case.mail(), (), {}


@contextlib.contextmanager
def a_believed_one_does_not_validate(case):
    address = next(ADDRESSES)
    Liar("strips-ad", address)
    yield case.mail(dane_resolver=f"forward:{address}", dane_dnssec="resolver"), (), {}


def clock_off_by(seconds):
    """Of the doctor alone; the world's servers go by the true one."""
    @contextlib.contextmanager
    def made(case):
        if watched.BY_SANITIZERS:
            pytest.skip("their runtime must be the first library")
        source = case.file("clock.c", f"""#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t) {{
  long rc = syscall(SYS_clock_gettime, id, t);
  if (rc == 0 && id == CLOCK_REALTIME) t->tv_sec += {seconds};
  return (int)rc;
}}
time_t time(time_t *into) {{
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  if (into) *into = t.tv_sec;
  return t.tv_sec;
}}
int gettimeofday(struct timeval *into, void *zone) {{
  struct timespec t;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &t);
  into->tv_sec = t.tv_sec;
  into->tv_usec = t.tv_nsec / 1000;
  return 0;
}}
""")
        library = case.directory / "clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-w", "-o", library, source], check=True)
        yield case.mail(), (), {"LD_PRELOAD": str(library)}
    return made


def with_cache(change):
    @contextlib.contextmanager
    def made(case):
        mail = case.mail(dane_cache="$spool_directory/db/danesmtp")
        mail.send("bob@ee.lab")
        change(mail.spool / "db/danesmtp")
        yield mail, (), {}
    return made


def with_collector(mode):
    """A socket of that mode; None: there is none."""
    @contextlib.contextmanager
    def made(case):
        path = case.directory / "collector"
        mail = case.mail(dane_tlsrpt_socket=path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as collector:
            if mode is not None:
                collector.bind(str(path))
                path.chmod(mode)
            yield mail, (), {}
    return made


def with_policies(says, mode=0o666, fail="ignore"):
    """A daemon that says so of whatever it is asked; None: there is none."""
    @contextlib.contextmanager
    def made(case):
        path = case.directory / "policies"
        mail = case.mail(dane_mta_sts=f"unix:{path}", dane_mta_sts_fail=fail)
        daemon = PolicyDaemon(path)
        path.chmod(mode)
        daemon.says["danesmtp-doctor.invalid"] = says
        if says is None:
            daemon.stop()
        yield mail, (), {}
        daemon.stop()
    return made


def damaged(cache):
    cache.write_bytes(b"x" * 5000)


def owned_by_root(cache):
    shutil.chown(cache, "root", "root")


def open_to_all(cache):
    cache.chmod(0o644)


def a_link(cache):
    cache.unlink()
    cache.symlink_to("/etc/passwd")


SMTP_BESIDE = {"hosts_try_dane": "*\n\nother_smtp:\n  driver = smtp"}
WRONG_DIGEST = ". IN DS {tag} 13 2 " + "00" * 32 + "\n"

FAULTS = {
    # fault: (how it is made, what it is said of, its state, part of what was seen, of how to mend it, of the last line)
    "no Exim": (no_exim, "exim", "failure", "cannot be run: No such file", "--exim", OFF),
    "another program": (not_an_exim, "exim", "failure", "does not say that it is Exim", "--exim", OFF),
    "Exim loads no transports": (exim_without_loader, "loader", "failure", "4.96 loads no transports", "exim4-daemon-mod", OFF),
    "module does not fit": (a_module_that_does_not_fit, "module", "failure", "is not known of the running Exim", "this very Exim", GONE),
    "module is gone": (with_modules(lambda at: (at / "danesmtp_transport.so").unlink()), "module", "failure", "is not there",
                       "install", LATER),
    "core is cut short": (with_modules(lambda at: cut_in_half(at / "danesmtp/core.so")), "core.so", "failure", "is not whole",
                          "install", GONE),
    "core of another build": (with_modules(lambda at: of_another_build(at / "danesmtp/core.so")), "core.so", "failure",
                              "does not belong", "together", GONE),
    "core is gone": (with_modules(lambda at: (at / "danesmtp/core.so").unlink()), "core.so", "failure", "cannot open", "install", GONE),
    "unbound.so of another build": (with_modules(lambda at: of_another_build(at / "danesmtp/unbound.so")), "unbound.so", "failure",
                                    "does not belong", "together", GONE),
    "configuration is wrong": (with_mail(main="no_such_option = 1"), "configuration", "failure", "no_such_option", "exim -bV", LATER),
    "no danesmtp transport": (with_mail(driver="smtp"), "transports", "failure", "no transport uses danesmtp", "driver = danesmtp", OFF),
    "smtp beside it": (with_mail(**SMTP_BESIDE), "transport other_smtp", "warning", "goes around the module",
                       "in other_smtp: driver = danesmtp", "goes without all this"),
    "DANE is off": (with_mail(hosts_try_dane=""), "transport remote_smtp", "failure", "DANE is off", "hosts_try_dane = *", OFF),
    "trust anchor is missing": (with_mail(dane_trust_anchor_file="/nonexistent/key"), "trust anchor", "failure", "cannot read",
                                "dns-root-data", LATER),
    "trust anchor is for root only": (an_anchor_of_root_only, "trust anchor", "failure", "cannot be read by mail: Permission denied",
                                      "chmod a+r", LATER),
    "trust anchor of another key": (with_anchor(". IN DS 1 13 2 " + "00" * 32 + "\n"), "trust anchor", "failure",
                                    "has none of the root's keys: it has 1, the root", "unbound-anchor", GONE),
    "trust anchor of another digest": (with_anchor(WRONG_DIGEST), "trust anchor", "failure", "the root does not validate",
                                       "unbound-anchor", GONE),
    "root key was changed": (with_rolled_root(old_signs_too=False), "trust anchor", "failure",
                             "they were changed (RFC 5011)", "unbound-anchor", GONE),
    "root key is being changed": (with_rolled_root(old_signs_too=True), "trust anchor", "warning",
                                  "key roll (RFC 5011) has begun", "unbound-anchor", GOES),
    "root key was changed, it was MISSING": (with_kept_anchor(is_missing, rolled=True), "trust anchor", "failure",
                                             " MISSING", "unbound-anchor", GONE),
    "trust anchor is REVOKED": (with_kept_anchor(is_revoked), "trust anchor", "failure", " REVOKED", "unbound-anchor",
                                GONE),
    "trust anchor is kept no more": (with_kept_anchor(is_old), "trust anchor", "warning", "was not for 100 days",
                                     "auto-trust-anchor-file", GOES),
    "trust anchor is damaged": (with_anchor("garbage\n"), "trust anchor", "failure", "line 1 is not a DS or DNSKEY record",
                                "unbound-anchor", GONE),
    "resolver is dead": (behind("dead"), "resolver", "failure", "no reply: ", "name another in dane_resolver", GONE),
    "resolver is silent": (behind("silent"), "resolver", "failure", "no reply", "name another in dane_resolver", GONE),
    "resolver refuses": (behind("refuses"), "resolver", "failure", "REFUSED", "access-control", GONE),
    "resolver strips RRSIG": (behind("strips-dnssec"), "resolver", "failure", "strips DNSSEC", "dane_resolver = recursive", GONE),
    "resolver strips RRSIG unless told": (behind("strips-unless-told"), "resolver", "failure", "strips DNSSEC",
                                          "dane_resolver = recursive", GONE),
    "resolver damages signatures": (behind("damages-signatures"), "resolver", "failure", "the root does not validate",
                                    "trust anchor and clock", GONE),
    "resolver refuses EDNS": (behind("refuses-edns"), "resolver", "failure", "FORMERR: it does not know EDNS",
                              "dane_resolver = recursive", GONE),
    "resolver passes EDNS over": (behind("passes-edns-over"), "resolver", "failure", "it does not know EDNS",
                                  "dane_resolver = recursive", GONE),
    "resolver is silent to EDNS": (behind("swallows-edns"), "resolver", "failure", "answers what has no EDNS",
                                   "firewalls", GONE),
    "resolver sells names": (behind("sells-names"), "resolver", "failure", "it lies", "no redirection", GONE),
    "resolver says garbage": (behind("garbage"), "resolver", "failure", "cannot be read", "dane_resolver = recursive", GONE),
    "resolver over TCP only": (behind("truncates"), "resolver", "warning", "over TCP only", "1232", GOES),
    "resolver is slow": (behind("slow"), "resolver", "warning", "is slow", "caching resolver", GOES),
    "one of two is dead": (behind("dead", ",127.0.0.1"), "resolver", "warning", "no reply: ", "name another", GOES),
    "the system's strips RRSIG": (the_system_strips, "validation", "warning", "asking from the root", "dane_resolver = recursive", GOES),
    "believed, does not validate": (a_believed_one_does_not_validate, "resolver", "failure", "no AD bit", "dane_dnssec = validate", GONE),
    "clock is behind": (clock_off_by(-3 * DAY), "clock", "failure", "signatures begin at", "timedatectl", GONE),
    "clock is ahead": (clock_off_by(40 * DAY), "clock", "failure", "signatures end at", "timedatectl", GONE),
    "no IPv6, host has both": (without_ipv6("mx.dual-stack.lab"), "port 25, IPv6", "warning",
                               "Network is unreachable", "nothing, if this machine is to have no IPv6", GOES),
    "no IPv6, host has nothing else": (without_ipv6("mx.many-addresses.lab"), "port 25, IPv6", "warning",
                                       "Network is unreachable", "give this machine IPv6", GOES),
    "cache is damaged": (with_cache(damaged), "cache", "warning", "not a cache", "rm ", GOES),
    "cache of another user": (with_cache(owned_by_root), "cache", "warning", "owned by root, and deliveries run as mail", "rm ", GOES),
    "cache is open to all": (with_cache(open_to_all), "cache", "warning", "mode 0644", "chmod 600", GOES),
    "cache is a link": (with_cache(a_link), "cache", "warning", "owned by root", "rm ", GOES),
    "collector is not there": (with_collector(None), "reports", "warning", "No such file", "tlsrpt-collectd", GOES),
    "collector is for root only": (with_collector(0o600), "reports", "warning", "mail cannot write to", "usermod", GOES),
    "policy daemon is dead": (with_policies(None), "policies", "warning", "refused: mail goes as if no domain had a policy",
                              "mta-sts-daemon", GOES),
    "policy daemon is dead, mail waits": (with_policies(None, fail="defer"), "policies", "failure", "without DANE waits",
                                          "mta-sts-daemon", "until the daemon of dane_mta_sts answers"),
    "policy daemon is silent": (with_policies(Silence()), "policies", "warning", "timeout", "mta-sts-daemon", GOES),
    "policy daemon is slow": (with_policies(Slowly("NOTFOUND ", 0.1)), "policies", "warning", "which is slow", "resolver", GOES),
    "policy daemon in trouble": (with_policies("TEMP no resolver"), "policies", "warning", "TEMP no resolver", "mta-sts-daemon", GOES),
    "policy daemon says garbage": (with_policies(Raw(b"500 who are you")), "policies", "warning", "no netstring",
                                   "mta-sts-daemon", GOES),
    "policy daemon makes policies up": (with_policies("OK secure match=mx.lab"), "policies", "warning", "which nobody can have",
                                        "mta-sts-daemon", GOES),
    "policy daemon is for root only": (with_policies("NOTFOUND ", 0o600), "policies", "warning", "mail cannot write to",
                                       "usermod", GOES),
}
# Where no transport tells of a trust anchor the system's is taken, which is not of this world.
SYSTEMS = {"trust anchor", "resolver 127.0.0.1@53", "validation"}
# What else is wrong then, by the same cause.
FOLLOWS = {
    "no Exim": SYSTEMS, "another program": SYSTEMS,
    "Exim loads no transports": {"transports", "transport remote_smtp"} | SYSTEMS,
    "module does not fit": {"configuration"},
    "module is gone": {"configuration", "transports"} | SYSTEMS,
    "configuration is wrong": {"transports"} | SYSTEMS,
    "no danesmtp transport": {"transport remote_smtp"} | SYSTEMS,
    "trust anchor is missing": {"configuration", "validation"},
    "trust anchor is for root only": {"configuration"},
    "trust anchor is damaged": {"validation"},
    "root key is being changed": set(),
    "trust anchor is REVOKED": {"validation"},
    "trust anchor is kept no more": set(),
    "no IPv6, host has both": set(),
    "no IPv6, host has nothing else": set(),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.replace(" ", "-"))
def test_a_fault(case, doctor_rows, fault):
    make, subject, state, seen, mend, mail_line = FAULTS[fault]
    with make(case) as (mail, arguments, environment):
        said = findings(case.world, mail, *arguments, environment=environment)
    ill = [one for one in said["findings"] if one["state"] != "ok"]
    found = [one for one in ill if one["subject"] == subject or one["subject"].startswith(f"{subject} 127.")]
    assert len(found) == 1, said
    assert (found[0]["state"], seen in found[0]["seen"], mend in found[0]["mend"]) == (state, True, True), found
    assert mail_line in said["mail"]
    doctor_rows.append((fault, f"{found[0]['state']} {found[0]['subject']}: {found[0]['seen']}; {found[0]['mend']}"))
    if fault in FOLLOWS:
        assert {one["subject"] for one in ill} - {found[0]["subject"]} == FOLLOWS[fault], ill


# -- nothing is wrong, and the forms

def test_nothing_is_wrong(case):
    mail = case.mail()
    said = findings(case.world, mail)
    assert said["state"] == "ok" and GOES in said["mail"], said
    assert [one["subject"] for one in said["findings"]] == [
        "exim", "loader", "module", "core.so", "unbound.so", "configuration", "transport remote_smtp", "trust anchor",
        "resolver 127.0.0.1@53", "clock", "validation", "IPv6", "port 25", "confinement", "cache", "reports"]
    assert not (mail.spool / "db").exists() and mail.mainlog() == "", "nothing was touched"


def test_a_stub_that_asks_nobody_for_a_short_name(case):
    """As systemd-resolved's where it validates: nothing is wrong with it."""
    with behind("knows-no-short-name")(case) as (mail, _, _):
        said = findings(case.world, mail)
        message_id = mail.send("bob@ee.lab")
    assert said["state"] == "ok" and GOES in said["mail"], said
    assert " CV=dane" in "".join(mail.log_lines(message_id))


def test_what_it_says_is_what_exim_does(case):
    """Healthy: DANE; with another's key: mail waits."""
    well, ill = case.mail(), case.mail(dane_trust_anchor_file=case.file("anchor", ". IN DS 1 13 2 " + "00" * 32 + "\n"))
    assert GOES in findings(case.world, well)["mail"] and GONE in findings(case.world, ill)["mail"]
    message_id = well.send("bob@ee.lab")
    assert " CV=dane" in "".join(well.log_lines(message_id))
    message_id = ill.send("bob@ee.lab")
    assert ill.queue() == {message_id: ["bob@ee.lab"]}


def test_a_cache_in_use_is_counted(case):
    mail = case.mail(dane_cache="$spool_directory/db/danesmtp")
    mail.send("bob@ee.lab")
    (said,) = [one for one in findings(case.world, mail)["findings"] if one["subject"] == "cache"]
    assert said["state"] == "ok" and "of mail, mode 0600" in said["seen"] and " 0 entries" not in said["seen"], said


def test_a_new_key_that_is_waited_for(case):
    """RFC 5011 2.4.1: what keeps the file has seen the root's new key, and will trust it in time."""
    kept, new = kept_by_unbound(case), new_root_key(case.directory)
    record = Path(f"{new}.key").read_text(encoding="ascii").split(";")[0].strip()
    anchor = case.file("anchor", f"{kept}{record} ;;state=1 [ ADDPEND ] ;;count=3\n")
    with changed_root(case, the_key_of_the_root(case.world), new) as resolver:
        said = findings(case.world, case.mail(dane_trust_anchor_file=anchor, dane_resolver=resolver))
    (found,) = [one for one in said["findings"] if one["subject"] == "trust anchor"]
    assert said["state"] == "ok" and f"marked there: {tag_of(new)} ADDPEND" in found["seen"], said


def test_without_ipv6(case):
    with without_ipv6("mx.dual-stack.lab")(case) as (mail, arguments, _):
        said = findings(case.world, mail, *arguments)["findings"]
    seen = {one["subject"]: one["seen"] for one in said}
    assert "no route to IPv6 addresses: mail goes by IPv4 alone, and waits" in seen["IPv6"]
    assert seen["port 25, IPv4"] == "mx.dual-stack.lab [192.0.2.23] answers"


def take_no_filter(call):
    """From here on the kernel says to one more filter what one without CONFIG_SECCOMP_FILTER says: EINVAL."""
    step = under_unit.step
    under_unit.install(b"".join([
        step(under_unit.LOAD, under_unit.NUMBER), step(under_unit.EQUAL, call, 0, 3),
        step(under_unit.LOAD, under_unit.FIRST_ARGUMENT), step(under_unit.EQUAL, under_unit.PR_SET_SECCOMP, 0, 1),
        step(under_unit.GIVE, 0x00050000 | errno.EINVAL), step(under_unit.GIVE, under_unit.ALLOW)]))


def test_a_kernel_without_filters(case, doctor_rows):
    call = under_unit.numbers()["prctl"]
    done = doctor(case.world, case.mail(), "--json", preexec_fn=lambda: take_no_filter(call))
    said = json.loads(done.stdout)
    (found,) = [one for one in said["findings"] if one["state"] != "ok"]
    assert (done.returncode, found["subject"], found["state"]) == (0, "confinement", "warning"), said
    assert "seccomp: Invalid argument" in found["seen"] and "CONFIG_SECCOMP_FILTER" in found["mend"], found
    assert GOES in said["mail"]
    doctor_rows.append(("kernel takes no filter", f"warning confinement: {found['seen']}; {found['mend']}"))


def test_a_collector(case):
    with with_collector(0o666)(case) as (mail, _, _):
        (said,) = [one for one in findings(case.world, mail)["findings"] if one["subject"] == "reports"]
    assert said["state"] == "ok" and "takes reports at" in said["seen"], said


def test_a_policy_daemon(case):
    with with_policies("NOTFOUND ")(case) as (mail, _, _):
        (said,) = [one for one in findings(case.world, mail)["findings"] if one["subject"] == "policies"]
    assert said["state"] == "ok" and "answers within" in said["seen"], said


def test_an_exim_that_takes_no_other_configuration(case):
    """As one that was built with ALT_CONFIG_PREFIX; its own says enough, if it uses the module."""
    script = case.file("exim", f"""#!/bin/sh
case "$2" in
  /tmp/*) echo "exim: -C Permission denied" >&2; exit 1 ;;
esac
exec {case.world.exim.binary} "$@"
""", 0o755)
    said = findings(case.world, case.mail(), "--exim", str(script))
    assert said["state"] == "ok", said
    with with_modules(lambda at: something_else(at / "danesmtp_transport.so"))(case) as (mail, _, _):
        said = findings(case.world, mail, "--exim", str(script))
    (module,) = [one for one in said["findings"] if one["subject"] == "module"]
    assert module["state"] == "failure", said


def test_audit_is_told(case):
    assert "sent all the same" in findings(case.world, case.mail(dane_audit_domains="*"))["mail"]


def test_text(case):
    done = doctor(case.world, case.mail(driver="smtp"))
    assert done.returncode == 1 and "\033" not in done.stdout
    assert "failure transports: no transport uses danesmtp\n        to mend it: in the transport" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Mail: no mail goes by DANE")


def test_nagios(case):
    for mail, code, begin in ((case.mail(), 0, "DANE OK - mail to a domain with DANE"),
                              (case.mail(**SMTP_BESIDE), 1, "DANE WARNING - transport other_smtp: "),
                              (case.mail(driver="smtp"), 2, "DANE CRITICAL - transports: ")):
        done = doctor(case.world, mail, "--nagios")
        assert (done.returncode, done.stderr) == (code, "") and done.stdout.startswith(begin), done
        text, _, counts = done.stdout.partition(" | ")
        assert "|" not in text and counts.startswith("ok=") and done.stdout.count("\n") == 1
    done = doctor(case.world, case.mail(), "--nagios", "--json")
    assert done.returncode == 3 and done.stdout.startswith("DANE UNKNOWN - ")


def test_the_json_is_as_documented(case):
    words = {"ok", "warning", "failure"}
    assert members(findings(case.world, case.mail(driver="smtp"))) == documented("## doctor\n") - words


def test_by_a_user(case):
    """Who is not root is told what was not tried."""
    done = doctor(case.world, case.mail(), "--json", user="nobody", group="nogroup", extra_groups=[])
    said = json.loads(done.stdout)
    assert said["findings"][0]["subject"] == "privilege" and said["findings"][0]["mend"] == "sudo danesmtp doctor"
    states = {one["subject"]: one["state"] for one in said["findings"]}
    assert states["exim"] == states["module"] == states["validation"] == "ok", said


# -- connections, which are made only when they are asked for

def port_25(case, *arguments):
    said = findings(case.world, case.mail(), *arguments)["findings"]
    return {one["subject"]: (one["state"], one["seen"]) for one in said if "port 25" in one["subject"]}


def test_no_connection_unasked(case):
    assert port_25(case) == {"port 25": ("ok", "not tried; --connect HOST tries it")}


def test_connections(case):
    assert port_25(case, "--connect", "mx.dual-stack.lab") == {
        "port 25, IPv4": ("ok", "mx.dual-stack.lab [192.0.2.23] answers"),
        "port 25, IPv6": ("ok", "mx.dual-stack.lab [2001:db8::23] answers")}
    refused = port_25(case, "--connect", "mx.ee.lab:26")
    assert refused["port 25, IPv4"][0] == "failure" and "refused" in refused["port 25, IPv4"][1], refused
    assert port_25(case, "--connect", "mx.nothing.lab")["port 25"][0] == "failure"
