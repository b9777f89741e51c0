"""`eznas search`: pick an architecture with a proxy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args

import typer

from eznas.cli.going_on import same_command_goes_on
from eznas.cli.network_options import BatchSize, Device
from eznas.cli.output import print_all, print_json, stderr, stdout
from eznas.errors import EznasError
from eznas.options import Strategy
from eznas.report.tables import Unwrapped, number_text, table

if TYPE_CHECKING:
    from rich.table import Table

    from eznas.architecture_search.candidates import Candidates
    from eznas.architecture_search.scorer import Setting
    from eznas.benchmarks.base import Benchmark
    from eznas.scoring.settings import ScoringSettings

SCORES: Final = "scores.json"


def search(
    proxy: Annotated[
        str,
        typer.Argument(
            metavar="PROXY",
            help="Name, path of a .json file, formula, or folder of a run or a discovery.",
            show_default=False,
        ),
    ],
    benchmark: Annotated[
        str | None, typer.Option(help="Search among its networks, whose accuracies are known. Default: digits.")
    ] = None,
    beyond_table: Annotated[
        bool, typer.Option("--beyond-table", help="Search the benchmark's whole space, not its networks alone.")
    ] = False,
    space: Annotated[
        str | None,
        typer.Option(metavar="SPACE", help="Search a space of which nothing is trained: a name, or file.py:attribute."),
    ] = None,
    images: Annotated[
        str | None, typer.Option(metavar="PATH", help="With --space: an .npz file, or a folder of images.")
    ] = None,
    classes: Annotated[int | None, typer.Option(min=2, help="With --space. Default: as the labels have.")] = None,
    image_size: Annotated[
        int | None, typer.Option(min=1, help="With --space: what images are brought to. Default: as they are.")
    ] = None,
    strategy: Annotated[
        Strategy, typer.Option(metavar="|".join(get_args(Strategy)), help="How to search.")
    ] = "evolution",
    networks: Annotated[int, typer.Option(min=1, help="Different networks to score, at most.")] = 100,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, help="End after that time; the result then depends on the machine.")
    ] = None,
    max_params: Annotated[int | None, typer.Option(min=1, help="Trainable parameters, at most.")] = None,
    max_flops: Annotated[int | None, typer.Option(min=1, help="FLOPs of one image, at most.")] = None,
    batch_size: BatchSize = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the search, the images and the weights.")] = 0,
    show: Annotated[int, typer.Option(min=1, help="Architectures to show, the best ones.")] = 5,
    device: Device = "cpu",
    output: Annotated[
        Path | None, typer.Option(help="Folder of the search. Default: runs/search-PROXY-SPACE-STRATEGY-SEED.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Pick an architecture with a proxy, without training any.

    random draws networks; evolution mutates the best of some and lets the oldest die; local goes from network to
    better neighbour. Scores are kept in the folder: the same command goes on where it was interrupted, to the same
    result.

    Writes result.json, and best.json from which eznas.architecture_search.setting_of.build_network makes the network.
    """
    from eznas.architecture_search.result import search_content, write_result
    from eznas.architecture_search.scorer import Scorer
    from eznas.architecture_search.search import Limits, SearchSettings
    from eznas.architecture_search.search import search as run_search
    from eznas.report.progress import ProgressBar
    from eznas.runs.proxy_argument import resolve_proxy
    from eznas.scoring.settings import ScoringSettings

    loaded = resolve_proxy(proxy)
    scoring = ScoringSettings(batch_size, seed, device, threads=1)
    settings = SearchSettings(strategy, networks, seconds, Limits(max_params, max_flops), seed)
    measured: Benchmark | None = None
    if space is None:
        measured, setting, candidates = _in_benchmark(benchmark or "digits", scoring, beyond_table=beyond_table)
    else:
        if benchmark is not None or beyond_table:
            raise EznasError("--space searches a space of which nothing is trained: leave out the benchmark's options.")
        setting, candidates = _in_space(space, images, classes, image_size, scoring)
    folder = output or Path("runs") / f"search-{_part(loaded.name)}-{_part(space or setting.source)}-{strategy}-{seed}"
    scorer = Scorer(loaded, setting, folder / SCORES)
    with same_command_goes_on(), ProgressBar(stderr()) as progress:
        try:
            found = run_search(candidates, scorer, settings, observer=progress)
        finally:
            if scorer.scored:
                scorer.write()
        progress.phase("sizes")
        content = search_content(found, scorer, settings, measured, show)
    write_result(folder, content, scorer, _stored_space(setting, space, folder))
    if json:
        print_json(content)
    else:
        print_all(stdout(), [*_parts(content), Unwrapped("Written to", str(folder))])


def _in_benchmark(name: str, scoring: ScoringSettings, *, beyond_table: bool) -> tuple[Benchmark, Setting, Candidates]:
    from eznas import benchmarks
    from eznas.architecture_search.candidates import SpaceCandidates, TableCandidates
    from eznas.architecture_search.setting_of import benchmark_setting

    loaded = benchmarks.load(name)
    candidates = SpaceCandidates(loaded.space) if beyond_table else TableCandidates(loaded)
    return loaded, benchmark_setting(loaded, scoring), candidates


def _in_space(
    name: str, images: str | None, classes: int | None, image_size: int | None, scoring: ScoringSettings
) -> tuple[Setting, Candidates]:
    from eznas import spaces
    from eznas.architecture_search.candidates import SpaceCandidates
    from eznas.architecture_search.setting_of import space_setting

    if images is None:
        raise EznasError("--space needs --images: an .npz file, or a folder of images.")
    found = spaces.get(name)
    return space_setting(found, images, classes, image_size, scoring), SpaceCandidates(found)


def _stored_space(setting: Setting, given: str | None, folder: Path) -> str:
    from eznas.spaces.importing import stored_name

    return setting.space.name if given is None else stored_name(given, folder)


def _part(name: str) -> str:
    """Return a name as a part of a path."""
    plain = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in Path(name).stem)
    return plain[:40].strip("_.") or "formula"


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _parts(content: dict[str, Any]) -> list[Table | Unwrapped]:
    known = "benchmark" in content
    columns = ("score", "params", "FLOPs", *(("accuracy",) if known else ()), "found after", "architecture")
    rows = [
        (
            f"{one['score']:.6g}",
            _count(one["params"]),
            _count(one["flops"]),
            *((_accuracy(one["accuracy"]),) if known else ()),
            one["found_after"],
            one["architecture"],
        )
        for one in content["best"]
    ]
    title = f"The best of {content['scored']} networks, {content['limits']}"
    parts: list[Table | Unwrapped] = [table(title, columns, rows, numeric=columns[:-1])]
    if known:
        worth = content["benchmark"]
        trainings = worth["trainings_of_random_search"]
        pick = (
            f"{_accuracy(worth['accuracy'])} ({worth['accuracies']}), rank {worth['rank']:,} of {worth['networks']:,}, "
            f"{worth['regret']:.2f} below the best; random search expects as much of "
            f"{'no number of' if trainings is None else f'{trainings:,}'} training{'' if trainings == 1 else 's'}"
        )
        parts.append(Unwrapped("True accuracy of the pick", pick))
        columns = ("networks trained", "best-scored", "random (expected)")
        rows = [(one["networks"], _accuracy(one["proxy"]), _accuracy(one["random"])) for one in worth["trained"]]
        parts.append(table("The best by accuracy of", columns, rows, numeric=columns))
    return parts


def _accuracy(value: float | None) -> str:
    return number_text(None) if value is None else f"{value:.2f}"
