"""Genomes: how evolution represents a program. A new kind is one module with a `KIND`, and one line here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from eznas.errors import EznasError

if TYPE_CHECKING:
    from eznas.genomes.base import GenomeKind

# Modules by name, imported when asked for: listing the names must not cost the import of numpy.
_MODULES: Final = {
    "tree": "eznas.genomes.tree",
    "sequential": "eznas.genomes.sequential",
    "feature-tree": "eznas.genomes.feature_tree",
}


def names() -> tuple[str, ...]:
    """Return the names of all genome kinds, the default first."""
    return tuple(_MODULES)


def get(kind: str) -> GenomeKind:
    """Return the genome kind of this name.

    Raises:
        EznasError: there is none.
    """
    if kind not in _MODULES:
        raise EznasError(f"Unknown genome '{kind}'; choose one of: {', '.join(_MODULES)}.")
    genome_kind: GenomeKind = import_module(_MODULES[kind]).KIND
    return genome_kind
