"""LAPACK from compiled code, and from numba's cache in another process."""

import os
import subprocess
import sys
import textwrap

import pytest

from eznas.ops.jit import JIT_DISABLED


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
