"""A run by one process and by a Ray cluster of this machine, what its parts cost, and what follows for many machines.

    python bench/bench_ray.py --networks 20 --generations 2
    python bench/bench_ray.py --only-parts --cores 32 --price 1.5

Seconds of parts are of the processor, in one thread; those of runs are of the clock. The extrapolation takes the parts
for constant and adds them up; the price of a machine is whatever `--price` says.
"""

from __future__ import annotations

import argparse
import math
import os
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from eznas import benchmarks, genomes, seeds
from eznas.cluster.backend import cluster_backend
from eznas.cluster.cluster import Cluster
from eznas.cluster.connection import connected
from eznas.cluster.network_scores import score_on_cluster
from eznas.genomes.base import GenomeSettings
from eznas.observer import SilentObserver
from eznas.ops.equivalence import simplified
from eznas.ops.plan import Plan
from eznas.ops.program import Program
from eznas.runs.backend import Backend
from eznas.runs.proxy_argument import resolve_proxy
from eznas.runs.run import Run
from eznas.runs.settings import RunSettings
from eznas.scoring.benchmark_statistics import BenchmarkStatistics
from eznas.scoring.evaluation import evaluate
from eznas.scoring.evaluator import Evaluator
from eznas.scoring.kernel_loading import load_kernels
from eznas.scoring.scores import score_networks
from eznas.search.evolution import Evolution
from eznas.search.fitness import Fitness, RankedNetworks
from eznas.search.settings import EvolutionSettings
from eznas.statistics.settings import CollectionSettings
from eznas.statistics.store import StatisticsStore

MANY_NETWORKS, MANY_PROGRAMS = 10_000, 1_000_000
BRED = 1_000
"""Programs of the generation whose breeding is timed."""
PROXIES = ("eznas-a", "synflow")


@dataclass(frozen=True)
class Parts:
    """What was measured; processor seconds of one thread unless it says something else.

    Attributes:
        collect: of a network's statistics.
        statistics_megabytes: of a network.
        program_on_network: of one program on one network, among 100 that were evaluated together.
        program_on_largest: the same on the network that takes longest.
        prepare: of one program in a worker before any network: read what came, simplify it, place it in the plan.
        breed: of one program in the process that asks: to be bred, and selected or not.
        judge: of one program there: its taus over `MANY_NETWORKS` scores.
        send: of one program there: to be written for its way.
        program_bytes: that travel for a program, to each machine once.
        round_trip: seconds by the clock from a question to an empty answer; 0 where it was not measured.
    """

    collect: float
    statistics_megabytes: float
    program_on_network: float
    program_on_largest: float
    prepare: float
    breed: float
    judge: float
    send: float
    program_bytes: float
    round_trip: float = 0.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", default="nasbench201-cifar10")
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--generations", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only-parts", action="store_true", help="leave the runs out")
    parser.add_argument("--cores", type=int, default=16, help="of each machine of the extrapolation")
    parser.add_argument("--memory", type=float, default=64, help="of each of them, in GB")
    parser.add_argument("--gigabits", type=float, default=10, help="a second, that each sends or takes")
    parser.add_argument("--price", type=float, default=1.0, help="of such a machine for an hour")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    load_kernels()
    parts = measured_parts(arguments)
    if not arguments.only_parts:
        parts = Parts(**{**asdict(parts), "round_trip": compare_runs(arguments)})
    print("\nParts:")
    for name, value in asdict(parts).items():
        print(f"  {name:22} {value:.3g}")
    extrapolate(parts, arguments)


def measured_parts(arguments: argparse.Namespace) -> Parts:
    """Measure the parts in this process."""
    benchmark = benchmarks.load(arguments.benchmark)
    indices = seeds.generator(arguments.seed, "networks").permutation(len(benchmark))[: arguments.networks]
    source = BenchmarkStatistics(benchmark, 1, arguments.seed, CollectionSettings())
    source.collect(int(indices[0]))  # the first one pays for what all others find ready
    collecting: list[float] = []

    def collect(position: int) -> Any:
        result, seconds = timed(lambda: source.collect(int(indices[position])))
        collecting.append(seconds)
        return result

    programs = random_programs(100, arguments.seed)
    with StatisticsStore(len(indices), collect, 2**40, workers=1) as store:
        sizes = store.for_each(lambda _index, network: network.nbytes)
        passes = [seconds_by_network(store, programs) for _ in range(3)]
    evaluating = np.min(passes, axis=0) / len(programs)
    many = random_programs(2_000, arguments.seed + 1)
    sent, write_seconds = timed(lambda: pickle.dumps([(one.nodes, one.output) for one in many], protocol=5))
    _, prepare_seconds = timed(lambda: prepared(sent))
    return Parts(
        collect=statistics.mean(collecting),
        statistics_megabytes=statistics.mean(sizes) / 1e6,
        program_on_network=float(evaluating.mean()),
        program_on_largest=float(evaluating.max()),
        prepare=prepare_seconds / len(many),
        breed=seconds_to_breed(arguments.seed),
        judge=seconds_to_judge(arguments.seed),
        send=write_seconds / len(many),
        program_bytes=len(sent) / len(many),
    )


def seconds_by_network(store: StatisticsStore, programs: list[Program]) -> Any:
    """Return processor seconds of all programs on each network but the first, which waits for the plan."""
    ends: list[float] = []
    Evaluator(store).scores(programs, lambda _done, _count: ends.append(time.process_time()), only_complete=True)
    return np.diff(ends)


def prepared(sent: bytes) -> Plan:
    """Do with programs what a worker does."""
    return Plan.of([simplified(Program(nodes, output)) for nodes, output in pickle.loads(sent)])


def seconds_to_breed(seed: int) -> float:
    """Return processor seconds for each program of a generation of `BRED`."""
    settings = EvolutionSettings(population=BRED, lambda_=BRED, mu=BRED // 2)
    evolution = Evolution(settings, tree_settings(), seeds.generator(seed, "evolution"))
    fitness = random_fitness(50, seed)
    evolution.tell(fitness.of(evolution.ask()))
    asked, ask_seconds = timed(evolution.ask)
    judged = fitness.of(asked)
    _, tell_seconds = timed(lambda: evolution.tell(judged))
    return (ask_seconds + tell_seconds) / BRED


def seconds_to_judge(seed: int) -> float:
    """Return processor seconds from the scores of a program on `MANY_NETWORKS` to its fitness."""
    fitness = random_fitness(MANY_NETWORKS, seed)
    programs = random_programs(21, seed + 2)
    fitness.of(programs[:1])
    _, seconds = timed(lambda: fitness.of(programs[1:]))
    return seconds / 20


class RandomScores:
    """Stands for an evaluator, so that what is done with scores can be timed."""

    def __init__(self, networks: int, rng: np.random.Generator) -> None:
        self._networks, self._rng = networks, rng
        self.unscorable = np.zeros(networks, np.bool_)

    def scores(self, programs: list[Program], *_: Any, **__: Any) -> Any:
        """Return random numbers, as no program would give them."""
        return self._rng.normal(size=(len(programs), self._networks))


def random_fitness(networks: int, seed: int) -> Fitness:
    """Return a fitness of random scores against random accuracies with repeats, as tables have them."""
    rng = np.random.default_rng(seed)
    return Fitness(RandomScores(networks, rng), [RankedNetworks.of(rng.normal(size=networks).round(2))])


def tree_settings() -> GenomeSettings:
    """Return the default settings of trees."""
    return genomes.get("tree").settings()


def random_programs(count: int, seed: int) -> list[Program]:
    """Return well-formed random trees, as a first generation has them."""
    rng = np.random.default_rng(seed)
    kind = genomes.get("tree").genome
    programs: list[Program] = []
    while len(programs) < count:
        program = kind.random(rng, tree_settings()).compile()
        if program.is_well_formed:
            programs.append(program)
    return programs


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what work gives, and its processor seconds."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def compare_runs(arguments: argparse.Namespace) -> float:
    """Print the time of a run and of an evaluation by each way, and return the round trip of an actor's call."""
    values = {"benchmark": arguments.benchmark, "networks": arguments.networks, "held_out": 0, "seed": arguments.seed}
    settings = RunSettings.from_mapping({**values, "generations": arguments.generations, "threads": 1})
    cores = os.cpu_count() or 1
    print(f"Load of this machine: {os.getloadavg()[0]:.1f} on {cores} cores. Seconds by the clock (of processors):")
    print(f"{'':24}{'start':>8}{'first generation':>20}{'each later one':>20}{'evaluation':>20}  same result")
    ways: list[tuple[str, int, bool]] = [
        ("one process, 1 thread", 1, False),
        (f"one process, {cores} threads", cores, False),
    ]
    ways += [(f"Ray, {workers} workers", workers, True) for workers in (1, cores)]
    reference: tuple[bytes, bytes] | None = None
    trip = 0.0
    for name, workers, by_ray in ways:
        with ExitStack() as stack:
            started = time.perf_counter()
            backend, score = Backend(), score_networks
            if by_ray:
                cluster = stack.enter_context(connected("local", workers, SilentObserver()))
                backend, score = cluster_backend(cluster), partial(score_on_cluster, cluster)
            start = time.perf_counter() - started
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "run"
            changed = settings.changed({"threads": workers})
            watch = Watch()
            with Run.start(changed, folder, watch) as run:
                run.execute(backend)
            proxies = [resolve_proxy(text) for text in PROXIES]
            loaded = benchmarks.load(arguments.benchmark)
            begun = Moment.now()
            found = evaluate(proxies, loaded, arguments.networks, seed=7, threads=workers, score=score)
            evaluated = Moment.now().since(begun)
            result = (folder / "hall_of_fame.json").read_bytes(), found.rankings[0].scores.tobytes()
            reference = reference or result
            first, *later = watch.generations
            each = tuple(statistics.mean(column) for column in zip(*later, strict=True))
            columns = "".join(f"{clock:10.1f} ({processors:6.1f})" for clock, processors in (first, each, evaluated))
            print(f"{name:24}{start:8.1f}{columns}  {result == reference}")
            sys.stdout.flush()
            if by_ray and workers == 1:
                trip = round_trip(cluster)
    return trip


@dataclass(frozen=True)
class Moment:
    """A moment by the clock, and the processor seconds that this process and those below it have used, by process."""

    clock: float
    processors: dict[int, float]

    @classmethod
    def now(cls) -> Moment:
        """Return this moment."""
        parent_of: dict[int, int] = {}
        used: dict[int, float] = {}
        for file in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = file.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            pid = int(file.parent.name)
            parent_of[pid] = int(fields[1])
            used[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        ours = {os.getpid()}
        while more := {pid for pid, parent in parent_of.items() if parent in ours} - ours:
            ours |= more
        return cls(time.perf_counter(), {pid: used[pid] for pid in ours})

    def since(self, before: Moment) -> tuple[float, float]:
        """Return the seconds by the clock, and of processors, since a moment before."""
        spent = sum(seconds - before.processors.get(pid, 0.0) for pid, seconds in self.processors.items())
        return self.clock - before.clock, spent


class Watch(SilentObserver):
    """Times the generations of a run."""

    def __init__(self) -> None:
        self.generations: list[tuple[float, float]] = []
        self._begun: Moment | None = None

    def evaluating(self, generation: int, total: int, *, collecting: bool) -> None:  # noqa: ARG002
        """Begin."""
        self._begun = Moment.now()

    def generation(self, record: Any, timing: Any, generations: int) -> None:  # noqa: ARG002
        """End."""
        if self._begun is not None:
            self.generations.append(Moment.now().since(self._begun))


def round_trip(cluster: Cluster) -> float:
    """Return the median seconds from a question to the empty answer of a worker that does nothing."""
    actor = cluster.actor(0, Echo)
    times = []
    for _ in range(50):
        started = time.perf_counter()
        list(cluster.answers([actor.echo.remote()]))
        times.append(time.perf_counter() - started)
    return statistics.median(times)


class Echo:
    """A worker that does nothing."""

    def __init__(self, _preparation: object) -> None:
        return

    def echo(self) -> None:
        """Answer."""


def extrapolate(parts: Parts, arguments: argparse.Namespace) -> None:
    """Print time and cost of a generation of `MANY_PROGRAMS` on `MANY_NETWORKS` by the number of machines."""
    print(
        f"\n{MANY_PROGRAMS:,} programs on {MANY_NETWORKS:,} networks, machines of {arguments.cores} cores and "
        f"{arguments.memory:g} GB, {arguments.gigabits:g} Gbit/s, {arguments.price:g} an hour each:"
    )
    bytes_per_second = arguments.gigabits * 1e9 / 8
    breed, judge, send = (MANY_PROGRAMS * seconds for seconds in (parts.breed, parts.judge, parts.send))
    driver = breed + judge + send
    print(
        f"  the process that asks: breeds {breed:.0f} s, judges {judge:.0f} s, sends {send:.0f} s, "
        f"and holds {MANY_PROGRAMS * MANY_NETWORKS * 8 / 1e9:.0f} GB of scores"
    )
    heading = ("machines", "workers", "networks each", "GB a machine", "evaluate", "prepare", "network", "asking")
    print("  " + "".join(f"{name:>15}" for name in (*heading, "hours", "cost", "speed-up", "efficiency")))
    alone = 0.0
    for machines in (1, 10, 100, 625, 1000):
        workers = min(machines * arguments.cores, MANY_NETWORKS)
        each = math.ceil(MANY_NETWORKS / workers)
        gigabytes = MANY_NETWORKS / machines * parts.statistics_megabytes / 1e3
        # What does not fit in memory is collected for each generation; what does, once in a run.
        collect = each * parts.collect * max(0.0, 1 - arguments.memory / gigabytes)
        mean_time = each * MANY_PROGRAMS * parts.program_on_network
        # A worker with the slowest networks only is the worst that chance can do; with one network it is what happens.
        slowest = MANY_PROGRAMS * parts.program_on_largest if each == 1 else 0.0
        evaluate_seconds = max(mean_time, slowest) + collect
        prepare = MANY_PROGRAMS * parts.prepare
        travel = (machines * MANY_PROGRAMS * parts.program_bytes + MANY_PROGRAMS * MANY_NETWORKS * 8) / bytes_per_second
        seconds = evaluate_seconds + prepare + travel + driver + parts.round_trip
        alone = alone or seconds
        columns = (
            f"{machines}",
            f"{workers}",
            f"{each}",
            f"{gigabytes:.1f}",
            f"{evaluate_seconds:.0f} s",
            f"{prepare:.0f} s",
            f"{travel:.0f} s",
            f"{driver:.0f} s",
            f"{seconds / 3600:.2f}",
            f"{seconds / 3600 * machines * arguments.price:.0f}",
            f"{alone / seconds:.1f}",
            f"{alone / seconds / machines:.0%}",
        )
        print("  " + "".join(f"{text:>15}" for text in columns))


if __name__ == "__main__":
    main()
