"""Programs computed as somebody else might, to see whether their scores are more than rounding.

By the PyTorch reference in float32, on statistics of which every number is off by a unit of its last place at most: so
the networks might have run on another processor, and the formula in another program.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from eznas.ops.program import Program
from eznas.ops.reference import run_program
from eznas.options import Aggregation, ToScalar
from eznas.scoring.aggregation import aggregate_columns
from eznas.scoring.plan_evaluation import number_of_tensor
from eznas.statistics.isolation import reproducible_kernels
from eznas.statistics.shaking import shaken
from eznas.statistics.tensors import NetworkStatistics
from eznas.terminals import TERMINAL_COUNT


def scores_elsewhere(
    programs: Sequence[Program], statistics: NetworkStatistics, to_scalar: ToScalar, aggregation: Aggregation
) -> NDArray[np.float64]:
    """Return the scores that a network might have by programs elsewhere, float64 (programs,).

    Raises:
        EznasError: an own operation raises, changes its arguments, or returns something else than it says.
    """
    moved = shaken(statistics)
    collected = moved.terminals
    numbers = np.zeros((moved.units, len(programs)), np.float32)
    valid = np.zeros(numbers.shape, np.bool_)
    with reproducible_kernels(), torch.no_grad():
        for unit in range(moved.units):
            tensors = [
                torch.from_numpy(moved.tensor(unit, address)) if address in collected else None
                for address in range(TERMINAL_COUNT)
            ]
            for column, program in enumerate(programs):
                result = run_program(program, tensors)
                if result is not None:
                    numbers[unit, column] = number_of_tensor(result, to_scalar)
                    valid[unit, column] = True
    numbers = np.abs(numbers) if to_scalar == "l2" else numbers  # the norm of what is one number
    return aggregate_columns(numbers, valid, aggregation, moved.stands_for)
