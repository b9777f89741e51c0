"""The two eigenvalue ratios: LAPACK's eigenvalues and order, and what is no matrix to have any."""

import numpy as np
import pytest
import torch
from kernel_runner import run_kernel

from eznas.ops.catalogue import BY_NAME
from eznas.ops.kernels.lapack import general_eigenvalues, lapack_workspace, symmetric_eigenvalues

EPSILON = 2.0**-23
SYM_EIG_RATIO, EIG_RATIO = BY_NAME["sym_eig_ratio"].id, BY_NAME["eig_ratio"].id


def eigenvalues_by(routine, matrix):
    """The eigenvalues in LAPACK's order, from a column-major matrix."""
    n = len(matrix)
    eigenvalues, workspace = np.full(n, np.nan, np.float32), np.full(lapack_workspace(n), np.nan, np.float32)
    assert routine(matrix.T.astype(np.float32).ravel(), n, eigenvalues, workspace)
    return eigenvalues


def gram(rng, n, columns):
    rows = rng.standard_normal((n, columns))
    return rows @ rows.T


def some_matrices():
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 5, 8, 16, 33, 64, 200):
        yield f"random {n}", gram(rng, n, 3 * n)
        yield f"singular {n}", gram(rng, n, max(n // 2, 1))
        yield f"ones {n}", np.ones((n, n))
        yield f"identity {n}", np.eye(n)
        yield f"zero rows {n}", gram(rng, n, n) * np.outer(np.arange(n) % 3 > 0, np.arange(n) % 3 > 0)
        yield f"graded {n}", gram(rng, n, n) * np.outer(10.0 ** -(np.arange(n) % 7), 10.0 ** -(np.arange(n) % 7))
        yield f"huge {n}", gram(rng, n, n) * 1e30
        yield f"tiny {n}", gram(rng, n, n) * 1e-30
    yield "zero", np.zeros((6, 6))
    yield "chain", np.diag(np.ones(31), 1) + np.diag(np.ones(31), -1)


MATRICES = dict(some_matrices())


@pytest.mark.parametrize("name", MATRICES)
def test_eigenvalues_are_within_rounding_of_the_largest(name):
    matrix = MATRICES[name].astype(np.float32)
    exact = np.linalg.eigvalsh(matrix.astype(np.float64))
    allowed = 2 * len(matrix) * EPSILON * np.abs(exact).max()
    symmetric = eigenvalues_by(symmetric_eigenvalues, matrix)
    general = eigenvalues_by(general_eigenvalues, matrix)
    if name.startswith(("huge", "tiny")):  # sgeev of some LAPACKs scales such a matrix, and leaves its eigenvalues so
        general *= np.abs(exact).max() / np.abs(general).max()
    assert np.all(np.diff(symmetric) >= 0)
    np.testing.assert_allclose(symmetric, exact, rtol=0, atol=allowed)
    np.testing.assert_allclose(np.sort(general), exact, rtol=0, atol=allowed)


def test_a_matrix_that_is_not_symmetric_is_read_column_by_column_and_gives_real_parts():
    matrix = np.array([[1.0, 5.0, 0.0], [0.0, 2.0, -3.0], [0.0, 3.0, 2.0]])  # 1 and 2 +- 3i
    np.testing.assert_allclose(eigenvalues_by(general_eigenvalues, matrix), [1, 2, 2], rtol=1e-5)
    np.testing.assert_allclose(eigenvalues_by(general_eigenvalues, matrix.T)[[0, -1]], [2, 1], rtol=1e-5)


@pytest.mark.parametrize("n", [2, 3, 4, 6, 8, 12, 40])
def test_ratios_are_those_of_pytorch_for_matrices_of_full_rank(n):
    rng = np.random.default_rng(n)
    agreeing = 0
    for _ in range(60):
        a = rng.standard_normal((n, 3, 3 * n)).astype(np.float32)
        product = torch.from_numpy(a.reshape(n, -1)) @ torch.from_numpy(a.reshape(n, -1)).T
        ascending = torch.linalg.eigvalsh(product + product.T).numpy()
        assert run_kernel(SYM_EIG_RATIO, a) == pytest.approx(ascending[-1] / ascending[0], rel=1e-3)
        unsorted = torch.linalg.eigvals(product).real.numpy()
        agreeing += abs(run_kernel(EIG_RATIO, a) / (unsorted[-1] / unsorted[0]) - 1) < 1e-3
    assert agreeing >= 56  # rounding decides now and then: LAPACK agrees in 57 to 60


@pytest.mark.parametrize("operation", [SYM_EIG_RATIO, EIG_RATIO])
def test_a_single_row_has_ratio_one_unless_its_square_is_zero_or_not_finite(operation):
    for value, expected in ((3.0, 1.0), (0.0, np.nan), (1e-30, np.nan), (1e30, np.nan), (np.inf, np.nan)):
        np.testing.assert_array_equal(run_kernel(operation, np.full((1, 5), value, np.float32)), np.float32(expected))


@pytest.mark.parametrize("operation", [SYM_EIG_RATIO, EIG_RATIO])
@pytest.mark.parametrize("n", [2, 3, 7, 20])
def test_entries_that_are_not_finite_give_nan(operation, n):
    for value in (np.nan, np.inf, -np.inf, 3e38):
        matrix = np.eye(n, dtype=np.float32)
        matrix[n - 1, 0] = value
        assert np.isnan(run_kernel(operation, matrix))


def test_ratios_at_the_ends_of_the_range():
    diagonal = np.diag([2.0, 1.0]).astype(np.float32)
    for size in (1e-18, 1e-10, 1.0, 1e10, 4e18):
        assert run_kernel(SYM_EIG_RATIO, diagonal * np.float32(size)) == pytest.approx(4, rel=1e-4)
        assert run_kernel(EIG_RATIO, diagonal * np.float32(size)) == pytest.approx(0.25, rel=1e-4)
