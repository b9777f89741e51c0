from itertools import product

import numpy as np
import pytest

from eznas import benchmarks
from eznas.discovery.enumeration.rounds import enumerate_features
from eznas.discovery.enumeration.sample import UnitSample
from eznas.features.feature import as_feature
from eznas.features.selection import DEFAULT_SELECTION
from eznas.ops.catalogue import BY_NAME as OPERATION_OF
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.notation import format_program, parse_program
from eznas.ops.plan import Plan
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.scoring.ties import agree
from eznas.statistics.settings import CollectionSettings
from eznas.terminals import BY_NAME as TERMINAL_OF

TERMINALS = ("wt", "inp_grad.noise")
OPERATIONS = ("product", "difference", "sign", "normalize", "softmax", "l1_norm", "log_determinant")


@pytest.fixture(scope="module")
def networks(tiny_table):
    source = BenchmarkStatistics(benchmarks.load(tiny_table), 1, 0, CollectionSettings())
    return [source.collect(index) for index in (0, 3)]


@pytest.fixture(scope="module")
def sample(networks):
    return UnitSample(networks, threads=2)


def enumerated(sample, depth=2, maximum=10_000, terminals=TERMINALS, operations=OPERATIONS):
    addresses = [TERMINAL_OF[name].address for name in terminals]
    return enumerate_features(sample, addresses, [OPERATION_OF[name].id for name in operations], depth, maximum)


def every_program(depth, terminals=TERMINALS, operations=OPERATIONS):
    """The text of every program up to a depth, without a thought about which of them are alike."""
    texts = list(terminals)
    for _ in range(depth):
        made = [
            f"{name}({a})" if OPERATION_OF[name].arity == 1 else f"({a}) {OPERATION_OF[name].infix} ({b})"
            for name in operations
            for a, b in (product(texts, texts) if OPERATION_OF[name].arity == 2 else ((text, "") for text in texts))
        ]
        texts = list(dict.fromkeys([*texts, *made]))
    programs = []
    for text in texts:
        try:
            programs.append(parse_program(text))
        except Exception:
            continue  # an operation that needs axes, on a number
    return programs


def numbers_of(programs, networks):
    """float32 and bool (programs, units): their numbers as features, and where they are valid."""
    plan = Plan.of([as_feature(program) for program in programs])
    parts = []
    for network in networks:
        shapes = (network.offsets, network.shapes, network.axes)
        parts.append(evaluate_plan(plan, network.values, *shapes, "mean"))
    return [np.concatenate([part[kind][:, plan.root_columns] for part in parts]).T for kind in (0, 1)]


def test_every_program_agrees_with_one_that_was_enumerated(sample, networks):
    found = enumerated(sample)
    assert (found.complete_depth, found.left_out) == (2, 0)
    kept, kept_valid = numbers_of(found.features, networks)
    programs = every_program(2)
    numbers, valid = numbers_of(programs, networks)
    starts = [0, networks[0].units]
    missing = []
    for program, one, is_valid in zip(programs, numbers, valid, strict=True):
        given = one[is_valid]
        some_everywhere = np.add.reduceat(is_valid, starts, dtype=int).all()
        if not some_everywhere or (~is_valid).mean() > DEFAULT_SELECTION.invalid_share or not np.isfinite(given).all():
            continue
        if np.ptp(given) <= 1e-5 * np.abs(given).max():
            continue
        # Cancelled sums are what rounding left of them, which depends on the way they are written.
        close = (kept_valid == is_valid).all(axis=1) & (
            agree(kept, one[None]) | (np.abs(kept - one[None]) <= 1e-6 * np.abs(given).max())
        ).all(axis=1)
        if not close.any():
            missing.append(format_program(program))
    assert not missing


def test_no_two_features_agree(sample, networks):
    found = enumerated(sample)
    kept, valid = numbers_of(found.features, networks)
    for row in range(len(kept)):
        alike = agree(kept[:row], kept[row][None]).all(axis=1) & (valid[:row] == valid[row]).all(axis=1)
        assert not alike.any()
    assert found.made == len(found.features) + sum(found.dropped.values())
    assert found.dropped["equal to a smaller one"] > 50
    assert found.dropped["invalid"] > 50


def test_a_tensor_of_constant_mean_is_no_feature_but_grows(sample):
    found = enumerated(sample, 2, terminals=("wt",), operations=("ones_like", "frobenius_norm"))
    texts = [format_program(feature) for feature in found.features]
    assert texts == ["normalized_sum(wt)", "frobenius_norm(wt)", "frobenius_norm(ones_like(wt))"]
    assert found.dropped["constant"] == 3  # ones of the shape of the weight, of itself, and of a norm


def test_of_programs_that_agree_the_smaller_one_stays(sample):
    found = enumerated(sample, 2, terminals=("wt",), operations=("abs", "relu", "l1_norm"))
    texts = [format_program(feature) for feature in found.features]
    assert texts == ["normalized_sum(wt)", "normalized_sum(abs(wt))", "normalized_sum(relu(wt))"]
    assert found.dropped["equal to a smaller one"] == 1 + 9  # l1_norm(wt), and all of depth 2


def test_what_was_cut_is_told(sample):
    whole = enumerated(sample)
    cut = enumerated(sample, maximum=len(whole.features) - 5)
    assert cut.features == whole.features[:-5]
    assert cut.complete_depth == 1
    assert 5 <= cut.left_out == whole.made - cut.made
    assert enumerated(sample, maximum=1).complete_depth == -1
    assert enumerated(sample, depth=0).complete_depth == 0


def test_the_result_does_not_depend_on_the_threads(sample, networks):
    assert enumerated(UnitSample(networks, threads=1)) == enumerated(sample)
