"""Sets, sequences and bags: their operations on shapes.

A small set is a bit for each value of its universe, and its operations are those of bits.
Everything else is kept in slots, and three ways of changing slots are enough:

    put(slots, item, guard)       at the end
    place(slots, item, guard)     where the order wants it, before what is not greater
    drop(slots, marks)            without the slots that are marked, the rest moved up

each of which happens only where its guard holds, so that the changes of a loop or of a
comprehension can be applied one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any, TypeAlias

from checker.engines.symbolic.shapes import Bits, Numbers, Shape, Slots, below, equal, merge
from checker.engines.symbolic.terms import (
    INFINITY,
    Bit,
    Num,
    add,
    combined,
    conj,
    count,
    disj,
    every,
    implies,
    is_among,
    narrowed,
    neg,
    number,
    pick_numbers,
    same,
    smaller,
    some_number,
    subtract,
    with_number,
)
from checker.engines.symbolic.values import anything, universe
from checker.errors import RequestError
from checker.language.types import BagType, CollectionType, SeqType, SetType, Type

Held: TypeAlias = Bits | Slots | Numbers
"""What a collection can be."""

ALWAYS: Bit = True
"""The guard of what happens in any case."""


def empty(kind: Type) -> Held:
    """The collection of a type that holds nothing."""
    made = anything(kind)
    assert isinstance(made, Bits | Slots | Numbers)
    return made


def beyond(what: str) -> RequestError:
    """What can be said of bounded values only."""
    return RequestError(
        f"{what} cannot be encoded where its numbers have no bounds",
        hint="keep the counters' bounds: --bounded all",
    )


# ---------------------------------------------------------------- slots


def kept(length: Num, items: Iterable[Any]) -> Slots:
    """Slots for a length that is known not to be below 0, none of them always unused."""
    length = narrowed(length, 0, max(0, length.high))
    return Slots(length, tuple(items)[: length.high])


def put(slots: Slots, item: Shape, guard: Bit = ALWAYS) -> Slots:
    """With `item` at the end, where the guard holds."""
    items = (
        merge(conj(guard, same(slots.length, number(i))), item, old)
        for i, old in enumerate((*slots.items, None))
    )
    return kept(add(slots.length, _one(guard)), items)


def place(slots: Slots, item: Shape, guard: Bit = ALWAYS) -> Slots:
    """With `item` before all that is not greater, where the guard holds."""
    stays = [conj(slots.used(i), below(item, old)) for i, old in enumerate(slots.items)]
    items = (
        merge(conj(guard, neg(stay)), merge(first, item, before), old)
        for stay, first, before, old in zip(
            (*stays, False), (True, *stays), (None, *slots.items), (*slots.items, None), strict=True
        )
    )
    return kept(add(slots.length, _one(guard)), items)


def drop(slots: Slots, marked: Sequence[Bit]) -> Slots:
    """Without the slots that are marked and used, in the same order."""
    if not any(bit is not False for bit in marked):
        return slots
    left = Slots(number(0), ())
    for i, (mark, item) in enumerate(zip(marked, slots.items, strict=True)):
        left = put(left, item, conj(slots.used(i), neg(mark)))
    return left


def drop_first_of(slots: Slots, item: Shape) -> Slots:
    """Without the first slot that is equal to `item`, where there is one."""
    gone: Bit = False
    items = []
    for i, (old, after) in enumerate(zip_longest(slots.items, slots.items[1:])):
        gone = disj(gone, conj(slots.used(i), equal(old, item)))
        items.append(merge(gone, after, old))
    return kept(subtract(slots.length, _one(gone)), items)


def _one(guard: Bit) -> Num:
    return count((guard,))


def select(slots: Slots, index: Num) -> Shape | None:
    """The item of a slot that is used; None where there is no slot at all."""
    found: Any = None
    for i in reversed(range(len(slots.items))):
        if index.low <= i <= index.high:
            found = merge(same(index, number(i)), slots.items[i], found)
    return found


def updated(slots: Slots, index: Num, change: Any) -> Slots:
    """With the item of one slot changed by `change(item)`."""
    items = []
    for i, old in enumerate(slots.items):
        here = same(index, number(i))
        items.append(old if here is False else merge(here, change(old), old))
    return Slots(slots.length, tuple(items))


def elements(kind: CollectionType, held: Held) -> list[tuple[Bit, Shape]]:
    """The elements that there may be, each with when it is there, in the order of iteration.

    A bag's come once each.
    """
    if isinstance(held, Bits):
        return list(zip(held.bits, universe(kind.item), strict=True))
    if isinstance(held, Numbers):
        raise beyond(f"a loop over {kind}")
    found = [(held.used(i), item) for i, item in enumerate(held.items) if held.used(i) is not False]
    if isinstance(kind, BagType):
        found = [(conj(used, neg(_again(found, i))), item) for i, (used, item) in enumerate(found)]
    return found if isinstance(kind, SeqType) else found[::-1]


def _again(found: list[tuple[Bit, Shape]], i: int) -> Bit:
    return (
        conj(found[i + 1][0], equal(found[i][1], found[i + 1][1])) if i + 1 < len(found) else False
    )


# ---------------------------------------------------------------- what all collections have


def length(held: Held) -> Num:
    """How many elements there are; a bag's are counted as often as they are in."""
    if isinstance(held, Numbers):
        raise beyond("how many elements a set has")
    return count(held.bits) if isinstance(held, Bits) else held.length


def contains(kind: CollectionType, held: Held, item: Shape) -> Bit:
    """Whether an element is in."""
    if isinstance(held, Bits):
        pairs = zip(held.bits, universe(kind.item), strict=True)
        return disj(*(conj(bit, equal(item, value)) for bit, value in pairs if bit is not False))
    if isinstance(held, Numbers):
        assert isinstance(item, Num)
        return is_among(held.term, item)
    return disj(*(conj(held.used(i), equal(old, item)) for i, old in enumerate(held.items)))


def occurrences(held: Slots, item: Shape) -> Num:
    """How often an element is in a bag."""
    return count(conj(held.used(i), equal(old, item)) for i, old in enumerate(held.items))


def insert(kind: CollectionType, held: Held, item: Shape, guard: Bit = ALWAYS) -> Held:
    """With one more element, where the guard holds: a set's or bag's in its place, else last."""
    if isinstance(held, Bits):
        pairs = zip(held.bits, universe(kind.item), strict=True)
        return Bits(tuple(disj(bit, conj(guard, equal(item, value))) for bit, value in pairs))
    if isinstance(held, Numbers):
        return _changed(held, item, guard, member=True)
    if isinstance(kind, SeqType):
        return put(held, item, guard)
    if isinstance(kind, SetType):
        guard = conj(guard, neg(contains(kind, held, item)))
    return held if guard is False else place(held, item, guard)


def discard(kind: CollectionType, held: Held, item: Shape) -> Held:
    """Without an element, once; unchanged where it is not in."""
    if isinstance(held, Bits):
        pairs = zip(held.bits, universe(kind.item), strict=True)
        return Bits(tuple(conj(bit, neg(equal(item, value))) for bit, value in pairs))
    if isinstance(held, Numbers):
        return _changed(held, item, ALWAYS, member=False)
    return drop_first_of(held, item)


def _changed(held: Numbers, item: Shape, guard: Bit, *, member: bool) -> Numbers:
    assert isinstance(item, Num)
    return Numbers(pick_numbers(guard, with_number(held.term, item, member), held.term))


# ---------------------------------------------------------------- two sets


def subset(kind: CollectionType, one: Held, two: Held) -> Bit:
    """Whether every element of the first is in the second."""
    if isinstance(one, Bits) and isinstance(two, Bits):
        return conj(*(implies(a, b) for a, b in zip(one.bits, two.bits, strict=True)))
    if isinstance(one, Numbers) and isinstance(two, Numbers):
        any_one = some_number("element", -INFINITY)
        return every(any_one, implies(is_among(one.term, any_one), is_among(two.term, any_one)))
    return conj(*(implies(used, contains(kind, two, x)) for used, x in elements(kind, one)))


def union(kind: CollectionType, one: Held, two: Held, guard: Bit = ALWAYS) -> Held:
    """With the elements of the second too, where the guard holds."""
    if isinstance(one, Bits) and isinstance(two, Bits):
        pairs = zip(one.bits, two.bits, strict=True)
        return Bits(tuple(disj(a, conj(guard, b)) for a, b in pairs))
    if isinstance(one, Numbers) and isinstance(two, Numbers):
        return Numbers(pick_numbers(guard, combined(disj, one.term, two.term), one.term))
    for used, item in elements(kind, two):
        one = insert(kind, one, item, conj(guard, used))
    return one


def intersection(kind: CollectionType, one: Held, two: Held) -> Held:
    """The elements of the first that are in the second."""
    return _without(one, two, lambda item: neg(contains(kind, two, item)), neg)


def difference(kind: CollectionType, one: Held, two: Held) -> Held:
    """The elements of the first that are not in the second."""
    return _without(one, two, lambda item: contains(kind, two, item), lambda bit: bit)


def _without(one: Held, two: Held, marked: Any, sign: Any) -> Held:
    if isinstance(one, Bits) and isinstance(two, Bits):
        pairs = zip(one.bits, two.bits, strict=True)
        return Bits(tuple(conj(a, neg(sign(b))) for a, b in pairs))
    if isinstance(one, Numbers) and isinstance(two, Numbers):
        return Numbers(combined(lambda a, b: conj(a, neg(sign(b))), one.term, two.term))
    assert isinstance(one, Slots)
    return drop(one, [marked(item) for item in one.items])


# ---------------------------------------------------------------- sequences


def rest(slots: Slots) -> Slots:
    """Without the first element, of which there is one."""
    return kept(subtract(slots.length, number(1)), slots.items[1:])


def front(slots: Slots) -> Slots:
    """Without the last element, of which there is one."""
    return kept(subtract(slots.length, number(1)), slots.items)


def prefix(slots: Slots, size: Num) -> Slots:
    """The first elements, at most `size`, which is not below 0."""
    return kept(smaller(slots.length, size), slots.items)


def concat(one: Slots, two: Slots) -> Slots:
    """The elements of the one, then of the other."""
    for i, item in enumerate(two.items):
        one = put(one, item, two.used(i))
    return one


def fold(kind: CollectionType, found: Iterable[tuple[Bit, Shape]]) -> Held:
    """The collection of some elements, each where its guard holds."""
    held = empty(kind)
    for guard, item in found:
        held = insert(kind, held, item, guard)
    return held
