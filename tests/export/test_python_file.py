from __future__ import annotations

import ast
import builtins
import dis
import math
import random
import subprocess
import sys
import textwrap
import types

import numpy as np
import pytest
import torch
from exported_scores import (
    SEED,
    Eznas,
    exported_module,
    exported_score,
    network_and_images,
    random_proxies,
    relative_difference,
)
from torch import nn

import eznas
from eznas import genomes, proxies
from eznas.export import export
from eznas.ops.catalogue import BY_NAME, OPERATIONS
from eznas.ops.program import Program, ProgramBuilder
from eznas.ops.terms import Term
from eznas.proxies.proxy import Proxy

AGREEMENT = 1e-4
"""Relative difference above which float32 does not determine a score: see bench/agreement.py."""

ILL_CONDITIONED = {
    *("sym_eig_ratio", "eig_ratio", "determinant", "log_determinant", "log_abs_determinant", "kl_divergence"),
    *("sign", "heaviside", "less_than", "greater_than", "equal_to", "greater_than_zero", "less_than_zero"),
    *("hamming_distance", "invert", "divide", "log", "abs_log", "normalize"),
}
"""Operations that make much of a rounding error, or everything of its sign."""


def compare(genome, count):
    """The relative differences between exported files and eznas, with the proxies; the reference must give the same."""
    network, images = network_and_images()
    by_eznas = Eznas(network, images)
    found = []
    for proxy in random_proxies(genome, count, seed=SEED):
        exported = exported_score(proxy, network, images)
        assert relative_difference(exported, by_eznas.reference_score(proxy)) == 0.0, proxy
        found.append((relative_difference(exported, by_eznas.score(proxy)), proxy))
    return found


def check(found, share):
    apart = [proxy for difference, proxy in found if difference > AGREEMENT]
    assert len(apart) <= share * len(found)
    for proxy in apart:
        names = {OPERATIONS[node[0]].name for term in proxy.terms for node in term.program.nodes}
        assert names & ILL_CONDITIONED, proxy.formula


@pytest.mark.parametrize("genome", genomes.names())
def test_an_exported_file_gives_the_score_of_eznas(genome):
    found = compare(genome, 20)
    check(found, share=0.1)
    assert any(difference > 0.0 for difference, _ in found)  # numbers were compared, and not only NaN


@pytest.mark.slow
@pytest.mark.parametrize("genome", genomes.names())
def test_500_programs_of_a_genome(genome, capsys):
    found = compare(genome, 500)
    agreeing = sorted(difference for difference, _ in found if difference <= AGREEMENT)
    apart = [(difference, proxy.formula) for difference, proxy in found if difference > AGREEMENT]
    lines = [f"{genome}: {len(agreeing)} of {len(found)} programs agree, the worst by {agreeing[-1]:.1e}"]
    lines += [f"  apart by {difference:.1e}: {formula}" for difference, formula in apart]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    check(found, share=0.05)


@pytest.fixture(scope="module")
def every_operation() -> Proxy:
    """A proxy of as many terms as there are operations."""
    programs = [program(operation.name, *((5, 8)[: operation.arity])) for operation in OPERATIONS]
    return Proxy("all", programs[0], further_terms=tuple(map(Term, programs[1:])))


def program(name, *terminals) -> Program:
    builder = ProgramBuilder()
    return builder.build(builder.apply(BY_NAME[name].id, *terminals))


def test_it_imports_nothing_but_pytorch_and_the_standard_library(every_operation):
    tree = ast.parse(export(every_operation, "python"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    tops = {module.partition(".")[0] for module in modules}
    assert tops - sys.stdlib_module_names == {"torch"}


def test_every_name_that_it_reads_is_there(every_operation):
    source = export(every_operation, "python")
    there = {*vars(exported_module(source)), *dir(builtins)}
    pending, read = [compile(source, "<exported>", "exec")], set()
    while pending:
        code = pending.pop()
        pending += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
        read |= {one.argval for one in dis.get_instructions(code) if one.opname == "LOAD_GLOBAL"}
    assert read <= there, read - there


def test_only_the_operations_that_the_formula_uses_are_in_it():
    source = export(proxies.load_program("eznas-a"), "python")
    defined = {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    assert defined & set(BY_NAME) == {"frobenius_norm", "sigmoid", "log_determinant", "sign"}


def test_it_runs_where_eznas_cannot_be_imported(tmp_path):
    (tmp_path / "a.py").write_text(export(proxies.load_program("eznas-a"), "python"))
    script = f"""
        import sys
        class Refuse:
            def find_spec(self, name, *_):
                if name.partition(".")[0] in {{"eznas", "numba", "scipy"}}:
                    raise ImportError(name)
        sys.meta_path.insert(0, Refuse())
        sys.path.insert(0, {str(tmp_path)!r})
        import a, torch
        network = torch.nn.Sequential(
            torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Conv2d(4, 4, 3),
            torch.nn.BatchNorm2d(4), torch.nn.Flatten(), torch.nn.Linear(64, 10),
        )
        print(a.score(network, torch.arange(384.0).sin().reshape(2, 3, 8, 8)))
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert math.isfinite(float(done.stdout))


def test_the_network_and_the_random_state_stay_as_they_are():
    network, images = network_and_images()
    module = exported_module(export(proxies.load_program("eznas-a"), "python"))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = torch.get_rng_state()
    module.score(network, images)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())


def test_a_network_keeps_its_weights_where_its_own_are_asked_for():
    network, images = network_and_images()
    module = exported_module(export(Proxy("l1", program("l1_norm", 0)), "python"))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(2.0)
    assert module.score(network, images, weights="own") == 2.0
    assert module.score(network, images) != 2.0


def test_what_is_no_network_with_units_is_refused_in_a_sentence():
    module = exported_module(export(proxies.load_program("eznas-a"), "python"))
    with pytest.raises(module.EznasError, match="has no R-C-B unit"):
        module.score(nn.Flatten(), torch.ones(1, 3, 4, 4))


def test_where_a_formula_has_no_finite_number_the_file_returns_nan_and_eznas_refuses():
    network, images = network_and_images()
    formula = "log_determinant(wt - wt)"
    assert math.isnan(exported_module(export(proxies.load_program(formula), "python")).score(network, images))
    with pytest.raises(eznas.EznasError, match="The score is not finite"):
        eznas.score(network, formula, inputs=images)


def test_a_seed_below_0_is_refused():
    module = exported_module(export(proxies.load_program("l1_norm(wt)"), "python"))
    with pytest.raises(module.EznasError, match="seed is -1: give a whole number, 0 or more"):
        module.score(*network_and_images(), seed=-1)


def test_inference_mode_changes_nothing():
    network, images = network_and_images()
    module = exported_module(export(proxies.load_program("l1_norm(wt_grad.data)"), "python"))
    outside = module.score(network, images)
    with torch.inference_mode():
        assert module.score(network, images.clone()) == outside


def test_text_that_a_user_wrote_cannot_leave_its_docstring():
    wicked = "a\"\"\"\nimport os\\\n'''\u202e"
    proxy = Proxy(wicked, program("abs", 0), source=wicked, note=wicked)
    for form in ("python", "sympy"):
        nodes = ast.walk(ast.parse(export(proxy, form)))
        assert "os" not in {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}


def test_a_bare_statistic_is_a_formula():
    network, images = network_and_images()
    proxy = Proxy("wt", Program((), 0), to_scalar="l2", aggregation="sum")
    assert exported_score(proxy, network, images) == pytest.approx(Eznas(network, images).score(proxy), rel=1e-6)


def test_all_proxies_that_come_with_eznas_can_be_exported():
    network, images = network_and_images()
    by_eznas = Eznas(network, images)
    for name in proxies.names():
        proxy = proxies.load_program(name)
        exported = exported_score(proxy, network, images)
        assert exported == by_eznas.reference_score(proxy)
        # They multiply determinants of signs. And a divergence of two nearly equal distributions is mostly rounding in
        # float32, which differs by processor: the engine may then be as far off as the reference is.
        rounding = abs(exported - by_eznas.reference_score(proxy, np.float64))
        assert by_eznas.score(proxy) == pytest.approx(exported, rel=1e-3, abs=rounding), name


def test_tokens_and_several_inputs_are_scored_as_by_eznas():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.first, self.norm = nn.Embedding(20, 8), nn.Linear(8, 8), nn.LayerNorm(8)
            self.head = nn.Linear(8, 20)

        def forward(self, tokens, scale):
            return self.head(nn.functional.gelu(self.norm(self.first(self.table(tokens)))) * scale)

    inputs = {"tokens": torch.arange(12).reshape(2, 6), "scale": torch.ones(2, 6, 1)}
    proxy = Proxy("norms", program("frobenius_norm", 4), unit="A-L-N", aggregation="sum")
    network = Model()
    exported = exported_module(export(proxy, "python")).score(network, inputs, seed=SEED)
    assert exported == Eznas(network, inputs).reference_score(proxy)
    assert math.isfinite(exported)


def test_a_function_is_no_batch():
    module = exported_module(export(proxies.load_program("eznas-a"), "python"))
    with pytest.raises(module.EznasError, match="give a batch, not a function"):
        module.score(nn.Linear(2, 2), lambda generator: torch.ones(1, 2))


def test_what_the_network_draws_leaves_no_trace_in_the_global_states():
    class Drawing(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, inputs):
            return self.linear(inputs) + random.random() + float(np.random.rand())  # noqa: NPY002

    proxy = Proxy("norms", program("frobenius_norm", 4), unit="A-L-N")
    state, array_state = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    inputs = torch.ones(2, 4)
    exported = exported_module(export(proxy, "python")).score(Drawing(), inputs, seed=SEED)
    assert random.getstate() == state
    assert (np.random.get_state()[1] == array_state).all()  # noqa: NPY002
    assert exported == Eznas(Drawing(), inputs).reference_score(proxy)


def test_it_is_the_score_that_eznas_gives_from_python():
    network, images = network_and_images()
    without_units = nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.GELU(), nn.Linear(8, 4))
    proxy = Proxy("norms", program("frobenius_norm", 4), aggregation="sum", orientation=-1)
    module = exported_module(export(proxy, "python"))
    for model in (network, without_units):
        exported = module.score(model, images, seed=SEED)
        assert exported == pytest.approx(eznas.score(model, proxy, inputs=images, seed=SEED), rel=1e-6)


def test_a_score_from_less_than_half_of_a_network_says_so():
    network = nn.Sequential(
        nn.ReLU(), nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(128, 64), nn.Linear(64, 4)
    )
    module = exported_module(export(proxies.load_program("eznas-a"), "python"))
    with pytest.warns(UserWarning, match="less than half"):
        module.score(network, torch.ones(2, 3, 8, 8))
