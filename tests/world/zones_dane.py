# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenario zones about what TLSA records say and what certificates answer to them: records that cannot
be used, several records at once, trust anchors, names and dates (RFC 6698 2.1, RFC 7671, RFC 7672 3).
"""
from certificates import OTHER_CHAIN, Dates
from zone import (DANE, DANE_WARNED, NO_MATCH, NO_NAME, NO_PATH, ONLY_TRY, REQUIRED, Mail, Zone, exim, issued,
                  one_mx, self_signed, usual, waits)

WRONG = "3 1 1 =impostor-key"
JUNK_256 = "5a" * 32  # the digest of nothing

ZONES_DANE = (
    # -- Records that cannot be used (D-021, D-070 to D-074). Where it can be, the data would match.
    # tests D-021, D-065, D-070, D-071, D-072, D-073, D-074
    usual("unusable-usage-0", "192.0.2.100", "0 1 1 =unusable-usage-0", mail=ONLY_TRY),
    usual("unusable-usage-1", "192.0.2.101", "1 1 1 =unusable-usage-1", mail=ONLY_TRY),
    usual("unusable-usage-4", "192.0.2.102", "4 1 1 =unusable-usage-4", mail=ONLY_TRY),
    usual("unusable-usage-255", "192.0.2.103", "255 1 1 =unusable-usage-255", mail=ONLY_TRY),
    usual("unusable-selector", "192.0.2.104", "3 2 1 =unusable-selector", mail=ONLY_TRY),
    usual("unusable-matching", "192.0.2.105", f"3 1 3 {JUNK_256}", mail=ONLY_TRY),
    usual("unusable-length-31", "192.0.2.106", f"3 1 1 {JUNK_256[2:]}", mail=ONLY_TRY),
    usual("unusable-length-33", "192.0.2.107", f"3 1 1 {JUNK_256}00", mail=ONLY_TRY),
    usual("unusable-512-of-32", "192.0.2.108", f"3 1 2 {JUNK_256}", mail=ONLY_TRY),
    usual("unusable-not-a-key", "192.0.2.109", "2 1 0 00112233", mail=ONLY_TRY),
    usual("unusable-one-octet", "192.0.2.110", "3 1 1 00", mail=ONLY_TRY),
    Zone("unusable-no-tls", one_mx("192.0.2.111", "1 1 1 =ee"), (exim("192.0.2.111", None),),
         mail=Mail("wait did not offer TLS support", REQUIRED)),
    # tests D-076
    usual("unusable-and-good", "192.0.2.112", f"3 2 1 {JUNK_256}", "3 1 1 =unusable-and-good",
          mail=DANE_WARNED),
    # D-076
    usual("unusable-and-bad", "192.0.2.113", "3 2 1 =unusable-and-bad", WRONG, mail=NO_MATCH),

    # -- Usages 2 and 3 together (D-077): a match of either is enough, names count for 2 alone
    # tests D-075, D-077
    usual("usages-match-3", "192.0.2.114", "2 1 1 =other-root", "3 1 1 =usages-match-3", mail=DANE),
    usual("usages-match-2", "192.0.2.115", "2 1 1 =intermediate", WRONG,
          mail=DANE, leaves=(issued("usages-match-2"),)),
    # wrong name
    usual("usages-both", "192.0.2.116", "2 1 1 =intermediate", "3 1 1 =usages-both",
          mail=DANE, leaves=(issued("usages-both", "mx.elsewhere.lab"),)),
    # wrong name
    usual("usages-name", "192.0.2.117", "2 1 1 =intermediate", WRONG,
          mail=NO_NAME, leaves=(issued("usages-name", "mx.elsewhere.lab"),)),
    usual("usages-neither", "192.0.2.118", "2 1 1 =other-root", WRONG, mail=waits("DANE: no ")),

    # -- Digest agility (D-078, D-079): of one usage and selector, full data and the best digest
    # tests D-078
    usual("agility-512-wrong", "192.0.2.119", "3 1 2 =impostor-key", "3 1 1 =agility-512-wrong", mail=NO_MATCH),
    usual("agility-256-wrong", "192.0.2.120", WRONG, "3 1 2 =agility-256-wrong", mail=DANE),
    # tests D-079
    usual("agility-full", "192.0.2.121", "3 1 0 =agility-full", "3 1 2 =impostor-key", mail=DANE),
    # tests D-079
    usual("agility-full-wrong", "192.0.2.122", "3 1 0 =impostor-key", "3 1 1 =agility-full-wrong", mail=DANE),
    usual("agility-selectors", "192.0.2.123", "3 0 2 =impostor-key", "3 1 1 =agility-selectors", mail=DANE),
    usual("agility-usages", "192.0.2.124", "2 1 2 =other-root", "3 1 1 =agility-usages", mail=DANE),
    usual("agility-malformed", "192.0.2.125", f"3 1 2 {JUNK_256}", "3 1 1 =agility-malformed",
          mail=DANE_WARNED),

    # -- Trust anchors (D-084 to D-087), and what the server sends of the chain
    usual("ta-certificate", "192.0.2.126", "2 0 1 =intermediate",
          mail=DANE, leaves=(issued("ta-certificate"),)),
    usual("ta-sha512", "192.0.2.127", "2 0 2 =root", mail=DANE_WARNED, leaves=(issued("ta-sha512"),)),
    usual("ta-root", "192.0.2.128", "2 1 1 =root", mail=DANE, leaves=(issued("ta-root"),)),
    # tests D-084
    usual("ta-root-unsent", "192.0.2.129", "2 1 1 =root",
          mail=NO_PATH, leaves=(issued("ta-root-unsent", sends=("intermediate",)),)),
    # tests D-085
    usual("ta-200-unsent", "192.0.2.130", "2 0 0 =root",
          mail=DANE, leaves=(issued("ta-200-unsent", sends=("intermediate",)),)),
    usual("ta-210-unsent", "192.0.2.131", "2 1 0 =root",
          mail=DANE, leaves=(issued("ta-210-unsent", sends=("intermediate",)),)),
    usual("ta-200-impostor", "192.0.2.132", "2 0 0 =root",
          mail=NO_PATH, leaves=(issued("ta-200-impostor", issuer="other-intermediate", sends=OTHER_CHAIN),)),
    usual("ta-210-impostor", "192.0.2.133", "2 1 0 =root",
          mail=waits("signature in the certificate is invalid"),
          leaves=(issued("ta-210-impostor", issuer="other-intermediate", sends=OTHER_CHAIN),)),
    # tests D-086: the root is not sent
    usual("ta-intermediate", "192.0.2.134", "2 1 1 =intermediate",
          mail=DANE, leaves=(issued("ta-intermediate", sends=("intermediate",)),)),
    # only the leaf is sent
    usual("ta-alone", "192.0.2.135", "2 1 1 =intermediate",
          mail=NO_PATH, leaves=(issued("ta-alone", sends=()),)),
    # tests D-082: the intermediate is not sent
    usual("ta-gap", "192.0.2.136", "2 1 1 =root", mail=NO_PATH, leaves=(issued("ta-gap", sends=("root",)),)),
    # the anchor, behind a chain not its own
    usual("ta-appended", "192.0.2.137", "2 1 1 =root",
          mail=NO_PATH,
          leaves=(issued("ta-appended", issuer="other-intermediate", sends=(*OTHER_CHAIN, "root")),)),
    # tests D-087
    usual("ta-is-leaf", "192.0.2.138", "2 1 1 =ta-is-leaf", mail=NO_PATH),

    # -- Names (D-083, D-088 to D-090)
    # tests D-083
    usual("name-wrong", "192.0.2.139", "2 1 1 =intermediate",
          mail=NO_NAME, leaves=(issued("name-wrong", "mx.elsewhere.lab"),)),
    # tests D-081
    usual("name-wrong-ee", "192.0.2.140", "3 1 1 =name-wrong-ee",
          mail=DANE, leaves=(self_signed("name-wrong-ee", "mx.elsewhere.lab"),)),
    # tests D-089
    usual("name-wildcard", "192.0.2.141", "2 1 1 =intermediate",
          mail=DANE, leaves=(issued("name-wildcard", "*.name-wildcard.lab"),)),
    Zone("name-wildcard-deep", """
        @ MX 10 mx.deep
        mx.deep A 192.0.2.142
        _25._tcp.mx.deep TLSA 2 1 1 =intermediate
        """, (exim("192.0.2.142", "name-wildcard-deep"),),
         mail=NO_NAME, dns=("secure", "secure none", "secure none"),
         leaves=(issued("name-wildcard-deep", "*.name-wildcard-deep.lab"),)),
    usual("name-wildcard-part", "192.0.2.143", "2 1 1 =intermediate",
          mail=NO_NAME, leaves=(issued("name-wildcard-part", "m*.name-wildcard-part.lab"),)),
    # tests D-088
    usual("name-cn", "192.0.2.144", "2 1 1 =intermediate",
          mail=DANE, leaves=(issued("name-cn", None, common_name="mx.name-cn.lab"),)),
    usual("name-cn-beside", "192.0.2.145", "2 1 1 =intermediate",
          mail=NO_NAME,
          leaves=(issued("name-cn-beside", "mx.elsewhere.lab", common_name="mx.name-cn-beside.lab"),)),
    # tests D-090
    usual("name-upper", "192.0.2.146", "2 1 1 =intermediate",
          mail=DANE, leaves=(issued("name-upper", "MX.Name-UPPER.LAB"),)),
    usual("xn--bcher-kva", "192.0.2.147", "2 1 1 =intermediate", mail=DANE, leaves=(issued("xn--bcher-kva"),)),

    # -- Dates and authorities (D-081, D-082)
    # tests D-081
    usual("ee-not-yet", "192.0.2.148", "3 1 1 =ee-not-yet",
          mail=DANE, leaves=(self_signed("ee-not-yet", dates=Dates.FUTURE),)),
    usual("ta-not-yet", "192.0.2.149", "2 1 1 =intermediate",
          mail=waits("not valid yet"), leaves=(issued("ta-not-yet", dates=Dates.FUTURE),)),
    usual("ta-not-ca", "192.0.2.150", "2 1 1 =root",
          mail=waits("issuer is not a CA"),
          leaves=(issued("ta-not-ca", issuer="not-ca", sends=("not-ca", "root")),)),
    usual("ta-link-expired", "192.0.2.151", "2 1 1 =root",
          mail=waits("expired"),
          leaves=(issued("ta-link-expired", issuer="expired-intermediate",
                         sends=("expired-intermediate", "root")),)),
)
