"""The fresh weights of a network."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from eznas.statistics.inputs import seeded_generator
from eznas.statistics.isolation import PrivateRandomness
from eznas.statistics.modules import modules_of

_WEIGHTS_STREAM: Final = 1
_CONVOLUTIONS: Final = (
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
_LINEAR_DEVIATION: Final = 0.01


@torch.no_grad()
def initialise(network: nn.Module, seed: int) -> None:
    """Give the network fresh weights in place, from `seed` alone.

    Convolutions, transposed ones too: Kaiming normal (fan out, ReLU), zero bias. BatchNorm: weight 1, bias 0, fresh
    running statistics. Linear, and the projections of attention: normal(0, 0.01), zero bias. Embeddings: normal(0, 1),
    also where a Linear shares their weight, and zeros for the padding index. Other normalisations: as PyTorch makes
    them. Parameters of other modules keep the values that they have. A weight that is computed from others, as by
    `weight_norm` of `torch.nn.utils.parametrizations`, is drawn like any, and these follow.

    Args:
        network: its modules are visited in the order of `network.modules()`; it may be on any device.
        seed: the only source of randomness; the global random state is neither read nor changed.
    """
    generator = seeded_generator(seed, _WEIGHTS_STREAM)
    modules = modules_of(network)
    tables = {id(module.weight) for module in modules if isinstance(module, (nn.Embedding, nn.EmbeddingBag))}
    for module in modules:
        if isinstance(module, _CONVOLUTIONS):
            weight = _place_to_draw(module)
            nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu", generator=generator)
        elif isinstance(module, nn.Linear):
            weight = _float32_like(module.weight).normal_(0.0, _LINEAR_DEVIATION, generator=generator)
            if id(module.weight) in tables:
                weight = module.weight
        elif isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
            weight = _float32_like(module.weight).normal_(0.0, 1.0, generator=generator)
            if module.padding_idx is not None:
                weight[module.padding_idx] = 0
            _put(module, weight, seed)
            continue
        elif isinstance(module, nn.MultiheadAttention):
            _initialise_attention(module, generator)
            continue
        else:
            if isinstance(module, _NORMALISATIONS):
                module.reset_parameters()
            continue
        _put(module, weight, seed)
        if module.bias is not None:
            module.bias.zero_()


_NORMALISATIONS: Final = (
    nn.modules.batchnorm._BatchNorm,
    nn.modules.instancenorm._InstanceNorm,
    nn.GroupNorm,
    nn.LayerNorm,
    nn.RMSNorm,
)


def _put(module: Any, weight: Tensor, seed: int) -> None:
    """Make `weight` that of the module, or what its parametrizations make of it."""
    if weight is module._parameters.get("weight"):
        return  # it was drawn where it lies
    if not parametrize.is_parametrized(module, "weight"):
        module.weight.copy_(weight)
        return
    chain = module.parametrizations["weight"]
    if all(hasattr(one, "right_inverse") for one in chain):
        with PrivateRandomness(seed, torch.device("cpu")) as randomness:
            randomness.begin()  # an orthogonal weight that is not square draws the rest
            module.weight = weight.to(module.weight)
    elif hasattr(chain, "original") and chain.original.shape == weight.shape:
        chain.original.copy_(weight)


def _initialise_attention(module: nn.MultiheadAttention, generator: torch.Generator) -> None:
    """Draw what the module holds beside `out_proj`, which is a Linear of its own."""
    for weight in (module.in_proj_weight, module.q_proj_weight, module.k_proj_weight, module.v_proj_weight):
        if weight is not None:
            weight.copy_(_float32_like(weight).normal_(0.0, _LINEAR_DEVIATION, generator=generator))
    for bias in (module.in_proj_bias, module.bias_k, module.bias_v):
        if bias is not None:
            bias.zero_()


def _place_to_draw(module: Any) -> Tensor:
    """Return the weight of a module itself where it is as `_float32_like` makes one, else one for `_put`."""
    weight: Tensor | None = module._parameters.get("weight")
    if weight is not None and weight.is_contiguous() and weight.dtype is torch.float32 and weight.device.type == "cpu":
        return weight
    return _float32_like(module.weight)


def _float32_like(weight: Tensor) -> Tensor:
    # Drawn on the CPU in this form, so that neither the device nor the memory format of a weight changes its numbers.
    return torch.empty(weight.shape, dtype=torch.float32, device="cpu")
