"""What goes into the three passes: a batch of whatever the network takes, noise in its form, and the batch with noise.

Integers (tokens, positions) and masks are the same in all passes: there, what their embeddings give is replaced by
noise, or has noise added, see `EmbeddingNoise`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from eznas.errors import EznasError, described, shown

PERTURBATION = 0.01 * 0.5
"""Standard deviation of what the third pass adds, as a share of the embeddings' where it acts on those.

Source: EZNAS, reference code."""

Batch = Any
"""A tensor, or a tuple, list or dictionary of tensors: positional or named arguments of the network."""

BatchSource: TypeAlias = Batch | Callable[[np.random.Generator], Batch]
"""A batch, or a function that makes one."""

_INPUTS_STREAM, _EMBEDDINGS_STREAM, _BATCH_STREAM = 0, 2, 3
_WHOLE_NUMBERS: Final = (torch.int64, torch.int32, torch.bool)
_KINDS: Final = "a tensor, or a tuple or dictionary of tensors,"


class Inputs(NamedTuple):
    """What the network is given in the three passes: of images, float32[batch, 3, height, width] each."""

    data: Batch
    noise: Batch
    perturbed: Batch


def make_inputs(batch: BatchSource, seed: int) -> Inputs:
    """Return the inputs of the three passes: the batch, normal noise of its form, the batch plus a little noise.

    Args:
        batch: what the network takes: a tensor of floating-point numbers, normalised as for training, such as images
            of shape (batch, channels, height, width); int64 or int32 tokens; or a tuple (positional arguments) or
            dictionary (named arguments) of such tensors, nested as the network wants it. NumPy arrays count as
            tensors, and parts of other types (None, numbers, texts) are given to the network as they are. Or a
            function from a NumPy generator to such a batch.
        seed: decides both kinds of noise, and the generator; the global random state is neither read nor changed.

    Raises:
        EznasError: there is no tensor, or one of another type or without elements.
    """
    # What is made inside `torch.inference_mode()` has no gradients for good, and the passes need them.
    with torch.inference_mode(mode=False):
        batch = drawn_batch(batch, seed)
        generator = seeded_generator(seed, _INPUTS_STREAM)
        data = map_tensors(_checked, batch)
        if not any(True for _ in tensors_in(data)):
            raise EznasError(f"The inputs are {shown(batch)}: give {_KINDS} or a function that returns one.")
        noise = map_tensors(lambda tensor: _noise(tensor, generator), data)
        perturbed = map_tensors(lambda tensor: _perturbed(tensor, generator), data)
        return Inputs(data, noise, perturbed)


def drawn_batch(batch: BatchSource, seed: int) -> Batch:
    """Return a batch as it is, and what a function makes of NumPy's generator of `seed`."""
    if not callable(batch):
        return batch
    try:
        return batch(np.random.default_rng([seed, _BATCH_STREAM]))
    except Exception as error:
        raise EznasError(f"The function of the inputs raised {described(error)}: correct it.") from error


def without_arrays(batch: Batch) -> Batch:
    """Return a NumPy array as a tensor, and anything else as it is."""
    return torch.from_numpy(batch) if isinstance(batch, np.ndarray) else batch


def map_tensors(function: Callable[[Tensor], Tensor], batch: Batch) -> Batch:
    """Return a batch of the same form with `function` of every tensor in the place of it."""
    batch = without_arrays(batch)
    if isinstance(batch, Tensor):
        return function(batch)
    if isinstance(batch, Mapping):
        return {key: map_tensors(function, value) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(map_tensors(function, value) for value in batch))
    if isinstance(batch, (tuple, list)):
        return type(batch)(map_tensors(function, value) for value in batch)
    return batch


def tensors_in(batch: Batch) -> Iterator[Tensor]:
    """Yield the tensors of a batch."""
    if isinstance(batch, Tensor):
        yield batch
    elif isinstance(batch, (Mapping, tuple, list)):
        for part in batch.values() if isinstance(batch, Mapping) else batch:
            yield from tensors_in(part)


def ordinary(tensor: Tensor) -> Tensor:
    """Return a tensor without its graph, and a copy of one that was made in inference mode, which has no gradients."""
    return tensor.clone() if tensor.is_inference() else tensor.detach()


def call(network: Callable[..., Any], batch: Batch) -> Any:
    """Return what a network gives for a batch: a dictionary holds its named arguments, a tuple its positional ones."""
    if isinstance(batch, Mapping):
        return network(**batch)
    if isinstance(batch, (tuple, list)):
        return network(*batch)
    return network(batch)


class EmbeddingNoise:
    """What the second and third pass do to the embeddings of the integers among the inputs.

    The noise has the standard deviation of the embeddings, so that it means what it means for normalised images. An
    embedding of anything else, such as positions that the network counts itself, stays as it is.

    Args:
        pass_name: `data` (nothing is changed), `noise` or `perturbed`.
        seed: decides the noise.
        batch: what the network is given, on the device.
    """

    def __init__(self, pass_name: str, seed: int, batch: Batch) -> None:
        self._pass_name = pass_name
        self._generator = seeded_generator(seed, _EMBEDDINGS_STREAM)
        self._places = {_place(tensor) for tensor in tensors_in(batch) if not tensor.is_floating_point()}

    @property
    def acts(self) -> bool:
        """Whether any embedding is changed."""
        return self._pass_name != "data" and bool(self._places)

    def __call__(self, indices: Tensor, embedded: Tensor) -> Tensor:
        """Return what the network goes on with in the place of the embeddings of `indices`."""
        if _place(indices) not in self._places:
            return embedded
        noise = torch.empty(embedded.shape).normal_(generator=self._generator).to(embedded)
        deviation = embedded.detach().std(correction=0)
        if self._pass_name == "noise":
            return embedded * 0 + deviation * noise
        return embedded + PERTURBATION * deviation * noise


def seeded_generator(seed: int, stream: int) -> torch.Generator:
    """Return PyTorch's generator of one stream of `seed`: weights and noise must not repeat each other's numbers."""
    (state,) = np.random.SeedSequence([seed, stream]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state))


def _place(tensor: Tensor) -> int:
    # A network reshapes and slices its tokens before it looks them up: they lie where they lay.
    return tensor.untyped_storage().data_ptr()


def _checked(tensor: Tensor) -> Tensor:
    if tensor.numel() == 0 or not (tensor.is_floating_point() or tensor.dtype in _WHOLE_NUMBERS):
        raise EznasError(
            f"The inputs have a {tensor.dtype} tensor of shape {tuple(tensor.shape)}: give torch.float32 (images of "
            "shape (batch, channels, height, width), normalised), or torch.int64 for tokens, with at least one element."
        )
    data = ordinary(tensor).cpu()
    return data.float() if data.is_floating_point() else data


def _noise(data: Tensor, generator: torch.Generator) -> Tensor:
    if not data.is_floating_point():
        return data
    return torch.empty_like(data, memory_format=torch.contiguous_format).normal_(generator=generator)


def _perturbed(data: Tensor, generator: torch.Generator) -> Tensor:
    if not data.is_floating_point():
        return data
    noise = torch.empty_like(data, memory_format=torch.contiguous_format).normal_(generator=generator)
    return data + PERTURBATION * noise
