"""Acknowledged writes: what a producer may rely on, by the acks that it asks for.

    acks=0     nothing is acknowledged: what was sent may never arrive
    acks=1     the leader has written it, and may yet lose it with its own disk, or its leadership
    acks=all   it is committed: the in-sync replicas have it, as many as min.insync.replicas asks
               for, and it stays

`AcknowledgedWrites` follows each write from being sent to being committed or lost.  What is
committed is for the replication below to keep; that an acknowledged write is not lost follows
for acks=all, and for nothing less.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Self

from checker import (
    Index,
    Machine,
    Map,
    Set,
    Variant,
    action,
    configuration,
    each,
    invariant,
    require,
    step,
)


class Acks(Enum):
    """How much must have happened to a write before its producer is told."""

    NONE = auto()  # acks=0: it was sent
    LEADER = auto()  # acks=1: the leader has it
    ALL = auto()  # acks=all: it is committed


class Write(Index):
    """A record that a producer wants written, once."""


class Fate(Enum):
    """What has become of a write."""

    UNSENT = auto()
    SENT = auto()
    WRITTEN = auto()  # the leader has it
    COMMITTED = auto()  # every in-sync replica has it
    LOST = auto()


class AcknowledgedWrites(Machine):
    """The writes of a producer, and which of them it takes for done."""

    configurations = (
        configuration("all", Write=2, acks=Acks.ALL),
        configuration(
            "leader",
            about="The leader answers for itself, and is replaced.",
            hazards=("not_lost",),
            Write=2, acks=Acks.LEADER,
        ),
        configuration(
            "none",
            about="The producer takes for done what it has sent.",
            hazards=("not_lost",),
            Write=2, acks=Acks.NONE,
        ),
    )  # fmt: skip

    acks: Variant[Acks] = Acks.ALL

    fate: Map[Write, Fate] = each(Fate.UNSENT)
    acknowledged: Set[Write]

    @action(by="producer")
    def send(self, w: Write) -> None:
        """A write is on its way."""
        require(self.fate[w] is Fate.UNSENT)
        self.fate[w] = Fate.SENT

    @action(by="leader")
    def write(self, w: Write) -> None:
        """The leader appends it to its log."""
        require(self.fate[w] is Fate.SENT)
        self.fate[w] = Fate.WRITTEN

    @action(by="leader")
    def commit(self, w: Write) -> None:
        """Every in-sync replica has it."""
        require(self.fate[w] is Fate.WRITTEN)
        self.fate[w] = Fate.COMMITTED

    @action(by="leader")
    def acknowledge(self, w: Write) -> None:
        """The producer is told, or does not wait to be told, that it is done."""
        require(w not in self.acknowledged)
        require(self.far_enough(w))
        self.acknowledged.add(w)

    @action(by="fate")
    def lose(self, w: Write) -> None:
        """It is lost on its way, or with the only replica that has it."""
        require(self.fate[w] is Fate.SENT or self.fate[w] is Fate.WRITTEN)
        self.fate[w] = Fate.LOST

    def far_enough(self, w: Write) -> bool:
        """Whether as much has happened to it as the acks ask for."""
        if self.acks is Acks.ALL:
            return self.fate[w] is Fate.COMMITTED
        if self.acks is Acks.LEADER:
            return self.fate[w] is Fate.WRITTEN or self.fate[w] is Fate.COMMITTED
        return self.fate[w] is not Fate.UNSENT

    @invariant
    def not_lost(self) -> bool:
        """No acknowledged write is lost."""
        return all(self.fate[w] is not Fate.LOST for w in self.acknowledged)

    @step
    def committed_for_good(self, after: Self) -> bool:
        """What is committed stays."""
        return all(
            self.fate[w] is not Fate.COMMITTED or after.fate[w] is Fate.COMMITTED for w in Write
        )

    @step(on=acknowledge)
    def written_when_told(self, after: Self, w: Write) -> bool:
        """With acks of 1 or all, what is acknowledged is in the leader's log at that moment."""
        return self.acks is Acks.NONE or (
            self.fate[w] is Fate.WRITTEN or self.fate[w] is Fate.COMMITTED
        )
