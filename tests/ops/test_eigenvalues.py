"""The two eigenvalue solvers: accuracy, LAPACK's order, and matrices that break careless iterations."""

import numpy as np
import pytest
import torch
from kernel_runner import run_kernel

from eznas.ops.catalogue import BY_NAME
from eznas.ops.general_eigenvalues import general_eigenvalue_ratio
from eznas.ops.symmetric_eigenvalues import symmetric_eigenvalue_ratio

EPSILON = 2.0**-23


def symmetric(matrix):
    """Eigenvalues of M + M^T in ascending order, from the workspace that the solver leaves them in."""
    n = len(matrix)
    workspace = np.empty(3 * n, np.float32)
    with np.errstate(all="ignore"):
        ratio = symmetric_eigenvalue_ratio(matrix.astype(np.float32).ravel().copy(), n, workspace)
    return np.sort(workspace[:n]), ratio


def general(matrix):
    n = len(matrix)
    workspace = np.empty(3 * n, np.float32)
    with np.errstate(all="ignore"):
        ratio = general_eigenvalue_ratio(matrix.astype(np.float32).ravel().copy(), n, workspace)
    return workspace[:n], ratio


def gram(rng, n, columns):
    rows = rng.standard_normal((n, columns))
    return rows @ rows.T


def some_matrices():
    rng = np.random.default_rng(0)
    for n in (2, 3, 5, 8, 16, 33, 64):
        yield f"random {n}", gram(rng, n, 3 * n)
        yield f"singular {n}", gram(rng, n, max(n // 2, 1))
        yield f"ones {n}", np.ones((n, n))
        yield f"identity {n}", np.eye(n)
        yield f"zero rows {n}", gram(rng, n, n) * np.outer(np.arange(n) % 3 > 0, np.arange(n) % 3 > 0)
        yield f"graded {n}", gram(rng, n, n) * np.outer(10.0 ** -(np.arange(n) % 7), 10.0 ** -(np.arange(n) % 7))
        yield f"signs {n}", np.sign(rng.standard_normal((n, n + 2))) @ np.sign(rng.standard_normal((n, n + 2))).T
        yield f"huge {n}", gram(rng, n, n) * 1e30
        yield f"tiny {n}", gram(rng, n, n) * 1e-30
    yield "zero", np.zeros((6, 6))
    yield "chain", np.diag(np.ones(31), 1) + np.diag(np.ones(31), -1)


MATRICES = dict(some_matrices())


@pytest.mark.parametrize("name", [name for name in MATRICES if not name.startswith("signs")])
def test_symmetric_eigenvalues_are_within_rounding_of_the_largest(name):
    matrix = MATRICES[name].astype(np.float32)
    exact = np.linalg.eigvalsh(2 * matrix.astype(np.float64))
    eigenvalues, ratio = symmetric(matrix)
    scale = np.abs(exact).max()
    if scale > 1e12 or 0 < scale < 1e-12:  # solved after scaling: the workspace holds scaled eigenvalues
        eigenvalues = eigenvalues * (scale / np.abs(eigenvalues).max())
    np.testing.assert_allclose(eigenvalues, exact, rtol=0, atol=2 * len(matrix) * EPSILON * scale)
    if exact[0] > 100 * len(matrix) * EPSILON * scale:
        assert ratio == pytest.approx(exact[-1] / exact[0], rel=1e-2)


@pytest.mark.parametrize("name", MATRICES)
def test_general_eigenvalues_are_within_rounding_of_the_largest(name):
    matrix = MATRICES[name].astype(np.float32)
    exact = np.sort(np.linalg.eigvals(matrix.astype(np.float64)).real)
    eigenvalues, _ = general(matrix)
    scale = np.abs(exact).max()
    if scale > 1e12 or 0 < scale < 1e-12:
        eigenvalues = eigenvalues * (scale / np.abs(eigenvalues).max())
    allowed = 2 * len(matrix) * EPSILON * scale
    if name.startswith("signs"):  # not symmetric: an eigenvalue may be far more sensitive than the matrix
        allowed = 0.02 * np.linalg.norm(matrix)
    np.testing.assert_allclose(np.sort(eigenvalues), exact, rtol=0, atol=allowed)


@pytest.mark.parametrize("n", [2, 3, 4, 6, 8, 12])
def test_the_general_order_is_that_of_lapack_for_clear_cases(n):
    rng = np.random.default_rng(n)
    agreeing = 0
    for _ in range(20):
        matrix = gram(rng, n, 9 * n).astype(np.float32)
        expected = torch.linalg.eigvals(torch.from_numpy(matrix)).real.numpy()
        eigenvalues, ratio = general(matrix)
        close = np.allclose(eigenvalues[[0, -1]], expected[[0, -1]], rtol=1e-3)
        agreeing += close
        if close:
            assert ratio == pytest.approx(expected[-1] / expected[0], rel=1e-3)
    assert agreeing >= 18  # two correct solvers of this kind differ now and then by a rounding error's decision


@pytest.mark.parametrize("name", ["sym_eig_ratio", "eig_ratio"])
def test_a_single_row_has_ratio_one_unless_its_square_is_zero_or_not_finite(name):
    operation = BY_NAME[name].id
    for value, expected in ((3.0, 1.0), (0.0, np.nan), (1e-30, np.nan), (1e30, np.nan), (np.inf, np.nan)):
        np.testing.assert_array_equal(run_kernel(operation, np.full((1, 5), value, np.float32)), np.float32(expected))


@pytest.mark.parametrize("name", ["sym_eig_ratio", "eig_ratio"])
@pytest.mark.parametrize("n", [2, 3, 7, 20])
def test_entries_that_are_not_finite_give_nan(name, n):
    for value in (np.nan, np.inf, -np.inf, 3e38):
        matrix = np.eye(n, dtype=np.float32)
        matrix[n - 1, 0] = value
        assert np.isnan(run_kernel(BY_NAME[name].id, matrix))


def test_ratios_at_the_ends_of_the_range():
    diagonal = np.diag([2.0, 1.0]).astype(np.float32)
    for size in (1e-18, 1e-10, 1.0, 1e10, 4e18):
        assert run_kernel(BY_NAME["sym_eig_ratio"].id, diagonal * np.float32(size)) == pytest.approx(4, rel=1e-4)
        assert run_kernel(BY_NAME["eig_ratio"].id, diagonal * np.float32(size)) == pytest.approx(0.25, rel=1e-4)


@pytest.mark.parametrize("scale", [1e-38, 1e-20, 1.0, 1e18])
def test_no_iteration_runs_for_ever(scale):
    rng = np.random.default_rng(3)
    for n in (3, 10, 30):
        for _ in range(5):
            matrix = (rng.standard_normal((n, n)) * 10.0 ** rng.integers(-20, 20, (n, n)) * scale).astype(np.float32)
            matrix = np.where(np.isfinite(matrix), matrix, 0)
            general(matrix)
            symmetric(matrix + matrix.T)
        shift = np.roll(np.eye(n), 1, axis=0) * scale  # all eigenvalues on one circle: needs the exceptional shifts
        eigenvalues, _ = general(shift)
        assert np.isfinite(eigenvalues).all()
