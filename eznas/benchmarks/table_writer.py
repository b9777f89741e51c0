"""Write the three files of a trained table: the accuracies, the record that explains them, and sample images."""

from __future__ import annotations

import csv
import io
import json
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.image_set import ImageSet
from eznas.benchmarks.images import Normalisation
from eznas.benchmarks.recorded_table import FORMAT
from eznas.benchmarks.reliability import reliability
from eznas.benchmarks.table_layout import ACCURACY, ARCHITECTURE, AccuracySplit, TableLayout
from eznas.benchmarks.training_run import Campaign
from eznas.files import write_atomically

_VERSIONS_OF = ("eznas", "torch", "numpy", "scikit-learn")


def write_trained_table(
    path: Path,
    campaign: Campaign,
    architectures: Sequence[str],
    accuracies: NDArray[np.float64],
    sample_images: int,
    command: str,
) -> dict[str, Any]:
    """Write `path` (.csv), its .json record, and sample images beside them, which tables of the same images share.

    Args:
        path: of the table.
        campaign: how the accuracies were measured.
        architectures: canonical texts.
        accuracies: in percent, (architectures, seeds).
        sample_images: number of training images to keep for the passes of a proxy.
        command: the command line, for the record.

    Returns:
        The record.
    """
    columns = tuple(f"{ACCURACY}_seed_{seed}" for seed in range(accuracies.shape[1]))
    images_path = path.with_name(f"images-{campaign.images.fingerprint()[:12]}.npz")
    write_sample_images(images_path, campaign.images, sample_images)
    record = {
        "format": FORMAT,
        "dataset": str(campaign.images.recipe["source"]),
        **campaign.protocol(),
        "epochs": campaign.training.epochs,
        "num_classes": campaign.images.num_classes,
        "image_size": campaign.images.image_size,
        "images": images_path.name,
        **TableLayout(ARCHITECTURE, (AccuracySplit("test", columns),)).to_record(),
        "normalisation": _normalisation(campaign.images.x_train),
        **_summary(accuracies),
        "command": command,
        "versions": {"python": platform.python_version(), **_versions()},
    }
    # The table is written last: where it is, the files that explain it are, too.
    write_atomically(path.with_suffix(".json"), json.dumps(record, indent=2, allow_nan=False) + "\n")
    write_atomically(path, _table(architectures, columns, accuracies))
    return record


def write_sample_images(path: Path, images: ImageSet, count: int) -> None:
    """Write the first `count` training images and their labels, as `x_train` and `y_train` of an .npz file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x_train=images.x_train[:count], y_train=images.y_train[:count])
    write_atomically(path, buffer.getvalue())


def _table(architectures: Sequence[str], columns: Sequence[str], accuracies: NDArray[np.float64]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([ARCHITECTURE, *columns])
    for architecture, row in zip(architectures, accuracies, strict=True):
        writer.writerow([architecture, *(f"{accuracy:.4f}" for accuracy in row)])
    return buffer.getvalue()


def _summary(accuracies: NDArray[np.float64]) -> dict[str, Any]:
    """Return size, mean, spread and reliability of the table."""
    networks, seeds = accuracies.shape
    means = accuracies.mean(axis=1)
    tau = reliability(accuracies)
    return {
        "networks": networks,
        "seeds": seeds,
        "accuracy": {
            "mean": round(float(means.mean()), 4),
            "standard_deviation": round(float(means.std()), 4),
            "quantiles": {f"{q:g}": round(float(np.quantile(means, q)), 4) for q in (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1)},
            "between_seeds": round(float(accuracies.std(axis=1, ddof=1).mean()), 4) if seeds > 1 else None,
        },
        "reliability": {
            "tau": None if tau is None else round(tau, 4),
            "meaning": "Kendall tau-b between the means of disjoint halves of the seeds, averaged over all halvings",
        },
    }


def _normalisation(images: NDArray[np.uint8]) -> dict[str, list[float]]:
    normalisation = Normalisation.of(images, "")
    return {"mean": list(normalisation.mean), "deviation": list(normalisation.deviation)}


def _versions() -> dict[str, str]:
    versions = {}
    for package in _VERSIONS_OF:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
