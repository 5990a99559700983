"""What a batch's records may not be, whose header is sound.

A record that claims an offset outside of its batch, or one that another has, would have compaction
drop the records of others; one of no possible time could not be written again.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from broker.wire import records
from broker.wire.batches import HEADER, Codec, Corrupt, read_header
from tests.broker.fuzz import batches

ONE = records.encode_record(0, 0, b"k", b"v")


def of(body: bytes, count: int = 1, **header: int) -> bytes:
    """A batch of these bytes as its records."""
    plain = read_header(records.build([(b"k", b"v")] * count, 1000))
    return bytes(records.seal(plain._replace(**header), body))


def raw(*parts: int | bytes) -> bytes:
    """A record of these numbers and bytes, with its length before it."""
    body = bytearray(1)
    for part in parts:
        if isinstance(part, int):
            records.write_zigzag(body, part)
        else:
            body += part
    out = bytearray()
    records.write_zigzag(out, len(body))
    return bytes(out + body)


LIES = {
    "an offset before the batch": of(raw(0, -1, 1, b"k", 1, b"v", 0)),
    "an offset behind the batch": of(raw(0, 1, 1, b"k", 1, b"v", 0)),
    "an offset far behind": of(raw(0, 1 << 40, 1, b"k", 1, b"v", 0)),
    "one offset twice": of(ONE + ONE, 2),
    "a time before all times": of(raw(-(1 << 62), 0, 1, b"k", 1, b"v", 0)),
    "a time after all times": of(raw((1 << 63) - 1, 0, 1, b"k", 1, b"v", 0)),
    "a number of 65 bits": of(raw(1 << 64, 0, 1, b"k", 1, b"v", 0)),
    "a varint without an end": of(b"\xff" * 300),
    "a key longer than the record": of(raw(0, 0, 9, b"k", 1, b"v", 0)),
    "headers that are not there": of(raw(0, 0, 1, b"k", 1, b"v", 2)),
    "headers without a key": of(raw(0, 0, 1, b"k", 1, b"v", 1, -1, -1)),
    "fewer than no headers": of(raw(0, 0, 1, b"k", 1, b"v", -1)),
    "something behind the headers": of(raw(0, 0, 1, b"k", 1, b"v", 0, b"x")),
    "something behind the records": of(ONE + b"x"),
    "more records than there are": of(ONE, 2),
    "a record of no length": of(b"\0"),
    "a record of negative length": of(b"\1" + ONE),
    "half a header": of(ONE)[: HEADER.size - 1],
}


@pytest.mark.parametrize("kind", LIES)
def test_what_no_records_are(kind: str) -> None:
    with pytest.raises(Corrupt):
        records.read_records(LIES[kind])


def test_what_records_are() -> None:
    headers = raw(5, 0, -1, -1, 2, 1, b"a", 1, b"b", 0, -1)
    [found] = records.read_records(of(headers))
    assert (found.offset, found.timestamp, found.key, found.value) == (0, 1005, None, None)
    sparse = of(raw(0, 1, -1, -1, 0) + raw(0, 4, -1, -1, 0), 2, last_offset_delta=7)
    assert [found.offset for found in records.read_records(sparse)] == [1, 4]


def allocated(work: Callable[[], object]) -> int:
    """The most bytes that were taken at one time."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("codec", [Codec.GZIP, Codec.LZ4, Codec.ZSTD])
def test_what_is_damaged_is_given_no_room(codec: Codec) -> None:
    """Only what has not ended when its room does is given more."""
    data = batches.COMPRESS[codec](bytes(range(200)) * 50)
    cut = data[: len(data) // 2]

    def refused() -> None:
        with pytest.raises(Corrupt):
            records.decompress(codec, cut)

    assert allocated(refused) < 1 << 20
    large = batches.COMPRESS[codec](bytes(3 << 20))
    assert len(records.decompress(codec, large)) == 3 << 20
