"""`eznas proxy`: the proxies that come with eznas, what is known of one, and new ones from discoveries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from eznas.cli.output import print_all, print_json, stdout
from eznas.report.tables import Unwrapped, interval_text, named_table, number_text, operations_text, pairs_table, table

if TYPE_CHECKING:
    from rich.table import Table

    from eznas.proxies import AnyProxy

app = typer.Typer(help="Proxies that come with eznas, and proxies in files.", no_args_is_help=True)

_TO_COPY: Final = {"formula": "Formula", "latex": "LaTeX"}
"""What stands on lines of its own, by its key in the description, with its title."""

_LISTED: Final = 100
"""Characters of a formula in a list."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


@app.command("list")
def proxy_list(json: JsonOption = False) -> None:
    """Show the proxies that come with eznas: programs, hand-made ones, and aggregates of ranks.

    Long formulas are cut off; `eznas proxy show NAME` and --json have all of them.
    """
    from eznas import proxies
    from eznas.proxies import hand_made
    from eznas.proxies.rank_aggregate import NAMED, RankAggregate
    from eznas.report.live import shortened

    loaded = [proxies.load_program(name) for name in proxies.names()]
    rows = [(one.name, f"{one.orientation:+d}", one.formula, one.note or one.source) for one in loaded]
    scores = [hand_made.load(name) for name in hand_made.names()]
    rows += [(one.name, f"{one.orientation:+d}", one.meaning, one.source) for one in scores]
    rows += [(name, "+1", members, RankAggregate.source) for name, members in NAMED.items()]
    if json:
        print_json(
            {name: {"orientation": int(sign), "score": score, "source": source} for name, sign, score, source in rows}
        )
        return
    short = [(name, sign, shortened(score, _LISTED), source) for name, sign, score, source in rows]
    print_all(stdout(), [table("proxies", ("name", "sign", "score", "source"), short)])


@app.command("show")
def proxy_show(
    proxy: Annotated[
        str,
        typer.Argument(
            metavar="PROXY", help="Name, path of a .json file, formula, or the folder of a run or discovery."
        ),
    ],
    json: JsonOption = False,
) -> None:
    """Show a proxy: its formula, its LaTeX, how it is to be computed, where it is from and how well it ranks."""
    from eznas.runs.proxy_argument import resolve_proxy

    content = _description(resolve_proxy(proxy))
    if json:
        print_json(content)
        return
    print_all(stdout(), _parts(content))


@app.command("add")
def proxy_add(
    discovery: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of a finished `eznas discover`.")],
    name: Annotated[str, typer.Option(help="What the proxy is called from now on, such as best-small.")],
    size: Annotated[
        int | None, typer.Option(min=1, help="Take the formula of the front with so many nodes, not the chosen one.")
    ] = None,
    other: Annotated[
        bool,
        typer.Option(
            "--other", help="Take the formula that the chosen one was preferred to: what evolved, or the best seed."
        ),
    ] = False,
    note: Annotated[str, typer.Option(help="What the proxy is for, in one sentence.")] = "",
    evaluation: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="What `eznas evaluate PROXY --json` printed: its figures are added; may be given several times.",
        ),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where its file goes. Default: with the proxies that come with eznas.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over a file of this name.")] = False,
) -> None:
    """Make a formula of a discovery a proxy with a name, which `eznas evaluate NAME` takes.

    Its file says where it is from: the command and its settings, the networks it evolved on, and how it ranks others.
    """
    from eznas.discovery.found import found_proxy
    from eznas.discovery.session import read_report
    from eznas.proxies.proxy import read_proxy
    from eznas.proxies.shipping import with_evaluations, write_named

    found = with_evaluations(found_proxy(read_report(discovery), size, other=other), evaluation or [])
    path = write_named(found, name, note, folder, overwrite=replace)
    print_all(stdout(), [*_parts(_description(read_proxy(path))), Unwrapped("Written to", str(path))])


def _parts(content: dict[str, Any]) -> list[Table | Unwrapped]:
    """What to print for a description."""
    provenance = content.get("provenance")
    shown = {key: value for key, value in content.items() if value != "" and key not in (*_TO_COPY, "provenance")}
    if "extensions" in shown:
        shown["operations"] = operations_text(shown.pop("extensions"))
    copied = [Unwrapped(title, content[key]) for key, title in _TO_COPY.items() if key in content]
    return [pairs_table(f"proxy {content['name']}", shown), *copied, *(_provenance(provenance) if provenance else [])]


def _provenance(provenance: dict[str, Any]) -> list[Table | Unwrapped]:
    rows = [
        (
            one["benchmark"],
            one["networks"],
            number_text(one["tau"]),
            interval_text((one["low"], one["high"])),
            number_text(one["top_decile_tau"]),
            one["seed"],
            one["batch_size"],
        )
        for one in provenance["taus"]
    ]
    columns = ("benchmark", "networks", "tau", "95 % interval", "top decile", "seed", "batch size")
    return [
        table("How it ranks networks that it has not seen", columns, rows, numeric=columns[1:3]),
        named_table("Networks it evolved on", provenance["networks"]),
        Unwrapped("Found by", provenance["command"]),
    ]


def _description(proxy: AnyProxy) -> dict[str, Any]:
    from eznas.proxies import Proxy

    if not isinstance(proxy, Proxy):
        return {"name": proxy.name, **proxy.describe()}
    from eznas.ops.terms import terms_to_latex

    return {
        "name": proxy.name,
        "latex": terms_to_latex(proxy.terms),
        "size": proxy.size,
        "depth": proxy.depth,
        **proxy.describe(),
        "note": proxy.note,
        **({"provenance": proxy.provenance.to_dict()} if proxy.provenance else {}),
    }
