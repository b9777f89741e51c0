"""Eigenvalues of a symmetric matrix: those of LAPACK's general solver, where it puts them."""

import numpy as np
import pytest
import torch

from eznas.ops.kernels.lapack import general_eigenvalues, lapack_workspace
from eznas.ops.kernels.symmetric_eigenvalues import eigenvalues_in_general_order

EPSILON = 2.0**-23


def found_by(routine, matrix):
    n = len(matrix)
    eigenvalues, workspace = np.full(n, np.nan, np.float32), np.full(lapack_workspace(n), np.nan, np.float32)
    assert routine(matrix.astype(np.float32).ravel(), n, eigenvalues, workspace)
    return eigenvalues


def gram(rng, n, columns):
    rows = rng.standard_normal((n, columns)).astype(np.float32).astype(np.float64)
    return rows @ rows.T


def singular_matrices():
    """Gram matrices of rank 1, 2 and less than half, as saturated activations and repeated channels give them."""
    rng = np.random.default_rng(0)
    for n in (4, 9, 16, 32):
        yield f"ones {n}", np.ones((n, n))
        yield f"nearly constant {n}", np.full((n, n), n) + 1e-6 * gram(rng, n, n)
        yield f"rank 1 {n}", gram(rng, n, 1)
        yield f"rank 2 {n}", gram(rng, n, 2)
        yield f"half {n}", gram(rng, n, n // 2)
        yield f"repeated rows {n}", gram(rng, n, n).repeat(2, 0).repeat(2, 1)


SINGULAR = dict(singular_matrices())


@pytest.mark.parametrize("n", [3, 4, 5, 8, 9, 12, 16, 27, 32, 64, 75])
def test_the_first_and_the_last_eigenvalue_are_lapacks_and_pytorchs(n):
    rng = np.random.default_rng(n)
    as_lapack = as_pytorch = lapack_as_pytorch = 0
    for _ in range(20):
        matrix = gram(rng, n, 2 * n)
        ours, lapacks = found_by(eigenvalues_in_general_order, matrix), found_by(general_eigenvalues, matrix)
        pytorchs = torch.linalg.eigvals(torch.from_numpy(matrix.astype(np.float32))).real.numpy()
        allowed = 4 * n * EPSILON * lapacks.max()
        np.testing.assert_allclose(np.sort(ours), np.sort(lapacks), rtol=0, atol=allowed)
        ends = [found[[0, -1]] for found in (ours, lapacks, pytorchs)]
        as_lapack += np.allclose(ends[0], ends[1], rtol=0, atol=allowed)
        as_pytorch += np.allclose(ends[0], ends[2], rtol=0, atol=allowed)
        lapack_as_pytorch += np.allclose(ends[1], ends[2], rtol=0, atol=allowed)
    # Now and then rounding decides which of two is found first, by any two solvers.
    assert as_lapack >= 19
    assert as_pytorch >= lapack_as_pytorch - 1 >= 18


@pytest.mark.parametrize("name", SINGULAR)
def test_eigenvalues_of_singular_matrices_are_within_rounding_of_the_largest(name):
    matrix = SINGULAR[name].astype(np.float32)
    exact = np.linalg.eigvalsh(matrix.astype(np.float64))
    ours = found_by(eigenvalues_in_general_order, matrix)
    np.testing.assert_allclose(np.sort(ours), exact, rtol=0, atol=4 * len(matrix) * EPSILON * np.abs(exact).max())


def test_the_zero_of_a_singular_matrix_is_zero_about_as_often_as_lapacks():
    """A ratio over it is infinite, and its program invalid."""
    rng = np.random.default_rng(0)
    ours = theirs = 0
    for _ in range(60):
        matrix = gram(rng, 16, 1)
        ours += found_by(eigenvalues_in_general_order, matrix)[0] == 0
        theirs += found_by(general_eigenvalues, matrix)[0] == 0
    assert theirs > 30
    assert abs(ours - theirs) < 15


@pytest.mark.parametrize(
    "matrix",
    [
        np.array([[4.0]]),
        gram(np.random.default_rng(0), 2, 1),
        gram(np.random.default_rng(0), 2, 5),
        gram(np.random.default_rng(0), 80, 160),
        np.diag([3.0, 1.0, 2.0, 5.0]),
        np.zeros((5, 5)),
        np.pad(gram(np.random.default_rng(0), 4, 8), ((1, 2), (1, 2))),
        gram(np.random.default_rng(0), 5, 10) * 1e20,
        gram(np.random.default_rng(0), 5, 10) * 1e-20,
    ],
    ids=["1", "2 of rank 1", "2", "80", "diagonal", "zero", "lone rows", "huge", "tiny"],
)
def test_what_lapack_treats_in_ways_of_its_own_has_its_very_bits(matrix):
    ours, theirs = (found_by(one, matrix) for one in (eigenvalues_in_general_order, general_eigenvalues))
    np.testing.assert_array_equal(ours, theirs)


def test_a_graded_matrix_and_a_chain():
    rng = np.random.default_rng(0)
    sizes = 10.0 ** -(np.arange(20) % 6)
    chain = np.diag(np.ones(31), 1) + np.diag(np.ones(31), -1)
    for matrix in (gram(rng, 20, 40) * np.outer(sizes, sizes), chain):
        exact = np.linalg.eigvalsh(matrix.astype(np.float32).astype(np.float64))
        ours = found_by(eigenvalues_in_general_order, matrix)
        np.testing.assert_allclose(np.sort(ours), exact, rtol=0, atol=1e-5 * np.abs(exact).max())


def test_a_tiny_block_of_two_has_its_eigenvalues():
    """As the last one of a larger matrix: LAPACK has another formula there."""
    matrix = np.eye(4) + 0.5 * np.diag([1.0, 0.0, 0.0], 1) + 0.5 * np.diag([1.0, 0.0, 0.0], -1)
    matrix[2:, 2:] = np.array([[3e-8, 1e-8], [1e-8, 3e-8]])
    ours, theirs = (found_by(one, matrix) for one in (eigenvalues_in_general_order, general_eigenvalues))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    np.testing.assert_allclose(np.sort(ours), [2e-8, 4e-8, 0.5, 1.5], rtol=1e-5)
