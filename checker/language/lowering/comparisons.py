"""Comparisons: equal or not, in order, among the elements of something."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from checker.errors import Span
from checker.language.ir import Apply, Const, Expr, Op
from checker.language.lowering.coercion import alike, coerce
from checker.language.lowering.door import FALSE, constant, integer, lower, lower_any
from checker.language.lowering.frame import Frame, Static
from checker.language.lowering.operations import connect, negate
from checker.language.types import (
    BOOL,
    CollectionType,
    IndexType,
    IntType,
    MapType,
    OptionType,
    SetType,
    Type,
)

_ORDER: Mapping[type[ast.cmpop], tuple[Op, bool]] = {
    ast.Lt: (Op.LT, False), ast.LtE: (Op.LE, False), ast.Gt: (Op.LT, True), ast.GtE: (Op.LE, True),
}  # fmt: skip


def compare(frame: Frame, node: ast.Compare, _: Type | None) -> Expr:
    """`a < b`, `a == b is c`: all of them hold."""
    result: Expr | None = None
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        one = _compare_two(frame, node, left, operator, right)
        result = one if result is None else connect(Op.AND, result, one, frame.span(node))
        left = right
    assert result is not None
    return result


def _compare_two(
    frame: Frame, node: ast.Compare, left: ast.expr, operator: ast.cmpop, right: ast.expr
) -> Expr:
    if isinstance(operator, ast.In | ast.NotIn):
        found = _membership(frame, node, left, right)
        return found if isinstance(operator, ast.In) else negate(found)
    a = lower(frame, left)
    b = lower(frame, right, _expected_beside(a.type, right))
    if isinstance(operator, ast.Eq | ast.NotEq | ast.Is | ast.IsNot):
        found = equal(a, b, frame.span(node))
        return found if isinstance(operator, ast.Eq | ast.Is) else negate(found)
    return _ordered(frame, node, a, operator, b)


def _expected_beside(kind: Type, other: ast.expr) -> Type | None:
    """The type that a container literal beside a value of `kind` is meant to have."""
    literal = isinstance(other, ast.Call | ast.Set | ast.SetComp)
    return kind if isinstance(kind, CollectionType) and literal else None


def equal(a: Expr, b: Expr, span: Any) -> Expr:
    """Equality, folded where both sides are constant."""
    a, b = alike(a, b)
    if isinstance(a, Const) and isinstance(b, Const):
        return Const(BOOL, span, a.value == b.value)
    if a.type == BOOL and isinstance(b, Const):
        return a if b.value else replace(negate(a), span=span)
    return Apply(BOOL, span, Op.EQ, (a, b))


def _ordered(frame: Frame, node: ast.Compare, a: Expr, operator: ast.cmpop, b: Expr) -> Expr:
    op, swapped = _ORDER[type(operator)]
    span = frame.span(node)
    if isinstance(a.type, SetType):
        if not isinstance(operator, ast.LtE | ast.GtE):
            frame.refuse(node, "sets are compared with <=, >= and ==", "a <= b and a != b")
        pair = (b, coerce(a, b.type)) if swapped else (a, coerce(b, a.type))
        return Apply(BOOL, span, Op.SUBSET, pair)
    for value in (a, b):
        kind = value.type.item if isinstance(value.type, OptionType) else value.type
        if isinstance(kind, IndexType) and kind.symmetric:
            frame.refuse(
                node,
                f"{kind} is symmetric: its values have no order",
                "compare with == only, or declare the domain without symmetric=True",
            )
    a, b = (v if not isinstance(v.type, OptionType) else coerce(v, v.type.item) for v in (a, b))
    comparable = isinstance(a.type, IndexType) and a.type == b.type
    if not comparable and not (isinstance(a.type, IntType) and isinstance(b.type, IntType)):
        frame.refuse(node, f"{a.type} and {b.type} have no order", "compare integers or indices")
    if isinstance(a, Const) and isinstance(b, Const) and isinstance(a.type, IntType):
        first, second = (b.value, a.value) if swapped else (a.value, b.value)
        return Const(BOOL, span, first < second if op is Op.LT else first <= second)
    return Apply(BOOL, span, op, (b, a) if swapped else (a, b))


def _one_of(frame: Frame, left: ast.expr, options: list[Expr], span: Span) -> Expr:
    """Whether a value is one of those that are written out."""
    value = lower(frame, left)
    result: Expr = replace(FALSE, span=span)
    for option in reversed(options):
        result = connect(Op.OR, equal(value, option, span), result, span)
    return result


def _membership(frame: Frame, node: ast.Compare, left: ast.expr, right: ast.expr) -> Expr:
    span = frame.span(node)
    if isinstance(right, ast.Tuple | ast.List | ast.Set):
        return _one_of(frame, left, [lower(frame, element) for element in right.elts], span)
    whole = lower_any(frame, right)
    if isinstance(whole, Static):
        if not isinstance(whole.value, tuple | list | frozenset | set):
            frame.refuse(right, f"{ast.unparse(right)} is not a collection")
        found = [constant(frame, right, value) for value in whole.value]
        options = [value for value in found if value is not None]
        if len(options) != len(found):
            frame.refuse(right, "its elements are not all values of the language")
        return _one_of(frame, left, options, span)
    if isinstance(whole.type, MapType):
        frame.refuse(node, "a map is total: every key is in it", "compare the value with None")
    if not isinstance(whole.type, CollectionType):
        frame.refuse(right, f"a value of type {whole.type} has no elements")
    if isinstance(whole.type.item, IntType):
        item = integer(frame, left)  # a number outside the range is simply not in
    else:
        item = lower(frame, left, whole.type.item)
    return Apply(BOOL, span, Op.CONTAINS, (whole, item))
