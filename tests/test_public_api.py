from __future__ import annotations

import subprocess
import sys
from importlib import resources

import pytest

import eznas


@pytest.mark.parametrize("name", eznas.__all__)
def test_every_public_name_is_there(name):
    assert getattr(eznas, name) is not None
    assert name in dir(eznas)


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = eznas.absent


def test_importing_costs_neither_torch_nor_numba():
    code = "import sys, eznas; sys.exit(bool({'torch', 'numba', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_type_checkers_are_told_that_there_are_types():
    assert resources.files("eznas").joinpath("py.typed").is_file()
