"""`eznas score` and `eznas rank`: networks of one's own, by name or all of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from eznas.cli.model_inputs import DEFAULT_INPUTS, ModelInputs, batch_named
from eznas.cli.network_options import Device, Threads
from eznas.cli.output import print_all, print_json, stderr, stdout
from eznas.options import Weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from eznas.api.model_scores import UnitChoice
    from eznas.api.models import Models

_Proxies = Annotated[
    list[str] | None,
    typer.Option(
        "--proxy",
        metavar="PROXY",
        help="A name such as eznas-a or params, a .json file, a formula, or a run directory. May be given several "
        "times; the first decides the order. Default: nasbench201-small.",
    ),
]
_Weights = Annotated[
    Weights, typer.Option(help="Fresh weights from the seed, which proxies are made for, or the network's own.")
]
_Unit = Annotated[
    str,
    typer.Option(
        "--unit",
        metavar="auto|R-C-B|C-B-R|A-L-N",
        help="Layers that a program takes as a unit: those that it was made for; or A-L-N for all networks where one "
        "of them has none of those.",
    ),
]
_Seed = Annotated[int, typer.Option(min=0, help="Of weights and noise.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def score(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...",
            help="module:factory or file.py:factory, where the factory is a network, or makes one.",
            show_default=False,
        ),
    ],
    proxy: _Proxies = None,
    inputs: ModelInputs = DEFAULT_INPUTS,
    weights: _Weights = "fresh",
    unit: _Unit = "auto",
    seed: _Seed = 0,
    device: Device = "cpu",
    threads: Threads = None,
    json: _Json = False,
) -> None:
    """Score networks of your own, without training them.

    Prints the networks, best first, with their scores and their numbers of parameters. A score is that of fresh
    weights by default; networks stay as they are.
    """

    def named() -> Models:
        from eznas.api.model_names import model_named

        return {text: model_named(text) for text in models}

    _rank(named, proxy, inputs, weights, unit, seed, device, threads, json)


def rank(
    file: Annotated[
        str, typer.Argument(metavar="FILE.py", help="File, or module, with the networks.", show_default=False)
    ],
    proxy: _Proxies = None,
    inputs: ModelInputs = DEFAULT_INPUTS,
    weights: _Weights = "fresh",
    unit: _Unit = "auto",
    seed: _Seed = 0,
    device: Device = "cpu",
    threads: Threads = None,
    json: _Json = False,
) -> None:
    """Rank all networks of a file, without training them.

    They are those of its dictionary MODELS, by name; or else its public classes of networks, and its public functions
    with a return annotation such as nn.Module, that need no argument.
    """

    def of_file() -> Models:
        from eznas.api.model_names import models_of_file

        found = models_of_file(file)
        if found.left_out:
            typer.echo(
                f"eznas: not called, since no return annotation says that they make a network: "
                f"{', '.join(found.left_out)}.",
                err=True,
            )
        return found.models

    _rank(of_file, proxy, inputs, weights, unit, seed, device, threads, json)


def _rank(
    models: Callable[[], Models],
    proxies: list[str] | None,
    inputs: str,
    weights: Weights,
    unit: str,
    seed: int,
    device: str,
    threads: int | None,
    as_json: bool,
) -> None:
    from eznas.report.progress import ProgressBar
    from eznas.report.tables import table

    with ProgressBar(stderr()) as progress:
        progress.phase("loading PyTorch")
        from eznas.api.rank import rank as rank_models
        from eznas.api.score import DEFAULT_PROXY
        from eznas.scoring.kernel_loading import LOADING_KERNELS, load_kernels

        given, batch = models(), batch_named(inputs)
        progress.phase(LOADING_KERNELS)
        load_kernels()
        progress.phase("scoring")
        found = rank_models(
            given,
            proxies or DEFAULT_PROXY,
            inputs=batch,
            seed=seed,
            weights=weights,
            unit=cast("UnitChoice", unit),  # checked there
            device=device,
            threads=threads,
        )
    if as_json:
        print_json({**found.to_dict(), "inputs": inputs})
        return
    numeric = [name for name in found.header if name != "model"]
    print_all(stdout(), [table("", found.header, found.cells(), numeric=numeric), "\n".join(found.notes())])
