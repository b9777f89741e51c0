"""Which names are meant by one that there is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

_ALIKE: Final = 0.7
_LEAST_LETTERS: Final = 3


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return known names that differ from `name` by little, or that one contains the other, the nearest first.

    Capitals, hyphens and underscores make no difference. A name that nothing is near to gets none: a wrong guess is
    worse than the list of all.
    """
    plain = {_plain(one): one for one in known}
    wanted = _plain(name)
    near = difflib.get_close_matches(wanted, plain, n=most, cutoff=_ALIKE)
    if len(wanted) >= _LEAST_LETTERS:
        near += [one for one in plain if len(one) >= _LEAST_LETTERS and (one in wanted or wanted in one)]
    return [plain[one] for one in dict.fromkeys(near)][:most]


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
