"""`eznas export` and `eznas simplify`: a proxy as text to take away, and in its simplest form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from eznas.cli.output import print_all, print_json, stdout
from eznas.errors import EznasError
from eznas.export import Format
from eznas.report.tables import Unwrapped, table

if TYPE_CHECKING:
    from eznas.ops.simplify import Simplified
    from eznas.proxies import Proxy

ProxyArgument = Annotated[
    str,
    typer.Argument(
        metavar="PROXY",
        help="Name, path of a .json file, formula, or folder of a run or a discovery.",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File to write; one that is there is replaced. Default: stdout.")
]


def export(
    proxy: ProxyArgument,
    to: Annotated[Format, typer.Option("--to", help="What it becomes.", metavar="|".join(get_args(Format)))],
    output: Output = None,
    simplify: Annotated[
        bool, typer.Option("--simplify", help="Export the formula as `eznas simplify` has it; scores are the same.")
    ] = False,
) -> None:
    """Write a proxy for use outside of eznas.

    python: one file that needs PyTorch alone, with a function score(network, inputs). sympy: Python code that builds
    the formula as a SymPy expression. latex: a displayed equation that needs amsmath. json: the file that eznas takes
    for a proxy. dot: a graph that Graphviz draws.
    """
    from eznas.export import export as export_proxy

    found = _program(proxy)
    text = export_proxy(_simplified(found)[0] if simplify else found, to)
    if output is None:
        stdout().file.write(text)
    else:
        _write(output, text)


def simplify(
    proxy: ProxyArgument,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write the simpler proxy as the file that eznas takes.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Show a proxy in its simplest form, with the very same scores.

    What a reader would do at sight is done, such as abs(abs(x)) = abs(x), and nothing that changes any bit of any
    score: abs(relu(x)) stays, which turns -0 into 0.
    """
    from eznas.export.json_file import export as file_text

    found = _program(proxy)
    simple, steps = _simplified(found)
    if output is not None:
        _write(output, file_text(simple))
    content: dict[str, Any] = {
        "formula": found.formula,
        "size": found.size,
        "simplified": simple.formula,
        "simplified_size": simple.size,
        "rules": dict(steps.rules),
    }
    if json:
        print_json(content)
        return
    rules = table("Rules used", ("rule", "times"), list(steps.rules.items()), numeric=("times",))
    print_all(
        stdout(),
        [
            Unwrapped(f"Formula, {_operations(found)}", found.formula),
            Unwrapped(f"Simplified, {_operations(simple)}", simple.formula),
            *([rules] if steps.rules else []),
        ],
    )


def _operations(proxy: Proxy) -> str:
    return f"{proxy.size} operation{'' if proxy.size == 1 else 's'}"


def _program(text: str) -> Proxy:
    from eznas.proxies import Proxy
    from eznas.runs.proxy_argument import resolve_proxy

    found = resolve_proxy(text)
    if not isinstance(found, Proxy):
        raise EznasError(f"{found.name} is no program and has no formula: give one that is, such as eznas-a.")
    return found


def _simplified(proxy: Proxy) -> tuple[Proxy, Simplified]:
    """Return a proxy with the simpler formula, and how it came about."""
    from eznas.ops.simplify import simplify_terms
    from eznas.ops.terms import format_terms

    steps = simplify_terms(proxy.terms)
    first, *further = steps.terms
    # A formula that nobody named is its own name.
    name = format_terms(steps.terms) if proxy.name == proxy.formula else proxy.name
    return replace(proxy, name=name, program=first.program, further_terms=tuple(further)), steps


def _write(path: Path, text: str) -> None:
    from eznas.files import write_atomically

    write_atomically(path, text)
    typer.echo(f"Written to {path}", err=True)
