"""A proxy as one Python file that needs PyTorch alone.

The file has the formula as PyTorch code, the few operations that it uses, and what finds the units of a network and
takes their statistics: eznas's own source, see `bundle`, so that it cannot differ from what eznas runs.
"""

from __future__ import annotations

import json
from typing import Final

from eznas.errors import EznasError
from eznas.export.bundle import Bundle
from eznas.export.formula_text import (
    WIDTH,
    comment_lines,
    commented,
    docstring_lines,
    score_text,
    steps,
    title,
    variable,
)
from eznas.ops.catalogue import OPERATIONS
from eznas.ops.terms import Term, format_terms
from eznas.proxies.proxy import Proxy
from eznas.statistics.settings import CollectionSettings
from eznas.terminals import TERMINALS

_CARRIED: Final = "eznas.export.carried"
_REFERENCE: Final = "eznas.ops.reference"
_INSTEAD: Final = {
    ("eznas.errors", "place_of"): (_CARRIED, "no_place"),
    ("eznas.statistics.inputs", "BatchSource"): (_CARRIED, "GivenBatch"),
    ("eznas.statistics.inputs", "drawn_batch"): (_CARRIED, "given_batch"),
    ("eznas.statistics.inputs", "seeded_generator"): (_CARRIED, "seeded_generator"),
    ("eznas.statistics.inputs", "without_arrays"): (_CARRIED, "as_tensor"),
    ("eznas.statistics.random_states", "kept_random_states"): (_CARRIED, "kept_states"),
    ("eznas.statistics.random_states", "seed_random_states"): (_CARRIED, "seed_states"),
    ("eznas.statistics.memory", "Memory"): (_CARRIED, "Memory"),
    ("eznas.statistics.tensors", "NetworkStatistics"): (_CARRIED, "Statistics"),
}

_SAME: Final = """
`score` gives what `eznas.score` gives for the same network, inputs and seed: the same units, fresh weights and noise,
and bit for bit the same statistics with the same PyTorch on the same machine. The formula is computed by the PyTorch
functions that specify its operations; eznas runs compiled ones that round otherwise, so that scores agree to about six
digits, and to fewer where the formula itself magnifies a rounding error (an eigenvalue ratio or the determinant of a
singular matrix).
"""


def export(proxy: Proxy) -> str:
    """Return the source of the file."""
    if proxy.own:
        raise EznasError(
            f"The proxy {proxy.name} needs your own {' and '.join(proxy.own)}, which a file by itself lacks: export it "
            "to sympy, latex, dot or json, or write it with eznas's operations."
        )
    names = {f"term_{number}" for number, _ in enumerate(proxy.terms, 1)} | {"score"}
    bundle = Bundle(_INSTEAD, {"eznas.statistics.settings": _settings_module(proxy)}, frozenset(names))
    aggregate = f"{proxy.aggregation}_over_units"
    number = {"mean": "mean_of", "l2": "norm_of"}[proxy.to_scalar]
    for module, name in (("collections.abc", "Mapping"), ("torch", "Tensor"), ("torch", "nn"), ("warnings", "")):
        bundle.add_import(module, name)
    for operation in sorted({node[0] for term in proxy.terms for node in term.program.nodes}):
        rule = OPERATIONS[operation]
        needs = ((_CARRIED, "checked"), ("eznas.ops.catalogue", "ShapeRule"))
        bundle.add(_REFERENCE, rule.name, f"@checked(ShapeRule.{rule.rule.name})", needs)
    for name in (
        "values_of",
        "weights_seed",
        number,
        aggregate,
        *(("signed_log", "joined") if proxy.further_terms else ()),
    ):
        bundle.add(_CARRIED, name)
    bundle.add("eznas.statistics.collect", "collect")
    bundle.add("eznas.statistics.inputs", "make_inputs")
    bundle.add("eznas.statistics.coverage", "coverage_warning")
    bundle.add("eznas.statistics.settings", "CollectionSettings")
    parts = [
        _header(proxy),
        "from __future__ import annotations\n",
        bundle.imports() + "\n",
        _score(proxy, number, aggregate),
        *(_term(bundle, number, term) for number, term in enumerate(proxy.terms, 1)),
        *(_section(section, text) for section, text in bundle.sections()),
    ]
    return "\n".join(parts).rstrip("\n") + "\n"


def _header(proxy: Proxy) -> str:
    further = [*docstring_lines(proxy.source and f"Source of the formula: {proxy.source}.")]
    lines = [
        f'"""The zero-cost proxy {docstring_lines(title(proxy))[0]} as one file that needs PyTorch alone; by eznas.',
        "",
        *docstring_lines(proxy.formula, "    "),
        "",
        *docstring_lines(
            f"{score_text(proxy)} A higher score means a better network. A unit is {proxy.unit}"
            f"{'' if proxy.unit == 'A-L-N' else ', or A-L-N in a network that has none of these'}."
        ),
        *further,
        "",
        "    from FILE import score",
        "    score(network, images, seed=0)  # images: float32 (batch, channels, height, width), as for training",
        "",
        *docstring_lines(_SAME),
        '"""',
        "",
    ]
    return "\n".join(lines)


def _score(proxy: Proxy, number: str, aggregate: str) -> str:
    lines = [
        "",
        "def score(",
        '    network: nn.Module, inputs: Batch, seed: int = 0, weights: str = "fresh", device: str = "cpu"',
        ") -> float:",
        '    """Return the score of a network; higher is better, NaN where it has none. The network stays as it is.',
        "",
        "    Args:",
        "        network: any module from the inputs to logits.",
        "        inputs: what it takes: a tensor, such as float32 images (batch, channels, height, width), normalised",
        "            as for training; or a tuple (positional arguments) or dictionary (named ones) of tensors.",
        "        seed: decides the fresh weights and the noise.",
        "        weights: `fresh` ones, or the network's `own`.",
        "        device: where the network runs, `cpu`, `cuda` or `cuda:N`.",
        '    """',
        "    settings = CollectionSettings(device=device)",
        "    passes = make_inputs(inputs, seed)",
        '    fresh = weights != "own"',
        "    statistics = collect(network, passes, settings, weights_seed(seed), fresh=fresh, any_unit=True)",
        '    if warning := coverage_warning("the network", statistics.unit, statistics.coverage):',
        "        warnings.warn(warning, stacklevel=2)",
    ]
    sums = []
    for position, term in enumerate(proxy.terms, 1):
        lines.append(
            f"    score_{position} = {aggregate}([{number}(value) for value in values_of(term_{position}, statistics)])"
        )
        sums.append(f"{'' if term.sign > 0 else '-'}signed_log(score_{position})")
    total = f"joined([{', '.join(sums)}])" if proxy.further_terms else "score_1"
    # The sign of a zero would show.
    lines.append(f"    return {'' if proxy.orientation > 0 else '-'}{total} + 0.0")
    return "\n".join([*lines, "", ""])


def _term(bundle: Bundle, number: int, term: Term) -> str:
    lines, result = steps(
        term.program, lambda rule, arguments: f"{bundle.name(_REFERENCE, rule.name)}({', '.join(arguments)})"
    )
    body = [f"def term_{number}(unit: Mapping[str, Tensor]) -> Tensor:"]
    formula = docstring_lines(format_terms([Term(term.program)]), "    ")
    formula[0] = f'    """{formula[0].strip()}'
    body += [*formula[:-1], f'{formula[-1]}"""'] if len(formula) == 1 else [*formula, '    """']
    for address in sorted(term.program.terminals):
        terminal = TERMINALS[address]
        body += commented(f'{variable(address)} = unit["{terminal.name}"]', terminal.meaning)
    for line, comment in lines:
        body += commented(line, comment)
    return "\n".join([*body, f"    return {result}", "", ""])


def _section(title_text: str, text: str) -> str:
    rule = "# " + "-" * (WIDTH - 2)
    return "\n".join([rule, *comment_lines(title_text), rule, "", text, "", ""])


def _settings_module(proxy: Proxy) -> str:
    """The source of a module with what the formula reads, in the place of settings that say it in general."""
    terminals = frozenset[int]().union(*(term.program.terminals for term in proxy.terms))
    settings = CollectionSettings(proxy.unit, proxy.third_pass, "cpu", terminals)
    passes = "\n".join(f"        yield {json.dumps(name)}, {json.dumps(read)}" for name, read in settings.passes())
    return f'''"""What of a unit the formula reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class CollectionSettings:
    """The layers of a unit, and the addresses of the statistics that are collected."""

    device: str = "cpu"
    unit: str = "{settings.unit}"
    third_pass: str = "{settings.third_pass}"
    collected: frozenset[int] = frozenset({{{", ".join(map(str, sorted(settings.collected)))}}})
    needs_gradients: bool = {settings.needs_gradients!r}

    def passes(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Yield the passes that are needed, and the groups of statistics of each with their addresses."""
{passes}
'''
