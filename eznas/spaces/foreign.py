"""Search spaces that know nothing of eznas: a class with `build`, a plain function, or ready modules, as a `Space`."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eznas.errors import EznasError, described
from eznas.spaces.base import Space

if TYPE_CHECKING:
    from torch import nn

_CONTEXT: Final = ("num_classes", "image_size")
_WHAT_IS_ONE: Final = (
    "name a class with a method `build(self, architecture, num_classes, image_size)` that returns a network, or a "
    "function from the text of an architecture to a network"
)


class ForeignSpace(Space):
    """A space around a user's own `build`, which may take less than `Space.build` does.

    Attributes:
        takes_num_classes: whether `build` is told the number of classes; otherwise the networks have their own.
    """

    def __init__(
        self,
        name: str,
        build: Callable[..., Any],
        check: Callable[[str], str] | None = None,
        random: Callable[[np.random.Generator], str] | None = None,
        neighbours: Callable[[str], Sequence[str]] | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        """Set up a space.

        Args:
            name: of the space.
            build: takes the text and, where it has parameters of these names, `num_classes` and `image_size`; or three
                values in this order. Returns the network.
            check: as `Space.check`; None for all texts.
            random: as `Space.random`; None for a space that draws no networks.
            neighbours: as `Space.neighbours`; None for a space that varies no networks.
            settings: what it was made with, for records.

        Raises:
            EznasError: `build` takes something else.
        """
        self.name = name  # type: ignore[misc]  # one class serves many spaces, so here each instance has its name
        self._build = build
        self._given = _given(name, build)
        self._check = check
        self._random = random
        self._neighbours = neighbours
        self._settings = dict(settings or {})
        self.takes_num_classes = self._given is None or "num_classes" in self._given

    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:
        """Return what the user's `build` returns."""
        context = {"num_classes": num_classes, "image_size": image_size}
        network: nn.Module = (
            self._build(architecture, *context.values())
            if self._given is None
            else self._build(architecture, **{one: context[one] for one in self._given})
        )
        return network

    def random(self, rng: np.random.Generator) -> str:
        """Return what the user's `random` returns."""
        return super().random(rng) if self._random is None else self._random(rng)

    def neighbours(self, architecture: str) -> list[str]:
        """Return what the user's `neighbours` returns."""
        if self._neighbours is None:
            return super().neighbours(architecture)
        return list(self._neighbours(architecture))

    def check(self, architecture: str) -> str:
        """Return what the user's `check` returns; without one, the text without space around it."""
        return super().check(architecture) if self._check is None else self._check(architecture)

    def settings(self) -> dict[str, object]:
        """Return the settings that the space was made with."""
        return dict(self._settings)


class ModuleSpace(Space):
    """A space of networks that are there already, as modules or as functions that make them."""

    name = "modules"

    def __init__(self, networks: Mapping[str, nn.Module | Callable[[], nn.Module]]) -> None:
        """Set up a space of `networks` by name."""
        self._networks = dict(networks)

    def build(self, architecture: str, num_classes: int, image_size: int) -> nn.Module:  # noqa: ARG002
        """Return a copy of a ready module, which stays as it is, or what the function makes."""
        from torch import nn

        network = self._networks[architecture]
        if not isinstance(network, nn.Module):
            return network()
        try:
            return copy.deepcopy(network)
        except Exception as error:
            raise EznasError(
                f"The module of {architecture!r} cannot be copied ({described(error)}): give a function that makes it."
            ) from error

    def check(self, architecture: str) -> str:
        """Return the name of a network."""
        if architecture not in self._networks:
            raise EznasError(
                f"There is no network called {architecture!r:.120} among the {len(self._networks)} modules."
            )
        return architecture

    def settings(self) -> dict[str, object]:
        """Return nothing: modules are no plain data."""
        return {}


def as_space(found: object, name: str, settings: Mapping[str, object] | None = None) -> Space:
    """Return the space that a user's own object stands for.

    Args:
        found: a `Space` or any object with a method `build`; a class of such objects, or a function that returns one;
            or a function from the text of an architecture to a network, as a class of networks is one, too.
        name: of the object, for messages and as the name of a space that has none.
        settings: keyword arguments of the class or function; a ready object takes none.

    Raises:
        EznasError: it stands for none, does not take these settings, or raises.
    """
    settings = dict(settings or {})
    if _builds(found) and not isinstance(found, type):
        if settings:
            raise EznasError(
                f"The search space {name!r} is a ready instance and takes no settings, but was given "
                f"{', '.join(settings)}: leave them out, or name its class instead."
            )
        return found if isinstance(found, Space) else _around(found, name, settings)
    if not callable(found):
        raise EznasError(f"{name!r} is a {type(found).__name__}, not a search space: {_WHAT_IS_ONE}.")
    if not _builds(found) and _needs_more_than(found, name, settings):
        return ForeignSpace(_short(name, found), functools.partial(found, **settings), settings=settings)
    made = _made(found, name, settings)
    if not _builds(made) or isinstance(made, type):
        raise EznasError(f"{name!r} made a {type(made).__name__}, not a search space: {_WHAT_IS_ONE}.")
    return made if isinstance(made, Space) else _around(made, name, settings)


def _builds(found: object) -> bool:
    return callable(getattr(found, "build", None))


def _around(found: Any, name: str, settings: Mapping[str, object]) -> ForeignSpace:
    own_name = getattr(found, "name", None)
    return ForeignSpace(
        own_name if isinstance(own_name, str) and own_name else _short(name, type(found)),
        found.build,
        getattr(found, "check", None),
        getattr(found, "random", None),
        getattr(found, "neighbours", None),
        settings,
    )


def _needs_more_than(function: Callable[..., object], name: str, settings: Mapping[str, object]) -> bool:
    """Return whether `function` has further parameters that must be given, as one from texts to networks has."""
    try:
        parameters = inspect.signature(function)
        parameters.bind_partial(**settings)
    except (TypeError, ValueError) as error:
        raise _not_made(name, settings, error) from error
    try:
        parameters.bind(**settings)
    except TypeError:
        return True
    return False


def _made(found: Callable[..., object], name: str, settings: Mapping[str, object]) -> object:
    try:
        inspect.signature(found).bind(**settings)
    except (TypeError, ValueError) as error:
        raise _not_made(name, settings, error) from error
    try:
        return found(**settings)
    except EznasError:
        raise
    except Exception as error:
        raise _not_made(name, settings, error) from error


def _not_made(name: str, settings: Mapping[str, object], error: Exception) -> EznasError:
    return EznasError(
        f"The search space {name!r} cannot be made with the settings {dict(settings)} ({described(error)}): "
        "correct the settings or the space."
    )


def _given(name: str, build: Callable[..., Any]) -> tuple[str, ...] | None:
    """Return which of `num_classes` and `image_size` `build` takes by name, or None where it takes both by position."""
    try:
        signature = inspect.signature(build)
    except (TypeError, ValueError) as error:
        raise EznasError(
            f"What `build` of {name!r} takes cannot be found out ({error}): write it in Python."
        ) from error
    if signature.parameters:
        first, *rest = signature.parameters.values()
        if first.kind is first.VAR_POSITIONAL:
            return None
        named = [one.name for one in rest if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
        variable = (first.VAR_POSITIONAL, first.VAR_KEYWORD)
        required = [one for one in rest if one.default is one.empty and one.kind not in variable]
        if all(one.name in _CONTEXT for one in required):
            return tuple(one for one in _CONTEXT if one in named)
        if len(required) == len(_CONTEXT) and all(one.kind is not one.KEYWORD_ONLY for one in required):
            return None
    raise EznasError(
        f"`build` of {name!r} takes {signature}: let it take (architecture, num_classes, image_size), or the "
        "architecture and either of the others by these names."
    )


def _short(name: str, kind: object) -> str:
    """Return the last part of a name that says what the space is, or the name of the class or function."""
    where, _, attribute = name.rpartition(":")
    if attribute == "build":
        return Path(where).stem
    return attribute if where else getattr(kind, "__name__", name)
