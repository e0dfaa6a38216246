# SPDX-License-Identifier: GPL-2.0-or-later
"""danesmtp(1), the shell completions and the help pages name the same commands and options.

    tool_pages.py DANESMTP TOP
"""
import re
import subprocess
import sys
from pathlib import Path

tool, top = sys.argv[1], Path(sys.argv[2])
page = (top / "doc/man/danesmtp.1.scd").read_text(encoding="utf-8")
bash, zsh, fish = ((top / "tools/completion" / name).read_text(encoding="utf-8")
                   for name in ("danesmtp.bash", "_danesmtp", "danesmtp.fish"))


def help_text(*command):
    return subprocess.run([tool, *command, "--help"], check=True, capture_output=True, text=True,
                          timeout=60).stdout


def options_of(text):
    return set(re.findall(r"^  (?:-h,)?(--[a-z0-9-]+|-[46])\b", text, re.MULTILINE))


commands = re.findall(r"^  ([a-z][a-z-]*)  ", help_text().split("Subcommands:")[1].split("\n\n")[0],
                      re.MULTILINE)
faults = [] if len(commands) >= 4 else [f"the help page has the commands {commands}"]
every = {"--help", "--version"}
for command in commands:
    options = options_of(help_text(command))
    every |= options
    if f"# DANESMTP {command.upper()}" not in page:
        faults.append(f"{command}: not in danesmtp(1)")
    faults += [f"{command}: not a command of {name}" for name, text in
               (("bash", bash), ("zsh", zsh), ("fish", fish)) if not re.search(rf"\b{command}\b", text)]
    own = top / f"doc/man/danesmtp-{command}.1.scd"
    told = own.read_text(encoding="utf-8") if own.exists() else page
    faults += [f"{command} {option}: not in its page" for option in options - {"--help"}
               if not re.search(rf"(?<![\w-]){option}(?![\w-])", told)]

for option in sorted(every):
    in_fish = f"-s {option[1:]} " if len(option) == 2 else f"-l {option[2:]} "
    for name, there in (("bash", option in re.findall(r"(?<![\w-])--?[a-z0-9][a-z0-9-]*", bash)),
                        ("zsh", f"{option}[" in zsh), ("fish", in_fish in fish)):
        if not there:
            faults.append(f"{option}: not completed in {name}")

known = every | {"-h"}
for name, text in (("danesmtp(1)", page), ("bash", bash), ("zsh", zsh)):
    faults += [f"{option}: in {name}, not an option" for option in sorted(
        set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text)) - known)]
faults += [f"--{option}: in fish, not an option" for option in re.findall(r"^complete .* -l ([a-z0-9-]+)", fish, re.MULTILINE)
           if f"--{option}" not in known]

def completed(*words):
    """What bash offers for the last word."""
    script = ('source "$0"; COMP_WORDS=(danesmtp "$@"); COMP_CWORD=$#; '
              '_danesmtp danesmtp "${@: -1}" "${COMP_WORDS[COMP_CWORD-1]}"; echo "${COMPREPLY[@]}"')
    return subprocess.run(["bash", "-c", script, top / "tools/completion/danesmtp.bash", *words], check=True,
                          capture_output=True, text=True, timeout=60).stdout.strip()


for words, expected in ((("ch",), "check"), (("check", "--na"), "--nagios"), (("tlsa", "--sel"), "--selector"),
                        (("tlsa", "--usage", ""), "2 3"), (("check", "--resolver", "rec"), "recursive")):
    if completed(*words) != expected:
        faults.append(f"bash completes {' '.join(words)} to {completed(*words)}, not {expected}")

print("\n".join(faults) or f"{len(commands)} commands and {len(every)} options agree")
sys.exit(bool(faults))
