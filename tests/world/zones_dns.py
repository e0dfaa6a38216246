# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenario zones about the DNS itself: trouble that is never "no DANE", proofs of absence, aliases
and which name is the TLSA base domain, MX records that are odd (RFC 7672 2.1 and 2.2).
"""
from zone import (DANE, DANE_WARNED, NO_MATCH, NO_NAME, ONLY_TRY, REQUIRED, ROUTER, Mail, Signing, Zone, exim,
                  issued, one_mx, usual, waits)

WRONG = "3 1 1 =impostor-key"

ZONES_DNS = (
    # -- DNS trouble (D-001 to D-007): never "no DANE"
    usual("bogus-mx", "192.0.2.40", "3 1 1 =bogus-mx", damaged="@ MX",
          mail=ROUTER, dns=("failed", "secure", "secure")),
    usual("bogus-a", "192.0.2.41", "3 1 1 =bogus-a", damaged="mx A",
          mail=ROUTER, dns=("secure", "failed", "secure")),
    # tests D-001, D-002, D-007
    usual("bogus-tlsa", "192.0.2.42", "3 1 1 =bogus-tlsa", damaged="_25._tcp.mx TLSA",
          mail=waits("TLSA of _25._tcp.mx.bogus-tlsa.lab"), dns=("secure", "secure", "failed")),
    usual("expired-sig", "192.0.2.43", "3 1 1 =expired-sig", signing=Signing.EXPIRED,
          mail=ROUTER, dns=("failed",) * 3),
    usual("mx-servfail", "192.0.2.44", "3 1 1 =mx-servfail", answers={"MX": "SERVFAIL"},
          mail=ROUTER, dns=("failed", "secure", "secure")),
    usual("tlsa-servfail", "192.0.2.45", "3 1 1 =tlsa-servfail", answers={"TLSA": "SERVFAIL"},
          mail=waits("SERVFAIL"), dns=("secure", "secure", "failed")),
    usual("tlsa-refused", "192.0.2.46", "3 1 1 =tlsa-refused", answers={"TLSA": "REFUSED"},
          mail=waits("TLSA of _25._tcp.mx.tlsa-refused.lab"), dns=("secure", "secure", "failed")),
    usual("tlsa-timeout", "192.0.2.47", "3 1 1 =tlsa-timeout", answers={"TLSA": "silence"},
          mail=waits("TLSA of _25._tcp.mx.tlsa-timeout.lab"), dns=("secure", "secure", "failed")),
    usual("tlsa-slow", "192.0.2.48", "3 1 1 =tlsa-slow", answers={"TLSA": 0.2}, mail=DANE),
    # tests D-002, D-038: of the TLSA records
    usual("bogus-denial", "192.0.2.200", damaged="mx NSEC",
          mail=waits("TLSA of _25._tcp.mx.bogus-denial.lab"), dns=("secure", "secure", "failed")),
    # tests D-059
    Zone("bogus-aaaa", """
        @ MX 10 mx
        mx A 192.0.2.201
        mx AAAA 2001:db8::201
        _25._tcp.mx TLSA 3 1 1 =bogus-aaaa
        """, (exim("192.0.2.201", "bogus-aaaa"),), damaged="mx AAAA", mail=DANE_WARNED),
    Zone("bogus-aaaa-wrong", f"""
        @ MX 10 mx
        mx A 192.0.2.202
        mx AAAA 2001:db8::202
        _25._tcp.mx TLSA {WRONG}
        """, (exim("192.0.2.202", "bogus-aaaa-wrong"),), damaged="mx AAAA", mail=NO_MATCH),
    # RFC 8461 3.1: of the record alone
    Zone("bogus-sts", one_mx("192.0.2.160") + "\n_mta-sts TXT \"v=STSv1; id=1;\"", damaged="_mta-sts TXT",
         mail=None, dns=("secure", "secure", "secure none")),
    # tests D-006
    Zone("first-bogus-a", """
        @ MX 10 mx.bogus-a.lab.
        @ MX 20 mx
        mx A 192.0.2.203
        _25._tcp.mx TLSA 3 1 1 =first-bogus-a
        """, (exim("192.0.2.203", "first-bogus-a"),), mail=DANE_WARNED),
    # tests D-007
    Zone("first-servfail", """
        @ MX 10 mx.tlsa-servfail.lab.
        @ MX 20 mx
        mx A 192.0.2.204
        _25._tcp.mx TLSA 3 1 1 =first-servfail
        """, (exim("192.0.2.204", "first-servfail"),), mail=DANE_WARNED),
    # tests D-030: each host by itself
    Zone("first-impostor", """
        @ MX 10 mx.impostor.lab.
        @ MX 20 mx
        mx A 192.0.2.205
        """, (exim("192.0.2.205", "first-impostor"),), mail=ONLY_TRY, dns=("secure", "secure", "secure none")),
    Zone("all-impostors", f"""
        @ MX 10 mx.impostor.lab.
        @ MX 20 mx
        mx A 192.0.2.206
        _25._tcp.mx TLSA {WRONG}
        """, (exim("192.0.2.206", "all-impostors"),), mail=NO_MATCH),

    # -- Absence, and records that do not count. signed-no-tlsa has a proof of NXDOMAIN.
    # tests D-003
    Zone("tlsa-nodata", f"{one_mx('192.0.2.207')}\n_25._tcp.mx TXT nothing",
         (exim("192.0.2.207", "tlsa-nodata"),), mail=ONLY_TRY, dns=("secure", "secure", "secure none")),
    # tests D-022, D-064
    usual("insecure-tlsa", "192.0.2.208", WRONG, signing=Signing.UNSIGNED,
          mail=ONLY_TRY, dns=("insecure",) * 3),

    # -- TLSA records found by way of an alias or a wildcard (D-062, D-063)
    # tests D-062, D-063: the name to look for stays that of the host
    Zone("tlsa-cname", """
        @ MX 10 mx
        mx A 192.0.2.209
        _25._tcp.mx CNAME _dane
        _dane TLSA 2 1 1 =intermediate
        """, (exim("192.0.2.209", "tlsa-cname"),), mail=DANE, leaves=(issued("tlsa-cname"),)),
    Zone("tlsa-cname-wrong", f"""
        @ MX 10 mx
        mx A 192.0.2.210
        _25._tcp.mx CNAME _dane
        _dane TLSA {WRONG}
        """, (exim("192.0.2.210", "tlsa-cname-wrong"),), mail=NO_MATCH),
    # tests D-009
    Zone("tlsa-cname-insecure", one_mx("192.0.2.211") +
         "\n_25._tcp.mx CNAME _25._tcp.mx.insecure-tlsa.lab.",
         (exim("192.0.2.211", "tlsa-cname-insecure"),), mail=ONLY_TRY, dns=("secure", "secure", "insecure")),
    # tests D-008
    Zone("tlsa-cname-bogus", one_mx("192.0.2.212") + "\n_25._tcp.mx CNAME _25._tcp.mx.bogus-tlsa.lab.",
         (exim("192.0.2.212", "tlsa-cname-bogus"),),
         mail=waits("TLSA of _25._tcp.mx.tlsa-cname-bogus.lab"), dns=("secure", "secure", "failed")),
    # D-008
    Zone("tlsa-cname-loop", one_mx("192.0.2.213") + "\n_25._tcp.mx CNAME loop\nloop CNAME _25._tcp.mx",
         (exim("192.0.2.213", "tlsa-cname-loop"),),
         mail=waits("TLSA of _25._tcp.mx.tlsa-cname-loop.lab"), dns=("secure", "secure", "failed")),
    Zone("tlsa-dname", """
        @ MX 10 mx
        mx A 192.0.2.214
        _tcp.mx DNAME shared
        _25.shared TLSA 3 1 1 =tlsa-dname
        """, (exim("192.0.2.214", "tlsa-dname"),), mail=DANE),
    Zone("tlsa-wildcard", """
        @ MX 10 mx
        mx A 192.0.2.215
        *._tcp.mx TLSA 3 1 1 =tlsa-wildcard
        """, (exim("192.0.2.215", "tlsa-wildcard"),), mail=DANE),
    Zone("tlsa-wildcard-wrong", f"""
        @ MX 10 mx
        mx A 192.0.2.216
        *._tcp.mx TLSA {WRONG}
        """, (exim("192.0.2.216", "tlsa-wildcard-wrong"),), mail=NO_MATCH),

    # -- Hosts that are aliases (D-053 to D-055)
    # tests D-053
    Zone("cname-both", f"""
        @ MX 10 mx
        mx CNAME host
        host A 192.0.2.217
        _25._tcp.host TLSA 3 1 1 =cname-both
        _25._tcp.mx TLSA {WRONG}
        """, (exim("192.0.2.217", "cname-both"),), mail=DANE),
    Zone("cname-both-wrong", f"""
        @ MX 10 mx
        mx CNAME host
        host A 192.0.2.218
        _25._tcp.host TLSA {WRONG}
        _25._tcp.mx TLSA 3 1 1 =cname-both-wrong
        """, (exim("192.0.2.218", "cname-both-wrong"),), mail=NO_MATCH),
    Zone("cname-servfail", """
        @ MX 10 mx
        mx CNAME mx.tlsa-servfail.lab.
        _25._tcp.mx TLSA 3 1 1 =tlsa-servfail
        """, mail=waits("SERVFAIL")),
    # tests D-055
    Zone("cname-between", f"""
        @ MX 10 mx
        mx CNAME between
        between CNAME host
        host A 192.0.2.219
        _25._tcp.between TLSA {WRONG}
        """, (exim("192.0.2.219", "cname-between"),), mail=ONLY_TRY, dns=("secure", "secure", "secure none")),
    # tests D-054
    Zone("cname-insecure", """
        @ MX 10 mx
        mx CNAME mx.cname-insecure-host.lab.
        _25._tcp.mx TLSA 3 1 1 =cname-insecure
        """, mail=DANE_WARNED, dns=("secure", "insecure", "secure")),
    Zone("cname-insecure-host", "mx A 192.0.2.220", (exim("192.0.2.220", "cname-insecure"),),
         signing=Signing.UNSIGNED, mail=None, dns=("insecure none", "insecure", "insecure none")),
    Zone("cname-insecure-bad", f"""
        @ MX 10 mx
        mx CNAME mx.cname-insecure-host.lab.
        _25._tcp.mx TLSA {WRONG}
        """, mail=NO_MATCH, dns=("secure", "insecure", "secure")),
    Zone("mx-dname", """
        @ MX 10 mx.old
        old DNAME new
        mx.new A 192.0.2.221
        _25._tcp.mx.new TLSA 3 1 1 =mx-dname
        """, (exim("192.0.2.221", "mx-dname"),), mail=DANE, dns=("secure", "secure none", "secure none")),

    # -- Domains that are aliases: mail goes to alias.NAME.lab (D-035, D-083)
    # tests D-035, D-083: certificate of the alias
    Zone("domain-cname", """
        alias CNAME real
        real MX 10 mx
        mx A 192.0.2.222
        _25._tcp.mx TLSA 2 1 1 =intermediate
        """, (exim("192.0.2.222", "domain-cname"),),
         mail=Mail("dane", "dane", to="alias.domain-cname"), dns=("secure none", "secure", "secure"),
         leaves=(issued("domain-cname", "alias.domain-cname.lab"),)),
    # certificate of the alias's target
    Zone("domain-cname-real", """
        alias CNAME real
        real MX 10 mx
        mx A 192.0.2.223
        _25._tcp.mx TLSA 2 1 1 =intermediate
        """, (exim("192.0.2.223", "domain-cname-real"),),
         mail=Mail("dane", "dane", to="alias.domain-cname-real"), dns=("secure none", "secure", "secure"),
         leaves=(issued("domain-cname-real", "real.domain-cname-real.lab"),)),
    Zone("domain-cname-insecure", "alias CNAME real.domain-cname-real.lab.",
         signing=Signing.UNSIGNED,
         mail=Mail(NO_NAME.tried, REQUIRED, to="alias.domain-cname-insecure"), dns=("insecure none",) * 3),
    # mail goes to alias.old.domain-dname.lab
    Zone("domain-dname", """
        old DNAME new
        alias.new MX 10 mx
        mx A 192.0.2.224
        _25._tcp.mx TLSA 3 1 1 =domain-dname
        """, (exim("192.0.2.224", "domain-dname"),),
         mail=Mail("dane", "dane", to="alias.old.domain-dname"), dns=("secure none", "secure", "secure")),

    # -- Unsigned and odd MX records
    # tests D-031
    Zone("mx-insecure-wrong", "@ MX 10 mx.impostor.lab.", signing=Signing.UNSIGNED,
         mail=Mail(NO_MATCH.tried, REQUIRED), dns=("insecure", "insecure none", "insecure none")),
    # D-033
    Zone("mx-insecure-alias", "@ MX 10 mx.cname-mx.lab.", signing=Signing.UNSIGNED,
         mail=Mail("yes", REQUIRED), dns=("insecure", "insecure none", "insecure none")),
    # tests D-083
    Zone("mx-insecure-name", "@ MX 10 mx.mx-secure-name.lab.", signing=Signing.UNSIGNED,
         mail=Mail(NO_NAME.tried, REQUIRED), dns=("insecure", "insecure none", "insecure none"),
         leaves=(issued("mx-insecure-name", "mx-insecure-name.lab"),)),
    # certificate of mx-insecure-name.lab
    Zone("mx-secure-name", """
        mx A 192.0.2.225
        _25._tcp.mx TLSA 2 1 1 =intermediate
        """, (exim("192.0.2.225", "mx-insecure-name"),), mail=None, dns=("secure none", "secure", "secure")),
    # tests D-039
    Zone("mx-literal", "@ MX 10 192.0.2.10.",
         mail=Mail("router", "router", outcome="no-destination"), dns=("secure", "secure none", "secure none")),
    Zone("mx-literal-first", """
        @ MX 10 192.0.2.10.
        @ MX 20 mx
        mx A 192.0.2.226
        _25._tcp.mx TLSA 3 1 1 =mx-literal-first
        """, (exim("192.0.2.226", "mx-literal-first"),), mail=DANE_WARNED),

    # -- A configured host that is an alias (D-056, D-083): the route is to relay.smarthost.lab
    Zone("smarthost", """
        relay CNAME host
        host A 192.0.2.227
        _25._tcp.host TLSA 2 1 1 =intermediate
        """, (exim("192.0.2.227", "smarthost"),),
         mail=None, dns=("secure none",) * 3, leaves=(issued("smarthost", "relay.smarthost.lab"),)),

    # -- names and addresses that only an unvalidated answer has (test_unproved.py)
    Zone("odd-mx", """
        @ MX 10 a/b
        a/b A 192.0.2.55
        _25._tcp.a/b TLSA 3 1 1 =odd-mx
        """, (exim("192.0.2.55", "odd-mx"),), mail=DANE, dns=("secure", "secure none", "secure none")),
    Zone("no-address", "@ MX 10 mx",
         mail=Mail("router", "router", outcome="no-destination"), dns=("secure", "secure none", "secure none")),
    Zone("tlsa-odd-alias", one_mx("192.0.2.59") + """
        _25._tcp.mx CNAME a/b
        a/b TLSA 3 1 1 =tlsa-odd-alias
        """, (exim("192.0.2.59", "tlsa-odd-alias"),), mail=DANE),
    # Exim takes `second` for the name of `first`
    Zone("alias-chain", """
        first CNAME second
        second CNAME third
        third MX 10 mx
        mx A 192.0.2.58
        _25._tcp.mx TLSA 3 1 1 =alias-chain
        """, (exim("192.0.2.58", "alias-chain"),),
         mail=Mail("dane", "dane", to="first.alias-chain"), dns=("secure none", "secure", "secure")),
    # nothing listens at .56
    Zone("two-plain", """
        @ MX 10 mx1
        @ MX 20 mx2
        mx1 A 192.0.2.56
        mx2 A 192.0.2.57
        """, (exim("192.0.2.57", "two-plain"),), mail=ONLY_TRY, dns=("secure", "secure none", "secure none")),
)

# Names that resolvers answer by themselves, as RFC 6761 lets them: here they are signed like others.
SPECIAL_ZONES = (
    Zone("test", f"""
        good MX 10 mx.good
        mx.good A 192.0.2.71
        _25._tcp.mx.good TLSA 3 1 1 =ee
        impostor MX 10 mx.impostor
        mx.impostor A 192.0.2.72
        _25._tcp.mx.impostor TLSA {WRONG}
        bogus MX 10 mx.bogus
        mx.bogus A 192.0.2.73
        _25._tcp.mx.bogus TLSA 3 1 1 =ee
        """, (exim("192.0.2.71", "ee"), exim("192.0.2.72", "impostor"), exim("192.0.2.73", "ee")),
         damaged="_25._tcp.mx.bogus TLSA", parent="", mail=None),
)
