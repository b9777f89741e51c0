"""The bit casts, the product and sum, and what makes the cache of compiled kernels notice a change."""

from pathlib import Path

import numpy as np
import pytest
from numba import njit

from eznas import ops
from eznas.ops import interpreter
from eznas.ops.jit import (
    JIT_DISABLED,
    bits_to_float,
    compiled,
    fingerprint,
    float_to_bits,
    multiply_add,
    times_power_of_two,
)


@compiled
def there_and_back(x):
    return bits_to_float(float_to_bits(x))


@compiled
def bits_of(x):
    return float_to_bits(x)


@compiled
def product_and_sum(a, b, c):
    return multiply_add(a, b, c)


def test_a_product_and_sum_is_rounded_once():
    a, c = np.float32(1 + 2.0**-12), np.float32(-1 - 2.0**-11)
    assert product_and_sum(a, a, c) == 2.0**-24  # the product alone is rounded to 1 + 2^-11


def test_bit_casts():
    for value in (0.0, -0.0, 1.0, -2.5, 1e-45, np.inf, 3e38):
        x = np.float32(value)
        assert bits_of(x) == x.view(np.int32)
        assert np.float32(there_and_back(x)).view(np.int32) == x.view(np.int32)


@pytest.mark.skipif(JIT_DISABLED, reason="nothing is compiled")
def test_kernels_carry_the_fingerprint_of_their_sources_in_their_closure():
    for kernel in (there_and_back, interpreter._run):
        function = kernel.py_func
        cells = zip(function.__code__.co_freevars, function.__closure__, strict=True)
        source = Path(function.__code__.co_filename)
        assert {name: cell.cell_contents for name, cell in cells} == {"fingerprint": fingerprint(source)}
    assert there_and_back.py_func.__name__ == "there_and_back"
    assert njit(lambda: 1).py_func.__closure__ is None


@pytest.fixture
def package(tmp_path):
    """A package of which `kernel.py` imports all modules but `other.py`, in all ways and over some steps."""
    files = {
        "__init__.py": "",
        "kernel.py": "import math\nfrom pack.constants import ONE\nfrom pack.inner import (\n    first,\n    step,\n)",
        "constants.py": "ONE = 1\n",
        "inner/__init__.py": "",
        "inner/first.py": "import pack.deep\n",
        "inner/step.py": "def f():\n    from pack.inner.late import g\n    return g\n",
        "inner/late.py": "import pack.kernel\n",
        "deep.py": "",
        "other.py": "from pack.kernel import *\n",
    }
    folder = tmp_path / "pack"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def fresh(package):
    return fingerprint.__wrapped__(package / "kernel.py", package)


@pytest.mark.parametrize(
    "changed", ["kernel.py", "constants.py", "inner/first.py", "inner/step.py", "inner/late.py", "deep.py"]
)
def test_a_fingerprint_changes_with_every_file_that_is_imported(package, changed):
    before = fresh(package)
    with (package / changed).open("a") as file:
        file.write("# changed\n")
    assert fresh(package) != before


def test_a_fingerprint_does_not_change_with_what_is_not_imported(package):
    before = fresh(package)
    (package / "other.py").write_text("# changed\n")
    (package / "new.py").write_text("# new\n")
    assert fresh(package) == before


def test_the_interpreter_depends_on_the_plan_the_terminals_and_the_kernels(monkeypatch):
    folder = Path(ops.__file__).parent
    read = []
    text_of = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path) or text_of(path))
    fingerprint.__wrapped__(Path(interpreter.__file__))
    names = {str(path.relative_to(folder.parent)) for path in read}
    assert {"terminals.py", "ops/plan.py", "ops/catalogue.py", "ops/limits.py", "ops/kernels/vector_math.py"} <= names
    assert not {"ops/reference.py", "ops/notation.py"} & names


@compiled
def scaled(result, x, n):
    for i in range(x.size):
        result[i] = times_power_of_two(x[i], n[i])


def test_scaling_rounds_once_and_gives_what_is_too_large_or_small_its_due():
    mantissas = np.linspace(0.5, 2, 999, dtype=np.float32)
    exponents = np.arange(-160, 140, dtype=np.int32)
    x, n = (part.ravel().copy() for part in np.meshgrid(mantissas, exponents))
    result = np.empty_like(x)
    with np.errstate(over="ignore"):
        scaled(result, x, n)
        np.testing.assert_array_equal(result, np.ldexp(x.astype(np.float64), n).astype(np.float32))


def test_what_is_no_number_stays_so_however_it_is_scaled():
    result = np.empty(300, np.float32)
    with np.errstate(all="ignore"):
        scaled(result, np.full(300, np.nan, np.float32), np.arange(-150, 150, dtype=np.int32))
    assert np.isnan(result).all()
