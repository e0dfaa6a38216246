# SPDX-License-Identifier: GPL-2.0-or-later
"""The judge that openssl_judge.c is."""

import os
import subprocess


def answers(questions):
    """The fields of each line that it says to these texts: id, verdict, matched, depth, reason."""
    result = subprocess.run([os.environ["OPENSSL_JUDGE"]], input="".join(questions), text=True,
                            stdout=subprocess.PIPE, check=True)
    return [line.split("\t") for line in result.stdout.splitlines()]
