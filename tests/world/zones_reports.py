# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenario zones for who asks for reports on TLS (RFC 8460 3): the TXT record at `_smtp._tls`, and what the
DNS makes of the question for it. Mail to them is authenticated by DANE.
"""
from zone import ASKS_FOR_REPORTS, Zone, exim, one_mx, usual

LONG_PARTS = ["v=TLSRPTv1; ", "rua=mailto:reports@sender.lab,", "mailto:" + "o" * 200 + "@sender.lab"]
LONG_RECORD = "".join(LONG_PARTS)


def asking(name, address, **more):
    return usual(name, address, f"3 1 1 ={name}", mail=None, **more)


ZONES_REPORTS = (
    asking("report-silent", "192.0.2.228", answers={"TXT": "silence"}),
    asking("report-servfail", "192.0.2.229", answers={"TXT": "SERVFAIL"}),
    asking("report-slow", "192.0.2.230", answers={"TXT": 0.3}),
    asking("report-bogus", "192.0.2.231", damaged="_smtp._tls TXT"),
    asking("report-many", "192.0.2.232", reports=(ASKS_FOR_REPORTS, *(f"other {n}" for n in range(200)))),
    asking("report-parts", "192.0.2.233", reports=('" "'.join(LONG_PARTS),)),
    # 70 kB of them
    asking("report-huge", "192.0.2.234", reports=(ASKS_FOR_REPORTS, *(f"{n:0250}" for n in range(260)))),
    # of another domain's server: mail for many domains has one report address
    Zone("report-alias", one_mx("192.0.2.235", "3 1 1 =report-alias") + "\n_smtp._tls CNAME _smtp._tls.ee.lab.",
         (exim("192.0.2.235", "report-alias"),), mail=None, reports=()),
)
