"""From IR expressions to C: which function compiles which node.

context          what all of them share
scalars          numbers, truth values, choices
records          records, options, unions
containers       maps, sets, sequences, bags
comprehensions   loops and folds
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from checker.engines.native import comprehensions, containers, records, scalars
from checker.engines.native.comprehensions import Loop
from checker.engines.native.context import Context, Site, Sites
from checker.language.ir import (
    Apply,
    At,
    Bind,
    Choose,
    Const,
    Expr,
    Fit,
    Get,
    Inject,
    IsA,
    Listed,
    Make,
    Op,
    Project,
    Reduce,
    Some,
    Source,
    Table,
    Undefined,
    Unwrap,
    Var,
)
from checker.language.types import CollectionType, IntType


class Expressions(Context):
    """Compiles the expressions of one function."""

    def compile(self, expr: Expr) -> str:
        """The expression as an operand of C."""
        return _NODES[type(expr)](self, expr)

    def loop(self, source: Source, name: str, *, distinct: bool = False) -> Loop:
        """The loop over a source with the variable `name`; `distinct`: each element once."""
        return comprehensions.loop(self, source, name, distinct=distinct)


def _apply(to: Context, expr: Apply) -> str:
    return _OPERATORS[expr.op](to, expr)


def _fit(to: Context, expr: Fit) -> str:
    kind = expr.type
    if isinstance(kind, CollectionType):
        return containers.fit(to, expr, kind)
    assert isinstance(kind, IntType)
    return scalars.fit(to, expr, kind)


_OPERATORS: Mapping[Op, Callable[[Context, Apply], str]] = {
    **scalars.OPERATORS,
    **containers.OPERATORS,
}

_NODES: Mapping[type[Expr], Callable[[Context, Any], str]] = {
    Apply: _apply, Fit: _fit,
    Const: scalars.constant, Var: scalars.variable, Choose: scalars.choose, Bind: scalars.bind,
    Undefined: scalars.undefined,
    Get: records.get, Make: records.make, Some: records.some, Unwrap: records.unwrap,
    IsA: records.is_a, Inject: records.convert, Project: records.convert,
    At: containers.at, Table: containers.table, Listed: containers.listed,
    Reduce: comprehensions.reduce,
}  # fmt: skip

__all__ = ["Expressions", "Site", "Sites"]
