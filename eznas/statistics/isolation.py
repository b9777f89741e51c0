"""Process-wide PyTorch settings, held still while statistics are collected and put back afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, Self

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from torch import Tensor

_RANDOM_NAMES: Final = (
    "alpha_dropout",
    "alpha_dropout_",
    "bernoulli",
    "bernoulli_",
    "cauchy_",
    "dropout",
    "dropout_",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "exponential_",
    "feature_alpha_dropout",
    "feature_alpha_dropout_",
    "feature_dropout",
    "feature_dropout_",
    "fractional_max_pool2d",
    "fractional_max_pool3d",
    "geometric_",
    "gumbel_softmax",
    "log_normal_",
    "multi_head_attention_forward",
    "multinomial",
    "native_dropout",
    "normal",
    "normal_",
    "poisson",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "random_",
    "randperm",
    "rrelu",
    "rrelu_",
    "scaled_dot_product_attention",
    "uniform_",
)

RANDOM_FUNCTIONS: Final = frozenset(
    getattr(namespace, name)
    for namespace in (torch, Tensor, F, torch.nn.init)
    for name in _RANDOM_NAMES
    if hasattr(namespace, name)
)
"""The functions that draw from PyTorch's global random state, as a TorchFunctionMode sees them."""

_RANDOM_LOCK = threading.Lock()


class PrivateRandomness:
    """Dropout and the like inside one pass: seeded, alone in the process, and without trace in the user's random state.

    PyTorch has one global generator for all threads. A network that never draws from it, as most do not, pays nothing;
    from the first draw to the end of the pass, others that draw must wait.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self._seed = seed
        self._device = device
        self._stack = ExitStack()
        self._begun = False

    def begin(self) -> None:
        """Seed the global generators, once per pass; called before a random function runs."""
        if self._begun:
            return
        self._begun = True
        self._stack.enter_context(_RANDOM_LOCK)
        is_cuda = self._device.type == "cuda"
        self._stack.enter_context(torch.random.fork_rng(devices=[self._device] if is_cuda else []))
        torch.default_generator.manual_seed(self._seed)
        if is_cuda:
            with torch.cuda.device(self._device):
                torch.cuda.manual_seed(self._seed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()


_SETTINGS_LOCK = threading.Lock()
_depth = threading.local()
_threads_inside = 0
_saved: dict[str, Any] = {}


@contextmanager
def reproducible_kernels() -> Iterator[None]:
    """Let the kernels of the calling thread give the same bits on any number of cores, inside the `with` block.

    One intra-op thread (parallelism is over networks), deterministic cuDNN kernels, no TensorFloat-32. May be nested
    and may be entered in many threads at once; the settings are put back when the last thread leaves.
    """
    global _threads_inside  # noqa: PLW0603 (the settings are global, too)
    _depth.value = getattr(_depth, "value", 0) + 1
    if _depth.value == 1:
        with _SETTINGS_LOCK:
            # Asking first matters: a thread that never asked takes the process's number at its first operation,
            # which by then another thread may have put back.
            threads = torch.get_num_threads()
            if _threads_inside == 0:
                _saved["threads"] = threads
                _saved["cudnn"] = _cudnn_settings()
                _set_cudnn(deterministic=True, benchmark=False, convolution_tf32=False, matmul_tf32=False)
            _threads_inside += 1
            torch.set_num_threads(1)
    try:
        yield
    finally:
        _depth.value -= 1
        if _depth.value == 0:
            with _SETTINGS_LOCK:
                _threads_inside -= 1
                # PyTorch keeps the number per thread, and as the default of new threads: each thread puts it back.
                torch.set_num_threads(_saved["threads"])
                if _threads_inside == 0:
                    _set_cudnn(**_saved["cudnn"])


def _cudnn_settings() -> dict[str, bool]:
    return {
        "deterministic": torch.backends.cudnn.deterministic,
        "benchmark": torch.backends.cudnn.benchmark,
        "convolution_tf32": torch.backends.cudnn.allow_tf32,
        "matmul_tf32": torch.backends.cuda.matmul.allow_tf32,
    }


def _set_cudnn(*, deterministic: bool, benchmark: bool, convolution_tf32: bool, matmul_tf32: bool) -> None:
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cudnn.benchmark = benchmark
    torch.backends.cudnn.allow_tf32 = convolution_tf32
    torch.backends.cuda.matmul.allow_tf32 = matmul_tf32
