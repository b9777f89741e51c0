"""One pass of a network: forward and, where a gradient is asked for, backward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from eznas.errors import EznasError, first_line, place_of
from eznas.statistics.flow_recorder import FlowRecorder
from eznas.statistics.inputs import Batch, EmbeddingNoise, call, map_tensors, tensors_in
from eznas.statistics.isolation import PrivateRandomness
from eznas.statistics.memory import Memory
from eznas.statistics.outputs import nodes_behind, tensors_of
from eznas.statistics.random_states import seed_random_states
from eznas.statistics.recorder import Recorder, Unit
from eznas.statistics.sequence_recorder import SequenceRecorder
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.units import UNIT_KINDS

Loss = Callable[[Any], Tensor]
"""From all that a network returns to the tensor that its backward pass starts from."""

_TOO_FEW_VALUES: Final = "Expected more than 1 "  # what normalisations in training mode say of too small a batch


class NoUnitError(EznasError):
    """A network has no unit of the kind that is asked for."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass needs beside its inputs.

    Attributes:
        called: the network, as messages call it.
        pass_name: `data`, `noise` or `perturbed`.
        network: in training mode, with its weights, on the device.
        settings: what to collect.
        addresses: group, such as `inp_grad`, to the address that this pass fills.
        seed: of random layers, and of the noise of embeddings.
        loss: where the backward pass starts; None for the output, with gradient 1 for each of its numbers.
    """

    called: str
    pass_name: str
    network: nn.Module
    settings: CollectionSettings
    addresses: dict[str, int]
    seed: int
    loss: Loss | None = None

    def run_first(self, batch: Batch) -> tuple[Memory, list[Unit]]:
        """Run the pass that learns the shapes; return the memory that it made and filled, and the units kept.

        Raises:
            NoUnitError: there is none.
            EznasError: what `collect` raises.
        """
        with PrivateRandomness(self.seed, self._device) as randomness:
            recorder, outputs = self._forward(batch, None, randomness)
            kept = self._kept(recorder, outputs)
            shapes = [unit.shapes for unit in recorder.units]
            memory = Memory(shapes, kept, self.settings.collected, self._device)
            recorder.settle(memory)
            if recorder.needs_backward:
                self._backward(recorder, outputs[0])
        return memory, [unit for unit, keep in zip(recorder.units, kept, strict=True) if keep]

    def run(self, batch: Batch, memory: Memory) -> None:
        """Run a further pass, and fill its part of `memory`."""
        with PrivateRandomness(self.seed, self._device) as randomness:
            recorder, outputs = self._forward(batch, memory, randomness)
            if [unit.shapes for unit in recorder.units] != memory.units:
                raise EznasError(
                    f"{self.called} runs other layers in the {self.pass_name} pass than in the one before: "
                    "give a network whose layers depend neither on chance nor on the values of the images."
                )
            if recorder.needs_backward:
                self._backward(recorder, outputs[0])

    @property
    def _device(self) -> torch.device:
        return torch.device(self.settings.device)

    def _recorder(self, batch: Batch, memory: Memory | None, randomness: PrivateRandomness) -> Recorder:
        noise = EmbeddingNoise(self.pass_name, self.seed, batch)
        shared = (self.called, self.addresses, memory, randomness, noise if noise.acts else None)
        if self.settings.unit == "A-L-N":
            return FlowRecorder(*shared)
        return SequenceRecorder(UNIT_KINDS[self.settings.unit], *shared)

    def _forward(
        self, batch: Batch, memory: Memory | None, randomness: PrivateRandomness
    ) -> tuple[Recorder, list[Tensor]]:
        """Run the network; return what saw it, and its outputs, the first of which the backward pass starts from."""
        given = map_tensors(_as_input, batch)
        recorder = self._recorder(given, memory, randomness)
        seed_random_states(self.seed)
        try:
            with recorder:
                result = call(self.network, given)
            result = result if self.loss is None else self.loss(result)
            outputs = list(tensors_of(result))
        except EznasError:
            raise
        except Exception as error:
            raise self._failure("forward", error, batch) from error
        returned = "returned" if self.loss is None else "has a loss that is"
        if not outputs:
            raise EznasError(
                f"{self.called} {returned} a {type(result).__name__} without a tensor: let "
                f"{'forward return the logits' if self.loss is None else 'it be computed from what forward returns'}."
            )
        if not outputs[0].is_floating_point():
            raise EznasError(
                f"{self.called} {returned} {outputs[0].dtype} numbers, which have no gradient: let forward return "
                "logits."
            )
        if outputs[0].numel() == 0:
            raise EznasError(
                f"{self.called} {returned} an empty tensor of shape {tuple(outputs[0].shape)}: let forward return "
                "logits."
            )
        if not bool(outputs[0].isfinite().all()):
            raise EznasError(
                f"{self.called} {returned} numbers that are not finite in the {self.pass_name} pass, so nothing can be "
                "measured on it: leave the network out, or normalise inside it."
            )
        return recorder, outputs

    def _kept(self, recorder: Recorder, outputs: Sequence[Tensor]) -> list[bool]:
        """Return for each unit whether its statistics are kept: not those of what only auxiliary outputs need."""
        units = recorder.units
        kept = [True] * len(units)
        if len(outputs) > 1 or (recorder.cut and self.settings.needs_gradients):
            behind_output = nodes_behind(outputs[:1])
            behind_others = nodes_behind(outputs[1:])
            for number, unit in enumerate(units):
                if unit.end is None or unit.end in behind_output:
                    continue
                if unit.end in behind_others:
                    kept[number] = False
                elif recorder.cut and self.settings.needs_gradients:
                    raise EznasError(
                        f"{self.called} lacks a gradient: it detaches what comes after unit {number} from its output. "
                        "Let forward use no detach(), .data or torch.no_grad()."
                    )
        if not any(kept):
            if self.settings.unit == "A-L-N":
                way_out = "Leave the network out."
            else:
                way_out = "Choose another unit kind (A-L-N has one for every linear map), or leave the network out."
            raise NoUnitError(
                f"{self.called} has no {self.settings.unit} unit that its output depends on: it ran {recorder.seen()}. "
                f"{way_out}"
            )
        return kept

    def _backward(self, recorder: Recorder, output: Tensor) -> None:
        if not output.requires_grad:
            raise EznasError(
                f"{self.called} lacks a gradient: its output does not require one. "
                "Let forward use no detach(), .data or torch.no_grad()."
            )
        try:
            recorder.backward(output)
        except Exception as error:
            raise self._failure("backward", error) from error

    def _failure(self, direction: str, error: Exception, batch: Batch = None) -> EznasError:
        place = place_of(error)
        remedy = ""
        if _TOO_FEW_VALUES in str(error):
            sizes = sorted({len(tensor) for tensor in tensors_in(batch) if tensor.dim()})
            one = sizes == [1]
            remedy = (
                " Give a batch of 2 or more (--batch-size 2): its normalisation takes the variance over the batch."
                if one
                else " Give larger inputs: its normalisation takes a variance over one number."
            )
        return EznasError(
            f"{self.called} raised {type(error).__name__} in the {direction} half of the {self.pass_name} pass"
            f"{f' ({place})' if place else ''}: {first_line(error)}.{remedy}"
        )


def _as_input(tensor: Tensor) -> Tensor:
    # A gradient of the images, so that a unit at the very start has one, too; and a clone, because a network may
    # change its input in place, which a leaf does not allow.
    return (tensor.detach().requires_grad_() if tensor.is_floating_point() else tensor.detach()).clone()
