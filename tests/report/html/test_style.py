from __future__ import annotations

import re

import pytest

from eznas.report.html.style import STYLE

PALETTES = {
    name: dict(re.findall(r"(--[\w-]+): (#[0-9a-f]+)", root))
    for name, root in zip(("light", "dark", "print"), re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL), strict=True)
}
TEXTS = [
    *(("ink", on) for on in ("ground", "paper", "soft", "warn-ground")),
    *(("muted", on) for on in ("ground", "paper", "soft")),
    *(("first", on) for on in ("ground", "paper")),
    ("warn", "warn-ground"),
]
MARKS = [(colour, "paper") for colour in ("first", "second", "third", "fourth", "muted")]


def luminance(colour):
    digits = colour.removeprefix("#")
    digits = digits if len(digits) == 6 else "".join(digit * 2 for digit in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("palette", PALETTES)
def test_texts_and_marks_have_the_contrast_that_wcag_asks_for(palette):
    colours = PALETTES[palette]
    for least, pairs in ((4.5, TEXTS), (3.0, MARKS)):
        for one, other in pairs:
            lower, higher = sorted(luminance(colours[f"--{name}"]) for name in (one, other))
            assert (higher + 0.05) / (lower + 0.05) >= least, (one, other)
