from __future__ import annotations

import numpy as np
import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas import benchmarks
from eznas.ops.terms import parse_terms
from eznas.proxies import Proxy
from eznas.scoring.network_detail import unit_contributions
from eznas.scoring.ranking import rank_networks
from eznas.scoring.settings import ScoringSettings

SETTINGS = ScoringSettings(batch_size=1, seed=0, threads=1)


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    return benchmarks.load(str(write_tiny_benchmark(tmp_path_factory.mktemp("tiny"), networks=7)))


def detail(benchmark, formula, **computed):
    first, *further = parse_terms(formula)
    proxy = Proxy("one", first.program, further_terms=tuple(further), **computed)
    indices = np.arange(7)
    (ranking,) = rank_networks([proxy], benchmark, indices, SETTINGS)
    return unit_contributions(proxy, benchmark, indices, ranking, SETTINGS), ranking


@pytest.mark.parametrize("aggregation", ["sum", "mean"])
@pytest.mark.parametrize("to_scalar", ["mean", "l2"])
@pytest.mark.parametrize("orientation", [1, -1])
def test_contributions_add_up_to_the_score(benchmark, aggregation, to_scalar, orientation):
    computed = {"aggregation": aggregation, "to_scalar": to_scalar, "orientation": orientation}
    networks, ranking = detail(benchmark, "wt * wt_grad.data", **computed)
    assert [one["network"] for one in networks] == ["most accurate", "middle", "least accurate"]
    ordered = np.sort(benchmark.accuracies)[::-1]
    assert [one["accuracy"] for one in networks] == [ordered[0], ordered[3], ordered[6]]
    for one in networks:
        place = benchmark.architectures.index(one["architecture"])
        assert one["score"] == ranking.scores[place]
        (term,) = one["terms"]
        assert sum(term["contributions"]) == pytest.approx(one["score"], rel=1e-5)
        assert len(term["contributions"]) == len(one["weights"])
        assert all(len(shape) == 4 for shape in one["weights"])


def test_several_terms_have_their_own_contributions(benchmark):
    networks, _ = detail(benchmark, "signed_log(numel(wt)) - signed_log(l1_norm(act.data))")
    for one in networks:
        first, second = one["terms"]
        assert (first["sign"], second["sign"]) == (1, -1)
        joined = sum(term["sign"] * np.log1p(sum(term["contributions"])) for term in one["terms"])
        assert joined == pytest.approx(one["score"], rel=1e-5)


def test_a_unit_that_a_program_cannot_take_contributes_nothing(benchmark):
    networks, _ = detail(benchmark, "log_determinant(wt)", aggregation="sum")
    shares = [share for one in networks for share in one["terms"][0]["contributions"]]
    assert len(shares) == sum(len(one["weights"]) for one in networks)


def test_without_a_score_there_is_nothing_to_show(benchmark):
    networks, ranking = detail(benchmark, "log(zeros_like(wt)) / zeros_like(wt) - exp(exp(exp(exp(ones_like(wt)))))")
    assert np.isnan(ranking.scores).all()
    assert networks == []
