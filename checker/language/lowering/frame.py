"""Where lowering stands: the method being lowered, the function inlined in it, what names mean.

A `Method` is lowered as one piece: helpers that it calls are inlined, each in a `Frame` of its
own.  Names of the tree are unique within a method, so inlining cannot capture.
"""

from __future__ import annotations

import ast
from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, NoReturn

from checker.errors import LanguageError, Span
from checker.language.domains import Settings
from checker.language.ir import Expr, Var
from checker.language.lowering.source import Source
from checker.language.resolving import Resolver
from checker.language.types import Type

MAX_INLINING = 40
"""Helpers within helpers, at most; one that calls itself has no end."""


@dataclass(frozen=True)
class Static:
    """A Python object that a name or attribute means, which is no value of the language."""

    value: Any


class Method:
    """One method of a machine, with everything that is inlined into it."""

    def __init__(self, settings: Settings, resolver: Resolver) -> None:
        self.settings = settings
        self.resolver = resolver
        self._used: set[str] = set()

    def fresh(self, name: str) -> str:
        """A name that nothing else in the method has: `name`, else that with a number."""
        own, number = name, 1
        while own in self._used:
            number += 1
            own = f"{name}__{number}"
        self._used.add(own)
        return own


@dataclass
class Frame:
    """One function being lowered.

    bindings  what each visible local name means: a variable, a constant, or a place
    locals    the variable of each local that holds a value, visible here or not
    once      names that the function assigns exactly once, outside loops
    types     what type variables, and Self, stand for
    within    the helpers that it is inlined into, and itself, outermost first
    result    the variable that a value-returning helper leaves its result in
    """

    method: Method
    source: Source
    bindings: dict[str, Expr] = field(default_factory=dict)
    locals: dict[str, Var] = field(default_factory=dict)
    once: frozenset[str] = frozenset()
    types: Mapping[Any, Type] = field(default_factory=dict)
    within: tuple[FunctionType, ...] = ()
    result: str | None = None
    result_type: Type | None = None

    def refuse(self, node: ast.AST, message: str, hint: str = "") -> NoReturn:
        """LanguageError at a node of this function."""
        self.source.refuse(node, message, hint)

    def span(self, node: ast.AST) -> Span:
        """The place of a node of this function."""
        return self.source.span(node)

    @contextmanager
    def at(self, node: ast.AST) -> Iterator[None]:
        """Give errors raised without a place the place of `node`."""
        try:
            yield
        except LanguageError as error:
            if error.span is None:
                error.span = self.span(node)
            raise

    @contextmanager
    def binding(self, names: dict[str, Expr]) -> Iterator[None]:
        """Let some names have a meaning while the block runs."""
        before = self.bindings
        self.bindings = before | names
        try:
            yield
        finally:
            self.bindings = before

    def resolve(self, annotation: ast.expr) -> Type:
        """The type that an annotation in a body means."""
        try:
            meaning = eval(ast.unparse(annotation), dict(self.source.names))  # noqa: S307
        except (NameError, AttributeError, TypeError, SyntaxError):
            self.refuse(annotation, f"{ast.unparse(annotation)} is not a type that is known here")
        with self.at(annotation):
            return self.method.resolver.resolve(meaning, self.types)


def assigned_once(tree: ast.FunctionDef) -> frozenset[str]:
    """The local names that a function assigns exactly once, and in no loop."""
    counts: Tally[str] = Tally()

    def visit(node: ast.AST, weight: int) -> None:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            counts[node.id] += weight
        for child in ast.iter_child_nodes(node):
            visit(child, 2 if isinstance(node, ast.For) else weight)

    for statement in tree.body:
        visit(statement, 1)
    return frozenset(name for name, count in counts.items() if count == 1)
