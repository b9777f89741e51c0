"""What of a network is in its units, and what is in none: the content of `eznas units`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final, get_args

from torch import nn

from eznas.errors import EznasError
from eznas.options import Unit as UnitKind
from eznas.statistics.cancelled_gradients import cancelled_units
from eznas.statistics.collect import find_units
from eznas.statistics.coverage import coverage_of, coverage_warning
from eznas.statistics.inputs import Inputs
from eznas.statistics.layers import ACTIVATIONS, NORMALISATIONS
from eznas.statistics.passes import Loss
from eznas.statistics.recorder import RecordedLayer, Unit
from eznas.system.rounding import can_round_up

_NO_PARAMETERS: Final = ""
_ROLES: Final = {
    **dict.fromkeys(ACTIVATIONS.values(), "activation"),
    **dict.fromkeys(NORMALISATIONS.values(), "normalisation"),
}


@dataclass(frozen=True)
class SurveyedLayer:
    """One layer of a unit.

    Attributes:
        role: `activation`, `linear map` or `normalisation`.
        function: what it computes, such as `conv2d`.
        module: the module that holds its parameters, such as `layer1.0.conv2`; empty for a layer without any.
        parameters: how many numbers these are.
    """

    role: str
    function: str
    module: str
    parameters: int


@dataclass(frozen=True)
class SurveyedUnit:
    """One unit.

    Attributes:
        layers: in execution order.
        weight: the shape of its weight.
        output: the shape of what its last layer gives.
    """

    layers: tuple[SurveyedLayer, ...]
    weight: tuple[int, ...]
    output: tuple[int, ...]


@dataclass(frozen=True)
class Survey:
    """What a network's units are.

    Attributes:
        name: the network.
        unit: their kind.
        units: in execution order.
        outside: module to the number of its own parameters that belong to no unit.
        parameters: of the whole network.
        coverage: share of them that units hold, 0 to 1.
        counts: kind to the number of units of that kind.
        cancelled: the units whose gradient is nothing but rounding, see `cancelled_units`; None where that is not
            known, the network having no gradient or the system no way to round up.
    """

    name: str
    unit: UnitKind
    units: tuple[SurveyedUnit, ...]
    outside: dict[str, int]
    parameters: int
    coverage: float
    counts: dict[UnitKind, int]
    cancelled: tuple[int, ...] | None = None

    @property
    def warning(self) -> str | None:
        """The sentence that goes with a score from less than half of the network, or None."""
        return coverage_warning(f"{self.name!r}", self.unit, self.coverage)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "network": self.name,
            "unit": self.unit,
            "counts": self.counts,
            "parameters": self.parameters,
            "coverage": self.coverage,
            "warning": self.warning,
            "cancelled": None if self.cancelled is None else list(self.cancelled),
            "units": [
                {
                    "layers": [
                        {
                            "role": layer.role,
                            "function": layer.function,
                            "module": layer.module,
                            "parameters": layer.parameters,
                        }
                        for layer in unit.layers
                    ],
                    "weight": list(unit.weight),
                    "output": list(unit.output),
                }
                for unit in self.units
            ],
            "outside": self.outside,
        }


def survey(
    network: nn.Module, inputs: Inputs, unit: UnitKind | None = None, name: str = "unnamed", *, loss: Loss | None = None
) -> Survey:
    """Return the units of a network, which stays as it is.

    Args:
        network: as `collect` takes it.
        inputs: those of the data pass are read.
        unit: their kind; None for R-C-B, or A-L-N where the network has none of those.
        name: the network, as messages call it.
        loss: as `collect` takes it.

    Raises:
        EznasError: as `collect` raises it, the network having no unit of the kind that is asked for included.
    """
    counts: dict[UnitKind, int] = dict.fromkeys(get_args(UnitKind), 0)
    taken: tuple[UnitKind, list[Unit], nn.Module] | None = None
    reasons: dict[UnitKind, EznasError] = {}
    for kind in counts:
        try:
            units, own = find_units(network, inputs, kind, name=name, loss=loss)
        except EznasError as reason:
            reasons[kind] = reason
            continue
        counts[kind] = len(units)
        if kind == unit or (unit is None and (kind == "R-C-B" or (kind == "A-L-N" and taken is None))):
            taken = kind, units, own
    if taken is None:
        raise reasons[unit or "A-L-N"]
    chosen, units, own = taken
    names = {id(parameter): called for called, parameter in own.named_parameters()}
    inside = {id(one) for unit in units for layer in unit.layers for one in layer.parameters}
    outside: defaultdict[str, int] = defaultdict(int)
    for called, parameter in own.named_parameters():
        if id(parameter) not in inside:
            outside[called.rpartition(".")[0] or called] += parameter.numel()
    return Survey(
        name,
        chosen,
        tuple(_surveyed(one, names) for one in units),
        dict(outside),
        sum(parameter.numel() for parameter in own.parameters()),
        coverage_of(own, units),
        counts,
        _cancelled(network, inputs, chosen, name, loss),
    )


def _cancelled(
    network: nn.Module, inputs: Inputs, unit: UnitKind, name: str, loss: Loss | None
) -> tuple[int, ...] | None:
    if not can_round_up():
        return None
    try:
        return cancelled_units(network, inputs, unit, name, loss=loss)
    except EznasError:  # its units can be seen all the same
        return None


def _surveyed(unit: Unit, names: dict[int, str]) -> SurveyedUnit:
    return SurveyedUnit(
        tuple(_surveyed_layer(layer, names) for layer in unit.layers), unit.shapes["wt"], unit.shapes["act"]
    )


def _surveyed_layer(layer: RecordedLayer, names: dict[int, str]) -> SurveyedLayer:
    own = {id(one): one for one in layer.parameters if id(one) in names}
    called = [names[one] for one in own]
    module = called[0].rpartition(".")[0] or called[0] if called else _NO_PARAMETERS
    role = _ROLES.get(layer.function, "linear map")
    return SurveyedLayer(role, layer.function, module, sum(one.numel() for one in own.values()))
