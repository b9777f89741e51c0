import subprocess
import sys

import pytest

# In a process of its own: there nothing else has touched the allocator, and its sizes are known.
SCRIPT = """
import resource
import numpy as np
from eznas.statistics.freed_memory import return_freed_memory

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

large = np.ones(30_000_000, np.uint8)
del large  # from here on, glibc takes arrays of up to this size from its heap
before = resident()
arrays, pins = [], []
for _ in range(40):
    arrays.append(np.ones(5_000_000, np.uint8))
    pins.append(np.ones(100_000, np.uint8))
arrays.clear()
kept = resident() - before
return_freed_memory()
print(kept, resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and is about glibc")
def test_what_was_freed_below_a_block_in_use_goes_back_to_the_system():
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    kept, left = map(int, result.stdout.split())
    if kept < 100_000_000:
        pytest.skip("this C library gave the memory back by itself")
    assert left < 20_000_000
