# SPDX-License-Identifier: GPL-2.0-or-later
"""dane_cache: what one delivery leaves for the next, and what becomes of it when the DNS, the configuration
or the file changes. Real Exim, records that really change on the name server, danesmtp cache beside it.
"""
import os
import pwd
import re
import stat
import subprocess
import time

import pytest

from signing import sign_newly, sign_spoilt, sign_without_ds
from tool import TOOL
from zones import zone_named

pytestmark = [pytest.mark.needs_cache("about what is kept"),
              pytest.mark.begins_empty("about what is kept from its first entry on")]

WRONG = ("3 1 1 =impostor-key",)


def cache(*arguments, file):
    return subprocess.run([TOOL, "cache", *arguments, "--file", str(file)], capture_output=True, text=True,
                          check=False, timeout=60)


def of_exim(path):
    """A file that Exim's user owns, as a delivery would have made it."""
    user = pwd.getpwnam("mail")
    os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


@pytest.fixture
def ee(world, sender):
    """A sender that asks the name servers itself."""
    def make(main="", **options):
        return sender(driver="danesmtp", main=main, options={"dane_resolver": world.unbound_conf(), **options})
    return make


def deliver(mail, domain="ee.lab"):
    """CV= of the delivery; None: the message waits."""
    message_id = mail.send(f"bob@{domain}")
    verdict = re.search(r" => .* CV=(\w+)", "\n".join(mail.log_lines(message_id)))
    return verdict[1] if verdict else None


def change(script):
    subprocess.run(["sh", "-c", script], check=True, timeout=60)


def test_answers_hold_for_their_time_and_no_longer_than_asked(world, ee):
    mail = ee()
    file = mail.spool / "db/danesmtp"
    assert deliver(mail) == "dane"
    with world.changed_records(zone_named("ee"), "_25._tcp.mx", WRONG) as script:
        change(script)
        assert deliver(mail) == "dane", "the TTL of the first answer is not over"
        dropped = cache("drop", "mx.ee.lab", file=file)
        assert (dropped.returncode, dropped.stdout) == (0, "3 forgotten\n"), dropped.stderr
        assert deliver(mail) is None, mail.mainlog()
        assert "no TLSA record matches" in mail.mainlog()
    assert cache("drop", "mx.ee.lab", file=file).returncode == 0
    assert deliver(mail) == "dane"


# RFC 4035 5.3.3: what is validated holds no longer than its signatures.
@pytest.mark.parametrize("life,longest", [(3600, 300), (100, 100)])
def test_no_longer_than_the_signatures(world, ee, life, longest):
    mail = ee()
    with world.changed_records(zone_named("ee"), "_25._tcp.mx", ("3 1 1 =ee",), life=life) as script:
        change(script)
        assert deliver(mail) == "dane"
        dumped = cache("dump", file=mail.spool / "db/danesmtp").stdout
    left = [int(seconds) for seconds in re.findall(r"^(\d+) s left: .* of (?:\S+\.)?ee\.lab:", dumped, re.MULTILINE)]
    assert len(left) >= 3, dumped
    assert longest - 20 < max(left) <= longest, dumped


@pytest.mark.parametrize("off", ["", "${if eq{1}{2}{/nowhere}}"], ids=["empty", "expands-to-nothing"])
def test_without_it_each_delivery_asks(world, ee, off):
    mail = ee(dane_cache=off)
    assert deliver(mail) == "dane"
    assert not (mail.spool / "db/danesmtp").exists()
    with world.changed_records(zone_named("ee"), "_25._tcp.mx", WRONG) as script:
        change(script)
        assert deliver(mail) is None, mail.mainlog()


# What is filled in by a configuration that believes less, or more, is of no use to another one.
def test_another_configuration_never_sees_them(world, sender):
    careless = world.unbound_conf()
    careless.write_text(careless.read_text(encoding="ascii") + '  domain-insecure: "impostor.lab"\n',
                        encoding="ascii")
    filler = sender(driver="danesmtp", options={"dane_resolver": careless})
    file = filler.spool / "db/danesmtp"
    assert deliver(filler, "impostor.lab") == "no", filler.mainlog()
    assert "insecure answer" in cache("stat", file=file).stdout
    careful = sender(driver="danesmtp", options={"dane_trust_anchor_file": world.trust_anchor, "dane_cache": file})
    assert deliver(careful, "impostor.lab") is None, careful.mainlog()
    assert "no TLSA record matches" in careful.mainlog()
    assert deliver(filler, "impostor.lab") == "no", filler.mainlog()


@pytest.mark.parametrize("domain,kind", [
    ("bogus-tlsa.lab", "bogus"), ("tlsa-servfail.lab", "failed"), ("impostor.lab", "secure answer"),
    ("plain.lab", "insecure answer"), ("mx-insecure.lab", "insecure answer"),
])
def test_the_second_delivery_decides_as_the_first(world, ee, domain, kind):
    mail = ee()
    first, second = deliver(mail, domain), deliver(mail, domain)
    assert first == second
    assert f"{kind}: " in cache("stat", file=mail.spool / "db/danesmtp").stdout or kind in ("bogus", "failed")


# What the DNS said holds for its TTL, which is 300 seconds in this world; then what it says by now. To forget
# an answer is what the end of its TTL is. In between nobody gets what neither state of the DNS allows.

def seconds_left(mail, name):
    """Of each answer that is kept of a name and those below it."""
    dumped = cache("dump", file=mail.spool / "db/danesmtp").stdout
    left = [int(one) for one in re.findall(rf"^(\d+) s left: .* of (?:\S+\.)?{re.escape(name)}:", dumped, re.MULTILINE)]
    assert left, dumped
    return left


def end_ttl(mail, *names):
    done = cache("drop", *names, file=mail.spool / "db/danesmtp")
    assert done.returncode == 0, done.stderr


def test_a_zone_that_is_signed_under_a_cached_insecure_answer(world, ee):
    mail = ee()
    assert deliver(mail, "plain.lab") == "no"
    assert max(seconds_left(mail, "plain.lab")) <= 300
    newly = sign_newly(world.zones, zone_named("plain"), world.certificates, "_25._tcp.mx", WRONG)
    with world.changed_zones(newly) as script:
        change(script)
        # For the TTL of "insecure", as by any resolver: RFC 7672 2.1.1 promises no more.
        assert deliver(mail, "plain.lab") == "no"
        assert max(seconds_left(mail, "plain.lab")) <= 300, "what was kept is kept no longer for being used"
        # The MX record's ends first: its host's address is still insecure, so there is no DANE for it.
        end_ttl(mail, "plain.lab")
        assert deliver(mail, "plain.lab") == "no"
        end_ttl(mail, "plain.lab", "mx.plain.lab")
        assert deliver(mail, "plain.lab") is None, mail.mainlog()
        assert "no TLSA record matches" in mail.mainlog()


def test_a_zone_that_turns_bogus_under_a_cached_secure_answer(world, ee):
    mail = ee()
    assert deliver(mail) == "dane"
    spoilt = sign_spoilt(world.zones, zone_named("ee"), "_25._tcp.mx", "TLSA")
    with world.changed_zones({"ee.lab": spoilt}) as script:
        change(script)
        assert deliver(mail) == "dane", "the signature that was good covers its TTL"
        assert max(seconds_left(mail, "ee.lab")) <= 300
        end_ttl(mail, "mx.ee.lab")
        assert [deliver(mail), deliver(mail)] == [None, None], mail.mainlog()
    time.sleep(3.1)  # the failure is kept for three seconds
    assert deliver(mail) == "dane"


def test_records_that_are_withdrawn_under_cached_ones(world, ee):
    mail = ee()
    assert deliver(mail) == "dane"
    with world.changed_records(zone_named("ee"), "_25._tcp.mx", ()) as script:
        change(script)
        assert deliver(mail) == "dane", "the server is held to them for their TTL"
        assert max(seconds_left(mail, "mx.ee.lab")) <= 300
        end_ttl(mail, "mx.ee.lab")
        assert deliver(mail) == "no"
        # "There are none" is an answer too: for the zone's 60 seconds (RFC 2308 5).
        assert min(seconds_left(mail, "mx.ee.lab")) <= 60
    assert deliver(mail) == "no"
    end_ttl(mail, "mx.ee.lab")
    assert deliver(mail) == "dane"


@pytest.mark.parametrize("name,at_first,forged", [("ee", "dane", False), ("impostor", None, True)])
def test_a_delegation_that_loses_its_ds_and_gets_it_back(world, ee, name, at_first, forged):
    """An impostor gets nothing before its domain really is without DANE."""
    mail, domain = ee(), f"{name}.lab"
    assert deliver(mail, domain) == at_first
    with world.changed_zones({"lab": sign_without_ds(world.zones, zone_named(name))}) as script:
        change(script)
        assert deliver(mail, domain) == at_first, "for the TTL of what was proved"
        assert max(seconds_left(mail, domain)) <= 300
        end_ttl(mail, domain, f"mx.{domain}")
        assert deliver(mail, domain) == "no"
    assert deliver(mail, domain) == "no", "for the TTL of what is insecure"
    assert max(seconds_left(mail, domain)) <= 300
    end_ttl(mail, domain, f"mx.{domain}")
    assert deliver(mail, domain) == at_first
    assert ("no TLSA record matches" in mail.mainlog()) == forged


def test_owner_mode_and_place(ee):
    mail = ee()
    assert deliver(mail) == "dane"
    status = (mail.spool / "db/danesmtp").stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (pwd.getpwnam("mail").pw_uid, 0o600)
    assert status.st_blocks * 512 < 1 << 20, "it is as large as what was kept"
    group = pwd.getpwnam("mail").pw_gid
    for regid in (65534, group):
        stranger = ["setpriv", "--reuid=65534", f"--regid={regid}", "--clear-groups", "cat", mail.spool / "db/danesmtp"]
        assert subprocess.run(stranger, capture_output=True, check=False).returncode != 0


def foreign(path):
    path.write_text("root:x:0:0:root\n", encoding="ascii")
    path.chmod(0o600)
    of_exim(path)


def of_root(path):
    path.write_text("danesmtp cache 1\n", encoding="ascii")
    path.chmod(0o600)


def readable(path):
    of_root(path)
    of_exim(path)
    path.chmod(0o644)


def link(path):
    other = path.with_name("other")
    of_root(other)
    of_exim(other)
    path.symlink_to(other)


@pytest.mark.parametrize("make,why", [
    (foreign, "not a cache of danesmtp"), (of_root, "Permission denied"), (readable, "others than its owner"),
    (link, "Too many levels"), (lambda path: path.mkdir(), "Is a directory"),
], ids=["foreign", "of-root", "readable", "link", "directory"])
def test_a_file_that_cannot_be_used_costs_time_and_a_line(ee, make, why):
    mail = ee()
    (mail.spool / "db").mkdir(mode=0o750)
    of_exim(mail.spool / "db")
    path = mail.spool / "db/danesmtp"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    assert [deliver(mail) for _ in range(3)] == ["dane"] * 3, mail.mainlog()
    told = [line for line in mail.mainlog().splitlines() if "nothing is kept" in line]
    assert len(told) == 1 and why in told[0], mail.mainlog()
    assert before is None or path.read_bytes() == before


@pytest.mark.parametrize("size", [0, 5, 17, 3000, 500000])
def test_cut_short_at_any_place(ee, size):
    mail = ee()
    assert deliver(mail) == "dane"
    os.truncate(mail.spool / "db/danesmtp", size)
    assert [deliver(mail), deliver(mail)] == ["dane", "dane"]
    assert "nothing is kept" not in mail.mainlog()


def test_a_callout_under_a_limit_on_file_sizes(ee):
    """Exim itself asks, outside a delivery: a process that ends by SIGXFSZ would receive no message."""
    mail = ee(main='acl_smtp_rcpt = "accept verify = recipient/callout=10s,no_cache"')
    script = "EHLO client.lab\r\nMAIL FROM:<alice@sender.lab>\r\nRCPT TO:<bob@ee.lab>\r\nQUIT\r\n"
    done = subprocess.run(["prlimit", f"--fsize={1 << 20}", mail.exim_binary, "-C", mail.config, "-bs"], input=script,
                          capture_output=True, text=True, check=False, timeout=60, cwd="/")
    assert done.returncode == 0 and "\n250 Accepted\n221 " in done.stdout, done


def test_every_octet_may_be_another_one(ee):
    mail = ee()
    assert deliver(mail) == "dane"
    path = mail.spool / "db/danesmtp"
    with path.open("r+b") as file:
        octets = file.read()
        used = [i for i in range(4096, len(octets)) if octets[i]]
        for i in used[::7]:
            file.seek(i)
            file.write(bytes([octets[i] ^ 0x10]))
    assert [deliver(mail), deliver(mail)] == ["dane", "dane"], mail.mainlog()


def test_a_relative_path_is_no_path(sender):
    mail = sender(driver="danesmtp", options={"dane_cache": "db/danesmtp"})
    done = mail.exim("-bV", expected=(1,))
    assert b"option dane_cache: \"db/danesmtp\" is no absolute path" in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["ee", "plain"])
def test_a_recipient_names_no_file(ee, name):
    """What Exim calls tainted: db/callout would be its own. The message waits, as with other files."""
    mail = ee(dane_cache="$spool_directory/db/$domain")
    message_id = mail.send(f"bob@{name}.lab")
    assert not (mail.spool / f"db/{name}.lab").exists(), mail.log_lines(message_id)
    assert message_id in mail.queue() and f"/db/{name}.lab\" is tainted" in mail.mainlog()


def test_what_the_tool_tells(ee):
    mail = ee()
    assert deliver(mail) == "dane"
    file = mail.spool / "db/danesmtp"
    dumped = cache("dump", file=file)
    assert dumped.returncode == 0, dumped.stderr
    assert re.search(r"^\d+ s left: secure answer: MX of ee\.lab: secure: 10 mx\.ee\.lab$", dumped.stdout,
                     re.MULTILINE), dumped.stdout
    assert re.search(r"^\d+ s left: secure answer: TLSA of _25\._tcp\.mx\.ee\.lab: secure: 3 1 1 ",
                     dumped.stdout, re.MULTILINE)
    everything = cache("drop", "--all", file=file)
    assert everything.stdout == f"{len(dumped.stdout.splitlines())} forgotten\n"
    assert cache("stat", file=file).stdout == "nothing is kept\n"


@pytest.mark.parametrize("arguments,why", [
    (("drop",), "give the names"), (("stat", "a.lab"), "takes no name"), (("drop", "192.0.2.1"), "192.0.2.1"),
    (("empty",), "ACTION"),
])
def test_arguments_that_cannot_be_used(ee, arguments, why):
    mail = ee()
    assert deliver(mail) == "dane"
    done = cache(*arguments, file=mail.spool / "db/danesmtp")
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr


def test_no_file(tmp_path):
    done = cache("stat", file=tmp_path / "none")
    assert done.returncode == 2
    assert "No such file" in done.stderr
