"""Batches and records: what is written is read, and what is damaged is refused."""

from __future__ import annotations

import cramjam
import pytest

from broker.errors import ErrorCode, Refused
from broker.wire import batches, records
from broker.wire.batches import Corrupt

PAIRS: list[tuple[bytes | None, bytes | None]] = [(b"k", b"v" * 300), (None, b""), (b"", None)]


def test_records_come_back() -> None:
    batch = records.build(PAIRS, 1000)
    batches.assign(batch, 7, 3)
    header = batches.checked(batch)
    assert (header.base_offset, header.last_offset, header.leader_epoch) == (7, 9, 3)
    read = records.read_records(batch)
    assert [(r.offset, r.timestamp, r.key, r.value) for r in read] == [
        (7 + n, 1000, key, value) for n, (key, value) in enumerate(PAIRS)
    ]


@pytest.mark.parametrize("codec", list(batches.Codec))
def test_each_codec_is_read(codec: batches.Codec) -> None:
    plain = records.build(PAIRS, 1000)
    body = bytes(plain[batches.HEADER.size :])
    block = bytes(cramjam.snappy.compress_raw(body))
    compressed = {
        batches.Codec.NONE: body,
        batches.Codec.GZIP: bytes(cramjam.gzip.compress(body)),
        batches.Codec.SNAPPY: b"\x82SNAPPY\0" + bytes(8) + len(block).to_bytes(4, "big") + block,
        batches.Codec.LZ4: bytes(cramjam.lz4.compress(body)),
        batches.Codec.ZSTD: bytes(cramjam.zstd.compress(body)),
    }[codec]
    header = batches.read_header(plain)._replace(attributes=int(codec))
    read = records.read_records(records.seal(header, compressed))
    assert [(r.key, r.value) for r in read] == PAIRS
    with pytest.raises(Corrupt):
        records.read_records(records.seal(header, compressed[: len(compressed) // 2]))


@pytest.mark.parametrize("codec", [batches.Codec.GZIP, batches.Codec.ZSTD, batches.Codec.SNAPPY])
def test_a_bomb_is_refused(codec: batches.Codec) -> None:
    huge = bytes(records.LIMIT + 1)
    compress = {
        batches.Codec.GZIP: cramjam.gzip.compress,
        batches.Codec.ZSTD: cramjam.zstd.compress,
        batches.Codec.SNAPPY: cramjam.snappy.compress_raw,
    }[codec]
    with pytest.raises(Corrupt):
        records.decompress(codec, bytes(compress(huge)))  # type: ignore[operator]


def test_any_flipped_bit_after_the_epoch_is_noticed() -> None:
    batch = records.build(PAIRS, 1000)
    for at in range(16, len(batch)):
        batch[at] ^= 1
        with pytest.raises(Corrupt):
            batches.checked(batch)
        batch[at] ^= 1
    batches.checked(batch)


def refused(batch: bytes | bytearray) -> ErrorCode:
    with pytest.raises(Refused) as found:
        batches.from_producer(memoryview(batch))
    return found.value.error


def test_what_a_producer_may_not_send() -> None:
    good = records.build(PAIRS, 1000)
    header = batches.read_header(good)
    body = bytes(good[batches.HEADER.size :])
    batches.from_producer(memoryview(good))
    assert refused(b"") is ErrorCode.INVALID_RECORD
    assert refused(good[:-1]) is ErrorCode.INVALID_RECORD
    assert refused(bytes(200)) is ErrorCode.CORRUPT_MESSAGE
    assert refused(bytes(11) + b"\x64" + bytes(200)) is ErrorCode.INVALID_RECORD
    assert refused(bytes(16) + b"\x03" + bytes(200)) is ErrorCode.CORRUPT_MESSAGE
    assert refused(good + good) is ErrorCode.INVALID_RECORD
    good[-1] ^= 1
    assert refused(good) is ErrorCode.CORRUPT_MESSAGE
    for wrong in (
        header._replace(base_offset=1),
        header._replace(records=0),
        header._replace(records=2),
        header._replace(attributes=batches.CONTROL),
        header._replace(attributes=7),
        header._replace(producer_id=1, base_sequence=-1),
    ):
        assert refused(records.seal(wrong, body)) is ErrorCode.INVALID_RECORD


def test_stamped_records_are_all_as_of_then() -> None:
    batch = records.build(PAIRS, 1000)
    batches.stamp(batch, 5000)
    assert batches.checked(batch).max_timestamp == 5000
    assert {record.timestamp for record in records.read_records(batch)} == {5000}


def test_a_marker_says_which_end() -> None:
    for commit in (True, False):
        batch = records.marker(5, 2, commit=commit, coordinator_epoch=9, now=1)
        header = batches.checked(batch)
        assert header.control
        assert header.transactional
        assert (header.producer_id, header.producer_epoch) == (5, 2)
        assert records.read_marker(batch) == (commit, 9)


def test_what_is_kept_keeps_its_offset_and_time() -> None:
    batch = records.build(PAIRS, 1000)
    batches.assign(batch, 40, 1)
    kept = [record for record in records.read_records(batch) if record.key != b""]
    for horizon in (None, 99_000):
        again = records.rebuild(batches.read_header(batch), kept, horizon)
        header = batches.checked(again)
        assert (header.base_offset, header.last_offset, header.records) == (40, 42, 2)
        assert bool(header.attributes & batches.DELETE_HORIZON) == (horizon is not None)
        assert [(r.offset, r.timestamp, r.key) for r in records.read_records(again)] == [
            (40, 1000, b"k"),
            (41, 1000, None),
        ]
