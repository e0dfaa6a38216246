# SPDX-License-Identifier: GPL-2.0-or-later
"""What Exim brings by look-ups that nobody validated must not turn DANE off, nor lead mail elsewhere. The
system's resolver lies here, and says nothing of DNSSEC; the module asks the world's name servers itself.

    dane, yes, no   delivered, as CV= has it
    wait X          not delivered: on the queue, nothing received; X is part of the reason in the log
"""
import subprocess
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import pytest
from sender import MX_ROUTER, smarthost_router

NOT_NAMED = "wait is not a mail server of"
NO_ADDRESS = "wait has no address in the validated DNS"
NOT_ITS_ADDRESS = "wait the address is not one of this host's"
NO_MATCH = "wait no TLSA record matches"
REQUIRED = "wait DANE is required"
HELD = "impostor.lab: TLSA records that its server does not satisfy"
PLAIN = "signed-no-tlsa.lab: signed, without TLSA records"


@dataclass(frozen=True)
class Way:
    name: str
    expected: str
    truth: str                 # what the validated DNS says
    domain: str = "impostor.lab"
    lies: tuple = ()
    options: dict = field(default_factory=dict)
    main: str = ""
    routers: str = MX_ROUTER
    hosts_file: str = ""       # lines for this machine's

    def configuration(self):
        words = [f"{name} = {value}" for name, value in self.options.items()]
        if self.routers is not MX_ROUTER:
            words.insert(0, self.routers.split("\n")[0].rstrip(":"))
        return f"{self.name}: " + (", ".join(words + self.main.split("\n")[:1]).rstrip(", ") or "default")


OWN_HOSTS = """accept:
  driver = accept
  domains = ! sender.lab
  transport = remote_smtp
"""


ROUTES = smarthost_router("x").replace('* "x"', "other.lab plain.lab/mx ; anywhere.lab ee.lab/mx")
ROUTE_DATA = smarthost_router("x").replace('route_list = * "x"', "route_data = ${if eq{$domain}{anywhere.lab}{ee.lab/mx}}")
SRV = MX_ROUTER.replace("no_more", "check_srv = smtp\n  no_more")


def by_name(host):
    return smarthost_router(host).replace(f'"{host}"', f"{host} byname")


def hosts(names, **options):
    return {"hosts": names, **options}


WAYS = (
    # -- names in the list that are none of hosts; tests D-039, D-041, D-058
    Way("odd MX name", NOT_NAMED, HELD,
        lies=("impostor.lab. MX 10 a/b.impostor.lab.", "a/b.impostor.lab. A 192.0.2.28")),
    Way("MX to an address", NOT_NAMED, HELD, lies=("impostor.lab. MX 10 192.0.2.28.",),
        main="allow_mx_to_ip"),
    Way("honest odd MX name", "dane", "odd-mx.lab MX 10 a/b.odd-mx.lab, with TLSA records", "odd-mx.lab"),
    Way("configured address", "no", "no names", "anywhere.lab", routers=smarthost_router("192.0.2.28")),

    # -- addresses; tests D-041, D-050, D-059
    Way("MX host without address", NO_ADDRESS, "mx.no-address.lab has none", "no-address.lab",
        lies=("mx.no-address.lab. A 192.0.2.28",)),
    Way("domain without MX and address", NO_ADDRESS, "nothing at mx.no-address.lab", "mx.no-address.lab",
        lies=("mx.no-address.lab. A 192.0.2.28",)),
    Way("no such domain", NO_ADDRESS, "NXDOMAIN", "no-such-zone.lab", lies=("no-such-zone.lab. A 192.0.2.28",)),
    Way("another address", NOT_ITS_ADDRESS, PLAIN, "signed-no-tlsa.lab",
        lies=("mx.signed-no-tlsa.lab. A 192.0.2.28",)),
    Way("an address of the other family", NOT_ITS_ADDRESS, PLAIN, "signed-no-tlsa.lab",
        lies=("mx.signed-no-tlsa.lab. AAAA 2001:db8::23", "mx.signed-no-tlsa.lab. A 192.0.2.28")),
    Way("its own address", "no", PLAIN, "signed-no-tlsa.lab"),
    Way("another address of a smarthost", NOT_ITS_ADDRESS, PLAIN, "anywhere.lab",
        lies=("mx.signed-no-tlsa.lab. A 192.0.2.28",), routers=smarthost_router("mx.signed-no-tlsa.lab")),
    Way("a smarthost that is nowhere", NO_ADDRESS, "NXDOMAIN", "anywhere.lab",
        lies=("no-such-zone.lab. A 192.0.2.28",), routers=smarthost_router("no-such-zone.lab")),
    Way("a smarthost of the hosts file", "no", "NXDOMAIN", "anywhere.lab",
        hosts_file="192.0.2.28 relay.no-such-zone.lab relay", routers=by_name("relay.no-such-zone.lab")),
    Way("a smarthost that the hosts file has elsewhere", "no", PLAIN, "anywhere.lab",
        hosts_file="192.0.2.28 mx.signed-no-tlsa.lab", routers=by_name("mx.signed-no-tlsa.lab")),
    Way("a DANE smarthost that the hosts file has elsewhere", "wait no TLSA record matches", "ee.lab has TLSA records",
        "anywhere.lab", hosts_file="192.0.2.28 mx.ee.lab", routers=by_name("mx.ee.lab")),
    Way("an unsigned domain, wherever", "no", "plain.lab is not signed", "plain.lab",
        lies=("mx.plain.lab. A 192.0.2.28",)),

    # -- configured names that a record expands; tests D-041
    Way("name/mx", "yes", "ee.lab MX 10 mx.ee.lab", "anywhere.lab", routers=smarthost_router("ee.lab/mx")),
    Way("name/mx, forged", NOT_NAMED, "ee.lab MX 10 mx.ee.lab", "anywhere.lab",
        lies=("ee.lab. MX 10 mx.plain.lab.",), routers=smarthost_router("ee.lab/mx")),
    Way("name/mx of another route", NOT_NAMED, "ee.lab MX 10 mx.ee.lab", "anywhere.lab",
        lies=("ee.lab. MX 10 mx.plain.lab.",), routers=ROUTES),
    Way("name/mx in route_data", NOT_NAMED, "ee.lab MX 10 mx.ee.lab", "anywhere.lab",
        lies=("ee.lab. MX 10 mx.plain.lab.",), routers=ROUTE_DATA),
    Way("name/mx of a bogus domain", "wait MX look-up of bogus-mx.lab", "bogus-mx.lab is bogus", "anywhere.lab",
        routers=smarthost_router("bogus-mx.lab/mx")),
    Way("name/mx, dane_insecure_mx = may", "yes", "ee.lab MX 10 mx.ee.lab", "anywhere.lab",
        options={"dane_insecure_mx": "may"}, routers=smarthost_router("ee.lab/mx")),
    Way("check_srv, forged", "wait SRV records (check_srv) are not validated", HELD,
        lies=("_smtp._tcp.impostor.lab. SRV 0 0 25 mx.plain.lab.",), routers=SRV),
    Way("check_srv, unsigned", "no", "plain.lab is not signed", "plain.lab",
        lies=("_smtp._tcp.plain.lab. SRV 0 0 25 mx.signed-no-tlsa.lab.",), routers=SRV),

    # -- lists that have to know the address
    Way("required by name", REQUIRED, PLAIN, "anywhere.lab",
        options=hosts("mx.signed-no-tlsa.lab", hosts_require_dane="mx.signed-no-tlsa.lab")),
    Way("required by address", REQUIRED, PLAIN, "anywhere.lab",
        options=hosts("mx.signed-no-tlsa.lab", hosts_require_dane="192.0.2.25")),
    Way("tried by address", NO_MATCH, HELD, "anywhere.lab",
        options=hosts("mx.impostor.lab", hosts_try_dane="192.0.2.28")),
    Way("not tried by address", "no", HELD, "anywhere.lab",
        options=hosts("mx.impostor.lab", hosts_try_dane="! 192.0.2.28 : *")),
    Way("all but another one", NO_MATCH, HELD, "anywhere.lab",
        options=hosts("mx.impostor.lab", hosts_try_dane="! 192.0.2.25 : *")),
    Way("another one", "no", HELD, "anywhere.lab", options=hosts("mx.impostor.lab", hosts_try_dane="192.0.2.25")),
    Way("a forged MX host that is not tried", NOT_NAMED, HELD, lies=("impostor.lab. MX 10 mx.plain.lab.",),
        options={"hosts_try_dane": "mx.impostor.lab"}),
    Way("a forged address that is not tried", NOT_ITS_ADDRESS, HELD, lies=("mx.impostor.lab. A 192.0.2.24",),
        options={"hosts_try_dane": "192.0.2.28"}),
    Way("a host that a forged alias renames", NO_MATCH, HELD,
        lies=("mx.impostor.lab. CNAME x.plain.lab.", "x.plain.lab. A 192.0.2.28"),
        options={"hosts_try_dane": "*.impostor.lab"}),
    Way("a forged name that is exempt", NO_MATCH, HELD,
        lies=("mx.impostor.lab. CNAME x.plain.lab.", "x.plain.lab. A 192.0.2.28"),
        options={"hosts_try_dane": "! *.plain.lab : *"}),
    Way("fallback hosts", REQUIRED, PLAIN, "two-plain.lab",
        options={"fallback_hosts": "mx.signed-no-tlsa.lab", "hosts_require_dane": "192.0.2.25 : 192.0.2.57"}),
    Way("fallback hosts that are not listed", "no", PLAIN, "impostor.lab",
        options={"fallback_hosts": "mx.signed-no-tlsa.lab", "hosts_require_dane": "192.0.2.28"}),
    Way("a list that cannot be expanded", "wait hosts_require_dane", PLAIN, "signed-no-tlsa.lab",
        options={"hosts_require_dane": "${no_such_variable}"}),

    # -- lists that depend on the host and the recipient
    Way("required of the second host", REQUIRED, "two-plain.lab: the first host is down", "two-plain.lab",
        options={"hosts_require_dane": "${if eq{$host}{mx2.two-plain.lab}{*}}"}),
    Way("required by $host_address", REQUIRED, "two-plain.lab: the first host is down", "two-plain.lab",
        options={"hosts_require_dane": "${if eq{$host_address}{192.0.2.57}{*}}"}),
    Way("not of the second host", "no", "two-plain.lab: the first host is down", "two-plain.lab",
        options={"hosts_require_dane": "${if eq{$host}{mx1.two-plain.lab}{*}}"}),
    Way("required by $domain", REQUIRED, PLAIN, "signed-no-tlsa.lab",
        options={"hosts_require_dane": "${if eq{$domain}{signed-no-tlsa.lab}{*}}"}),
    Way("required of `hosts` by $host", REQUIRED, PLAIN, "anywhere.lab",
        options=hosts("mx.two-plain.lab : mx.signed-no-tlsa.lab",
                      hosts_require_dane="${if eq{$host}{mx.signed-no-tlsa.lab}{*}}")),

    # -- the C library's addresses
    Way("gethostbyname, MX", NO_MATCH, HELD, options={"gethostbyname": "true"}),
    Way("gethostbyname, hosts", NO_MATCH, HELD, "anywhere.lab", options=hosts("mx.impostor.lab", gethostbyname="true")),
    Way("gethostbyname, a lie", NOT_ITS_ADDRESS, PLAIN, "anywhere.lab", lies=("mx.signed-no-tlsa.lab. A 192.0.2.28",),
        options=hosts("mx.signed-no-tlsa.lab", gethostbyname="true")),
    Way("gethostbyname, the hosts file", "no", "NXDOMAIN", "anywhere.lab",
        hosts_file="192.0.2.28 relay.no-such-zone.lab",
        options=hosts("relay.no-such-zone.lab", gethostbyname="true")),
)


@contextmanager
def hosts_file(tmp_path, lines):
    """For its length this machine's hosts file has these lines alone."""
    ours = tmp_path / "hosts"
    ours.write_text(f"127.0.0.1 localhost\n{lines}\n", encoding="ascii")
    ours.chmod(0o644)
    subprocess.run(["mount", "--bind", ours, "/etc/hosts"], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "/etc/hosts"], check=True)


def outcome(world, mail, message_id):
    """In the words of the table's last column."""
    line = next((line for line in mail.log_lines(message_id) if " => " in line), "")
    if line:
        return next((cv for cv in ("dane", "yes", "no") if f" CV={cv} " in line), "clear")
    received = "received all the same " if world.receivers.mail(message_id) else ""
    reasons = [line.split(message_id, 1)[1].strip() for line in mail.log_lines(message_id)
               if " <= " not in line and "Completed" not in line]
    return "wait " + received + " / ".join(reasons)


def agrees(expected, seen):
    if not expected.startswith("wait "):
        return seen == expected
    return seen.startswith("wait ") and "received all the same" not in seen and expected[5:] in seen


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_nothing_unproved_turns_dane_off(world, sender, ways_rows, tmp_path, way):
    mail = sender(driver="danesmtp", main=way.main, routers=OWN_HOSTS if "hosts" in way.options else way.routers,
                  options={"dane_resolver": world.unbound_conf(), **way.options})
    here = hosts_file(tmp_path, way.hosts_file) if way.hosts_file else nullcontext()
    with world.lying_resolver(*(way.lies or ("nothing.lab. TXT none",))), here:
        message_id = mail.send(f"bob@{way.domain}")
        if "fallback_hosts" in way.options:
            mail.deliver(message_id)
    seen = outcome(world, mail, message_id)
    ways_rows.append((way.configuration(), "; ".join(way.lies) or "the truth", way.truth, way.expected, seen[:160]))
    assert agrees(mail.in_log(way.expected), seen), mail.mainlog()
    if way.expected.startswith("wait "):
        assert mail.queue() == {message_id: [f"bob@{way.domain}"]}


@dataclass(frozen=True)
class Rename:
    """bob@`domain`: the resolver answers under the name `told`."""
    name: str
    domain: str
    told: str
    truth: str
    expected: str
    options: dict = field(default_factory=dict)
    search: str = ""
    routers: str = MX_ROUTER
    asked: str = ""

    def configuration(self):
        words = [f"{name} = {value}" for name, value in self.options.items()]
        return f"{self.name}: " + (", ".join(words + ([f"search {self.search}"] if self.search else [])) or "default")


NOT_CALLED = "wait the validated DNS does not"
REDIRECT = """aliases:
  driver = redirect
  domains = was.lab
  data = bob@impostor.lab

""" + MX_ROUTER
WIDEN = MX_ROUTER.replace("no_more", "widen_domains = lab\n  no_more")

RENAMES = (
    # tests D-041
    Rename("to a domain without DANE", "impostor.lab", "plain.lab", HELD, NOT_CALLED),
    Rename("to somebody else's DANE", "impostor.lab", "ee.lab", HELD, NOT_CALLED, {"hosts_require_dane": "*"}),
    Rename("into an excepted domain", "impostor.lab", "plain.lab", HELD, NOT_CALLED, {"dane_except_domains": "plain.lab"}),
    Rename("into an audited domain", "impostor.lab", "plain.lab", HELD, NOT_CALLED, {"dane_audit_domains": "plain.lab"}),
    Rename("of an excepted domain", "impostor.lab", "plain.lab", HELD, "no", {"dane_except_domains": "*.lab"}),
    Rename("of a signed domain", "signed-no-tlsa.lab", "ee.lab", PLAIN, NOT_CALLED),
    Rename("of an unsigned one", "plain.lab", "ee.lab", "plain.lab is not signed", "yes"),
    Rename("of an unsigned one, required", "plain.lab", "ee.lab", "plain.lab is not signed", REQUIRED,
           {"hosts_require_dane": "*"}),
    Rename("of one that does not exist", "no-such-zone.lab", "ee.lab", "NXDOMAIN", NOT_CALLED),
    Rename("after an alias", "was.lab", "plain.lab", HELD, NOT_CALLED, routers=REDIRECT, asked="impostor.lab"),
    Rename("by an alias alone", "was.lab", "was.lab", HELD, NO_MATCH, routers=REDIRECT, asked="nothing.lab"),
    Rename("completed", "ee", "ee.lab", "ee. does not exist", "dane", search="lab", asked="ee.lab"),
    Rename("widened", "ee", "ee.lab", "ee. does not exist", "dane", routers=WIDEN, asked="ee.lab"),
    Rename("completed by nobody", "ee", "ee.lab", "ee. does not exist", NOT_CALLED, asked="ee"),
    Rename("another case", "EE.Lab", "ee.lab", "ee.lab has TLSA records", "dane", asked="ee.lab"),
    Rename("of one with aliases", "first.alias-chain.lab", "x.lab", "aliases, signed", "dane", asked="x.lab"),
)


@pytest.mark.parametrize("rename", RENAMES, ids=lambda rename: rename.name)
def test_nobody_renames_the_recipient(world, sender, ways_rows, rename):
    mail = sender(driver="danesmtp", options={"dane_resolver": world.unbound_conf(), **rename.options},
                  routers=rename.routers)
    asked = rename.asked or rename.domain
    with world.renaming_resolver(asked, rename.told, rename.search):
        message_id = mail.send(f"bob@{rename.domain}")
    seen = outcome(world, mail, message_id)
    ways_rows.append((rename.configuration(), f"{asked} is called {rename.told}", rename.truth, rename.expected,
                      seen[:160]))
    assert agrees(mail.in_log(rename.expected), seen), mail.mainlog()


# Of recipients that it routes in later rounds Exim hands over the last one first.
WIDEN_ONE = f"""redirected:
  driver = redirect
  domains = first.lab : second.lab
  data = ${{if eq{{$domain}}{{first.lab}}{{eve@second.lab}}{{eve@ee.lab}}}}

widened:
  driver = dnslookup
  domains = ee
  transport = remote_smtp
  widen_domains = lab

{MX_ROUTER}"""


# tests D-041: each recipient's router says what completes its name, not that of the first
@pytest.mark.parametrize("other", ("eve@ee.lab", "eve@first.lab"))
def test_widened_beside_another_router(world, sender, other):
    mail = sender(driver="danesmtp", options={"dane_resolver": world.unbound_conf()}, routers=WIDEN_ONE)
    with world.renaming_resolver("ee.lab", "ee.lab"):
        message_id = mail.send(["bob@ee", other])
    arrived = [line for line in mail.log_lines(message_id) if "CV=dane" in line]
    assert len(arrived) == 2 and mail.queue() == {}, mail.mainlog()


def test_hosts_is_expanded_once(world, sender, tmp_path):
    """An expansion with another result each time: the judged host is the one that gets the mail."""
    count, script = tmp_path / "count", tmp_path / "hosts"
    script.write_text(f"""#!/bin/sh
echo x >> {count}
[ $(wc -l < {count}) = 1 ] && echo mx.signed-no-tlsa.lab || echo mx.impostor.lab
""", encoding="ascii")
    script.chmod(0o755)
    for path in (*list(tmp_path.parents)[:-1], tmp_path):
        path.chmod(path.stat().st_mode | 0o001)
    tmp_path.chmod(0o777)
    mail = sender(driver="danesmtp", routers=OWN_HOSTS,
                  options={"dane_resolver": world.unbound_conf(), "hosts": f"${{run{{{script}}}}}"})
    mail.send("bob@anywhere.lab")
    assert count.read_text(encoding="ascii") == "x\n", mail.mainlog()
    assert "H=mx.signed-no-tlsa.lab" in mail.mainlog()


def test_hosts_that_cannot_be_expanded_wait(world, sender):
    mail = sender(driver="danesmtp", routers=OWN_HOSTS,
                  options={"dane_resolver": world.unbound_conf(), "hosts": "${no_such_variable}"})
    message_id = mail.send("bob@anywhere.lab")
    assert mail.queue() == {message_id: ["bob@anywhere.lab"]}
    assert "option hosts" in mail.mainlog()
