"""The formulas of a discovery's report as proxies that carry where they are from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eznas.errors import EznasError
from eznas.ops.terms import parse_terms
from eznas.proxies import Proxy
from eznas.proxies.provenance import MeasuredTau, Provenance


def found_proxy(content: Mapping[str, Any], size: int | None = None) -> Proxy:
    """Return a formula of a report as a proxy, with its figures on held-out networks.

    Args:
        content: what `session.discover` returned.
        size: of a formula of the front; None for the chosen formula.

    Raises:
        EznasError: the front has no formula of this size.
    """
    front = {one["size"]: one for one in content["front"]}
    if size is not None and size not in front:
        raise EznasError(f"The discovery reports no formula of size {size}: there are {', '.join(map(str, front))}.")
    one = content["chosen"] if size is None else front[size]
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
        source="eznas discover",
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
        ),
    )
