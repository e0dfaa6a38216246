# SPDX-License-Identifier: GPL-2.0-or-later
"""What may change while a connection is open for the next message: its TLSA records, the message itself;
and queue runs that a daemon starts. Real Exim, and records that really change on the name server.
"""
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from processes import descendants, wait_for
from zones import zone_named

ADDRESS = "192.0.2.49"
# Runs the test's script between two messages: the first is over, its connection is open.
BETWEEN = ("queue_run_in_order\nevent_action = "
           "${if eq{$event_name}{msg:complete}{${run{/bin/sh $spool_directory/between}{}{}}}}")
RIGHT, WRONG = "3 1 1 =scripted", "3 1 1 =impostor-key"


@pytest.fixture
def server(world):
    running = world.scripted_server(ADDRESS, "scripted", {})
    yield running
    running.stop()


def own_processes(mail):
    return subprocess.run(["pgrep", "-f", str(mail.config)], capture_output=True, text=True,
                          check=False).stdout.split()


def zombies():
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="ascii").rsplit(")", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if "(exim" in fields[0] and fields[1].split()[0] == "Z":
            found.append(fields[0])
    return found


def wait_for_the_end(mail):
    wait_for(lambda: not own_processes(mail), lambda: f"processes are left: {own_processes(mail)}")
    wait_for(lambda: not zombies(), lambda: f"nobody waited for {zombies()}")


def closed_with_quit(server):
    """By connection: the last command was QUIT."""
    last = {event["connection"]: event["line"] for event in server.events("command")}
    return [line == "QUIT" for line in last.values()]


# The next message's process begins when Exim has done with this one: it gets the connection from there.
in_turn = pytest.mark.declared("continue_fd")
script_between = pytest.mark.needs("Event")


# tests D-104
@in_turn
@script_between
@pytest.mark.parametrize("name,records,connections,taken", [
    ("the same", (RIGHT,), 1, 2),
    ("one more that matches too", (RIGHT, WRONG), 2, 2),
    ("none that matches", (WRONG,), 2, 1),
], ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "")
def test_records_that_change_between_two_messages(world, sender, server, name, records, connections,
                                                  taken):
    mail = sender(driver="danesmtp", main=BETWEEN,
                  options={"dane_resolver": world.unbound_conf(), "dane_cache": ""})
    ids = [mail.inject(f"{user}@scripted.lab") for user in ("ann", "bob")]
    with world.changed_records(zone_named("scripted"), "_25._tcp.mx", records) as script:
        (mail.spool / "between").write_text(script, encoding="utf-8")
        mail.exim("-qq")
    assert len(server.messages()) == taken and len(server.events("tls")) == connections, name
    lines = [line for one in ids for line in mail.log_lines(one)]
    assert sum(f"[{ADDRESS}]:25* " in line for line in lines) == 2 - connections
    assert list(mail.queue()) == ids[taken:]
    assert any("no TLSA record matches" in line for line in mail.log_lines(ids[1])) == (taken == 1)
    wait_for_the_end(mail)


@in_turn
@script_between
def test_next_message_has_vanished(world, sender, server):
    mail = sender(driver="danesmtp", main=BETWEEN,
                  options={"dane_trust_anchor_file": world.trust_anchor})
    first, second, third = [mail.inject(f"{user}@scripted.lab") for user in ("ann", "bob", "eve")]
    (mail.spool / "between").write_text(f"rm -f {mail.spool}/input/{second}-*\n", encoding="utf-8")
    mail.exim("-qq")
    assert mail.queue() == {} and len(server.messages()) == 2
    assert all(any(" => " in line for line in mail.log_lines(one)) for one in (first, third))
    assert not any(" => " in line for line in mail.log_lines(second))
    wait_for(lambda: all(closed_with_quit(server)), lambda: f"no QUIT: {server.commands()}")
    assert mail.paniclog() == ""
    wait_for_the_end(mail)


@in_turn
@pytest.mark.parametrize("driver", ["smtp", "danesmtp"])
@pytest.mark.parametrize("peer", ["answers", "is silent", "has gone"])
def test_open_connection_for_a_message_that_is_not_there(world, sender, driver, peer):
    """Exim is told by -MC to use a connection that is its descriptor 0."""
    own = {"dane_trust_anchor_file": world.trust_anchor} if driver == "danesmtp" else {}
    mail = sender(driver=driver, options={"command_timeout": "2s", **own})
    message_id = mail.inject("bob@ee.lab")
    mail.exim("-Mrm", message_id)
    ours, theirs = socket.socketpair()
    theirs.settimeout(30)
    said = []

    def serve():
        said.append(theirs.recv(100))
        if peer == "answers":
            theirs.sendall(b"221 bye\r\n")

    listener = threading.Thread(target=serve, daemon=True)
    theirs.close() if peer == "has gone" else listener.start()
    with ours:
        done = subprocess.run(
            [mail.exim_binary, "-C", str(mail.config), "-MCt", "192.0.2.1", "4711", "TLS1.3:X:256", "-MCs",
             "danesmtp+x", "-MC", "remote_smtp", "mx.ee.lab", "192.0.2.10", "25", "2", message_id],
            stdin=ours, capture_output=True, timeout=60, check=False, cwd="/")
    if peer != "has gone":
        listener.join()
        theirs.close()
    assert said == ([] if peer == "has gone" else [b"QUIT\r\n"])
    assert done.returncode in (0, 1) and mail.paniclog() == ""
    wait_for_the_end(mail)


def test_queue_runs_of_a_daemon(world, sender, server):
    mail = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor},
                  main="local_interfaces = 127.0.0.1\ndaemon_smtp_ports = 2500\ntls_advertise_hosts =")
    ids = [mail.inject(f"bob{n}@scripted.lab") for n in range(4)]
    daemon = subprocess.Popen([mail.exim_binary, "-C", str(mail.config), "-bdf", "-qq1s"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, cwd="/", env={"PATH": "/usr/bin:/bin"})
    try:
        wait_for(lambda: mail.mainlog().count(" Completed") == 4, mail.mainlog, seconds=60)
        later = mail.inject("late@scripted.lab")
        wait_for(lambda: f"{later} Completed" in mail.mainlog(), mail.mainlog, seconds=60)
        wait_for(lambda: mail.mainlog().count("End queue run") >= 2, mail.mainlog, seconds=60)
        wait_for(lambda: not descendants(daemon.pid), lambda: str(descendants(daemon.pid)), seconds=60)
        assert daemon.poll() is None
    finally:
        daemon.send_signal(signal.SIGTERM)
        _, said = daemon.communicate(timeout=60)
    assert said == b"" and mail.paniclog() == "" and mail.queue() == {}
    assert len(server.messages()) == 5 and len(server.events("tls")) == 2
    known = (" <= ", " => ", " Completed", "Start queue run", "End queue run", "daemon started")
    assert [line for line in mail.mainlog().splitlines() if not any(word in line for word in known)] == []
    assert all(sum(one in line and " => " in line for line in mail.mainlog().splitlines()) == 1
               for one in ids)
    wait_for_the_end(mail)
