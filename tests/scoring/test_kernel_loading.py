from __future__ import annotations

import threading

import pytest

from eznas.scoring import kernel_loading
from eznas.system.compilation import Part


def test_kernels_are_loaded_outside_the_thread_that_ctrl_c_interrupts(monkeypatch):
    threads = []
    monkeypatch.setattr(kernel_loading, "kendall_tau", lambda *_: threads.append(threading.current_thread()))
    kernel_loading.load_kernels()
    assert threads
    assert threading.main_thread() not in threads


@pytest.mark.parametrize(("cores", "begun"), [(1, []), (2, ["a:b"])])
def test_another_process_is_asked_for_parts_that_are_missing_where_there_is_a_core(monkeypatch, tmp_path, cores, begun):
    functions = []
    monkeypatch.setattr(kernel_loading, "JIT_DISABLED", False)
    monkeypatch.setattr(kernel_loading, "make_beside", functions.append)
    monkeypatch.setattr(kernel_loading, "available_cores", lambda: cores)
    monkeypatch.setattr(kernel_loading, "_folder", lambda: tmp_path)
    parts = [Part("one", "key", lambda: None)]
    kernel_loading.begin(parts, "a:b")
    assert functions == begun
    kernel_loading.make(parts)
    kernel_loading.begin(parts, "a:b")
    assert functions == begun
