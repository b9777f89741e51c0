"""A proxy as text for use outside of eznas: a format is one file here with a function `export`, and one line."""

from __future__ import annotations

import importlib
from typing import Final, Literal, get_args

from eznas.errors import EznasError
from eznas.proxies.proxy import Proxy

Format = Literal["python", "sympy", "latex", "json", "dot"]
"""What a proxy can be exported as."""

_MODULES: Final[dict[Format, str]] = {
    "python": "eznas.export.python_file",
    "sympy": "eznas.export.sympy_file",
    "latex": "eznas.export.latex_text",
    "json": "eznas.export.json_file",
    "dot": "eznas.export.dot_graph",
}


def export(proxy: Proxy, to: str) -> str:
    """Return a proxy as text.

    Args:
        proxy: any program with how its score is computed.
        to: `python`, one file with PyTorch code that gives the score; `sympy`, Python code that builds the formula as a
            symbolic expression; `latex`, a displayed formula; `json`, the file that eznas reads; `dot`, a graph.

    Raises:
        EznasError: there is no such format.
    """
    for name, module in _MODULES.items():
        if name == to:
            text: str = importlib.import_module(module).export(proxy)
            return text
    raise EznasError(f"A proxy cannot be exported to {to!r}: choose one of {', '.join(get_args(Format))}.")
