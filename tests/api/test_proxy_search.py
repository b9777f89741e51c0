import io
import pickle

import numpy as np
import pytest
from api_models import BATCH, assert_same_state, network, random_states, state_of, written_to_tensorboard
from rich.console import Console
from sklearn.base import clone
from torch import nn

import eznas
from eznas.api.callbacks import RichProgress, TensorBoard

MODELS = [network(width, depth) for width in (2, 3, 5, 8) for depth in (1, 2)]
ACCURACIES = [width * 10 + depth for width in (2, 3, 5, 8) for depth in (1, 2)]


def search(**arguments):
    return eznas.ProxySearch(**{"generations": 2, "population": 8, "mu": 4, "lambda_": 6} | arguments)


@pytest.fixture(scope="module")
def fitted():
    return search().fit(MODELS, ACCURACIES, BATCH)


@pytest.mark.filterwarnings("ignore:The score of")  # half of these small networks is their first convolution
@pytest.mark.parametrize("genome", ["tree", "sequential", "feature-tree"])
def test_it_finds_a_proxy_that_ranks_the_models_as_it_says(genome):
    found = search(genome=genome).fit(MODELS, ACCURACIES, BATCH)
    scores = found.predict(MODELS)
    assert found.score(MODELS, ACCURACIES) == pytest.approx(found.hall_of_fame_[0].fitness)
    assert found.best_proxy_ == found.hall_of_fame_[0].proxy
    assert scores.tolist() == [eznas.score(model, found.best_proxy_, inputs=BATCH) for model in MODELS]
    assert [record["generation"] for record in found.history_] == [0, 1, 2]


def test_the_front_is_of_all_programs_smallest_first(fitted):
    sizes = [one.size for one in fitted.pareto_front_]
    taus = [one.fitness for one in fitted.pareto_front_]
    assert sizes == sorted(set(sizes))
    assert taus == sorted(set(taus))
    assert taus[-1] == fitted.hall_of_fame_[0].fitness == fitted.history_[-1]["best"]


def test_models_and_random_states_stay_as_they_are():
    states, before = random_states(), [state_of(model) for model in MODELS]
    search(generations=0).fit(MODELS, ACCURACIES, BATCH).predict(MODELS)
    assert random_states() == states
    for model, state in zip(MODELS, before, strict=True):
        assert_same_state(state, state_of(model))


def test_the_result_depends_on_the_seed_alone(fitted):
    again = search(threads=3, memory="0").fit(dict(zip("abcdefgh", MODELS, strict=True)), ACCURACIES, BATCH)
    assert again.history_ == fitted.history_
    assert search(random_state=1).fit(MODELS, ACCURACIES, BATCH).history_ != fitted.history_


def test_warm_start_goes_on_to_what_one_fit_gives(fitted):
    warm = search(generations=1, warm_start=True).fit(MODELS, ACCURACIES, BATCH)
    warm.set_params(generations=2).fit(MODELS, ACCURACIES, BATCH)
    assert warm.history_ == fitted.history_
    assert warm.pareto_front_ == fitted.pareto_front_
    with pytest.raises(eznas.EznasError, match="With warm_start, fit goes on with the same models"):
        warm.fit(MODELS, ACCURACIES[::-1], BATCH)


def test_callbacks_see_every_generation_and_may_end_the_search():
    seen = []
    console = Console(file=io.StringIO(), force_terminal=True)

    def stop(generation):
        seen.append((generation.number, generation.last, generation.record["best"]))
        return generation.number == 1

    found = search(generations=5, callbacks=[stop, RichProgress(console)]).fit(MODELS, ACCURACIES, BATCH)
    assert [number for number, *_ in seen] == [0, 1]
    assert [record["best"] for record in found.history_] == [best for *_, best in seen]


def test_tensorboard_says_what_it_needs(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "torch.utils.tensorboard", None)
    with pytest.raises(eznas.EznasError, match=r"pip install 'eznas\[tensorboard\]'"):
        TensorBoard(tmp_path)


def test_tensorboard_gets_the_numbers_of_every_generation(monkeypatch):
    written = written_to_tensorboard(monkeypatch)
    search(generations=1, callbacks=[TensorBoard()]).fit(MODELS, ACCURACIES, BATCH)
    assert [one for one in written if one[0] == "eznas/best"] == [("eznas/best", 0), ("eznas/best", 1)]
    assert written[-1] == "closed"


def test_it_is_an_estimator_that_scikit_learn_can_clone(fitted):
    copied = clone(fitted)
    assert copied.get_params() == fitted.get_params()
    assert not hasattr(copied, "best_proxy_")
    assert repr(search(genome="sequential")) == (
        "ProxySearch(genome='sequential', generations=2, population=8, mu=4, lambda_=6)"
    )
    restored = pickle.loads(pickle.dumps(fitted))
    assert restored.best_proxy_ == fitted.best_proxy_


@pytest.mark.parametrize(
    ("arguments", "models", "accuracies", "message"),
    [
        ({"genome": "bush"}, MODELS, ACCURACIES, "Unknown genome 'bush'"),
        ({"generations": -1}, MODELS, ACCURACIES, "generations is -1"),
        ({"genome_settings": {"depth": 3}}, MODELS, ACCURACIES, "has no setting 'depth'"),
        ({"random_state": -1}, MODELS, ACCURACIES, "random_state is -1: give a whole number, 0 or more"),
        ({"random_state": None}, MODELS, ACCURACIES, "random_state is None: give a whole number"),
        ({"random_state": 1.5}, MODELS, ACCURACIES, "random_state is 1.5: give a whole number"),
        ({"genome": ["tree"]}, MODELS, ACCURACIES, r"genome is \['tree'\]: give its name"),
        ({"genome_settings": [3]}, MODELS, ACCURACIES, r"genome_settings is \[3\]: give a dictionary"),
        ({"callbacks": print}, MODELS, ACCURACIES, "callbacks is .*: give a list of functions"),
        ({"callbacks": [None]}, MODELS, ACCURACIES, r"callbacks is \[None\]: give a list of functions"),
        ({"to_scalar": "max"}, MODELS, ACCURACIES, "to_scalar is 'max': choose mean or l2"),
        ({"memory": "much"}, MODELS, ACCURACIES, "memory is 'much'"),
        ({}, MODELS, ACCURACIES[:3], r"8 models and accuracies of shape \(3,\)"),
        ({}, MODELS, ["high"] * 8, "The accuracies are no numbers"),
        ({}, MODELS, [*ACCURACIES[:7], np.nan], "Accuracy 7 is nan: leave that model out"),
        ({}, MODELS, [1.0] * 8, "8 models of 1 different accuracies can't be ranked"),
        ({}, [nn.Flatten()] * 3, [1, 2, 3], "None of the 3 models can be scored. .* has no R-C-B unit"),
    ],
)
def test_mistakes_are_one_sentence(arguments, models, accuracies, message):
    with pytest.raises(eznas.EznasError, match=message):
        search(**arguments).fit(models, accuracies, BATCH)


def test_what_is_not_there_says_so():
    with pytest.raises(eznas.EznasError, match=r"no best_proxy_ yet: call fit\("):
        search().predict(MODELS)
    with pytest.raises(eznas.EznasError, match=r"no argument 'generation' .did you mean 'generations'"):
        search().set_params(generation=3)
