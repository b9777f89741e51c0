"""What of a network's statistics is collected, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, get_args

import torch

from eznas.errors import EznasError
from eznas.options import ThirdPass, Unit
from eznas.terminals import PASSES, TERMINAL_COUNT, TERMINALS

_ALL_TERMINALS: Final = frozenset(range(TERMINAL_COUNT))


@dataclass(frozen=True, slots=True)
class CollectionSettings:
    """What to collect, and how.

    Attributes:
        unit: the layers of a unit: `R-C-B` (ReLU, Conv2d, BatchNorm2d) or `C-B-R`.
        third_pass: `perturbed`, or `difference` for its tensors minus those of the data pass, as the method's
            published code stores them.
        device: `cpu`, `cuda` or `cuda:N`; statistics end up on the CPU.
        terminals: the addresses to collect; None for all 22. Passes, and backward passes, that none of them needs
            are skipped, and what is collected has the same bits as in the full collection.

    Raises:
        EznasError: a value is none of these, or the device is not there.
    """

    unit: Unit = "R-C-B"
    third_pass: ThirdPass = "perturbed"
    device: str = "cpu"
    terminals: frozenset[int] | None = None

    def __post_init__(self) -> None:
        if self.unit not in get_args(Unit):
            raise EznasError(f"There is no unit kind {self.unit!r}: choose {' or '.join(get_args(Unit))}.")
        if self.third_pass not in get_args(ThirdPass):
            raise EznasError(f"There is no third pass {self.third_pass!r}: choose {' or '.join(get_args(ThirdPass))}.")
        if self.terminals is not None and not (self.terminals and self.terminals <= _ALL_TERMINALS):
            raise EznasError(
                f"The terminals {sorted(self.terminals)} cannot be collected: "
                f"give at least one address, each from 0 to {TERMINAL_COUNT - 1}."
            )
        _check_device(self.device)

    @property
    def collected(self) -> frozenset[int]:
        """The addresses that the statistics hold: `terminals`, and what a difference is taken from."""
        terminals = _ALL_TERMINALS if self.terminals is None else self.terminals
        if self.third_pass == "difference":
            terminals |= {address - 2 for address in terminals if TERMINALS[address].input == "perturbed"}
        return terminals

    @property
    def needs_gradients(self) -> bool:
        """Whether any of the terminals is a gradient."""
        return any(TERMINALS[address].is_gradient for address in self.collected)

    def passes(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Yield each pass that is needed, with the groups that it collects and their addresses."""
        wanted = [TERMINALS[address] for address in sorted(self.collected)]
        weight = {"wt": 0} if 0 in self.collected else {}
        for name in PASSES:
            addresses = {terminal.group: terminal.address for terminal in wanted if terminal.input == name}
            if addresses or (weight and len(wanted) == 1):
                # The weight is the same in all passes: the first that runs gives it.
                yield name, weight | addresses
                weight = {}
                if len(wanted) == 1:
                    return


def _check_device(name: str) -> None:
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise EznasError(f"There is no device {name!r}: choose cpu, cuda or cuda:N.")
    if device.type == "cuda" and not (torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()):
        raise EznasError(
            f"The device {name!r} is not there: this machine has {torch.cuda.device_count()} CUDA devices."
        )
