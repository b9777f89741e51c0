"""Train one network once and measure its test accuracy."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from eznas.benchmarks.image_set import ImageSet
from eznas.benchmarks.images import channel_statistics
from eznas.benchmarks.training_settings import TrainingSettings
from eznas.errors import EznasError

_TEST_BATCH = 256
_SAFE_CHANNELS = 8


@dataclass(frozen=True)
class TrainingResult:
    """What one training gave.

    Attributes:
        accuracy: share of the test images classified correctly after the last step, in percent.
        loss: mean training loss of the last epoch, NaN where training diverged.
        seconds: wall-clock time of training and testing.
    """

    accuracy: float
    loss: float
    seconds: float


def train_network(
    network: nn.Module, images: ImageSet, settings: TrainingSettings, seed: int, device: str = "cpu"
) -> TrainingResult:
    """Train `network` from the weights that it has, in place, and test it.

    On a CPU with one thread the result depends on the arguments alone; other numbers of threads, GPUs and versions
    of PyTorch round differently.

    Args:
        network: from images (batch, 3, size, size) to logits (batch, classes).
        images: what to train and to test on; pixels are standardised by channel with the training images' statistics.
        settings: of the training.
        seed: of the order of the images, and of dropout and the like.
        device: as PyTorch names it, for example `cpu` or `cuda:0`.

    Raises:
        EznasError: there are fewer training images than one batch holds.
    """
    started = time.perf_counter()
    steps_per_epoch = len(images.x_train) // settings.batch_size
    if steps_per_epoch == 0:
        raise EznasError(
            f"A batch of {settings.batch_size} is larger than the {len(images.x_train)} training images: "
            "choose a smaller batch size or more images."
        )
    mean, deviation = channel_statistics(images.x_train)
    inputs = _standardised(images.x_train, mean, deviation).to(device)
    labels = torch.from_numpy(images.y_train).to(device)
    layout = _memory_format(network)
    network = network.to(device, memory_format=layout).train()  # type: ignore[call-overload]
    optimiser = torch.optim.SGD(
        network.parameters(),
        lr=settings.learning_rate,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
        nesterov=settings.momentum > 0,
        # One call for all parameters: a step of a network this small is mostly overhead.
        fused=True,
    )
    total_steps = settings.epochs * steps_per_epoch
    order_generator = torch.Generator().manual_seed(seed)
    step = 0
    epoch_loss = torch.zeros((), device=device)
    # Dropout and the like draw from PyTorch's global generator, which is left as it was found.
    with torch.random.fork_rng(devices=_cuda_devices(device)):
        torch.manual_seed(seed)
        for _ in range(settings.epochs):
            order = torch.randperm(len(inputs), generator=order_generator).to(device)
            epoch_loss.zero_()
            for start in range(0, steps_per_epoch * settings.batch_size, settings.batch_size):
                batch = order[start : start + settings.batch_size]
                optimiser.param_groups[0]["lr"] = settings.learning_rate * _schedule(step, total_steps, settings.warmup)
                optimiser.zero_grad()
                logits = network(_in_layout(inputs[batch], layout))
                loss = functional.cross_entropy(logits, labels[batch], label_smoothing=settings.label_smoothing)
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                epoch_loss += loss.detach()
                step += 1
        accuracy = _accuracy(network, _standardised(images.x_test, mean, deviation), images.y_test, layout, device)
    return TrainingResult(accuracy, float(epoch_loss) / steps_per_epoch, time.perf_counter() - started)


def _memory_format(network: nn.Module) -> torch.memory_format:
    """Return the layout in which the network trains fastest without breaking PyTorch.

    Channels last is the faster one for small networks (20 ms against 27 ms a step at width 8). But in PyTorch 2.13 on
    a CPU the gradient of a strided 1x1 convolution of fewer than 8 input channels writes past its end in this layout.
    """
    breaks = any(
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (1, 1)
        and module.stride != (1, 1)
        and module.in_channels < _SAFE_CHANNELS
        for module in network.modules()
    )
    return torch.contiguous_format if breaks else torch.channels_last


def _schedule(step: int, total_steps: int, warmup: float) -> float:
    """Return the learning rate of `step` as a share of the highest: a straight line up, half a cosine down."""
    position = (step + 1) / total_steps
    if position < warmup:
        return position / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup * total_steps) / (total_steps * (1 - warmup))))


@torch.no_grad()
def _accuracy(
    network: nn.Module, inputs: Tensor, labels: NDArray[np.int64], layout: torch.memory_format, device: str
) -> float:
    network.eval()
    correct = 0
    for start in range(0, len(inputs), _TEST_BATCH):
        batch = inputs[start : start + _TEST_BATCH].to(device)
        predicted = network(_in_layout(batch, layout)).argmax(dim=1).cpu().numpy()
        correct += int((predicted == labels[start : start + _TEST_BATCH]).sum())
    return 100.0 * correct / len(inputs)


def _standardised(images: NDArray[np.uint8], mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> Tensor:
    """Return float32 (count, size, size, 3)."""
    return torch.from_numpy((images.astype(np.float32) - mean.astype(np.float32)) / deviation.astype(np.float32))


def _in_layout(batch: Tensor, layout: torch.memory_format) -> Tensor:
    """Return (count, 3, size, size), stored in `layout`, from (count, size, size, 3)."""
    return batch.permute(0, 3, 1, 2).contiguous(memory_format=layout)


def _cuda_devices(device: str) -> list[int]:
    place = torch.device(device)
    if place.type != "cuda":
        return []
    return [torch.cuda.current_device() if place.index is None else place.index]
