"""The networks of a benchmark or of a space with images, as a search scores them."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from eznas import spaces
from eznas.architecture_search.scorer import Setting
from eznas.benchmarks.base import Benchmark
from eznas.benchmarks.sample_images import sample_images
from eznas.errors import EznasError
from eznas.files import LARGEST_TEXT, read_regular
from eznas.scoring.drawn_images import draw_images
from eznas.scoring.settings import ScoringSettings
from eznas.spaces.base import Space, canonical_text
from eznas.statistics.collect import make_inputs

if TYPE_CHECKING:
    from torch import nn

FORMAT: Final = 1
"""Version of the file of found architectures."""


def benchmark_setting(benchmark: Benchmark, scoring: ScoringSettings) -> Setting:
    """Return the setting of a benchmark: its space, its images.

    Raises:
        EznasError: there are fewer images than a batch, or they are missing.
    """
    images = draw_images(benchmark, scoring.batch_size, scoring.seed)
    return Setting(
        benchmark.space,
        benchmark.num_classes,
        benchmark.image_size,
        make_inputs(images, scoring.seed),
        benchmark.name,
        scoring,
    )


def space_setting(
    space: Space, images: str, num_classes: int | None, image_size: int | None, scoring: ScoringSettings
) -> Setting:
    """Return the setting of a space of which nothing is trained, with images of one's own.

    Args:
        space: builds the networks.
        images: path of an .npz file or of a folder of images.
        num_classes: None for as many as the images' labels have.
        image_size: height and width that images are brought to; None to leave them as they are.
        scoring: batch size, seed and device.

    Raises:
        EznasError: the images cannot be used, or the number of classes is not known.
    """
    sample = sample_images(images, image_size)
    classes = sample.num_classes if num_classes is None else num_classes
    if classes is None:
        raise EznasError(f"{images} has no labels that would say how many classes there are: give --classes.")
    benchmark = Benchmark(
        name=space.name,
        space=space,
        dataset=sample.dataset,
        architectures=(),
        accuracies=np.empty(0),
        accuracy_split="",
        epochs=None,
        num_classes=classes,
        image_size=sample.size,
        read_images=lambda: sample.pixels,
        normalisation=sample.normalisation,
        description=sample.source,
        source=images,
    )
    inputs = make_inputs(draw_images(benchmark, scoring.batch_size, scoring.seed), scoring.seed)
    return Setting(space, classes, sample.size, inputs, images, scoring)


def architecture_record(setting: Setting, space_name: str, architecture: str) -> dict[str, Any]:
    """Return what `build_network` needs to build a network again, as plain data.

    Args:
        setting: of the search.
        space_name: a name that `spaces.get` knows: of a user's own space file.py:attribute.
        architecture: the text.
    """
    return {
        "format": FORMAT,
        "space": {"name": space_name, "settings": setting.space.settings()},
        "architecture": architecture,
        "num_classes": setting.num_classes,
        "image_size": setting.image_size,
    }


def build_network(path: Path) -> nn.Module:
    """Build the network of a file that a search wrote.

    Raises:
        EznasError: the file is missing, or no such file; or its space is not there.
    """
    try:
        content = json.loads(read_regular(path, LARGEST_TEXT))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']!r}, and this version of eznas reads {FORMAT}")
        name, settings = content["space"]["name"], dict(content["space"]["settings"])
        architecture, classes, size = (
            str(content["architecture"]),
            int(content["num_classes"]),
            int(content["image_size"]),
        )
    except OSError as error:
        raise EznasError(f"{path} could not be read: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise EznasError(f"{path} is no file of an architecture ({type(error).__name__}: {error}).") from error
    space = spaces.get(name, path.parent, **{key: _plain(value) for key, value in settings.items()})
    return space.build(canonical_text(space, architecture), classes, size)


def _plain(value: object) -> object:
    """Return a setting as the space takes it: `settings()` writes what is no plain number as Python does."""
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
