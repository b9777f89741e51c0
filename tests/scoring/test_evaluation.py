import dataclasses
import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from eznas import proxies
from eznas.benchmarks.base import Benchmark
from eznas.benchmarks.images import Normalisation
from eznas.errors import EznasError
from eznas.ops.notation import parse_program
from eznas.ops.reference import run_program
from eznas.proxies import hand_made
from eznas.proxies.hand_made import HandMadeProxy
from eznas.proxies.proxy import Proxy
from eznas.scoring.evaluation import evaluate_proxy
from eznas.scoring.ranking import kendall_tau, spearman, top_decile_tau
from eznas.seeds import network_seed
from eznas.spaces import complexity
from eznas.spaces.nasbench201 import NASBench201, all_architectures
from eznas.statistics.collect import collect, initialise, make_inputs

NETWORKS = 24
# Without missing edges, which can cut a network in two and make all its gradients, and so its score, zero.
CONNECTED = [architecture for architecture in all_architectures() if "none" not in architecture]
ARCHITECTURES = tuple(np.random.default_rng(0).permutation(CONNECTED)[:NETWORKS].tolist())
IMAGES = np.random.default_rng(1).integers(256, size=(8, 8, 8, 3), dtype=np.uint8)
PROXY = Proxy("norm", parse_program("frobenius_norm(inp_grad.data)"), orientation=-1)


SPACE = NASBench201(channels=2, cells=1)


def small_benchmark(space=SPACE):
    return Benchmark(
        name="small",
        space=space,
        dataset="noise",
        architectures=ARCHITECTURES,
        accuracies=np.random.default_rng(2).uniform(10, 90, NETWORKS),
        accuracy_split="test",
        epochs=4,
        num_classes=5,
        image_size=8,
        read_images=lambda: IMAGES,
        normalisation=Normalisation((128.0,) * 3, (64.0,) * 3, "made up"),
        description="A test.",
        source="made up",
    )


BENCHMARK = small_benchmark()


def reference_score(program, index, images, seed, aggregation="mean"):
    """Score one network with the PyTorch reference alone."""
    statistics = collect(BENCHMARK.build(index), make_inputs(images, seed), seed=network_seed(seed, index))
    numbers = []
    for unit in range(statistics.units):
        result = run_program(program, [torch.from_numpy(statistics.tensor(unit, address)) for address in range(22)])
        if result is not None:
            numbers.append(float(result.mean()))
    return float(getattr(np, aggregation)(numbers))


@pytest.mark.parametrize("aggregation", ["mean", "sum"])
def test_scores_are_those_of_the_reference_with_the_orientation(aggregation):
    proxy = dataclasses.replace(PROXY, aggregation=aggregation)
    evaluation = evaluate_proxy(proxy, BENCHMARK, networks=5, batch_size=2, seed=3, workers=2)
    images_seed = np.random.SeedSequence(3).spawn(2)[0]
    images = torch.from_numpy(BENCHMARK.image_batch(2, np.random.default_rng(images_seed)))
    expected = [-reference_score(PROXY.program, int(i), images, 3, aggregation) for i in evaluation.networks]
    np.testing.assert_allclose(evaluation.scores, expected, rtol=1e-5)
    np.testing.assert_array_equal(evaluation.accuracies, BENCHMARK.accuracies[evaluation.networks])


def test_figures_follow_from_scores_and_accuracies():
    evaluation = evaluate_proxy(PROXY, BENCHMARK, networks=NETWORKS, workers=2)
    for name, statistic in (("tau", kendall_tau), ("spearman", spearman), ("top_decile_tau", top_decile_tau)):
        estimate = getattr(evaluation, name)
        assert estimate.value == statistic(evaluation.scores, evaluation.accuracies)
        assert estimate.low <= estimate.high
    assert evaluation.tau.low < evaluation.tau.value < evaluation.tau.high


def test_results_do_not_depend_on_the_number_of_workers():
    one, three = (evaluate_proxy(PROXY, BENCHMARK, networks=10, workers=workers) for workers in (1, 3))
    np.testing.assert_array_equal(one.scores, three.scores)
    assert (one.tau, one.spearman, one.protocol) == (three.tau, three.spearman, three.protocol)


def test_a_networks_score_does_not_depend_on_the_sample_nor_the_networks_on_the_batch():
    few = evaluate_proxy(PROXY, BENCHMARK, networks=4, workers=2)
    many = evaluate_proxy(PROXY, BENCHMARK, networks=9, workers=2)
    larger_batch = evaluate_proxy(PROXY, BENCHMARK, networks=4, batch_size=3, workers=2)
    np.testing.assert_array_equal(many.networks[:4], few.networks)
    np.testing.assert_array_equal(many.scores[:4], few.scores)
    np.testing.assert_array_equal(larger_batch.networks, few.networks)
    assert (larger_batch.scores != few.scores).all()


def test_another_seed_gives_other_networks_and_scores():
    first, second = (evaluate_proxy(PROXY, BENCHMARK, networks=NETWORKS, seed=seed, workers=2) for seed in (0, 1))
    assert first.networks.tolist() != second.networks.tolist()
    assert not set(first.scores.tolist()) & set(second.scores.tolist())


@pytest.mark.parametrize("name", ["params", "flops"])
def test_hand_made_scores_are_the_sizes_of_the_networks(name):
    evaluation = evaluate_proxy(hand_made.load(name), BENCHMARK, networks=6, workers=2)
    built = [BENCHMARK.build(int(index)) for index in evaluation.networks]
    count = {"params": complexity.parameters, "flops": lambda network: complexity.flops(network, (1, 3, 8, 8))}[name]
    assert evaluation.scores.tolist() == [count(network) for network in built]
    assert evaluation.protocol["score"] == hand_made.load(name).meaning


def test_an_unknown_hand_made_score_is_refused():
    with pytest.raises(EznasError, match="'naswotty': choose one of flops, params"):
        hand_made.load("naswotty")
    assert hand_made.names() == ("flops", "params")


def test_hand_made_scores_see_fresh_weights_in_training_mode_and_the_batch():
    seen = {}

    class Spy(HandMadeProxy):
        name, meaning, source, orientation = "spy", "a spy", "here", -1

        def score(self, network, images):
            assert network.training
            assert images.shape == (2, 3, 8, 8)
            seen[len(seen)] = network.stem[0].weight.detach().clone()
            return float(len(seen))

    evaluation = evaluate_proxy(Spy(), BENCHMARK, networks=3, batch_size=2, seed=5, workers=1)
    assert evaluation.scores.tolist() == [-1.0, -2.0, -3.0]
    expected = BENCHMARK.build(int(evaluation.networks[1]))
    initialise(expected, network_seed(5, int(evaluation.networks[1])))
    torch.testing.assert_close(seen[1], expected.stem[0].weight, rtol=0, atol=0)
    assert not torch.equal(seen[0], seen[1])


class PartlyBrokenSpace(NASBench201):
    """Networks of three architectures fail: one is not built, one raises, one has no unit."""

    name = "partly broken"

    def build(self, architecture, num_classes, image_size):
        match ARCHITECTURES.index(architecture):
            case 0:
                raise ZeroDivisionError("no layers")
            case 1:
                return nn.Sequential(nn.Flatten(), nn.Linear(7, num_classes))
            case 2:
                return nn.Sequential(nn.Flatten(), nn.Linear(192, num_classes))
        return super().build(architecture, num_classes, image_size)


def test_networks_that_fail_are_named_and_left_out():
    benchmark = small_benchmark(PartlyBrokenSpace(channels=2, cells=1))
    evaluation = evaluate_proxy(PROXY, benchmark, networks=NETWORKS, workers=2)
    assert set(evaluation.failed) == set(ARCHITECTURES[:3])
    assert "ZeroDivisionError: no layers" in evaluation.failed[ARCHITECTURES[0]]
    assert "forward" in evaluation.failed[ARCHITECTURES[1]]
    assert "unit" in evaluation.failed[ARCHITECTURES[2]]
    kept = ~np.isnan(evaluation.scores)
    assert kept.sum() == NETWORKS - 3
    assert evaluation.tau.value == kendall_tau(evaluation.scores[kept], evaluation.accuracies[kept])
    whole = evaluate_proxy(PROXY, BENCHMARK, networks=NETWORKS, workers=2)
    np.testing.assert_array_equal(evaluation.scores[kept], whole.scores[kept])


class Picky(HandMadeProxy):
    """Fails on networks that have no 3x3 convolution in their cells, and is infinite on those that have no pooling."""

    name, meaning, source = "picky", "fails often", "here"

    def score(self, network, images):
        layers = {type(layer).__name__ + str(getattr(layer, "kernel_size", "")) for layer in network.cells[0].modules()}
        if "Conv2d(3, 3)" not in layers:
            raise RuntimeError("no convolution")
        return math.inf if "AvgPool2d3" not in layers else float(complexity.parameters(network))


def test_networks_that_a_hand_made_score_fails_on_are_named():
    evaluation = evaluate_proxy(Picky(), BENCHMARK, networks=NETWORKS, workers=2)
    for architecture in ARCHITECTURES:
        if "nor_conv_3x3" not in architecture:
            assert evaluation.failed[architecture] == "RuntimeError: no convolution"
        elif "avg_pool" not in architecture:
            assert "not finite" in evaluation.failed[architecture]
        else:
            assert architecture not in evaluation.failed


def test_a_hand_made_score_that_fails_everywhere_is_refused():
    benchmark = small_benchmark(Unbuildable(channels=2, cells=1))
    with pytest.raises(EznasError, match=r"params scores none of the 3 networks of small\. .*could not build"):
        evaluate_proxy(hand_made.load("params"), benchmark, networks=3, workers=2)


class Unbuildable(NASBench201):
    """A space none of whose networks can be built."""

    name = "unbuildable"

    def build(self, architecture, num_classes, image_size):
        raise ZeroDivisionError("no layers")


def test_a_program_that_scores_no_network_is_refused():
    with pytest.raises(EznasError, match="scores none of the 3 networks of small"):
        evaluate_proxy(Proxy("infinite", parse_program("invert(zeros_like(wt))")), BENCHMARK, networks=3, workers=1)


def test_a_constant_score_has_no_tau():
    evaluation = evaluate_proxy(Proxy("one", parse_program("ones_like(wt)")), BENCHMARK, networks=4, workers=1)
    assert math.isnan(evaluation.tau.value)
    assert evaluation.to_dict()["tau"] is None
    assert evaluation.to_dict()["tau_interval"] == [None, None]


def test_more_than_there_is_is_refused():
    with pytest.raises(EznasError, match="25 networks were asked of small, which has 24"):
        evaluate_proxy(PROXY, BENCHMARK, networks=25)
    with pytest.raises(EznasError, match="9 images was asked of small, which has 8"):
        evaluate_proxy(PROXY, BENCHMARK, networks=2, batch_size=9)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
@pytest.mark.parametrize("proxy", [PROXY, hand_made.load("params")], ids=["program", "hand-made"])
def test_a_device_that_is_not_there_is_refused(proxy):
    with pytest.raises(EznasError, match="'cuda' is not there"):
        evaluate_proxy(proxy, BENCHMARK, networks=2, device="cuda")


@pytest.mark.parametrize("proxy", [PROXY, hand_made.load("params")], ids=["program", "hand-made"])
def test_progress_rises_to_the_number_of_networks(proxy):
    calls = []
    evaluate_proxy(proxy, BENCHMARK, networks=7, workers=2, progress=lambda *call: calls.append(call))
    done = [count for count, _ in calls]
    assert calls[-1] == (7, 7)
    assert done == sorted(set(done))


def test_the_protocol_says_what_the_figures_depend_on_and_is_plain_data():
    proxy = dataclasses.replace(proxies.load("eznas-a"), unit="C-B-R", third_pass="difference")
    content = json.loads(json.dumps(evaluate_proxy(proxy, BENCHMARK, networks=12, seed=2, workers=2).to_dict()))
    protocol = content["protocol"]
    assert content["proxy"] == "eznas-a"
    assert content["tau_interval"][0] <= content["tau"] <= content["tau_interval"][1]
    expected = {
        "benchmark": "small",
        "networks": 12,
        "seed": 2,
        "batch_size": 1,
        "accuracy_split": "test",
        "epochs": 4,
        "unit": "C-B-R",
        "to_scalar": "mean",
        "aggregation": "mean",
        "third_pass": "difference",
        "orientation": 1,
        "description": "A test.",
        "formula": proxy.formula,
    }
    assert {key: protocol[key] for key in expected} == expected
    assert set(protocol["versions"]) == {"python", "eznas", "torch", "numpy", "numba"}
    assert "Kaiming" in protocol["initialisation"]
