"""A-L-N units: their tensors against explicit computations, and what networks do that units must survive."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import nn
from torch.utils.checkpoint import checkpoint

from eznas.errors import EznasError
from eznas.statistics.collect import CollectionSettings, collect, find_units, make_inputs
from eznas.statistics.passes import NoUnitError
from eznas.statistics.weights import initialise
from eznas.terminals import BY_NAME, PASSES, TERMINALS

SEED = 3
A_L_N = CollectionSettings(unit="A-L-N")


def batch(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def tensors(network, data, **more):
    """The tensors of every unit by name, and the statistics."""
    statistics = collect(network, make_inputs(data, SEED), A_L_N, SEED, **more)
    return [
        {t.name: torch.from_numpy(statistics.tensor(unit, t.address).copy()) for t in TERMINALS}
        for unit in range(statistics.units)
    ]


def functions(network, data):
    """The layers of every unit, such as `gelu-linear-layer_norm`."""
    units, _ = find_units(network, make_inputs(data, SEED), "A-L-N", SEED)
    return ["-".join(layer.function for layer in unit.layers) for unit in units]


class Gated(nn.Module):
    """A gated block with a normalisation after its sum, as transformers have it."""

    def __init__(self):
        super().__init__()
        self.start = nn.Linear(3, 4)
        self.norms = nn.ModuleList(nn.LayerNorm(4) for _ in range(2))
        self.gate, self.up, self.down = nn.Linear(4, 6), nn.Linear(4, 6), nn.Linear(6, 4)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        x = self.start(x)
        y = self.norms[0](x)
        x = x + self.down(F.silu(self.gate(y)) * self.up(y))
        return self.head(self.norms[1](x)).square()


def test_what_is_before_and_after_follows_the_data():
    assert functions(Gated(), batch(2, 5, 3)) == [
        "linear-layer_norm",
        "linear",
        "linear",
        "silu-linear-layer_norm",
        "linear",
    ]


def test_values_and_gradients_of_a_gated_block():
    network = Gated()
    found = tensors(network, batch(2, 5, 3))
    initialise(network, SEED)
    for number, pass_name in enumerate(PASSES):
        given = make_inputs(batch(2, 5, 3), SEED)[number]
        start_in = given.clone().requires_grad_()
        x = network.start(start_in)
        y = network.norms[0](x)
        y_gate, y_up = y.clone(), y.clone()
        gate, up = network.gate(y_gate), network.up(y_up)
        product = F.silu(gate) * up
        product_in = product.clone()
        normed = network.norms[1](x + network.down(product_in))
        head_in = normed.clone()
        logits = network.head(head_in)
        places = {
            (0, "pre_grad"): start_in,
            (0, "act_grad"): y,
            (1, "inp_grad"): y_gate,
            (1, "act_grad"): gate,
            (2, "pre_grad"): y_up,
            (3, "inp_grad"): gate,
            (3, "pre_grad"): product_in,
            (3, "act_grad"): normed,
            (3, "wt_grad"): network.down.weight,
            (4, "inp_grad"): head_in,
            (4, "wt_grad"): network.head.weight,
        }
        gradients = torch.autograd.grad(logits.square().sum(), [*places.values()])
        values = {(0, "inp"): given, (0, "act"): y, (1, "act"): gate, (2, "inp"): y, (3, "inp"): gate}
        values |= {(3, "pre"): product, (3, "act"): normed, (4, "pre"): normed}
        expected = values | dict(zip(places, gradients, strict=True))
        for (unit, group), tensor in expected.items():
            torch.testing.assert_close(
                found[unit][f"{group}.{pass_name}"], tensor.detach(), rtol=1e-4, atol=1e-7, msg=f"{unit} {group}"
            )
    assert torch.equal(found[3]["wt"], network.down.weight)


def vision(activation):
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.GroupNorm(2, 4),
        activation(),
        nn.Conv2d(4, 4, 3, padding=1, groups=4),
        activation(),
        nn.MaxPool2d(2),
        nn.ConvTranspose2d(4, 6, 2),
        nn.Flatten(),
        nn.Linear(150, 5),
    )


def test_any_layer_has_a_unit():
    assert functions(vision(nn.SiLU), batch(1, 3, 8, 8)) == [
        "conv2d-group_norm",
        "silu-conv2d",
        "silu-conv_transpose2d",
        "silu-linear",  # of linear maps in a row, each has the activation before them
    ]
    found = tensors(vision(nn.SiLU), batch(1, 3, 8, 8))
    assert found[2]["wt"].shape == found[2]["wt_grad.noise"].shape == (6, 4, 2, 2)
    assert found[2]["inp.data"].shape == (1, 4, 8, 8)
    assert found[2]["pre.data"].shape == (1, 4, 4, 4)
    assert torch.equal(found[0]["inp.data"], found[0]["pre.data"])
    assert torch.equal(found[3]["inp_grad.data"], found[2]["inp_grad.data"])
    assert all(unit[t.name].any() for unit in found for t in TERMINALS)


def test_of_a_gate_and_what_it_gates_the_larger_is_the_activation():
    class Excitation(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.gate, self.two = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 2, 1)

        def forward(self, x):
            x = F.silu(self.one(x))
            return self.two(torch.sigmoid(self.gate(F.adaptive_avg_pool2d(x, 1))) * x).square()

    assert functions(Excitation(), batch(1, 3, 4, 4)) == ["conv2d", "silu-conv2d", "silu-conv2d"]
    found = tensors(Excitation(), batch(1, 3, 4, 4))
    assert found[2]["inp.data"].shape == found[2]["inp_grad.data"].shape == (1, 4, 4, 4)


@pytest.mark.parametrize("module", [nn.ReLU, nn.SiLU, nn.ReLU6, nn.Hardswish, nn.ELU, nn.LeakyReLU, nn.Mish])
def test_activations_in_place_change_no_number(module):
    data = make_inputs(batch(2, 3, 8, 8), SEED)
    in_place = collect(vision(lambda: module(inplace=True)), data, A_L_N, SEED)
    plain = collect(vision(module), data, A_L_N, SEED)
    # PyTorch's own backward pass of some rounds otherwise when they run in place.
    np.testing.assert_allclose(in_place.values, plain.values, rtol=1e-4, atol=1e-7)


def test_an_activation_in_place_changes_what_else_reads_its_input():
    class Network(nn.Module):
        def __init__(self, in_place):
            super().__init__()
            self.one, self.two, self.in_place = nn.Linear(3, 3), nn.Linear(3, 3), in_place

        def forward(self, x):
            x = self.one(x)
            y = F.silu(x, inplace=True) if self.in_place else F.silu(x)
            return self.two(y).square() + (x if self.in_place else y)

    data = make_inputs(batch(4, 3), SEED)
    one, two = (collect(Network(in_place), data, A_L_N, SEED) for in_place in (True, False))
    assert np.array_equal(one.values, two.values)


def test_volumes_have_their_first_spatial_axes_in_one():
    network = nn.Sequential(nn.Conv3d(2, 4, (3, 2, 1)), nn.ReLU(), nn.Conv3d(4, 3, 1), nn.Flatten(), nn.Linear(144, 2))
    found = tensors(network, batch(1, 2, 6, 5, 3))
    assert found[0]["wt"].shape == (4, 2, 6, 1)
    assert found[0]["act.data"].shape == found[0]["act_grad.data"].shape == (1, 4, 16, 3)
    assert found[1]["inp.noise"].shape == (1, 4, 16, 3)


def test_attention_has_its_projections():
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.attention, self.head = nn.LayerNorm(8), nn.MultiheadAttention(8, 2), nn.Linear(8, 3)

        def forward(self, x):
            y = self.norm(x)
            return self.head(x + self.attention(y, y, y, need_weights=False)[0]).square()

    found = tensors(Network(), batch(5, 2, 8))
    assert [tuple(unit["wt"].shape) for unit in found] == [(24, 8), (8, 8), (3, 8)]
    assert [tuple(unit["act.data"].shape) for unit in found] == [(5, 2, 24), (10, 8), (5, 2, 3)]
    assert all(unit[f"wt_grad.{name}"].any() for unit in found for name in PASSES)
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu")
    assert functions(layer, batch(2, 5, 8)) == [
        "linear",
        "linear-layer_norm",
        "linear",
        "gelu-linear-layer_norm",
    ]


class Language(nn.Module):
    """Tokens and positions, one block, and a head that shares the table."""

    def __init__(self):
        super().__init__()
        self.table, self.positions = nn.Embedding(30, 8), nn.Embedding(6, 8)
        self.norm, self.up, self.down = nn.LayerNorm(8), nn.Linear(8, 16), nn.Linear(16, 8)
        self.head = nn.Linear(8, 30, bias=False)
        self.head.weight = self.table.weight

    def forward(self, tokens, mask=None):
        x = self.table(tokens.view(-1, tokens.shape[-1])) + self.positions(torch.arange(tokens.shape[-1]))
        if mask is not None:
            x = x * mask[..., None]
        return {"logits": self.head(x + self.down(F.gelu(self.up(self.norm(x))))), "hidden": x}


TOKENS = torch.arange(12).reshape(2, 6) % 7


def test_the_noise_of_tokens_acts_on_their_embeddings():
    network = Language()
    found = tensors(network, TOKENS)
    initialise(network, SEED)
    positions = network.positions.weight
    data, noise, perturbed = (found[0][f"inp.{name}"] for name in PASSES)
    torch.testing.assert_close(data, network.norm(network.table(TOKENS) + positions).detach())
    assert (perturbed - data).abs().max() < 0.1
    assert (perturbed - data).abs().min() > 0
    assert abs(torch.corrcoef(torch.stack([noise.ravel(), data.ravel()]))[0, 1].item()) < 0.9
    assert torch.equal(found[2]["wt"], network.table.weight)
    assert all(found[2][f"wt_grad.{name}"].any() for name in PASSES)
    assert not torch.equal(found[2]["wt_grad.data"], found[2]["wt_grad.noise"])


def test_named_arguments_are_given_by_name():
    with_mask = tensors(Language(), {"mask": torch.ones(2, 6), "tokens": TOKENS})
    without = tensors(Language(), TOKENS)
    assert torch.equal(with_mask[0]["inp.data"], without[0]["inp.data"])


def test_a_loss_with_targets_is_where_the_backward_pass_starts():
    network, targets = Language(), torch.zeros(12, dtype=torch.int64)
    found = tensors(network, TOKENS, loss=lambda out: F.cross_entropy(out["logits"].flatten(0, 1), targets))
    initialise(network, SEED)
    loss = F.cross_entropy(network(TOKENS)["logits"].flatten(0, 1), targets)
    (expected,) = torch.autograd.grad(loss, [network.down.weight])
    torch.testing.assert_close(found[1]["wt_grad.data"], expected)


def test_a_weight_in_columns_has_its_outputs_in_rows():
    class Columns(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.bias = nn.Parameter(batch(4, 6)), nn.Parameter(torch.zeros(6))

        def forward(self, x):
            return torch.addmm(self.bias, x, self.weight).square()

    (unit,) = tensors(Columns(), batch(3, 4))
    assert unit["wt"].shape == (6, 4)
    assert torch.equal(unit["wt"], batch(4, 6).T)
    act_grad, pre = unit["act_grad.data"], unit["pre.data"]
    torch.testing.assert_close(unit["wt_grad.data"], act_grad.T @ pre)


def test_a_module_called_twice_has_two_units():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            return self.layer(F.gelu(self.layer(x))).square()

    found = tensors(Twice(), batch(3, 4))
    assert len(found) == 2
    assert not torch.equal(found[0]["wt_grad.data"], found[1]["wt_grad.data"])


def test_checkpointing_changes_nothing():
    class Checkpointed(nn.Module):
        def __init__(self, reentrant):
            super().__init__()
            self.reentrant, self.layers = reentrant, vision(nn.GELU)

        def forward(self, x):
            if self.reentrant is None:
                return self.layers(x)
            x = checkpoint(self.layers[:6], x, use_reentrant=self.reentrant)
            return self.layers[6:](x)

    data = make_inputs(batch(2, 3, 8, 8), SEED)
    plain, other = (collect(Checkpointed(how), data, A_L_N, SEED) for how in (None, False))
    assert np.array_equal(plain.values, other.values)
    with pytest.raises(EznasError, match="checkpoints with use_reentrant=False"):
        collect(Checkpointed(True), data, A_L_N, SEED)


def test_a_frozen_weight_has_its_gradient_all_the_same():
    network = vision(nn.GELU)
    expected = tensors(network, batch(1, 3, 8, 8))
    network.requires_grad_(False)
    found = tensors(network, batch(1, 3, 8, 8))
    assert all(torch.equal(a[t.name], b[t.name]) for a, b in zip(expected, found, strict=True) for t in TERMINALS)
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_any_terminal_alone_has_the_same_bits():
    data = make_inputs(TOKENS, SEED)
    full = collect(Language(), data, A_L_N, SEED)
    for terminal in TERMINALS:
        settings = CollectionSettings(unit="A-L-N", terminals=frozenset({terminal.address}))
        one = collect(Language(), data, settings, SEED)
        for unit in range(full.units):
            assert np.array_equal(one.tensor(unit, terminal.address), full.tensor(unit, terminal.address))


def test_what_only_an_auxiliary_head_needs_belongs_to_no_unit():
    class Heads(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk, self.head, self.auxiliary = nn.Linear(3, 4), nn.Linear(4, 2), nn.Linear(4, 2)

        def forward(self, x):
            x = F.gelu(self.trunk(x))
            return self.head(x), self.auxiliary(x)

    found = collect(Heads(), make_inputs(batch(2, 3), SEED), A_L_N)
    assert found.units == 2
    assert found.coverage == pytest.approx(26 / 36)


@pytest.mark.parametrize("layer", [nn.LSTM(4, 5), nn.GRU(4, 5), nn.RNN(4, 5)])
def test_a_recurrent_layer_is_refused(layer):
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.head = layer, nn.Linear(5, 2)

        def forward(self, x):
            return self.head(self.layer(x)[0])

    with pytest.raises(EznasError, match=r"Network 'n7' runs (lstm|gru|rnn_tanh), whose linear maps nobody can see"):
        collect(Recurrent(), make_inputs(batch(3, 2, 4), 0), A_L_N, name="n7")


def test_too_small_a_batch_gets_the_remedy():
    network = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.GELU(), nn.Linear(3, 2))
    with pytest.raises(EznasError, match=r"Expected more than 1 value .* Give a batch of 2 or more \(--batch-size 2\)"):
        collect(network, make_inputs(batch(1, 4), 0), A_L_N)
    assert collect(network, make_inputs(batch(2, 4), 0), A_L_N).units == 2
    network = nn.Sequential(nn.Conv1d(4, 3, 2), nn.InstanceNorm1d(3), nn.GELU(), nn.Conv1d(3, 2, 1))
    with pytest.raises(EznasError, match="Give larger inputs"):
        collect(network, make_inputs(batch(2, 4, 2), 0), A_L_N)


class TestAnyUnit:
    def test_the_kind_that_is_asked_for_comes_first(self):
        network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4), nn.ReLU())
        data = make_inputs(batch(2, 3, 4, 4), SEED)
        found = collect(network, data, seed=SEED, any_unit=True)
        assert (found.unit, found.units) == ("R-C-B", 1)
        assert found.coverage == pytest.approx(28 / 44)

    def test_a_network_without_gets_the_general_rule(self):
        data = make_inputs(batch(1, 3, 8, 8), SEED)
        found = collect(vision(nn.GELU), data, seed=SEED, any_unit=True)
        assert (found.unit, found.units, found.coverage) == ("A-L-N", 4, 1.0)
        assert np.array_equal(found.values, collect(vision(nn.GELU), data, A_L_N, SEED).values)
        with pytest.raises(NoUnitError, match=r"no R-C-B unit .* \(A-L-N has one for every linear map"):
            collect(vision(nn.GELU), data)

    def test_a_network_without_any_linear_map(self):
        with pytest.raises(NoUnitError, match="no R-C-B unit"):
            collect(nn.Sequential(nn.GELU(), nn.Flatten()), make_inputs(batch(1, 3), 0), any_unit=True)
        with pytest.raises(NoUnitError, match="it ran 1 gelu calls"):
            collect(nn.Sequential(nn.GELU(), nn.Flatten()), make_inputs(batch(1, 3), 0), A_L_N)


def test_own_weights_are_kept_on_request():
    network = nn.Sequential(nn.Linear(4, 3), nn.GELU(), nn.Linear(3, 2))
    found = collect(network, make_inputs(batch(2, 4), 0), A_L_N, fresh=False)
    assert np.array_equal(found.tensor(1, BY_NAME["wt"].address), network[2].weight.detach().numpy())
