"""What a command line that cannot be parsed is answered with: one sentence, like every other mistake."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

import typer

# Typer keeps this class to itself and exports only what is derived from it.
UsageError: Final[Any] = next(one for one in typer.BadParameter.__mro__ if one.__name__ == "UsageError")


def usage_sentence(error: Any, arguments: Sequence[str]) -> str:
    """Return what is wrong with `arguments`, with the value that was given and the way out.

    Args:
        error: the `UsageError` that parsing raised.
        arguments: the command line without the program's name.
    """
    # The choices of a missing option stand on lines of their own.
    message = " ".join(str(error.format_message()).split()).rstrip(".").replace("Value error, ", "")
    given = _given_value(getattr(error, "param", None), arguments)
    if given is not None and repr(given) not in message:
        message = f"{message}, not {given!r}"
    command = error.ctx.command_path if getattr(error, "ctx", None) else "eznas"
    return f"{message}: `{command} --help` shows what can be given."


def _given_value(parameter: Any, arguments: Sequence[str]) -> str | None:
    """Return the text that an option got from the command line or the environment, if it got one."""
    names = [name for name in getattr(parameter, "opts", ()) if name.startswith("-")]
    options = list(arguments)[: arguments.index("--")] if "--" in arguments else list(arguments)
    # Of an option that is given several times the last one counts.
    for position, argument in reversed(list(enumerate(options))):
        name, equals, value = argument.partition("=")
        if name in names and equals:
            return value
        if name in names and position + 1 < len(options):
            return options[position + 1]
    variable = getattr(parameter, "envvar", None)
    return os.environ.get(variable) if isinstance(variable, str) else None
