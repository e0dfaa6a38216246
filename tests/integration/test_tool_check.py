# SPDX-License-Identifier: GPL-2.0-or-later
"""`danesmtp check` and `explain` over the whole world: what the tool says of a domain is what Exim does
with mail to it. The expectations are those of test_scenarios.py, which holds Exim to them.
"""
import json
import os
import pty
import re
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from certificates import TA_CHAIN, Leaf, tlsa
from name_servers import answers, start_unbound
from ocsp import Responder
from sender import MX_ROUTER
from tool import TOOL
from zones import SCENARIOS

TOP = Path(__file__).resolve().parents[2]

OUTCOMES = {"dane": "dane", "yes": "verified", "no": "encrypted"}
OK, WARNING, CRITICAL, UNKNOWN = range(4)


def tool(world, command, *arguments, stdin="", timeout=10, anchor=None):
    argv = [TOOL, command, "--trust-anchor", anchor or world.trust_anchor, "--timeout", str(timeout), *arguments]
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def reports(world):
    """What `check` says of every domain of the table, by mode and domain."""
    domains = "".join(f"{domain}.lab\n" for domain in SCENARIOS)
    found = {}
    for mode, more in (("try", ()), ("require", ("--require-dane",))):
        done = tool(world, "check", "--json", "--list", "-", "--jobs", "16", *more, stdin=domains)
        assert done.returncode == 1, done.stderr
        for line in done.stdout.splitlines():
            report = json.loads(line)
            found[mode, report["target"].removesuffix(".lab")] = report
    return found


@pytest.mark.parametrize("mode", ("try", "require"))
@pytest.mark.parametrize("domain", SCENARIOS)
def test_check_agrees_with_exim(reports, domain, mode):
    expected = SCENARIOS[domain].required if mode == "require" else SCENARIOS[domain].tried
    report = reports[mode, domain]
    seen = report["outcome"], report["reason"]
    if expected.startswith("wait "):
        assert seen[0] == "waits" and expected[5:] in seen[1], seen
    elif expected == "router":
        assert seen[0] == (SCENARIOS[domain].outcome or "waits"), seen
    else:
        assert seen == (OUTCOMES[expected], None)


def test_states(reports):
    wrong = {domain: reports["try", domain]["state"] for domain, mail in SCENARIOS.items()
             if reports["try", domain]["state"] != mail.check_state}
    assert wrong == {}


# RFC 8460 4.3, as test_tls_reports.py has it of deliveries
@pytest.mark.parametrize("domain,result", [
    ("ee", "tlsa success"), ("plain", "no-policy-found success"), ("unusable", "tlsa tlsa-invalid"),
    ("no-starttls", "tlsa starttls-not-supported"), ("name-wrong", "tlsa certificate-host-mismatch"),
    ("ta-expired", "tlsa certificate-expired"), ("impostor", "tlsa certificate-not-trusted"),
    ("tls-11", "tlsa validation-failure"), ("bogus-tlsa", "tlsa dnssec-invalid")])
def test_what_a_sender_would_report(world, domain, result):
    report = json.loads(tool(world, "check", "--json", f"{domain}.lab").stdout)
    (host,) = report["hosts"]
    told = [one["report"] for one in (report, host, *host["addresses"]) if one["report"]]
    assert [f"{one['policy']} {one['result']}" for one in told] == [result]
    assert f"TLS report: {result}\n" in tool(world, "check", f"{domain}.lab").stdout


def test_what_a_sender_would_report_of_a_whole_domain(world):
    report = json.loads(tool(world, "check", "--json", "bogus-mx.lab").stdout)
    assert report["report"] == {"policy": "tlsa", "result": "dnssec-invalid", "text": "MX of bogus-mx.lab: bogus"}


def test_many_workers_share_a_few_resolvers(world):
    """Each resolver lets the root validate before it is asked anything else."""
    address = "127.0.0.7"
    server = start_unbound(world.directory, world.trust_anchor, address=address, more=("log-queries: yes",))
    try:
        server.wait_until(lambda: answers("lab.", server=address))
        domains = "".join(f"{domain}.lab\n" for domain in SCENARIOS)
        done = tool(world, "check", "--dns-only", "--json", "--list", "-", "--jobs", "32", "--resolver",
                    f"forward:{address}", stdin=domains)
    finally:
        server.stop()
    assert done.returncode == 1 and len(done.stdout.splitlines()) == len(SCENARIOS), done
    log = (world.directory / f"unbound-{address}/log").read_text(encoding="ascii")
    assert 1 <= log.count(" . DNSKEY IN") <= 4


NAGIOS_LINE = re.compile(
    r"DANE (OK|WARNING|CRITICAL) - [^|\n]* \| ok=\d warning=\d critical=\d unknown=0 time=\d+\.\d{3}s"
    r"( days=-?\d+)?\n")


def test_nagios_state_of_each(world):
    def run(domain):
        done = tool(world, "check", "--nagios", f"{domain}.lab")
        line = NAGIOS_LINE.fullmatch(done.stdout)
        word = line.group(1) if line else done.stdout
        return domain, (done.returncode, word, done.stderr)

    with ThreadPoolExecutor(max_workers=4) as pool:
        seen = dict(pool.map(run, SCENARIOS))
    codes = {"ok": OK, "warning": WARNING, "critical": CRITICAL}
    assert seen == {domain: (codes[mail.check_state], mail.check_state.upper(), "")
                    for domain, mail in SCENARIOS.items()}


def test_nagios_of_a_list_is_its_worst(world):
    done = tool(world, "check", "--nagios", "ee.lab", "plain.lab", "impostor.lab")
    assert done.returncode == CRITICAL
    assert done.stdout.startswith("DANE CRITICAL - 1 of 3 critical: impostor.lab: mail waits: ")
    assert " | ok=1 warning=1 critical=1 unknown=0 " in done.stdout


def test_a_resolver_that_validates_nothing_is_unknown(world, tmp_path):
    """It is this machine's trouble, not the domain's."""
    anchor = tmp_path / "anchor"
    anchor.write_text(". IN DS 1 13 2 " + "00" * 32 + "\n", encoding="ascii")
    done = tool(world, "check", "--nagios", "ee.lab", anchor=str(anchor))
    assert (done.returncode, done.stdout[:23]) == (UNKNOWN, "DANE UNKNOWN - ee.lab: "), done.stdout


# -- advice: what often goes wrong, with its rule and the record to publish

ADVICE = [
    # domain, level, RFC, part of the text, the zone's TLSA record that is advised
    ("ta-root-unsent", "warning", "RFC 7672 3.1.2", "does not send the certificate", "ta-root-unsent"),
    ("ta-is-leaf", "warning", "RFC 7671 5.2", "usage 2 speaks of an issuer", None),
    ("impostor", "warning", "RFC 7672 2.2", "no TLSA record matches", "impostor"),
    ("rollover", "note", "RFC 7671 8.1", "matches nothing", None),
    ("ee", "note", "RFC 7671 8.1", "one record only", None),
    ("ee-sha512", "warning", "RFC 6698 6", "SHA2-512 alone", None),
    ("ee-full", "note", "RFC 7671 10.1.2", "in full", None),
    ("ee-full", "note", "RFC 7672 3.1.1", "each renewal", None),
    ("agility-256-wrong", "note", "RFC 7671 9", "stronger digest", None),
    ("unusable", "warning", "RFC 7672 3.1.3", "usage 1 is not for SMTP", "unusable"),
    ("mixed", "warning", "RFC 7672 2.2.1", "beside hosts that have them", "mixed-1"),
    ("signed-no-tlsa", "warning", "RFC 7672 2.2", "no TLSA record", "signed-no-tlsa"),
    ("plain", "warning", "RFC 7672 2.1", "sign the zones", None),
    ("tlsa-servfail", "warning", "RFC 7672 2.1.2", "SERVFAIL", None),
    ("bogus-aaaa", "warning", "RFC 7672 2.1.2", "AAAA of mx.bogus-aaaa.lab is bogus", None),
    ("cname-insecure", "warning", "RFC 7672 2.2.2", "an alias that leads out", None),
    ("mx-insecure", "warning", "RFC 7672 2.2.1", "an unsigned MX record", None),
    ("mx-literal-first", "warning", "RFC 5321 5.1", "names no host", None),
    ("ee-expired", "note", "RFC 7672 3.1.1", "has expired", None),
    ("ta-root-unsent", "warning", "RFC 7672 3.1.2", 'its chain ends below "CN=', "ta-root-unsent"),
]
# of a usage 2 that no certificate of the chain is; the first is the commonest mistake there is
UNRENEWED = [
    # domain, RFC, parts of the text: what it is, both ways to mend it
    ("ta-known-root", "RFC 7672 3.1.2", ("ISRG Root X1, a root of Let's Encrypt", "append it to the server's chain",
                                         "publish 3 1 1")),
    ("ta-known-stale", "RFC 7672 3.1.2", ("R3, an intermediate of Let's Encrypt", "stale", "publish 3 1 1",
                                          "2 1 1 of the root")),
    ("tlsa-alias-stale", "RFC 7671 6", ("at _dane.tlsa-alias-stale.lab, and were not renewed", "keep them",
                                        "in the alias's place")),
    ("ta-impostor", "RFC 7672 3.1.2", ("goes up to its root", "publish 3 1 1", "2 1 1 of an issuer")),
]


@pytest.mark.parametrize("domain,level,rfc,text,published", ADVICE,
                         ids=[f"{row[0]}-{row[2].split()[-1]}" for row in ADVICE])
def test_advice(world, reports, domain, level, rfc, text, published):
    advice = reports["try", domain]["advice"]
    found = [one for one in advice if (one["level"], one["rfc"]) == (level, rfc) and text in one["text"]]
    assert found, advice
    if published:
        data = tlsa(3, 1, 1, world.certificates[published])
        assert any(one["publish"] and one["publish"].endswith(f" IN TLSA {data}") for one in advice), advice


@pytest.mark.parametrize("domain,rfc,parts", UNRENEWED, ids=[row[0] for row in UNRENEWED])
def test_advice_on_records_that_nobody_renewed(world, domain, rfc, parts):
    report = json.loads(tool(world, "check", "--json", f"{domain}.lab").stdout)
    assert report["outcome"] == "waits"
    found = [one["text"] for one in report["advice"] if one["rfc"] == rfc]
    assert any(all(part in text for part in parts) for text in found), report["advice"]


def test_an_alias_is_no_fault_where_the_records_fit(world):
    report = json.loads(tool(world, "check", "--json", "cname-target.lab").stdout)
    assert report["outcome"] == "dane"
    assert not any("under an alias" in one["text"] for one in report["advice"])


# -- destinations that are none, and what Exim does with mail to them

NO_DESTINATION = [
    # domain, reason
    ("nothing.lab", "nothing.lab does not exist"),
    ("a.b.nothing.lab", "a.b.nothing.lab does not exist"),
    ("address-less.lab", "address-less.lab has no address"),
    ("mx-nowhere.lab", "no MX record names a host that has an address"),
    ("mx-literal.lab", "no MX record names a host that has an address"),
]
# As in Exim's default configuration.
IGNORING_ROUTER = MX_ROUTER.replace("  no_more", "  ignore_target_hosts = <; 0.0.0.0 ; 127.0.0.0/8 ; ::1 ; fe80::/10\n"
                                                 "  no_more")


@pytest.mark.parametrize("domain,reason", [*NO_DESTINATION, (
    "mx-loopback.lab", "the DNS has addresses of whoever asks only (loopback, link-local)")])
def test_no_such_destination_is_what_exim_returns(world, sender, domain, reason):
    for more in ([], ["--dns-only"]):
        done = tool(world, "check", "--json", *more, domain)
        report = json.loads(done.stdout)
        assert (done.returncode, report["outcome"], report["state"]) == (1, "no-destination", "critical")
        assert report["reason"] == reason
        assert {one["role"] for one in report["advice"]} == {"owner", "sender"}
        assert "look at how the domain is spelt" in next(one["text"] for one in report["advice"] if one["role"] == "sender")
        assert not any("sign the zones" in one["text"] for one in report["advice"])
    text = tool(world, "check", domain).stdout
    assert "TLS report" not in text and "though the system's resolver" not in text, text
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor}, routers=IGNORING_ROUTER)
    mail.send(f"bob@{domain}")
    assert any(" ** " in line for line in mail.mainlog().splitlines()), mail.mainlog()


def test_a_look_up_without_an_answer_is_no_proof(world):
    for domain in ("bogus-a.lab", "expired-sig.lab", "mx-servfail.lab"):
        report = json.loads(tool(world, "check", "--json", domain).stdout)
        assert report["outcome"] == "waits", report


def test_a_host_that_does_not_exist(world):
    done = tool(world, "check", "mx.nothing.lab:25")
    assert (done.returncode, "no such destination: mx.nothing.lab does not exist: Exim freezes" in done.stdout) == \
        (1, True), done.stdout


def test_signed_with_an_algorithm_that_nobody_supports(world):
    report = json.loads(tool(world, "check", "--json", "unknown-algorithm.lab").stdout)
    (one,) = [one for one in report["advice"] if "no DANE" in one["text"]]
    assert "unknown-algorithm.lab is signed with algorithm 100" in one["text"]
    assert not any("sign the zones" in one["text"] for one in report["advice"])


# -- the same answer each time, and what Exim would do

def without_times(report):
    return {key: value for key, value in report.items()
            if key not in ("checked_at", "milliseconds", "look_ups")}


def test_one_live_address_of_twenty(world, sender):
    reports = [json.loads(tool(world, "check", "--json", "many-addresses.lab").stdout) for _ in range(4)]
    assert all(without_times(report) == without_times(reports[0]) for report in reports)
    assert (reports[0]["outcome"], reports[0]["state"]) == ("dane", "warning")
    assert len(reports[0]["hosts"][0]["addresses"]) == 20
    texts = [one["text"] for one in reports[0]["advice"]]
    assert sum("19 addresses do not answer" in text for text in texts) == 1
    assert sum("no connection" in text for text in texts) == 19
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor,
                                              "hosts_max_try": 20})
    message_id = mail.send("bob@many-addresses.lab")
    assert any(" => " in line and "CV=dane" in line for line in mail.log_lines(message_id)), mail.mainlog()


def test_a_dead_address_of_two_names_counts_once(world):
    report = json.loads(tool(world, "check", "--json", "two-names.lab").stdout)
    assert report["outcome"] == "waits"
    assert sum("no connection" in one["text"] for one in report["advice"]) == 1
    assert [len(host["addresses"]) for host in report["hosts"]] == [1, 1]


def test_own_addresses_of_the_dns_are_told_and_not_tried(world, sender):
    listener = socket.create_server(("127.0.0.1", 25))
    listener.settimeout(0.2)
    try:
        report = json.loads(tool(world, "check", "--json", "mx-loopback-first.lab").stdout)
        with pytest.raises(TimeoutError):
            listener.accept()
        done = tool(world, "check", "--json", "localhost:25", timeout=1)  # what the user names is tried
        listener.accept()[0].close()
    finally:
        listener.close()
    assert report["outcome"] == "dane"
    told = {one["text"] for one in report["advice"] if "not tried" in one["text"]}
    assert len(told) == 2 and any("[127.0.0.1]" in text for text in told), report["advice"]
    assert json.loads(done.stdout)["outcome"] == "waits"
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor}, routers=IGNORING_ROUTER)
    message_id = mail.send("bob@mx-loopback-first.lab")
    assert any(" => " in line and "CV=dane" in line for line in mail.log_lines(message_id)), mail.mainlog()


def test_a_name_in_ehlo_that_is_refused_is_not_the_domains_fault(world):
    server = world.scripted_server("192.0.2.49", "scripted", {"ehlo": {"reply": "501 who is that"}})
    try:
        done = tool(world, "check", "--nagios", "--helo", "nobody", "scripted.lab")
        report = json.loads(tool(world, "check", "--json", "--helo", "nobody", "scripted.lab").stdout)
    finally:
        server.stop()
    assert done.returncode == UNKNOWN, done.stdout
    assert report["state"] == "unknown"
    assert any(one["role"] == "sender" and '"nobody"' in one["text"] for one in report["advice"])


def test_a_resolver_that_validates_nothing_is_not_the_domains_fault(world, tmp_path):
    anchor = tmp_path / "anchor"
    anchor.write_text(". IN DS 1 13 2 " + "00" * 32 + "\n", encoding="ascii")
    report = json.loads(tool(world, "check", "--json", "ee.lab", anchor=str(anchor)).stdout)
    assert {one["role"] for one in report["advice"]} == {"resolver"}


def test_both_certificates_of_a_server(world, tmp_path):
    """One record, for the key on a curve: the RSA certificate beside it is probed and judged."""
    rsa = tmp_path / "rsa.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", rsa, "-out", tmp_path / "c.pem",
                    "-subj", "/CN=mx.two-keys.lab", "-days", "9"], check=True, capture_output=True)
    rsa.write_text(rsa.read_text() + (tmp_path / "c.pem").read_text())
    server = world.scripted_server("192.0.2.98", "two-keys", {"handshake": {"beside": str(rsa)}})
    try:
        report = json.loads(tool(world, "check", "--json", "two-keys.lab").stdout)
    finally:
        server.stop()
    (address,) = report["hosts"][0]["addresses"]
    assert address["other"]["key"] in ("rsa", "curve"), report
    verdicts = {address["verdict"]["verdict"], address["other"]["verdict"]["verdict"]}
    assert verdicts == {"authenticated", "failed"}
    assert len({address["certificates"][0]["key_sha256"], address["other"]["certificates"][0]["key_sha256"]}) == 2
    one = json.loads(tool(world, "check", "--json", "ee.lab").stdout)["hosts"][0]["addresses"][0]
    assert one["other"] is None and one["trust"] == "dane"


def test_a_reset_is_called_one(world):
    report = json.loads(tool(world, "check", "--json", "tls-reset.lab").stdout)
    assert "reset" in report["reason"] and "pull function" not in json.dumps(report)


def test_no_advice_where_all_is_well(reports):
    """Two digests of the right key, a chain with its anchor: nothing to say."""
    assert reports["try", "ta"]["advice"] == []
    assert reports["try", "null-mx"]["advice"] == []


def test_a_certificate_that_ends_soon(world):
    for days, level in (("20", None), ("40", "warning")):
        done = tool(world, "check", "--json", "--warn-days", days, "ta.lab", "ee.lab")
        reports = {report["target"]: report for report in map(json.loads, done.stdout.splitlines())}
        found = [one["level"] for one in reports["ta.lab"]["advice"] if "renew it" in one["text"]]
        assert found == ([level] if level else [])
        assert not any("renew it" in one["text"] for one in reports["ee.lab"]["advice"])  # usage 3


# -- the JSON is as documented

def documented(section):
    """The names in code type in one part of doc/json-schema.md."""
    page = (TOP / "doc/json-schema.md").read_text(encoding="utf-8")
    return set(re.findall(r"`([a-z0-9_]+)`", page.split(section, 1)[1].split("\n## ", 1)[0]))


def members(value):
    if isinstance(value, list):
        return set().union(*map(members, value))
    return set(value).union(*map(members, value.values())) if isinstance(value, dict) else set()


def test_json_is_as_documented(world, reports):
    found = set().union(*map(members, reports.values()))
    verdict = {"verdict", "matched", "depth", "name", "reason", "failure", "details"}
    assert found - documented("## check\n") == verdict - documented("## check\n")
    assert verdict <= documented("## verify\n")
    assert {"look_ups", "hosts", "advice", "addresses", "certificates", "days_left", "ocsp"} <= found
    assert members(json.loads(tool(world, "explain", "--json", "ee.lab").stdout)) == \
        documented("## explain\n")
    chain = world.certificates["ee"].pem_file
    done = tool(world, "verify", "--json", "--chain", chain, "--live", "mx.ee.lab")
    assert set(json.loads(done.stdout)) == verdict | {"schema", "private_key"}
    tlsa_json = subprocess.run([TOOL, "tlsa", "--json", chain], check=True, capture_output=True).stdout
    assert members(json.loads(tlsa_json)) == documented("## tlsa\n")


# -- arguments

@pytest.mark.parametrize("arguments,code,outcome,host", [
    (["mx.port.lab:2525"], 0, "dane", "mx.port.lab:2525 [192.0.2.22]"),
    (["[mx.ee.lab]"], 0, "dane", "mx.ee.lab:25 [192.0.2.10]"),
    (["mx.impostor.lab:25"], 1, "waits", "mx.impostor.lab:25 [192.0.2.28]"),
    (["-4", "dual-stack.lab"], 0, "dane", "mx.dual-stack.lab:25 [192.0.2.23]"),
    (["-6", "dual-stack.lab"], 0, "dane", "mx.dual-stack.lab:25 [2001:db8::23]"),
    (["-6", "ee.lab"], 1, "waits", "mx.ee.lab:25"),
    (["--dns-only", "impostor.lab"], 0, "not-tried", None),
    (["--dns-only", "tlsa-servfail.lab"], 1, "waits", None),
    (["--dns-only", "null-mx.lab"], 0, "no-mail", None),
    (["--port", "2525", "mx.port.lab"], 0, "dane", "mx.port.lab:2525 [192.0.2.22]"),
    (["bob@ee.lab"], 0, "dane", "mx.ee.lab:25 [192.0.2.10]"),
    (["B\u00fccher.lab"], 0, "dane", "mx.xn--bcher-kva.lab:25 [192.0.2.147]"),
])
def test_arguments(world, arguments, code, outcome, host):
    done = tool(world, "check", "--json", *arguments)
    report = json.loads(done.stdout)
    assert (done.returncode, report["outcome"], report["host"]) == (code, outcome, host), report
    assert report["schema"] == 1 and done.stderr == ""


def test_recursion_with_an_unbound_conf(world):
    done = tool(world, "check", "--resolver", str(world.unbound_conf()), "ee.lab")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("zone,address,outcome", [("smtps", "192.0.2.190", "dane"),
                                                  ("smtps-impostor", "192.0.2.191", "waits")])
def test_submissions(world, zone, address, outcome):
    world.submissions_server(address, zone)
    done = tool(world, "check", "--json", "--submissions", f"[mx.{zone}.lab]")
    report = json.loads(done.stdout)
    assert (report["outcome"], report["hosts"][0]["port"]) == (outcome, 465), report


def test_a_bad_line_does_not_end_the_run(world, tmp_path):
    path = tmp_path / "list"
    path.write_text("# two domains\n\nee.lab  # good\n192.0.2.1\nta.lab:0\nimpostor.lab\n", encoding="ascii")
    done = tool(world, "check", "--json", "--list", str(path), "plain.lab")
    states = {report["target"]: (report["state"], "error" in report)
              for report in map(json.loads, done.stdout.splitlines())}
    assert states == {"plain.lab": ("warning", False), "ee.lab": ("ok", False),
                      "192.0.2.1": ("unknown", True), "ta.lab:0": ("unknown", True),
                      "impostor.lab": ("critical", False)}
    assert done.returncode == 2


MEMBERS = """# members of a list
bob@ee.lab
Alice Example <alice@EE.lab>, "Carol, the other one" <carol@ta.lab>
dave#1@plain.lab   # not at weekends
ee.lab# again
erin@ta.lab (Erin)
[mx.ee.lab]
bob@
"""


def test_a_mailing_list_counts_each_domain_once(world):
    done = tool(world, "check", "--json", "--dns-only", "--list", "-", "ee.lab", stdin=MEMBERS)
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [report["target"] for report in reports] == ["ee.lab", "ta.lab", "plain.lab", "[mx.ee.lab]", "bob@"]
    assert [report["state"] for report in reports][3:] == ["ok", "unknown"] and done.returncode == 2


def test_a_list_ends_with_a_summary(world):
    done = tool(world, "check", "--dns-only", "--list", "-", stdin=MEMBERS.replace("bob@\n", "nothing.lab\n"))
    assert re.fullmatch(r"5 targets: 1 critical, 1 warning, 3 ok; 3 named again; slowest: \S+, \d+\.\d{3} s",
                        done.stdout.splitlines()[-1]), done.stdout
    assert done.returncode == 1
    assert "targets:" not in tool(world, "check", "--dns-only", "ee.lab").stdout


def test_the_worst_first(world):
    targets = ("ta.lab", "plain.lab", "impostor.lab", "nothing.lab", "signed-no-tlsa.lab", "ee.lab")
    done = tool(world, "check", "--json", "--sort", "worst", *targets)
    assert [json.loads(line)["target"] for line in done.stdout.splitlines()] == [
        "impostor.lab", "nothing.lab", "plain.lab", "signed-no-tlsa.lab", "ee.lab", "ta.lab"]


def test_progress_is_for_terminals_and_leaves_no_trace(world):
    """Standard error a terminal: the line with counts is wiped before a report and at the end."""
    terminal, side = pty.openpty()
    argv = [TOOL, "check", "--trust-anchor", world.trust_anchor, "--dns-only", "ee.lab", "impostor.lab"]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=side, timeout=60, check=False)
    os.close(side)
    shown = os.read(terminal, 10000).decode()
    os.close(terminal)
    assert "\r1 checked, 0 waiting" in shown and "\r2 checked, 0 waiting" in shown
    assert shown.endswith("\r\033[K") and b"checked" not in done.stdout


def test_prometheus_file_is_replaced_in_one_step(world, tmp_path):
    path = tmp_path / "danesmtp.prom"
    path.write_text("old", encoding="ascii")
    before = path.stat().st_ino
    done = tool(world, "check", "--nagios", "--prometheus", str(path), "ee.lab", "impostor.lab")
    assert done.returncode == CRITICAL
    assert path.stat().st_ino != before and list(tmp_path.iterdir()) == [path]
    samples = [line for line in path.read_text(encoding="ascii").splitlines() if not line.startswith("#")]
    assert 'danesmtp_check_state{target="ee.lab"} 0' in samples
    assert 'danesmtp_check_state{target="impostor.lab"} 2' in samples
    assert ('danesmtp_host_authenticated{target="impostor.lab",host="mx.impostor.lab",port="25",'
            'address="192.0.2.28"} 0') in samples
    for line in samples:
        assert re.fullmatch(r"danesmtp_\w+\{(\w+=\"[^\"]*\",?)+\} -?\d+(\.\d+)?", line), line


def test_prometheus_file_that_cannot_be_written(world, tmp_path):
    done = tool(world, "check", "--prometheus", str(tmp_path / "none" / "file"), "ee.lab")
    assert done.returncode == 2 and done.stderr.startswith("danesmtp: --prometheus: "), done.stderr


# -- explain

def lines_of_danesmtp(output):
    """The look-ups, policies and verdicts in debug output, which Exim indents and numbers. What is said
    of options is left out: the tool has none; and so is the reason that a recipient gets."""
    found = (re.search(r"DANE(:(?! \d\.\d)| look-up| policy| names).*", line) for line in output.splitlines()
             if "has no say here" not in line)
    return [match.group(0) for match in found if match]


# tests D-161
@pytest.mark.parametrize("domain", ("ee", "ta", "impostor", "unusable-usage-1", "mx-insecure", "cname-mx",
                                    "tlsa-servfail", "ta-root-unsent"))
def test_explain_says_what_exim_says(world, sender, domain):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    exim = lines_of_danesmtp(mail.deliver(mail.inject(f"bob@{domain}.lab"), debug="-d-all+transport"))
    done = tool(world, "explain", f"{domain}.lab")
    assert len(exim) >= 4
    assert lines_of_danesmtp(done.stdout) == exim
    assert any("(RFC 7672 " in line for line in exim)
    assert done.stdout.splitlines()[-1].startswith("Outcome: ")


def test_explain_in_json(world):
    report = json.loads(tool(world, "explain", "--json", "ee.lab").stdout)
    assert (report["schema"], report["outcome"], report["state"]) == (1, "dane", "ok")
    assert report["trace"][0] == "DANE look-up: MX of ee.lab: secure: 10 mx.ee.lab"


# -- the OCSP proof that a server sends; tests D-120

@pytest.fixture(scope="module")
def proofs(world):
    responder = Responder(world.certificates, world.directory / "ocsp-tool")
    leaf = world.certificates.issue(
        Leaf("ocsp-tool", ("mx.scripted-ta.lab",), issuer="intermediate", sends=TA_CHAIN))
    return responder, leaf


@pytest.mark.parametrize("fault,ocsp,outcome,warned", [
    ("good", "verified", "dane", False),
    (None, "no-response", "dane", False),
    ("expired", "failed", "dane", True),
    ("wrong signer", "failed", "dane", True),
    ("revoked", "failed", "waits", True),
])
def test_ocsp(world, proofs, fault, ocsp, outcome, warned):
    responder, leaf = proofs
    staples = [responder.staple("leaf", leaf, fault)] if fault else []
    server = world.scripted_server("192.0.2.52", leaf, {"handshake": {"staples": staples}})
    try:
        report = json.loads(tool(world, "check", "--json", "scripted-ta.lab").stdout)
    finally:
        server.stop()
    address = report["hosts"][0]["addresses"][0]
    assert (address["ocsp"], report["outcome"]) == (ocsp, outcome), report
    assert any("OCSP" in one["text"] or "revoked" in one["text"] for one in report["advice"]
               if one["level"] == "warning") == warned


# -- verify --live: a new chain against the records that are published

@pytest.mark.parametrize("certificate,host,more,code,part", [
    ("ee", "mx.ee.lab", [], 0, "authenticated"),
    ("rollover", "mx.rollover.lab:25", [], 0, "authenticated"),
    ("rollover-next", "mx.rollover.lab", [], 0, "authenticated"),
    ("impostor", "mx.impostor.lab", [], 1, "not authenticated"),
    ("ta", "mx.ta.lab", [], 0, "for the name mx.ta.lab"),
    ("ta-domain-name", "mx.ta-domain-name.lab", [], 1, "certificate-host-mismatch"),
    ("ta-domain-name", "mx.ta-domain-name.lab", ["--name", "ta-domain-name.lab"], 0, "authenticated"),
    ("port", "mx.port.lab:2525", [], 0, "authenticated"),
    ("port", "mx.port.lab", [], 3, "no TLSA record is published: TLS is opportunistic"),
    ("unusable", "mx.unusable.lab", [], 3, "no usable TLSA record: TLS is required"),
    ("unusable", "mx.unusable.lab", [], 3, ": unusable: usage 1 is not for SMTP"),
    ("unusable-one-octet", "mx.unusable-one-octet.lab", [], 3, ": unusable: "),
    ("plain", "mx.plain.lab", [], 3, "no TLSA record is published: TLS is opportunistic"),
])
def test_verify_live(world, certificate, host, more, code, part):
    pem = world.certificates[certificate].pem_file
    done = tool(world, "verify", "--chain", pem, "--private-key", pem, "--live", host, *more)
    assert (done.returncode, done.stderr) == (code, ""), done.stdout
    assert part in done.stdout


@pytest.mark.parametrize("host,verdict", [("plain", "no-records"), ("signed-no-tlsa", "no-records"),
                                          ("unusable", "unusable")])
def test_verify_live_tells_no_records_from_none_usable(world, host, verdict):
    """tests D-021, D-022"""
    chain = world.certificates[host].pem_file
    done = tool(world, "verify", "--json", "--chain", chain, "--live", f"mx.{host}.lab")
    object_ = json.loads(done.stdout)
    assert (done.returncode, object_["verdict"]) == (3, verdict)
    assert (sum("unusable: " in line for line in object_["details"]) > 0) == (verdict == "unusable")


@pytest.mark.parametrize("host", ("mx.bogus-tlsa.lab", "mx.tlsa-servfail.lab"))
def test_verify_live_without_an_answer(world, host):
    done = tool(world, "verify", "--chain", world.certificates["ee"].pem_file, "--live", host)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"danesmtp: --live {host}: ") and done.stderr.count("\n") == 1
