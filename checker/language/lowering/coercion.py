"""Bringing expressions to the type of the place that they go to.

Python's annotations have already been checked by mypy; what is left is what a bit layout needs
to know and Python does not say: that a value becomes a `T | None`, that a record becomes one of
a union, that an integer must fit a range.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from checker.errors import LanguageError, Span
from checker.language.domains import Index
from checker.language.ir import (
    Apply,
    At,
    Between,
    Bind,
    Choose,
    Const,
    Domain,
    Elements,
    Expr,
    Fit,
    Fold,
    Get,
    Inject,
    Listed,
    Op,
    Project,
    Reduce,
    Some,
    Source,
    Undefined,
    Unwrap,
    Var,
)
from checker.language.types import (
    BOOL,
    INTEGER,
    CollectionType,
    EnumType,
    IndexType,
    IntType,
    OptionType,
    RecordType,
    SetType,
    Type,
    UnionType,
    contains,
)

NOTHING = OptionType(BOOL)
"""The type of a None of which it is not known yet what it could have been."""

Interval = tuple[int, int]


def constant(value: Any, kind: Type, span: Span | None) -> Const:
    """A constant expression."""
    return Const(kind, span, value)


def scalar(value: Any, span: Span | None) -> Const | None:
    """The constant for a Python object, where it is a value of the language by itself."""
    from enum import Enum

    match value:
        case bool():
            return Const(BOOL, span, value)
        case int():
            return Const(IntType(value, value), span, value)
        case Enum():
            return Const(EnumType(type(value)), span, value)
        case None:
            return Const(NOTHING, span, None)
        case _:
            return None


def coerce(value: Expr, kind: Type) -> Expr:
    """`value` as a value of `kind`; LanguageError where it can never be one."""
    own = value.type
    if own == kind or (kind == INTEGER and isinstance(own, IntType)):
        return value
    if isinstance(value, Const) and not isinstance(kind, CollectionType) and _fits(value, kind):
        return replace(value, type=kind)
    if isinstance(value, Choose):
        return replace(
            value, type=kind, then=coerce(value.then, kind), other=coerce(value.other, kind)
        )
    if isinstance(value, Undefined):
        return replace(value, type=kind)
    if isinstance(kind, OptionType):
        if isinstance(own, OptionType):
            return _option_to_option(value, kind)
        return Some(kind, value.span, coerce(value, kind.item))
    if isinstance(own, OptionType):
        return coerce(Unwrap(own.item, value.span, value), kind)
    if isinstance(kind, IntType) and isinstance(own, IntType):
        return Fit(kind, value.span, value)
    if isinstance(kind, UnionType) and isinstance(own, RecordType | UnionType):
        options = own.options if isinstance(own, UnionType) else (own,)
        if set(options) <= set(kind.options):
            return Inject(kind, value.span, value)
        if set(kind.options) <= set(options):
            return Project(kind, value.span, value)
    if isinstance(own, UnionType) and kind in own.options:
        return Project(kind, value.span, value)
    if isinstance(kind, CollectionType) and type(own) is type(kind):
        return _collection(value, kind)
    raise LanguageError(
        f"{_article(own)} where {_article(kind)} is wanted",
        span=value.span,
        hint=f"an expression of type {kind}",
    )


def _fits(value: Const, kind: Type) -> bool:
    """Whether a constant is a value of `kind` as it stands."""
    inner = kind.item if isinstance(kind, OptionType) else kind
    if isinstance(value.value, bool) != (inner == BOOL) and value.value is not None:
        return False
    return contains(kind, value.value)


def _article(kind: Type) -> str:
    return "None" if kind is NOTHING else f"a value of type {kind}"


def _option_to_option(value: Expr, kind: OptionType) -> Expr:
    inner = coerce(Unwrap(value.type.item, value.span, value), kind.item)  # type: ignore[attr-defined]
    none = Const(kind, value.span, None)
    return Choose(kind, value.span, is_none(value), none, Some(kind, value.span, inner))


def _collection(value: Expr, kind: CollectionType) -> Expr:
    own = value.type
    assert isinstance(own, CollectionType)
    if isinstance(value, Listed):
        return replace(value, type=kind, items=tuple(coerce(i, kind.item) for i in value.items))
    if isinstance(value, Reduce) and value.fold in (Fold.SET, Fold.SEQ, Fold.BAG):
        return replace(value, type=kind, body=coerce(value.body, kind.item))
    if own.item != kind.item:
        raise LanguageError(
            f"the elements are of type {own.item}, and {kind.item} is wanted",
            span=value.span,
            hint=f"a collection of {kind.item}",
        )
    return Fit(kind, value.span, value)


def is_none(value: Expr) -> Expr:
    """Whether a `T | None` is None."""
    return Apply(BOOL, value.span, Op.EQ, (value, Const(value.type, value.span, None)))


def alike(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """Both operands of a comparison, brought to one type; LanguageError where there is none."""
    a, b = left.type, right.type
    if a == b or (isinstance(a, IntType) and isinstance(b, IntType)):
        return left, right
    for mine, other in ((a, b), (b, a)):
        if isinstance(mine, OptionType) and mine is not NOTHING:
            return coerce(left, mine), coerce(right, mine)
        if isinstance(mine, UnionType) and isinstance(other, RecordType):
            return coerce(left, mine), coerce(right, mine)
        if isinstance(mine, UnionType) and isinstance(other, UnionType):
            wide = UnionType(
                tuple(sorted({*mine.options, *other.options}, key=lambda r: r.cls._declared))
            )
            return coerce(left, wide), coerce(right, wide)
    if b is NOTHING and a is NOTHING:
        return left, right
    if isinstance(a, CollectionType) and isinstance(b, CollectionType) and type(a) is type(b):
        wide_kind = a if a.capacity >= b.capacity else b
        return coerce(left, wide_kind), coerce(right, wide_kind)
    raise LanguageError(
        f"{_article(a)} is never equal to {_article(b)}",
        span=left.span,
        hint="compare values of one type",
    )


def joined(left: Type, right: Type) -> Type:
    """The least type of both branches of a conditional expression."""
    if left == right:
        return left
    if isinstance(left, IntType) and isinstance(right, IntType):
        return INTEGER
    if left is NOTHING or right is NOTHING:
        other = right if left is NOTHING else left
        return other if isinstance(other, OptionType) else OptionType(other)
    if isinstance(left, OptionType) or isinstance(right, OptionType):
        plain = [k.item if isinstance(k, OptionType) else k for k in (left, right)]
        return OptionType(joined(*plain))
    options: list[RecordType] = []
    for kind in (left, right):
        if isinstance(kind, UnionType):
            options.extend(kind.options)
        elif isinstance(kind, RecordType):
            options.append(kind)
        else:
            return left
    return UnionType(tuple(sorted(set(options), key=lambda r: r.cls._declared)))


def interval(expr: Expr) -> Interval | None:
    """Bounds of an integer expression that hold in every state; None where none are known."""
    match expr:
        case Const(value=int(number)):
            return (int(number), int(number))
        case Expr(type=IntType(low=int(low), high=int(high))):
            return (low, high)
        case Apply(op=Op.LEN | Op.COUNT, args=(collection, *_)):
            assert isinstance(collection.type, CollectionType)
            return (0, collection.type.capacity)
        case Apply(op=Op.ORDINAL, args=(index,)):
            return (0, (index.type.count or 1) - 1)
        case Apply(op=op, args=(a, b)) if op in _INTERVALS:
            left, right = interval(a), interval(b)
            return _INTERVALS[op](left, right) if left and right else None
        case Choose(then=then, other=other):
            left, right = interval(then), interval(other)
            return (min(left[0], right[0]), max(left[1], right[1])) if left and right else None
        case Bind(body=body):
            return interval(body)
        case Reduce(fold=Fold.MIN | Fold.MAX, body=body, default=default):
            bounds = [interval(body), *([interval(default)] if default else [])]
            if None in bounds:
                return None
            known = [bound for bound in bounds if bound]
            return (min(b[0] for b in known), max(b[1] for b in known))
        case Reduce(fold=Fold.SUM, body=body, source=source):
            bound = interval(body)
            return (
                (min(0, bound[0] * size(source)), max(0, bound[1] * size(source)))
                if bound
                else None
            )
        case _:
            return None


def _products(a: Interval, b: Interval) -> Interval:
    products = [x * y for x in a for y in b]
    return min(products), max(products)


_INTERVALS: Mapping[Op, Callable[[Interval, Interval], Interval]] = {
    Op.ADD: lambda a, b: (a[0] + b[0], a[1] + b[1]),
    Op.SUB: lambda a, b: (a[0] - b[1], a[1] - b[0]),
    Op.MUL: _products,
    Op.DIV: lambda a, b: (a[0] // b[0], a[1] // b[0]),
    Op.MOD: lambda _, b: (0, b[0] - 1),
    Op.MIN: lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    Op.MAX: lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
}


def size(source: Source) -> int:
    """How many elements a source has at most."""
    match source:
        case Domain(item):
            return item.choices or 0
        case Elements(collection):
            kind = collection.type
            assert isinstance(kind, CollectionType)
            return (kind.bits or kind.capacity) if isinstance(kind, SetType) else kind.capacity
        case Between(least=least, most=most):
            return max(0, most - least)


def is_place(expr: Expr) -> bool:
    """Whether an expression is a path from a variable."""
    while isinstance(expr, Get | At):
        expr = expr.base
    return isinstance(expr, Var)


def stable(expr: Expr) -> bool:
    """Whether an expression can be evaluated again, later, with the same result and no cost."""
    return isinstance(expr, Const)


def index_constant(value: Index, size_of_domain: int, span: Span | None) -> Const:
    """A constant of a domain."""
    return Const(IndexType(type(value), size_of_domain), span, value)


__all__ = [
    "NOTHING", "alike", "coerce", "constant", "index_constant", "interval", "is_none", "is_place",
    "joined", "scalar", "size", "stable",
]  # fmt: skip
