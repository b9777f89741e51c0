from __future__ import annotations

from eznas.report.html.markdown import markdown_sections, title_of

TEXT = """# A study of `a<b`

Means over *two* seeds,
**best** first; 3 * 4 * 5.

- one
- two `*x*`

## Results

| method | tau |
| :-- | --: |
| trees <1> | **0.5** |
| | 0.4 |
"""


def test_a_study_becomes_sections():
    opening, results = markdown_sections(TEXT, "part0", "What was found")
    assert title_of(TEXT) == "A study of `a<b`"
    assert (opening.anchor, opening.title, results.anchor, results.title) == (
        *("part0-0", "What was found"),
        *("part0-1", "Results"),
    )
    assert opening.body == (
        "<p>Means over <em>two</em> seeds, <strong>best</strong> first; 3 * 4 * 5.</p>\n"
        "<ul>\n<li>one</li>\n<li>two <code>*x*</code></li>\n</ul>"
    )
    assert '<th scope="col">method</th><th scope="col" class="number">tau</th>' in results.body
    assert '<tr><th scope="row">trees &lt;1&gt;</th><td class="number"><strong>0.5</strong></td></tr>' in results.body
    assert '<tr><th scope="row"></th><td class="number">0.4</td></tr>' in results.body


def test_a_text_without_headings_is_one_section():
    (only,) = markdown_sections("nothing but this", "p", "Found")
    assert (only.title, only.body) == ("Found", "<p>nothing but this</p>")
    assert title_of("nothing") == ""
