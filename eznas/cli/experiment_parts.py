"""What the commands of `eznas experiment` share: options, progress, and how they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from eznas.cli.going_on import same_command_goes_on
from eznas.cli.output import print_all, print_json, stdout

RUNS: Final = Path("runs")
MAXIMUM_SEEDS: Final = 10_000


class WhichSet(StrEnum):
    """The benchmarks of an experiment."""

    ALL = "all"
    REAL = "real"
    EMBEDDED = "embedded"


Output = Annotated[Path | None, typer.Option(help="Folder of the experiment. Default: runs/NAME-OF-THE-COMMAND.")]
Benchmarks = Annotated[
    list[str] | None, typer.Option("--benchmark", help="Use this benchmark, not a set; may be given several times.")
]
FirstSeed = Annotated[
    int, typer.Option("--seed", min=0, max=2**62, help="The first seed; the others count up from it.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


def run_experiment(experiment: Callable[[Callable[[str], None]], dict[str, Any]], quiet: bool) -> dict[str, Any]:
    """Run an experiment, with its progress on stderr."""
    import time

    begun = time.monotonic()

    def report(line: str) -> None:
        if not quiet:
            minutes, seconds = divmod(int(time.monotonic() - begun), 60)
            typer.echo(f"[{minutes:3d}:{seconds:02d}] {line}", err=True)

    with same_command_goes_on():
        return experiment(report)


def finish_experiment(
    content: Mapping[str, Any],
    sentences: list[str],
    folder: Path,
    plot: Callable[[Mapping[str, Any], Path], list[Path]],
    json: bool,
) -> None:
    """Draw the plot and print what the experiment found."""
    from eznas.experiments.plots import PlotUnavailableError
    from eznas.report.html.report import write_report

    try:
        plots = plot(content, folder)
    except PlotUnavailableError as error:
        plots = []
        typer.echo(f"eznas: {error}", err=True)
    page = write_report(folder)
    if json:
        print_json(content)
        return
    print_all(stdout(), [*(content[key] for key in ("description", "observation") if content.get(key)), *sentences])
    for one in content.get("benchmarks", []):
        typer.echo(f"{one['label']}: {one['description']} {one['networks']} networks a measurement.")
    for name, reason in content.get("missing", {}).items():
        typer.echo(f"{name} is missing: {reason}")
    written = ", ".join([f"the numbers in {folder}", *map(str, (*plots, page))])
    typer.echo(f"Written: {written}")
