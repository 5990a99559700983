"""Shapes: how a value of each type is made of bits and numbers.

    bool                 a bit
    int, enum, index     a number: the integer itself, or the position
    T | None             whether there is one, and the value
    record, part         its fields in order
    union                which option, and for each option the record that it would be
    Map[K, V]            one value for each key, in the order of the universe of K
    Set[T], small        one bit for each value of T, in the order of its universe
    Seq[T]               a length and slots; those from the length on mean nothing
    Set[T], wide; Bag[T] a length and slots, the greatest element first
    Set[int], no bounds  a z3 array: for each integer, whether it is in

What is not there (the value of a None, an option that a union is not, a slot past the length)
is unconstrained, or missing altogether where no execution puts it there, and is read by nobody.
Equality is therefore defined here, by meaning, and never by comparing bits.  Sorting makes equal
sets and bags equal slot by slot; the greatest first, because the language orders sets and bags
by their greatest elements, so that one definition of `below` serves sequences, sets and bags.

How many slots a collection in flight has is no matter of its type but of how it came about:
adding an element adds a slot.  Like an integer, it is cut to the capacity where it is stored.

Which values are put in, left open and read back: `values`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from checker.engines.symbolic.terms import (
    Bit,
    Num,
    Term,
    conj,
    disj,
    implies,
    less,
    neg,
    number,
    pick,
    pick_num,
    pick_numbers,
    same,
    same_bit,
    same_numbers,
)


@dataclass(frozen=True, eq=False)
class Maybe:
    """A `T | None`; the value is missing where it is never there."""

    present: Bit
    value: Shape | None


@dataclass(frozen=True, eq=False)
class Struct:
    """The fields of a record or part, or the values of a map, in order."""

    fields: tuple[Shape, ...]


@dataclass(frozen=True, eq=False)
class Tagged:
    """A union's value: the position of its option, and what it is under each of them."""

    tag: Num
    options: tuple[Struct | None, ...]


@dataclass(frozen=True, eq=False)
class Bits:
    """A set over a small type: whether each value is in it."""

    bits: tuple[Bit, ...]


@dataclass(frozen=True, eq=False)
class Slots:
    """A sequence; or a wide set or a bag, the greatest element first."""

    length: Num
    items: tuple[Shape, ...]

    def used(self, slot: int) -> Bit:
        """Whether there is an element in a slot."""
        return less(number(slot), self.length)


@dataclass(frozen=True, eq=False)
class Numbers:
    """A set of integers without bounds."""

    term: Term


Shape: TypeAlias = Bit | Num | Maybe | Struct | Tagged | Bits | Slots | Numbers


def merge(test: Bit, then: Any, other: Any) -> Any:
    """The one value or the other.  What both share is not looked into."""
    if then is other or other is None:
        return then
    if then is None or test is False:
        return other
    if test is True:
        return then
    match then:
        case Num():
            return pick_num(test, then, other)
        case Maybe():
            present = pick(test, then.present, other.present)
            return Maybe(present, merge(test, then.value, other.value))
        case Struct():
            return Struct(_merged(test, then.fields, other.fields))
        case Tagged():
            tag = pick_num(test, then.tag, other.tag)
            return Tagged(tag, _merged(test, then.options, other.options))
        case Bits():
            return Bits(_merged(test, then.bits, other.bits))
        case Slots():
            most = max(len(then.items), len(other.items))
            padded = (s.items + (None,) * (most - len(s.items)) for s in (then, other))
            length = pick_num(test, then.length, other.length)
            return Slots(length, _merged(test, *padded))
        case Numbers():
            return Numbers(pick_numbers(test, then.term, other.term))
        case _:
            return pick(test, then, other)


def _merged(test: Bit, then: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(merge(test, a, b) for a, b in zip(then, other, strict=True))


def equal(one: Any, two: Any) -> Bit:
    """Whether two values are equal."""
    if one is two:
        return True
    match one:
        case Num():
            return same(one, two)
        case Maybe():
            if one.value is None or two.value is None:
                return conj(neg(one.present), neg(two.present))
            inside = disj(neg(one.present), equal(one.value, two.value))
            return conj(same_bit(one.present, two.present), inside)
        case Struct():
            return _all_equal(one.fields, two.fields)
        case Tagged():
            return conj(
                same(one.tag, two.tag),
                *(
                    implies(same(one.tag, number(i)), equal(a, b))
                    for i, (a, b) in enumerate(zip(one.options, two.options, strict=True))
                    if a is not None and b is not None
                ),
            )
        case Bits():
            return _all_equal(one.bits, two.bits)
        case Slots():
            pairs = enumerate(zip(one.items, two.items, strict=False))
            inside = (implies(one.used(i), equal(a, b)) for i, (a, b) in pairs)
            return conj(same(one.length, two.length), *inside)
        case Numbers():
            return same_numbers(one.term, two.term)
        case _:
            return same_bit(one, two)


def _all_equal(one: tuple[Any, ...], two: tuple[Any, ...]) -> Bit:
    found: list[Bit] = []
    for a, b in zip(one, two, strict=True):
        found.append(equal(a, b))
        if found[-1] is False:
            return False
    return conj(*found)


def below(one: Any, two: Any) -> Bit:
    """Whether the first of two values comes first in the order of their type."""
    match one:
        case Num():
            return less(one, two)
        case Maybe():
            if two.value is None:
                return False
            inside = True if one.value is None else below(one.value, two.value)
            return conj(two.present, disj(neg(one.present), inside))
        case Struct():
            return _lexical(list(zip(one.fields, two.fields, strict=True)))
        case Tagged():
            inside = (
                conj(same(one.tag, number(i)), same(two.tag, number(i)), below(a, b))
                for i, (a, b) in enumerate(zip(one.options, two.options, strict=True))
                if a is not None and b is not None
            )
            return disj(less(one.tag, two.tag), *inside)
        case Bits():
            return _lexical(list(zip(reversed(one.bits), reversed(two.bits), strict=True)))
        case Slots():
            # Past its end, each is as if it went on with None, which comes before everything.
            most = max(len(one.items), len(two.items))
            return _lexical([(_slot(one, i), _slot(two, i)) for i in range(most)])
        case _:
            return conj(neg(one), two)


def _slot(slots: Slots, index: int) -> Maybe:
    if index >= len(slots.items):
        return Maybe(present=False, value=None)
    return Maybe(slots.used(index), slots.items[index])


def _lexical(pairs: list[tuple[Any, Any]]) -> Bit:
    result: Bit = False
    for one, two in reversed(pairs):
        result = disj(below(one, two), conj(equal(one, two), result))
    return result


def is_sorted(slots: Slots, *, repeats: bool) -> Bit:
    """Whether the greatest element is first, and none but a bag's comes twice."""
    pairs = zip(slots.items, slots.items[1:], strict=False)
    return conj(
        *(
            implies(slots.used(i + 1), neg(below(a, b)) if repeats else below(b, a))
            for i, (a, b) in enumerate(pairs)
        )
    )
