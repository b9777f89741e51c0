"""A page as a test reads it: whether its tags are balanced, its sections, its texts, and what it refers to."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "img", "input", "link", "wbr"}
SELF_CLOSING_IN_XML = {"path", "circle", "rect", "mspace"}
REFERENCES = {"src", "href", "srcset", "data", "action", "poster", "xlink:href"}


class ParsedPage(HTMLParser):
    """The page, read once.

    Attributes:
        unbalanced: what is wrong with its tags.
        sections: identifiers of its sections.
        references: values of attributes that name something to load or to go to.
        texts: its texts by the tag around them.
        unlabelled: figures without a text for who cannot see them.
        classes: all classes that its elements have.
    """

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.unbalanced, self.sections, self.references = [], [], [], []
        self.texts, self.unlabelled, self.classes, self.tags = {}, [], set(), set()
        self.feed(page)
        self.close()
        self.unbalanced += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self._note(tag, given)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self._note(tag, dict(attributes))
        if tag not in SELF_CLOSING_IN_XML:
            self.unbalanced.append(f"<{tag}/> is no empty element")

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.unbalanced.append(f"</{tag}> within {self.open}")
        else:
            self.open.pop()

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def text(self):
        return " ".join(" ".join(part for tag, parts in self.texts.items() if tag != "style" for part in parts).split())

    def _note(self, tag, given):
        self.tags.add(tag)
        self.classes.update((given.get("class") or "").split())
        self.references += [given[name] for name in REFERENCES if given.get(name)]
        if tag == "section":
            self.sections.append(given["id"])
        labelled = given.get("aria-label") or given.get("alt")
        if tag in ("svg", "img", "math") and not labelled:
            self.unlabelled.append(tag)
