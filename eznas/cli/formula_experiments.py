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
    Threads,
    WhichSet,
    finish_experiment,
    run_experiment,
)
from eznas.options import Aggregation, Combine

if TYPE_CHECKING:
    from eznas.discovery.discovery import Machine


Rounds = Annotated[int, typer.Option(min=1, help="Rounds of every search; between two its table grows.")]
Epochs = Annotated[int, typer.Option(min=1, help="Epochs of each round.")]
Proposals = Annotated[int, typer.Option(min=0, help="Features that are tried between two rounds.")]
Aggregate = Annotated[Aggregation, typer.Option(help="From the units' numbers to a network's score.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Images that every network sees.")]
Device = Annotated[str, typer.Option(help="Where networks run: cpu, cuda or cuda:N.")]
Memory = Annotated[str, typer.Option(help="For the statistics of networks in work, such as 1GB.")]


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
        typer.Option(help="May be given several times; a wrong one shows all.", show_default="all but paper-tree"),
    ] = None,
    paper: Annotated[
        bool, typer.Option("--paper", help="With the paper preset's trees as well, which take long.")
    ] = False,
    held_out: Annotated[int, typer.Option(min=3, help="Networks to judge on, at most.")] = 500,
    seeds: Annotated[
        int, typer.Option(min=1, max=MAXIMUM_SEEDS, help="Each draws networks, images and weights, and evolves.")
    ] = 5,
    seed: FirstSeed = 0,
    rounds: Rounds = 2,
    epochs: Epochs = 30,
    proposals: Proposals = 200,
    aggregation: Aggregate = "sum",
    batch_size: BatchSize = 1,
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
    from eznas.experiments.few_networks import BENCHMARKS, COUNTS, FewNetworks
    from eznas.experiments.few_networks_content import few_networks_sentences, plot
    from eznas.experiments.few_networks_methods import PAPER, chosen_methods

    methods = chosen_methods(method or [])
    if paper and PAPER not in methods:
        methods = (*methods, PAPER)
    study = FewNetworks(
        tuple(benchmark or BENCHMARKS),
        tuple(count or COUNTS),
        range(seed, seed + seeds),
        methods,
        held_out,
        DiscoverySettings(
            rounds=rounds, epochs=epochs, proposals=proposals, aggregation=aggregation, batch_size=batch_size
        ),
        _machine(threads, memory, device),
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
    networks: Annotated[int, typer.Option(min=2, help="Networks of each benchmark that formulas evolve on.")] = 80,
    validation: Annotated[int, typer.Option(min=2, help="Networks of each that formulas are chosen by.")] = 40,
    test_networks: Annotated[int, typer.Option(min=3, help="Networks to test on, at most.")] = 500,
    combine: Annotated[Combine, typer.Option(help="From the taus of several benchmarks to one fitness.")] = "minimum",
    seeds: Annotated[
        int, typer.Option(min=1, max=MAXIMUM_SEEDS, help="Each draws networks, images and weights, and evolves.")
    ] = 3,
    seed: FirstSeed = 0,
    rounds: Rounds = 1,
    epochs: Epochs = 30,
    proposals: Proposals = 200,
    aggregation: Aggregate = "sum",
    batch_size: BatchSize = 1,
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
    from eznas.discovery.settings import DiscoverySettings
    from eznas.experiments.left_out import EMBEDDED, REAL, LeftOut
    from eznas.experiments.left_out_content import plot

    sets = {WhichSet.REAL: REAL, WhichSet.EMBEDDED: EMBEDDED, WhichSet.ALL: (*REAL, *EMBEDDED)}
    settings = DiscoverySettings(
        networks=networks,
        validation=validation,
        combine=combine,
        rounds=rounds,
        epochs=epochs,
        proposals=proposals,
        aggregation=aggregation,
        batch_size=batch_size,
    )
    experiment = LeftOut(
        tuple(benchmark or sets[which]),
        leave_out.value,
        range(seed, seed + seeds),
        test_networks,
        settings,
        _machine(threads, memory, device),
    )
    folder = output or RUNS / "discover" / (f"chosen-{leave_out}" if benchmark else f"{which}-{leave_out}")
    content = run_experiment(partial(experiment.run, folder), quiet)
    finish_experiment(content, [content["verdict"]], folder, plot, json)


def _machine(threads: int | None, memory: str, device: str) -> Machine:
    from eznas.discovery.discovery import Machine
    from eznas.runs.settings import parse_memory

    return Machine(threads, parse_memory(memory), device)
