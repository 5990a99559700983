"""Operators: of conditions, of numbers, and what a condition that holds lets one know."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from checker.language.ir import Apply, Const, Expr, Op
from checker.language.lowering.coercion import coerce
from checker.language.lowering.door import checked_integer, integer, lower, lower_any, truth
from checker.language.lowering.frame import Frame, Static
from checker.language.types import (
    BOOL,
    INTEGER,
    CollectionType,
    IntType,
    OptionType,
    SeqType,
    SetType,
    Type,
    UnionType,
)

_ARITHMETIC: Mapping[type[ast.operator], Op] = {
    ast.Add: Op.ADD, ast.Sub: Op.SUB, ast.Mult: Op.MUL, ast.FloorDiv: Op.DIV, ast.Mod: Op.MOD,
}  # fmt: skip


_ON_SETS: Mapping[type[ast.operator], Op] = {
    ast.BitOr: Op.UNION, ast.BitAnd: Op.INTERSECT, ast.Sub: Op.DIFFERENCE,
}  # fmt: skip


_FOLDED: Mapping[Op, Callable[[int, int], int]] = {
    Op.ADD: lambda a, b: a + b, Op.SUB: lambda a, b: a - b, Op.MUL: lambda a, b: a * b,
    Op.DIV: lambda a, b: a // b, Op.MOD: lambda a, b: a % b, Op.MIN: min, Op.MAX: max,
}  # fmt: skip


def boolean(frame: Frame, node: ast.BoolOp, _: Type | None) -> Expr:
    """`a and b`, `a or b`."""
    op = Op.AND if isinstance(node.op, ast.And) else Op.OR
    return _connect(frame, node, op, node.values)


def _connect(frame: Frame, node: ast.expr, op: Op, values: list[ast.expr]) -> Expr:
    first = truth(frame, values[0])
    if len(values) == 1:
        return first
    known = facts(frame, values[0], positive=op is Op.AND)
    with frame.binding(known):
        rest = _connect(frame, node, op, values[1:])
    return connect(op, first, rest, replace_span=frame.span(node))


def connect(op: Op, first: Expr, rest: Expr, replace_span: Any = None) -> Expr:
    """`and` or `or`, folded where one side is constant."""
    neutral = op is Op.AND
    if isinstance(first, Const):
        return rest if first.value is neutral else first
    if isinstance(rest, Const) and rest.value is neutral:
        return first
    return Apply(BOOL, replace_span or first.span, op, (first, rest))


def negate(value: Expr) -> Expr:
    """`not`, folded where the operand is constant."""
    if isinstance(value, Const):
        return replace(value, value=not value.value)
    return Apply(BOOL, value.span, Op.NOT, (value,))


def facts(frame: Frame, test: ast.expr, *, positive: bool = True) -> dict[str, Expr]:
    """What a condition that is true (or false) says of names: that a union is one record."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return facts(frame, test.operand, positive=not positive)
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) and positive:
        found: dict[str, Expr] = {}
        for value in test.values:
            found |= facts(frame, value)
        return found
    if not (positive and _is_call(test, "isinstance")):
        return {}
    assert isinstance(test, ast.Call)
    subject, wanted = test.args
    if not isinstance(subject, ast.Name) or subject.id not in frame.bindings:
        return {}
    known = frame.bindings[subject.id]
    inner = known.type.item if isinstance(known.type, OptionType) else known.type
    option = lower_any(frame, wanted)
    if not isinstance(inner, UnionType) or not isinstance(option, Static):
        return {}
    chosen = [o for o in inner.options if o.cls is option.value]
    return {subject.id: coerce(known, chosen[0])} if chosen else {}


def _is_call(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def unary(frame: Frame, node: ast.UnaryOp, _: Type | None) -> Expr:
    """`not a`, `-a`."""
    if isinstance(node.op, ast.Not):
        return replace(negate(truth(frame, node.operand)), span=frame.span(node))
    if isinstance(node.op, ast.USub):
        value = integer(frame, node.operand)
        if isinstance(value, Const):
            return Const(IntType(-value.value, -value.value), frame.span(node), -value.value)
        zero = Const(IntType(0, 0), frame.span(node), 0)
        return Apply(INTEGER, frame.span(node), Op.SUB, (zero, value))
    frame.refuse(node, f"{ast.unparse(node)}: this operator is not in the language")


def binary(frame: Frame, node: ast.BinOp, expected: Type | None) -> Expr:
    """`a + b` of numbers, sequences, bags; `a | b` of sets."""
    left = lower(frame, node.left, expected if isinstance(expected, CollectionType) else None)
    span = frame.span(node)
    if isinstance(left.type, SetType) and type(node.op) in _ON_SETS:
        op = _ON_SETS[type(node.op)]
        right = lower(frame, node.right, left.type)
        capacity = left.type.capacity
        if op is Op.UNION and left.type.bits is None:
            capacity += right.type.capacity  # type: ignore[attr-defined]
        return Apply(SetType(left.type.item, capacity), span, op, (left, right))
    if isinstance(left.type, SeqType) and isinstance(node.op, ast.Add):
        right = lower(frame, node.right)
        if not isinstance(right.type, SeqType):
            frame.refuse(node.right, f"a Seq is wanted, and this is of type {right.type}")
        right = coerce(right, SeqType(left.type.item, right.type.capacity))
        total = left.type.capacity + right.type.capacity  # type: ignore[attr-defined]
        return Apply(SeqType(left.type.item, total), span, Op.CONCAT, (left, right))
    found = _ARITHMETIC.get(type(node.op))
    if found is None:
        frame.refuse(node, f"{ast.unparse(node)}: this operator is not in the language",
                     "+ - * // % on integers, | & - on sets")  # fmt: skip
    return arithmetic(frame, node, found, left, integer(frame, node.right))


def arithmetic(frame: Frame, node: ast.AST, op: Op, left: Expr, right: Expr) -> Expr:
    """An operator on two integers, folded where both are constant."""
    span = frame.span(node)
    left = checked_integer(frame, node, left)
    if op in (Op.DIV, Op.MOD) and not (isinstance(right, Const) and right.value > 0):
        frame.refuse(node, "the divisor must be a positive constant")
    if isinstance(left, Const) and isinstance(right, Const):
        value = _FOLDED[op](left.value, right.value)
        return Const(IntType(value, value), span, value)
    return Apply(INTEGER, span, op, (left, right))
