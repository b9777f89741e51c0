"""Evolve zero-cost proxies: programs that rank untrained neural networks as their trained accuracy would.

Every name here is public and documented in docs/python.md; what is below the modules may change.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from eznas.api.proxy_discovery import ProxyDiscovery
    from eznas.api.proxy_search import ProxySearch
    from eznas.api.rank import rank
    from eznas.api.score import score
    from eznas.benchmarks import load as load_benchmark
    from eznas.benchmarks.base import Benchmark
    from eznas.errors import EznasError
    from eznas.ops.notation import format_program, parse_program
    from eznas.ops.own import operation, terminal
    from eznas.ops.program import Program
    from eznas.proxies import Proxy
    from eznas.proxies import load as load_proxy
    from eznas.scoring.evaluation import evaluate

    __version__: str

__all__ = [
    "Benchmark",
    "EznasError",
    "Program",
    "Proxy",
    "ProxyDiscovery",
    "ProxySearch",
    "__version__",
    "evaluate",
    "format_program",
    "load_benchmark",
    "load_proxy",
    "operation",
    "parse_program",
    "rank",
    "score",
    "terminal",
]

# Imported when first used: `import eznas` must cost neither torch nor numba.
_HOMES: Final = {
    "Benchmark": "eznas.benchmarks.base:Benchmark",
    "EznasError": "eznas.errors:EznasError",
    "Program": "eznas.ops.program:Program",
    "Proxy": "eznas.proxies:Proxy",
    "ProxyDiscovery": "eznas.api.proxy_discovery:ProxyDiscovery",
    "ProxySearch": "eznas.api.proxy_search:ProxySearch",
    "evaluate": "eznas.scoring.evaluation:evaluate",
    "format_program": "eznas.ops.notation:format_program",
    "load_benchmark": "eznas.benchmarks:load",
    "load_proxy": "eznas.proxies:load",
    "operation": "eznas.ops.own:operation",
    "parse_program": "eznas.ops.notation:parse_program",
    "rank": "eznas.api.rank:rank",
    "score": "eznas.api.score:score",
    "terminal": "eznas.ops.own:terminal",
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
