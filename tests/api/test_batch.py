from __future__ import annotations

import pytest

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
