# SPDX-License-Identifier: GPL-2.0-or-later
"""Deliveries that something watches: the sanitizers that the module under test was built with, or valgrind.
scripts/sanitize says which, and where the reports come to lie:

DANESMTP_REPORTS   a directory: the sanitizers' KIND.PID, valgrind's PID.xml
DANESMTP_VALGRIND  1: the senders deliver under valgrind

With valgrind one is the module's if no function of Exim's was called by the innermost of the module's
functions; what the module calls in Exim is Exim's. Exim, its hints database and OpenSSL have some of their own.

    watched.py DIRECTORY    prints the reports there that nobody has read; status 1 if there are any
"""
import os
import shutil
import sys
import xml.etree.ElementTree as tree
from pathlib import Path

OURS = ("core.so", "unbound.so", "danesmtp_transport.so")
EXIM = "plain-exim"  # valgrind starts no setuid program
# "Possibly lost" is what a thread has of glibc when its process ends.
VALGRIND = ("valgrind", "--trace-children=yes", "--num-callers=40", "--xml=yes", "--leak-check=full",
            "--show-leak-kinds=definite")

REPORTS = os.environ.get("DANESMTP_REPORTS")
BY_VALGRIND = bool(REPORTS) and os.environ.get("DANESMTP_VALGRIND") == "1"
BY_SANITIZERS = bool(REPORTS) and not BY_VALGRIND
DELIVERS = {"-M", "-Mc", "-q", "-qf", "-qff", "-odi"}


def exim(binary, arguments):
    """The command that runs this Exim so, if valgrind is to watch. What starts it by its name again runs alone."""
    if not BY_VALGRIND or not DELIVERS.intersection(arguments):
        return [binary, *arguments]
    return [*under_valgrind(binary, Path(os.environ["DANESMTP_WORLD"]), REPORTS),
            f"--trace-children-skip={binary}", Path(os.environ["DANESMTP_WORLD"]) / EXIM, *arguments]


def under_valgrind(binary, directory, reports):
    """The command up to the program, which is `directory`/EXIM."""
    plain = Path(directory) / EXIM
    if not plain.exists():
        shutil.copyfile(binary, plain)
        plain.chmod(0o755)
    return [*VALGRIND, f"--xml-file={reports}/%p.xml"]


# -- what valgrind found

def is_of_the_module(stack):
    """`stack`: the objects of its frames, the innermost first."""
    for path in stack:
        name = os.path.basename(path)
        if name in OURS:
            return True
        if name == EXIM:
            return False
    return False


def errors(report):
    """[(what, objects of the stack, functions)]. A report of a process that was killed has no end."""
    text = report.read_text(encoding="utf-8", errors="replace")
    found = []
    for error in text.split("<error>")[1:]:
        element = tree.fromstring("<error>" + error.split("</error>")[0] + "</error>")
        what = element.findtext("what") or element.findtext("xwhat/text") or element.findtext("kind")
        frames = element.findall("stack")[0].findall("frame")
        found.append((what, [frame.findtext("obj", "") for frame in frames],
                      [frame.findtext("fn", "?") for frame in frames]))
    return found


# -- all of them

def process_of(report):
    return report.stem if report.suffix == ".xml" else report.suffix[1:]


def findings(report):
    """The texts of what one report says of the module."""
    if report.suffix == ".xml":
        return [f"{what}: {' < '.join(functions)}" for what, objects, functions in errors(report)
                if is_of_the_module(objects)]
    return [report.read_text(encoding="utf-8", errors="replace")]


def new(directory=None, of_living=False):
    """What the reports say that nobody has read yet, of processes that have ended; each keeps its report, as
    NAME.read, if it says anything of the module."""
    found = []
    directory = directory or REPORTS
    for report in sorted(Path(directory).iterdir()) if directory else ():
        if report.suffix == ".read" or (not of_living and os.path.exists(f"/proc/{process_of(report)}")):
            continue
        said = findings(report)
        found += said
        if said:
            report.rename(f"{report}.read")
        else:
            report.unlink()
    return found


def expect_nothing():
    found = new()
    if found:
        raise AssertionError("\n".join(found))


if __name__ == "__main__":
    left = new(sys.argv[1], of_living=True)
    print("\n".join(left))
    sys.exit(bool(left))
