# SPDX-License-Identifier: GPL-2.0-or-later
"""One delivery in the world, told from its beginning to its end. Run through `enter`:

    tests/world/enter /usr/bin/python3 tests/world/one.py bob@ee.lab
    tests/world/enter /usr/bin/python3 tests/world/one.py bob@impostor.lab --debug hosts_require_dane='*'

What follows the recipient are options of the transport. Prints Exim's log lines, what is left on the queue
and who has the message now; with --debug what the transport said of each look-up, policy and verdict.
Exits 0 if the message was delivered.
"""
import argparse
import re
import sys

from world import World


def wished():
    parser = argparse.ArgumentParser(prog="one.py")
    parser.add_argument("recipient")
    parser.add_argument("options", nargs="*", metavar="OPTION=VALUE")
    parser.add_argument("--driver", default="danesmtp", help="smtp: Exim's own")
    parser.add_argument("--debug", action="store_true")
    given = parser.parse_intermixed_args()
    if wrong := [option for option in given.options if "=" not in option]:
        parser.error(f"{wrong[0]}: not OPTION=VALUE")
    return given


def transport_lines(debugging):
    """What the transport said, without the rest of Exim's debugging output."""
    return [line for line in debugging.splitlines() if re.match(r"[ \u254e]*(DANE|SMTP[<>(|])", line)]


def main():
    given = wished()
    options = dict(option.split("=", 1) for option in given.options)
    with World() as world:
        if given.driver == "danesmtp":
            options.setdefault("dane_trust_anchor_file", world.trust_anchor)
        sender = world.sender(driver=given.driver, options=options)
        message_id = sender.inject(given.recipient)
        said = sender.deliver(message_id, debug="-d+transport" if given.debug else "")
        if given.debug:
            print(*transport_lines(said), "", sep="\n")
        print(*sender.log_lines(message_id), sep="\n")
        waiting = sender.queue().get(message_id, [])
        print(f"on the queue: {', '.join(waiting) or 'nothing'}")
        holders = [each.received["address"] for each in world.receivers.mail(message_id)]
        print(f"received by: {', '.join(holders) or 'nobody'}")
    return 1 if waiting else 0


if __name__ == "__main__":
    sys.exit(main())
