"""The meaning of the IR's operators and folds, on values as CPython holds them.

Every container is frozen, and an operator makes a new one.  A function takes the expression, for
its type and its place, and the operands.  What is partial raises Defect; what is too large for
its type, BoundReached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from checker.errors import Span
from checker.language.domains import BoundReached
from checker.language.ir import Apply, Fold, Op
from checker.language.outcomes import Defect
from checker.language.types import (
    HELD,
    CollectionType,
    IndexType,
    IntType,
    Type,
    UnionType,
    bound_name,
)
from checker.language.values import Seq, Set, freeze, order


def fit(value: Any, kind: Type, span: Span | None) -> Any:
    """`value` as one of a narrower type; BoundReached past a bound, else Defect outside."""
    match kind:
        case IntType(low, high, bound):
            if high is not None and value > high and bound is not None:
                raise BoundReached(bound)
            if (low is not None and value < low) or (high is not None and value > high):
                raise Defect(f"{value} is outside {low}..{high}", span)
        case CollectionType(capacity=capacity):
            if len(value) > capacity:
                raise BoundReached(bound_name(kind))
    return value


def collection(kind: Type, items: list[Any]) -> Any:
    """A set, sequence or bag of the elements; BoundReached where there are too many."""
    return fit(freeze(HELD[type(kind)](items)), kind, None)


def within(index: int, length: int, span: Span | None) -> None:
    """Defect unless a sequence of that length has an element there."""
    if not 0 <= index < length:
        raise Defect(f"index {index} is outside a sequence of {length}", span)


def present(value: Any, span: Span | None) -> Any:
    """The value in a `T | None`; Defect where there is none."""
    if value is None:
        raise Defect("None is used as a value", span)
    return value


def projected(value: Any, kind: Type, span: Span | None) -> Any:
    """A record as one of a record or narrower union; Defect where it is another."""
    options = kind.options if isinstance(kind, UnionType) else (kind,)
    if not any(type(value) is option.cls for option in options):  # type: ignore[attr-defined]
        raise Defect(f"{value} is used as {kind}", span)
    return value


def _index(expr: Apply, number: int) -> Any:
    kind = expr.type
    assert isinstance(kind, IndexType)
    if not 0 <= number < kind.size:
        raise Defect(f"there is no {kind}({number})", expr.span)
    return kind.cls(number)


def _removed(expr: Apply, whole: Any, item: Any) -> Any:
    items = list(whole._data)
    if item not in items:
        raise Defect(f"{item} is removed and is not there", expr.span)
    items.remove(item)
    return freeze(type(whole)(items))


def _without_end(expr: Apply, whole: Seq[Any], *, first: bool) -> Any:
    if len(whole) == 0:
        raise Defect("an element is taken from an empty sequence", expr.span)
    items = list(whole)
    return freeze(Seq(items[1:] if first else items[:-1]))


def _prefix(expr: Apply, whole: Seq[Any], length: int) -> Any:
    if length < 0:
        raise Defect(f"a sequence is truncated to {length}", expr.span)
    return freeze(Seq(list(whole)[:length]))


def _less(a: Any, b: Any) -> bool:
    return bool(order(a) < order(b))


OPERATORS: Mapping[Op, Callable[..., Any]] = {
    Op.NOT: lambda _, a: not a,
    Op.EQ: lambda _, a, b: a == b,
    Op.NE: lambda _, a, b: a != b,
    Op.LT: lambda _, a, b: _less(a, b),
    Op.LE: lambda _, a, b: not _less(b, a),
    Op.ADD: lambda _, a, b: a + b,
    Op.SUB: lambda _, a, b: a - b,
    Op.MUL: lambda _, a, b: a * b,
    Op.DIV: lambda _, a, b: a // b,
    Op.MOD: lambda _, a, b: a % b,
    Op.MIN: lambda _, a, b: min(a, b),
    Op.MAX: lambda _, a, b: max(a, b),
    Op.ORDINAL: lambda _, a: int(a) if isinstance(a, bool) else a.position,
    Op.INDEX: _index,
    Op.LEN: lambda _, whole: len(whole),
    Op.CONTAINS: lambda _, whole, item: item in whole,
    Op.COUNT: lambda _, whole, item: whole.count(item),
    Op.SUBSET: lambda _, a, b: a <= b,
    Op.UNION: lambda _, a, b: freeze(a | b),
    Op.INTERSECT: lambda _, a, b: freeze(a & b),
    Op.DIFFERENCE: lambda _, a, b: freeze(a - b),
    Op.INSERT: lambda _, whole, item: freeze(type(whole)([*whole._data, item])),
    Op.DISCARD: lambda _, whole, item: freeze(Set(x for x in whole if x != item)),
    Op.REMOVE: _removed,
    Op.APPEND: lambda _, whole, item: freeze(Seq([*whole, item])),
    Op.REST: lambda e, whole: _without_end(e, whole, first=True),
    Op.FRONT: lambda e, whole: _without_end(e, whole, first=False),
    Op.PREFIX: _prefix,
    Op.CONCAT: lambda _, a, b: freeze(a + b),
}
"""The operators but AND and OR, whose second operand is not always evaluated."""

FOLDS: Mapping[Fold, Callable[[Type, Iterator[Any]], Any]] = {
    Fold.ANY: lambda _, items: any(items),
    Fold.ALL: lambda _, items: all(items),
    Fold.SUM: lambda _, items: sum(items),
    Fold.SET: lambda kind, items: collection(kind, list(items)),
    Fold.FLAT: lambda kind, items: collection(kind, [x for inner in items for x in inner]),
    Fold.SEQ: lambda kind, items: collection(kind, list(items)),
    Fold.BAG: lambda kind, items: collection(kind, list(items)),
}
"""The folds but MIN and MAX, which are partial or have a default."""

__all__ = [
    "FOLDS",
    "OPERATORS",
    "collection",
    "fit",
    "present",
    "projected",
    "within",
]
