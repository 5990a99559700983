"""Where in the source a node of the IR was written, and how to speak of that place.

A node of the IR carries the span that it was lowered from; what is inlined or split into branches
occurs many times in the IR and once in the source.  Here a span leads back to Python's tree of
the file: to the syntax that stands exactly there, and to the function around it.  What lowering
makes up by itself (a coercion, a `match` taken apart) has a span too, but no syntax of its kind
there: by this a mutation of the source is told from one of the IR alone.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from checker.errors import Span

Corners = tuple[int, int, int, int]
"""First line and column, last line and column; columns in characters."""

HEADED = (ast.If, ast.For, ast.Match, ast.FunctionDef)
"""Statements of which only the head is quoted."""


@dataclass(frozen=True)
class Site:
    """A piece of syntax in its function: `Group.join` and the statement it is part of."""

    file: str
    function: str
    node: ast.AST
    statement: ast.stmt
    around: ast.FunctionDef

    @property
    def line(self) -> int:
        """The line on which it begins."""
        return int(getattr(self.node, "lineno", 0))

    def name(self, what: ast.AST, *, in_statement: bool) -> str:
        """A part of it as it is named: its source, with a number where the function has several.

        What says little by itself, a constant, is named with the statement that it is part of.
        """

        def named(node: ast.AST, statement: ast.stmt) -> str:
            return f"{code(node)} in {code(statement)}" if in_statement else code(node)

        own = named(what, self.statement)
        alike = [node for node, statement in _inside(self.around)
                 if type(node) is type(what) and named(node, statement) == own]  # fmt: skip
        number = 1 + next(n for n, node in enumerate(alike) if node is what)
        return own if number == 1 else f"{own} #{number}"


class Places:
    """The syntax at every span of the files that a machine is written in."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}

    def at(self, span: Span | None) -> list[Site]:
        """What stands exactly at `span`, the outermost first; nothing where nobody wrote it."""
        if span is None:
            return []
        if span.file not in self._files:
            self._files[span.file] = _File(span.file)
        last = (span.after, span.after_column) if span.after else (span.line, span.end_column)
        return self._files[span.file].sites.get((span.line, span.column, *last), [])


@dataclass
class _File:
    name: str
    shown: str = field(init=False)

    def __post_init__(self) -> None:
        self.shown = shown(Path(self.name))

    @cached_property
    def sites(self) -> dict[Corners, list[Site]]:
        """Everything inside the functions of the file, by its corners."""
        lines = linecache.getlines(self.name)
        try:
            tree = ast.parse("".join(lines))
        except SyntaxError:  # the file has changed since it was loaded
            return {}
        found: dict[Corners, list[Site]] = {}
        for function, path in _functions(tree, ""):
            for node, statement in _inside(function):
                corners = _corners(node, lines)
                if corners is not None:
                    site = Site(self.shown, path, node, statement, function)
                    found.setdefault(corners, []).append(site)
        return found


def shown(path: Path) -> str:
    """A file as it is spoken of: from the folder of its outermost package on."""
    folder = path.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return path.relative_to(folder).as_posix()


def code(node: ast.AST) -> str:
    """Syntax on one line; of a statement with a body, its head."""
    if isinstance(node, ast.If):
        return f"if {code(node.test)}:"
    if isinstance(node, HEADED):
        return ast.unparse(node).split("\n")[0]
    return " ".join(ast.unparse(node).split())


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[ast.FunctionDef, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield child, f"{prefix}{child.name}"
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        elif not isinstance(child, ast.expr):
            yield from _functions(child, prefix)


def _inside(function: ast.FunctionDef) -> Iterator[tuple[ast.AST, ast.stmt]]:
    """Each node of a function's body in its order, with the innermost statement around it."""
    pending: list[tuple[ast.AST, ast.stmt]] = [(one, one) for one in reversed(function.body)]
    while pending:
        node, statement = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        yield node, statement
        below = [(child, child if isinstance(child, ast.stmt) else statement)
                 for child in ast.iter_child_nodes(node)]  # fmt: skip
        pending.extend(reversed(below))


def _corners(node: ast.AST, lines: list[str]) -> Corners | None:
    first, last = getattr(node, "lineno", None), getattr(node, "end_lineno", None)
    if first is None or last is None:
        return None
    start = _characters(lines[first - 1], getattr(node, "col_offset", 0))
    end = _characters(lines[last - 1], getattr(node, "end_col_offset", 0))
    return first, start, last, end


def _characters(line: str, offset: int) -> int:
    """A column in characters, of one in bytes, as Python's tree has it."""
    return len(line.encode()[:offset].decode(errors="ignore"))


__all__ = ["Places", "Site", "code", "shown"]
