"""The settings of an enumeration, each stated once."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields
from typing import Final

from eznas.errors import EznasError
from eznas.ops.catalogue import BY_NAME as OPERATION_OF
from eznas.options import FeatureSource, ThirdPass, Unit
from eznas.terminals import BY_NAME as TERMINAL_OF

DEFAULT_TERMINALS: Final = ("wt", "wt_grad.data", "inp_grad.data", "inp_grad.noise", "act_grad.data")
DEFAULT_OPERATIONS: Final = (
    "product",
    "abs_log",
    "power",
    "sign",
    "relu",
    "sigmoid",
    "softmax",
    "normalize",
    "log_determinant",
    "l1_norm",
    "frobenius_norm",
    "numel",
)


@dataclass(frozen=True)
class EnumerationSettings:
    """What an enumeration depends on.

    Attributes:
        benchmark: the name of a benchmark, or the path of a table.
        networks: that formulas are compared on.
        validation: other networks that the best formulas are ranked on.
        held_out: networks that they are judged on, fewer where there are no more.
        batch_size: images that every network sees.
        seed: of everything that is drawn.
        unit: the layers that make a unit.
        third_pass: the third pass as it is, or minus the data pass.
        features: where features come from.
        terminals: names of the statistics that enumerated features are made of.
        operations: names of the operations that they are made with.
        depth: the most operations on the way from a statistic to the tensor whose mean a feature is.
        maximum_features: the enumeration of features ends there.
        sample_networks: the first networks, on whose units programs are compared.
    """

    benchmark: str = "digits"
    networks: int = 200
    validation: int = 100
    held_out: int = 1000
    batch_size: int = 1
    seed: int = 0
    unit: Unit = "R-C-B"
    third_pass: ThirdPass = "perturbed"
    features: FeatureSource = "enumerated"
    terminals: tuple[str, ...] = DEFAULT_TERMINALS
    operations: tuple[str, ...] = DEFAULT_OPERATIONS
    depth: int = 2
    maximum_features: int = 1000
    sample_networks: int = 3

    def __post_init__(self) -> None:
        leasts = {"networks": 2, "validation": 0, "held_out": 0, "depth": 0, "maximum_features": 1}
        for name, least in (leasts | {"sample_networks": 1}).items():
            if getattr(self, name) < least:
                raise EznasError(f"{name} is {getattr(self, name)}; it must be {least} or more.")
        if self.sample_networks > self.networks and self.features != "bank":
            raise EznasError(
                f"sample_networks is {self.sample_networks}; the sample is of the {self.networks} networks that "
                "formulas are compared on, so give no more."
            )
        for names, known, what in (
            (self.terminals, TERMINAL_OF, "statistic"),
            (self.operations, OPERATION_OF, "operation"),
        ):
            for name in names:
                if name not in known:
                    raise EznasError(f"There is no {what} {name!r}: choose from {', '.join(known)}.")
            if len(set(names)) < len(names):
                repeated = next(name for name in names if names.count(name) > 1)
                raise EznasError(f"The {what} {repeated} is given twice: leave one out.")
        if not self.terminals and self.features != "bank":
            raise EznasError("Features are made of statistics: give at least one --terminal.")

    @property
    def command(self) -> str:
        """The command that makes an enumeration with these settings."""
        words = ["eznas", "enumerate", "--benchmark", self.benchmark]
        for one in fields(self):
            value, option = getattr(self, one.name), f"--{one.name.replace('_', '-')}"
            if one.name in ("terminals", "operations"):
                chosen = value if value != one.default else ()
                words += [word for name in chosen for word in (option.removesuffix("s"), name)]
            elif one.name == "seed" or (one.name != "benchmark" and value != one.default):
                words += [option, str(value)]
        return shlex.join(words)
