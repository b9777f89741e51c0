"""Processes of Python beside this one, which run one function of the package and end with it."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

_START: Final = (
    "import json, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); sys.path[:] = json.loads(sys.argv[1]); "
    "from eznas.system.processes import function_named; function_named(sys.argv[2])(*sys.argv[3:])"
)

_allowed = False


def allow_processes(allowed: bool = True) -> None:
    """Let processes be started, as a program of its own may, and a library within somebody else's may not.

    Where the system has no POSIX descriptors, none are.
    """
    global _allowed  # noqa: PLW0603 (it says what this process is)
    _allowed = allowed and os.name == "posix"


def processes_are_allowed() -> bool:
    """Whether processes may be started; not before `allow_processes`."""
    return _allowed


def function_named(text: str) -> Any:
    """Return what `module:function` stands for; the module is imported."""
    module, _, name = text.partition(":")
    return getattr(importlib.import_module(module), name)


def start_process(function: str, *arguments: str, descriptors: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Start a process that finds modules where this one does; it reads and prints nothing, and Ctrl-C is not for it.

    Args:
        function: which it calls, see `function_named`.
        arguments: what it calls the function with.
        descriptors: of this process, which it has, too.

    Raises:
        OSError: it cannot be started.
    """
    return subprocess.Popen(
        [sys.executable, "-c", _START, json.dumps(sys.path), function, *arguments],
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
