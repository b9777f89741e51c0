import csv
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from eznas.benchmarks.image_set import ImageSet
from eznas.benchmarks.recorded_table import load_recorded_table
from eznas.benchmarks.training_run import Campaign, complete_seeds, in_processes, train_benchmark, training_seed
from eznas.benchmarks.training_settings import TrainingSettings
from eznas.cli.app import main
from eznas.errors import EznasError

SIZES = ["--set", "channels=2", "--networks", "8", "--seeds", "2", "--epochs", "4"]

# A space of the user's own; it ends its process, as a lack of memory would, unless the file `fine` is there.
FRAGILE_SPACE = """
import os, signal
from pathlib import Path
from torch import nn
from eznas.spaces.base import Space

class Fragile(Space):
    name = "fragile"
    def build(self, architecture, num_classes, image_size):
        if architecture == "wrong":
            return nn.Linear(1, 1)
        if not Path(__file__).with_name("fine").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * image_size**2, num_classes))
    def random(self, rng):
        return "only"
    def check(self, architecture):
        return architecture
"""


def command(folder, workers):
    images = folder.parent / "images.npz"
    output = folder / "t.csv"
    return ["benchmark", "train", *SIZES, "--images", str(images), "--output", str(output), "--workers", workers]


def kill_after(folder, lines):
    """Start the campaign in `folder` in a process, and kill that once its progress file has so many lines."""
    process = subprocess.Popen([sys.executable, "-m", "eznas", *command(folder, "1")])
    wait_for(folder, lines, lambda: process.poll() is None)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def interrupt_after(folder, lines, over):
    """Let Ctrl-C come to this process once the progress file has so many lines, unless the campaign is over."""
    wait_for(folder, lines, lambda: not over.is_set())
    if not over.is_set():
        os.kill(os.getpid(), signal.SIGINT)


def wait_for(folder, lines, goes_on):
    progress = folder / "t.csv.progress.jsonl"
    while not progress.exists() or progress.read_bytes().count(b"\n") < lines:
        assert goes_on()
        time.sleep(0.01)


@pytest.mark.end_to_end
def test_an_interrupted_campaign_ends_with_the_same_table(tmp_path, capfd):
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, (100, 8, 8, 3), dtype=np.uint8), np.arange(100) % 2
    np.savez(tmp_path / "images.npz", x_train=pixels, y_train=labels, x_test=pixels, y_test=labels)
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    assert main(command(whole, "1")) == 0
    assert "8 networks, 2 seeds" in capfd.readouterr().out
    kill_after(pieces, 3)
    over = threading.Event()
    interruption = threading.Thread(target=interrupt_after, args=(pieces, 6, over))
    interruption.start()
    code = main(command(pieces, "1"))
    over.set()
    interruption.join()
    assert code == 130
    assert "run the same command again" in capfd.readouterr().err
    assert not (pieces / "t.csv").exists()
    assert main(command(pieces, "2")) == 0
    assert (pieces / "t.csv").read_bytes() == (whole / "t.csv").read_bytes()
    (images,) = pieces.glob("images-*.npz")
    assert images.read_bytes() == (whole / images.name).read_bytes()

    with (whole / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["architecture", "accuracy_seed_0", "accuracy_seed_1"]
    record = json.loads((whole / "t.json").read_text())
    assert record["training"]["epochs"] == 4
    assert record["image_recipe"]["source"] == "images.npz"
    assert record["networks"] == 8
    # A campaign is seed by seed, so the first half of the progress file is the first seed.
    lines = (whole / "t.csv.progress.jsonl").read_text().splitlines()[1:]
    assert [json.loads(line)["seed"] for line in lines] == [0] * 8 + [1] * 8

    # What was written is a benchmark.
    benchmark = load_recorded_table(whole / "t.csv")
    assert len(benchmark) == 8
    assert len(benchmark.images) == 100
    assert benchmark.accuracies == pytest.approx(
        [(float(row["accuracy_seed_0"]) + float(row["accuracy_seed_1"])) / 2 for row in rows]
    )


@pytest.fixture
def fragile(tmp_path, monkeypatch):
    (tmp_path / "fragile_space.py").write_text(FRAGILE_SPACE)
    monkeypatch.syspath_prepend(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 3), dtype=np.uint8)
    images = ImageSet(pixels, np.arange(20) % 2, pixels, np.arange(20) % 2, recipe={"source": "noise"})
    yield Campaign(images, TrainingSettings(epochs=1, batch_size=10), space_name="fragile_space:Fragile")
    sys.modules.pop("fragile_space", None)


@pytest.mark.end_to_end
def test_a_killed_worker_is_told_and_the_campaign_goes_on_later(fragile, tmp_path):
    progress = tmp_path / "progress.jsonl"
    with pytest.raises(EznasError, match="run the same command again"):
        train_benchmark(fragile, ["x", "y"], 1, progress, in_processes(1))
    (tmp_path / "fine").touch()
    accuracies = train_benchmark(fragile, ["x", "y"], 1, progress, in_processes(1))
    assert accuracies.shape == (2, 1)
    assert complete_seeds(progress, fragile, ["x", "y"]) == 1
    assert complete_seeds(progress, fragile, ["x", "y", "z"]) == 0
    # Now all is known, and no process is needed.
    np.testing.assert_array_equal(train_benchmark(fragile, ["y", "x"], 1, progress, in_processes(1)), accuracies[::-1])

    with pytest.raises(EznasError, match="wrong of the space fragile_space:Fragile could not be trained"):
        train_benchmark(fragile, ["wrong"], 1, progress, in_processes(1))

    changed = Campaign(fragile.images, TrainingSettings(epochs=2, batch_size=10), space_name=fragile.space_name)
    with pytest.raises(EznasError, match=r"training\.epochs was 1 and is 2"):
        train_benchmark(changed, ["x"], 1, progress, in_processes(1))


def test_a_campaign_reaches_its_workers_without_the_space(tmp_path):
    """A space from a file is of a class that no other process can import; each makes its own."""
    (tmp_path / "filed.py").write_text(FRAGILE_SPACE)
    pixels = np.zeros((2, 4, 4, 3), np.uint8)
    images = ImageSet(pixels, np.arange(2), pixels, np.arange(2), recipe={"source": "none"})
    campaign = Campaign(images, TrainingSettings(), space_name="filed.py:Fragile", space_folder=tmp_path)
    assert campaign.protocol()["space"] == {"name": "filed.py:Fragile", "settings": {}}
    module = type(campaign.space).__module__
    content = pickle.dumps(campaign)
    assert module.encode() not in content
    del sys.modules[module]
    assert pickle.loads(content).space.name == campaign.space.name
    del sys.modules[module]


def test_every_network_and_seed_has_randomness_of_its_own():
    numbers = {training_seed(text, seed) for text in ("a", "b", "c") for seed in range(20)}
    assert len(numbers) == 60
    assert training_seed("a", 0) == training_seed("a", 0)
    assert all(0 <= number < 2**63 for number in numbers)
