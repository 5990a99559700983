"""What is deleted from a log: whole segments by age or size, and records by request.

Retention by time or size deletes the oldest segment as long as it is too old, or the log too
large.  Which it is does not matter here: whenever a segment may be deleted, it may be deleted
now.  The active segment is no exception: an empty one is begun before it goes.

DeleteRecords moves the log start to any offset up to the high watermark.  The records in front
of it can be read no more, but stay where they are until their segment is deleted; and the new
start is only in memory until the next checkpoint.
"""

from __future__ import annotations

from checker import action, require
from model.log_state import LogState, Retention
from spec.partition_log import LogOffset


class LogRetention(LogState):
    """What makes a log shorter at its beginning."""

    @action(by="retention")
    def delete_segment(self, base: LogOffset) -> None:
        """A segment is too old, or one too many."""
        require(self.running)
        if self.retention is Retention.ANY:
            require(base in self.segments)
        else:
            require(base == min(self.segments))
        end = self.segment_end(base)
        require(base < end)
        if self.retention is not Retention.UNCOMMITTED:
            require(end <= self.high_watermark)
        for offset in range(base, end):
            batch = self.log[offset]
            if batch is not None:
                self.aux_deleted[offset] = batch.value
            self.log[offset] = None
        self.segments.remove(base)
        self.segments.add(end)
        self.start = max(self.start, min(self.segments))
        self.flushed = max(self.flushed, min(self.segments))

    def segment_end(self, base: LogOffset) -> LogOffset:
        """Where a segment ends: where the next begins, or the log ends."""
        return min((other for other in self.segments if other > base), default=self.end)

    @action(by="admin")
    def delete_records(self, start: LogOffset) -> None:
        """Somebody wants the records before an offset deleted."""
        require(self.deletes_records)
        require(self.running)
        require(self.start <= start)
        require(start <= (self.high_watermark if self.bounded else self.end))
        self.start = start
