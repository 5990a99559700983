"""Values of each type as shapes: put in, left open, and read back from a model.

lift        a value that is known
Variables   a value that is not, and what is true of it because it is of its type
anything    some value, for places that are never reached
read        the value that a shape has in a model, as CPython holds it
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from checker.engines.symbolic.shapes import (
    Bits,
    Maybe,
    Numbers,
    Shape,
    Slots,
    Struct,
    Tagged,
    is_sorted,
)
from checker.engines.symbolic.terms import (
    INFINITY,
    Bit,
    Num,
    Term,
    in_range,
    new_bit,
    new_number,
    no_numbers,
    number,
    some_numbers,
    with_number,
)
from checker.language.machine import Snapshot
from checker.language.types import (
    HELD,
    BagType,
    BoolType,
    CollectionType,
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
from checker.language.values import Map, Set, freeze, order


class Endless(SetType):
    """A set of integers without bounds: what `unbounded` makes of one with a bit for each value.

    It is encoded, and proved of; it is never read back.
    """


def is_bits(kind: SetType | SeqType | BagType) -> bool:
    """Whether a collection keeps one bit a value."""
    return isinstance(kind, SetType) and kind.bits is not None


@cache
def universe(kind: Type) -> tuple[Shape, ...]:
    """The values of a dense type; they are known, and hold no z3 terms."""
    return tuple(lift(kind, value) for value in kind.universe())


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
        case Endless():
            held = no_numbers()
            for element in value:
                held = with_number(held, number(element), bit=True)
            return Numbers(held)
        case SetType(item) if is_bits(kind):
            return Bits(tuple(element in value for element in item.universe()))
        case SeqType(item):
            return Slots(number(len(value)), tuple(lift(item, v) for v in value))
        case _:
            assert isinstance(kind, SetType | BagType)
            ordered = sorted(value._data, key=order, reverse=True)
            return Slots(number(len(ordered)), tuple(lift(kind.item, v) for v in ordered))


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
        case _:
            assert isinstance(kind, CollectionType)
            used = shape.items[: model.number(shape.length)]
            return freeze(HELD[type(kind)](read(kind.item, element, model) for element in used))


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
        case Endless():
            return Numbers(no_numbers())
        case SetType(item) if is_bits(kind):
            return Bits((False,) * (item.count or 0))
        case _:
            assert isinstance(kind, CollectionType)
            return Slots(number(0), ())


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
            case IntType(int(low), high):
                return self.number(name, low, INFINITY if high is None else high)
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
            case Endless():
                self.made.append(some_numbers(name))
                return Numbers(self.made[-1])
            case SetType(item) if is_bits(kind):
                return Bits(tuple(self.bit(f"{name}{{{v}}}") for v in item.universe()))
            case _:
                assert isinstance(kind, CollectionType)
                slots = range(kind.capacity)
                items = tuple(self.of(kind.item, f"{name}[{slot}]") for slot in slots)
                made = Slots(self.number(f"{name}#", 0, kind.capacity), items)
                if not isinstance(kind, SeqType):
                    self.facts.append(is_sorted(made, repeats=isinstance(kind, BagType)))
                return made
