"""A log: the batches of one partition in order, in segments.

    log start offset          the first that may be read; what is before goes with its segment
    recovery point            what is before outlived the machine the last time it was flushed
    last stable offset        the first that a transaction which is still open wrote
    log end offset            that of the next record

Appending gives a batch its offset and writes its bytes.  Everything else that is kept, indexes,
producers, leader epochs, is what the batches make of it; `broker.log.recovery` builds it again.

No clock is read: the time is handed in.  What is slow, flushing and cleaning, is done by whoever
holds the log, when `unflushed` or the settings say so.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, overload

from broker.errors import ErrorCode, Refused
from broker.log import checkpoints, snapshots
from broker.log.epochs import EpochCache
from broker.log.files import Data, Disk, Piece
from broker.log.producers import Aborted, ProducerStates
from broker.log.segment import DELETED, SUFFIXES, Found, Segment, named
from broker.log.settings import LogSettings
from broker.wire import batches
from broker.wire.batches import BatchHeader
from broker.wire.records import Allowance, read_marker

SNAPSHOT = ".snapshot"
MOST_BY_TIME = 1_000
"""Segments that times may make: they are the producers', and each segment has files open."""

_TIME_ENTRY, _OFFSET_ENTRY = 12, 8


class Appended(NamedTuple):
    """Where a batch is.

    append_time  ms, where the log gives records their time; otherwise -1
    again        it was there before: its producer sent it twice
    """

    base_offset: int
    last_offset: int
    append_time: int = -1
    again: bool = False


class Log:
    """One partition's log; `broker.log.recovery` opens it.

    cut      bytes that were not sound and were let go when it was opened
    missing  offsets before the recovery point that were not there then
    """

    def __init__(self, disk: Disk, folder: Path, settings: LogSettings) -> None:
        self.disk, self.folder, self.settings = disk, folder, settings
        self.segments: list[Segment] = []
        self.producers = ProducerStates()
        self.epochs = EpochCache()
        self.start_offset = 0
        self.end_offset = 0
        self.recovery_point = 0
        self.last_flush = 0
        self.cleaned_to = 0
        self.cut = self.missing = 0
        self._base_offsets: list[int] = []
        self._epochs_unsaved = False
        self._flush_failed: OSError | None = None
        self._gone: list[tuple[int, Segment]] = []

    # Segments ---------------------------------------------------------------------------------

    @property
    def active(self) -> Segment:
        """The segment that is appended to."""
        return self.segments[-1]

    @property
    def size(self) -> int:
        """Bytes of its batches."""
        return sum(segment.size for segment in self.segments)

    def add_segment(self, segment: Segment) -> None:
        """Append to this one from now on."""
        self.segments.append(segment)
        self._base_offsets.append(segment.base_offset)

    def set_segments(self, segments: list[Segment]) -> None:
        """Consist of these."""
        self.segments = segments
        self._base_offsets = [segment.base_offset for segment in segments]

    def next_base(self, number: int) -> int:
        """The offset after a segment, by its place among them."""
        if number + 1 < len(self.segments):
            return self.segments[number + 1].base_offset
        return self.end_offset

    def _floor(self, offset: int) -> int:
        return max(0, bisect_right(self._base_offsets, offset) - 1)

    # Appending --------------------------------------------------------------------------------

    def append(
        self, data: memoryview, header: BatchHeader, now: int, leader_epoch: int
    ) -> Appended:
        """Append one batch that a producer or a coordinator sent; its bytes are written upon.

        Raises `Refused` where its producer may not append it, OSError where it cannot be written;
        either way nothing has changed.
        """
        size, settings = header.size, self.settings
        if size > settings.segment_bytes:
            raise Refused(ErrorCode.RECORD_LIST_TOO_LARGE)
        producer, control = header.producer_id >= 0, header.control
        if producer and not control:
            again = self.producers.check(header)
            if again is not None:
                return Appended(again.base_offset, again.last_offset, again=True)
        if self._must_roll(header, size):
            self.roll()
        base = self.end_offset
        batches.assign(data, base, leader_epoch)
        append_time = -1
        if settings.append_time:
            batches.stamp(data[:size], now)
            append_time = now
        header = batches.read_header(data)
        self._epochs_unsaved |= self.epochs.assign(leader_epoch, base)
        if self._epochs_unsaved:
            self.save_epochs()
        aborted = None
        if control:
            commit, _ = read_marker(data)
            aborted = None if commit else self.producers.aborted_by(header)
        self.active.append(data[:size], header, settings.index_interval_bytes, aborted)
        last = base + header.last_offset_delta
        self.end_offset = last + 1
        if producer:
            self.note(header, data)
        if last + 1 - self.recovery_point >= settings.flush_messages:
            self.flush(now)
        return Appended(base, last, append_time)

    def note(self, header: BatchHeader, data: batches.Data) -> None:
        """What a batch that is in the log makes of its producers."""
        if header.producer_id < 0:
            return
        if header.control:
            if not header.records:
                return  # It was cleaned, and so was the transaction that it ended.
            _, coordinator_epoch = read_marker(data)
            self.producers.ended(header, coordinator_epoch)
        else:
            self.producers.appended(header)

    def _must_roll(self, header: BatchHeader, more: int) -> bool:
        segment, settings = self.active, self.settings
        size = segment.log.size
        if not size:
            return False
        first = segment.first_timestamp
        last = self.end_offset + header.last_offset_delta
        return (
            size + more > settings.segment_bytes
            or (
                first is not None
                and header.max_timestamp - first > settings.roll_ms
                and len(self.segments) < MOST_BY_TIME
            )
            or last - segment.base_offset > batches.MAX_OFFSET_DELTA
            or segment.index.size + _OFFSET_ENTRY > settings.segment_index_bytes
            or segment.time_index.size + _TIME_ENTRY > settings.segment_index_bytes
        )

    def roll(self) -> None:
        """Start a new segment, and note the producers as of its first offset."""
        self.active.seal()
        self.snapshot()
        try:
            segment = Segment(self.disk, self.folder, self.end_offset)
        except OSError:
            # What was made of it would be taken for the end of the log some day.
            for kind in SUFFIXES:
                with contextlib.suppress(OSError):
                    self.disk.remove(self.folder / named(self.end_offset, kind))
            raise
        self.add_segment(segment)

    def snapshot(self) -> None:
        """Write down the producers as of the end of the log."""
        path = self.folder / named(self.end_offset, SNAPSHOT)
        if self.end_offset > self.segments[0].base_offset and not self.disk.exists(path):
            data = snapshots.write(self.producers.producers)
            self.disk.replace(path, data, durable=False)

    def lead(self, epoch: int) -> None:
        """What is appended from now on is of this epoch; that is written down with the first."""
        self._epochs_unsaved |= self.epochs.assign(epoch, self.end_offset)

    def save_epochs(self) -> None:
        """Write down the leader epochs."""
        path = self.folder / checkpoints.LEADER_EPOCHS
        self.disk.replace(path, checkpoints.write_epochs(self.epochs.entries))
        self._epochs_unsaved = False

    # Flushing ---------------------------------------------------------------------------------

    def unflushed(self) -> list[Segment]:
        """The segments that were appended to since the recovery point."""
        return self.segments[self._floor(self.recovery_point) :]

    def rolled(self) -> list[Segment]:
        """Those of them that nothing is appended to any more."""
        return [segment for segment in self.unflushed() if segment is not self.active]

    def flushed(self, offset: int) -> None:
        """All before this offset outlives the machine."""
        self.recovery_point = max(self.recovery_point, min(offset, self.end_offset))

    def flush(self, now: int) -> None:
        """Have all of it outlive the machine.

        A disk that failed once is not asked again, for its next yes would say nothing of what it
        did not write then: OSError each time, until the log is opened anew and read.
        """
        if self.end_offset > self.recovery_point:
            self.flush_segments(self.unflushed())
        self.recovery_point, self.last_flush = self.end_offset, now

    def flush_segments(self, segments: Iterable[Segment]) -> None:
        """Have these outlive the machine."""
        if self._flush_failed is not None:
            raise OSError(self._flush_failed.errno, self._flush_failed.strerror)
        try:
            for segment in segments:
                segment.flush()
        except OSError as failure:
            self._flush_failed = failure
            raise

    # Reading ----------------------------------------------------------------------------------

    @property
    def stable_offset(self) -> int:
        """The last stable offset, as far as the log knows."""
        undecided = self.producers.first_undecided
        return self.end_offset if undecided is None else undecided

    @overload
    def read(self, offset: int, max_bytes: int, before: int, *, whole: bool) -> Data: ...

    @overload
    def read(
        self, offset: int, max_bytes: int, before: int, *, whole: bool, pieces: bool
    ) -> Data | Piece: ...

    def read(
        self, offset: int, max_bytes: int, before: int, *, whole: bool, pieces: bool = False
    ) -> Data | Piece:
        """Whole batches from the one that holds this offset on, and perhaps part of another.

        before  the first offset that is not to be read
        whole   at least one batch, however large
        pieces  what is much may be a piece of the file, which nobody has read
        """
        if offset >= before:
            return b""
        limit = None if before >= self.end_offset else before
        for number in range(self._floor(offset), len(self.segments)):
            data = self.segments[number].read(offset, max_bytes, limit, whole=whole, pieces=pieces)
            if data is not None:
                return data
        return b""

    def aborted(self, offset: int, before: int) -> list[Aborted]:
        """The aborted transactions of which there may be records between two offsets."""
        found = []
        for segment in self.segments[self._floor(offset) :]:
            for entry in segment.aborted.entries():
                if entry.last_offset >= offset and entry.first_offset < before:
                    found.append(entry)
                if entry.stable >= before:
                    return found
        return found

    def found(self, offset: int = 0) -> Iterator[tuple[Segment, Found]]:
        """All batches from the one that holds this offset on, and the segment of each."""
        for number in range(self._floor(offset), len(self.segments)):
            segment = self.segments[number]
            for found in segment.since(offset):
                if found.header.last_offset >= offset:
                    yield segment, found

    def batches(self, offset: int = 0) -> Iterator[tuple[BatchHeader, bytes]]:
        """The same, with their bytes."""
        for segment, found in self.found(offset):
            yield found.header, segment.batch(found)

    def first_since(
        self, timestamp: int, allowance: Allowance | None = None
    ) -> tuple[int, int] | None:
        """The time and offset of the first record that is no older."""
        for segment in self.segments[self._floor(self.start_offset) :]:
            if segment.max_timestamp >= timestamp:
                found = segment.first_since(timestamp, self.start_offset, allowance)
                if found is not None:
                    return found
        return None

    def newest(self, allowance: Allowance | None = None) -> tuple[int, int] | None:
        """The time and offset of the newest record."""
        newest = max((segment.max_timestamp for segment in self.segments), default=-1)
        return self.first_since(newest, allowance) if newest >= 0 else None

    # Cutting ----------------------------------------------------------------------------------

    def truncate(self, offset: int) -> None:
        """End at this offset, or where the batch that holds it starts."""
        if offset >= self.end_offset:
            return
        while len(self.segments) > 1 and self.active.base_offset >= offset:
            self.segments.pop().remove()
        self._base_offsets = [segment.base_offset for segment in self.segments]
        found = self.active.find(offset)
        if found is not None:
            self.active.truncate(found.position, found.header.base_offset)
            offset = found.header.base_offset
        self.active.reopen()
        self.end_offset = max(offset, self.active.base_offset)
        self.recovery_point = min(self.recovery_point, self.end_offset)
        self.start_offset = min(self.start_offset, self.end_offset)
        self.epochs.truncate_end(self.end_offset)
        self.save_epochs()

    def advance_start(self, offset: int, now: int) -> None:
        """Nothing before this offset may be read any more (DeleteRecords)."""
        self.start_offset = max(self.start_offset, min(offset, self.end_offset))
        count = 0
        while count < len(self.segments) and self.next_base(count) <= self.start_offset:
            count += 1
        self._drop(count, now)

    def expire(self, now: int) -> None:
        """Let go of the oldest segments, as far as retention does not cover them."""
        settings, count = self.settings, 0
        if not settings.delete:
            return
        if settings.retention_ms >= 0:
            oldest = now - settings.retention_ms
            # Records without a time are not old.
            while count < len(self.segments) and (
                self.segments[count].max_timestamp < oldest
                and (self.segments[count].max_timestamp >= 0 or not self.segments[count].size)
            ):
                count += 1
        if settings.retention_bytes >= 0:
            left = sum(segment.size for segment in self.segments[count:])
            while count < len(self.segments):
                left -= self.segments[count].size
                if left < settings.retention_bytes:
                    break
                count += 1
        self._drop(count, now)

    def _drop(self, count: int, now: int) -> None:
        """Let go of so many segments; something is left to append to."""
        if count == len(self.segments):
            if self.active.size:
                self.roll()
            count = len(self.segments) - 1
        if not count:
            return
        gone = self.segments[:count]
        self.set_segments(self.segments[count:])
        self.start_offset = max(self.start_offset, self.segments[0].base_offset)
        self.epochs.truncate_start(self.start_offset)
        self.save_epochs()
        for segment in gone:
            self.set_aside(segment, now)

    def set_aside(self, segment: Segment, now: int) -> None:
        """A segment that is not part of the log any more: its files stay a little longer."""
        segment.rename(DELETED)
        self.disk.remove(self.folder / named(segment.base_offset, SNAPSHOT))
        self._gone.append((now, segment))

    def remove_gone(self, now: int) -> None:
        """Remove the files that stayed long enough, or since a later time: the clock went back."""
        delay, kept = self.settings.file_delete_delay_ms, []
        for since, segment in self._gone:
            if since <= now < since + delay:
                kept.append((since, segment))
            else:
                segment.remove()
        self._gone = kept

    def close(self, now: int) -> None:
        """Flush it, note its producers, and give its files back."""
        for segment in self.segments:
            segment.seal()
        self.flush(now)
        self.snapshot()
        self.abandon()

    def abandon(self) -> None:
        """Give its files back as they are."""
        for segment in (*self.segments, *(segment for _, segment in self._gone)):
            segment.close()
