"""The settings of a run: those of evolution and of collection, and its own, under one flat set of keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, get_args

from eznas.benchmarks import distinct_names
from eznas.errors import EznasError, shown
from eznas.options import Aggregation, Combine, Preset, Rounding, ToScalar
from eznas.runs.presets import PRESETS
from eznas.search.settings import EvolutionSettings
from eznas.setting import (
    GROUPS,
    LESS_WORK,
    MACHINE,
    NETWORKS,
    SCORE,
    Setting,
    check_settings,
    did_you_mean,
    key_of,
    setting,
    settings_of,
)
from eznas.statistics.settings import ALL, CollectionSettings
from eznas.statistics.workers import available_cores

if TYPE_CHECKING:
    from eznas.genomes.base import GenomeSettings

GENOME_SETTINGS: Final = "genome_settings"
"""The key of the settings of the chosen genome, whichever it is; a table with its name says the same."""

_MEMORY: Final = re.compile(r"\s*(\d{1,18}(?:\.\d{1,18})?)\s*(|[KMGT]i?B?|B)\s*", re.IGNORECASE)
_PREFIXES: Final = "KMGT"
_ALL: Final = "all"
_SUBSAMPLES: Final = re.compile(r"(\d{1,9})x(\d{1,9})")
_MAXIMUM_SUBSAMPLES: Final = 1000
_MAXIMUM_SEED: Final = 2**63 - 1  # the largest whole number of a TOML file


def parse_memory(text: str) -> int:
    """Return the bytes that `6GB`, `512 MiB` or `0` stands for: K is 1000, Ki is 1024."""
    match = _MEMORY.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise EznasError(f"memory is {shown(text)}: give a number and a unit, such as 6GB, 512MB or 0.")
    number, unit = match[1], match[2].upper()
    if unit in {"", "B"}:
        return int(float(number))
    base = 1024 if "I" in unit else 1000
    return int(float(number) * base ** (1 + _PREFIXES.index(unit[0])))


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run. Building one checks every value; benchmarks and proxies are looked for when a run begins.

    `from_mapping` takes all of them by flat keys, from a preset onwards; this constructor takes them in their parts.
    `benchmark` may be given as one text or as several; it is kept as a tuple of them. `genome_settings` holds the
    settings of the chosen genome kind by name; what is left out gets that kind's default.

    Raises:
        EznasError: a value is out of its range or of the wrong type; the sentence names setting, value and range.
    """

    preset: Preset = setting(
        "default",
        "where settings that are not given come from: what works best, or the paper",
        choices=get_args(Preset),
    )
    benchmark: tuple[str, ...] = setting(
        ("digits",),
        "benchmark to evolve on; `eznas benchmark list` shows all",
        group=NETWORKS,
        several=True,
        default_text="digits",
    )
    accuracy_split: str = setting(
        "default", "accuracies to take where a benchmark has several, such as test", group=NETWORKS
    )
    networks: int = setting(100, "networks of each benchmark that programs are evolved on", group=NETWORKS, minimum=3)
    held_out: int = setting(1000, "further networks of each that only the final report uses, at most", group=NETWORKS)
    batch_size: int = setting(1, "images in every pass", group=NETWORKS, minimum=1)
    seed: int = setting(
        0, "number that every random choice of the run follows from", group=NETWORKS, maximum=_MAXIMUM_SEED
    )
    collection: CollectionSettings = field(default_factory=CollectionSettings)
    to_scalar: ToScalar = setting(
        "mean", "from a program's output to one number per unit", group=SCORE, choices=get_args(ToScalar)
    )
    aggregation: Aggregation = setting(
        "sum", "from the units' numbers to a network's score", group=SCORE, choices=get_args(Aggregation)
    )
    genome: str = setting("tree", "how evolution represents a program; `eznas genome list` shows all")
    combine: Combine = setting(
        "minimum", "from the |tau| of several benchmarks to one fitness", choices=get_args(Combine)
    )
    fitness_samples: str = setting(
        _ALL, "networks that a |tau| is of: all, or the least of random subsamples, such as 4 of 20 for 4x20"
    )
    rounding: Rounding = setting(
        "accepted",
        "what becomes of a program that would be among the best and is partly rounding",
        choices=get_args(Rounding),
    )
    units_per_shape: int = setting(
        ALL, "units of the same shapes that evolution computes; 0 for all, as in every report", group=LESS_WORK
    )
    race_networks: int = setting(
        0,
        "networks of each that new programs are raced on first, the best of them on more, and so on; 0 for no race",
        group=LESS_WORK,
    )
    race_share: float = setting(
        0.25,
        "share of the raced programs that go on, to 1/share times as many networks",
        group=LESS_WORK,
        minimum=0.01,
        maximum=1,
    )
    beside: tuple[str, ...] = setting(
        (),
        "further proxy that the report shows beside the best programs, as `eznas evaluate` takes it, such as synflow",
        several=True,
        default_text="none",
    )
    evolution: EvolutionSettings = field(default_factory=EvolutionSettings)
    genome_settings: Mapping[str, Any] = field(default_factory=dict)
    threads: int = setting(
        available_cores(),
        "threads; results do not depend on it",
        group=MACHINE,
        minimum=1,
        maximum=65_536,
        identity=False,
        default_text="all cores",
    )
    memory: str = setting(
        "2GB", "memory for statistics, such as 6GB; results do not depend on it", group=MACHINE, identity=False
    )

    def __post_init__(self) -> None:
        if not isinstance(self.benchmark, (str, tuple, list)):  # such as a benchmark itself
            raise EznasError(
                f"benchmark is {shown(self.benchmark)}: give the name of one, by which a resumed run finds it again; a "
                "table and a space of your own get a name by `eznas benchmark new`."
            )
        check_settings(self)
        object.__setattr__(self, "benchmark", distinct_names(self.benchmark))
        parse_memory(self.memory)
        object.__setattr__(self, "fitness_samples", _fitness_samples(self.fitness_samples, self.networks))
        if self.race_networks and not 3 <= self.race_networks < self.networks:
            raise EznasError(
                f"race_networks is {self.race_networks}: give 0 for no race, or 3 to {self.networks - 1} of the "
                f"{self.networks} networks."
            )
        resolved = genome_settings_of(self.genome, self.genome_settings)
        object.__setattr__(self, "genome_settings", asdict(resolved))

    @property
    def benchmark_label(self) -> str:
        """The names of all benchmarks as one text."""
        return " + ".join(self.benchmark)

    @property
    def chosen_split(self) -> str | None:
        """The split as `benchmarks.load` takes it: None for the benchmark's own choice."""
        return None if self.accuracy_split == "default" else self.accuracy_split

    @property
    def subsamples(self) -> tuple[int, int] | None:
        """How many subsamples of how many networks fitness is the minimum over, or None for all networks at once."""
        if self.fitness_samples == _ALL:
            return None
        count, size = self.fitness_samples.split("x")
        return int(count), int(size)

    @property
    def memory_bytes(self) -> int:
        """The budget of the statistics store, in bytes."""
        return parse_memory(self.memory)

    @property
    def samples_units(self) -> bool:
        """Whether evolution computes some of the units only, so that the fitness it sees is an estimate."""
        return self.units_per_shape != ALL

    def genome_settings_object(self) -> GenomeSettings:
        """Return the settings of the chosen genome kind as that kind's own class."""
        return genome_settings_of(self.genome, self.genome_settings)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> RunSettings:
        """Return the settings that `values` give by the keys of flags and files; the preset gives the others.

        The settings of a genome stand in a table with its name, so that one mapping can serve several genomes, or
        under `genome_settings`.

        Raises:
            EznasError: a key is no setting, or a value is out of its range or of the wrong type.
        """
        check_keys(values)
        preset = values.get("preset", cls.preset)
        # A preset of another name, or of another type, is refused by the check of its setting.
        chosen = _merged(PRESETS[preset], values) if preset in get_args(Preset) else values
        parts: dict[str, dict[str, Any]] = {part: {} for part in (_OWN, *_PARTS)}
        for key, value in chosen.items():
            if key in SETTINGS:
                parts[SETTINGS[key].part][SETTINGS[key].name] = value
        genome = SETTINGS["genome"].about.checked("genome", chosen.get("genome", cls.genome))
        table = {**chosen.get(genome, {}), **chosen.get(GENOME_SETTINGS, {})}
        built = {part: kind(**parts[part]) for part, kind in _PARTS.items()}
        return cls(**parts[_OWN], **built, genome_settings=table)

    def changed(self, values: Mapping[str, Any]) -> RunSettings:
        """Return these settings with those of `values`, as `from_mapping` takes them, in their place."""
        return self.from_mapping(_merged(self.to_mapping(), values))

    def to_mapping(self) -> dict[str, Any]:
        """Return all settings as plain data; the settings of the genome are a table with the genome's name."""
        return {**{key: self.value(key) for key in SETTINGS}, self.genome: dict(self.genome_settings)}

    def value(self, key: str) -> Any:
        """Return the value of the setting `key`."""
        place = SETTINGS[key]
        return getattr(self if place.part == _OWN else getattr(self, place.part), place.name)

    def difference(self, other: RunSettings) -> str | None:
        """Return the first setting by which the results of two runs differ, such as `seed 0 there, 1 here`, or None."""
        for key, place in SETTINGS.items():
            here, there = self.value(key), other.value(key)
            if place.about.identity and here != there:
                return f"{key} is {_several_shown(there)} there, {_several_shown(here)} here"
        for key, here in self.genome_settings.items():
            there = other.genome_settings.get(key)
            if here != there:
                return f"{self.genome}.{key} is {there!r} there, {here!r} here"
        return None

    def departures_from_paper(self) -> dict[str, tuple[Any, Any]]:
        """Return the settings that are not those of the preset `paper` by key, each with its value and the paper's."""
        from eznas.genomes.base import NO_OWN

        paper = PRESETS["paper"]
        compared = {key: (self.value(key), value) for key, value in paper.items() if key in SETTINGS}
        for key, value in paper.get(self.genome, {}).items():
            compared[f"{self.genome}.{key}"] = (self.genome_settings[key], value)
        compared[f"{self.genome}.own"] = self.genome_settings["own"], NO_OWN
        return {key: (here, there) for key, (here, there) in compared.items() if here != there}


_OWN: Final = ""
_PARTS: Final = {"collection": CollectionSettings, "evolution": EvolutionSettings}


@dataclass(frozen=True)
class Place:
    """Where `RunSettings` holds a setting.

    Attributes:
        part: the attribute that holds the group of settings which it is one of, or empty where it stands by itself.
        name: its name there.
        about: what it is.
    """

    part: str
    name: str
    about: Setting


def _places() -> dict[str, Place]:
    """Return every setting by the key that flags, files and messages use, those of a heading together."""
    declared = [
        (key_of(name), Place(part, name, about))
        for part, kind in ((_OWN, RunSettings), *_PARTS.items())
        for name, about in settings_of(kind).items()
    ]
    return dict(sorted(declared, key=lambda one: GROUPS.index(one[1].about.group)))


SETTINGS: Final[Mapping[str, Place]] = _places()
"""Every setting of a run but those of its genome, by the key that flags, files and messages use."""


def check_keys(values: Mapping[str, Any]) -> None:
    """Raise an `EznasError` unless every key is that of a setting and every genome's settings are a table."""
    from eznas import genomes

    tables = (*genomes.names(), GENOME_SETTINGS)
    for key, value in values.items():
        if key not in SETTINGS and key not in tables:
            raise EznasError(
                f"{key!r} is no setting{did_you_mean(key, [*SETTINGS, *tables])}; "
                "`eznas run --help` lists the settings."
            )
        if isinstance(value, Mapping) != (key in tables):
            raise EznasError(f"{key!r} is {shown(value)}: give {'a table' if key in tables else 'a single value'}.")


def departures_text(departures: Mapping[str, tuple[Any, Any]]) -> str:
    """Return in a line what differs from the paper, such as `aggregation sum (paper mean)`."""
    return ", ".join(f"{key} {here} (paper {there})" for key, (here, there) in departures.items())


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of `under` with those of `over` in their place; tables are merged key by key."""
    together = dict(under)
    for key, value in over.items():
        before = together.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            together[key] = {**before, **value}
        else:
            together[key] = value
    return together


def _fitness_samples(text: str, networks: int) -> str:
    """Return the setting `fitness_samples` in its one spelling, or raise an `EznasError`."""
    if text == _ALL:
        return text
    match = _SUBSAMPLES.fullmatch(text)
    count, size = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (1 <= count <= _MAXIMUM_SUBSAMPLES and 3 <= size <= networks):
        raise EznasError(
            f"fitness_samples is {shown(text)}: give all, or 1 to {_MAXIMUM_SUBSAMPLES} subsamples of 3 to {networks} "
            f"networks, such as 4x{max(3, networks // 5)}."
        )
    return f"{count}x{size}"


def _several_shown(value: Any) -> str:
    return " + ".join(map(repr, value)) if isinstance(value, tuple) else repr(value)


def genome_settings_of(kind_name: str, given: Mapping[str, Any]) -> GenomeSettings:
    """Return the settings object of a genome kind; an unknown kind, name or type raises an `EznasError`."""
    from eznas import genomes

    kind = genomes.get(kind_name)
    known = settings_of(kind.settings)
    for key in given:
        if key not in known:
            listed = ", ".join(f"{name} ({about.default})" for name, about in known.items())
            raise EznasError(
                f"The genome {kind_name!r} has no setting {key!r}{did_you_mean(key, known)}: it has {listed}."
            )
    return kind.settings(**given)
