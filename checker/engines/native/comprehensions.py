"""Loops over what can be iterated, and the folds of comprehensions and quantifiers.

What is iterated is evaluated once, before the first turn.  Where that can fail it stands before
the loop, so that a failure can be looked at there: the loop may have no turn.

A collection that is too large for its capacity is one when all of its elements are known: where
an element can fail, the bound waits until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from checker.engines.native.containers import added
from checker.engines.native.context import Context
from checker.engines.native.scalars import cheap, fits_word
from checker.engines.native.shapes import is_scalar, is_short, low_of
from checker.language.ir import Between, Domain, Elements, Expr, Fold, Reduce, Source
from checker.language.types import (
    BagType,
    CollectionType,
    IntType,
    SeqType,
    SetType,
    Type,
    bound_name,
)

UNROLL = 16
"""Loops of at most this many turns are written out by the C compiler."""


@dataclass(frozen=True)
class Loop:
    """A loop of C.

    head    "for (…)"
    first   statements to stand first in its body: they set the variable
    before  statements to stand before it, of which one can fail; mostly none
    """

    head: str
    first: str = ""
    before: str = ""


def loop(to: Context, source: Source, name: str, *, distinct: bool = False) -> Loop:
    """The loop over a source with the variable `name`; `distinct`: each element once."""
    match source:
        case Domain(item):
            return _domain(to, item, name)
        case Between(start, stop):
            return _between(to, start, stop, name)
        case Elements(whole, item):
            return _elements(to, whole, item, name, distinct=distinct)
        case _:
            assert_never(source)


def _between(to: Context, start: Expr, stop: Expr, name: str) -> Loop:
    texts, before = [], ""
    for expr in (start, stop):
        text, fails = to.watched(to.compile, expr)
        if fails:
            held = to.fresh("v")
            before += f"i64 {held} = {text}; "
            text = held
        texts.append(text)
    end = to.fresh("end")
    head = f"for (i64 {name} = {texts[0]}, {end} = {texts[1]}; {name} < {end}; {name}++)"
    return Loop(head, before=before)


def _domain(to: Context, item: Type, name: str) -> Loop:
    turns = item.choices or 0
    unroll = f'_Pragma("GCC unroll {UNROLL}") ' if turns <= UNROLL else ""
    if isinstance(item, IntType):
        low = low_of(item)
        return Loop(f"{unroll}for (i64 {name} = {low}; {name} < {low + turns}; {name}++)")
    if is_scalar(item):
        return Loop(f"{unroll}for (u64 {name} = 0; {name} < {turns}; {name}++)")
    turn = to.fresh("i")
    return Loop(
        f"for (int {turn} = 0; {turn} < {turns}; {turn}++)",
        f"{to.shapes.of(item)} {name} = {to.shapes.every(item)}[{turn}]; ",
    )


def _elements(to: Context, whole: Expr, item: Type, name: str, *, distinct: bool) -> Loop:
    rest, kind, before = to.fresh("rest"), whole.type, ""
    value, fails = to.watched(to.compile, whole)
    if fails:
        held = to.fresh("v")
        before = f"{to.shapes.of(kind)} {held} = {value}; "
        value = held
    if is_short(kind):
        code = to.shapes.decoded(item, f"(u64)__builtin_ctzll({rest})")
        return Loop(
            f"for (u64 {rest} = {value}; {rest}; {rest} &= {rest} - 1)",
            f"{to.shapes.of(item)} {name} = {code}; ",
            before,
        )
    held_as = to.shapes.of(kind)
    head = (
        f"for (struct {{ {held_as} a; u32 i; }} {rest} = {{{value}, 0}}; "
        f"{rest}.i < {held_as}_len({rest}.a); {rest}.i++)"
    )
    now = f"{held_as}_item({rest}.a, {rest}.i)"
    first = f"{to.shapes.of(item)} {name} = {now}; "
    if isinstance(kind, BagType):  # equal elements stand side by side
        same = to.shapes.equal(item, now, f"{held_as}_item({rest}.a, {rest}.i - 1)")
        first = f"if ({rest}.i && {same}) continue; {first}"
    elif isinstance(kind, SeqType) and distinct:
        j, again = to.fresh("j"), to.fresh("again")
        same = to.shapes.equal(item, now, f"{held_as}_item({rest}.a, {j})")
        search = f"for (u32 {j} = 0; {j} < {rest}.i; {j}++) {again} |= {same};"
        first = f"int {again} = 0; {search} if ({again}) continue; {first}"
    return Loop(head, first, before)


# ---------------------------------------------------------------- folds


def reduce(to: Context, expr: Reduce) -> str:
    """A fold of bodies over a source."""
    name = to.fresh(expr.name)
    over = loop(to, expr.source, name)
    numbered = is_short(expr.type) and expr.fold is Fold.SET
    with to.naming(expr.name, name):
        where, where_fails = (
            (None, False) if expr.where is None else to.watched(to.compile, expr.where)
        )
        body, body_fails = to.watched(to.code if numbered else to.compile, expr.body)
    result = to.fresh("r")
    fails = where_fails or body_fails
    begin, turn, end = _folding(to, expr, result, body, late=fails)
    quick = (
        expr.fold in (Fold.ANY, Fold.ALL)
        and cheap(expr.body)
        and (expr.where is None or cheap(expr.where))
    )
    if quick:
        begin = f"u64 {result} = {int(expr.fold is Fold.ALL)};"
        if expr.fold is Fold.ANY:
            turn = f"{result} |= {body if where is None else f'({where} & {body})'};"
        else:
            turn = f"{result} &= {body if where is None else f'(!{where} | {body})'};"
        where = None
    guard = "" if where is None else f"if ({where}) "
    turns = f"{over.before}{over.head} {{ {over.first}{guard}{{ {turn} }} }}"
    return f"({{ {begin} {turns} {end} }})"


def _folding(to: Context, expr: Reduce, r: str, body: str, *, late: bool) -> tuple[str, str, str]:
    """How a fold begins, what it does with each body, and its result.

    `late`: a bound waits until all bodies are known.
    """
    kind = expr.type
    match expr.fold:
        case Fold.ANY:
            return f"u64 {r} = 0;", f"if ({body}) {{ {r} = 1; break; }}", f"{r};"
        case Fold.ALL:
            return f"u64 {r} = 1;", f"if (!{body}) {{ {r} = 0; break; }}", f"{r};"
        case Fold.SUM:
            grown = f"{r} + (i64){body}" if fits_word(expr) else f"checked_add(w, {r}, {body})"
            return f"i64 {r} = 0;", f"{r} = {grown};", f"{r};"
        case Fold.MIN | Fold.MAX:
            return _extreme(to, expr, r, body)
        case _:
            assert isinstance(kind, CollectionType)
            return _collected(to, expr, kind, r, body, late=late)


def _extreme(to: Context, expr: Reduce, r: str, body: str) -> tuple[str, str, str]:
    sign, some, item = (
        ("<" if expr.fold is Fold.MIN else ">"),
        to.fresh("some"),
        to.fresh("e"),
    )
    turn = f"i64 {item} = {body}; if (!{some} || {item} {sign} {r}) {r} = {item}; {some} = 1;"
    if expr.default is None:
        end = f"if (!{some}) fail(w, {to.site(None, expr.span)}); {r};"
    else:
        end = f"if (!{some}) {r} = {to.compile(expr.default)}; {r};"
    return f"i64 {r} = 0; int {some} = 0;", turn, end


def _collected(
    to: Context, expr: Reduce, kind: CollectionType, r: str, body: str, *, late: bool
) -> tuple[str, str, str]:
    flat = expr.fold is Fold.FLAT
    if is_short(kind):
        return f"u64 {r} = 0;", f"{r} |= {body if flat else f'1ULL << {body}'};", f"{r};"
    shape = to.shapes.of(kind)
    begin, end, e = f"{shape} {r} = {{0}};", f"{r};", to.fresh("e")
    add = f"{r} = {added(to, kind, r, e, full=not late)};"
    if late:
        full, once = to.fresh("full"), int(isinstance(kind, SetType))
        begin = f"{begin} int {full} = 0;"
        add = f"if ({shape}_takes({r}, {e}, {once})) {add} else {full} = 1;"
        end = f"if ({full}) fail(w, {to.site(bound_name(kind), None)}); {end}"
    if not flat:
        return begin, f"{to.shapes.of(kind.item)} {e} = {body}; {add}", end
    inner, i = to.fresh("in"), to.fresh("i")
    held_as = to.shapes.of(expr.body.type)
    item = f"{to.shapes.of(kind.item)} {e} = {held_as}_item({inner}, {i});"
    turns = f"for (u32 {i} = 0; {i} < {held_as}_len({inner}); {i}++) {{ {item} {add} }}"
    return begin, f"{held_as} {inner} = {body}; {turns}", end
