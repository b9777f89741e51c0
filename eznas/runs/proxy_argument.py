"""What a user may give for a proxy: a name, a .json file, a formula, or the folder of a run or a discovery."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from eznas import proxies
from eznas.errors import EznasError
from eznas.files import LARGEST_TABLE, read_regular
from eznas.ops.program import Program
from eznas.proxies import AnyProxy, Proxy
from eznas.proxies.proxy import PROXY_FILE, read_proxy
from eznas.proxies.rank_aggregate import aggregate_of, is_aggregate
from eznas.runs.directory import CONFIG, HALL_OF_FAME, stored_settings
from eznas.runs.settings import RunSettings


def resolve_proxy(text: str) -> AnyProxy:
    """Return the proxy that `text` stands for.

    Args:
        text: the name of a proxy, the path of a .json file, a formula, a run directory, which stands for the run's
            best program so far, the folder of a discovery, for the formula it chose, or `rank(PROXY,PROXY,...)` of any
            of these.

    Raises:
        EznasError: there is no such proxy, or the run has found no valid program yet.
    """
    if holds(text, CONFIG):
        return best_proxy(Path(text))
    if holds(text, PROXY_FILE):
        return read_proxy(Path(text) / PROXY_FILE)
    if is_aggregate(text):
        return aggregate_of(text, resolve_proxy)
    try:
        return proxies.load(text)
    except EznasError as error:
        if _is_folder(text):
            raise EznasError(
                f"The folder {text} is of no run and no discovery, for it has neither {CONFIG} nor {PROXY_FILE}: check "
                "the path."
            ) from error
        raise


def best_proxy(run: Path) -> Proxy:
    """Return the best program of a run as a proxy that is computed as the run computed it.

    Raises:
        EznasError: `run` is no run directory, or it has found no valid program yet.
    """
    settings = stored_settings(run)
    path = run / HALL_OF_FAME
    try:
        best = json.loads(read_regular(path, LARGEST_TABLE))["programs"][0]
        program, orientation = Program.decode(best["program"]), int(best["orientation"])
    except FileNotFoundError as error:
        raise EznasError(
            f"{run} has finished no generation yet: continue it with `eznas run --resume {shlex.quote(str(run))}`."
        ) from error
    except IndexError as error:
        raise EznasError(f"{run} has found no valid program yet: give evolution more generations.") from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise EznasError(
            f"{path} is damaged ({type(error).__name__}: {error}): restore it, or give a program of it as a formula."
        ) from error
    return evolved_proxy(settings, program, orientation, name=run.name)


def evolved_proxy(settings: RunSettings, program: Program, orientation: int, name: str) -> Proxy:
    """Return a program of a run with these settings as a proxy that is computed as the run computed it."""
    each = "each of " if len(settings.benchmark) > 1 else ""
    return Proxy(
        name=name,
        program=program,
        orientation=1 if orientation > 0 else -1,
        unit=settings.collection.unit,
        to_scalar=settings.to_scalar,
        aggregation=settings.aggregation,
        third_pass=settings.collection.third_pass,
        source=f"evolved on {settings.networks} networks of {each}{settings.benchmark_label}, seed {settings.seed}",
    )


def holds(text: str, file: str) -> bool:
    """Return whether `text` is the path of a folder with this file."""
    try:
        return (Path(text) / file).is_file()
    except OSError:
        # A formula can be longer than any path.
        return False


def _is_folder(text: str) -> bool:
    try:
        return Path(text).is_dir()
    except OSError:
        return False
