# SPDX-License-Identifier: GPL-2.0-or-later
"""The run of many cases in one world, and what is said of it."""
import re
import subprocess
import time
import xml.etree.ElementTree as tree
from dataclasses import dataclass
from enum import Enum
from functools import cache

from processes import WorldError
from suite.case import DIFFERENCE
from suite.record import compared, run_case
from suite.steps import COMMON
from suite.zones_file import parse_zones
from world import World

NETWORK_OF_CASES = "198.51.100.0/24"  # RFC 5737: for the zones of single cases


class Outcome(Enum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Result:
    case: object
    outcome: Outcome
    text: str = ""  # a diff, an error, or what the Exim lacks
    seconds: float = 0


@cache
def features(binary):
    """The words of `exim -bV` about what was built in."""
    shown = subprocess.run([binary, "-bV", "-C", "/dev/null"], capture_output=True, text=True, check=False,
                           cwd="/", env={"PATH": "/usr/bin:/bin"}).stdout
    lines = [line for line in shown.splitlines() if re.match(r"(Support for|\w+ \(\S+\)|Authenticators|Routers|Transports):", line)]
    return frozenset(re.findall(r"[^\s,]+", " ".join(line.partition(":")[2] for line in lines)))


# What `exim -bV` does not tell: names in the headers since 4.97, and since 4.99.
OF_NEWER_HEADERS = ("channelbind_exporter", "TRANSPORT_MAGIC")


def known_of(exim):
    return features(exim.binary) | {word for word in OF_NEWER_HEADERS if exim.declares(word)}


def drivers_of(case, known):
    """Exim's own DANE is another one with OpenSSL, and in older ones: what differs is written down for GnuTLS."""
    return case.drivers if {"DANE", "GnuTLS", "TRANSPORT_MAGIC"} <= known else case.drivers[:1]


def lacking(case, known):
    """What the case needs and this Exim has not; "!X" needs that there is no X."""
    return [word for word in case.words("needs") if (word.lstrip("!") in known) == word.startswith("!")]


def expected_of(case, known):
    """What is expected of an Exim with these features; one without DANE knows no CV=dane."""
    expected = case.expected()
    if drivers_of(case, known) == case.drivers[:1]:
        expected.pop(DIFFERENCE, None)
    if "DANE" not in known:
        expected = {name: text.replace(" CV=dane ", " CV=yes ") for name, text in expected.items()}
    return expected


def run_one(world, case, update=False):
    begun = time.monotonic()
    known = known_of(world.exim)
    if missing := lacking(case, known):
        return Result(case, Outcome.NOT_APPLICABLE, f"needs {' '.join(missing)}")
    try:
        seen = run_case(world, case, drivers_of(case, known))
    except (WorldError, subprocess.SubprocessError, OSError, ValueError) as error:
        text = f"{type(error).__name__}: {error}"
        return Result(case, Outcome.FAILED, text, time.monotonic() - begun)
    if update:
        case.write_expected(seen)
    difference = compared(expected_of(case, known), seen)
    outcome = Outcome.FAILED if difference else Outcome.PASSED
    return Result(case, outcome, difference, time.monotonic() - begun)


def run_all(world, cases, update=False):
    """Says what failed as it goes; returns the Results."""
    results = []
    for case in cases:
        results.append(run_one(world, case, update))
        if results[-1].outcome is Outcome.FAILED:
            print(f"FAILED {case.title}\n{results[-1].text}", flush=True)
    return results


def closing_line(results, seconds):
    outcomes = [result.outcome for result in results]
    counts = [f"{outcomes.count(outcome)} {outcome.value}" for outcome in Outcome]
    return f"{', '.join(counts)} ({seconds:.0f} s)"


def report(results, path):
    suite = tree.Element("testsuite", name="configurations", tests=str(len(results)))
    for result in results:
        case = tree.SubElement(suite, "testcase", classname=f"configurations.{result.case.number[:2]}00",
                               name=result.case.title, time=f"{result.seconds:.3f}")
        if result.outcome is Outcome.FAILED:
            tree.SubElement(case, "failure", message="not as expected").text = result.text
        if result.outcome is Outcome.NOT_APPLICABLE:
            tree.SubElement(case, "skipped", message=result.text)
    tree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def finish(results, seconds, junit=None):
    """The closing line, the report; returns the exit status."""
    if junit:
        report(results, junit)
    print(closing_line(results, seconds))
    return int(any(result.outcome is Outcome.FAILED for result in results) or not results)


def shared_zones():
    return parse_zones((COMMON / "zones").read_text(encoding="utf-8"))


def make_key(path):
    """The macro RSA_KEY, for DKIM."""
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", path, "1024"], check=True,
                   capture_output=True)
    path.chmod(0o644)


def run_in_a_world(cases, update=False, junit=None):
    begun = time.monotonic()
    subprocess.run(["ip", "route", "replace", NETWORK_OF_CASES, "dev", "world"], check=True)
    zones = [*shared_zones(), *(zone for case in cases for zone in case.zones)]
    with World(more_zones=zones) as world:
        make_key(world.directory / "suite-rsa.pem")
        results = run_all(world, cases, update)
    return finish(results, time.monotonic() - begun, junit)
