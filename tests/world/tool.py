# SPDX-License-Identifier: GPL-2.0-or-later
"""The command-line tool: as it is installed, or the one that DANESMTP names."""
import os
from pathlib import Path

TOOL = os.environ.get("DANESMTP") or Path(__file__).resolve().parents[2] / "build/installed/bin/danesmtp"
