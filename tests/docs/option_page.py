# SPDX-License-Identifier: GPL-2.0-or-later
"""Our options: the table in the code, the manual page and the configuration check name the same."""
import re
import sys
from pathlib import Path

top = Path(sys.argv[1])
table = re.findall(r"OWN\((dane_\w+)\)", (top / "module/shim/option_table.c").read_text())
page = (top / "doc/man/danesmtp_transport.5.scd").read_text()
section = page.split("# OPTIONS\n", 1)[1].split("\n# ", 1)[0]
documented = re.findall(r"^\*(dane_\w+)\*$", section, re.MULTILINE)
checks = [(top / "module" / path).read_text() for path in ("shim/option_check.c", "dns/resolver_option.c")]
checked = set(re.findall(r'"(dane_\w+)"', "".join(checks)))

faults = []
if not table:
    faults.append("no option found in option_table.c")
if sorted(table) != table:
    faults.append("the table is not sorted")
faults += [f"{name}: not in the manual page" for name in table if name not in documented]
faults += [f"{name}: in the manual page, not in the table" for name in documented if name not in table]
# A domain list is read by Exim, at delivery.
faults += [f"{name}: its value is not checked" for name in table
           if name not in checked and not name.endswith("_domains")]
print("\n".join(faults) or f"{len(table)} options agree")
sys.exit(bool(faults))
