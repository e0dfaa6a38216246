# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration: four messages, four log lines of Exim, one verdict each. Run through `enter`."""
import re
import sys
import time

from world import World

# name, recipient, what the log line must say, what it shows, whether it stays on the queue
DELIVERIES = (
    ("3 1 1 (DANE-EE)", "bob@ee.lab", r" => bob@ee\.lab .* DS .* CV=dane ",
     "delivered, the server's key is the one in the signed DNS", False),
    ("2 1 1 (DANE-TA)", "bob@ta.lab", r" => bob@ta\.lab .* DS .* CV=dane ",
     "delivered, the server's chain leads to the CA in the signed DNS", False),
    ("no DANE", "bob@plain.lab", r" => bob@plain\.lab (?!.* CV=dane)",
     "delivered by Exim's own smtp driver, as without danesmtp", False),
    ("impostor", "bob@impostor.lab", r" == bob@impostor\.lab .* defer .*no TLSA record matches",
     "refused: right name, wrong key; the message waits on the queue", True),
)


def deliver(world, name, recipient, pattern, meaning, stays):
    sender = world.sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    message_id = sender.send(recipient)
    line = next((line for line in sender.log_lines(message_id)
                 if re.search(r" (=>|==|\*\*) ", line)), "(no log line)")
    received = len(world.receivers.mail(message_id))
    right = bool(re.search(pattern, line)) and (message_id in sender.queue()) == stays \
        and received == (0 if stays else 1)
    print(f"\n{name}:\n  {line}\n  {'OK ' if right else 'WRONG '} {meaning}"
          f"{'' if right else f' -- expected, but {received} received'}", flush=True)
    return right


def main():
    start = time.monotonic()
    print("private signed world ...", end="", flush=True)
    with World() as world:
        print(f" {time.monotonic() - start:.1f} s", flush=True)
        start = time.monotonic()
        right = [deliver(world, *delivery) for delivery in DELIVERIES]
        print(f"\n{sum(right)} of {len(right)} as they must be, "
              f"{time.monotonic() - start:.1f} s for the deliveries")
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
