"""The output of a network among all that it returns, and what depends on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from torch import Tensor
from torch.autograd.graph import Node


def tensors_of(result: object) -> Iterator[Tensor]:
    """Yield the tensors of what a network returned, its output first and those of auxiliary heads after it.

    The output is the tensor called `logits` if there is one (dictionary, dataclass, named tuple), else the first.
    Anything that is not a tensor, a sequence, a mapping or a dataclass yields nothing, and a container that holds
    itself, or comes up again, yields its tensors once.
    """
    waiting = [result]
    seen: dict[int, object] = {}  # with the objects, so that no other one gets the identity of one that is gone
    while waiting:
        part = waiting.pop()
        if isinstance(part, Tensor):
            yield part
        elif id(part) not in seen:
            seen[id(part)] = part
            waiting.extend(reversed(_parts(part)))


def _parts(result: object) -> list[object]:
    """Return what a container holds, `logits` first; nothing for what is no container."""
    if isinstance(result, Mapping):
        parts = list(result.values())
    elif isinstance(result, (tuple, list)):
        parts = list(result)
    elif dataclasses.is_dataclass(result) and not isinstance(result, type):
        parts = [getattr(result, field.name) for field in dataclasses.fields(result)]
    else:
        parts = []
    logits = result.get("logits") if isinstance(result, Mapping) else getattr(result, "logits", None)
    return parts if logits is None else [logits, *(part for part in parts if part is not logits)]


def nodes_behind(outputs: Iterable[Tensor]) -> set[Node]:
    """Return everything in the graph of the backward pass that `outputs` depend on."""
    waiting = [output.grad_fn for output in outputs]
    found: set[Node] = set()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found.add(node)
            waiting.extend(following for following, _ in node.next_functions)
    return found
