"""What a user may give as a model, ready or as a function that makes it, and how it becomes a network to score."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import TypeAlias

import torch
from torch import nn

from eznas import seeds
from eznas.api.random_states import seeded
from eznas.errors import EznasError, in_users_code, shown
from eznas.scoring.candidate import Candidate
from eznas.spaces.foreign import ModuleSpace

Model: TypeAlias = nn.Module | Callable[[], nn.Module]
"""A ready network, which is copied whenever it is needed and stays as it is, or a function or class that makes one."""

Models: TypeAlias = Mapping[str, Model] | Iterable[Model]
"""Several models, by name or in order."""


def candidates_of(models: Models, seed: int) -> list[Candidate]:
    """Return models as networks to score.

    All get their fresh weights from one seed, so that the score of a model does not depend on what stands beside it.

    Args:
        models: by name or in order; then classes and functions give the names, with a number where one repeats.
        seed: of the weights, and of what a function draws while it makes its model.

    Raises:
        EznasError: there is no model, or something else than a model among them.
    """
    named = _named(models)
    space = ModuleSpace(named)
    weights_seed = seeds.network_seed(seed, 0)
    return [Candidate(name, _builder(space, name, weights_seed), weights_seed) for name in named]


def _named(models: Models) -> dict[str, Model]:
    if isinstance(models, nn.Module) or not isinstance(models, (Mapping, Iterable)):
        raise EznasError(
            f"The models are one {type(models).__name__}: give a list of them, or a dictionary with their names."
        )
    if isinstance(models, Mapping):
        named = {str(name): model for name, model in models.items()}
        if len(named) < len(models):
            twice = next(text for text in named if [str(name) for name in models].count(text) > 1)
            raise EznasError(f"Two models have the name {twice!r}, as a number and as a text: give each its own name.")
    else:
        listed = list(models)
        names = [_name(model) for model in listed]
        numbers = [names[: place + 1].count(name) for place, name in enumerate(names)]
        named = {
            f"{name} {number}" if names.count(name) > 1 else name: model
            for name, number, model in zip(names, numbers, listed, strict=True)
        }
    if not named:
        raise EznasError("There is no model: give at least one network, or a function that makes one.")
    for name, model in named.items():
        if not callable(model):  # a module is, too
            raise EznasError(
                f"The model {name!r} is {shown(model)}: give a torch.nn.Module, or a function without arguments that "
                "makes one."
            )
    return named


def _name(model: object) -> str:
    name = type(model).__name__ if isinstance(model, nn.Module) else getattr(model, "__name__", type(model).__name__)
    return "model" if name == "<lambda>" else str(name)


def _builder(space: ModuleSpace, name: str, seed: int) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        with in_users_code(f"The model {name!r} could not be made", "correct it there"), seeded(seed):
            made: object = space.build(name, 0, 0)
        if not isinstance(made, nn.Module):
            raise EznasError(
                f"The function of the model {name!r} returned a {type(made).__name__}: let it return a torch.nn.Module."
            )
        return _in_float32(made)

    return build


def _in_float32(network: nn.Module) -> nn.Module:
    """Return a network whose fresh weights are not rounded to another precision, and that gradients can be taken of."""
    tensors = [*network.parameters(), *network.buffers()]
    if any(tensor.is_inference() for tensor in tensors):  # a function may return what it made in inference mode
        network = deepcopy(network)
    if any(tensor.is_floating_point() and tensor.dtype is not torch.float32 for tensor in tensors):
        network.float()
    return network
