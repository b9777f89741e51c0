"""Models by name: `module:factory`, and all that a file holds."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from torch import nn

from eznas.api.models import Model
from eznas.errors import EznasError
from eznas.spaces.importing import find_module, find_object

_MODELS: Final = "MODELS"


@dataclass(frozen=True)
class FileModels:
    """The models of a file.

    Attributes:
        models: by name.
        left_out: functions that could make one, but that nothing says so of.
    """

    models: dict[str, Model]
    left_out: tuple[str, ...] = ()


def model_named(text: str) -> Model:
    """Return the model that `module:name` or `file.py:name` stands for: a module, or a function or class without need.

    Raises:
        EznasError: there is no such thing, or it is no model.
    """
    if ":" not in text:
        raise EznasError(f"{text!r} names no model: write module:factory, or file.py:factory, such as my_model.py:Net.")
    found = find_object(text)
    if not callable(found):
        raise EznasError(
            f"{text!r} is a {type(found).__name__}: name a network, or a function or class that makes one."
        )
    if not isinstance(found, nn.Module) and not _takes_nothing(found):
        raise EznasError(
            f"{text!r} takes {_signature(found)}: name a function that makes the network without arguments."
        )
    return typing.cast("Model", found)


def models_of_file(name: str) -> FileModels:
    """Return the models of a Python file, or of an importable module.

    They are those of its dictionary `MODELS` by name, where it has one. Otherwise its public classes of networks, and
    its public functions whose return annotation is a network, that need no argument. A function without such an
    annotation is not called: it may be one that trains for a day.

    Raises:
        EznasError: there is no such file, its code raises, or it has no model.
    """
    module = find_module(name)
    given: object = getattr(module, _MODELS, None)
    if given is not None:
        if not isinstance(given, Mapping) or not given:
            raise EznasError(f"{_MODELS} of {name} is no dictionary of models by name: correct it there.")
        return FileModels({str(key): value for key, value in given.items()})
    models: dict[str, Model] = {}
    left_out: list[str] = []
    for key, value in vars(module).items():
        if key.startswith("_"):
            continue
        if isinstance(value, nn.Module):
            models[key] = value
        elif getattr(value, "__module__", None) != module.__name__:
            continue  # imported from elsewhere
        elif inspect.isclass(value) and issubclass(value, nn.Module) and _takes_nothing(value):
            models[key] = value
        elif inspect.isfunction(value) and _takes_nothing(value):
            if _returns_network(value):
                models[key] = value
            else:
                left_out.append(key)
    if not models:
        untold = f" ({', '.join(left_out)} might, but have no return annotation `-> nn.Module`)" if left_out else ""
        raise EznasError(
            f"{name} has no class or function that makes a network without arguments{untold}: add a dictionary "
            f"{_MODELS} of names and networks, or of functions that make them."
        )
    return FileModels(models, tuple(left_out))


def _takes_nothing(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError):
        return False
    return True


def _signature(function: Callable[..., object]) -> str:
    try:
        return str(inspect.signature(function))
    except (TypeError, ValueError):
        return "arguments"


def _returns_network(function: Callable[..., Any]) -> bool:
    try:
        returned = typing.get_type_hints(function).get("return")
    except (NameError, TypeError, AttributeError):  # of a name that only type checkers import
        return False
    return inspect.isclass(returned) and issubclass(returned, nn.Module)
