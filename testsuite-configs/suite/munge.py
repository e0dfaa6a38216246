# SPDX-License-Identifier: GPL-2.0-or-later
"""What no two runs share, made the same: times, pids, message ids, sizes, ports that the system chose, the
places of files, Exim's version, the names of ciphers. Everything else is compared as it is."""
import re

ID = re.compile(r"(?<!\w)(?P<of_message_id>E?)\w{6}-(?:\w{11}-\w{4}|\w{6}-\w{2})\b")
DATE_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?"
MAIL_DATE = r"\w{3}, \d\d? \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"

# In this order, in every output: pattern, what stands for it.
RULES = [(re.compile(pattern, re.MULTILINE), replacement) for pattern, replacement in (
    (rf"^{DATE_TIME} ", ""),
    (DATE_TIME, "TIME"),
    (MAIL_DATE, "DATE"),
    (r"\d\d-\w{3}-\d{4} \d\d:\d\d:\d\d", "TIME"),
    (r"\bpid=\d+", "pid=PID"),
    (r"(?<= )\[\d+\](?= )", "[PID]"),
    (r"(?<=[ (])S=\d+", "S=SIZE"),
    (r"(?<=SIZE=)\d+", "SIZE"),
    (r"\d+ byte chunk, total \d+", "N byte chunk, total N"),
    (r"(?<=BDAT )\d+", "N"),
    (r"\b(QT|DT|RT)=[\d.ms]+", r"\1=TIME"),
    (r"(?<=\]):(3[2-9]|[45]\d|6[0-5])\d{3}\b", ":PORT"),
    (r"port=\d{5}", "port=PORT"),
    (r"(?<=127\.0\.0\.1 )\d{5}\b", "PORT"),
    (r"Exim (version )?\d\.\d+(\.\d+)?( #\d+)?", r"Exim \1x.yz"),
    # what Exim with OpenSSL says of a certificate that need not be good
    (r"^.*\] SSL verify error(?: \(.*\))?: .*\n", ""),
    # of the receivers' Received header: when, and to the digest which certificate was shown
    (r"(?<= id THEIR-ID) t=\d+ C=\w*", ""),
    # what an Exim offers depends on how it was built
    (r"^250[- ](SIZE|LIMITS|8BITMIME|PIPELINING|PIPECONNECT|CHUNKING|STARTTLS|SMTPUTF8|DSN|PRDR|HELP)\b.*\n",
     ""),
    (r"\b(TLS1\.\d):[A-Za-z0-9_,+:(-]+", r"\1:CIPHER"),
    (r'DN="/', 'DN="'),
    (r"\d{10}-eximdsn-\d+", "BOUNDARY"),
    (r"(presented:\s+\d \d \d )[0-9a-f]+", r"\1HEX"),
    (r"(?<=validation failure )(<[^>]*>): .*", r"\1: WHY"),  # in libunbound's words
    (r"(?<=it has )\d+(?= octets)", "N"),
    (r"(?<=line )\d+(?= of )", "N"),
    (r"[ \t]+$", ""),
)]

# Of Exim's own driver alone: it reads or writes on a connection that the peer has left, or not, by chance.
BY_CHANCE = [(re.compile(r"^.* TLS error on connection \((recv|uncork)\): .*\n", re.MULTILINE), "")]

# What an Exim with EXPERIMENTAL_DSN_INFO adds to a bounce, unless the case is about that.
DSN_INFO = [(re.compile(r"^(Remote-MTA: X-ip;|X-Remote-MTA-|X-Exim-Diagnostic:).*\n([ \t].*\n)*", re.MULTILINE), "")]

# Log lines of an Exim before 4.99: an error's number, no space before the colon, and what TLS says at the end.
BEFORE_4_99 = [(re.compile(r"(?<= defer) \((-\d+|0)\)(?=:| H=)"), ""),
               (re.compile(r"(?<= defer) \(\d+\): (.*?)(?= H=)"), r" (\1)"),
               (re.compile(r"^(.* \*\* .* DN=\"[^\"]*\"):", re.MULTILINE), r"\1 :"),
               *BY_CHANCE]

# Only where a script asks for it: "munge NAME".
OPTIONAL = {
    # a DKIM signature's own digits and dates
    "dkim": [(re.compile(r"\b(b|bh)=[A-Za-z0-9+/=]+(?:\s+[A-Za-z0-9+/=]+)*(?=;|$)", re.MULTILINE),
              r"\1=DIGEST"),
             (re.compile(r"\b(t|x)=\d{10}"), r"\1=TIME")],
    # what TLS libraries say in their own words
    "tls-words": [(re.compile(r"\((certificate verification failed|gnutls_handshake|SSL_connect)\): .*"),
                   "(TLS): WORDS")],
    # of a long listing the options of DANE alone
    "dane-lines": [(re.compile(r"^(?!###|.*dane|.*error).*\n", re.MULTILINE), "")],
}


class Munge:
    """For one run: `places` are pairs of a path and what stands for it, the longest first."""

    def __init__(self, places, optional=(), more_rules=()):
        self._places = places
        self._rules = [*more_rules, *RULES, *(rule for name in optional for rule in OPTIONAL[name])]
        self._ids = {}

    def learn_ids(self, mainlog):
        """Messages of this Exim are m1, m2 ... in the order in which they came in."""
        for match in re.finditer(rf"{ID.pattern} <= ", mainlog):
            identity = match[0].split()[0]
            self._ids.setdefault(identity, f"m{len(self._ids) + 1}")

    @property
    def ids(self):
        return list(self._ids)

    def __call__(self, text):
        for path, name in self._places:
            text = text.replace(str(path), name)
        text = ID.sub(self._name_of, text)
        for pattern, replacement in self._rules:
            text = pattern.sub(replacement, text)
        return text

    def _name_of(self, match):
        return self._ids.get(match[0].removeprefix(match["of_message_id"]), "THEIR-ID")

    def log(self, text):
        """A log, its lines put together by message: deliveries of two at a time mix them."""
        lines = self(text).splitlines()
        order = {name: n for n, name in enumerate(self._ids.values(), 1)}
        lines.sort(key=lambda line: order.get(line.split(" ", 1)[0], 0))  # stable
        return "".join(f"{line}\n" for line in lines)
