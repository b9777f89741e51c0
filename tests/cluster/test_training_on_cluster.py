from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from inline_cluster import InlineCluster

from eznas.benchmarks.digit_images import DigitRecipe, make_digit_images
from eznas.benchmarks.training_run import Campaign, in_processes, train_benchmark
from eznas.benchmarks.training_settings import TrainingSettings
from eznas.cluster.training import train_on_cluster

ARCHITECTURES = [
    "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|",
    "|nor_conv_1x1~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|",
]


@pytest.fixture
def campaign():
    images = make_digit_images(DigitRecipe(train_images=20, test_images=10))
    return Campaign(
        images, TrainingSettings(epochs=1, batch_size=10), space_settings={"channels": 8, "cells": 1},
        space_folder=Path(),
    )  # fmt: skip


def test_accuracies_are_those_of_processes(campaign, tmp_path):
    cluster = InlineCluster(2)
    folders = []
    cluster.map = lambda function, shared, items: (
        folders.append(shared.space_folder) or InlineCluster.map(cluster, function, shared, items)
    )
    try:
        ours = train_benchmark(campaign, ARCHITECTURES, 2, tmp_path / "ours", partial(train_on_cluster, cluster))
    finally:
        torch.set_flush_denormal(False)
    theirs = train_benchmark(campaign, ARCHITECTURES, 2, tmp_path / "theirs", in_processes(1))
    np.testing.assert_array_equal(ours, theirs)
    assert folders[0].is_absolute()  # a worker may be in another folder
