# SPDX-License-Identifier: GPL-2.0-or-later
"""`danesmtp mta-sts-daemon`: what it can tell that others cannot, what it keeps, and who cannot harm it: hosts of
policies, clients of its socket, and whoever kills it.
"""
import gzip
import itertools
import os
import re
import socket
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from test_mta_sts import ADDRESS, DOMAIN, HOST, certificate, delivery

from certificates import Dates
from policy_site import OwnDaemon, PolicySite, answer, policy_text, question
from processes import wait_for
from tool import TOOL

NUMBERS = itertools.count()
SITE = f"mta-sts.{DOMAIN}"
NOTHING = "NOTFOUND "
CANNOT_TRY = 77  # under_unit.py: on this machine


@pytest.fixture
def home(world):
    return world.directory / f"own-{next(NUMBERS)}"


@pytest.fixture
def site(world):
    """Of the domain's policy; `site(names...)` starts it."""
    def start(text=None, names=(SITE,), **more):
        made = PolicySite(ADDRESS, certificate(world, *names, **more))
        world.ends_here(made.stop)
        made.text = text
        return made
    return start


@pytest.fixture
def daemon(world, anchors, home):
    def start(**more):
        made = OwnDaemon(world, home, anchors, **more)
        world.ends_here(made.stop)
        return made
    return start


@pytest.fixture
def mail(world, sender, home, collector):
    return sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor,
                                              "dane_mta_sts": f"unix:{home / 'socket'}",
                                              "dane_tlsrpt_socket": collector.path})


def fault(kind, reason):
    return f"NOTFOUND policy_type=sts policy_domain={DOMAIN} failure_type={kind} {{ failure_reason = {reason} }}"


# tests D-184, D-172
@pytest.mark.parametrize("pattern,note,result", [
    (HOST, None, "success"),
    ("mx2.lab", "the policy does not name the host", "validation-failure"),
])
def test_testing_is_judged_logged_and_reported(world, site, daemon, mail, collector, pattern, note, result):
    site(policy_text("testing", pattern))
    daemon()
    server = world.scripted_server(ADDRESS, certificate(world, HOST), {})
    line = delivery(mail, mail.send(f"bob@{DOMAIN}"))
    assert len(server.messages()) == 1 and ":sts" not in line
    assert ("MTA-STS: H=" in mail.mainlog()) == bool(note)
    assert not note or f"MTA-STS: H={HOST} [{ADDRESS}]: {note}" in mail.mainlog()
    (report,) = collector.reports()
    (seen,) = report["policies"]
    assert seen["policy-string"][1] == "mode: testing" and seen["mx-host"] == [pattern]
    assert bool(seen["f"]) == (result != "success")



# tests D-172: delivered as without a policy, and told to the domain
@pytest.mark.parametrize("text,more,kind,reason", [
    (None, {}, "sts-policy-fetch-error", "HTTP status 404"),
    ("version: STSv1\nmode: enforce\nmax_age: 60\n", {}, "sts-policy-invalid", "the policy names no mx"),
    ("<html></html>", {}, "sts-policy-invalid", "a line of the policy has no colon"),
    (policy_text("enforce", HOST), {"dates": Dates.PAST}, "sts-webpki-invalid",
     "the certificate of the policy's host is not accepted"),
])
def test_a_policy_that_cannot_be_had(world, site, daemon, mail, collector, text, more, kind, reason):
    site(text, **more)
    started = daemon()
    server = world.scripted_server(ADDRESS, None, {})
    delivery(mail, mail.send(f"bob@{DOMAIN}"))
    assert len(server.messages()) == 1 and "MTA-STS" not in mail.mainlog()
    (report,) = collector.reports()
    (seen,) = report["policies"]
    assert (seen["policy-type"], seen["policy-domain"], seen["f"]) == (2, DOMAIN, 1)
    assert [one["f"] for one in seen["failure-details"]] == [reason]
    assert started.told(f"{DOMAIN}: {kind}: {reason}")
    shown = subprocess.run([TOOL, "check", "--trust-anchor", world.trust_anchor, "--mta-sts", started.option, DOMAIN],
                           capture_output=True, text=True, timeout=100, check=False).stdout
    assert f"MTA-STS: as without one: {kind}: {reason}" in shown


def test_results_by_their_names(world, site, daemon, mail, collector):
    site(None)
    daemon()
    world.scripted_server(ADDRESS, None, {})
    mail.send(f"bob@{DOMAIN}")
    assert collector.results() == [(DOMAIN, "sts", "sts-policy-fetch-error")]


def redirect(handler):
    handler.send_response(302)
    handler.send_header("Location", f"https://{SITE}/elsewhere.txt")
    handler.send_whole(b"")


def endless(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.end_headers()
    while True:
        handler.wfile.write(b"note: x\n" * 1000)


def endless_head(handler):
    handler.send_response(200)
    handler.flush_headers()
    while True:
        handler.wfile.write(b"X-Note: " + b"x" * 1000 + b"\r\n")


def bomb(handler):
    body = gzip.compress(policy_text("enforce", HOST).encode() + b"note: x\n" * 2_000_000)
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.send_header("Content-Encoding", "gzip")
    handler.send_whole(body)


# The end of the connection is not the end of the policy: TLS has not said so (RFC 8446 6.1).
def cut_off(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.end_headers()
    handler.wfile.write(policy_text("enforce", HOST).encode())


def cut_short(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(policy_text("enforce", HOST).encode())


# tests D-232
@pytest.mark.parametrize("says,kind,reason", [
    (redirect, "sts-policy-fetch-error", "HTTP status 302"),
    (endless, "sts-policy-invalid", "the policy has more than 65536 octets"),
    (endless_head, "sts-policy-fetch-error", "the head of the answer is too long"),
    (bomb, "sts-policy-invalid", "the policy has control characters"),
    (cut_off, "sts-policy-fetch-error", ""),
    (cut_short, "sts-policy-fetch-error", ""),
])
def test_a_hostile_host(site, daemon, says, kind, reason):
    site().says = says
    told = daemon().ask(DOMAIN)
    assert told.startswith(fault(kind, reason)[:-2]), told


@pytest.mark.parametrize("media_type", ["text/html", "application/octet-stream", "text/plaintext", ""])
def test_another_media_type(site, daemon, media_type):
    site(policy_text("enforce", HOST)).media_type = media_type
    assert daemon().ask(DOMAIN) == fault("sts-policy-fetch-error", "the policy is not of the media type text/plain")


@pytest.mark.parametrize("media_type", ["text/plain; charset=utf-8", "TEXT/Plain"])
def test_the_media_type(site, daemon, media_type):
    site(policy_text("enforce", HOST)).media_type = media_type
    assert daemon().ask(DOMAIN).startswith(f"OK secure match={HOST} ")


# tests D-232
@pytest.mark.parametrize("more", [
    {"names": ("mta-sts.other.lab",)},
    {"names": (DOMAIN,)},
    {"dates": Dates.PAST},
    {"issuer": None, "sends": ()},
])
def test_a_certificate_that_does_not_count(site, daemon, more):
    made = site(policy_text("enforce", HOST), **more)
    assert daemon().ask(DOMAIN) == fault("sts-webpki-invalid", "the certificate of the policy's host is not accepted")
    assert made.asked == []


# tests D-232
def test_a_common_name_does_not_count(world, site, daemon):
    made = site(policy_text("enforce", HOST), names=(), common_name=SITE)
    assert daemon().ask(DOMAIN) == fault("sts-webpki-invalid", "the certificate of the policy's host has no dNSName for it")
    assert len(made.asked) == 1


# An environment's proxy would see, and could forge nothing; it is not asked all the same.
def test_no_proxy(site, daemon, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    site(policy_text("enforce", HOST))
    assert daemon().ask(DOMAIN).startswith("OK secure")


class Held:
    """An answer that is not given before `go` is set."""

    def __init__(self):
        self.go = threading.Event()
        self.come = threading.Event()

    def __call__(self, handler):
        self.come.set()
        self.go.wait(60)
        handler.send_response(200)
        handler.send_header("Content-Type", "text/plain")
        handler.send_whole(policy_text("enforce", HOST).encode())


def test_a_slow_host_holds_up_nobody(site, daemon):
    held = Held()
    site().says = held
    started = daemon()
    with started.connect() as one:
        one.sendall(question(DOMAIN))
        assert held.come.wait(30)
        assert started.ask("nobody.lab") == NOTHING  # while the other waits
        assert answer(one) == "TEMP the policy is being looked for"
        held.go.set()
        wait_for(lambda: started.told("policy 1: enforce"), "the fetch does not end")
        one.sendall(question(DOMAIN))
        assert answer(one).startswith("OK secure")


def test_an_old_policy_while_a_newer_one_is_fetched(world, site, daemon, home):
    made = site(policy_text("enforce", HOST))
    started = daemon()
    assert started.ask(DOMAIN).startswith(f"OK secure match={HOST} ")
    started.kill()
    # as if the domain had published another one since
    kept = home / "cache" / DOMAIN
    kept.write_text(kept.read_text(encoding="ascii").replace("id: 1\n", "id: 0\n"), encoding="ascii")
    made.says = held = Held()
    again = daemon()
    assert again.ask(DOMAIN).startswith(f"OK secure match={HOST} ")
    assert held.come.wait(30)
    assert again.ask(DOMAIN).startswith(f"OK secure match={HOST} ")
    held.go.set()


@pytest.fixture(params=["alone", "under its unit"])
def under(request, monkeypatch):
    """What runs the daemon: with "its unit", without what systemd would take away from it. LeakSanitizer traces a
    process, which the unit's filter of system calls does not let it."""
    top = Path(__file__).resolve().parents[2]
    words = [top / "tests/tools/under_unit.py", top / "packaging/systemd/danesmtp-mta-sts.service.in"]
    if request.param == "alone":
        return []
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
    tried = subprocess.run([*words, "/bin/true"], capture_output=True, text=True, check=False)
    if tried.returncode == CANNOT_TRY:
        pytest.skip(tried.stderr)
    return words


def filters_of(pid):
    """How many filters of system calls a process has; 1 for some, where the kernel does not count them."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    counted = re.search(r"^Seccomp_filters:\t(\d+)", status, re.MULTILINE)
    return int(counted[1]) if counted else int("Seccomp:\t2" in status)


# tests D-233
@pytest.mark.parametrize("how", ["end", "kill"])
def test_a_restart_keeps_policies(site, daemon, home, under, how):
    made = site(policy_text("testing", HOST))
    first = daemon(under=under)
    assert (filters_of(first.pid) > filters_of("self")) == bool(under)
    told = first.ask(DOMAIN)
    assert told.startswith("NOTFOUND policy_type=sts")
    if how == "end":
        assert first.end() == 0 and not (home / "socket").exists()
    else:
        first.kill()
        (home / "cache" / ".new").write_text("danesmtp-mta-sts 1\ndomain: x", encoding="ascii")
    made.text = None
    again = daemon(under=under)
    assert again.ask(DOMAIN) == told
    assert len(made.asked) == 1  # the id is the same
    (kept,) = [one for one in (home / "cache").iterdir() if not one.name.startswith(".")]
    assert kept.name == DOMAIN and stat.S_IMODE(kept.stat().st_mode) == 0o600


# Wherever it is killed, the next one reads what is there, and knows the policy.
def test_killed_while_it_writes(site, daemon, home):
    made = site()
    counts = itertools.count(1)
    for pause in range(8):
        made.text = policy_text("enforce", HOST, f"mx{next(counts)}.lab")
        started = daemon()
        with started.connect() as one:
            one.sendall(question(DOMAIN))
            assert wait_for(lambda: len(made.asked) > pause or (home / "cache" / DOMAIN).exists(), "nobody asks")
            started.kill()
        left = home / "cache" / DOMAIN
        if left.exists():
            assert left.read_text(encoding="ascii").endswith("max_age: 86400\n")
            left.unlink()
    assert daemon().ask(DOMAIN).startswith(f"OK secure match={HOST}")


def test_a_second_daemon(world, anchors, site, daemon, home):
    first = daemon()
    for listen, words in ((first.option, "Address already in use"), (f"unix:{home}/two", "another daemon uses it")):
        argv = [TOOL, "mta-sts-daemon", "--listen", listen, "--trust-anchor", world.trust_anchor]
        cache = ["--cache", home / "cache"] if "two" in listen else []
        ended = subprocess.run([*argv, *cache], capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == 2 and words in ended.stderr
    assert first.ask("nobody.lab") == NOTHING


def test_the_socket(daemon, home):
    daemon()
    facts = os.stat(home / "socket")
    assert stat.S_IMODE(facts.st_mode) == 0o660
    tried = subprocess.run(["/usr/bin/python3", "-c", "import socket, sys\n"
                            "socket.socket(socket.AF_UNIX).connect(sys.argv[1])", home / "socket"],
                           user="games", group="games", extra_groups=[], capture_output=True, text=True, check=False)
    assert "PermissionError" in tried.stderr


def test_at_a_port(site, daemon):
    site(policy_text("enforce", HOST))
    daemon(listen="inet:127.0.0.1:8462")
    with socket.create_connection(("127.0.0.1", 8462), timeout=30) as one:
        one.sendall(question(DOMAIN))
        assert answer(one).startswith("OK secure")


HOSTILE = [b"x", b"99999:", b"0:,", b"-1:", b"5:postf;", b"7:nomapxx,", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100,
           b"1001:" + b"x" * 2000]


@pytest.mark.parametrize("octets", HOSTILE)
def test_hostile_questions(daemon, octets):
    started = daemon()
    with started.connect() as one:
        one.sendall(octets)
        assert one.recv(100) == b""
    assert started.ask("nobody.lab") == NOTHING


@pytest.mark.parametrize("key", ["", ".", ".scripted-plain.lab", "192.0.2.1", "[192.0.2.1]", "::1", "../../etc/passwd",
                                 "a b", "x" * 300, "_mta-sts..lab", "\x01"])
def test_keys_that_are_no_domains(daemon, key):
    assert daemon().ask(key) == NOTHING


def test_questions_one_after_the_other(site, daemon):
    site(policy_text("enforce", HOST))
    started = daemon()
    with started.connect() as one:
        for octet in question(DOMAIN):
            one.sendall(bytes([octet]))
        assert answer(one).startswith("OK secure")
        one.sendall(question("nobody.lab") + question(DOMAIN, "another-map") + question(DOMAIN.upper()))
        assert answer(one) == NOTHING
        assert answer(one).startswith("OK secure") and answer(one).startswith("OK secure")


def test_more_clients_than_there_may_be(daemon):
    started = daemon()
    silent = [started.connect() for _ in range(200)]
    assert started.ask("nobody.lab") == NOTHING
    for one in silent:
        one.close()
    assert len(os.listdir(f"/proc/{started.pid}/fd")) < 200


# It asks on and on and never reads an answer.
def test_a_client_that_does_not_read(daemon):
    started = daemon()
    with started.connect(seconds=1) as deaf:
        with pytest.raises(TimeoutError):
            for _ in range(100_000):
                deaf.sendall(question("nobody.lab") * 50)
        assert started.ask("nobody.lab") == NOTHING
        with open(f"/proc/{started.pid}/status", encoding="ascii") as status:
            (size,) = [int(line.split()[1]) for line in status if line.startswith("VmRSS")]
        assert size < 200_000  # KiB


def test_clients_that_have_gone(site, daemon):
    held = Held()
    site().says = held
    started = daemon()
    for _ in range(20):
        with started.connect() as one:
            one.sendall(question(DOMAIN))
    assert held.come.wait(30)
    held.go.set()
    wait_for(lambda: started.told("policy 1: enforce"), "the fetch does not end")
    assert started.ask(DOMAIN).startswith("OK secure")


def test_ended_while_a_fetch_is_under_way(site, daemon):
    held = Held()
    site().says = held
    started = daemon()
    with started.connect() as one:
        one.sendall(question(DOMAIN))
        assert held.come.wait(30)
        assert started.end() == 0
    held.go.set()


# Postfix is told of what is in force, and of nothing else.
@pytest.mark.parametrize("text,found", [
    (policy_text("enforce", HOST, "*.two.lab"), f"secure match={HOST}:.two.lab servername=hostname "),
    (policy_text("testing", HOST), None),
    (policy_text("none"), None),
    (None, None),
])
def test_postfix(site, daemon, text, found):
    site(text)
    started = daemon()
    seen = subprocess.run(["postmap", "-q", DOMAIN, f"socketmap:{started.option}:postfix"], capture_output=True,
                          text=True, timeout=60, check=False)
    assert seen.returncode == (0 if found else 1), seen.stderr
    assert seen.stdout.startswith(found or "") and bool(seen.stdout) == bool(found) and not seen.stderr


@pytest.mark.parametrize("text,status,lines", [
    (policy_text("enforce", HOST), 0, [f"policy 1: enforce, mx: {HOST}, max_age: 86400", f"answer: OK secure match={HOST}"]),
    (policy_text("none"), 0, ["policy 1: none", "answer: NOTFOUND "]),
    (None, 1, ["sts-policy-fetch-error: HTTP status 404", "answer: NOTFOUND policy_type=sts"]),
])
def test_query(world, anchors, site, text, status, lines):
    site(text)
    done = subprocess.run([TOOL, "mta-sts-daemon", "--query", DOMAIN, "--trust-anchor", world.trust_anchor, "--anchors",
                           anchors], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status and all(line in done.stdout for line in lines), done.stdout + done.stderr


@pytest.mark.parametrize("arguments,words", [
    ([], "--listen is needed, or --query"),
    (["--listen", "/run/socket"], "--listen: \"/run/socket\": it is neither unix:PATH nor inet:HOST:PORT"),
    (["--listen", "unix:/nonexistent/socket"], "unix:/nonexistent/socket: No such file or directory"),
    (["--listen", "unix:/nonexistent/socket", "--group", "no-such"], "--group: there is no group no-such"),
    (["--query", "192.0.2.1"], "--query: "),
    (["--query", DOMAIN, "--anchors", "/nonexistent"], "--anchors: /nonexistent"),
    (["--listen", "unix:/run/socket", "--cache", "/nonexistent"], "/nonexistent/.lock: No such file"),
])
def test_arguments_that_cannot_be_used(world, arguments, words):
    done = subprocess.run([TOOL, "mta-sts-daemon", *arguments, "--trust-anchor", world.trust_anchor],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and words in done.stderr and not done.stdout


@pytest.mark.parametrize("domain,status,words", [("nobody.lab", 0, "no record of this version"),
                                                 ("bogus-sts.lab", 1, "answer: TEMP ")])
def test_query_without_a_record(world, domain, status, words):
    done = subprocess.run([TOOL, "mta-sts-daemon", "--query", domain, "--trust-anchor", world.trust_anchor],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status and words in done.stdout, done.stdout + done.stderr
