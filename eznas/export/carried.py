"""How an exported file takes statistics and makes a score, with PyTorch alone.

These stand in the place of what eznas has for millions of programs and reads settings for: an array for all statistics
of a network, compiled sums over it, NumPy's seeds. The tests hold them against those.
"""

from __future__ import annotations

import functools
import math
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import torch
from torch import Tensor

from eznas.errors import EznasError
from eznas.ops.catalogue import ShapeRule
from eznas.ops.limits import RELATIVE_TOLERANCE
from eznas.ops.shape_check import ShapeError, check_shapes
from eznas.statistics.tensors import Shape, UnitShapes
from eznas.terminals import TERMINALS

_SHAPE_OF: Final = tuple(terminal.shape_of for terminal in TERMINALS)


@dataclass(frozen=True)
class Statistics:
    """What of a network the formula reads.

    Attributes:
        units: of every unit, in execution order, the tensors by name.
        unit: the kind of the units.
        coverage: share of the network's parameters that belong to layers of units, 0 to 1.
    """

    units: list[dict[str, Tensor]]
    unit: str = ""
    coverage: float = 1.0


class Memory:
    """The statistics of a network while the passes fill them in; zero where nothing is written.

    Args:
        units: the shapes of every unit of a pass, in execution order.
        kept: for each, whether its statistics are kept (an auxiliary head's are not).
        terminals: the addresses to make room for.
        device: where the tensors lie.
    """

    def __init__(
        self, units: Sequence[UnitShapes], kept: Sequence[bool], terminals: frozenset[int], device: torch.device
    ) -> None:
        self.units = list(units)
        self._slots = [
            {address: torch.zeros(unit[_SHAPE_OF[address]], device=device) for address in sorted(terminals)}
            if keep
            else {}
            for unit, keep in zip(units, kept, strict=True)
        ]

    def slot(self, unit: int, address: int, shapes: Mapping[str, Shape]) -> Tensor | None:
        """Return the place of a tensor; None if it is not kept, or has another shape than in the first pass."""
        if unit >= len(self.units):
            return None
        group = _SHAPE_OF[address]
        return self._slots[unit].get(address) if shapes[group] == self.units[unit][group] else None

    def subtract(self, subtrahend: int, minuend: int) -> None:
        """Replace every unit's tensor at address `minuend`, if it is kept, by itself minus the one at `subtrahend`."""
        for slots in self._slots:
            if minuend in slots:
                slots[minuend].sub_(slots[subtrahend])

    def statistics(self, _name: str) -> Statistics:
        """Return the statistics of every kept unit by name, on the CPU."""
        return Statistics(
            [
                {TERMINALS[address].name: tensor.cpu() for address, tensor in slots.items()}
                for slots in self._slots
                if slots
            ]
        )


def checked(rule: ShapeRule) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Let an operation raise a `ShapeError` for shapes that it cannot take."""

    def decorate(operation: Callable[..., Tensor]) -> Callable[..., Tensor]:
        @functools.wraps(operation)
        def apply(*arguments: Tensor) -> Tensor:
            check_shapes(operation.__name__, rule, arguments)
            return operation(*arguments)

        return apply

    return decorate


def values_of(formula: Callable[[Mapping[str, Tensor]], Tensor], statistics: Statistics) -> list[Tensor]:
    """Return the result of a formula on every unit whose shapes it can take."""
    values: list[Tensor] = []
    for unit in statistics.units:
        try:
            value = formula(unit)
        except ShapeError:
            continue
        if value.numel() > 0:
            values.append(value)
    return values


def mean_of(value: Tensor) -> float:
    """Return the mean of a result: 0 where its elements cancel but for what rounding left of them."""
    if value.numel() == 1:
        return value.item()
    total = value.sum(dtype=torch.float64)
    if total.abs() < RELATIVE_TOLERANCE * value.double().abs().sum():
        return 0.0
    return (total / value.numel()).float().item()


def norm_of(value: Tensor) -> float:
    """Return the Euclidean norm of a result."""
    if value.numel() == 1:
        return value.abs().item()
    return value.double().square().sum().sqrt().float().item()


def sum_over_units(numbers: Sequence[float]) -> float:
    """Return the sum: NaN of no numbers, or if it is not finite, and 0 where they cancel up to rounding."""
    if not numbers or not all(map(math.isfinite, numbers)):
        return math.nan
    total = math.fsum(numbers)
    return 0.0 if abs(total) < RELATIVE_TOLERANCE * math.fsum(map(abs, numbers)) else total


def mean_over_units(numbers: Sequence[float]) -> float:
    """Return the mean over the units that have a number; otherwise as `sum_over_units`."""
    return sum_over_units(numbers) / max(len(numbers), 1)


def signed_log(score: float) -> float:
    """Return sign(score) * log(1 + |score|)."""
    return math.copysign(math.log1p(abs(score)), score)


def joined(terms: Sequence[float]) -> float:
    """Return the sum of the terms of a score: 0 where they cancel but for what rounding left of them."""
    total = math.fsum(terms) if all(map(math.isfinite, terms)) else math.nan
    return 0.0 if abs(total) < RELATIVE_TOLERANCE * math.fsum(map(abs, terms)) else total


def seeded_generator(seed: int, stream: int) -> torch.Generator:
    """Return the generator of one kind of numbers that a seed decides, so that no kind repeats another."""
    return torch.Generator().manual_seed(seed_state((seed, stream)))


def weights_seed(seed: int) -> int:
    """Return the seed of the fresh weights, which eznas makes of the seed of a score and the number of the network."""
    return seed_state((seed, 0))


_BITS_32: Final = 0xFFFFFFFF


def seed_state(entropy: Sequence[int]) -> int:
    """Return 64 bits mixed from whole numbers, as NumPy's `SeedSequence(entropy).generate_state(1, uint64)`.

    Source: M. E. O'Neill, "Developing a seed_seq Alternative" (2015), and NumPy, whose streams never change.
    """
    if min(entropy) < 0:
        raise EznasError(f"seed is {min(entropy)}: give a whole number, 0 or more.")
    words = [word for number in entropy for word in _words(number)]
    constant = 0x43B0D7E5

    def hashed(value: int) -> int:
        nonlocal constant
        value ^= constant
        constant = constant * 0x931E8875 & _BITS_32
        value = value * constant & _BITS_32
        return value ^ value >> 16

    def mixed(first: int, second: int) -> int:
        value = (first * 0xCA01F9DD - second * 0x4973F715) & _BITS_32
        return value ^ value >> 16

    pool = [hashed(words[place] if place < len(words) else 0) for place in range(4)]
    for source in range(4):
        for target in range(4):
            if source != target:
                pool[target] = mixed(pool[target], hashed(pool[source]))
    for word in words[4:]:
        for target in range(4):
            pool[target] = mixed(pool[target], hashed(word))
    constant, state = 0x8B51F9DD, []
    for word in pool[:2]:
        mixture = word ^ constant
        constant = constant * 0x58F38DED & _BITS_32
        mixture = mixture * constant & _BITS_32
        state.append(mixture ^ mixture >> 16)
    return state[0] | state[1] << 32


def _words(number: int) -> list[int]:
    """The 32-bit words of a whole number, the lowest first; one for 0."""
    words = [number & _BITS_32]
    while number := number >> 32:
        words.append(number & _BITS_32)
    return words


GivenBatch: TypeAlias = Any
"""A tensor, or a tuple, list or dictionary of tensors."""


def given_batch(batch: GivenBatch, _seed: int) -> Any:
    """Return the batch; only eznas itself draws one from a function."""
    if callable(batch) and not isinstance(batch, Tensor):
        raise EznasError(f"The inputs are {batch!r:.80}: give a batch, not a function that makes one.")
    return batch


def as_tensor(batch: Any) -> Any:
    """Return a NumPy array as a tensor, and anything else as it is."""
    return torch.as_tensor(batch) if hasattr(batch, "__array__") and not isinstance(batch, Tensor) else batch


@contextmanager
def kept_states() -> Iterator[None]:
    """Put the global random states of Python and, where it is in use, NumPy back at the end."""
    numpy = sys.modules.get("numpy")
    state, array_state = random.getstate(), numpy.random.get_state() if numpy else None
    try:
        yield
    finally:
        random.setstate(state)
        if numpy:
            numpy.random.set_state(array_state)


def seed_states(seed: int) -> None:
    """Let what Python and NumPy draw next follow from `seed`."""
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed % 2**32)


def no_place(_error: BaseException) -> str:
    """Return nothing, where eznas names the line of the user's own code: the traceback shows it."""
    return ""
