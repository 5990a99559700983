"""The log of a partition, as its readers know it.

Records are numbered from 0 without gaps.  Readers are shown a prefix of what was written, the
committed records; its end is the high watermark.  What was committed stays as it is, and where it
is.  Retention moves the log's start forward: what lies before it can be read no more.  Nothing
else ever happens.

`PartitionLog` says so, whoever keeps the log: a single broker with its segments and its recovery,
or leaders and followers that come and go.  What was written and not committed is not in it,
because nobody was ever shown it: it may be lost, or be replaced by something else.  Records that
are committed together are committed one after the other; nobody can tell.

The records before the start are kept here, so that their offsets say who they were: `records[i]`
is the record at offset i, and can be read where i is not below `start`.

What a log does besides (batches of an epoch, segments, crashes) is promised by LOG-1 to LOG-10.
"""

from __future__ import annotations

from typing import Annotated, Self

from checker import (
    Capacity,
    Counter,
    Machine,
    Promise,
    Range,
    Seq,
    action,
    configuration,
    invariant,
    require,
    step,
)

LOG_1 = Promise(
    "LOG-1",
    "Offsets are dense at append: a record gets the offset after that of the last one.",
    source="UnifiedLog.append; LogValidator: offsets are assigned from the log end offset",
    guards="a gap that readers wait for, or two records in one place",
)
LOG_2 = Promise(
    "LOG-2",
    "Within a leader epoch an offset is given to one record only.",
    source="KIP-101: a record is identified by its offset and its leader epoch",
    guards="two logs that look alike to those who compare offset and epoch, and are not",
)
LOG_3 = Promise(
    "LOG-3",
    "The leader epochs of the records never decrease along the log.",
    source="LeaderEpochFileCache.assign; KIP-101",
    guards="an end of an epoch that cannot be found, so that followers truncate too much or too "
    "little",
)
LOG_4 = Promise(
    "LOG-4",
    "What lies below the high watermark never changes.",
    source="Kafka documentation, Replication: a message is committed when all in-sync replicas "
    "have it, and only committed messages are given out",
    guards="two readers that were given different records at one offset",
)
LOG_5 = Promise(
    "LOG-5",
    "The log start is at most the high watermark, and that at most the log end; neither the "
    "start nor the high watermark goes back while the broker runs.",
    source="UnifiedLog.maybeIncrementLogStartOffset and maybeIncrementHighWatermark",
    guards="readers that are told of records which are not there, or no more",
)
LOG_6 = Promise(
    "LOG-6",
    "Retention removes whole segments, the oldest first, and only what lies below the high "
    "watermark.",
    source="UnifiedLog.deleteOldSegments, deletableSegments",
    guards="records that are removed from the middle, or before anybody could read them",
)
LOG_7 = Promise(
    "LOG-7",
    "Recovery keeps the log up to the first bad batch: nothing before it is lost, nothing from it "
    "on is kept.",
    source="LogLoader.recoverLog, LogSegment.recover",
    guards="readers that stumble over half a record, or sound records thrown away with it",
)
LOG_8 = Promise(
    "LOG-8",
    "What was written to disk before a crash is there after it.",
    source="UnifiedLog.flush, the recovery point; log.flush.interval.messages",
    guards="a flush that means nothing",
)
LOG_9 = Promise(
    "LOG-9",
    "A log that is down is in the end recovered, and takes writes again.",
    source="LogManager.loadLogs; LogLoader.load",
    guards="a recovery that cannot come to its end",
)
LOG_10 = Promise(
    "LOG-10",
    "What DeleteRecords has deleted does not come back.",
    source="believed; false by LogManager.checkpointLogStartOffsets, which runs at intervals: an "
    "unclean shutdown forgets a start that lay inside a segment",
    guards="records that were deleted for a reason, and are read again",
)
LOG = (LOG_1, LOG_2, LOG_3, LOG_4, LOG_5, LOG_6, LOG_7, LOG_8, LOG_9, LOG_10)

Value = Annotated[int, Counter("Value")]
"""What a record says."""


LeaderEpoch = Annotated[int, Counter("LeaderEpoch")]
"""How many leaders the partition has had; each takes records in its own epoch."""

LogOffset = Annotated[int, Counter("LogSize")]
"""An offset in a log that never ends beyond `LogSize`, or its end."""

Start = Annotated[int, Range(0, 7)]
"""Where a log begins: enough for a LogSize of 7."""


class PartitionLog(Machine):
    """An append-only sequence of records, the oldest of which may be gone."""

    configurations = (configuration("small", LogSize=3, Value=2),)

    records: Annotated[Seq[Value], Capacity("LogSize")]
    start: Start = 0

    @action(by="leader")
    def commit(self, value: Value) -> None:
        """A record is added at the end, for all to see."""
        self.records.append(value)

    @action(by="retention")
    def delete(self, start: Start) -> None:
        """The log begins later from now on."""
        require(self.start < start)
        require(start <= len(self.records))
        self.start = start

    @invariant
    def begins_before_its_end(self) -> bool:
        """The log's start is never beyond its end."""
        return self.start <= len(self.records)

    @step
    def only_grows(self, after: Self) -> bool:
        """What was read stays: nothing that was committed changes, moves, or comes to lack."""
        return len(self.records) <= len(after.records) and all(
            after.records[offset] == self.records[offset] for offset in range(len(self.records))
        )

    @step
    def starts_later(self, after: Self) -> bool:
        """The start only moves forward: what was deleted does not come back."""
        return self.start <= after.start
