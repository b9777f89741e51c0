"""`eznas benchmark new`, `train` and `images`: where the accuracies are from that a proxy is evolved and judged on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from eznas.benchmarks import SAMPLE_IMAGES, is_table
from eznas.cli.interruption import INTERRUPTED
from eznas.cli.network_options import Ray
from eznas.errors import EznasError

if TYPE_CHECKING:
    import numpy as np

    from eznas.benchmarks.base import Benchmark
    from eznas.benchmarks.image_set import ImageSet
    from eznas.benchmarks.network_check import NetworkCheck
    from eznas.benchmarks.new_table import NewTable
    from eznas.spaces.base import Space

app = typer.Typer(no_args_is_help=True, help="Show the benchmarks, or make one of a table or by training networks.")

# The paper's size would take days on a laptop.
_SMALL: Final[dict[str, dict[str, Any]]] = {"nasbench201": {"channels": 8, "cells": 1}}

_SPACE_HELP: Final = "A space that eznas knows, or your own as file.py:NAME or module:NAME."

SpaceOption = Annotated[str, typer.Option(help=_SPACE_HELP)]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A setting of the space, such as `widths=[8,12]`; may be given several times.",
    ),
]
ImagesOption = Annotated[
    str, typer.Option(help="`digits`, or an .npz file with x_train, y_train, x_test, y_test (uint8, NHWC).")
]
TrainImagesOption = Annotated[int, typer.Option(min=1, help="Training images to make, for `--images digits`.")]
TestImagesOption = Annotated[int, typer.Option(min=1, help="Test images to make, for `--images digits`.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Of the choice of networks, and of the images made.")]


@app.command()
def new(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE.csv", help="A table of your own: architectures and accuracies.")
    ],
    space: Annotated[str, typer.Option(help=_SPACE_HELP)],
    images: Annotated[
        str, typer.Option(help="An .npz file, or a folder that has a sub-folder of image files for each class.")
    ],
    assignments: SettingsOption = None,
    architecture_column: Annotated[
        str | None,
        typer.Option(help="Column with the networks' texts. Default: `architecture`, or the only one."),
    ] = None,
    accuracy_column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Column in which higher is better, a mean over NAME_seed_0 and so on if there are several; may be "
            "given several times: the first is the default, `--accuracy-split NAME` takes another. "
            "Default: `accuracy`, or the only one.",
        ),
    ] = None,
    lower_is_better: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Column in which lower is better; may be given several times."),
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(min=1, help="Crop and resize the images to this. Default: as they are.")
    ] = None,
    num_classes: Annotated[
        int | None, typer.Option(min=1, help="Length of the logits. Default: as many as the images have classes.")
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="What to call the images. Default: the name of the file.")] = None,
) -> None:
    """Make a benchmark of a table of your own, without training anything.

    Writes TABLE.json and some of the images beside the table, and builds and runs one network to check the space.
    """
    from eznas.benchmarks.network_check import check_network
    from eznas.benchmarks.new_table import NewTable
    from eznas.runs.config import parse_assignments

    if not is_table(str(table)):
        raise EznasError(f"The name of the table, {str(table)!r}, does not end in .csv: rename it.")
    made = NewTable.of(
        table,
        space,
        images,
        space_settings=parse_assignments(assignments or ()),
        architecture_column=architecture_column,
        accuracy_columns=accuracy_column or (),
        lower_is_better=lower_is_better or (),
        image_size=image_size,
        num_classes=num_classes,
        dataset=dataset,
    )
    made.check_writable()
    splits = [made.benchmark(split.name) for split in made.layout.splits]
    # The best network is the least likely to be one that lets nothing through.
    check = check_network(splits[0], int(splits[0].accuracies.argmax()))
    images_path = made.write()
    _print_new(made, splits, check, images_path)


@app.command()
def train(
    output: Annotated[Path, typer.Option(help="The table to write, NAME.csv; its record and images go beside it.")],
    space: SpaceOption = "nasbench201",
    assignments: SettingsOption = None,
    networks: Annotated[int, typer.Option(min=2, help="Different networks, drawn at random.")] = 400,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each network.")] = 10,
    images: ImagesOption = "digits",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training images.")] = 9,
    batch_size: Annotated[int, typer.Option(min=2, help="Images per step.")] = 25,
    learning_rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 0.05,
    train_images: TrainImagesOption = 500,
    test_images: TestImagesOption = 1000,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. Default: one per core.")] = None,
    ray: Ray = None,
    device: Annotated[str, typer.Option(help="Where networks are trained: cpu, cuda or cuda:N.")] = "cpu",
    seed: SeedOption = 0,
) -> None:
    """Train networks of a search space and write their accuracies as a benchmark.

    Every finished training is noted in NAME.csv.progress.jsonl: run the same command again after an interruption and
    it goes on. More --networks or --seeds may be asked for then. The defaults are those of the benchmark `digits`,
    for which nasbench201 has channels=8 and cells=1.
    """
    import numpy as np

    from eznas import spaces
    from eznas.benchmarks.table_writer import write_trained_table
    from eznas.benchmarks.training_run import Campaign, complete_seeds, in_processes, train_benchmark
    from eznas.benchmarks.training_settings import TrainingSettings
    from eznas.cli.output import stderr, stdout
    from eznas.observer import SilentObserver
    from eznas.runs.config import parse_assignments
    from eznas.spaces.importing import stored_name
    from eznas.statistics.workers import available_cores

    if not is_table(str(output)):
        raise EznasError(f"The output {str(output)!r} is not the name of a table: let it end in .csv.")
    settings = {**_SMALL.get(space, {}), **parse_assignments(assignments or ())}
    space = stored_name(space, output.parent)
    chosen = _different_networks(spaces.get(space, output.parent, **settings), networks, np.random.default_rng(seed))
    campaign = Campaign(
        images=_image_set(images, train_images, test_images, seed),
        training=TrainingSettings(epochs=epochs, batch_size=batch_size, learning_rate=learning_rate),
        space_name=space,
        space_settings=settings,
        space_folder=output.parent,
        device=device,
    )
    progress_path = output.with_name(output.name + ".progress.jsonl")
    command = "eznas " + " ".join(sys.argv[1:])
    processes = workers or available_cores()
    try:
        with ExitStack() as stack:
            train_all = in_processes(processes)
            if ray is not None:
                from eznas.cluster.connection import connected
                from eznas.cluster.training import train_on_cluster

                train_all = partial(train_on_cluster, stack.enter_context(connected(ray, processes, SilentObserver())))
            accuracies = train_benchmark(campaign, chosen, seeds, progress_path, train_all, console=stderr())
    except KeyboardInterrupt:
        whole = complete_seeds(progress_path, campaign, chosen)
        stderr().print(
            f"Stopped. {progress_path} keeps every finished training: run the same command again to go on"
            + (f", or with --seeds {whole} to write the table of the {whole} complete seeds." if whole else "."),
            soft_wrap=True,  # a long path must not break the command in two
        )
        raise typer.Exit(INTERRUPTED) from None
    record = write_trained_table(output, campaign, chosen, accuracies, SAMPLE_IMAGES, command)
    tau = record["reliability"]["tau"]
    quantiles = record["accuracy"]["quantiles"]
    stdout().print(
        f"{output}: {networks} networks, {seeds} seeds, accuracy {quantiles['0']:.1f} % to {quantiles['1']:.1f} %, "
        f"median {quantiles['0.5']:.1f} %; "
        + ("reliability unknown with these seeds." if tau is None else f"halves of the seeds agree with tau {tau:.3f}.")
    )


@app.command("images")
def write_images(
    output: Annotated[Path, typer.Option(help="The .npz file to write, with x_train and y_train.")],
    images: ImagesOption = "digits",
    train_images: TrainImagesOption = 500,
    test_images: TestImagesOption = 1000,
    count: Annotated[int, typer.Option(min=1, help="Images to write, of the training images.")] = SAMPLE_IMAGES,
    seed: SeedOption = 0,
) -> None:
    """Write the sample images that `train` would write, without training."""
    from eznas.benchmarks.table_writer import write_sample_images

    write_sample_images(output, _image_set(images, train_images, test_images, seed), count)


def _print_new(made: NewTable, splits: Sequence[Benchmark], check: NetworkCheck, images: Path) -> None:
    """Print what was found out, what was written, and what to do next."""
    from eznas.cli.output import print_all, stdout
    from eznas.report.tables import pairs_table, table

    path, first = made.table.path, splits[0]
    rows = []
    for one in splits:
        worst, best = (abs(end) if one.lower_is_better else end for end in (one.accuracies.min(), one.accuracies.max()))
        rows.append((one.accuracy_split, f"{len(one):,}", f"{worst:g}", f"{best:g}"))
    taken = {made.layout.architecture, *(column for split in made.layout.splits for column in split.columns)}
    found = {
        "description": first.description,
        "other columns": ", ".join(name for name in made.table.header if name not in taken) or "none",
        "images": f"{made.images.source}, {made.images.size}x{made.images.size} pixels",
        "network checked": check.architecture,
        "its outputs": f"{check.outputs}, where num_classes is {first.num_classes}",
        "its units": ", ".join(f"{count} {kind}" for kind, count in check.units.items()),
        "written": f"{made.record_path} and {images}",
    }
    columns = ("accuracies", "networks", "worst", "best")
    print_all(stdout(), [table(str(path), columns, rows, numeric=columns[1:]), pairs_table("What it is", found)])
    stdout().print(f"\nNext: {_run_command(path, len(first), check)}", soft_wrap=True, markup=False)


def _run_command(path: Path, networks: int, check: NetworkCheck) -> str:
    """Return the command that evolves on the new benchmark, with options only where the defaults do not fit it."""
    from eznas.runs.settings import SETTINGS

    command = f"eznas run --benchmark {shlex.quote(str(path))}"
    if networks < 2 * SETTINGS["networks"].about.default:
        command += f" --networks {max(networks // 2, 3)}"
    unit = next(kind for kind, count in check.units.items() if count)
    return command + (f" --unit {unit}" if unit != SETTINGS["unit"].about.default else "")


def _image_set(images: str, train_images: int, test_images: int, seed: int) -> ImageSet:
    if images == "digits":
        from eznas.benchmarks.digit_images import DigitRecipe, make_digit_images

        return make_digit_images(DigitRecipe(train_images=train_images, test_images=test_images, seed=seed))
    if not images.endswith(".npz"):
        raise EznasError(f"There are no images called {images!r}: say digits, or give a file that ends in .npz.")
    from eznas.benchmarks.image_set import load_image_set

    return load_image_set(Path(images))


def _different_networks(space: Space, count: int, rng: np.random.Generator) -> list[str]:
    """Draw `count` different architectures; those of a smaller count are the first of a larger one."""
    chosen: dict[str, None] = {}
    # A small space gives repeats; far more draws than networks without a new one mean that it has no more.
    for _ in range(100 * count):
        chosen[space.check(space.random(rng))] = None
        if len(chosen) == count:
            return list(chosen)
    raise EznasError(
        f"The space {space.name} gave only {len(chosen)} different networks in {100 * count} draws: "
        f"ask for --networks {len(chosen)} or fewer."
    )
