import json

import pytest
from api_models import BATCH, Careless, assert_same_state, linear, needs_rounding_up, network, random_states, state_of
from torch import nn

import eznas


def test_the_best_comes_first_with_the_score_that_it_has_alone():
    models = {"small": network(2), "large": network(8), "none": nn.Flatten()}
    table = eznas.rank(models, "l1_norm(wt_grad.data)", inputs=BATCH)
    assert [row.rank for row in table] == [1, 2, None]
    for row in table.rows[:2]:
        assert row.scores == (eznas.score(models[row.model], "l1_norm(wt_grad.data)", inputs=BATCH, unit="A-L-N"),)
        assert row.params == sum(one.numel() for one in models[row.model].parameters())
    assert table.best == table.rows[0].model
    assert "no A-L-N unit" in table.rows[2].reason


def test_equal_scores_share_a_rank_and_names_come_from_functions_and_classes():
    def narrow():
        return network(2)

    models = [network(4), narrow, network(4), Careless]
    table = eznas.rank(models, ["params", "flops"], inputs=BATCH)
    assert [(row.rank, row.model) for row in table] == [
        (1, "Careless"),
        (2, "Sequential 1"),
        (2, "Sequential 2"),
        (4, "narrow"),
    ]
    assert table.header == ("rank", "model", "params", "flops")
    assert all(len(cells) == 4 for cells in table.cells())


def test_the_result_does_not_depend_on_threads_and_models_stay_as_they_are():
    models = [network(width) for width in (2, 3, 4, 5)]
    states, before = random_states(), [state_of(model) for model in models]
    one, many = (eznas.rank(models, "eznas-a", inputs=BATCH, threads=threads) for threads in (1, 4))
    assert one == many
    assert random_states() == states
    for model, state in zip(models, before, strict=True):
        assert_same_state(state, state_of(model))


def test_the_table_is_text_html_and_plain_data():
    table = eznas.rank({"<a>": network(2), "b": nn.Flatten()}, inputs=BATCH, seed=3)
    lines = repr(table).splitlines()
    assert lines[0].split() == ["rank", "model", "nasbench201-small", "params"]
    assert lines[1].split()[:2] == ["1", "<a>"]
    assert "Scores of fresh weights, seed 3, from A-L-N units; higher is better." in lines
    assert "&lt;a&gt;" in table._repr_html_()
    assert "<td><a></td>" not in table._repr_html_()
    content = json.loads(json.dumps(table.to_dict()))
    assert content["rows"][1]["rank"] is None
    assert len(table) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"models": network()}, "The models are one Sequential: give a list of them"),
        ({"models": []}, "There is no model"),
        ({"proxy": []}, "There is no proxy to rank with"),
        ({"proxy": None}, "The proxy is None: give a name"),
        ({"proxy": ["params", 3]}, "The proxy is 3: give a name"),
        ({"seed": -1}, "seed is -1: give a whole number, 0 or more"),
        ({"threads": 1.5}, "threads is 1.5: give 1 or more"),
        ({"models": {1: network(), "1": network()}}, "Two models have the name '1', as a number and as a text"),
        ({"models": [nn.Flatten()]}, "scores none of the 1 models. .* has no A-L-N unit"),
    ],
)
def test_mistakes_are_one_sentence(arguments, message):
    with pytest.raises(eznas.EznasError, match=message):
        eznas.rank(**{"models": [network()], "inputs": BATCH} | arguments)


def test_all_models_have_scores_of_one_kind_of_units():
    table = eznas.rank({"convolutions": network(), "linear": linear()}, inputs=BATCH)
    assert table.unit == "A-L-N"
    for row in table:
        model = {"convolutions": network, "linear": linear}[row.model]
        assert row.scores == (eznas.score(model, inputs=BATCH, unit="A-L-N"),)
    assert eznas.rank({"convolutions": network()}, inputs=BATCH).unit == "R-C-B"
    assert eznas.rank([network()], "params", inputs=BATCH).unit == ""


def test_hand_made_proxies_and_votes_stand_beside_programs():
    table = eznas.rank([network(2), network(8)], ["synflow", "rank(synflow,params)", "eznas-a"], inputs=BATCH)
    assert [len(row.scores) for row in table] == [3, 3]
    assert None not in table.rows[0].scores


@needs_rounding_up
def test_an_order_that_is_partly_rounding_is_told_below_the_table():
    singular = "determinant(" + "sigmoid(" * 10 + "wt" + ")" * 11
    table = eznas.rank([network(width, 3) for width in range(3, 9)], [singular, "l1_norm(wt)"], inputs=BATCH)
    (told,) = table.warnings
    assert told.startswith(f"By {singular} the order is partly rounding")
    assert told in repr(table)
    assert not eznas.rank([network(2), network(3)], "l1_norm(wt)", inputs=BATCH).warnings
