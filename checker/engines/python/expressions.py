"""From IR expressions to Python expressions over packed integers: one function a node.

Where a partial operation fails, generated code raises `Signal`; the reference evaluator then
says what happened.  What is known beforehand is folded, but nothing that may fail is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from checker.engines.python.comprehensions import reduced, table
from checker.engines.python.containers import COLLECTIONS, fitted, listed
from checker.engines.python.pieces import (
    Piece,
    after,
    bound,
    chain,
    conditional,
    constant,
    together,
)
from checker.engines.python.unions import converted, is_a, some, undefined, unwrap
from checker.engines.python.walker import UNROLL_LIMIT, Layouts, Walker
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
    Table,
    Undefined,
    Unwrap,
    Var,
)
from checker.language.types import RecordType, SeqType


class Expressions(Walker):
    """A walker over every node of the IR."""

    def __init__(self, layouts: Layouts, alike: int = 1) -> None:
        super().__init__(layouts, NODES, alike)


# ------------------------------------------------------------ reading


def _const(to: Walker, expr: Const) -> Piece:
    return to.value(expr.type, expr.value)


def _var(to: Walker, expr: Var) -> Piece:
    return to.names[expr.name]


def _get(to: Walker, expr: Get) -> Piece:
    base, kind = to.compile(expr.base), expr.base.type
    if isinstance(kind, RecordType) and kind.dense:
        return to.decode(_digit(base, kind, expr.name), expr.type)
    slot = to.layouts.of(kind).slot(expr.name)
    return to.decode(to.inside(base, kind, slot.shift, (), slot.layout), expr.type)


def _digit(base: Piece, kind: RecordType, name: str) -> Piece:
    """A field of a dense record: a digit of its number."""
    position = [own for own, _ in kind.fields].index(name)
    size, *smaller = (inner.count or 1 for _, inner in kind.fields[position:])
    stride = math.prod(smaller)
    if base.known is not None:
        return constant(base.known // stride % size)
    if size == 1:
        return after((base.text,), constant(0))
    text = base.read() if stride == 1 else f"{base.read()} // {stride}"
    return Piece(f"{text} % {size}" if position else text)


def _at(to: Walker, expr: At) -> Piece:
    base, kind = to.compile(expr.base), expr.base.type
    if isinstance(kind, SeqType):
        width = to.layouts.of(kind).slot_width
        key = to.compile(expr.key).text
        return to.decode(Piece(f"at({base.text}, {key}, {width}, {kind.capacity})"), expr.type)
    shift, moving, inner = to.key_shift(kind, expr.key)
    return to.decode(to.inside(base, kind, shift, moving, inner), expr.type)


# ------------------------------------------------------------ operators

_SIMPLE: Mapping[Op, str] = MappingProxyType({
    Op.NOT: "not {}", Op.EQ: "{} == {}", Op.NE: "{} != {}", Op.LT: "{} < {}", Op.LE: "{} <= {}",
    Op.ADD: "{} + {}", Op.SUB: "{} - {}", Op.MUL: "{} * {}", Op.DIV: "{} // {}", Op.MOD: "{} % {}",
    Op.MIN: "min({}, {})", Op.MAX: "max({}, {})", Op.ORDINAL: "{}",
})  # fmt: skip

_FOLDED: Mapping[Op, Callable[..., int]] = MappingProxyType({
    Op.NOT: lambda a: not a, Op.EQ: lambda a, b: a == b, Op.NE: lambda a, b: a != b,
    Op.LT: lambda a, b: a < b, Op.LE: lambda a, b: a <= b, Op.ADD: lambda a, b: a + b,
    Op.SUB: lambda a, b: a - b, Op.MUL: lambda a, b: a * b, Op.DIV: lambda a, b: a // b,
    Op.MOD: lambda a, b: a % b, Op.MIN: min, Op.MAX: max, Op.ORDINAL: lambda a: a,
})  # fmt: skip


def _apply(to: Walker, expr: Apply) -> Piece:
    if expr.op in (Op.AND, Op.OR):
        return _connected(to, expr)
    if expr.op is Op.INDEX:
        return Piece(f"number({to.compile(expr.args[0]).text}, {expr.type.count})")
    if expr.op not in _SIMPLE:
        return COLLECTIONS[expr.op](to, expr)
    pieces = [to.compile(argument) for argument in expr.args]
    known = [piece.known for piece in pieces if piece.known is not None]
    if len(known) == len(pieces):
        return constant(int(_FOLDED[expr.op](*known)))
    return Piece(_SIMPLE[expr.op].format(*(piece.read() for piece in pieces)))


def _connected(to: Walker, expr: Apply) -> Piece:
    absorbing = expr.op is Op.OR
    left = to.compile(expr.args[0])
    if left.known is not None:
        return left if bool(left.known) is absorbing else to.compile(expr.args[1])
    right = to.compile(expr.args[1])
    if right.known is not None and bool(right.known) is not absorbing:
        return left
    return chain(expr.op.value, left, right)


def _choose(to: Walker, expr: Choose) -> Piece:
    test = to.compile(expr.test)
    if test.known is not None:
        return to.compile(expr.then if test.known else expr.other)
    return conditional(test, to.compile(expr.then), to.compile(expr.other))


def _bind(to: Walker, expr: Bind) -> Piece:
    value = to.compile(expr.value)
    if value.known is not None:
        with to.naming(expr.name, value):
            return to.compile(expr.body)
    name = to.fresh(expr.name)
    with to.naming(expr.name, Piece(name)):
        return bound([f"{name} := {value.text}"], to.compile(expr.body))


def _make(to: Walker, expr: Make) -> Piece:
    kind = expr.type
    assert isinstance(kind, RecordType)
    pieces = [to.code(argument) for argument in expr.args]
    if not kind.dense:
        slots = to.layouts.of(kind).slots
        terms = [(p, slot.shift, "<<") for p, slot in zip(pieces, slots, strict=True)]
        return together(terms, "|")
    terms, stride = [], 1
    for piece, (_, inner) in reversed(list(zip(pieces, kind.fields, strict=True))):
        terms.append((piece, stride, "*"))
        stride *= inner.count or 1
    return together(terms, "+")


_HANDLERS: dict[type[Expr], Callable[[Walker, Any], Piece]] = {
    Const: _const,
    Var: _var,
    Get: _get,
    At: _at,
    Apply: _apply,
    Choose: _choose,
    Bind: _bind,
    Make: _make,
    Table: table,
    Listed: listed,
    Reduce: reduced,
    Some: some,
    Unwrap: unwrap,
    Inject: converted,
    IsA: is_a,
    Project: converted,
    Fit: fitted,
    Undefined: undefined,
}

NODES: Mapping[type[Expr], Callable[[Walker, Any], Piece]] = MappingProxyType(_HANDLERS)
"""Who compiles what."""

__all__ = ["NODES", "UNROLL_LIMIT", "Expressions", "Layouts"]
