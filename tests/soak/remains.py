# SPDX-License-Identifier: GPL-2.0-or-later
"""What a soak must not leave behind: crashes in the logs, processes, files; and what it must not have left out."""
import collections
import re
import time

from station import wait_until_quiet
from victims import exim_processes

SIGNALS = re.compile(r"signal (?:4|6|7|8|11)\b|SIGSEGV|SIGABRT|core dumped|panicked")
NO_MEMORY = re.compile(r"signal 11\b|SIGSEGV")  # not what ends C++ that cannot go on
# With log_selector +pid.
LINE = re.compile(r"(?P<time>\S+ [\d:]{8}) \[(?P<pid>\d+)\] (?P<id>\w{6}-\w{11}-\w{4} )?")
LONG, VERY_LONG = 300, 1800  # seconds, from which on there has to have been a kill; trouble of every kind
NOTICED = 10  # seconds until Exim writes of a process that ended
CACHE = {"danesmtp", "danesmtp.lock"}
OURS = {"core.so", "unbound.so", "danesmtp_transport.so"}
CALLED_BY_ALL = ("exim", "libc.so", "libstdc++", "libgcc_s", "ld-linux")


def crashes(log, faults):
    """The log's lines that tell of a crash: with whose code by the backtrace ("" if none follows) those that are
    excused, and all others. Excused is a signal 11 where the soak itself bounded the memory, but not in our own code: of
    the libraries below, libtasn1 does not look whether it was given any. That the message waited is for the account."""
    log = list(dict.fromkeys(log))  # once, where it is in two logs
    bounded, culprits = [fault for fault in faults if fault.kind == "little memory"], crashed_in(log)
    excused, counted = {}, []
    for line in filter(SIGNALS.search, log):
        culprit = culprits.get(line, "")
        if culprit not in OURS and NO_MEMORY.search(line) and any(_is_of(fault, line) for fault in bounded):
            excused[line] = culprit
        else:
            counted.append(line)
    return excused, counted


def crashed_in(log):
    """Of the lines that tell of a crash, the last of each that has a backtrace: the file that this names first, beyond
    those that everybody calls."""
    crashed, culprits = {}, {}
    for line, told in zip(log, map(LINE.match, log)):
        if told and SIGNALS.search(line):
            crashed[told["pid"]] = line
        elif told and told["pid"] in crashed and line[told.end():].startswith("\t"):
            name = line[told.end() + 1:].partition("(")[0].rpartition("/")[2]
            if not name.startswith(CALLED_BY_ALL):
                culprits[crashed.pop(told["pid"])] = name
    return culprits


def _is_of(fault, line):
    """By the process id of who wrote it, and the time: in an hour an id may be given again."""
    told = LINE.match(line)
    return bool(told) and int(told["pid"]) in fault.pids and _falls_in(fault, told)


def _falls_in(fault, told):
    return fault.begin - 1 <= time.mktime(time.strptime(told["time"], "%Y-%m-%d %H:%M:%S")) <= fault.end + NOTICED


def messages_in_trouble(panic_log, fault):
    """The ids of those of which Exim complains in its time."""
    lines = filter(None, map(LINE.match, panic_log))
    return frozenset(told["id"].strip() for told in lines if told["id"] and _falls_in(fault, told))


def orphans(names, faults):
    """Of the names of files in the spool's input directory those that are no pair, nor what Exim itself left when it
    was killed over that message, a line each."""
    files = {name.rpartition("-")[::2] for name in names if not name.startswith("hdr.")}
    ids = {message_id for message_id, _ in files if {(message_id, "D"), (message_id, "H")} <= files}
    excused = frozenset().union(*(fault.message_ids for fault in faults))
    for message_id, kind in sorted(files):
        whole = message_id in ids and kind in "DH"
        if not whole and message_id not in excused:
            yield f"left in the spool: {message_id}-{kind}"
    yield from (f"left in the spool: {name}" for name in sorted(names)
                if name.startswith("hdr.") and name[4:] not in excused)


def left_out(troubles, done, seconds):
    """What never happened in a run of that length, a line each."""
    if seconds >= LONG and not any(name.startswith("kill") for name in done):
        yield "no process was killed"
    if seconds >= VERY_LONG:
        yield from (f"never happened: {name}" for name in troubles if not done.get(name))


def leaks(soak):
    """What is left that should not be, a line each."""
    config = str(soak.sender.config).encode()
    for pid in wait_until_quiet(lambda: exim_processes(config)):
        yield f"process {pid} is left"
    yield from orphans([path.name for path in soak.sender.spool.glob("input/*")], soak.chaos.faults)
    kept = {path.name for path in soak.sender.spool.rglob("danesmtp*")} - CACHE
    if kept:
        yield f"files of the module: {sorted(kept)}"


def panics(sender):
    """What stands in the panic log most often, without ids and numbers."""
    kinds = collections.Counter(re.sub(r"^\S+ \S+ (\[\d+\] )?(\w{6}-\w+-\w+ )?|\d+", "", line)[:100]
                                for line in sender.paniclog().splitlines())
    for text, count in kinds.most_common(12):
        yield f"panic log, {count} times: {text}"
