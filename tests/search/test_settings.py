from __future__ import annotations

import pytest

from eznas.errors import EznasError
from eznas.search.settings import EvolutionSettings


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"mu": 0}, "mu is 0"),
        ({"lambda_": -1}, "lambda is -1"),
        ({"generations": -1}, "generations is -1"),
        ({"tournament": 2**63}, "tournament is 9223372036854775808: give a whole number from 1 to 10000"),
        ({"population": 10**30}, "give a whole number from 1 to 1000000"),
        ({"crossover": 1.5}, "crossover is 1.5"),
        ({"mutation": float("nan")}, "mutation is nan"),
        ({"crossover": 0.7, "mutation": 0.7}, "add up to more than 1"),
        ({"crossover": 0.5, "mutation": 0.5000000001}, "add up to more than 1"),
        ({"mu": 101}, r"mu is 101, but only 50 \+ 50 individuals"),
        ({"distinct": "phenotype"}, "'phenotype'"),
        ({"selection": "parent"}, r"did you mean 'parents'"),
    ],
)
def test_settings_that_make_no_sense_are_named(wrong, named):
    with pytest.raises(EznasError, match=named):
        EvolutionSettings(**wrong)


def test_hundredths_that_add_up_to_one_are_taken():
    for hundredths in range(101):
        EvolutionSettings(crossover=hundredths / 100, mutation=(100 - hundredths) / 100)
