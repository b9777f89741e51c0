"""What the study of architecture search found: as plain data, as Markdown, as sentences, and as a plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from eznas.architecture_search.result import TRAINED
from eznas.experiments.plots import COLOURS, draw_band, save_plot
from eznas.experiments.seed_statistics import INTERVAL, mean_over_seeds, means_over_seeds

_EQUAL_COST: Final = (
    "Equal cost means: as many networks are trained. A search scores networks and trains its best-scored ones; random "
    "search trains as many networks drawn from the table, and its figures are the exact expectation over all draws. "
    "Scoring is not counted: it takes seconds where training takes hours."
)


def architecture_content(
    results: Sequence[Mapping[str, Any]], seeds: Sequence[int], settings: Mapping[str, Any], cost: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the study as plain data.

    Args:
        results: one for each benchmark, with what its searches gave by seed.
        seeds: of the searches.
        settings: what the searches depend on.
        cost: what the study took.
    """
    return {
        "experiment": "search",
        "seeds": list(seeds),
        "interval": INTERVAL,
        "results": [{**one, "searches": [_search(search) for search in one["searches"]]} for one in results],
        "settings": dict(settings),
        "cost": dict(cost),
    }


def _search(search: Mapping[str, Any]) -> dict[str, Any]:
    """Put means over seeds beside what the searches of one proxy and strategy gave."""
    longest = max(map(len, search["curve"]))
    # A search that ends early, because the table is used up, keeps its pick.
    curves = [[*curve, *[curve[-1]] * (longest - len(curve))] for curve in search["curve"]]
    return {
        "proxy": search["proxy"],
        "strategy": search["strategy"],
        "accuracy": {**mean_over_seeds(search["accuracy"]).to_dict(), "by_seed": search["accuracy"]},
        "rank": {"median": float(np.median(search["rank"])), "by_seed": search["rank"]},
        "regret": mean_over_seeds(search["regret"]).to_dict(),
        "trained": {
            str(count): mean_over_seeds([one[column] for one in search["trained"]]).to_dict()
            for column, count in enumerate(TRAINED)
        },
        "trainings_of_random_search": search["trainings"],
        "curve": [mean.to_dict() for mean in means_over_seeds(curves)],
        "architectures": search["architecture"],
    }


def architecture_markdown(content: Mapping[str, Any]) -> str:
    """Return the study as Markdown: a table for each benchmark."""
    lines = [
        "# What a proxy is worth to whoever looks for an architecture",
        "",
        f"Means over {len(content['seeds'])} seeds of the search, {content['settings']['networks']} networks scored by "
        f"each; intervals: {content['interval']}. {_EQUAL_COST}",
    ]
    for one in content["results"]:
        trained = [f"best of {count} trained" for count in TRAINED[1:]]
        lines += [
            "",
            f"## {one['benchmark']}",
            "",
            f"{one['description']} The best of {one['networks']:,} networks has {one['best']:.2f}.",
            "",
            f"| proxy | strategy | accuracy of the pick | rank (median) | regret | {' | '.join(trained)} | "
            "random search expects that of |",
            f"| :-- | :-- | --: | --: | --: |{' --: |' * len(trained)} --: |",
        ]
        for search in one["searches"]:
            accuracy = search["accuracy"]
            cells = [
                search["proxy"],
                search["strategy"],
                f"{accuracy['mean']:.2f} [{accuracy['low']:.2f}, {accuracy['high']:.2f}]",
                f"{search['rank']['median']:.0f}",
                f"{search['regret']['mean']:.2f}",
                *(f"{search['trained'][str(count)]['mean']:.2f}" for count in TRAINED[1:]),
                _trainings(search["trainings_of_random_search"]),
            ]
            lines.append(f"| {' | '.join(cells)} |")
        first, *more = (f"{one['random'][str(count)]:.2f}" for count in TRAINED)
        regret = one["best"] - one["random"]["1"]
        lines.append(
            f"| none | random networks, trained | {first} | | {regret:.2f} | {' | '.join(more)} | 1 training |"
        )
    return "\n".join(lines) + "\n"


def _trainings(count: int | None) -> str:
    return "more than all" if count is None else f"{count:,} training{'s' * (count > 1)}"


def architecture_sentences(content: Mapping[str, Any]) -> list[str]:
    """Say for each benchmark what each proxy and strategy pick, the best first."""
    sentences = []
    for one in content["results"]:
        ordered = sorted(one["searches"], key=lambda search: -search["accuracy"]["mean"])
        found = "; ".join(
            f"{search['strategy']} search with {search['proxy']} {search['accuracy']['mean']:.2f}, which random search "
            f"expects of {_trainings(search['trainings_of_random_search'])} (rank {search['rank']['median']:.0f})"
            for search in ordered
        )
        random = ", ".join(f"{count}: {one['random'][str(count)]:.2f}" for count in TRAINED)
        sentences.append(
            f"{one['benchmark']}, best of {one['networks']:,} networks {one['best']:.2f}: {found}. Random search after "
            f"training {random}."
        )
    return [*sentences, _EQUAL_COST]


def plot(content: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw the accuracy of the pick against the networks scored as `search.png` and `.svg` in `folder`."""
    panels = [
        (one, proxy)
        for one in content["results"]
        for proxy in dict.fromkeys(search["proxy"] for search in one["searches"])
    ]

    def draw(figure: Any) -> None:
        columns = len({proxy for _, proxy in panels})
        grid = figure.subplots(len(content["results"]), columns, sharey="row", squeeze=False)
        for place, (one, proxy) in enumerate(panels):
            axes = grid[place // columns][place % columns]
            for search, colour in zip([s for s in one["searches"] if s["proxy"] == proxy], COLOURS, strict=False):
                scored = range(1, len(search["curve"]) + 1)
                draw_band(axes, list(scored), search["curve"], search["strategy"], colour)
            for count, style in zip(TRAINED, (":", "-.", "--"), strict=True):
                accuracy = one["random"][str(count)]
                axes.axhline(accuracy, color="#777777", linestyle=style, linewidth=1, label=f"random, {count} trained")
            axes.axhline(one["best"], color="#222222", linewidth=1, label="best of the table")
            axes.set(xlabel="networks scored", title=f"{one['benchmark']}: {proxy}")
            axes.title.set_fontsize(8)
            if place % columns == 0:
                axes.set_ylabel("accuracy of the best-scored network")
        grid[0][-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
        figure.suptitle(f"{len(content['seeds'])} seeds; bands: {content['interval']}", fontsize=8)

    columns = len({proxy for _, proxy in panels})
    return save_plot(draw, folder / "search", 2 + 3.4 * columns, 3.4 * len(content["results"]))
