"""The command line `eznas`: parses, calls, prints. What is slow to import is imported by the command that needs it."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from eznas.cli import (
    benchmark,
    catalogue,
    data,
    discover,
    evaluate,
    experiment,
    export,
    features,
    leaderboard,
    proxy,
    run,
    score,
    search,
    units,
)
from eznas.cli.enumerate import enumerate_formulas
from eznas.cli.interruption import INTERRUPTED, tell
from eznas.cli.output import write_any_text
from eznas.cli.usage import UsageError, usage_sentence
from eznas.errors import EznasError

USER_ERROR, USAGE_ERROR = 1, 2
_COMPLETION: Final = "_EZNAS_COMPLETE"

app = typer.Typer(
    name="eznas",
    help="Evolve zero-cost proxies: programs that rank untrained neural networks as their trained accuracy would.",
    epilog="Start with: eznas run --genome tree. Every command takes --help and --debug.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("discover")(discover.discover)
app.command("enumerate")(enumerate_formulas)
app.command("evaluate")(evaluate.evaluate)
app.command("search")(search.search)
app.command("export")(export.export)
app.command("simplify")(export.simplify)
app.command("units")(units.units)
app.command("score")(score.score)
app.command("rank")(score.rank)
app.command("leaderboard")(leaderboard.leaderboard)
app.command("operations")(catalogue.operations)
benchmark.app.command("list")(catalogue.benchmark_list)
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(data.data_app, name="data")
app.add_typer(experiment.app, name="experiment")
app.add_typer(features.app, name="features")
app.add_typer(catalogue.genome_app, name="genome")
app.add_typer(proxy.app, name="proxy")


def _print_version(wanted: bool) -> None:
    if wanted:
        from eznas import __version__

        typer.echo(f"eznas {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: ARG001  the callback does the work
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    imports: Annotated[
        list[str] | None,
        typer.Option(
            "--import",
            metavar="FILE.py",
            envvar="EZNAS_IMPORT",
            show_envvar=False,
            help="File or module with operations and terminals of your own; may be given several times, and works "
            "after every command.",
        ),
    ] = None,
    debug: Annotated[  # noqa: ARG001  `main` takes it out of the arguments; this line is for --help
        bool, typer.Option("--debug", help="Show the traceback of an error, too; works after every command.")
    ] = False,
) -> None:
    if imports:
        from eznas.spaces.importing import find_module

        for name in imports:
            find_module(name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Args:
        arguments: what follows `eznas`; the arguments of this process when None.

    Returns:
        0 for success, 1 for a mistake in what the user gave, 2 for a command line that cannot be parsed, 130 after
        Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    write_any_text()
    if _COMPLETION in os.environ:  # set by the shell's own function, which `eznas --show-completion` prints
        typer.main.get_command(app).main(given, prog_name="eznas")
    try:
        # Not `app(...)`, which makes an exit code of Ctrl-C without a word.
        command = typer.main.get_command(app)
        with command.make_context("eznas", _general_first(given)) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        tell()
        return INTERRUPTED
    except UsageError as error:
        # A group without a command shows its help, which says enough.
        return _refuse(usage_sentence(error, given), debug, USAGE_ERROR) if error.format_message() else USAGE_ERROR
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has seen enough.
        sys.stdout = None
        return 0
    except EznasError as error:
        return _refuse(str(error), debug)
    except OSError as error:
        full = " Free some space, then run the command again." if error.errno == errno.ENOSPC else ""
        return _refuse(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.{full}", debug)
    return 0


def _general_first(arguments: Sequence[str]) -> list[str]:
    """Return a command line with `--import`, which works after every command, before it, and without `--debug`."""
    general: list[str] = []
    rest: list[str] = []
    values = iter(arguments)
    for argument in values:
        if argument == "--import":
            general += [argument, *(value for value in [next(values, None)] if value is not None)]
        elif argument.startswith("--import="):
            general.append(argument)
        elif argument != "--debug":
            rest.append(argument)
    return [*general, *rest]


def _refuse(sentence: str, debug: bool, code: int = USER_ERROR) -> int:
    if debug:
        traceback.print_exc()
    typer.echo(f"eznas: {sentence}", err=True)
    return code
