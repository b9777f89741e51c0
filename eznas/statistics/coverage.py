"""The share of a network's parameters that its units cover."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from torch import nn

from eznas.statistics.modules import modules_of, parameters_in
from eznas.statistics.recorder import Unit

ENOUGH: Final = 0.5
"""Below this coverage, a score says so."""


def coverage_of(network: nn.Module, units: Iterable[Unit]) -> float:
    """Return the share of the numbers among a network's parameters that layers of units have; 1 where it has none."""
    covered = {
        id(parameter): parameter.numel() for unit in units for layer in unit.layers for parameter in layer.parameters
    }
    own = {id(parameter): parameter.numel() for parameter in parameters_in(modules_of(network))}
    if not own:
        return 1.0
    return sum(covered[one] for one in covered.keys() & own.keys()) / sum(own.values())


def coverage_warning(name: str, unit: str, coverage: float) -> str | None:
    """Return the sentence that goes with a score from less than half of a network; None where that is not so."""
    if coverage >= ENOUGH:
        return None
    others = "" if unit == "A-L-N" else " (--unit A-L-N takes all linear maps)"
    return (
        f"The score of {name} comes from less than half of it: its {unit} units hold {coverage:.0%} of the "
        f"parameters{others}."
    )
