"""A page of the documentation that is followed as it stands: its files are saved, and its commands are run."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from eznas.cli.app import main

ROOT = Path(__file__).parents[1]


def text_of(name):
    """The text of a page below `docs/`."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks_of(page):
    """The fenced blocks of a page, each with its kind."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def files_of(page, phrase):
    """The files that a page asks to be saved: the group of `phrase` is a name, and the next block its content."""
    anywhere = phrase.replace(" ", r"\s+")  # lines of a page may end within the phrase
    return dict(re.findall(rf"{anywhere}.*?^```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))


def save(files, folder):
    """Write files, given by name, into a folder; returns the folder."""
    for name, code in files.items():
        (folder / name).write_text(code)
    return folder


def environment_with(programs, **variables):
    """Variables of a shell whose `python` and `eznas`, written into the folder `programs`, are those of the tests."""
    for name, command in (("python", ""), ("eznas", " -m eznas")):
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)}{command} "$@"\n')
        (programs / name).chmod(0o755)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("EZNAS_")}
    return clean | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)} | variables


def followed(commands, folder, programs):
    """What the lines of a shell block print that run in the folder, one after the other, each to a good end.

    `eznas` runs in this process, which has imported already what takes a process of its own three seconds.
    """
    said, errors = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("EZNAS_")]:
            patched.delenv(name)
        patched.chdir(folder)
        for line in commands.splitlines():
            program, *arguments = shlex.split(line)
            if program == "eznas":
                with redirect_stdout(said), redirect_stderr(errors):
                    code = main(arguments)
                assert code == 0, f"{line}: {errors.getvalue()}"
            else:
                said.write(printed(["bash", "-c", line], folder, environment_with(programs)))
    return said.getvalue()


def printed(command, folder, environment):
    """What a command prints that runs in the folder to a good end."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
