"""`eznas discover`: search formulas over features, by the million."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from eznas.cli.going_on import same_command_goes_on
from eznas.cli.network_options import BatchSize, Device, Memory, Ray, ThirdPassOption, Threads, UnitOption
from eznas.cli.output import print_all, print_json, stderr, stdout
from eznas.discovery.limits import MAXIMUM_JOINED_NODES, MAXIMUM_TERMS
from eznas.discovery.search_settings import SearchSettings
from eznas.options import Aggregation, Combine, Objective, Operations
from eznas.setting import settings_of


def _with_search_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command`, which takes `**search`, an option for every setting of the search for formulas."""
    own = inspect.signature(command, eval_str=True)
    parameters = [one for one in own.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    for name, about in settings_of(SearchSettings).items():
        option = typer.Option(
            min=about.minimum,
            max=about.maximum,
            help=f"{about.help[0].upper()}{about.help[1:]}.",
            rich_help_panel="How formulas evolve",
        )
        annotation = Annotated[about.kind, option]  # type: ignore[name-defined]
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=about.default, annotation=annotation)
        )
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters]
    command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


@_with_search_options
def discover(
    benchmark: Annotated[
        list[str] | None,
        typer.Option(
            help="A benchmark, or the path of a table; given several times, one formula is to serve all of them.",
            show_default="digits",
        ),
    ] = None,
    networks: Annotated[int, typer.Option(min=2, help="Networks of each benchmark that formulas evolve on.")] = 200,
    validation: Annotated[
        int, typer.Option(min=2, help="Networks of each that the reported formula is chosen by.")
    ] = 100,
    held_out: Annotated[
        int, typer.Option(min=0, help="Networks of each that it is judged on; fewer where there are no more.")
    ] = 1000,
    batch_size: BatchSize = 1,
    unit: UnitOption = "R-C-B",
    third_pass: ThirdPassOption = "perturbed",
    aggregation: Annotated[Aggregation, typer.Option(help="From the units' numbers to a network's score.")] = "sum",
    combine: Annotated[
        Combine,
        typer.Option(
            help="From the taus of several benchmarks to one fitness. On the three datasets of NAS-Bench-201, `mean` "
            "found better formulas than `minimum` for two, and as good ones for the third."
        ),
    ] = "minimum",
    objective: Annotated[
        Objective, typer.Option(help="Tau over all networks, weighted to the best ones, or a front of both.")
    ] = "tau",
    given: Annotated[
        str, typer.Option(metavar="PROXY", help="Only what a formula knows beyond this proxy counts, such as params.")
    ] = "",
    over: Annotated[
        str,
        typer.Option(
            metavar="PROXIES", help="The lead over the best of these counts, with commas between: params,flops."
        ),
    ] = "",
    lead_cap: Annotated[float, typer.Option(help="The most that a lead on one benchmark counts.")] = 0.15,
    least_share: Annotated[
        float, typer.Option(help="Of the least tau over the benchmarks, what is added to the lead.")
    ] = 0.1,
    draws: Annotated[
        int, typer.Option(min=1, help="Draws of weights and images over which the value of a formula is the mean.")
    ] = 1,
    operations: Annotated[
        Operations,
        typer.Option(help="What formulas are made of: the paper's operations and extensions, or the former."),
    ] = "extended",
    terms: Annotated[int, typer.Option(min=1, max=MAXIMUM_TERMS, help="Terms of a formula that evolves, at most.")] = 1,
    joined_terms: Annotated[
        int,
        typer.Option(
            min=1,
            max=MAXIMUM_TERMS,
            help="After the search, formulas of one term are joined to such of so many, at most; 1 for none.",
        ),
    ] = MAXIMUM_TERMS,
    nodes: Annotated[
        int,
        typer.Option(
            min=1, max=MAXIMUM_JOINED_NODES, help="Nodes of the reported formula, at most; the front has all."
        ),
    ] = MAXIMUM_JOINED_NODES,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of the search; between two the table grows.")] = 2,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of each round.")] = 30,
    patience: Annotated[
        int, typer.Option(min=0, help="Epochs without a better formula after which a round ends; 0 for none.")
    ] = 0,
    max_evaluations: Annotated[
        int, typer.Option(min=0, help="End the search when so many formulas are computed; 0 for no end.")
    ] = 0,
    seed_proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROXY",
            help="A name, path of a .json file or formula that the search starts from; may be given several times.",
        ),
    ] = None,
    seed_margin: Annotated[
        float,
        typer.Option(
            min=0,
            help="The best of them is reported unless what evolved is ahead of it by more than so many standard "
            "errors, by halves of the validation networks that did not choose; with fewer than ten it always is.",
        ),
    ] = 0.0,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PROXY",
            help="A further proxy that the report shows, as `eznas evaluate` takes it; may be given several times.",
        ),
    ] = None,
    proposals: Annotated[int, typer.Option(min=0, help="Features that are tried between two rounds.")] = 200,
    max_seconds: Annotated[
        float | None, typer.Option(help="End the search after this time; the same command goes on with it.")
    ] = None,
    device: Device = "cpu",
    threads: Threads = None,
    memory: Memory = "1GB",
    ray: Ray = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is drawn.")] = 0,
    evolution: Annotated[
        int,
        typer.Option(
            min=0,
            help="Which one of several on the same networks, weights and images: 1, 2 and so on find other formulas, "
            "whose ranks together are better than those of one.",
        ),
    ] = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the discovery. Default: runs/BENCHMARKS-formulas-SEED, with -EVOLUTION from 1 on."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
    **search: Any,
) -> None:
    """Search scalar formulas over about 1,000 features of every unit.

    The features are computed once (see `eznas features`). The same command continues what was interrupted.

    A seed is taken apart: what gives one number per unit becomes a feature, and what is computed from these numbers the
    formula that evolution goes on from. Its aggregation and orientation are those of the search.

    On several benchmarks a formula evolves on the networks that each would give alone, over the features that are
    useful on every one of them; fitness combines its taus under one orientation.
    """
    from eznas.discovery.discovery import Discovery
    from eznas.discovery.machine import Machine
    from eznas.discovery.session import discover as run_session
    from eznas.discovery.settings import DiscoverySettings
    from eznas.report.discovery import discovery_parts
    from eznas.report.html.report import write_report
    from eznas.report.progress import ProgressBar
    from eznas.runs.settings import parse_memory

    settings = DiscoverySettings(
        benchmarks=tuple(benchmark or ["digits"]),
        networks=networks,
        validation=validation,
        held_out=held_out,
        batch_size=batch_size,
        seed=seed,
        evolution=evolution,
        unit=unit,
        third_pass=third_pass,
        aggregation=aggregation,
        combine=combine,
        objective=objective,
        given=given,
        over=_listed(over),
        lead_cap=lead_cap,
        least_share=least_share,
        draws=draws,
        operations=operations,
        terms=terms,
        joined_terms=joined_terms,
        nodes=nodes,
        rounds=rounds,
        epochs=epochs,
        proposals=proposals,
        patience=patience,
        max_evaluations=max_evaluations,
        seed_proxies=tuple(seed_proxy or ()),
        seed_margin=seed_margin,
        beside=tuple(beside or ()),
        search=SearchSettings(**search),
    )
    machine = Machine(threads, parse_memory(memory), device)
    console = stderr()

    def watch(discovery: Discovery[Any]) -> None:
        best = discovery.archive.best
        if discovery.epochs % 5 == 0 and best:
            console.print(
                f"epoch {discovery.epochs}: {discovery.formulas_made:,} formulas over {len(discovery.features)} "
                f"features, best fitness {best.fitness:.3f} with {best.size} nodes"
            )

    stems = "+".join(Path(name).stem for name in settings.benchmarks)
    folder = output or Path("runs") / f"{stems}-formulas-{seed}{f'-{evolution}' if evolution else ''}"
    with same_command_goes_on(), ProgressBar(console) as progress, ExitStack() as stack:
        if ray is not None:
            from eznas.cluster.backend import with_cluster
            from eznas.cluster.connection import connected

            machine = with_cluster(machine, stack.enter_context(connected(ray, machine.workers, progress)))
        content = run_session(
            lambda: Discovery.on_benchmarks(settings, machine, progress),
            folder,
            max_seconds,
            watch,
            progress,
        )
    write_report(folder)
    if json:
        print_json(content)
    else:
        print_all(stdout(), discovery_parts(content))


def _listed(text: str) -> tuple[str, ...]:
    """Return what stands between the commas of a list of proxies; those within the parentheses of a formula stay."""
    parts = [""]
    depth = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return tuple(part.strip() for part in parts if part.strip())
