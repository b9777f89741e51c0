"""`eznas evaluate`: how well proxies rank the networks of a benchmark."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from eznas.cli.network_options import Ray
from eznas.cli.output import print_all, print_json, stderr, stdout
from eznas.errors import EznasError
from eznas.options import Aggregation, ThirdPass, ToScalar, Unit

if TYPE_CHECKING:
    from eznas.proxies import AnyProxy


def _override(choices: Any, help_text: str) -> Any:
    return typer.Option(metavar="|".join(get_args(choices)), help=f"{help_text} Default: each program's own.")


def evaluate(
    proxies: Annotated[
        list[str],
        typer.Argument(
            metavar="PROXY...",
            help="Names such as eznas-a, synflow or params, .json files, formulas, folders of runs and discoveries, "
            "or rank(PROXY,PROXY,...), where several vote. `eznas proxy list` shows all names.",
            show_default=False,
        ),
    ],
    benchmark: Annotated[
        str, typer.Option(envvar="EZNAS_BENCHMARK", show_envvar=False, help="`eznas benchmark list` shows all.")
    ] = "digits",
    networks: Annotated[
        int | None, typer.Option(min=1, help="Networks to draw. Default: 1000, or all if there are fewer.")
    ] = None,
    all_networks: Annotated[
        bool, typer.Option("--all-networks", help="Draw those, too, that a run among the proxies was evolved on.")
    ] = False,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Images that programs see; hand-made proxies see as many as their papers say.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the networks, images, weights and bootstrap.")] = 0,
    accuracy_split: Annotated[
        str | None, typer.Option(help="Accuracies to take where a benchmark has several, such as test.")
    ] = None,
    unit: Annotated[str | None, _override(Unit, "Layers of a unit.")] = None,
    third_pass: Annotated[str | None, _override(ThirdPass, "Statistics of the third pass.")] = None,
    to_scalar: Annotated[str | None, _override(ToScalar, "From a program's result to a number per unit.")] = None,
    aggregation: Annotated[str | None, _override(Aggregation, "From the units' numbers to the score.")] = None,
    device: Annotated[str, typer.Option(help="Where networks run: cpu, cuda or cuda:N.")] = "cpu",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; results do not depend on it. Default: all cores.")
    ] = None,
    ray: Ray = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Measure how well proxies rank the networks of a benchmark, all on the same networks.

    Prints Kendall tau with its 95 % bootstrap interval, Spearman rho, the tau of the most accurate tenth, the share of
    networks that have a score (the others count as ties at the bottom), and the whole protocol.

    The first 100 networks are scored again with other weights and images: seed stability is Kendall tau between both
    scores, and a score that does not move depends on counts only, of layers, channels or pixels. The first 20 of them
    are scored with every operation rounded up, too: a program whose scores agree with those by less than tau .95 is
    partly rounding.

    The networks that a run was evolved on are left out.
    """
    from eznas import benchmarks
    from eznas.report.evaluation import evaluation_parts
    from eznas.report.progress import ProgressBar
    from eznas.runs.proxy_argument import resolve_proxy
    from eznas.runs.seen import networks_seen
    from eznas.statistics.workers import checked_threads

    changes = {"unit": unit, "third_pass": third_pass, "to_scalar": to_scalar, "aggregation": aggregation}
    resolved = _overridden([resolve_proxy(text) for text in proxies], changes)
    loaded = benchmarks.load(benchmark, accuracy_split)
    seen = networks_seen(proxies, loaded)
    if seen:
        what = "taken in" if all_networks else "left out; --all-networks takes them in"
        typer.echo(f"eznas: {len(seen)} networks of {loaded.name} that evolution has seen are {what}.", err=True)
    without = frozenset[int]() if all_networks else seen
    with ProgressBar(stderr()) as progress, ExitStack() as stack:
        progress.phase("loading PyTorch")
        from eznas.scoring.evaluation import evaluate as evaluate_proxies
        from eznas.scoring.scores import ScoreNetworks, score_networks

        score: ScoreNetworks = score_networks
        if ray is not None:
            from eznas.cluster.connection import connected
            from eznas.cluster.network_scores import score_on_cluster

            cluster = stack.enter_context(connected(ray, checked_threads(threads), progress))
            score = partial(score_on_cluster, cluster)
        evaluation = evaluate_proxies(
            resolved, loaded, networks, batch_size, seed, device, threads, progress, without, score
        )
    content = evaluation.to_dict()
    if json:
        print_json(content)
    else:
        print_all(stdout(), evaluation_parts(content))


def _overridden(proxies: list[AnyProxy], changes: dict[str, str | None]) -> list[AnyProxy]:
    """Return the proxies with other settings in the place of each program's own."""
    given: dict[str, Any] = {key: value for key, value in changes.items() if value is not None}
    changed = [_with(proxy, given) for proxy in proxies]
    if given and not any(_has_program(proxy) for proxy in proxies):
        option = f"--{next(iter(given)).replace('_', '-')}"
        raise EznasError(f"{option} says how a program is computed, and {proxies[0].name} is none: leave it out.")
    return changed


def _with(proxy: AnyProxy, given: dict[str, Any]) -> AnyProxy:
    from eznas.proxies import Proxy, RankAggregate

    if isinstance(proxy, RankAggregate):
        return replace(proxy, members=tuple(_with(member, given) for member in proxy.members))
    return replace(proxy, **given) if isinstance(proxy, Proxy) else proxy


def _has_program(proxy: AnyProxy) -> bool:
    from eznas.proxies import Proxy, RankAggregate

    if isinstance(proxy, RankAggregate):
        return any(map(_has_program, proxy.members))
    return isinstance(proxy, Proxy)
