import sys

import pytest

from eznas import spaces
from eznas.errors import EznasError
from eznas.spaces.nasbench201 import NASBench201

OWN_SPACE = """
from eznas.spaces.base import Space
class Own(Space):
    name = "own"
    def __init__(self, width=3):
        self.width = width
    def build(self, architecture, num_classes, image_size): ...
    def random(self, rng): return "a"
    def check(self, architecture): return architecture
ready = Own(5)
def make(): return Own(7)
number = 3
"""


@pytest.fixture(autouse=True)
def own_space(tmp_path, monkeypatch):
    (tmp_path / "own_space.py").write_text(OWN_SPACE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("own_space", None)


def test_a_space_is_found_by_name():
    assert spaces.get("nasbench201", channels=8, cells=1) == NASBench201(8, 1)


def test_a_space_of_the_current_folder_is_found_as_class_function_or_instance():
    assert spaces.get("own_space:Own", width=4).settings() == {"width": 4}
    assert spaces.get("own_space:make").settings() == {"width": 7}
    assert spaces.get("own_space:ready").settings() == {"width": 5}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("nasbench", {}),
        ("nasbench201", {"depth": 3}),
        ("own_space:ready", {"width": 3}),
        ("own_space:number", {}),
        ("own_space:sys", {}),
        ("own_space:Other", {}),
        ("no_such_module:Own", {}),
        (":Own", {}),
        ("builtins:dict", {}),
    ],
)
def test_a_wrong_name_or_setting_is_refused_by_name(name, settings):
    with pytest.raises(EznasError) as caught:
        spaces.get(name, **settings)
    assert repr(name) in str(caught.value)
