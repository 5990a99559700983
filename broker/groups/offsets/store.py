"""Which offsets are committed, and which are about to be.

A position that is committed in a transaction is *pending* until the transaction's marker is in
the log: then it counts, or never did.  Until then who asks for stable offsets is told to wait.
Where a plain commit was written after the transactional one, it is the newer, whenever the
marker came: the one with the greater offset in the log counts.

The store is a fold over the log: `apply` every record, `end` every marker, in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from broker.groups.records.classic import OffsetKey, OffsetValue

NO_PRODUCER = -1
"""The producer of a record that is part of no transaction."""

Partition = tuple[str, int]
"""A topic's name, and a partition's number."""


@dataclass(frozen=True)
class Committed:
    """A position.

    at  the offset of the record that holds it
    """

    value: OffsetValue
    at: int


@dataclass
class Offsets:
    """The positions of the groups of one partition.

    committed  by group and partition
    pending    by producer: what its open transaction commits
    """

    committed: dict[str, dict[Partition, Committed]] = field(default_factory=dict)
    pending: dict[int, dict[OffsetKey, Committed]] = field(default_factory=dict)

    def apply(
        self, key: OffsetKey, value: OffsetValue | None, at: int, producer: int = NO_PRODUCER
    ) -> None:
        """A record is in the log."""
        partition = key.topic, key.partition
        if value is None:
            self._forget(key.group, partition)
            for positions in self.pending.values():
                positions.pop(key, None)
        elif producer == NO_PRODUCER:
            self.committed.setdefault(key.group, {})[partition] = Committed(value, at)
        else:
            self.pending.setdefault(producer, {})[key] = Committed(value, at)

    def end(self, producer: int, *, commit: bool) -> None:
        """A transaction's marker is in the log."""
        for key, position in self.pending.pop(producer, {}).items():
            known = self.committed.get(key.group, {}).get((key.topic, key.partition))
            if commit and (known is None or known.at < position.at):
                self.committed.setdefault(key.group, {})[key.topic, key.partition] = position

    def _forget(self, group: str, partition: Partition) -> None:
        positions = self.committed.get(group, {})
        positions.pop(partition, None)
        if not positions:
            self.committed.pop(group, None)

    def of(self, group: str) -> dict[Partition, Committed]:
        """A group's positions."""
        return self.committed.get(group, {})

    def unstable(self, group: str) -> set[Partition]:
        """The partitions of a group in which a transaction is open."""
        return {
            (key.topic, key.partition)
            for positions in self.pending.values()
            for key in positions
            if key.group == group
        }

    def keys(self, group: str) -> Iterator[OffsetKey]:
        """Whatever there is of a group, committed or pending."""
        for topic, partition in sorted(self.of(group).keys() | self.unstable(group)):
            yield OffsetKey(group, topic, partition)
