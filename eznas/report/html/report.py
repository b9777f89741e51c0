"""Writes `report.html`: of one folder into that folder, of several a comparison where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from eznas.errors import EznasError
from eznas.files import write_atomically
from eznas.report.html.comparison import comparison_page
from eznas.report.html.experiment import experiment_page, is_experiment
from eznas.report.html.findings import Findings
from eznas.report.html.folders import findings_of
from eznas.report.html.page import FOOTER, html_page
from eznas.report.html.sections import answer_html, sections_of

REPORT: Final = "report.html"


def write_report(folder: Path, output: Path | None = None) -> Path:
    """Write the page of a run, a discovery, an enumeration or an experiment.

    Args:
        folder: its folder.
        output: the file; None for `report.html` in the folder.

    Returns:
        The path of the page.

    Raises:
        EznasError: the folder holds nothing to report, a file in it is damaged, or the page cannot be written.
    """
    page = experiment_page(folder) if is_experiment(folder) else report_page(findings_of(folder))
    path = output or folder / REPORT
    write_atomically(path, page)
    return path


def report_page(findings: Findings) -> str:
    """Return the page of one folder's findings."""
    return html_page(f"{findings.name}: eznas report", answer_html(findings), sections_of(findings), FOOTER)


def write_comparison(folders: Sequence[Path], output: Path) -> Path:
    """Write a page that compares runs, discoveries and enumerations, and return its path.

    Raises:
        EznasError: what `write_report` raises, or a folder is an experiment's.
    """
    for folder in folders:
        if is_experiment(folder):
            raise EznasError(f"{folder} is an experiment, which is a comparison itself: give it alone.")
    write_atomically(output, comparison_page([(str(folder), findings_of(folder)) for folder in folders]))
    return output
