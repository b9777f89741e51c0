"""The parts of the page of one run, discovery or enumeration, in the order in which a reader asks for them."""

from __future__ import annotations

from html import escape
from pathlib import Path

from eznas.ops.terms import Term, parse_terms, terms_to_latex
from eznas.report.html.charts import (
    forest_chart,
    held_out_rows,
    progress_chart,
    scatter_chart,
    size_chart,
    unit_charts,
)
from eznas.report.html.findings import PARAMS, Findings, Scored
from eznas.report.html.mathml import to_mathml
from eznas.report.html.page import Section, missing, paragraphs
from eznas.report.html.parts import parts_html
from eznas.report.html.tree import tree_figures
from eznas.report.html.verdict import headline, verdict, warnings
from eznas.report.tables import depends_text, interval_text, number_text
from eznas.scoring.detail_format import BEST
from eznas.terminals import TERMINALS

_MOST_NODES = 150
_NOT_STORED = "The folder does not hold {}, which older versions did not store. This adds it:"


def answer_html(findings: Findings) -> str:
    """Return what a reader sees first: the formula, how good it is, and against params."""
    best = findings.best
    html = [
        f'<p class="kicker">{escape(findings.kind)} {escape(findings.name)}. {escape(findings.about)}.</p>',
        f"<h1>{escape(headline(findings))}</h1>",
    ]
    if best is not None:
        html += [formula_html(best), *(_figures(findings, best, name) for name in findings.benchmarks)]
        html.append(
            paragraphs(
                [verdict(best, name, about["held_out"]) for name, about in findings.benchmarks.items()], "verdict"
            )
        )
    items = "\n".join(f"<li><strong>{escape(word)}</strong> {escape(text)}</li>" for word, text in warnings(findings))
    if items:
        html.append(f'<ul class="warnings" aria-label="What to be wary of">\n{items}\n</ul>')
    return "\n".join(html)


def formula_html(one: Scored) -> str:
    """Return a formula typeset, and as the text that commands take."""
    sign = "" if one.orientation > 0 else '<p class="note">A lower score means a better network.</p>'
    text = f"<p><code>{escape(one.formula)}</code></p>{sign}"
    if not one.is_program:
        return text
    latex = terms_to_latex(parse_terms(one.formula))
    region = 'class="formula" tabindex="0" role="region" aria-label="the formula, typeset, may be scrolled"'
    return f"<div {region}>{to_mathml(latex, one.formula)}</div>\n{text}"


def sections_of(findings: Findings) -> list[Section]:
    """Return all sections."""
    best = findings.best
    sections = []
    if best is not None:
        sections += [
            Section("charts", "Size, search and baselines", _charts(findings)),
            Section("networks", "Scores against accuracies", _scatters(findings, best)),
            Section("program", "The formula, part by part", _program(best)),
            Section("units", "What each unit contributes", _units(findings)),
            Section("depends", "What the score depends on", _depends(findings, best)),
        ]
    sections.append(Section("figures", "All figures, and how they were measured", parts_html(findings.parts)))
    return [*sections, Section("again", "The same again", _again(findings))]


def _figures(findings: Findings, best: Scored, name: str) -> str:
    held_out, lead = best.held_out(name), best.lead(name, PARAMS)
    count = findings.benchmarks[name]["held_out"]
    picked, rank = held_out.get("picked_accuracy"), held_out.get("picked_rank")
    cells = [
        ("Held-out Kendall tau", number_text(held_out["tau"]), interval_text(held_out["tau_interval"])),
        (
            "Lead over params",
            number_text(lead["tau"]) if lead else "–",
            interval_text(lead["interval"]) if lead else "not compared",
        ),
        (
            "Tau of the best tenth",
            number_text(held_out["top_decile_tau"]),
            interval_text(held_out["top_decile_tau_interval"]),
        ),
        ("Seed stability", number_text(held_out["seed_stability"]), depends_text(held_out)),
        (
            "Accuracy of the network it would pick",
            "–" if picked is None else f"{picked:.2f}",
            "" if rank is None else f"rank {rank:.1f} of {count} by accuracy",
        ),
    ]
    items = "\n".join(
        f'<div><dt>{escape(label)}</dt><dd><div class="value">{escape(value)}</div>'
        f'<div class="beside">{escape(beside)}</div></dd></div>'
        for label, value, beside in cells
    )
    title = f"<h3>{escape(name)}</h3>\n" if len(findings.benchmarks) > 1 else ""
    return f'{title}<dl class="figures">\n{items}\n</dl>'


def _charts(findings: Findings) -> str:
    charts = [size_chart(findings.candidates, findings.baselines, name) for name in findings.benchmarks]
    if findings.progress is not None:
        charts.append(progress_chart([(findings.name, findings.progress)]))
    scores = [*([findings.best] if findings.best else []), *findings.baselines]
    charts += [
        forest_chart(f"Held-out tau, {Path(name).stem}", held_out_rows(scores, name), "Kendall tau, 95 % interval")
        for name in findings.benchmarks
    ]
    html = f'<div class="charts">\n{"".join(charts)}\n</div>'
    if findings.progress is None and findings.kind != "Enumeration":
        html += paragraphs(["The folder does not hold how fitness rose, which older versions did not store."], "note")
    return html


def _scatters(findings: Findings, best: Scored) -> str:
    if not findings.networks:
        return missing(_NOT_STORED.format("the scores of single networks"), findings.complete)
    charts = []
    for name, stored in findings.networks.items():
        parts = {part: stored[part] for part in ("training", "validation", "held_out") if part in stored}
        taus = {
            "training": best.training_tau(name),
            "validation": best.benchmarks[name].get("tau_validation"),
            "held_out": best.held_out(name)["tau"],
        }
        on = f", {Path(name).stem}" if len(findings.networks) > 1 else ""
        charts.append(scatter_chart(f"{best.label}{on}", parts, BEST, taus))
        params = next((one for one in findings.baselines if one.label == PARAMS), None)
        if params is not None and PARAMS in stored["held_out"]["scores"]:
            tau = {"held_out": params.held_out(name)["tau"]}
            charts.append(scatter_chart(f"{PARAMS}{on}", {"held_out": stored["held_out"]}, PARAMS, tau))
    return f'<div class="charts">\n{"".join(charts)}\n</div>'


def _program(best: Scored) -> str:
    terms: tuple[Term, ...] = parse_terms(best.formula)
    if sum(term.program.size for term in terms) > _MOST_NODES:
        return paragraphs(
            [f"A tree of more than {_MOST_NODES} operations would show nothing: see the formula above."], "note"
        )
    drawings = []
    for number, term in enumerate(terms, start=1):
        if len(terms) > 1:
            word = "added" if term.sign > 0 else "subtracted"
            drawings.append(f"<h3>Term {number}, {word} as its signed logarithm</h3>")
        drawings.append(f'<div class="trees">\n{tree_figures(term.program)}\n</div>')
    note = paragraphs(
        ["Operations stand above what they are computed from; the outlined boxes are statistics of a unit."], "note"
    )
    return note + "\n" + "\n".join(drawings)


def _units(findings: Findings) -> str:
    if not findings.networks:
        return missing(_NOT_STORED.format("what units contribute"), findings.complete)
    html = paragraphs(
        [
            "A unit is three consecutive layers around a convolution. The bars are what each adds to the score of a "
            "held-out network, turned so that more means better; of a formula of one term they add up to the score."
        ],
        "note",
    )
    for name, stored in findings.networks.items():
        title = f"<h3>{escape(name)}</h3>\n" if len(findings.networks) > 1 else ""
        html += f'\n{title}<div class="charts">\n{"".join(unit_charts(stored["units"], findings.aggregation))}\n</div>'
    return html


def _depends(findings: Findings, best: Scored) -> str:
    used = sorted(frozenset[int]().union(*(term.program.terminals for term in parse_terms(best.formula))))
    gradients = any(TERMINALS[address].is_gradient for address in used)
    sentences = [
        f"{name}: {depends_text(held_out)}; seed stability {number_text(held_out['seed_stability'])}."
        for name in findings.benchmarks
        for held_out in [best.held_out(name)]
    ]
    passes = "a forward and a backward pass" if gradients else "a forward pass"
    sentences.append(
        f"It reads {len(used)} of the {len(TERMINALS)} statistics of a unit, so a score takes {passes} of the inputs "
        f"that they name, and the {findings.aggregation} over the units:"
    )
    items = "\n".join(
        f"<li><code>{escape(TERMINALS[address].name)}</code>: {escape(TERMINALS[address].meaning)}</li>"
        for address in used
    )
    return f"{paragraphs(sentences)}\n<ul>\n{items}\n</ul>"


def _again(findings: Findings) -> str:
    html = [
        f"<h3>{escape(what.capitalize())}</h3>\n<pre>{escape(command)}</pre>"
        for what, command in findings.commands.items()
    ]
    if findings.versions:
        html.append(f"<h3>Computed with</h3>\n{paragraphs([findings.versions], 'note')}")
    if findings.settings:
        html.append(f"<h3>All settings</h3>\n<pre>{escape(findings.settings)}</pre>")
    return "\n".join(html)
