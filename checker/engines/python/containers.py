"""Operators on sets, sequences and bags, and bringing them to a capacity.

A set with one bit a value is computed with bit by bit; all others are calls of `runtime`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from checker.engines.python.pieces import Piece, Window, after, constant, plus, window
from checker.engines.python.walker import Walker, least, short
from checker.language.ir import Apply, Expr, Fit, Listed, Op
from checker.language.lowering.coercion import interval
from checker.language.types import CollectionType, IntType, SeqType, SetType, Type


def slots_of(to: Walker, kind: Type) -> tuple[int, int]:
    """Bits of a slot, and how many slots there are."""
    assert isinstance(kind, CollectionType)
    return to.layouts.of(kind).slot_width, kind.capacity


def gather(to: Walker, items: str, kind: CollectionType) -> str:
    """A collection of the elements that `items` iterates, as they stand in slots."""
    width, capacity = slots_of(to, kind)
    if isinstance(kind, SeqType):
        return f"joined({items}, {width}, {capacity})"
    return f"gathered({items}, {width}, {capacity}, once={isinstance(kind, SetType)})"


def listed(to: Walker, expr: Listed) -> Piece:
    """Elements written out."""
    kind = expr.type
    assert isinstance(kind, CollectionType)
    if not expr.items:
        return constant(0)
    if short(kind):
        return Piece(" | ".join(f"1 << {to.code(item).read()}" for item in expr.items))
    return Piece(gather(to, f"[{', '.join(to.slot(item) for item in expr.items)}]", kind))


# ------------------------------------------------------------ questions


def _len(to: Walker, expr: Apply) -> Piece:
    (whole,) = expr.args
    if short(whole.type):
        return Piece(f"({to.compile(whole).text}).bit_count()")
    width, capacity = slots_of(to, whole.type)
    return Piece(f"length({to.compile(whole).text}, {width}, {capacity})")


def _contains(to: Walker, expr: Apply) -> Piece:
    whole, item = expr.args
    kind = whole.type
    assert isinstance(kind, CollectionType)
    base, value = to.compile(whole), to.compile(item)
    outside = isinstance(kind.item, IntType) and not _within(item, value, kind.item)
    if outside and value.known is not None:
        return after((base.text,), constant(0))
    name = to.fresh()
    code = plus(Piece(name) if outside else value, -least(kind.item))
    if not short(kind):
        width, _ = slots_of(to, kind)
        test = f"contains({base.text}, {plus(code, 1).text}, {width})"
    elif isinstance(base, Window) and code.known is not None:
        test = window(base.root, base.shift + code.known, base.moving, 1, whole=False).text
    else:
        test = f"{base.read()} >> {code.read()} & 1"
    if not outside:
        return Piece(test)
    assert isinstance(kind.item, IntType)
    ranged = f"{kind.item.low} <= ({name} := {value.text}) <= {kind.item.high} and {test}"
    return after((base.text,), Piece(ranged))


def _within(item: Expr, value: Piece, kind: IntType) -> bool:
    """Whether an integer is known to be in a range."""
    known = interval(item) if value.known is None else (value.known, value.known)
    assert kind.low is not None
    assert kind.high is not None
    return known is not None and kind.low <= known[0] and known[1] <= kind.high


def _subset(to: Walker, expr: Apply) -> Piece:
    a, b = expr.args
    if short(a.type):
        return Piece(f"not {to.text(a)} & ~{to.text(b)}")
    return Piece(f"{_elements(to, a)} <= {_elements(to, b)}")


def _elements(to: Walker, whole: Expr) -> str:
    width, _ = slots_of(to, whole.type)
    return f"set(slots({to.compile(whole).text}, {width}))"


def _count(to: Walker, expr: Apply) -> Piece:
    whole, item = expr.args
    width, _ = slots_of(to, whole.type)
    return Piece(f"count({to.compile(whole).text}, {to.slot(item)}, {width})")


# ------------------------------------------------------------ changes


def _algebra(bits: str, elements: str) -> Callable[[Walker, Apply], Piece]:
    def compiled(to: Walker, expr: Apply) -> Piece:
        a, b = expr.args
        if short(a.type):
            return Piece(bits.format(to.text(a), to.text(b)))
        assert isinstance(expr.type, CollectionType)
        return Piece(gather(to, elements.format(_elements(to, a), _elements(to, b)), expr.type))

    return compiled


def _insert(to: Walker, expr: Apply) -> Piece:
    """One more bit; for one more slot, room is looked for at once (`fitted`)."""
    whole, item = expr.args
    assert short(whole.type), "one more element that is brought to no capacity"
    code = to.code(item)
    bit = str(1 << code.known) if code.known is not None else f"1 << {code.read()}"
    return Piece(f"{to.text(whole)} | {bit}")


def _discard(to: Walker, expr: Apply) -> Piece:
    """Taking an element out; with REMOVE it must have been in."""
    whole, item = expr.args
    if not short(whole.type):
        width, capacity = slots_of(to, whole.type)
        packed = to.compile(whole).text
        return Piece(f"{expr.op.value}({packed}, {to.slot(item)}, {width}, {capacity})")
    code = to.code(item)
    if expr.op is Op.REMOVE:
        name, other = to.fresh(), to.fresh()
        test = f"({name} := {to.text(whole)}) >> ({other} := {code.read()}) & 1"
        return Piece(f"{name} ^ 1 << {other} if {test} else stop()")
    bit = str(1 << code.known) if code.known is not None else f"(1 << {code.read()})"
    return Piece(f"{to.text(whole)} & ~{bit}")


def _ended(name: str) -> Callable[[Walker, Apply], Piece]:
    def compiled(to: Walker, expr: Apply) -> Piece:
        whole, *more = expr.args
        width, capacity = slots_of(to, whole.type)
        given = "".join(f"{to.compile(argument).text}, " for argument in more)
        return Piece(f"{name}({to.compile(whole).text}, {given}{width}, {capacity})")

    return compiled


def _concat(to: Walker, expr: Apply) -> Piece:
    width, capacity = slots_of(to, expr.type)
    texts = [f"*reversed(slots({to.compile(e).text}, {width}))" for e in expr.args]
    return Piece(f"joined([{', '.join(texts)}], {width}, {capacity})")


COLLECTIONS: Mapping[Op, Callable[[Walker, Apply], Piece]] = {
    Op.LEN: _len,
    Op.CONTAINS: _contains,
    Op.COUNT: _count,
    Op.SUBSET: _subset,
    Op.UNION: _algebra("{} | {}", "{} | {}"),
    Op.INTERSECT: _algebra("{} & {}", "{} & {}"),
    Op.DIFFERENCE: _algebra("{} & ~{}", "{} - {}"),
    Op.INSERT: _insert,
    Op.DISCARD: _discard,
    Op.REMOVE: _discard,
    Op.REST: _ended("rest"),
    Op.FRONT: _ended("front"),
    Op.PREFIX: _ended("prefix"),
    Op.CONCAT: _concat,
}

# ------------------------------------------------------------ ranges and capacities


def fitted(to: Walker, expr: Fit) -> Piece:
    """A value brought to a narrower type, where it is not known to be of it already."""
    if isinstance(expr.type, CollectionType):
        return _fitted_collection(to, expr.value, expr.type)
    assert isinstance(expr.type, IntType)
    value, known = to.compile(expr.value), interval(expr.value)
    low, high = expr.type.low, expr.type.high
    below = known is None or (low is not None and known[0] < low)
    above = known is None or (high is not None and known[1] > high)
    if not below and not above:
        return value
    name = to.fresh()
    if below and above:
        test = f"{low} <= ({name} := {value.text}) <= {high}"
    else:
        test = f"({name} := {value.text}) " + (f">= {low}" if below else f"<= {high}")
    return Piece(f"{name} if {test} else stop()")


def _fitted_collection(to: Walker, inner: Expr, kind: CollectionType) -> Piece:
    if short(kind):
        return to.compile(inner)
    width, capacity = slots_of(to, kind)
    match inner:
        case Apply(op=Op.INSERT, args=(whole, item)):
            assert whole.type == kind
            once = isinstance(kind, SetType)
            packed = to.compile(whole).text
            return Piece(f"insert({packed}, {to.slot(item)}, {width}, {capacity}, once={once})")
        case Apply(op=Op.APPEND, args=(whole, item)):
            assert whole.type == kind
            packed = to.compile(whole).text
            return Piece(f"append({packed}, {to.slot(item)}, {width}, {capacity})")
    _, old = slots_of(to, inner.type)
    return Piece(f"fit({to.compile(inner).text}, {width}, {old}, {capacity})")
