"""How far ahead of the seeds must what evolved be? Held-out tau of both in many seeded searches, by `--seed-margin`.

    python bench/seed_margin.py --seeds 2

On every embedded benchmark, with 40 and with 80 networks of known accuracy, one search starts from five formulas that
evolved on NAS-Bench-201 and from the number of weights. A quarter of the networks is for validation, the others that
the benchmark has are held out, 150 at most. A margin is judged by the held-out tau of the formula that it takes, in the
mean over all searches, beside always the seed, always what evolved, and always the better of both, which no rule can
know. Finished searches are kept.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Final

from eznas.discovery.discovery import Discovery
from eznas.discovery.machine import Machine
from eznas.discovery.session import discover
from eznas.discovery.settings import DiscoverySettings
from eznas.statistics.workers import available_cores

_KINDS: Final = (
    *("activations", "amoeba", "chain", "darts", "enas", "kernels", "nasnet", "pnas", "reductions", "stages"),
    "wiring",
)
BENCHMARKS: Final = ("digits", *(f"digits-{kind}" for kind in _KINDS))
SEEDS: Final = (
    *(f"nasbench201-{kind}" for kind in ("best", "short", "small", "top", "across")),
    "numel(wt)",
)
KNOWN: Final = (40, 80)
HELD_OUT: Final = 150
MARGINS: Final = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)


@dataclass(frozen=True)
class Cell:
    """One search: the lead of what evolved in standard errors, and the held-out tau of both formulas."""

    benchmark: str
    known: int
    lead: float
    evolved: float
    seed: float


def measure(benchmark: str, known: int, seed: int, folder: Path, threads: int) -> Cell:
    """Search, or read what the search found."""
    settings = DiscoverySettings(
        benchmarks=(benchmark,),
        networks=known - known // 4,
        validation=known // 4,
        held_out=HELD_OUT,
        seed=seed,
        rounds=1,
        epochs=15,
        seed_proxies=SEEDS,
    )
    machine = Machine(threads)
    content = discover(
        lambda: Discovery.on_benchmarks(settings, machine), folder / f"{benchmark}-{known}-{seed}", None, lambda _: None
    )
    choice = content["choice"]
    reported = _tau(content["chosen"], benchmark)
    other = _tau(content["other"], benchmark) if "other" in content else reported
    evolved, kept = (other, reported) if choice["reported"] == "seed" else (reported, other)
    return Cell(benchmark, known, choice["lead"] / choice["standard_error"] if "other" in content else 0, evolved, kept)


def _tau(formula: dict[str, Any], benchmark: str) -> float:
    tau = formula["benchmarks"][benchmark]["held_out"]["tau"]
    return 0.0 if tau is None else float(tau)


def table(cells: Sequence[Cell]) -> list[str]:
    """Return the lines of the table: each rule with its mean and its difference from always taking the seed."""
    rules = [
        ("always the best seed", [cell.seed for cell in cells]),
        ("always what evolved", [cell.evolved for cell in cells]),
        ("always the better", [max(cell.seed, cell.evolved) for cell in cells]),
        *(
            (f"margin {margin:g}", [cell.evolved if cell.lead > margin else cell.seed for cell in cells])
            for margin in MARGINS
        ),
    ]
    lines = [f"{len(cells)} searches", "rule                    tau   against the seed   evolved taken"]
    for name, taus in rules:
        ahead = [tau - cell.seed for tau, cell in zip(taus, cells, strict=True)]
        error = stdev(ahead) / math.sqrt(len(ahead)) if len(ahead) > 1 else math.nan
        taken = sum(tau == cell.evolved != cell.seed for tau, cell in zip(taus, cells, strict=True))
        lines.append(f"{name:<20} {fmean(taus):6.3f}   {fmean(ahead):+.3f} ± {error:.3f}   {taken:>13}")
    return lines


def main() -> None:
    """Search, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--benchmark", action="append", choices=BENCHMARKS)
    parser.add_argument("--output", type=Path, default=Path("runs") / "seed-margin")
    parser.add_argument("--threads", type=int, default=available_cores())
    arguments = parser.parse_args()
    cells: list[Cell] = []
    for seed in range(arguments.seeds):
        for benchmark in arguments.benchmark or BENCHMARKS:
            for known in KNOWN:
                cell = measure(benchmark, known, seed, arguments.output, arguments.threads)
                cells.append(cell)
                print(
                    f"{benchmark} {known} seed {seed}: lead {cell.lead:.2f} errors, evolved {cell.evolved:.3f}, "
                    f"best seed {cell.seed:.3f}",
                    flush=True,
                )
    for known in KNOWN:
        print(f"\n{known} known networks,", *table([cell for cell in cells if cell.known == known]), sep="\n")
    print("\nBoth together,", *table(cells), sep="\n")


if __name__ == "__main__":
    main()
