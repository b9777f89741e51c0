"""Options of every command that runs networks: what they are run on, what is collected, and what that may use."""

from __future__ import annotations

from typing import Annotated

import typer

from eznas.options import ThirdPass, Unit

BatchSize = Annotated[int, typer.Option(min=1, help="Images that every network sees.")]
UnitOption = Annotated[Unit, typer.Option("--unit", help="Layers that make a unit.")]
ThirdPassOption = Annotated[
    ThirdPass, typer.Option("--third-pass", help="The third pass as it is, or minus the data pass.")
]
Device = Annotated[str, typer.Option(help="Where networks run: cpu, cuda or cuda:N.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads; results do not depend on it. Default: all cores.")]
Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="local|HOST:PORT",
        envvar="EZNAS_RAY",
        show_envvar=False,
        help="Let a Ray cluster compute: one of this machine, with as many processes as --threads, or the one whose "
        "head is at an address. Results do not depend on it. Default: threads of this process.",
    ),
]
Memory = Annotated[str, typer.Option(help="For the statistics of networks in work, such as 1GB.")]
