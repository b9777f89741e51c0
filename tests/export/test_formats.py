from __future__ import annotations

import re

import pytest
from exported_scores import exported_module, random_proxies

from eznas import genomes, proxies
from eznas.errors import EznasError
from eznas.export import export
from eznas.ops import own
from eznas.ops.catalogue import OPERATIONS
from eznas.ops.notation import parse_program
from eznas.ops.program import ProgramBuilder
from eznas.ops.terms import parse_terms
from eznas.proxies.proxy import Proxy, read_proxy, save

EVERY = [proxy for genome in genomes.names() for proxy in random_proxies(genome, 8, seed=3)]

DOT = re.compile(
    r"""
    digraph\ "(?:[^"\\]|\\.)*"\ \{\n
    (?:\ \ (?:
        (?:graph|node|edge)\ \[[^\]]*\]
      | [a-z][a-z0-9_]*\ \[(?:\w+=(?:\w+|"(?:[^"\\]|\\.)*")(?:,\ )?)+\]
      | [a-z][a-z0-9_]*\ ->\ [a-z][a-z0-9_]*(?:\ \[label="(?:[^"\\]|\\.)*"\])?
    );\n)*
    \}\n""",
    re.VERBOSE,
)
"""The statements of the DOT language that the export uses."""


def proxy_of(formula, **settings):
    first, *further = parse_terms(formula)
    return Proxy("p", first.program, further_terms=tuple(further), **settings)


def test_an_unknown_format_is_refused():
    with pytest.raises(EznasError, match="'perl': choose one of python, sympy, latex, json, dot"):
        export(EVERY[0], "perl")


@pytest.mark.parametrize("proxy", EVERY, ids=lambda proxy: proxy.name)
def test_json_is_the_file_of_the_proxy(proxy, tmp_path):
    save(proxy, tmp_path / "saved.json")
    assert (tmp_path / "saved.json").read_text() == export(proxy, "json")
    assert read_proxy(tmp_path / "saved.json") == proxy


@pytest.mark.parametrize("proxy", EVERY, ids=lambda proxy: proxy.name)
def test_dot_is_a_graph_whose_edges_join_its_nodes(proxy):
    text = export(proxy, "dot")
    assert DOT.fullmatch(text), text
    nodes = set(re.findall(r"^  (\w+) \[", text, re.MULTILINE)) - {"graph", "node", "edge"}
    edges = re.findall(r"^  (\w+) -> (\w+)", text, re.MULTILINE)
    assert {end for edge in edges for end in edge} == nodes
    assert len([target for _, target in edges if target == "score"]) == len(proxy.terms)
    assert len(nodes) == 1 + proxy.size + len({one for term in proxy.terms for one in term.program.terminals})


def test_arguments_that_cannot_be_swapped_are_labelled():
    text = export(proxy_of("wt - wt_grad.data"), "dot")
    assert 's0 -> t1_1 [label="A"];' in text
    assert 's1 -> t1_1 [label="B"];' in text
    assert 'label="A"' not in export(proxy_of("wt + wt_grad.data"), "dot")


def test_quotes_and_line_breaks_stay_inside_a_label():
    assert DOT.fullmatch(export(Proxy('a"\\\n}', parse_program("abs(wt)")), "dot"))


@pytest.mark.parametrize("proxy", EVERY, ids=lambda proxy: proxy.name)
def test_latex_is_balanced_and_needs_amsmath_alone(proxy):
    text = export(proxy, "latex")
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("%"))
    assert body.startswith("\\begin{equation*}\n")
    assert body.endswith("\\end{equation*}\n")
    assert body.count("{") == body.count("}")
    assert len(re.findall(r"\\left\b", body)) == len(re.findall(r"\\right\b", body))
    assert re.findall(r"\\begin\{(\w+\*?)\}", body) == re.findall(r"\\end\{(\w+\*?)\}", body)[::-1]
    assert set(re.findall(r"\\begin\{(\w+\*?)\}", body)) <= {"equation*", "aligned"}
    assert set(re.findall(r"\\([A-Za-z]+)", body)) <= AMSMATH, set(re.findall(r"\\([A-Za-z]+)", body)) - AMSMATH
    assert "\n\n" not in body  # an empty line would end the formula


AMSMATH = {
    *("begin", "end", "left", "right", "mathrm", "mathbf", "nabla", "odot", "langle", "rangle", "lvert", "rvert"),
    *("lVert", "rVert", "log", "exp", "det", "cos", "sqrt", "frac", "rho", "sigma", "ell"),
}


def test_what_is_no_common_notation_is_explained():
    assert "% d_H: how many elements" in export(proxy_of("hamming_distance(wt, wt_grad.data)"), "latex")
    assert "% W: weight of the " in export(proxy_of("abs(wt)"), "latex")


def test_every_operation_has_a_place_in_every_format():
    for operation in OPERATIONS:
        builder = ProgramBuilder()
        program = builder.build(builder.apply(operation.id, 5, *([8] if operation.arity == 2 else [])))
        for form in ("python", "sympy", "latex", "json", "dot"):
            assert export(Proxy("p", program), form)


class TestSympy:
    sympy = pytest.importorskip("sympy")

    def expression(self, proxy):
        return exported_module(export(proxy, "sympy")).expression

    @pytest.mark.parametrize("proxy", EVERY[::3], ids=lambda proxy: proxy.name)
    def test_every_formula_becomes_an_expression(self, proxy):
        expression = self.expression(proxy)
        assert isinstance(expression, self.sympy.Expr)
        names = {symbol.name for symbol in expression.free_symbols}
        assert all(re.fullmatch(r"wt|\w+\.(data|noise|perturbed)", name) for name in names)

    @pytest.mark.parametrize(
        ("formula", "value"),
        [
            ("log(wt)", lambda x: 0 if x <= 0 else "log"),
            ("relu(wt) - wt", lambda x: max(x, 0) - x),
            ("power(wt) + abs(wt)", lambda x: x * x + abs(x)),
            ("wt / zeros_like(wt)", lambda x: 1),
            ("sign(wt) * heaviside(wt)", lambda x: float(x > 0)),
            ("wt < zeros_like(wt)", lambda x: float(x < 0)),
            ("invert(ones_like(wt) + power(wt))", lambda x: 1 / (1 + x * x)),
        ],
    )
    def test_operations_on_elements_have_the_meaning_that_eznas_gives_them(self, formula, value):
        expression = self.expression(proxy_of(formula))
        (inner,) = expression.args[0].args
        symbol = self.sympy.Symbol("wt", real=True)
        for x in (-2, 0, 3):
            wanted = value(x)
            wanted = self.sympy.log(x) if wanted == "log" else wanted
            assert self.sympy.simplify(inner.subs(symbol, x) - wanted) == 0

    def test_orientation_aggregation_and_terms_are_in_it(self):
        one = str(self.expression(proxy_of("numel(wt)", orientation=-1, aggregation="sum", to_scalar="l2")))
        assert one == "-sum_over_units(frobenius_norm(numel(wt)))"
        two = str(self.expression(proxy_of("signed_log(numel(wt)) - signed_log(numel(inp.data))")))
        assert "log(Abs(mean_over_units(mean(numel(wt)))) + 1)" in two
        assert two.count("mean_over_units") == 4


def test_a_proxy_that_comes_with_eznas_has_every_format():
    for form in ("python", "sympy", "latex", "json", "dot"):
        assert export(proxies.load_program("nasbench201-top"), form)


def test_a_formula_with_an_operation_of_ones_own_goes_everywhere_but_into_a_file_by_itself(monkeypatch):
    monkeypatch.setattr(own, "_own", {})

    @own.operation("export_test_own", 2)
    def mine(a, b):
        return a - 2 * b

    proxy = proxy_of("abs(export_test_own(wt, wt_grad.data))")
    for form in ("sympy", "latex", "json", "dot"):
        assert "own" in export(proxy, form)
    with pytest.raises(EznasError, match="needs your own export_test_own, which a file by itself lacks"):
        export(proxy, "python")
