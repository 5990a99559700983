"""Places: paths into a packed state, as words and bits of an array."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from checker.engines.native.shapes import Shapes, row_place
from checker.engines.native.words import Room
from checker.language.ir import At, Expr, Get, Var
from checker.language.types import MapType, StructType


@dataclass(frozen=True)
class Place:
    """`room` within an array: a constant number of words and bits, and texts to be added.

    `setup` is the statements that compute keys that can fail, in the order of the path.
    """

    array: str
    room: Room
    word: int = 0
    bit: int = 0
    words: tuple[str, ...] = ()
    bits: tuple[str, ...] = ()
    setup: str = ""

    def word_text(self) -> str:
        """The index of the word."""
        return " + ".join([str(self.word), *self.words]) if self.words else str(self.word)

    def bit_text(self) -> str:
        """The bit in that word."""
        return " + ".join([str(self.bit), *self.bits]) if self.bits else str(self.bit)


def place_of(
    expr: Expr, roots: Mapping[str, tuple[str, Room]], shapes: Shapes, key: Callable[[Expr], str]
) -> Place | None:
    """The place that a path names; None where an expression is no path into a packed state.

    `roots` gives the array and room of each root variable; `key` compiles the number of a key.
    """
    match expr:
        case Var(name=name):
            found = roots.get(name)
            return None if found is None else Place(found[0], found[1])
        case Get(base=base, name=name):
            if not isinstance(base.type, StructType) or base.type.dense:
                return None
            whole = place_of(base, roots, shapes, key)
            return None if whole is None else inside(whole, name)
        case At(base=base, key=index) if isinstance(base.type, MapType):
            whole = place_of(base, roots, shapes, key)
            return None if whole is None else _item(whole, index, key)
        case _:
            return None


def inside(whole: Place, name: str) -> Place:
    """The place of a component: of a field, of an option's value, of a union's tag or record."""
    inner = whole.room.component(name)
    return replace(whole, room=inner.room, word=whole.word + inner.word, bit=whole.bit + inner.bit)


def _item(whole: Place, index: Expr, key: Callable[[Expr], str]) -> Place:
    row = whole.room.row
    assert row is not None
    number = key(index)
    if number.isdecimal():
        position = int(number)
        if row.item.words:
            word, bit = row.item.words * position, 0
        elif whole.room.words:
            word, place = divmod(position, row.per_word)
            bit = place * row.item.width
        else:
            word, bit = 0, position * row.item.width
        return Place(
            whole.array, row.item, whole.word + word, whole.bit + bit, whole.words, whole.bits
        )
    word_text, bit_text = row_place(whole.room, f"({number})")
    words = whole.words if word_text == "0" else (*whole.words, f"({word_text})")
    bits = whole.bits if bit_text == "0" else (*whole.bits, f"({bit_text})")
    return Place(whole.array, row.item, whole.word, whole.bit, words, bits)
