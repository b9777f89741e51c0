"""A page of the documentation that is followed as it stands: its files are saved, and its commands are run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def text_of(name):
    """The text of a page below `docs/`."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks_of(page):
    """The fenced blocks of a page, each with its kind."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def environment_with(programs, **variables):
    """Variables of a shell whose `python` and `eznas`, written into the folder `programs`, are those of the tests."""
    for name, command in (("python", ""), ("eznas", " -m eznas")):
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)}{command} "$@"\n')
        (programs / name).chmod(0o755)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("EZNAS_")}
    return clean | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)} | variables


def printed(command, folder, environment):
    """What a command prints that runs in the folder to a good end."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
