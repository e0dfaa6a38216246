# SPDX-License-Identifier: GPL-2.0-or-later
"""A delivery that dies leaves no file with what it knew: passwords, keys of certificates, TLS sessions. Another
process of Exim that dies does, which shows that core files are written here, and that the secret is in them.

Exim runs as its own user from the start, by a file without the setuid bit: of a process that has changed its user
the kernel writes none, unless the administrator asks for them (fs.suid_dumpable).
"""
import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

import watched
from processes import descendants, has_connection
from receivers import AUTH_PASSWORD, AUTH_USER

PATTERN = Path("/proc/sys/kernel/core_pattern").read_text(encoding="ascii").strip()
pytestmark = [pytest.mark.skipif("/" in PATTERN, reason=f"core files go elsewhere: {PATTERN}"),
              pytest.mark.skipif(watched.BY_SANITIZERS, reason="their runtime allows no core files")]
PAUSE = 30  # seconds that the server hesitates; all is over before
AUTHENTICATORS = f"""begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^{AUTH_USER}^{AUTH_PASSWORD}
"""


def allow_core_files():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def wait_until(what, seconds=15):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "the delivery never got there"
        time.sleep(0.02)


@pytest.fixture
def delivery(world, sender):
    """A delivery that has authenticated itself and waits for the answer to MAIL; with its sender."""
    server = world.scripted_server("192.0.2.49", "scripted", {
        "ehlo-tls": {"reply": ["250-scripted.lab", "250 AUTH PLAIN"]}, "mail": {"delay": PAUSE}})
    mail = sender(driver="danesmtp", main="deliver_drop_privilege", sections=AUTHENTICATORS,
                  options={"dane_trust_anchor_file": world.trust_anchor, "hosts_require_auth": "*"})
    message_id = mail.inject("bob@scripted.lab")
    subprocess.run(["chown", "-R", "mail:mail", mail.home], check=True)
    exim = Path(shutil.copy(mail.exim_binary, mail.home / "exim"))
    exim.chmod(0o755)
    running = subprocess.Popen([exim, "-C", mail.config, "-M", message_id], cwd="/",
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user="mail", group="mail",
                               extra_groups=[], preexec_fn=allow_core_files)
    wait_until(lambda: "MAIL FROM" in server.record_text())
    yield running, mail
    running.kill()
    running.wait(timeout=30)


def transport_of(running):
    (pid,) = [pid for pid in descendants(running.pid) if has_connection(pid)]
    return pid


def core_files(mail):
    return [path for path in mail.home.rglob("core*") if path.is_file()]


def test_no_secret_in_a_core_file(delivery):
    running, mail = delivery
    os.kill(transport_of(running), signal.SIGABRT)
    wait_until(lambda: not descendants_of(running))
    assert core_files(mail) == []


def test_another_process_has_it(delivery):
    running, mail = delivery
    transport = transport_of(running)
    os.kill(running.pid, signal.SIGABRT)
    running.wait(timeout=30)
    os.kill(transport, signal.SIGKILL)
    (core,) = core_files(mail)
    assert AUTH_PASSWORD.encode() in core.read_bytes()


def descendants_of(running):
    try:
        return descendants(running.pid)
    except FileNotFoundError:
        return []


def test_no_process_of_the_same_user_reads_its_memory(delivery):
    running, _ = delivery
    look = ["head", "-c", "1"]
    as_mail = {"user": "mail", "group": "mail", "extra_groups": [], "capture_output": True, "check": False}
    other = subprocess.run([*look, f"/proc/{running.pid}/auxv"], **as_mail)
    ours = subprocess.run([*look, f"/proc/{transport_of(running)}/auxv"], **as_mail)
    assert (other.returncode, ours.returncode) == (0, 1)
