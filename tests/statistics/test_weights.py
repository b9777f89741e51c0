import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from eznas.statistics.inputs import make_inputs
from eznas.statistics.weights import initialise


def network():
    return nn.Sequential(
        nn.Conv2d(3, 64, 3, groups=1),
        nn.BatchNorm2d(64),
        nn.Conv2d(64, 128, 5, groups=2, bias=False),
        nn.BatchNorm2d(128, affine=False),
        nn.Flatten(),
        nn.Linear(4096, 50),
    )


def test_initialising_leaves_the_global_random_state_alone():
    one = network()
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002 (it is what must not change)
    initialise(one, 0)
    make_inputs(torch.zeros(1, 3, 8, 8), 0)
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002


def test_weights_and_noise_are_not_the_same_numbers():
    one = network()
    initialise(one, 0)
    noise = make_inputs(torch.zeros(1, 3, 8, 8), 0).noise.ravel()
    weight = one[0].weight.ravel()[: len(noise)]
    assert abs(torch.corrcoef(torch.stack([weight, noise]))[0, 1].item()) < 0.2


def test_the_distributions_of_fresh_weights():
    one = network()
    with torch.no_grad():
        for tensor in one.state_dict().values():
            tensor.fill_(9)
    initialise(one, 1)
    first, norm, second, plain_norm, _, linear = one
    # Kaiming, fan out, ReLU: variance 2 / (output channels * kernel area)
    assert first.weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.05)
    assert second.weight.std().item() == pytest.approx((2 / (128 * 25)) ** 0.5, rel=0.05)
    assert linear.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert abs(linear.weight.mean().item()) < 1e-3
    assert first.bias.eq(0).all()
    assert linear.bias.eq(0).all()
    assert norm.weight.eq(1).all()
    assert norm.bias.eq(0).all()
    for batch_norm in (norm, plain_norm):
        assert batch_norm.running_mean.eq(0).all()
        assert batch_norm.running_var.eq(1).all()
        assert batch_norm.num_batches_tracked == 0


def test_memory_format_and_type_do_not_change_the_weights():
    plain, other = nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3).to(memory_format=torch.channels_last).double()
    initialise(plain, 2)
    initialise(other, 2)
    assert torch.equal(plain.weight, other.weight.float())


def test_a_weight_is_drawn_where_it_lies_and_stays_the_parameter_that_it_is():
    one, two = nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3).to(memory_format=torch.channels_last)
    addresses = one.weight.data_ptr(), two.weight.data_ptr()
    initialise(one, 2)
    initialise(two, 2)
    assert (one.weight.data_ptr(), two.weight.data_ptr()) == addresses
    assert torch.equal(one.weight, two.weight)
    assert one.weight.is_leaf
    assert one.weight.requires_grad


def test_weights_come_from_the_seed_alone():
    one, two = network(), network()
    initialise(one, 5)
    initialise(two, 5)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))
    initialise(two, 6)
    assert not torch.equal(one[0].weight, two[0].weight)


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(500, 32, padding_idx=3)
        self.attention = nn.MultiheadAttention(32, 4)
        self.separate = nn.MultiheadAttention(32, 4, kdim=8, vdim=8, add_bias_kv=True)
        self.norms = nn.ModuleList([nn.LayerNorm(32), nn.GroupNorm(2, 32), nn.RMSNorm(32)])
        self.convolution = nn.ConvTranspose1d(32, 16, 3)
        self.head = nn.Linear(32, 500)
        self.head.weight = self.table.weight
        self.scale = nn.Parameter(torch.full((3,), 7.0))


def test_tables_attention_and_normalisations():
    one = Tokens()
    with torch.no_grad():
        for parameter in one.parameters():
            parameter.fill_(9)
        one.scale.fill_(7)
    initialise(one, 0)
    assert one.table.weight.std().item() == pytest.approx(1, abs=0.02)
    assert one.table.weight[3].eq(0).all()
    for weight in (one.attention.in_proj_weight, one.attention.out_proj.weight, one.separate.k_proj_weight):
        assert weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert one.attention.in_proj_bias.eq(0).all()
    assert one.separate.bias_k.eq(0).all()
    assert all(norm.weight.eq(1).all() for norm in one.norms)
    # Kaiming, fan out of a transposed convolution as PyTorch counts it: 32 * 3
    assert one.convolution.weight.std().item() == pytest.approx((2 / 48) ** 0.5, rel=0.5)
    assert one.scale.eq(7).all()


class Doubled(nn.Module):
    """A parametrization that says nothing of its inverse."""

    def forward(self, weight):
        return 2 * weight


def doubled(module):
    parametrize.register_parametrization(module, "weight", Doubled())
    return module


@pytest.mark.parametrize(
    "make",
    [
        lambda: parametrizations.weight_norm(nn.Conv2d(3, 4, 3)),
        lambda: parametrizations.orthogonal(nn.Linear(6, 4)),
        lambda: doubled(nn.Linear(6, 4)),
        lambda: doubled(nn.Embedding(6, 4)),
        lambda: nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
    ],
)
def test_weights_that_are_computed_and_instance_norms_are_fresh_too(make):
    torch.manual_seed(0)
    one, two = make(), make()
    with torch.no_grad():
        for tensor in (*two.parameters(), *two.buffers()):
            tensor.add_(1)
    state = torch.get_rng_state()
    for network in (one, two):
        initialise(network, 0)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(*pair) for pair in zip(one.state_dict().values(), two.state_dict().values(), strict=True))


def test_the_norm_of_a_weight_is_that_of_the_drawn_one():
    plain, normed = nn.Conv2d(3, 4, 3), parametrizations.weight_norm(nn.Conv2d(3, 4, 3))
    initialise(plain, 0)
    initialise(normed, 0)
    assert torch.allclose(plain.weight, normed.weight)
