"""How many formulas a second the search of `eznas discover` makes and computes, on numbers of the real size.

Random features for 300 networks of 40 units: what a formula costs depends on their number, not on their values. The
time is that of the processor, so that other work on the machine does not count.

    python bench/bench_formulas.py --networks 300
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from eznas.discovery.alphabet import alphabet_of
from eznas.discovery.archive import fitness_on
from eznas.discovery.limits import MAXIMUM_NODES
from eznas.discovery.problem import NetworkGroup, arrays_of
from eznas.discovery.search import FormulaSearch
from eznas.discovery.search_settings import SearchSettings

FEATURES, UNITS = 900, 40


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=3)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    units = np.full(given.networks, UNITS)
    values = rng.normal(size=(FEATURES, units.sum())).astype(np.float32)
    truth = np.add.reduceat(values[0] * values[1] + values[2], np.cumsum(units) - units)
    group = NetworkGroup(units, values, np.ones(values.shape, bool), truth + 5 * rng.normal(size=given.networks))
    arrays = arrays_of([group], "sum")
    # Nothing for size, so that the population is as large as it can be.
    settings = SearchSettings(parsimony=0.0)
    search = FormulaSearch(arrays, alphabet_of(np.arange(FEATURES)), settings, rng)
    search.advance(1)  # compiles
    for _ in range(given.epochs):
        search.advance(1)
    before, begun = search.evaluated, time.process_time()
    search.advance(1)
    _print("of the search", search.evaluated - before, time.process_time() - begun)

    largest = [formula.codes for formula in search.archive.formulas if formula.size == MAXIMUM_NODES] * 20
    begun = time.process_time()
    fitness_on(largest, arrays)
    _print(f"of {MAXIMUM_NODES} nodes", len(largest), time.process_time() - begun)


def _print(what: str, count: int, seconds: float) -> None:
    microseconds = 1e6 * seconds / count
    print(f"{count:,} formulas {what}: {microseconds:.0f} us each, {2 * 3600e6 / microseconds:,.0f} an hour on 2 cores")


if __name__ == "__main__":
    main()
