"""Compaction: of the records with one key, the last is kept.

    what is clean       before the point that the last cleaning reached
    what may be cleaned before the active segment, the last stable offset, and the first dirty
                        segment that is younger than min.compaction.lag.ms

The last offset of each key of the dirty part is noted; then all segments up to there are written
again without the records that a later one replaces.  Offsets never change: gaps appear.  A batch
that is written again is compressed as it was.  What else goes:

    records of aborted transactions  at once; they replace nothing
    tombstones (no value)            delete.retention.ms after the cleaning that first met them
    ends of transactions             so long after the cleaning that left nothing of the rest

The time at which the last two go is written into their batch (KIP-534).  The last batch of a
producer stays even when it is empty, for its sequence is what its next is held against; so does the
last of what was cleaned, for its offset.

Reading and writing is done beside the thread that serves clients, on segments that nobody appends
to; the finished segments are put in place by that thread.  They are called `.cleaned` until they
are whole, and `.swap` until they are in place: what a crash leaves is undone or finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from broker.log.decided import Decided
from broker.log.log import Log
from broker.log.producers import Aborted
from broker.log.segment import CLEANED, SWAP, Found, Segment
from broker.log.settings import LogSettings
from broker.wire.batches import DELETE_HORIZON, MAX_OFFSET_DELTA, BatchHeader, Data, read_header
from broker.wire.records import LogRecord, read_records, rebuild

MOST_KEYS = 1_000_000
"""Keys that are noted in one cleaning."""


@dataclass
class Plan:
    """One cleaning of a log.

    segments  those that are written again
    start     where the dirty part begins
    end       where it ends; what a record from here on replaces is not known
    last      the last offset of each key of the dirty part
    aborted   the transactions of the log that were
    newest    the offset of each producer's last batch; of those who only ended something, the epoch
    """

    segments: list[Segment]
    settings: LogSettings
    start: int
    end: int
    now: int
    aborted: list[Aborted]
    newest: dict[int, tuple[int | None, int]]
    last: dict[bytes, int] = field(default_factory=dict)

    def is_newest(self, header: BatchHeader) -> bool:
        """Whether a batch is its producer's last."""
        offset, epoch = self.newest.get(header.producer_id, (None, None))
        if offset is None:
            return header.control and header.producer_epoch == epoch
        return header.last_offset == offset


def plan(log: Log, now: int) -> Plan | None:
    """What is to be cleaned; None where there is not enough to be worth it."""
    settings = log.settings
    first = log.segments[0].base_offset
    start = max(log.cleaned_to if log.cleaned_to <= log.end_offset else 0, first)
    segments = _cleanable(log, start, now)
    dirty = [segment for segment in segments if segment.base_offset >= start]
    if not dirty:
        return None
    size = sum(segment.size for segment in segments)
    share = sum(segment.size for segment in dirty) / size if size else 0
    times = [segment.first_timestamp or 0 for segment in dirty]
    oldest = min((timestamp for timestamp in times if timestamp > 0), default=now)
    overdue = now - oldest > settings.max_compaction_lag_ms
    if share <= settings.min_cleanable_dirty_ratio and not overdue:
        return None
    end = log.next_base(len(segments) - 1)
    aborted = [entry for segment in log.segments for entry in segment.aborted.entries()]
    newest = {
        producer_id: (
            producer.batches[-1].last_offset if producer.batches else None,
            producer.epoch,
        )
        for producer_id, producer in log.producers.producers.items()
    }
    return Plan(segments, settings, start, end, now, aborted, newest)


def _cleanable(log: Log, start: int, now: int) -> list[Segment]:
    """The segments before the first that may not be cleaned."""
    lag, found = log.settings.min_compaction_lag_ms, []
    for number, segment in enumerate(log.segments[:-1]):
        young = lag and segment.base_offset >= start and segment.max_timestamp > now - lag
        if young or log.next_base(number) > log.stable_offset:
            break
        found.append(segment)
    return found


async def clean(log: Log, now: Callable[[], int]) -> bool:
    """Clean a log, if it is worth it; whether it was."""
    wanted = plan(log, now())
    if wanted is None:
        return False
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, _note_keys, wanted)
    decided = Decided(wanted.aborted)
    for group in _groups(wanted):
        made = await loop.run_in_executor(None, _write, log, wanted, group, decided)
        if all(segment in log.segments for segment in group):
            _put_in_place(log, group, made, now())
        else:
            made.remove()
    log.cleaned_to = max(log.cleaned_to, wanted.end)
    return True


def _note_keys(wanted: Plan) -> None:
    decided = Decided(wanted.aborted)
    for segment in wanted.segments:
        for found in segment.headers():
            header = found.header
            gone = _can_go(found, decided)[0]
            if header.last_offset < wanted.start or header.control or gone:
                continue
            if len(wanted.last) >= MOST_KEYS:
                wanted.end = header.base_offset
                return
            for record in read_records(segment.batch(found)):
                if record.key is not None:
                    wanted.last[record.key] = record.offset


def _groups(wanted: Plan) -> list[list[Segment]]:
    """Segments that are written as one, for together they are no larger than one may be."""
    groups: list[list[Segment]] = []
    size = 0
    for segment in wanted.segments:
        size += segment.size
        first = groups[-1][0].base_offset if groups else segment.base_offset
        if (
            not groups
            or size > wanted.settings.segment_bytes
            or wanted.end - first > MAX_OFFSET_DELTA
        ):
            groups.append([])
            size = segment.size
        groups[-1].append(segment)
    return groups


def _write(log: Log, wanted: Plan, group: Sequence[Segment], decided: Decided) -> Segment:
    """The segments of a group as one, without what is replaced."""
    made = Segment(log.disk, log.folder, group[0].base_offset, CLEANED)
    try:
        for segment in group:
            for found in segment.headers():
                gone, note = _can_go(found, decided)
                if note is not None:
                    made.aborted.append(note)
                batch = _cleaned(wanted, segment, found, gone=gone)
                if batch is not None:
                    made.append(batch, read_header(batch), wanted.settings.index_interval_bytes)
        made.seal()
        made.flush()
    except BaseException:
        made.remove()
        raise
    return made


def _can_go(found: Found, decided: Decided) -> tuple[bool, Aborted | None]:
    """Whether a batch is of no use any more; where it ends a transaction, the note that is."""
    header = found.header
    if not header.control:
        return decided.is_aborted(header), None
    if not header.records:
        return True, None
    return decided.ended(header)


def _cleaned(wanted: Plan, segment: Segment, found: Found, *, gone: bool) -> Data | None:
    """What is left of a batch."""
    header, batch = found.header, segment.batch(found)
    horizon = header.base_timestamp if header.attributes & DELETE_HORIZON else None
    due = horizon is not None and horizon <= wanted.now
    records = read_records(batch)
    if gone:
        kept = records if header.control and not due else []
    elif header.control:
        kept = records
    else:
        kept = [record for record in records if _stays(wanted, record, due=due)]
    if not kept:
        last = wanted.is_newest(header) or header.next_offset == wanted.end
        return rebuild(header, []) if last else None
    waits = (gone and header.control) or any(record.value is None for record in kept)
    stamp = wanted.now + wanted.settings.delete_retention_ms if waits and horizon is None else None
    if len(kept) == len(records) and stamp is None:
        return batch
    return rebuild(header, kept, stamp)


def _stays(wanted: Plan, record: LogRecord, *, due: bool) -> bool:
    """Whether no later record replaces this one; nor is it a tombstone whose time has come."""
    if record.offset >= wanted.end:
        return True
    if record.key is None or record.offset < wanted.last.get(record.key, -1):
        return False
    return record.value is not None or not due


def _put_in_place(log: Log, group: Sequence[Segment], made: Segment, now: int) -> None:
    made.rename(SWAP)
    at = log.segments.index(group[0])
    for segment in group:
        log.set_aside(segment, now)
    made.rename("")
    log.set_segments([*log.segments[:at], made, *log.segments[at + len(group) :]])
