"""How large formulas may be; apart from the search, so that help texts need no compiled code."""

from __future__ import annotations

from typing import Final

MAXIMUM_NODES: Final = 24
"""The most nodes, operations and leaves, of a formula; a join of two terms is one."""

MAXIMUM_TERMS: Final = 3
"""The most terms of a formula."""
