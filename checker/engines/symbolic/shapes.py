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

What is not there (the value of a None, an option that a union is not, a slot past the length)
is unconstrained, or missing altogether where no execution puts it there, and is read by nobody.
Equality is therefore defined here, by meaning, and never by comparing bits.  Sorting makes equal
sets and bags equal slot by slot; the greatest first, because the language orders sets and bags
by their greatest elements, so that one definition of `below` serves sequences, sets and bags.

How many slots a collection in flight has is no matter of its type but of how it came about:
adding an element adds a slot.  Like an integer, it is cut to the capacity where it is stored.

A value is put in (`lift`), left open (`variable`), and read back from a model (`read`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from checker.engines.symbolic.terms import (
    Bit,
    Num,
    Term,
    conj,
    disj,
    implies,
    in_range,
    less,
    neg,
    new_bit,
    new_number,
    number,
    pick,
    pick_num,
    same,
    same_bit,
)
from checker.language.machine import Snapshot
from checker.language.types import (
    BagType,
    BoolType,
    EnumType,
    IndexType,
    IntType,
    MapType,
    OptionType,
    PartType,
    SeqType,
    SetType,
    StructType,
    Type,
    UnionType,
)
from checker.language.values import Bag, Map, Seq, Set, freeze, order


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


Shape: TypeAlias = Bit | Num | Maybe | Struct | Tagged | Bits | Slots


def is_bits(kind: SetType | SeqType | BagType) -> bool:
    """Whether a collection keeps one bit a value."""
    return isinstance(kind, SetType) and kind.bits is not None


@cache
def universe(kind: Type) -> tuple[Shape, ...]:
    """The values of a dense type; they are known, and hold no z3 terms."""
    return tuple(lift(kind, value) for value in kind.universe())


# ---------------------------------------------------------------- values, put in and read back


def lift(kind: Type, value: Any) -> Shape:
    """A value as CPython holds it; ValueError where it is none of the type."""
    match kind:
        case BoolType():
            return bool(value)
        case IntType():
            return number(int(value))
        case EnumType() | IndexType():
            return number(kind.number(value))
        case OptionType(item):
            return Maybe(value is not None, None if value is None else lift(item, value))
        case UnionType(options):
            tag = [option.cls for option in options].index(type(value))
            made = (lift(o, value) if i == tag else None for i, o in enumerate(options))
            return Tagged(number(tag), tuple(_struct(shape) for shape in made))
        case StructType(_, fields):
            return Struct(tuple(lift(k, getattr(value, name)) for name, k in fields))
        case MapType(key, item):
            return Struct(tuple(lift(item, value[k]) for k in key.universe()))
        case SetType(item) if is_bits(kind):
            return Bits(tuple(element in value for element in item.universe()))
        case SeqType(item):
            return Slots(number(len(value)), tuple(lift(item, v) for v in value))
        case SetType(item) | BagType(item):
            ordered = sorted(value._data, key=order, reverse=True)
            return Slots(number(len(ordered)), tuple(lift(item, v) for v in ordered))
        case _:
            raise TypeError(f"{kind} is not a type of the language")


def _struct(shape: Shape | None) -> Struct | None:
    assert shape is None or isinstance(shape, Struct)
    return shape


@dataclass(frozen=True)
class Reading:
    """What a model says of bits and terms."""

    bit: Callable[[Bit], bool]
    number: Callable[[Num], int]


def read(kind: Type, shape: Any, model: Reading) -> Any:
    """The value that a shape has in a model, as CPython holds it, frozen."""
    match kind:
        case BoolType():
            return model.bit(shape)
        case IntType():
            return model.number(shape)
        case EnumType(cls):
            return list(cls)[model.number(shape)]
        case IndexType(cls):
            return cls(model.number(shape))
        case OptionType(item):
            return read(item, shape.value, model) if model.bit(shape.present) else None
        case UnionType(options):
            tag = model.number(shape.tag)
            return read(options[tag], shape.options[tag], model)
        case StructType(cls, fields):
            pairs = [(n, read(k, v, model)) for (n, k), v in zip(fields, shape.fields, strict=True)]
            if isinstance(kind, PartType):
                return Snapshot(cls, tuple(pairs))
            return cls(*(value for _, value in pairs))
        case MapType(key, item):
            values = [read(item, value, model) for value in shape.fields]
            return freeze(Map(dict(zip(key.universe(), values, strict=True))))
        case SetType(item) if isinstance(shape, Bits):
            pairs_in = zip(item.universe(), shape.bits, strict=True)
            return freeze(Set(value for value, bit in pairs_in if model.bit(bit)))
        case SetType(item) | SeqType(item) | BagType(item):
            used = shape.items[: model.number(shape.length)]
            form = {SetType: Set, SeqType: Seq, BagType: Bag}[type(kind)]
            return freeze(form(read(item, element, model) for element in used))
        case _:
            raise TypeError(f"{kind} is not a type of the language")


def anything(kind: Type) -> Shape:
    """Some value of a type, for places that are never reached."""
    match kind:
        case BoolType():
            return False
        case IntType(low):
            return number(low or 0)
        case EnumType() | IndexType():
            return number(0)
        case OptionType():
            return Maybe(present=False, value=None)
        case UnionType(options):
            others = (None,) * (len(options) - 1)
            return Tagged(number(0), (_struct(anything(options[0])), *others))
        case StructType(_, fields):
            return Struct(tuple(anything(k) for _, k in fields))
        case MapType(key, item):
            return Struct((anything(item),) * (key.count or 0))
        case SetType(item) if is_bits(kind):
            return Bits((False,) * (item.count or 0))
        case SetType() | SeqType() | BagType():
            return Slots(number(0), ())
        case _:
            raise TypeError(f"{kind} is not a type of the language")


# ---------------------------------------------------------------- variables


class Variables:
    """Makes unknown values.

    `made` holds the z3 variables that they consist of; `facts` what is true of them, so that
    each value is one of its type.
    """

    def __init__(self) -> None:
        self.made: list[Term] = []
        self.facts: list[Bit] = []

    def bit(self, name: str) -> Bit:
        """An unknown bit."""
        made = new_bit(name)
        self.made.append(made)
        return made

    def number(self, name: str, low: int, high: int) -> Num:
        """An unknown number of low … high."""
        made = new_number(name, low, high)
        if made.known is None:
            self.made.append(made.term)
            self.facts.append(in_range(made))
        return made

    def of(self, kind: Type, name: str) -> Shape:
        """An unknown value of a type."""
        match kind:
            case BoolType():
                return self.bit(name)
            case IntType(int(low), int(high)):
                return self.number(name, low, high)
            case EnumType() | IndexType():
                return self.number(name, 0, (kind.count or 1) - 1)
            case OptionType(item):
                return Maybe(self.bit(f"{name}?"), self.of(item, name))
            case UnionType(options):
                inner = tuple(_struct(self.of(o, f"{name}<{o}>")) for o in options)
                return Tagged(self.number(f"{name}:", 0, len(options) - 1), inner)
            case StructType(_, fields):
                return Struct(tuple(self.of(k, f"{name}.{field}") for field, k in fields))
            case MapType(key, item):
                return Struct(tuple(self.of(item, f"{name}[{k}]") for k in key.universe()))
            case SetType(item) if is_bits(kind):
                return Bits(tuple(self.bit(f"{name}{{{v}}}") for v in item.universe()))
            case SetType(item, most) | SeqType(item, most) | BagType(item, most):
                items = tuple(self.of(item, f"{name}[{slot}]") for slot in range(most))
                made = Slots(self.number(f"{name}#", 0, most), items)
                if not isinstance(kind, SeqType):
                    self.facts.append(is_sorted(made, repeats=isinstance(kind, BagType)))
                return made
            case _:
                raise TypeError(f"{kind} has no least or no greatest value")


def is_sorted(slots: Slots, *, repeats: bool) -> Bit:
    """Whether the greatest element is first, and none but a bag's comes twice."""
    pairs = zip(slots.items, slots.items[1:], strict=False)
    return conj(
        *(
            implies(slots.used(i + 1), neg(below(a, b)) if repeats else below(b, a))
            for i, (a, b) in enumerate(pairs)
        )
    )


# ---------------------------------------------------------------- one or the other; comparisons


def merge(test: Bit, then: Any, other: Any) -> Any:
    """The one value or the other.  What both share is not looked into."""
    if then is other or other is None or test is True:
        return then
    if then is None or test is False:
        return other
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
