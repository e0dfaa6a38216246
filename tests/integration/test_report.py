# SPDX-License-Identifier: GPL-2.0-or-later
"""`danesmtp report` on logs that Exim wrote: deliveries to the world by danesmtp, by danesmtp that only audits,
and by Exim's own driver. Its numbers are those of expressions over the lines, and those of Exim's queue.
"""
import json
import re
import subprocess
from collections import Counter

import pytest
from test_tool_check import documented, members
from tool import TOOL

DOMAINS = ("ee", "ta", "plain", "impostor", "mx-insecure", "tlsa-servfail", "bogus-tlsa", "expired-sig", "no-starttls",
           "starttls-454", "unusable", "signed-no-tlsa", "nothing")
RECIPIENTS = [[f"bob@{domain}.lab"] for domain in DOMAINS] + [
    [f"{name}@rcpt-mix.lab" for name in ("bob", "tmpx", "bad", "alice")]]


def report(log):
    done = subprocess.run([TOOL, "report", "--json", "-"], input=log, capture_output=True, text=True, timeout=60,
                          check=True)
    return json.loads(done.stdout)


def count(log):
    """Recipients by what their lines say."""
    counts = Counter()
    for line in log.splitlines():
        if re.search(r" [=-]> .* H=", line):
            protection = re.search(r" X=\S+ CV=(\w+)", line)
            counts[{"dane": "dane", "yes": "verified", "no": "encrypted"}[protection[1]] if protection else "clear"] += 1
        counts["deferred"] += " == " in line
        counts["failed"] += " ** " in line
        counts["audited"] += " DANE audit: " in line
        counts["local"] += bool(re.search(r" => (?!.* H=)", line))
    return +counts


@pytest.fixture(scope="module", params=(
    "danesmtp", "audit", pytest.param("smtp", marks=pytest.mark.needs("DANE"))))
def mail(request, world):
    options = {"hosts_try_dane": "*", "dnssec_request_domains": "*"} if request.param == "smtp" else {
        "dane_trust_anchor_file": world.trust_anchor}
    if request.param == "audit":
        options["dane_audit_domains"] = "*"
    sender = world.sender(driver="smtp" if request.param == "smtp" else "danesmtp", options=options)
    for recipients in RECIPIENTS:
        sender.send(recipients)
    sender.run_queue()
    yield request.param, sender
    world.release(sender)


def test_the_numbers_are_those_of_the_lines(mail):
    driver, sender = mail
    log = sender.mainlog()
    found = report(log)
    counts = {kind: found["totals"][kind] for kind in found["totals"] if kind != "delivered"}
    assert {kind: number for kind, number in (counts | {"local": found["local"]}).items() if number} == count(log), log
    assert (found["lines"], found["unknown_lines"]) == (log.count("\n"), 0)
    if driver == "danesmtp" and not sender.reads_dane:
        assert (counts["dane"], counts["verified"]) == (4, 1)


def test_who_waits_is_who_is_in_the_queue(mail):
    _, sender = mail
    found = report(sender.mainlog())
    waiting = sorted(address for addresses in sender.queue().values() for address in addresses)
    assert sum(one["waiting"] for one in found["causes"]) == len(waiting), (waiting, found["causes"])
    assert {one["oldest"] for one in found["causes"] if one["oldest"]} <= set(sender.queue())


CAUSES = {"impostor": "not-authenticated", "tlsa-servfail": "failed-dns", "bogus-tlsa": "bogus-dns",
          "no-starttls": "no-tls", "starttls-454": "no-tls"}


def test_causes_and_audits(mail):
    driver, sender = mail
    log = sender.mainlog()
    if driver == "danesmtp":
        for domain, cause in CAUSES.items():
            lines = [line for line in log.splitlines() if f" == bob@{domain}.lab " in line]
            (one,) = [one for one in report(lines[0] + "\n")["causes"] if one["deferred"]]
            assert (one["cause"], one["by_policy"], one["oldest_domain"]) == (cause, True, f"{domain}.lab")
    elif driver == "audit":
        audits = {one["domain"].removesuffix(".lab"): one["cause"] for one in report(log)["audits"]}
        assert audits == CAUSES, log


def test_what_is_new_of_a_host(world, mail):
    """The records of one log, their loss in another."""
    driver, sender = mail
    if driver != "danesmtp":
        pytest.skip("one is enough")
    plain = world.sender(driver="smtp")
    try:
        plain.send(["bob@ee.lab"])
        changes = report(sender.mainlog() + plain.mainlog())["changes"]
    finally:
        world.release(plain)
    assert [(one["host"], one["from"], one["to"]) for one in changes] == [("mx.ee.lab", "dane", "no-dane")]


def test_json_is_as_documented(mail):
    driver, sender = mail
    found = members(report(sender.mainlog()))
    assert found - documented("## report\n") == set()
    if driver == "audit":
        assert {"audits", "causes", "why", "last_day", "totals", "without_dane", "signed_host"} <= found
