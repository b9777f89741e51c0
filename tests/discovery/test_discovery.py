import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from tiny_benchmark import write_tiny_benchmark

from eznas import proxies
from eznas.cli.app import main
from eznas.discovery import sample as samples
from eznas.discovery.codes import SUBTRACTED, to_terms
from eznas.discovery.discovery import Discovery
from eznas.discovery.found import found_proxy
from eznas.discovery.machine import Machine
from eznas.discovery.result import outcome, proxy_of
from eznas.discovery.search_settings import SearchSettings
from eznas.discovery.session import RESULT, discover
from eznas.discovery.settings import DiscoverySettings
from eznas.errors import EznasError
from eznas.ops.notation import format_program
from eznas.ops.terms import Term, format_terms, parse_terms
from eznas.proxies.proxy import read_proxy
from eznas.runs.seen import networks_seen
from eznas.scoring.evaluation import evaluate

SEARCH = SearchSettings(islands=2, members=30, children=150)


@pytest.fixture
def make(tiny_table, tables):
    def made(threads=1, **settings):
        given = {"networks": 12, "validation": 6, "rounds": 2, "epochs": 2, "proposals": 20, "search": SEARCH}
        given["benchmarks"] = (tiny_table,)
        return Discovery.on_benchmarks(DiscoverySettings(**{**given, **settings}), Machine(threads, tables=tables))

    return made


def finished(discovery):
    while not discovery.is_finished:
        discovery.advance()
    return discovery


def test_the_table_grows_between_rounds_and_earlier_rows_stay(make):
    discovery = make()
    bank = discovery.features
    finished(discovery)
    assert discovery.epochs == 4
    assert discovery.features[: len(bank)] == bank
    assert len(discovery.features) > len(bank)
    assert len(discovery.features) + sum(discovery.dropped.values()) >= len(bank) + 20


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_a_discovery_goes_on_from_any_step_to_the_identical_archive(make, steps):
    whole = finished(make())
    first = make()
    for _ in range(steps):
        first.advance()
    second = make(threads=2)
    second.restore(first.encode())
    finished(second)
    assert second.archive == whole.archive
    assert second.features == whole.features
    assert second.dropped == whole.dropped
    assert (second.formulas_made, second.formulas_evaluated) == (whole.formulas_made, whole.formulas_evaluated)


def test_another_seed_finds_something_else(make):
    assert finished(make(seed=1)).archive != finished(make()).archive


def test_another_evolution_finds_other_formulas_for_the_same_networks(make):
    first, second = finished(make(rounds=1)), finished(make(rounds=1, evolution=1))
    assert second.archive != first.archive  # of the same features
    assert second.features == first.features
    assert second.samples[0].networks.in_search.tolist() == first.samples[0].networks.in_search.tolist()
    assert finished(make(rounds=1, evolution=1)).archive == second.archive


def test_a_checkpoint_of_other_settings_or_a_damaged_one_is_refused(make):
    encoded = make().encode()
    with pytest.raises(EznasError, match=r"does not fit these settings \(epochs is 2 there, 3 here\): give those"):
        make(epochs=3).restore(encoded)
    with pytest.raises(EznasError, match="damaged"):
        make().restore(encoded[:500])


def test_a_table_that_was_changed_is_not_gone_on_with(make, tmp_path):
    table = write_tiny_benchmark(tmp_path)
    begun = make(benchmarks=(str(table),))
    begun.advance()
    encoded = begun.encode()
    make(benchmarks=(str(table),)).restore(encoded)
    header, *rows = table.read_text().splitlines()
    for lines in ([f"{row}1" for row in rows], rows[1:]):
        table.write_text("\n".join([header, *lines]) + "\n")
        with pytest.raises(EznasError, match="the networks or their accuracies are others"):
            make(benchmarks=(str(table),)).restore(encoded)


def test_a_checkpoint_that_does_not_know_its_networks_is_gone_on_with(make):
    with np.load(BytesIO(make().encode())) as state:
        arrays = dict(state)
    about = json.loads(arrays["about"].tobytes())
    del about["networks"]
    older = BytesIO()
    np.savez(older, **{**arrays, "about": np.frombuffer(json.dumps(about).encode(), np.uint8)})
    make().restore(older.getvalue())


def test_the_reported_proxy_scores_as_the_report_says(make, tmp_path, tiny_table):
    from eznas import benchmarks

    discovery = make(held_out=6)
    content = discover(lambda: discovery, tmp_path / "found", None, lambda _: None)
    chosen = content["chosen"]
    proxy = read_proxy(tmp_path / "found" / "proxy.json")
    assert proxy.formula == chosen["formula"]
    evaluation = evaluate([proxy], benchmarks.load(tiny_table), 24, seed=0)
    place = {int(index): position for position, index in enumerate(evaluation.networks)}
    from eznas.correlation.rank_correlation import kendall_tau

    networks = discovery.samples[0].networks
    figures = chosen["benchmarks"][tiny_table]
    for tau, indices in (
        (figures["tau_training"], networks.training),
        (figures["tau_validation"], networks.validation),
        (figures["held_out"]["tau"], networks.held_out),
    ):
        places = [place[int(index)] for index in indices]
        expected = kendall_tau(evaluation.rankings[0].scores[places], evaluation.accuracies[places])
        assert tau == pytest.approx(expected, abs=1e-9)
    assert chosen["fitness"] == figures["tau_training"]
    assert chosen["worst"] == {"benchmark": tiny_table, "tau": figures["held_out"]["tau"]}
    assert {one["name"] for one in content["baselines"]} >= {"eznas-a", "params", "flops"}


def test_a_stopped_discovery_goes_on_and_a_finished_one_is_reported_again(make, tmp_path):
    folder = Path(tmp_path / "found")
    stopped = discover(make, folder, 0.0, lambda _: None)
    assert (stopped["search"]["epochs"], stopped["search"]["finished"]) == (1, False)
    whole = discover(make, folder, None, lambda _: None)
    assert whole["search"]["finished"]
    alone = discover(make, tmp_path / "other", None, lambda _: None)
    assert whole == alone
    written = (folder / RESULT).stat().st_mtime_ns
    assert discover(make, folder, None, lambda _: None) == whole
    assert (folder / RESULT).stat().st_mtime_ns == written  # held-out networks are not scored again
    for name in ("proxy.json", "networks.json"):
        kept = (folder / name).read_bytes()
        (folder / name).unlink()
        assert discover(make, folder, None, lambda _: None) == whole
        assert (folder / name).read_bytes() == kept
    assert len({one["size"] for one in whole["front"]}) == len(whole["front"])


def test_several_benchmarks_share_features_and_each_keeps_its_networks(make, tiny_table, other_table, tmp_path):
    both = (tiny_table, other_table)
    discovery = make(benchmarks=both, combine="mean", held_out=2)
    alone = [make(benchmarks=(name,), held_out=2) for name in both]
    for sample, one in zip(discovery.samples, alone, strict=True):
        for part in ("training", "validation", "held_out"):
            np.testing.assert_array_equal(getattr(sample.networks, part), getattr(one.samples[0].networks, part))
    useful = [set(one.features) for one in alone]
    # A repeat on one benchmark is kept where it is none on the other, so a little more than what is useful alone.
    assert useful[0] & useful[1] <= set(discovery.features)
    content = discover(lambda: discovery, tmp_path / "both", None, lambda _: None)
    chosen = content["chosen"]
    assert list(chosen["benchmarks"]) == list(both)
    taus = [figures["tau_training"] for figures in chosen["benchmarks"].values()]
    assert chosen["fitness"] == pytest.approx(sum(taus) / 2, abs=1e-12)
    held_out = {name: figures["held_out"]["tau"] for name, figures in chosen["benchmarks"].items()}
    assert chosen["worst"]["tau"] == min(held_out.values())
    assert held_out[chosen["worst"]["benchmark"]] == chosen["worst"]["tau"]
    assert [about["held_out"] for about in content["protocol"]["benchmarks"].values()] == [2, 2]


def test_settings_that_cannot_be_are_named(tiny_table):
    with pytest.raises(EznasError, match="names 'digits' twice"):
        DiscoverySettings(benchmarks=("digits", "digits"))
    with pytest.raises(EznasError, match="benchmarks is empty"):
        DiscoverySettings(benchmarks=())
    with pytest.raises(EznasError, match="rounds is 0"):
        DiscoverySettings(rounds=0)
    with pytest.raises(EznasError, match=r"search.islands is 0"):
        SearchSettings(islands=0)


def test_a_discovery_starts_from_seeds_and_is_never_worse_than_they_are(make):
    seed = "numel(wt) / sqrt(l1_norm(sign(softmax(exp(act.noise)))))"
    one = make(seed_proxies=(seed,), rounds=1, epochs=1)
    assert "l1_norm(sign(softmax(exp(act.noise))))" in [format_program(feature) for feature in one.features[:2]]
    finished(one)
    found = [format_terms(to_terms(formula.codes, one.features)) for formula in one.archive.formulas]
    assert format_terms(parse_terms(seed)) in found
    second = make(threads=2, seed_proxies=(seed,), rounds=1, epochs=1)
    second.restore(make(seed_proxies=(seed,), rounds=1, epochs=1).encode())
    assert finished(second).archive == one.archive


def test_a_report_has_the_seed_that_stayed_and_what_evolved_instead(make, tmp_path, monkeypatch):
    evolved_on = frozenset(range(0, 24, 5))
    monkeypatch.setattr(samples, "networks_seen", lambda texts, _: evolved_on if texts else frozenset())
    seeded = {"rounds": 1, "epochs": 1, "held_out": 4, "seed_proxies": ("numel(wt)", "l1_norm(wt)")}
    content = discover(lambda: make(**seeded), tmp_path / "seeded", None, lambda _: None)
    assert content["chosen"]["formula"] in seeded["seed_proxies"]
    (name,) = content["protocol"]["benchmarks"]
    (sample,) = make(**seeded).samples
    seen = len(evolved_on & set(sample.networks.validation.tolist()))
    assert seen
    assert content["choice"] == {
        "reported": "seed",
        "best_seed": content["chosen"]["formula"],
        "margin": 0.0,
        "validation": 6,
        "lead": None,
        "standard_error": None,
        "validation_seen_by_seeds": {name: seen},
    }
    kept = read_proxy(tmp_path / "seeded" / "proxy.json")
    assert kept.formula == content["chosen"]["formula"]
    assert kept.source == f"a seed of eznas discover, {kept.formula}"
    other = found_proxy(content, other=True)
    assert (other.formula, other.source) == (content["other"]["formula"], "eznas discover")
    assert list(content["protocol"]["never_held_out"].values()) == [5]
    assert not evolved_on & set(sample.networks.held_out.tolist())
    plain = discover(lambda: make(rounds=1, epochs=1, held_out=4), tmp_path / "plain", None, lambda _: None)
    assert not {"choice", "other"} & plain.keys()
    assert "never_held_out" not in plain["protocol"]
    with pytest.raises(EznasError, match="no other formula"):
        found_proxy(plain, other=True)
    with pytest.raises(EznasError, match="size 3 and the other formula"):
        found_proxy(content, 3, other=True)


def test_a_search_ends_early_when_it_stands_still_or_has_computed_enough(make):
    still = finished(make(epochs=200, patience=1, rounds=1))
    assert still.epochs < 200
    enough = finished(make(max_evaluations=250))
    assert 250 <= enough.formulas_evaluated < 1000
    assert enough.epochs == 1


def test_the_reported_formula_is_no_larger_than_is_asked_for(make):
    small, large = (outcome(finished(make(nodes=nodes))) for nodes in (2, 24))
    assert small.chosen.found.size <= 2 < large.chosen.found.size
    assert [one.found for one in small.front] == [one.found for one in large.front]  # it has all
    with pytest.raises(EznasError, match="nodes is 75; it must be from 1 to 74"):
        DiscoverySettings(nodes=75)


def test_joins_are_reported_and_change_nothing_in_the_search(make):
    joined, alone = finished(make()), finished(make(joined_terms=1))
    assert joined.archive == alone.archive
    terms = [{len(formula.proxy.terms) for formula in outcome(one).front} for one in (joined, alone)]
    assert terms[0] > terms[1] == {1}


def test_a_join_is_chosen_where_training_and_validation_networks_speak_for_it(make):
    chosen = [outcome(finished(make(seed=seed, rounds=1))).chosen for seed in (0, 3)]
    assert max(len(formula.proxy.terms) for formula in chosen) > 1


def test_a_formula_of_several_terms_is_one_proxy(make):
    discovery = make(terms=2)
    proxy = proxy_of((3, 7, SUBTRACTED), -1, discovery)
    first, second = (format_program(discovery.features[row]) for row in (3, 7))
    assert [term.sign for term in proxy.terms] == [1, -1]
    assert proxy.formula.startswith("signed_log(") or "; signed_log(" in proxy.formula
    assert [format_program(term.program) for term in proxy.terms] == [first, second]
    assert (proxy.orientation, proxy.aggregation) == (-1, "sum")


def test_a_seed_of_more_terms_than_evolve_starts_the_search_by_each_and_may_be_reported_whole(make):
    seed = "signed_log(numel(wt)) - signed_log(l1_norm(wt_grad.noise))"
    terms = [format_terms([Term(term.program, 1)]) for term in parse_terms(seed)]
    whole, parts = (make(seed_proxies=proxies, rounds=1, epochs=1) for proxies in ((seed,), terms))
    assert finished(whole).archive == finished(parts).archive
    (codes,) = whole.seed_codes
    assert format_terms(to_terms(codes, whole.features)) == seed
    assert outcome(whole).chosen.proxy.formula == seed  # so few validation networks drop no seed


def test_a_seed_that_does_not_fit_is_named():
    with pytest.raises(EznasError, match="has 2 terms, and formulas may have 1: give --joined-terms 2"):
        DiscoverySettings(seed_proxies=("signed_log(wt) + signed_log(wt)",), joined_terms=1)
    with pytest.raises(EznasError, match="uses sqrt"):
        DiscoverySettings(seed_proxies=("sqrt(numel(wt))",), operations="paper")
    with pytest.raises(EznasError, match="params is a hand-made proxy"):
        DiscoverySettings(seed_proxies=("params",))
    with pytest.raises(EznasError, match="seed_margin is nan"):
        DiscoverySettings(seed_margin=float("nan"))
    with pytest.raises(EznasError, match="patience is -1"):
        DiscoverySettings(patience=-1)


def test_a_formula_of_the_report_becomes_a_named_proxy(make, tmp_path, capfd):
    folder = tmp_path / "found"
    content = discover(lambda: make(held_out=6, seed=5, rounds=1), folder, None, lambda _: None)
    command = ["proxy", "add", str(folder), "--name", "mine", "--note", "for a test", "--folder", str(tmp_path)]
    assert main(command) == 0
    shown = capfd.readouterr().out
    proxy = read_proxy(tmp_path / "mine.json")
    assert (proxy.name, proxy.note, proxy.formula) == ("mine", "for a test", content["chosen"]["formula"])
    assert proxy.provenance.networks == {make().settings.benchmarks[0]: {"training": 12, "validation": 6}}
    assert proxy.provenance.settings["search"]["islands"] == 2
    [tau] = proxy.provenance.taus
    assert (tau.networks, tau.tau) == (6, next(iter(content["chosen"]["benchmarks"].values()))["held_out"]["tau"])
    assert proxy.provenance.command in shown
    size = content["front"][0]["size"]
    assert main([*command, "--size", str(size), "--replace"]) == 0
    assert read_proxy(tmp_path / "mine.json").formula == content["front"][0]["formula"]
    assert main([*command, "--size", "1000", "--replace"]) == 1
    assert "no formula of size 1000" in capfd.readouterr().err
    assert proxy.name not in proxies.names()
    assert [len(seen) for seen in proxy.provenance.architectures.values()] == [18]
    assert networks_seen([str(tmp_path / "mine.json")], make().samples[0].benchmark) == frozenset(
        make(seed=5).samples[0].networks.in_search.tolist()
    )


def test_the_command_of_settings_states_what_differs_from_the_defaults():
    assert DiscoverySettings().command == "eznas discover --benchmark digits --seed 0"
    settings = DiscoverySettings(
        benchmarks=("digits", "digits-chain"),
        over=("params", "flops"),
        seed_proxies=("numel(wt) * l1_norm(wt)",),
        seed_margin=0.5,
        evolution=1,
        terms=2,
        search=SEARCH,
    )
    assert settings.command == (
        "eznas discover --benchmark digits --benchmark digits-chain --seed-proxy 'numel(wt) * l1_norm(wt)' --seed 0 "
        "--evolution 1 --over params,flops --terms 2 --seed-margin 0.5 --islands 2 --members 30 --children 150"
    )


def test_the_fitness_in_the_search_is_the_tau_that_scoring_gives_the_program(make, tiny_table):
    from eznas import benchmarks
    from eznas.scoring.ranking import rank_networks

    discovery = finished(make(networks=18, epochs=1))
    networks = discovery.samples[0].networks.training
    formulas = discovery.archive.formulas[::7]
    proxies = [proxy_of(formula.codes, 1, discovery) for formula in formulas]
    rankings = rank_networks(
        proxies, benchmarks.load(tiny_table), networks, discovery.machine.scoring(discovery.settings), second_draw=False
    )
    assert [abs(ranking.tau.value) for ranking in rankings] == [formula.fitness for formula in formulas]
    assert len(formulas) > 10


def test_what_formulas_are_compared_with_is_in_the_fitness_and_in_the_report(make, tmp_path):
    over = make(over=("params", "l1_norm(wt)"), lead_cap=0.3, held_out=6, beside=("l2_norm", "l1_norm(wt)"))
    assert "--beside l2_norm --beside 'l1_norm(wt)'" in over.settings.command
    assert over.samples[0].references[0].shape == (2, 18)
    content = discover(lambda: over, tmp_path / "over", None, lambda _: None)
    assert [one["name"] for one in content["baselines"]] == [
        *("eznas-a", "flops", "params", "l1_norm(wt)", "l2_norm"),
    ]
    assert set(content["chosen"]["benchmarks"][over.samples[0].benchmark.name]["lead"]) == {
        *("eznas-a", "flops", "params", "l1_norm(wt)"),
    }
    assert content["protocol"]["over"] == ["params", "l1_norm(wt)"]
    assert "beside" not in content["protocol"]
    given = make(given="params")
    assert finished(given).archive != finished(make()).archive


def test_several_draws_are_groups_of_the_same_networks_with_other_weights(make):
    discovery = make(draws=2, epochs=1, rounds=1)
    training = discovery.training_problem
    assert training.groups.tolist() == [0, 12, 24]
    np.testing.assert_array_equal(training.accuracies[:12], training.accuracies[12:])
    units = training.ends[11]
    first, second = training.features[:, :units], training.features[:, units:]
    assert (first != second).any(axis=1).mean() > 0.5
    alone = make()
    shared = [feature for feature in discovery.features if feature in set(alone.features)]
    assert len(shared) > len(discovery.features) / 2
    rows, same = ([one.features.index(feature) for feature in shared] for one in (discovery, alone))
    np.testing.assert_array_equal(first[rows], alone.training_problem.features[same])
    finished(discovery)
    assert 0 < discovery.archive.front[-1].fitness <= 1


def test_objectives_that_exclude_each_other_or_mean_nothing_are_named():
    with pytest.raises(EznasError, match="choose one of them"):
        DiscoverySettings(given="params", over=("flops",))
    with pytest.raises(EznasError, match=r"lead_cap is 0"):
        DiscoverySettings(over=("flops",), lead_cap=0.0)
    with pytest.raises(EznasError, match=r"least_share is 2"):
        DiscoverySettings(over=("flops",), least_share=2)
    with pytest.raises(EznasError, match="draws is 0"):
        DiscoverySettings(draws=0)
