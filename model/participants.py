"""A group on the classic protocol: who takes part, and what can befall them.

    member                                   coordinator
      start, join   -- JoinGroup -->           keeps it; a rebalance is prepared
                                               complete_rebalance: a new generation
                    <-- generation, members
      lead          -- SyncGroup -->           keeps it until the leader's arrives: stable
                    <-- share
      fetch_offset  -- OffsetFetch -->
                    <-- committed offset
      poll, process
      commit        -- OffsetCommit -->        accepts it from the current generation only
      heartbeat     -- Heartbeat -->           says whether there is a rebalance
      leave         -- LeaveGroup -->

The machine is put together of modules: here is its state, in `members` what members do, in
`coordination` what the coordinator does, in `ownership`, `membership` and `delivery` what must
be true, in `progress` what must happen in the end, and in `group` the whole with its
configurations.  `conduct` says what the model takes for granted of its own parts, and
`witnesses` what there is to be seen of it.

Anything may happen to a member at any point: it crashes, it is paused or cut off, it is slow,
it leaves, its requests are late.  Which of these do happen is a choice of the configuration, so
that each danger can be explored to the end.

Time is abstract: a timeout is an action that may happen when it could.  The session timeout and
the rebalance timeout can strike a member that cannot be heard: one that is paused, or whose
process has gone, or that knows that it is out.  A pause stands for whatever keeps a live member
from being heard, a stopped process or a broken network alike: what a member that is cut off
does meanwhile, it might as well have done before, or do afterwards.

Two groups read the same topic without sharing anything but the coordinator's store of offsets.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated

from checker import Machine, Map, Range, Record, Set, Variant, each
from model.connection import Connection
from model.consumer import Consumer, Phase
from model.coordinator import Coordinator
from spec import CommitMode, GroupId, Member, Offset, Partition


class Line(Enum):
    """How a request reaches the coordinator."""

    OPEN = auto()  # on the connection of its member
    CLOSED = auto()  # late, on a connection that its member has given up


class Leadership(Enum):
    """Whom the coordinator makes a leader."""

    ONE = auto()
    EVERYONE = auto()  # broken: every member is told to lead, and the last assignment counts
    ANYONE = auto()  # broken: each generation has a leader of its own


class Progress(Enum):
    """Whose progress a committed offset is."""

    GROUP = auto()
    TOPIC = auto()  # broken: one for all groups
    CONSUMER = auto()  # broken: each member's own


GivenUp = Annotated[int, Range(0, 3)]
"""How many requests members have given up."""


class OffsetKey(Record):
    """Where a committed offset is kept, beside its partition."""

    group: GroupId
    member: Member | None


class Participants(Machine):
    """The state of everybody concerned."""

    commit_mode: Variant[CommitMode] = CommitMode.AFTER_PROCESSING
    # What may befall a group.
    crashes: Variant[int] = 0  # how many members may crash
    pauses: Variant[int] = 0  # how many may be paused at once
    timeouts: Variant[int] = 0  # how many requests may be given up
    slowness: Variant[bool] = False  # whether processing may outlast max.poll.interval.ms
    leaving: Variant[bool] = False  # whether consumers may be closed
    deletion: Variant[bool] = False  # whether empty groups may be deleted

    # How the design is broken, if at all.
    expiry: Variant[bool] = True  # whether sessions and rebalances ever time out
    patience: Variant[bool] = True  # whether they spare whoever can be heard
    repeating: Variant[bool] = True  # whether a JoinGroup that changes nothing only asks again
    leadership: Variant[Leadership] = Leadership.ONE
    progress: Variant[Progress] = Progress.GROUP
    purging: Variant[bool] = True  # whether the progress of a deleted group goes with it

    given_up: GivenUp = 0
    coordinators: Map[GroupId, Coordinator]
    consumers: Map[Member, Consumer]
    connections: Map[Member, Connection]
    offsets: Map[OffsetKey, Map[Partition, Offset]] = each(each(0))
    # The records that were processed; the last commit that was accepted; what it meant by it.
    aux_processed: Map[GroupId, Map[Partition, Set[Offset]]]
    aux_committed: Map[GroupId, Map[Partition, Offset]] = each(each(0))
    aux_next: Map[GroupId, Map[Partition, Offset]] = each(each(0))

    def group_of(self, m: Member) -> GroupId:
        """The group that `m` is configured for."""
        return GroupId(int(m) % len(GroupId))

    def key_of(self, m: Member) -> OffsetKey:
        """Where the progress of the group of `m` is kept."""
        if self.progress is Progress.TOPIC:
            return OffsetKey(GroupId(0), None)
        if self.progress is Progress.CONSUMER:
            return OffsetKey(self.group_of(m), m)
        return OffsetKey(self.group_of(m), None)

    def silent(self, m: Member) -> bool:
        """Whether `m` cannot be heard, so that timeouts may strike it."""
        return not self.consumers[m].running() or self.consumers[m].phase is Phase.FENCED

    def times_out(self, m: Member) -> bool:
        """Whether a timeout may strike `m`."""
        return self.expiry and (self.silent(m) or not self.patience)

    def owns(self, g: GroupId, m: Member, p: Partition) -> bool:
        """Whether `m` holds `p` in the current generation of `g`."""
        me = self.consumers[m]
        return (
            self.group_of(m) == g
            and p in me.owned
            and me.phase is not Phase.CRASHED
            and me.generation > 0
            and me.generation == self.coordinators[g].generation
        )
