import threading

import numpy as np
import pytest

from eznas.system.rounding import rounding_up


def third():
    return float(np.float64(1.0) / np.float64(3.0)), float(np.float32(1.0) / np.float32(3.0))


def test_results_are_rounded_up_inside_and_to_the_nearest_outside():
    nearest = third()
    with rounding_up():
        upward = third()
        exact = float(np.float64(1.0) / np.float64(4.0))
    assert upward[0] == np.nextafter(nearest[0], 1.0)  # the nearest one is below a third
    assert upward[1] >= nearest[1]
    assert exact == 0.25
    assert third() == nearest


def test_an_error_ends_it():
    nearest = third()
    with pytest.raises(KeyError), rounding_up():
        raise KeyError
    assert third() == nearest


def test_a_thread_that_was_there_rounds_as_ever():
    nearest, seen = third(), []
    inside, done = threading.Event(), threading.Event()

    def compute():
        inside.wait()
        seen.append(third())
        done.set()

    thread = threading.Thread(target=compute)
    thread.start()
    with rounding_up():
        inside.set()
        done.wait()
    thread.join()
    assert seen == [nearest]
