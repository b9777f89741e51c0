"""Settings of a run as text: the TOML file of `--config` and of every run directory, and `name=value`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from eznas.errors import EznasError, shown
from eznas.files import LARGEST_TEXT, read_regular
from eznas.runs.settings import SETTINGS, RunSettings, check_keys, departures_text

WRITTEN_BY: Final = "written_by"
"""The table of a file that says what wrote it, and is no setting."""


def read_config(path: Path) -> dict[str, Any]:
    """Return the settings that a TOML file gives, by key.

    Keys are those of the flags, with `_` or `-`. The settings of a genome stand in a table with its name, so that one
    file can serve several genomes. A `config.toml` that a run wrote is such a file.

    Raises:
        EznasError: the file is missing, is no TOML, or has a key that is no setting.
    """
    content = read_toml(path)
    content.pop(WRITTEN_BY, None)
    values = {written.replace("-", "_"): value for written, value in content.items()}
    try:
        check_keys(values)
    except EznasError as error:
        raise EznasError(f"{path}: {error}") from error
    return values


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file, or raise an `EznasError` that says what is wrong with it."""
    try:
        return tomllib.loads(read_regular(path, LARGEST_TEXT).decode())
    except OSError as error:
        raise EznasError(f"Could not read {path}: {error.strerror}; give the path of a TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EznasError(f"{path} is not a TOML file ({error}): correct it there.") from error
    except (RecursionError, ValueError) as error:
        raise EznasError(f"{path} is nested too deeply, or has a number with too many digits: correct it.") from error


def config_text(settings: RunSettings, written_by: Mapping[str, Any]) -> str:
    """Return the TOML text of `settings`, grouped and explained; `read_config` reads it back.

    Args:
        settings: what to write, every value.
        written_by: plain values for the table `written_by`, which `read_config` skips.
    """
    departures = departures_text(settings.departures_from_paper())
    lines = [
        "# Settings of this run; `eznas run --config` takes this file.",
        f"# Differs from the paper in: {departures or 'nothing'}",
    ]
    group = ""
    for key, place in SETTINGS.items():
        if place.about.group != group:
            group = place.about.group
            lines += ["", f"# {group}"]
        value = settings.value(key)
        written = value[0] if place.about.several and len(value) == 1 else value
        lines.append(f"{key} = {_toml_value(written)}  # {place.about.help}")
    for table, content in ((settings.genome, settings.genome_settings), (WRITTEN_BY, written_by)):
        lines += ["", f"[{table}]", *(f"{key} = {_toml_value(value)}" for key, value in content.items())]
    return "\n".join(lines) + "\n"


def parse_assignments(texts: Iterable[str]) -> dict[str, Any]:
    """Return the values of texts such as `maximum_depth=6`, read as TOML values (a bare word is a text)."""
    values: dict[str, Any] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not (key and equals and value):
            raise EznasError(f"{text!r} is no setting: write name=value, such as maximum_depth=6.")
        try:
            values[key.replace("-", "_")] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            values[key.replace("-", "_")] = value
        except (RecursionError, ValueError) as error:
            raise EznasError(
                f"{key} is {shown(value)}, nested too deeply or with too many digits: give a shorter value."
            ) from error
    return values


def _toml_value(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml_value(item) for item in value) + "]"
    return repr(value)
