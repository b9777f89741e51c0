"""`eznas units`: what of a network of one's own a proxy sees."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from eznas.cli.model_inputs import DEFAULT_INPUTS, ModelInputs, batch_named
from eznas.cli.output import print_all, print_json, stderr, stdout
from eznas.options import Unit


def units(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="module:factory or file.py:factory, where the factory is a network, or makes one.",
            show_default=False,
        ),
    ],
    inputs: ModelInputs = DEFAULT_INPUTS,
    unit: Annotated[
        Unit | None,
        typer.Option(
            metavar="|".join(get_args(Unit)),
            help="Layers that make a unit. Default: R-C-B, or A-L-N where the network has none of those.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Show the units of a network: what a proxy sees of it, and what it does not.

    Prints the activation, the linear map and the normalisation of each, what is in no unit, and the share of the
    parameters that units hold; and says where the gradient is nothing but rounding. The network runs a few times, with
    fresh weights, and stays as it is.
    """
    from eznas.report.progress import ProgressBar
    from eznas.report.units import units_parts

    with ProgressBar(stderr()) as progress:
        progress.phase("loading PyTorch")
        from eznas.api.batch import passes_of
        from eznas.api.model_names import model_named
        from eznas.api.models import candidates_of
        from eznas.statistics.survey import survey

        (candidate,) = candidates_of({model: model_named(model)}, seed=0)
        batch = passes_of(batch_named(inputs), seed=0)
        progress.phase("running the network")
        content = survey(candidate.build(), batch, unit, name=model).to_dict()
    if json:
        print_json(content)
    else:
        print_all(stdout(), units_parts(content))
