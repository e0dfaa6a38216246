# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenario zones for what the tool says: destinations that are none, hosts of many addresses, and zones
whose signatures nobody can check.
"""
from zone import Signing, Zone, exim, issued, one_mx, scripted

DEAD = [f"2001:db8::96:{number}" for number in range(1, 20)]

ZONES_TOOL = (
    Zone("address-less", "@ TXT nothing", mail=None, dns=("secure none",) * 3),
    Zone("mx-nowhere", "@ MX 10 mx", mail=None, dns=("secure", "secure none", "secure none")),
    Zone("mx-loopback", "@ MX 10 mx\nmx A 127.0.0.1", mail=None, dns=("secure", "secure", "secure none")),
    Zone("mx-loopback-first", """
        @ MX 10 own
        @ MX 20 mx
        own A 127.0.0.1
        own AAAA fe80::1
        mx A 192.0.2.96
        _25._tcp.mx TLSA 3 1 1 =mx-loopback-first
        """, (exim("192.0.2.96", "mx-loopback-first"),), mail=None),
    Zone("many-addresses", "@ MX 10 mx\n_25._tcp.mx TLSA 3 1 1 =many-addresses\n" + "\n".join(
        f"mx AAAA {address}" for address in (*DEAD, "2001:db8::96:20")),
         (scripted("2001:db8::96:20", "many-addresses", {}),),
         mail=None, dns=("secure", "secure none", "secure")),
    # nothing listens
    Zone("two-names", "@ MX 10 mx\n@ MX 10 mx2\nmx A 192.0.2.97\nmx2 A 192.0.2.97",
         mail=None, dns=("secure", "secure", "secure none")),
    # a test starts its server
    Zone("two-keys", one_mx("192.0.2.98", "3 1 1 =two-keys"), mail=None),
    Zone("unknown-algorithm", one_mx("192.0.2.99"), (exim("192.0.2.99", "unknown-algorithm"),),
         signing=Signing.UNKNOWN_ALGORITHM, mail=None, dns=("insecure", "insecure", "insecure none")),
    # -- records that nobody renewed
    Zone("ta-known-root", one_mx("192.0.2.74", "2 1 1 0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3"),
         (exim("192.0.2.74", "ta-known-root"),), mail=None, leaves=(issued("ta-known-root"),)),
    Zone("ta-known-stale", one_mx("192.0.2.75", "2 1 1 8d02536c887482bc34ff54e41d2ba659bf85b341a0a20afadb5813dcfbcf286d"),
         (exim("192.0.2.75", "ta-known-stale"),), mail=None, leaves=(issued("ta-known-stale"),)),
    Zone("tlsa-alias-stale", """
        @ MX 10 mx
        mx A 192.0.2.78
        _25._tcp.mx CNAME _dane
        _dane TLSA 3 1 1 =impostor-key
        """, (exim("192.0.2.78", "tlsa-alias-stale"),), mail=None),
)
