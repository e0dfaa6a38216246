# SPDX-License-Identifier: GPL-2.0-or-later
"""testsuite-configs/runtest --check: the cases of the suite are well formed, and each fault of form is one."""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SUITE = Path(__file__).resolve().parents[2] / "testsuite-configs"
CASE = "1010"  # it runs with driver = smtp too, and that makes no difference

# What is done to a copy of CASE, and what must be said of it. A path and its new text; None: it is removed.
FAULTS = {
    "an empty expectation": ("expected/log", "\n", "expected/log is empty"),
    "an output that there is not": ("expected/logs", "x\n", "expected/logs is no output"),
    "nothing expected": ("expected", None, "nothing is expected"),
    "no script": ("script", None, "No such file"),
    "an empty script": ("script", "# nothing\n", "script says nothing"),
    "an unknown munge": ("script", "munge nothing-known\nsend bob@ee.lab\n", "unknown munge nothing-known"),
    "an unknown command": ("script", "sned bob@ee.lab\n", "unknown command sned"),
    "too few words": ("script", "send\n", "so many words do not fit send"),
    "too many words": ("script", "wait 1 2\n", "so many words do not fit wait"),
    "a text of no command": ("script", "  text\nsend bob@ee.lab\n", "text: of no command"),
    "another driver than smtp": ("script", "also lmtp\nsend bob@ee.lab\n", '"also lmtp"'),
    "no comment": ("conf", ".include COMMON/start\n", "does not begin with a comment"),
    "a comment with another number": ("conf", "# 1011: something\n.include COMMON/start\n", "does not begin"),
    "a difference without a second run": ("script", "send bob@ee.lab\n", 'without "also smtp"'),
    "a record before the first zone": ("zones", "@ MX 10 mx\n", "before the first zone"),
}


def check(cases, *arguments):
    done = subprocess.run([SUITE / "runtest", "--check", "--cases", cases, *arguments], capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def spoil(case, path, text):
    if text is not None:
        (case / path).write_text(text, encoding="utf-8")
    elif (case / path).is_dir():
        shutil.rmtree(case / path)
    else:
        (case / path).unlink()


def spoilt(path, text):
    """(exit status, what is said) of a suite whose only case has this fault."""
    with tempfile.TemporaryDirectory() as directory:
        case = Path(directory) / CASE
        shutil.copytree(SUITE / CASE, case)
        if path == "script":
            (case / "expected/smtp").write_text("### log\n-x\n", encoding="utf-8")
        spoil(case, path, text)
        return check(directory)


def main():
    failed = [f"the suite itself: {said}" for status, said in [check(SUITE)] if status]
    failed += [f"no fault: {said}" for status, said in [spoilt("zones", "")] if status]
    failed += [f"no case: {said}" for status, said in [check(SUITE, "0001")] if not status]
    for name, (path, text, complaint) in FAULTS.items():
        status, said = spoilt(path, text)
        if status != 1 or complaint not in said:
            failed.append(f"{name}: status {status}: {said}")
    print("\n".join(failed) or f"{len(FAULTS) + 3} checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
