# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/handbook/ says nothing that is not there: its contents name each page, each block is of a kind that is
known, each command and option that it names exists, each text that the code may write into a log is in
log-lines.md, each figure is one of doc/PERFORMANCE.md.

    handbook.py DANESMTP TOP
    handbook.py --figures TOP       puts the figures of today's doc/PERFORMANCE.md into performance.md

tests/integration/test_handbook.py runs the blocks; it reads them by blocks() here. A block:

    ```shell                     run; a line "$ command" (more of it: "> ..."), below it what it prints,
    $ danesmtp --version         compared where anything is shown; a line "..." is any number of lines
    danesmtp 0.1.0
    ```
    ```shell not run: REASON     not run, and in NOT_RUN below
    <!-- world: NAME ARGUMENT... -->   what the test does to the world before the block that follows
"""
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

OTHER_KINDS = {"exim", "text", "json"}
COMPILES = "compiles for minutes"
PACKAGES = "scripts/try-packages does, in chroots"
NO_SYSTEMD = "no systemd in the test's world"
# Each block that no test runs: its page, its reason.
NOT_RUN = [
    ("install.md", COMPILES),
    ("install.md", PACKAGES),
    ("install.md", PACKAGES),
    ("server.md", NO_SYSTEMD),
    ("switch.md", NO_SYSTEMD),
]


@dataclass
class Command:
    line: int
    text: str
    shown: list = field(default_factory=list)


@dataclass
class Block:
    page: str
    line: int
    kind: str
    reason: str
    lines: list
    before: list  # the directives, each a list of words

    def commands(self):
        made = []
        for number, line in enumerate(self.lines, self.line + 1):
            if line.startswith("$ "):
                made.append(Command(number, line[2:]))
            elif line.startswith("> ") and made and not made[-1].shown:
                made[-1].text += "\n" + line[2:]
            elif made:
                made[-1].shown.append(line)
            else:
                raise ValueError(f"{self.page}:{number}: neither a command nor what one prints")
        return made


def blocks(page):
    """The blocks of a page in their order, of all kinds."""
    found, directives, block = [], [], None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = re.fullmatch(r"```(?:(\w+)(?: not run: (.+))?)?", line)
        if block is not None:
            if line == "```":
                found.append(block)
                block = None
            else:
                block.lines.append(line)
        elif fence:
            block = Block(page.name, number, fence[1] or "", fence[2] or "", [], directives)
            directives = []
        elif world := re.fullmatch(r"<!-- world: (.+) -->", line):
            directives.append(world[1].split())
        elif line.startswith("```") or "<!-- world" in line:
            raise ValueError(f"{page.name}:{number}: {line}: not of a form that is known")
    if block is not None or directives:
        raise ValueError(f"{page.name}: a block that does not end, or a directive without one")
    return found


def pages(top):
    return sorted((top / "doc/handbook").glob("*.md"))


# -- the contents, and the blocks

def contents_faults(top):
    contents = (top / "doc/handbook/README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[[^]]+\]\(([\w-]+\.md)\) \|", contents, re.M)
    there = {page.name for page in pages(top)} - {"README.md"}
    yield from (f"README.md: {name} is not in it" for name in sorted(there - set(listed)))
    yield from (f"README.md: {name} is there twice" for name in sorted(set(listed)) if listed.count(name) > 1)


def block_faults(top, not_run=None):
    seen, known = [], [*(NOT_RUN if not_run is None else not_run)]
    for page in pages(top):
        for block in blocks(page):
            if block.kind != "shell" and (block.kind not in OTHER_KINDS or block.reason):
                yield f"{page.name}:{block.line}: a block of a kind that is not known: {block.kind or 'none'}"
            elif block.kind == "shell" and not block.commands():
                yield f"{page.name}:{block.line}: a block without a command"
            elif block.reason:
                seen.append((page.name, block.reason))
    for one in {*seen, *known}:
        if seen.count(one) != known.count(one):
            yield f"{one[0]}: {seen.count(one)} blocks not run ({one[1]}), and {known.count(one)} in the list"


# -- names

def help_of(tool, *command):
    done = subprocess.run([tool, *command, "--help"], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def options_of_tool(tool):
    """By command, its options."""
    commands = re.findall(r"^  ([a-z][a-z-]*)  ", help_of(tool).split("Subcommands:")[1].split("\n\n")[0], re.M)
    made = {command: set(re.findall(r"^  (?:-h,)?(--[a-z0-9-]+|-[46])\b", help_of(tool, command), re.M))
            for command in commands}
    return {**made, "": {"--help", "--version"}}


def command_faults(place, text, tool_options):
    """Of each `danesmtp COMMAND --option` in a text."""
    for words in re.findall(r"(?<![\w/.-])danesmtp ((?:--|[a-z])[^`\n|;&>]*)", text):
        first, *rest = words.split()
        command, rest = ("", [first]) if first.startswith("-") else (first.rstrip(".,:"), rest)
        if command not in tool_options:
            yield f"{place}: danesmtp has no command {command}"
            continue
        for word in rest:
            option = re.match(r"(--[a-z][a-z0-9-]*|-[46]$)", word)
            if option and option[1] not in tool_options[command]:
                yield f"{place}: danesmtp {command} has no option {option[1]}"


def options_of_transport(top):
    page = (top / "doc/man/danesmtp_transport.5.scd").read_text(encoding="utf-8")
    section = page.split("# OPTIONS\n", 1)[1].split("\n# ", 1)[0]
    own = set(re.findall(r"^\*(dane_\w+)\*$", section, re.MULTILINE))
    table = (top / "doc/options.md").read_text(encoding="utf-8")
    return own | set(re.findall(r"`([a-z0-9_]+)`", table))


# Options of Exim that are none of a transport's, and names that look like options.
OF_EXIM = {"tls_certificate", "tls_privatekey", "tls_ocsp_file", "tls_resumption", "tls_out_ocsp"}


def option_faults(place, text, known):
    for name in re.findall(r"(?<![\w$./-])((?:dane|hosts|tls)_[a-z0-9_]+)(?![\w*.-])", text):
        if name not in known | OF_EXIM:
            yield f"{place}: there is no option {name}"


def manual_faults(place, text, top):
    for name, section in re.findall(r"\b(danesmtp[\w-]*)\((\d)\)", text):
        if not (top / f"doc/man/{name}.{section}.scd").exists():
            yield f"{place}: there is no manual page {name}({section})"


def name_faults(top, tool):
    tool_options, known = options_of_tool(tool), options_of_transport(top)
    for page in pages(top):
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            place = f"{page.name}:{number}"
            yield from command_faults(place, line, tool_options)
            yield from option_faults(place, line, known)
            yield from manual_faults(place, line, top)


# -- log lines

TEXTS = (  # where a text of a log line is made, and how it is found there
    ("module/dane/dane_verify.cpp", r'refuse\(DaneFailure::\w+,\s*(?:format\()?"([^"]+)"'),
    ("module/dane/dane_path.cpp", r'(?:reason = |refuse\(DaneFailure::\w+,\s*|\? |: |return )"([^"]{12,})"'),
    ("module/route/webpki_judge.cpp", r'FailureType::\w+, "([^"]+)"'),
    ("module/lookup/tlsa_lookup.cpp", r'format\("(DANE error: [^"]+)"'),
    ("module/tls/ocsp_policy.cpp", r'format\("(\([^"]+)"'),
    ("module/bridge/core_entry.cpp", r'(?:format\(|refuse\(why, )"([^"]+)"'),
    ("module/dns/unbound_source.cpp", r'note\(\s*format\("([^"]+)"'),
    ("module/core/own_library.c", r'snprintf\(problem, size,\s*"([^"]+)"'),
    ("module/dns/unbound_opened.cpp", r'unusable\((?:format\()?"([^"]+)"'),
    ("module/shim/core_library.c", r'snprintf\(problem \+ prefix[^"]*"([^"]+)"'),
    ("module/shim/transport_info.c", r'log_write\(LOG_MAIN[^"]*"([^"]+)"'),
    ("module/shim/misfit.c", r'log_write\(LOG_MAIN[^"]*"([^"]+)"'),
    ("module/shim/callout.c", r'log_write\(LOG_MAIN[^"]*"([^"]+)"'),
    ("module/shim/client_auth.c", r'log_write\(LOG_MAIN[^"]*"([^"]+)"'),
    ("module/shim/address_batch_import.c", r'log_write\(LOG_MAIN[^"]*"((?:[^"\\]|\\.)+)"'),
    ("module/shim/recipient_result_export.c", r'log_write\(LOG_MAIN[^"]*"([^"]+)"'),
)
# Functions of outcome/delivery_log that are no line: they change one, or are part of one that is there.
PARTS = {"trouble_text", "confirmation_text", "policy_failure_text"}


def fragments(text):
    """What of a text of a program stays the same in each line."""
    text = text.replace('\\"', '"')
    return [part for part in re.split(r"\{[^}]*\}|%(?:\.(?:\*|\d+))?[sd]", text) if len(part.strip(" :;,")) > 3]


def log_line_faults(top):
    page = (top / "doc/handbook/log-lines.md").read_text(encoding="utf-8")
    for name, pattern in TEXTS:
        found = re.findall(pattern, (top / name).read_text(encoding="utf-8"))
        if not found:
            yield f"{name}: no text of a log line is found there"
        yield from (f"log-lines.md: \"{part}\" of {name} is not in it" for text in found
                    for part in fragments(text) if part.strip(" :") not in page)
    header = (top / "module/outcome/delivery_log.h").read_text(encoding="utf-8")
    program = (top / "tests/docs/log_lines_page.cpp").read_text(encoding="utf-8")
    rules = (top / "module/outcome/failure_policy.cpp").read_text(encoding="utf-8")
    for function in sorted(set(re.findall(r"(\w+_text)\(", header)) - PARTS):
        rule = re.search(rf"^FailureRuling (rule_\w+)\((?:(?!^}}).)*\b{function}\(", rules, re.M | re.S)
        if not re.search(rf"\b{function}\(", program) and not (rule and f"{rule[1]}(" in program):
            yield f"log_lines_page.cpp: nothing of {function}()"


# -- figures

FIGURES = re.compile(r"(<!-- from PERFORMANCE.md: (.+) -->\n)(.*?)(<!-- end -->)", re.S)


def with_figures(top, text):
    """The text of performance.md, each of its tables with the rows that it names as doc/PERFORMANCE.md has
    them now."""
    made = (top / "doc/PERFORMANCE.md").read_text(encoding="utf-8")

    def table(found):
        section = re.search(rf"^## {re.escape(found[2])}\n(.*?)(?=^## |\Z)", made, re.M | re.S)
        rows = [row for row in section[1].splitlines() if row.startswith("|")] if section else []
        wanted = [row.split(" | ")[0] for row in found[3].splitlines()[2:]]
        kept = [next((row for row in rows if row.split(" | ")[0] == name), f"{name} | gone |") for name in wanted]
        return found[1] + "".join(f"{row}\n" for row in [*rows[:2], *kept]) + found[4]

    return FIGURES.sub(table, text)


def figure_faults(top):
    text = (top / "doc/handbook/performance.md").read_text(encoding="utf-8")
    if not FIGURES.search(text):
        yield "performance.md: no table from PERFORMANCE.md"
    if with_figures(top, text) != text:
        yield "performance.md: not the figures of PERFORMANCE.md; handbook.py --figures TOP takes them over"


def take_figures(top):
    page = top / "doc/handbook/performance.md"
    page.write_text(with_figures(top, page.read_text(encoding="utf-8")), encoding="utf-8")


def main():
    tool, top = sys.argv[1], Path(sys.argv[2])
    if tool == "--figures":
        return take_figures(top)
    faults = [*contents_faults(top), *block_faults(top), *name_faults(top, tool), *log_line_faults(top),
              *figure_faults(top)]
    count = sum(len(block.commands()) for page in pages(top) for block in blocks(page)
                if block.kind == "shell" and not block.reason)
    if not count:
        faults.append("no block is run")
    print("\n".join(faults) or f"{len(pages(top))} pages, {count} commands that are run, {len(NOT_RUN)} blocks not run")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
