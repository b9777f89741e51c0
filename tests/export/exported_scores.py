"""Random proxies of every genome, their scores by eznas, by the reference of the operations, and by exported files."""

from __future__ import annotations

import math
import sys
from types import ModuleType

import numpy as np
import torch

from eznas import genomes
from eznas.export import carried, export
from eznas.ops.plan import Plan
from eznas.ops.reference import run_program
from eznas.ops.terms import Term
from eznas.proxies.proxy import Proxy
from eznas.scoring.aggregation import join_terms
from eznas.scoring.evaluator import scores_of_network
from eznas.seeds import network_seed
from eznas.spaces.nasbench201 import NASBench201
from eznas.statistics.collect import CollectionSettings, collect, make_inputs
from eznas.terminals import TERMINAL_COUNT

IMAGE_SIZE, BATCH, SEED = 8, 2, 11


def network_and_images():
    """A small network with blocks of both kinds of units, and images for it."""
    space = NASBench201(channels=4, cells=1)
    cell = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|nor_conv_3x3~2|"
    rng = np.random.default_rng(5)
    images = torch.from_numpy(rng.standard_normal((BATCH, 3, IMAGE_SIZE, IMAGE_SIZE)).astype(np.float32))
    return space.build(cell, 10, IMAGE_SIZE), images


def random_proxies(genome, count, seed):
    """Proxies with all settings drawn at random; every third has two or three terms."""
    rng = np.random.default_rng(seed)
    kind = genomes.get(genome)
    for number in range(count):
        terms = 1 + number % 3 if number % 2 else 1
        first, *further = [kind.genome.random(rng, kind.settings()).compile() for _ in range(terms)]
        yield Proxy(
            name=f"{genome} {number}",
            program=first,
            orientation=int(rng.choice([1, -1])),
            unit=str(rng.choice(["R-C-B", "C-B-R", "A-L-N"])),
            to_scalar=str(rng.choice(["mean", "l2"])),
            aggregation=str(rng.choice(["mean", "sum"])),
            third_pass=str(rng.choice(["perturbed", "difference"])),
            further_terms=tuple(Term(program, int(rng.choice([1, -1]))) for program in further),
        )


def exported_score(proxy, network, images):
    """What the exported file gives, run as a module of its own."""
    return exported_module(export(proxy, "python")).score(network, images, seed=SEED)


def exported_module(source):
    """A module of this source; dataclasses look theirs up while they are made."""
    module = ModuleType("exported")
    sys.modules["exported"] = module
    try:
        exec(compile(source, "<exported>", "exec"), vars(module))
    finally:
        del sys.modules["exported"]
    return module


class Eznas:
    """Scores by eznas, with the statistics of one network collected once for each unit kind and third pass."""

    def __init__(self, network, images):
        self._network, self._inputs = network, make_inputs(images, SEED)
        self._statistics = {}

    def statistics(self, proxy):
        key = proxy.unit, proxy.third_pass
        if key not in self._statistics:
            self._statistics[key] = collect(
                self._network, self._inputs, CollectionSettings(*key), network_seed(SEED, 0)
            )
        return self._statistics[key]

    def score(self, proxy):
        """By the compiled kernels, as every command scores."""
        plan = Plan.of([term.program for term in proxy.terms])
        aggregates = scores_of_network(plan, self.statistics(proxy), proxy.to_scalar, proxy.aggregation)
        return proxy.orientation * join_terms(aggregates, np.array([term.sign for term in proxy.terms])) + 0.0

    def reference_score(self, proxy, precision=np.float32):
        """By the PyTorch reference of the operations, which computes in `precision`."""
        statistics = self.statistics(proxy)
        number = {"mean": carried.mean_of, "l2": carried.norm_of}[proxy.to_scalar]
        over = {"mean": carried.mean_over_units, "sum": carried.sum_over_units}[proxy.aggregation]
        aggregates = []
        for term in proxy.terms:
            units = [
                [
                    torch.from_numpy(np.array(statistics.tensor(unit, address), precision))
                    for address in range(TERMINAL_COUNT)
                ]
                for unit in range(statistics.units)
            ]
            values = [value for unit in units if (value := run_program(term.program, unit)) is not None]
            aggregates.append(over([number(value) for value in values]))
        if len(aggregates) == 1:
            return proxy.orientation * aggregates[0] + 0.0
        signed = [term.sign * carried.signed_log(value) for term, value in zip(proxy.terms, aggregates, strict=True)]
        return proxy.orientation * carried.joined(signed) + 0.0


def relative_difference(first, second):
    """Relative to the larger; 0 where both are no number, infinite where one is."""
    if math.isnan(first) or math.isnan(second):
        return 0.0 if math.isnan(first) and math.isnan(second) else math.inf
    return 0.0 if first == second else abs(first - second) / max(abs(first), abs(second))
