"""Hand-made proxies: the scores of untrained networks that people have published, one file each.

A proxy is one class in one file and one line in `HAND_MADE`; it is imported when it is asked for. From then on every
command takes it where it takes a proxy. None of them leaves a trace in the network that it scores, see `probe`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from eznas.errors import EznasError

if TYPE_CHECKING:
    from eznas.proxies.hand_made.base import HandMadeProxy

HAND_MADE: Final[dict[str, str]] = {
    "az_expressivity": "eznas.proxies.hand_made.az_expressivity:AZExpressivity",
    "az_progressivity": "eznas.proxies.hand_made.az_progressivity:AZProgressivity",
    "az_trainability": "eznas.proxies.hand_made.az_trainability:AZTrainability",
    "epe_nas": "eznas.proxies.hand_made.epe_nas:EPENAS",
    "fisher": "eznas.proxies.hand_made.fisher:Fisher",
    "flops": "eznas.proxies.hand_made.flops:Flops",
    "grad_norm": "eznas.proxies.hand_made.grad_norm:GradNorm",
    "grasp": "eznas.proxies.hand_made.grasp:GraSP",
    "jacob_cov": "eznas.proxies.hand_made.jacob_cov:JacobCov",
    "l2_norm": "eznas.proxies.hand_made.l2_norm:L2Norm",
    "meco": "eznas.proxies.hand_made.meco:MeCo",
    "naswot": "eznas.proxies.hand_made.naswot:NASWOT",
    "params": "eznas.proxies.hand_made.params:Params",
    "plain": "eznas.proxies.hand_made.plain:Plain",
    "snip": "eznas.proxies.hand_made.snip:SNIP",
    "swap": "eznas.proxies.hand_made.swap:SWAP",
    "synflow": "eznas.proxies.hand_made.synflow:SynFlow",
    "torch_flops": "eznas.proxies.hand_made.torch_flops:TorchFlops",
    "zen": "eznas.proxies.hand_made.zen:Zen",
    "zico": "eznas.proxies.hand_made.zico:ZiCo",
}


def names() -> tuple[str, ...]:
    """Return the names of all hand-made proxies, in alphabetical order."""
    return tuple(sorted(HAND_MADE))


def load(name: str) -> HandMadeProxy:
    """Return a hand-made proxy as its paper defines it.

    Raises:
        EznasError: there is none of this name.
    """
    if name not in HAND_MADE:
        raise EznasError(f"There is no hand-made proxy called {name!r}: choose one of {', '.join(names())}.")
    module, _, attribute = HAND_MADE[name].partition(":")
    proxy: HandMadeProxy = getattr(importlib.import_module(module), attribute)()
    return proxy
