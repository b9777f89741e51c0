"""The output of a network among all that it returns, and what depends on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from torch import Tensor
from torch.autograd.graph import Node


def tensors_of(result: object) -> Iterator[Tensor]:
    """Yield the tensors of what a network returned, its output first and those of auxiliary heads after it.

    The output is the tensor called `logits` if there is one (dictionary, dataclass, named tuple), else the first.
    Anything that is not a tensor, a sequence, a mapping or a dataclass yields nothing.
    """
    if isinstance(result, Tensor):
        yield result
        return
    logits = result.get("logits") if isinstance(result, Mapping) else getattr(result, "logits", None)
    if logits is not None:
        yield from tensors_of(logits)
    for part in _parts(result):
        if part is not logits:
            yield from tensors_of(part)


def _parts(result: object) -> Iterable[object]:
    if isinstance(result, Mapping):
        return result.values()
    if isinstance(result, (tuple, list)):
        return result
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return [getattr(result, field.name) for field in dataclasses.fields(result)]
    return ()


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
