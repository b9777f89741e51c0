"""Every setting of a run, stated once: its default, bounds and help serve options, files and checks alike."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, get_args

from eznas.benchmarks import canonical_name
from eznas.errors import EznasError
from eznas.options import Aggregation, Combine, Distinct, ThirdPass, ToScalar, Unit
from eznas.statistics.workers import available_cores

if TYPE_CHECKING:
    from eznas.genomes.base import GenomeSettings

NETWORKS, SCORE, SEARCH, MACHINE = "Networks", "Score", "Search", "Machine"

_MEMORY: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(|[KMGT]i?B?|B)\s*", re.IGNORECASE)
_PREFIXES: Final = "KMGT"
_ALL: Final = "all"
_SUBSAMPLES: Final = re.compile(r"(\d{1,9})x(\d{1,9})")
_MAXIMUM_SUBSAMPLES: Final = 1000


@dataclass(frozen=True)
class Setting:
    """What a setting is beyond its name, type and default.

    Attributes:
        group: heading under which help texts list it.
        help: one line.
        minimum: least value of a number, or None.
        maximum: greatest value of a number, or None.
        choices: the texts that are allowed, or () for any.
        several: whether the value is a tuple of texts, which may be given as one text.
        identity: whether another value gives another result, so that a resumed run must keep it.
    """

    group: str
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    several: bool = False
    identity: bool = True


def parse_memory(text: str) -> int:
    """Return the bytes that `6GB`, `512 MiB` or `0` stands for: K is 1000, Ki is 1024."""
    match = _MEMORY.fullmatch(text)
    if match is None:
        raise EznasError(f"memory is {text!r}: give a number and a unit, such as 6GB, 512MB or 0.")
    number, unit = match[1], match[2].upper()
    if unit in {"", "B"}:
        return int(float(number))
    base = 1024 if "I" in unit else 1000
    return int(float(number) * base ** (1 + _PREFIXES.index(unit[0])))


def _about(group: str, help_text: str, **more: Any) -> dict[str, Setting]:
    return {"setting": Setting(group, help_text, **more)}


@dataclass(frozen=True)
class RunSettings:
    """The settings of a run; the defaults are the paper's. Building one checks every value.

    `benchmark` may be given as one text or as several; it is kept as a tuple of them. `genome_settings` holds the
    settings of the chosen genome kind by name; what is left out gets that kind's default.

    Raises:
        EznasError: a value is out of its range or of the wrong type; the sentence names setting, value and range.
    """

    benchmark: tuple[str, ...] = field(
        default=("digits",),
        metadata=_about(NETWORKS, "benchmark to evolve on; `eznas benchmark list` shows all", several=True),
    )
    accuracy_split: str = field(
        default="default",
        metadata=_about(NETWORKS, "accuracies to take where a benchmark has several, such as test"),
    )
    networks: int = field(
        default=100, metadata=_about(NETWORKS, "networks of each benchmark that programs are evolved on", minimum=3)
    )
    held_out: int = field(
        default=1000,
        metadata=_about(NETWORKS, "further networks of each that only the final report uses, at most", minimum=0),
    )
    batch_size: int = field(default=1, metadata=_about(NETWORKS, "images in every pass", minimum=1))
    seed: int = field(
        default=0, metadata=_about(NETWORKS, "number that every random choice of the run follows from", minimum=0)
    )

    unit: Unit = field(
        default="R-C-B", metadata=_about(SCORE, "three consecutive layers that make a unit", choices=get_args(Unit))
    )
    third_pass: ThirdPass = field(
        default="perturbed",
        metadata=_about(
            SCORE,
            "statistics of the third pass: as they are, or minus those of the data pass",
            choices=get_args(ThirdPass),
        ),
    )
    to_scalar: ToScalar = field(
        default="mean",
        metadata=_about(SCORE, "from a program's output to one number per unit", choices=get_args(ToScalar)),
    )
    aggregation: Aggregation = field(
        default="mean",
        metadata=_about(SCORE, "from the units' numbers to a network's score", choices=get_args(Aggregation)),
    )

    genome: str = field(
        default="tree", metadata=_about(SEARCH, "how evolution represents a program; `eznas genome list` shows all")
    )
    combine: Combine = field(
        default="minimum",
        metadata=_about(SEARCH, "from the |tau| of several benchmarks to one fitness", choices=get_args(Combine)),
    )
    fitness_samples: str = field(
        default=_ALL,
        metadata=_about(
            SEARCH, "networks that a |tau| is of: all, or the least of random subsamples, such as 4 of 20 for 4x20"
        ),
    )
    generations: int = field(default=15, metadata=_about(SEARCH, "rounds after the initial population", minimum=0))
    population: int = field(default=50, metadata=_about(SEARCH, "individuals in the initial population", minimum=1))
    tournament: int = field(
        default=4, metadata=_about(SEARCH, "individuals that compete to become a parent", minimum=1)
    )
    mu: int = field(default=25, metadata=_about(SEARCH, "individuals that survive a generation", minimum=1))
    lambda_: int = field(default=50, metadata=_about(SEARCH, "offspring per generation", minimum=1))
    crossover: float = field(
        default=0.4, metadata=_about(SEARCH, "probability that an offspring has two parents", minimum=0, maximum=1)
    )
    mutation: float = field(
        default=0.4, metadata=_about(SEARCH, "probability that an offspring is a mutated parent", minimum=0, maximum=1)
    )
    random_share: float = field(
        default=0.0,
        metadata=_about(SEARCH, "share of the offspring that are fresh random programs", minimum=0, maximum=1),
    )
    hall_of_fame: int = field(
        default=10, metadata=_about(SEARCH, "best distinct programs that are kept and reported", minimum=1)
    )
    distinct: Distinct = field(
        default="ranking",
        metadata=_about(
            SEARCH,
            "which repeats do not survive: same ranking of the networks, same program, or none",
            choices=get_args(Distinct),
        ),
    )

    # The device is part of the identity: a GPU rounds differently, so a run moved to one would be neither result.
    device: str = field(default="cpu", metadata=_about(MACHINE, "where networks run: cpu, cuda or cuda:N"))
    threads: int = field(
        default_factory=available_cores,
        metadata=_about(MACHINE, "threads; results do not depend on it", minimum=1, identity=False),
    )
    memory: str = field(
        default="2GB",
        metadata=_about(MACHINE, "memory for statistics, such as 6GB; results do not depend on it", identity=False),
    )

    genome_settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, one in settings_by_key().items():
            object.__setattr__(self, one.name, _checked(key, one, getattr(self, one.name)))
        if self.mu > self.population + self.lambda_:
            raise EznasError(
                f"mu is {self.mu}, but only {self.population} + {self.lambda_} individuals (population + lambda) are "
                "there to survive: lower mu or raise the others."
            )
        if self.crossover + self.mutation > 1 + 1e-12:
            raise EznasError(
                f"crossover {self.crossover} and mutation {self.mutation} add up to more than 1: lower one of them."
            )
        if re.fullmatch(r"cpu|cuda(:\d+)?", self.device) is None:
            raise EznasError(f"device is {self.device!r}: choose cpu, cuda or cuda:N.")
        parse_memory(self.memory)
        object.__setattr__(self, "fitness_samples", _fitness_samples(self.fitness_samples, self.networks))
        resolved = _genome_settings(self.genome, self.genome_settings)
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

    def genome_settings_object(self) -> GenomeSettings:
        """Return the settings of the chosen genome kind as that kind's own class."""
        return _genome_settings(self.genome, self.genome_settings)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> RunSettings:
        """Return the settings that `values` give, by the keys of `to_mapping`; what is left out gets its default."""
        known = settings_by_key()
        genome = values.get("genome", cls.genome)
        arguments = {known[key].name: value for key, value in values.items() if key in known}
        return cls(**arguments, genome_settings=dict(values.get(genome, {})))

    def to_mapping(self) -> dict[str, Any]:
        """Return all settings as plain data; the settings of the genome are a table with the genome's name."""
        plain = {key: getattr(self, one.name) for key, one in settings_by_key().items()}
        return {**plain, self.genome: dict(self.genome_settings)}

    def difference(self, other: RunSettings) -> str | None:
        """Return the first setting by which the results of two runs differ, such as `seed 0 there, 1 here`, or None."""
        for key, one in settings_by_key().items():
            here, there = getattr(self, one.name), getattr(other, one.name)
            if one.metadata["setting"].identity and here != there:
                return f"{key} is {_shown(there)} there, {_shown(here)} here"
        for key, here in self.genome_settings.items():
            there = other.genome_settings.get(key)
            if here != there:
                return f"{self.genome}.{key} is {there!r} there, {here!r} here"
        return None


def settings_by_key() -> dict[str, Field[Any]]:
    """Return the fields of `RunSettings` by the key that flags, files and messages use (`lambda`, not `lambda_`)."""
    return {one.name.rstrip("_"): one for one in fields(RunSettings) if "setting" in one.metadata}


def kind_of(one: Field[Any]) -> type[int] | type[float] | type[str]:
    """Return the type of the values of a field of `RunSettings`; of one of them where there may be several."""
    if one.metadata["setting"].several:
        return str
    if one.name == "threads":  # whose default is counted when it is needed
        return int
    return next(kind for kind in (int, float, str) if isinstance(one.default, kind))


def default_text(one: Field[Any]) -> str:
    """Return the default of a field of `RunSettings` for help texts."""
    if one.name == "threads":
        return "all cores"
    default: Any = one.default
    return " ".join(default) if one.metadata["setting"].several else str(default)


def nearest(name: str, names: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the closest of `names`, or an empty text when none is close."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _checked(key: str, one: Field[Any], value: Any) -> Any:
    """Return `value` in the type of the field, or raise an `EznasError` about the setting `key`."""
    about: Setting = one.metadata["setting"]
    if about.several:
        return _several(key, value)
    kind = kind_of(one)
    if kind is str:
        if not isinstance(value, str) or not value:
            raise EznasError(f"{key} is {value!r}: give a text{_range(about)}.")
        if about.choices and value not in about.choices:
            raise EznasError(f"{key} is {value!r}: choose {' or '.join(about.choices)}{nearest(value, about.choices)}.")
        return value
    right_type = isinstance(value, (int, float) if kind is float else int) and not isinstance(value, bool)
    if not right_type or not math.isfinite(value):
        raise EznasError(f"{key} is {value!r}: give a {'whole ' if kind is int else ''}number{_range(about)}.")
    too_low = about.minimum is not None and value < about.minimum
    too_high = about.maximum is not None and value > about.maximum
    if too_low or too_high:
        raise EznasError(f"{key} is {value}: give a number{_range(about)}.")
    return kind(value)


def _several(key: str, value: Any) -> tuple[str, ...]:
    """Return the texts of a setting that may have several, or raise an `EznasError` about the setting `key`."""
    texts = (value,) if isinstance(value, str) else value
    if not isinstance(texts, (list, tuple)) or not texts or not all(isinstance(one, str) and one for one in texts):
        raise EznasError(
            f"{key} is {value!r}: give a name, or a list of names, by which a resumed run finds it again; a table and "
            "a space of your own get one by `eznas benchmark new`."
        )
    names = tuple(map(canonical_name, texts))  # by which a run that is resumed in another folder finds its tables
    for position, name in enumerate(names):
        if name in names[:position]:
            raise EznasError(f"{key} names {name!r} twice: give each one once.")
    return names


def _fitness_samples(text: str, networks: int) -> str:
    """Return the setting `fitness_samples` in its one spelling, or raise an `EznasError`."""
    if text == _ALL:
        return text
    match = _SUBSAMPLES.fullmatch(text)
    count, size = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (1 <= count <= _MAXIMUM_SUBSAMPLES and 3 <= size <= networks):
        raise EznasError(
            f"fitness_samples is {text!r}: give all, or 1 to {_MAXIMUM_SUBSAMPLES} subsamples of 3 to {networks} "
            f"networks, such as 4x{max(3, networks // 5)}."
        )
    return f"{count}x{size}"


def _shown(value: Any) -> str:
    return " + ".join(map(repr, value)) if isinstance(value, tuple) else repr(value)


def _range(about: Setting) -> str:
    if about.minimum is not None and about.maximum is not None:
        return f" from {about.minimum} to {about.maximum}"
    if about.minimum is not None:
        return f" of at least {about.minimum}"
    return ""


def _genome_settings(kind_name: str, given: Mapping[str, Any]) -> GenomeSettings:
    """Return the settings object of a genome kind; an unknown kind, name or type raises an `EznasError`."""
    from eznas import genomes

    kind = genomes.get(kind_name)
    defaults = asdict(kind.settings())
    for key, value in given.items():
        if key not in defaults:
            listed = ", ".join(f"{name} ({default})" for name, default in defaults.items())
            raise EznasError(
                f"The genome {kind_name!r} has no setting {key!r}{nearest(key, defaults)}: it has {listed}."
            )
        wanted = type(defaults[key])
        fits = isinstance(value, (int, float) if wanted is float else wanted) and isinstance(value, bool) == (
            wanted is bool
        )
        if not fits:
            raise EznasError(f"{kind_name}.{key} is {value!r}: give a value like its default, {defaults[key]!r}.")
    return kind.settings(**given)
