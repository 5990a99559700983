"""The source of a method or helper: its tree, and the place of every node in its file."""

from __future__ import annotations

import ast
import inspect
import linecache
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
    names: dict[str, Any]

    def span(self, node: ast.AST) -> Span:
        """The place of `node` in the file."""
        number: int = getattr(node, "lineno", self.tree.lineno)
        line, text = self._line(number)
        last: int = getattr(node, "end_lineno", None) or number
        column = _characters(text, getattr(node, "col_offset", 0))
        after, ending = self._line(last)
        end = _characters(ending, getattr(node, "end_col_offset", None) or 0)
        if after == line:
            return Span(self.file, line, column, end, text)
        return Span(self.file, line, column, len(text), text, after, end)

    def _line(self, number: int) -> tuple[int, str]:
        """A line of the tree: its number in the file, and its text."""
        line = number + self.first_line - 1
        return line, linecache.getline(self.file, line).rstrip("\n")

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
    tree, first = _tree(lines, first)
    file = inspect.getsourcefile(function) or "?"
    source = Source(function, tree, file, first, _names(function, scope))  # type: ignore[arg-type]
    if not isinstance(tree, ast.FunctionDef):
        source.refuse(tree, f"{name} is not a plain function", "def name(...) -> Type: ...")
    return source


def _tree(lines: list[str], first: int) -> tuple[ast.stmt, int]:
    """The definition in some lines of a file, and the line of the file on which its tree begins.

    A method is read under an `if` of its own: a string in it may reach the left margin, so that
    its lines cannot be moved there.
    """
    text = "".join(lines)
    if not lines[0][:1].isspace():
        return ast.parse(text).body[0], first
    under = ast.parse(f"if True:\n{text}").body[0]
    assert isinstance(under, ast.If)
    return under.body[0], first - 1


def _characters(text: str, offset: int) -> int:
    """A column as Python's ast counts it, in bytes, in characters."""
    return len(text.encode()[:offset].decode(errors="ignore"))


def _names(function: Callable[..., Any], scope: dict[str, Any]) -> dict[str, Any]:
    closure = inspect.getclosurevars(function) if inspect.isfunction(function) else None
    known: dict[str, Any] = dict(vars(__import__("builtins")))
    known |= getattr(function, "__globals__", {})
    known |= scope
    if closure is not None:
        known |= closure.nonlocals
    return known
