import numpy as np
import pytest
import torch
from torch import nn

from eznas.errors import EznasError
from eznas.statistics.inputs import PERTURBATION, initialise, make_inputs


def network():
    return nn.Sequential(
        nn.Conv2d(3, 64, 3, groups=1),
        nn.BatchNorm2d(64),
        nn.Conv2d(64, 128, 5, groups=2, bias=False),
        nn.BatchNorm2d(128, affine=False),
        nn.Flatten(),
        nn.Linear(4096, 50),
    )


def test_the_three_inputs():
    images = torch.full((4, 3, 40, 40), 7.0)
    inputs = make_inputs(images, seed=3)
    assert torch.equal(inputs.data, images)
    assert abs(inputs.noise.mean().item()) < 0.03
    assert inputs.noise.std().item() == pytest.approx(1, abs=0.03)
    difference = (inputs.perturbed - images) / PERTURBATION
    assert difference.std().item() == pytest.approx(1, abs=0.03)
    assert abs(torch.corrcoef(torch.stack([difference.ravel(), inputs.noise.ravel()]))[0, 1].item()) < 0.05


def test_inputs_and_weights_come_from_the_seed_alone():
    state = torch.get_rng_state()
    images = torch.zeros(1, 3, 8, 8)
    one, two = network(), network()
    initialise(one, 5)
    initialise(two, 5)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))
    assert torch.equal(make_inputs(images, 5).noise, make_inputs(images, 5).noise)
    initialise(two, 6)
    assert not torch.equal(one[0].weight, two[0].weight)
    assert not torch.equal(make_inputs(images, 5).noise, make_inputs(images, 6).noise)
    torch.set_rng_state(state)


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


@pytest.mark.parametrize(
    "images", [torch.zeros(3, 8, 8), torch.zeros(1, 3, 8, 8, dtype=torch.uint8), torch.zeros(0, 3, 8, 8)]
)
def test_images_of_another_form_are_refused(images):
    with pytest.raises(EznasError, match=r"The images are a torch.*give torch.float32 of shape"):
        make_inputs(images, 0)
