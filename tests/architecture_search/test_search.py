from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tiny_benchmark import write_tiny_benchmark
from torch import nn

from eznas import benchmarks, proxies
from eznas.architecture_search.candidates import Candidates, SpaceCandidates, TableCandidates
from eznas.architecture_search.scorer import Scorer
from eznas.architecture_search.search import Found, Limits, SearchSettings, search
from eznas.architecture_search.setting_of import architecture_record, benchmark_setting, build_network
from eznas.architecture_search.strategies import STRATEGIES
from eznas.architecture_search.worth import Accuracies
from eznas.errors import EznasError
from eznas.scoring.settings import ScoringSettings
from eznas.spaces import complexity
from eznas.spaces.base import Space
from eznas.spaces.foreign import as_space

SCORING = ScoringSettings(batch_size=1, seed=0, threads=1)


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    return benchmarks.load(str(write_tiny_benchmark(tmp_path_factory.mktemp("tiny"))))


@pytest.fixture
def scorer(benchmark):
    return Scorer(proxies.load("params"), benchmark_setting(benchmark, SCORING))


class Line(Candidates):
    """The numbers from 0 to 99, each near the four on either side; the best one is 70."""

    def random(self, rng):
        return str(rng.integers(100))

    def neighbours(self, architecture):
        number = int(architecture)
        return [str(one) for one in range(max(0, number - 4), min(100, number + 5)) if one != number]

    def check_neighbours(self, rng):
        pass


class LineScorer:
    reason = ""

    def score(self, architecture):
        return -abs(int(architecture) - 70.0)

    def size(self, architecture):
        raise AssertionError("no limits, no sizes")

    def write(self):
        pass


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_same_seed_gives_the_same_search_and_another_seed_another(strategy):
    first, again, other = (
        search(Line(), LineScorer(), SearchSettings(strategy, networks=25, seed=seed)) for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other
    assert len(set(first.architectures)) == 25


def test_local_search_climbs_to_the_top_and_begins_anew():
    found = search(Line(), LineScorer(), SearchSettings("local", networks=60))
    assert max(found.scores) == 0.0


def test_evolution_finds_better_ones_than_it_began_with():
    found = search(Line(), LineScorer(), SearchSettings("evolution", networks=40))
    assert np.mean(found.scores[-20:]) > np.mean(found.scores[:20])


def test_a_space_that_is_used_up_ends_the_search():
    assert len(search(Line(), LineScorer(), SearchSettings("random", networks=1000)).architectures) == 100


def test_the_best_are_in_order_and_the_first_of_equals_is_taken():
    found = Found(("a", "b", "c", "d"), (1.0, 3.0, 3.0, -np.inf))
    assert found.best(4) == [1, 2, 0]
    assert found.picks() == [0, 1, 1, 1]


def test_limits_hold_and_the_largest_allowed_network_is_found(benchmark, scorer):
    sizes = [complexity.parameters(benchmark.build(index)) for index in range(len(benchmark))]
    limit = int(np.median(sizes))
    settings = SearchSettings("random", networks=20, limits=Limits(max_params=limit))
    found = search(TableCandidates(benchmark), scorer, settings)
    best = found.architectures[found.best(1)[0]]
    assert scorer.size(best).params == max(size for size in sizes if size <= limit)
    assert all(scorer.size(one).params <= limit for one in found.architectures)


def test_limits_that_no_network_keeps_are_told(benchmark, scorer):
    settings = SearchSettings("evolution", networks=5, limits=Limits(max_params=3, max_flops=7))
    with pytest.raises(EznasError, match="at most 3 parameters and 7 FLOPs"):
        search(TableCandidates(benchmark), scorer, settings)


def test_a_whole_space_can_be_searched(benchmark, scorer):
    found = search(SpaceCandidates(benchmark.space), scorer, SearchSettings("evolution", networks=25))
    assert len(found.architectures) == 25
    assert len(set(found.architectures) - set(benchmark.architectures)) > 0


def test_a_table_has_neighbours_of_its_own_only(benchmark):
    candidates = TableCandidates(benchmark)
    for architecture in benchmark.architectures:
        assert set(candidates.neighbours(architecture)) <= set(benchmark.architectures) - {architecture}
    assert any(map(candidates.neighbours, benchmark.architectures))


def test_a_table_of_far_networks_says_so(benchmark):
    few = replace(benchmark, architectures=benchmark.architectures[:1], accuracies=benchmark.accuracies[:1])
    with pytest.raises(EznasError, match=r"No two networks of .* are near each other"):
        search(TableCandidates(few), None, SearchSettings("local"))


class Unvaried(Space):
    def build(self, architecture, num_classes, image_size):
        raise NotImplementedError

    def random(self, rng):
        return "a"


def test_a_space_says_in_one_sentence_what_it_lacks():
    with pytest.raises(EznasError, match=r"Unvaried cannot vary networks: give it a method `neighbours"):
        search(SpaceCandidates(Unvaried()), None, SearchSettings("evolution"))


class Own:
    """A user's own space, with one method that does not do what it should."""

    def __init__(self, **wrong):
        vars(self).update(wrong)

    def build(self, architecture):
        width = int(architecture)
        return nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def random(self, rng):
        return str(rng.integers(1, 9))

    def neighbours(self, architecture):
        return [f" {max(1, int(architecture) - 1)} ", str(int(architecture) + 1)]


def failing(*_):
    raise ValueError("nope")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"build": lambda _: failing()}, r"among 3 proposals: .* could not build the network \d \(ValueError.*nope"),
        ({"build": lambda _: 5}, r"`build` of the space own returned a int for \d: let it return a torch"),
        ({"random": failing}, r"could not draw a network \(ValueError in .*nope\): correct its `random`"),
        ({"random": lambda _: 5}, "`random` of the space own returned 5: let it return the text"),
        ({"neighbours": failing}, r"could not vary the network \d \(ValueError in .*nope\): correct its `neighbours`"),
        (
            {"neighbours": lambda _: [5]},
            r"`neighbours` of the space own returned \[5\] for \d: let it return the texts",
        ),
    ],
)
def test_what_a_space_of_ones_own_does_wrong_is_told_in_a_sentence(benchmark, wrong, message):
    space = as_space(Own(name="own", **wrong), "own")
    scorer = Scorer(proxies.load("params"), replace(benchmark_setting(benchmark, SCORING), space=space))
    strategy = "local" if "neighbours" in wrong else "random"
    with pytest.raises(EznasError, match=message):
        search(SpaceCandidates(space), scorer, SearchSettings(strategy, networks=3))


def test_neighbours_are_told_apart_by_their_canonical_texts():
    assert SpaceCandidates(as_space(Own(), "own")).neighbours("4") == ["3", "5"]


class Waiting(nn.Module):
    """Looks at its numbers, which nobody can where only shapes are known."""

    def forward(self, images):
        return images * float(images.mean() > 0)


def test_a_network_whose_size_cannot_be_counted_is_passed_over_where_there_are_limits(benchmark):
    space = as_space(Own(build=lambda _: nn.Sequential(Waiting())), "own")
    scorer = Scorer(proxies.load("l2_norm"), replace(benchmark_setting(benchmark, SCORING), space=space))
    assert scorer.size("1") is None
    with pytest.raises(EznasError, match=r"The network \d could not be run"):
        search(SpaceCandidates(space), scorer, SearchSettings("random", networks=3, limits=Limits(max_flops=9)))


def test_scores_are_kept_and_an_interrupted_search_goes_on_to_the_same_result(benchmark, tmp_path, monkeypatch):
    loaded = proxies.load("l1_norm(wt)")
    setting, settings = benchmark_setting(benchmark, SCORING), SearchSettings("local", networks=12)
    whole = search(TableCandidates(benchmark), Scorer(loaded, setting), settings)

    first = Scorer(loaded, setting, tmp_path / "scores.json")
    search(TableCandidates(benchmark), first, SearchSettings("local", networks=5))
    second = Scorer(loaded, setting, tmp_path / "scores.json")
    assert second.scored == 5
    calls = []
    score_candidates = Scorer.score.__globals__["score_candidates"]
    monkeypatch.setitem(
        Scorer.score.__globals__, "score_candidates", lambda *args: calls.append(1) or score_candidates(*args)
    )
    assert search(TableCandidates(benchmark), second, settings) == whole
    assert len(calls) == 7


def test_the_scores_of_another_search_are_refused(benchmark, tmp_path):
    setting = benchmark_setting(benchmark, SCORING)
    Scorer(proxies.load("params"), setting, tmp_path / "scores.json").write()
    with pytest.raises(EznasError, match=r"scores of another search .proxy differs"):
        Scorer(proxies.load("flops"), setting, tmp_path / "scores.json")
    (tmp_path / "scores.json").write_text("{")
    with pytest.raises(EznasError, match="is damaged"):
        Scorer(proxies.load("flops"), setting, tmp_path / "scores.json")


def test_a_lower_score_is_better_where_the_orientation_says_so(benchmark):
    loaded = replace(proxies.load_program("l1_norm(wt)"), orientation=-1)
    setting = benchmark_setting(benchmark, SCORING)
    turned, plain = (
        Scorer(one, setting).score(benchmark.architectures[0]) for one in (loaded, proxies.load("l1_norm(wt)"))
    )
    assert turned == -plain


def test_a_found_architecture_can_be_built_again(benchmark, tmp_path):
    setting = benchmark_setting(benchmark, SCORING)
    record = architecture_record(setting, "nasbench201", benchmark.architectures[3])
    (tmp_path / "found.json").write_text(json.dumps(record))
    network = build_network(tmp_path / "found.json")
    assert complexity.parameters(network) == complexity.parameters(benchmark.build(3))
    (tmp_path / "found.json").write_text("{}")
    with pytest.raises(EznasError, match="is no file of an architecture"):
        build_network(tmp_path / "found.json")


class TestWorth:
    accuracies = Accuracies({"a": 10.0, "b": 20.0, "c": 40.0})

    def test_rank_and_regret(self):
        assert (self.accuracies.rank(40.0), self.accuracies.rank(20.0)) == (1, 2)
        assert self.accuracies.regret(20.0) == 20.0

    def test_training_more_of_the_best_scored_can_only_help(self):
        found = Found(("b", "c", "a"), (3.0, 1.0, 2.0))
        assert [self.accuracies.trained(found, count) for count in (1, 2, 3)] == [20.0, 20.0, 40.0]
        assert self.accuracies.curve(found) == [20.0, 20.0, 20.0]

    def test_random_search_is_expected_exactly(self):
        one, two, three = self.accuracies.random([1, 2, 3])
        assert one == pytest.approx(70 / 3)
        assert two == pytest.approx((20 + 40 + 40) / 3)
        assert three == pytest.approx(40)

    def test_how_many_trainings_a_pick_is_worth(self):
        assert self.accuracies.trainings_of_random(23.0) == 1
        assert self.accuracies.trainings_of_random(30.0) == 2
        assert self.accuracies.trainings_of_random(40.0) == 3
        assert self.accuracies.trainings_of_random(41.0) is None
