"""LOG-11 to LOG-18: what compaction promises, and the configurations in which that is decided.

What was counted, and which broken design breaks which promise, is pinned by the tests, and told
by docs/promises.md.
"""

from __future__ import annotations

from typing import Self

from checker import configuration, eventually, invariant, reachable, refines, step
from model.compaction_state import Clock, Horizon
from model.compaction_steps import CompactionSteps
from spec.changelog import (
    LOG_11,
    LOG_12,
    LOG_13,
    LOG_14,
    LOG_15,
    LOG_16,
    LOG_17,
    LOG_18,
    ChangelogTable,
    Key,
)
from spec.partition_log import Value


class Compaction(CompactionSteps):
    """A compacted log, its cleaner, and a reader who builds a table from it."""

    configurations = (
        configuration(
            "in time",
            about="The reader never takes as long as delete.retention.ms.",
            Key=2, LogSize=3, Value=1,
        ),
        configuration(
            "slow reader",
            about="The reader takes as long as it likes, and misses tombstones.",
            hazards=("LOG-16",),
            Key=2, LogSize=3, Value=1, slow=True,
        ),
    )  # fmt: skip

    # ------------------------------------------------------------ what a pass keeps

    @step(LOG_11, on=CompactionSteps.clean)
    def last_is_kept(self, after: Self) -> bool:
        """Unless a later record of that key is in the log."""
        return all(
            self.log[offset] is None
            or self.tombstone(offset)
            or any(self.same_key(offset, other) for other in range(offset + 1, self.end))
            or after.log[offset] == self.log[offset]
            for offset in range(self.end)
        )

    @step(LOG_12, on=CompactionSteps.clean)
    def stays_in_place(self, after: Self) -> bool:
        """At each offset is the record that was there, or none."""
        return after.end == self.end and all(
            after.log[offset] is None or after.log[offset] == self.log[offset]
            for offset in self.log
        )

    @step(LOG_13, on=CompactionSteps.clean)
    def tombstone_survives(self, after: Self) -> bool:
        """Unless a later record of its key is in the log."""
        return all(
            not self.tombstone(offset)
            or after.log[offset] is not None
            or any(self.same_key(offset, other) for other in range(offset + 1, self.end))
            or self.aux_met[offset] is Clock.RUN_OUT
            for offset in range(self.end)
        )

    @invariant
    def stamped_when_met(self) -> bool:
        """Since KIP-534, a tombstone's horizon is counted from the first pass that met it."""
        return self.horizon is not Horizon.STAMPED or self.clock == self.aux_met

    # ------------------------------------------------------------ tables

    @invariant(LOG_14)
    def replay_restores(self) -> bool:
        """For every key."""
        return all(self.replayed(key) == self.aux_table[key] for key in Key)

    def replayed(self, key: Key) -> Value | None:
        """The value of a key for whoever reads the log as it is."""
        after = max((o + 1 for o in range(self.end) if self.about(o, key)), default=0)
        last = self.log[after - 1] if after > 0 else None
        return last.value if last is not None else None

    def done(self) -> bool:
        """Whether the reader has come to the end."""
        return self.reader.reading and self.reader.position == self.end

    @invariant(LOG_15)
    def read_in_time(self) -> bool:
        """At the end, if it was at the end at every tick since it began."""
        return not self.done() or self.reader.late or self.reader.table == self.aux_table

    @invariant(LOG_16)
    def read_at_leisure(self) -> bool:
        """At the end, whenever that is."""
        return not self.done() or self.reader.table == self.aux_table

    # ------------------------------------------------------------ what goes in the end

    @eventually(LOG_17, again=True)
    def no_tombstones(self) -> bool:
        """None is left in a sealed segment; asked of a log whose writers come to an end."""
        return not any(self.tombstone(offset) for offset in range(self.active))

    @eventually(LOG_18, again=True)
    def no_duplicates(self) -> bool:
        """No key has two records in sealed segments."""
        return not any(
            self.same_key(offset, other) for offset in range(self.active) for other in range(offset)
        )

    # ------------------------------------------------------------ witnesses and the specification

    @reachable
    def gap_is_passed(self) -> bool:
        """A reader can come to the end of a log in which something is missing."""
        return self.done() and any(self.log[offset] is None for offset in range(self.active))

    @refines(ChangelogTable)
    def as_changelog(self, spec: ChangelogTable) -> None:
        """The log, and the table that was written."""
        spec.log = self.log
        spec.end = self.end
        spec.table = self.aux_table
