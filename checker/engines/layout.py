"""Layouts: how the values of a type are laid out in bits, so that equal values have equal bits.

    dense types     their number, in as few bits as hold it; long ranges of integers likewise
    struct, map     fields and slots side by side, the first the most significant
    option          one bit that says whether there is a value, then the value
    union           the number of the record, then its bits, right-aligned
    set             one bit a value where that is short, else as a bag
    bag, set        slots of `code + 1`, the largest element first, then empty slots (0)
    sequence        slots of `code + 1`, the first element first, then empty slots

A packed state is one integer.  The order of packed values is the order of `values.order`, so
a backend sorts elements by comparing integers.  Every width is fixed when the machine is
configured: the same layout serves compiled engines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from checker.language.machine import Snapshot
from checker.language.types import (
    HELD,
    CollectionType,
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
from checker.language.values import Map, Set, freeze


@dataclass(frozen=True)
class Slot:
    """A component of a struct: its layout, and how far its bits are from the right."""

    name: str
    layout: Layout
    shift: int


@dataclass
class Layout:
    """The layout of a type.

    width   bits
    slots   of a struct that is not dense: its fields
    item    of an option, map, collection: the layout of what it holds
    keys    of a map: every key, in order
    """

    type: Type
    width: int
    slots: tuple[Slot, ...] = ()
    options: tuple[Layout, ...] = ()
    item: Layout | None = None
    keys: tuple[Any, ...] = ()
    _values: list[Any] = field(default_factory=list)

    @property
    def mask(self) -> int:
        """Ones over the whole width."""
        return (1 << self.width) - 1

    @property
    def slot_width(self) -> int:
        """Bits of one slot of a collection, in which 0 is empty."""
        assert self.item is not None
        count = self.item.type.count
        return count.bit_length() if count is not None else self.item.width + 1

    @property
    def tag_width(self) -> int:
        """Bits that say which record a union's value is, where the union is not dense."""
        return (len(self.options) - 1).bit_length()

    def slot(self, name: str) -> Slot:
        """The field of that name; KeyError where there is none."""
        for slot in self.slots:
            if slot.name == name:
                return slot
        raise KeyError(name)

    def values(self) -> list[Any]:
        """Every value of a dense type, by number."""
        if not self._values:
            self._values.extend(self.type.universe())
        return self._values

    def pack(self, value: Any) -> int:
        """The bits of a value; ValueError where it is none of the type."""
        kind = self.type
        if kind.dense or isinstance(kind, IntType):
            return kind.number(value)
        match kind:
            case StructType():
                packed = 0
                for slot in self.slots:
                    packed |= slot.layout.pack(getattr(value, slot.name)) << slot.shift
                return packed
            case OptionType():
                assert self.item is not None
                return 0 if value is None else 1 << self.item.width | self.item.pack(value)
            case UnionType(options):
                tag = [option.cls for option in options].index(type(value))
                body = self.options[tag].pack(value)
                return tag << (self.width - self.tag_width) | body
            case MapType():
                packed = 0
                assert self.item is not None
                for key in self.keys:
                    packed = packed << self.item.width | self.item.pack(value[key])
                return packed
            case SetType() if kind.bits is not None:
                return sum(1 << kind.item.number(item) for item in value)
            case CollectionType():
                return self._pack_slots(value)
            case _:
                raise TypeError(f"{kind} has no layout")

    def _pack_slots(self, value: Any) -> int:
        kind = self.type
        assert isinstance(kind, CollectionType)
        assert self.item is not None
        codes = [self.item.pack(item) + 1 for item in value._data]
        if len(codes) > kind.capacity:
            raise ValueError(f"{value} has more elements than {kind} of {kind.capacity}")
        if not isinstance(kind, SeqType):
            codes.sort(reverse=True)
        packed = 0
        for code in codes + [0] * (kind.capacity - len(codes)):
            packed = packed << self.slot_width | code
        return packed

    def unpack(self, packed: int) -> Any:
        """The value with those bits."""
        kind = self.type
        if kind.dense:
            return self.values()[packed]
        match kind:
            case IntType(low=int(low)):
                return low + packed
            case StructType(cls=cls):
                content = tuple(
                    (s.name, s.layout.unpack(packed >> s.shift & s.layout.mask)) for s in self.slots
                )
                if isinstance(kind, PartType):
                    return Snapshot(cls, content)
                return cls(*(value for _, value in content))
            case OptionType():
                assert self.item is not None
                return self.item.unpack(packed & self.item.mask) if packed else None
            case UnionType():
                body = self.width - self.tag_width
                option = self.options[packed >> body]
                return option.unpack(packed & ((1 << body) - 1))
            case MapType():
                assert self.item is not None
                found = {}
                for key in reversed(self.keys):
                    found[key] = self.item.unpack(packed & self.item.mask)
                    packed >>= self.item.width
                return freeze(Map({key: found[key] for key in self.keys}))
            case SetType() if kind.bits is not None:
                assert self.item is not None
                return freeze(Set(v for n, v in enumerate(self.item.values()) if packed >> n & 1))
            case CollectionType():
                return self._unpack_slots(packed)
            case _:
                raise TypeError(f"{kind} has no layout")

    def _unpack_slots(self, packed: int) -> Any:
        assert self.item is not None
        codes = []
        while packed:
            codes.append(packed & ((1 << self.slot_width) - 1))
            packed >>= self.slot_width
        items = [self.item.unpack(code - 1) for code in reversed(codes) if code]
        return freeze(HELD[type(self.type)](items))


def layout(kind: Type) -> Layout:
    """The layout of a type; TypeError for an integer that is never stored."""
    if kind.count is not None:
        found = Layout(kind, (kind.count - 1).bit_length())
        if isinstance(kind, OptionType):
            found.item = layout(kind.item)
        return found
    match kind:
        case IntType(low=int(low), high=int(high)):
            return Layout(kind, (high - low).bit_length())
        case StructType(fields=fields):
            shift, slots = 0, []
            for name, own in reversed(fields):
                inner = layout(own)
                slots.append(Slot(name, inner, shift))
                shift += inner.width
            return Layout(kind, shift, slots=tuple(reversed(slots)))
        case OptionType(item):
            inner = layout(item)
            return Layout(kind, 1 + inner.width, item=inner)
        case UnionType(options):
            inners = tuple(layout(option) for option in options)
            width = max(inner.width for inner in inners) + (len(options) - 1).bit_length()
            return Layout(kind, width, options=inners)
        case MapType(key, value):
            inner, keys = layout(value), tuple(key.universe())
            return Layout(kind, inner.width * len(keys), item=inner, keys=keys)
        case SetType() if kind.bits is not None:
            return Layout(kind, kind.bits, item=layout(kind.item))
        case CollectionType(item, capacity):
            found = Layout(kind, 0, item=layout(item))
            found.width = found.slot_width * capacity
            return found
        case _:
            raise TypeError(f"{kind} is never stored")
