"""The interface of a genome: how evolution represents a program. Everything above knows no genome kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from eznas.errors import EznasError
from eznas.ops.own import OwnOperation, own_named
from eznas.ops.program import Program
from eznas.setting import check_settings, setting

if TYPE_CHECKING:
    import numpy as np


NO_OWN: Final = "none"


def own_setting() -> Any:
    """Declare the setting that every genome kind has: what of a user's own evolution draws beside the catalogue."""
    return setting(NO_OWN, "own operations and terminals that take part, by name with commas between, or none")


def own_of(names: str) -> tuple[OwnOperation, ...]:
    """Return the own operations and terminals that the text of that setting names.

    Raises:
        EznasError: one of them is not registered.
    """
    listed = [] if names == NO_OWN else [name.strip() for name in names.split(",")]
    return tuple(own_named(listed, "A genome"))


@dataclass(frozen=True)
class GenomeSettings:
    """Base of the settings of a genome kind: a frozen dataclass of plain numbers, each declared by `setting`."""

    kind: ClassVar[str]
    """The name of the genome kind, as in `genomes.get(kind)`."""

    def __post_init__(self) -> None:
        check_settings(self, f"{self.kind}.")
        own: str = getattr(self, "own", NO_OWN)  # a setting that every kind declares, as its last one
        if own != NO_OWN:
            object.__setattr__(self, "own", ",".join(one.name for one in own_of(own)))

    @classmethod
    def of(cls, settings: GenomeSettings) -> Self:
        """Return `settings` as the settings of this genome kind.

        Raises:
            TypeError: they are those of another kind.
        """
        if not isinstance(settings, cls):
            raise TypeError(f"Expected {cls.__name__}, got {type(settings).__name__}")
        return settings

    def _check_order(self, lower: str, upper: str) -> None:
        """Raise an EznasError if the setting `lower` is above the setting `upper`."""
        if getattr(self, lower) > getattr(self, upper):
            raise EznasError(
                f"{self.kind}.{lower} is {getattr(self, lower)}, above {upper}, which is {getattr(self, upper)}: "
                f"lower the first or raise the second."
            )


class Genome(ABC):
    """One individual's representation of a program: immutable, always valid, equal to others of the same content.

    A genome is made by `random`, `decode`, or variation of other genomes, which it leaves as they are. Every
    random choice comes from the generator that is passed in. A variation that finds no valid result in a bounded
    number of attempts returns a copy of the parent.
    """

    kind: ClassVar[str]
    """The name of the genome kind, as in `genomes.get(kind)`."""

    @classmethod
    @abstractmethod
    def random(cls, rng: np.random.Generator, settings: GenomeSettings) -> Self:
        """Draw a valid genome."""

    @abstractmethod
    def mate(self, other: Self, rng: np.random.Generator) -> Self:
        """Return one child of two parents."""

    @abstractmethod
    def mutate(self, rng: np.random.Generator) -> Self:
        """Return a child changed by one of the kind's mutation operators, each as likely as the others."""

    @abstractmethod
    def compile(self) -> Program:
        """Return the program that the genome stands for."""

    @cached_property
    def program(self) -> Program:
        """What `compile` returns, compiled once."""
        return self.compile()

    @abstractmethod
    def encode(self) -> list[Any]:
        """Return the genome as plain lists and integers, for msgpack and JSON."""

    @classmethod
    @abstractmethod
    def decode(cls, data: object, settings: GenomeSettings) -> Self:
        """Rebuild a genome from what `encode` returned.

        Raises:
            EznasError: the data is no valid genome under these settings.
        """

    @property
    @abstractmethod
    def size(self) -> int:
        """How many parts the genome has (nodes of a tree, instructions of a sequence), useless ones included."""

    @property
    @abstractmethod
    def live_share(self) -> float:
        """The share of the parts that the program needs, above 0 and at most 1: 1 minus the bloat.

        Each kind says what it counts; the numbers of two kinds are comparable only as that says.
        """


@dataclass(frozen=True)
class GenomeKind:
    """What the registry knows of a genome kind.

    Attributes:
        name: as users write it.
        genome: its class.
        settings: the class of its settings.
        meaning: one line for help texts.
    """

    name: str
    genome: type[Genome]
    settings: type[GenomeSettings]
    meaning: str
