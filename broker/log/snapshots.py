"""Producer snapshots: a log's producers at one offset, so that a start need not replay it all.

    version int16 (1), CRC-32C uint32 of what follows, count int32, and for each producer
    id int64, epoch int16, last sequence int32, last offset int64, offset delta int32,
    timestamp int64, coordinator epoch int32, first offset of its open transaction int64 (-1: none)

Of a producer's last five batches the file keeps the last.  It is named after the offset, which is
that of the first record that it does not know of.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator, Mapping

from crc32c import crc32c

from broker.log.producers import KEPT, Batch, Producer

VERSION = 1
_HEAD = struct.Struct(">hI")
_COUNT = struct.Struct(">i")
_ENTRY = struct.Struct(">qhiqiqiq")


class Damaged(ValueError):  # noqa: N818 - what the file is
    """A file that is no producer snapshot."""


def write(producers: Mapping[int, Producer]) -> bytes:
    """The file of these producers."""
    entries = b"".join(_entry(number, producer) for number, producer in producers.items())
    body = _COUNT.pack(len(producers)) + entries
    return _HEAD.pack(VERSION, crc32c(body)) + body


def _entry(producer_id: int, producer: Producer) -> bytes:
    last = producer.batches[-1] if producer.batches else Batch(-1, -1, -1, 0, producer.timestamp)
    first = -1 if producer.first_offset is None else producer.first_offset
    return _ENTRY.pack(
        producer_id,
        producer.epoch,
        last.last_sequence,
        last.last_offset,
        last.offset_delta,
        producer.timestamp,
        producer.coordinator_epoch,
        first,
    )


def read(data: bytes) -> Iterator[tuple[int, Producer]]:
    """The producers of a file; `Damaged` where it is none."""
    try:
        version, checksum = _HEAD.unpack_from(data, 0)
        body = data[_HEAD.size :]
        if version != VERSION or crc32c(body) != checksum:
            raise Damaged("its version or its checksum is another")
        (count,) = _COUNT.unpack_from(body, 0)
        if len(body) != _COUNT.size + count * _ENTRY.size:
            raise Damaged("its length is another")
    except struct.error as error:
        raise Damaged("it is cut short") from error
    for entry in _ENTRY.iter_unpack(body[_COUNT.size :]):
        number, epoch, sequence, offset, delta, timestamp, coordinator, first = entry
        batches: deque[Batch] = deque(maxlen=KEPT)
        if sequence >= 0:
            # Numbers that started again at 0 inside the batch make the difference negative.
            start = (sequence - delta) & 0x7FFF_FFFF
            batches.append(Batch(start, sequence, offset, delta, timestamp))
        yield number, Producer(epoch, coordinator, None if first < 0 else first, timestamp, batches)
