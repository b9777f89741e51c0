"""The batched evaluator on a GPU beside the compiled one on the CPU, on the same statistics, in one run.

    python bench/bench_device.py --device cuda --networks 100 300 1000 --seconds 240
    python bench/bench_device.py --device cpu --networks 3                    # does it run?

Populations are those of `bench_interpreter.py`: a first generation of trees, a converged one, a first generation of
sequences; each is scored as evolution does, which gives up what has no score of the first network (on a GPU) or of any
(on the CPU), and as reports do, where every score is wanted. Times are wall seconds, median of up to `--repeats` calls
that remember nothing, and a line says so if one does not repeat the bits of the first; statistics are collected by the
CPU and moved to the device before, which is timed apart. A call on a GPU ends when its numbers are back. What would not
end within `--seconds` is left out, and the table says so.

Agreement: the fitness of every program by both. Where it differs, `rounding` means that all scores agree within 1e-4;
for the others, the unit that differs most is given to the classifier of `agreement.py`, which says whether float32
determines the number there at all.
"""

from __future__ import annotations

import argparse
import itertools
import platform
import statistics as numbers
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import agreement
import bench_interpreter
import numpy as np
import torch

from eznas import benchmarks
from eznas.benchmarks.base import Benchmark
from eznas.ops.batched_plan import BatchedPlan
from eznas.ops.equivalence import simplified
from eznas.ops.notation import format_program, parse_program
from eznas.ops.plan import Plan
from eznas.ops.program import Program
from eznas.scoring.batched_evaluator import BatchedEvaluator
from eznas.scoring.evaluator import Evaluator, unit_numbers
from eznas.scoring.unit_blocks import UnitBlocks
from eznas.search.evaluated import Evaluated
from eznas.search.fitness import Fitness, RankedNetworks
from eznas.statistics.collect import CollectionSettings, collect, make_inputs
from eznas.statistics.inputs import Inputs
from eznas.statistics.store import StatisticsStore
from eznas.statistics.tensors import NetworkStatistics
from eznas.statistics.workers import available_cores, run_in_threads
from eznas.terminals import TERMINAL_COUNT

COLLECTED_BY_DEVICE: Final = 16
NETWORKS_OF_EVOLUTION: Final = 30
CLASSIFIED: Final = 8
"""Programs of a population, at most, that are given to the classifier."""
SAME_SCORE: Final = 1e-4


class Budget:
    """The seconds that are left, and what a measurement may take of them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.perf_counter() + seconds

    @property
    def left(self) -> float:
        """Seconds."""
        return self._end - time.perf_counter()

    def allows(self, predicted: float) -> bool:
        """Whether a call of so many seconds is worth making: a twelfth of all, and no more than half of the rest."""
        return predicted < min(self.seconds / 12, self.left / 2)


@dataclass
class Row:
    """A line of the table: the times of a population on so many networks, by way, and the agreement of fitness."""

    networks: int
    population: str
    mode: str
    programs: int
    times: dict[str, list[float]] = field(default_factory=dict)
    agreement: str = ""


def main() -> None:
    """Measure, and print a Markdown table."""
    options = _parse()
    budget = Budget(options.seconds)
    _describe(options)
    benchmark = benchmarks.load(options.benchmark)
    indices = benchmark.sample(max(options.networks), np.random.default_rng(options.seed))
    inputs = make_inputs(
        torch.from_numpy(benchmark.image_batch(options.batch_size, np.random.default_rng(options.seed))), options.seed
    )
    networks = _collected(benchmark, indices, inputs, options, budget)
    accuracies = benchmark.accuracies[indices]
    populations = _populations(networks[:NETWORKS_OF_EVOLUTION], accuracies[:NETWORKS_OF_EVOLUTION], options)
    rows: list[Row] = []
    speeds: dict[tuple[str, str, str], float] = {}  # seconds of a network, by way, population and mode
    for count in sorted({min(count, len(networks)) for count in options.networks}):
        if budget.left < options.seconds / 12:
            print(f"{count} networks: left out, {budget.left:.0f} s are left", flush=True)
            continue
        measured = _measure(networks[:count], accuracies[:count], populations, speeds, options, budget)
        rows += measured
    _print_table(rows, options)
    print(f"\n{options.seconds - budget.left:.0f} s in all.")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--networks", type=int, nargs="+", default=[100, 300, 1000])
    parser.add_argument(
        "--populations", nargs="+", choices=bench_interpreter.POPULATIONS, default=bench_interpreter.POPULATIONS
    )
    parser.add_argument("--seconds", type=float, default=240, help="for everything")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--benchmark", default="nasbench201-cifar10")
    parser.add_argument("--preset", default="default", help="settings of the populations")
    parser.add_argument("--batch-size", type=int, default=1, help="images")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _describe(options: argparse.Namespace) -> None:
    if options.device.startswith("cuda"):
        card = torch.cuda.get_device_properties(options.device)
        name = f"{card.name}, {card.total_memory / 2**30:.0f} GiB"
    else:
        name = "the CPU"
    print(f"Device: {name}; {options.threads} threads; PyTorch {torch.__version__}, Python {platform.python_version()}")


def _collected(
    benchmark: Benchmark,
    indices: Sequence[int],
    inputs: Inputs,
    options: argparse.Namespace,
    budget: Budget,
) -> list[NetworkStatistics]:
    """Collect by the CPU in all threads, as many networks as a quarter of the time allows; print how long it took."""
    deadline = time.perf_counter() + budget.seconds / 4

    def one(position: int) -> NetworkStatistics | None:
        if time.perf_counter() > deadline:
            return None
        return _statistics(benchmark, int(indices[position]), inputs, "cpu", options.seed)

    one(0)
    began = time.perf_counter()
    found = run_in_threads(one, count=len(indices), threads=options.threads, limit=lambda: options.threads)
    seconds = time.perf_counter() - began
    networks = [network for network in itertools.takewhile(lambda network: network is not None, found) if network]
    print(
        f"Collected by the CPU: {len(networks)} networks, {sum(network.units for network in networks)} units, "
        f"{sum(network.values.nbytes for network in networks) / 1e9:.2f} GB in {seconds:.1f} s",
        flush=True,
    )
    if options.device != "cpu":
        _collect_by_device(benchmark, indices[:COLLECTED_BY_DEVICE], inputs, networks, options)
    return networks


def _statistics(benchmark: Benchmark, index: int, inputs: Inputs, device: str, seed: int) -> NetworkStatistics:
    settings = CollectionSettings(device=device)
    return collect(benchmark.build(index), inputs, settings, seed=seed, name=str(index), copy=False)


def _collect_by_device(
    benchmark: Benchmark,
    indices: Sequence[int],
    inputs: Inputs,
    by_cpu: Sequence[NetworkStatistics],
    options: argparse.Namespace,
) -> None:
    def one(position: int) -> NetworkStatistics:
        return _statistics(benchmark, int(indices[position]), inputs, options.device, options.seed)

    began = time.perf_counter()
    one(0)
    print(f"The first network that {options.device} collects takes {time.perf_counter() - began:.2f} s", flush=True)
    found: list[NetworkStatistics] = []
    for threads in (1, options.threads):
        began = time.perf_counter()
        found = run_in_threads(one, count=len(indices), threads=threads, limit=lambda threads=threads: threads)
        seconds = (time.perf_counter() - began) / len(indices)
        print(f"Collected by {options.device}, {threads} threads: {1e3 * seconds:.0f} ms a network", flush=True)
    errors = [
        np.abs(ours.values - theirs.values).max() / np.abs(theirs.values).max()
        for ours, theirs in zip(found, by_cpu, strict=False)
    ]
    print(f"The largest difference from the CPU's statistics is {max(errors):.1e} of the largest number", flush=True)


def _populations(
    networks: Sequence[NetworkStatistics], accuracies: np.ndarray, options: argparse.Namespace
) -> dict[str, tuple[Program, ...]]:
    populations = {}
    for name in options.populations:
        began = time.perf_counter()
        evaluator = Evaluator(_store(networks, options.threads))
        populations[name] = bench_interpreter.population(name, evaluator, accuracies, options)
        print(f"{name}: {len(populations[name])} programs, after {time.perf_counter() - began:.1f} s", flush=True)
    return populations


def _store(networks: Sequence[NetworkStatistics], threads: int) -> StatisticsStore:
    return StatisticsStore(len(networks), networks.__getitem__, memory_bytes=2**50, workers=threads, reuse=False)


def _measure(
    networks: Sequence[NetworkStatistics],
    accuracies: np.ndarray,
    populations: dict[str, tuple[Program, ...]],
    speeds: dict[tuple[str, str, str], float],
    options: argparse.Namespace,
    budget: Budget,
) -> list[Row]:
    count = len(networks)
    if options.device.startswith("cuda"):
        torch.cuda.empty_cache()  # of the blocks of fewer networks
    began = time.perf_counter()
    on_device = BatchedEvaluator(
        _store(networks, options.threads), options.device, cache_bytes=0, threads=options.threads
    )
    on_device.scores([parse_program("numel(wt)")])
    _synchronize(options.device)
    print(f"{count} networks: moved to {options.device} in {time.perf_counter() - began:.1f} s", flush=True)
    ways: dict[str, Evaluator] = {
        options.device: on_device,
        f"CPU, {options.threads} threads": Evaluator(_store(networks, options.threads), cache_bytes=0),
        "CPU, 1 thread": Evaluator(_store(networks, 1), cache_bytes=0),
    }
    rows = []
    for mode, (name, programs) in itertools.product(("evolution", "reports"), populations.items()):
        row = Row(count, name, mode, len(programs))
        scores: dict[str, np.ndarray] = {}
        for way, evaluator in ways.items():
            key = (way, name, mode)
            # What is not known yet is as fast as evolution was, or takes no longer than it may.
            known = speeds.get(key, 4 * speeds.get((way, name, "evolution"), 0.0))
            if not budget.allows(known * count):
                continue
            call = partial(_scores, evaluator, programs, mode, options.device)
            if way == options.device and key not in speeds:
                began = time.perf_counter()
                call()
                print(f"{name}, {mode}: first call on {way} {time.perf_counter() - began:.2f} s", flush=True)
            scores[way], row.times[way] = _timed(call, options.repeats, budget)
            speeds[key] = row.times[way][0] / count
            print(f"{count} {name} {mode}, {way}: {_spread(row.times[way])}", flush=True)
        by_cpu = next((scores[way] for way in scores if way.startswith("CPU")), None)
        if by_cpu is not None and options.device in scores and mode == "evolution":
            row.agreement = _agreement(programs, by_cpu, scores[options.device], networks, accuracies, options, budget)
        rows.append(row)
    if options.device.startswith("cuda"):
        print(f"Peak memory of the GPU so far: {torch.cuda.max_memory_allocated(options.device) / 1e9:.1f} GB")
    return rows


def _scores(evaluator: Evaluator, programs: Sequence[Program], mode: str, device: str) -> np.ndarray:
    scores = evaluator.scores(programs, only_complete=mode == "evolution")
    _synchronize(device)
    return scores


def _timed(call: Callable[[], np.ndarray], repeats: int, budget: Budget) -> tuple[np.ndarray, list[float]]:
    """What a call returns, and the wall seconds of some calls; one is enough where it takes long."""
    seconds: list[float] = []
    first: np.ndarray | None = None
    while True:
        began = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - began)
        first = result if first is None else first
        if not np.array_equal(first, result, equal_nan=True):
            print("  not the same bits as the time before", flush=True)
        if len(seconds) == repeats or sum(seconds) > budget.seconds / 48:
            return result, seconds


def _synchronize(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


class _Given:
    """Stands where an evaluator does, with scores that are there already."""

    def __init__(self, scores: np.ndarray) -> None:
        self._scores = scores
        self.unscorable = np.zeros(scores.shape[1], np.bool_)

    def scores(self, *_: object, **__: object) -> np.ndarray:
        """As `Evaluator.scores`."""
        return self._scores


def _fitness(programs: Sequence[Program], scores: np.ndarray, accuracies: np.ndarray) -> list[Evaluated]:
    given: Any = _Given(scores)
    return Fitness(given, [RankedNetworks.of(accuracies)]).of(programs)


def _agreement(
    programs: Sequence[Program],
    by_cpu: np.ndarray,
    by_device: np.ndarray,
    networks: Sequence[NetworkStatistics],
    accuracies: np.ndarray,
    options: argparse.Namespace,
    budget: Budget,
) -> str:
    """How many programs have the same fitness by both, and why the others have not."""
    pairs = list(zip(_fitness(programs, by_cpu, accuracies), _fitness(programs, by_device, accuracies), strict=True))
    reasons: Counter[str] = Counter()
    largest = 0.0
    finite = np.isfinite(by_cpu) & np.isfinite(by_device)
    close = np.isclose(by_cpu, by_device, rtol=1e-5, atol=0.0)[finite].mean() if finite.any() else np.nan
    alone = int((np.isfinite(by_cpu) != np.isfinite(by_device)).sum())
    print(f"  {close:.2%} of {finite.sum()} scores are within 1e-5; {alone} are finite by one alone", flush=True)
    for number, (one, other) in enumerate(pairs):
        if one.fitness == other.fitness:
            reasons["equal"] += 1
            continue
        if one.is_valid and other.is_valid:
            largest = max(largest, abs(one.fitness - other.fitness))
        if np.allclose(by_cpu[number], by_device[number], rtol=SAME_SCORE, atol=0.0, equal_nan=True):
            reason = "rounding"
        elif sum(reasons.values()) - reasons["equal"] - reasons["rounding"] >= CLASSIFIED or budget.left < 30:
            reason = "not classified"
        else:
            reason = _classified(one.program, by_cpu[number], by_device[number], networks, options)
        reasons[reason] += 1
        print(f"  {reason}: {one.fitness:.4f} by the CPU, {other.fitness:.4f}: {format_program(one.program)[:200]}")
    text = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
    return f"{text}; largest difference {largest:.4f}" if largest else text


def _classified(
    program: Program,
    by_cpu: np.ndarray,
    by_device: np.ndarray,
    networks: Sequence[NetworkStatistics],
    options: argparse.Namespace,
) -> str:
    """What `agreement.py` calls the unit that differs most, of the network that does."""
    network = networks[_most_different(by_cpu, by_device)]
    plan = Plan.of([simplified(program)])
    values, valid = unit_numbers(plan, network, "mean")
    device_values, device_valid = _numbers_by_device(plan, network, options.device)
    if not np.array_equal(valid[:, 0], device_valid):
        return agreement.REAL
    units = np.flatnonzero(device_valid)
    unit = units[_most_different(values[units, 0], device_values[units])]
    tensors = [torch.from_numpy(np.array(network.tensor(unit, address))) for address in range(TERMINAL_COUNT)]
    kinds = [
        agreement.compare(
            program, float(number), tensors, "mean", np.random.default_rng(options.seed), agreement.Tally()
        )
        for number in (values[unit, 0], device_values[unit])
    ]
    return max(kinds, key=agreement.SEVERITY.index)


def _numbers_by_device(plan: Plan, network: NetworkStatistics, device: str) -> tuple[np.ndarray, np.ndarray]:
    place = torch.device(device)
    blocks = UnitBlocks(place, device_bytes=2**62)
    blocks.add(0, network)
    values, valid = np.zeros(network.units, np.float32), np.zeros(network.units, np.bool_)
    for block in blocks.first:
        of_kind = BatchedPlan(plan, block.shapes, block.axes, np.zeros(0, np.bool_), "mean")
        found = of_kind.run(block.tensors(place), torch.empty((0, len(block.places)), device=place))
        values[block.places] = found[plan.root_columns[0]].cpu().numpy()
        valid[block.places] = of_kind.valid[plan.root_columns[0]]
    return values, valid


def _most_different(one: np.ndarray, other: np.ndarray) -> int:
    with np.errstate(all="ignore"):
        difference = np.abs(one - other) / np.maximum(np.abs(one), np.abs(other))
    difference[np.isfinite(one) != np.isfinite(other)] = np.inf
    return int(np.nanargmax(np.where(np.isnan(difference), 0.0, difference)))


def _spread(seconds: Sequence[float]) -> str:
    middle = numbers.median(seconds)
    return f"{middle:.3f} ({min(seconds):.3f}–{max(seconds):.3f})" if len(seconds) > 1 else f"{middle:.3f}"


def _print_table(rows: Sequence[Row], options: argparse.Namespace) -> None:
    ways = [options.device, f"CPU, {options.threads} threads", "CPU, 1 thread"]
    print("\n| networks | population | as | programs | " + " | ".join(ways) + " | times faster | fitness |")
    print("|" + "---|" * (len(ways) + 6))
    for row in rows:
        cells = [_spread(row.times[way]) if way in row.times else "left out" for way in ways]
        faster = [
            f"{numbers.median(row.times[way]) / numbers.median(row.times[options.device]):.1f}"
            if way in row.times and options.device in row.times
            else "–"
            for way in ways[1:]
        ]
        columns = [row.networks, row.population, row.mode, row.programs, *cells, ", ".join(faster), row.agreement]
        print("| " + " | ".join(str(column) for column in columns) + " |")


if __name__ == "__main__":
    main()
