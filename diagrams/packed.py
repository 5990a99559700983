"""What a view shows of packed states, and which messages a step takes, without unpacking them.

A packed state is one integer (`checker.engines.layout`).  A slot of a view lies in some of its
bits, as far as its way leads through parts and maps; what lies inside a value from there on
(a field of an optional record) is read from the value.  The bits of a place are unpacked once
for each value that they take.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

from checker.engines.layout import Layout
from checker.language.types import (
    CollectionType,
    MapType,
    OptionType,
    PartType,
    RecordType,
    Type,
    UnionType,
)
from checker.verdict import Change
from diagrams.exchange import exchanged
from diagrams.paths import Slot, View, available, bind
from diagrams.projection import ROOM, Sight


def sight(view: View, layout: Layout) -> Sight:
    """How a view sees packed states: its key is the state without all other bits."""
    places = [Place.of(slot, layout) for slot in view.slots]
    mask = _mask(places)
    return Sight(
        lambda state: state & mask, lambda key: tuple([place.read(key) for place in places])
    )


@dataclass(frozen=True)
class Place:
    """Where a slot of a view lies in packed states: as bits, and from there on by `below`."""

    shift: int
    layout: Layout
    below: Slot
    known: dict[int, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, slot: Slot, layout: Layout) -> Self:
        """Follow the slot's way through parts and maps; what is inside a value is below."""
        shift, rest = 0, list(slot.steps)
        while rest and isinstance(layout.type, PartType | MapType):
            shift, layout = _inside(layout, rest.pop(0), shift)
        return cls(shift, layout, replace(slot, steps=tuple(rest)))

    def read(self, state: int) -> Any:
        """What the slot holds."""
        bits = state >> self.shift & self.layout.mask
        if bits not in self.known:
            self.known[bits] = self.below.get(self.layout.unpack(bits))
        return self.known[bits]


def _inside(layout: Layout, step: Any, shift: int) -> tuple[int, Layout]:
    """Where a field or key lies within bits that are `shift` from the right."""
    if isinstance(layout.type, PartType):
        slot = layout.slot(step)
        return shift + slot.shift, slot.layout
    assert layout.item is not None
    behind = len(layout.keys) - 1 - layout.keys.index(step)
    return shift + layout.item.width * behind, layout.item


class Mail:
    """The places of a state in which messages can be, and what a step takes out of them."""

    def __init__(self, state: PartType, layout: Layout) -> None:
        views = [bind(path, state) for path in available(state)]
        slots = [slot for view in views if _holds_messages(view.type) for slot in view.slots]
        self._places = [(slot.path, Place.of(slot, layout)) for slot in slots]
        self._mask = _mask([place for _, place in self._places])
        self._known: dict[tuple[int, int], str] = {}

    def taken(self, before: int, after: int) -> str:
        """`(JoinGroupRequest)`: the kinds of the messages that are gone; empty for none."""
        key = before & self._mask, after & self._mask
        if key[0] == key[1]:
            return ""
        if key not in self._known:
            if len(self._known) > ROOM:
                self._known.clear()
            self._known[key] = self._compared(*key)
        return self._known[key]

    def _compared(self, before: int, after: int) -> str:
        changes = [
            Change(path, place.read(before), place.read(after))
            for path, place in self._places
            if place.read(before) != place.read(after)
        ]
        kinds = {type(message).__name__ for message in exchanged(changes)[1]}
        return f"({', '.join(sorted(kinds))})" if kinds else ""


def _holds_messages(kind: Type) -> bool:
    return isinstance(kind, OptionType | CollectionType) and isinstance(
        kind.item, RecordType | UnionType
    )


def _mask(places: list[Place]) -> int:
    """Ones where any of the places lies."""
    mask = 0
    for place in places:
        mask |= place.layout.mask << place.shift
    return mask
