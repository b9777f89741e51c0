"""The page of an experiment: what it wrote as Markdown, or the sentences of its result, with its plots in the file."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final

from eznas.errors import EznasError
from eznas.files import LARGEST_TABLE, json_text, read_regular
from eznas.report.html.folders import read_object
from eznas.report.html.markdown import markdown_sections, title_of
from eznas.report.html.page import FOOTER, Section, html_page, paragraphs

RECORD: Final = "experiment.json"
_OPENING: Final = "What was found"
_SENTENCES: Final = ("description", "observation", "verdict")
_LISTS: Final = ("benchmarks", "comparisons")


def is_experiment(folder: Path) -> bool:
    """Return whether a folder is an experiment's."""
    return (folder / RECORD).is_file()


def experiment_page(folder: Path) -> str:
    """Return the page of the experiment in a folder.

    Raises:
        EznasError: it has no result yet, or a file in it is damaged.
    """
    record = read_object(folder / RECORD)
    texts = [_text(path) for path in sorted(folder.glob("*.md"))]
    results = [path for path in sorted(folder.glob("*.json")) if path.name != RECORD]
    if not texts and not results:
        raise EznasError(f"{folder} has no result yet: the command that began the experiment goes on with it.")
    if texts:
        sections = [
            one for number, text in enumerate(texts) for one in markdown_sections(text, f"part{number}", _OPENING)
        ]
    else:
        sections = [Section("found", _OPENING, paragraphs(_sentences(read_object(path)))) for path in results]
    plots = "\n".join(_plot(path) for path in sorted(folder.glob("*.svg")))
    if plots:
        sections.insert(1, Section("plots", "As a plot", plots))
    name = str(record.get("experiment", folder.name))
    title = next((found for text in texts if (found := title_of(text))), f"Experiment {name}")
    answer = (
        f'<p class="kicker">Experiment {escape(name)}, {escape(folder.name)}</p>\n<h1>{escape(title)}</h1>\n'
        + paragraphs([verdict for path in results if (verdict := read_object(path).get("verdict"))], "verdict")
    )
    return html_page(f"{title}: eznas report", answer, [*sections, _again(folder, record)], FOOTER)


def _again(folder: Path, record: Mapping[str, Any]) -> Section:
    commands = [_command(one.get("command", [])) for one in record.get("sessions", []) if isinstance(one, dict)]
    html = [f"<pre>{escape(command)}</pre>" for command in dict.fromkeys(commands) if command]
    html.append(f"<h3>See it as a page</h3>\n<pre>{escape(f'eznas report {shlex.quote(str(folder))}')}</pre>")
    html.append(f"<h3>All settings</h3>\n<pre>{escape(json_text(record.get('settings', {})))}</pre>")
    return Section("again", "The same again", "\n".join(html))


def _command(words: list[str]) -> str:
    """Return a command line as a user would give it, whatever path the program was started by."""
    if words and Path(words[0]).name in ("eznas", "__main__.py"):
        words = ["eznas", *words[1:]]
    return shlex.join(words)


def _sentences(content: Mapping[str, Any]) -> list[str]:
    found = [str(content[key]) for key in _SENTENCES if content.get(key)]
    for key in _LISTS:
        entries = content.get(key, [])
        found += [one["sentence"] for one in entries if isinstance(one, dict) and "sentence" in one]
    return found or [json.dumps(content, ensure_ascii=False)[:2000]]


def _plot(path: Path) -> str:
    content = base64.b64encode(read_regular(path, LARGEST_TABLE)).decode("ascii")
    name = path.stem.replace("_", " ").replace("-", " ")
    about = f"Plot of {escape(name)}; its numbers stand in the tables"
    return f'<figure><img alt="{about}" src="data:image/svg+xml;base64,{content}"></figure>'


def _text(path: Path) -> str:
    try:
        return read_regular(path, LARGEST_TABLE).decode(errors="replace")
    except OSError as error:
        raise EznasError(f"{path} cannot be read: {error.strerror}.") from error
