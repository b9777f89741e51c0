import numpy as np
import pytest

from eznas.features.feature import as_feature
from eznas.features.sizes import SIZES
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.notation import parse_program
from eznas.ops.plan import Plan
from eznas.statistics.tensors import Layout

# Two images, 6 channels in 2 groups, a 3x3 kernel with stride 2, 9 channels out.
UNIT = {"wt": (9, 3, 3, 3), "inp": (2, 6, 8, 8), "pre": (2, 6, 8, 8), "act": (2, 9, 4, 4)}
EXPECTED = {
    "weights": 243,
    "input_elements": 768,
    "output_elements": 288,
    "input_channels": 6,
    "output_channels": 9,
    "groups": 2,
    "kernel_area": 9,
    "input_area": 64,
    "output_area": 16,
    "stride_area": 4,
    "multiplications": 243 * 16,
}


@pytest.fixture(scope="module")
def sizes():
    layout = Layout.of([UNIT], frozenset(range(22)))
    values = np.random.default_rng(0).normal(size=layout.size).astype(np.float32)
    programs = [parse_program(text) for text in SIZES.values()]
    plan = Plan.of(programs)
    numbers, valid, _ = evaluate_plan(plan, values, layout.offsets, layout.shapes, layout.axes, "mean")
    assert valid.all()
    return dict(zip(SIZES, numbers[0, plan.root_columns].tolist(), strict=True))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_size_is_what_it_says(sizes, name):
    assert sizes[name] == pytest.approx(EXPECTED[name], rel=1e-6)


def test_every_size_is_a_feature_and_is_tested():
    assert set(SIZES) == set(EXPECTED)
    for text in SIZES.values():
        program = parse_program(text)
        assert as_feature(program) is program
