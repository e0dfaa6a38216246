# SPDX-License-Identifier: GPL-2.0-or-later
"""What is kept of a run, as texts that can be compared: {"log": ..., "mail": ...}, without the empty ones."""
import difflib

from suite.case import DIFFERENCE, OUTPUTS
from suite.munge import BEFORE_4_99, BY_CHANCE, DSN_INFO, Munge
from suite.steps import COMMON, Play


def run_case(world, case, drivers):
    """The outputs of the case; those of a second run with driver = smtp as their difference."""
    seen = {driver: run_with(world, case, driver) for driver in drivers}
    outputs = seen["danesmtp"]
    if "smtp" in seen and (difference := differences(outputs, seen["smtp"])):
        return {**outputs, DIFFERENCE: difference}
    return outputs


def run_with(world, case, driver):
    sender = world.sender(driver=driver)
    try:
        play = Play(world, sender, case, driver)
        play.play()
        return outputs_of(play)
    finally:
        world.release(sender)


def outputs_of(play):
    sender, world = play.sender, play.world
    rules = [*(() if world.exim.declares("TRANSPORT_MAGIC") else BEFORE_4_99),
             *(BY_CHANCE if play.driver == "smtp" else ()),
             *(() if "Experimental_DSN_info" in play.case.words("needs") else DSN_INFO)]
    munge = Munge([(sender.home, "DIR"), (sender.config, "CONF"), (world.exim.binary, "EXIM"),
                   (COMMON, "COMMON"), (world.directory, "WORLD")],
                  play.case.words("munge"), rules)
    munge.learn_ids(sender.mainlog())
    outputs = {
        "stdout": munge("".join(play.stdout)), "stderr": munge("".join(play.stderr)),
        "log": munge.log(sender.mainlog()), "reject": munge(sender.rejectlog()),
        "panic": munge(sender.paniclog()), "mail": "\n".join(_mail(world, munge)),
        "server": munge("\n".join(_heard(play))), "bounces": "\n".join(map(munge, sender.bounces())),
    }
    return {name: text.rstrip("\n") + "\n" for name, text in outputs.items() if text.strip()}


def _mail(world, munge):
    """As received, in the order of the messages."""
    for identity in munge.ids:
        arrived = [munge(mail.raw.decode(errors="replace")) for mail in world.receivers.mail(identity)]
        yield from sorted(arrived)


def _heard(play):
    """What servers of the script heard, a connection after the other; what the proxy was asked for."""
    if play.proxy:
        yield from (f"proxy: {line}" for line in play.proxy.asked)
    for server in play.servers:
        events = server.events()
        for number in sorted({event["connection"] for event in events}):
            yield f"### connection {number}"
            yield from (line for event in events if event["connection"] == number for line in _told(event))


def _told(event):
    kind = event["event"]
    if kind in ("command", "auth-answer"):
        return [_text(event["line"])]
    if kind == "tls":
        return [f"(TLS for {event['sni']}{', resumed' if event.get('resumed') else ''})"]
    if kind == "message":
        return [f"| {line}" for line in _text(event["data"]).splitlines()]
    return []


def _text(octets):
    """Of what the record of a scripted server keeps."""
    return octets.encode("latin-1").decode("utf-8", "replace")


def differences(ours, theirs):
    """What is otherwise in `theirs`, an output after the other, without context."""
    parts = []
    for name in OUTPUTS:
        pair = [one.get(name, "").splitlines() for one in (ours, theirs)]
        lines = list(difflib.unified_diff(*pair, n=0, lineterm=""))[2:]
        if changed := [line for line in lines if not line.startswith("@@")]:
            parts.append("\n".join([f"### {name}", *changed]) + "\n")
    return "\n".join(parts)


def compared(expected, seen):
    """A diff, empty if there is none."""
    parts = []
    for name in (*OUTPUTS, DIFFERENCE):
        if expected.get(name) != seen.get(name):
            pair = [one.get(name, "").splitlines() for one in (expected, seen)]
            parts += difflib.unified_diff(*pair, f"expected/{name}", "seen", lineterm="")
    return "\n".join(parts)
