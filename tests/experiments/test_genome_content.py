from __future__ import annotations

import pytest

from eznas.experiments.genome_arms import ARMS
from eznas.experiments.genome_content import comparison_content, comparison_markdown, comparison_sentences


def run(bests, evaluated, seconds, live_share=1.0):
    return [
        {
            "best": best,
            "evaluated": evaluated,
            "individuals": 10,
            "repeats": 10 - evaluated,
            "invalid": 1,
            "seconds": seconds,
            "mean_size": 20.0,
            "mean_live": 20.0 * live_share,
            "live_share": live_share,
        }
        for best in bests
    ]


def piece(tau):
    return {"tau": tau, "formula": "wt", "description": "A toy.", "networks": 50}


def content(tree, sequential, tree_tau=0.5, sequential_tau=0.5, seeds=8, arms=None):
    """The content of a comparison of the same runs in every arm, but for the pairs of runs in `arms`."""
    pairs = {arm.name: (tree, sequential) for arm in ARMS} | (arms or {})
    records = {
        name: {"tree": [of_tree] * seeds, "sequential": [other] * seeds} for name, (of_tree, other) in pairs.items()
    }
    tested = {
        arm.name: {"tree": [piece(tree_tau)] * seeds, "sequential": [piece(sequential_tau)] * seeds} for arm in ARMS
    }
    return comparison_content(records, tested)


def by_quantity(made):
    return {one["quantity"].split(" for ")[-1]: one for one in made["arms"]["paper"]["comparisons"]}


def test_budgets_are_cut_where_the_thriftier_genome_ends():
    # The tree needs 10 evaluations and 1 second a generation, the sequential genome 5 and 2.
    tree = run([0.2, 0.4, 0.6], evaluated=10, seconds=1.0)
    sequential = run([0.3, 0.4, 0.5], evaluated=5, seconds=2.0, live_share=0.25)
    comparisons = by_quantity(content(tree, sequential))
    equal_individuals = comparisons["equal individuals"]
    assert (equal_individuals["tree_mean"], equal_individuals["sequential_mean"]) == pytest.approx((0.6, 0.5))
    # 15 evaluations: one generation of the tree, all three of the other.
    evaluations = comparisons["equal evaluations of distinct programs"]
    assert (evaluations["tree_mean"], evaluations["sequential_mean"]) == pytest.approx((0.2, 0.5))
    # 3 seconds: all three of the tree, one of the other.
    seconds = comparisons["equal seconds"]
    assert (seconds["tree_mean"], seconds["sequential_mean"]) == pytest.approx((0.6, 0.3))


GOOD, POOR = (run([best], evaluated=10, seconds=1.0) for best in (0.6, 0.5))


def test_the_verdict_is_the_same_for_every_selection():
    assert content(GOOD, POOR)["verdict"] == (
        "Verdict: In best fitness for equal individuals tree is better, under every selection. "
        "In tau of the best program on held-out networks no difference can be shown."
    )
    assert "no difference can be shown" in content(GOOD, GOOD)["verdict"]


def test_the_verdict_says_what_it_depends_on():
    made = content(GOOD, GOOD, arms={"ranking": (GOOD, POOR), "none": (POOR, GOOD)})
    assert made["verdict"].startswith(
        "Verdict: In best fitness for equal individuals it depends on the selection: tree is better with the best of "
        "distinct rankings, but sequential is better with the best, repeats and all, but no difference can be shown "
        "with DEAP's order; DEAP's order and up to 20 retries."
    )


def test_retries_are_compared_with_none_genome_by_genome():
    made = content(GOOD, POOR, arms={"retries": (GOOD, GOOD)})
    effects = {one["quantity"]: one["difference"]["mean"] for one in made["retries"]}
    assert effects["Best fitness for equal individuals, tree"] == 0
    assert effects["Best fitness for equal individuals, sequential"] == pytest.approx(0.1)
    assert effects["Lead of tree over sequential in best fitness"] == pytest.approx(-0.1)
    assert any("sequential: with retries is better by 0.100" in one for one in comparison_sentences(made))


def test_generations_and_totals_are_followed():
    made = content(run([0.2, 0.4], 10, 1.0), run([0.3, 0.4], 5, 2.0, live_share=0.25))
    sequential = made["arms"]["paper"]["genomes"]["sequential"]
    assert [one["mean"] for one in sequential["by_generation"]["live_length"]] == [5.0, 5.0]
    assert sequential["over_all"]["repeats"]["mean"] == 0.5
    assert (sequential["evaluations"]["mean"], sequential["seconds"]["mean"]) == (10.0, 4.0)
    curve = sequential["curves"]["evaluations"]
    assert (curve["amounts"][0], curve["amounts"][-1]) == (5, 10)
    assert (curve["best"][0]["mean"], curve["best"][-1]["mean"]) == pytest.approx((0.3, 0.4))


def test_a_seed_without_a_program_counts_as_no_ranking():
    tree, sequential = run([0.2], 10, 1.0), run([-1.0], 10, 1.0)
    made = comparison_content(
        {arm.name: {"tree": [tree] * 6, "sequential": [sequential] * 6} for arm in ARMS},
        {arm.name: {"tree": [piece(0.4)] * 6, "sequential": [None] * 6} for arm in ARMS},
    )
    assert made["arms"]["paper"]["genomes"]["sequential"]["held_out_tau_by_seed"] == [0.0] * 6
    assert made["arms"]["paper"]["genomes"]["sequential"]["best_by_seed"] == [0.0] * 6
    assert made["arms"]["paper"]["comparisons"][-1]["better"] == "tree"


def test_the_markdown_begins_with_the_verdict():
    made = {**content(run([0.2], 10, 1.0), run([0.3], 5, 2.0)), "benchmark": "toy", "seeds": list(range(8))}
    text = comparison_markdown(made)
    assert text.index("Verdict") < text.index("| tree minus sequential") < text.index("mean over seeds and all")
    assert "| Best fitness for equal individuals | -0.100 [-0.100, -0.100] |" in text
    assert "| share of repeats | 0 [0, 0] | 0.5 [0.5, 0.5] |" in text
