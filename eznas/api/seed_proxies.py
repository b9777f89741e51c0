"""What a search from Python starts from: names, files and formulas, as on the command line, or loaded proxies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from eznas import proxies
from eznas.discovery.seed_formulas import seed_formula
from eznas.errors import EznasError, shown
from eznas.options import ThirdPass, Unit
from eznas.proxies import AnyProxy, Proxy

SeedProxies: TypeAlias = str | AnyProxy | Iterable[str | AnyProxy]
"""One proxy or several."""


def seed_texts(given: SeedProxies, unit: Unit, third_pass: ThirdPass) -> tuple[str, ...]:
    """Return seed proxies as texts, which `resolve_proxy` takes: of a loaded proxy its name, or else its formula.

    Args:
        given: by the user.
        unit: of the search.
        third_pass: of the search.

    Raises:
        EznasError: one is no proxy, or is computed otherwise than its text says.
    """
    if isinstance(given, (str, AnyProxy)):
        given = [given]
    if not isinstance(given, Iterable):
        raise EznasError(f"seed_proxies is {shown(given)}: give a list of names, files, formulas or loaded proxies.")
    return tuple(one if isinstance(one, str) else _text(one, unit, third_pass) for one in given)


def _text(proxy: AnyProxy, unit: Unit, third_pass: ThirdPass) -> str:
    if not isinstance(proxy, AnyProxy):
        raise EznasError(f"A seed proxy is {shown(proxy)}: give a name, a file, a formula or a loaded proxy.")
    if not isinstance(proxy, Proxy) or (proxy.name in proxies.names() and proxies.load(proxy.name) == proxy):
        return proxy.name
    formula = seed_formula(proxy, unit, third_pass)
    if (unit, third_pass) != (Proxy.unit, Proxy.third_pass):
        raise EznasError(
            f"The seed proxy {proxy.name:.80} is computed with unit {unit} and third_pass {third_pass}, and a formula "
            f"with {Proxy.unit} and {Proxy.third_pass}: write it with eznas.proxies.save, and give the file."
        )
    return formula
