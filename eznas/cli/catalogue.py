"""Commands that show what there is: operations, genomes and benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from eznas.cli.output import print_all, print_json, stdout
from eznas.report.tables import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from eznas.ops.catalogue import Operation

genome_app = typer.Typer(help="Genomes: the ways in which evolution represents a program.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def operations(json: JsonOption = False) -> None:
    """Show the 34 operations, their extensions, and the 22 statistics of a unit that programs are made of."""
    from eznas.ops.catalogue import EXTENSIONS, OPERATIONS, PAPER_OPERATIONS
    from eznas.ops.own import own_operations
    from eznas.terminals import TERMINALS

    if json:
        print_json(
            {
                "operations": [
                    {
                        "id": one.id,
                        "name": one.name,
                        "arity": one.arity,
                        "meaning": one.meaning,
                        "extension": one.is_extension,
                    }
                    for one in (*OPERATIONS, *own_operations())
                ],
                "terminals": [{"address": one.address, "name": one.name, "meaning": one.meaning} for one in TERMINALS],
            }
        )
        return
    print_all(
        stdout(),
        [
            _operations_table(f"{len(PAPER_OPERATIONS)} operations", PAPER_OPERATIONS),
            _operations_table(f"{len(EXTENSIONS)} extensions beyond the paper's operations", EXTENSIONS),
            *([_operations_table("Operations and terminals of your own", own)] if (own := own_operations()) else []),
            table(
                f"{len(TERMINALS)} statistics of a unit",
                ("address", "name", "meaning"),
                [(one.address, one.name, one.meaning) for one in TERMINALS],
                numeric=("address",),
            ),
        ],
    )


def _operations_table(title: str, operations: Sequence[Operation]) -> Table:
    written = [f"A {one.infix} B" if one.infix else one.name + ("", "(A)", "(A, B)")[one.arity] for one in operations]
    rows = [(one.id, one.name, text, one.meaning) for one, text in zip(operations, written, strict=True)]
    return table(title, ("id", "name", "written", "meaning"), rows, numeric=("id",))


def benchmark_list(json: JsonOption = False) -> None:
    """Show the benchmarks that have a name, and which of them are ready to use."""
    from eznas import benchmarks
    from eznas.data.folder import MissingDataError, data_folder
    from eznas.errors import EznasError

    found: dict[str, dict[str, Any]] = {}
    rows: list[tuple[Any, ...]] = []
    for name in benchmarks.names():
        try:
            loaded = benchmarks.load(name)
        except EznasError as error:
            found[name] = {"networks": None, "description": str(error)}
            if isinstance(error, MissingDataError):
                rows.append((name, "missing", f"{error.file}, see `eznas data list`"))
            else:
                rows.append((name, "unusable", str(error)))
        else:
            found[name] = {"networks": len(loaded), "description": loaded.description}
            rows.append((name, len(loaded), loaded.description))
    if json:
        print_json(found)
        return
    title = f"benchmarks (data in {data_folder()})"
    print_all(stdout(), [table(title, ("name", "networks", "description"), rows, numeric=("networks",))])


@genome_app.command("list")
def genome_list(json: JsonOption = False) -> None:
    """Show the genomes with their settings and the defaults of these."""
    from dataclasses import asdict

    from eznas import genomes

    settings = {name: asdict(genomes.get(name).settings()) for name in genomes.names()}
    if json:
        print_json(settings)
        return
    rows = [
        (name, ", ".join(f"{key}={value}" for key, value in defaults.items())) for name, defaults in settings.items()
    ]
    print_all(stdout(), [table("genomes", ("name", "settings, for --genome-setting"), rows)])
