"""`eznas benchmark train` and `images`: measure the accuracies that a proxy is evolved and judged on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from eznas.cli.interruption import INTERRUPTED
from eznas.errors import EznasError

if TYPE_CHECKING:
    import numpy as np

    from eznas.benchmarks.image_set import ImageSet
    from eznas.spaces.base import Space

app = typer.Typer(no_args_is_help=True, help="Show the benchmarks, or make one by training networks.")

_SAMPLE_IMAGES: Final = 320

# The paper's size would take days on a laptop.
_SMALL: Final[dict[str, dict[str, Any]]] = {"nasbench201": {"channels": 8, "cells": 1}}

SpaceOption = Annotated[str, typer.Option(help="A space that eznas knows, or your own as module:attribute.")]
ImagesOption = Annotated[
    str, typer.Option(help="`digits`, or an .npz file with x_train, y_train, x_test, y_test (uint8, NHWC).")
]
TrainImagesOption = Annotated[int, typer.Option(min=1, help="Training images to make, for `--images digits`.")]
TestImagesOption = Annotated[int, typer.Option(min=1, help="Test images to make, for `--images digits`.")]
SeedOption = Annotated[int, typer.Option(min=0, help="Of the choice of networks, and of the images made.")]


@app.command()
def train(
    output: Annotated[Path, typer.Option(help="The table to write, NAME.csv; its record and images go beside it.")],
    space: SpaceOption = "nasbench201",
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A setting of the space, such as `widths=[8,12]`; may be given several times. "
            "nasbench201 is trained with channels=8 and cells=1 if not told otherwise.",
        ),
    ] = None,
    networks: Annotated[int, typer.Option(min=2, help="Different networks, drawn at random.")] = 400,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each network.")] = 10,
    images: ImagesOption = "digits",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training images.")] = 9,
    batch_size: Annotated[int, typer.Option(min=2, help="Images per step.")] = 25,
    learning_rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 0.05,
    train_images: TrainImagesOption = 500,
    test_images: TestImagesOption = 1000,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. Default: one per core.")] = None,
    device: Annotated[str, typer.Option(help="Where networks are trained: cpu, cuda or cuda:N.")] = "cpu",
    seed: SeedOption = 0,
) -> None:
    """Train networks of a search space and write their accuracies as a benchmark.

    Every finished training is noted in NAME.csv.progress.jsonl: run the same command again after an interruption and
    it goes on. More --networks or --seeds may be asked for then. The defaults are those of the benchmark `digits`.
    """
    import numpy as np

    from eznas import spaces
    from eznas.benchmarks.table_writer import write_trained_table
    from eznas.benchmarks.training_run import Campaign, complete_seeds, train_benchmark
    from eznas.benchmarks.training_settings import TrainingSettings
    from eznas.cli.output import stderr, stdout
    from eznas.runs.config import parse_assignments
    from eznas.statistics.workers import available_cores

    if output.suffix != ".csv":
        raise EznasError(f"The output {str(output)!r} is not the name of a table: let it end in .csv.")
    settings = {**_SMALL.get(space, {}), **parse_assignments(assignments or ())}
    chosen = _different_networks(spaces.get(space, **settings), networks, np.random.default_rng(seed))
    campaign = Campaign(
        images=_image_set(images, train_images, test_images, seed),
        training=TrainingSettings(epochs=epochs, batch_size=batch_size, learning_rate=learning_rate),
        space_name=space,
        space_settings=settings,
        device=device,
    )
    progress_path = output.with_name(output.name + ".progress.jsonl")
    command = "eznas " + " ".join(sys.argv[1:])
    try:
        accuracies = train_benchmark(
            campaign, chosen, seeds, progress_path, workers or available_cores(), console=stderr()
        )
    except KeyboardInterrupt:
        whole = complete_seeds(progress_path, campaign, chosen)
        stderr().print(
            f"Stopped. {progress_path} keeps every finished training: run the same command again to go on"
            + (f", or with --seeds {whole} to write the table of the {whole} complete seeds." if whole else "."),
            soft_wrap=True,  # a long path must not break the command in two
        )
        raise typer.Exit(INTERRUPTED) from None
    record = write_trained_table(output, campaign, chosen, accuracies, _SAMPLE_IMAGES, command)
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
    count: Annotated[int, typer.Option(min=1, help="Images to write, of the training images.")] = _SAMPLE_IMAGES,
    seed: SeedOption = 0,
) -> None:
    """Write the sample images that `train` would write, without training."""
    from eznas.benchmarks.table_writer import write_sample_images

    write_sample_images(output, _image_set(images, train_images, test_images, seed), count)


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
