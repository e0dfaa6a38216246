# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command costs: its own CPU time and that of every process that came of it, detached ones too.
A control group counts it (version 1 or 2); where none can be made, spent.py does, which adopts what its
command leaves behind, and then there is no figure for memory.
"""
import contextlib
import functools
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from processes import wait_for

TREE = Path("/sys/fs/cgroup")
SPENT = Path(__file__).with_name("spent.py")
CLEAN = {"stdin": subprocess.DEVNULL, "cwd": "/", "env": {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}}


@dataclass(frozen=True)
class Cost:
    cpu: float  # milliseconds
    wall: float
    memory: float | None  # MiB at the most, all processes together, page cache included


class Group:
    """A control group; `version` is how the page calls it, cpu() tells milliseconds, peak() MiB. `enter` is
    a preexec_fn; close() when all its processes have ended."""
    version = ""

    def __init__(self, folders):
        self._folders = folders
        for folder in folders:
            folder.mkdir()

    def close(self):
        for folder in self._folders:
            wait_for(lambda folder=folder: _removed(folder), f"{folder} cannot be removed")

    def enter(self):
        for folder in self._folders:
            (folder / "cgroup.procs").write_text("0")

    def wait_until_empty(self):
        procs = self._folders[0] / "cgroup.procs"
        wait_for(lambda: not procs.read_text(), "processes of a delivery do not end", seconds=60)

    @contextlib.contextmanager
    def measured(self):
        """Gives a function that tells, after the block, what it has cost."""
        self.forget_peak()
        cpu, start = self.cpu(), time.perf_counter()
        ended = []
        yield lambda: Cost(self.cpu() - cpu, ended[0], self.peak())
        ended.append((time.perf_counter() - start) * 1000)

    def run(self, commands):
        """These commands at the same time."""
        with self.measured() as cost:
            running = [subprocess.Popen(argv, preexec_fn=self.enter, stdout=subprocess.DEVNULL, **CLEAN)
                       for argv in commands]
            _expect_success(running)
        self.wait_until_empty()
        return cost()


class Version1(Group):
    version = "a control group, version 1"

    def __init__(self):
        name = _new_name()
        super().__init__([_own_folder(controller) / name for controller in ("cpuacct", "memory")])

    def cpu(self):
        return int((self._folders[0] / "cpuacct.usage").read_text()) / 1e6

    def forget_peak(self):
        (self._folders[1] / "memory.max_usage_in_bytes").write_text("0")

    def peak(self):
        return int((self._folders[1] / "memory.max_usage_in_bytes").read_text()) / 2**20


class Version2(Group):
    version = "a control group, version 2"

    def __init__(self):
        super().__init__([_own_folder("") / _new_name()])

    def cpu(self):
        figures = dict(line.split() for line in (self._folders[0] / "cpu.stat").read_text().splitlines())
        return int(figures["usage_usec"]) / 1e3

    def forget_peak(self):
        """memory.peak can be reset since Linux 6.12 only: it is then the peak of all rounds so far."""
        with contextlib.suppress(OSError):
            (self._folders[0] / "memory.peak").write_text("reset")

    def peak(self):
        with contextlib.suppress(OSError):
            return int((self._folders[0] / "memory.peak").read_text()) / 2**20
        return None


class Adopted:
    """No group: each command under spent.py."""
    version = "what orphans leave to the process that adopts them (PR_SET_CHILD_SUBREAPER)"

    def close(self):
        pass

    def run(self, commands):
        start = time.perf_counter()
        running = [subprocess.Popen([sys.executable, str(SPENT), *argv], stdout=subprocess.PIPE, text=True,
                                    **CLEAN) for argv in commands]
        told = [process.stdout.read().split() for process in running]
        _expect_success(running)
        return Cost(sum(float(cpu) for cpu, _ in told), (time.perf_counter() - start) * 1000, None)


@functools.cache
def kind():
    """The best that this machine has: of all senders the same."""
    for best in (Version1, Version2):
        with contextlib.suppress(OSError, StopIteration):
            best().close()
            return best
    return Adopted


def _new_name():
    """Groups are the whole machine's, process ids a namespace's."""
    return f"danesmtp-bench-{secrets.token_hex(8)}"


def _own_folder(controller):
    """The folder of this process's own group for a controller of version 1, or of version 2 ("")."""
    lines = (line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines())
    path = next(path for _, controllers, path in lines if controller in controllers.split(","))
    folder = TREE / controller / path.lstrip("/")
    if not (folder / ("cpu.stat" if not controller else f"{controller}.stat")).exists():
        raise FileNotFoundError(folder)
    return folder


def _removed(folder):
    with contextlib.suppress(OSError):
        folder.rmdir()
    return not folder.exists()


def _expect_success(running):
    for process in running:
        if process.wait() != 0:
            sys.exit(f"{process.args}: status {process.returncode}")
