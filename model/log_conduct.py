"""What the model of a log takes for granted of its own parts, and what must be possible in it.

No promise of Kafka's: that a broker that is down does nothing, that records fill the segments,
that epochs are counted one by one.  A mistake in these would make the promises hold, or fail, for
a reason of the model's own.  The same goes for what could never happen: each witness is reached.
"""

from __future__ import annotations

from typing import Self

from checker import invariant, reachable, step
from model.log_recovery import LogRecovery
from model.log_retention import LogRetention
from model.log_state import Append
from model.log_writes import LogWrites
from spec.partition_log import LeaderEpoch, LogOffset


class LogConduct(LogWrites, LogRetention, LogRecovery):
    """How a log is held to behave, in every configuration."""

    def unchanged(self, after: Self, first: LogOffset, end: LogOffset) -> bool:
        """Whether the records from `first` to before `end` are afterwards what they were."""
        return all(after.log[offset] == self.log[offset] for offset in range(first, end))

    def epoch_at(self, offset: int) -> LeaderEpoch:
        """The epoch of the record at an offset; 0 where there is none."""
        batch = self.log[offset]
        return batch.epoch if batch is not None else 0

    @invariant
    def fills_its_segments(self) -> bool:
        """There is a record wherever a segment reaches, and none elsewhere."""
        return all(base <= self.end for base in self.segments) and all(
            (self.log[offset] is not None) == (min(self.segments) <= offset < self.end)
            for offset in self.log
        )

    @invariant
    def flushed_is_there(self) -> bool:
        """Nothing is flushed beyond the end, nor is the recovery point before the first segment."""
        return min(self.segments) <= self.flushed and self.flushed <= self.end

    @step
    def down_is_down(self, after: Self) -> bool:
        """A broker that is down does nothing, until it is up again."""
        return (
            self.running
            or after.running
            or (
                after.log == self.log
                and after.segments == self.segments
                and after.start == self.start
                and after.high_watermark == self.high_watermark
                and after.flushed == self.flushed
                and after.bad == self.bad
            )
        )

    @step
    def counted_one_by_one(self, after: Self) -> bool:
        """The leader epoch grows, and by one."""
        return self.epoch <= after.epoch and after.epoch <= self.epoch + 1

    # ------------------------------------------------------------ what must be possible

    @reachable
    def sealed(self) -> bool:
        """There can be a sealed segment beside the active one."""
        return len(self.segments) > 1

    @reachable
    def emptied(self) -> bool:
        """All records can be deleted."""
        return self.end > 0 and min(self.segments) == self.end

    @reachable
    def kept(self) -> bool:
        """A new leader can keep all that the last one took."""
        return (
            self.end > 0
            and self.epoch_at(self.end - 1) < self.epoch
            and self.aux_last == Append(self.epoch_at(self.end - 1), self.end)
        )

    @reachable
    def cut_back(self) -> bool:
        """A new leader can have nothing of what the last one took."""
        return self.end == 0 and self.aux_last.end > 0

    @reachable
    def shortened_at_both_ends(self) -> bool:
        """A log can lose its oldest segment, and go on in another epoch."""
        return self.start > 0 and self.end > self.start and self.epoch > 1

    @reachable
    def damaged(self) -> bool:
        """A power failure can damage a batch; asked where the power may fail."""
        return not self.power_failures or self.bad is not None

    @reachable
    def deleted_inside_a_segment(self) -> bool:
        """All that was committed can be deleted, inside a segment; asked of DeleteRecords."""
        return not self.deletes_records or (
            self.start == self.high_watermark and self.active() < self.start
        )
