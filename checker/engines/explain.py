"""Why a property is false in a state: the part of it that decides, and the values in it.

The explanation follows the reference evaluator down the tree: of a conjunction the first false
conjunct, of an `all` the first element for which it fails, of a `not any` the witness, of a
conditional the branch taken.  Where that ends, every place that is read there is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from checker.engines.tracing import changes
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
    Project,
    Property,
    Reduce,
    Unwrap,
    Var,
    children,
    walk,
)
from checker.language.listing import text
from checker.language.machine import Snapshot
from checker.language.values import Map, Seq
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
    words = _words(point)
    values = _Values(words)
    for name, value in point.named.items():
        values.add((source_name(name), name), value)
    for labels, value in _differing(point, words) or _read(point, words):
        values.add(labels, value)
    for labels, items in _counted(point):
        values.add(labels, items)
    return Reason(words, tuple(values.found.items()), point.expr.span or prop.span)


class _Values:
    """Values with labels: of several that a value could have, the first that is free."""

    def __init__(self, words: str) -> None:
        self._words = words
        self.found: dict[str, Any] = {}

    def add(self, labels: tuple[str, ...], value: Any) -> None:
        """Note a value, unless it is there already."""
        for label in labels:
            if label not in self.found:
                self.found[label] = value
                return
            if self.found[label] == value:
                return


def source_name(name: str) -> str:
    """A name as it stands in the source: lowering numbers those that it meets again."""
    return _NUMBERED.sub("", name)


_NUMBERED = re.compile(r"(?<=\w)(__\d+)+\b")


Named = tuple[tuple[str, ...], Any]
"""What a value can be called, and the value."""


def _read(point: _Point, words: str) -> Iterator[Named]:
    """The places that are read; of one inside a comprehension, what contains it."""
    for path in _paths(point.expr):
        for place in path:
            if isinstance(place, Var) and place.name in ("self", "after"):
                break
            try:
                yield _labels(place, words), evaluate(place, point.env)
                break
            except (Defect, BoundReached, KeyError):
                continue


def _differing(point: _Point, words: str) -> list[Named]:
    """Of two parts or maps that should be equal, the places in which they differ."""
    match point.expr:
        case Apply(op=Op.EQ, args=(left, right)) if not point.value:
            a, b = (evaluate(side, point.env) for side in (left, right))
            if isinstance(a, Snapshot | Map) and type(a) is type(b):
                one, other = (_labels(side, words)[0] for side in (left, right))
                pairs = zip(changes(a, b, one), changes(b, a, other), strict=True)
                return [((c.path,), c.before) for pair in pairs for c in pair]
    return []


def _labels(place: Expr, words: str) -> tuple[str, ...]:
    """What a place can be called: as the words call it, else by its path from the state."""
    path = text(place)
    code = place.span.code() if place.span is not None else ""
    written = (code,) if code and re.search(rf"(?<![\w.]){re.escape(code)}(?!\w)", words) else ()
    return (*written, source_name(path), path)


def _counted(point: _Point) -> Iterator[Named]:
    """The elements that a comparison of a sum or a number of elements is about."""
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
            name, where = source_name(inner.name), inner.where
            which = where.span.code() if where.span is not None else text(where)
            yield (f"{name}, each", f"{name}, each with {which}"), Seq(items)


_COUNTING = frozenset({Fold.SUM, Fold.SET, Fold.BAG, Fold.MIN, Fold.MAX})


def _words(point: _Point) -> str:
    """The part as it is written in the source, where it stands there by itself."""
    expr = point.expr
    code = _code(expr)
    if code:
        return f"not ({code})" if point.value else code
    return source_name(text(Apply(expr.type, None, Op.NOT, (expr,)) if point.value else expr))


def _code(expr: Expr) -> str:
    """The source of an expression; empty where it does not stand by itself.

    The place of a comprehension is what is between the parentheses, often with them.
    """
    if expr.span is None:
        return ""
    code = expr.span.code()
    if isinstance(expr, Reduce) and expr.fold in (Fold.ANY, Fold.ALL):
        return f"{expr.fold.value}{code if code.startswith('(') else f'({code})'}"
    return code if isinstance(expr, Apply | Get | At | Var | IsA) else ""


def _descend(point: _Point) -> _Point:
    """The smallest part that still decides."""
    while True:
        below = _step(point)
        if below is None:
            return point
        point = below


def _step(point: _Point) -> _Point | None:
    match point.expr:
        case Apply(op=Op.NOT, args=(inner,), span=span):
            # `a not in b` is one thing, of which there is no smaller part in the source
            return None if inner.span == span else point.at(inner, value=not point.value)
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


def _element(point: _Point, fold: Reduce) -> _Point:
    """The first element that decides an `all` or `any`; where it is decided, there is one."""

    def decides(inner: _Point) -> bool:
        admitted = fold.where is None or evaluate(fold.where, inner.env)
        return admitted and bool(evaluate(fold.body, inner.env)) is point.value

    found = (point.at(fold.body, **{fold.name: item}) for item in iterate(fold.source, point.env))
    return next(inner for inner in found if decides(inner))


def _paths(expr: Node) -> Iterator[list[Expr]]:
    """The largest places that are read in an expression, each with what contains it."""
    path = _path(expr) if isinstance(expr, Expr) else []
    if not path:
        for child in children(expr):
            yield from _paths(child)
        return
    yield path
    for place in path:
        if isinstance(place, At):
            yield from _paths(place.key)


def _path(expr: Expr) -> list[Expr]:
    """A place, and outwards to the variable in which it begins; empty for what is no place."""
    found = [expr]
    while not isinstance(found[-1], Var):
        match found[-1]:
            case Get(base=outer) | At(base=outer) | Unwrap(value=outer) | Project(value=outer):
                found.append(outer)
            case _:
                return []
    return found
