# SPDX-License-Identifier: GPL-2.0-or-later
"""DANESMTP_CACHE: what the senders of all tests have in the place of an empty cache, unless a test says so
itself. "off": none. "foreign": one that a configuration has filled which believes nothing to be signed, so
each of its entries would lead to mail without DANE; they live for an hour.
"""
import os
import pwd
import subprocess
import time

import pytest

from tool import TOOL
from zones import ZONES

WAY = os.environ.get("DANESMTP_CACHE", "")
LEFT_OUT = {"": None, "off": "needs_cache", "foreign": "begins_empty"}[WAY]
RENEWED_AFTER = 2400  # seconds


def leave_out(items):
    """Those that are about what this run has not."""
    for item in items:
        marker = LEFT_OUT and item.get_closest_marker(LEFT_OUT)
        if marker:
            item.add_marker(pytest.mark.skip(reason=f"DANESMTP_CACHE={WAY}: {marker.args[0]}"))


class ForeignCache:
    def __init__(self, world):
        self._world = world
        self._made = None
        self._file = world.directory / "foreign-cache"

    def put_into(self, mail):
        """As the file that the sender is about to use."""
        if self._made is None or time.monotonic() - self._made > RENEWED_AFTER:
            self._fill()
        user, path = pwd.getpwnam("mail"), mail.spool / "db"
        path.mkdir(mode=0o750)
        os.chown(path, user.pw_uid, user.pw_gid)
        subprocess.run(["cp", "--sparse=always", "-p", self._file, path / "danesmtp"], check=True)

    def _fill(self):
        """By a message to each domain of the world."""
        conf = self._world.unbound_conf()
        conf.write_text(conf.read_text(encoding="ascii") + '  domain-insecure: "lab"\n  cache-min-ttl: 3600\n',
                        encoding="ascii")
        filler = self._world.sender(driver="danesmtp", main="queue_run_in_order\nremote_max_parallel = 20", options={
            "dane_resolver": conf, "dane_cache": self._file, "connect_timeout": "1s"})
        self._file.parent.chmod(0o755)
        self._file.unlink(missing_ok=True)
        self._file.touch(mode=0o600)
        user = pwd.getpwnam("mail")
        os.chown(self._file, user.pw_uid, user.pw_gid)
        filler.inject([f"bob@{zone.name}.lab" for zone in ZONES])
        filler.exim("-qff", seconds=600)
        self._world.release(filler)
        kept = subprocess.run([TOOL, "cache", "dump", "--file", self._file], capture_output=True, text=True,
                              check=True, timeout=60).stdout
        useful = [line for line in kept.splitlines() if ".lab: " in line and " secure a" in line]
        assert kept.count(": insecure answer: ") > len(ZONES) and not useful, useful or kept
        self._made = time.monotonic()
