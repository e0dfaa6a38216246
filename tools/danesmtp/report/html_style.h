// SPDX-License-Identifier: GPL-2.0-or-later
// What the page of `danesmtp report --html` begins with: how it looks on a screen of any width, in
// the dark and on paper. The policy in it keeps any browser from loading or running anything.
#pragma once

namespace danesmtp::tool {

inline constexpr const char* kHtmlHead = R"html(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mail and DANE</title>
<style>
:root { --paper: #fff; --ink: #1d2329; --soft: #5b6670; --line: #d8dee3; --dane: #00735c;
  --verified: #4a9fd4; --encrypted: #e3a018; --clear: #c2452d; --deferred: #7d6ba8; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181c; --ink: #e4e8eb; --soft: #9aa5ae;
  --line: #333c44; --dane: #27b393; } }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.45 system-ui, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1 { margin: 0 0 .3rem; font-size: 1.7rem; } h2 { margin: 2.2rem 0 .2rem; font-size: 1.2rem; }
p { margin: .2rem 0 .8rem; } small, footer, section > p { color: var(--soft); }
em { font: 600 .7rem system-ui, sans-serif; color: var(--soft); border: 1px solid var(--line);
  border-radius: 3px; padding: 0 .25rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem;
  margin: 1rem 0 .6rem; }
.tile { border: 1px solid var(--line); border-radius: 6px; padding: .5rem .7rem; }
.tile b { font-size: 1.35rem; } .tile i { display: inline-block; width: .8rem; height: .8rem;
  border-radius: 2px; margin-right: .4rem; }
i.dane { background: var(--dane); } i.verified { background: var(--verified); }
i.encrypted { background: var(--encrypted); } i.clear { background: var(--clear); }
svg { display: block; width: 100%; } svg.days { height: 15rem; } svg.bar { height: 1rem; }
.dane { fill: var(--dane); } .verified { fill: var(--verified); }
.encrypted { fill: var(--encrypted); } .clear { fill: var(--clear); }
.deferred { fill: var(--deferred); }
.grid { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.axis { display: flex; justify-content: space-between; color: var(--soft); font-size: .85rem; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .5rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
td { text-align: right; white-space: nowrap; }
tbody th, td small { white-space: normal; overflow-wrap: anywhere; }
td small { display: inline-block; min-width: 12rem; } footer { margin-top: 1rem; }
thead th { white-space: nowrap; color: var(--soft); font-weight: 500; font-size: .85rem; text-align: right; }
thead th:first-child, .text { text-align: left; } tbody th { font-weight: 500; min-width: 9rem; }
td:has(svg) { width: 35%; min-width: 6rem; }
summary { cursor: pointer; color: var(--soft); margin: .6rem 0; }
@media (max-width: 40rem) {
  .tile b::after { content: "\a"; white-space: pre; }
  thead { display: none; } tr { display: flex; flex-wrap: wrap; column-gap: 1.2rem; padding: .4rem 0;
    border-bottom: 1px solid var(--line); }
  th, td { display: block; border: 0; padding: .1rem 0; text-align: left; white-space: normal; }
  tbody th, td:has(svg), td.text { flex: 1 0 100%; width: auto; }
  td:empty, svg:empty { display: none; } td small { display: inline; }
  td:not(:has(svg))::before { content: attr(data-is) " "; color: var(--soft); }
}
@media print {
  :root { --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --dane: #00735c; }
  body { font-size: 10pt; } main { max-width: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section, tr, .tile { break-inside: avoid; } section:has(table) { break-inside: auto; }
  h2 { break-after: avoid; }
}
</style></head><body><main>
)html";

}  // namespace danesmtp::tool
