"""A broker's log of a partition: what it consists of.

    log start     high watermark       log end
        |               |                |
    [0 1 2 3][4 5 6 7 8 9][10 11 12 13 14]
     sealed    sealed       active segment

Records lie in segments, named by the offset that they begin with.  Records are appended to the
last, the active one; the others are sealed.  Up to `flushed`, the recovery point, everything is
on disk; what lies behind it is in the operating system's memory at least.  Below the high
watermark everything is committed: the in-sync replicas have it.

The machine is put together of modules: here is its state; in `log_writes` what a leader and a
new leader epoch do to it, in `log_retention` what is deleted, in `log_recovery` what a crash
leaves and what is made of it, in `log_conduct` what is taken for granted, in `log_promises` what
must be true, and in `log` the whole with its configurations.

What it leaves out, and why that is safe: docs/adr/0012 says it at length.  In short: a batch has
one record, because a batch is written, kept and lost as a whole; the in-sync replicas are seen
only through the high watermark, which is for them to move; indexes are rebuilt from the records,
and say nothing that those do not.
"""

from __future__ import annotations

from enum import Enum, auto

from checker import Machine, Map, Record, Set, Variant, each, initial
from spec.partition_log import LeaderEpoch, LogOffset, Value


class Batch(Record):
    """A record batch, of one record, and the epoch of the leader that took it."""

    epoch: LeaderEpoch
    value: Value


class Append(Record):
    """In which epoch a record was appended, and where it ended."""

    epoch: LeaderEpoch
    end: LogOffset


class Numbering(Enum):
    """Which offset a record gets."""

    LOG_END = auto()
    COUNT = auto()  # broken: as many as there are records in the log


class Truncation(Enum):
    """How far a new leader epoch may cut the log back."""

    HIGH_WATERMARK = auto()  # not below it
    ANYWHERE = auto()  # broken: to wherever the new leader's log ends


class Retention(Enum):
    """Which segments may be deleted."""

    OLDEST = auto()  # the first one, once all of it is committed
    ANY = auto()  # broken: whichever is too old
    UNCOMMITTED = auto()  # broken: the first one, committed or not


class Recovery(Enum):
    """What is made of a log after an unclean shutdown."""

    FIRST_BAD_BATCH = auto()  # it is cut off there
    TRUST = auto()  # broken: it is taken as it is
    SKIP = auto()  # broken: the bad batch is taken out
    RECOVERY_POINT = auto()  # broken: it is cut off behind what was flushed
    REFUSE = auto()  # broken: a log with a bad batch is not opened


class LogState(Machine):
    """The log, the broker that has it, and how the design is broken, if at all."""

    # What may happen to it.
    crashes: Variant[bool] = False  # whether the broker's process may end
    power_failures: Variant[bool] = False  # whether it takes what was not flushed with it
    deletes_records: Variant[bool] = False  # whether DeleteRecords may be asked for
    flush_first: Variant[bool] = False  # whether only flushed records are committed

    numbering: Variant[Numbering] = Numbering.LOG_END
    truncation: Variant[Truncation] = Truncation.HIGH_WATERMARK
    retention: Variant[Retention] = Retention.OLDEST
    recovery: Variant[Recovery] = Recovery.FIRST_BAD_BATCH
    fenced: Variant[bool] = True  # whether batches of an older epoch are refused
    bumping: Variant[bool] = True  # whether a leader that was restarted leads in a new epoch
    bounded: Variant[bool] = True  # whether DeleteRecords stops at the high watermark
    synced: Variant[bool] = True  # whether what was flushed is on disk

    log: Map[LogOffset, Batch | None]
    segments: Set[LogOffset]  # by the offsets that they begin with
    start: LogOffset = 0
    high_watermark: LogOffset = 0
    flushed: LogOffset = 0
    end: LogOffset = 0
    epoch: LeaderEpoch = 1
    running: bool = True
    bad: LogOffset | None  # where a batch does not match its checksum
    # What was deleted; the last append, whatever has become of it since.
    aux_deleted: Map[LogOffset, Value] = each(0)
    aux_last: Append = Append(0, 0)

    @initial
    def empty(self) -> None:
        """One segment, and nothing in it."""
        self.segments.add(0)

    def active(self) -> LogOffset:
        """The base offset of the active segment."""
        return max(self.segments)

    def truncate(self, end: LogOffset) -> None:
        """Cut the log back: its last records go, and the segments that held nothing else."""
        for offset in self.log:
            if offset >= end:
                self.log[offset] = None
        self.segments = Set({base for base in self.segments if base <= end})
        self.end = end
        self.high_watermark = min(self.high_watermark, end)
        self.flushed = min(self.flushed, end)
