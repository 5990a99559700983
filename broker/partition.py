"""A partition, as one of its replicas has it.

The leader appends, and tells followers and consumers how far they may read:

    log end offset     what the leader has
    high watermark     what all in-sync replicas have; consumers read no further, and it never
                       goes back
    last stable offset the high watermark, or where the oldest open transaction starts
    leader epoch       which leader's turn it is; a request that names another is refused

This broker is the only replica, so that what is appended is replicated; `followers` is where
others' ends would be.  Requests that name a leader epoch are held against the partition's own
(KIP-320): an older one is fenced, a newer one is not known here yet.

Source: KIP-101, KIP-320.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from broker.errors import ErrorCode, Refused
from broker.log.files import Piece
from broker.log.log import Appended, Log
from broker.log.producers import Aborted
from broker.log.settings import MAX_INT64, LogSettings
from broker.wire import batches
from broker.wire.batches import BatchHeader, Corrupt
from broker.wire.records import Allowance, LogRecord, TooMuch, each_record, recompress

T = TypeVar("T")
LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED = -1, -2, -3, -4, -5


class RecordsRefused(Refused):
    """Records of a batch that may not be appended, so that it is not.

    records  which of the batch, from 0, and what is wrong with each, where there is more to say
    why      what is wrong with the batch
    """

    def __init__(self, error: ErrorCode, records: Mapping[int, str | None], why: str) -> None:
        super().__init__(error)
        self.records, self.why = records, why


@dataclass(frozen=True)
class Read:
    """What a fetch found.

    records  whole batches, and perhaps part of another
    aborted  for a reader of committed records: what to pass over
    """

    records: batches.Data | Piece
    high_watermark: int
    stable_offset: int
    start_offset: int
    aborted: list[Aborted] | None = None


@dataclass
class Partition:
    """One partition, led by this broker.

    followers  the log end offset of each other in-sync replica
    """

    topic: str
    index: int
    topic_id: UUID
    log: Log
    leader_epoch: int
    followers: dict[int, int] = field(default_factory=dict)
    high_watermark: int = 0

    def __post_init__(self) -> None:
        """Become its leader."""
        self.log.lead(self.leader_epoch)
        self._advance()

    def _advance(self) -> None:
        known = self.log.end_offset
        if self.followers:
            known = min(known, *self.followers.values())
        self.high_watermark = max(self.high_watermark, known)

    @property
    def stable_offset(self) -> int:
        """How far a reader of committed records may read."""
        return min(self.high_watermark, self.log.stable_offset)

    def limit(self, *, committed: bool) -> int:
        """How far a consumer may read."""
        return self.stable_offset if committed else self.high_watermark

    def check_epoch(self, epoch: int) -> None:
        """Refuse a request that takes another leader for the partition's."""
        if 0 <= epoch < self.leader_epoch:
            raise Refused(ErrorCode.FENCED_LEADER_EPOCH)
        if epoch > self.leader_epoch:
            raise Refused(ErrorCode.UNKNOWN_LEADER_EPOCH)

    # Appending --------------------------------------------------------------------------------

    def append(self, data: memoryview, header: BatchHeader, now: int) -> Appended:
        """Append a batch; `Refused` or OSError where that may or can not be."""
        appended = self.log.append(data, header, now, self.leader_epoch)
        self._advance()
        return appended

    def produce(
        self, data: memoryview | None, now: int, allowance: Allowance
    ) -> tuple[Appended, int]:
        """Append what a producer sent; where it is, and its bytes.

        allowance  how much its request may still have looked into
        """
        settings = self.log.settings
        header = batches.from_producer(data)
        assert data is not None
        size = header.size
        if size > settings.max_message_bytes:
            raise Refused(ErrorCode.MESSAGE_TOO_LARGE)
        if not settings.append_time:
            _check_times(data, header, settings, now, allowance)
        if settings.compact:
            _each_has_a_key(data, allowance)
        if settings.codec is not None and settings.codec != header.codec:
            data, header = _recompressed(data, settings, allowance)
            size = header.size
        return self.append(data, header, now), size

    # Reading ----------------------------------------------------------------------------------

    def read(
        self, offset: int, max_bytes: int, *, committed: bool, whole: bool, pieces: bool = False
    ) -> Read:
        """What a consumer may read from this offset on; `Refused` where it is outside the log.

        pieces  what is much may be a piece of a file, which nobody has read
        """
        log = self.log
        if not log.start_offset <= offset <= log.end_offset:
            raise Refused(ErrorCode.OFFSET_OUT_OF_RANGE)
        limit = self.limit(committed=committed)
        data: batches.Data | Piece = b""
        if max_bytes or whole:
            data = log.read(offset, max_bytes, limit, whole=whole, pieces=pieces)
        aborted = None
        if committed:
            aborted = log.aborted(offset, limit) if data else []
        return Read(data, self.high_watermark, self.stable_offset, log.start_offset, aborted)

    def offset_for(
        self, timestamp: int, allowance: Allowance, *, committed: bool
    ) -> tuple[int, int, int]:
        """The time, offset and leader epoch of the first record that is no older; or by a name.

        -1 stands for no time, and -1 for no such record.  The allowance is that of the request.
        """
        limit = self.limit(committed=committed)
        if timestamp == LATEST:
            return -1, limit, self.leader_epoch
        if timestamp in {EARLIEST, EARLIEST_LOCAL}:
            start = self.log.start_offset
            return -1, start, self.log.epochs.epoch_of(start)
        if timestamp == LATEST_TIERED:
            return -1, -1, -1
        if timestamp == MAX_TIMESTAMP:
            found = self.log.newest(allowance)
        elif timestamp >= 0:
            found = self.log.first_since(timestamp, allowance)
        else:
            raise Refused(ErrorCode.UNSUPPORTED_VERSION)
        if found is None or found[1] >= limit:
            return -1, -1, -1
        return found[0], found[1], self.log.epochs.epoch_of(found[1])

    def end_of_epoch(self, epoch: int) -> tuple[int, int]:
        """The largest epoch that is no larger, and where it ended."""
        return self.log.epochs.end_offset(epoch, self.log.end_offset)

    def delete_before(self, offset: int, now: int) -> int:
        """Let nothing before this offset be read any more; -1: nothing at all there is."""
        if offset == LATEST:
            offset = self.high_watermark
        if not 0 <= offset <= self.high_watermark:
            raise Refused(ErrorCode.OFFSET_OUT_OF_RANGE)
        self.log.advance_start(offset, now)
        return self.log.start_offset


def _looked_into(allowance: Allowance, look: Callable[[], T]) -> T:
    """What is found in a batch, `Refused` where it is not sound, or there is too much of it.

    What is too much together with the batches before it is not too much when it comes alone: then
    the producer is to try again.
    """
    untouched = allowance.untouched
    try:
        return look()
    except TooMuch as error:
        alone, late = ErrorCode.CORRUPT_MESSAGE, ErrorCode.REQUEST_TIMED_OUT
        raise Refused(alone if untouched else late) from error
    except Corrupt as error:
        raise Refused(ErrorCode.CORRUPT_MESSAGE) from error


def _records(data: memoryview, allowance: Allowance) -> list[LogRecord]:
    return _looked_into(allowance, lambda: list(each_record(data, allowance)))


def _each_has_a_key(data: memoryview, allowance: Allowance) -> None:
    """Refuse what compaction could not tell apart."""
    records = enumerate(_records(data, allowance))
    without = {at: None for at, record in records if record.key is None}
    if without:
        why = "Compacted topic cannot accept message without key"
        raise RecordsRefused(ErrorCode.INVALID_RECORD, without, why)


def _check_times(
    data: memoryview, header: BatchHeader, settings: LogSettings, now: int, allowance: Allowance
) -> None:
    """Refuse records that are too new; or too old, where there is a limit: then each is looked at.

    A record without a time (-1) is neither.
    """
    oldest, newest = now - settings.timestamp_before_max_ms, now + settings.timestamp_after_max_ms
    if header.max_timestamp <= newest and settings.timestamp_before_max_ms == MAX_INT64:
        return
    wrong = {
        at: f"Timestamp {record.timestamp} is out of range: within [{oldest}, {newest}]"
        for at, record in enumerate(_records(data, allowance))
        if record.timestamp != batches.NO_TIMESTAMP and not oldest <= record.timestamp <= newest
    }
    if wrong or header.max_timestamp > newest:
        why = "One or more records have been rejected due to invalid timestamp"
        raise RecordsRefused(ErrorCode.INVALID_TIMESTAMP, wrong, why)


def _recompressed(
    data: memoryview, settings: LogSettings, allowance: Allowance
) -> tuple[memoryview, BatchHeader]:
    """A batch as the topic wants it compressed."""
    codec = settings.codec
    assert codec is not None
    made = _looked_into(allowance, lambda: recompress(data, codec, settings.level, allowance))
    header = batches.read_header(made)
    if header.size > settings.max_message_bytes:
        raise Refused(ErrorCode.MESSAGE_TOO_LARGE)
    return memoryview(made), header
