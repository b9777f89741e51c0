"""`eznas leaderboard`: all proxies on the same networks."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from eznas.cli.experiment_parts import RUNS, Json, Output, Quiet, run_experiment
from eznas.cli.network_options import Device, Threads
from eznas.cli.output import print_all, print_json, stdout


def leaderboard(
    proxies: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROXY...]",
            help="As `eznas evaluate` takes them. Default: every proxy that has a name.",
            show_default=False,
        ),
    ] = None,
    benchmark: Annotated[
        list[str] | None,
        typer.Option(help="`eznas benchmark list` shows all; may be given several times.", show_default="digits"),
    ] = None,
    networks: Annotated[int, typer.Option(min=3, help="Networks of each benchmark, at most.")] = 200,
    second_draw: Annotated[
        int, typer.Option(min=0, help="Networks that are scored again, with other weights and images.")
    ] = 50,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Images that programs see; hand-made proxies see as many as their papers say.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the networks, images, weights and bootstrap.")] = 0,
    device: Device = "cpu",
    threads: Threads = None,
    output: Output = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare proxies on the same networks: what they rank, what they would pick, what they cost.

    The same command goes on where it was stopped, and more networks or proxies add to what is there. Networks that a
    proxy was evolved on are left out.

    Writes leaderboard.json, leaderboard.md and the plot leaderboard.png and .svg.
    """
    from eznas.experiments.leaderboard import Leaderboard
    from eznas.experiments.leaderboard_content import COLUMNS, NUMERIC, cells, plot, sentences
    from eznas.experiments.plots import PlotUnavailableError
    from eznas.proxies import every_name
    from eznas.report.tables import Unwrapped, table
    from eznas.runs.proxy_argument import resolve_proxy

    texts = tuple(proxies or every_name())
    board = Leaderboard(
        proxies=tuple(map(resolve_proxy, texts)),
        benchmarks=tuple(dict.fromkeys(benchmark or ["digits"])),
        texts=texts,
        networks=networks,
        second_draw=second_draw,
        batch_size=batch_size,
        seed=seed,
        device=device,
        threads=threads,
    )
    folder = output or RUNS / "leaderboard"
    content = run_experiment(partial(board.run, folder), quiet)
    try:
        plot(content, folder)
    except PlotUnavailableError as error:
        typer.echo(f"eznas: {error}", err=True)
    if json:
        print_json(content)
        return
    for one in content["benchmarks"].values():
        shown = table(one["benchmark"], COLUMNS, map(cells, one["rows"]), numeric=NUMERIC)
        print_all(stdout(), [shown, *sentences(one)])
        typer.echo()
    print_all(stdout(), [Unwrapped("Written to", str(folder))])
