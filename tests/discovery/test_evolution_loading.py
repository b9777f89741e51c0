from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from eznas.discovery import island
from eznas.ops.jit import JIT_DISABLED
from eznas.scoring.kernel_loading import engine_parts

LOAD = "from eznas.discovery.evolution_loading import make_all; make_all()"
SEARCH = (
    "from eznas.__main__ import main; import sys; "
    "sys.argv = ['eznas', 'discover', '--networks', '20', '--validation', '10', '--held-out', '10', '--rounds', '1', "
    "'--epochs', '1', '--output', sys.argv[1]]; sys.exit(main())"
)


def test_every_part_that_is_needed_is_there():
    parts = [*engine_parts(), *island.compiled_parts()]
    names = [part.name for part in parts]
    assert len(set(names)) == len(names)
    assert {need for part in parts for need in part.needs} <= set(names)


@pytest.mark.slow
@pytest.mark.skipif(JIT_DISABLED, reason="nothing is compiled")
def test_two_processes_compile_each_function_once_and_for_what_a_search_calls(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "EZNAS_CACHE": str(tmp_path / "features")}
    both = [subprocess.Popen([sys.executable, "-c", LOAD], env=environment) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    search = subprocess.run(
        [sys.executable, "-c", SEARCH, str(tmp_path / "found")], env=environment, capture_output=True, check=False
    )
    assert search.returncode == 0, search.stderr.decode()
    compiled = Counter(path.name.partition("-")[0] for path in (tmp_path / "cache").rglob("*.nbc"))
    for name in (
        "execute.call_kernel",
        "streams.run_stream",
        "interpreter._run",
        "fitness.fitness_of",
        "island.child_of",
        "island.evolve",
    ):
        assert compiled[name] == 1, name
