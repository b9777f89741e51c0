"""Programs per hour that an evolution evaluates, from a run of some minutes: exact, and with options for less work.

    python bench/programs_per_hour.py --minutes 10 --networks 100
    python bench/programs_per_hour.py --minutes 10 --networks 100 --options exact units=1 units=1+race=6:0.25

For each option an evolution of trees begins anew and goes on until the time is over; the statistics of the networks
are collected before, and are told apart. Distinct programs whose fitness became known count, those given up on their
first network and those that lost a race included, and are shown beside those that were measured on all networks. A
generation has `--offspring` of them: more share more sub-expressions.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import search_options
import torch

from eznas import seeds
from eznas.runs.inputs import RunInputs
from eznas.scoring.evaluator import Evaluator
from eznas.scoring.kernel_loading import load_kernels
from eznas.search.evolution import Evolution
from eznas.search.fitness import Fitness
from eznas.statistics.store import StatisticsStore
from eznas.system.processes import allow_processes


def main() -> None:
    """Print the figures as JSON, option by option."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", default="nasbench201-cifar10")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--genome", default="tree")
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10.0, help="for each option")
    parser.add_argument("--offspring", type=int, default=200, help="of a generation")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--options", nargs="+", default=[search_options.EXACT, "units=1+race=25:0.25", "units=1+race=6:0.25"]
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    allow_processes()  # as the program does
    load_kernels()
    for option in arguments.options:
        print(json.dumps({"option": option, **_of_option(option, arguments)}, indent=2), flush=True)


def _of_option(option: str, arguments: argparse.Namespace) -> dict[str, Any]:
    given = argparse.Namespace(**vars(arguments), generations=1_000_000)
    offspring = {"population": arguments.offspring, "lambda": arguments.offspring, "mu": arguments.offspring // 2}
    settings = search_options.settings_of(option, arguments.seed, given)
    settings = settings.changed({**offspring, "threads": arguments.threads, "memory": arguments.memory})
    inputs = RunInputs.of(settings)
    evolution = Evolution(
        settings.evolution, settings.genome_settings_object(), seeds.generator(arguments.seed, "evolution")
    )
    with StatisticsStore(
        inputs.training_count, inputs.collect, settings.memory_bytes, workers=arguments.threads
    ) as store:
        began, began_processor = time.perf_counter(), time.process_time()
        megabytes = sum(store.for_each(lambda _, statistics: statistics.nbytes)) / 1e6
        collected, collected_processor = time.perf_counter() - began, time.process_time() - began_processor
        fitness = Fitness(
            Evaluator(store, settings.to_scalar, settings.aggregation, units_per_shape=settings.units_per_shape),
            inputs.ranked_networks(),
            race_networks=settings.race_networks,
            race_share=settings.race_share,
            rounding=settings.rounding,
        )
        began, began_processor = time.perf_counter(), time.process_time()
        programs = complete = 0
        while time.perf_counter() - began < 60 * arguments.minutes:
            told = fitness.of(evolution.ask(), evolution.hall_of_fame, settings.evolution.hall_of_fame)
            evolution.tell(told)
            programs += len(told)
            complete += sum(one.is_valid and not one.lost for one in told)
        seconds, processor = time.perf_counter() - began, time.process_time() - began_processor
    return {
        "networks": arguments.networks,
        "threads": arguments.threads,
        "megabytes_of_statistics": round(megabytes),
        "seconds_of_collection": round(collected, 1),
        "processor_seconds_of_collection": round(collected_processor, 1),
        "generations": evolution.generation,
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor, 1),
        "programs": programs,
        "measured_on_all_networks": complete,
        "programs_per_hour": round(3600 * programs / seconds),
        "programs_per_processor_hour": round(3600 * programs / processor),
    }


if __name__ == "__main__":
    main()
