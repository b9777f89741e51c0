"""Every file that compiles does so for the whole vectors of the processor."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from llvmlite.binding import get_host_cpu_features

import eznas
from eznas.system import vectors

FEATURES = """
import eznas.correlation.rank_correlation
from numba.core.registry import cpu_target
print(cpu_target.target_context.codegen().magic_tuple()[2])
"""


def features(**environment):
    others = {name: value for name, value in os.environ.items() if name != "NUMBA_CPU_FEATURES"}
    run = subprocess.run(
        [sys.executable, "-c", FEATURES], env=others | environment, capture_output=True, text=True, check=True
    )
    return run.stdout.strip().split(",")


@pytest.mark.skipif(not get_host_cpu_features().get("avx512f"), reason="this processor has no vectors of 512 bits")
def test_vectors_of_512_bits_are_used():
    assert features()[-1] == "-prefer-256-bit"


def test_what_the_user_says_stays():
    assert features(NUMBA_CPU_FEATURES="+sse2") == ["+sse2"]


def test_no_file_takes_njit_from_elsewhere():
    package = Path(eznas.__file__).parent
    taking = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^from numba import .*\bn?jit\b", path.read_text("utf-8"), re.MULTILINE)
    ]
    assert taking == [Path(vectors.__file__).relative_to(package).as_posix()]
