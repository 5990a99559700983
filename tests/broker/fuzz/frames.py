"""Frames that are none, or nearly: requests of every kind with something wrong about them.

    lengths    huge, negative, one too many or too few, null; varints longer than they need be,
               longer than 32 bits, or without an end
    texts      that are not UTF-8
    numbers    the smallest, the largest, and those about zero
    tags       counted wrong, twice, out of order, longer than the message
    records    each damage of `batches`
    pieces     left out, twice, in another's place
    bytes      flipped, cut off anywhere, appended, all of them noise
    headers    other APIs and versions, which are read as what they are not
    frames     whose length is not that of what follows

A seed decides about everything, so that what was found is found again.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from broker.wire.apis import APIS, Api
from tests.broker.fuzz import batches
from tests.broker.fuzz.pieces import (
    LENGTH,
    NUMBER,
    RECORDS,
    TAGS,
    TEXT,
    Piece,
    Requests,
    length,
    varint,
)

SIZE = struct.Struct(">i")
_NOT_UTF8 = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\x80")
_ENDLESS = b"\xff" * 12

Damage = Callable[[random.Random, list[Piece]], None]


def framed(body: bytes, size: int | None = None) -> bytes:
    """A frame; `size` is what its length says, if that is not so."""
    return SIZE.pack(len(body) if size is None else size) + body


def _some(draw: random.Random, pieces: Sequence[Piece], kind: int) -> int | None:
    """Where one of the pieces of a kind stands."""
    found = [at for at, piece in enumerate(pieces) if piece.kind == kind]
    return draw.choice(found) if found else None


def _length(draw: random.Random, pieces: list[Piece]) -> None:
    at = _some(draw, pieces, LENGTH)
    if at is None:
        return
    old = pieces[at]
    bits = 8 * struct.calcsize(old.form)
    most = (1 << bits - 1) - 1
    if not old.compact:
        value = struct.unpack(old.form, old.data)[0]
        told = draw.choice((most, -most - 1, -2, -1, 0, value + 1, value - 1, 100_001))
        pieces[at] = length(max(-most - 1, min(most, told)), old.form, compact=False)
        return
    odd = (
        varint(0),
        varint(1),
        varint(2),
        varint((1 << 31) - 1),
        varint((1 << 32) - 1),
        varint((1 << 35) - 1),
        varint(100_002),
        old.data[:-1] + bytes([old.data[-1] | 0x80]) + b"\x80\x00",
        _ENDLESS,
    )
    pieces[at] = replace(old, data=draw.choice(odd))


def _text(draw: random.Random, pieces: list[Piece]) -> None:
    """Another text in the same room, so that only what it says is wrong."""
    at = _some(draw, pieces, TEXT)
    if at is not None and pieces[at].data:
        old = pieces[at].data
        pieces[at] = Piece(TEXT, (draw.choice(_NOT_UTF8) + old)[: len(old)])


def _number(draw: random.Random, pieces: list[Piece]) -> None:
    at = _some(draw, pieces, NUMBER)
    if at is not None:
        size = len(pieces[at].data)
        odd = (b"\0" * size, b"\xff" * size, b"\x7f" + b"\xff" * (size - 1), b"\x80" + bytes(size))
        pieces[at] = replace(pieces[at], data=draw.choice(odd)[:size])


def _tags(draw: random.Random, pieces: list[Piece]) -> None:
    at = _some(draw, pieces, TAGS)
    if at is None:
        return
    one = varint(draw.choice((0, 1, 2, 9))) + b"\2" + draw.choice((b"\0\0", b"\1\1", b"\2x"))
    odd = (
        b"\2" + one + one,
        b"\2" + varint(5) + b"\1x" + varint(0) + b"\1\0",
        b"\1" + one[:1] + varint((1 << 31) - 1),
        b"\1" + one,
        varint((1 << 35) - 1),
        varint(0, padding=1),
        varint(0, padding=4),
        _ENDLESS,
        pieces[at].data * 2,
    )
    pieces[at] = Piece(TAGS, draw.choice(odd))


def _records(draw: random.Random, pieces: list[Piece]) -> None:
    at = _some(draw, pieces, RECORDS)
    if at is not None and at:
        data = draw.choice((*batches.foul(), batches.damaged(draw), batches.damaged(draw)))
        pieces[at] = Piece(RECORDS, data)
        before = pieces[at - 1]
        if before.kind == LENGTH and draw.random() < 0.9:
            pieces[at - 1] = length(len(data), before.form, compact=before.compact)


def _pieces(draw: random.Random, pieces: list[Piece]) -> None:
    at, other = draw.randrange(len(pieces)), draw.randrange(len(pieces))
    match draw.randrange(3):
        case 0:
            del pieces[at]
        case 1:
            pieces.insert(other, pieces[at])
        case _:
            pieces[at], pieces[other] = pieces[other], pieces[at]


def _header(draw: random.Random, pieces: list[Piece]) -> None:
    """Another API or version for the same body."""
    if draw.random() < 0.5:
        pieces[0] = Piece(NUMBER, struct.pack(">h", draw.choice((*APIS, -1, 4, 67, 999, 32_767))))
    else:
        pieces[1] = Piece(NUMBER, struct.pack(">h", draw.choice((*range(20), -1, -32_768, 32_767))))


_DAMAGE: tuple[Damage, ...] = (_length, _length, _text, _number, _tags, _records, _pieces, _header)


def _bytes(draw: random.Random, data: bytes) -> bytes:
    """Damage that knows of no pieces."""
    match draw.randrange(5):
        case 0:
            return data[: draw.randrange(len(data) + 1)]
        case 1:
            return data + draw.randbytes(draw.choice((1, 2, 40)))
        case 2:
            return draw.randbytes(draw.choice((1, 7, 8, 14, 60)))
        case 3:
            return data[:8] + draw.randbytes(draw.choice((1, 10, 60)))
        case _:
            out = bytearray(data)
            for _ in range(draw.randint(1, 3) if out else 0):
                out[draw.randrange(len(out))] ^= 1 << draw.randrange(8)
            return bytes(out)


class Frames:
    """Requests and what is nearly one, from a source of randomness.

    apis  that are asked for; all that there are, unless told
    ids   of topics that there are
    """

    def __init__(
        self,
        draw: random.Random,
        ids: tuple[UUID, ...] = (),
        apis: Sequence[Api] = tuple(APIS.values()),
    ) -> None:
        self._draw, self._apis = draw, tuple(apis)
        self._requests = Requests(draw, batches.sound(), ids)

    def sound(self) -> bytes:
        """A request, without its length, as it should be."""
        return b"".join(piece.data for piece in self._some_pieces())

    def malformed(self) -> bytes:
        """A request, without its length, with something wrong, or with nothing that shows."""
        pieces, draw = self._some_pieces(), self._draw
        for _ in range(draw.choice((0, 1, 1, 1, 2, 3))):
            if pieces:
                draw.choice(_DAMAGE)(draw, pieces)
        found = b"".join(piece.data for piece in pieces)
        return _bytes(draw, found) if draw.random() < 0.25 else found

    def frame(self) -> bytes:
        """The same with a length before it, which now and then is another."""
        body, draw = self.malformed(), self._draw
        if draw.random() < 0.97:
            return framed(body)
        liars = (0, -1, -(1 << 31), (1 << 31) - 1, (100 << 20) + 1, len(body) // 2, len(body) + 9)
        return framed(body, draw.choice(liars))

    def _some_pieces(self) -> list[Piece]:
        api = self._draw.choice(self._apis)
        version = self._draw.randint(api.oldest, api.newest)
        return self._requests.pieces(api, version)
