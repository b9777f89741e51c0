"""`eznas features`: the tables that formulas are searched on."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from eznas.cli.going_on import same_command_goes_on
from eznas.cli.network_options import BatchSize, Device, Memory, Ray, ThirdPassOption, Threads, UnitOption
from eznas.cli.output import print_all, print_json, stderr, stdout

if TYPE_CHECKING:
    from eznas.features.folder import TableOnDisk

app = typer.Typer(no_args_is_help=True, help="Tables of features, which are kept in the user's cache folder.")

_MEGABYTE: Final = 2**20
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


@app.command("list")
def list_tables(json: JsonOption = False) -> None:
    """Show the tables of this machine, the one used last first."""
    from eznas.features.folder import tables_folder, tables_on_disk
    from eznas.report.tables import table

    tables = tables_on_disk()
    if json:
        print_json({"folder": str(tables_folder()), "tables": [_content(one) for one in tables]})
        return
    columns = ("benchmark", "networks", "seed", "batch", "unit", "MB", "last used", "folder")
    rows = [
        (
            one.about.get("benchmark", "–"),
            one.networks,
            *(one.about.get(key, "–") for key in ("seed", "batch_size", "unit")),
            f"{one.nbytes / _MEGABYTE:.1f}",
            datetime.fromtimestamp(one.last_used).strftime("%Y-%m-%d %H:%M"),
            one.path.name,
        )
        for one in tables
    ]
    numeric = ("networks", "seed", "batch", "MB")
    print_all(stdout(), [table(f"Feature tables in {tables_folder()}", columns, rows, numeric=numeric)])


@app.command()
def build(
    benchmark: Annotated[str, typer.Option(help="A benchmark, or the path of a table.")] = "digits",
    networks: Annotated[int, typer.Option(min=1, help="The first networks that a run with this seed takes.")] = 100,
    batch_size: BatchSize = 1,
    unit: UnitOption = "R-C-B",
    third_pass: ThirdPassOption = "perturbed",
    device: Device = "cpu",
    threads: Threads = None,
    memory: Memory = "1GB",
    ray: Ray = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the choice of networks, the images and the weights.")] = 0,
    json: JsonOption = False,
) -> None:
    """Compute the standard bank of features for networks of a benchmark, and say which of them are useful.

    What an interrupted command has computed is kept: run it again and it goes on.
    """
    import time

    from eznas import benchmarks, seeds
    from eznas.features.bank import standard_bank
    from eznas.features.computation import OpenComputation, OwnComputation
    from eznas.features.selection import select
    from eznas.features.source import BenchmarkSource
    from eznas.features.table import FeatureTable
    from eznas.report.progress import ProgressBar
    from eznas.report.tables import pairs_table
    from eznas.runs.settings import parse_memory
    from eznas.statistics.settings import CollectionSettings
    from eznas.statistics.workers import checked_threads

    loaded = benchmarks.load(benchmark)
    loaded.sample(networks, seeds.generator(seed, "networks"))  # raises where there are fewer
    indices = seeds.generator(seed, "networks").permutation(len(loaded))[:networks]
    features = standard_bank()
    source = BenchmarkSource(loaded, batch_size, seed, CollectionSettings(unit, third_pass, device))
    made = FeatureTable(source, indices)
    missing = len(made.unfinished(features))
    with same_command_goes_on(), ProgressBar(stderr()) as progress, ExitStack() as stack:
        computation: OpenComputation = OwnComputation
        if ray is not None:
            from eznas.cluster.connection import connected
            from eznas.cluster.features import ClusterComputation

            cluster = stack.enter_context(connected(ray, checked_threads(threads), progress))
            computation = partial(ClusterComputation, cluster)
        progress.phase("networks", networks)
        begun = time.perf_counter()
        made.compute(
            features,
            lambda _done, _count: progress.advance(),
            threads,
            parse_memory(memory),
            open_computation=computation,
        )
        seconds = time.perf_counter() - begun
    values = made.read(features)
    selection = select(values)
    content: dict[str, Any] = {
        "folder": str(made.path),
        "networks": networks,
        "units": int(values.units.sum()),
        "features": len(features),
        "networks_computed_now": missing,
        "seconds": round(seconds, 1),
        "useful": len(selection.kept),
        "dropped": selection.counts,
    }
    if json:
        print_json(content)
        return
    print_all(stdout(), [pairs_table(f"Features of {loaded.name}", content)])


@app.command()
def prune(
    to: Annotated[str, typer.Option(help="Keep the tables used last, up to this size; 0 removes all.")] = "0",
) -> None:
    """Remove tables, those used longest ago first. A table that is removed is computed again when it is needed."""
    from eznas.features import folder
    from eznas.runs.settings import parse_memory

    removed = folder.prune(parse_memory(to))
    freed = sum(one.nbytes for one in removed)
    typer.echo(f"Removed {len(removed)} of the tables in {folder.tables_folder()}: {freed / _MEGABYTE:.1f} MB.")


def _content(one: TableOnDisk) -> dict[str, Any]:
    return {
        "path": str(one.path),
        "networks": one.networks,
        "bytes": one.nbytes,
        "last_used": one.last_used,
        "depends_on": one.about,
    }
