# SPDX-License-Identifier: GPL-2.0-or-later
"""What a delivery process asks of the kernel while the module works, told from a trace by strace(1): which
calls, which files and which peers, at each stage. Stages are told from Exim's debugging output, which is in the
trace too.
"""
import re
import subprocess
from collections import namedtuple

# What has the same purpose; a C library that has another call for it changes nothing.
KINDS = {kind: set(calls.split()) for kind, calls in {
    "memory": "brk mmap mmap2 munmap mremap mprotect madvise",
    "clock": "clock_gettime clock_gettime64 gettimeofday time clock_nanosleep nanosleep alarm setitimer",
    "random octets": "getrandom",
    "signals": "rt_sigaction rt_sigprocmask rt_sigreturn sigreturn sigaltstack restart_syscall",
    "who am I": "getpid gettid getppid getuid geteuid getgid getegid getgroups uname sysinfo prlimit64 "
                "getrlimit ugetrlimit getrusage sched_getaffinity",
    "confinement": "prctl seccomp",
    "descriptors": "read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek _llseek close "
                   "close_range fcntl fcntl64 dup dup2 dup3 ioctl fstat fstat64 sendfile fadvise64",
    "waiting": "poll ppoll ppoll_time64 select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2",
    "pipes": "pipe pipe2 socketpair",
    "memory files": "memfd_create ftruncate fallocate",
    "file contents": "flock fsync fdatasync",
    "names": "open openat openat2 stat stat64 lstat newfstatat fstatat64 statx access faccessat faccessat2 readlink "
             "readlinkat",
    "changed names": "unlink unlinkat rename renameat renameat2 mkdir mkdirat chmod fchmod fchmodat chown fchown "
                     "link linkat symlink",
    "sockets": "socket bind connect sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg shutdown getsockopt "
               "setsockopt getsockname getpeername",
    "threads": "clone clone3 tgkill futex futex_time64 set_robust_list rseq exit sched_yield membarrier set_tid_address",
    "processes": "fork vfork wait4 waitid exit_group",
}.items()}
STAGES = LOAD, LOOK_UPS, CONNECT, TLS, TRANSACTION, END, RELAY = [
    "load", "look-ups", "connect", "TLS", "transaction", "end", "relay"]
EXIM = "Exim"  # before, after, and where Exim's own driver delivers
# The first that is found in a debugging line begins the stage.
BEGINNINGS = [
    (re.compile(r"set_process_info: .* using \S+$"), LOAD),
    (re.compile(r"just run \S+ for .* in subprocess|transport entered$"), EXIM),
    (re.compile(r"Connecting to "), CONNECT),
    (re.compile(r"SMTP>> STARTTLS"), TLS),
    (re.compile(r"SMTP session: \S+ -> ready|in hosts_try_chunking\?"), TRANSACTION),
    (re.compile(r"^LOG: |journalling |[Ll]eaving \S+ transport"), END),
    (re.compile(r"in hosts_try_dane\?"), LOOK_UPS),
]

# What was asked for: `path` of a file or directory, or the address of a peer; "" of other calls. `access` is how a
# file was: the index of ACCESS.
Use = namedtuple("Use", "stage kind call object access")
ACCESS = ["asked", "read", "written", "made"]


class UnknownCall(Exception):
    """Of no kind above."""


def kind_of(call, stage):
    for kind, calls in KINDS.items():
        if call in calls:
            return kind
    raise UnknownCall(f"{call}, at stage {stage}")


def peer(arguments):
    """Of connect or sendto: how the page names it. None: none is named."""
    if local := re.search(r'sun_path=@?"([^"]*)"', arguments):
        return f"unix {local[1]}"
    port = re.search(r"sin6?_port=htons\((\d+)\)", arguments)
    address = re.search(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"', arguments)
    return f"{address[1] or address[2]} port {port[1]}" if port and address else None


def access_of(call, kind, arguments):
    if kind == "changed names" or "O_CREAT" in arguments:
        return 3
    if re.search("O_WRONLY|O_RDWR", arguments):
        return 2
    return int(call.startswith("open"))


def use_of(stage, call, arguments):
    kind, seen, access = kind_of(call, stage), "", 0
    if kind in ("names", "changed names"):
        path = re.search(r'"([^"]*)"', arguments)
        seen, access = path[1] if path else "", access_of(call, kind, arguments)
        if not seen:
            kind = "descriptors"  # fstat() by another name
    elif call in ("connect", "sendto", "sendmsg"):
        seen = peer(arguments) or ""
    return Use(stage, kind, call, seen, access)


class _Reader:
    """`_stages` has the stage of each process since Exim's transport process began to work."""

    def __init__(self):
        self._stages = {}
        self._threads = set()
        self.uses = []

    def read(self, line):
        if made := re.match(r"(\d+) +(?:<\.\.\. )?(?:clone3?|v?fork)\b.* = (\d+)$", line):
            self._follow(made[1], made[2], "CLONE_THREAD" in line)
        if call := re.match(r"(\d+) +(\w+)\((.*)", line):
            self._note(*call.groups())

    def _follow(self, parent, child, thread):
        if parent in self._stages:
            self._stages[child] = self._stages[parent]
            if thread:
                self._threads.add(child)

    def _note(self, pid, name, arguments):
        if name == "write" and arguments.startswith("2<"):
            self._begin(pid, arguments)
            return
        stage = self._stages.get(pid, EXIM)
        if stage != EXIM:
            self.uses.append(use_of(stage, name, arguments))
        if name == "prctl" and arguments.startswith("PR_SET_SECCOMP"):
            self._stages[pid] = RELAY

    def _begin(self, pid, arguments):
        text = re.sub(r"\\n.*", "", arguments.partition('"')[2])
        stage = next((stage for pattern, stage in BEGINNINGS if pattern.search(text)), None)
        if stage and (stage == LOAD or pid in self._stages):
            for one in {pid, *self._threads}:
                self._stages[one] = stage


def uses(trace):
    """Of the text of a trace by `strace -f -y` of an Exim with -d+transport."""
    reader = _Reader()
    for line in trace.splitlines():
        reader.read(line)
    return reader.uses


def traced(argv, output):
    """Runs a program to its end; Uses."""
    subprocess.run(["strace", "-f", "-y", "-s", "300", "-o", output, *argv], check=True, capture_output=True,
                   cwd="/", env={"PATH": "/usr/bin:/bin"}, timeout=120)
    return uses(output.read_text(encoding="utf-8", errors="replace"))
