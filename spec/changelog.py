"""A changelog: a log of keyed records, read as a table.

A record says what the value of its key is from then on, or, as a tombstone, that the key is gone.
Whoever reads all records in order has the table that they amount to; a stateful processor that
writes each change of its table down can be restored that way.

Most of the log is then of no use: of each key the last record is all that counts, and of a key
that is gone not even that.  Compaction leaves such records out.  `ChangelogTable` says what it may
do: whatever leaves the table, with what remains being the same record at the same offset.  That
the order of what remains is the old one follows.

How long a tombstone must stay, for the sake of readers that are under way, is promised by LOG-13
to LOG-17; here nobody is under way.
"""

from __future__ import annotations

from typing import Self

from checker import (
    Index,
    Machine,
    Map,
    Promise,
    Record,
    Set,
    action,
    configuration,
    invariant,
    require,
    step,
)
from spec.partition_log import LogOffset, Value

LOG_11 = Promise(
    "LOG-11",
    "Compaction keeps the last record of each key that has a value.",
    source="Kafka documentation, Log Compaction; Cleaner.shouldRetainRecord",
    guards="a key that falls back to an older value, or is forgotten",
)
LOG_12 = Promise(
    "LOG-12",
    "Compaction changes neither a record that it keeps, nor its offset, nor the order.",
    source="Kafka documentation, Log Compaction: messages are never reordered, and the offset of "
    "a message never changes",
    guards="a committed offset that means another record than it did",
)
LOG_13 = Promise(
    "LOG-13",
    "A tombstone stays for delete.retention.ms from the first cleaning that met it.",
    source="KIP-534; Cleaner: the delete horizon of a batch",
    guards="a reader that has seen a key, and is never told that it is gone",
)
LOG_14 = Promise(
    "LOG-14",
    "Replay of the log gives the table that was written, compacted or not.",
    source="Kafka Streams, Duality of Streams and Tables; Kafka documentation, Log Compaction",
    guards="a processor that is restored to a state it never had",
)
LOG_15 = Promise(
    "LOG-15",
    "Who reads from the start, and comes to the end within delete.retention.ms, has the table.",
    source="Kafka documentation, Log Compaction: a consumer sees all delete markers if it reaches "
    "the head in less than delete.retention.ms",
    guards="deleted keys that live on in a table built while the log was cleaned",
)
LOG_16 = Promise(
    "LOG-16",
    "Who reads from the start and comes to the end has the table, however long it took.",
    source="believed; false by Kafka documentation, Log Compaction: delete.retention.ms",
    guards="deleted keys that live on in the table of a slow reader",
)
LOG_17 = Promise(
    "LOG-17",
    "Where cleaning goes on, a tombstone is removed in the end.",
    source="KIP-534; KAFKA-8522",
    guards="a log that grows with every key that ever was",
)
LOG_18 = Promise(
    "LOG-18",
    "Where cleaning goes on, a record that a later one of its key replaces is removed in the end.",
    source="Kafka documentation, Log Compaction; LogCleaner",
    guards="a log that grows with every change",
)
COMPACTION = (LOG_11, LOG_12, LOG_13, LOG_14, LOG_15, LOG_16, LOG_17, LOG_18)


class Key(Index):
    """The key of a record: whom it is about."""


class Keyed(Record):
    """A record: the value that its key has from now on, or None where the key is gone."""

    key: Key
    value: Value | None


class ChangelogTable(Machine):
    """A log of changes, and the table that they amount to."""

    configurations = (configuration("small", Key=2, LogSize=3, Value=1),)

    # The record at each offset; None where there is none yet, or no more.
    log: Map[LogOffset, Keyed | None]
    end: LogOffset = 0
    table: Map[Key, Value | None]

    @action(by="processor")
    def change(self, key: Key, value: Value) -> None:
        """A key gets a value, and the log a record of it."""
        self.write(Keyed(key, value))

    @action(by="processor")
    def remove(self, key: Key) -> None:
        """A key goes, and the log gets a tombstone."""
        self.write(Keyed(key, None))

    def write(self, record: Keyed) -> None:
        """The table and the log change together."""
        self.log[self.end] = record
        self.table[record.key] = record.value
        self.end += 1

    @action(by="cleaner")
    def compact(self, gone: Set[LogOffset]) -> None:
        """Some records are left out, and the table is what it was."""
        require(all(self.log[offset] is not None for offset in gone))
        require(all(self.replayed(key, gone) == self.table[key] for key in Key))
        for offset in gone:
            self.log[offset] = None

    def replayed(self, key: Key, gone: Set[LogOffset]) -> Value | None:
        """The value of a key for whoever reads the log without some of its records."""
        after = max(
            (o + 1 for o in range(self.end) if self.about(o, key) and o not in gone), default=0
        )
        last = self.log[after - 1] if after > 0 else None
        return last.value if last is not None else None

    def about(self, offset: int, key: Key) -> bool:
        """Whether there is a record of that key at an offset."""
        record = self.log[offset]
        return record is not None and record.key == key

    @invariant
    def replay_restores(self) -> bool:
        """Who reads the whole log has the table."""
        return all(self.replayed(key, Set()) == self.table[key] for key in Key)

    @step
    def keeps_its_place(self, after: Self) -> bool:
        """What remains is the same record at the same offset, and what is gone stays so."""
        return self.end <= after.end and all(
            after.log[offset] == self.log[offset] or after.log[offset] is None
            for offset in range(self.end)
        )
