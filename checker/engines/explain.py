"""Why a property is false in a state: the part of it that decides, and the values in it.

The explanation follows the reference evaluator down the tree: of a conjunction the first false
conjunct, of an `all` the first element for which it fails, of a `not any` the witness, of a
conditional the branch taken.  Where that ends, every place that is read there is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from checker.language.evaluator import BoundReached, Defect, Env, evaluate, iterate
from checker.language.ir import (
    Apply,
    At,
    Bind,
    Choose,
    Expr,
    Fold,
    Get,
    IsA,
    Node,
    Op,
    Property,
    Reduce,
    Var,
    children,
    walk,
)
from checker.language.listing import text
from checker.language.machine import Snapshot
from checker.language.values import Seq
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
    values |= _counted(point)
    return Reason(_words(point), tuple(values.items()), point.expr.span or prop.span)


def _counted(point: _Point) -> dict[str, Any]:
    """The elements that a comparison of a sum or a number of elements is about."""
    found: dict[str, Any] = {}
    for inner in walk(point.expr):
        if isinstance(inner, Reduce) and inner.where is not None and inner.fold in _COUNTING:
            try:
                items = [
                    item
                    for item in iterate(inner.source, point.env)
                    if evaluate(inner.where, {**point.env, inner.name: item})
                ]
            except (Defect, BoundReached, KeyError):  # it stands inside another comprehension
                continue
            found[f"{inner.name}, each"] = Seq(items)
    return found


_COUNTING = frozenset({Fold.SUM, Fold.SET, Fold.BAG, Fold.MIN, Fold.MAX})


def _words(point: _Point) -> str:
    """The part as it is written in the source, where it stands there by itself.

    A comprehension's place is what is between the parentheses; it is written from the tree.
    """
    expr = point.expr
    if expr.span is not None and isinstance(expr, Apply | Get | At | Var | IsA):
        return f"not ({expr.span.code()})" if point.value else expr.span.code()
    return text(Apply(expr.type, None, Op.NOT, (expr,)) if point.value else expr)


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
        case Apply(op=Op.OR, args=(Apply(op=Op.NOT), right)):  # an implication: its conclusion
            return point.at(right)
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


def states(state: Snapshot, after: Snapshot | None) -> Env:
    """The environment of a property of one or two states."""
    return {"self": state} if after is None else {"self": state, "after": after}
