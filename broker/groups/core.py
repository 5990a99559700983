"""What the parts of the group coordinator share, for the groups of one partition.

A write is given out with what is to follow it: values that say what to do once the records are
durable, or could not be written.  They are carried out in order.  State that follows what is
durable (committed offsets, consumer groups) changes only then; a classic group changes at once,
as Kafka's does, and what follows looks whether it is still where it was.

Where the outcome of a write decides what a group is, the group is *held* until then: whatever
comes for it waits its turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from broker.errors import ErrorCode
from broker.events import Tell, ignore
from broker.groups.classic.group import ClassicGroup
from broker.groups.config import GroupConfig
from broker.groups.consumer.group import ConsumerGroup
from broker.groups.offsets.store import Offsets
from broker.sansio import Ask, Fired, Outbox, Producer, Record, Ticket


class Then(Protocol):
    """What follows a write."""

    def __call__(self, error: ErrorCode, offset: int) -> None:
        """Carry it out: what became of the write, and the offset of its first record."""


@dataclass
class Core:
    """The groups of one partition of `__consumer_offsets`.

    new_id   makes the unique part of a member id
    numbers  tells one write from another
    out      the outputs of the input that is being handled
    freed    what waited for groups that are held no longer, of this partition and of others
    topics   by name: the id and the number of partitions of each
    configs  of the groups that are configured otherwise than the rest
    tickets  what follows each write under way, oldest first
    last     the last write that was given out
    held     what waits for each held group
    tell     is told what becomes of groups and members
    """

    partition: int
    config: GroupConfig
    new_id: Callable[[], str]
    numbers: Iterator[int]
    out: Outbox
    freed: deque[Ask | Fired]
    topics: dict[str, tuple[UUID, int]] = field(default_factory=dict)
    configs: dict[str, GroupConfig] = field(default_factory=dict)
    classic: dict[str, ClassicGroup] = field(default_factory=dict)
    consumer: dict[str, ConsumerGroup] = field(default_factory=dict)
    offsets: Offsets = field(default_factory=Offsets)
    tickets: dict[Ticket, list[Then]] = field(default_factory=dict)
    last: Ticket | None = None
    held: dict[str, list[Ask | Fired]] = field(default_factory=dict)
    tell: Tell = ignore

    def config_of(self, group: str) -> GroupConfig:
        """How a group is configured."""
        return self.configs.get(group, self.config)

    def write(
        self, records: Iterable[Record], *then: Then, producer: Producer | None = None
    ) -> None:
        """Have records written, and carry out what follows."""
        self.last = (self.partition, next(self.numbers))
        self.tickets[self.last] = list(then)
        self.out.append(self.last, records, producer)

    def appended(self, ticket: Ticket, error: ErrorCode, offset: int) -> None:
        """Carry out what follows a write, unless that was given up meanwhile."""
        for then in self.tickets.pop(ticket, ()):
            then(error, offset)

    def hold(self, group: str) -> None:
        """Let whatever comes for the group wait."""
        self.held.setdefault(group, [])

    def free(self, group: str) -> None:
        """Go on with what has come for the group."""
        self.freed.extend(self.held.pop(group, ()))
