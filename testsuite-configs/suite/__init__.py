# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration suite: what a case is (case), what its script can say (script, steps), what is kept
of a run (record), what is the same in any run (munge), and the run of many (run)."""
