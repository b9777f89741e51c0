"""The bit casts, and what makes the cache of compiled kernels notice a change."""

import numpy as np
from numba import njit

from eznas.ops import jit
from eznas.ops.jit import bits_to_float, compiled, float_to_bits


@compiled
def there_and_back(x):
    return bits_to_float(float_to_bits(x))


@compiled
def bits_of(x):
    return float_to_bits(x)


def test_bit_casts():
    for value in (0.0, -0.0, 1.0, -2.5, 1e-45, np.inf, 3e38):
        x = np.float32(value)
        assert bits_of(x) == x.view(np.int32)
        assert np.float32(there_and_back(x)).view(np.int32) == x.view(np.int32)


def test_kernels_carry_the_fingerprint_of_their_sources_in_their_closure():
    if jit._JIT_DISABLED:
        assert there_and_back.__closure__ is None
        return
    cells = {name: cell.cell_contents for name, cell in _cells(there_and_back.py_func)}
    assert cells == {"fingerprint": jit._fingerprint_of_all_rooms()}  # this file is none of the operations
    assert there_and_back.py_func.__name__ == "there_and_back"
    assert njit(lambda: 1).py_func.__closure__ is None


def _cells(function):
    return zip(function.__code__.co_freevars, function.__closure__, strict=True)


def test_the_fingerprint_is_that_of_the_kernels_text(tmp_path, monkeypatch):
    monkeypatch.setattr(jit, "__file__", str(tmp_path / "jit.py"))
    kernel = tmp_path / "kernel.py"
    kernel.write_text("from eznas.ops.jit import compiled\n")
    first = jit._fingerprint()
    (tmp_path / "other.py").write_text("pass\n")  # compiles nothing
    assert jit._fingerprint() == first
    kernel.write_text("from eznas.ops.jit import compiled\n\n")
    assert jit._fingerprint() != first


def test_a_kernel_of_another_room_depends_on_all_rooms_and_an_operation_on_operations_alone():
    from eznas.discovery.codes import arity
    from eznas.ops.shapes import element_count

    if not jit._JIT_DISABLED:
        made_of = [dict(_cells(one.py_func))["fingerprint"].cell_contents for one in (arity, element_count)]
        assert made_of == [jit._fingerprint_of_all_rooms(), jit._FINGERPRINT]
