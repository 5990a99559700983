"""Expressions over maps, sets, sequences and bags.

A set with one bit a value is a number; other sets, sequences and bags are listed: a length and
elements, with the functions of runtime.h.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from checker.engines.native.context import Context
from checker.engines.native.shapes import is_short, low_of
from checker.language.evaluator import bound_name
from checker.language.ir import Apply, At, Fit, Listed, Op, Table
from checker.language.lowering.coercion import interval
from checker.language.types import CollectionType, IntType, MapType, SeqType, SetType


def at(to: Context, expr: At) -> str:
    """The value of a map at a key, or an element of a sequence."""
    place = to.place(expr)
    if place is not None:
        return to.read(place, expr.type)
    base = to.compile(expr.base)
    if isinstance(expr.base.type, MapType):
        return f"{base}.v[{to.code(expr.key)}]"
    site = to.site(None, expr.span)
    name = to.shapes.of(expr.base.type)
    return f"{name}_at(w, {base}, {to.compile(expr.key)}, {site})"


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
    if is_short(kind):
        return f"({' | '.join(f'1ULL << {to.code(i)}' for i in expr.items) or 0})"
    name, result = to.shapes.of(kind), to.fresh("c")
    adds = "".join(f"{result} = {added(to, kind, result, to.compile(i))}; " for i in expr.items)
    return f"({{ {name} {result} = {{0}}; {adds}{result}; }})"


def added(to: Context, kind: CollectionType, whole: str, item: str) -> str:
    """A listed collection with one more element; past its capacity, a bound is reached."""
    name, site = to.shapes.of(kind), to.site(bound_name(kind), None)
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
            return added(to, kind, to.compile(whole), to.compile(item))
    assert isinstance(inner.type, CollectionType)
    site = to.site(bound_name(kind), expr.span)
    return f"{to.shapes.refit(inner.type, kind)}(w, {to.compile(inner)}, {site})"


# ---------------------------------------------------------------- operators


def _len(to: Context, expr: Apply) -> str:
    whole = to.compile(expr.args[0])
    if is_short(expr.args[0].type):
        return f"(i64)__builtin_popcountll({whole})"
    return f"(i64){whole}.len"


def _contains(to: Context, expr: Apply) -> str:
    whole, item = expr.args
    kind = whole.type
    assert isinstance(kind, CollectionType)
    value = to.compile(item)
    if is_short(kind):
        code = value
        if isinstance(kind.item, IntType):
            code = to.shapes.encoded(kind.item, value)
        test = f"({to.compile(whole)} >> {code} & 1)"
    else:
        test = f"{to.shapes.of(kind)}_has({to.compile(whole)}, {value})"
    if isinstance(kind.item, IntType):
        known = interval(item)
        low, high = kind.item.low or 0, kind.item.high or 0
        if known is None or known[0] < low or known[1] > high:
            return f"({value} >= {low} && {value} <= {high} && {test})"
    return test


def _count(to: Context, expr: Apply) -> str:
    whole, item = expr.args
    return f"{to.shapes.of(whole.type)}_count({to.compile(whole)}, {to.compile(item)})"


def _subset(to: Context, expr: Apply) -> str:
    a, b = (to.compile(argument) for argument in expr.args)
    if is_short(expr.args[0].type):
        return f"!({a} & ~{b})"
    return f"{to.shapes.of(expr.args[0].type)}_subset({a}, {b})"


def _algebra(to: Context, expr: Apply) -> str:
    a, b = (to.compile(argument) for argument in expr.args)
    if is_short(expr.args[0].type):
        sign = {Op.UNION: "|", Op.INTERSECT: "&", Op.DIFFERENCE: "& ~"}[expr.op]
        return f"({a} {sign}{b})"
    kind = expr.type
    assert isinstance(kind, CollectionType)
    own = to.shapes.of(expr.args[0].type)
    made, r, x, y, i = to.shapes.of(kind), *(to.fresh(h) for h in ("r", "a", "b", "i"))
    held = to.shapes.of(expr.args[1].type)
    begin = f"{own} {x} = {a}; {held} {y} = {b}; {made} {r} = {{0}}; "
    keep = {Op.UNION: "1", Op.INTERSECT: f"{held}_has({y}, {x}.v[{i}])",
            Op.DIFFERENCE: f"!{held}_has({y}, {x}.v[{i}])"}[expr.op]  # fmt: skip
    each = f"for (u32 {i} = 0; {i} < {{0}}.len; {i}++) if ({{1}}) {r} = {{2}}; "
    body = each.format(x, keep, added(to, kind, r, f"{x}.v[{i}]"))
    if expr.op is Op.UNION:
        body += each.format(y, "1", added(to, kind, r, f"{y}.v[{i}]"))
    return f"({{ {begin}{body}{r}; }})"


def _insert(to: Context, expr: Apply) -> str:
    whole, item = expr.args
    if is_short(whole.type):
        return f"({to.compile(whole)} | 1ULL << {to.code(item)})"
    assert isinstance(whole.type, CollectionType)
    assert isinstance(expr.type, CollectionType)
    grown = to.compile(whole)
    if whole.type != expr.type:
        site = to.site(bound_name(expr.type), expr.span)
        grown = f"{to.shapes.refit(whole.type, expr.type)}(w, {grown}, {site})"
    return added(to, expr.type, grown, to.compile(item))


def _discard(to: Context, expr: Apply) -> str:
    whole, item = expr.args
    must = expr.op is Op.REMOVE
    site = to.site(None, expr.span) if must else 0
    if is_short(whole.type):
        a, b = to.fresh("a"), to.fresh("b")
        check = f"if (!({a} & {b})) fail(w, {site}); " if must else ""
        return (f"({{ u64 {a} = {to.compile(whole)}, {b} = 1ULL << {to.code(item)}; {check}"
                f"{a} & ~{b}; }})")  # fmt: skip
    name = to.shapes.of(whole.type)
    return f"{name}_remove(w, {to.compile(whole)}, {to.compile(item)}, {int(must)}, {site})"


def _slice(to: Context, expr: Apply) -> str:
    whole, a = expr.args[0], to.fresh("a")
    name, site = to.shapes.of(whole.type), to.site(None, expr.span)
    if expr.op is Op.REST:
        call = f"{name}_slice(w, {a}, 1, {a}.len, !{a}.len, {site})"
    elif expr.op is Op.FRONT:
        call = f"{name}_slice(w, {a}, 0, (i64){a}.len - 1, !{a}.len, {site})"
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
    second = f"{to.shapes.of(b.type)} {y} = {to.compile(b)};"
    add = added(to, kind, r, f"{y}.v[{i}]")
    loop = f"for (u32 {i} = 0; {i} < {y}.len; {i}++) {r} = {add};"
    return f"({{ {made} {r} = {first}; {second} {loop} {r}; }})"


OPERATORS: Mapping[Op, Callable[[Context, Apply], str]] = {
    Op.LEN: _len, Op.CONTAINS: _contains, Op.COUNT: _count, Op.SUBSET: _subset,
    Op.UNION: _algebra, Op.INTERSECT: _algebra, Op.DIFFERENCE: _algebra, Op.INSERT: _insert,
    Op.DISCARD: _discard, Op.REMOVE: _discard, Op.APPEND: _insert, Op.REST: _slice,
    Op.FRONT: _slice, Op.PREFIX: _slice, Op.CONCAT: _concat,
}  # fmt: skip
