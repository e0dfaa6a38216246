# SPDX-License-Identifier: GPL-2.0-or-later
"""The namespaces of tests/world/enter: does everything die with them, is the machine as it was before,
can the user mail work in them wherever the checkout is, and does a world start in time?

These worlds are made inside the world of the test session, which stands for the machine.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from processes import SLOWER

TOP = Path(__file__).resolve().parents[2]
ENTER = str(TOP / "tests/world/enter")


@pytest.fixture
def outer_directory():
    """A directory of the machine's own: a world inside this one has another /run than we."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def traces():
    """What could stay behind: processes, namespaces, mounts, interfaces, files."""
    return {
        "processes": sorted(pid for pid in os.listdir("/proc") if pid.isdigit()),
        "netns": sorted(os.listdir("/run/netns")),
        "links": sorted(os.listdir("/sys/class/net")),
        "mounts": Path("/proc/self/mountinfo").read_text(),
        "files": [sorted(os.listdir(path)) for path in ("/run", "/etc", TOP / "tests/world")],
        "resolv.conf": Path("/etc/resolv.conf").read_text(),
    }


def traces_beside(earlier):
    """A process of the world that has come to its end meanwhile, a receiver's as a rule, counts as there."""
    now = traces()
    now["processes"] = sorted({*now["processes"], *earlier["processes"]})
    return now


def settled_traces(expected):
    """Processes that were killed need a moment to be gone."""
    end = time.monotonic() + 5
    while (now := traces_beside(expected)) != expected and time.monotonic() < end:
        time.sleep(0.05)
    return now


@pytest.mark.parametrize("command,status", [
    (["true"], 0),
    (["sh", "-c", "sleep 600 & exec sleep 0"], 0),
    (["sh", "-c", "setsid sleep 600 & mount -t tmpfs x /mnt; ip netns add more; exit 9"], 9),
])
def test_enter_leaves_nothing_behind(world, outer_directory, command, status):
    before = traces()
    environment = {**os.environ, "TMPDIR": str(outer_directory)}
    done = subprocess.run([ENTER, *command], timeout=30, env=environment, check=False)
    assert done.returncode == status
    assert settled_traces(before) == before
    assert os.listdir(outer_directory) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_killing_enter_ends_everything_in_it(world, how):
    before = traces()
    # Under nohup HUP is ignored, and a shell cannot trap what was ignored when it began.
    with subprocess.Popen([ENTER, "sh", "-c", "echo up; sleep 60"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL,
                          preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL)) as running:
        try:
            assert running.stdout.readline() == b"up\n"
            running.send_signal(how)
            running.wait(timeout=20)
        finally:
            running.kill()
    assert settled_traces(before) == before


@pytest.mark.skipif("DANESMTP_MODULE_DIR" in os.environ, reason="modules from elsewhere are not copied")
def test_only_the_copy_inside_is_setuid_and_root_alone_can_change_its_modules(world):
    binary, modules = Path(world.exim.binary), Path(world.exim.module_dir)
    for path in (binary, binary.parent, modules, *modules.rglob("*")):
        facts = path.stat()
        assert facts.st_uid == 0 and not facts.st_mode & 0o022, path
    assert binary.stat().st_mode & 0o4000
    kinds = subprocess.run(["findmnt", "-no", "FSTYPE", "-T", binary.parent, "-T", modules],
                           capture_output=True, text=True, check=True)
    assert set(kinds.stdout.split()) == {"tmpfs"}


def test_enter_says_when_not_root(world):
    readable = world.directory / "enter"  # the checkout may be closed to this user
    readable.write_bytes(Path(ENTER).read_bytes())
    done = subprocess.run(["setpriv", "--reuid=mail", "--regid=mail", "--clear-groups", "bash",
                           readable, "true"],
                          capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "run as root" in done.stderr


@pytest.mark.parametrize("closed", ["checkout", "parent", "both"])
def test_user_mail_reaches_a_checkout_in_a_closed_directory(world, outer_directory, closed):
    checkout = outer_directory / "clone"
    (checkout / "tests/world").mkdir(parents=True)
    shutil.copy(ENTER, checkout / "tests/world/enter")
    (checkout / "a file").write_text("reached\n")
    (checkout / "a link").symlink_to("a file")
    outer_directory.chmod(0o755 if closed == "checkout" else 0o700)
    checkout.chmod(0o755 if closed == "parent" else 0o700)
    as_mail = ["setpriv", "--reuid=mail", "--regid=mail", "--clear-groups", "cat"]
    outside = subprocess.run([*as_mail, checkout / "a file"], capture_output=True, check=False)
    assert outside.returncode != 0
    inside = subprocess.run([checkout / "tests/world/enter", *as_mail, "a file", "a link"],
                            capture_output=True, text=True, cwd=checkout, check=False)
    assert inside.stdout == "reached\nreached\n", inside.stderr


def test_resolv_conf_may_be_a_link(world):
    script = f"""
        mount -t tmpfs -o mode=0755 tmpfs /mnt && cp -a /etc/. /mnt/ && mount --bind /mnt /etc
        umount /etc/resolv.conf 2>/dev/null
        rm -f /etc/resolv.conf && mkdir -p /run/of-a-service && echo kept > /run/of-a-service/stub
        ln -s ../run/of-a-service/stub /etc/resolv.conf
        {ENTER} cat /etc/resolv.conf && cat /etc/resolv.conf
    """
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True,
                          check=False)
    assert done.stdout == "nameserver 127.0.0.1\nkept\n", done.stderr


@pytest.mark.declared("TRANSPORT_MAGIC")  # as old as -bI:modules
def test_a_world_starts_in_time_with_the_modules_asked_for(world, outer_directory):
    (outer_directory / "imaginary_transport.so").touch()
    script = f"""
import sys; sys.path.insert(0, {str(TOP / "tests/world")!r})
from world import World
with World() as world:
    print(world.sender(driver="smtp").exim("-bI:modules").stdout.decode())
"""
    start = time.monotonic()
    done = subprocess.run([ENTER, sys.executable, "-c", script], capture_output=True, text=True,
                          env={**os.environ, "DANESMTP_MODULE_DIR": str(outer_directory)}, check=False)
    assert time.monotonic() - start < 15 * SLOWER
    assert "imaginary" in done.stdout.split(), done.stderr
