import pytest
import torch
from api_models import BATCH, assert_same_state, network, random_states, state_of, written_to_tensorboard
from sklearn.base import clone
from torch import nn

import eznas
from eznas.api.callbacks import TensorBoard
from eznas.discovery import result

MODELS = [network(width, depth) for width in (2, 3, 5, 8) for depth in (1, 2, 3)]
ACCURACIES = [width * 10 + depth for width in (2, 3, 5, 8) for depth in (1, 2, 3)]
QUICK = {"islands": 2, "members": 20, "children": 200}

pytestmark = pytest.mark.filterwarnings("ignore:The score of")  # half of these small networks is their first layer


def discovery(**arguments):
    return eznas.ProxyDiscovery(**{"epochs": 2, "rounds": 1, "search_settings": QUICK} | arguments)


@pytest.fixture(scope="module")
def fitted():
    return discovery().fit(MODELS, ACCURACIES, BATCH)


def test_the_formula_ranks_the_models_and_scores_as_in_the_search(fitted):
    assert fitted.score(MODELS, ACCURACIES) > 0.9
    scores = fitted.predict(MODELS)
    assert scores.tolist() == [eznas.score(model, fitted.best_proxy_, inputs=BATCH) for model in MODELS]
    assert [record["epoch"] for record in fitted.history_] == [1, 2]
    assert fitted.best_proxy_.source == "eznas.ProxyDiscovery, seed 0"


def test_the_fitness_is_that_of_the_models_that_are_not_for_the_choice(fitted):
    sizes = [one.size for one in fitted.pareto_front_]
    taus = [one.fitness for one in fitted.pareto_front_]
    assert sizes == sorted(set(sizes))
    assert taus == sorted(set(taus))
    assert taus[-1] == fitted.history_[-1]["best"]
    order = eznas.seeds.generator(0, "networks").permutation(len(MODELS))[:9]
    best = fitted.pareto_front_[-1]
    again = discovery()
    again.best_proxy_, again._inputs = best.proxy, BATCH
    assert again.score([MODELS[i] for i in order], [ACCURACIES[i] for i in order]) == pytest.approx(best.fitness)


def test_the_result_depends_on_the_seed_alone(fitted):
    again = discovery(threads=3, memory="0").fit(dict(zip("abcdefghijkl", MODELS, strict=True)), ACCURACIES, BATCH)
    assert again.history_ == fitted.history_
    assert again.pareto_front_ == fitted.pareto_front_
    assert discovery(random_state=1).fit(MODELS, ACCURACIES, BATCH).pareto_front_ != fitted.pareto_front_


def test_formulas_are_joined_once_when_the_search_is_over(monkeypatch):
    joins, epochs = [], []
    monkeypatch.setattr(result, "with_joins", lambda archive, *_: joins.append(len(epochs)) or archive)
    discovery(callbacks=[epochs.append]).fit(MODELS, ACCURACIES, BATCH)
    assert joins == [2]


def test_a_seed_stays_where_few_models_do_not_speak_against_it(fitted):
    seeded = discovery(seed_proxies=("numel(wt)", "l1_norm(act.noise)")).fit(MODELS, ACCURACIES, BATCH)
    assert seeded.best_proxy_.formula in ("numel(wt)", "l1_norm(act.noise)")
    assert len(seeded.pareto_front_) > 1
    assert seeded.choice_["reported"] == "seed"
    assert seeded.choice_["best_seed"] == seeded.best_proxy_.formula
    assert seeded.best_proxy_.source.startswith("a seed of eznas.ProxyDiscovery")
    assert fitted.choice_ == {}
    with pytest.raises(eznas.EznasError, match="params is a hand-made proxy"):
        discovery(seed_proxies=("params",)).fit(MODELS, ACCURACIES, BATCH)


def test_a_seed_may_be_one_text_or_a_loaded_proxy():
    named, loaded, listed = (
        discovery(seed_proxies=seed).fit(MODELS, ACCURACIES, BATCH)
        for seed in ("numel(wt)", [eznas.load_proxy("numel(wt)")], ("numel(wt)",))
    )
    assert named.choice_ == loaded.choice_ == listed.choice_
    assert named.choice_["best_seed"] == "numel(wt)"
    assert named.best_proxy_ == loaded.best_proxy_ == listed.best_proxy_


def test_it_may_run_in_inference_mode(fitted):
    with torch.inference_mode():
        again = discovery().fit(MODELS, ACCURACIES, BATCH.clone())
    assert again.pareto_front_ == fitted.pareto_front_


def test_models_and_random_states_stay_as_they_are():
    states, before = random_states(), [state_of(model) for model in MODELS]
    discovery(epochs=1).fit(MODELS, ACCURACIES, BATCH)
    assert random_states() == states
    for model, state in zip(MODELS, before, strict=True):
        assert_same_state(state, state_of(model))


def test_own_weights_give_other_features():
    models = [network(width, 2) for width in (2, 3, 4, 5, 6, 8)]
    settings = {"epochs": 1, "validation": 0.4}
    fresh, own = (
        discovery(weights=weights, **settings).fit(models, [1, 5, 2, 4, 3, 6], BATCH) for weights in ("fresh", "own")
    )
    assert fresh.pareto_front_ != own.pareto_front_


def test_a_callback_may_end_the_search():
    seen = []

    def stop(generation):
        seen.append((generation.number, generation.last, generation.best.size > 0))
        return True

    found = discovery(epochs=5, callbacks=[stop]).fit(MODELS, ACCURACIES, BATCH)
    assert seen == [(1, 5, True)]
    assert len(found.history_) == 1


def test_tensorboard_gets_the_numbers_of_every_epoch(monkeypatch):
    written = written_to_tensorboard(monkeypatch)
    discovery(callbacks=[TensorBoard()]).fit(MODELS, ACCURACIES, BATCH)
    for tag in ("eznas/best", "eznas/formulas_evaluated", "eznas/best_program"):
        assert [one for one in written if one[0] == tag] == [(tag, 1), (tag, 2)]
    assert written[-1] == "closed"


def test_it_is_an_estimator_of_scikit_learn():
    one = discovery(terms=2)
    assert clone(one).get_params() == one.get_params()
    assert repr(eznas.ProxyDiscovery(terms=2)) == "ProxyDiscovery(terms=2)"
    with pytest.raises(AttributeError, match="This ProxyDiscovery has no best_proxy_ yet"):
        _ = one.best_proxy_


@pytest.mark.parametrize(
    ("arguments", "count", "sentence"),
    [
        ({"validation": 0.0}, 12, "validation is 0.0: give a share between 0 and 1"),
        ({}, 3, "Of 3 models, 2 are for the choice and 1 to evolve on"),
        ({"search_settings": {"island": 2}}, 12, "There is no search setting 'island' (did you mean 'islands'?)"),
        ({"validation": "half"}, 12, "validation is 'half': give a share"),
        ({"epochs": 0}, 12, "epochs is 0"),
        ({"rounds": 1.5}, 12, "rounds is 1.5; it must be a whole number"),
        ({"random_state": -1}, 12, "random_state is -1: give a whole number, 0 or more"),
        ({"random_state": None}, 12, "random_state is None: give a whole number"),
        ({"random_state": 1.5}, 12, "random_state is 1.5: give a whole number"),
        ({"seed_margin": None}, 12, "seed_margin is None; it must be a number"),
        ({"search_settings": 3}, 12, "search_settings is 3: give a dictionary of settings"),
        ({"callbacks": "each"}, 12, "callbacks is 'each': give a list of functions"),
        ({"objective": "best"}, 12, "objective is 'best': choose tau or top or both"),
        ({"seed_proxies": None}, 12, "seed_proxies is None: give a list"),
        ({"memory": 10}, 12, "memory is 10: give a number and a unit"),
        ({"threads": -1}, 12, "threads is -1: give 1 or more"),
        ({"weights": "old"}, 12, "weights is 'old'"),
    ],
)
def test_mistakes_are_one_sentence(arguments, count, sentence):
    with pytest.raises(eznas.EznasError) as caught:
        discovery(**arguments).fit(MODELS[:count], ACCURACIES[:count], BATCH)
    assert sentence in str(caught.value)


def test_a_model_that_cannot_be_run_is_named():
    models = {**{f"m{n}": model for n, model in enumerate(MODELS)}, "flat": nn.Flatten()}
    with pytest.raises(eznas.EznasError, match="flat"):
        discovery().fit(models, [*ACCURACIES, 1], BATCH)
