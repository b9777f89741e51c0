from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import rankdata
from tiny_benchmark import write_tiny_benchmark
from torch import nn

from eznas import benchmarks
from eznas.errors import EznasError
from eznas.observer import SilentObserver
from eznas.ops.notation import parse_program
from eznas.ops.reference import run_program
from eznas.ops.terms import Term
from eznas.proxies import HandMadeProxy, Proxy, RankAggregate, hand_made, load
from eznas.scoring import scorer
from eznas.scoring.candidate import Candidate
from eznas.scoring.scores import score_candidates, score_networks
from eznas.scoring.settings import ScoringSettings
from eznas.seeds import generator, network_seed
from eznas.spaces import complexity
from eznas.statistics.collect import CollectionSettings, collect, initialise, make_inputs
from eznas.system.rounding import can_round_up

SETTINGS = ScoringSettings(batch_size=2, seed=3, threads=2)
NORM = Proxy("norm", parse_program("frobenius_norm(inp_grad.data)"), orientation=-1)
SEVERAL = [
    NORM,
    load("params"),
    Proxy("sum", parse_program("l1_norm(wt) - normalized_sum(act.noise)"), aggregation="sum"),
    Proxy("l2", parse_program("normalized_sum(inp.data)"), to_scalar="l2"),
    Proxy("C-B-R", parse_program("l1_norm(pre_grad.data)"), unit="C-B-R"),
    Proxy("difference", parse_program("l1_norm(act.perturbed)"), third_pass="difference"),
    load("flops"),
    Proxy(
        "terms",
        parse_program("numel(wt)"),
        further_terms=(Term(parse_program("l1_norm(act.data)"), -1), Term(parse_program("sqrt(wt)"))),
        aggregation="sum",
    ),
]


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    return benchmarks.load(str(write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=24)))


def images_of(benchmark, settings):
    return torch.from_numpy(benchmark.image_batch(settings.batch_size, generator(settings.seed, "images")))


def by_reference(proxy, benchmark, index, settings):
    """Score one network with the PyTorch reference alone."""
    statistics = collect(
        benchmark.build(index),
        make_inputs(images_of(benchmark, settings), settings.seed),
        CollectionSettings(proxy.unit, proxy.third_pass),
        seed=network_seed(settings.seed, index),
    )
    aggregates = []
    for term in proxy.terms:
        numbers = []
        for unit in range(statistics.units):
            tensors = [torch.from_numpy(statistics.tensor(unit, address)) for address in range(22)]
            result = run_program(term.program, tensors)
            if result is not None:
                numbers.append(float(result.mean() if proxy.to_scalar == "mean" else torch.linalg.vector_norm(result)))
        aggregates.append(term.sign * float(getattr(np, proxy.aggregation)(numbers)))
    return aggregates[0] if len(aggregates) == 1 else sum(math.copysign(math.log1p(abs(s)), s) for s in aggregates)


def test_scores_are_those_of_the_reference_however_they_are_computed(benchmark):
    programs = [proxy for proxy in SEVERAL if isinstance(proxy, Proxy)]
    scores = score_networks(programs, benchmark, np.arange(3, 7), SETTINGS)
    expected = [[by_reference(proxy, benchmark, index, SETTINGS) for index in range(3, 7)] for proxy in programs]
    np.testing.assert_allclose(scores.values, expected, rtol=1e-5)
    assert scores.unscored == ({},) * len(programs)


def test_company_order_threads_and_memory_change_no_score(benchmark):
    together = score_networks(SEVERAL, benchmark, np.arange(6), SETTINGS).values
    backwards = score_networks(SEVERAL[::-1], benchmark, np.arange(6), ScoringSettings(2, 3, threads=1)).values
    np.testing.assert_array_equal(backwards, together[::-1])
    for proxy, row in zip(SEVERAL, together, strict=True):
        alone = score_networks([proxy], benchmark, np.arange(6), ScoringSettings(2, 3, threads=3, memory_bytes=1))
        np.testing.assert_array_equal(alone.values[0], row)
    few = score_networks(SEVERAL, benchmark, np.array([4, 2]), SETTINGS).values
    np.testing.assert_array_equal(few, together[:, [4, 2]])


def test_every_network_is_built_once_and_told_of_once(benchmark, monkeypatch):
    built, told = [], []
    build = type(benchmark).build
    monkeypatch.setattr(type(benchmark), "build", lambda self, index: (built.append(index), build(self, index))[1])

    class Counting(SilentObserver):
        def advance(self):
            told.append(1)

    score_networks(SEVERAL, benchmark, np.arange(5), SETTINGS, Counting())
    assert sorted(built) == list(range(5))
    assert len(told) == 5


def test_counts_are_the_sizes_of_the_networks(benchmark):
    values = score_networks([load("params"), load("flops")], benchmark, np.arange(4), SETTINGS).values
    networks = [benchmark.build(index) for index in range(4)]
    assert values[0].tolist() == [complexity.parameters(network) for network in networks]
    assert values[1].tolist() == [complexity.flops(network, (1, 3, 8, 8)) for network in networks]


def test_a_network_that_is_only_counted_is_not_built_where_its_text_tells_its_size(benchmark, monkeypatch):
    built = []
    monkeypatch.setattr(type(benchmark), "build", lambda _, index: built.append(index))
    scores = score_networks([load("params"), load("flops")], benchmark, np.arange(4), SETTINGS)
    assert (scores.values > 0).all()
    assert not any(scores.unscored)
    assert not built


class Watching(HandMadeProxy):
    """Keeps what it is given, and runs the network."""

    name, meaning, source, orientation = "watching", "a sum of weights", "here", -1
    images = 3

    def __init__(self):
        self.seen = []

    def measure(self, probe):
        probe.forward()
        weights = probe.network.stem[0].weight.detach().clone()
        self.seen.append((weights, probe.images(), probe.given_targets, int(probe.rng.integers(1000))))
        return weights.sum().item()


def test_a_hand_made_proxy_sees_fresh_weights_and_its_own_number_of_images(benchmark):
    first, second = Watching(), Watching()
    settings = ScoringSettings(batch_size=2, seed=5, threads=1)
    values = score_networks([first, NORM, load("params"), second], benchmark, np.arange(2), settings).values
    np.testing.assert_array_equal(values[0], values[3])
    np.testing.assert_array_equal(
        values[1:3], score_networks([NORM, load("params")], benchmark, np.arange(2), settings).values
    )
    expected = benchmark.build(1)
    initialise(expected, network_seed(5, 1))
    weights, images, targets, drawn = first.seen[1]
    torch.testing.assert_close(weights, expected.stem[0].weight, rtol=0, atol=0)
    assert not torch.equal(first.seen[0][0], weights)
    assert images.shape == (3, 3, 8, 8)
    assert targets is None
    assert drawn == second.seen[1][3] != first.seen[0][3]


def test_weights_are_drawn_again_where_a_hand_made_proxy_reads_them(benchmark, monkeypatch):
    drawn = []
    monkeypatch.setattr(scorer, "initialise", lambda network, seed: drawn.append(seed))
    score_networks([NORM, load("params"), load("flops")], benchmark, np.arange(2), SETTINGS)
    assert not drawn
    score_networks([load("params"), load("l2_norm")], benchmark, np.arange(2), SETTINGS)
    assert sorted(drawn) == sorted(network_seed(SETTINGS.seed, index) for index in range(2))


def test_a_benchmark_with_fewer_images_gives_all_that_it_has(benchmark):
    watching = Watching()
    watching.images = 1000
    score_networks([watching], benchmark, np.arange(1), SETTINGS)
    assert len(watching.seen[0][1]) == 8


def test_the_processor_time_is_each_ones_own(benchmark):
    scores = score_networks([load("l2_norm"), NORM, load("grad_norm")], benchmark, np.arange(2), SETTINGS)
    assert (scores.seconds >= 0).all()
    assert scores.first(1).seconds.shape == scores.first(1).values.shape == (3, 1)


def test_an_aggregate_ranks_the_networks_that_are_scored_with_it(benchmark):
    members = [load("params"), NORM]
    singles = score_networks(members, benchmark, np.arange(5), SETTINGS).values
    scores = score_networks([load("params"), RankAggregate("both", tuple(members))], benchmark, np.arange(5), SETTINGS)
    np.testing.assert_array_equal(scores.values[0], singles[0])
    ranks = rankdata(singles[0]), rankdata(-singles[1])
    np.testing.assert_allclose(scores.values[1], np.log(ranks[0] / 5) + np.log(ranks[1] / 5))


class Picky(HandMadeProxy):
    name, meaning, source = "picky", "fails often", "here"

    def measure(self, probe):
        size = complexity.parameters(probe.network)
        if size % 3 == 0:
            raise RuntimeError("three")
        return math.inf if size % 3 == 1 else float(size)


def test_what_a_hand_made_proxy_fails_on_has_none(benchmark):
    scores = score_networks([Picky(), load("params")], benchmark, np.arange(24), SETTINGS)
    rests = scores.values[1] % 3
    assert len(set(rests.tolist())) == 3
    np.testing.assert_array_equal(np.isnan(scores.values[0]), rests != 2)
    for position, rest in enumerate(rests.tolist()):
        reason = scores.unscored[0].get(position, "")
        assert reason == {0: "RuntimeError: three", 2: ""}.get(rest, reason)
        assert (reason == "The score is not finite.") == (rest == 1)
    assert scores.unscored[1] == {}


class Silent(nn.Module):
    """A network with a unit, whose output is what `output` makes of it."""

    def __init__(self, output):
        super().__init__()
        self.layers = nn.Sequential(nn.ReLU(), nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))
        self.output = output

    def forward(self, images):
        return self.output(self.layers(images))


def test_each_proxy_names_the_networks_that_it_does_not_score_and_why(benchmark, monkeypatch):
    build = type(benchmark).build

    def partly_broken(self, index):
        match index:
            case 0:
                raise EznasError("The space could not build it.")
            case 1:
                return nn.Sequential(nn.Flatten(), nn.Linear(7, 5))
            case 2:
                return nn.Sequential(nn.Flatten(), nn.Linear(192, 5))
            case 3:
                return Silent(lambda features: features.mean((2, 3)) * math.inf)
            case 4:
                return Silent(lambda features: features[:, :0])
        return build(self, index)

    monkeypatch.setattr(type(benchmark), "build", partly_broken)
    monkeypatch.setattr(type(benchmark), "network_size", lambda _, index: None)
    proxies = [NORM, Proxy("infinite", parse_program("invert(zeros_like(wt))")), load("params")]
    program, infinite, count = score_networks(proxies, benchmark, np.arange(6), SETTINGS).unscored
    for position, named in enumerate(("could not build", "forward", "unit", "not finite", "empty")):
        assert named in program[position]
    assert len(program) == 5
    assert len(infinite) == 6
    assert "not finite" in infinite[5]
    assert list(count) == [0]


@pytest.mark.skipif(not can_round_up(), reason="this system cannot be told to round up")
def test_rounding_up_reaches_the_passes_of_a_network():
    class AveragedNorm(nn.Sequential):  # what follows the BatchNorm tells no places apart: gradients are but rounding
        def __init__(self):
            super().__init__(nn.ReLU(), nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    proxies = [Proxy(text, parse_program(text)) for text in ("l1_norm(wt_grad.data)", "l1_norm(pre.data)")]
    inputs = make_inputs(torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)), 0)
    settings = ScoringSettings(threads=1, rounded_up=True)
    scores = score_candidates(proxies, [Candidate("averaged", AveragedNorm, 1)], inputs, settings)
    (nothing, something), (moved, steady) = scores.values[:, 0], scores.rounded_up[:, 0]
    assert abs(moved - nothing) > 0.1 * nothing
    assert steady == pytest.approx(something, rel=1e-5)


@pytest.mark.skipif(not can_round_up(), reason="this system cannot be told to round up")
def test_a_network_that_cannot_be_made_a_second_time_has_no_score():
    def once(made=[]):  # noqa: B006 - the same list every time, on purpose
        if made:
            raise EznasError("The file is gone.")
        made.append(True)
        return nn.Sequential(nn.ReLU(), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten())

    inputs = make_inputs(torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)), 0)
    settings = ScoringSettings(threads=1, rounded_up=True)
    scores = score_candidates([NORM], [Candidate("gone", once, 1)], inputs, settings)
    assert math.isnan(scores.values[0, 0])
    assert math.isnan(scores.rounded_up[0, 0])
    assert scores.unscored == ({0: "The file is gone."},)


def test_without_networks_there_is_nothing_to_score(benchmark):
    scores = score_networks(SEVERAL, benchmark, np.arange(0), SETTINGS)
    assert scores.values.shape == (len(SEVERAL), 0)
    assert score_networks([], benchmark, np.arange(2), SETTINGS).values.shape == (0, 2)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
@pytest.mark.parametrize("proxy", [NORM, load("params")], ids=["program", "hand-made"])
def test_a_device_that_is_not_there_is_refused(benchmark, proxy):
    with pytest.raises(EznasError, match="'cuda' is not there"):
        score_networks([proxy], benchmark, np.arange(2), ScoringSettings(device="cuda"))


def test_an_unknown_hand_made_proxy_is_refused():
    with pytest.raises(EznasError, match="'naswotty': choose one of az_expressivity, "):
        hand_made.load("naswotty")
