"""Commands around the data folder: `eznas data list`, `fetch`, `import` and `verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eznas.cli.interruption import INTERRUPTED
from eznas.cli.output import print_all, print_json, stderr, stdout

if TYPE_CHECKING:
    from eznas.data.sources import Download, Source

data_app = typer.Typer(
    help="Accuracy tables and images that eznas reads and does not ship: what is there, and how to get the rest.",
    no_args_is_help=True,
)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


@data_app.command("list")
def list_data(json: JsonOption = False) -> None:
    """Show which files are in the data folder, which are missing, and how to get those."""
    from eznas.data.folder import data_folder
    from eznas.data.sources import SOURCES
    from eznas.report.tables import table

    folder = data_folder()
    there = {source.name: [file for file in source.files if (folder / file).is_file()] for source in SOURCES}
    if json:
        content = {
            source.name: {
                "content": source.content,
                "there": there[source.name],
                "missing": [file for file in source.files if file not in there[source.name]],
                "how_to_get": source.how_to_get,
                "can_be_fetched": bool(source.downloads),
            }
            for source in SOURCES
        }
        print_json({"folder": str(folder), "sources": content})
        return
    rows = [
        (source.name, source.content, _share(source, there[source.name]), _way(source, there[source.name]))
        for source in SOURCES
    ]
    print_all(stdout(), [table(f"data in {folder}", ("name", "content", "files there", "how to get the rest"), rows)])


@data_app.command("fetch")
def fetch_data(
    names: Annotated[list[str], typer.Argument(help="Names from `eznas data list`, or of benchmarks.")],
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep a downloaded archive after it was made into compact files.")
    ] = False,
) -> None:
    """Download data from its official place; a download that was interrupted goes on where it stopped."""
    from eznas.data.folder import data_folder
    from eznas.data.sources import find
    from eznas.errors import EznasError

    sources = list(dict.fromkeys(source for name in names for source in find(name)))
    failures: list[str] = []
    try:
        for source in sources:
            try:
                _fetch_source(source, data_folder(), keep)
            except EznasError as error:
                failures.append(str(error))
    except KeyboardInterrupt:
        typer.echo("eznas: Stopped; what has arrived is kept, and the same command goes on from there.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    _stop_if(failures)


@data_app.command("import")
def import_data(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders that you downloaded, of any official form.")],
) -> None:
    """Make the compact files that eznas reads of official ones: NDS, NATS-Bench, NAS-Bench-201, CIFAR, tables.

    Nothing in them is executed: of a pickle only containers, numbers and texts are read, and anything else is refused.
    """
    from eznas.data.folder import data_folder
    from eznas.errors import EznasError

    failures: list[str] = []
    for path in paths:
        try:
            failures += _import_path(path, data_folder())
        except EznasError as error:
            failures.append(str(error))
    _stop_if(failures)


@data_app.command("verify")
def verify_data(json: JsonOption = False) -> None:
    """Compare the files in the data folder with the published sums, or with those recorded in SHA256SUMS."""
    from eznas.data.folder import data_folder
    from eznas.data.sums import check_files
    from eznas.report.tables import table

    folder = data_folder()
    checked = [one for one in check_files(folder) if one.state != "missing" or one.recorded]
    if json:
        print_json({"folder": str(folder), "files": {one.file: one.state for one in checked}})
    else:
        rows = [(one.file, one.state) for one in checked]
        print_all(stdout(), [table(f"data in {folder}", ("file", "SHA-256"), rows)])
    _stop_if(
        [
            f"{folder / one.file} {'has changed' if one.state == 'changed' else 'is missing'} since its sum was "
            "recorded: fetch or import it again, or delete its line in SHA256SUMS if that is meant."
            for one in checked
            if one.state in ("changed", "missing")
        ]
    )


def _fetch_source(source: Source, folder: Path, keep: bool) -> None:
    from eznas.data.sums import record
    from eznas.errors import EznasError

    if all((folder / file).is_file() for file in source.files):
        typer.echo(f"{source.name}: all files are there; `eznas data verify` checks them.", err=True)
        return
    if not source.downloads:
        raise EznasError(f"{source.name} cannot be fetched, it has no permanent address: {source.by_hand}.")
    for download in source.downloads:
        path = _download(download, folder)
        if not download.converted:
            record(folder, [download.file])
            typer.echo(f"wrote {path}", err=True)
            continue
        failures = _import_path(path, folder)
        if failures:
            raise EznasError(" ".join([*failures, f"The archive is kept as {path}: delete it to fetch it again."]))
        if not keep:
            path.unlink()


def _download(download: Download, folder: Path) -> Path:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from eznas.data.download import fetch

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=stderr()) as progress:
        task = progress.add_task(Path(download.file).name, total=None)
        return fetch(download, folder, lambda present, whole: progress.update(task, completed=present, total=whole))


def _import_path(path: Path, folder: Path) -> tuple[str, ...]:
    """Import a path, tell what was written, and return what was refused."""
    from eznas.data.importing import import_path

    with stderr().status(f"reading {path}") as status:
        imported = import_path(path, folder, lambda text: status.update(f"reading {path}: {text}"))
    for file in imported.files:
        typer.echo(f"wrote {folder / file}", err=True)
    return imported.refused


def _stop_if(failures: list[str]) -> None:
    for sentence in failures:
        typer.echo(f"eznas: {sentence}", err=True)
    if failures:
        raise typer.Exit(1)


def _share(source: Source, there: list[str]) -> str:
    return f"{len(there)} of {len(source.files)}"


def _way(source: Source, there: list[str]) -> str:
    if len(there) == len(source.files):
        return ""
    return f"eznas data fetch {source.name}" if source.downloads else source.by_hand
