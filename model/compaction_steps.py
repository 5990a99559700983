"""What happens to a compacted log: it is written, cleaned and read, and time goes by.

In the design before KIP-534 a tombstone's age was that of its segment's file, compared with the
file of the last clean segment.  That clock starts when the tombstone is written, not when it is
first cleaned: it may have run out before any pass has met it, so that two passes in a row remove
the older record of its key, and then the tombstone, in front of the same reader.  And in the last
clean segment, which is never older than itself, tombstones stay: for ever where the cleaner
merges all that is clean into one, as it does while segments are small (KAFKA-8522).

Since KIP-534, the first pass that meets a tombstone writes down when it may go.
"""

from __future__ import annotations

from checker import Set, action, require
from model.compaction_state import Clock, CompactionState, Horizon, Keeping
from spec.changelog import Key, Keyed
from spec.partition_log import LogOffset, Value


class CompactionSteps(CompactionState):
    """The processor, the log, the cleaner, the reader, and the clock."""

    @action(by="processor")
    def append(self, key: Key, value: Value | None) -> None:
        """A key gets a value, or goes."""
        self.log[self.end] = Keyed(key, value)
        if self.horizon is Horizon.SEGMENT_TIME:
            self.clock[self.end] = Clock.TICKING
        self.aux_table[key] = value
        self.end += 1

    @action(by="log")
    def roll(self) -> None:
        """The active segment is sealed, and an empty one begun."""
        self.active = self.end

    # ------------------------------------------------------------ cleaning

    @action(by="cleaner", fair="weak")
    def clean(self, end: LogOffset) -> None:
        """Everything before an offset is cleaned: as much as the offset map has room for."""
        require(self.dirty <= end)
        require(end <= self.active)
        gone = Set({offset for offset in self.log if offset < end and self.goes(offset, end)})
        if self.keeping is Keeping.MOVED:
            self.move(end)
        for offset in gone:
            self.log[offset] = None
            self.clock[offset] = Clock.UNSET
            self.aux_met[offset] = Clock.UNSET
        self.set_clocks(end)
        self.dirty = end

    def goes(self, offset: LogOffset, end: LogOffset) -> bool:
        """Whether the record at an offset is left out of a pass up to `end`."""
        if self.keeping is not Keeping.LAST:
            return any(self.same_key(offset, other) for other in range(offset))
        if not self.revisiting and offset < self.dirty:
            return False
        return self.replaced(offset, end) or (self.tombstone(offset) and self.removable(offset))

    def replaced(self, offset: LogOffset, end: LogOffset) -> bool:
        """Whether the offset map, made of the dirty records, has a later one of that key."""
        return any(
            other > offset and other >= self.dirty and self.same_key(offset, other)
            for other in range(end)
        )

    def removable(self, offset: LogOffset) -> bool:
        """Whether a tombstone's horizon has come."""
        if self.horizon is Horizon.NONE:
            return True
        if self.horizon is Horizon.STAMPED:
            return self.clock[offset] is Clock.RUN_OUT
        return (
            offset < self.dirty
            and self.clock[offset] is Clock.RUN_OUT
            and any(self.clock[other] is Clock.TICKING for other in range(self.dirty))
        )

    def move(self, end: LogOffset) -> None:
        """Put the last record of each key where its first one is."""
        for offset in self.log:
            first = offset < end and not any(self.same_key(offset, o) for o in range(offset))
            for other in self.log:
                if first and offset < other and other < end and self.same_key(offset, other):
                    self.log[offset] = self.log[other]

    def set_clocks(self, end: LogOffset) -> None:
        """What a pass up to `end` writes down of the tombstones that it met."""
        for offset in self.log:
            if offset < end and self.tombstone(offset):
                if self.aux_met[offset] is Clock.UNSET:
                    self.aux_met[offset] = Clock.TICKING
                if self.horizon is Horizon.STAMPED and self.clock[offset] is Clock.UNSET:
                    self.clock[offset] = Clock.TICKING

    @action(by="time", fair="weak")
    def tick(self) -> None:
        """delete.retention.ms goes by."""
        behind = self.reader.reading and self.reader.position < self.end
        require(self.slow or not behind)
        for offset in self.log:
            if self.clock[offset] is Clock.TICKING:
                self.clock[offset] = Clock.RUN_OUT
            if self.aux_met[offset] is Clock.TICKING:
                self.aux_met[offset] = Clock.RUN_OUT
        if behind:
            self.reader.late = True

    # ------------------------------------------------------------ reading

    @action(by="reader")
    def begin(self) -> None:
        """A reader begins at the start of the log, with an empty table."""
        self.reader.reading = True

    @action(by="reader", fair="weak")
    def read(self) -> None:
        """The reader takes in the next record, or passes a gap."""
        me = self.reader
        require(me.reading and me.position < self.end)
        record = self.log[me.position]
        if record is not None:
            me.table[record.key] = record.value
        me.position += 1
