import sys
from pathlib import Path

import pytest

from eznas.errors import EznasError
from eznas.spaces.importing import find_object, stored_name

CODE = """
from neighbour import WIDTH
class Base: ...
class Mine(Base):
    width = WIDTH
    def build(self, architecture): ...
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with a space, its neighbour and a folder within, in which the process is."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    (tmp_path / "mine.py").write_text(CODE)
    (tmp_path / "neighbour.py").write_text("WIDTH = 3\n")
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    yield tmp_path
    for name in set(sys.modules) - before:
        if name in ("mine", "neighbour") or name.startswith("eznas_space_"):
            del sys.modules[name]


def test_a_file_is_found_in_the_folder_in_the_current_one_and_by_its_path(home):
    for name, folder in (
        ("mine.py:Mine", home),
        ("../mine.py:Mine", None),
        ("../mine.py:Mine", home / "inside"),
        (f"{home}/mine.py:Mine", Path("/")),
        ("mine.py", home),
    ):
        assert find_object(name, folder).width == 3
    assert find_object("mine.py:Mine.width", home) == 3


def test_a_file_is_run_once_and_hides_no_module(home):
    assert find_object("mine.py:Mine", home) is find_object("../mine.py:Mine")
    assert "mine" not in sys.modules


def test_the_folder_comes_before_the_current_one(home):
    (home / "inside" / "mine.py").write_text("Mine = 5\n")
    assert find_object("mine.py:Mine", home).width == 3
    assert find_object("mine.py:Mine") == 5


def test_a_module_is_found_in_the_folder(home):
    assert find_object("mine:Mine", home).width == 3
    assert find_object("collections.abc:Mapping.get").__name__ == "get"


def test_a_function_called_build_is_the_space_of_a_file(home):
    (home / "inside" / "space.py").write_text("class Other:\n    def build(self): ...\ndef build(text): return 8\n")
    assert find_object("space.py")("a") == 8


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("class A: ...", r"space\.py has no class with `build`: name the search space, such as space\.py:MySpace"),
        (
            "class A:\n    def build(self): ...\nclass B(A): ...",
            r"has the classes A, B with `build`: .* such as space\.py:A",
        ),
        ("from collections import OrderedDict", "no class with `build`"),
    ],
)
def test_a_file_with_none_or_several_needs_a_name(home, code, message):
    (home / "inside" / "space.py").write_text(code)
    with pytest.raises(EznasError, match=message):
        find_object("space.py")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = (\n", r"\(SyntaxError in space\.py, line 1: '\(' was never closed\): correct it there"),
        ("\nimport no_such_package_at_all\n", r"\(ModuleNotFoundError in space\.py, line 2: No module named"),
        ("def f(): return 1 / 0\n\nf()", r"\(ZeroDivisionError in space\.py, line 1: division by zero\)"),
        ("import sys\nsys.exit(1)\n", "ended the process: put what it runs below a `def`"),
        ("Mime = 1", r"space\.py has no 'Mine', for 'space\.py:Mine': it defines nothing"),
        ("def mine(): ...", "you may mean 'mine'"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(home, code, message):
    (home / "inside" / "space.py").write_text(code)
    for _ in range(2):
        with pytest.raises(EznasError, match=message):
            find_object("space.py:Mine")


def test_the_same_is_told_of_a_module(home):
    (home / "broken_module.py").write_text("x = [][1]\n")
    with pytest.raises(EznasError, match=r"broken_module could not be .* \(IndexError in .*broken_module\.py, line 1"):
        find_object("broken_module:Mine", home)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.py:Mine", r"no file none\.py in .*, for 'none\.py:Mine': check the path"),
        ("no_such.module:Mine", r"'no_such\.module:Mine' could not be found .* such as no_such/module\.py:Mine"),
        (":Mine", "names no search space"),
        ("module:", "names no search space"),
        (".module:Mine", "names no search space"),
    ],
)
def test_a_name_of_nothing_is_told(home, name, message):
    with pytest.raises(EznasError, match=message):
        find_object(name, home)


def test_ctrl_c_is_no_mistake_of_the_file(home):
    (home / "inside" / "space.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        find_object("space.py:Mine")


def test_a_neighbour_of_another_folder_is_not_taken_for_ones_own(home):
    """Two folders with a `neighbour.py` each: Python would give the second file the first one's."""
    find_object("mine.py:Mine", home)
    (home / "inside" / "mine.py").write_text(CODE.replace("from neighbour import WIDTH", "import neighbour; WIDTH = 1"))
    (home / "inside" / "neighbour.py").write_text("WIDTH = 9\n")
    with pytest.raises(EznasError, match=r"mine\.py imports 'neighbour' and gets .*neighbour\.py, not the one beside"):
        find_object("mine.py:Mine")


def test_a_record_has_files_relative_to_its_folder(home):
    assert stored_name("../mine.py:Mine", home) == "mine.py:Mine"
    assert stored_name("../mine.py:Mine", Path()) == "../mine.py:Mine"
    assert stored_name(f"{home}/mine.py:Mine", home) == "mine.py:Mine"
    assert stored_name(f"{home}/mine.py:Mine", home / "inside") == f"{home}/mine.py:Mine"
    assert stored_name("mine.py", home) == "mine.py"
    assert stored_name("module:Mine", home) == "module:Mine"
    assert stored_name("nasbench201", home) == "nasbench201"
    (home / "inside" / "mine.py").touch()
    assert stored_name("mine.py:Mine", home) == "inside/mine.py:Mine"
    with pytest.raises(EznasError, match=r"no file none\.py in"):
        stored_name("none.py:Mine", home)
