"""Search spaces by name; a space is one file here and one line in `SPACES`, and is imported when it is asked for."""

from __future__ import annotations

from pathlib import Path

from eznas.errors import EznasError
from eznas.spaces.base import Space
from eznas.spaces.foreign import as_space
from eznas.spaces.importing import find_object

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


def get(name: str, folder: Path | None = None, /, **settings: object) -> Space:
    """Return the space called `name`, made with `settings`.

    Args:
        name: a key of `SPACES`, or `module:attribute` or `file.py:attribute` of anything that `as_space` takes.
        folder: where files and modules of one's own are looked for before the current folder.
        settings: keyword arguments of the class or function; an instance takes none.

    Raises:
        EznasError: there is no such space, it does not take these settings, or its code raises.
    """
    target = SPACES.get(name, name)
    if ":" not in target and not target.endswith(".py"):
        raise EznasError(
            f"There is no search space called {name!r}: choose one of {', '.join(sorted(SPACES))}, or give your own "
            "as file.py:attribute or module:attribute, for example my_space.py:MySpace."
        )
    return as_space(find_object(target, folder), name, settings)
