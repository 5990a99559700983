"""LOG-1 to LOG-10: what a log promises to those who write it and those who read it."""

from __future__ import annotations

from typing import Self

from checker import Set, eventually, invariant, refines, step
from model.log_conduct import LogConduct
from model.log_recovery import LogRecovery
from model.log_retention import LogRetention
from model.log_writes import LogWrites
from spec.partition_log import (
    LOG_1,
    LOG_2,
    LOG_3,
    LOG_4,
    LOG_5,
    LOG_6,
    LOG_7,
    LOG_8,
    LOG_9,
    LOG_10,
    LeaderEpoch,
    PartitionLog,
    Value,
)


class LogPromises(LogConduct):
    """The promises, and that the log is a PartitionLog."""

    # ------------------------------------------------------------ appends

    @step(LOG_1, on=LogWrites.append)
    def dense(self, after: Self) -> bool:
        """It is the only record that changes, and takes the place after the last."""
        return after.end == self.end + 1 and self.unchanged(after, 0, self.end)

    @step(LOG_2, on=LogWrites.append)
    def given_once(self, after: Self, epoch: LeaderEpoch) -> bool:
        """No offset that a record of the epoch ever had, though it may be lost by now."""
        return self.aux_last.epoch != epoch or self.aux_last.end < after.end

    @invariant(LOG_3)
    def epochs_never_decrease(self) -> bool:
        """Wherever two records lie."""
        return all(
            self.epoch_at(earlier) <= self.epoch_at(later)
            for later in range(self.end)
            if self.log[later] is not None
            for earlier in range(later)
        )

    # ------------------------------------------------------------ committed records

    @step(LOG_4)
    def committed_stays(self, after: Self) -> bool:
        """Until retention or DeleteRecords has moved the start past it."""
        return self.unchanged(after, after.start, self.high_watermark)

    @step(LOG_5)
    def in_order(self, after: Self) -> bool:
        """Start, high watermark, end; the first two go back in a crash only."""
        return (
            after.start <= after.high_watermark
            and after.high_watermark <= after.end
            and (not (self.running and after.running) or self.is_behind(after))
        )

    def is_behind(self, after: Self) -> bool:
        """Whether neither the start nor the high watermark is lower afterwards."""
        return self.start <= after.start and self.high_watermark <= after.high_watermark

    # ------------------------------------------------------------ what is deleted

    @step(LOG_6, on=LogRetention.delete_segment)
    def oldest_first(self, after: Self) -> bool:
        """What is left begins with the next segment, and is unchanged."""
        first = min(after.segments)
        return (
            self.segments - after.segments == Set({min(self.segments)})
            and first <= after.start
            and first <= self.high_watermark
            and all(after.log[offset] is None for offset in after.log if offset < first)
            and self.unchanged(after, first, self.end)
        )

    @step(LOG_10)
    def deleted_for_good(self, after: Self) -> bool:
        """The log start never goes back, not even in a crash."""
        return self.start <= after.start

    # ------------------------------------------------------------ crashes

    @step(LOG_7, on=LogRecovery.recover)
    def recovered(self, after: Self) -> bool:
        """What is kept is everything before the bad batch, or everything."""
        end = self.end if self.bad is None else self.bad
        return (
            after.running
            and after.bad is None
            and after.end == end
            and self.unchanged(after, 0, end)
        )

    @step(LOG_8, on=LogRecovery.crash)
    def flushed_is_safe(self, after: Self) -> bool:
        """Up to the recovery point nothing is lost or damaged."""
        return self.unchanged(after, 0, self.flushed) and (
            after.bad is None or self.flushed <= after.bad
        )

    def down(self) -> bool:
        """The broker is down."""
        return not self.running

    @eventually(LOG_9, after=down)
    def back(self) -> bool:
        """The broker runs, and takes writes; asked where it may crash."""
        return not self.crashes or self.running

    # ------------------------------------------------------------ the specification

    @refines(PartitionLog)
    def as_partition_log(self, spec: PartitionLog) -> None:
        """The committed records, those that were deleted included."""
        for offset in range(self.high_watermark):
            spec.records.append(self.value_at(offset))
        spec.start = self.start

    def value_at(self, offset: int) -> Value:
        """What the record at an offset says, or said before it was deleted; 0 for none."""
        batch = self.log[offset]
        if batch is None:
            return self.aux_deleted[offset]
        return batch.value if self.bad != offset else 0
