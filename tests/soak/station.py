# SPDX-License-Identifier: GPL-2.0-or-later
"""The sending side of a soak: one spool, on a file system of its own that can be filled; a daemon that takes mail
and runs the queue, and further queue runs beside it; a module directory that can be changed.
"""
import contextlib
import os
import signal
import socket
import subprocess
import time

from memory import SAMPLE_EVERY, Memory
from processes import Process
from thread import Thread, stop_all
from victims import exim_processes

PORT = 2500
SPOOL_SIZE = "300m"
RUNS = 3
LONGEST_RUN = 300  # seconds of one queue run

MAIN = f"""local_interfaces = 127.0.0.1
daemon_smtp_ports = {PORT}
acl_smtp_rcpt = accept
acl_smtp_data = accept
message_size_limit = 30M
remote_max_parallel = 4
queue_run_max = 3
smtp_accept_max = 50
smtp_accept_max_per_host = 50
rfc1413_query_timeout = 0s
check_spool_space = 0
check_log_space = 0
timeout_frozen_after = 0s
auto_thaw = 20s
pid_file_path = /dev/null
"""


class Station:
    """`modules` is the directory that Exim loads from."""

    def __init__(self, sender, modules):
        self.sender = sender
        self.modules = modules
        self.memory = Memory()
        self._daemon = None
        self.threads = [Thread(run) for run in (*[self._runs] * RUNS, self._watch)]
        own_file_system(sender.spool)

    @property
    def daemon_pid(self):
        return self._daemon.pid if self._daemon else 0

    def start(self):
        self.start_daemon()
        for thread in self.threads:
            thread.start()

    def start_daemon(self):
        self._daemon = Process("sender (Exim)", [*self._exim(), "-bdf", "-q2s"], self.sender.home / "daemon.output",
                               [self.sender.home / "log/main"])
        self._daemon.wait_until(listens, seconds=60)

    def kill_daemon(self):
        """It alone: a delivery whose parent ended with it would be made again, and nobody would know why."""
        os.kill(self._daemon.pid, signal.SIGKILL)
        self._daemon.stop_alone()

    def stop(self):
        """Ends the daemon and waits for the queue runs; deliveries that are under way go on."""
        stop_all(self.threads, LONGEST_RUN)
        self._daemon.stop_alone()

    def run_queue(self, prefix=(), forced=False):
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run([*prefix, *self._exim(), "-qff" if forced else "-q"], cwd="/", check=False,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LONGEST_RUN)

    @contextlib.contextmanager
    def own_queue_run(self, prefix):
        """One that leads a session, by which all that it starts is known."""
        run = subprocess.Popen([*prefix, *self._exim(), "-q"], cwd="/", stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            yield run
        finally:
            run.kill()
            run.wait()

    def _exim(self):
        return [self.sender.exim_binary, "-C", str(self.sender.config)]

    def _runs(self, stop):
        while not stop.wait(0.2):
            self.run_queue()

    def _watch(self, stop):
        while not stop.wait(SAMPLE_EVERY):
            for pid in exim_processes(str(self.sender.config).encode()):
                self.memory.look_at(pid, self.daemon_pid)


def listens():
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", PORT)) == 0


def own_file_system(spool):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SPOOL_SIZE},uid=mail,gid=mail,mode=0750", "soak", spool],
                   check=True)


def wait_until_quiet(processes, seconds=120):
    """The processes that are left after that time."""
    end = time.monotonic() + seconds
    while processes() and time.monotonic() < end:
        time.sleep(0.5)
    return processes()
