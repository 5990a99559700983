"""A compacted log, its cleaner, and a reader: what they consist of.

       clean           dirty       active segment
    [0 . 2 . . 5][6 7 8 9 10 11][12 13 14]
                 ^              ^         ^
            dirty point      active      end

The cleaner reads the dirty records of sealed segments, notes for each key where its last record
is, and writes everything up to there anew, without the records that a later one replaces.  What
it keeps stays at its offset: gaps appear.  A tombstone is kept too, for readers that have seen an
older record of its key; it is removed in a later pass, once its delete horizon has come.

Time is counted in delete.retention.ms: `tick` says that one has gone by.  So a clock is UNSET,
TICKING, or has RUN_OUT: what was set before a tick has run out after it.  A reader is late if it
was behind at a tick: only then can it have been under way for that long.

What it leaves out, and why that is safe: docs/adr/0012 says it at length.  In short: a sealed
segment has one record; a pass is a single step, as the broker swaps its segments; a pass may come
when nothing is dirty, as if records of another key had been written; when it comes, and how far
it goes, is anybody's choice.
"""

from __future__ import annotations

from enum import Enum, auto

from checker import Machine, Map, Part, Variant, each
from spec.changelog import Key, Keyed
from spec.partition_log import LogOffset, Value


class Clock(Enum):
    """How far a time span of delete.retention.ms has gone."""

    UNSET = auto()
    TICKING = auto()
    RUN_OUT = auto()


class Horizon(Enum):
    """When a tombstone may be removed."""

    STAMPED = auto()  # delete.retention.ms after the first pass that met it, which writes it down
    SEGMENT_TIME = auto()  # before KIP-534: once the last clean segment is so much younger than its
    NONE = auto()  # broken: in the first pass that meets it


class Keeping(Enum):
    """Which record of a key is kept, and where."""

    LAST = auto()
    FIRST = auto()  # broken: the first record stays
    MOVED = auto()  # broken: the last record takes the place of the first


class Reader(Part):
    """Somebody who reads the log from its start into a table of their own."""

    reading: bool = False
    position: LogOffset = 0
    late: bool = False
    table: Map[Key, Value | None]


class CompactionState(Machine):
    """The log, what the cleaner knows of it, and the reader."""

    horizon: Variant[Horizon] = Horizon.STAMPED
    keeping: Variant[Keeping] = Keeping.LAST
    revisiting: Variant[bool] = True  # whether a pass looks at what is clean already
    slow: Variant[bool] = False  # whether the reader may take more than delete.retention.ms

    log: Map[LogOffset, Keyed | None]
    clock: Map[LogOffset, Clock] = each(Clock.UNSET)
    end: LogOffset = 0
    active: LogOffset = 0
    dirty: LogOffset = 0
    reader: Reader
    # The table that was written; how long ago a pass first met each tombstone.
    aux_table: Map[Key, Value | None]
    aux_met: Map[LogOffset, Clock] = each(Clock.UNSET)

    def about(self, offset: int, key: Key) -> bool:
        """Whether there is a record of that key at an offset."""
        record = self.log[offset]
        return record is not None and record.key == key

    def same_key(self, one: int, other: int) -> bool:
        """Whether there are records of one key at both offsets."""
        record = self.log[one]
        return record is not None and self.about(other, record.key)

    def tombstone(self, offset: int) -> bool:
        """Whether there is a tombstone at an offset."""
        record = self.log[offset]
        return record is not None and record.value is None
