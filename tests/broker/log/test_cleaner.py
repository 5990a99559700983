"""Compaction: of each key the last record stays, at its offset, and nothing else is lost."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from broker.log import cleaner
from broker.log.decided import Decided
from broker.log.log import Log
from broker.wire import batches, records
from tests.broker.log.shelf import SMALL, open_at, put_batch

COMPACT = replace(
    SMALL, compact=True, delete=False, min_cleanable_dirty_ratio=0.0, delete_retention_ms=100
)
Pair = tuple[bytes | None, bytes | None]


def keyed(path: Path, seed: int = 0) -> Log:
    draw = random.Random(seed)
    log = open_at(path, COMPACT)
    for number in range(120):
        key = b"k%d" % draw.randrange(12)
        value = None if draw.random() < 0.2 else b"%d" % number * 20
        put_batch(log, records.build([(key, value), (b"always", b"%d" % number)], 1000 + number))
    return log


def cleaned(log: Log, now: int = 5000) -> None:
    asyncio.run(cleaner.clean(log, lambda: now))


def content(log: Log) -> list[tuple[int, bytes | None, bytes | None]]:
    return [
        (record.offset, record.key, record.value)
        for _, batch in log.batches()
        for record in records.read_records(batch)
    ]


def last_of_each(found: list[tuple[int, bytes | None, bytes | None]]) -> dict[bytes | None, object]:
    return {key: (offset, value) for offset, key, value in found}


@pytest.mark.parametrize("seed", range(4))
def test_the_last_of_each_key_stays(tmp_path: Path, seed: int) -> None:
    log = keyed(tmp_path / "t-0", seed)
    before, size = content(log), log.size
    boundary = log.active.base_offset
    cleaned(log)
    after = content(log)
    assert last_of_each(after) == last_of_each(before)
    assert set(after) <= set(before)
    keys = [key for offset, key, _ in after if offset < boundary]
    assert len(keys) == len(set(keys))
    assert log.size < size
    assert log.end_offset == 240
    for offset, key, value in after:
        data = log.read(offset, 1, 240, whole=True)
        found = [(r.offset, r.key, r.value) for r in records.read_records(data)]
        assert (offset, key, value) in found
    log.close(6000)
    assert content(open_at(tmp_path / "t-0", COMPACT)) == after


def test_tombstones_go_after_their_time(tmp_path: Path) -> None:
    log = keyed(tmp_path / "t-0")
    boundary = log.active.base_offset

    def tombstones() -> int:
        return sum(value is None for offset, _, value in content(log) if offset < boundary)

    cleaned(log, 5000)
    assert tombstones()
    log.cleaned_to = 0
    cleaned(log, 5099)
    assert tombstones()
    log.cleaned_to = 0
    cleaned(log, 5100)
    assert not tombstones()


def test_what_an_aborted_transaction_wrote_replaces_nothing(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0", COMPACT)
    put_batch(log, records.build([(b"k", b"kept")], 1000))
    for producer, commit in ((7, False), (8, True)):
        put_batch(
            log,
            records.build(
                [(b"k", b"lost") if producer == 7 else (b"other", b"kept")],
                1000,
                attributes=batches.TRANSACTIONAL,
                producer_id=producer,
                producer_epoch=0,
                base_sequence=0,
            ),
        )
        put_batch(log, records.marker(producer, 0, commit=commit, coordinator_epoch=0, now=1000))
    log.roll()
    put_batch(log, records.build([(b"x", b"x")], 1000))
    cleaned(log)
    assert [value for _, key, value in content(log) if key in {b"k", b"other"}] == [b"kept"] * 2
    assert [entry.producer_id for entry in log.aborted(0, 100)] == [7]


def test_an_open_transaction_is_not_touched(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0", COMPACT)
    put_batch(
        log,
        records.build(
            [(b"k", b"open")],
            1000,
            attributes=batches.TRANSACTIONAL,
            producer_id=7,
            producer_epoch=0,
            base_sequence=0,
        ),
    )
    log.roll()
    put_batch(log, records.build([(b"k", b"later")], 1000))
    log.roll()
    put_batch(log, records.build([(b"x", b"x")], 1000))
    assert cleaner.plan(log, 5000) is None


def test_a_producer_is_still_known_by_its_last_batch(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0", COMPACT)
    first = records.build([(b"k", b"1")], 1000, producer_id=7, producer_epoch=0, base_sequence=5)
    put_batch(log, first)
    log.roll()
    put_batch(log, records.build([(b"k", b"2")], 1000))
    log.roll()
    put_batch(log, records.build([(b"x", b"x")], 1000))
    cleaned(log)
    assert content(log) == [(1, b"k", b"2"), (2, b"x", b"x")]
    log.abandon()
    for path in (tmp_path / "t-0").glob("*.snapshot"):
        path.unlink()
    again = open_at(tmp_path / "t-0", COMPACT, clean=False)
    assert again.producers.producers[7].last_sequence == 5


@pytest.mark.parametrize("step", ["cleaned", "swap", "half", "placed"])
def test_a_crash_in_the_middle_loses_nothing(tmp_path: Path, step: str) -> None:
    log = keyed(tmp_path / "t-0")
    before = last_of_each(content(log))
    wanted = cleaner.plan(log, 5000)
    assert wanted is not None
    cleaner._note_keys(wanted)
    group = wanted.segments[:3]
    made = cleaner._write(log, wanted, group, Decided(wanted.aborted))
    if step != "cleaned":
        made.rename(".swap")
    if step in {"half", "placed"}:
        log.set_aside(group[0], 0)
    if step == "placed":
        for segment in group[1:]:
            log.set_aside(segment, 0)
        made.rename("")
    log.abandon()
    made.close()
    again = open_at(tmp_path / "t-0", COMPACT, clean=False)
    assert last_of_each(content(again)) == before
    offsets = [offset for offset, _, _ in content(again)]
    assert offsets == sorted(set(offsets))
    assert not [path for path in (tmp_path / "t-0").iterdir() if path.suffix == ".swap"]
