"""What is iterated, and the comprehensions that fold it.

any(c for x in xs if g)      all, sum, min, max likewise
len({f(x) for x in xs})      sets written out or comprehended
Map({k: f(k) for k in K})    maps: one clause, over the whole domain of the keys
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from checker.language.domains import is_index
from checker.language.ir import (
    At,
    Between,
    Const,
    Domain,
    Elements,
    Expr,
    Fold,
    Listed,
    Op,
    Reduce,
    Source,
    Table,
    Var,
)
from checker.language.lowering.coercion import coerce, interval, size
from checker.language.lowering.door import TRUE, integer, lower, lower_any, truth
from checker.language.lowering.frame import Frame, Static
from checker.language.lowering.operations import connect, facts
from checker.language.types import (
    BOOL,
    INTEGER,
    BagType,
    CollectionType,
    EnumType,
    IndexType,
    IntType,
    MapType,
    SeqType,
    SetType,
    Type,
)

FORMS: dict[type[CollectionType], Fold] = {SetType: Fold.SET, SeqType: Fold.SEQ, BagType: Fold.BAG}


@dataclass(frozen=True)
class Loop:
    """One `for target in iterable`: the variable, what it ranges over, what the names mean."""

    name: str
    source: Source
    names: dict[str, Expr]


def lower_loop(frame: Frame, target: ast.expr, iterable: ast.expr) -> Loop:
    """The loop that a `for` clause or statement is."""
    whole, method = _iterated(frame, iterable)
    if method is None and isinstance(target, ast.Name):
        return _plain(frame, target.id, iterable, whole)
    if method in ("values", "items") and isinstance(whole, Expr):
        return _over_map(frame, target, iterable, whole, items=method == "items")
    if method == "keys" and isinstance(target, ast.Name):
        return _plain(frame, target.id, iterable, whole)
    frame.refuse(target, "this target is not in the language", "one name, or k, v over m.items()")


def _iterated(frame: Frame, node: ast.expr) -> tuple[Expr | Static | Between, str | None]:
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "range":
            return _range(frame, node), None
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "values", "items"):
            base = lower_any(frame, node.func.value)
            if isinstance(base, Expr) and isinstance(base.type, MapType):
                return base, node.func.attr
    return lower_any(frame, node), None


def _range(frame: Frame, node: ast.Call) -> Between:
    ends = [integer(frame, argument) for argument in node.args]
    if len(ends) not in (1, 2) or node.keywords:
        frame.refuse(node, "range takes one or two arguments", "range(stop) or range(start, stop)")
    zero = Const(IntType(0, 0), frame.span(node), 0)
    start, stop = (zero, ends[0]) if len(ends) == 1 else (ends[0], ends[1])
    low, high = interval(start), interval(stop)
    if low is None or high is None:
        frame.refuse(
            node,
            "how often this loops at most is not known when the machine is loaded",
            "range over len(q), a counter or a constant",
        )
    item = IntType(low[0], max(low[0], high[1] - 1))
    return Between(start, stop, low[0], high[1], item)


def _plain(frame: Frame, name: str, node: ast.expr, whole: Expr | Static | Between) -> Loop:
    source = _source(frame, node, whole)
    fresh = frame.method.fresh(name)
    return Loop(fresh, source, {name: Var(source.item, frame.span(node), fresh)})


def _source(frame: Frame, node: ast.expr, whole: Expr | Static | Between) -> Source:
    if isinstance(whole, Between):
        return whole
    if isinstance(whole, Static):
        kind = whole.value
        if is_index(kind) or (isinstance(kind, type) and kind is not bool):
            resolved = frame.method.resolver.resolve(kind)
            if isinstance(resolved, IndexType | EnumType):
                return Domain(resolved)
        frame.refuse(node, f"{ast.unparse(node)} cannot be iterated", "an Index, Enum or container")
    if isinstance(whole.type, MapType):
        return Domain(whole.type.key)
    if isinstance(whole.type, CollectionType):
        return Elements(whole, whole.type.item)
    frame.refuse(node, f"a value of type {whole.type} cannot be iterated")


def _over_map(frame: Frame, target: ast.expr, node: ast.expr, whole: Expr, *, items: bool) -> Loop:
    kind = whole.type
    assert isinstance(kind, MapType)
    targets = target.elts if items and isinstance(target, ast.Tuple) else [target]
    names = [element.id for element in targets if isinstance(element, ast.Name)]
    if len(names) != (2 if items else 1):
        frame.refuse(target, "this target is not in the language", "k, v over m.items()")
    span = frame.span(node)
    fresh = frame.method.fresh(names[0] if items else f"key_of_{names[0]}")
    key = Var(kind.key, span, fresh)
    meanings: dict[str, Expr] = {names[0]: key} if items else {}
    meanings[names[-1]] = At(kind.value, span, whole, key)
    return Loop(fresh, Domain(kind.key), meanings)


def _condition(frame: Frame, clause: ast.comprehension) -> tuple[Expr | None, dict[str, Expr]]:
    result: Expr = TRUE
    known: dict[str, Expr] = {}
    for test in clause.ifs:
        with frame.binding(known):
            one = truth(frame, test)
            known |= facts(frame, test)
        result = connect(Op.AND, result, one, frame.span(test))
    return (None if isinstance(result, Const) and result.value else result), known


def lower_fold(frame: Frame, node: ast.expr, fold: Fold, default: Expr | None = None) -> Expr:
    """`any`, `all`, `sum`, `min` or `max` over a generator."""
    if not isinstance(node, ast.GeneratorExp | ast.SetComp | ast.ListComp):
        return _over_whole(frame, node, fold, default)
    if fold in (Fold.MIN, Fold.MAX) and len(node.generators) > 1:
        frame.refuse(node, f"{fold.value} takes one `for`", f"{fold.value} of a {fold.value}")
    return _clauses(frame, node, node.generators, fold, default)


def _over_whole(frame: Frame, node: ast.expr, fold: Fold, default: Expr | None) -> Expr:
    """`any(m.values())`, `sum(q)`: the elements themselves are folded."""
    loop = lower_loop(frame, ast.Name("item", ast.Store()), node)
    body = loop.names["item"]
    return _reduce(frame, node, fold, loop, None, body, default)


def _clauses(
    frame: Frame,
    node: ast.GeneratorExp | ast.SetComp | ast.ListComp,
    clauses: list[ast.comprehension],
    fold: Fold,
    default: Expr | None,
) -> Expr:
    clause = clauses[0]
    loop = lower_loop(frame, clause.target, clause.iter)
    with frame.binding(loop.names):
        where, known = _condition(frame, clause)
        with frame.binding(known):
            if len(clauses) > 1:
                body = _clauses(frame, node, clauses[1:], fold, default)
            else:
                wanted = truth if fold in (Fold.ANY, Fold.ALL) else integer
                body = wanted(frame, node.elt)
    return _reduce(frame, node, fold, loop, where, body, default)


def _reduce(
    frame: Frame,
    node: ast.expr,
    fold: Fold,
    loop: Loop,
    where: Expr | None,
    body: Expr,
    default: Expr | None,
) -> Expr:
    kind = BOOL if fold in (Fold.ANY, Fold.ALL) else INTEGER
    return Reduce(kind, frame.span(node), fold, loop.name, loop.source, where, body, default)


def lower_set(frame: Frame, node: ast.expr, expected: Type | None) -> Expr:
    """`{a, b}` or `{f(x) for x in xs}`."""
    return lower_collection(frame, node, SetType, expected)


def lower_collection(
    frame: Frame,
    node: ast.expr | None,
    form: type[CollectionType],
    expected: Type | None,
    span_node: ast.expr | None = None,
) -> Expr:
    """A set, sequence or bag from what is written between its parentheses, or nothing."""
    item = expected.item if isinstance(expected, form) else None
    place = span_node or node
    assert place is not None
    span = frame.span(place)
    if node is None:
        if item is None:
            frame.refuse(place, "the type of the elements is not known here",
                         "annotate: `name: Set[T] = Set()`")  # fmt: skip
        return Listed(expected, span, ())  # type: ignore[arg-type]
    if isinstance(node, ast.Set | ast.List | ast.Tuple):
        items = [lower(frame, element, item) for element in node.elts]
        kind = expected if item is not None else _made(form, items[0].type, len(items))
        assert isinstance(kind, CollectionType)
        return Listed(kind, span, tuple(coerce(i, kind.item) for i in items))
    if isinstance(node, ast.SetComp | ast.ListComp | ast.GeneratorExp):
        return _comprehended(frame, node, node.generators, form, item)
    whole = lower(frame, node)
    if isinstance(whole.type, form):
        return whole
    if isinstance(whole.type, CollectionType | MapType):
        loop = lower_loop(frame, ast.Name("item", ast.Store()), node)
        kind = _made(form, loop.source.item, size(loop.source))
        return Reduce(kind, span, FORMS[form], loop.name, loop.source, None, loop.names["item"])
    frame.refuse(node, f"a value of type {whole.type} has no elements")


def _made(form: type[CollectionType], item: Type, count: int) -> CollectionType:
    if form is SetType and (bits := SetType(item, 0).bits) is not None:
        return SetType(item, bits)
    return form(item, max(1, count))


def _comprehended(
    frame: Frame,
    node: ast.SetComp | ast.ListComp | ast.GeneratorExp,
    clauses: list[ast.comprehension],
    form: type[CollectionType],
    item: Type | None,
) -> Expr:
    clause = clauses[0]
    loop = lower_loop(frame, clause.target, clause.iter)
    _refuse_ordering(frame, clause, form, loop.source)
    span = frame.span(node)
    with frame.binding(loop.names):
        where, known = _condition(frame, clause)
        with frame.binding(known):
            if len(clauses) > 1:
                if form is not SetType:
                    frame.refuse(node, "one `for` makes a sequence or bag", "one `for`")
                body = _comprehended(frame, node, clauses[1:], form, item)
                assert isinstance(body.type, CollectionType)
                kind = _made(form, body.type.item, size(loop.source) * body.type.capacity)
                return Reduce(kind, span, Fold.FLAT, loop.name, loop.source, where, body)
            body = lower(frame, node.elt, item)
    if isinstance(body.type, IntType) and body.type.count is None:
        bounds = interval(body)
        if bounds is None:
            frame.refuse(node.elt, "the range of these integers is not known",
                         "annotate the collection, or compute from bounded integers")  # fmt: skip
        body = coerce(body, IntType(*bounds))
    kind = _made(form, body.type, size(loop.source))
    return Reduce(kind, span, FORMS[form], loop.name, loop.source, where, body)


def _refuse_ordering(
    frame: Frame, clause: ast.comprehension, form: type[CollectionType], source: Source
) -> None:
    unordered = (
        isinstance(source, Domain) or isinstance(source.collection.type, SetType | BagType)
        if isinstance(source, Domain | Elements)
        else False
    )
    item = source.item
    if form is SeqType and unordered and isinstance(item, IndexType) and item.symmetric:
        frame.refuse(
            clause.iter,
            f"{item} is symmetric: a sequence would put its values in an order",
            "a Set or Bag, or declare the domain without symmetric=True",
        )


def lower_map(frame: Frame, node: ast.expr, expected: Type | None) -> Expr:
    """`Map({k: f(k) for k in K})`."""
    if not isinstance(node, ast.DictComp) or len(node.generators) != 1 or node.generators[0].ifs:
        frame.refuse(node, "a map is total", "Map({k: … for k in K}), with no condition")
    clause = node.generators[0]
    loop = lower_loop(frame, clause.target, clause.iter)
    same = isinstance(node.key, ast.Name) and isinstance(clause.target, ast.Name) \
        and node.key.id == clause.target.id  # fmt: skip
    if not same or not isinstance(loop.source, Domain):
        frame.refuse(node, "a map's keys are a whole domain", "Map({k: … for k in K})")
    value = expected.value if isinstance(expected, MapType) else None
    with frame.binding(loop.names):
        body = lower(frame, node.value, value)
    kind = MapType(loop.source.item, body.type)
    return Table(kind, frame.span(node), loop.name, body)


__all__ = [
    "FORMS",
    "Loop",
    "lower_collection",
    "lower_fold",
    "lower_loop",
    "lower_map",
    "lower_set",
]
