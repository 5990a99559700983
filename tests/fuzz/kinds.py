"""The types that random machines are made of, and the declarations that introduce them.

A `Vocabulary` is drawn for each machine: domains of small sizes (one value too), an enum, ranges
below and above 0, a counter, records that are numbered and records that are not, a union of
them, and a part.  Everything else is built from these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


@dataclass(frozen=True)
class Kind:
    """A type, by its annotation."""

    text: str


@dataclass(frozen=True)
class Truth(Kind):
    """bool."""


@dataclass(frozen=True)
class Number(Kind):
    """An integer of low … high; without bounds one that is being computed."""

    low: int | None = None
    high: int | None = None


@dataclass(frozen=True)
class Named(Kind):
    """The members of an enum, or the values of a domain.  `values` is empty where symmetric."""

    values: tuple[str, ...]
    size: int
    enum: bool


@dataclass(frozen=True)
class Maybe(Kind):
    """A value or None."""

    item: Kind


@dataclass(frozen=True)
class Struct(Kind):
    """A record."""

    fields: tuple[tuple[str, Kind], ...]


@dataclass(frozen=True)
class OneOf(Kind):
    """A union of records."""

    options: tuple[Struct, ...]


@dataclass(frozen=True)
class Table(Kind):
    """A map."""

    key: Kind
    value: Kind


@dataclass(frozen=True)
class Many(Kind):
    """A set, sequence or bag."""

    form: str
    item: Kind


@dataclass(frozen=True)
class Component(Kind):
    """A part."""

    fields: tuple[tuple[str, Kind], ...]


BOOL = Truth("bool")
WHOLE = Number("int")


class Drawing:
    """What draws: Hypothesis, a little easier to ask."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def number(self, low: int, high: int) -> int:
        """An integer of low … high."""
        return int(self._draw(st.integers(low, high)))

    def one(self, items: Sequence[T]) -> T:
        """One of several."""
        found: T = items[self.number(0, len(items) - 1)]
        return found

    def chance(self, of_ten: int) -> bool:
        """True so many times out of ten."""
        return self.number(0, 9) >= 10 - of_ten


@dataclass(frozen=True)
class Vocabulary:
    """The names that a machine may use."""

    index: Named
    peer: Named
    color: Named
    small: Number
    big: Number
    count: Number
    pair: Struct
    plain: Struct
    wide: Struct
    letter: OneOf
    note: OneOf
    declarations: str

    @property
    def domains(self) -> tuple[Named, ...]:
        """What can be iterated as it stands."""
        return (self.index, self.peer, self.color)

    def scalar(self, drawing: Drawing, *, symmetric: bool = True) -> Kind:
        """A type whose values are numbered."""
        some: list[Kind] = [BOOL, self.index, self.color, self.small, self.count]
        return drawing.one([*some, self.peer] if symmetric else some)

    def key(self, drawing: Drawing) -> Kind:
        """A type that a map may have for its keys."""
        return self.pair if drawing.chance(3) else self.scalar(drawing)

    def value(self, drawing: Drawing, *, symmetric: bool = True) -> Kind:
        """A type whose values can be elements: scalars, and what is put together from them."""
        match drawing.number(0, 9):
            case 0:
                return self.pair
            case 1:
                return drawing.one((self.letter, self.letter, self.note))
            case 2:
                inner = self.scalar(drawing)
                return Maybe(f"{inner.text} | None", inner)
            case 3:
                return self.wide
            case 4 if drawing.chance(5):
                return self.many(drawing, self.scalar(drawing))
            case 5 if drawing.chance(3):
                return self.big
            case _:
                return self.scalar(drawing, symmetric=symmetric)

    def many(self, drawing: Drawing, item: Kind) -> Many:
        """A container of `item`."""
        form = drawing.one(("Set", "Seq", "Bag"))
        limit = drawing.one(("2", "3", '"Room", default=2'))
        if form == "Set" and isinstance(item, Truth | Named) and drawing.chance(3):
            return Many(f"Set[{item.text}]", form, item)
        return Many(f"Annotated[{form}[{item.text}], Capacity({limit})]", form, item)


def declared(kind: Kind) -> bool:
    """Whether a field of this type needs a default to be written."""
    return isinstance(kind, Truth | Number | Named | Struct | OneOf)


def vocabulary(drawing: Drawing) -> Vocabulary:
    """Draw the names of a machine."""
    few = (1, 2, 2, 3, 3)
    sizes = {"Node": drawing.one(few), "Peer": drawing.one(few), "Count": drawing.number(0, 3)}
    members = ("RED", "GREEN", "BLUE")[: drawing.one(few)]
    low = drawing.number(-3, 1)
    small = Number("Small", low, low + drawing.one((0, 1, 2, 3, 3, 4)))
    count = Number("Count", 0, sizes["Count"])
    index = Named("Node", tuple(f"Node({n})" for n in range(sizes["Node"])), sizes["Node"], False)
    peer = Named("Peer", (), sizes["Peer"], False)
    color = Named("Color", tuple(f"Color.{m}" for m in members), len(members), True)
    simple: list[Kind] = [BOOL, index, color, small, peer]
    pair = Struct("Pair", (("a", drawing.one(simple)), ("b", drawing.one(simple))))
    plain = Struct("Plain", ())
    inner = drawing.one([index, color, small, BOOL])
    form = drawing.one(("Set", "Seq", "Bag"))
    items = Many(f"Annotated[{form}[{inner.text}], Capacity(2)]", form, inner)
    big = Number("Big", -70_000, 1_000_000)
    note = OneOf("Note", (pair, plain))
    table = Table(f"Map[Color, {inner.text}]", color, inner)
    more = drawing.one([pair, note, table, big, Maybe(f"{inner.text} | None", inner)])
    wide = Struct("Wide", (("items", items), ("tag", drawing.one(simple)), ("more", more)))
    options = (pair, plain, wide) if drawing.chance(5) else (pair, plain)
    letter = OneOf("Letter", options)
    numbers = ", ".join(f"Color.{name}: {drawing.number(-2, 3)}" for name in members[:2])
    text = f"""\
class Node(Index, default={sizes["Node"]}):
    pass


class Peer(Index, symmetric=True, default={sizes["Peer"]}):
    pass


class Color(Enum):
    {"; ".join(f"{m} = {n}" for n, m in enumerate(members, 1))}


Small = Annotated[int, Range({small.low}, {small.high})]
Big = Annotated[int, Range({big.low}, {big.high})]
Count = Annotated[int, Counter("Count", default={sizes["Count"]})]
{_record(pair, "self.a == self.a")}{_record(plain, "True")}{_record(wide, "len(self.items) > 0")}

Letter = {" | ".join(option.text for option in options)}
Note = Pair | Plain
NUMBERS = {{{numbers}}}
"""
    return Vocabulary(index, peer, color, small, big, count, pair, plain, wide, letter, note, text)


def _record(kind: Struct, marked: str) -> str:
    fields = "".join(f"    {name}: {own.text}\n" for name, own in kind.fields)
    method = f"    def marked(self) -> bool:\n        return {marked}\n"
    return f"\n\nclass {kind.text}(Record):\n{fields}\n{method}"
