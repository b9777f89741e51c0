import os
import subprocess
import sys

import pytest


def complete(words, **more):
    environment = {**os.environ, "_EZNAS_COMPLETE": "complete_bash", "COMP_WORDS": words, **more}
    environment["COMP_CWORD"] = str(len(words.split(" ")) - 1)
    done = subprocess.run(
        [sys.executable, "-m", "eznas"], capture_output=True, text=True, check=False, env=environment, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("eznas ran", ["rank"]),
        ("eznas rank --see", ["--seed"]),
        ("eznas experiment few", ["few-networks"]),
    ],
)
def test_commands_and_options_are_completed(words, expected):
    assert complete(words) == expected


def test_the_function_for_the_shell_is_printed():
    done = subprocess.run(
        [sys.executable, "-m", "eznas", "--show-completion", "bash"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "_EZNAS_COMPLETE=complete_bash" in done.stdout
