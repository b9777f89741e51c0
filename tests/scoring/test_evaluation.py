from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from tiny_benchmark import write_tiny_benchmark

import eznas
from eznas import benchmarks
from eznas.errors import EznasError
from eznas.observer import SilentObserver
from eznas.ops.notation import parse_program
from eznas.proxies import Proxy, load
from eznas.scoring.evaluation import evaluate

NETWORKS = 24
PROXY = Proxy("norm", parse_program("frobenius_norm(inp_grad.data)"), orientation=-1)


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    return benchmarks.load(str(write_tiny_benchmark(tmp_path_factory.mktemp("benchmark"), networks=NETWORKS)))


def test_it_is_the_public_entry():
    assert eznas.evaluate is evaluate


def test_results_depend_neither_on_threads_nor_on_company(benchmark):
    with pytest.raises(EznasError, match="threads is -1"):
        evaluate([PROXY], benchmark, networks=10, threads=-1)
    alone = evaluate([PROXY], benchmark, networks=10, threads=1)
    together = evaluate([load("params"), PROXY], benchmark, networks=10, threads=3)
    np.testing.assert_array_equal(alone.rankings[0].scores, together.rankings[1].scores)
    assert alone.rankings[0].figures() == together.rankings[1].figures()
    assert alone.protocol == together.protocol
    np.testing.assert_array_equal(alone.accuracies, benchmark.accuracies[alone.networks])


def test_a_networks_score_does_not_depend_on_the_sample_nor_the_networks_on_the_batch(benchmark):
    few, many, larger_batch = (
        evaluate([PROXY], benchmark, networks, batch_size) for networks, batch_size in ((4, 1), (9, 1), (4, 3))
    )
    np.testing.assert_array_equal(many.networks[:4], few.networks)
    np.testing.assert_array_equal(many.rankings[0].scores[:4], few.rankings[0].scores)
    np.testing.assert_array_equal(larger_batch.networks, few.networks)
    assert (larger_batch.rankings[0].scores != few.rankings[0].scores).all()


def test_another_seed_gives_other_networks_and_scores(benchmark):
    first, second = (evaluate([PROXY], benchmark, seed=seed) for seed in (0, 1))
    assert first.networks.tolist() != second.networks.tolist()
    # A network that an edge without an operation cuts in two has no gradient, whatever its weights.
    shared = set(first.rankings[0].scores.tolist()) & set(second.rankings[0].scores.tolist())
    assert shared <= {0.0}


def test_networks_that_are_left_out_leave_the_order_of_the_others(benchmark):
    whole = evaluate([load("params")], benchmark)
    without = frozenset(whole.networks[[0, 3, 4]].tolist())
    rest = evaluate([load("params")], benchmark, without=without)
    assert rest.networks.tolist() == [index for index in whole.networks.tolist() if index not in without]
    assert (rest.protocol["networks"], rest.protocol["left_out"]) == (NETWORKS - 3, 3)
    few = evaluate([load("params")], benchmark, networks=2, without=without)
    assert few.networks.tolist() == rest.networks[:2].tolist()


def test_scores_from_less_than_half_of_a_network_say_so(benchmark):
    low = evaluate([PROXY], benchmark).rankings[0].coverage
    assert (low > 0).all()
    assert (low < 1).all()
    evaluation = evaluate([load("params"), PROXY], benchmark)
    assert evaluation.rankings[0].coverage is None
    assert len(evaluation.warnings) == (low < 0.5).any()
    part = dataclasses.replace(evaluation.rankings[1], coverage=np.where(np.arange(NETWORKS) < 3, 0.25, 0.75))
    (warning,) = dataclasses.replace(evaluation, rankings=(evaluation.rankings[0], part)).warnings
    assert warning == (
        f"Of 3 of the {NETWORKS} networks, scores come from less than half: their units hold 25% of the parameters or "
        "more (--unit A-L-N takes all linear maps)."
    )
    general = evaluate([dataclasses.replace(PROXY, unit="A-L-N")], benchmark, networks=5)
    assert general.warnings == []
    assert (general.rankings[0].coverage > 0.9).all()


def test_a_proxy_that_scores_nothing_is_refused_unless_another_does(benchmark):
    nothing = Proxy("infinite", parse_program("invert(zeros_like(wt))"))
    with pytest.raises(EznasError, match=r"infinite scores none of the 3 networks of .*not finite"):
        evaluate([nothing], benchmark, networks=3)
    row = evaluate([nothing, PROXY], benchmark, networks=5).to_dict()["proxies"][0]
    assert (row["tau"], row["scored"], row["depends_on"], len(row["unscored"])) == (None, 0.0, None, 5)
    with pytest.raises(EznasError, match="no proxy"):
        evaluate([], benchmark, networks=3)


def test_more_than_there_is_is_refused(benchmark):
    with pytest.raises(EznasError, match=r"25 networks were asked of .*, which has 24"):
        evaluate([PROXY], benchmark, networks=25)
    with pytest.raises(EznasError, match=r"23 networks were asked of .*, which has 22 beside the 2"):
        evaluate([PROXY], benchmark, networks=23, without={3, 5})
    with pytest.raises(EznasError, match="All 24 networks"):
        evaluate([PROXY], benchmark, without=range(24))
    with pytest.raises(EznasError, match=r"9 images was asked of .*, which has 8"):
        evaluate([PROXY], benchmark, networks=2, batch_size=9)


def test_progress_counts_every_scoring(benchmark):
    phases, done = [], []

    class Counting(SilentObserver):
        def phase(self, name, total=None):
            phases.append((name.split()[0], total))

        def advance(self):
            done.append(1)

    evaluate([PROXY, load("params")], benchmark, networks=7, observer=Counting())
    assert phases == [("loading", None), ("scoring", 7), ("scoring", 7), ("intervals", None)]
    assert len(done) == 14


def test_the_content_says_what_the_figures_depend_on_and_is_plain_data(benchmark):
    proxy = dataclasses.replace(load("eznas-a"), unit="C-B-R", third_pass="difference")
    evaluation = evaluate([proxy, load("params")], benchmark, networks=12, seed=2)
    content = json.loads(json.dumps(evaluation.to_dict()))
    program, params = content["proxies"]
    expected = {
        "proxy": "eznas-a",
        "formula": proxy.formula,
        "unit": "C-B-R",
        "to_scalar": "mean",
        "aggregation": "mean",
        "third_pass": "difference",
        "orientation": 1,
        "unscored": {},
        "scored": 1.0,
    }
    assert {key: program[key] for key in expected} == expected
    assert program["tau_interval"][0] <= program["tau"] <= program["tau_interval"][1]
    assert params["score"] == load("params").meaning
    assert params["depends_on"] == "counts only"
    protocol = content["protocol"]
    about = {"networks": 12, "left_out": 0, "seed": 2, "batch_size": 1, "accuracy_split": "test", "epochs": 1}
    assert {key: protocol[key] for key in about} == about
    assert set(protocol["versions"]) == {"python", "eznas", "torch", "numpy", "numba"}
    assert "Kaiming" in protocol["initialisation"]
    for rule in ("ranking", "second_draw", "interval"):
        assert protocol[rule]
