"""From what a user gives as inputs to what networks see in the three passes."""

from __future__ import annotations

import math
from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import torch
from torch import Tensor

from eznas import seeds
from eznas.errors import EznasError, first_line, shown
from eznas.statistics.collect import Inputs, make_inputs
from eznas.statistics.inputs import drawn_batch, map_tensors, tensors_in
from eznas.system.physical_memory import physical_memory_bytes

if TYPE_CHECKING:
    from eznas.statistics.inputs import Batch as Given

Batch: TypeAlias = "Given | tuple[int, ...] | Callable[[np.random.Generator], Given]"
"""What models are called with: a tensor, normalised as for training; a tuple, list or dictionary of tensors, its
positional or named arguments, tokens among them; the shape of a batch of normal noise; or a function from a NumPy
generator to any of these."""

_LARGEST: Final = 2**31
_BYTES_OF_A_NUMBER: Final = 3 * 4
"""A float32 in each of the three passes."""


def passes_of(inputs: Batch, seed: int) -> Inputs:
    """Return the inputs of the three passes; the global random states stay as they are, whatever a function draws.

    Args:
        inputs: see `Batch`.
        seed: decides the noise, and the generator that a function is given.

    Raises:
        EznasError: they are none of these.
    """
    if callable(inputs):
        function = inputs
        drawn, rng = drawn_batch(lambda rng: (function(rng), rng), seed)
        return make_inputs(_given(drawn, rng), seed)
    return make_inputs(_given(inputs, seeds.generator(seed, "images")), seed)


def _given(inputs: Any, rng: np.random.Generator) -> Any:
    """Return a batch as it is, and noise in the place of a shape."""
    if not isinstance(inputs, (tuple, list)) or not inputs or not all(isinstance(one, int) for one in inputs):
        for tensor in tensors_in(map_tensors(lambda one: one, inputs)):
            _check_numbers(tensor)
        return inputs
    if any(isinstance(one, bool) or not 0 < one < _LARGEST for one in inputs):
        raise EznasError(
            f"The inputs are {shown(inputs)}: give a shape of positive whole numbers, such as (1, 3, 32, 32)."
        )
    called = f"The inputs have the shape {'x'.join(map(str, inputs)):.60}"
    needed, there = _BYTES_OF_A_NUMBER * math.prod(inputs), physical_memory_bytes()
    if needed > there:
        raise EznasError(
            f"{called}, which takes {needed / 1e9:,.0f} GB in the three passes, and this machine has "
            f"{there / 1e9:,.0f} GB: give a smaller batch."
        )
    try:
        return rng.standard_normal(tuple(inputs), dtype=np.float32)
    except (MemoryError, ValueError) as error:  # less is free than there is, or NumPy has no arrays of so many axes
        raise EznasError(f"{called}, and cannot be drawn ({first_line(error)}): give a smaller batch.") from error


def _check_numbers(tensor: Tensor) -> None:
    """Raise an `EznasError` for a tensor without numbers. Infinities may be those of a mask."""
    if tensor.is_meta or tensor.layout is not torch.strided:
        kind = "is on the meta device" if tensor.is_meta else f"has the layout {tensor.layout}"
        raise EznasError(f"The inputs have a tensor that {kind}: give a dense one that holds numbers.")
    if tensor.is_floating_point() and (missing := int(tensor.isnan().sum())):
        raise EznasError(
            f"The inputs have {missing:,} NaN among the {tensor.numel():,} numbers of a tensor of shape "
            f"{tuple(tensor.shape)}: give numbers."
        )


def digest_of(batch: Any) -> bytes:
    """Return a digest of the numbers of a batch, to find out whether it is another one."""
    digest = blake2b(digest_size=16)
    for tensor in tensors_in(batch):
        digest.update(str(tuple(tensor.shape)).encode() + tensor.contiguous().numpy().tobytes())
    return digest.digest()
