"""Record batches as a producer should send them, and as it should not.

A damaged batch has its checksum made right again, most of the time: what is behind the checksum is
to be reached.  What is damaged is one field of the header, the length of a record, a key, or what
was compressed; or the batch is cut, sent twice, or put into itself.  A *bomb* is small, and grows
large when it is decompressed; `bombs` has one of each codec.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Mapping
from functools import cache

import cramjam
from crc32c import crc32c

from broker.wire import records
from broker.wire.batches import CONTROL, HEADER, TRANSACTIONAL, BatchHeader, Codec

_RIGHT = struct.Struct(">I")
_BODY = HEADER.size
XERIAL = b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1)

COMPRESS: Mapping[Codec, Callable[[bytes], bytes]] = {
    Codec.NONE: bytes,
    Codec.GZIP: lambda data: bytes(cramjam.gzip.compress(data)),
    Codec.SNAPPY: lambda data: bytes(cramjam.snappy.compress_raw(data)),
    Codec.LZ4: lambda data: bytes(cramjam.lz4.compress(data)),
    Codec.ZSTD: lambda data: bytes(cramjam.zstd.compress(data)),
}


def sealed(batch: bytes) -> bytes:
    """The same bytes, with the length and the checksum that they should have."""
    if len(batch) < _BODY:
        return batch
    out = bytearray(batch)
    struct.pack_into(">i", out, 8, len(out) - 12)
    _RIGHT.pack_into(out, 17, crc32c(memoryview(out)[21:]))
    return bytes(out)


def batch(
    codec: Codec = Codec.NONE,
    count: int = 3,
    *,
    key: bytes | None = b"k",
    value: bytes = b"v" * 20,
    now: int = 1000,
    **header: int,
) -> bytes:
    """A sound batch; `header` sets fields of it that are not as usual."""
    plain = bytes(records.build([(key, value)] * count, now))
    found = BatchHeader._make(HEADER.unpack_from(plain))
    body = COMPRESS[codec](plain[_BODY:])
    fields = {"attributes": int(codec), **header}
    return bytes(records.seal(found._replace(**fields), body))


def bomb(codec: Codec, size: int, body: bytes = b"\0") -> bytes:
    """A batch whose records become so many bytes, of `body` again and again."""
    data = body * (size // len(body))
    if codec is Codec.SNAPPY:
        block = COMPRESS[codec](data[: 32 << 20])
        blocks = [struct.pack(">i", len(block)) + block] * max(1, size >> 25)
        packed = XERIAL + b"".join(blocks)
    else:
        packed = COMPRESS[codec](data)
    plain = bytes(records.build([(b"k", b"v")], 1000))
    found = BatchHeader._make(HEADER.unpack_from(plain))
    return bytes(records.seal(found._replace(attributes=int(codec)), packed))


@cache
def sound() -> tuple[bytes, ...]:
    """Batches that may be appended: of each codec, of producers with ids, of transactions."""
    plain = [batch(codec, count) for codec in Codec for count in (1, 3)]
    idempotent = [
        batch(producer_id=number, producer_epoch=0, base_sequence=at)
        for number in (0, 7)
        for at in (0, 3)
    ]
    begun = batch(attributes=TRANSACTIONAL, producer_id=1, producer_epoch=0, base_sequence=0)
    return (*plain, *idempotent, begun, batch(key=None))


@cache
def foul() -> tuple[bytes, ...]:
    """Batches that may not: no batch at all, another format, a client's end of a transaction."""
    whole = batch()
    marker = bytes(records.marker(1, 0, commit=True, coordinator_epoch=0, now=1000))
    old = struct.pack(">qiIbb", 0, 30, 0, 1, 0) + bytes(30)
    return (b"", bytes(61), bytes(200), whole[:-3], whole * 2, marker, old, whole[:_BODY])


_ODD = (0, 1, -1, 2, 127, -128)
_FIELDS: tuple[tuple[int, str], ...] = (
    (0, ">q"),
    (8, ">i"),
    (12, ">i"),
    (16, ">b"),
    (21, ">h"),
    (23, ">i"),
    (27, ">q"),
    (35, ">q"),
    (43, ">q"),
    (51, ">h"),
    (53, ">i"),
    (57, ">i"),
)
"""Where each field of a header stands, but for the checksum, and how it is written."""


def _odd(draw: random.Random, form: str) -> int:
    bits = 8 * struct.calcsize(form)
    return draw.choice((*_ODD, (1 << bits - 1) - 1, -(1 << bits - 1), CONTROL if bits > 8 else 5))


def _field(draw: random.Random, data: bytes) -> bytes:
    at, form = draw.choice(_FIELDS)
    out = bytearray(data)
    struct.pack_into(form, out, at, _odd(draw, form))
    return bytes(out) if at == 8 else _resealed(bytes(out))


def _resealed(data: bytes) -> bytes:
    """With the checksum made right, and the length as it is."""
    out = bytearray(data)
    _RIGHT.pack_into(out, 17, crc32c(memoryview(out)[21:]))
    return bytes(out)


def _body(draw: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        if len(out) > _BODY:
            out[draw.randrange(_BODY, len(out))] = draw.choice((0, 1, 0x7F, 0x80, 0xFF))
    return sealed(bytes(out))


def _codec(draw: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    struct.pack_into(">h", out, 21, draw.randrange(8))
    return _resealed(bytes(out))


def _endless(draw: random.Random, data: bytes) -> bytes:
    return sealed(data[:_BODY] + b"\xff" * draw.choice((3, 9, 10, 400)))


_DAMAGE: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _field,
    _field,
    _body,
    _codec,
    _endless,
    lambda draw, data: data[: draw.randrange(len(data) + 1)],
    lambda draw, data: data + draw.choice((data, b"\0", bytes(61))),
    lambda draw, data: sealed(data[:_BODY] + data),
    lambda draw, data: data[:17] + draw.randbytes(4) + data[21:],
    lambda draw, data: draw.randbytes(draw.choice((1, 60, 61, 200))),
)


def damaged(draw: random.Random) -> bytes:
    """A batch with something wrong, or with nothing that shows."""
    found = draw.choice(sound())
    for _ in range(draw.choice((1, 1, 2))):
        if len(found) >= _BODY:
            found = draw.choice(_DAMAGE)(draw, found)
    return found
