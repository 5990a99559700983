"""Expressions: the value of a node where it stands, for all states and choices at once.

`value(scope, expr)` is the door; `_EXPRESSIONS` says who handles what.  What a conditional does
not evaluate must not end the execution, so each branch is walked on the path on which it is
taken, and then the values are merged.  A loop over a source is unrolled: over a domain its
elements are known, over a collection each stands under the guard that it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, assert_never

from checker.engines.symbolic import containers
from checker.engines.symbolic.operators import OPERATORS, Site
from checker.engines.symbolic.scope import Flow, Scope
from checker.engines.symbolic.shapes import Maybe, Shape, Slots, Struct, Tagged, equal, merge
from checker.engines.symbolic.terms import (
    INFINITY,
    Bit,
    Num,
    add,
    at_most,
    conj,
    disj,
    every,
    greater,
    implies,
    less,
    narrowed,
    neg,
    number,
    same,
    smaller,
    some_number,
    within,
)
from checker.engines.symbolic.values import Endless, anything, lift, universe
from checker.language.evaluator import bound_name
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
from checker.language.types import (
    CollectionType,
    IntType,
    MapType,
    RecordType,
    StructType,
    Type,
    UnionType,
)


def value(scope: Scope, expr: Expr) -> Any:
    """The value of an expression; what it demands is noted in the scope's flow."""
    return _EXPRESSIONS[type(expr)](scope, expr)


def elements(scope: Scope, source: Source) -> list[tuple[Bit, Any]]:
    """The elements that a source may have, each with when it has it, in order."""
    match source:
        case Domain(item):
            if is_endless(scope, source):
                raise containers.beyond(f"a loop over {item}")
            return [(True, known) for known in universe(item)]
        case Elements(collection):
            kind = collection.type
            assert isinstance(kind, CollectionType)
            return containers.elements(kind, value(scope, collection))
        case Between(start, stop, least, most):
            low, high = value(scope, start), value(scope, stop)
            if is_endless(scope, source):
                raise containers.beyond("a loop over a range")
            known = (number(i) for i in range(max(least, low.low), min(most, high.high)))
            return [(conj(at_most(low, i), less(i, high)), i) for i in known]
        case _ as never:
            assert_never(never)


def is_endless(scope: Scope, source: Source) -> bool:
    """Whether a source ranges over integers without bounds."""
    match source:
        case Domain(item):
            return isinstance(item, IntType) and item.high is None
        case Elements(collection):
            return isinstance(collection.type, Endless)
        case Between(start, stop):
            low, high = value(scope, start).low, value(scope, stop).high
            return INFINITY in (-low, high)
        case _ as never:
            assert_never(never)


def _any_of(scope: Scope, source: Source) -> tuple[Num, Bit]:
    """Any integer, and whether it is one of a source without bounds."""
    one = some_number("any", -INFINITY)
    match source:
        case Domain(item):
            assert isinstance(item, IntType)
            assert item.low is not None
            return one, at_most(number(item.low), one)
        case Elements(collection):
            kind = collection.type
            assert isinstance(kind, CollectionType)
            return one, containers.contains(kind, value(scope, collection), one)
        case Between(start, stop):
            low, high = value(scope, start), value(scope, stop)
            return one, conj(at_most(low, one), less(one, high))
        case _ as never:
            assert_never(never)


# ---------------------------------------------------------------- names and parts of values


def _const(_: Scope, node: Const) -> Shape:
    return lift(node.type, node.value)


def _var(scope: Scope, node: Var) -> Any:
    return scope.names[node.name]


def position(kind: Type, name: str) -> int:
    """Where a field stands among those of its record or part."""
    assert isinstance(kind, StructType)
    return [own for own, _ in kind.fields].index(name)


def _get(scope: Scope, node: Get) -> Any:
    return value(scope, node.base).fields[position(node.base.type, node.name)]


def _at(scope: Scope, node: At) -> Any:
    base, key = value(scope, node.base), value(scope, node.key)
    kind = node.base.type
    if isinstance(kind, MapType):
        here = at_key(scope, kind, key, node)
        found: Any = None
        for test, held in zip(reversed(here), reversed(base.fields), strict=True):
            found = found if test is False else merge(test, held, found)
    else:
        scope.demand(conj(at_most(number(0), key), less(key, base.length)), node.span)
        found = containers.select(base, key)
    return anything(node.type) if found is None else found


def at_key(scope: Scope, kind: MapType, key: Shape, node: At) -> list[Bit]:
    """For each slot of a map, whether it is the key's.  A key outside the domain is a defect."""
    if isinstance(key, Num) and isinstance(kind.key, IntType):
        assert kind.key.low is not None
        assert kind.key.high is not None
        scope.demand(within(key, kind.key.low, kind.key.high), node.span)
    return [equal(key, known) for known in universe(kind.key)]


# ---------------------------------------------------------------- operators and conditionals


def _apply(scope: Scope, node: Apply) -> Any:
    if node.op in (Op.AND, Op.OR):
        one = value(scope, node.args[0])
        needed = one if node.op is Op.AND else neg(one)
        two = False if needed is False else value(scope.under(needed), node.args[1])
        return conj(one, two) if node.op is Op.AND else disj(one, two)
    return OPERATORS[node.op](Site(scope, node), *(value(scope, arg) for arg in node.args))


def _choose(scope: Scope, node: Choose) -> Any:
    test = value(scope, node.test)
    if isinstance(test, bool):
        return value(scope, node.then if test else node.other)
    then = value(scope.under(test), node.then)
    return merge(test, then, value(scope.under(neg(test)), node.other))


def _bind(scope: Scope, node: Bind) -> Any:
    return value(scope.bind(node.name, value(scope, node.value)), node.body)


# ---------------------------------------------------------------- values put together


def _make(scope: Scope, node: Make) -> Shape:
    return Struct(tuple(value(scope, arg) for arg in node.args))


def _table(scope: Scope, node: Table) -> Shape:
    assert isinstance(node.type, MapType)
    keys = universe(node.type.key)
    return Struct(tuple(value(scope.bind(node.name, key), node.body) for key in keys))


def _listed(scope: Scope, node: Listed) -> Shape:
    assert isinstance(node.type, CollectionType)
    items = [(True, value(scope, item)) for item in node.items]
    return fitted(scope, containers.fold(node.type, items), node)


def _some(scope: Scope, node: Some) -> Shape:
    return Maybe(present=True, value=value(scope, node.value))


def _unwrap(scope: Scope, node: Unwrap) -> Any:
    held = value(scope, node.value)
    scope.demand(held.present, node.span)
    return anything(node.type) if held.value is None else held.value


def _options(kind: Type) -> tuple[Type, ...]:
    return kind.options if isinstance(kind, UnionType) else (kind,)


def _tagged(kind: Type, shape: Any) -> Tagged:
    """A record or a union's value as a union's value."""
    return shape if isinstance(kind, UnionType) else Tagged(number(0), (shape,))


def _inject(scope: Scope, node: Inject) -> Shape:
    own, wide = _options(node.value.type), _options(node.type)
    held = _tagged(node.value.type, value(scope, node.value))
    places = [wide.index(option) for option in own]
    tag = number(places[-1])
    for i, place in reversed(list(enumerate(places[:-1]))):
        tag = merge(same(held.tag, number(i)), number(place), tag)
    by_place = dict(zip(places, held.options, strict=True))
    return Tagged(tag, tuple(by_place.get(place) for place in range(len(wide))))


def _is_a(scope: Scope, node: IsA) -> Bit:
    held = _tagged(node.value.type, value(scope, node.value))
    return same(held.tag, number(_options(node.value.type).index(node.option)))


def _project(scope: Scope, node: Project) -> Any:
    """A union's value as a record, or as a narrower union."""
    held, wide = value(scope, node.value), _options(node.value.type)
    places = [wide.index(option) for option in _options(node.type)]
    here = [same(held.tag, number(place)) for place in places]
    scope.demand(disj(*here), node.span)
    if isinstance(node.type, RecordType):
        found = held.options[places[0]]
        return anything(node.type) if found is None else found
    tag = number(len(places) - 1)
    for i in reversed(range(len(places) - 1)):
        tag = merge(here[i], number(i), tag)
    return Tagged(tag, tuple(held.options[place] for place in places))


def _undefined(scope: Scope, node: Undefined) -> Shape:
    scope.demand(test=False, span=node.span)
    return anything(node.type)


def _fit(scope: Scope, node: Fit) -> Any:
    return fitted(scope, value(scope, node.value), node)


def fitted(scope: Scope, held: Any, node: Expr) -> Any:
    """A value brought to the type of a node: integers in range, collections to capacity."""
    match node.type:
        case IntType(int(low), int(high), bound):
            scope.demand(at_most(number(low), held), node.span)
            scope.demand(at_most(held, number(high)), node.span, bound)
            return narrowed(held, low, high)
        case IntType(int(low), None):
            scope.demand(at_most(number(low), held), node.span)
            return narrowed(held, low, INFINITY)
        case CollectionType(_, capacity) if isinstance(held, Slots):
            enough = at_most(held.length, number(capacity))
            scope.demand(enough, node.span, bound_name(node.type))
            return containers.kept(narrowed(held.length, 0, capacity), held.items)
        case _:
            return held


# ---------------------------------------------------------------- comprehensions


def _reduce(scope: Scope, node: Reduce) -> Any:
    if node.fold in (Fold.ANY, Fold.ALL) and is_endless(scope, node.source):
        return _of_all(scope, node)
    found = elements(scope, node.source)
    if node.fold in (Fold.ANY, Fold.ALL):
        return _quantified(scope, node, found)
    guarded = []
    for there, item in found:
        guard, inner = _inside(scope, node, there, item)
        if guard is not False:
            guarded.append((guard, value(inner, node.body)))
    if node.fold in (Fold.MIN, Fold.MAX):
        return _extreme(scope, node, guarded)
    if node.fold is Fold.SUM:
        total = number(0)
        for there, one in guarded:
            total = add(total, merge(there, one, number(0)))
        return total
    assert isinstance(node.type, CollectionType)
    if node.fold is Fold.FLAT:
        united = containers.empty(node.type)
        for there, one in guarded:
            united = containers.union(node.type, united, one, there)
        return fitted(scope, united, node)
    return fitted(scope, containers.fold(node.type, guarded), node)


def _inside(scope: Scope, node: Reduce, there: Bit, item: Any) -> tuple[Bit, Scope]:
    """Whether an element is there and wanted, and the scope of the body for it."""
    inner = scope.under(there).bind(node.name, item)
    if node.where is None or there is False:
        return there, inner
    wanted = value(inner, node.where)
    return conj(there, wanted), inner.under(wanted)


def _quantified(scope: Scope, node: Reduce, found: list[tuple[Bit, Any]]) -> Bit:
    """`any` and `all` stop at the first element that decides them."""
    decided: Bit = False
    for there, item in found:
        guard, inner = _inside(scope.under(neg(decided)), node, there, item)
        if guard is not False:
            body = value(inner, node.body)
            here = body if node.fold is Fold.ANY else neg(body)
            decided = disj(decided, conj(guard, here))
    return decided if node.fold is Fold.ANY else neg(decided)


def _of_all(scope: Scope, node: Reduce) -> Bit:
    """`any` and `all` over integers without bounds: a quantifier.

    What could go wrong for one of them would depend on which came before.
    """
    one, there = _any_of(scope, node.source)
    apart = Scope(Flow(), scope.names)
    guard, inner = _inside(apart, node, there, one)
    body = value(inner, node.body)
    if apart.flow.endings:
        raise containers.beyond("an operation that may fail, of each integer,")
    if node.fold is Fold.ALL:
        return every(one, implies(guard, body))
    return neg(every(one, implies(guard, neg(body))))


def _extreme(scope: Scope, node: Reduce, guarded: list[tuple[Bit, Any]]) -> Any:
    better = smaller if node.fold is Fold.MIN else greater
    some: Bit = False
    best: Any = None
    for there, one in guarded:
        best = one if best is None else merge(there, merge(some, better(best, one), one), best)
        some = disj(some, there)
    if node.default is not None:
        if some is True:
            return best
        return merge(some, best, value(scope.under(neg(some)), node.default))
    scope.demand(some, node.span)
    return anything(node.type) if best is None else best


_EXPRESSIONS: Mapping[type[Expr], Callable[[Scope, Any], Any]] = {
    Const: _const,
    Var: _var,
    Get: _get,
    At: _at,
    Apply: _apply,
    Choose: _choose,
    Bind: _bind,
    Make: _make,
    Table: _table,
    Listed: _listed,
    Reduce: _reduce,
    Some: _some,
    Unwrap: _unwrap,
    Inject: _inject,
    IsA: _is_a,
    Project: _project,
    Fit: _fit,
    Undefined: _undefined,
}
