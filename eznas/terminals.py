"""The 22 network statistics: the terminals of a program, and the static addresses of a sequential genome.

One unit of a network (a linear map with the layers before and after it) gives 22 tensors. They come in seven groups:
the weight, and six quantities that exist once for each of three passes (`data`, `noise`, `perturbed`). All terminals of
a group have the same shape on a unit. Source: EZNAS (NeurIPS 2022), section 3 and appendix 1.2, 1.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PASSES: Final = ("data", "noise", "perturbed")
"""The three inputs of the network, in the order of their addresses."""

_PASS_SYMBOLS: Final = {"data": "", "noise": r"\mathrm{noise}", "perturbed": r"\mathrm{pert}"}
_GROUPS: Final = (
    # name, LaTeX symbol, group whose shape it has, what it is
    ("wt_grad", r"\nabla W", "wt", "gradient of the linear map's weight"),
    ("inp", "X", "inp", "input of the unit's first layer"),
    ("inp_grad", r"\nabla X", "inp", "gradient of the unit's first layer's input, through that layer"),
    ("pre", "P", "pre", "input of the linear map, or its output (C-B-R)"),
    ("pre_grad", r"\nabla P", "pre", "gradient of pre, through the linear map"),
    ("act", "Y", "act", "output of the unit's last layer"),
    ("act_grad", r"\nabla Y", "act", "gradient of the unit's last layer's output"),
)


@dataclass(frozen=True, slots=True)
class Terminal:
    """One of the 22 statistics of a unit.

    Attributes:
        address: 0 to 21, the static address and the position in every array of statistics.
        name: as written in formulas, such as `inp_grad.data`.
        group: `wt`, `wt_grad`, `inp`, `inp_grad`, `pre`, `pre_grad`, `act` or `act_grad`.
        shape_of: the group (`wt`, `inp`, `pre`, `act`) whose shape the terminal has.
        input: the pass that it comes from, or None for the weight, which all passes share.
        symbol: LaTeX.
        meaning: one line for help texts.
    """

    address: int
    name: str
    group: str
    shape_of: str
    input: str | None
    symbol: str
    meaning: str

    @property
    def is_gradient(self) -> bool:
        """Whether the backward pass is needed to know it."""
        return self.group.endswith("_grad")


def _all_terminals() -> tuple[Terminal, ...]:
    terminals = [Terminal(0, "wt", "wt", "wt", None, "W", "weight of the linear map, a convolution in R-C-B")]
    for group, symbol, shape_of, meaning in _GROUPS:
        for pass_name in PASSES:
            superscript = _PASS_SYMBOLS[pass_name]
            terminals.append(
                Terminal(
                    address=len(terminals),
                    name=f"{group}.{pass_name}",
                    group=group,
                    shape_of=shape_of,
                    input=pass_name,
                    symbol=f"{symbol}^{{{superscript}}}" if superscript else symbol,
                    meaning=f"{meaning}, {pass_name} pass",
                )
            )
    return tuple(terminals)


TERMINALS: Final = _all_terminals()
"""All terminals; `TERMINALS[address].address == address`."""

TERMINAL_COUNT: Final = len(TERMINALS)

BY_NAME: Final = {terminal.name: terminal for terminal in TERMINALS}
"""Terminals by their name in formulas."""
