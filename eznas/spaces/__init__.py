"""Search spaces by name; a space is one file here and one line in `SPACES`, and is imported when it is asked for."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from eznas.errors import EznasError
from eznas.spaces.base import Space

__all__ = ["SPACES", "Space", "get"]

SPACES: dict[str, str] = {
    "activations": "eznas.spaces.activations:Activations",
    "chain": "eznas.spaces.chain:Chain",
    "dense": "eznas.spaces.dense:Dense",
    "fixed-budget": "eznas.spaces.fixed_budget:FixedBudget",
    "inverted-residual": "eznas.spaces.inverted_residual:InvertedResidual",
    "kernels": "eznas.spaces.kernels:Kernels",
    "nasbench201": "eznas.spaces.nasbench201:NASBench201",
    "natsbench-size": "eznas.spaces.nats_size:NATSSize",
    "nds-amoeba": "eznas.spaces.nds:Amoeba",
    "nds-darts": "eznas.spaces.nds:DARTS",
    "nds-enas": "eznas.spaces.nds:ENAS",
    "nds-nasnet": "eznas.spaces.nds:NASNet",
    "nds-pnas": "eznas.spaces.nds:PNAS",
    "nds-resnet": "eznas.spaces.residual:ResNet",
    "nds-resnext-a": "eznas.spaces.residual:ResNeXtA",
    "nds-resnext-b": "eznas.spaces.residual:ResNeXtB",
    "nds-vanilla": "eznas.spaces.residual:Vanilla",
    "reductions": "eznas.spaces.reductions:Reductions",
    "stages": "eznas.spaces.stages:Stages",
    "wiring": "eznas.spaces.wiring:Wiring",
}


def get(name: str, **settings: object) -> Space:
    """Return the space called `name`, made with `settings`.

    Args:
        name: a key of `SPACES`, or `module:attribute` of a `Space` subclass, of a function that returns a space,
            or of a ready instance. Modules in the current folder are found, too.
        settings: keyword arguments of the class or function; an instance takes none.

    Raises:
        EznasError: there is no such space, or it does not take these settings.
    """
    target = SPACES.get(name, name)
    module_name, colon, attribute = target.partition(":")
    if not colon:
        raise EznasError(
            f"There is no search space called {name!r}: choose one of {', '.join(sorted(SPACES))}, "
            "or give your own as module:attribute, for example my_package.my_space:MySpace."
        )
    found = _import(name, module_name, attribute)
    if isinstance(found, Space):
        if settings:
            raise EznasError(
                f"The search space {name!r} is a ready instance and takes no settings, but was given "
                f"{', '.join(settings)}: leave them out, or name its class instead."
            )
        return found
    if not callable(found):
        raise EznasError(
            f"{name!r} is a {type(found).__name__}, not a search space: name a subclass of eznas.spaces.Space."
        )
    try:
        space = found(**settings)
    except TypeError as error:
        raise EznasError(f"The search space {name!r} cannot be made with the settings {settings}: {error}.") from error
    if not isinstance(space, Space):
        raise EznasError(
            f"{name!r} made a {type(space).__name__}, not a search space: let it return an eznas.spaces.Space."
        )
    return space


def _import(name: str, module_name: str, attribute: str) -> object:
    # An installed command, unlike `python -m`, does not have the current folder on its path.
    current = str(Path.cwd())
    if current not in sys.path:
        sys.path.append(current)
    try:
        found: object = importlib.import_module(module_name)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise EznasError(
            f"The search space {name!r} could not be imported ({error}): check the spelling of module:attribute, "
            "and run the command where the module can be imported."
        ) from error
    return found
