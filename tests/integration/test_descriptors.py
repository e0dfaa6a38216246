# SPDX-License-Identifier: GPL-2.0-or-later
"""A transport filter is somebody else's program: it gets its input, its output and its error stream, and
neither the connection, nor the resolver's sockets, nor a file."""
import os
import re

import pytest

SCRIPT = """#!/bin/sh
find /proc/$$/fd -type l -printf 'X-Open: %f %l\\n'
exec cat
"""


@pytest.mark.parametrize("more", ({}, {"dane_dnssec": "resolver"}), ids=("validate", "resolver"))
def test_a_filter_gets_three_descriptors(world, sender, more):
    script = world.directory / "filter"
    script.write_text(SCRIPT, encoding="ascii")
    script.chmod(0o755)
    mail = sender(options={"dane_trust_anchor_file": world.trust_anchor, "transport_filter": script,
                           **more})
    message_id = mail.send("bob@ee.lab")
    (received,) = world.receivers.mail(message_id)
    opened = dict(re.findall(r"^X-Open: (\d+) (.*?)\r?$", received.raw.decode(), re.MULTILINE))
    opened = {fd: what for fd, what in opened.items() if what != os.fspath(script)}  # the shell's own
    assert sorted(opened) == ["0", "1", "2"], opened
