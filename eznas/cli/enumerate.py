"""`eznas enumerate`: the best formula of a few nodes, by comparing all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eznas.cli.interruption import INTERRUPTED
from eznas.cli.network_options import BatchSize, Device, Memory, ThirdPassOption, Threads, UnitOption
from eznas.cli.output import print_all, print_json, stderr, stdout
from eznas.options import FeatureSource


def enumerate_formulas(
    benchmark: Annotated[str, typer.Option(help="A benchmark, or the path of a table.")] = "digits",
    networks: Annotated[int, typer.Option(min=2, help="Networks that formulas are compared on.")] = 200,
    validation: Annotated[int, typer.Option(min=0, help="Other networks that the best ones are ranked on.")] = 100,
    held_out: Annotated[
        int, typer.Option(min=0, help="Networks that they are judged on; fewer where there are no more.")
    ] = 1000,
    features: Annotated[
        FeatureSource, typer.Option(help="All features up to --depth, the standard bank, or both.")
    ] = "enumerated",
    terminal: Annotated[
        list[str] | None,
        typer.Option(help="A statistic that features are made of; may be given several times. Default: five of them."),
    ] = None,
    operation: Annotated[
        list[str] | None,
        typer.Option(help="An operation that they are made with; may be given several times. Default: twelve of them."),
    ] = None,
    depth: Annotated[
        int, typer.Option(min=0, help="Operations on the way from a statistic to the tensor whose mean a feature is.")
    ] = 2,
    maximum_features: Annotated[
        int, typer.Option(min=1, help="End the enumeration of features there, and say what is left out.")
    ] = 1000,
    sample_networks: Annotated[
        int, typer.Option(min=1, help="Networks on whose units features that agree are taken for one.")
    ] = 3,
    compare_search: Annotated[
        int, typer.Option(metavar="N", min=0, help="Let N searches look for the best formula, for each aggregation.")
    ] = 0,
    compare_evaluations: Annotated[int, typer.Option(min=1, help="Give a search up after so many formulas.")] = 500_000,
    batch_size: BatchSize = 1,
    unit: UnitOption = "R-C-B",
    third_pass: ThirdPassOption = "perturbed",
    device: Device = "cpu",
    threads: Threads = None,
    memory: Memory = "1GB",
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 0,
    output: Annotated[
        Path | None, typer.Option(help="Folder of the enumeration. Default: runs/BENCHMARK-enumeration-SEED.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Compare all formulas of up to three nodes over features of every unit, with either aggregation.

    Features are all programs up to a depth, of which those that agree on a sample of units are taken for one.
    Every one of them, every operation of one and of two features is a formula; the best of each size is the best there
    is. It says so where something was left out. Ctrl-C prints what is known; the same command goes on.
    """
    from eznas.report.enumeration import enumeration_parts
    from eznas.report.html.report import write_report
    from eznas.report.progress import ProgressBar

    with ProgressBar(stderr()) as progress:
        progress.phase("loading PyTorch")
        from eznas.discovery.enumeration.comparison import ComparisonSettings
        from eznas.discovery.enumeration.enumeration import Enumeration
        from eznas.discovery.enumeration.session import enumerate_in
        from eznas.discovery.enumeration.settings import (
            DEFAULT_OPERATIONS,
            DEFAULT_TERMINALS,
            EnumerationSettings,
        )
        from eznas.discovery.machine import Machine
        from eznas.runs.settings import parse_memory

        settings = EnumerationSettings(
            benchmark=benchmark,
            networks=networks,
            validation=validation,
            held_out=held_out,
            batch_size=batch_size,
            seed=seed,
            unit=unit,
            third_pass=third_pass,
            features=features,
            terminals=tuple(terminal or DEFAULT_TERMINALS),
            operations=tuple(operation or DEFAULT_OPERATIONS),
            depth=depth,
            maximum_features=maximum_features,
            sample_networks=sample_networks,
        )
        machine = Machine(threads, parse_memory(memory), device)
        comparison = ComparisonSettings(compare_search, compare_evaluations) if compare_search else None
        folder = output or Path("runs") / f"{Path(benchmark).stem}-enumeration-{seed}"
        content = enumerate_in(
            folder,
            lambda: Enumeration(settings, machine, progress),
            comparison,
            progress,
        )
    if content["finished"]:
        write_report(folder)
    if json:
        print_json(content)
    else:
        print_all(stdout(), enumeration_parts(content))
    if not content["finished"]:
        typer.echo("eznas: Stopped; nothing is lost, and the same command goes on.", err=True)
        raise typer.Exit(INTERRUPTED)
