"""One replica: its log on disk, and what it knows of the partition.

A log is told by the leader epochs of its records, in order: offset and epoch say which record it
is.  So the epoch cache, Kafka's map from epochs to start offsets, is the log itself.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated

from checker import Capacity, Part, Seq, Set
from spec.replication import LeaderEpoch, Offset, Replica


class Status(Enum):
    """Whether a broker runs."""

    UP = auto()
    STOPPED = auto()  # shut down in good order: everything is on disk
    CRASHED = auto()  # what was not flushed may be gone, and all of it with the disk


class Local(Part):
    """A replica.

    epoch       the newest leader epoch that it has learned of; who leads, the epoch says
    truncating  a follower that has yet to ask where its log and the leader's part
    isr         a leader: the in-sync replicas, as it last heard of them
    asked       a leader: the in-sync replicas that it asked for, until it hears what became of
                it; they are never none, so that none is nothing asked for
    reborn      whether one of these has restarted since: its broker epoch is another by now
    """

    status: Status = Status.UP
    log: Annotated[Seq[LeaderEpoch], Capacity("LogSize")]
    high_watermark: Offset = 0
    epoch: LeaderEpoch = 1
    truncating: bool = False
    isr: Set[Replica]
    asked: Set[Replica]
    reborn: bool = False

    def last_epoch(self) -> int:
        """The epoch of the last record; 0 where there is none."""
        return 0 if len(self.log) == 0 else self.log[len(self.log) - 1]

    def end_of(self, epoch: int) -> int:
        """Where the records of this epoch and of those before it end."""
        return sum(1 for one in self.log if one <= epoch)

    def floor_of(self, epoch: int) -> int:
        """The newest epoch of a record that is not newer than this one; 0 where there is none."""
        return max((one for one in self.log if one <= epoch), default=0)

    def epoch_start(self) -> int:
        """A leader's: the offset of the first record of its epoch, or where that will be."""
        return self.end_of(self.epoch - 1)

    def cut(self, end: Offset) -> None:
        """What lies at or beyond an offset is gone."""
        self.log.truncate(end)
        self.high_watermark = min(self.high_watermark, end)

    def resign(self) -> None:
        """A leader no more."""
        self.isr.clear()
        self.settle()

    def settle(self) -> None:
        """What a leader asked for has been decided, one way or another."""
        self.asked.clear()
        self.reborn = False
