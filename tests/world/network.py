# SPDX-License-Identifier: GPL-2.0-or-later
"""The two network namespaces: the sender's, in which this process lives, and `peers`.

Decides how something of ours comes to live among the peers: a process through nsenter, a socket or
a thread through setns(2), which concerns one thread only. Makes addresses, never namespaces: those
are made by `enter`.
"""
import ctypes
import os
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

PEERS = "/run/netns/peers"
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def peers_command(argv):
    """The command that runs `argv` among the peers; the process id stays that of the command."""
    return ["nsenter", f"--net={PEERS}", "--", *argv]


def add_peer_addresses(addresses):
    lines = []
    for address in sorted(set(addresses)):
        # Duplicate address detection would hold IPv6 addresses back for a second or two.
        lines.append(f"address replace {address}/64 dev world nodad" if ":" in address
                     else f"address replace {address}/24 dev world")
    subprocess.run(["ip", "-n", "peers", "-batch", "-"], input="\n".join(lines) + "\n", text=True,
                   check=True)


def enter_peers():
    """Moves the calling thread, and threads it starts later, among the peers for good."""
    with open(PEERS, encoding="ascii") as namespace:
        if _libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {PEERS}")


def start_peer_thread(target):
    def run():
        enter_peers()
        target()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def peer_socket(address, port, kind=socket.SOCK_STREAM):
    """A socket among the peers, bound and (SOCK_STREAM) listening; usable from any thread."""
    def bind():
        enter_peers()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        if kind == socket.SOCK_STREAM:
            sock.listen(64)
        return sock

    with ThreadPoolExecutor(max_workers=1) as one_thread:
        return one_thread.submit(bind).result()


def inside_world():
    return "DANESMTP_WORLD" in os.environ and os.path.exists(PEERS)
