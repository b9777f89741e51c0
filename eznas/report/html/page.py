"""The skeleton of a page: everything in one file, nothing loaded from elsewhere, no script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from eznas.report.html.style import STYLE

# No request can leave the page, whatever a formula or a benchmark is called.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

FOOTER: Final = "Made by eznas from the files of its folder; it loads nothing from elsewhere."


@dataclass(frozen=True)
class Section:
    """A part of a page under a heading.

    Attributes:
        anchor: its identifier, of lower-case letters and hyphens.
        title: text.
        body: HTML whose texts are escaped already.
    """

    anchor: str
    title: str
    body: str

    def html(self) -> str:
        """Return the section as HTML."""
        heading = f'<h2 id="{self.anchor}-title">{escape(self.title)}</h2>'
        return f'<section id="{self.anchor}" aria-labelledby="{self.anchor}-title">\n{heading}\n{self.body}\n</section>'


def html_page(title: str, answer: str, sections: Sequence[Section], footer: str) -> str:
    """Return a page.

    Args:
        title: text, of the browser's window.
        answer: HTML that stands first; it has the page's `h1`.
        sections: what follows; a line of links leads to them.
        footer: text.
    """
    links = "\n".join(f'<a href="#{one.anchor}">{escape(one.title)}</a>' for one in sections)
    navigation = f'<nav aria-label="On this page">\n{links}\n</nav>\n' if len(sections) > 1 else ""
    body = "\n".join(one.html() for one in sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<header class="answer">\n{answer}\n</header>\n{navigation}{body}\n'
        f"<footer>{escape(footer)}</footer>\n</main>\n</body>\n</html>\n"
    )


def paragraphs(texts: Iterable[str], kind: str = "") -> str:
    """Return texts as paragraphs, all of one class."""
    attribute = f' class="{kind}"' if kind else ""
    return "\n".join(f"<p{attribute}>{escape(text)}</p>" for text in texts)


def missing(what: str, command: str) -> str:
    """Return the sentence that stands where an older folder lacks what a section shows."""
    return f'<p class="note">{escape(what)} <code>{escape(command)}</code></p>'
