# SPDX-License-Identifier: GPL-2.0-or-later
"""The receiver of the benchmarks (sink.cpp), and what is counted around a delivery: by the receiver, on
the wire to the peers, and by the resolver.
"""
import os
import re
import struct
import subprocess
from pathlib import Path

from network import peers_command
from processes import Process

TOP = Path(__file__).resolve().parents[2]
SINK = Path(os.environ.get("DANESMTP_BENCH_SINK") or TOP / "build/dev/tests/bench/bench_sink")
COUNTED_BY_SINK = ("connections", "handshakes", "resumed", "messages", "octets")


class Sink:
    """`chains` are pairs of an address and a file with its chain and key, or "-"."""

    def __init__(self, directory, chains):
        self._counters = directory / "sink.counters"
        output = directory / "sink.output"
        words = [str(word) for pair in chains for word in pair]
        self._process = Process("bench_sink", peers_command([str(SINK), str(self._counters), *words]), output)
        self._process.wait_until(lambda: "ready" in output.read_text(encoding="utf-8"))

    def stop(self):
        self._process.stop()

    def counted(self):
        return dict(zip(COUNTED_BY_SINK, struct.unpack("5Q", self._counters.read_bytes())))


def packets():
    """In both directions, between the sender and the peers."""
    lines = Path("/proc/net/dev").read_text(encoding="ascii").splitlines()
    words = next(line.split(":")[1].split() for line in lines if line.strip().startswith("world:"))
    return int(words[1]) + int(words[9])


def questions(directory):
    """Those that the system's resolver was asked so far."""
    config = directory / "unbound-127.0.0.1/unbound.conf"
    told = subprocess.run(["unbound-control", "-c", str(config), "stats_noreset"], check=True,
                          capture_output=True, text=True).stdout
    return int(re.search(r"^total\.num\.queries=(\d+)$", told, re.M)[1])


def counted(directory, sink):
    return {**sink.counted(), "packets": packets(), "questions": questions(directory)}
