# SPDX-License-Identifier: GPL-2.0-or-later
"""The language of a script: a command a line, with words as in a shell; indented lines below it are its
text. `#` begins a comment. What the commands do is in steps.py."""
import shlex
import textwrap
from dataclasses import dataclass

# What is known of a case before it runs.
SETTINGS = {"needs": (1, None), "also": (1, 1), "munge": (1, None)}
# Command: the fewest and the most words.
COMMANDS = {
    **SETTINGS,
    "server": (2, None), "resuming": (0, 0), "proxy": (1, 1), "trust-ad": (0, 0),
    "lying": (0, 0), "records": (2, 2), "drop": (1, 1), "put": (1, None), "send": (1, None),
    "deliver": (0, 0), "queue": (1, None), "exim": (1, None), "smtp": (0, None), "show": (1, 1),
    "wait": (1, 1),
}


@dataclass(frozen=True)
class Step:
    command: str
    words: tuple[str, ...]
    text: str = ""  # what is indented below, without the indent


def parse(script):
    """The steps of a script; ValueError says what cannot be read."""
    steps = []
    for line, block in _with_blocks(script):
        command, *words = shlex.split(line, comments=True)
        least, most = _limits(command)
        if len(words) < least or (most is not None and len(words) > most):
            raise ValueError(f"script: {line}: so many words do not fit {command}")
        steps.append(Step(command, tuple(words), block))
    return steps


def _limits(command):
    if command not in COMMANDS:
        raise ValueError(f"script: unknown command {command}")
    return COMMANDS[command]


def _with_blocks(script):
    """Pairs of a command's line and the text below it. An empty line belongs to the text if more follows."""
    pairs = []
    for line in script.splitlines():
        if line.startswith("#"):
            continue
        if line.startswith(" ") or not line.strip():
            if pairs:
                pairs[-1][1].append(line)
            elif line.strip():
                raise ValueError(f"script: {line.strip()}: of no command")
        else:
            pairs.append((line, []))
    for line, block in pairs:
        text = textwrap.dedent("\n".join(block)).strip("\n")
        yield line, text + "\n" if text else ""
