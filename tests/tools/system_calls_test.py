#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How a trace is read: which process is a delivery, at which stage a call is, what it was about."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "world"))

from system_calls import UnknownCall, uses  # noqa: E402  (needs the path above)

DELIVERY = """\
10 openat(AT_FDCWD</>, "/etc/passwd", O_RDONLY) = 3</etc/passwd>
11 write(2</dev/pts/0>, "set_process_info: 11 delivering 1x (1 addr) using remote_smtp\\n", 60) = 60
11 openat(AT_FDCWD</>, "/m/core.so", O_RDONLY|O_CLOEXEC) = 3</m/core.so>
11 write(2</dev/pts/0>, "192.0.2.1 in hosts_try_dane? no (option unset)\\n", 30) = 30
11 clone3({flags=CLONE_VM|CLONE_THREAD} => {parent_tid=[12]}, 88) = 12
12 connect(4<socket:[1]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.1")}, 16 <unfinished ...>
11 write(2</dev/pts/0>, "Connecting to mx [192.0.2.1]:25 ...\\n", 36 <unfinished ...>
12 <... connect resumed>) = 0
11 sendto(5<socket:[2]>, NULL, 0, 0, {sa_family=AF_INET6, sin6_port=htons(25), inet_pton(AF_INET6, "fd00::1", &x)}) = 0
"""
END = '11 write(2<p>, "set_process_info: 11 delivering 1x (just run remote_smtp for bob in subprocess)\\n", 9) = 9\n'


def told(trace):
    return [(use.stage, use.call, use.object) for use in uses(trace)]


class Stages(unittest.TestCase):
    def test_from_a_call_to_its_stage(self):
        self.assertEqual(told(DELIVERY), [
            ("load", "openat", "/m/core.so"), ("look-ups", "clone3", ""),
            ("look-ups", "connect", "127.0.0.1 port 53"), ("connect", "sendto", "fd00::1 port 25")])

    def test_threads_go_with_their_process(self):
        self.assertEqual(told(DELIVERY + "12 poll([], 0, 1) = 0\n")[-1], ("connect", "poll", ""))

    def test_exim_before_and_after_is_not_ours(self):
        self.assertEqual(told(DELIVERY + END + '11 execve("/usr/bin/exim", [], 0x1) = 0\n'), told(DELIVERY))

    def test_the_relay_once_it_is_confined(self):
        relay = "11 fork() = 13\n13 prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, {len=99}) = 0\n13 poll([], 2, 9) = 1\n"
        self.assertEqual(told(DELIVERY + relay)[-2:], [("connect", "prctl", ""), ("relay", "poll", "")])


class Objects(unittest.TestCase):
    def access(self, call):
        return uses(DELIVERY + f"11 {call} = 0\n")[-1].access

    def test_how_a_file_is_used(self):
        for access, call in enumerate(['newfstatat(AT_FDCWD, "/x", {}, 0)', 'openat(AT_FDCWD, "/x", O_RDONLY)',
                                       'openat(AT_FDCWD, "/x", O_RDWR)', 'openat(AT_FDCWD, "/x", O_RDWR|O_CREAT)']):
            self.assertEqual(self.access(call), access)
        self.assertEqual(self.access('unlink("/x")'), 3)

    def test_what_no_kind_names(self):
        for call in ('execve("/bin/sh", ["sh"], 0x1)', "ptrace(PTRACE_ATTACH, 1)", "bpf(0x5, 0x1, 2)"):
            with self.assertRaises(UnknownCall) as raised:
                uses(DELIVERY + f"11 {call} = 0\n")
            self.assertEqual(str(raised.exception), f"{call.partition('(')[0]}, at stage connect")


if __name__ == "__main__":
    unittest.main()
