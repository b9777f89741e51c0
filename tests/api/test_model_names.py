import pytest
from torch import nn

from eznas.api.model_names import model_named, models_of_file
from eznas.errors import EznasError

FILE = """
from torch import nn
from torch.nn import Identity

class Net(nn.Module):
    def __init__(self, width=3):
        super().__init__()

class Needs(nn.Module):
    def __init__(self, width):
        super().__init__()

class _Private(nn.Module): ...

def made() -> Net:
    return Net()

def text() -> "nn.Module":
    return Net()

def train():
    raise SystemExit

def number() -> int:
    return 3

def with_width(width) -> nn.Module:
    return Net(width)

ready = nn.Flatten()
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some_models.py").write_text(FILE)
    return "some_models.py"


def test_a_file_gives_its_classes_functions_and_ready_networks(file):
    found = models_of_file(file)
    assert list(found.models) == ["Net", "made", "text", "ready"]
    assert found.left_out == ("train", "number")


def test_a_dictionary_says_all(file, tmp_path):
    (tmp_path / "listed.py").write_text(FILE + "MODELS = {'first': train, 2: ready}\n")
    found = models_of_file("listed.py")
    assert list(found.models) == ["first", "2"]
    assert found.left_out == ()


def test_a_model_by_name(file):
    assert isinstance(model_named(f"{file}:ready"), nn.Flatten)
    assert isinstance(model_named(f"{file}:made")(), nn.Module)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("some_models", "'some_models' names no model: write module:factory"),
        ("some_models.py:FILE", "has no 'FILE'"),
        ("some_models.py:__name__", "is a str: name a network"),
        ("some_models.py:Needs", r"takes \(width\): name a function that makes the network without arguments"),
        ("nosuch_module:net", "check the spelling, or give its file, such as nosuch_module.py:net"),
    ],
)
def test_mistakes_of_a_name(file, text, message):
    with pytest.raises(EznasError, match=message):
        model_named(text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("MODELS = []", "MODELS of none.py is no dictionary"),
        ("def train(): ...", r"without arguments \(train might, but have no return annotation `-> nn.Module`\): add"),
        ("", "has no class or function that makes a network without arguments: add a dictionary MODELS"),
        ("1 / 0", "none.py could not be imported for 'none.py' .ZeroDivisionError"),
    ],
)
def test_mistakes_of_a_file(tmp_path, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "none.py").write_text(content)
    with pytest.raises(EznasError, match=message):
        models_of_file("none.py")
