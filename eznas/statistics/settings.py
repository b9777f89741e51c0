"""What of a network's statistics is collected, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, get_args

from eznas.errors import EznasError, shown
from eznas.options import ThirdPass, Unit
from eznas.setting import MACHINE, SCORE, check_settings, setting
from eznas.terminals import PASSES, TERMINAL_COUNT, TERMINALS

ALL: Final = 0
"""The size of a sample that leaves no unit out."""

_ALL_TERMINALS: Final = frozenset(range(TERMINAL_COUNT))
_DEVICE: Final = re.compile(r"cpu|cuda(:\d{1,4})?")


@dataclass(frozen=True, slots=True)
class CollectionSettings:
    """What to collect, and how.

    Attributes:
        unit: the layers of a unit: `R-C-B` (ReLU, Conv2d, BatchNorm2d), `C-B-R`, or `A-L-N` (any activation, any
            linear map, any normalisation, of which only the linear map must be there).
        third_pass: `perturbed`, or `difference` for its tensors minus those of the data pass, as the method's
            published code stores them.
        device: `cpu`, `cuda` or `cuda:N`; statistics end up on the CPU.
        terminals: the addresses to collect; None for all 22. Passes, and backward passes, that none of them needs
            are skipped, and what is collected has the same bits as in the full collection.

    Raises:
        EznasError: a value is none of these. Whether the device is there is another question: see `check_device`.
    """

    unit: Unit = setting("R-C-B", "layers that make a unit", group=SCORE, choices=get_args(Unit))
    third_pass: ThirdPass = setting(
        "perturbed",
        "statistics of the third pass: as they are, or minus those of the data pass",
        group=SCORE,
        choices=get_args(ThirdPass),
    )
    # Part of a run's identity: a GPU rounds differently, so a run moved to one would be neither result.
    device: str = setting("cpu", "where networks and evolving programs run: cpu, cuda or cuda:N", group=MACHINE)
    terminals: frozenset[int] | None = None

    def __post_init__(self) -> None:
        check_settings(self)
        if _DEVICE.fullmatch(self.device) is None:
            apple = ", since no result was ever checked on an Apple GPU" if self.device.startswith("mps") else ""
            raise EznasError(f"device is {shown(self.device)}: choose cpu, cuda or cuda:N{apple}.")
        if self.terminals is not None and not (self.terminals and self.terminals <= _ALL_TERMINALS):
            raise EznasError(
                f"The terminals {sorted(self.terminals)} cannot be collected: "
                f"give at least one address, each from 0 to {TERMINAL_COUNT - 1}."
            )

    def check_device(self) -> None:
        """Raise an `EznasError` when this machine does not have the device."""
        if self.device == "cpu":
            return
        import torch  # slow to import, and settings are read by commands that need no network

        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(self.device.partition(":")[2] or 0) >= count:
            raise EznasError(f"The device {self.device!r} is not there: this machine has {count} CUDA devices.")

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
