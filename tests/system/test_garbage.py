from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import gc
from eznas.system.processes import allow_processes
allow_processes({own})
from eznas.scoring import kernel_loading
kernel_loading._load = lambda: None
kernel_loading.begin = lambda *_: None
kernel_loading.load_kernels()
frozen = gc.get_freeze_count()
kept = [[] for _ in range(1000)]
kernel_loading.load_kernels()
print(frozen, gc.get_freeze_count() - frozen)
"""


@pytest.mark.parametrize("own", [True, False])
def test_the_program_passes_over_its_libraries_once_and_a_library_leaves_that_to_its_user(own):
    done = subprocess.run([sys.executable, "-c", _PROGRAM.format(own=own)], capture_output=True, text=True, check=True)
    frozen, further = map(int, done.stdout.split())
    assert (frozen > 10_000) == own
    assert further < 1000
