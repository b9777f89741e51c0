import copy
import warnings

import numpy as np
import pytest
import torch
from api_models import BATCH, Careless, assert_same_state, linear, needs_rounding_up, network, random_states, state_of
from torch import nn

import eznas
from eznas.scoring.drawn_images import draw_images


def test_the_score_is_the_same_number_every_time_and_follows_from_the_seed():
    model = network()
    first, again, other = (eznas.score(model, "l1_norm(wt)", inputs=BATCH, seed=seed) for seed in (0, 0, 1))
    assert first == again != other
    assert first == eznas.score(network, "l1_norm(wt)", inputs=BATCH)


def test_it_is_the_score_of_the_benchmark_that_has_the_model_alone():
    benchmark = eznas.Benchmark.from_modules([network()], [1.0], BATCH)
    proxy = eznas.load_proxy("nasbench201-best")
    (ranking,) = eznas.evaluate([proxy], benchmark, networks=1, batch_size=1).rankings
    assert eznas.score(network(), proxy, inputs=draw_images(benchmark, 1, 0)) == ranking.scores[0]


@pytest.mark.parametrize("proxy", ["eznas-a", "flops", "params"])
@pytest.mark.parametrize("weights", ["fresh", "own"])
def test_model_and_random_states_stay_exactly_as_they_are(proxy, weights):
    model = Careless().eval()
    model.body[0].requires_grad_(True).train()
    model(BATCH).sum().backward()
    model.register_forward_hook(lambda *_: None)
    states, before = random_states(), state_of(model)
    eznas.score(model, proxy, inputs=BATCH, weights=weights)
    assert random_states() == states
    assert_same_state(before, state_of(model))


def test_a_failure_leaves_model_and_random_states_too():
    model = Careless()
    states, before = random_states(), state_of(model)
    with pytest.raises(eznas.EznasError, match="eznas-a gives Careless no score"):
        eznas.score(model, "eznas-a", inputs=(1, 5, 12, 12))
    assert random_states() == states
    assert_same_state(before, state_of(model))


def test_draws_of_the_model_follow_from_the_seed_and_not_from_the_process():
    scores = set()
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        scores.add(eznas.score(Careless, "l1_norm(act.data)", inputs=BATCH))
    assert len(scores) == 1


def test_weights_are_fresh_unless_the_own_are_asked_for():
    model, other = network(), network()
    for one in (model, other):
        nn.init.constant_(one[3].weight, 1.0)
    nn.init.constant_(other[3].weight, 2.0)
    proxy = eznas.Proxy("sum", eznas.parse_program("l1_norm(wt)"), aggregation="sum")
    assert eznas.score(model, proxy, inputs=BATCH) == eznas.score(other, proxy, inputs=BATCH)
    own = [eznas.score(one, proxy, inputs=BATCH, weights="own") for one in (model, other)]
    expected = [sum(float(one[at].weight.detach().abs().mean()) for at in (3, 6)) for one in (model, other)]
    np.testing.assert_allclose(own, expected, rtol=1e-6)


def test_a_lower_score_is_turned_where_lower_is_better():
    program = eznas.parse_program("l1_norm(wt)")
    up, down = (eznas.Proxy("p", program, orientation=sign) for sign in (1, -1))
    assert eznas.score(network(), up, inputs=BATCH) == -eznas.score(network(), down, inputs=BATCH) > 0


def test_inputs_are_a_batch_an_array_a_shape_or_a_function():
    given = [BATCH, BATCH.numpy(), BATCH.double(), lambda _rng: BATCH, (BATCH,), {"input": BATCH}]
    assert len({eznas.score(network(), inputs=inputs) for inputs in given}) == 1
    shape = tuple(BATCH.shape)
    drawn = [
        eznas.score(network(), "l1_norm(inp.data)", inputs=inputs)
        for inputs in (shape, list(shape), lambda rng: rng.standard_normal(shape))
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    again = eznas.score(network(), "l1_norm(inp.data)", inputs=lambda rng: rng.standard_normal(shape))
    assert drawn[2] == again


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": 3}, "The model 'int' is 3: give a torch.nn.Module, or a function"),
        ({"model": lambda: 3}, "function of the model 'model' returned a int"),
        ({"model": lambda: {}[1]}, r"'model' could not be made \(KeyError in .*test_score.py, line"),
        ({"model": nn.Flatten()}, "nasbench201-small gives Flatten no score. .* has no A-L-N unit"),
        ({"model": linear(), "unit": "R-C-B"}, "no score. .* has no R-C-B unit"),
        ({"unit": "C-B"}, "unit is 'C-B': choose R-C-B or C-B-R or A-L-N or auto"),
        ({"proxy": "nosuch"}, "There is no proxy called 'nosuch'"),
        ({"inputs": (1, 0, 3)}, "shape of positive whole numbers"),
        ({"inputs": "images"}, "The inputs are 'images': give a tensor"),
        ({"inputs": lambda rng: {}[1]}, r"function of the inputs raised KeyError in .*test_score.py"),
        ({"proxy": 3}, "The proxy is 3: give a name, a file, a formula or a loaded proxy"),
        ({"seed": -1}, "seed is -1: give a whole number, 0 or more"),
        ({"seed": None}, "seed is None: give a whole number"),
        ({"inputs": (10**6, 3, 10**6, 10**6)}, "give a smaller batch"),
        ({"targets": ["a", "b"]}, "The targets are .'a', 'b'.: give the class of each input"),
        ({"targets": [0.5, 1]}, "give the class of each input"),
        ({"weights": "trained"}, "weights is 'trained': choose 'fresh' or 'own'"),
        ({"device": "cuda:99"}, "device 'cuda:99' is not there"),
    ],
)
def test_mistakes_are_one_sentence(arguments, message):
    with pytest.raises(eznas.EznasError, match=message):
        eznas.score(**{"model": network(), "inputs": BATCH} | arguments)


def test_a_network_without_the_units_of_the_proxy_has_a_score_from_other_units():
    assert eznas.score(linear(), inputs=BATCH) == eznas.score(linear(), inputs=BATCH, unit="A-L-N") > 0


def test_a_score_from_less_than_half_of_a_model_says_so():
    model = nn.Sequential(*network()[:-1], nn.Linear(4, 5000))
    with pytest.warns(UserWarning, match="less than half of it: its R-C-B units hold"):
        eznas.score(model, inputs=BATCH)


def test_tokens_targets_and_a_loss_of_ones_own():
    model = nn.Sequential(nn.Embedding(11, 8), nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 11))
    tokens = torch.arange(10).reshape(2, 5)
    assert eznas.score(model, inputs=tokens) > 0
    loss = [
        eznas.score(model, inputs=tokens, loss=function) for function in (None, lambda logits: logits.square().sum())
    ]
    assert loss[0] != loss[1]
    labels = [
        eznas.score(network(), "grad_norm", inputs=BATCH, targets=targets) for targets in ([0, 1], [4, 4], [0.0, 1.0])
    ]
    assert labels[0] == labels[2] != labels[1]


@needs_rounding_up
def test_a_score_that_is_partly_rounding_says_so_and_stays_what_it_is():
    singular = "determinant(" + "sigmoid(" * 10 + "wt" + ")" * 11
    with pytest.warns(UserWarning, match="is partly rounding: it would be"):
        told = eznas.score(network(6, 3), singular, inputs=BATCH)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        patch.setattr("eznas.api.model_scores.can_round_up", lambda: False)
        assert eznas.score(network(6, 3), singular, inputs=BATCH) == told
        patch.undo()
        eznas.score(network(6, 3), "participation_ratio(wt_grad.noise)", inputs=BATCH)


@needs_rounding_up
@pytest.mark.parametrize("weights", ["fresh", "own"])
@pytest.mark.parametrize(
    ("proxy", "partly_rounding"),
    [("l1_norm(wt_grad.noise)", True), ("l1_norm(abs(sign(wt_grad.noise)))", False)],
    ids=["its size is rounding", "what has no size is steady"],
)
def test_gradients_that_are_nothing_but_rounding_are_told(proxy, partly_rounding, weights):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        eznas.score(network(8, 3, activation_last=False), proxy, inputs=BATCH, weights=weights)
    of_score = [f"The score of Sequential by {proxy} is partly rounding"] if partly_rounding else []
    of_gradients = f"In 100% of the units of Sequential a gradient that {proxy} reads is zero but for rounding"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        eznas.score(network(8, 3, activation_last=False), "numel(wt_grad.noise)", inputs=BATCH, weights=weights)
    for warning, begin in zip(told, [*of_score, of_gradients], strict=True):
        assert str(warning.message).startswith(begin)


PROXIES = ["l1_norm(wt_grad.data)", "eznas-a", "synflow", "naswot", "grad_norm", "l2_norm", "az_progressivity"]
"""Of weights, statistics, gradients and features."""


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize(
    "changed",
    [nn.Module.double, nn.Module.half, nn.Module.bfloat16, nn.DataParallel],
    ids=["float64", "float16", "bfloat16", "DataParallel"],
)
def test_a_model_of_another_precision_or_in_a_wrapper_scores_as_the_plain_one(proxy, changed):
    plain = eznas.score(network(), proxy, inputs=BATCH)
    model = changed(network())
    before = state_of(model)
    assert eznas.score(model, proxy, inputs=BATCH) == plain
    assert eznas.score(model, proxy, inputs=BATCH.double()) == plain
    assert eznas.score(lambda: changed(network()), proxy, inputs=BATCH) == plain
    assert_same_state(before, state_of(model))
    as_it_is = copy.deepcopy(model).float()
    own = [eznas.score(one, proxy, inputs=BATCH, weights="own") for one in (model, as_it_is)]
    assert own[0] == own[1]


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
@pytest.mark.parametrize("weights", ["fresh", "own"])
def test_the_modes_of_the_caller_change_nothing(proxy, mode, weights):
    torch.manual_seed(0)
    model, targets = network(), torch.tensor([0, 1])

    def score(model, inputs=BATCH, targets=targets):
        return eznas.score(model, proxy, inputs=inputs, targets=targets, weights=weights)

    outside = score(model)
    with mode():
        made = copy.deepcopy(model)
        assert score(model) == outside
        assert score(made, BATCH.clone(), targets.clone()) == outside
        assert score(made, lambda _rng: BATCH.clone()) == outside
        assert score(lambda: copy.deepcopy(model)) == outside
    assert score(made) == score(lambda: copy.deepcopy(model)) == outside
    assert score(lambda: made) == outside
