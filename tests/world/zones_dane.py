# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenario zones about what TLSA records say and what certificates answer to them: records that cannot
be used, several records at once, trust anchors, names and dates (RFC 6698 2.1, RFC 7671, RFC 7672 3).
"""
from zone import Zone, exim, one_mx, usual

WRONG = "3 1 1 =impostor-key"
JUNK_256 = "5a" * 32  # the digest of nothing

ZONES_DANE = (
    # -- Records that cannot be used (D-021, D-070 to D-074). Where it can be, the data would match.
    usual("unusable-usage-0", "192.0.2.100", "0 1 1 =unusable-usage-0"),
    usual("unusable-usage-1", "192.0.2.101", "1 1 1 =unusable-usage-1"),
    usual("unusable-usage-4", "192.0.2.102", "4 1 1 =unusable-usage-4"),
    usual("unusable-usage-255", "192.0.2.103", "255 1 1 =unusable-usage-255"),
    usual("unusable-selector", "192.0.2.104", "3 2 1 =unusable-selector"),
    usual("unusable-matching", "192.0.2.105", f"3 1 3 {JUNK_256}"),
    usual("unusable-length-31", "192.0.2.106", f"3 1 1 {JUNK_256[2:]}"),
    usual("unusable-length-33", "192.0.2.107", f"3 1 1 {JUNK_256}00"),
    usual("unusable-512-of-32", "192.0.2.108", f"3 1 2 {JUNK_256}"),
    usual("unusable-not-a-key", "192.0.2.109", "2 1 0 00112233"),
    usual("unusable-one-octet", "192.0.2.110", "3 1 1 00"),
    Zone("unusable-no-tls", one_mx("192.0.2.111", "1 1 1 =ee"), (exim("192.0.2.111", None),)),
    usual("unusable-and-good", "192.0.2.112", f"3 2 1 {JUNK_256}", "3 1 1 =unusable-and-good"),
    usual("unusable-and-bad", "192.0.2.113", "3 2 1 =unusable-and-bad", WRONG),  # D-076

    # -- Usages 2 and 3 together (D-077): a match of either is enough, names count for 2 alone
    usual("usages-match-3", "192.0.2.114", "2 1 1 =other-root", "3 1 1 =usages-match-3"),
    usual("usages-match-2", "192.0.2.115", "2 1 1 =intermediate", WRONG),
    usual("usages-both", "192.0.2.116", "2 1 1 =intermediate", "3 1 1 =usages-both"),  # wrong name
    usual("usages-name", "192.0.2.117", "2 1 1 =intermediate", WRONG),  # wrong name
    usual("usages-neither", "192.0.2.118", "2 1 1 =other-root", WRONG),

    # -- Digest agility (D-078, D-079): of one usage and selector, full data and the best digest
    usual("agility-512-wrong", "192.0.2.119", "3 1 2 =impostor-key", "3 1 1 =agility-512-wrong"),
    usual("agility-256-wrong", "192.0.2.120", WRONG, "3 1 2 =agility-256-wrong"),
    usual("agility-full", "192.0.2.121", "3 1 0 =agility-full", "3 1 2 =impostor-key"),
    usual("agility-full-wrong", "192.0.2.122", "3 1 0 =impostor-key", "3 1 1 =agility-full-wrong"),
    usual("agility-selectors", "192.0.2.123", "3 0 2 =impostor-key", "3 1 1 =agility-selectors"),
    usual("agility-usages", "192.0.2.124", "2 1 2 =other-root", "3 1 1 =agility-usages"),
    usual("agility-malformed", "192.0.2.125", f"3 1 2 {JUNK_256}", "3 1 1 =agility-malformed"),

    # -- Trust anchors (D-084 to D-087), and what the server sends of the chain
    usual("ta-certificate", "192.0.2.126", "2 0 1 =intermediate"),
    usual("ta-sha512", "192.0.2.127", "2 0 2 =root"),
    usual("ta-root", "192.0.2.128", "2 1 1 =root"),
    usual("ta-root-unsent", "192.0.2.129", "2 1 1 =root"),
    usual("ta-200-unsent", "192.0.2.130", "2 0 0 =root"),
    usual("ta-210-unsent", "192.0.2.131", "2 1 0 =root"),
    usual("ta-200-impostor", "192.0.2.132", "2 0 0 =root"),
    usual("ta-210-impostor", "192.0.2.133", "2 1 0 =root"),
    usual("ta-intermediate", "192.0.2.134", "2 1 1 =intermediate"),  # the root is not sent
    usual("ta-alone", "192.0.2.135", "2 1 1 =intermediate"),  # only the leaf is sent
    usual("ta-gap", "192.0.2.136", "2 1 1 =root"),  # the intermediate is not sent
    usual("ta-appended", "192.0.2.137", "2 1 1 =root"),  # the anchor, behind a chain not its own
    usual("ta-is-leaf", "192.0.2.138", "2 1 1 =ta-is-leaf"),  # D-087

    # -- Names (D-083, D-088 to D-090)
    usual("name-wrong", "192.0.2.139", "2 1 1 =intermediate"),
    usual("name-wrong-ee", "192.0.2.140", "3 1 1 =name-wrong-ee"),  # D-081
    usual("name-wildcard", "192.0.2.141", "2 1 1 =intermediate"),
    Zone("name-wildcard-deep", """
        @ MX 10 mx.deep
        mx.deep A 192.0.2.142
        _25._tcp.mx.deep TLSA 2 1 1 =intermediate
        """, (exim("192.0.2.142", "name-wildcard-deep"),)),
    usual("name-wildcard-part", "192.0.2.143", "2 1 1 =intermediate"),
    usual("name-cn", "192.0.2.144", "2 1 1 =intermediate"),
    usual("name-cn-beside", "192.0.2.145", "2 1 1 =intermediate"),
    usual("name-upper", "192.0.2.146", "2 1 1 =intermediate"),
    usual("xn--bcher-kva", "192.0.2.147", "2 1 1 =intermediate"),

    # -- Dates and authorities (D-081, D-082)
    usual("ee-not-yet", "192.0.2.148", "3 1 1 =ee-not-yet"),
    usual("ta-not-yet", "192.0.2.149", "2 1 1 =intermediate"),
    usual("ta-not-ca", "192.0.2.150", "2 1 1 =root"),
    usual("ta-link-expired", "192.0.2.151", "2 1 1 =root"),
)
