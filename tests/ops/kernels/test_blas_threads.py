"""BLAS has one thread inside, in whichever threads, and is left as it was found."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from eznas.ops.catalogue import BY_NAME
from eznas.ops.interpreter import evaluate_plan
from eznas.ops.kernels.blas_threads import one_blas_thread
from eznas.ops.plan import Plan
from eznas.ops.program import ProgramBuilder
from eznas.terminals import TERMINAL_COUNT

BLAS = ThreadpoolController().select(user_api="blas")


def threads():
    return [library["num_threads"] for library in BLAS.info()]


def test_blas_has_one_thread_while_any_thread_is_inside_and_then_as_many_as_before():
    with BLAS.limit(limits=2):
        before = threads()
        with one_blas_thread(), one_blas_thread():
            assert set(threads()) <= {1}
        with one_blas_thread():
            with one_blas_thread():
                pass
            assert set(threads()) <= {1}
        assert threads() == before


def test_threads_that_leave_one_after_another_are_all_limited():
    entered, left = Barrier(3), Event()

    def inside(stays):
        with one_blas_thread():
            entered.wait()
            if stays:
                left.wait()
            return threads()

    with BLAS.limit(limits=2), ThreadPoolExecutor(2) as pool:
        before = threads()
        first, last = pool.submit(inside, False), pool.submit(inside, True)
        entered.wait()
        assert set(first.result()) <= {1}
        left.set()
        assert set(last.result()) <= {1}
        assert threads() == before


def test_an_error_inside_gives_the_threads_back():
    with BLAS.limit(limits=2):
        before = threads()
        with pytest.raises(KeyError), one_blas_thread():
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

    def ratio(_index=0):
        axes = np.full((1, TERMINAL_COUNT), 2)
        return evaluate_plan(plan, rows.ravel(), offsets, shapes, axes, "mean").numbers.tobytes()

    found = set()
    for count in (1, 2):
        with BLAS.limit(limits=count):
            found.add(ratio())
    with BLAS.limit(limits=2), ThreadPoolExecutor(4) as pool:
        found |= set(pool.map(ratio, range(8)))
    assert len(found) == 1
