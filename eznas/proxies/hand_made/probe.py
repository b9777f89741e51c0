"""A network made ready to be measured: run forwards and backwards without leaving a trace in it or anywhere else.

The network runs with stand-ins for its parameters, which have their numbers but gradients of their own, and with
copies of its buffers. So whatever a proxy does to them, the network never sees it. All of them are float32, whatever
the network is, as are the statistics that programs are computed from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Final, Self, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import Tensor, nn
from torch.func import functional_call

from eznas.errors import EznasError, described
from eznas.proxies.hand_made.layers import LayerWatcher
from eznas.statistics.inputs import map_tensors, ordinary
from eznas.statistics.isolation import PrivateRandomness, reproducible_kernels
from eznas.statistics.outputs import tensors_of
from eznas.statistics.random_states import kept_random_states
from eznas.statistics.wrapping import check_layers_are_seen, unwrapped

Inputs: TypeAlias = Tensor | Sequence[Any] | Mapping[str, Any]
"""What a network is called with: one tensor, positional arguments, or named ones."""

_WEIGHT_AXES: Final = 2
_SEEDS: Final = 2**63


@dataclass(frozen=True)
class Probe:
    """A network with its inputs.

    Attributes:
        network: itself; to be run through `forward` only.
        inputs: what it is called with, floating-point numbers in float32.
        rng: the only source of randomness.
        given_targets: classes of the inputs; None where they are to be drawn.
    """

    network: nn.Module
    inputs: Inputs
    rng: np.random.Generator
    given_targets: Tensor | None

    @classmethod
    @contextmanager
    def of(cls, network: nn.Module, inputs: Inputs, rng: np.random.Generator, targets: Tensor | None) -> Iterator[Self]:
        """Make a probe, and put back at the end what a network may have changed outside of it.

        Raises:
            EznasError: the network raised; the sentence says what.
        """
        # The caller's modes must not reach in: autocast would change the numbers, the others lose the gradients.
        with kept_random_states(), reproducible_kernels(), torch.inference_mode(mode=False), torch.enable_grad():
            given = None if targets is None else ordinary(targets)
            probe = cls(unwrapped(network), map_tensors(_float32, inputs), rng, given)
            with torch.autocast(probe.device.type, enabled=False):
                yield probe

    @cached_property
    def parameters(self) -> dict[str, Tensor]:
        """Stand-ins for the network's, by name; they have its numbers, and gradients can be taken of them.

        Raises:
            EznasError: the layers of the network cannot be seen.
        """
        self.check_layers()
        return {
            name: _float32(parameter).requires_grad_(parameter.is_floating_point())
            for name, parameter in self.network.named_parameters()
        }

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        tensors = chain(self.network.parameters(), self.network.buffers(), tensors_of(self.inputs))
        return next((tensor.device for tensor in tensors), torch.device("cpu"))

    @property
    def weights(self) -> dict[str, Tensor]:
        """The stand-ins that are weights of linear maps: those with two axes or more, so no biases, no scales."""
        return {name: one for name, one in self.parameters.items() if one.dim() >= _WEIGHT_AXES}

    def check_layers(self) -> None:
        """Raise an `EznasError` where the layers of the network cannot be seen."""
        check_layers_are_seen(self.network.modules(), "The network")

    def images(self) -> Tensor:
        """Return the one floating-point tensor that the network is called with, (batch, ...).

        Raises:
            EznasError: the inputs are something else.
        """
        if not isinstance(self.inputs, Tensor) or not self.inputs.is_floating_point():
            raise EznasError(
                "This proxy measures how a network answers to images, and the inputs are no single floating-point "
                "tensor: choose a proxy of weights or gradients, such as grad_norm, snip or torch_flops."
            )
        return self.inputs

    def normal(self, like: Tensor) -> Tensor:
        """Return standard normal noise of the shape and on the device of a tensor."""
        generator = torch.Generator().manual_seed(int(self.rng.integers(_SEEDS)))
        return torch.empty(like.shape, dtype=like.dtype).normal_(generator=generator).to(like.device)

    def forward(
        self,
        inputs: Inputs | None = None,
        *,
        parameters: Mapping[str, Tensor] | None = None,
        training: bool = True,
        watcher: LayerWatcher | None = None,
    ) -> Tensor:
        """Run the network and return its output.

        Args:
            inputs: None for those of the probe.
            parameters: others than its stand-ins.
            training: the mode that it runs in: with the statistics of the batch, or with its running ones.
            watcher: sees its layers.

        Raises:
            EznasError: the network raised, or returned no floating-point numbers.
        """
        given: Any = self.inputs if inputs is None else inputs
        keywords = dict(given) if isinstance(given, Mapping) else {}
        positional = (given,) if isinstance(given, Tensor) else () if keywords else tuple(given)
        watcher = LayerWatcher() if watcher is None else watcher
        parameters = self.parameters if parameters is None else parameters
        kind = next((one.dtype for one in parameters.values() if one.is_floating_point()), torch.float32)
        # Copies, since layers count batches and average statistics in their buffers.
        buffers = {name: _of_kind(buffer, kind).clone() for name, buffer in self.network.named_buffers()}
        stand_ins = {**parameters, **buffers}
        with (
            _mode(self.network, training),
            PrivateRandomness(int(self.rng.integers(_SEEDS)), self.device) as watcher.randomness,
        ):
            try:
                with watcher:
                    result = functional_call(self.network, stand_ins, positional, keywords)
            except EznasError:
                raise
            except Exception as error:  # a network may be the user's own code
                raise EznasError(f"The network could not be run ({described(error)}).") from error
        output = next(tensors_of(result), None)
        if output is None or not output.is_floating_point() or output.numel() == 0:
            raise EznasError("The network returned no floating-point numbers: let forward return the logits.")
        return output

    def loss(self, output: Tensor, targets: Tensor | None = None) -> Tensor:
        """Return the mean cross-entropy of an output against classes.

        Classes lie along the last axis of an output of two or three axes (images, tokens), else along the second.

        Args:
            output: of `forward`.
            targets: None for those of the probe; where it has none, each is drawn with equal chances.

        Raises:
            EznasError: the output has no classes, or the targets do not fit it.
        """
        if output.dim() < 2 or output.shape[-1 if output.dim() == 3 else 1] == 1:
            raise EznasError(
                f"The network gives an output of shape {tuple(output.shape)}, which holds a single class, and the "
                "cross-entropy of one is 0 whatever the weights: choose a proxy without a loss, such as naswot."
            )
        logits = output.flatten(1) if output.dim() < 3 else output.movedim(-1 if output.dim() == 3 else 1, -1)
        rows = logits.reshape(-1, logits.shape[-1])
        targets = self.given_targets if targets is None else targets
        if targets is None:
            drawn = self.rng.integers(rows.shape[1], size=rows.shape[0])
            return F.cross_entropy(rows, torch.from_numpy(drawn).to(rows.device))
        if targets.numel() != len(rows) or int(targets.max()) >= rows.shape[1] or int(targets.min()) < 0:
            raise EznasError(
                f"The targets are {targets.numel()} classes from {int(targets.min())} to {int(targets.max())}, and the "
                f"network gives {len(rows)} rows of {rows.shape[1]} logits: give one class for each row."
            )
        return F.cross_entropy(rows, targets.reshape(-1).to(rows.device))

    def loss_gradients(self, *, create_graph: bool = False) -> dict[str, Tensor]:
        """Return the gradients of the loss with respect to `weights`, without those that it does not depend on.

        Raises:
            EznasError: it depends on none.
        """
        loss = self.loss(self.forward())
        return self.gradients_of(loss, create_graph=create_graph)

    def gradients_of(self, scalar: Tensor, *, create_graph: bool = False) -> dict[str, Tensor]:
        """Return the gradients of a number with respect to `weights`, without those that it does not depend on.

        Raises:
            EznasError: it depends on none.
        """
        weights = self.weights
        gradients: Sequence[Tensor | None] = (
            torch.autograd.grad(scalar, list(weights.values()), create_graph=create_graph, allow_unused=True)
            if weights and scalar.requires_grad
            else ()
        )
        found = {name: one for name, one in zip(weights, gradients, strict=False) if one is not None}
        if not found:
            raise EznasError(
                "The output of the network depends on none of its weights, so there is no gradient to measure: let "
                "forward use no detach(), .data or torch.no_grad()."
            )
        return found

    def jacobian(self) -> Tensor:
        """Return the gradient of the summed output with respect to each image, float64 (batch, numbers of an image).

        It is zero for a network whose output does not depend on its images.

        Raises:
            EznasError: the inputs are no images, there is one only, or the network detaches its output.
        """
        images = self.images().detach().clone().requires_grad_()
        if len(images) < 2:
            raise EznasError("Jacobians of several images are compared, and there is one: give two images or more.")
        # A clone, because a network may change its input in place, which a leaf does not allow.
        output = self.forward(images.clone())
        if not output.requires_grad:
            raise EznasError("The output of the network has no gradient: let forward use no detach() or no_grad().")
        (gradient,) = torch.autograd.grad(output.sum(), images, allow_unused=True)
        return (torch.zeros_like(images) if gradient is None else gradient).flatten(1).double()


def _float32(tensor: Tensor) -> Tensor:
    return _of_kind(tensor, torch.float32)


def _of_kind(tensor: Tensor, kind: torch.dtype) -> Tensor:
    own = ordinary(tensor)
    return own.to(kind) if own.is_floating_point() else own


@contextmanager
def _mode(network: nn.Module, training: bool) -> Iterator[None]:
    """Put every module into a mode, and each back at the end."""
    modes = [(module, module.training) for module in network.modules()]
    network.train(training)
    try:
        yield
    finally:
        for module, before in modes:
            module.training = before
