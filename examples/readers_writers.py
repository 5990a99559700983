"""Readers and writers, served in the order in which they ask.

Any number may read at once; who writes is alone.  Requests wait in one queue, and only its head
is served, so that readers cannot hold off a writer for ever.  An actor can wait once to read and
once to write, at the same time, and can ask again while it is reading or writing.

Not modelled: that everyone is served, a liveness property.

Source: P. J. Courtois, F. Heymans and D. L. Parnas, Concurrent control with readers and writers,
CACM 14(10), 1971, for the problem; the module ReadersWriters of the TLA+ Examples.

Checked, as distinct states, states generated, and depth:

    ReadersWriters   Actor=3   21,527   59,674   13
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated

from verdict import (
    Capacity,
    Index,
    Machine,
    Record,
    Seq,
    Set,
    action,
    configuration,
    invariant,
    reachable,
    require,
)


class Actor(Index, symmetric=True):
    """Someone who reads and writes."""


class Kind(Enum):
    """What is asked for."""

    READ = auto()
    WRITE = auto()


class Request(Record):
    """An actor waits to read or to write."""

    kind: Kind
    actor: Actor


class ReadersWriters(Machine):
    """One resource and the queue for it."""

    readers: Set[Actor]
    writers: Set[Actor]
    queue: Annotated[Seq[Request], Capacity("Queue")]

    @action
    def ask_to_read(self, a: Actor) -> None:
        """An actor that does not wait to read asks to."""
        require(Request(Kind.READ, a) not in self.queue)
        self.queue.append(Request(Kind.READ, a))

    @action
    def ask_to_write(self, a: Actor) -> None:
        """An actor that does not wait to write asks to."""
        require(Request(Kind.WRITE, a) not in self.queue)
        self.queue.append(Request(Kind.WRITE, a))

    @action(by="resource")
    def admit(self) -> None:
        """The head of the queue is let in: a reader past other readers, a writer only alone."""
        require(len(self.queue) > 0)
        require(len(self.writers) == 0)
        head = self.queue[0]
        if head.kind is Kind.READ:
            self.readers.add(head.actor)
        else:
            require(len(self.readers) == 0)
            self.writers.add(head.actor)
        self.queue.pop_first()

    @action
    def stop(self, a: Actor) -> None:
        """An actor that reads or writes stops."""
        require(a in self.readers or a in self.writers)
        self.readers.discard(a)
        self.writers.discard(a)

    @invariant
    def exclusive(self) -> bool:
        """Who writes is alone."""
        return len(self.writers) == 0 or (len(self.writers) == 1 and len(self.readers) == 0)

    @invariant
    def waits_once(self) -> bool:
        """Nobody waits twice for the same."""
        return all(
            self.queue[i] != self.queue[j]
            for i in range(len(self.queue))
            for j in range(len(self.queue))
            if i != j
        )

    @reachable
    def all_read(self) -> bool:
        """Everyone can read at once."""
        return len(self.readers) == len(Actor)

    @reachable
    def all_wait(self) -> bool:
        """Everyone can wait to read and to write while someone writes."""
        return len(self.queue) == 2 * len(Actor) and len(self.writers) == 1

    configurations = (
        configuration("two actors", Actor=2, Queue=4),
        configuration("three actors", Actor=3, Queue=6),
    )
