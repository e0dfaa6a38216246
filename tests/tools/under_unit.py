#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a program with what a unit of systemd takes away from it, without systemd: capabilities, address families,
system calls, pages that are written and executed, new privileges. Not: what needs mounts of its own
(ProtectSystem, PrivateTmp).

    under_unit.py UNIT PROGRAM [ARGUMENT ...]

Exit status 77 if this machine has no seccomp, systemd-analyze or compiler to tell calls by name.
"""
import ctypes
import os
import re
import socket
import struct
import subprocess
import sys

PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, MODE_FILTER = 22, 24, 38, 2
ALLOW, EPERM, EAFNOSUPPORT = 0x7fff0000, 0x00050001, 0x00050000 | 97
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CAPABILITIES = {"CAP_CHOWN": 0, "CAP_DAC_OVERRIDE": 1, "CAP_FOWNER": 3}
LAST_CAPABILITY = 40
LOAD, EQUAL, ANY, GIVE = 0x20, 0x15, 0x45, 0x06  # of the kernel's BPF machine
NUMBER, MACHINE, FIRST_ARGUMENT, THIRD_ARGUMENT = 0, 4, 16, 32
PROT_WRITE, PROT_EXEC = 2, 4
libc = ctypes.CDLL(None, use_errno=True)


class CannotTry(Exception):
    """What this machine lacks."""


def settings(unit):
    """A list of the words of each line, by name, in order."""
    found = {}
    with open(unit, encoding="utf-8") as text:
        for name, value in re.findall(r"^(\w+)=(.*)$", text.read(), re.M):
            found.setdefault(name, []).append(value.split())
    return found


def output_of(*command, given=""):
    try:
        return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotTry(f"{command[0]}: {error}") from error


def numbers():
    """Of the system calls of this machine, by name."""
    defined = output_of("cc", "-E", "-dM", "-x", "c", "-", given="#include <sys/syscall.h>\n")
    return {name: int(number) for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", defined, re.M)}


def members(name):
    """Calls of a set such as @chown, or the call itself."""
    if not name.startswith("@"):
        return {name}
    lines = output_of("systemd-analyze", "syscall-filter", name).splitlines()
    words = [line.strip() for line in lines[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*(members(word) for word in words))


def allowed_calls(lines):
    """As systemd.exec(5) has it for a list that begins with what is allowed."""
    allowed = members("@default")
    for words in lines:
        takes_away = words[0].startswith("~")
        named = set().union(*(members(word.lstrip("~")) for word in words))
        allowed = allowed - named if takes_away else allowed | named
    return allowed


def step(code, value, if_so=0, if_not=0):
    return struct.pack("HBBI", code, if_so, if_not, value)


def filtered(machine, steps):
    """Of this machine's calls; others are refused."""
    return b"".join([step(LOAD, MACHINE), step(EQUAL, machine, 1), step(GIVE, EPERM), step(LOAD, NUMBER), *steps])


def calls_filter(machine, calls):
    steps = [part for number in sorted(calls) for part in (step(EQUAL, number, 0, 1), step(GIVE, ALLOW))]
    return filtered(machine, [*steps, step(GIVE, EPERM)])


def families_filter(machine, socket_call, families):
    tests = [part for family in families for part in (step(EQUAL, family, 0, 1), step(GIVE, ALLOW))]
    return filtered(machine, [step(EQUAL, socket_call, 1), step(GIVE, ALLOW), step(LOAD, FIRST_ARGUMENT), *tests,
                              step(GIVE, EAFNOSUPPORT)])


def pages_filter(machine, calls):
    """No page that is both written and executed; none that becomes executable."""
    both = [step(EQUAL, calls["mmap"], 0, 4), step(LOAD, THIRD_ARGUMENT), step(ANY, PROT_EXEC, 1), step(GIVE, ALLOW),
            step(ANY, PROT_WRITE, 3, 4)]
    later = [step(EQUAL, calls["mprotect"], 0, 3), step(LOAD, THIRD_ARGUMENT), step(ANY, PROT_EXEC, 0, 1)]
    return filtered(machine, [*both, *later, step(GIVE, EPERM), step(GIVE, ALLOW)])


def install(program):
    octets = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(octets))
    if libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.c_char_p(header), 0, 0) != 0:
        raise CannotTry(f"seccomp: {os.strerror(ctypes.get_errno())}")


def drop_capabilities(kept):
    for number in range(LAST_CAPABILITY + 1):
        if number not in kept:
            libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)


def confine(unit):
    wanted, calls, machine = settings(unit), numbers(), MACHINES.get(os.uname().machine)
    if machine is None:
        raise CannotTry("not for this kind of machine")
    names = allowed_calls(wanted["SystemCallFilter"]) | {"execve"}
    families = [getattr(socket, name) for words in wanted["RestrictAddressFamilies"] for name in words]
    filters = [families_filter(machine, calls["socket"], families), pages_filter(machine, calls),
               calls_filter(machine, {calls[name] for name in names if name in calls} | {calls["prctl"]})]
    drop_capabilities({CAPABILITIES[name] for words in wanted["CapabilityBoundingSet"] for name in words})
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for one in filters:
        install(one)


if __name__ == "__main__":
    try:
        confine(sys.argv[1])
    except CannotTry as lacking:
        print(f"under_unit.py: {lacking}", file=sys.stderr)
        sys.exit(77)
    os.execv(sys.argv[2], sys.argv[2:])
