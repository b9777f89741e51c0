"""A program drawn as trees: its result, and each part that is used more than once, with operations above operands."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

from eznas.ops.catalogue import OPERATIONS
from eznas.ops.notation import named_nodes
from eznas.ops.program import NO_OPERAND, Program
from eznas.terminals import TERMINAL_COUNT, TERMINALS

_CHARACTER: Final = 7.4  # pixels, of the font of the labels
_HEIGHT, _LEVEL, _GAP, _PADDING = 26, 46, 14, 9


@dataclass(frozen=True)
class _Node:
    """A node with the tree below it.

    Attributes:
        label: its text.
        meaning: a sentence for the pointer to show.
        children: its operands.
        box: width of its own box.
        width: of the whole tree.
        depth: levels of the whole tree.
    """

    label: str
    meaning: str
    children: tuple[_Node, ...]
    box: float
    width: float
    depth: int

    @classmethod
    def of(cls, label: str, meaning: str, children: tuple[_Node, ...] = ()) -> _Node:
        """Return the node as the root of a tree."""
        box = len(label) * _CHARACTER + 2 * _PADDING
        depth = 1 + max((child.depth for child in children), default=0)
        return cls(label, meaning, children, box, max(box, _side_by_side(children)), depth)


def _side_by_side(trees: tuple[_Node, ...]) -> float:
    return sum(tree.width for tree in trees) + _GAP * (len(trees) - 1)


def tree_figures(program: Program) -> str:
    """Return one drawing for each named part of the program, and one for its result."""
    steps = named_nodes(program)
    nodes = [_Node.of(terminal.name, terminal.meaning) for terminal in TERMINALS]
    drawings: list[tuple[str, _Node]] = []
    for index, (operation, a, b) in enumerate(program.nodes):
        rule = OPERATIONS[operation]
        operands = tuple(nodes[operand] for operand in (a, b) if operand != NO_OPERAND)
        label = f"{rule.infix}  {rule.name}" if rule.infix else rule.name
        node = _Node.of(label, f"{rule.name}: {rule.meaning}", operands)
        if index in steps:
            name = f"t{steps[index]}"
            drawings.append((name, node))
            node = _Node.of(name, f"the part {name}")
        nodes.append(node)
    result = nodes[program.output]
    if program.output >= TERMINAL_COUNT or not drawings:
        drawings.append(("result", result))
    return "\n".join(_figure(name, node, single=len(drawings) == 1) for name, node in drawings)


def _figure(name: str, root: _Node, *, single: bool) -> str:
    width, height = root.width + 2, (root.depth - 1) * _LEVEL + _HEIGHT + 2
    edges: list[str] = []
    boxes: list[str] = []
    _place(root, 1.0, 1.0, edges, boxes)
    title = "" if single else f"<h3>{escape(name)}</h3>\n"
    described = "The formula as a tree" if single else f"The part {name} as a tree"
    return (
        f'<figure>\n{title}<div class="tree" tabindex="0" role="region" aria-label="{described}, may be scrolled">'
        f'<svg role="img" aria-label="{escape(f"{described}: {_text(root)}")}" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}">\n{"".join(edges)}{"".join(boxes)}</svg></div>\n</figure>'
    )


def _place(node: _Node, left: float, top: float, edges: list[str], boxes: list[str]) -> float:
    """Draw a tree within its width, and return where the middle of its root is."""
    at = left + (node.width - _side_by_side(node.children)) / 2
    middles = []
    for child in node.children:
        middles.append(_place(child, at, top + _LEVEL, edges, boxes))
        at += child.width + _GAP
    middle = sum(middles) / len(middles) if middles else left + node.width / 2
    middle = min(max(middle, left + node.box / 2), left + node.width - node.box / 2)
    start, end = top + _HEIGHT, top + _LEVEL
    for other in middles:
        bend = (start + end) / 2
        edges.append(
            f'<path class="edge" d="M{middle:.1f} {start:.1f}C{middle:.1f} {bend:.1f} {other:.1f} {bend:.1f} '
            f'{other:.1f} {end:.1f}"/>'
        )
    kind = "node" if node.children else "leaf"
    boxes.append(
        f'<g><title>{escape(node.meaning)}</title><rect class="{kind}" x="{middle - node.box / 2:.1f}" y="{top:.1f}" '
        f'width="{node.box:.1f}" height="{_HEIGHT}" rx="6"/><text class="tree-text" x="{middle:.1f}" '
        f'y="{top + _HEIGHT / 2 + 4:.1f}" text-anchor="middle">{escape(node.label)}</text></g>\n'
    )
    return middle


def _text(node: _Node) -> str:
    operands = ", ".join(map(_text, node.children))
    return f"{node.label} of ({operands})" if operands else node.label
