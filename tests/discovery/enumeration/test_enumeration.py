import threading

import pytest

from eznas.discovery.enumeration import enumeration as enumeration_of_formulas
from eznas.discovery.enumeration import session
from eznas.discovery.enumeration.comparison import ComparisonSettings
from eznas.discovery.enumeration.enumeration import Enumeration
from eznas.discovery.enumeration.session import enumerate_in
from eznas.discovery.enumeration.settings import EnumerationSettings
from eznas.discovery.machine import Machine
from eznas.errors import EznasError
from eznas.observer import SilentObserver
from eznas.proxies.proxy import read_proxy
from eznas.scoring.ranking import rank_networks
from eznas.scoring.settings import ScoringSettings

SMALL = {
    "networks": 10,
    "validation": 6,
    "held_out": 8,
    "depth": 1,
    "sample_networks": 2,
    "terminals": ("wt", "wt_grad.data"),
}


@pytest.fixture
def make(tiny_table, tables):
    def made(threads=1, observer=None, **settings):
        given = EnumerationSettings(benchmark=tiny_table, **{**SMALL, **settings})
        return Enumeration(given, Machine(threads, tables=tables), observer)

    return made


def timeless(content):
    return {key: value for key, value in content.items() if "second" not in key}


class InterruptedAfter(SilentObserver):
    """Ctrl-C while the formulas of a feature are told to be done."""

    def __init__(self, features):
        self.left, self.exploring = features, False
        self.interrupted = threading.Event()

    def phase(self, name, total=None):
        self.exploring = name.startswith("formulas")

    def advance(self):
        self.left -= self.exploring
        if self.left == 0:
            self.interrupted.set()
            raise KeyboardInterrupt


def test_the_best_formulas_score_as_the_scoring_path_says(make, tmp_path):
    enumeration = make()
    content = enumerate_in(tmp_path, lambda: enumeration)
    assert content["finished"]
    assert sum(content["formulas_made"].values()) == content["formulas"]
    proxies = [read_proxy(tmp_path / f"{one['name']}.json") for one in content["best"]]
    for indices, name in ((enumeration.networks.training, "training"), (enumeration.networks.held_out, "held_out")):
        rankings = rank_networks(proxies, enumeration.benchmark, indices, ScoringSettings(), second_draw=False)
        for one, proxy, ranking in zip(content["best"], proxies, rankings, strict=True):
            assert proxy.provenance.taus[0].tau == one["held_out"]["tau"]
            expected = one[name] if name == "training" else one[name]["tau"]
            assert ranking.tau.value == pytest.approx(expected, abs=1e-9)


def test_the_front_rises(make, tmp_path):
    best = enumerate_in(tmp_path, make)["best"]
    front = [one for one in best if one["on_front"]]
    assert [one["size"] for one in front] == sorted({one["size"] for one in front})
    assert [one["training"] for one in front] == sorted({one["training"] for one in front})
    assert front[-1]["training"] == max(one["training"] for one in best)


def test_it_goes_on_after_ctrl_c_to_the_identical_result(make, tmp_path, monkeypatch):
    whole = enumerate_in(tmp_path / "whole", make)
    judged = []
    monkeypatch.setattr(session, "judge", lambda *given: judged.append(given))
    observer = InterruptedAfter(3)
    explore = enumeration_of_formulas.explore

    def no_faster_than_the_observer(row, arrays, leaders):
        explore(row, arrays, leaders)
        if row > 3:
            observer.interrupted.wait()

    monkeypatch.setattr(enumeration_of_formulas, "explore", no_faster_than_the_observer)
    part = enumerate_in(tmp_path / "part", lambda: make(observer=observer))
    assert not judged
    assert not part["finished"]
    assert 0 < sum(part["formulas_made"].values()) < part["formulas"]
    assert "Not exhaustive over formulas" in part["coverage"][-1]
    assert "held_out" not in part["best"][0]
    monkeypatch.undo()
    assert timeless(enumerate_in(tmp_path / "part", lambda: make(threads=2))) == timeless(whole)


def test_a_checkpoint_of_other_settings_or_a_damaged_one_is_refused(make):
    encoded = make().encode()
    with pytest.raises(EznasError, match=r"other settings or features \(depth is . there, 0 here\)"):
        make(depth=0).restore(encoded)
    with pytest.raises(EznasError, match="damaged"):
        make().restore(encoded[:300])
    other = make()
    other.arrays.accuracies[0] += 1
    with pytest.raises(EznasError, match="the networks or their accuracies are others"):
        other.restore(encoded)


def test_what_was_cut_is_not_called_exhaustive(make):
    enumeration = make(maximum_features=5)
    enumeration.explore_all()
    content = session.content_of(enumeration)
    assert content["programs_left_out"] > 0
    assert content["coverage"][0].startswith("Not exhaustive over features: the enumeration was cut at 5 features")


def test_the_standard_bank_takes_the_place_of_enumerated_features(make):
    bank, both = make(features="bank"), make(features="both")
    assert bank.enumerated is None
    assert set(both.features) > set(bank.features)


def test_searches_come_close_and_what_they_found_is_no_better(make, tmp_path):
    content = enumerate_in(tmp_path, make, ComparisonSettings(searches=2, evaluations=20_000))
    assert [(one["aggregation"], one["seed"]) for one in content["search"]] == [
        ("sum", 0), ("sum", 1), ("mean", 0), ("mean", 1),
    ]  # fmt: skip
    best = {
        name: max(one["training"] for one in content["best"] if one["aggregation"] == name and one["size"] <= 3)
        for name in ("sum", "mean")
    }
    for one in content["search"]:
        assert one["best"] == best[one["aggregation"]]
        assert 0.8 * one["best"] < one["found"] <= one["best"] + 1e-9
        assert one["reached"] == (one["found"] == pytest.approx(one["best"], abs=1e-9))
        assert one["evaluated"] > 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"terminals": ("wt", "wd")}, "There is no statistic 'wd'"),
        ({"operations": ("summ",)}, "There is no operation 'summ'"),
        ({"terminals": ("wt", "wt")}, "The statistic wt is given twice"),
        ({"terminals": ()}, "at least one --terminal"),
        ({"networks": 1}, "networks is 1; it must be 2 or more"),
        ({"maximum_features": 0}, "maximum_features is 0"),
        ({"sample_networks": 201}, "sample_networks is 201"),
    ],
)
def test_settings_that_cannot_be_are_named(settings, sentence):
    with pytest.raises(EznasError, match=sentence):
        EnumerationSettings(**settings)


def test_the_command_of_settings_names_what_is_not_default():
    settings = EnumerationSettings(depth=1, operations=("sign", "product"))
    assert (
        settings.command == "eznas enumerate --benchmark digits --seed 0 --operation sign --operation product --depth 1"
    )
