"""`eznas evaluate`: how well a proxy ranks the networks of a benchmark."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from eznas.cli.output import print_all, print_json, stderr, stdout

_NETWORKS: Final = 1000
_FIGURES: Final = {"tau": "Kendall tau", "spearman": "Spearman rho", "top_decile_tau": "tau in the top decile"}


def evaluate(
    proxy: Annotated[
        str,
        typer.Argument(
            metavar="PROXY", help="Name such as eznas-a or params, path of a .json file, formula, or run directory."
        ),
    ],
    benchmark: Annotated[
        str, typer.Option(envvar="EZNAS_BENCHMARK", show_envvar=False, help="`eznas benchmark list` shows all.")
    ] = "digits",
    networks: Annotated[
        int | None, typer.Option(min=1, help="Networks to draw. Default: 1000, or all if there are fewer.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images in every pass.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the networks, images, weights and bootstrap.")] = 0,
    accuracy_split: Annotated[
        str | None, typer.Option(help="Accuracies to take where a benchmark has several, such as test.")
    ] = None,
    device: Annotated[str, typer.Option(help="Where networks run: cpu, cuda or cuda:N.")] = "cpu",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; results do not depend on it. Default: all cores.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Measure how well a proxy ranks the networks of a benchmark.

    Prints Kendall tau, Spearman rho and the tau of the most accurate tenth, each with its 95 % bootstrap interval,
    and the whole protocol.
    """
    from eznas import benchmarks
    from eznas.cli.progress import network_progress
    from eznas.runs.proxy_argument import networks_seen, resolve_proxy

    resolved = resolve_proxy(proxy)
    loaded = benchmarks.load(benchmark, accuracy_split)
    count = min(_NETWORKS, len(loaded)) if networks is None else networks
    from eznas.scoring.evaluation import evaluate_proxy

    with network_progress(stderr(), count) as progress:
        evaluation = evaluate_proxy(resolved, loaded, count, batch_size, seed, device, threads, progress)
    content = evaluation.to_dict()
    seen = networks_seen(proxy, loaded)
    if seen:
        count = int(sum(int(index) in seen for index in evaluation.networks))
        content["networks_seen_by_evolution"] = count
        typer.echo(
            f"eznas: {count} of these {len(evaluation.networks)} networks are among those that the proxy was evolved "
            f"on; {proxy}/summary.json has its figures on held-out ones.",
            err=True,
        )
    if json:
        print_json(content)
        return
    _print(content)


def _print(content: dict[str, Any]) -> None:
    from eznas.report.tables import interval_text, number_text, pairs_table, table

    figures = [
        (label, number_text(content[key]), interval_text(content[f"{key}_interval"])) for key, label in _FIGURES.items()
    ]
    parts = [
        table(f"{content['proxy']} on {content['protocol']['benchmark']}", ("", "value", "95 % interval"), figures),
        pairs_table("How it was measured", content["protocol"]),
    ]
    if content["failed"]:
        parts.append(pairs_table(f"{len(content['failed'])} networks have no score", content["failed"]))
    print_all(stdout(), parts)
