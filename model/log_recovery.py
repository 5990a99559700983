"""What a crash leaves of a log, and what is made of it.

When the broker's process ends, the operating system still has everything that was written.  When
the power fails, what was not flushed may be gone, from some offset on; and of what is there, a
batch may have been written in part: its checksum is wrong, whatever follows it.  Flushing is not
part of writing: Kafka leaves it to the operating system, and safety to the other replicas.

After an unclean shutdown the log is read again from the recovery point on, and cut off at the
first bad batch.  A broker that comes back is no leader until it is made one, in a new epoch.  The
log start is that of the last checkpoint, and no less than the first segment's beginning.
"""

from __future__ import annotations

from checker import action, require
from model.log_state import LogState, Recovery
from spec.partition_log import LogOffset


class LogRecovery(LogState):
    """How a log comes to be on disk, and back from there."""

    @action(by="system", fair="weak")
    def flush(self) -> None:
        """Everything that was appended is on disk."""
        require(self.running)
        self.flushed = self.end

    @action(by="broker")
    def crash(self, end: LogOffset, bad: LogOffset | None) -> None:
        """The process ends; if the power fails with it, only so much is left."""
        require(self.crashes)
        require(self.running)
        require(end <= self.end)
        require(end == self.end or self.power_failures)
        safe = self.flushed if self.synced else self.start
        require(safe <= end)
        if bad is not None:
            require(self.power_failures)
            require(safe <= bad < end)
        self.truncate(end)
        self.running = False
        self.bad = bad

    @action(by="broker", fair="weak")
    def recover(self, start: LogOffset) -> None:
        """The broker starts again, and leads in a new epoch."""
        require(self.crashes)
        require(not self.running)
        require(min(self.segments) <= start <= self.start)
        self.mend()
        self.start = start
        self.running = True
        if self.bumping:
            self.epoch += 1

    def mend(self) -> None:
        """Make a log of what is left."""
        if self.recovery is Recovery.REFUSE:
            require(self.bad is None)
        if self.recovery is Recovery.RECOVERY_POINT:
            self.truncate(self.flushed)
            self.bad = None
        if self.recovery is Recovery.SKIP:
            if self.bad is not None:
                self.log[self.bad] = None
            self.bad = None
        if self.recovery is Recovery.FIRST_BAD_BATCH:
            if self.bad is not None:
                self.truncate(self.bad)
            self.bad = None
