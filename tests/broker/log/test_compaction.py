"""Compaction leaves what its readers make of a log as it was.

Seeds say what producers write: plain batches, idempotent ones, transactions that are committed or
aborted, of every codec, in between rolls and cleanings as time passes.  After each cleaning a
reader of committed records finds the same last value of each key as before, at the same offset.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from broker.log import cleaner
from broker.log.decided import Decided
from broker.log.log import Log
from broker.log.producers import Aborted
from broker.wire import batches, records
from broker.wire.batches import DELETE_HORIZON, Codec
from tests.broker.log.shelf import open_at, put_batch
from tests.broker.log.test_cleaner import COMPACT, cleaned

Table = Mapping[bytes, tuple[int, bytes | None]]
Seen = list[tuple[int, bytes | None, bytes | None]]


def committed(log: Log) -> Seen:
    """What a reader of committed records gets: offsets, keys, values."""
    passed_over = log.aborted(log.start_offset, log.end_offset)
    return [
        (record.offset, record.key, record.value)
        for header, batch in log.batches()
        if not header.control and not _aborted(header, passed_over)
        for record in records.read_records(batch)
        if record.offset < log.stable_offset
    ]


def _aborted(header: batches.BatchHeader, passed_over: list[Aborted]) -> bool:
    return header.transactional and any(
        entry.producer_id == header.producer_id
        and entry.first_offset <= header.base_offset <= entry.last_offset
        for entry in passed_over
    )


def table(seen: Seen) -> Table:
    return {key: (offset, value) for offset, key, value in seen if key is not None}


def values(found: Table) -> Table:
    """Without the keys whose last value is none."""
    return {key: (offset, value) for key, (offset, value) in found.items() if value is not None}


@dataclass
class Writers:
    """Producers of a log, each with its next sequence, some in a transaction."""

    log: Log
    draw: random.Random
    now: int = 1000
    sequences: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(1, 5), 0))
    within: set[int] = field(default_factory=set)

    def step(self) -> None:
        self.now += self.draw.randrange(5)
        producer = self.draw.randrange(5)
        if producer in self.within and self.draw.random() < 0.4:
            self.end(producer)
            return
        pairs = [
            (
                b"k%d" % self.draw.randrange(7),
                None if self.draw.random() < 0.2 else b"%d" % self.now * 9,
            )
            for _ in range(self.draw.randrange(1, 4))
        ]
        more = {}
        if producer:
            sequence = self.sequences[producer]
            more = {"producer_id": producer, "producer_epoch": 0, "base_sequence": sequence}
            self.sequences[producer] += len(pairs)
        if producer > 2:
            self.within.add(producer)
            more["attributes"] = batches.TRANSACTIONAL
        batch = records.build(pairs, self.now, **more)
        put_batch(self.log, records.recompress(batch, self.draw.choice(list(Codec))), self.now)

    def end(self, producer: int) -> None:
        self.within.remove(producer)
        commit = self.draw.random() < 0.5
        batch = records.marker(producer, 0, commit=commit, coordinator_epoch=0, now=self.now)
        put_batch(self.log, batch, self.now)


@pytest.mark.parametrize("seed", range(12))
def test_readers_find_the_same(tmp_path: Path, seed: int) -> None:
    writers = Writers(open_at(tmp_path / "t-0", COMPACT), random.Random(seed))
    try:
        clean_again_and_again(writers)
    finally:
        writers.log.abandon()


def clean_again_and_again(writers: Writers) -> None:
    log, draw, gone = writers.log, writers.draw, 0
    for _ in range(12):
        for _ in range(draw.randrange(4, 25)):
            writers.step()
        if draw.random() < 0.7:
            log.roll()
        writers.now += draw.choice([0, 10, 200])
        before, size = committed(log), log.size
        cleaned(log, writers.now)
        after = committed(log)
        gone += log.size < size
        assert values(table(after)) == values(table(before))
        assert set(table(after).items()) <= set(table(before).items())
        assert set(after) <= set(before)
        assert [offset for offset, _, _ in after] == sorted({offset for offset, _, _ in after})
        codecs = {header.codec for header, _ in log.batches() if header.records}
        assert codecs <= set(Codec)
        if draw.random() < 0.3:
            log.abandon()
            for path in log.folder.glob("*.snapshot"):
                path.unlink()
            log = writers.log = open_at(log.folder, COMPACT, clean=False)
            assert committed(log) == after
            for producer, sequence in writers.sequences.items():
                if sequence:
                    known = log.producers.producers[producer]
                    assert known.last_sequence == sequence - 1
                    assert (known.first_offset is not None) == (producer in writers.within)
    assert gone


def ended(path: Path, *, commit: bool) -> Log:
    """A log with a transaction that is over, all of which a later record replaces."""
    log = open_at(path, COMPACT)
    within = {"producer_id": 7, "producer_epoch": 0, "attributes": batches.TRANSACTIONAL}
    put_batch(log, records.build([(b"k", b"1")], 1000, base_sequence=0, **within))
    put_batch(log, records.marker(7, 0, commit=commit, coordinator_epoch=0, now=1000))
    # Its last batch is another one, so that nothing is kept for its sequence's sake.
    put_batch(log, records.build([(b"x", b"1")], 1000, base_sequence=1, **within))
    put_batch(log, records.marker(7, 0, commit=True, coordinator_epoch=0, now=1000))
    put_batch(log, records.build([(b"k", b"2"), (b"x", b"2")], 1000))
    log.roll()
    put_batch(log, records.build([(b"y", b"y")], 1000))
    return log


def ends(log: Log) -> list[tuple[int, int | None]]:
    """The ends of transactions that are left, and until when."""
    return [
        (
            header.base_offset,
            header.base_timestamp if header.attributes & DELETE_HORIZON else None,
        )
        for header, _ in log.batches()
        if header.control
    ]


@pytest.mark.parametrize("commit", [True, False])
def test_the_end_of_a_transaction_goes_some_time_after_the_rest(
    tmp_path: Path, *, commit: bool
) -> None:
    log = ended(tmp_path / "t-0", commit=commit)

    def again(now: int) -> list[tuple[int, int | None]]:
        log.cleaned_to = 0
        cleaned(log, now)
        return ends(log)

    assert again(5000) == [(1, None), (3, None)]
    assert [entry.producer_id for entry in log.aborted(0, 9)] == ([] if commit else [7])
    assert again(5001) == [(1, 5101), (3, None)], "nothing of it was passed this time"
    assert log.aborted(0, 9) == []
    assert again(5100) == [(1, 5101), (3, None)]
    assert again(5101) == [(3, None)], "the other's last batch is there for its sequence"
    assert log.producers.producers[7].last_sequence == 1
    assert table(committed(log)) == {b"k": (4, b"2"), b"x": (5, b"2"), b"y": (6, b"y")}
    log.close(0)
    assert ends(open_at(tmp_path / "t-0", COMPACT)) == [(3, None)]


def test_an_end_that_was_emptied_is_passed_over(tmp_path: Path) -> None:
    """It stays for its producer's epoch where there is no other batch of it."""
    log = open_at(tmp_path / "t-0", COMPACT)
    put_batch(log, records.marker(7, 3, commit=False, coordinator_epoch=0, now=1000))
    put_batch(log, records.build([(b"k", b"2")], 1000))
    log.roll()
    put_batch(log, records.build([(b"y", b"y")], 1000))
    for now in (5000, 5100, 5200):
        log.cleaned_to = 0
        cleaned(log, now)
    [empty] = [header for header, _ in log.batches() if header.control]
    assert (empty.base_offset, empty.records) == (0, 0)
    assert (empty.producer_id, empty.producer_epoch) == (7, 3)
    log.abandon()
    again = open_at(tmp_path / "t-0", COMPACT, clean=False)
    assert committed(again) == [(1, b"k", b"2"), (2, b"y", b"y")]


@pytest.mark.parametrize("codec", list(Codec))
def test_a_batch_that_is_written_again_is_compressed_as_it_was(
    tmp_path: Path, codec: Codec
) -> None:
    log = open_at(tmp_path / "t-0", COMPACT)
    for number in range(2):
        pairs = [(b"a", b"%d" % number * 50), (b"b%d" % number, b"%d" % number * 50)]
        put_batch(log, records.recompress(records.build(pairs, 1000), codec))
    log.roll()
    cleaned(log)
    found = [(header.codec, header.records) for header, _ in log.batches()]
    assert found == [(codec, 1), (codec, 2)]


def keys(log: Log) -> list[bytes | None]:
    return [key for _, key, _ in committed(log)]


def test_what_is_young_is_not_cleaned(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0", replace(COMPACT, min_compaction_lag_ms=100))
    for at in (1000, 1050):
        put_batch(log, records.build([(b"k", b"%d" % at)], at), at)
        log.roll()
    cleaned(log, 1100)
    assert keys(log) == [b"k", b"k"]
    cleaned(log, 1149)
    assert keys(log) == [b"k", b"k"]
    cleaned(log, 1150)
    assert keys(log) == [b"k"]


def test_what_is_clean_may_be_as_young_as_it_likes(tmp_path: Path) -> None:
    """Records may say that they are of the future; others are cleaned nevertheless."""
    log = open_at(tmp_path / "t-0", COMPACT)
    put_batch(log, records.build([(b"k", b"1")], 9_000), 1000)
    log.roll()
    cleaned(log, 1000)
    log.settings = replace(COMPACT, min_compaction_lag_ms=100)
    put_batch(log, records.build([(b"k", b"2")], 1000), 1000)
    log.roll()
    cleaned(log, 2000)
    assert keys(log) == [b"k"]


def test_what_is_old_is_cleaned_however_little_it_is(tmp_path: Path) -> None:
    settings = replace(COMPACT, min_cleanable_dirty_ratio=0.9, max_compaction_lag_ms=500)
    log = open_at(tmp_path / "t-0", settings)
    for number in range(20):
        put_batch(log, records.build([(b"k%d" % number, bytes(60))], 1000), 1000)
    log.roll()
    cleaned(log, 1400)
    put_batch(log, records.build([(b"k0", b"new")], 2000), 2000)
    cleaned(log, 2400)
    assert len(keys(log)) == 21, "it is in the segment that is appended to"
    put_batch(log, records.build([(b"k1", b"new")], 2501), 2501)
    assert log.active.size < 200, "what is to be compacted in time is rolled in time"
    cleaned(log, 2500)
    assert len(keys(log)) == 22
    cleaned(log, 2501)
    assert len(keys(log)) == 21


def test_so_much_has_to_be_dirty(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0", replace(COMPACT, min_cleanable_dirty_ratio=0.5))
    for _ in range(2):
        for _ in range(8):
            put_batch(log, records.build([(b"k", bytes(50))], 1000))
        log.roll()
    log.cleaned_to = 8
    cleaned(log)
    assert len(keys(log)) == 16, "half of it is not more than half"
    put_batch(log, records.build([(b"k", bytes(50))], 1000))
    log.roll()
    cleaned(log)
    assert len(keys(log)) == 1


def test_compacted_and_deleted(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0", replace(COMPACT, delete=True, retention_ms=1000))
    for at in (1000, 3000):
        put_batch(log, records.build([(b"k%d" % at, b"v"), (b"k", b"v")], at), at)
        log.roll()
    put_batch(log, records.build([(b"x", b"v")], 4000), 4000)
    log.expire(3500)
    assert log.start_offset == 2
    cleaned(log, 3500)
    assert keys(log) == [b"k3000", b"k", b"x"]
    log.expire(4001)
    assert keys(log) == [b"x"]
    only = open_at(tmp_path / "t-1", COMPACT)
    put_batch(only, records.build([(b"k", b"v")], 1000))
    only.roll()
    only.expire(1 << 50)
    assert only.start_offset == 0


def what_was_aborted_replaces_others(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Decided, "is_aborted", lambda *_: False)


def ends_go_before_the_rest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Decided, "ended", lambda *_: (True, None))


def last_batches_are_not_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cleaner.Plan, "is_newest", lambda *_: False)


def what_is_undecided_is_cleaned_too(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cleaner, "_cleanable", lambda log, *_: log.segments[:-1])


@pytest.mark.parametrize(
    "mistake",
    [
        what_was_aborted_replaces_others,
        ends_go_before_the_rest,
        last_batches_are_not_kept,
        what_is_undecided_is_cleaned_too,
    ],
)
def test_a_mistake_is_noticed(
    tmp_path: Path, mistake: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake(monkeypatch)

    def look() -> None:
        for seed in range(12):
            test_readers_find_the_same(tmp_path / str(seed), seed)

    with pytest.raises(AssertionError):
        look()
