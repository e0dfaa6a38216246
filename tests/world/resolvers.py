# SPDX-License-Identifier: GPL-2.0-or-later
"""Other people's resolvers with this world's root and trust anchor: BIND, Knot Resolver and PowerDNS
Recursor, to be put between the module and the name servers (Unbound is in name_servers.py).

Decides each one's configuration. None reads or writes anything outside its own directory; each is
stopped by its caller.
"""
import subprocess
from pathlib import Path

from name_servers import start_unbound
from processes import Process
from zones import NAME_SERVER

HINTS = f". 3600 IN NS ns.lab.\nns.lab. 3600 IN A {NAME_SERVER}\n"


def _home(directory, name, address):
    home = directory / f"{name}-{address}"
    home.mkdir()
    (home / "root.hints").write_text(HINTS, encoding="ascii")
    return home


def _unbound(directory, trust_anchor, address, validates):
    return start_unbound(directory, trust_anchor, address=address, validates=validates)


def _bind(directory, trust_anchor, address, validates):
    home = _home(directory, "bind", address)
    *_, tag, algorithm, digest_type, digest = Path(trust_anchor).read_text(encoding="ascii").split()
    config = home / "named.conf"
    config.write_text(f"""options {{
  directory "{home}";
  pid-file "{home}/pid";
  session-keyfile none;
  lock-file none;
  listen-on port 53 {{ {address}; }};
  listen-on-v6 {{ none; }};
  allow-query {{ any; }};
  recursion yes;
  dnssec-validation {'yes' if validates else 'no'};
}};
controls {{ }};
zone "." {{ type hint; file "{home}/root.hints"; }};
trust-anchors {{ . static-ds {tag} {algorithm} {digest_type} "{digest}"; }};
""", encoding="ascii")
    return Process("BIND", ["named", "-g", "-n", "1", "-c", str(config)], home / "output")


def _knot(directory, trust_anchor, address, validates):
    home = _home(directory, "knot", address)
    config = home / "kresd.conf"
    ds = Path(trust_anchor).read_text(encoding="ascii").strip().replace("\t", " ")
    anchor = f"trust_anchors.add('{ds}')" if validates else ""
    # What these modules ask for at the start fails a question that comes in the same moment.
    config.write_text(f"""net.listen('{address}', 53, {{ kind = 'dns' }})
for _, name in ipairs({{ 'priming', 'ta_update', 'ta_signal_query', 'detect_time_skew' }}) do
  modules.unload(name)
end
cache.open(10 * MB, 'lmdb://{home}')
modules = {{ 'hints > iterate' }}
hints.root({{ ['ns.lab.'] = {{ '{NAME_SERVER}' }} }})
trust_anchors.remove('.')
{anchor}
""", encoding="ascii")
    return Process("Knot Resolver", ["kresd", "-n", "-c", str(config), str(home)], home / "output")


def _powerdns(directory, trust_anchor, address, validates):
    home = _home(directory, "powerdns", address)
    *_, tag, algorithm, digest_type, digest = Path(trust_anchor).read_text(encoding="ascii").split()
    (home / "anchor.lua").write_text(
        f'clearTA()\naddTA(".", "{tag} {algorithm} {digest_type} {digest}")\n', encoding="ascii")
    # dont-query, and no query to a security service: our name servers are in a test network.
    (home / "recursor.conf").write_text(f"""local-address={address}
daemon=no
disable-syslog=yes
setuid=
setgid=
chroot=
socket-dir={home}
allow-from=127.0.0.0/8
dont-query=
security-poll-suffix=
hint-file={home}/root.hints
lua-config-file={home}/anchor.lua
dnssec={'validate' if validates else 'process-no-validate'}
threads=1
""", encoding="ascii")
    return Process("PowerDNS Recursor", ["pdns_recursor", f"--config-dir={home}"], home / "output")


STARTERS = {"unbound": _unbound, "bind": _bind, "knot": _knot, "powerdns": _powerdns}


def start_resolver(kind, directory, trust_anchor, address, validates=True):
    """One of STARTERS, at port 53 of an address of the sender's loopback. Ready when it answers is
    for the caller to ask."""
    # BIND listens only at an address that an interface has by name.
    subprocess.run(["ip", "address", "replace", f"{address}/8", "dev", "lo"], check=True)
    return STARTERS[kind](directory, trust_anchor, address, validates)
