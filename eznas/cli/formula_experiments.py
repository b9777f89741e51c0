"""The studies of formulas over features: what they give on few networks, and on spaces that they never saw."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from eznas.cli.experiment_parts import (
    MAXIMUM_SEEDS,
    RUNS,
    Benchmarks,
    FirstSeed,
    Json,
    Output,
    Quiet,
    WhichSet,
    finish_experiment,
    run_experiment,
)
from eznas.cli.network_options import Device, Memory, Threads

if TYPE_CHECKING:
    from eznas.discovery.machine import Machine


Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--setting",
        metavar="NAME=VALUE",
        help="A setting of all discoveries, such as rounds=1, terms=3 or search.islands=4; may be given several times.",
    ),
]


class Reading(StrEnum):
    """What is left out at a time."""

    SPACE = "space"
    BENCHMARK = "benchmark"


def few_networks(
    benchmark: Annotated[
        list[str] | None,
        typer.Option(
            help="May be given several times; each is studied for itself.",
            show_default="nasbench201-cifar10, darts-1000",
        ),
    ] = None,
    count: Annotated[
        list[int] | None,
        typer.Option(
            help="Networks of known accuracy; may be given several times.", show_default="10, 20, 50, 100, 300"
        ),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="May be given several times; `default` stands for all but discover-several, discover-ranked, "
            "discover-seeded, best-seed, paper-tree, best-feature, best-pair.",
            show_default="default",
        ),
    ] = None,
    seed_proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROXY",
            help="A name, .json file or formula that discover-seeded starts from, and best-seed chooses among; may be "
            "given several times. Networks that it is known to have evolved on are never held out.",
        ),
    ] = None,
    predictor_score: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROXY",
            help="A proxy whose scores the predictors know, beside params, FLOPs and the number of units; may be given "
            "several times. The cheap ones are synflow, meco, l2_norm, zen and swap.",
        ),
    ] = None,
    held_out: Annotated[int, typer.Option(min=3, help="Networks to judge on, at most.")] = 500,
    seeds: Annotated[
        int, typer.Option(min=1, max=MAXIMUM_SEEDS, help="Each draws networks, images and weights, and evolves.")
    ] = 5,
    seed: FirstSeed = 0,
    setting: Settings = None,
    device: Device = "cpu",
    threads: Threads = None,
    memory: Memory = "1GB",
    output: Output = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Held-out tau against the number of networks of known accuracy: evolution beside predictors and baselines.

    The held-out networks of a seed are the same for all methods and counts. No method knows an accuracy beyond the
    count: a search takes its validation networks, a quarter, out of it.

    Writes few_networks.json, few_networks.md and the plot few_networks.png and .svg.
    """
    from eznas.discovery.settings import DiscoverySettings
    from eznas.experiments.discovering import with_settings
    from eznas.experiments.few_networks import BENCHMARKS, COUNTS, VARIED, FewNetworks
    from eznas.experiments.few_networks_content import few_networks_sentences, plot
    from eznas.experiments.few_networks_methods import DEFAULT, chosen_methods
    from eznas.runs.proxy_argument import resolve_proxy

    settings = with_settings(DiscoverySettings(), setting or [], VARIED)
    names = tuple(benchmark or BENCHMARKS)
    study = FewNetworks(
        names,
        tuple(count or COUNTS),
        range(seed, seed + seeds),
        chosen_methods(method or [DEFAULT]),
        held_out,
        settings,
        tuple(seed_proxy or ()),
        _machine(threads, memory, device),
        tuple(resolve_proxy(text) for text in predictor_score or []),
    )
    folder = output or RUNS / "few-networks"
    content = run_experiment(partial(study.run, folder), quiet)
    finish_experiment(content, few_networks_sentences(content), folder, plot, json)


def discover(
    which: Annotated[
        WhichSet,
        typer.Option("--set", help="NAS-Bench-201 on three datasets and DARTS-1000; all embedded ones; or both."),
    ] = WhichSet.EMBEDDED,
    benchmark: Benchmarks = None,
    leave_out: Annotated[
        Reading,
        typer.Option(
            help="A search space with all its benchmarks, so that NAS-Bench-201 on any dataset and at any size is one; "
            "or a single benchmark, the weaker reading."
        ),
    ] = Reading.SPACE,
    test_networks: Annotated[int, typer.Option(min=3, help="Networks to test on, at most.")] = 500,
    ranked_with: Annotated[
        list[str] | None,
        typer.Option(
            "--ranked-with",
            metavar="PROXY",
            help="Also rank by the formula and this proxy together, as rank(PROXY,...) does; may be given several "
            "times, and the same proxy, too, for more votes.",
        ),
    ] = None,
    members: Annotated[
        int,
        typer.Option(min=1, help="Evolutions on the same networks, whose formulas are ranked together as the formula."),
    ] = 1,
    seeds: Annotated[
        int, typer.Option(min=1, max=MAXIMUM_SEEDS, help="Each draws networks, images and weights, and evolves.")
    ] = 3,
    seed: FirstSeed = 0,
    setting: Settings = None,
    device: Device = "cpu",
    threads: Threads = None,
    memory: Memory = "1GB",
    output: Output = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Evolve a formula on all spaces but one, and test it on that one, for each in turn.

    Beside params, FLOPs, EZNAS-A, and the formulas that evolve on one benchmark each.

    Writes discover.json, discover.md and the plot discover.png and .svg.
    """
    from eznas.experiments.discovering import ALWAYS_VARIED, with_settings
    from eznas.experiments.left_out import DEFAULTS, EMBEDDED, REAL, LeftOut
    from eznas.experiments.left_out_content import plot
    from eznas.runs.proxy_argument import resolve_proxy

    sets = {WhichSet.REAL: REAL, WhichSet.EMBEDDED: EMBEDDED, WhichSet.ALL: (*REAL, *EMBEDDED)}
    experiment = LeftOut(
        tuple(benchmark or sets[which]),
        leave_out.value,
        range(seed, seed + seeds),
        test_networks,
        tuple(resolve_proxy(text) for text in ranked_with or []),
        members,
        with_settings(DEFAULTS, setting or [], ALWAYS_VARIED),
        _machine(threads, memory, device),
    )
    folder = output or RUNS / "discover" / (f"chosen-{leave_out}" if benchmark else f"{which}-{leave_out}")
    content = run_experiment(partial(experiment.run, folder), quiet)
    finish_experiment(content, [content["verdict"]], folder, plot, json)


def _machine(threads: int | None, memory: str, device: str) -> Machine:
    from eznas.discovery.machine import Machine
    from eznas.runs.settings import parse_memory

    return Machine(threads, parse_memory(memory), device)
