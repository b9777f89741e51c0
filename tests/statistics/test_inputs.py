import numpy as np
import pytest
import torch

from eznas.errors import EznasError
from eznas.statistics.inputs import PERTURBATION, EmbeddingNoise, call, make_inputs


def test_the_three_inputs():
    images = torch.full((4, 3, 40, 40), 7.0)
    inputs = make_inputs(images, seed=3)
    assert torch.equal(inputs.data, images)
    assert abs(inputs.noise.mean().item()) < 0.03
    assert inputs.noise.std().item() == pytest.approx(1, abs=0.03)
    difference = (inputs.perturbed - images) / PERTURBATION
    assert difference.std().item() == pytest.approx(1, abs=0.03)
    assert abs(torch.corrcoef(torch.stack([difference.ravel(), inputs.noise.ravel()]))[0, 1].item()) < 0.05


def test_inputs_come_from_the_seed_alone():
    state = torch.get_rng_state()
    images = torch.zeros(1, 3, 8, 8)
    assert torch.equal(make_inputs(images, 5).noise, make_inputs(images, 5).noise)
    assert not torch.equal(make_inputs(images, 5).noise, make_inputs(images, 6).noise)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    "batch", [torch.zeros(1, 3, 8, 8, dtype=torch.uint8), torch.zeros(0, 3, 8, 8), {"x": torch.zeros(2, 0)}]
)
def test_tensors_of_another_form_are_refused(batch):
    with pytest.raises(EznasError, match=r"The inputs have a torch.*give torch.float32"):
        make_inputs(batch, 0)


@pytest.mark.parametrize("batch", [None, (), {"x": 3}, "images"])
def test_a_batch_without_a_tensor_is_refused(batch):
    with pytest.raises(EznasError, match=r"The inputs are .*: give a tensor, or a tuple or dictionary of tensors,"):
        make_inputs(batch, 0)


def test_floating_point_numbers_of_any_size_become_float32():
    assert make_inputs(torch.ones(2, 3, dtype=torch.float64), 0).data.dtype == torch.float32


def test_a_dictionary_with_tokens_a_mask_and_numbers():
    batch = {"tokens": torch.arange(4), "mask": torch.ones(4, dtype=torch.bool), "images": np.zeros((2, 3), np.float32)}
    data, noise, perturbed = make_inputs({**batch, "depth": 3}, 1)
    for one in (data, noise, perturbed):
        assert one["depth"] == 3
        assert torch.equal(one["tokens"], batch["tokens"])
        assert torch.equal(one["mask"], batch["mask"])
    assert not torch.equal(noise["images"], data["images"])
    assert (perturbed["images"] - data["images"]).abs().max() < 10 * PERTURBATION


def test_a_function_gives_the_batch_from_the_seed():
    def batch(rng):
        return (torch.from_numpy(rng.standard_normal((2, 3))), [torch.from_numpy(rng.integers(9, size=2))])

    one, two, other = make_inputs(batch, 1), make_inputs(batch, 1), make_inputs(batch, 2)
    assert isinstance(one.data, tuple)
    assert torch.equal(one.data[0], two.data[0])
    assert torch.equal(one.data[1][0], one.noise[1][0])
    assert not torch.equal(one.data[0], other.data[0])


def test_a_function_that_raises_is_reported_with_its_place():
    def batch(rng):
        raise KeyError("images")

    with pytest.raises(EznasError, match=r"The function of the inputs raised KeyError in .*test_inputs\.py, line"):
        make_inputs(batch, 0)


def test_a_network_gets_positional_or_named_arguments():
    def network(one, two=0):
        return one - two

    assert call(network, 5) == 5
    assert call(network, (5, 2)) == 3
    assert call(network, {"two": 5, "one": 2}) == -3


def test_the_noise_of_embeddings_has_their_deviation():
    tokens = torch.arange(2000).reshape(2, 1000)
    table = torch.randn(2000, 8, generator=torch.Generator().manual_seed(0)) * 0.02
    embedded = table[tokens]
    assert not EmbeddingNoise("data", 0, tokens).acts
    assert not EmbeddingNoise("noise", 0, torch.zeros(3)).acts
    noise = EmbeddingNoise("noise", 0, {"tokens": tokens})(tokens.view(-1), embedded)
    assert noise.std().item() == pytest.approx(0.02, rel=0.02)
    assert abs(torch.corrcoef(torch.stack([noise.ravel(), embedded.ravel()]))[0, 1].item()) < 0.02
    added = EmbeddingNoise("perturbed", 0, tokens)(tokens, embedded) - embedded
    assert added.std().item() == pytest.approx(0.02 * PERTURBATION, rel=0.02)
    positions = torch.arange(1000)
    assert EmbeddingNoise("noise", 0, tokens)(positions, embedded) is embedded


def test_inputs_have_gradients_wherever_they_were_made():
    images = torch.ones(2, 3)
    with torch.inference_mode():
        for batch in (images, images.clone(), lambda _rng: images.clone()):
            inputs = make_inputs(batch, 0)
            assert not any(tensor.is_inference() for tensor in inputs)
            assert torch.equal(inputs.data, images)
    assert not make_inputs(torch.ones(1), 0).data.requires_grad
