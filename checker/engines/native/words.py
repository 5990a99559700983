"""Words: how a state lies in 64-bit words, so that no scalar crosses from one into the next.

    small   a type of at most 64 bits lies within one word, its components side by side
    large   a larger one starts at a word; its small components fill words without crossing,
            its large ones start at words of their own

Maps, and the slots of sequences and listed sets and bags, are rows of equal items: several to a
word where they are small.  A slot holds `number + 1` of a dense element, so that 0 is empty, and
otherwise a bit that says whether it is taken, then the element.

The lowest bit of a state's first word is always 1: a word of zeros is a free slot of the table.
Bits that nothing uses are 0, so that equal states are equal words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from checker.errors import EngineError
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
from checker.language.values import Map, Set, freeze, order

WORD = 64
LARGEST_STORED = 1 << 62
"""The largest integer in a state, and its negative the least: their difference fits 64 bits."""


@dataclass(frozen=True)
class Component:
    """A part of a larger value: its room, and where it starts in it."""

    name: str
    room: Room
    word: int
    bit: int


@dataclass(frozen=True)
class Row:
    """`count` items of equal room, `per_word` to a word; large ones one after another."""

    item: Room
    count: int

    @property
    def per_word(self) -> int:
        """How many small items lie in a word."""
        return WORD // max(1, self.item.width)


@dataclass(frozen=True)
class Room:
    """What a type takes: `width` bits within a word, or, where `words` is not 0, whole words.

    components  of a struct; of an option "some" and "value"; of a union "tag" and the records
    row         of a map, or the slots of a listed collection
    """

    type: Type
    width: int
    words: int = 0
    components: tuple[Component, ...] = ()
    row: Row | None = None

    @property
    def scalar(self) -> bool:
        """Whether a value is one number: dense, or a set with one bit a value."""
        return not self.components and self.row is None and self.words == 0

    def component(self, name: str) -> Component:
        """The component of that name; KeyError where there is none."""
        for found in self.components:
            if found.name == name:
                return found
        raise KeyError(name)


class Rooms:
    """The room of each type, made once."""

    def __init__(self) -> None:
        self._known: dict[Type, Room] = {}

    def of(self, kind: Type) -> Room:
        """The room of a type."""
        found = self._known.get(kind)
        if found is None:
            found = self._known[kind] = self._made(kind)
        return found

    def state(self, kind: StructType) -> Room:
        """The room of a whole state: large, with the lowest bit of the first word taken."""
        parts = [("", Room(kind, 1)), *((name, self.of(own)) for name, own in kind.fields)]
        room = _large(kind, parts)
        return Room(kind, 0, room.words, room.components[1:])

    def slot(self, kind: CollectionType) -> Room:
        """The room of one slot of a listed collection."""
        count = kind.item.count
        if count is not None:
            return Room(kind.item, count.bit_length())
        return _struct(kind.item, [("some", Room(kind.item, 1)), ("value", self.of(kind.item))])

    def _made(self, kind: Type) -> Room:
        if kind.count is not None:
            return Room(kind, (kind.count - 1).bit_length())
        match kind:
            case IntType(int(low), int(high)):
                if low < -LARGEST_STORED or high > LARGEST_STORED:
                    raise EngineError(
                        f"an integer of {kind} is too large for the native engine",
                        hint="the python engine, where integers have no end",
                    )
                return Room(kind, (high - low).bit_length())
            case SetType() if kind.bits is not None:
                return Room(kind, kind.bits)
            case StructType(fields=fields):
                return _struct(kind, [(name, self.of(own)) for name, own in fields])
            case OptionType(item):
                return _struct(kind, [("some", Room(kind, 1)), ("value", self.of(item))])
            case UnionType(options):
                return self._union(kind, options)
            case MapType(key, value):
                return _row(kind, Row(self.of(value), key.count or 0))
            case CollectionType():
                return _row(kind, Row(self.slot(kind), kind.capacity))
            case _:  # an integer without bounds
                raise TypeError(f"{kind} is never stored")

    def _union(self, kind: UnionType, options: tuple[Type, ...]) -> Room:
        """The records of a union lie over one another, behind the tag."""
        rooms = [self.of(option) for option in options]
        tag = Room(kind, (len(options) - 1).bit_length())
        names = [str(position) for position in range(len(options))]
        if all(not room.words for room in rooms):
            width = tag.width + max(room.width for room in rooms)
            if width <= WORD:
                over = [Component(n, r, 0, tag.width) for n, r in zip(names, rooms, strict=True)]
                return Room(kind, width, 0, (Component("tag", tag, 0, 0), *over))
        over = [Component(n, r, 1, 0) for n, r in zip(names, rooms, strict=True)]
        words = 1 + max(max(1, room.words) for room in rooms)
        return Room(kind, 0, words, (Component("tag", tag, 0, 0), *over))


def _struct(kind: Type, parts: list[tuple[str, Room]]) -> Room:
    width = sum(room.width for _, room in parts)
    if any(room.words for _, room in parts) or width > WORD:
        return _large(kind, parts)
    bit, found = 0, []
    for name, room in parts:
        found.append(Component(name, room, 0, bit))
        bit += room.width
    return Room(kind, width, 0, tuple(found))


def _large(kind: Type, parts: list[tuple[str, Room]]) -> Room:
    word, bit, found = 0, 0, []
    for name, room in parts:
        if bit and (room.words or bit + room.width > WORD):
            word, bit = word + 1, 0
        found.append(Component(name, room, word, bit))
        if room.words:
            word += room.words
        else:
            bit += room.width
    return Room(kind, 0, word + bool(bit), tuple(found))


def _row(kind: Type, row: Row) -> Room:
    if row.item.words:
        return Room(kind, 0, row.item.words * row.count, row=row)
    if row.item.width * row.count <= WORD:
        return Room(kind, row.item.width * row.count, 0, row=row)
    return Room(kind, 0, -(-row.count // row.per_word), row=row)


def address(component: Component) -> int:
    """Where a component starts in its whole, in bits."""
    return component.word * WORD + component.bit


def item_address(row: Row, position: int) -> int:
    """Where an item of a row starts, in bits."""
    if row.item.words:
        return row.item.words * WORD * position
    word, place = divmod(position, row.per_word)
    return word * WORD + place * row.item.width


class Codec:
    """Values of Python to bits and back; word w of a value is its bits 64 w … 64 w + 63."""

    def __init__(self, rooms: Rooms, state: StructType) -> None:
        self._state = rooms.state(state)
        self._universe: dict[Type, list[Any]] = {}

    @property
    def words(self) -> int:
        """How many words a state takes."""
        return self._state.words

    def pack(self, state: Snapshot) -> list[int]:
        """The words of a state."""
        bits = 1 | self._struct(self._state, state)
        return [bits >> WORD * word & (1 << WORD) - 1 for word in range(self.words)]

    def unpack(self, words: Sequence[int]) -> Snapshot:
        """The state with these words."""
        bits = sum(word << WORD * position for position, word in enumerate(words))
        found: Snapshot = self._value(self._state, bits)
        return found

    def _scalar(self, kind: Type, number: int) -> Any:
        """The value of a scalar type with that number."""
        if isinstance(kind, IntType):
            return number + (kind.low or 0)
        if isinstance(kind, SetType):
            return freeze(Set(v for n, v in enumerate(self._values(kind.item)) if number >> n & 1))
        return self._values(kind)[number]

    def _values(self, kind: Type) -> list[Any]:
        if kind not in self._universe:
            self._universe[kind] = list(kind.universe())
        return self._universe[kind]

    # -------------------------------------------------------- to bits

    def _bits(self, room: Room, value: Any) -> int:
        kind = room.type
        if isinstance(kind, IntType):
            return int(value) - (kind.low or 0)
        if kind.dense:
            return kind.number(value)
        match kind:
            case SetType() if kind.bits is not None:
                return sum(1 << kind.item.number(item) for item in value)
            case StructType():
                return self._struct(room, value)
            case OptionType():
                if value is None:
                    return 0
                inner = room.component("value")
                return 1 | self._bits(inner.room, value) << address(inner)
            case UnionType(options):
                tag = [option.cls for option in options].index(type(value))
                inner = room.component(str(tag))
                return tag | self._bits(inner.room, value) << address(inner)
            case MapType():
                return self._row(room, list(value.values()))
            case _:
                assert isinstance(kind, CollectionType)
                items = list(value) if isinstance(kind, SeqType) else sorted(value._data, key=order)
                return self._slots(room, items)

    def _struct(self, room: Room, value: Any) -> int:
        bits = 0
        for component in room.components:
            inner = self._bits(component.room, getattr(value, component.name))
            bits |= inner << address(component)
        return bits

    def _row(self, room: Room, values: list[Any]) -> int:
        assert room.row is not None
        bits = 0
        for position, value in enumerate(values):
            bits |= self._bits(room.row.item, value) << item_address(room.row, position)
        return bits

    def _slots(self, room: Room, items: list[Any]) -> int:
        row = room.row
        assert row is not None
        bits = 0
        for position, item in enumerate(items):
            if row.item.scalar:
                inner = row.item.type.number(item) + 1
            else:
                value = row.item.component("value")
                inner = 1 | self._bits(value.room, item) << address(value)
            bits |= inner << item_address(row, position)
        return bits

    # -------------------------------------------------------- from bits

    def _value(self, room: Room, bits: int) -> Any:
        kind = room.type
        if room.scalar:
            return self._scalar(kind, bits & (1 << room.width) - 1)
        match kind:
            case PartType(cls=cls):
                return Snapshot(cls, tuple((c.name, self._at(c, bits)) for c in room.components))
            case StructType(cls=cls):
                return cls(*(self._at(component, bits) for component in room.components))
            case OptionType():
                return self._at(room.component("value"), bits) if bits & 1 else None
            case UnionType():
                tag = bits & (1 << room.component("tag").room.width) - 1
                return self._at(room.component(str(tag)), bits)
            case MapType(key):
                row = room.row
                assert row is not None
                keys = self._values(key)
                places = [bits >> item_address(row, n) for n in range(row.count)]
                return freeze(
                    Map(dict(zip(keys, (self._value(row.item, b) for b in places), strict=True)))
                )
            case _:
                assert isinstance(kind, CollectionType)
                return freeze(HELD[type(kind)](self._taken(room, bits)))

    def _at(self, component: Component, bits: int) -> Any:
        return self._value(component.room, bits >> address(component))

    def _taken(self, room: Room, bits: int) -> Iterator[Any]:
        row = room.row
        assert row is not None
        for position in range(row.count):
            place = bits >> item_address(row, position)
            if not row.item.scalar:
                if place & 1:
                    yield self._at(row.item.component("value"), place)
            elif number := place & (1 << row.item.width) - 1:
                yield self._values(row.item.type)[number - 1]
