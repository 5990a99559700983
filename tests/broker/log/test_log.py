"""A log: what is appended is read, in order, whatever happened to its files in between."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from broker.errors import ErrorCode, Refused
from broker.log.files import RealFile
from broker.log.log import Log
from broker.log.segment import LOG
from broker.wire import batches, records
from tests.broker.log.shelf import SMALL, offsets, open_at, put, put_batch


def test_batches_have_the_offsets_that_they_are_given(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0")
    assert [put(log).base_offset for _ in range(20)] == list(range(0, 60, 3))
    assert offsets(log) == list(range(60))
    assert len(log.segments) > 1
    assert log.segments[1].path(LOG).name == f"{log.segments[1].base_offset:020d}.log"


def test_a_read_starts_with_the_batch_that_holds_the_offset(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0")
    for _ in range(30):
        put(log)
    for offset in range(90):
        data = log.read(offset, 1, 90, whole=True)
        [(_, header)] = batches.walk(data)
        assert header.base_offset == offset // 3 * 3
        assert batches.checked(data) == header
    assert log.read(90, 1000, 90, whole=True) == b""
    assert log.read(5, 1, 90, whole=False) == b""
    assert log.read(5, 10_000, 3, whole=True) == b""
    assert [h.base_offset for _, h in batches.walk(log.read(0, 10_000, 6, whole=True))] == [0, 3]


def test_a_log_that_was_closed_is_taken_up(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0")
    for number in range(20):
        put(log, now=1000 + number, producer_id=7, producer_epoch=0, base_sequence=3 * number)
    log.close(0)
    again = open_at(tmp_path / "t-0", clean=True)
    assert again.producers.producers[7].last_sequence == 59
    assert put(again, now=1020, producer_id=7, producer_epoch=0, base_sequence=60).base_offset == 60
    assert offsets(again) == list(range(63))


@pytest.mark.parametrize("seed", range(10))
def test_a_log_that_was_torn_is_a_prefix(tmp_path: Path, seed: int) -> None:
    """Whatever bytes of the unflushed end are lost, cut or garbage, a prefix is left of it."""
    draw = random.Random(seed)
    log = open_at(tmp_path / "t-0")
    flushed = 0
    for number in range(draw.randrange(1, 60)):
        size = draw.choice([1, 50, 400])
        put(log, 1, size=size, producer_id=7, producer_epoch=0, base_sequence=number)
        if draw.random() < 0.05:
            log.flush(0)
            flushed = log.recovery_point
    end, segments = log.end_offset, log.unflushed()
    victim = draw.choice(segments)
    data = bytearray(victim.path(LOG).read_bytes())
    keep = victim.find(flushed)
    log.abandon()
    safe = keep.position if keep and keep.header.base_offset >= victim.base_offset else len(data)
    at = draw.randrange(safe, len(data) + 1) if safe < len(data) else len(data)
    if draw.random() < 0.5:
        data[at:] = bytes(draw.randrange(256) for _ in range(draw.randrange(200)))
    elif at < len(data):
        data[at] ^= 0x55
    victim.path(LOG).write_bytes(data)
    again = open_at(tmp_path / "t-0", clean=False, recovery_point=flushed)
    assert flushed <= again.end_offset <= end
    assert offsets(again) == list(range(again.end_offset))
    assert again.producers.producers.keys() == ({7} if again.end_offset else set())
    put(again, 1, producer_id=7, producer_epoch=0, base_sequence=again.end_offset)
    for segment in again.segments:
        assert segment.index.whole
        found = [entry.header.last_offset for entry in segment.headers()]
        assert all(segment.find(offset) is not None for offset in found)


def test_indexes_that_are_missing_or_odd_are_built_again(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0")
    for _ in range(30):
        put(log)
    log.close(0)
    first, second = log.segments[0], log.segments[1]
    was = first.path(".index").read_bytes(), second.path(".timeindex").read_bytes()
    first.path(".index").unlink()
    second.path(".timeindex").write_bytes(b"odd")
    open_at(tmp_path / "t-0").close(0)
    assert (first.path(".index").read_bytes(), second.path(".timeindex").read_bytes()) == was
    assert was[0]


def test_records_are_found_by_their_time(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0")
    for number in range(40):
        put(log, now=1000 + 10 * (number % 20) + 200 * (number // 20))
    for timestamp in range(995, 1391):
        expected = next(
            record.offset
            for _, batch in log.batches()
            for record in records.read_records(batch)
            if record.timestamp >= timestamp
        )
        found = log.first_since(timestamp)
        assert found is not None
        assert found[1] == expected
    assert log.first_since(1391) is None
    assert log.newest() == (1390, 117)


def test_retention_by_time_and_by_size(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0", replace(SMALL, retention_ms=100))
    for number in range(40):
        put(log, now=1000 + number)
    before = len(log.segments)
    log.expire(1120)
    assert 0 < log.start_offset < 60
    assert len(log.segments) < before
    assert all(segment.max_timestamp >= 1020 for segment in log.segments)
    log.expire(5000)
    assert (log.start_offset, log.end_offset, log.size) == (120, 120, 0)
    log.remove_gone(5000 + log.settings.file_delete_delay_ms)
    assert {path.suffix for path in (tmp_path / "t-0").iterdir()} >= {".log"}
    assert not list((tmp_path / "t-0").glob("*.deleted"))
    sized = open_at(tmp_path / "t-1", replace(SMALL, retention_ms=-1, retention_bytes=4000))
    for _ in range(40):
        put(sized)
    sized.expire(0)
    assert sized.size - sized.segments[0].size < 4000 <= sized.size


def test_what_was_deleted_stays_so(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0")
    for _ in range(20):
        put(log)
    log.advance_start(31, 0)
    log.close(0)
    again = open_at(tmp_path / "t-0", start_offset=31)
    assert (again.start_offset, again.end_offset) == (31, 60)
    assert again.segments[0].base_offset <= 31


def test_truncation(tmp_path: Path) -> None:
    for keep in (0, 3, 15, 30, 33, 57, 60):
        log = open_at(tmp_path / f"t-{keep}")
        for number in range(20):
            put(log, now=1000 + number, epoch=number // 5)
        log.truncate(keep)
        assert log.end_offset == keep
        assert offsets(log) == list(range(keep))
        assert all(start < max(keep, 1) for _, start in log.epochs.entries)
        put(log, now=5000, epoch=9)
        assert log.newest() == (5000, keep)


def test_a_producer_s_batch_is_there_once(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0")

    def send(sequence: int, epoch: int = 0, count: int = 1) -> int:
        made = put(log, count, producer_id=7, producer_epoch=epoch, base_sequence=sequence)
        return -made.base_offset if made.again else made.base_offset

    assert [send(0), send(1), send(2), send(1), send(2)] == [0, 1, 2, -1, -2]
    for sequence, epoch, error in [
        (4, 0, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER),
        (5, 1, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER),
    ]:
        with pytest.raises(Refused) as found:
            send(sequence, epoch)
        assert found.value.error is error
    assert send(0, 1) == 3
    with pytest.raises(Refused) as found:
        send(3, 0)
    assert found.value.error is ErrorCode.INVALID_PRODUCER_EPOCH
    assert offsets(log) == [0, 1, 2, 3]


def test_sequences_start_again(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0")
    put(log, 3, producer_id=7, producer_epoch=0, base_sequence=(1 << 31) - 2)
    put(log, 1, producer_id=7, producer_epoch=0, base_sequence=1)
    log.close(0)
    again = open_at(tmp_path / "t-0")
    assert put(again, 1, producer_id=7, producer_epoch=0, base_sequence=1).again


def transaction(log: Log, producer_id: int) -> None:
    put_batch(
        log,
        records.build(
            [(b"k", b"v")],
            1000,
            attributes=batches.TRANSACTIONAL,
            producer_id=producer_id,
            producer_epoch=0,
            base_sequence=0,
        ),
    )


def end(log: Log, producer_id: int, *, commit: bool) -> None:
    put_batch(log, records.marker(producer_id, 0, commit=commit, coordinator_epoch=1, now=1000))


@pytest.mark.parametrize("clean", [True, False])
def test_transactions_hold_the_stable_offset_and_leave_a_trace(
    tmp_path: Path, *, clean: bool
) -> None:
    log = open_at(tmp_path / "t-0")
    put(log, 2)
    transaction(log, 7)
    transaction(log, 8)
    assert log.stable_offset == 2
    end(log, 7, commit=False)
    assert log.stable_offset == 3
    end(log, 8, commit=True)
    assert log.stable_offset == 6
    transaction(log, 9)

    def seen(log: Log) -> list[tuple[int, int]]:
        return [(entry.producer_id, entry.first_offset) for entry in log.aborted(0, 100)]

    assert seen(log) == [(7, 2)]
    assert log.aborted(5, 100) == []
    assert log.aborted(0, 2) == []
    if clean:
        log.close(0)
    else:
        log.abandon()
        log.segments[0].path(".txnindex").unlink()
    again = open_at(tmp_path / "t-0", clean=clean)
    assert seen(again) == [(7, 2)]
    assert again.stable_offset == 6
    assert again.producers.in_transaction(9)


def test_a_disk_that_is_full_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_at(tmp_path / "t-0")
    put(log)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(log.active.log, "append", full)
        with pytest.raises(OSError, match="No space left"):
            put(log)
    with monkeypatch.context() as patch:
        patch.setattr(log.active.index, "append", full)
        with pytest.raises(OSError, match="No space left"):
            put(log)
    end = log.end_offset
    assert offsets(log) == list(range(end))
    assert put(log).base_offset == end
    log.close(0)
    assert offsets(open_at(tmp_path / "t-0")) == list(range(end + 3))


def test_too_large_for_a_segment(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0")
    with pytest.raises(Refused) as found:
        put(log, 1, size=3000)
    assert found.value.error is ErrorCode.RECORD_LIST_TOO_LARGE


def test_flushing_before_each_acknowledgement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    for messages in (1, 7, 1 << 60):
        log = open_at(tmp_path / f"t-{messages}", replace(SMALL, flush_messages=messages))
        flushed.clear()
        monkeypatch.setattr(RealFile, "flush", lambda self: flushed.append(self.size))
        points = [(put(log), log.recovery_point)[1] for _ in range(6)]
        expected = {1: [3, 6, 9, 12, 15, 18], 7: [0, 0, 9, 9, 9, 18]}.get(messages, [0] * 6)
        assert points == expected
        assert bool(flushed) == any(expected)


@pytest.mark.parametrize("tail", [b"", b"torn", bytes(61), b"\x7f" * 200])
def test_a_log_that_was_said_to_be_closed_and_is_not(tmp_path: Path, tail: bytes) -> None:
    log = open_at(tmp_path / "t-0")
    for _ in range(5):
        put(log)
    log.close(0)
    with log.active.path(LOG).open("ab") as file:
        file.write(tail)
    again = open_at(tmp_path / "t-0", clean=True, recovery_point=15)
    assert offsets(again) == list(range(15))
    assert put(again).base_offset == 15
    assert offsets(again) == list(range(18))
