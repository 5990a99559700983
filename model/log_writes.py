"""How a log grows: appends, the high watermark, and new leader epochs.

The leader of an epoch appends what producers send; a follower appends what the leader has.  To
the log it is the same, so there is one `append`.  A new leader epoch begins elsewhere or here.
Where the new leader's log has something else, or ends earlier, what this one has beyond that is
cut off: that cannot reach below the high watermark, because whoever is elected has everything
that was committed (`begin_epoch` takes that for granted; the replication model shows it).
"""

from __future__ import annotations

from checker import action, require
from model.log_state import Append, Batch, LogState, Numbering, Truncation
from spec.partition_log import LeaderEpoch, LogOffset, Value


class LogWrites(LogState):
    """What leaders do to a log."""

    @action(by="leader")
    def append(self, epoch: LeaderEpoch, value: Value) -> None:
        """A record is appended to the active segment."""
        require(self.running)
        require(epoch == self.epoch or (not self.fenced and 0 < epoch and epoch < self.epoch))
        require(value > 0)  # 0 is nobody's
        offset = self.next_offset()
        self.log[offset] = Batch(epoch, value)
        self.end = offset + 1
        self.aux_last = Append(epoch, offset + 1)

    def next_offset(self) -> LogOffset:
        """Where the next record goes."""
        if self.numbering is Numbering.COUNT:
            return sum(1 for batch in self.log.values() if batch is not None)
        return self.end

    @action(by="log")
    def roll(self) -> None:
        """The active segment is full, or old enough: another one begins."""
        require(self.running)
        self.segments.add(self.end)

    @action(by="replicas")
    def advance(self) -> None:
        """The in-sync replicas have another record."""
        require(self.running)
        require(self.high_watermark < self.end)
        require(self.high_watermark < self.flushed or not self.flush_first)
        self.high_watermark += 1

    @action(by="leader")
    def begin_epoch(self, end: LogOffset) -> None:
        """A new leader's log goes along with this one up to an offset."""
        require(self.running)
        require(end <= self.end)
        if self.truncation is Truncation.ANYWHERE:
            require(self.start <= end)
        else:
            require(self.high_watermark <= end)
        self.truncate(end)
        self.epoch += 1
