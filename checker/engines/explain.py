"""Why a property is false in a state: the part of it that decides, and the values in it.

The explanation follows the reference evaluator down the tree: of a conjunction the first false
conjunct, of an `all` the first element for which it fails, of a `not any` the witness, of a
conditional the branch taken.  Where that ends, every place that is read there is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from checker.errors import Span
from checker.language.evaluator import BoundReached, Defect, Env, evaluate, iterate
from checker.language.ir import (
    Apply,
    At,
    Bind,
    Choose,
    Expr,
    Fold,
    Get,
    Node,
    Op,
    Property,
    Reduce,
    Var,
    children,
)
from checker.language.listing import text
from checker.language.machine import Snapshot
from checker.verdict import Reason


@dataclass(frozen=True)
class _Point:
    """Where the explanation stands: an expression that has the value `value`, and why."""

    expr: Expr
    value: bool
    env: Env
    named: dict[str, Any] = field(default_factory=dict)

    def at(self, expr: Expr, *, value: bool | None = None, **named: Any) -> _Point:
        """The same, further down, with more names known."""
        kept = self.value if value is None else value
        return _Point(expr, kept, {**self.env, **named}, {**self.named, **named})


def explain(prop: Property, env: Env) -> Reason:
    """The reason why `prop` does not hold where `env` gives self, after and arguments."""
    arguments = {n: v for n, v in env.items() if n not in ("self", "after")}
    point = _descend(_Point(prop.test, value=False, env=env, named=arguments))
    values = dict(point.named)
    for place in _places(point.expr):
        try:
            values.setdefault(text(place), evaluate(place, point.env))
        except (Defect, BoundReached, KeyError):
            continue
    shown = point.expr if not point.value else Apply(point.expr.type, None, Op.NOT, (point.expr,))
    return Reason(text(shown), tuple(values.items()), _first_span(point.expr) or prop.span)


def _descend(point: _Point) -> _Point:
    """The smallest part that still decides."""
    while True:
        below = _step(point)
        if below is None:
            return point
        point = below


def _step(point: _Point) -> _Point | None:
    match point.expr:
        case Apply(op=Op.NOT, args=(inner,)):
            return point.at(inner, value=not point.value)
        case Apply(op=Op.AND, args=(left, right)) if not point.value:
            return point.at(right if evaluate(left, point.env) else left)
        case Apply(op=Op.OR, args=(left, right)) if point.value:
            return point.at(left if evaluate(left, point.env) else right)
        case Bind(name=name, value=value, body=body):
            return replace(point, expr=body, env={**point.env, name: evaluate(value, point.env)})
        case Choose(test=test, then=then, other=other):
            return point.at(then if evaluate(test, point.env) else other)
        case Reduce(fold=Fold.ALL) if not point.value:
            return _element(point, point.expr)
        case Reduce(fold=Fold.ANY) if point.value:
            return _element(point, point.expr)
        case _:
            return None


def _element(point: _Point, fold: Reduce) -> _Point | None:
    """The first element that decides an `all` or `any`."""
    for item in iterate(fold.source, point.env):
        inner = point.at(fold.body, **{fold.name: item})
        admitted = fold.where is None or evaluate(fold.where, inner.env)
        if admitted and bool(evaluate(fold.body, inner.env)) is point.value:
            return inner
    return None


def _places(expr: Node) -> Iterator[Expr]:
    """The largest places that are read in an expression, outside nested comprehensions."""
    if isinstance(expr, Get | At) and _rooted(expr):
        yield expr
        if isinstance(expr, At):
            yield from _places(expr.key)
        return
    if isinstance(expr, Var) and expr.name not in ("self", "after"):
        yield expr
    for child in children(expr):
        yield from _places(child)


def _rooted(expr: Expr) -> bool:
    while isinstance(expr, Get | At):
        expr = expr.base
    return isinstance(expr, Var)


def _first_span(expr: Expr) -> Span | None:
    return expr.span


def states(state: Snapshot, after: Snapshot | None) -> Env:
    """The environment of a property of one or two states."""
    return {"self": state} if after is None else {"self": state, "after": after}
