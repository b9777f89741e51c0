"""From what a user gives as inputs to what networks see in the three passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eznas import seeds
from eznas.api.random_states import seeded
from eznas.errors import EznasError, described
from eznas.statistics.collect import Inputs, make_inputs

Batch: TypeAlias = Tensor | NDArray[np.generic] | tuple[int, ...] | Callable[[], "Batch"]
"""A batch, normalised as for training; the shape of one, which is then normal noise; or a function that returns one."""


def passes_of(inputs: Batch, seed: int) -> Inputs:
    """Return the inputs of the three passes.

    Args:
        inputs: see `Batch`; whole numbers of any size and floats of any precision become float32.
        seed: decides the noise, and what a function draws from global random states.

    Raises:
        EznasError: they are none of these, or have another number of axes than networks of images take.
    """
    return make_inputs(_batch(inputs, seed), seed)


def _batch(inputs: object, seed: int) -> Tensor:
    if isinstance(inputs, Tensor):
        return inputs.detach().to(torch.float32)
    if isinstance(inputs, np.ndarray):
        return torch.from_numpy(inputs.astype(np.float32))
    if isinstance(inputs, (tuple, list, torch.Size)):
        return _noise(inputs, seed)
    if callable(inputs):
        try:
            with seeded(seed):
                made = inputs()
        except EznasError:
            raise
        except Exception as error:  # the user's own code
            raise EznasError(f"The function of the inputs raised {described(error)}: correct it there.") from error
        if callable(made) and not isinstance(made, Tensor):
            raise EznasError("The function of the inputs returned a function: let it return a batch.")
        return _batch(made, seed)
    raise EznasError(
        f"The inputs are a {type(inputs).__name__}: give a batch as a tensor or an array, its shape such as "
        "(1, 3, 32, 32), or a function that returns a batch."
    )


def _noise(shape: Sequence[int], seed: int) -> Tensor:
    if not shape or not all(isinstance(one, int) and not isinstance(one, bool) and one > 0 for one in shape):
        raise EznasError(
            f"The inputs are {shape!r:.80}: give a shape of positive whole numbers, such as (1, 3, 32, 32)."
        )
    noise = seeds.generator(seed, "images").standard_normal(tuple(shape), dtype=np.float32)
    return torch.from_numpy(noise)
