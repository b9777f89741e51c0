"""Where an evolved proxy is from, and how well it ranks: what stands in its file beside the formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from eznas.errors import EznasError, shown


@dataclass(frozen=True)
class MeasuredTau:
    """How a proxy ranks networks that took no part in finding it.

    Attributes:
        benchmark: its name.
        networks: how many.
        seed: of networks, weights and images.
        batch_size: images that every network sees.
        tau: Kendall's tau-b.
        low: lower end of its 95 % interval.
        high: upper end.
        top_decile_tau: tau among the most accurate tenth; None where it is undefined.
    """

    benchmark: str
    networks: int
    seed: int
    batch_size: int
    tau: float
    low: float
    high: float
    top_decile_tau: float | None = None

    @classmethod
    def of(cls, benchmark: str, networks: int, settings: Mapping[str, Any], figures: Mapping[str, Any]) -> Self:
        """Return it from the plain data of a report.

        Args:
            benchmark: its name.
            networks: how many.
            settings: with `seed` and `batch_size`.
            figures: with `tau`, `tau_interval` and `top_decile_tau`, as `Ranking.figures` returns them.

        Raises:
            KeyError, TypeError, ValueError: something is missing, or is of another kind.
        """
        low, high = figures["tau_interval"]
        return cls(
            benchmark=benchmark,
            networks=networks,
            seed=settings["seed"],
            batch_size=settings["batch_size"],
            tau=figures["tau"],
            low=low,
            high=high,
            top_decile_tau=figures["top_decile_tau"],
        )


@dataclass(frozen=True)
class Provenance:
    """Where a proxy is from.

    Attributes:
        command: that found it.
        seed: of that command.
        networks: by benchmark, how many networks it evolved on (`training`), was chosen by (`validation`).
        settings: everything else that the command's result depends on, as plain data.
        taus: how it ranks, by benchmark.
        architectures: by table of one's own, what tells these networks again, see `eznas.runs.seen.remembered`.
    """

    command: str
    seed: int
    networks: Mapping[str, Mapping[str, int]] = field(hash=False)
    settings: Mapping[str, Any] = field(hash=False)
    taus: tuple[MeasuredTau, ...] = ()
    architectures: Mapping[str, list[str]] = field(hash=False, default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        content = asdict(self)
        if not self.architectures:
            del content["architectures"]
        return content

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Return what `to_dict` gave.

        Raises:
            EznasError: something is missing, is too much, or is of another kind.
        """
        given = _checked(cls, data)
        taus = given.pop("taus", ())
        if not isinstance(taus, (list, tuple)):
            raise EznasError(f"The taus of a provenance are a list, not {shown(taus)}.")
        return cls(**given, taus=tuple(MeasuredTau(**_checked(MeasuredTau, one)) for one in taus))


_MAPPINGS = ("networks", "settings", "architectures")
_KINDS: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "float | None": (int, float, type(None)),
}


def _checked(kind: type[Provenance | MeasuredTau], data: object) -> dict[str, Any]:
    """The entries of a mapping, each checked against the field of its name."""
    if not isinstance(data, Mapping):
        raise EznasError(f"A provenance is made of JSON objects, and {shown(data)} is none.")
    known = {one.name: one for one in fields(kind)}
    for key, value in data.items():
        if key not in known:
            raise EznasError(f"A provenance has no {key!r}: there are {', '.join(known)}.")
        expected = _KINDS.get(str(known[key].type), Mapping if key in _MAPPINGS else object)
        if not isinstance(value, expected) or isinstance(value, bool):
            raise EznasError(f"The provenance has {key} {shown(value)}, which is of another kind.")
    for key in ("command", "seed", "networks", "settings") if kind is Provenance else tuple(known)[:-1]:
        if key not in data:
            raise EznasError(f"The provenance has no {key!r}: add it.")
    return dict(data)
