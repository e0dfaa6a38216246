#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The page doc/MATRIX.md, from the reports that scripts/matrix leaves in a directory: FLAVOUR.version (what
`exim -bV` says), FLAVOUR.configurations.xml and FLAVOUR.integration.xml (JUnit); and FLAVOUR.cost.json, where
scripts/bench --builds has measured."""
import collections
import datetime
import re
import sys
import xml.etree.ElementTree as tree
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/bench"))

import builds as costs  # noqa: E402  (needs the path above)

PASSED, FAILED, NOT_APPLICABLE = range(3)
HEAD = """# Which Exim: what was run

Made by `scripts/matrix` (`scripts/test --all`); not to be edited. A cell has the tests passed, failed, and not
applicable, those that need what this Exim is built without; "not run": the report has none of the group.

"""


class MatrixError(Exception):
    pass


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return FAILED
    return NOT_APPLICABLE if case.find("skipped") is not None else PASSED


def group_of(case):
    """"configurations.1700" or "integration.test_tls"."""
    name = case.get("classname")
    if name.startswith("configurations."):
        return name
    file = re.search(r"\btest_\w+", name or case.get("name"))
    if not file:
        raise MatrixError(f"no group: {name} {case.get('name')}")
    return f"integration.{file[0]}"


def counts(report):
    """{group: [passed, failed, not applicable]}"""
    found = collections.defaultdict(lambda: [0, 0, 0])
    for case in tree.parse(report).iter("testcase"):
        found[group_of(case)][outcome(case)] += 1
    if not found:
        raise MatrixError(f"{report}: no test")
    return found


class Build:
    def __init__(self, version):
        self.flavour = version.name.removesuffix(".version")
        text = version.read_text(encoding="utf-8")
        self.version = re.search(r"Exim version (\S+)", text)[1]
        self.features = re.search(r"^Support for: (.*)$", text, re.MULTILINE)[1].split()
        reports = sorted(version.parent.glob(f"{self.flavour}.*.xml"))
        if not reports:
            raise MatrixError(f"{self.flavour}: no report")
        self.day = datetime.date.fromtimestamp(max(report.stat().st_mtime for report in reports))
        self.counts = {}
        for report in reports:
            self.counts.update(counts(report))

    def cell(self, groups):
        known = [self.counts[group] for group in groups if group in self.counts]
        if not known:
            return "not run"
        return " / ".join(str(sum(figures)) for figures in zip(*known))

    def without(self, others):
        """Features that another build has and this one has not."""
        every = {feature for other in others for feature in other.features}
        return sorted(every.difference(self.features))


def purposes():
    """{"configurations.1000": "1000 DANE basics"} from the suite's page."""
    page = (TOP / "testsuite-configs/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d\d00) \| (.*) \|$", page, re.MULTILINE)
    return {f"configurations.{number}": f"{number} {text}" for number, text in rows}


def table(builds):
    groups = sorted({group for build in builds for group in build.counts})
    names = purposes()
    rows = [("**all**", groups)]
    rows += [(f"**{kind}**", [group for group in groups if group.startswith(kind)])
             for kind in ("configurations", "integration")]
    rows += [(names.get(group, group.split(".")[1]), [group]) for group in groups]
    lines = [["group", *(build.flavour for build in builds)], ["---"] * (len(builds) + 1)]
    lines += [[name, *(build.cell(of) for build in builds)] for name, of in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page(folder):
    builds = [Build(version) for version in sorted(folder.glob("*.version"))]
    if not builds:
        raise MatrixError(f"{folder}: no FLAVOUR.version there")
    lines = ["| build | Exim | TLS | without, of what others have | date |", "|---|---|---|---|---|"]
    for build in builds:
        tls = "GnuTLS" if "GnuTLS" in build.features else "OpenSSL"
        lacks = [feature for feature in build.without(builds) if feature not in ("GnuTLS", "OpenSSL")]
        lines.append(f"| {build.flavour} | {build.version} | {tls} | {', '.join(lacks) or '-'} | {build.day} |")
    cost = costs.section(folder)
    return HEAD + "\n".join(lines) + "\n\n" + table(builds) + "\n" + (f"\n{cost}" if cost else "")


if __name__ == "__main__":
    try:
        print(page(Path(sys.argv[1])), end="")
    except (MatrixError, OSError, tree.ParseError) as error:
        sys.exit(f"matrix: {error}")
