"""A page that compares folders: held-out tau, fitness curves and formulas side by side."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from eznas.report.html.charts import forest_chart, held_out_rows, progress_chart
from eznas.report.html.findings import PARAMS, Findings, Scored
from eznas.report.html.page import FOOTER, Section, html_page, paragraphs
from eznas.report.html.parts import table_html
from eznas.report.html.sections import formula_html
from eznas.report.tables import BESIDE_TAU, beside_tau, interval_text, number_text, table

Named = tuple[str, Findings]


def comparison_page(folders: Sequence[Named]) -> str:
    """Return the page of several folders, each with the path that it was given by."""
    benchmarks = list(dict.fromkeys(name for _, one in folders for name in one.benchmarks))
    answer = (
        f'<p class="kicker">{len(folders)} compared: {escape(", ".join(path for path, _ in folders))}</p>\n'
        f"<h1>{escape(_headline(folders, benchmarks[0]))}</h1>\n"
        + paragraphs(
            [
                "Every row is judged on the held-out networks of its own folder; where seeds or numbers of networks "
                "differ, these are not the same ones, and differences smaller than the intervals mean nothing."
            ],
            "note",
        )
    )
    sections = [
        Section(f"tau-{place}", f"Held-out tau on {Path(name).stem}", _taus(folders, name))
        for place, name in enumerate(benchmarks)
    ]
    curves = [(_label(path), one.progress) for path, one in folders if one.progress is not None]
    units = dict.fromkeys(progress.unit for _, progress in curves)
    if curves:
        charts = "".join(progress_chart([pair for pair in curves if pair[1].unit == unit]) for unit in units)
        sections.append(Section("progress", "How fitness rose", f'<div class="charts">\n{charts}\n</div>'))
    formulas = "\n".join(
        f"<h3>{escape(path)}</h3>\n{formula_html(one.best) if one.best else paragraphs(['No valid program.'], 'note')}"
        for path, one in folders
    )
    sections.append(Section("formulas", "Formulas side by side", formulas))
    return html_page("Comparison: eznas report", answer, sections, FOOTER)


def _headline(folders: Sequence[Named], benchmark: str) -> str:
    known = [
        (tau, path)
        for path, one in folders
        if one.best and benchmark in one.benchmarks and (tau := one.best.held_out(benchmark)["tau"]) is not None
    ]
    if not known:
        return "No held-out tau is defined"
    tau, path = max(known)
    return f"Highest held-out tau on {Path(benchmark).stem}: {number_text(tau)}, {path}"


def _taus(folders: Sequence[Named], benchmark: str) -> str:
    chosen = [(path, one, one.best) for path, one in folders if one.best is not None and benchmark in one.benchmarks]
    rows = []
    for path, one, best in chosen:
        held_out, lead = best.held_out(benchmark), best.lead(benchmark, PARAMS)
        rows.append(
            (
                path,
                one.benchmarks[benchmark]["held_out"],
                number_text(best.training_tau(benchmark)),
                number_text(held_out["tau"]),
                interval_text(held_out["tau_interval"]),
                f"{number_text(lead['tau'])} {interval_text(lead['interval'])}" if lead else "–",
                *beside_tau(held_out),
                best.size,
            )
        )
    numeric = ("networks", "training", "held-out", *BESIDE_TAU[:-1], "size")
    columns = ("folder", "networks", "training", "held-out", "95 % interval", "over params", *BESIDE_TAU, "size")
    figures = table_html(
        table(f"The reported formula of each, on held-out networks of {benchmark}", columns, rows, numeric=numeric)
    )
    scores = [
        Scored(_label(path), best.formula, best.size, best.orientation, best.benchmarks) for path, _, best in chosen
    ]
    beside = chosen[0][1].baselines if chosen else []
    rows = held_out_rows([*scores, *beside], benchmark)
    chart = forest_chart("With the baselines of the first", rows, "Kendall tau, 95 % interval", len(scores))
    return f'{figures}\n<div class="charts">\n{chart}\n</div>'


def _label(path: str) -> str:
    return Path(path).name
