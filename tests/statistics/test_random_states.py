import random
import threading

import numpy as np
import torch
from torch import nn

from eznas.statistics.collect import CollectionSettings, collect, make_inputs
from eznas.statistics.random_states import kept_random_states, seed_random_states


def states():
    return random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002 (it is what must not change)


def test_states_are_put_back_when_the_last_leaves():
    before = states()
    entered, leave = threading.Event(), threading.Event()

    def stay():
        with kept_random_states():
            entered.set()
            leave.wait()

    with kept_random_states():
        other = threading.Thread(target=stay)
        other.start()
        entered.wait()
        seed_random_states(2**40)
        random.random()
    assert states() != before
    leave.set()
    other.join()
    assert states() == before


def test_the_seed_decides_what_is_drawn():
    def draw(seed):
        with kept_random_states():
            seed_random_states(seed)
            return random.random(), np.random.rand()  # noqa: NPY002

    assert draw(3) == draw(3) != draw(4)


def test_a_network_that_draws_from_python_and_numpy_has_one_result_and_leaves_no_trace():
    class Drawing(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, x):
            return self.layer(x * (1 + random.random()) + np.random.rand())  # noqa: NPY002

    before = states()
    settings, inputs = CollectionSettings(unit="A-L-N"), make_inputs(torch.zeros(2, 3), 0)
    one, two = (collect(Drawing(), inputs, settings, seed=5) for _ in range(2))
    assert np.array_equal(one.values, two.values)
    assert not np.array_equal(one.values, collect(Drawing(), inputs, settings, seed=6).values)
    assert states() == before
