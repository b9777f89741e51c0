import sys

from eznas.system import peak_memory


def test_the_peak_is_that_of_a_python_process():
    assert 2**23 < peak_memory.peak_memory_bytes() < 2**40


def test_it_is_none_where_nobody_tells(monkeypatch):
    monkeypatch.setattr(peak_memory, "_resource", None)
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert peak_memory.peak_memory_bytes() is None
