"""The style sheet of every page: light and dark by the reader's setting, from a phone's width to print."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --ground: #f4f6f8; --paper: #ffffff; --ink: #1b2027; --muted: #55606c; --line: #d5dbe1; --soft: #eef2f6;
  --first: #1763ac; --second: #b5460f; --third: #2b7743; --fourth: #7546ad; --warn: #8a4b00; --warn-ground: #fff4de;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1216; --paper: #171c22; --ink: #e7ecf1; --muted: #a2adb8; --line: #333c46; --soft: #212830;
    --first: #76b5f4; --second: #f4945a; --third: #68c98a; --fourth: #c0a0ee; --warn: #ffca80; --warn-ground: #33260f;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 74rem; margin: 0 auto; padding: 1rem; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: clamp(1.35rem, 1rem + 2vw, 2rem); margin: .3rem 0 1rem; }
h2 { font-size: 1.25rem; margin: 0 0 .6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p { margin: .5rem 0; max-width: 46rem; }
a { color: var(--first); }
.kicker, .note, figcaption, .muted { color: var(--muted); font-size: .875rem; }
.kicker, figcaption { overflow-wrap: anywhere; }
.kicker { margin: 0; }
section, .answer {
  background: var(--paper); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; margin: 0 0 1rem;
}
.answer { border-top: 4px solid var(--first); }
nav { margin: 0 0 1rem; font-size: .875rem; display: flex; flex-wrap: wrap; gap: .3rem 1rem; }
.formula {
  overflow-x: auto; padding: .9rem 1rem; margin: .8rem 0; background: var(--soft); border-radius: .5rem;
  font-size: 1.3rem;
}
.formula math { display: inline-block; font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", math, serif; }
math .bold { font-weight: 700; }
code { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre {
  font: .8125rem/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--soft);
  border-radius: .5rem; padding: .75rem 1rem; margin: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere;
}
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.figures > div { border: 1px solid var(--line); border-radius: .5rem; padding: .7rem .9rem; }
.figures dt { color: var(--muted); font-size: .8125rem; }
.figures dd { margin: 0; }
.figures .value { font-size: 1.6rem; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.25; }
.figures .beside { color: var(--muted); font-size: .8125rem; font-variant-numeric: tabular-nums; }
.verdict { font-size: 1.0625rem; }
.warnings { list-style: none; margin: .8rem 0 0; padding: 0; max-width: 60rem; }
.warnings li {
  background: var(--warn-ground); border-left: 4px solid var(--warn); border-radius: 0 .4rem .4rem 0;
  padding: .5rem .8rem; margin: .4rem 0;
}
.warnings strong { color: var(--warn); }
.wide { overflow-x: auto; margin: .5rem 0 1rem; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); padding: .3rem 0; min-width: 16rem; }
th, td { padding: .35rem .75rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th, td { white-space: nowrap; }
thead th { color: var(--muted); font-weight: 600; border-bottom-width: 2px; }
tbody th { font-weight: 600; }
.number { text-align: right; }
.pairs th { font-weight: 400; color: var(--muted); }
.pairs td { white-space: normal; overflow-wrap: anywhere; min-width: 12rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 1rem 2rem; }
figure { margin: 0 0 .5rem; min-width: 0; }
figure > h3 { margin-top: 0; }
figure svg { display: block; width: 100%; height: auto; max-width: 33rem; }
.trees { display: flex; flex-wrap: wrap; gap: 0 2.5rem; }
.trees figure { max-width: 100%; }
.tree { overflow-x: auto; }
figure .tree svg { width: auto; max-width: none; }
figure img { max-width: 100%; height: auto; background: #fff; border-radius: .5rem; }
.legend {
  list-style: none; display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: 0; padding: 0; font-size: .8125rem;
}
.legend span { display: inline-block; width: .75rem; height: .75rem; border-radius: 50%; margin-right: .4rem; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .tick { fill: var(--muted); }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis { stroke: var(--muted); stroke-width: 1; }
svg .stroke { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .interval { stroke-width: 1.5; }
svg .hollow { fill: var(--paper); stroke-width: 1.5; }
svg .dot { fill-opacity: .6; }
svg .edge { stroke: var(--muted); stroke-width: 1.25; fill: none; }
svg .node { fill: var(--soft); stroke: var(--line); }
svg .leaf { fill: var(--paper); stroke: var(--first); }
svg .tree-text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.fill-1 { fill: var(--first); background: var(--first); } .line-1 { stroke: var(--first); }
.fill-2 { fill: var(--second); background: var(--second); } .line-2 { stroke: var(--second); }
.fill-3 { fill: var(--third); background: var(--third); } .line-3 { stroke: var(--third); }
.fill-4 { fill: var(--fourth); background: var(--fourth); } .line-4 { stroke: var(--fourth); }
.mark-0 { border: 1.5px solid var(--muted); } .mark-3 { border: 1.5px solid var(--third); }
.line-0 { stroke: var(--muted); }
.fill-0 { fill: var(--muted); background: var(--muted); }
footer { color: var(--muted); font-size: .8125rem; padding: .5rem 0 2rem; }
@media (max-width: 40rem) {
  main { padding: .6rem; }
  section, .answer { padding: .9rem; border-radius: .5rem; }
  .formula { font-size: 1.1rem; padding: .7rem; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .5rem; }
  .figures > div { padding: .5rem .6rem; }
  .figures > div:last-child:nth-child(odd) { grid-column: 1 / -1; }
  .figures .value { font-size: 1.3rem; }
}
@media print {
  :root {
    color-scheme: light;
    --ground: #fff; --paper: #fff; --ink: #000; --muted: #444; --line: #bbb; --soft: #f2f2f2;
    --first: #1763ac; --second: #b5460f; --third: #2b7743; --fourth: #7546ad; --warn: #6b3a00; --warn-ground: #fff;
  }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  section, .answer { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: .6rem 0; }
  figure, tr, .figures > div, .warnings li { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  .wide, .formula, .tree { overflow: visible; }
  .formula { font-size: 1rem; padding: .4rem .6rem; }
  .charts { grid-template-columns: 1fr 1fr; }
  figure .tree svg { max-width: 100%; }
  .figures { grid-template-columns: repeat(5, 1fr); }
  .figures .value { font-size: 1.2rem; }
  .figures > div { padding: .4rem .5rem; }
  table { font-size: 7.5pt; }
  th, td { white-space: normal; padding: .15rem .4rem; }
}
"""
