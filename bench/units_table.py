"""Units, coverage and score of well-known architectures in their full sizes, as a Markdown table.

    python bench/units_table.py            # all; those of transformers need `pip install 'eznas[architectures]'`
    python bench/units_table.py VGG GPT-2  # those whose names contain one of these

A network gets R-C-B units where it has any, and A-L-N units otherwise. Images have 224x224 pixels, in a batch of one
unless a normalisation needs two. Milliseconds of one processor are those of a score: fresh weights in a copy, the
passes that the formula needs, and the formula; the least of three, or of fewer where those take four seconds.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "statistics" / "architectures"))

from architecture import Architecture
from plain import PLAIN, RECURRENT

from eznas.errors import EznasError
from eznas.ops.plan import Plan
from eznas.proxies import Proxy
from eznas.runs.proxy_argument import resolve_proxy
from eznas.scoring.evaluator import scores_of_network
from eznas.scoring.kernel_loading import load_kernels
from eznas.statistics.collect import CollectionSettings, collect, make_inputs
from eznas.statistics.tensors import NetworkStatistics

_FORMULA = "l1_norm(wt * wt_grad.data)"
_REPETITIONS = 3
_ENOUGH_SECONDS = 4


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="Only architectures whose names contain one of these.")
    parser.add_argument("--proxy", default=_FORMULA, help="A program: a name or a formula.")
    arguments = parser.parse_args()
    proxy = resolve_proxy(arguments.proxy)
    assert isinstance(proxy, Proxy)
    load_kernels()
    print("| architecture | inputs | million parameters | units | coverage | score | processor ms | left untouched |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name, architecture in _architectures().items():
        if not arguments.names or any(part in name for part in arguments.names):
            print(f"| {name} | {' | '.join(_row(architecture, proxy))} |", flush=True)


def _architectures() -> dict[str, Architecture]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from hugging_face import HUGGING_FACE
    except ModuleNotFoundError:
        print("transformers is not installed: its architectures are left out.", file=sys.stderr)
        return PLAIN | RECURRENT
    return PLAIN | HUGGING_FACE | RECURRENT


def _row(architecture: Architecture, proxy: Proxy) -> list[str]:
    torch.manual_seed(0)
    network, batch = architecture.make(False), architecture.batch(False)
    size = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    start = [_shape(batch), f"{size:.1f}"]
    before = _traces(network)
    plan = Plan.of([term.program for term in proxy.terms])
    settings = CollectionSettings(terminals=plan.terminals)
    inputs = make_inputs(batch, 0)

    def score() -> tuple[NetworkStatistics, float]:
        found = collect(network, inputs, settings, any_unit=True)
        return found, scores_of_network(plan, found, proxy.to_scalar, proxy.aggregation)[0]

    try:
        seconds: list[float] = []
        while len(seconds) < _REPETITIONS and sum(seconds) < _ENOUGH_SECONDS:
            begun = time.process_time()
            found, value = score()
            seconds.append(time.process_time() - begun)
    except EznasError as error:
        return [
            *start,
            "refused: " + str(error).partition(": ")[0].replace("Network 'unnamed'", "it"),
            "",
            "",
            "",
            _untouched(network, before),
        ]
    return [
        *start,
        f"{found.units} {found.unit}",
        f"{found.coverage:.1%}",
        f"{value:.5g}",
        f"{1000 * min(seconds):,.0f}",
        _untouched(network, before),
    ]


def _shape(batch: Any) -> str:
    parts = batch.values() if isinstance(batch, dict) else [batch]
    return ", ".join("x".join(map(str, part.shape)) for part in parts)


def _untouched(network: nn.Module, before: list[Any]) -> str:
    pairs = zip(before, _traces(network), strict=True)
    return "yes" if all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in pairs) else "NO"


def _traces(network: nn.Module) -> list[Any]:
    """Weights, buffers, gradients, modes, hooks and the global random states."""
    modules = list(network.modules())
    return [
        *(tensor.clone() for tensor in network.state_dict().values()),
        [parameter.grad is None for parameter in network.parameters()],
        [module.training for module in modules],
        [len(module._forward_hooks) + len(module._backward_hooks) for module in modules],
        torch.get_rng_state(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002  (it is what must not change)
        random.getstate(),
    ]


if __name__ == "__main__":
    main()
