"""A self-contained HTML page: one template, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from html import escape
from string import Template
from typing import Final

_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; color: #1b1f24; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid #d8dee4; text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
td.best { font-weight: 700; background: #dff3e3; }
td.second { font-style: italic; background: #f1f8f2; }
td.missing { color: #8a5a00; background: #fff8e5; }
td small { display: block; color: #59636e; font-weight: 400; font-style: normal; }
code { font-size: .9em; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>$title</h1>
$body
</body>
</html>
""")


def html_page(title: str, body: str) -> str:
    """Return a page; `title` is text, `body` is HTML whose texts are escaped already."""
    return _PAGE.substitute(title=escape(title), body=body)
