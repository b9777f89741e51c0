from __future__ import annotations

import numpy as np
import pytest
import torch

from eznas.api import batch
from eznas.api.batch import passes_of
from eznas.errors import EznasError


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            (10**5, 3, 10**5, 10**5),
            "shape 100000x3x100000x100000, which takes 36,000,000 GB in the three passes",
        ),
        ((1,) * 70, "cannot be drawn .maximum supported dimension"),
    ],
)
def test_a_shape_that_no_array_can_have_is_refused_in_a_sentence(shape, message):
    with pytest.raises(EznasError, match=message):
        passes_of(shape, 0)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (torch.zeros(2, 3, device="meta"), "a tensor that is on the meta device: give a dense one"),
        ({"x": torch.zeros(2, 3).to_sparse()}, "has the layout torch.sparse_coo: give a dense one"),
        ((torch.zeros(2), np.array([1.0, np.nan])), r"have 1 NaN among the 2 numbers of a tensor of shape \(2,\)"),
        (lambda _rng: torch.full((2, 3), torch.nan), "^The inputs have 6 NaN among the 6 numbers"),
        (lambda _rng: (2, 0), "^The inputs are"),
    ],
)
def test_tensors_without_numbers_are_refused_in_a_sentence(batch, message):
    with pytest.raises(EznasError, match=message):
        passes_of(batch, 0)


def test_infinities_may_be_those_of_a_mask():
    mask = torch.zeros(2, 2).masked_fill(torch.ones(2, 2).triu(1).bool(), -torch.inf)
    assert torch.equal(passes_of((mask, torch.zeros(2, 2)), 0).data[0], mask)


def test_the_three_passes_have_to_fit_into_memory(monkeypatch):
    monkeypatch.setattr(batch, "physical_memory_bytes", lambda: 3 * 4 * 6)
    assert passes_of((2, 3), 0).noise.shape == (2, 3)
    with pytest.raises(EznasError, match="give a smaller batch"):
        passes_of((1, 7), 0)


def test_what_is_free_may_be_less_than_what_there_is(monkeypatch):
    class Drawing:
        def standard_normal(self, *_, **__):
            raise MemoryError("Unable to allocate")

    monkeypatch.setattr(batch.seeds, "generator", lambda *_: Drawing())
    with pytest.raises(EznasError, match="Unable to allocate"):
        passes_of((2, 3), 0)
