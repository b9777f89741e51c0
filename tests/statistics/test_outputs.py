from collections import namedtuple
from dataclasses import dataclass

import torch

from eznas.statistics.outputs import nodes_behind, tensors_of

A, B, C = torch.zeros(1), torch.zeros(2), torch.zeros(3)
Named = namedtuple("Named", ["aux", "logits"])


@dataclass
class Record:
    hidden: torch.Tensor
    logits: torch.Tensor


@dataclass
class Plain:
    first: torch.Tensor
    second: object


def lengths(result):
    return [len(tensor) for tensor in tensors_of(result)]


def test_the_output_comes_first():
    assert lengths(A) == [1]
    assert lengths((A, B)) == [1, 2]
    assert lengths([B, (A, [C])]) == [2, 1, 3]
    assert lengths({"out": B, "aux": A}) == [2, 1]
    assert lengths(Plain(B, {"x": A})) == [2, 1]


def test_a_field_called_logits_is_the_output():
    assert lengths({"aux": A, "logits": B}) == [2, 1]
    assert lengths(Named(A, B)) == [2, 1]
    assert lengths(Record(C, B)) == [2, 3]


def test_what_holds_no_tensor_yields_nothing():
    assert lengths(None) == lengths("logits") == lengths((None, 3)) == lengths(Record) == []


def test_the_nodes_behind_an_output():
    x = torch.ones(2, requires_grad=True)
    left, right = x * 2, x * 3
    total = left.exp() + 1
    behind = nodes_behind([total])
    assert left.grad_fn in behind
    assert right.grad_fn not in behind
    assert nodes_behind([torch.ones(1)]) == set()


def test_what_holds_itself_or_is_nested_without_end_is_read_once():
    looped = [A, [B]]
    looped.append(looped)
    assert lengths(looped) == [1, 2]
    mapping = {"aux": B, "logits": A}
    mapping["self"] = mapping
    assert lengths(mapping) == [1, 2]
    deep = A
    for _ in range(100_000):
        deep = [deep]
    assert lengths(deep) == [1]
    shared = [A]
    for _ in range(50):
        shared = [shared, shared]
    assert lengths(shared) == [1]
