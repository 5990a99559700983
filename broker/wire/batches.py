"""Record batches, as bytes: what a producer sends, a log keeps and a consumer is sent.

    base offset           int64   0    attributes       int16  21    producer id     int64  43
    length of the rest    int32   8    last offset delta int32 23    producer epoch  int16  51
    partition leader epoch int32 12    base timestamp   int64  27    base sequence   int32  53
    magic (2)             int8   16    max timestamp    int64  35    record count    int32  57
    CRC-32C of the rest   uint32 17    records, compressed as one                           61

The checksum starts at the attributes, so that a broker writes the base offset and the leader epoch
anew without it.  Only the header is read here; a batch's records are `broker.wire.records`.

Source: the record format of the protocol guide; KIP-98, KIP-534 (delete horizon).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from crc32c import crc32c

from broker.errors import ErrorCode, Refused

Data = bytes | bytearray | memoryview

HEADER = struct.Struct(">qiibIhiqqqhii")
PREFIX = struct.Struct(">qi")
_OFFSET, _EPOCH, _CRC, _ATTRIBUTES, _MAX_TIMESTAMP = 0, 12, 17, 21, 35
MAGIC = 2
NO_PRODUCER = -1
NO_TIMESTAMP = -1
MAX_OFFSET_DELTA = (1 << 31) - 1
UNPACKED = 64 << 20
"""Bytes that a batch's records may have when they are not compressed."""

LEAST_RECORD = 7
"""Bytes that a record has at least: a batch of a few that claimed to be of billions would use up
the offsets of a segment, and a segment has files open."""

_LEAST = 14
"""Bytes after the length that a record of the oldest format has at least."""


class Codec(IntEnum):
    """How a batch's records are compressed: the lowest three bits of its attributes."""

    NONE = 0
    GZIP = 1
    SNAPPY = 2
    LZ4 = 3
    ZSTD = 4


CODEC_MASK = 0x07
_LAST_CODEC = int(max(Codec))
LOG_APPEND_TIME = 0x08
TRANSACTIONAL = 0x10
CONTROL = 0x20
DELETE_HORIZON = 0x40


class BatchHeader(NamedTuple):
    """The header of a batch, field by field as it is laid out."""

    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    records: int

    @property
    def size(self) -> int:
        """Bytes of the whole batch."""
        return self.length + PREFIX.size

    @property
    def last_offset(self) -> int:
        """The offset of its last record, or of where that was before compaction."""
        return self.base_offset + self.last_offset_delta

    @property
    def next_offset(self) -> int:
        """The offset after it."""
        return self.last_offset + 1

    @property
    def codec(self) -> int:
        """How it is compressed."""
        return self.attributes & CODEC_MASK

    @property
    def transactional(self) -> bool:
        """Whether it is part of a transaction."""
        return bool(self.attributes & TRANSACTIONAL)

    @property
    def control(self) -> bool:
        """Whether its record is the end of a transaction."""
        return bool(self.attributes & CONTROL)

    @property
    def last_sequence(self) -> int:
        """The producer's number of its last record; numbers start again after 2³¹ - 1."""
        return (self.base_sequence + self.last_offset_delta) & 0x7FFF_FFFF


_new = tuple.__new__
"""Makes a header of the right fields, which need not be counted."""


class Corrupt(ValueError):  # noqa: N818 - what the bytes are
    """Bytes that are no whole batch with the checksum that it says."""


def read_header(data: Data, at: int = 0) -> BatchHeader:
    """The header of the batch that starts there; `Corrupt` where it is cut short."""
    try:
        return _new(BatchHeader, HEADER.unpack_from(data, at))
    except struct.error as error:
        raise Corrupt("a batch's header is cut short") from error


def checked(data: Data, at: int = 0) -> BatchHeader:
    """The header of a whole batch whose checksum is right; otherwise `Corrupt`."""
    header = read_header(data, at)
    if header.magic != MAGIC:
        raise Corrupt(f"a batch of magic {header.magic}")
    end = at + header.size
    if header.size < HEADER.size or end > len(data):
        raise Corrupt(f"a batch of {header.size} bytes where {len(data) - at} are left")
    if crc32c(memoryview(data)[at + _ATTRIBUTES : end]) != header.crc:
        raise Corrupt("the checksum is another")
    return header


def walk(data: Data) -> Iterator[tuple[int, BatchHeader]]:
    """The whole batches of some bytes, and where each starts; what is cut short ends it."""
    at = 0
    while at + HEADER.size <= len(data):
        header = BatchHeader._make(HEADER.unpack_from(data, at))
        if header.length < HEADER.size - PREFIX.size or at + header.size > len(data):
            return
        yield at, header
        at += header.size


def from_producer(data: memoryview | None) -> BatchHeader:
    """The header of the one batch that a producer sent; `Refused` where it may not be appended."""
    if data is None or len(data) < HEADER.size:
        raise Refused(ErrorCode.INVALID_RECORD)
    header = read_header(data)
    size = header.length + PREFIX.size
    if header.length < _LEAST:
        raise Refused(ErrorCode.CORRUPT_MESSAGE)
    if header.magic in {0, 1}:
        raise Refused(ErrorCode.INVALID_RECORD)
    if header.magic != MAGIC or size < HEADER.size:
        raise Refused(ErrorCode.CORRUPT_MESSAGE)
    if size > len(data):
        raise Refused(ErrorCode.INVALID_RECORD)
    if size < len(data) and header.base_offset == 0:
        raise Refused(ErrorCode.INVALID_RECORD)
    if crc32c(data[_ATTRIBUTES:size]) != header.crc:
        raise Refused(ErrorCode.CORRUPT_MESSAGE)
    attributes, codec = header.attributes, header.attributes & CODEC_MASK
    if (
        header.base_offset != 0
        or header.records <= 0
        or header.records != header.last_offset_delta + 1
        or attributes & (CONTROL | DELETE_HORIZON)
        or codec > _LAST_CODEC
        or (header.producer_id >= 0 and header.base_sequence < 0)
        or header.records * LEAST_RECORD > (UNPACKED if codec else size - HEADER.size)
    ):
        raise Refused(ErrorCode.INVALID_RECORD)
    return header


def transactional(data: Data) -> bool:
    """Whether a batch says that it is part of a transaction; one that is cut short does not."""
    return len(data) >= HEADER.size and bool(data[_ATTRIBUTES + 1] & TRANSACTIONAL)


def assign(data: bytearray | memoryview, base_offset: int, leader_epoch: int) -> None:
    """Write where in a log a batch is, and by which leader it was appended."""
    struct.pack_into(">q", data, _OFFSET, base_offset)
    struct.pack_into(">i", data, _EPOCH, leader_epoch)


def stamp(data: bytearray | memoryview, now: int) -> None:
    """Make all its records as of now (message.timestamp.type=LogAppendTime)."""
    (attributes,) = struct.unpack_from(">h", data, _ATTRIBUTES)
    struct.pack_into(">h", data, _ATTRIBUTES, attributes | LOG_APPEND_TIME)
    struct.pack_into(">q", data, _MAX_TIMESTAMP, now)
    struct.pack_into(">I", data, _CRC, crc32c(memoryview(data)[_ATTRIBUTES:]))
