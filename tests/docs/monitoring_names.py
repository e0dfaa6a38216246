#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the alert rules and the dashboard ask for is what the tool writes: each metric with each of its labels.

    monitoring_names.py TOP
"""
import json
import re
import sys
from pathlib import Path

top = Path(sys.argv[1])
sources = "".join((top / "tools/danesmtp" / name).read_text(encoding="utf-8")
                  for name in ("prometheus_file.cpp", "report/prometheus_form.cpp"))
written = set(re.findall(r'(?:metric|single)\("(danesmtp_\w+)"', sources.replace("\n", "").replace("    ", "")))
labels = set(re.findall(r'label\("(\w+)"', sources)) | {"instance"}
dashboard = json.loads((top / "packaging/monitoring/grafana-dashboard.json").read_text(encoding="utf-8"))
rules = (top / "packaging/monitoring/danesmtp.rules.yml").read_text(encoding="utf-8")
asked = [one["expr"] for panel in dashboard["panels"] for one in panel["targets"]]
asked += re.findall(r"^ +expr: (.+)$", rules, re.MULTILINE) + [
    one["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"]

faults = [] if len(written) >= 10 and len(asked) >= 10 else [f"found {len(written)} metrics and {len(asked)} expressions"]
for expression in asked:
    faults += [f"{name}: nothing writes it: {expression}" for name in re.findall(r"danesmtp_\w+", expression)
               if name not in written]
    used = re.findall(r"(\w+)=~?\"", expression) + re.findall(r"\w+", ",".join(re.findall(r"by \(([^)]*)\)", expression)))
    faults += [f"{label}: no label of ours: {expression}" for label in used if label not in labels]
used = set(re.findall(r"\$labels\.(\w+)", rules)) | {
    name for panel in dashboard["panels"] for one in panel["targets"] for name in re.findall(r"{{(\w+)}}", one["legendFormat"])}
faults += [f"{label}: no label of ours" for label in sorted(used - labels)]
print("\n".join(faults) or f"{len(asked)} expressions ask for what is written")
sys.exit(bool(faults))
