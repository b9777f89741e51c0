"""`eznas experiment search`: what proxies are worth to whoever looks for an architecture."""

from __future__ import annotations

from functools import partial
from typing import Annotated, get_args

import typer

from eznas.cli.experiment_parts import (
    MAXIMUM_SEEDS,
    RUNS,
    FirstSeed,
    Json,
    Output,
    Quiet,
    finish_experiment,
    run_experiment,
)
from eznas.cli.network_options import BatchSize, Device
from eznas.options import Strategy


def search(
    benchmark: Annotated[
        list[str] | None,
        typer.Option(help="May be given several times; each is studied for itself.", show_default="digits"),
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROXY",
            help="A name, .json file, formula or folder; may be given several times.",
            show_default="nasbench201-best, eznas-a, params",
        ),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="|".join(get_args(Strategy)), help="May be given several times.", show_default="all of them"
        ),
    ] = None,
    networks: Annotated[int, typer.Option(min=1, help="Different networks that a search may score.")] = 100,
    seeds: Annotated[int, typer.Option(min=1, max=MAXIMUM_SEEDS, help="Of the searches.")] = 10,
    seed: FirstSeed = 0,
    scoring_seed: Annotated[int, typer.Option(min=0, help="Of weights and images, the same for all searches.")] = 0,
    batch_size: BatchSize = 1,
    device: Device = "cpu",
    output: Output = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Search architectures with proxies where accuracies are known, beside random search that trains as many networks.

    Says for each proxy and strategy the true accuracy of the pick, its rank and its regret, what one has after training
    the 5 or 10 best-scored networks, and how many networks random search must train to expect as much.

    Writes search.json, search.md and the plot search.png and .svg.
    """
    from eznas.experiments.architecture_content import architecture_sentences, plot
    from eznas.experiments.architecture_study import BENCHMARKS, PROXIES, ArchitectureStudy, chosen_strategies
    from eznas.runs.proxy_argument import resolve_proxy

    study = ArchitectureStudy(
        [resolve_proxy(text) for text in proxy or PROXIES],
        tuple(benchmark or BENCHMARKS),
        chosen_strategies(strategy or get_args(Strategy)),
        range(seed, seed + seeds),
        networks,
        batch_size,
        scoring_seed,
        device,
    )
    folder = output or RUNS / "search"
    content = run_experiment(partial(study.run, folder), quiet)
    finish_experiment(content, architecture_sentences(content), folder, plot, json)
