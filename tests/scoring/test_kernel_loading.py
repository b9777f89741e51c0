from __future__ import annotations

import threading

from eznas.scoring import kernel_loading


def test_kernels_are_loaded_outside_the_thread_that_ctrl_c_interrupts(monkeypatch):
    threads = []
    monkeypatch.setattr(kernel_loading, "kendall_tau", lambda *_: threads.append(threading.current_thread()))
    kernel_loading.load_kernels()
    assert threads
    assert threading.main_thread() not in threads
