# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory runs out in the core at one allocation after the other: what was delivered stays delivered, the
rest waits for the next queue run, and no message is frozen. By a core of its own (failing_core)."""
import re
import shutil

import pytest

import watched
from exim_build import made_for_tests

RECIPIENTS = ["a@scripted.lab", "b@scripted.lab", "c@scripted.lab"]
SAMPLES = 40
pytestmark = pytest.mark.skipif(watched.BY_SANITIZERS, reason="their runtime has an operator new of its own")


@pytest.fixture
def limit(world, tmp_path):
    """A function that sets how many allocations succeed; None: as many as are wanted."""
    transport = shutil.copy(f"{world.exim.module_dir}/danesmtp_transport.so", tmp_path)
    with world.exim.other_module(transport, made_for_tests("failing_core.so")) as directory:
        def set_limit(allocations):
            path = directory / "danesmtp/allocations"
            path.write_text("-1" if allocations is None else str(allocations), encoding="ascii")
        yield set_limit


def attempt(mail, limit, allocations):
    """One delivery with that limit; the id, and who was delivered then by the log."""
    message_id = mail.inject(RECIPIENTS)
    limit(allocations)
    mail.deliver(message_id)
    return message_id, set(re.findall(r" [=-]> (\S+@\S+) ", "\n".join(mail.log_lines(message_id))))


def copies(server):
    return len(server.messages())


def test_whatever_allocation_fails(world, sender, limit):
    # A transaction for each recipient, so that some are delivered when the next one fails.
    server = world.scripted_server("192.0.2.49", "scripted", {},
                                   capabilities=("SIZE", "PIPELINING", "LIMITS RCPTMAX=1"))
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor})
    try:
        few, enough = 0, 1024
        while len(attempt(mail, limit, enough)[1]) < len(RECIPIENTS):
            few, enough = enough, enough * 2
            assert enough < 10_000_000
        partial = 0
        # All of it, and the dialogue, where recipients differ, more closely.
        steps = {enough * n // SAMPLES for n in range(SAMPLES)}
        while enough - few > 8:
            middle = (few + enough) // 2
            done = attempt(mail, limit, middle)[1]
            few, enough = (few, middle) if len(done) == len(RECIPIENTS) else (middle, enough)
        steps |= {enough - 10 * n for n in range(1, SAMPLES)}
        for allocations in sorted(step for step in steps if step >= 0):
            before = copies(server)
            message_id, delivered = attempt(mail, limit, allocations)
            waiting = set(mail.queue().get(message_id, []))
            assert waiting == set(RECIPIENTS) - delivered, (allocations, mail.mainlog())
            sent = copies(server) - before
            # One may have been taken and not yet journalled, as if the machine had stopped there.
            assert len(delivered) <= sent <= len(delivered) + 1, allocations
            partial += 0 < len(delivered) < len(RECIPIENTS)
        assert partial > 3
        assert "internal error: std::bad_alloc" in mail.mainlog()
        limit(None)
        mail.run_queue(forced=True)
        assert mail.queue() == {} and "rozen" not in mail.mainlog()
        assert " ** " not in mail.mainlog()
    finally:
        server.stop()
