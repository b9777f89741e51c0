"""The faults of `mutants.py` still apply; that they are caught takes minutes, and `just mutants` shows it."""

from __future__ import annotations

import pytest
from mutants import FAULTS, ROOT


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_applies_and_names_tests_that_are_there(fault):
    source = (ROOT / "eznas" / fault.file).read_text(encoding="utf-8")
    compile(fault.applied(source), fault.file, "exec")
    assert fault.applied(source) != source
    for one in fault.tests:
        file, _, test = one.partition("::")
        assert f"def {test}" in (ROOT / "tests" / file).read_text(encoding="utf-8")


def test_names_are_told_apart():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
