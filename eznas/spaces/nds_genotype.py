"""Genotypes: the normal and the reduction cell of an NDS network, read from every form in which tables hold them.

A cell has states: 0 and 1 are the outputs of the two cells before it, 2, 3, ... its own nodes. Each node adds two
edges; an edge is an operation on an earlier state. The cell's output concatenates the states of `concat`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eznas.errors import EznasError
from eznas.spaces.json_text import integer, shortened
from eznas.spaces.one_change import one_changed

Edge = tuple[str, int]

CELLS = ("normal", "reduce")


@dataclass(frozen=True)
class CellGenotype:
    """One cell.

    Attributes:
        edges: operation and input state, two edges for each node in order.
        concat: the states that the output concatenates, in order.
    """

    edges: tuple[Edge, ...]
    concat: tuple[int, ...]

    @property
    def nodes(self) -> int:
        """The number of nodes."""
        return len(self.edges) // 2


@dataclass(frozen=True)
class Genotype:
    """The two cells of a network."""

    normal: CellGenotype
    reduce: CellGenotype

    def encode(self) -> dict[str, object]:
        """Return the genotype as NDS files hold it: lists of [operation, input] and the two concatenations."""
        plain: dict[str, object] = {}
        for name, cell in zip(CELLS, (self.normal, self.reduce), strict=True):
            plain[name] = [list(edge) for edge in cell.edges]
            plain[f"{name}_concat"] = list(cell.concat)
        return plain


@dataclass(frozen=True)
class CellRules:
    """What the cells of one space may be, and how they are sampled (Radosavovic et al., 2019, section 5.1).

    Attributes:
        space: name of the space in messages.
        operations: the operations of an edge.
        nodes: number of nodes of each cell.
        loose_ends: the output concatenates the nodes that no edge reads, instead of all nodes.
    """

    space: str
    operations: tuple[str, ...]
    nodes: int
    loose_ends: bool

    def random(self, rng: np.random.Generator) -> Genotype:
        """Return two cells drawn independently: each edge takes any operation and any earlier state, equally likely.

        Both edges of a node may read the same state. This is the distribution that the cell counts of the NDS paper
        imply: (operations ** 2 * states ** 2) multiplied over the nodes.
        """
        return Genotype(self._random_cell(rng), self._random_cell(rng))

    def neighbours(self, genotype: Genotype) -> Iterator[Genotype]:
        """Yield the genotypes of which one edge of one cell has another operation, or reads another state."""
        for cell in self._neighbours(genotype.normal):
            yield Genotype(cell, genotype.reduce)
        for cell in self._neighbours(genotype.reduce):
            yield Genotype(genotype.normal, cell)

    def _neighbours(self, cell: CellGenotype) -> Iterator[CellGenotype]:
        def alternatives(place: int) -> list[Edge]:
            operation, state = cell.edges[place]
            earlier = place // 2 + 2
            return [(other, state) for other in self.operations] + [(operation, other) for other in range(earlier)]

        for edges in one_changed(cell.edges, alternatives):
            yield CellGenotype(edges, self._concat(edges) if self.loose_ends else cell.concat)

    def _concat(self, edges: Sequence[Edge]) -> tuple[int, ...]:
        """The nodes whose states a cell's output concatenates."""
        read = {state for _, state in edges} if self.loose_ends else set()
        return tuple(state for state in range(2, self.nodes + 2) if state not in read)

    def _random_cell(self, rng: np.random.Generator) -> CellGenotype:
        edges: list[Edge] = []
        for node in range(self.nodes):
            for _ in range(2):
                operation = self.operations[rng.integers(len(self.operations))]
                edges.append((operation, int(rng.integers(node + 2))))
        return CellGenotype(tuple(edges), self._concat(edges))

    def check(self, genotype: Genotype) -> None:
        """Raise an EznasError that names what makes `genotype` no member of the space."""
        for name, cell in zip(CELLS, (genotype.normal, genotype.reduce), strict=True):
            for operation, _ in cell.edges:
                if operation not in self.operations:
                    raise EznasError(
                        f"The {name} cell uses the operation {operation!r}, which {self.space} does not have: "
                        f"choose from {', '.join(self.operations)}."
                    )
            if cell.nodes != self.nodes:
                raise EznasError(
                    f"The {name} cell has {cell.nodes} nodes, but cells of {self.space} have {self.nodes}: "
                    f"give {2 * self.nodes} edges, two for each node."
                )


def genotype_of(data: object) -> Genotype:
    """Return the genotype that `data` holds, as decoded from JSON.

    Args:
        data: a mapping in the form of the NDS files, `{"normal": [[operation, input], ...], "normal_concat": [...],
            "reduce": ..., "reduce_concat": ...}`, or in the flat form of NNI's records, `{"normal_0_op_x": operation,
            "normal_0_input_x": input, "normal_0_op_y": ..., ..., "normal_concat": [...], ...}`.

    Raises:
        EznasError: something is missing, or of the wrong kind, or an edge reads a state that is not there yet.
    """
    if not isinstance(data, Mapping):
        raise EznasError(f"A genotype is an object with the cells normal and reduce, not {shortened(data)}.")
    normal, reduce = (_cell_of(data, name) for name in CELLS)
    return Genotype(normal, reduce)


def genotype_of_text(text: str) -> Genotype:
    """Return the genotype of DARTS's notation, `Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=[...], ...)`.

    Only literals are read, nothing is executed; a concatenation may also be written `range(2, 6)`.

    Raises:
        EznasError: the text has another form.
    """
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Genotype"):
            raise ValueError("it is not a call of Genotype")
        fields = dict(zip((*CELLS[:1], "normal_concat", *CELLS[1:], "reduce_concat"), call.args, strict=False))
        fields.update({keyword.arg or "**": keyword.value for keyword in call.keywords})
        data = {name: _literal(node) for name, node in fields.items()}
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise EznasError(
            f"{shortened(text)} cannot be read as a genotype ({reason}): write it as Genotype(normal="
            "[('sep_conv_3x3', 0), ...], normal_concat=[2, 3, 4, 5], reduce=[...], reduce_concat=[...])."
        ) from error
    return genotype_of(data)


def _literal(node: ast.expr) -> object:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range" and not node.keywords:
        bounds = [ast.literal_eval(argument) for argument in node.args]
        # A longer range is no concatenation, and would only fill the memory.
        if all(isinstance(bound, int) and abs(bound) < 1000 for bound in bounds):
            return list(range(*bounds))
    value: object = ast.literal_eval(node)
    return value


def _cell_of(data: Mapping[str, object], name: str) -> CellGenotype:
    pairs = data[name] if name in data else _flat_edges(data, name)
    if not isinstance(pairs, Sequence) or isinstance(pairs, str) or not pairs or len(pairs) % 2:
        raise EznasError(
            f"The {name} cell is {shortened(pairs)}: give pairs of an operation and an input, two for each node."
        )
    edges = tuple(_edge_of(pair, name, index) for index, pair in enumerate(pairs))
    if f"{name}_concat" not in data:
        raise EznasError(
            f"The genotype has no {name}_concat: give the states that the {name} cell's output concatenates."
        )
    return CellGenotype(edges, _concat_of(data[f"{name}_concat"], name, len(edges) // 2))


def _flat_edges(data: Mapping[str, object], name: str) -> list[list[object]]:
    edges: list[list[object]] = []
    while f"{name}_{len(edges) // 2}_op_x" in data:
        node = len(edges) // 2
        for side in "xy":
            keys = (f"{name}_{node}_op_{side}", f"{name}_{node}_input_{side}")
            if missing := [key for key in keys if key not in data]:
                raise EznasError(f"The genotype has no {missing[0]}: each node needs op and input of both x and y.")
            edges.append([data[key] for key in keys])
    if not edges:
        raise EznasError(f"The genotype has no {name} cell: give {name} and {name}_concat.")
    return edges


def _edge_of(pair: object, name: str, index: int) -> Edge:
    node = index // 2
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2 or not isinstance(pair[0], str):
        raise EznasError(
            f"Edge {index} of the {name} cell is {shortened(pair)}: give an operation's name and the state it reads."
        )
    meaning = f"The input of edge {index} (node {node + 2}, {pair[0]}) of the {name} cell"
    return pair[0], integer(pair[1], meaning, 0, node + 1)


def _concat_of(value: object, name: str, nodes: int) -> tuple[int, ...]:
    # A reduction cell halves the resolution between its inputs and its nodes, so its inputs cannot be concatenated.
    first = 0 if name == "normal" else 2
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    states = tuple(value) if is_list and isinstance(value, Sequence) else ()
    valid = all(
        isinstance(state, int) and not isinstance(state, bool) and first <= state < nodes + 2 for state in states
    )
    if not states or not valid or len(set(states)) < len(states):
        raise EznasError(
            f"{name}_concat is {shortened(value)}: give different states from {first} to {nodes + 1}, at least one."
        )
    return states
