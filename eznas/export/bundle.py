"""Source code of this package as one file: chosen definitions, all that they need, and nothing else.

A definition is copied letter by letter, with its comments, from the module where it stands, so that what is exported
is what eznas runs. Only names change, where a name of a module would hide a built-in one or that of another module.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias

Key: TypeAlias = tuple[str, str]
"""Module and name of a definition."""

_PACKAGE: Final = "eznas"
_FOR_CHECKERS: Final = re.compile(r"  # (?:noqa|type: ignore)\b.*$", flags=re.MULTILINE)


@dataclass(frozen=True)
class _Definition:
    """A function, a class or a constant: the lines of its source, and the names of its module that it reads."""

    node: ast.stmt
    first: int
    last: int
    reads: frozenset[str]


@dataclass(frozen=True)
class _Module:
    """What a module says: its definitions in order, and where the names that it imports are from."""

    title: str
    lines: list[str]
    definitions: dict[str, _Definition]
    imports: dict[str, tuple[str, str]]
    """By the name in the module: the module that it is from, and its name there; the latter "" for a module itself."""


@dataclass
class Bundle:
    """Definitions that are to stand in one file.

    Attributes:
        instead: definitions that are replaced by those of another module.
        sources: modules that are replaced as a whole, by name.
        taken: names that the file uses for other things.
    """

    instead: Mapping[Key, Key] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()
    _wanted: dict[Key, None] = field(default_factory=dict)
    _decorators: dict[Key, tuple[str, tuple[Key, ...]]] = field(default_factory=dict)
    _imports: set[tuple[str, str, str]] = field(default_factory=set)

    def add(self, module: str, name: str, decorator: str = "", decorated_by: Sequence[Key] = ()) -> None:
        """Take a definition in, with all that it needs.

        Args:
            module: where it stands.
            name: of it.
            decorator: a line to put above it.
            decorated_by: what that line needs.

        Raises:
            ValueError: it needs something that a file with PyTorch alone cannot have.
        """
        key = self._key((module, name))
        if decorator:
            self._decorators[key] = decorator, tuple(decorated_by)
        waiting = [key, *decorated_by]
        while waiting:
            one = waiting.pop()
            if one in self._wanted:
                continue
            self._wanted[one] = None
            waiting.extend(self._needed_by(one))

    def add_import(self, module: str, name: str = "") -> None:
        """Take in something of another package, or with an empty name the module itself, under its own name."""
        self._imports.add((module, name, name or module))

    def name(self, module: str, name: str) -> str:
        """Return what a definition is called in the file."""
        return self._names()[self._key((module, name))]

    def imports(self) -> str:
        """Return the import statements that the definitions need, those of the standard library first."""
        whole = sorted({(module, alias) for module, name, alias in self._imports if not name})
        by_module: dict[str, set[str]] = {}
        for module, name, alias in self._imports:
            if name:
                by_module.setdefault(module, set()).add(name if name == alias else f"{name} as {alias}")
        lines = [f"import {module}" + (f" as {alias}" if alias != module else "") for module, alias in whole]
        lines += [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(by_module.items())]
        ours = [line for line in lines if line.split()[1].partition(".")[0] == "torch"]
        standard = [line for line in lines if line not in ours]
        return "\n".join([*standard, "", *ours])

    def sections(self) -> Iterator[tuple[str, str]]:
        """Yield, for every module, its title and its definitions.

        What was added first comes first, as far as Python needs nothing else before it.
        """
        names = self._names()
        for module in self._modules():
            parsed = self._parsed(module)
            texts = [self._source(module, name, names) for name in parsed.definitions if (module, name) in self._wanted]
            text = re.sub(r"\n{4,}", "\n\n\n", "".join(texts)).strip("\n")
            yield f"{parsed.title} ({module.replace('.', '/')}.py)", text

    def _parsed(self, module: str) -> _Module:
        return _parse(module, self.sources.get(module))

    def _key(self, key: Key) -> Key:
        return self.instead.get(key, key)

    def _needed_by(self, key: Key) -> Iterator[Key]:
        """Yield the definitions that one needs, and note what it imports from elsewhere."""
        module, name = key
        parsed = self._parsed(module)
        for read in sorted(parsed.definitions[name].reads):
            if read in parsed.definitions:
                yield self._key((module, read))
            elif read in parsed.imports:
                source, original = parsed.imports[read]
                top = source.partition(".")[0]
                if top == _PACKAGE and original:
                    yield self._key((source, original))
                elif top in {"numpy", _PACKAGE}:
                    raise ValueError(f"{name} of {module} needs {source} {original}, which a file by itself lacks")
                else:
                    self._imports.add((source, original, read))

    def _modules(self) -> list[str]:
        """The modules of all definitions, each after those that it imports from."""
        order: dict[str, None] = {}

        def visit(module: str, above: frozenset[str]) -> None:
            if module in order or module in above:
                return
            own = [key for key in self._wanted if key[0] == module]
            needed = [one for key in own for one in (*self._needed_by(key), *self._decorators.get(key, ("", ()))[1])]
            for other in sorted({one for one, _ in needed}):
                visit(other, above | {module})
            order[module] = None

        for module, _ in self._wanted:
            visit(module, frozenset())
        return list(order)

    def _names(self) -> dict[Key, str]:
        """The name in the file of every definition."""
        names: dict[Key, str] = {}
        used = {*dir(builtins), *self.taken, *(alias for _, _, alias in self._imports)}
        for key in sorted(self._wanted):
            name = key[1]
            while name in used:
                name += "_"
            used.add(name)
            names[key] = name
        return names

    def _source(self, module: str, name: str, names: Mapping[Key, str]) -> str:
        """The lines of a definition, with the names that it reads as the file has them."""
        parsed = self._parsed(module)
        definition = parsed.definitions[name]
        lines = parsed.lines[definition.first : definition.last]
        renamed = {name: names[module, name]}
        for read in definition.reads:
            source = (module, read) if read in parsed.definitions else parsed.imports.get(read, ("", ""))
            if (key := self._key(source)) in names:
                renamed[read] = names[key]
        edits = [
            (node.lineno - 1 - definition.first, node.col_offset, node.id)
            for node in ast.walk(definition.node)
            if isinstance(node, ast.Name) and renamed.get(node.id, node.id) != node.id
        ]
        if isinstance(definition.node, ast.FunctionDef | ast.ClassDef) and renamed[name] != name:
            row = definition.node.lineno - 1 - definition.first
            edits.append((row, lines[row].index(name), name))
        for row, column, old in sorted(edits, reverse=True):
            line = lines[row].encode()
            lines[row] = (line[:column] + renamed[old].encode() + line[column + len(old.encode()) :]).decode()
        text = _FOR_CHECKERS.sub("", "\n".join(lines))
        above = f"{self._decorators[module, name][0]}\n" if (module, name) in self._decorators else ""
        is_block = isinstance(definition.node, ast.FunctionDef | ast.ClassDef)
        return f"\n\n\n{above}{text}\n\n\n" if is_block else f"\n{text}\n"


@cache
def _parse(name: str, source: str | None) -> _Module:
    source = inspect.getsource(importlib.import_module(name)) if source is None else source
    tree = ast.parse(source)
    lines = source.splitlines()
    definitions: dict[str, _Definition] = {}
    imports: dict[str, tuple[str, str]] = {}
    body = tree.body
    for position, node in enumerate(body):
        if isinstance(node, ast.Import):
            imports |= {alias.asname or alias.name: (alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imports |= {alias.asname or alias.name: (str(node.module), alias.name) for alias in node.names}
        for defined in _defined_by(node):
            last = node
            if (
                isinstance(node, ast.Assign | ast.AnnAssign)
                and position + 1 < len(body)
                and _is_text(body[position + 1])
            ):
                last = body[position + 1]  # the text that says what a constant means
            definitions[defined] = _Definition(node, _first_line(node, lines), last.end_lineno or 0, _reads(node))
    return _Module((ast.get_docstring(tree) or name).partition("\n")[0].rstrip("."), lines, definitions, imports)


def _defined_by(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [one for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]
    return [one.id for one in names]


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _first_line(node: ast.stmt, lines: Sequence[str]) -> int:
    """The index of the first line of a definition, with its decorators and the comment above it."""
    decorators = getattr(node, "decorator_list", [])
    first: int = min([node.lineno, *(one.lineno for one in decorators)]) - 1
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    return first


def _reads(node: ast.stmt) -> frozenset[str]:
    """The names that a definition reads and does not set itself."""
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    bound = {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
    bound |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    for one in ast.walk(node):
        if isinstance(one, ast.Global):
            bound -= set(one.names)
        if isinstance(one, ast.Import | ast.ImportFrom):
            raise ValueError(f"{ast.unparse(node)[:60]} imports inside, which a file by itself cannot follow")
    return frozenset(names - bound)
