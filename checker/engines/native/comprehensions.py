"""Loops over what can be iterated, and the folds of comprehensions and quantifiers."""

from __future__ import annotations

from checker.engines.native.containers import added
from checker.engines.native.context import Context
from checker.engines.native.scalars import cheap
from checker.engines.native.shapes import is_scalar, is_short, low_of
from checker.language.ir import Between, Domain, Elements, Expr, Fold, Reduce, Source
from checker.language.types import BagType, CollectionType, IntType, SeqType, Type

UNROLL = 16
"""Loops of at most this many turns are written out by the C compiler."""


def loop(to: Context, source: Source, name: str, *, distinct: bool = False) -> tuple[str, str]:
    """The head of a loop over a source, and the text that sets the variable `name`.

    The second is to stand first in the loop's body.  `distinct`: each element once.
    """
    match source:
        case Domain(item):
            return _domain(to, item, name)
        case Between(start, stop):
            end = to.fresh("end")
            first, last = to.compile(start), to.compile(stop)
            return (
                f"for (i64 {name} = {first}, {end} = {last}; {name} < {end}; {name}++)",
                "",
            )
        case Elements(whole, item):
            return _elements(to, whole, item, name, distinct=distinct)


def _domain(to: Context, item: Type, name: str) -> tuple[str, str]:
    turns = item.choices or 0
    unroll = f'_Pragma("GCC unroll {UNROLL}") ' if turns <= UNROLL else ""
    if isinstance(item, IntType):
        low = low_of(item)
        return f"{unroll}for (i64 {name} = {low}; {name} < {low + turns}; {name}++)", ""
    if is_scalar(item):
        return f"{unroll}for (u64 {name} = 0; {name} < {turns}; {name}++)", ""
    turn = to.fresh("i")
    return (
        f"for (int {turn} = 0; {turn} < {turns}; {turn}++)",
        f"{to.shapes.of(item)} {name} = {to.shapes.every(item)}[{turn}]; ",
    )


def _elements(
    to: Context, whole: Expr, item: Type, name: str, *, distinct: bool
) -> tuple[str, str]:
    rest = to.fresh("rest")
    value, kind = to.compile(whole), whole.type
    if is_short(kind):
        code = to.shapes.decoded(item, f"(u64)__builtin_ctzll({rest})")
        return (
            f"for (u64 {rest} = {value}; {rest}; {rest} &= {rest} - 1)",
            f"{to.shapes.of(item)} {name} = {code}; ",
        )
    head = (
        f"for (struct {{ {to.shapes.of(kind)} a; u32 i; }} {rest} = {{{value}, 0}}; "
        f"{rest}.i < {rest}.a.len; {rest}.i++)"
    )
    now = f"{rest}.a.v[{rest}.i]"
    first = f"{to.shapes.of(item)} {name} = {now}; "
    if isinstance(kind, BagType):  # equal elements stand side by side
        same = to.shapes.equal(item, now, f"{rest}.a.v[{rest}.i - 1]")
        first = f"if ({rest}.i && {same}) continue; {first}"
    elif isinstance(kind, SeqType) and distinct:
        j, again = to.fresh("j"), to.fresh("again")
        same = to.shapes.equal(item, now, f"{rest}.a.v[{j}]")
        search = f"for (u32 {j} = 0; {j} < {rest}.i; {j}++) {again} |= {same};"
        first = f"int {again} = 0; {search} if ({again}) continue; {first}"
    return head, first


# ---------------------------------------------------------------- folds


def reduce(to: Context, expr: Reduce) -> str:
    """A fold of bodies over a source."""
    name = to.fresh(expr.name)
    head, first = loop(to, expr.source, name)
    with to.naming(expr.name, name):
        where = None if expr.where is None else to.compile(expr.where)
        numbered = is_short(expr.type) and expr.fold is Fold.SET
        body = to.code(expr.body) if numbered else to.compile(expr.body)
    result = to.fresh("r")
    begin, turn, end = _folding(to, expr, result, body)
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
    return f"({{ {begin} {head} {{ {first}{guard}{{ {turn} }} }} {end} }})"


def _folding(to: Context, expr: Reduce, r: str, body: str) -> tuple[str, str, str]:
    """How a fold begins, what it does with each body, and its result."""
    kind = expr.type
    match expr.fold:
        case Fold.ANY:
            return f"u64 {r} = 0;", f"if ({body}) {{ {r} = 1; break; }}", f"{r};"
        case Fold.ALL:
            return f"u64 {r} = 1;", f"if (!{body}) {{ {r} = 0; break; }}", f"{r};"
        case Fold.SUM:
            return f"i64 {r} = 0;", f"{r} += (i64){body};", f"{r};"
        case Fold.MIN | Fold.MAX:
            return _extreme(to, expr, r, body)
        case _:
            assert isinstance(kind, CollectionType)
            return _collected(to, expr, kind, r, body)


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
    to: Context, expr: Reduce, kind: CollectionType, r: str, body: str
) -> tuple[str, str, str]:
    if is_short(kind):
        if expr.fold is Fold.FLAT:
            return f"u64 {r} = 0;", f"{r} |= {body};", f"{r};"
        return f"u64 {r} = 0;", f"{r} |= 1ULL << {body};", f"{r};"
    begin = f"{to.shapes.of(kind)} {r} = {{0}};"
    if expr.fold is not Fold.FLAT:
        return begin, f"{r} = {added(to, kind, r, body)};", f"{r};"
    inner, i = to.fresh("in"), to.fresh("i")
    held = to.shapes.of(expr.body.type)
    if is_short(expr.body.type):
        raise TypeError("sets of one bit a value unite to one")
    add = added(to, kind, r, f"{inner}.v[{i}]")
    turn = f"{held} {inner} = {body}; for (u32 {i} = 0; {i} < {inner}.len; {i}++) {r} = {add};"
    return begin, turn, f"{r};"
