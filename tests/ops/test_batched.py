"""Every operation on units of equal shape at once: each unit has the result that the reference gives it alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_runner import run_kernel
from tensor_strategies import broadcasting_shapes, shapes, tensors

from eznas.ops import batched, reference
from eznas.ops.catalogue import OPERATIONS, ShapeRule
from eznas.ops.shape_check import ShapeError

UNITS = 3
FEW = settings(max_examples=20)
CONSTANT = [operation for operation in OPERATIONS if operation.name in {"ones_like", "zeros_like", "numel"}]
RATIOS = [operation for operation in OPERATIONS if operation.rule is ShapeRule.SCALAR_OF_GRAM]
OTHERS = [operation for operation in OPERATIONS if operation not in (*CONSTANT, *RATIOS)]
ANY_SHAPE = {ShapeRule.BROADCAST, ShapeRule.SCALAR, ShapeRule.SCALAR_OF_TWO}
DETERMINANTS = [operation for operation in OPERATIONS if operation.rule is ShapeRule.DETERMINANT]


def each(operation, *arguments):
    """The reference's results unit by unit, or None for shapes that it cannot take."""
    try:
        return torch.stack([reference.apply(operation.id, *unit) for unit in zip(*arguments, strict=True)])
    except ShapeError:
        return None


def assert_each_unit_has_its_own(operation, *arguments):
    arguments = [torch.from_numpy(argument) for argument in arguments]
    expected = each(operation, *arguments)
    if expected is None:
        return
    before = [argument.clone() for argument in arguments]
    actual = batched.apply(operation.id, *arguments)
    for argument, copy in zip(arguments, before, strict=True):
        torch.testing.assert_close(argument, copy, rtol=0, atol=0, equal_nan=True)
    assert actual.dtype == torch.float32
    # A product of matrices is summed in another order where there are many: cancelling terms leave a remainder.
    exact = operation.name != "matmul"
    tolerance = {"rtol": 1e-6, "atol": 0.0} if exact else {"rtol": 1e-5, "atol": _products(arguments)}
    torch.testing.assert_close(actual, expected, **tolerance, equal_nan=True)


def _products(arguments):
    sizes = [float(argument.abs().max()) for argument in arguments]
    return 1e-6 * arguments[0].shape[-1] * np.prod(sizes)


@pytest.mark.parametrize("operation", [one for one in OTHERS if one.arity == 1], ids=lambda one: one.name)
@FEW
@given(data=st.data())
def test_operations_of_one_argument(operation, data):
    shape = data.draw(shapes())
    assert_each_unit_has_its_own(operation, data.draw(tensors((UNITS, *shape))))


@pytest.mark.parametrize("operation", [one for one in OTHERS if one.arity == 2], ids=lambda one: one.name)
@FEW
@given(data=st.data())
def test_operations_of_two_arguments(operation, data):
    first, second = data.draw(broadcasting_shapes())
    awkward = 0.0 if operation.name == "matmul" else None
    drawn = (data.draw(tensors((UNITS, *shape), awkward)) for shape in (first, second))
    assert_each_unit_has_its_own(operation, *drawn)


@FEW
@given(data=st.data(), rows=st.integers(1, 5), inner=st.integers(1, 9), columns=st.integers(1, 5))
def test_matrix_products_broadcast_behind_the_units(data, rows, inner, columns):
    first, second = data.draw(broadcasting_shapes())
    a = data.draw(tensors((UNITS, *first[-2:], rows, inner), awkward=0.0))
    b = data.draw(tensors((UNITS, *second[-2:], inner, columns), awkward=0.0))
    matmul = next(operation for operation in OPERATIONS if operation.rule is ShapeRule.MATMUL)
    assert_each_unit_has_its_own(matmul, a, b)


@pytest.mark.parametrize("operation", DETERMINANTS, ids=lambda one: one.name)
@FEW
@given(data=st.data(), order=st.integers(1, 9))
def test_determinants_beside_singular_and_infinite_matrices(operation, data, order):
    leading = data.draw(shapes(most=2, length=3))
    a = data.draw(tensors((UNITS, *leading, order, order), awkward=0.0))
    a[0] = 0.0
    a[1].flat[0] = np.inf
    assert_each_unit_has_its_own(operation, a)


def test_more_matrices_than_are_factorised_at_once(monkeypatch):
    monkeypatch.setattr(batched, "_MATRICES", 5)
    a = np.random.default_rng(0).standard_normal((UNITS, 4, 3, 3)).astype(np.float32)
    for operation in DETERMINANTS:
        assert_each_unit_has_its_own(operation, a)


@pytest.mark.parametrize("operation", [*OTHERS, *RATIOS], ids=lambda one: one.name)
def test_units_as_rows_of_a_larger_array(operation):
    """As a block gives them: the elements of a unit are together, the units are not."""
    rows = torch.from_numpy(np.random.default_rng(1).standard_normal((UNITS, 50)).astype(np.float32))
    views = [rows[:, start : start + 16].view(UNITS, 1, 4, 4) for start in (3, 20)][: operation.arity]
    for actual, expected in zip(
        batched.apply(operation.id, *views),
        batched.apply(operation.id, *(view.contiguous() for view in views)),
        strict=True,
    ):
        torch.testing.assert_close(actual, expected, rtol=1e-6, atol=1e-6, equal_nan=True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("operation", [*OTHERS, *RATIOS], ids=lambda one: one.name)
def test_operations_on_a_gpu(operation):
    rng = np.random.default_rng(4)
    for shape in [(4, 4), (2, 3, 8, 8), (5, 40, 40), *([(), (7,), (3, 20000)] if operation.rule in ANY_SHAPE else [])]:
        arguments = [torch.from_numpy(rng.standard_normal((9, *shape), np.float32)) for _ in range(operation.arity)]
        arguments[0][0] = 0.0
        arguments[0][1].view(-1)[0] = torch.nan  # of the second unit, and no other may notice
        arguments[0][2].view(-1)[-1] = torch.inf
        actual = batched.apply(operation.id, *(argument.cuda() for argument in arguments))
        assert actual.is_cuda
        again = batched.apply(operation.id, *(argument.cuda() for argument in arguments))
        assert actual.cpu().numpy().tobytes() == again.cpu().numpy().tobytes()
        expected = each(operation, *arguments)
        from_unit = 0 if operation.rule is ShapeRule.BROADCAST else 3  # what an LU makes of NaN is not said
        if operation.rule is ShapeRule.SCALAR_OF_GRAM:
            assert actual[:3].isnan().all() or shape[0] == 1
        sizes = np.sqrt(shape[-1]) if operation.rule is ShapeRule.MATMUL else 0.0
        wide = operation.rule in {ShapeRule.DETERMINANT, ShapeRule.SCALAR_OF_GRAM}
        torch.testing.assert_close(
            actual.cpu()[from_unit:],
            expected[from_unit:],
            rtol=1e-3 if wide else 1e-5,
            atol=1e-3 * operation.name.startswith("log_") + 1e-5 * float(sizes) + 1e-6,
            equal_nan=True,
        )


@pytest.mark.parametrize("operation", RATIOS, ids=lambda one: one.name)
@pytest.mark.parametrize("threads", [1, 3])
def test_eigenvalue_ratios_are_those_of_the_kernels(operation, threads, monkeypatch):
    """Whole numbers have the same Gram matrix whatever the order of the sums; some of these are singular."""
    monkeypatch.setattr("eznas.ops.gram_ratios._FEWEST", 1)
    a = np.random.default_rng(2).integers(-3, 4, (20, 6, 2, 2)).astype(np.float32)
    a[5, 1] = np.nan
    a[6, 0, 0, 0] = np.inf
    a[7] = 0.0
    a[8, 1:] = a[8, :1]
    actual = batched.apply(operation.id, torch.from_numpy(a), threads=threads).numpy()
    np.testing.assert_array_equal(actual, [run_kernel(operation.id, unit) for unit in a])
    assert np.isnan(actual[[5, 6, 7]]).all()


@pytest.mark.parametrize("operation", CONSTANT, ids=lambda one: one.name)
def test_what_follows_from_shapes_alone(operation):
    for shape in [(), (3,), (2, 4, 1)]:
        result = reference.apply(operation.id, torch.full(shape, torch.nan))
        assert set(result.reshape(-1).tolist()) == {batched.constant(operation.id, shape)}


def test_every_other_operation_reads_its_arguments():
    assert [one for one in OPERATIONS if batched.constant(one.id, (2,)) is not None] == CONSTANT
