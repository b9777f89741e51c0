from __future__ import annotations

import math

import msgpack

from eznas.ops.notation import parse_program
from eznas.search.evaluated import Evaluated


def test_the_better_then_the_simpler_program_ranks_first():
    wt, absolute = parse_program("wt"), parse_program("abs(abs(wt))")
    good, same_but_longer, invalid = (
        Evaluated(wt, (-0.5,), 0.5, -1, "a"),
        Evaluated(absolute, (0.5,), 0.5, 1, "a"),
        Evaluated.invalid(wt),
    )
    assert sorted([invalid, same_but_longer, good], key=Evaluated.rank_key) == [good, same_but_longer, invalid]


def test_a_program_of_no_use_ranks_behind_every_other():
    wt, absolute = parse_program("wt"), parse_program("abs(wt)")
    poor, useless = Evaluated.of(wt, -100.0), Evaluated.of(absolute, math.nan)
    assert (poor.is_valid, useless.is_valid) == (True, False)
    assert sorted([useless, poor], key=Evaluated.rank_key) == [poor, useless]


def test_a_fitness_alone_makes_no_program_the_repeat_of_another():
    rankings = {Evaluated.of(parse_program(text), 0.5).ranking for text in ("wt", "abs(wt)", "wt")}
    assert len(rankings) == 2


def test_of_equals_the_one_that_lost_a_race_ranks_behind():
    wt, absolute = parse_program("wt"), parse_program("abs(wt)")
    lost, not_lost = Evaluated(wt, (), 0.5, 1, "a", lost=True), Evaluated(absolute, (0.5,), 0.5, 1, "b")
    assert sorted([lost, not_lost], key=Evaluated.rank_key) == [not_lost, lost]
    assert max([lost, not_lost], key=Evaluated.merit) == not_lost


def test_what_is_encoded_is_decoded():
    for one in (
        Evaluated(parse_program("exp(wt)"), (-0.5, 0.25), 0.25, -1, "a"),
        Evaluated(parse_program("exp(wt)"), (), 0.25, -1, "a", lost=True),
        Evaluated.of(parse_program("wt"), 2),
    ):
        assert Evaluated.decode(msgpack.unpackb(msgpack.packb(one.encode()))) == one
