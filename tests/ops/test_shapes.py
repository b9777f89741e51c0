"""Shapes: the interpreter's inference against PyTorch and against the reference."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tensor_strategies import shapes

from eznas.ops.catalogue import BY_NAME, OPERATIONS
from eznas.ops.limits import MAXIMUM_ELEMENTS
from eznas.ops.reference import apply
from eznas.ops.shape_check import ShapeError
from eznas.ops.shapes import result_shape

SUM, MATMUL, HAMMING, COSINE, KL = (
    BY_NAME[name].id for name in ("sum", "matmul", "hamming_distance", "cosine_similarity", "kl_divergence")
)


def reference_shape(operation, *argument_shapes):
    try:
        return tuple(apply(operation.id, *(torch.zeros(shape) for shape in argument_shapes)).shape)
    except ShapeError:
        return None


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
@given(data=st.data())
@settings(deadline=None, derandomize=True, max_examples=60)
def test_shapes_and_their_absence_are_those_of_the_reference(operation, data):
    lengths = data.draw(st.sampled_from([1, 2, 4]))
    argument_shapes = [data.draw(shapes(length=lengths)) for _ in range(operation.arity)]
    assert result_shape(operation.id, *argument_shapes) == reference_shape(operation, *argument_shapes)


@given(first=shapes(length=3), second=shapes(length=3))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_broadcasting_and_matrix_products_are_those_of_torch(first, second):
    for operation, function in ((SUM, torch.add), (MATMUL, torch.matmul)):
        try:
            expected = tuple(function(torch.zeros(first), torch.zeros(second)).shape)
        except RuntimeError:
            expected = None
        if operation == MATMUL and min(len(first), len(second)) < 2:
            expected = None  # vectors are no matrices here
        assert result_shape(operation, first, second) == expected


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_no_operation_takes_a_tensor_without_elements(operation):
    empty = [(0, 2), (0, 2)][: operation.arity]
    assert result_shape(operation.id, *empty) is None
    assert reference_shape(operation, *empty) is None


@pytest.mark.parametrize(
    ("operation", "fits", "too_large"),
    [
        ("sum", [(2**12, 1), (1, 2**12)], [(2**12, 1), (1, 2**12 + 1)]),
        ("hamming_distance", [(2**12, 1), (1, 2**12)], [(2**12, 1), (1, 2**12 + 1)]),
        ("cosine_similarity", [(2**12, 1), (1, 2**12)], [(2**12, 1), (1, 2, 2**11 + 1)]),
        ("kl_divergence", [(2**12, 1), (1, 2**12)], [(2**12, 1), (1, 2**12 + 1)]),
        ("matmul", [(2**12, 1), (1, 2**12)], [(2**12, 1), (1, 2**12 + 1)]),
        ("matmul", [(2**6, 1, 2**6, 1), (2**6, 1, 2**6)], [(2**6, 1, 2**6, 1), (2**6, 1, 2**6 + 1)]),
        ("sym_eig_ratio", [(2**12, 1)], [(2**12 + 1, 1)]),
        ("eig_ratio", [(2**12, 1)], [(2**12 + 1, 1)]),
        ("abs", [(2**24,)], [(2**24 + 1,)]),
    ],
)
def test_the_limit_on_elements(operation, fits, too_large):
    number = BY_NAME[operation].id
    assert MAXIMUM_ELEMENTS == 2**24
    assert result_shape(number, *fits) is not None
    assert result_shape(number, *too_large) is None
    with pytest.raises(ShapeError):
        apply(number, *(torch.zeros(()).expand(shape) for shape in too_large))


def test_lengths_whose_product_passes_64_bits_are_refused():
    assert result_shape(SUM, (2**24, 1, 1, 1), (1, 2**24, 1, 1)) is None
    assert result_shape(MATMUL, (2**12, 1, 2**12, 1), (1, 2**12, 1, 2**12)) is None
    assert result_shape(COSINE, (2**24,), (1, 2**12, 2**12)) is None
    assert result_shape(KL, (2**24, 1, 1), (2**12, 2**12)) is None
    assert result_shape(HAMMING, (2**24, 1, 1), (2**12, 2**12)) is None


def test_result_shape_is_made_of_plain_integers():
    shape = result_shape(SUM, (2, 1), (1, 3))
    assert shape == (2, 3)
    assert all(type(length) is int for length in shape)
    assert not np.ndim(shape[0])
