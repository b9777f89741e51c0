"""Evolve zero-cost proxies: programs that rank untrained neural networks as their trained accuracy would."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from eznas.benchmarks import load as load_benchmark
    from eznas.benchmarks.base import Benchmark
    from eznas.errors import EznasError
    from eznas.ops.catalogue import OPERATIONS
    from eznas.ops.notation import format_program, parse_program
    from eznas.ops.program import Program
    from eznas.proxies import Proxy
    from eznas.proxies import load as load_proxy
    from eznas.runs.run import Run
    from eznas.runs.settings import RunSettings
    from eznas.scoring.evaluation import evaluate
    from eznas.search.evolution import Evolution
    from eznas.search.settings import EvolutionSettings
    from eznas.spaces.base import Space
    from eznas.terminals import TERMINALS

    __version__: str

__all__ = [
    "OPERATIONS",
    "TERMINALS",
    "Benchmark",
    "Evolution",
    "EvolutionSettings",
    "EznasError",
    "Program",
    "Proxy",
    "Run",
    "RunSettings",
    "Space",
    "__version__",
    "evaluate",
    "format_program",
    "load_benchmark",
    "load_proxy",
    "parse_program",
]

# Imported when first used: `import eznas` must cost neither torch nor numba.
_HOMES: Final = {
    "OPERATIONS": "eznas.ops.catalogue:OPERATIONS",
    "TERMINALS": "eznas.terminals:TERMINALS",
    "Benchmark": "eznas.benchmarks.base:Benchmark",
    "Evolution": "eznas.search.evolution:Evolution",
    "EvolutionSettings": "eznas.search.settings:EvolutionSettings",
    "EznasError": "eznas.errors:EznasError",
    "Program": "eznas.ops.program:Program",
    "Proxy": "eznas.proxies:Proxy",
    "Run": "eznas.runs.run:Run",
    "RunSettings": "eznas.runs.settings:RunSettings",
    "Space": "eznas.spaces.base:Space",
    "evaluate": "eznas.scoring.evaluation:evaluate",
    "format_program": "eznas.ops.notation:format_program",
    "load_benchmark": "eznas.benchmarks:load",
    "load_proxy": "eznas.proxies:load",
    "parse_program": "eznas.ops.notation:parse_program",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata

        return metadata.version("eznas")
    if name not in _HOMES:
        raise AttributeError(f"module 'eznas' has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
