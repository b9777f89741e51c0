"""Small files in the forms of the official archives, made up for tests."""

from __future__ import annotations

import bz2
import io
import json
import pickle
import tarfile
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np

from eznas import spaces

SETS = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": ("ori-test",),
    "cifar100": ("x-valid", "x-test", "ori-test"),
    "ImageNet16-120": ("x-valid", "x-test", "ori-test"),
}
SIZES = ("8:8:8:8:8", "64:64:64:64:64", "8:16:24:32:40", "56:8:56:8:56")


class Touch:
    """An object whose unpickling makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def nds_record(space, rng, error, **settings):
    """Return one record as NDS has it, of a random network of `space`."""
    net = json.loads(spaces.get(space, **settings).random(rng))
    if "genotype" in net:
        net["drop_prob"] = 0.0
    else:
        net["block_type"] = spaces.get(space).block
    errors = [90.0, 50.0, error]
    return {
        "net": net,
        "optim": {"base_lr": 0.1, "wd": 5e-4, "max_ep": len(errors)},
        "rng_seed": 1,
        "params": 4190314.0,
        "train_ep_top1": errors,
        "train_ep_loss": [2.3, float("nan"), 1.0],
        "test_ep_top1": errors,
        "min_test_top1": min(errors),
    }


def encrypted(path: Path) -> Path:
    """Mark the first file of a zip archive as encrypted, in both of its headers."""
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(signature) + flags] |= 1
    path.write_bytes(content)
    return path


def nds_zip(path, sweeps):
    """Write an archive with one JSON file for each sweep."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for stem, records in sweeps.items():
            archive.writestr(f"nds_data/{stem}.json", json.dumps(records))
    return path


def training(dataset, seed, epochs, accuracy):
    """Return the state of one training; every set of images has `accuracy` in the end, and the training set 100."""
    accuracies = {f"{name}@{epoch}": 10.0 for name in SETS[dataset] for epoch in range(epochs)}
    for number, name in enumerate(SETS[dataset]):
        accuracies[f"{name}@{epochs - 1}"] = accuracy + number
    return {
        "name": dataset,
        "net_state_dict": None,
        "train_acc1es": {epoch: 100.0 if epoch == epochs - 1 else 10.0 for epoch in range(epochs)},
        "train_losses": dict.fromkeys(range(epochs), 0.5),
        "params": np.float64(0.5),
        "seed": seed,
        "epochs": epochs,
        "eval_names": list(SETS[dataset]),
        "eval_acc1es": accuracies,
        "eval_losses": dict.fromkeys(accuracies, 0.1),
    }


def network(index, architecture, epochs, seeds):
    """Return the state of one network; with seed number s its accuracy is 50 + index + s."""
    return {
        "arch_index": index,
        "arch_str": architecture,
        "all_results": {
            (dataset, seed): training(dataset, seed, epochs, 50.0 + index + number)
            for dataset in SETS
            for number, seed in enumerate(seeds)
        },
        "dataset_seed": {dataset: list(seeds) for dataset in SETS},
        "clear_net_done": True,
    }


def nats_networks():
    """Return the networks of a size space of four."""
    return {
        index: OrderedDict((hp, network(index, text, int(hp), (777, 888))) for hp in ("01", "90"))
        for index, text in enumerate(SIZES)
    }


def write_bz2(path, content):
    """Write a pickle as NATS-Bench does."""
    path.write_bytes(bz2.compress(pickle.dumps(content, protocol=4)))
    return path


def nats_folder(path):
    """Write the form of many small files."""
    path.mkdir()
    write_bz2(path / "meta.pickle.pbz2", {"meta_archs": list(SIZES)})
    for index, schedules in nats_networks().items():
        write_bz2(path / f"{index:06d}.pickle.pbz2", schedules)
    return path


def nats_file(path):
    """Write the form of one file."""
    return write_bz2(
        path, {"meta_archs": list(SIZES), "arch2infos": nats_networks(), "evaluated_indexes": set(range(len(SIZES)))}
    )


def cells_content(architectures):
    """Return what NAS-Bench-201's file holds; networks have one, two or three seeds."""
    return {
        "meta_archs": list(architectures),
        "arch2infos": {
            index: {
                "full": network(index, text, 200, (777, 888, 999)[: 1 + index % 3]),
                "less": network(index, text, 12, (777,)),
            }
            for index, text in enumerate(architectures)
        },
        "evaluated_indexes": list(range(len(architectures))),
    }


def cifar_batch(images, labels, key):
    """Return one member of a CIFAR archive, pickled as Python 2 did; keys are bytes there."""
    flat = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    # Protocol 2 of Python 3 names numpy and codecs as the official files name numpy.
    return pickle.dumps({b"data": flat, key: list(map(int, labels)), b"batch_label": b"batch"}, protocol=2)


def cifar10_archive(path, images, labels, members=None):
    """Write a CIFAR-10 archive with the same images in all six members."""
    content = cifar_batch(images, labels, b"labels")
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    with tarfile.open(path, "w:gz") as archive:
        for name in names if members is None else members:
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path
