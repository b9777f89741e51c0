from __future__ import annotations

from dataclasses import replace

import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas import benchmarks, seeds
from eznas.ops.notation import parse_program
from eznas.proxies import Proxy, save
from eznas.proxies.provenance import Provenance
from eznas.proxies.proxy import PROXY_FILE
from eznas.runs.directory import RunDirectory
from eznas.runs.seen import networks_seen, remembered, write_remembered
from eznas.runs.settings import RunSettings
from eznas.runs.split import Split

PROGRAM = parse_program("l1_norm(act.noise)")
OF_EACH = {"fifty": {"training": 20, "validation": 10}, "other": {"training": 5, "validation": 5}}
EVOLVED = Provenance("eznas discover", 7, OF_EACH, {})
SEEN = seeds.generator(7, "networks").permutation(50)[:30].tolist()


class Fifty:
    """As much of a benchmark as is asked for."""

    name = "fifty"

    def __len__(self):
        return 50


def test_the_folder_of_a_discovery_has_seen_what_its_formula_has(tmp_path):
    save(Proxy("chosen", PROGRAM, provenance=EVOLVED), tmp_path / PROXY_FILE)
    assert networks_seen([str(tmp_path)], Fifty()) == frozenset(SEEN)


def test_what_a_search_started_from_has_seen_networks_too(tmp_path):
    save(Proxy("first", PROGRAM, provenance=EVOLVED), tmp_path / "first.json")
    sources = {"seed_proxies": [str(tmp_path / "first.json"), "numel(wt)", "gone.json"]}
    later = replace(EVOLVED, seed=EVOLVED.seed + 1, settings=sources)
    save(Proxy("later", PROGRAM, provenance=later), tmp_path / "later.json")
    save(Proxy("alone", PROGRAM, provenance=replace(later, settings={})), tmp_path / "alone.json")
    alone = networks_seen([str(tmp_path / "alone.json")], Fifty())
    assert alone - frozenset(SEEN)
    assert networks_seen([str(tmp_path / "later.json")], Fifty()) == alone | frozenset(SEEN)
    again = replace(later, settings={"seed_proxies": [str(tmp_path / "again.json"), str(tmp_path / "first.json")]})
    save(Proxy("again", PROGRAM, provenance=again), tmp_path / "again.json")  # it took the name of what it is from
    assert networks_seen([str(tmp_path / "again.json")], Fifty()) == alone | frozenset(SEEN)


def test_networks_seen_are_those_of_all_runs_on_the_benchmark(tmp_path, monkeypatch):
    table = write_tiny_benchmark(tmp_path, networks=16)
    monkeypatch.chdir(tmp_path)
    for seed, name in ((0, "tiny.csv"), (1, str(table)), (2, "digits")):
        settings = RunSettings(benchmark=[name], networks=5, seed=seed)
        RunDirectory.create(tmp_path / f"run-{seed}", settings, "0.1.0", {}).close()
    benchmark = benchmarks.load(str(table))
    first, second = (networks_seen([f"run-{seed}"], benchmark) for seed in (0, 1))
    assert len(first) == len(second) == 5
    assert first != second
    assert networks_seen(["eznas-a", "run-0", "run-1", "run-2"], benchmark) == first | second
    assert networks_seen(["eznas-a", "run-2", "params"], benchmark) == frozenset()


def test_the_networks_of_an_evolved_proxy_follow_from_its_provenance(tmp_path):
    save(Proxy("p", PROGRAM, provenance=EVOLVED), tmp_path / "p.json")
    seen = networks_seen([str(tmp_path / "p.json"), "eznas-a", "params", "l1_norm(act.noise)"], Fifty())
    assert seen == frozenset(SEEN)
    assert networks_seen(["eznas-a"], Fifty()) == frozenset()


@pytest.fixture
def grown(tmp_path, monkeypatch):
    """A table that got two rows more, one of them first, and the architectures that a run and a proxy evolved on."""
    table = write_tiny_benchmark(tmp_path, networks=16)
    monkeypatch.chdir(tmp_path)
    before = benchmarks.load("tiny.csv")
    settings = RunSettings(benchmark=["tiny.csv"], networks=5, seed=3)
    drawn = Split.of(before, settings).training
    RunDirectory.create(tmp_path / "run", settings, "0.1.0", {}).close()
    write_remembered(tmp_path / "run", [(before, drawn)])
    origin = Provenance("x", 3, {"tiny.csv": {"training": 5}}, {}, architectures=remembered([(before, drawn)]))
    save(Proxy("p", PROGRAM, provenance=origin), tmp_path / "p.json")
    write_tiny_benchmark(tmp_path, networks=18)
    header, *rows = table.read_text().splitlines()
    table.write_text("\n".join([header, rows[17], *rows[:17]]) + "\n")
    return benchmarks.load(str(table)), {before.architectures[network] for network in drawn.tolist()}


@pytest.mark.parametrize("text", ["run", "p.json", "rank(run,params)"])
def test_a_table_with_more_rows_hides_no_network_that_was_seen(grown, text):
    benchmark, drawn = grown
    assert len(benchmark) == 18
    seen = networks_seen([text], benchmark)
    assert {benchmark.architectures[network] for network in seen} == drawn
    assert len(drawn) == 5


@pytest.mark.parametrize("content", [None, "{", "[]", '{"tiny.csv": 3}', '{"other.csv": ["00"]}'])
def test_a_run_that_remembers_nothing_has_seen_what_its_seed_draws(tmp_path, monkeypatch, content):
    write_tiny_benchmark(tmp_path, networks=16)
    monkeypatch.chdir(tmp_path)
    benchmark, settings = benchmarks.load("tiny.csv"), RunSettings(benchmark=["tiny.csv"], networks=5, seed=3)
    RunDirectory.create(tmp_path / "run", settings, "0.1.0", {}).close()
    if content is not None:
        (tmp_path / "run" / "seen.json").write_text(content)
    assert networks_seen(["run"], benchmark) == frozenset(Split.of(benchmark, settings).training.tolist())


def test_a_proxy_that_remembers_nothing_has_seen_what_its_seed_draws_by_whatever_path(tmp_path, monkeypatch):
    table = write_tiny_benchmark(tmp_path, networks=16)
    monkeypatch.chdir(tmp_path)
    save(Proxy("p", PROGRAM, provenance=Provenance("x", 3, {"tiny.csv": {"training": 5}}, {})), tmp_path / "p.json")
    expected = frozenset(seeds.generator(3, "networks").permutation(16)[:5].tolist())
    assert networks_seen(["p.json"], benchmarks.load(str(table))) == expected


def test_benchmarks_that_come_with_eznas_need_no_memory():
    assert remembered([(benchmarks.load("digits"), seeds.generator(0, "networks").permutation(5))]) == {}
