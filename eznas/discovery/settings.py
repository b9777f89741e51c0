"""The settings of a discovery, each stated once."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Final, get_args

from eznas.benchmarks import distinct_names
from eznas.discovery.criterion import Criterion
from eznas.discovery.limits import MAXIMUM_JOINED_NODES, MAXIMUM_TERMS
from eznas.discovery.search_settings import SearchSettings
from eznas.errors import EznasError, shown
from eznas.ops.terms import parse_terms
from eznas.options import Aggregation, Combine, Objective, Operations, Reference, ThirdPass, Unit

_LEAST: Final = {
    "networks": 2,
    "validation": 2,
    "held_out": 0,
    "rounds": 1,
    "epochs": 1,
    "patience": 0,
    "max_evaluations": 0,
    "proposals": 0,
    "draws": 1,
    "seed": 0,
    "evolution": 0,
}
_MOST: Final = {"terms": MAXIMUM_TERMS, "joined_terms": MAXIMUM_TERMS, "nodes": MAXIMUM_JOINED_NODES}
_NUMBERS: Final = {
    **dict.fromkeys((*_LEAST, *_MOST), (Integral, "whole number")),
    **dict.fromkeys(("lead_cap", "least_share", "seed_margin"), (Real, "number")),
}
_CHOICES: Final = {
    name: get_args(kind)
    for name, kind in (
        ("aggregation", Aggregation),
        ("combine", Combine),
        ("objective", Objective),
        ("operations", Operations),
    )
}

# On the command line.
_WRITTEN_OTHERWISE: Final = ("benchmarks", "seed_proxies", "seed_formulas", "seed_names", "beside", "search")


@dataclass(frozen=True)
class DiscoverySettings:
    """What a discovery depends on.

    Attributes:
        benchmarks: names of benchmarks, or paths of tables; one formula is to serve all of them.
        networks: of each benchmark, that formulas evolve on.
        validation: networks of each that the reported formula is chosen by.
        held_out: networks of each that it is judged on, fewer where there are no more.
        batch_size: images that every network sees.
        seed: of everything that is drawn.
        evolution: which one of several on the same networks, weights and images; each draws formulas of its own.
        unit: the layers that make a unit.
        third_pass: the third pass as it is, or minus the data pass.
        aggregation: from the units' numbers to a network's score.
        combine: from the values of several benchmarks to one fitness.
        objective: what formulas are to be good at: tau over all networks, tau weighted to the best ones, or both.
        given: a proxy that counts already, so that only what a formula knows beyond it is worth something; "" for none.
        over: proxies, the best of which a formula is to be ahead of on every benchmark; () for none.
        lead_cap: the most that the lead on one benchmark counts.
        least_share: of the least correlation over the benchmarks, what is added to the lead.
        draws: of weights and images, over which the value of a formula is the mean.
        operations: that formulas are made of: the paper's with the extensions, or the paper's alone.
        terms: of a formula while it evolves, at most; see `eznas.ops.terms`.
        joined_terms: of the formulas that are joined from evolved ones after the search, at most; 1 for none.
        nodes: of the reported formula, at most; the search itself goes on through larger ones, and so does the front.
        rounds: how often formulas are searched; between two rounds the table grows.
        epochs: of the search in each round, see `SearchSettings.children`.
        patience: epochs without a better formula after which a round ends early; 0 for none.
        max_evaluations: formulas whose computation ends the search, at the end of an epoch; 0 for no end.
        proposals: features that are tried after each round but the last.
        seed_proxies: that the search starts from, beside random formulas, as `resolve_proxy` takes them. The best of
            them is reported unless what evolved is ahead of it, see `choice.Choice`.
        seed_margin: by more than how many standard errors, on the validation networks; 0 for any lead.
        seed_formulas: those of the seed proxies, see `seed_formulas.seed_formula`; they follow from them.
        seed_names: the first seed proxy of each of these formulas.
        beside: further proxies that the report shows, as `eznas evaluate` takes them.
        search: how formulas evolve.
    """

    benchmarks: tuple[str, ...] = ("digits",)
    networks: int = 200
    validation: int = 100
    held_out: int = 1000
    batch_size: int = 1
    seed: int = 0
    evolution: int = 0
    unit: Unit = "R-C-B"
    third_pass: ThirdPass = "perturbed"
    aggregation: Aggregation = "sum"
    combine: Combine = "minimum"
    objective: Objective = "tau"
    given: str = ""
    over: tuple[str, ...] = ()
    lead_cap: float = Criterion.lead_cap
    least_share: float = Criterion.least_share
    draws: int = 1
    operations: Operations = "extended"
    terms: int = 1
    joined_terms: int = MAXIMUM_TERMS
    nodes: int = MAXIMUM_JOINED_NODES
    rounds: int = 2
    epochs: int = 30
    patience: int = 0
    max_evaluations: int = 0
    proposals: int = 200
    seed_proxies: tuple[str, ...] = ()
    seed_margin: float = 0.0
    seed_formulas: tuple[str, ...] = field(init=False, default=())
    seed_names: tuple[str, ...] = field(init=False, repr=False, default=())
    beside: tuple[str, ...] = ()
    search: SearchSettings = field(default_factory=SearchSettings)

    def __post_init__(self) -> None:
        if not self.benchmarks:
            raise EznasError("benchmarks is empty: name one or more.")
        object.__setattr__(self, "benchmarks", distinct_names(self.benchmarks))
        if self.beside:
            from eznas.runs.beside import check_beside

            check_beside(self.beside)
        for name, (kind, called) in _NUMBERS.items():
            value = getattr(self, name)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise EznasError(f"{name} is {shown(value)}; it must be a {called}.")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise EznasError(f"{name} is {shown(getattr(self, name))}: choose {' or '.join(choices)}.")
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise EznasError(f"{name} is {getattr(self, name)}; it must be {least} or more.")
        for name, most in _MOST.items():
            if not 1 <= getattr(self, name) <= most:
                raise EznasError(f"{name} is {getattr(self, name)}; it must be from 1 to {most}.")
        if self.given and self.over:
            raise EznasError(f"given is {self.given!r} and over {'+'.join(self.over)}: choose one of them.")
        if not 0 < self.lead_cap <= 1:
            raise EznasError(f"lead_cap is {self.lead_cap}; it must be above 0, and 1 at most.")
        if not 0 <= self.least_share <= 1:
            raise EznasError(f"least_share is {self.least_share}; it must be from 0 to 1.")
        if not 0 <= self.seed_margin < math.inf:
            raise EznasError(f"seed_margin is {self.seed_margin}; it must be a number of standard errors, 0 or more.")
        if self.seed_proxies:
            from eznas.discovery.seed_formulas import seed_formula
            from eznas.runs.proxy_argument import resolve_proxy

            names: dict[str, str] = {}
            for text in self.seed_proxies:
                names.setdefault(seed_formula(resolve_proxy(text), self.unit, self.third_pass), text)
            object.__setattr__(self, "seed_formulas", tuple(names))
            object.__setattr__(self, "seed_names", tuple(names.values()))
            for formula, name in names.items():
                self._check_seed(formula, name)

    @property
    def criterion(self) -> Criterion:
        """From how a formula ranks the networks to its fitness."""
        reference: Reference = "given" if self.given else "over" if self.over else "none"
        cap, share = float(self.lead_cap), float(self.least_share)
        return Criterion(self.objective, self.combine, self.draws, reference, cap, share)

    @property
    def references(self) -> tuple[str, ...]:
        """The proxies that formulas are compared with while they evolve."""
        return (self.given,) if self.given else self.over

    @property
    def command(self) -> str:
        """The command that makes a discovery with these settings."""
        words = ["eznas", "discover", *(word for name in self.benchmarks for word in ("--benchmark", name))]
        words += [word for proxy in self.seed_proxies for word in ("--seed-proxy", proxy)]
        words += [word for proxy in self.beside for word in ("--beside", proxy)]
        for settings in (self, self.search):
            for one in fields(settings):
                value = getattr(settings, one.name)
                written = ",".join(value) if isinstance(value, tuple) else str(value)
                if one.name not in _WRITTEN_OTHERWISE and (value != one.default or one.name == "seed"):
                    words += [f"--{one.name.replace('_', '-')}", written]
        return shlex.join(words)

    def _check_seed(self, formula: str, name: str) -> None:
        terms = parse_terms(formula)
        most = max(self.terms, self.joined_terms)
        if len(terms) > most:
            raise EznasError(
                f"The seed {name:.80} has {len(terms)} terms, and formulas may have {most}: give --joined-terms "
                f"{len(terms)}, or another seed."
            )
        extensions = [name for term in terms for name in term.program.extensions]
        if extensions and self.operations == "paper":
            raise EznasError(
                f"The seed {name:.80} uses {extensions[0]}, which is beyond the paper's operations: give "
                "--operations extended, or another seed."
            )
