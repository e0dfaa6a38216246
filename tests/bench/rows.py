# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured: the rows, who takes part in each, and the bars. A new row is written here, and that
is all.
"""
from dataclasses import dataclass, field

KB, MB = 1000, 1000 * 1000
ALONE = {"connection_max_messages": "1"}
FULL = {"dane_tls_resumption": "no"}

# Who takes part, by name: the driver and its options. Exim's own driver is of the same binary.
EXIMS = {
    "danesmtp": ("danesmtp", {}),
    "smtp": ("smtp", {}),
    "smtp, resumed": ("smtp", {"tls_resumption_hosts": "*"}),
    "danesmtp, unwatched": ("danesmtp", {}),
    "smtp, no CA bundle": ("smtp", {"tls_verify_certificates": ""}),
}
OURS, THEIRS, POSTFIX = "danesmtp", "smtp", "Postfix"
UNWATCHED = "danesmtp, unwatched"
# By a name of its own, "DIRECTORY" is that of the world.
WATCHED = {"dane_tlsrpt_socket": "DIRECTORY/bench-collector", "dane_mta_sts": "unix:DIRECTORY/bench-policies"}
ALL = (OURS, THEIRS, "smtp, resumed", POSTFIX)
EXIM_ONLY = (OURS, THEIRS, "smtp, resumed")


@dataclass(frozen=True)
class Row:
    """`way` is the option of the queue run, or "-M": a process a message. Of `options`, those of both
    drivers, and `ours` Exim's syntax is that of a transport. `bar` is the most that CPU (or wall) time
    of danesmtp may be, in times that of Exim's own driver. With `watched` each session is told to a collector,
    and its log line has these words."""
    text: str
    domain: str
    takes_part: tuple = ALL
    bar: float | None = None
    judged: str = "cpu"
    dane: bool = True  # every message has to be authenticated so
    way: str = "-qf"
    runners: int = 1
    messages: int = 40
    size: int = 1900  # octets of a message
    options: dict = field(default_factory=lambda: dict(ALONE))
    ours: dict = field(default_factory=dict)
    watched: str = ""


def _watched(text, domain, words, **more):
    return Row(text, domain, (OURS, UNWATCHED, THEIRS), ours=WATCHED, watched=words, **more)


ROWS = {
    "dane": Row("3 1 1, a connection a message", "ee", bar=0.85),
    "dane-full": Row("3 1 1, every handshake a full one", "ee", (OURS, THEIRS), ours=FULL),
    "dane-uncached": Row("3 1 1, nothing kept (dane_cache empty)", "ee", (OURS, THEIRS),
                         ours={"dane_cache": "", **FULL}),
    "dane-4": Row("3 1 1, four deliveries at a time", "ee", runners=4),
    "dane-each": Row("3 1 1, one exim -M a message", "ee", (*EXIM_ONLY, "smtp, no CA bundle"), way="-M"),
    "anchor": Row("2 1 1, a chain of three", "ta"),
    "delegated": Row("no DANE: unsigned domain", "unsigned", bar=1.03, dane=False),
    "no-tlsa": Row("no DANE: signed domain without TLSA records", "signed", dane=False),
    "one-connection": Row("3 1 1, 200 messages down one connection", "ee", EXIM_ONLY, bar=0.90, way="-qqff",
                          messages=200, options={"connection_max_messages": "0"}),
    "cold": Row("3 1 1, first message to its domain", "cold", bar=1.40),
    "plain": Row("no TLS, no DANE: the floor", "plain", (OURS, THEIRS, POSTFIX), dane=False),
    "watched": _watched("3 1 1, reports and MTA-STS on", "ee", " CV=dane"),
    "watched-sts": _watched("no DANE, reports on, MTA-STS enforced", "sts", ":sts", dane=False),
    "watched-none": _watched("no DANE, reports on, no policy of MTA-STS", "unsigned", " X=", dane=False),
    "1-MB": Row("3 1 1, 1 MB a message", "ee", bar=1.00, judged="wall", messages=10, size=MB),
    "1-MB-4": Row("3 1 1, 1 MB a message, four deliveries at a time", "ee", judged="wall", runners=4,
                  messages=12, size=MB),
    "100-MB": Row("3 1 1, 100 MB a message", "ee", EXIM_ONLY, bar=1.00, judged="wall", messages=1,
                  size=100 * MB),
    "100-MB-4": Row("3 1 1, 100 MB a message, four deliveries at a time", "ee", EXIM_ONLY, judged="wall",
                    runners=4, messages=4, size=100 * MB),
}
START_UP = "start-up"
START_UP_ROW = Row("start of an Exim process (exim -bV)", "", (OURS, THEIRS), bar=1.02)
EVERY_ROW = {**ROWS, START_UP: START_UP_ROW}
PARTS = "parts"  # parts.py has what they are
