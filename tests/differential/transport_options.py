# SPDX-License-Identifier: GPL-2.0-or-later
"""Transports with options at random: names and kinds from what the running Exim shows (`exim -bP`), values that
are right, wrong, odd, expanded, or that refuse to be expanded."""
import re
from dataclasses import dataclass

LISTS = ("*", "", "192.0.2.0/24", "! 192.0.2.24 : *", "mx.plain.lab", "*.lab", "192.0.2.25 : 192.0.2.24",
         "<; 192.0.2.24 ; *", "${if eq{1}{1}{*}{}}", "${if eq{1}{2}{*}fail}", "${if eq{1}{2}{*}{}}", "${if eq{1}", "+no_such_list",
         "/no/such/file", "net-iplsearch;/no/such/file", "192.0.2.999", ":", "! *", "${lookup{x}lsearch{/no/such/file}}")
STRINGS = ("", "x", "two words", "${if eq{1}{1}{yes}{no}}", "${if eq{1}{2}{yes}fail}", "${if eq{1}", "$no_such_variable",
           "${lookup{x}lsearch{/no/such/file}}", "$host", "$domain", '"in quotes"', "a:b", "${expand:$sender_address}",
           "\\N$\\N", "${primary_hostname}")
TIMES = ("5m", "1h30m", "9s", "1d", "0s", "", "5x", "-1s", "99999w", "7", "1m1", "${if eq{1}{1}{5m}}")
NUMBERS = ("0", "1", "2", "-1", "10K", "1M", "0x10", "x", "", "99999999999", "1 2", "017", "5G")
FLAGS = (" = true", " = false", " = yes", " = no", " = maybe", "", " =", " = TRUE", " = 1")
# Values that get further than a word of no sense.
OF_OPTION = {
    "authenticated_sender": ("x@sender.lab", "", "${if eq{1}{2}{x}fail}"),
    "current_directory": ("/", "relative", "/no/such", "$no_such_variable"),
    "home_directory": ("/", "relative", "/no/such", "${if eq{1}{2}{x}fail}"),
    "dkim_domain": ("sender.lab", "", "a.lab : b.lab"),
    "dscp": ("af41", "0x22", "ef", "no-such", "99"),
    "group": ("mail", "no-such-group", "8", "$no_such_variable"),
    "headers_add": ("X-Added: yes", "X-Added: $local_part", "no colon", "", "X-A: 1\\nX-B: 2"),
    "headers_remove": ("subject", "from : subject", "x-none", "", "$local_part"),
    "headers_rewrite": ("*@sender.lab other@sender.lab f", "*@sender.lab x", "x", "*@sender.lab $1@other.lab fq",
                        "*@sender.lab $1@other.lab f : *@other.lab $1@third.lab f"),
    "helo_data": ("other.lab", "$primary_hostname", "two words", "[192.0.2.1]", ""),
    "hosts": ("mx.plain.lab", "mx.signed-no-tlsa.lab : mx.plain.lab", "nowhere.ee.lab", "192.0.2.24", "127.0.0.1", "",
              "<; mx.plain.lab", "mx.plain.lab::25", "$no_such_variable"),
    "interface": ("192.0.2.1", "<; 192.0.2.1", "127.0.0.1", "192.0.2.77", "x", "", "${if eq{1}{2}{x}fail}"),
    "max_rcpt": ("1", "0", "2", "x", "-1", "$no_such_variable", "${if eq{1}{1}{1}{2}}"),
    "message_size_limit": ("1", "10K", "0", "x", "", "${if eq{1}{2}{x}fail}", "-1"),
    "message_linelength_limit": ("20", "0", "998", "x", "-1"),
    "port": ("25", "smtp", "2599", "0", "99999", "no-such-service", "${if eq{1}{1}{25}}", "", "$no_such_variable"),
    "protocol": ("smtp", "lmtp", "smtps", "SMTP", "x", "", "${if eq{1}{1}{smtp}{lmtp}}"),
    "return_path": ("other@sender.lab", "", "x", "$no_such_variable", "${if eq{1}{2}{x}fail}"),
    "tls_alpn": ("smtp", "", "a : b"),
    "tls_require_ciphers": ("NORMAL", "", "NO-SUCH", "NORMAL:-VERS-ALL:+VERS-TLS1.2"),
    "tls_sni": ("other.lab", "", "$host", "two words"),
    "transport_filter": ("/bin/cat", "/no/such/program", "cat", "/bin/sed s/Hello/Bye/", "/bin/false", ""),
    "user": ("mail", "no-such-user", "8", "$no_such_variable"),
    "utf8_downconvert": ("1", "0", "-1", "2", "x", ""),
}
# They come to nothing but a wait, here: for a proxy that is not there, for a lock of somebody's.
LEFT_OUT = {"driver", "socks_proxy"}
MOST_OPTIONS = 6


@dataclass(frozen=True)
class Option:
    name: str
    kind: str  # "flag", "time", "number", "list", "string"


def options_in(shown):
    """From what `exim -bP transport NAME` says of a transport without any."""
    found = []
    for line in shown.splitlines():
        name, equals, value = (part.strip() for part in line.partition(" ="))
        name = name if equals else re.sub("^no_", "", name)
        if not name or name in LEFT_OUT:
            continue
        found.append(Option(name, kind_of(name, value, bool(equals))))
    return found


def kind_of(name, value, has_value):
    if not has_value:
        return "flag"
    if re.fullmatch(r"(\d+[smhdw])+", value):
        return "time"
    if re.match(r"hosts_|tls_\w*hosts$|serialize_hosts|dnssec_\w*_domains", name):
        return "list"
    return "number" if re.fullmatch(r"\d+K?", value) else "string"


class Generator:
    def __init__(self, options, random):
        self._options = options
        self._random = random

    def lines(self):
        """Some lines of a transport, each an option of its own."""
        chosen = self._random.sample(self._options, self._random.randint(1, MOST_OPTIONS))
        return [self._line(option) for option in chosen]

    def _line(self, option):
        one = self._random.choice
        if option.kind == "flag":
            return one((option.name, f"no_{option.name}", f"not_{option.name}", option.name + one(FLAGS)))
        values = {"time": TIMES, "number": NUMBERS, "list": LISTS, "string": STRINGS}[option.kind]
        values = OF_OPTION.get(option.name, ()) * 4 + values
        equals = " = " if self._random.random() < 0.95 else one((" ", "="))
        return f"{option.name}{equals}{one(values)}"
