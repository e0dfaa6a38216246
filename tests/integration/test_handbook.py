# SPDX-License-Identifier: GPL-2.0-or-later
"""Each command of doc/handbook/ is run in its page's order, on a machine of its own, and what the page shows
is what it printed. tests/docs/handbook.py reads the blocks, and has the list of those that are not run.
"""
import sys
from pathlib import Path

import pytest
from handbook_machine import Machine

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/docs"))

import handbook  # noqa: E402  (needs the path above)
from handbook_output import agrees, munged  # noqa: E402

# The pages show the log of such an Exim.
pytestmark = [*(pytest.mark.needs(feature) for feature in ("GnuTLS", "DANE", "DNSSEC")),
              pytest.mark.declared("TRANSPORT_MAGIC")]


def blocks_to_run(page):
    return [block for block in handbook.blocks(page) if block.kind == "shell" and not block.reason]


PAGES = {page.name: page for page in handbook.pages(TOP) if blocks_to_run(page)}


@pytest.fixture
def machine(world, tmp_path_factory):
    made = Machine(world, tmp_path_factory.mktemp("machine"))
    made.start()
    yield made
    made.stop()


def run(machine, block):
    """What is wrong with a block."""
    for words in block.before:
        machine.change(words)
    for command in block.commands():
        status, printed = machine.run(command.text)
        place = f"{block.page}:{command.line}: {command.text}"
        if status:
            return f"{place}: exit status {status}\n{printed}"
        lines = printed.rstrip("\n").splitlines()
        if command.shown and not agrees([munged(line) for line in command.shown], [munged(line) for line in lines]):
            return f"{place}: not as the page has it\n{printed}"
    return None


@pytest.mark.parametrize("page", PAGES)
def test_page(machine, page):
    for block in blocks_to_run(PAGES[page]):
        fault = run(machine, block)
        assert not fault, fault
