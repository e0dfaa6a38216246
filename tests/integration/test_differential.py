# SPDX-License-Identifier: GPL-2.0-or-later
"""The small form of scripts/differential: our DNS states against delv's, our handling of options against that of
Exim's own driver. And that a difference is noticed by each."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "differential"))

import dns_states  # noqa: E402  (needs the path above)
import option_handling  # noqa: E402

# A zone of each state: signed, not signed, an alias between the two, bogus, without an answer, absent.
STATES = ("ee", "plain", "cname-insecure", "bogus-mx", "tlsa-servfail", "null-mx", "unknown-algorithm")


@pytest.fixture
def zones(world):
    return [world.zone(name) for name in STATES]


# tests D-001, D-002, D-009
def test_dns_states(world, zones):
    counts = dns_states.compare(world, zones)
    assert counts["unexplained"] == 0
    assert all(counts[state] for state in (*dns_states.STATES, "failed")), counts


def test_that_nobody_answers_is_noticed(world, zones, monkeypatch):
    monkeypatch.setattr(dns_states, "ask_ours", lambda questions, _: ["failed"] * len(questions))
    monkeypatch.setattr(dns_states, "ask_delv", lambda *_: "failed")
    counts = dns_states.compare(world, zones)
    assert counts["unexplained"] == 0 and not dns_states.is_enough(counts)


def test_another_dns_state_is_noticed(world, zones, monkeypatch):
    told = dns_states.ask_ours
    monkeypatch.setattr(dns_states, "ask_ours", lambda *question: ["insecure", *told(*question)[1:]])
    assert dns_states.compare(world, zones[:1])["unexplained"] == 1


# What is known to differ is known of this Exim.
like_ours = (pytest.mark.needs("DANE"), pytest.mark.needs("GnuTLS"), pytest.mark.declared("TRANSPORT_MAGIC"))


@pytest.mark.parametrize("seed", [pytest.param("1", marks=like_ours)])
def test_options(world, seed):
    counts = option_handling.compare(world, seed, 20)
    assert counts["refused"] >= 3 and counts["delivered"] >= 3 and counts["delivered by us"] >= 2
    assert counts["unexplained"] == 0


@pytest.mark.parametrize("line,seed", [
    pytest.param("size_addition = 7", "1", marks=like_ours), pytest.param("command_timeout = 5x", "1", marks=like_ours),
    pytest.param("headers_add = X-Other: yes", "1", marks=like_ours)])
def test_another_handling_is_noticed(world, seed, line, monkeypatch):
    """What -bP shows, what is refused, what arrives: of a transport that has one line more with our driver."""
    right = option_handling.Configuration.transport

    def wrong(self, driver, anchor):
        text = right(self, driver, anchor)
        return text.replace("driver = danesmtp\n", f"driver = danesmtp\n  {line}\n")
    monkeypatch.setattr(option_handling.Configuration, "transport", wrong)
    assert option_handling.compare(world, seed, 20, only=2)["unexplained"] == 1


BOUNCED = "TIME ID ** t0@plain.lab R=to_t0 T=t0 : DANE error: mx.plain.lab lookup not DNSSEC\nTIME ID Completed"
WHY = "DANE is required (hosts_require_dane), but the MX record that names this host is not signed"
HELD = (f"TIME H=mx.plain.lab [192.0.2.24]:25: {WHY}\n"
        f"TIME t0@plain.lab R=to_t0 T=t0 defer H=mx.plain.lab [192.0.2.24]:25: DANE: 4.7.4 {WHY}\n")
WITH_SMTP = {"log": BOUNCED, "message log": "", "queue": "None", "arrived": ""}
WITH_OURS = {"log": HELD, "message log": HELD, "queue": "['t0@plain.lab']", "arrived": ""}


def reasons(lines, theirs, ours, domain="plain.lab"):
    configuration = option_handling.Configuration(0, lines, domain, {"smtp": theirs, "danesmtp": ours})
    return [option_handling.reason_for(configuration, what) for what in theirs if theirs[what] != ours[what]]


def test_a_known_difference():
    assert None not in reasons(["hosts_require_dane = *"], WITH_SMTP, WITH_OURS)


@pytest.mark.parametrize("theirs,ours", [
    ({}, {"log": HELD.replace("4.7.4", "4.7.5")}), ({}, {"log": HELD + "TIME ID one line more\n"}),
    ({}, {"message log": HELD + "one line more\n"}), ({}, {"queue": "None"}), ({}, {"arrived": "Subject: test"}),
    ({"log": BOUNCED.replace("DANE error", "another")}, {}), ({"message log": HELD}, {})])
def test_another_difference_beside_a_known_one_is_noticed(theirs, ours):
    assert None in reasons(["hosts_require_dane = *"], WITH_SMTP | theirs, WITH_OURS | ours)


@pytest.mark.parametrize("line,known", [("disable_logging", True), ("disable_logging = no", False)])
def test_a_known_difference_of_which_the_main_log_says_nothing(line, known):
    completed, silent = WITH_SMTP | {"log": "TIME ID Completed\n"}, WITH_OURS | {"log": ""}
    assert (None not in reasons(["hosts_require_dane = *", line], completed, silent)) == known


@pytest.mark.parametrize("theirs,known", [("TCP port", True), ("a TCP port", False)])
def test_other_words_around_the_same(theirs, known):
    logs = [WITH_OURS | {"log": f"TIME ID == t0@plain.lab R=to_t0 T=t0 defer: {words} \"x\" is not defined\n"}
            for words in (theirs, "DANE: 4.3.5 option port cannot be used: TCP port")]
    assert (None not in reasons(["port = x"], *logs)) == known


REFUSED = "TIME ID ** t0@ee.lab R=to_t0 T=t0 : SMTP error after pipelined end of data: 500 unrecognized command\n"
WE_DELIVER = "TIME ID => t0@ee.lab R=to_t0 T=t0 H=mx.ee.lab DS [192.0.2.10]:25 X=TLS1.3:x CV=dane C=\"250 OK\"\n"
AT_EE = "Received: at 192.0.2.10 25 from sender.lab [192.0.2.1] with esmtps X=TLS1.3:x\nMessage-Id: <EID@sender.lab>\n"
ARRIVED = {"log": WE_DELIVER, "message log": "", "queue": "None", "arrived": AT_EE}


@pytest.mark.parametrize("theirs,ours,known", [
    ({}, {}, True), ({"log": REFUSED.replace("500", "550")}, {}, False), ({"arrived": AT_EE}, {}, False),
    ({}, {"arrived": ""}, False), ({}, {"arrived": AT_EE + AT_EE}, False), ({}, {"queue": "['t0@ee.lab']"}, False),
    ({}, {"arrived": AT_EE.replace("esmtps X=TLS1.3:x", "esmtp")}, False),
    ({}, {"arrived": AT_EE.replace("192.0.2.10", "192.0.2.11")}, False),
    ({}, {"log": WE_DELIVER.replace("CV=dane", "CV=no")}, False),
    ({}, {"log": WE_DELIVER.replace("mx.ee.lab", "mx.impostor.lab")}, False)])
def test_what_we_alone_deliver(theirs, ours, known):
    """Exim's driver says a wrong length then; of another fate, or another way to it, nothing is known."""
    with_smtp = {"log": REFUSED, "message log": "", "queue": "None", "arrived": ""}
    assert (None not in reasons(["headers_only"], with_smtp | theirs, ARRIVED | ours, "ee.lab")) == known
    assert None in reasons(["hosts = x"], with_smtp | theirs, ARRIVED | ours, "ee.lab")
    if ours.get("arrived"):  # which says more than the log of a transport that logs nothing
        silent = with_smtp | {"log": ""}, ARRIVED | ours | {"log": ""}
        assert None in reasons(["headers_only", "disable_logging"], *silent, "ee.lab")


def waiting_for(option):
    why = f"a look-up failed while matching the host with option {option}"
    log = f"H=mx.ee.lab [192.0.2.10]:25: {why}\nTIME t0@ee.lab R=to_t0 T=t0 defer H=mx.ee.lab DS [192.0.2.10]:25: "
    return {"log": f"TIME {log}DANE: 4.4.3 {why}\n", "message log": f"TIME {log}DANE: 4.4.3 {why}\n",
            "queue": "['t0@ee.lab']", "arrived": ""}


@pytest.mark.parametrize("set_so,named,known", [
    ("hosts_avoid_tls", "hosts_avoid_tls", True), ("hosts_avoid_tls", "hosts_try_dane", False),
    ("tls_verify_hosts", "tls_verify_hosts", False)])
def test_what_waits_for_a_list(set_so, named, known):
    """It is one that was set so, and that has a say under DANE."""
    theirs = {"log": WE_DELIVER, "message log": "", "queue": "None", "arrived": AT_EE}
    assert (None not in reasons([f"{set_so} = +no_such_list"], theirs, waiting_for(named), "ee.lab")) == known
