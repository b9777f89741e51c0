"""A benchmark small enough for tests of whole runs: NAS-Bench-201 cells, made-up accuracies that follow their size."""

from __future__ import annotations

import csv
import json

import numpy as np

from eznas.spaces.complexity import parameters
from eznas.spaces.nasbench201 import NASBench201

CHANNELS, CELLS, IMAGE_SIZE, CLASSES = 2, 1, 8, 10


def write_tiny_benchmark(folder, networks=24, seed=7):
    """Write a table of `networks` networks with its record and images, and return the table's path."""
    rng = np.random.default_rng(seed)
    space = NASBench201(channels=CHANNELS, cells=CELLS)
    architectures = []
    while len(architectures) < networks:
        architecture = space.random(rng)
        if architecture not in architectures:
            architectures.append(architecture)
    sizes = [parameters(space.build(architecture, CLASSES, IMAGE_SIZE)) for architecture in architectures]
    with (folder / "tiny.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["architecture", "accuracy_seed_0"])
        for architecture, size in zip(architectures, sizes, strict=True):
            writer.writerow([architecture, f"{40 + size / 100 + rng.normal():.3f}"])
    np.savez(folder / "tiny.npz", x_train=rng.integers(256, size=(8, IMAGE_SIZE, IMAGE_SIZE, 3), dtype=np.uint8))
    record = {
        "format": 2,
        "space": {"name": "nasbench201", "settings": {"channels": CHANNELS, "cells": CELLS}},
        "dataset": "noise",
        "num_classes": CLASSES,
        "image_size": IMAGE_SIZE,
        "epochs": 1,
        "architecture_column": "architecture",
        "splits": {"test": {"columns": ["accuracy_seed_0"], "lower_is_better": False}},
        "images": "tiny.npz",
        "normalisation": {"mean": [128, 128, 128], "deviation": [64, 64, 64]},
    }
    (folder / "tiny.json").write_text(json.dumps(record))
    return folder / "tiny.csv"
