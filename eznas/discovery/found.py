"""The formulas of a discovery's report as proxies that carry where they are from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eznas.errors import EznasError
from eznas.ops.terms import parse_terms
from eznas.proxies import Proxy
from eznas.proxies.provenance import MeasuredTau, Provenance


def found_proxy(content: Mapping[str, Any], size: int | None = None, *, other: bool = False) -> Proxy:
    """Return a formula of a report as a proxy, with its figures on held-out networks.

    Args:
        content: what `session.discover` returned.
        size: of a formula of the front; None for the chosen formula.
        other: whether it is the formula that the chosen one was preferred to, of what evolved and the seeds.

    Raises:
        EznasError: there is no such formula, or both `size` and `other` are asked for.
    """
    one = _formula(content, size, other)
    choice = content.get("choice", {})
    is_seed = size is None and choice.get("reported") == ("evolved" if other else "seed")
    protocol, settings = content["protocol"], content["search"]["settings"]
    first, *further = parse_terms(one["formula"])
    names = list(protocol["benchmarks"])
    return Proxy(
        name=f"{'+'.join(names)}-{protocol['seed']}-{one['size']}",
        program=first.program,
        further_terms=tuple(further),
        orientation=one["orientation"],
        unit=protocol["unit"],
        aggregation=protocol["aggregation"],
        third_pass=protocol["third_pass"],
        source=f"a seed of eznas discover, {choice['best_seed']}" if is_seed else "eznas discover",
        provenance=Provenance(
            command=content["search"]["command"],
            seed=protocol["seed"],
            networks={name: {"training": protocol["networks"], "validation": protocol["validation"]} for name in names},
            settings=settings,
            taus=tuple(
                MeasuredTau.of(name, protocol["benchmarks"][name]["held_out"], protocol, figures["held_out"])
                for name, figures in one["benchmarks"].items()
                if figures["held_out"]["tau"] is not None
            ),
            architectures=content.get("architectures", {}),
        ),
    )


def _formula(content: Mapping[str, Any], size: int | None, other: bool) -> Mapping[str, Any]:
    front = {one["size"]: one for one in content["front"]}
    if other:
        if size is not None:
            raise EznasError(f"Both size {size} and the other formula are asked for: choose one of them.")
        if "other" not in content:
            raise EznasError("The discovery reports no other formula: it had no seeds, or evolved to one of them.")
        return dict(content["other"])
    if size is not None and size not in front:
        raise EznasError(f"The discovery reports no formula of size {size}: there are {', '.join(map(str, front))}.")
    return dict(content["chosen"] if size is None else front[size])
