"""The source of a method or helper: its tree, and the place of every node in its file."""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from checker.errors import LanguageError, Span


@dataclass(frozen=True)
class Source:
    """A function as written: its definition, and what its names mean."""

    function: Callable[..., Any]
    tree: ast.FunctionDef
    file: str
    first_line: int
    indent: int
    names: dict[str, Any]

    def span(self, node: ast.AST) -> Span:
        """The place of `node` in the file."""
        line = getattr(node, "lineno", 1) + self.first_line - 1
        text = linecache.getline(self.file, line).rstrip("\n")
        column = getattr(node, "col_offset", 0) + self.indent
        same_line = getattr(node, "end_lineno", None) == getattr(node, "lineno", None)
        end = getattr(node, "end_col_offset", 0) + self.indent if same_line else len(text)
        if same_line:
            return Span(self.file, line, column, end, text)
        after = getattr(node, "end_lineno", 1) + self.first_line - 1
        after_column = getattr(node, "end_col_offset", 0) + self.indent
        return Span(self.file, line, column, end, text, after, after_column)

    def refuse(self, node: ast.AST, message: str, hint: str = "") -> NoReturn:
        """LanguageError at the place of `node`."""
        raise LanguageError(message, span=self.span(node), hint=hint)

    def text(self, node: ast.AST) -> str:
        """The source of `node` on one line."""
        return " ".join(ast.unparse(node).split())


def source_of(function: Callable[..., Any], scope: dict[str, Any]) -> Source:
    """Read a function's source; LanguageError where it has none.

    `scope` holds names that are known besides the function's globals and closure.
    """
    name = getattr(function, "__qualname__", str(function))
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError):
        raise LanguageError(
            f"the source of {name} cannot be read", hint="define machines in a file"
        ) from None
    text = textwrap.dedent("".join(lines))
    tree = ast.parse(text).body[0]
    file = inspect.getsourcefile(function) or "?"
    indent = len(lines[0]) - len(lines[0].lstrip())
    source = Source(function, tree, file, first, indent, _names(function, scope))  # type: ignore[arg-type]
    if not isinstance(tree, ast.FunctionDef):
        source.refuse(tree, f"{name} is not a plain function", "def name(...) -> Type: ...")
    return source


def _names(function: Callable[..., Any], scope: dict[str, Any]) -> dict[str, Any]:
    closure = inspect.getclosurevars(function) if inspect.isfunction(function) else None
    known: dict[str, Any] = dict(vars(__import__("builtins")))
    known |= getattr(function, "__globals__", {})
    known |= scope
    if closure is not None:
        known |= closure.nonlocals
    return known
