"""A request as the pieces that it is written in, so that each can be damaged on its own.

Kafka's schemas say what a request consists of: numbers, lengths, texts, bytes, record batches, and
the places where tagged fields may stand.  What is written here is a list of such pieces, each with
the bytes that stand for it; joined they are the request.  Nothing of the broker's own encoder is
used, so that a mistake which reader and writer share does not hide behind it.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, is_dataclass
from functools import cache
from typing import Any
from uuid import UUID

from kio.index import load_request_schema

from broker.wire.apis import Api
from broker.wire.codec import Shape, shapes

NUMBER, LENGTH, TEXT, BYTES, RECORDS, TAGS, PRESENT = range(7)
"""What a piece is: `PRESENT` says whether a struct is there, `TAGS` is the tagged fields of one."""

FORMS = {
    "int8": ">b",
    "int16": ">h",
    "int32": ">i",
    "int64": ">q",
    "uint16": ">H",
    "float64": ">d",
    "bool": ">?",
    "error_code": ">h",
    "timedelta_i32": ">i",
    "timedelta_i64": ">q",
    "datetime_i64": ">q",
}
_WIDE = (0, 1, -1, -2, -3, 5, 10_000, (1 << 63) - 1, -(1 << 63))
_VALUES: dict[str, tuple[Any, ...]] = {
    "bool": (True, False),
    "float64": (0.5,),
    "int8": (0, 1, 2, -1, 4, 127, -128),
    "int16": (0, 1, -1, 3, 32_767),
    "uint16": (0, 1, 65_535),
    "error_code": (0, 1),
    "int32": (0, 0, 1, 1, -1, 5, 10_000, (1 << 31) - 1, -(1 << 31)),
    "timedelta_i32": (0, 0, 1, -1, 10, (1 << 31) - 1),
    "string": ("t", "c", "g", "", "range", "consumer", "0", "__consumer_offsets", "x" * 300),
    "bytes": (b"", b"\0\1", bytes(10)),
}
_TEXT_LENGTH, _ITEM_LENGTH = ">h", ">i"


@dataclass(frozen=True)
class Piece:
    """A part of a request that means something by itself.

    compact  of a length: written as an unsigned varint, one more than it is
    form     of a length or a number: how `struct` writes it
    """

    kind: int
    data: bytes
    compact: bool = False
    form: str = ""


def varint(value: int, padding: int = 0) -> bytes:
    """An unsigned varint, with so many bytes more than it needs."""
    out = bytearray()
    while value > 0x7F or padding:
        padding -= value <= 0x7F
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def length(value: int, form: str, *, compact: bool) -> Piece:
    """A length; -1 stands for null."""
    data = varint(value + 1) if compact else struct.pack(form, value)
    return Piece(LENGTH, data, compact, form)


@cache
def _schema(key: int, version: int) -> type:
    found: type = load_request_schema(key, version)
    return found


@cache
def _shapes(cls: type) -> tuple[Shape, ...]:
    return tuple(shapes(cls))


class Requests:
    """Valid requests with odd values, from a source of randomness.

    ids      of topics that there are
    batches  what is sent as records
    """

    def __init__(
        self, draw: random.Random, batches: tuple[bytes, ...], ids: tuple[UUID, ...] = ()
    ) -> None:
        self._draw = draw
        self._values = {**_VALUES, "records": batches, "uuid": (*ids, UUID(int=0), UUID(int=3))}

    def pieces(self, api: Api, version: int, correlation: int = 1) -> list[Piece]:
        """One request of this kind: its header, and then its body."""
        found = [
            Piece(NUMBER, struct.pack(form, value), form=form)
            for form, value in ((">h", api.key), (">h", version), (">i", correlation))
        ]
        name = self._draw.choice((None, b"", b"fuzz"))
        found.append(length(-1 if name is None else len(name), _TEXT_LENGTH, compact=False))
        found.append(Piece(TEXT, name or b""))
        if version >= api.flexible:
            found.append(Piece(TAGS, b"\0"))
        self._struct(_schema(api.key, version), found)
        return found

    def _struct(self, cls: Any, found: list[Piece]) -> None:
        flexible, tagged = bool(cls.__flexible__), []
        for shape in _shapes(cls):
            if shape.tag is None:
                self._field(shape, found, flexible=flexible)
            elif self._draw.random() < 0.3:
                inner: list[Piece] = []
                self._field(shape, inner, flexible=flexible)
                data = b"".join(piece.data for piece in inner)
                tagged.append(varint(shape.tag) + varint(len(data)) + data)
        if flexible:
            found.append(Piece(TAGS, varint(len(tagged)) + b"".join(tagged)))

    def _field(self, shape: Shape, found: list[Piece], *, flexible: bool) -> None:
        absent = shape.nullable and shape.tag is None and self._draw.random() < 0.15
        if not shape.array:
            self._item(shape, found, flexible=flexible, absent=absent)
            return
        count = -1 if absent else self._draw.choice((0, 1, 1, 1, 2))
        found.append(length(count, _ITEM_LENGTH, compact=flexible))
        for _ in range(count):
            self._item(shape, found, flexible=flexible, absent=False)

    def _item(self, shape: Shape, found: list[Piece], *, flexible: bool, absent: bool) -> None:
        kind = shape.kind
        if is_dataclass(kind):
            if shape.nullable and not shape.array and shape.tag is None:
                found.append(Piece(PRESENT, b"\xff" if absent else b"\1"))
            if not absent:
                self._struct(kind, found)
            return
        value = self._draw.choice(self._values.get(kind, _WIDE))
        if kind == "uuid":
            found.append(Piece(BYTES, value.bytes))
        elif kind in FORMS:
            found.append(Piece(NUMBER, struct.pack(FORMS[kind], value), form=FORMS[kind]))
        else:
            data = value.encode() if kind == "string" else value
            form = _TEXT_LENGTH if kind == "string" else _ITEM_LENGTH
            found.append(length(-1 if absent else len(data), form, compact=flexible))
            content = {"string": TEXT, "bytes": BYTES, "records": RECORDS}[kind]
            found.append(Piece(content, b"" if absent else data))
