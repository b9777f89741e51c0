import threading

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)

from eznas.statistics.isolation import RANDOM_FUNCTIONS, PrivateRandomness, reproducible_kernels

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def in_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


class TestReproducibleKernels:
    def test_one_thread_inside_and_the_old_number_afterwards(self):
        with reproducible_kernels():
            assert torch.get_num_threads() == 1
            with reproducible_kernels():
                assert torch.get_num_threads() == 1
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        assert in_thread(torch.get_num_threads) == 2

    def test_put_back_after_an_error(self):
        with pytest.raises(ValueError, match="x"), reproducible_kernels():
            raise ValueError("x")
        assert torch.get_num_threads() == 2

    def test_a_thread_that_leaves_does_not_disturb_those_inside(self):
        inside, left = threading.Event(), threading.Event()

        def work():
            with reproducible_kernels():
                inside.set()
                left.wait()
                torch.ones(4).exp()  # a new thread takes the process's number at its first operation
                return torch.get_num_threads()

        def enter_and_leave():
            inside.wait()
            with reproducible_kernels():
                pass
            left.set()

        other = threading.Thread(target=enter_and_leave)
        other.start()
        assert in_thread(work) == 1
        other.join()
        assert in_thread(torch.get_num_threads) == 2

    def test_cudnn_settings_are_put_back_when_the_last_leaves(self):
        flags = torch.backends.cudnn
        before = (flags.deterministic, flags.benchmark, flags.allow_tf32, torch.backends.cuda.matmul.allow_tf32)
        flags.benchmark = True
        try:
            with reproducible_kernels():
                assert flags.deterministic
                assert not flags.benchmark
                assert not flags.allow_tf32
            assert flags.benchmark
        finally:
            flags.benchmark = before[1]
        assert before == (flags.deterministic, flags.benchmark, flags.allow_tf32, torch.backends.cuda.matmul.allow_tf32)


class TestPrivateRandomness:
    def draw(self, seed):
        with PrivateRandomness(seed, CPU) as randomness:
            randomness.begin()
            randomness.begin()
            return torch.rand(3).tolist()

    def test_the_seed_decides_and_the_global_state_is_put_back(self):
        state = torch.get_rng_state()
        assert self.draw(1) == self.draw(1) != self.draw(2)
        assert torch.equal(torch.get_rng_state(), state)

    def test_nothing_happens_unless_it_begins(self):
        state = torch.get_rng_state()
        with PrivateRandomness(1, CPU):
            torch.rand(1)
        assert not torch.equal(torch.get_rng_state(), state)
        torch.set_rng_state(state)

    def test_one_at_a_time(self):
        with PrivateRandomness(1, CPU) as first:
            first.begin()
            expected = torch.rand(2).tolist()
        started = threading.Event()

        def other():
            started.set()
            return self.draw(3)

        with PrivateRandomness(1, CPU) as first:
            first.begin()
            thread = threading.Thread(target=other)
            thread.start()
            started.wait()
            thread.join(timeout=0.05)
            assert thread.is_alive()  # waits for its turn
            assert torch.rand(2).tolist() == expected
        thread.join()


def test_random_functions_are_known_by_module_method_and_function():
    assert {F.dropout, torch.rand, torch.Tensor.bernoulli_, torch.nn.init.normal_, torch.randn_like} <= RANDOM_FUNCTIONS
    assert torch.relu not in RANDOM_FUNCTIONS
