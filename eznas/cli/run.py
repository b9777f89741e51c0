"""`eznas run`: evolve a proxy, or continue a run.

The options for settings are made from `RunSettings`, so that name, default, help and bounds stand in one place.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from eznas.cli.interruption import INTERRUPTED
from eznas.cli.network_options import Ray
from eznas.cli.output import print_all, print_json, stderr, stdout
from eznas.runs.config import parse_assignments, read_config
from eznas.runs.settings import GENOME_SETTINGS, SETTINGS, RunSettings
from eznas.scoring.helping import begin_helpers
from eznas.setting import SEARCH

_ENVIRONMENT_PREFIX = "EZNAS_"
_REPEATED = "May be given several times; the variable takes several with spaces between. "


def _with_setting_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command`, which takes `**given`, an option for every setting; one that is not given arrives as None."""
    own = inspect.signature(command, eval_str=True)
    parameters = []
    for key, place in SETTINGS.items():
        about = place.about
        option = typer.Option(
            f"--{key.replace('_', '-')}",
            envvar=f"{_ENVIRONMENT_PREFIX}{key.upper()}",
            help=f"{about.help[0].upper()}{about.help[1:]}. {_REPEATED if about.several else ''}"
            f"Default: {about.default_text or about.default}.",
            metavar="NAME" if about.several else "|".join(about.choices) or None,
            show_envvar=False,
            rich_help_panel=about.group,
        )
        kind = list[str] if about.several else about.kind
        annotation = Annotated[kind | None, option]  # type: ignore[valid-type]
        parameters.append(
            inspect.Parameter(place.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        )
    parameters += [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for one in own.parameters.values()
        if one.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


@_with_setting_options
def run(
    config: Annotated[
        Path | None,
        typer.Option(
            help="TOML file with settings, such as the config.toml of another run.",
            envvar=f"{_ENVIRONMENT_PREFIX}CONFIG",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Directory for the run; it must not exist. Default: runs/BENCHMARK-GENOME-SEED."),
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="Directory of a run to continue.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    genome_setting: Annotated[
        list[str] | None,
        typer.Option(
            show_envvar=False,
            metavar="NAME=VALUE",
            help="A setting of the genome, such as maximum_depth=6; `eznas genome list` shows all.",
            envvar=f"{_ENVIRONMENT_PREFIX}GENOME_SETTING",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    ray: Ray = None,
    **given: Any,
) -> None:
    """Evolve a proxy on a benchmark, and report its best programs on networks that evolution never saw.

    A setting comes from its option, from the environment (EZNAS_BATCH_SIZE for --batch-size), from --config, or from
    the preset: --preset paper is the published method, and every run says in which settings it differs from that.

    Several benchmarks at once: --benchmark A --benchmark B, EZNAS_BENCHMARK="A B", or a list in the file.

    Ctrl-C stops a run; --resume continues it to the same result.
    """
    chosen = _chosen(config, given, genome_setting or [])
    if resume is None and ray is None:
        _begin_helpers(RunSettings.from_mapping(chosen))
    from eznas.report.live import run_view
    from eznas.report.summary import summary_parts

    directory = resume
    try:
        with run_view(stderr(), "eznas run", quiet=quiet) as view, ExitStack() as stack:
            view.phase("loading PyTorch")
            from eznas.report.html.report import write_report
            from eznas.runs.backend import Backend
            from eznas.runs.directory import stored_settings
            from eznas.runs.run import Run

            backend = Backend()
            if ray is not None:  # joined first: a wrong address leaves no folder behind
                from eznas.cluster.backend import cluster_backend
                from eznas.cluster.connection import connected

                settings = stored_settings(resume).changed(chosen) if resume else RunSettings.from_mapping(chosen)
                backend = cluster_backend(stack.enter_context(connected(ray, settings.threads, view)))
            opened = (
                Run.resume(resume, chosen, view)
                if resume
                else Run.start(RunSettings.from_mapping(chosen), output, view)
            )
            with opened:
                directory = opened.path
                summary = opened.execute(backend)
                write_report(directory)
    except KeyboardInterrupt:
        where = (
            f"nothing is lost; continue with: eznas run --resume {directory}" if directory else "the run had not begun."
        )
        typer.echo(f"eznas: Stopped; {where}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if json:
        print_json(summary)
    else:
        print_all(stdout(), summary_parts(summary))


def _begin_helpers(settings: RunSettings) -> None:
    """Begin the processes that will help to collect statistics, which load PyTorch while this one does."""
    if settings.collection.device == "cpu":
        begin_helpers(settings.networks * len(settings.benchmark), settings.threads)


def _chosen(config: Path | None, given: Mapping[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """Return the settings that the user gave by key: those of options and environment win over those of the file."""
    chosen = read_config(config) if config else {}
    chosen |= {key: given[place.name] for key, place in SETTINGS.items() if given[place.name] is not None}
    if assignments:
        chosen[GENOME_SETTINGS] = parse_assignments(assignments)
    return chosen
