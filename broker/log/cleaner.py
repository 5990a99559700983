"""Compaction: of the records with one key, the last is kept.

    what is clean       before the point that the last cleaning reached
    what may be cleaned before the active segment, the last stable offset, and the first segment
                        that is younger than min.compaction.lag.ms

The last offset of each key of the dirty part is noted; then all segments up to there are written
again without the records that a later one replaces.  Offsets never change: gaps appear.  Records
of aborted transactions go, and replace nothing; the ends of transactions stay.  A tombstone (no
value) is first stamped with the time until which it is kept, and goes in a cleaning after that.
A producer's last batch stays even when it is empty, for its sequence is what its next is held
against.

Reading and writing is done beside the thread that serves clients, on segments that nobody appends
to; the finished segments are put in place by that thread.  They are called `.cleaned` until they
are whole, and `.swap` until they are in place: what a crash leaves is undone or finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from broker.log.log import Log
from broker.log.producers import Aborted
from broker.log.segment import CLEANED, SWAP, Found, Segment
from broker.log.settings import LogSettings
from broker.wire.batches import DELETE_HORIZON, MAX_OFFSET_DELTA, BatchHeader, read_header
from broker.wire.records import LogRecord, read_records, rebuild

MOST_KEYS = 1_000_000
"""Keys that are noted in one cleaning."""


@dataclass
class Plan:
    """One cleaning of a log.

    segments  those that are written again
    start     where the dirty part begins
    end       no record from here on is touched
    last      the last offset of each key of the dirty part
    newest    the offset of each producer's last batch
    """

    segments: list[Segment]
    settings: LogSettings
    start: int
    end: int
    now: int
    aborted: list[Aborted]
    newest: set[int]
    last: dict[bytes, int] = field(default_factory=dict)

    def is_aborted(self, header: BatchHeader) -> bool:
        """Whether a batch is of a transaction that was aborted."""
        return header.transactional and any(
            each.producer_id == header.producer_id
            and each.first_offset <= header.base_offset <= each.last_offset
            for each in self.aborted
        )


def plan(log: Log, now: int) -> Plan | None:
    """What is to be cleaned; None where there is not enough to be worth it."""
    settings, segments = log.settings, log.segments[:-1]
    lag = settings.min_compaction_lag_ms
    kept = 0
    while kept < len(segments) and not (
        log.next_base(kept) > log.stable_offset
        or (lag and segments[kept].max_timestamp > now - lag)
    ):
        kept += 1
    segments = segments[:kept]
    if not segments:
        return None
    end = log.next_base(kept - 1)
    start = max(log.cleaned_to, log.segments[0].base_offset)
    dirty = [segment for segment in segments if segment.base_offset >= start]
    size = sum(segment.size for segment in segments)
    share = sum(segment.size for segment in dirty) / size if size else 0
    oldest = min((segment.first_timestamp or now for segment in dirty), default=now)
    overdue = now - oldest > settings.max_compaction_lag_ms
    if not dirty or (share < settings.min_cleanable_dirty_ratio and not overdue):
        return None
    newest = {
        producer.batches[-1].last_offset
        for producer in log.producers.producers.values()
        if producer.batches
    }
    aborted = [entry for segment in log.segments for entry in segment.aborted.entries()]
    return Plan(segments, settings, start, end, now, aborted, newest)


async def clean(log: Log, now: Callable[[], int]) -> bool:
    """Clean a log, if it is worth it; whether it was."""
    wanted = plan(log, now())
    if wanted is None:
        return False
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, _note_keys, wanted)
    for group in _groups(wanted):
        made = await loop.run_in_executor(None, _write, log, wanted, group)
        if all(segment in log.segments for segment in group):
            _put_in_place(log, group, made, now())
        else:
            made.remove()
    log.cleaned_to = max(log.cleaned_to, wanted.end)
    return True


def _note_keys(wanted: Plan) -> None:
    for segment in wanted.segments:
        for found in segment.headers():
            header = found.header
            if header.last_offset < wanted.start or header.base_offset >= wanted.end:
                continue
            if len(wanted.last) >= MOST_KEYS:
                wanted.end = header.base_offset
                return
            if not header.control and not wanted.is_aborted(header):
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


def _write(log: Log, wanted: Plan, group: Sequence[Segment]) -> Segment:
    """The segments of a group as one, without what is replaced."""
    made = Segment(log.disk, log.folder, group[0].base_offset, CLEANED)
    for segment in group:
        for found in segment.headers():
            batch = _cleaned(wanted, segment, found)
            if batch is not None:
                data, header = batch
                made.append(data, header, wanted.settings.index_interval_bytes)
        for entry in segment.aborted.entries():
            made.aborted.append(entry)
    made.seal()
    made.flush()
    return made


def _cleaned(
    wanted: Plan, segment: Segment, found: Found
) -> tuple[bytes | bytearray, BatchHeader] | None:
    """What is left of a batch."""
    header, batch = found.header, segment.batch(found)
    if header.control or header.base_offset >= wanted.end:
        return batch, header
    records = read_records(batch)
    gone = wanted.is_aborted(header)
    expired = bool(header.attributes & DELETE_HORIZON) and header.base_timestamp <= wanted.now
    kept = [
        record
        for record in records
        if not gone and _is_last(wanted, record) and not (expired and record.value is None)
    ]
    stamp = any(record.value is None for record in kept) and not header.attributes & DELETE_HORIZON
    if len(kept) == len(records) and not stamp:
        return batch, header
    if not kept and header.last_offset not in wanted.newest:
        return None
    horizon = wanted.now + wanted.settings.delete_retention_ms if stamp else None
    data = rebuild(header, kept, horizon)
    return data, read_header(data)


def _is_last(wanted: Plan, record: LogRecord) -> bool:
    return record.key is not None and record.offset >= wanted.last.get(record.key, -1)


def _put_in_place(log: Log, group: Sequence[Segment], made: Segment, now: int) -> None:
    made.rename(SWAP)
    at = log.segments.index(group[0])
    for segment in group:
        log.set_aside(segment, now)
    made.rename("")
    log.set_segments([*log.segments[:at], made, *log.segments[at + len(group) :]])
