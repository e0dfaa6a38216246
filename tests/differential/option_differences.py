# SPDX-License-Identifier: GPL-2.0-or-later
"""Where Exim's handling of options and ours differ, and why; of what option_handling.py has seen of a configuration.
Each difference is by options and by all of what the logs of both say of the message, so that another one beside it has
no reason."""
import re
from dataclasses import dataclass


UNDER_DANE = {"ee.lab": "192.0.2.10", "ta.lab": "192.0.2.14"}  # domains, the address of the host of each
UNUSED_LIST = r"(hosts_pipe_connect|hosts_require_tls|tls_resumption_hosts|tls_(try_)?verify_hosts)"  # under DANE
OPTIONS_OF_WORDS = (("TLS priority string", r"(dane_require_tls|tls_require)_ciphers"),
                    ("client certificate", r"tls_(certificate|privatekey)"))


@dataclass(frozen=True)
class Reworded:
    """Where an option is set so, the log has further words, or words that are not the same twice."""
    option: str  # a regular expression for one of the lines
    words: str  # likewise
    reason: str

    def without(self, configuration, text):
        return re.sub(self.words, "", text) if configuration.has(self.option) else text


@dataclass(frozen=True)
class Waits:
    """Where options are set so, and the log is this with Exim's driver and that with ours: the mail waits with ours."""
    options: tuple  # regular expressions, each for one of the lines
    theirs: str  # a regular expression for all of what the log says
    ours: str
    reason: str

    def explains(self, configuration):
        ours, theirs = configuration.seen["danesmtp"], configuration.seen["smtp"]
        waits = (ours["queue"], ours["arrived"]) == (str([f"{configuration.name}@{configuration.domain}"]), "")
        done = theirs["queue"] == "None"  # and its message log is gone
        return (waits and all(map(configuration.has, self.options)) and names_its_options(configuration)
                and main_log_tells(configuration, self.ours, ours["log"])
                and tells(configuration, self.ours, ours["message log"])
                and main_log_tells(configuration, self.theirs, theirs["log"], re.S)
                and (done and theirs["message log"] == ""
                     or tells(configuration, self.theirs, theirs["message log"], re.S)))


@dataclass(frozen=True)
class Delivers:
    """Where options are set so, and the log is this with Exim's driver: with ours the mail is delivered."""
    options: tuple
    theirs: str
    reason: str
    domains: tuple = tuple(UNDER_DANE)

    def explains(self, configuration):
        ours, theirs = configuration.seen["danesmtp"], configuration.seen["smtp"]
        if configuration.domain not in self.domains:
            return False
        address, host = UNDER_DANE[configuration.domain], own_host(configuration.domain)
        delivered = (ours["queue"], ours["message log"], theirs["arrived"]) == ("None", "", "")
        return (delivered and has_arrived_once(ours["arrived"], address) and all(map(configuration.has, self.options))
                and main_log_tells(configuration, rf"=> .* {host}:25 X=\S+ CV=dane .*", ours["log"])
                and main_log_tells(configuration, self.theirs, theirs["log"], re.S))


def own_host(domain):
    """A regular expression, for how the log has the host of a domain under DANE; its port comes behind."""
    return rf"H=mx\.{re.escape(domain)} DS \[{re.escape(UNDER_DANE[domain])}\]"


def has_arrived_once(messages, address):
    """Whether this is one message, by TLS, at the receiver with that address."""
    receipts = re.findall(r"^Received: at (\S+) 25 from sender\.lab \[192\.0\.2\.1\] with esmtps X=TLS", messages, re.M)
    return receipts == [address] and messages.count("Message-Id: <EID@sender.lab>") == 1


def names_its_options(configuration):
    """Whether each option that our lines name is set, and has a say for such a host."""
    log = configuration.seen["danesmtp"]["message log"]
    named = set(re.findall(r"\boption (\w+)", log))
    if configuration.domain in UNDER_DANE and any(re.fullmatch(UNUSED_LIST, option) for option in named):
        return False
    named.update(option for words, option in OPTIONS_OF_WORDS if words in log)
    return all(configuration.has(rf"{option}\b") for option in named)


def tells(configuration, words, log, flags=0):
    """Whether all of what the log says is this."""
    return bool(re.fullmatch(words, said(configuration, log), flags))


def main_log_tells(configuration, words, log, flags=0):
    """Likewise, but for transports that are told to log nothing."""
    if configuration.has(r"disable_logging( = (true|yes|TRUE))?$"):
        words = ""
    return tells(configuration, words, log, flags)


OWN_HOST = rf"({'|'.join(map(own_host, UNDER_DANE))}):\d+"
LIST = r"(hosts_\w+|\w+_hosts)"
OF_THE_HOST = r"(interface|event_action|transport_filter|hosts_require_auth) ?="
REWORDED = (
    Reworded(r"port ?=", r"DANE: 4\.3\.5 option port cannot be used: (?=TCP port|failed to expand|invalid port)",
             "the same failure, before any host: other words around it"),
    Reworded(r"interface ?=", r"option interface cannot be used: (?=\".*\" is not a valid|failed to expand)",
             "the same failure: other words around it"),
    Reworded(r"event_action ?= ?.*\$", r"(TIME ID attempt to expand tainted .*\n)?"
             r"TIME ID failed to expand event_action (dane:report|dns:fail) in .*\n",
             "one event more, dane:report, cannot be told of either; and Exim's own look-ups have one"),
    Reworded(r"hosts_\w+ ?= ?.*/no/such/file|tls_(verify_certificates|crl) ?=",
             r"TIME ID Delivery status for \S+ got \d+ of \d+ bytes .*\n",
             "Exim's process ends over such a file; what its parent says of the pipe depends on what it wrote before"),
    Reworded("", r"TIME ID H=\S+ \[\S+\] TLS error on connection \(recv\): .*\n",
             "Exim's driver reads on a connection that it has left"),
    Reworded(LIST + r" ?= ?(\+no_such_list|\$\{)",
             r"TIME ID (failed to expand \".*\" while checking a list: .*|unknown named host list .*)\n",
             "each driver looks at lists that it has a use for, as often as it has one"),
    Reworded(r"host_name_extract ?=", r"TIME ID attempt to expand tainted string .*\n", "not used (decision 0010)"),
    Reworded(OF_THE_HOST, rf"(?m)(?<=defer) {OWN_HOST}(?=: )|(?<=\)) {OWN_HOST}$",
             "the recipient's line names the host"),
    Reworded(r"return_path ?=", r"(?<=after pipelined )(end of data|MAIL FROM:<\S*>( SIZE=\d+)?)(?=: 501 )",
             "we name the command that was refused"),
)
ASIDE = (r"$|Completed$|(\*\*\* )?Frozen$|Received from |(<\S+>: )?failed to (expand|open) |attempt to (expand|use) |"
         r"unknown named |no IP address found for host ")
HOST = r"H=\S+( DS)? \[\S+\]:\d+"
DEFER = r"\S+ R=\S+ T=\S+ defer"
ENDED = r"smtp transport process returned non-zero status 0x0100: exit code 1"
DEFERRED = rf"(.*\n)*{DEFER}.*"
NO_FILE = r" ?= ?.*/no/such/file"
UNTOLD = rf"({NO_FILE}| ?= ?(\+no_such_list$|\$\{{if eq\{{1\}}$))"
LOOKUP_FAILED = rf"a look-up failed while matching the host with option {LIST}"
FOR_A_SESSION = r"(tls_\w+|dane_require_tls_ciphers|helo_data|authenticated_sender|protocol) ?="
NO_DANE = (r"DANE is required \(hosts_require_dane\), but "
           r"(no secure TLSA records for \S+|the MX record that names this host is not signed)")
NO_STAPLE = r"TLS session: \(certificate status check failed\)"
INTERNAL_ERROR = rf"( {HOST})?: TLS session: Internal error"
CRASHED = ": smtp transport process returned non-zero status 0x000b: terminated by signal 11"
OPTION = r"(failed to expand option|option|TLS priority string|client certificate) .*"


def host_not_used(options, theirs, said_of_us, reason, stage=""):
    """What is said of the host is said of the message, with or without a code, unless there are others to try
    then. `stage` stands before it in the line of the host."""
    code, why = said_of_us
    ours = rf"{HOST}: {stage}(?P<why>{why})(: Connection timed out)?\n{DEFER}( {HOST})?: "
    others = (r"(failed to lookup IP address for .*|retry time not reached for any host for '.*'|"
              r"\S+ transport found host \S+ to be local)")
    return (Waits(options, theirs, rf"{ours}{code}(?P=why)", reason),
            Waits((*options, r"fallback_hosts ?="), theirs, ours + others, reason))


KNOWN = (
    Waits((rf"(?!{UNUSED_LIST}){LIST}{NO_FILE}",), ".*", rf"{DEFER}: {ENDED}",
          "a list over which Exim's process ends is looked at (0010)"),
    *host_not_used((LIST + UNTOLD,), ".*", (r"DANE: 4\.4\.3 ", LOOKUP_FAILED),
                   "a list that cannot be told is not \"no\": the host is not used now (decision 0010)"),
    *host_not_used((r"hosts_(try|require)_auth" + UNTOLD,), ".*", ("AUTH failed: ", LOOKUP_FAILED),
                   "likewise, once the server has offered AUTH", "AUTH failed: "),
    *host_not_used((r"hosts_require_dane ?=",),
                   r"\*\* \S+ R=\S+ T=\S+ : DANE error: (\S+ lookup not DNSSEC|tlsa lookup FAIL)",
                   (r"DANE: 4\.7\.4 ", NO_DANE),
                   "required, and no records: the mail waits until the retry rules say otherwise (README, D-110)"),
    *host_not_used((r"hosts_(require|try)_dane ?=", r"protocol ?="), rf"(bad protocol option in .*\n)?{DEFER}",
                   (r"DANE: 4\.(3\.5|7\.4) ", rf"{OPTION}|{NO_DANE}"),
                   "the same failure, of a host that may have DANE: other words, or another failure before it"),
    Waits((r"port ?= ?(0|99999)$",), r".* defer\b.*",
          rf"{DEFER}: DANE: 4\.3\.5 option port cannot be used: (0|99999) is no port",
          "neither 0 nor a number above 65535 is a port; Exim's driver takes the last sixteen bits"),

    # -- of hosts with TLSA records, with which we speak ourselves
    Delivers((UNUSED_LIST + NO_FILE,), rf"(.*\n)*{DEFER}: ({ENDED}|failed to lookup IP address for .*)",
             "under DANE it has no say, and so is not looked at"),
    *host_not_used((FOR_A_SESSION,), DEFERRED, (r"(DANE( error)?: 4\.3\.5 )?", OPTION),
                   "the same failure, or another before it; our line names the option", "(TLS session: )?"),
    *host_not_used((r"helo_data ?= ?(two words|\"in quotes\"|)$",), r".*after (HELO|EHLO) .*: 501 .*",
                   ("", r"option helo_data: the EHLO name cannot be sent: .*"),
                   "what is no name is not sent, and the mail waits"),
    *host_not_used((r"helo_data ?=",), r".*after HELO .*: 501 .*",
                   (r"DANE: 4\.7\.4 ", "SMTP error from remote mail server after EHLO .*: 501 .*"),
                   "no HELO after a refused EHLO: TLS is mandatory"),
    *host_not_used((r"return_path ?=",), r"\*\* .* after pipelined (end of data)?: 501 .*",
                   ("", "MAIL failed: the sender cannot be sent: .*"), "what is no address is not sent"),
    *host_not_used((r"tls_alpn ?=",), rf"{DEFERRED}rxd alert: .*",
                   (r"TLS session: 4\.7\.5 ", "the peer sent the TLS alert .*"), "in other words", "TLS session: "),
    *host_not_used((r"hosts_require_ocsp ?=",), rf"{DEFERRED}{NO_STAPLE}",
                   (r"TLS session: 4\.7\.5 ", r"\(certificate status check failed\): .*"), "and why", "TLS session: "),
    *host_not_used((r"hosts_avoid_tls ?=",), rf"{DEFERRED}: a TLS session is required, but an attempt .*",
                   (r"DANE: 4\.7\.4 ", "the host has TLSA records, so TLS is mandatory, but hosts_avoid_tls .*"),
                   "we say why"),
    *host_not_used((r"hosts_avoid_esmtp ?=",), rf"{DEFERRED}: a TLS session is required, but .*",
                   (r"DANE: 4\.7\.4 ", "a TLS session is required, but the server did not offer TLS support"),
                   "ours has a code"),
    *host_not_used((r"body_only\b",), rf"{DEFERRED}SMTP timeout after pipelined end of data .*",
                   ("", r"SMTP timeout after pipelined MAIL FROM:<\S*> SIZE=\d+"),
                   "a receiving Exim waits for more than the chunk; we name the first command without a reply"),
    Waits((r"headers_(add|remove) ?=", FOR_A_SESSION), DEFERRED,
          rf"{DEFER}( {HOST})?: failed to expand headers_add or headers_remove: .*",
          "another failure before it: the message is written before the dialogue"),
    Waits((r"transport_filter ?=",), r"\*\* .* : Tainted arg 0 for .*", rf"{DEFER}( {HOST})?: Tainted arg 0 for .*",
          "an option that cannot be used is no reason to give a message back"),
    Delivers((r"hosts_require_ocsp ?=",), rf"{DEFERRED}{NO_STAPLE}", "of usage 3 only the record counts", ("ee.lab",)),
    Delivers((r"tls_(certificate|privatekey) ?= ?.*fail\}$",), rf"{DEFERRED}TLS session: expansion of tls_\w+ failed",
             "a forced failure is as if it were unset"),
    Delivers((r"protocol ?= ?$",), rf"bad protocol option in .*\n{DEFER}", "empty is unset"),
    Delivers((r"headers_only\b",), r"\*\* .*after pipelined end of data: 500 unrecognized command",
             "Exim's driver says fewer octets than it sends then"),
    Delivers((r"tls_(verify_certificates|crl) ?=",), rf"(.*\n)*{DEFER}({INTERNAL_ERROR}|{CRASHED})",
             "under DANE it has no say, and so is not looked at"),
)


def said(configuration, log):
    """Of a log, or the message log, what became of the message; not what was said of single options on the way."""
    for each in REWORDED:
        log = each.without(configuration, log)
    lines = [re.sub(r"^TIME (ID )?(== )?", "", line) for line in log.splitlines()]
    return "\n".join(line for line in lines if not re.match(ASIDE, line))


def reason_for(configuration, what):
    """Of a difference, or None."""
    ours, theirs = (configuration.seen[driver][what] for driver in ("danesmtp", "smtp"))
    if what in ("-bV", "-bP"):
        return None
    for each in REWORDED:
        ours, theirs = each.without(configuration, ours), each.without(configuration, theirs)
        if ours == theirs:
            return each.reason
    return next((known.reason for known in KNOWN if known.explains(configuration)), None)
