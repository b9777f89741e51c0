"""`eznas discover`: search formulas over features, by the million."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from eznas.cli.output import print_all, print_json, stderr, stdout
from eznas.options import Aggregation, Operations, ThirdPass, Unit


def discover(
    benchmark: Annotated[str, typer.Option(help="A benchmark, or the path of a table.")] = "digits",
    networks: Annotated[int, typer.Option(min=2, help="Networks that formulas evolve on.")] = 200,
    validation: Annotated[int, typer.Option(min=2, help="Networks that the reported formula is chosen by.")] = 100,
    held_out: Annotated[
        int, typer.Option(min=0, help="Networks that it is judged on; fewer where there are no more.")
    ] = 1000,
    batch_size: Annotated[int, typer.Option(min=1, help="Images that every network sees.")] = 1,
    unit: Annotated[Unit, typer.Option(help="Three consecutive layers that make a unit.")] = "R-C-B",
    third_pass: Annotated[
        ThirdPass, typer.Option(help="The third pass as it is, or minus the data pass.")
    ] = "perturbed",
    aggregation: Annotated[Aggregation, typer.Option(help="From the units' numbers to a network's score.")] = "sum",
    operations: Annotated[
        Operations,
        typer.Option(help="What formulas are made of: the paper's operations and extensions, or the former."),
    ] = "extended",
    terms: Annotated[int, typer.Option(min=1, max=3, help="Terms of a formula, at most.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of the search; between two the table grows.")] = 2,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of each round.")] = 30,
    proposals: Annotated[int, typer.Option(min=0, help="Features that are tried between two rounds.")] = 200,
    max_seconds: Annotated[
        float | None, typer.Option(help="End the search after this time; the same command goes on with it.")
    ] = None,
    device: Annotated[str, typer.Option(help="Where networks run: cpu, cuda or cuda:N.")] = "cpu",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; results do not depend on it. Default: all cores.")
    ] = None,
    memory: Annotated[str, typer.Option(help="For the statistics of networks in work, such as 1GB.")] = "1GB",
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 0,
    output: Annotated[
        Path | None, typer.Option(help="Folder of the discovery. Default: runs/BENCHMARK-formulas-SEED.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Search scalar formulas over about 1,000 features of every unit.

    The features are computed once (see `eznas features`). The same command continues what was interrupted.
    """
    from eznas.cli.progress import network_progress
    from eznas.discovery.discovery import Discovery, Machine
    from eznas.discovery.session import discover as run_session
    from eznas.discovery.settings import DiscoverySettings
    from eznas.runs.settings import parse_memory

    settings = DiscoverySettings(
        benchmark=benchmark,
        networks=networks,
        validation=validation,
        held_out=held_out,
        batch_size=batch_size,
        seed=seed,
        unit=unit,
        third_pass=third_pass,
        aggregation=aggregation,
        operations=operations,
        terms=terms,
        rounds=rounds,
        epochs=epochs,
        proposals=proposals,
    )
    machine = Machine(threads, parse_memory(memory), device)
    console = stderr()

    def watch(discovery: Discovery) -> None:
        front = discovery.archive.front
        if discovery.epochs % 5 == 0 and front:
            console.print(
                f"epoch {discovery.epochs}: {discovery.formulas_made:,} formulas over {len(discovery.features)} "
                f"features, best tau {front[-1].fitness:.3f} with {front[-1].size} nodes"
            )

    with network_progress(console, networks + validation) as progress:
        content = run_session(
            lambda: Discovery(settings, machine, progress),
            output or Path("runs") / f"{Path(benchmark).stem}-formulas-{seed}",
            max_seconds,
            watch,
        )
    if json:
        print_json(content)
        return
    _print(content)


def _print(content: dict[str, Any]) -> None:
    from eznas.report.tables import interval_text, number_text, table

    rows = [
        (
            label,
            one["size"],
            number_text(one["training"]),
            number_text(one["validation"]),
            number_text(one["held_out"]),
            interval_text(one["held_out_interval"]),
            number_text(one["held_out_top"]),
            f"{one['orientation']:+d}",
        )
        for label, one in [("chosen", content["chosen"]), *(("front", one) for one in content["front"])]
    ]
    title = (
        f"Kendall tau on {content['networks']} training, {content['validation_networks']} validation and "
        f"{content['held_out_networks']} held-out networks of {content['benchmark']}"
    )
    columns = ("formula", "size", "training", "validation", "held-out", "95 % interval", "best tenth", "sign")
    parts = [
        table(title, columns, rows, numeric=("size", "training", "validation", "held-out", "best tenth")),
        table("The chosen formula", ("formula",), [(content["chosen"]["formula"],)], show_header=False),
    ]
    print_all(stdout(), parts)
