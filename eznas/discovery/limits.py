"""How large formulas may be; apart from the search, so that help texts need no compiled code."""

from __future__ import annotations

from typing import Final

MAXIMUM_NODES: Final = 24
"""The most nodes, operations and leaves, of a formula that evolves; a join of two terms is one."""

MAXIMUM_TERMS: Final = 3
"""The most terms of a formula."""

MAXIMUM_JOINED_NODES: Final = MAXIMUM_TERMS * MAXIMUM_NODES + MAXIMUM_TERMS - 1
"""The most nodes of a formula that joins formulas of one term."""
