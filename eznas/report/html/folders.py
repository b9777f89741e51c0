"""From a folder to its findings: the files of a run, a discovery or an enumeration, read and never computed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from eznas.errors import EznasError
from eznas.files import LARGEST_TABLE, json_text, read_regular
from eznas.report.discovery import discovery_parts, reported_formulas
from eznas.report.enumeration import enumeration_parts
from eznas.report.html.findings import Findings, Progress, Scored
from eznas.report.summary import summary_parts
from eznas.report.tables import number_text
from eznas.runs.directory import CONFIG, ENVIRONMENT, HISTORY, SUMMARY
from eznas.scoring.detail_format import NETWORKS

RESULT: Final = "result.json"  # of a discovery or an enumeration
_INTERRUPTED: Final = "it is not finished: the command that began it goes on with it"


def findings_of(folder: Path) -> Findings:
    """Return what a folder holds.

    Raises:
        EznasError: it is not the folder of a finished run, discovery or enumeration, or a file in it is damaged.
    """
    summary, result = folder / SUMMARY, folder / RESULT
    try:
        if summary.is_file():
            return _of_run(folder, read_object(summary))
        if result.is_file():
            content = read_object(result)
            return _of_discovery(folder, content) if "chosen" in content else _of_enumeration(folder, content)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        path = summary if summary.is_file() else result
        raise EznasError(
            f"{path} lacks what a report shows ({type(error).__name__}: {error}): an older version wrote it, or it was "
            "changed. Delete that file and run the command of this folder again, which computes no more than a report."
        ) from error
    if not folder.is_dir():
        raise EznasError(f"{folder} is no folder: give one of `eznas run` or `eznas discover`, such as runs/NAME.")
    reason = _INTERRUPTED if (folder / CONFIG).is_file() else f"it has neither {SUMMARY} nor {RESULT}"
    raise EznasError(f"{folder} has nothing to report ({reason}): give a finished run, discovery or enumeration.")


def read_object(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file.

    Raises:
        EznasError: it cannot be read, or holds no object.
    """
    try:
        content = json.loads(read_regular(path, LARGEST_TABLE))
    except (OSError, ValueError, RecursionError) as error:
        raise EznasError(f"{path} cannot be read ({error}): run the command of its folder again.") from error
    if not isinstance(content, dict):
        raise EznasError(f"{path} holds no JSON object: run the command of its folder again.")
    return content


def _of_run(folder: Path, summary: Mapping[str, Any]) -> Findings:
    protocol, evolution = summary["protocol"], summary["evolution"]
    programs = [_scored(f"program {rank}", one) for rank, one in enumerate(summary["programs"], start=1)]
    history = _lines(folder / HISTORY)
    names = ", ".join(protocol["benchmarks"])
    config = folder / CONFIG
    return Findings(
        name=folder.name,
        kind="Run",
        about=f"Evolved on {protocol['networks']} networks of {names} in {evolution['generations']} generations of the "
        f"{evolution['genome']} genome, seed {protocol['seed']}",
        best=programs[0] if programs else None,
        candidates=programs,
        baselines=[_baseline(one) for one in summary["baselines"]],
        benchmarks=protocol["benchmarks"],
        aggregation=protocol["aggregation"],
        progress=_of_generations(history, estimated="units_in_evolution" in protocol) if history else None,
        parts=summary_parts(summary),
        commands={
            "the same result again": f"eznas run --config {shlex.quote(str(config))}",
            **summary["use"],
        },
        settings=_text(config),
        versions=_versions(folder),
        networks=_networks(folder),
        complete=f"rm {shlex.quote(str(folder / SUMMARY))} && eznas run --resume {shlex.quote(str(folder))}",
    )


def _of_discovery(folder: Path, content: Mapping[str, Any]) -> Findings:
    protocol, search = content["protocol"], content["search"]
    steps = _lines(folder / HISTORY)
    place = shlex.quote(str(folder))
    return Findings(
        name=folder.name,
        kind="Discovery",
        about=f"{search['formulas_evaluated']:,} formulas over {search['features']:,} features, evolved on "
        f"{protocol['networks']} networks of {', '.join(protocol['benchmarks'])}, chosen by {protocol['validation']} "
        f"others, seed {protocol['seed']}",
        best=_scored("chosen", content["chosen"]),
        candidates=[_scored(label, one) for label, one in reported_formulas(content)[1:]],
        baselines=[_baseline(one) for one in content["baselines"]],
        benchmarks=protocol["benchmarks"],
        aggregation=protocol["aggregation"],
        progress=_of_epochs(steps),
        parts=discovery_parts(content),
        commands={
            "the same result again": search["command"],
            "keep the formula under a name": f"eznas proxy add {place} --name mine",
            "see it as a page": f"eznas report {place}",
        },
        settings=json_text(search["settings"]),
        versions="",
        networks=_networks(folder),
        complete=f"rm {shlex.quote(str(folder / RESULT))} && {search['command']} --output {place}",
        kept_seed=_kept_seed(content.get("choice", {})),
    )


def _of_enumeration(folder: Path, content: Mapping[str, Any]) -> Findings:
    if not content["finished"]:
        raise EznasError(f"{folder} has nothing to report ({_INTERRUPTED}): {content['command']}")
    name = content["benchmark"]
    scored = [_enumerated(one, name) for one in content["best"] if "held_out" in one]
    front = [one for one, entry in zip(scored, content["best"], strict=False) if entry["on_front"]]
    aggregations = {one["name"]: one["aggregation"] for one in content["best"]}
    best = front[-1] if front else None
    place = shlex.quote(str(folder))
    return Findings(
        name=folder.name,
        kind="Enumeration",
        about=" ".join(content["coverage"]),
        best=best,
        candidates=scored,
        baselines=[_baseline(one) for one in content.get("baselines", [])],
        benchmarks={
            name: {
                "description": content["description"],
                "accuracy": content["accuracy"],
                "held_out": content["held_out_networks"],
            }
        },
        aggregation=aggregations[best.label] if best else "sum",
        progress=None,
        parts=enumeration_parts(content),
        commands={"the same result again": content["command"], "see it as a page": f"eznas report {place}"},
        settings=json_text(content["settings"]),
        versions="",
        networks=_networks(folder),
        complete=f"{content['command']} --output {place}",
    )


def _kept_seed(choice: Mapping[str, Any]) -> str:
    """Return why a seed formula is reported, in a sentence; nothing where it is not."""
    if choice.get("reported") != "seed":
        return ""
    networks = f"{choice['validation']} validation networks"
    if choice["lead"] is None:
        told = f"{networks} do not tell how far what evolved is ahead of it."
    else:
        asked = "any lead" if not choice["margin"] else f"more than {choice['margin']:g} times that error"
        told = (
            f"By {networks} the lead of what evolved over it is {number_text(choice['lead'])}, standard error "
            f"{number_text(choice['standard_error'])}; {asked} was asked for."
        )
    return f"this is the seed {choice['best_seed']}. {told} What evolved is among the figures below."


def _scored(label: str, one: Mapping[str, Any]) -> Scored:
    return Scored(label, one["formula"], one["size"], one["orientation"], one["benchmarks"])


def _baseline(one: Mapping[str, Any]) -> Scored:
    formula = one.get("formula") or one.get("score") or one["name"]
    return Scored(one["name"], formula, one.get("size"), one["orientation"], one["benchmarks"], "formula" in one)


def _enumerated(one: Mapping[str, Any], benchmark: str) -> Scored:
    figures = {"tau_training": one["training"], "held_out": one["held_out"], "lead": one.get("lead", {})}
    return Scored(one["name"], one["formula"], one["size"], one["orientation"], {benchmark: figures})


def _of_generations(history: Sequence[Mapping[str, Any]], *, estimated: bool) -> Progress:
    return Progress(
        "generation",
        [one["generation"] for one in history],
        [one["best"] for one in history],
        [one["median"] for one in history],
        estimated,
    )


def _of_epochs(steps: Sequence[Mapping[str, Any]]) -> Progress | None:
    known = [one for one in steps if one["best"] is not None]
    return Progress("epoch", [one["epoch"] for one in known], [one["best"] for one in known]) if known else None


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file with one on each line, none where there is no such file."""
    try:
        return [json.loads(line) for line in read_regular(path, LARGEST_TABLE).splitlines()]
    except (OSError, ValueError):
        return []


def _networks(folder: Path) -> dict[str, Any]:
    path = folder / NETWORKS
    return dict(read_object(path)["benchmarks"]) if path.is_file() else {}


def _versions(folder: Path) -> str:
    path = folder / ENVIRONMENT
    if not path.is_file():
        return ""
    session = read_object(path)["sessions"][0]
    versions = ", ".join(f"{package} {version}" for package, version in session["versions"].items())
    return f"{session['started']}, Python {session['python']}, {session['platform']}; {versions}"


def _text(path: Path) -> str:
    try:
        return read_regular(path, LARGEST_TABLE).decode(errors="replace")
    except OSError:
        return ""
