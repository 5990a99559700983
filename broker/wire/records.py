"""The records of a batch: read where a log is compacted or searched, written by coordinators.

    length varint, attributes int8, timestamp delta varlong, offset delta varint,
    key (varint length, -1: null), value, headers (varint count; each a key and a value)

A control record ends a transaction: its key is int16 0 and int16 0 (abort) or 1 (commit), its
value int16 0 and the epoch of the coordinator that wrote it, an int32.

A batch that is compressed is decompressed no further than `LIMIT`: a few bytes that would become
gigabytes are refused as corrupt.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cramjam
from crc32c import crc32c

from broker.wire.batches import (
    CODEC_MASK,
    CONTROL,
    DELETE_HORIZON,
    HEADER,
    LOG_APPEND_TIME,
    MAGIC,
    NO_PRODUCER,
    NO_TIMESTAMP,
    PREFIX,
    TRANSACTIONAL,
    UNPACKED,
    BatchHeader,
    Codec,
    Corrupt,
    Data,
    read_header,
)
from broker.wire.compression import XERIAL, compress

LIMIT = UNPACKED

MOST_RECORDS = 200_000
"""Records that a batch may have where each is looked at as it comes in."""

MAX_TIMESTAMP = (1 << 63) - 1

_NO_ROOM = "failed to write whole buffer"
"""What cramjam says where the room was too small, and nothing is known to be wrong."""

_XERIAL_HEADER = 16
_CONTROL_KEY = struct.Struct(">hh")
_CONTROL_VALUE = struct.Struct(">hi")


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A record as it stands in a log.

    timestamp  ms since 1970
    rest       its bytes from the offset delta on, as they were in the batch
    """

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    rest: bytes


class TooMuch(Corrupt):
    """More than may be looked into."""


@dataclass
class Allowance:
    """What may still be looked into on behalf of one request, or of nobody.

    size     bytes, when they are not compressed
    records  how many
    """

    size: int = LIMIT
    records: int = MOST_RECORDS

    @property
    def untouched(self) -> bool:
        """Whether nothing has been looked into yet."""
        return self == Allowance()

    def spend(self, size: int, records: int) -> None:
        """Take so much of it; `TooMuch` where there is less."""
        if size > self.size or records > self.records:
            raise TooMuch("more records than may be looked into")
        self.size -= size
        self.records -= records


def decompress(codec: int, data: Data, limit: int = LIMIT) -> bytes:
    """What was compressed; `Corrupt` where it was not, `TooMuch` where it is larger than that."""
    if codec == Codec.NONE:
        return bytes(data)
    if codec == Codec.SNAPPY:
        return _unsnap(bytes(data), limit)
    known = {Codec.GZIP: cramjam.gzip, Codec.LZ4: cramjam.lz4, Codec.ZSTD: cramjam.zstd}
    if codec not in known:
        raise Corrupt(f"compressed by {codec}")
    size = min(limit, max(4096, 8 * len(data)))
    while True:
        room = bytearray(size)
        try:
            count = known[Codec(codec)].decompress_into(bytes(data), room)
        except cramjam.DecompressionError as error:
            if str(error) != _NO_ROOM:
                raise Corrupt(f"records that cannot be decompressed: {error}") from error
            if size >= limit:
                raise TooMuch("records that are too large when decompressed") from error
            size = min(limit, 4 * size)
        else:
            return bytes(memoryview(room)[:count])


def _unsnap(data: bytes, limit: int) -> bytes:
    """Snappy as Java writes it, in blocks, or as one block."""
    try:
        if not data.startswith(XERIAL):
            return _block(data, limit)
        found, at = bytearray(), _XERIAL_HEADER
        while at < len(data):
            (size,) = struct.unpack_from(">i", data, at)
            if size < 0:
                raise Corrupt("a block of negative length")
            found += _block(data[at + 4 : at + 4 + size], limit - len(found))
            at += 4 + size
        return bytes(found)
    except (struct.error, cramjam.DecompressionError) as error:
        raise Corrupt(f"records that cannot be decompressed: {error}") from error


def _block(data: bytes, limit: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(data) > limit:
        raise TooMuch("records that are too large when decompressed")
    return bytes(cramjam.snappy.decompress_raw(data))


def _zigzag(data: bytes, at: int) -> tuple[int, int]:
    value = data[at]
    at += 1
    if value >= 0x80:  # noqa: PLR2004 - seven bits a byte
        value &= 0x7F
        for shift in range(7, 70, 7):
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004
                break
        else:
            raise Corrupt("a varint does not end")
        if value >> 64:
            raise Corrupt("a number of more than 64 bits")
    return (value >> 1) ^ -(value & 1), at


def write_zigzag(out: bytearray, value: int) -> None:
    """Append a signed varint."""
    value = value << 1 if value >= 0 else (-value << 1) - 1
    while value > 0x7F:  # noqa: PLR2004
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _field(data: bytes, at: int) -> tuple[bytes | None, int]:
    size, at = _zigzag(data, at)
    if size < 0:
        return None, at
    if at + size > len(data):
        raise Corrupt("a record's field is cut short")
    return data[at : at + size], at + size


def read_records(batch: Data) -> list[LogRecord]:
    """The records of one whole batch; `Corrupt` where they are not what its header says."""
    return list(each_record(batch))


def _body(batch: Data, header: BatchHeader, allowance: Allowance | None) -> bytes:
    """All its records, as bytes that are not compressed; an allowance is for what was."""
    data = memoryview(batch)[HEADER.size : header.size]
    if allowance is None or header.codec == Codec.NONE:
        return decompress(header.codec, data)
    found = decompress(header.codec, data, allowance.size)
    allowance.spend(len(found), 0)
    return found


def each_record(batch: Data, allowance: Allowance | None = None) -> Iterator[LogRecord]:
    """The same, one after the other; `TooMuch` where they are more than is allowed.

    Their offsets grow, within those of the batch: a record that claimed another's offset would
    have compaction take it for the newer one.
    """
    header = read_header(batch)
    if allowance is not None:
        allowance.spend(0, header.records)
    data = _body(batch, header, allowance)
    at, before = 0, header.base_offset - 1
    try:
        for _ in range(header.records):
            size, start = _zigzag(data, at)
            at = start + size
            if size < 0 or at > len(data):
                raise Corrupt("a record is cut short")
            record = _record(header, data[start:at])
            if not before < record.offset <= header.last_offset:
                raise Corrupt("a record's offset is not its own")
            before = record.offset
            yield record
    except IndexError as error:
        raise Corrupt("a record is cut short") from error
    if at != len(data):
        raise Corrupt("there is more than the records")


def _record(header: BatchHeader, raw: bytes) -> LogRecord:
    delta, start = _zigzag(raw, 1)
    offset, at = _zigzag(raw, start)
    key, at = _field(raw, at)
    value, at = _field(raw, at)
    _check_headers(raw, at)
    if header.attributes & LOG_APPEND_TIME:
        timestamp = header.max_timestamp
    else:
        timestamp = header.base_timestamp + delta
    if not NO_TIMESTAMP <= timestamp <= MAX_TIMESTAMP:
        raise Corrupt("a record of no time")
    return LogRecord(header.base_offset + offset, timestamp, key, value, raw[start:])


def _check_headers(raw: bytes, at: int) -> None:
    """See that a record ends with its headers."""
    count, at = _zigzag(raw, at)
    for _ in range(count):
        key, at = _field(raw, at)
        if key is None:
            raise Corrupt("a header without a key")
        _, at = _field(raw, at)
    if count < 0 or at != len(raw):
        raise Corrupt("a record's headers are not what they should be")


def encode_record(delta: int, offset: int, key: bytes | None, value: bytes | None) -> bytes:
    """A record without headers, with its length before it."""
    body = bytearray(1)
    write_zigzag(body, delta)
    write_zigzag(body, offset)
    for field in (key, value):
        write_zigzag(body, -1 if field is None else len(field))
        body += field or b""
    body.append(0)
    out = bytearray()
    write_zigzag(out, len(body))
    return bytes(out + body)


def build(
    records: Sequence[tuple[bytes | None, bytes | None]],
    now: int,
    *,
    attributes: int = 0,
    producer_id: int = NO_PRODUCER,
    producer_epoch: int = -1,
    base_sequence: int = -1,
) -> bytearray:
    """A batch of keys and values that are all as of now, at offset 0."""
    body = b"".join(encode_record(0, n, key, value) for n, (key, value) in enumerate(records))
    return seal(
        BatchHeader(
            base_offset=0,
            length=0,
            leader_epoch=-1,
            magic=MAGIC,
            crc=0,
            attributes=attributes,
            last_offset_delta=len(records) - 1,
            base_timestamp=now,
            max_timestamp=now,
            producer_id=producer_id,
            producer_epoch=producer_epoch,
            base_sequence=base_sequence,
            records=len(records),
        ),
        body,
    )


def seal(header: BatchHeader, body: bytes) -> bytearray:
    """A batch of this header and these records; its length and checksum are made right."""
    length = HEADER.size - PREFIX.size + len(body)
    batch = bytearray(HEADER.pack(*header._replace(length=length, crc=0)))
    batch += body
    struct.pack_into(">I", batch, 17, crc32c(memoryview(batch)[21:]))
    return batch


def marker(
    producer_id: int, producer_epoch: int, *, commit: bool, coordinator_epoch: int, now: int
) -> bytearray:
    """The batch that ends a transaction."""
    key = _CONTROL_KEY.pack(0, 1 if commit else 0)
    value = _CONTROL_VALUE.pack(0, coordinator_epoch)
    return build(
        [(key, value)],
        now,
        attributes=TRANSACTIONAL | CONTROL,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
    )


def read_marker(batch: Data) -> tuple[bool, int]:
    """Whether a control batch commits, and its coordinator's epoch."""
    record = read_records(batch)[0]
    try:
        _, kind = _CONTROL_KEY.unpack_from(record.key or b"", 0)
        _, epoch = _CONTROL_VALUE.unpack_from(record.value or b"", 0)
    except struct.error as error:
        raise Corrupt("a control record that cannot be read") from error
    return kind == 1, epoch


def rebuild(
    header: BatchHeader, kept: Sequence[LogRecord], horizon: int | None = None
) -> bytearray:
    """A batch with only these of its records, each at its offset, compressed as it was.

    horizon  ms; until when its tombstones, or the end of a transaction that it is, are to be kept:
             that is its base timestamp from now on

    One without records keeps its place in the log, and its producer's sequence.
    """
    if not kept:
        attributes = header.attributes & ~(CODEC_MASK | DELETE_HORIZON)
        return seal(header._replace(attributes=attributes, base_timestamp=-1, records=0), b"")
    attributes, base = header.attributes, header.base_timestamp
    if horizon is not None:
        attributes, base = attributes | DELETE_HORIZON, horizon
    body = bytearray()
    for record in kept:
        raw = bytearray(1)
        write_zigzag(raw, record.timestamp - base)
        raw += record.rest
        write_zigzag(body, len(raw))
        body += raw
    newest = header.max_timestamp
    if not attributes & LOG_APPEND_TIME:
        newest = max(record.timestamp for record in kept)
    changed = header._replace(
        attributes=attributes, base_timestamp=base, max_timestamp=newest, records=len(kept)
    )
    return seal(changed, compress(Codec(header.codec), bytes(body)))


def recompress(
    batch: Data, codec: Codec, level: int | None = None, allowance: Allowance | None = None
) -> bytearray:
    """The same batch, compressed otherwise; `Corrupt` where it cannot be read."""
    header = read_header(batch)
    body = _body(batch, header, allowance)
    attributes = header.attributes & ~CODEC_MASK | codec
    return seal(header._replace(attributes=attributes), compress(codec, body, level))
