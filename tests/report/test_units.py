from __future__ import annotations

import pytest

from eznas.report.units import units_parts

LAYER = {"role": "linear map", "function": "conv2d", "module": "conv", "parameters": 9}
CONTENT = {
    "network": "mine",
    "unit": "R-C-B",
    "counts": {"R-C-B": 6},
    "parameters": 54,
    "coverage": 1.0,
    "warning": None,
    "units": [{"layers": [LAYER], "weight": [1, 1, 3, 3], "output": [1, 1, 8, 8]}] * 6,
    "outside": {},
}


@pytest.mark.parametrize(
    ("cancelled", "told"),
    [([0], "1 of the 6 units (0)"), ([1, 3, 4, 5], "4 of the 6 units (1, 3-5)"), ([0, 1], "2 of the 6 units (0-1)")],
)
def test_units_without_a_gradient_but_rounding_are_told(cancelled, told):
    *_, last = units_parts({**CONTENT, "cancelled": cancelled})
    assert f"The gradient is nothing but rounding in {told}: a normalisation" in last


@pytest.mark.parametrize("cancelled", [[], None])
def test_nothing_is_said_where_there_are_none_or_that_is_not_known(cancelled):
    *_, last = units_parts({**CONTENT, "cancelled": cancelled})
    assert last.startswith("The units hold")
