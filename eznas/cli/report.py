"""`eznas report`: the page of a run, or a comparison of several."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

_COMPARISON: Final = Path("comparison.html")


def report(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER...", help="Of runs, discoveries, enumerations or an experiment, such as runs/digits-tree-0."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(help="File to write. Default: report.html in the folder, and comparison.html here for several."),
    ] = None,
) -> None:
    """Write a page to look at: one self-contained HTML file with the answer first.

    It shows the formula and how good it is on held-out networks, against baselines and size, how fitness rose, scores
    against accuracies, what each unit contributes, and how to get the same again. Commands write it when they end;
    this writes it anew, from the files of the folder alone. Several folders are compared.
    """
    from eznas.report.html.report import write_comparison, write_report

    written = (
        write_report(folders[0], output) if len(folders) == 1 else write_comparison(folders, output or _COMPARISON)
    )
    typer.echo(written)
