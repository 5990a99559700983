"""Expressions over maps, sets, sequences and bags.

A set with one bit a value is a number; other sets, sequences and bags are listed: a length and
elements, with the functions of runtime.h.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from checker.engines.native.context import Context, after
from checker.engines.native.shapes import is_short, low_of
from checker.language.ir import Apply, At, Fit, Listed, Op, Table
from checker.language.lowering.coercion import interval
from checker.language.types import (
    CollectionType,
    IntType,
    MapType,
    SeqType,
    SetType,
    bound_name,
)


def at(to: Context, expr: At) -> str:
    """The value of a map at a key, or an element of a sequence."""
    place = to.place(expr)
    if place is not None:
        return to.read(place, expr.type)
    setup, (base, key) = to.operands(expr.base, expr.key)
    if isinstance(expr.base.type, MapType):
        return after(setup, f"{base}.v[{to.coded(expr.key, key)}]")
    name, site = to.shapes.of(expr.base.type), to.site(None, expr.span)
    return after(setup, f"{name}_at(w, {base}, {key}, {site})")


def table(to: Context, expr: Table) -> str:
    """A map, by its value at each key."""
    kind = expr.type
    assert isinstance(kind, MapType)
    name, result, turn = to.shapes.of(kind), to.fresh("m"), to.fresh(expr.name)
    key = f"((i64){turn} + {low_of(kind.key)})" if isinstance(kind.key, IntType) else turn
    with to.naming(expr.name, key):
        body = to.compile(expr.body)
    loop = f"for (u64 {turn} = 0; {turn} < {kind.key.count}; {turn}++)"
    return f"({{ {name} {result}; {loop} {result}.v[{turn}] = {body}; {result}; }})"


def listed(to: Context, expr: Listed) -> str:
    """A set, sequence or bag of elements that are written out."""
    kind = expr.type
    assert isinstance(kind, CollectionType)
    crowded = len(expr.items) > kind.capacity
    setup, texts = to.operands(*expr.items, settled=crowded)
    if is_short(kind):
        bits = (f"1ULL << {to.coded(i, t)}" for i, t in zip(expr.items, texts, strict=True))
        return after(setup, f"({' | '.join(bits) or 0})")
    name, result = to.shapes.of(kind), to.fresh("c")
    adds = "".join(f"{result} = {added(to, kind, result, t, full=crowded)}; " for t in texts)
    return f"({{ {setup}{name} {result} = {{0}}; {adds}{result}; }})"


def added(to: Context, kind: CollectionType, whole: str, item: str, *, full: bool = True) -> str:
    """A listed collection with one more element; past its capacity, a bound is reached.

    `full`: whether it may be.
    """
    name, site = to.shapes.of(kind), to.site(bound_name(kind), None) if full else 0
    if isinstance(kind, SeqType):
        return f"{name}_append(w, {whole}, {item}, {site})"
    return f"{name}_insert(w, {whole}, {item}, {int(isinstance(kind, SetType))}, {site})"


def fit(to: Context, expr: Fit, kind: CollectionType) -> str:
    """A collection within its capacity."""
    inner = expr.value
    if is_short(kind):
        return to.compile(inner)
    match inner:  # the commonest: one more element, then room for it is looked for once
        case Apply(op=Op.INSERT | Op.APPEND, args=(whole, item)) if whole.type == kind:
            setup, (a, b) = to.operands(whole, item)
            return after(setup, added(to, kind, a, b))
    assert isinstance(inner.type, CollectionType)
    site = to.site(bound_name(kind), expr.span)
    return f"{to.shapes.refit(inner.type, kind)}(w, {to.compile(inner)}, {site})"


# ---------------------------------------------------------------- operators


def _len(to: Context, expr: Apply) -> str:
    whole = to.compile(expr.args[0])
    if is_short(expr.args[0].type):
        return f"(i64)__builtin_popcountll({whole})"
    return f"(i64){to.shapes.of(expr.args[0].type)}_len({whole})"


def _contains(to: Context, expr: Apply) -> str:
    whole, item = expr.args
    kind = whole.type
    assert isinstance(kind, CollectionType)
    setup, (all_of, one) = to.operands(whole, item)
    if not is_short(kind):
        return after(setup, f"{to.shapes.of(kind)}_has({all_of}, {one})")
    if not isinstance(kind.item, IntType):
        return after(setup, f"({all_of} >> {one} & 1)")
    known = interval(item)
    low, high = kind.item.low or 0, kind.item.high or 0
    if known is not None and low <= known[0] and known[1] <= high:
        return after(setup, f"({all_of} >> {to.shapes.encoded(kind.item, one)} & 1)")
    bits, n = to.fresh("s"), to.fresh("n")
    test = f"{n} >= {low} && {n} <= {high} && {bits} >> ({n} - {low}) & 1"
    return f"({{ {setup}u64 {bits} = {all_of}; i64 {n} = {one}; (u64)({test}); }})"


def _count(to: Context, expr: Apply) -> str:
    setup, (whole, item) = to.operands(*expr.args)
    return after(setup, f"{to.shapes.of(expr.args[0].type)}_count({whole}, {item})")


def _subset(to: Context, expr: Apply) -> str:
    setup, (a, b) = to.operands(*expr.args)
    if is_short(expr.args[0].type):
        return after(setup, f"!({a} & ~{b})")
    return after(setup, f"{to.shapes.of(expr.args[0].type)}_subset({a}, {b})")


def _algebra(to: Context, expr: Apply) -> str:
    setup, (a, b) = to.operands(*expr.args)
    if is_short(expr.args[0].type):
        sign = {Op.UNION: "|", Op.INTERSECT: "&", Op.DIFFERENCE: "& ~"}[expr.op]
        return after(setup, f"({a} {sign}{b})")
    kind = expr.type
    assert isinstance(kind, CollectionType)
    own = to.shapes.of(expr.args[0].type)
    made, r, x, y, i = to.shapes.of(kind), *(to.fresh(h) for h in ("r", "a", "b", "i"))
    held = to.shapes.of(expr.args[1].type)
    begin = f"{setup}{own} {x} = {a}; {held} {y} = {b}; {made} {r} = {{0}}; "
    keep = {Op.UNION: "1", Op.INTERSECT: f"{held}_has({y}, {own}_item({x}, {i}))",
            Op.DIFFERENCE: f"!{held}_has({y}, {own}_item({x}, {i}))"}[expr.op]  # fmt: skip
    each = f"for (u32 {i} = 0; {i} < {{0}}_len({{1}}); {i}++) if ({{2}}) {r} = {{3}}; "
    body = each.format(own, x, keep, added(to, kind, r, f"{own}_item({x}, {i})", full=False))
    if expr.op is Op.UNION:
        more = added(to, kind, r, f"{held}_item({y}, {i})", full=False)
        body += each.format(held, y, "1", more)
    return f"({{ {begin}{body}{r}; }})"


def _insert(to: Context, expr: Apply) -> str:
    whole, item = expr.args
    setup, (grown, one) = to.operands(whole, item)
    if is_short(whole.type):
        return after(setup, f"({grown} | 1ULL << {to.coded(item, one)})")
    assert isinstance(whole.type, CollectionType)
    assert isinstance(expr.type, CollectionType)  # with room for one more
    grown = f"{to.shapes.refit(whole.type, expr.type)}(w, {grown}, 0)"
    return after(setup, added(to, expr.type, grown, one, full=False))


def _discard(to: Context, expr: Apply) -> str:
    whole, item = expr.args
    must = expr.op is Op.REMOVE
    site = to.site(None, expr.span) if must else 0
    if is_short(whole.type):
        a, b = to.fresh("a"), to.fresh("b")
        check = f"if (!({a} & {b})) fail(w, {site}); " if must else ""
        return (f"({{ u64 {a} = {to.compile(whole)}, {b} = 1ULL << {to.code(item)}; {check}"
                f"{a} & ~{b}; }})")  # fmt: skip
    setup, (all_of, one) = to.operands(whole, item)
    name = to.shapes.of(whole.type)
    return after(setup, f"{name}_remove(w, {all_of}, {one}, {int(must)}, {site})")


def _slice(to: Context, expr: Apply) -> str:
    whole, a = expr.args[0], to.fresh("a")
    name, site = to.shapes.of(whole.type), to.site(None, expr.span)
    if expr.op is Op.REST:
        call = f"{name}_slice(w, {a}, 1, {name}_len({a}), !{name}_len({a}), {site})"
    elif expr.op is Op.FRONT:
        call = f"{name}_slice(w, {a}, 0, (i64){name}_len({a}) - 1, !{name}_len({a}), {site})"
    else:
        size = to.fresh("n")
        call = (f"({{ i64 {size} = {to.compile(expr.args[1])}; "
                f"{name}_slice(w, {a}, 0, {size}, {size} < 0, {site}); }})")  # fmt: skip
    return f"({{ {name} {a} = {to.compile(whole)}; {call}; }})"


def _concat(to: Context, expr: Apply) -> str:
    a, b = expr.args
    kind = expr.type
    assert isinstance(kind, CollectionType)
    made, r, y, i = to.shapes.of(kind), to.fresh("r"), to.fresh("b"), to.fresh("i")
    first = f"{to.shapes.refit(a.type, kind)}(w, {to.compile(a)}, 0)"  # type: ignore[arg-type]
    held = to.shapes.of(b.type)
    second = f"{held} {y} = {to.compile(b)};"
    add = added(to, kind, r, f"{held}_item({y}, {i})", full=False)
    loop = f"for (u32 {i} = 0; {i} < {held}_len({y}); {i}++) {r} = {add};"
    return f"({{ {made} {r} = {first}; {second} {loop} {r}; }})"


OPERATORS: Mapping[Op, Callable[[Context, Apply], str]] = {
    Op.LEN: _len, Op.CONTAINS: _contains, Op.COUNT: _count, Op.SUBSET: _subset,
    Op.UNION: _algebra, Op.INTERSECT: _algebra, Op.DIFFERENCE: _algebra, Op.INSERT: _insert,
    Op.DISCARD: _discard, Op.REMOVE: _discard, Op.APPEND: _insert, Op.REST: _slice,
    Op.FRONT: _slice, Op.PREFIX: _slice, Op.CONCAT: _concat,
}  # fmt: skip
