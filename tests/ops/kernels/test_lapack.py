"""LAPACK from compiled code: from numba's cache in another process, and with one thread whatever BLAS is set to."""

import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from eznas.ops.catalogue import BY_NAME
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.jit import JIT_DISABLED
from eznas.ops.kernels.lapack import one_blas_thread
from eznas.ops.plan import Plan
from eznas.ops.program import ProgramBuilder
from eznas.terminals import TERMINAL_COUNT

BLAS = ThreadpoolController().select(user_api="blas")


def threads():
    return [library["num_threads"] for library in BLAS.info()]


def test_blas_has_one_thread_while_any_thread_is_inside_and_then_as_many_as_before():
    with BLAS.limit(limits=2):
        before = threads()
        with one_blas_thread, one_blas_thread:
            assert set(threads()) <= {1}
        with one_blas_thread:
            with one_blas_thread:
                pass
            assert set(threads()) <= {1}
        assert threads() == before


def test_an_error_inside_gives_the_threads_back():
    with BLAS.limit(limits=2):
        before = threads()
        with pytest.raises(KeyError), one_blas_thread:
            raise KeyError
        assert threads() == before


@pytest.mark.parametrize("name", ["sym_eig_ratio", "eig_ratio"])
def test_the_ratio_of_a_large_singular_matrix_does_not_depend_on_the_threads(name):
    # Of this order, BLAS with two threads adds in another order, and the smallest eigenvalue is what rounding leaves.
    rows = np.random.default_rng(0).standard_normal((256, 128)).astype(np.float32)
    builder = ProgramBuilder()
    plan = Plan.of([builder.build(builder.apply(BY_NAME[name].id, 0))])
    offsets = np.full((1, TERMINAL_COUNT), -1)
    offsets[0, 0] = 0
    shapes = np.tile(np.array([256, 128, 1, 1]), (1, TERMINAL_COUNT, 1))
    nothing = np.zeros((1, 0), np.float32), np.zeros((1, 0), np.bool_)

    def ratio(_index=0):
        axes = np.full((1, TERMINAL_COUNT), 2)
        return evaluate_plan(plan, rows.ravel(), offsets, shapes, axes, *nothing, "mean")[0].tobytes()

    found = set()
    for count in (1, 2):
        with BLAS.limit(limits=count):
            found.add(ratio())
    with BLAS.limit(limits=2), ThreadPoolExecutor(4) as pool:
        found |= set(pool.map(ratio, range(8)))
    assert len(found) == 1


@pytest.mark.skipif(JIT_DISABLED, reason="nothing is compiled")
def test_a_cached_kernel_finds_lapack_in_another_process(tmp_path):
    # The address of a routine differs from process to process: the cache may hold its name only.
    script = textwrap.dedent("""
        import numpy as np
        from eznas.ops.kernels.lapack import lapack_workspace, symmetric_eigenvalues
        eigenvalues = np.zeros(2, np.float32)
        matrix = np.array([2, 1, 1, 2], np.float32)
        assert symmetric_eigenvalues(matrix, 2, eigenvalues, np.zeros(lapack_workspace(2), np.float32))
        print(eigenvalues.round(4).tolist(), sum(symmetric_eigenvalues.stats.cache_hits.values()))
    """)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    outputs = [
        subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True)
        for _ in range(2)
    ]
    assert [output.stdout.split("] ") for output in outputs] == [["[1.0, 3.0", "0\n"], ["[1.0, 3.0", "1\n"]]
