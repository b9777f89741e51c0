"""What a leaderboard says: its figures as plain data, as Markdown, and as a plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.base import Benchmark
from eznas.correlation.bootstrap import INTERVAL
from eznas.correlation.rank_correlation import partial_kendall_tau
from eznas.experiments.plots import COLOURS, save_plot
from eznas.proxies import AnyProxy, HandMadeProxy, Proxy
from eznas.report.tables import interval_text, number_text, share_text
from eznas.scoring.network_scores import NetworkScores
from eznas.scoring.rank_aggregation import aggregated
from eznas.scoring.ranking import RANKING_RULE, Ranking, leads
from eznas.scoring.ties import rankable

COLUMNS: Final = (
    "proxy",
    "kind",
    "tau",
    "95 % interval",
    "rho",
    "top-decile tau",
    "tau given params",
    "over params",
    "seed stability",
    "picks",
    "its rank",
    "scored",
    "ms",
)
NUMERIC: Final = tuple(column for column in COLUMNS if column not in ("proxy", "kind"))


def benchmark_content(
    benchmark: Benchmark,
    proxies: Sequence[AnyProxy],
    rankings: Sequence[Ranking],
    scores: NetworkScores,
    accuracies: NDArray[np.float64],
    *,
    seed: int,
    reference: str,
    left_out: int,
) -> dict[str, Any]:
    """Return the leaderboard of one benchmark, the best tau first.

    Args:
        benchmark: of the networks.
        proxies: that compete.
        rankings: by each of them.
        scores: of their single proxies, for the processor time.
        accuracies: float64 (networks,).
        seed: of the bootstrap.
        reference: name of the proxy that all are compared with.
        left_out: how many networks were left out, because a proxy has seen them.
    """
    of_reference = next(one for one, proxy in zip(rankings, proxies, strict=True) if proxy.name == reference)
    given = rankable(of_reference.scores, 1)
    ahead = leads(rankings, [of_reference], accuracies, seed)
    seconds = aggregated(proxies, scores).seconds
    rows = []
    for proxy, ranking, (lead,), took in zip(proxies, rankings, ahead, seconds, strict=True):
        partial = partial_kendall_tau(rankable(ranking.scores, 1), accuracies, given)
        known = took[~np.isnan(took)]
        rows.append(
            {
                "proxy": proxy.name,
                "kind": _kind(proxy),
                **ranking.figures(),
                "tau_given_params": None if np.isnan(partial) or proxy.name == reference else partial,
                "lead": None if proxy.name == reference else lead.figures(),
                "milliseconds": 1000 * float(np.median(known)) if len(known) else None,
                "unscored": len(ranking.unscored),
                "reason": next(iter(ranking.unscored.values()), None),
            }
        )
    rows.sort(key=lambda row: 2.0 if row["tau"] is None else -row["tau"])  # without a tau last
    rescored = next((one.stability.networks for one in rankings if one.stability), 0)
    return {
        "benchmark": benchmark.name,
        "description": benchmark.description,
        "accuracy": benchmark.accuracy_label,
        "networks": len(accuracies),
        "left_out": left_out,
        "best_accuracy": float(accuracies.max()),
        "mean_accuracy": float(accuracies.mean()),
        "rescored": rescored,
        "seed": seed,
        "interval": INTERVAL,
        "ranking": RANKING_RULE,
        "rows": rows,
    }


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a row as the texts of `COLUMNS`."""
    lead, milliseconds = row["lead"], row["milliseconds"]
    return (
        row["proxy"],
        row["kind"],
        number_text(row["tau"]),
        interval_text(row["tau_interval"]),
        number_text(row["spearman"]),
        number_text(row["top_decile_tau"]),
        number_text(row["tau_given_params"]),
        f"{lead['tau']:+.3f} {interval_text(lead['interval'])}" if lead and lead["tau"] is not None else "–",
        number_text(row["seed_stability"]),
        "–" if row["tau"] is None else f"{row['picked_accuracy']:.2f}",
        "–" if row["tau"] is None else f"{row['picked_rank']:.1f}",
        share_text(row["scored"]),
        "–" if milliseconds is None else f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:.0f}",
    )


def sentences(content: Mapping[str, Any]) -> list[str]:
    """Return what to know of the figures of one benchmark."""
    left_out = f" {content['left_out']} that a proxy was evolved on are left out." if content["left_out"] else ""
    reasons = [f"{row['proxy']} has no score. {row['reason']}" for row in content["rows"] if row["scored"] == 0]
    return [
        f"{content['description']}",
        f"{content['networks']} networks, seed {content['seed']}; accuracies: {content['accuracy']}, "
        f"{content['mean_accuracy']:.2f} in the mean, {content['best_accuracy']:.2f} at best.{left_out}",
        f"Kendall tau and Spearman rho, {content['ranking']}; {content['interval']}. Over params: the difference in "
        "tau with its paired interval. Picks: accuracy and rank of the network that a proxy would choose. Seed "
        f"stability: tau between scores of {content['rescored']} networks under two draws of weights and images. "
        "ms: median processor time for one network on one thread.",
        *reasons,
    ]


def leaderboard_markdown(content: Mapping[str, Any]) -> str:
    """Return a leaderboard as Markdown: a table for each benchmark, after one of all where there are several."""
    lines = ["# Leaderboard", ""]
    measured = list(content["benchmarks"].values())
    if len(measured) > 1:
        lines += ["## Kendall tau on every benchmark", "", *_overview(measured)]
    for one in measured:
        lines += [f"## {one['benchmark']}", ""]
        lines += [text for sentence in sentences(one) for text in (sentence, "")]
        lines += [f"| {' | '.join(COLUMNS)} |", f"|{'|'.join(' --: ' if c in NUMERIC else ' :-- ' for c in COLUMNS)}|"]
        lines += [f"| {' | '.join((f'`{name}`', *rest))} |" for name, *rest in map(cells, one["rows"])]
        lines += [""]
    return "\n".join(lines)


def _overview(measured: Sequence[Mapping[str, Any]]) -> list[str]:
    taus = {one["benchmark"]: {row["proxy"]: row["tau"] for row in one["rows"]} for one in measured}
    means = {
        name: float(np.mean([of_one[name] or 0.0 for of_one in taus.values()])) for name in next(iter(taus.values()))
    }
    lines = [f"| proxy | {' | '.join(taus)} | mean |", f"| :-- |{' --: |' * (len(taus) + 1)}"]
    for name in sorted(means, key=lambda one: -means[one]):
        shown = [number_text(of_one[name]) for of_one in taus.values()]
        lines.append(f"| `{name}` | {' | '.join(shown)} | {means[name]:.3f} |")
    return [*lines, ""]


def plot(content: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw tau with its interval for every proxy as `leaderboard.png` and `.svg`, and return their paths."""
    measured = list(content["benchmarks"].values())
    longest = max(len(one["rows"]) for one in measured)
    kinds = dict(zip(("hand-made", "program", "ranks"), COLOURS, strict=False))

    def draw(figure: Any) -> None:
        for axes, one in zip(figure.subplots(1, len(measured), squeeze=False)[0], measured, strict=True):
            rows = [row for row in one["rows"] if row["tau"] is not None]
            for place, row in enumerate(rows):
                colour = kinds[row["kind"]]
                axes.plot(row["tau_interval"], [place, place], "-", color=colour)
                axes.plot([row["tau"]], [place], "o", color=colour, markersize=4)
            for row in rows:
                if row["proxy"] == content["reference"]:  # not there where all networks have as many parameters
                    axes.axvline(row["tau"], color="0.6", linewidth=0.8, linestyle="--")
            axes.set_yticks(range(len(rows)), [row["proxy"] for row in rows])
            axes.invert_yaxis()
            axes.set_xlabel("Kendall tau")
            axes.set_title(f"{one['benchmark']}, {one['networks']} networks", fontsize=8)
        for kind, colour in kinds.items():
            axes.plot([], [], "o-", color=colour, label=kind, markersize=4)
        axes.legend(loc="lower right", fontsize=7)

    return save_plot(draw, folder / "leaderboard", 1 + 3.6 * len(measured), 1 + 0.22 * longest)


def _kind(proxy: AnyProxy) -> str:
    if isinstance(proxy, Proxy):
        return "program"
    return "hand-made" if isinstance(proxy, HandMadeProxy) else "ranks"
