from __future__ import annotations

import pytest

from eznas.errors import EznasError
from eznas.ops.notation import parse_program
from eznas.proxies import HandMadeProxy, Proxy, save
from eznas.proxies.provenance import Provenance
from eznas.proxies.proxy import PROXY_FILE
from eznas.runs.directory import Checkpoint, RunDirectory
from eznas.runs.proxy_argument import evolved_proxy, resolve_proxy
from eznas.runs.settings import RunSettings

PROGRAM = parse_program("l1_norm(act.noise)")
EVOLVED = Provenance("eznas discover", 7, {"toy": {"training": 20, "validation": 10}}, {})


@pytest.fixture
def run(tmp_path):
    """A run directory with one program in its hall of fame."""
    settings = RunSettings.from_mapping(
        {"unit": "C-B-R", "to_scalar": "l2", "aggregation": "sum", "third_pass": "difference", "seed": 4}
    )
    with RunDirectory.create(tmp_path / "run", settings, "0.1.0", {}) as directory:
        directory.write_views(Checkpoint({}), {"programs": [{"program": PROGRAM.encode(), "orientation": -1}]})
    return tmp_path / "run"


def test_a_run_stands_for_its_best_program_as_the_run_computed_it(run):
    proxy = resolve_proxy(str(run))
    assert (proxy.program, proxy.orientation, proxy.name) == (PROGRAM, -1, "run")
    assert (proxy.unit, proxy.to_scalar, proxy.aggregation, proxy.third_pass) == ("C-B-R", "l2", "sum", "difference")
    assert "seed 4" in proxy.source


def test_the_folder_of_a_discovery_stands_for_the_formula_that_it_chose(tmp_path):
    chosen = Proxy("chosen", PROGRAM, orientation=-1, aggregation="sum", provenance=EVOLVED)
    save(chosen, tmp_path / PROXY_FILE)
    assert resolve_proxy(str(tmp_path)) == chosen


def test_the_source_names_every_benchmark(tmp_path):
    settings = RunSettings(benchmark=["digits", "nds-enas"], networks=20, seed=1)
    assert (
        evolved_proxy(settings, PROGRAM, 1, "x").source == "evolved on 20 networks of each of digits + nds-enas, seed 1"
    )
    assert evolved_proxy(RunSettings(), PROGRAM, 1, "x").source == "evolved on 100 networks of digits, seed 0"


def test_names_formulas_and_hand_made_scores_are_found():
    assert resolve_proxy("eznas-a").name == "eznas-a"
    assert resolve_proxy("l1_norm(act.noise)").program == PROGRAM
    assert isinstance(resolve_proxy("params"), HandMadeProxy)


def test_a_folder_of_neither_is_told_and_hides_no_name(tmp_path, monkeypatch):
    (tmp_path / "plain folder").mkdir()
    (tmp_path / "params").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EznasError, match=r"^The folder plain folder is of no run and no discovery.*config\.toml"):
        resolve_proxy("plain folder")
    assert isinstance(resolve_proxy("params"), HandMadeProxy)


def test_a_formula_may_be_longer_than_a_path():
    assert resolve_proxy("sigmoid(" * 150 + "wt" + ")" * 150).program.size == 150


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (None, "has finished no generation"),
        ('{"programs": []}', "has found no valid program"),
        ("{", "is damaged"),
        ('{"programs": [{"program": {"nodes": []}, "orientation": 1}]}', "output of an encoded program"),
        ("[]", "is damaged"),
    ],
)
def test_a_run_without_a_best_program_is_refused(run, content, named):
    path = run / "hall_of_fame.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(EznasError, match=named):
        resolve_proxy(str(run))
