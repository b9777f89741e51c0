import subprocess
import sys

import pytest

from eznas import benchmarks
from eznas.errors import EznasError


def test_names_are_listed_without_loading_torch_or_numba():
    code = (
        "import sys; from eznas import benchmarks; print(*benchmarks.names()); "
        "sys.exit(any(name in sys.modules for name in ('torch', 'numba', 'numpy')))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == list(benchmarks.names())
    assert {"digits", "nasbench201-cifar10", "nasbench201-cifar100", "nasbench201-imagenet16-120"} <= set(
        benchmarks.names()
    )


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(EznasError, match=r"'nasbench201-cifar-10': did you mean nasbench201-cifar10") as caught:
        benchmarks.load("nasbench201-cifar-10")
    assert "digits" not in str(caught.value)


def test_a_name_like_no_other_is_answered_with_all():
    with pytest.raises(EznasError, match="'qqq': choose one of") as caught:
        benchmarks.load("qqq")
    for name in benchmarks.names():
        assert name in str(caught.value)


@pytest.mark.parametrize("name", ["t.csv", "./t.csv", "../here/t.csv", "inside/../T.CSV"])
def test_a_table_has_one_name_in_every_folder(name, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert benchmarks.canonical_name(name).lower() == f"{tmp_path}/here/t.csv".lower()
    assert benchmarks.canonical_name("digits") == "digits"


def test_a_table_without_a_record_is_told_what_makes_it_a_benchmark(tmp_path):
    (tmp_path / "t 1.csv").write_text("net,top1\na,1\n")
    with pytest.raises(EznasError, match=rf"t 1\.json, .* `eznas benchmark new '{tmp_path}/t 1\.csv'` writes it"):
        benchmarks.load(str(tmp_path / "t 1.csv"))
