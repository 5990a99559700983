"""A member's side of a group: its place in the protocol, and what it does with records.

    phase                    Kafka's MemberState, and what comes before and after it
    IDLE                     not started
    UNJOINED                 to join, or to join again
    PREPARING_REBALANCE      JoinGroup is out
    COMPLETING_REBALANCE     SyncGroup is out
    STABLE                   has its share
    FENCED                   has learned, or decided, that it is not a member any more
    LEFT, CRASHED            its process has gone

A consumer's poll() does several things in a row; each is an action of its own here: join where
that is called for, find out where to begin, hand over records.  Handed-over records are in the
application's hands, which processes them one by one, in order, while the consumer may go on.

What a member learns from an error is the same for every request, as in Kafka's
AbstractCoordinator:

    UNKNOWN_MEMBER_ID          its id and generation are void; to come back, it starts as another
    ILLEGAL_GENERATION         its generation is void; it joins again
    REBALANCE_IN_PROGRESS      it joins again, and may commit until it does
    COORDINATOR_NOT_AVAILABLE  it joins again

Before it joins again it lets go of everything (the eager protocol).  A member that is FENCED
goes on processing what was handed over, because nothing stops it: that is the zombie.

What it leaves out: seek, pause and resume of partitions, fetch sessions, several topics, a log
that is truncated or expires, transactions, and rebalance listeners, whose one use in question,
committing before partitions are given up, is the freedom to commit before joining again.
"""

from __future__ import annotations

from enum import Enum, auto

from checker import Map, Part, Variant, each, require
from model.messages import Error
from spec import CommitMode, Generation, Offset, Partition, Share


class Phase(Enum):
    """Where a member is in its life."""

    IDLE = auto()
    UNJOINED = auto()
    PREPARING_REBALANCE = auto()
    COMPLETING_REBALANCE = auto()
    STABLE = auto()
    FENCED = auto()
    LEFT = auto()
    CRASHED = auto()


class Processing(Enum):
    """How processing and polling go together."""

    INLINE = auto()  # all that was handed over is processed before the next poll
    BUFFERED = auto()  # polling goes on while records wait to be processed


class CommitOffset(Enum):
    """Which offset a member that commits by hand writes down."""

    NEXT = auto()  # that of the next record to process
    LAST = auto()  # broken: that of the last record processed
    POLLED = auto()  # broken: that of the next record to be handed over


class Resume(Enum):
    """Where a new owner begins, given the committed offset."""

    COMMITTED = auto()
    AFTER = auto()  # broken: behind it, as if it were the last record processed
    BEGINNING = auto()  # broken: at the first record


class Consumer(Part):
    """One member: everything it knows."""

    commit_mode: Variant[CommitMode] = CommitMode.AFTER_PROCESSING
    processing: Variant[Processing] = Processing.INLINE
    commit_offset: Variant[CommitOffset] = CommitOffset.NEXT
    resume: Variant[Resume] = Resume.COMMITTED
    revoking: Variant[bool] = True  # whether it lets go of its partitions before joining again
    confirming: Variant[bool] = True  # whether commit-first waits for the commit's answer
    heeding: Variant[bool] = True  # whether it joins again where it is told of a rebalance

    phase: Phase = Phase.IDLE
    paused: bool = False
    generation: Generation = 0
    owned: Share
    # Of the partitions owned, those in which it knows where to begin.
    positioned: Share
    # The next record to be handed over, and the next to be processed.
    position: Map[Partition, Offset] = each(0)
    processed: Map[Partition, Offset] = each(0)
    # The next record to read, as far as it knows the group to have committed.
    acknowledged: Map[Partition, Offset] = each(0)

    def running(self) -> bool:
        """Whether its process runs."""
        return (
            not self.paused
            and self.phase is not Phase.IDLE
            and self.phase is not Phase.LEFT
            and self.phase is not Phase.CRASHED
        )

    def busy(self, p: Partition) -> bool:
        """Whether it is at work on a record of `p`."""
        return self.running() and self.processed[p] < self.position[p]

    def can_process(self, p: Partition) -> bool:
        """Whether it may process its next record of `p` now."""
        return self.busy(p) and (
            self.commit_mode is not CommitMode.BEFORE_PROCESSING
            or self.processed[p] < self.acknowledged[p]
        )

    def to_commit(self, p: Partition) -> Offset:
        """The next record to read, if it commits `p` now."""
        return (
            self.processed[p]
            if self.commit_mode is CommitMode.AFTER_PROCESSING
            and self.commit_offset is not CommitOffset.POLLED
            else self.position[p]
        )

    def may_commit(self, p: Partition) -> bool:
        """Whether it has something new to commit, and a generation to commit it in."""
        return (
            self.running()
            and self.generation > 0
            and p in self.owned
            and self.to_commit(p) > self.acknowledged[p]
            # An interval passes unnoticed until poll() is called.
            and not (
                self.commit_mode is CommitMode.AUTO
                and self.processing is Processing.INLINE
                and self.processed[p] < self.position[p]
            )
        )

    def poll(self, p: Partition, end: Offset) -> None:
        """The records before `end` are handed over."""
        require(self.running())
        require(self.phase is Phase.STABLE)
        require(p in self.positioned)
        require(self.position[p] < end)
        if self.processing is Processing.INLINE:
            require(self.processed[p] == self.position[p])
        self.position[p] = end

    def let_go(self) -> None:
        """Everything is given up: partitions, records handed over, the generation."""
        self.generation = 0
        if self.revoking:
            self.owned.clear()
            self.forget()

    def forget(self) -> None:
        """Nothing is known of any position."""
        self.positioned.clear()
        self.position = each(0)
        self.processed = each(0)
        self.acknowledged = each(0)

    def take(self, share: Share) -> None:
        """The share of a new generation."""
        self.phase = Phase.STABLE
        self.owned = share
        self.forget()

    def begin(self, p: Partition, offset: Offset) -> None:
        """The group has come to `offset` in `p`: that is where to begin."""
        start: Offset = offset
        if self.resume is Resume.BEGINNING:
            start = 0
        if self.resume is Resume.AFTER and offset > 0:
            start = offset + 1
        self.positioned.add(p)
        self.position[p] = start
        self.processed[p] = start
        self.acknowledged[p] = start

    def refused(self, error: Error) -> None:
        """An error, whatever the request was."""
        if error is Error.UNKNOWN_MEMBER_ID:
            self.fence()
        elif error is Error.REBALANCE_IN_PROGRESS:
            if self.heeding or self.phase is not Phase.STABLE:
                self.phase = Phase.UNJOINED
        else:
            self.phase = Phase.UNJOINED
            self.generation = 0

    def fence(self) -> None:
        """It is no member any more: only what was handed over is left to it."""
        self.phase = Phase.FENCED
        self.generation = 0

    def stop(self, phase: Phase) -> None:
        """Its process has gone."""
        self.phase = phase
        self.generation = 0
        self.forget()
