"""Types: what the values of a configured machine can be, with every size known.

    Bool  Int  Enum  Index        scalars
    Option[T]  Record  Union      put together from others
    Map[K, V]  Set[T]  Seq[T]  Bag[T]    containers
    Part                          a mutable record: the machine itself, and its components

A type is *dense* when its values can be numbered 0 … n-1 without gaps by arithmetic on the
numbers of their components: scalars, and options, records and unions of dense types.  Dense
types can be the keys of maps, the elements of sets that cost one bit each, and the parameters
of actions that the checker chooses by trying every value.  The order of the numbers is the
order of `values.order`: first field first.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from checker.language.domains import BoundReached, Index, OutOfRange
from checker.language.values import Bag, Each, Map, Seq, Set, freeze

DENSE_LIMIT = 1 << 16
"""More values than this are not numbered one by one."""

BITSET_LIMIT = 64
"""A set over at most this many values keeps one bit for each."""


@dataclass(frozen=True)
class Type:
    """A type; equal types have equal values and equal layouts."""

    @property
    def count(self) -> int | None:
        """How many values a dense type has; None for a type that is not dense."""
        return None

    @property
    def choices(self) -> int | None:
        """How many values `universe` lists; None where there are too many to try each."""
        return self.count

    @property
    def dense(self) -> bool:
        """Whether values are numbered 0 … count-1."""
        return self.count is not None

    def universe(self) -> Iterator[Any]:
        """Every value of a type that has `choices`, in their order; a dense one's by number."""
        raise TypeError(f"{self} has too many values to list")

    def number(self, value: Any) -> int:  # noqa: ARG002 - for those that do
        """The number of a value of a dense type; ValueError where it is none of them."""
        raise TypeError(f"{self} does not number its values")

    def admit(self, value: Any) -> None:
        """Check that a place of this type can hold `value`: BoundReached, OutOfRange."""
        if not contains(self, value):
            raise offence(self, value)

    def claim(self, held: Any) -> None:
        """Let what a place of this type holds know so, where it can change in place."""


@dataclass(frozen=True)
class BoolType(Type):
    """False and True."""

    @property
    def count(self) -> int:
        return 2

    def universe(self) -> Iterator[bool]:
        return iter((False, True))

    def number(self, value: Any) -> int:
        return int(value)

    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True)
class IntType(Type):
    """An integer of low … high.  Without bounds: one that is being computed, never stored.

    `bound` names the Counter that set `high`: passing it ends exploration there, instead of
    being a defect.
    """

    low: int | None = None
    high: int | None = None
    bound: str | None = None

    @property
    def count(self) -> int | None:
        if self.low is None or self.high is None or self.high - self.low >= DENSE_LIMIT:
            return None
        return self.high - self.low + 1

    def universe(self) -> Iterator[int]:
        if self.low is None or self.high is None:
            return super().universe()
        return iter(range(self.low, self.high + 1))

    def number(self, value: Any) -> int:
        if self.low is None or self.high is None or not self.low <= value <= self.high:
            raise ValueError(f"{value} is outside {self}")
        return int(value) - self.low

    def __str__(self) -> str:
        if self.low is None:
            return "int"
        return self.bound or f"{self.low}..{self.high}"


INTEGER = IntType()
BOOL = BoolType()


@dataclass(frozen=True)
class EnumType(Type):
    """The members of an Enum class, in the order of their definition."""

    cls: type[Enum]

    @property
    def count(self) -> int:
        return len(self.cls)

    def universe(self) -> Iterator[Enum]:
        return iter(self.cls)

    def number(self, value: Any) -> int:
        return list(self.cls).index(value)

    def __str__(self) -> str:
        return self.cls.__name__


@dataclass(frozen=True)
class IndexType(Type):
    """The values of an Index class at its configured size."""

    cls: type[Index]
    size: int

    @property
    def count(self) -> int:
        return self.size

    @property
    def symmetric(self) -> bool:
        """Whether the values are interchangeable, and so have no order."""
        return self.cls.symmetric

    def universe(self) -> Iterator[Index]:
        return (self.cls(position) for position in range(self.size))

    def number(self, value: Any) -> int:
        if type(value) is not self.cls or value.position >= self.size:
            raise ValueError(f"{value!r} is outside {self} of {self.size}")
        return int(value.position)

    def __str__(self) -> str:
        return self.cls.__name__


@dataclass(frozen=True)
class OptionType(Type):
    """None, or a value of `item`.  None has number 0."""

    item: Type

    @cached_property
    def count(self) -> int | None:
        return _dense(None if self.item.count is None else self.item.count + 1)

    @cached_property
    def choices(self) -> int | None:
        return _dense(None if self.item.choices is None else self.item.choices + 1)

    def universe(self) -> Iterator[Any]:
        yield None
        yield from self.item.universe()

    def number(self, value: Any) -> int:
        return 0 if value is None else 1 + self.item.number(value)

    def claim(self, held: Any) -> None:
        if held is not None:
            self.item.claim(held)

    def __str__(self) -> str:
        return f"{self.item} | None"


@dataclass(frozen=True)
class StructType(Type):
    """Named fields: what records, parts and machines have in common."""

    cls: type[Any]
    fields: tuple[tuple[str, Type], ...]

    def field(self, name: str) -> Type | None:
        """The type of the field `name`, or None where there is none."""
        return dict(self.fields).get(name)

    def __str__(self) -> str:
        return self.cls.__name__


@dataclass(frozen=True)
class RecordType(StructType):
    """An immutable record.  The first field is the most significant in its number."""

    @cached_property
    def count(self) -> int | None:
        counts = [kind.count for _, kind in self.fields]
        return _dense(None if None in counts else math.prod(n for n in counts if n is not None))

    @cached_property
    def choices(self) -> int | None:
        each = [kind.choices for _, kind in self.fields]
        return _dense(None if None in each else math.prod(n for n in each if n is not None))

    def universe(self) -> Iterator[Any]:
        def build(chosen: tuple[Any, ...]) -> Iterator[Any]:
            if len(chosen) == len(self.fields):
                yield self.cls(*chosen)
                return
            for item in self.fields[len(chosen)][1].universe():
                yield from build((*chosen, item))

        return build(())

    def number(self, value: Any) -> int:
        number = 0
        for name, kind in self.fields:
            number = number * (kind.count or 0) + kind.number(getattr(value, name))
        return number


@dataclass(frozen=True)
class PartType(StructType):
    """A mutable struct.  Never dense: it is state, not a value that is passed about.

    `bound` gives what the type variables of a generic part stand for.
    """

    bound: tuple[tuple[Any, Type], ...] = ()

    def claim(self, held: Any) -> None:
        held.__dict__["_kind"] = self
        for name, kind in self.fields:
            kind.claim(held.__dict__[name])


@dataclass(frozen=True)
class UnionType(Type):
    """One of several records, ordered by the declaration of their classes."""

    options: tuple[RecordType, ...]

    @cached_property
    def count(self) -> int | None:
        counts = [option.count for option in self.options]
        return _dense(None if None in counts else sum(n for n in counts if n is not None))

    @cached_property
    def choices(self) -> int | None:
        each = [option.choices for option in self.options]
        return _dense(None if None in each else sum(n for n in each if n is not None))

    def universe(self) -> Iterator[Any]:
        for option in self.options:
            yield from option.universe()

    def number(self, value: Any) -> int:
        base = 0
        for option in self.options:
            if type(value) is option.cls:
                return base + option.number(value)
            base += option.count or 0
        raise ValueError(f"{value!r} is not one of {self}")

    def __str__(self) -> str:
        return " | ".join(map(str, self.options))


@dataclass(frozen=True)
class MapType(Type):
    """A total map from a dense key."""

    key: Type
    value: Type

    @cached_property
    def choices(self) -> int | None:
        each, keys = self.value.choices, self.key.count or 0
        if each is None or (each > 1 and keys >= DENSE_LIMIT.bit_length()):
            return None
        return _dense(each**keys)

    def universe(self) -> Iterator[Any]:
        keys = list(self.key.universe())
        for values in itertools.product(list(self.value.universe()), repeat=len(keys)):
            yield freeze(Map(dict(zip(keys, values, strict=True))))

    def admit(self, value: Any) -> None:
        if isinstance(value, Each):
            self.value.admit(value.value)
        else:
            super().admit(value)

    def claim(self, held: Any) -> None:
        held._kind = self
        for inner in held.values():
            self.value.claim(inner)

    def __str__(self) -> str:
        return f"Map[{self.key}, {self.value}]"


@dataclass(frozen=True)
class CollectionType(Type):
    """A container of at most `capacity` elements; `bound` names the capacity, where it has one."""

    item: Type
    capacity: int
    bound: str | None = None

    def room(self, size: int) -> bool:
        """Whether there can be so many elements."""
        return size <= self.capacity

    def admit_size(self, size: int) -> None:
        """Check that there can be so many elements: BoundReached."""
        if not self.room(size):
            raise BoundReached(bound_name(self))

    def claim(self, held: Any) -> None:
        held._kind = self


@dataclass(frozen=True)
class SetType(CollectionType):
    """A set.  Over a small dense type it has one bit a value, and no other capacity."""

    @property
    def bits(self) -> int | None:
        """How many bits the one-bit-a-value form has; None where elements are listed."""
        count = self.item.count
        return count if count is not None and count <= BITSET_LIMIT else None

    @property
    def choices(self) -> int | None:
        return None if self.bits is None else _dense(1 << self.bits)

    def room(self, size: int) -> bool:
        return self.bits is not None or size <= self.capacity

    def universe(self) -> Iterator[Any]:
        values = list(self.item.universe())
        for number in range(self.choices or 0):
            yield freeze(Set(value for bit, value in enumerate(values) if number >> bit & 1))

    def __str__(self) -> str:
        return f"Set[{self.item}]"


@dataclass(frozen=True)
class SeqType(CollectionType):
    """A sequence."""

    def __str__(self) -> str:
        return f"Seq[{self.item}]"


@dataclass(frozen=True)
class BagType(CollectionType):
    """A multiset."""

    def __str__(self) -> str:
        return f"Bag[{self.item}]"


HELD: Mapping[type[Type], type[Set[Any] | Seq[Any] | Bag[Any]]] = {
    SetType: Set,
    SeqType: Seq,
    BagType: Bag,
}
"""What holds a collection in CPython."""


def bound_name(kind: CollectionType) -> str:
    """What a capacity is called when it is reached."""
    return kind.bound or f"{kind} of {kind.capacity}"


def _dense(count: int | None) -> int | None:
    return count if count is not None and count <= DENSE_LIMIT else None


def contains(kind: Type, value: Any) -> bool:
    """Whether `value`, as CPython holds it, belongs to `kind`."""
    match kind:
        case BoolType():
            return isinstance(value, bool)
        case IntType(low, high):
            good = isinstance(value, int) and not isinstance(value, bool)
            return good and (low is None or low <= value) and (high is None or value <= high)
        case EnumType(cls):
            return isinstance(value, cls)
        case IndexType(cls, size):
            return type(value) is cls and value.position < size
        case OptionType(item):
            return value is None or contains(item, value)
        case StructType(cls, named):
            return type(value) is cls and all(contains(k, getattr(value, n)) for n, k in named)
        case UnionType(options):
            return any(contains(option, value) for option in options)
        case MapType(key, item):
            return (
                isinstance(value, Map)
                and list(value) == list(key.universe())
                and all(contains(item, v) for v in value.values())
            )
        case CollectionType(item):
            return (
                isinstance(value, HELD[type(kind)])
                and kind.room(len(value))
                and all(contains(item, element) for element in value)
            )
        case _:
            raise TypeError(f"{kind} is not a type of the language")


def offence(kind: Type, value: Any) -> BoundReached | OutOfRange:
    """Why `value` is none of `kind`: the first component that is past a bound or outside."""
    match kind:
        case IntType(_, high, str(bound)) if isinstance(value, int) and high is not None:
            if value > high:
                return BoundReached(bound)
        case OptionType(item) if value is not None:
            return offence(item, value)
        case UnionType(options):
            for option in options:
                if type(value) is option.cls:
                    return offence(option, value)
        case StructType(cls, named) if type(value) is cls:
            return _first((own, getattr(value, name)) for name, own in named)
        case MapType(key, item) if isinstance(value, Map) and list(value) == list(key.universe()):
            return _first((item, inner) for inner in value.values())
        case CollectionType(item) if isinstance(value, HELD[type(kind)]):
            outside = [element for element in value if not contains(item, element)]
            return offence(item, outside[0]) if outside else BoundReached(bound_name(kind))
    return OutOfRange(f"{value!r} is outside {_extent(kind)}")


def _first(components: Iterable[tuple[Type, Any]]) -> BoundReached | OutOfRange:
    return next(offence(kind, value) for kind, value in components if not contains(kind, value))


def _extent(kind: Type) -> str:
    return f"{kind.low}..{kind.high}" if isinstance(kind, IntType) else str(kind)


def symmetric_domains(kind: Type) -> frozenset[type[Index]]:
    """The symmetric Index classes that values of `kind` mention."""
    match kind:
        case IndexType(cls):
            return frozenset({cls} if cls.symmetric else ())
        case OptionType(item) | CollectionType(item):
            return symmetric_domains(item)
        case StructType(_, named):
            return frozenset().union(*(symmetric_domains(k) for _, k in named))
        case UnionType(options):
            return frozenset().union(*map(symmetric_domains, options))
        case MapType(key, value):
            return symmetric_domains(key) | symmetric_domains(value)
        case _:
            return frozenset()
