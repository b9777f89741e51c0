from __future__ import annotations

import os

from eznas.system.physical_memory import physical_memory_bytes


def test_it_is_more_than_a_process_needs_and_known_where_the_system_does_not_tell(monkeypatch):
    assert physical_memory_bytes() > 2**28
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert physical_memory_bytes() == 16 * 2**30
