#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Exim's handling of options against ours: transports with random options (transport_options.py), each once with
`driver = smtp` and once with `driver = danesmtp`, which speaks itself where a host has TLSA records. Run through
`enter`:

    option_handling.py [--configurations N] [--seed N|fresh] [--only NUMBER]

Compared are whether `exim -bV` takes the configuration, and its words where it does not; what `exim -bP` shows of
each option of Exim's own driver; and what comes of a message to a domain with or without DANE, which Exim's driver does
by the AD bit: log, message log, queue, the message as it arrived. Prints each difference without a reason
(option_differences.py), and at the end the figures; fails when there is one, or when too few were delivered by us.
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

from option_differences import UNDER_DANE, reason_for  # noqa: E402  (needs the paths above)
from sender import MX_ROUTER  # noqa: E402
from transport_options import Generator, options_in  # noqa: E402
from world import World  # noqa: E402

DOMAINS = ("plain.lab", "signed-no-tlsa.lab", *UNDER_DANE)  # of the last two we are the client
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
    with world.trust_ad():
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
        counts["delivered by us"] += " CV=dane " in ours.get("log", "")
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
          f"{len(good)} sent by, {counts['delivered']} delivered, "
          f"{counts['delivered by us']} of them under DANE; {counts['same']} the same, "
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
    few = given.only is None and counts["delivered by us"] * 10 < given.configurations
    if few:
        print("options: too few were delivered under DANE for the comparison to say anything of that")
    return 1 if counts["unexplained"] or few else 0


if __name__ == "__main__":
    sys.exit(main())
