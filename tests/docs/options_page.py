# SPDX-License-Identifier: GPL-2.0-or-later
"""doc/options.md from tests/integration/option_rows.py: checks it, or writes it with --write. Each test
that the table names must be there."""
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
top = Path(sys.argv[1])
sys.path.insert(0, str(top / "tests/integration"))

from option_rows import OTHERWISE, SIDE_BY_SIDE  # noqa: E402

HEAD = """# The options of `driver = smtp` on a DANE connection

Made by tests/docs/options_page.py from tests/integration/option_rows.py; do not edit. "Side by side":
a row of tests/integration/test_side_by_side.py delivers with this option by Exim's own driver and by
ours and compares what the server got, the logs, the retry records and the queue.

| option | shown by |
|---|---|
"""


def value_of(name):
    value = SIDE_BY_SIDE[name].get(name, "")
    return "a key" if value.startswith("PEM") else f"`{value}`" if value else "empty"


def shown_by(name):
    if name in SIDE_BY_SIDE:
        return f"side by side, {value_of(name)}"
    return re.sub(r"(\w+)\(\)", r"`\1`", OTHERWISE[name])


names = sorted({*SIDE_BY_SIDE, *OTHERWISE})
page = HEAD + "".join(f"| `{name}` | {shown_by(name)} |\n" for name in names)
sources = "\n".join(path.read_text(encoding="utf-8") for folder in ("integration", "unit")
                    for path in (top / "tests" / folder).rglob("*") if path.suffix in (".py", ".cpp"))
faults = [f"{name}: in both tables" for name in names if name in SIDE_BY_SIDE and name in OTHERWISE]
for name, text in OTHERWISE.items():
    faults += [f"{name}: there is no test {test}" for test in re.findall(r"(\w+)\(\)", text)
               if f"def {test}(" not in sources and f"START_TEST({test})" not in sources]
target = top / "doc/options.md"
if "--write" in sys.argv:
    target.write_text(page, encoding="utf-8")
elif not target.exists() or target.read_text(encoding="utf-8") != page:
    faults.append("doc/options.md is not what the table makes: run tests/docs/options_page.py . --write")
print("\n".join(faults) or f"{len(names)} options")
sys.exit(bool(faults))
