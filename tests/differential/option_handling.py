#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Exim's handling of options against ours: transports with random options (transport_options.py), each once with
`driver = smtp` and once with `driver = danesmtp`. Run through `enter`:

    option_handling.py [--configurations N] [--seed N|fresh] [--only NUMBER]

Compared are whether `exim -bV` takes the configuration, and its words where it does not; what `exim -bP` shows of
each option of Exim's own driver; and what comes of a message to a domain without DANE: log, message log, queue, the
message as it arrived. Prints each difference with its reason (KNOWN), and at the end the figures; fails when one
has none.
"""
import argparse
import collections
import difflib
import random
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "world"), str(TESTS / "differential")]

from sender import MX_ROUTER  # noqa: E402  (needs the paths above)
from transport_options import Generator, options_in  # noqa: E402
from world import World  # noqa: E402

DOMAINS = ("plain.lab", "signed-no-tlsa.lab")
DRIVERS = ("smtp", "danesmtp")
PATIENCE = 1200  # seconds, for a queue run: some options make a delivery wait
BACKTRACE = re.compile(r"SIGSEGV|SEGV_|\t/\S+\(")  # where Exim's own driver falls over a file that is not there
TOGETHER = 20  # configurations whose mail goes in one queue run


@dataclass
class Configuration:
    number: int
    lines: list
    domain: str
    seen: dict = field(default_factory=dict)  # driver -> {what: text}

    @property
    def name(self):
        return f"t{self.number}"

    def has(self, option):
        return any(re.match(option, line) for line in self.lines)

    def router(self):
        return MX_ROUTER.replace("mx:", f"to_{self.name}:\n  local_parts = {self.name}", 1).replace(
            "remote_smtp", self.name)

    def transport(self, driver, anchor):
        """The same number of lines for both."""
        own = f"dane_trust_anchor_file = {anchor}" if driver == "danesmtp" else "# nothing of its own"
        return "\n  ".join([f"{self.name}:", f"driver = {driver}", *self.lines, own]) + "\n"


@dataclass(frozen=True)
class Reworded:
    """Where an option is set so, the log has further words, or words that are not the same twice."""
    option: str  # a regular expression for one of the lines
    words: str  # likewise
    reason: str

    def without(self, configuration, text):
        return re.sub(self.words, "", text) if configuration.has(self.option) else text


@dataclass(frozen=True)
class Waits:
    """Where options are set so, and the log is this with Exim's driver and that with ours: the mail waits with ours."""
    options: tuple  # regular expressions, each for one of the lines
    theirs: str  # a regular expression for all of what the log says
    ours: str
    reason: str

    def explains(self, configuration):
        ours, theirs = configuration.seen["danesmtp"], configuration.seen["smtp"]
        waits = (ours["queue"], ours["arrived"]) == (str([f"{configuration.name}@{configuration.domain}"]), "")
        done = theirs["queue"] == "None"  # and its message log is gone
        return (waits and all(map(configuration.has, self.options))
                and main_log_tells(configuration, self.ours, ours["log"])
                and tells(configuration, self.ours, ours["message log"])
                and main_log_tells(configuration, self.theirs, theirs["log"], re.S)
                and (done and theirs["message log"] == ""
                     or tells(configuration, self.theirs, theirs["message log"], re.S)))


def tells(configuration, words, log, flags=0):
    """Whether all of what the log says is this."""
    return bool(re.fullmatch(words, said(configuration, log), flags))


def main_log_tells(configuration, words, log, flags=0):
    """Likewise, but for transports that are told to log nothing."""
    if configuration.has(r"disable_logging( = (true|yes|TRUE))?$"):
        words = ""
    return tells(configuration, words, log, flags)


REWORDED = (
    Reworded(r"port ?=", r"DANE: 4\.3\.5 option port cannot be used: (?=TCP port|failed to expand|invalid port)",
             "the same failure, before any host: other words around it"),
    Reworded(r"interface ?=", r"option interface cannot be used: (?=\".*\" is not a valid|failed to expand)",
             "the same failure: other words around it"),
    Reworded(r"event_action ?= ?.*\$", r"(TIME ID attempt to expand tainted .*\n)?"
             r"TIME ID failed to expand event_action dane:report in .*\n",
             "one event more, dane:report, cannot be told of either"),
    Reworded(r"hosts_\w+ ?= ?.*/no/such/file", r"TIME ID Delivery status for \S+ got \d+ of \d+ bytes .*\n",
             "Exim's process ends over such a file; what its parent says of the pipe depends on what it wrote before"),
)
ASIDE = (r"$|Completed$|(\*\*\* )?Frozen$|Received from |(<\S+>: )?failed to (expand|open) |attempt to (expand|use) |"
         r"unknown named ")
HOST = r"H=\S+( DS)? \[\S+\]:\d+"
DEFER = r"\S+ R=\S+ T=\S+ defer"
UNTOLD = r"hosts_(require|try)_dane ?= ?"  # before a list that cannot be told
NO_DANE = (r"DANE is required \(hosts_require_dane\), but "
           r"(no secure TLSA records for \S+|the MX record that names this host is not signed)")


def host_not_used(options, theirs, code, why, reason):
    """What is said of the host is said of the message, unless there are others to try then."""
    ours = rf"{HOST}: (?P<why>{why})\n{DEFER} {HOST}: "
    others = (r"(failed to lookup IP address for .*|retry time not reached for any host for '.*'|"
              r"\S+ transport found host \S+ to be local)")
    return (Waits(options, theirs, rf"{ours}DANE: {code} (?P=why)", reason),
            Waits((*options, r"fallback_hosts ?="), theirs, ours + others, reason))


KNOWN = (
    Waits((UNTOLD + r".*/no/such/file",), ".*",
          rf"{DEFER}: smtp transport process returned non-zero status 0x0100: exit code 1",
          "a list over which Exim's process ends is looked at (decision 0010)"),
    *host_not_used((UNTOLD + r"(.*/no/such/file|\+no_such_list$|\$\{if eq\{1\}$)",), ".*", r"4\.4\.3",
                   r"a look-up failed while matching the host with option hosts_\w+_dane",
                   "a list that cannot be told is not \"no\": the host is not used now (decision 0010)"),
    *host_not_used((r"hosts_require_dane ?=",), r"\*\* \S+ R=\S+ T=\S+ : DANE error: \S+ lookup not DNSSEC", r"4\.7\.4",
                   NO_DANE,
                   "required, and no records: the mail waits until the retry rules say otherwise (README, D-110)"),
    *host_not_used((r"hosts_(require|try)_dane ?=", r"protocol ?="), rf"(bad protocol option in .*\n)?{DEFER}",
                   r"4\.(3\.5|7\.4)",
                   rf"option protocol: \".*\" is none that this host .*|failed to expand option protocol: .*|{NO_DANE}",
                   "the same failure, of a host that may have DANE: other words, or another failure before it"),
    Waits((r"port ?= ?(0|99999)$",), r".* defer\b.*",
          rf"{DEFER}: DANE: 4\.3\.5 option port cannot be used: (0|99999) is no port",
          "neither 0 nor a number above 65535 is a port; Exim's driver takes the last sixteen bits"),
)


def said(configuration, log):
    """Of a log, or the message log, what became of the message; not what was said of single options on the way."""
    for each in REWORDED:
        log = each.without(configuration, log)
    lines = [re.sub(r"^TIME (ID )?(== )?", "", line) for line in log.splitlines()]
    return "\n".join(line for line in lines if not re.match(ASIDE, line))


def reason_for(configuration, what):
    """Of a difference, or None."""
    ours, theirs = (configuration.seen[driver][what] for driver in ("danesmtp", "smtp"))
    if what in ("-bV", "-bP"):
        return None
    for each in REWORDED:
        ours, theirs = each.without(configuration, ours), each.without(configuration, theirs)
        if ours == theirs:
            return each.reason
    return next((known.reason for known in KNOWN if known.explains(configuration)), None)


def exim(world, config, *arguments):
    done = subprocess.run([world.exim.binary, "-C", str(config), *arguments], capture_output=True, text=True,
                          check=False, timeout=120, cwd="/", env={"PATH": "/usr/bin:/bin"})
    return done.returncode, done.stdout, done.stderr


def known_options(world):
    config = world.directory / "plain.conf"
    config.write_text("keep_environment =\nbegin transports\na:\n  driver = smtp\n", encoding="utf-8")
    return options_in(exim(world, config, "-bP", "transport", "a")[1])


def with_limits(lines):
    """Where nothing else is said, nobody is waited for as long as by default."""
    said = " ".join(lines)
    return lines + [f"{name} = 20s" for name in ("command_timeout", "data_timeout", "final_timeout")
                    if name not in said]


def make(world, seed, count, only=None):
    options = known_options(world)
    numbers = range(count) if only is None else [only]
    made = []
    for number in numbers:
        source = random.Random(f"{seed} {number}")
        lines = Generator(options, source).lines()
        made.append(Configuration(number, with_limits(lines), source.choice(DOMAINS)))
    return made


def normal(text, config):
    text = text.replace(str(config), "CONFIG").replace("danesmtp", "smtp")
    text = re.sub(r"(?:(?<=[E\W])|^)\w{6}-(?:\w{11}-\w{4}|\w{6}-\w{2})\b", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", "TIME", text)
    text = re.sub(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "DATE", text)
    text = re.sub(r" t=\d+ C=", " t=TIME C=", text)
    return re.sub(r"sender-\d+|\[\d+\]|pid=\d+|(?<=process )\d+|\b[DQ]T=\S+", "", text)


def check(world, configuration):
    """What -bV makes of it, for both drivers. True: each takes it."""
    for driver in DRIVERS:
        config = world.directory / f"options-{driver}.conf"
        config.write_text("keep_environment =\nbegin transports\n"
                          + configuration.transport(driver, world.trust_anchor), encoding="utf-8")
        status, _, errors = exim(world, config, "-bV")
        configuration.seen[driver] = {"-bV": f"{status} {normal(errors, config).strip()}"}
    return all(seen["-bV"].startswith("0") for seen in configuration.seen.values())


def show_options(world, configurations, mail, driver):
    """Of each transport those of smtp, as -bP has them."""
    names = {option.name for option in known_options(world)}
    _, shown, errors = exim(world, mail.config, "-bP", "transports")
    parts = dict(re.findall(r"^(\w+) transport:\n(.*?)(?=^\w+ transport:\n|\Z)", shown, re.M | re.S))
    for configuration in configurations:
        lines = [normal(line.strip(), mail.config) for line in parts.get(configuration.name, errors).splitlines()]
        own = [line for line in lines if re.sub("^no_", "", line.split(" =")[0]) in names]
        configuration.seen[driver]["-bP"] = "\n".join(own)


def inject(mail, configurations):
    """The ids of their messages, one each, in one SMTP session."""
    said = ["EHLO client.lab"]
    for each in configurations:
        said += ["MAIL FROM:<alice@sender.lab>", f"RCPT TO:<{each.name}@{each.domain}>", "DATA",
                 "From: alice@sender.lab", "Subject: test", "", "Hello.", "."]
    text = "".join(f"{line}\r\n" for line in [*said, "QUIT"]).encode()
    return re.findall(r"250 OK id=(\S+)", mail.exim("-odq", "-bs", stdin=text).stdout.decode())


def deliver(world, configurations, driver):
    mail = world.sender(driver="smtp", routers="".join(each.router() for each in configurations),
                        main="acl_smtp_rcpt = accept\nacl_smtp_data = accept\nqueue_run_in_order\n"
                             "recipients_max = 0\nsmtp_accept_max_per_connection = 0")
    transports = "".join(each.transport(driver, world.trust_anchor) for each in configurations)
    text = mail.config.read_text(encoding="utf-8").replace("remote_smtp:\n", f"{transports}\nremote_smtp:\n", 1)
    mail.config.write_text(text, encoding="utf-8")
    show_options(world, configurations, mail, driver)
    ids = inject(mail, configurations)
    assert len(ids) == len(configurations), mail.mainlog()
    mail.exim("-qf", seconds=PATIENCE)
    queue = mail.queue()
    for configuration, message_id in zip(configurations, ids):
        configuration.seen[driver].update(outcome(world, mail, message_id, queue))
    world.release(mail)


def outcome(world, mail, message_id, queue):
    log = [normal(line, mail.config) for line in mail.log_lines(message_id)
           if " <= " not in line and not BACKTRACE.search(line)]
    arrived = [normal(each.raw.decode("latin-1"), mail.config)
               for each in world.receivers.mail(message_id)]
    return {"log": "\n".join(log), "message log": normal(mail.message_log(message_id), mail.config),
            "queue": str(queue.get(message_id)), "arrived": "\n".join(arrived)}


def report(configurations):
    counts = collections.Counter()
    for each in configurations:
        ours, theirs = each.seen["danesmtp"], each.seen["smtp"]
        different = [what for what in theirs if ours[what] != theirs[what]]
        reasons = {what: reason_for(each, what) for what in different}
        verdict = "unexplained" if None in reasons.values() else "known" if different else "same"
        counts[verdict] += 1
        counts["refused"] += not theirs["-bV"].startswith("0")
        counts["delivered"] += theirs.get("arrived", "") != ""
        if verdict == "unexplained":
            print(f"{each.name} to {each.domain}:", *each.lines, sep="\n  ")
        for what, reason in reasons.items():
            if reason is None:
                print(*difflib.unified_diff(theirs[what].splitlines(), ours[what].splitlines(), f"{what}, smtp",
                                            f"{what}, danesmtp", lineterm="", n=1), sep="\n", flush=True)
    return counts


def compare(world, seed, count, only=None):
    configurations = make(world, seed, count, only)
    good = [each for each in configurations if check(world, each)]
    for first in range(0, len(good), TOGETHER):
        for driver in DRIVERS:
            deliver(world, good[first:first + TOGETHER], driver)
    counts = report(configurations)
    print(f"options: {len(configurations)} configurations from seed {seed}, {counts['refused']} refused by Exim, "
          f"{len(good)} sent by, {counts['delivered']} delivered; {counts['same']} the same, "
          f"{counts['known']} with a known reason, {counts['unexplained']} unexplained")
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--configurations", type=int, default=500)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", type=int, help="the configuration of this number")
    given = parser.parse_args()
    seed = str(random.SystemRandom().randrange(1 << 32)) if given.seed == "fresh" else given.seed
    with World() as world:
        counts = compare(world, seed, given.configurations, given.only)
    return 1 if counts["unexplained"] else 0


if __name__ == "__main__":
    sys.exit(main())
