"""Comprehensions and what they iterate.

Folds over small domains are written out, with the variable a constant, so that most shifts are
constants, too.  All others become comprehensions of Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from checker.engines.python.containers import gather, slots_of
from checker.engines.python.pieces import Piece, constant, generated, together
from checker.engines.python.walker import Walker, least, short
from checker.language.ir import Between, Domain, Elements, Fold, Reduce, Source, Table
from checker.language.types import CollectionType, MapType, SeqType

_CHAINS: Mapping[Fold, tuple[str, int, int | None]] = {
    Fold.ANY: (" or ", 0, 1),
    Fold.ALL: (" and ", 1, 0),
    Fold.SUM: (" + ", 0, None),
}
"""For what is written out: the connective, the neutral value, and the one that ends it."""


def domain(to: Walker, source: Domain) -> list[Piece]:
    """Every element of a domain, as constants."""
    return [to.value(source.item, value) for value in source.item.universe()]


def iterable(to: Walker, source: Source) -> str:
    """What a generated `for` iterates over."""
    match source:
        case Domain(item):
            if not item.dense:
                return f"({', '.join(piece.text for piece in domain(to, source))},)"
            low, count = least(item), item.count or 0
            return f"range({low}, {low + count})" if low else f"range({count})"
        case Between(start, stop):
            return f"range({to.compile(start).text}, {to.compile(stop).text})"
        case Elements(whole, item):
            text, kind = to.compile(whole).text, whole.type
            if short(kind):
                codes = f"bits({text})"
            else:
                name = "elements" if isinstance(kind, SeqType) else "ascending"
                codes = f"{name}({text}, {slots_of(to, kind)[0]})"
            low = least(item)
            return f"({generated(f'c_ + {low}', 'c_', codes)})" if low else codes
        case _ as never:
            assert_never(never)


def table(to: Walker, expr: Table) -> Piece:
    """A map from an expression of its keys."""
    kind = expr.type
    assert isinstance(kind, MapType)
    own = to.layouts.of(kind)
    assert own.item is not None
    width, last = own.item.width, own.item.width * (len(own.keys) - 1)
    with to.copied(len(own.keys)) as unrolled:
        if unrolled:
            terms = []
            for position, key in enumerate(own.keys):
                with to.naming(expr.name, to.value(kind.key, key)):
                    terms.append((to.code(expr.body), last - width * position, "<<"))
            return together(terms, "|")
    name = to.fresh(expr.name)
    with to.naming(expr.name, Piece(name)):
        body = to.code(expr.body)
    low = least(kind.key)
    shift = f"{last} - {width} * ({name} - {low})" if low else f"{last} - {width} * {name}"
    keys = f"range({low}, {low + len(own.keys)})"
    return Piece(f"sum({body.read()} << ({shift}) for {name} in {keys})")


def reduced(to: Walker, expr: Reduce) -> Piece:
    """A fold over a source."""
    if expr.fold in _CHAINS and isinstance(expr.source, Domain):
        with to.copied(expr.source.size) as unrolled:
            if unrolled:
                return _unrolled(to, expr, expr.source)
    name = to.fresh(expr.name)
    source = iterable(to, expr.source)
    with to.naming(expr.name, Piece(name)):
        where = "" if expr.where is None else to.text(expr.where)
        body = _body(to, expr)
    return Piece(_folded(to, expr, generated(body, name, source, where)))


def _body(to: Walker, expr: Reduce) -> str:
    if expr.fold not in (Fold.SET, Fold.BAG, Fold.SEQ):
        return to.text(expr.body)
    if short(expr.type):
        return f"1 << {to.code(expr.body).read()}"
    return to.slot(expr.body)


def _folded(to: Walker, expr: Reduce, generator: str) -> str:
    match expr.fold:
        case Fold.ANY | Fold.ALL | Fold.SUM:
            return f"{expr.fold.value}({generator})"
        case Fold.MIN | Fold.MAX:
            name = "lowest" if expr.fold is Fold.MIN else "highest"
            if expr.default is None:
                return f"{name}({generator})"
            return f"{name}(({generator}), lambda: {to.text(expr.default)})"
    kind = expr.type
    assert isinstance(kind, CollectionType)
    if short(kind):
        return f"flat({generator})"
    if expr.fold is Fold.FLAT:
        return gather(to, f"spread(({generator}), {slots_of(to, kind)[0]})", kind)
    return gather(to, f"({generator})", kind)


def _unrolled(to: Walker, expr: Reduce, source: Domain) -> Piece:
    """A fold written out; what is known to decide nothing is left out, unless it may fail."""
    connective, neutral, absorbing = _CHAINS[expr.fold]
    terms: list[Piece] = []
    for piece in domain(to, source):
        with to.naming(expr.name, piece):
            where = None if expr.where is None else to.compile(expr.where)
            if where is not None and where.known is not None:
                if not where.known:
                    continue
                where = None
            body = to.compile(expr.body)
        if body.known == neutral and (where is None or where.sure):
            continue
        terms.append(body if where is None else _guarded(expr.fold, where, body))
        if where is None and absorbing is not None and body.known == absorbing:
            break
    if not terms:
        return constant(neutral)
    if len(terms) == 1:
        return terms[0]
    return Piece(connective.join(term.read() for term in terms))


def _guarded(fold: Fold, where: Piece, body: Piece) -> Piece:
    """What an element adds that counts only where a condition holds."""
    match fold:
        case Fold.ANY:
            return Piece(f"{where.read()} and {body.read()}")
        case Fold.ALL:
            return Piece(f"not {where.read()} or {body.read()}")
        case _:
            return Piece(f"{body.read()} if {where.read()} else 0")
