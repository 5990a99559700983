"""What members do.

What is left out, and why that is safe:

- A heartbeat that would be answered with "all is well" is not sent: it changes nothing but a
  timer.  Nor does it matter that one may be on its way while something else happens, because it
  is answered by what the coordinator knows when it arrives.
- Commits that commit nothing new.
- The leader's assignor: any assignment that is complete, disjoint and balanced may come of it.
- Where records come from.  Reading is not fenced in Kafka either: whoever knows a position can
  fetch from it.
- Pauses of a member that is joining.  It holds nothing, and the coordinator sees no difference
  between it and one that has crashed.
- Crashes of a member that is paused or fenced: it is as if it never did anything again.
"""

from __future__ import annotations

from enum import Enum, auto

from checker import Map, Set, Variant, action, each, require
from model.consumer import CommitOffset, Phase
from model.messages import (
    ErrorResponse,
    HeartbeatRequest,
    HeartbeatResponse,
    JoinGroupRequest,
    JoinGroupResponse,
    LeaveGroupRequest,
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetFetchRequest,
    OffsetFetchResponse,
    SyncGroupRequest,
    SyncGroupResponse,
)
from model.participants import Participants
from spec import Generation, GroupState, Member, Offset, Partition, Share


class Assignor(Enum):
    """How the leader shares out the partitions."""

    BALANCED = auto()
    RANGE = auto()  # one of the balanced ways, where there are too many to try: RangeAssignor's
    OVERLAPPING = auto()  # broken: each member is given every partition
    INCOMPLETE = auto()  # broken: the first partition is given to nobody
    LOPSIDED = auto()  # broken: any member may be given any number of partitions


class Members(Participants):
    """The steps of members."""

    assignor: Variant[Assignor] = Assignor.BALANCED

    # ------------------------------------------------------------ a member's life

    @action
    def start(self, m: Member) -> None:
        """A process starts, for the first time or again: either way as a new member."""
        require(self.consumers[m].phase is Phase.IDLE)
        require(
            all(
                self.consumers[other].phase is not Phase.IDLE
                for other in Member
                if other < m and self.group_of(other) == self.group_of(m)
            )
        )
        self.consumers[m].phase = Phase.PREPARING_REBALANCE
        self.connections[m].send(JoinGroupRequest(m))

    @action(fair="strong")
    def join(self, m: Member) -> None:
        """A member whose generation is over lets go of everything and joins again."""
        me = self.consumers[m]
        require(me.running())
        require(me.phase is Phase.UNJOINED)
        me.let_go()
        me.phase = Phase.PREPARING_REBALANCE
        self.connections[m].send(JoinGroupRequest(m))

    @action
    def crash(self, m: Member) -> None:
        """The process dies.  A request that it has sent may still arrive."""
        require(self.crashes > 0)
        require(not self.silent(m))
        require(
            sum(1 for other in Member if self.consumers[other].phase is Phase.CRASHED)
            < self.crashes
        )
        self.consumers[m].stop(Phase.CRASHED)
        self.connections[m].close()

    @action
    def pause(self, m: Member) -> None:
        """The process is stopped, or cut off: it neither acts nor sends heartbeats."""
        require(self.pauses > 0)
        require(sum(1 for other in Member if self.consumers[other].paused) < self.pauses)
        me = self.consumers[m]
        require(not me.paused)
        require(me.phase is Phase.STABLE or me.phase is Phase.UNJOINED)
        me.paused = True

    @action
    def wake_up(self, m: Member) -> None:
        """The process goes on, knowing nothing of the time that has passed."""
        me = self.consumers[m]
        require(me.paused)
        me.paused = False

    @action
    def poll_interval_expires(self, m: Member) -> None:
        """poll() is not called for max.poll.interval.ms: the heartbeat thread leaves."""
        require(self.slowness)
        me = self.consumers[m]
        require(me.running())
        require(me.phase is Phase.STABLE or me.phase is Phase.UNJOINED)
        me.fence()
        self.connections[m].send(LeaveGroupRequest(m))

    @action
    def leave(self, m: Member) -> None:
        """The consumer is closed: it lets go of its partitions and says goodbye."""
        require(self.leaving)
        me = self.consumers[m]
        require(me.running())
        require(me.phase is Phase.STABLE)
        me.owned.clear()
        me.stop(Phase.LEFT)
        self.connections[m].send(LeaveGroupRequest(m))

    @action
    def give_up(self, m: Member, lost: bool) -> None:
        """request.timeout.ms passes: the connection is closed, and what was asked is void."""
        require(self.timeouts > 0)
        require(self.given_up < self.timeouts)
        me = self.consumers[m]
        require(not self.silent(m))
        self.given_up += 1
        self.connections[m].give_up(lost=lost)
        if me.phase is Phase.PREPARING_REBALANCE or me.phase is Phase.COMPLETING_REBALANCE:
            me.phase = Phase.UNJOINED

    # ------------------------------------------------------------ records

    @action(fair="strong")
    def poll(self, m: Member, p: Partition, end: Offset) -> None:
        """The records from the member's position up to `end` are handed over."""
        self.consumers[m].poll(p, end)

    @action(fair="strong")
    def process(self, m: Member, p: Partition) -> None:
        """The next of the records handed over is processed."""
        me = self.consumers[m]
        require(me.can_process(p))
        self.aux_processed[self.group_of(m)][p].add(me.processed[p])
        me.processed[p] += 1

    @action(fair="strong")
    def commit(self, m: Member, p: Partition) -> None:
        """A member commits how far it has come in a partition."""
        me = self.consumers[m]
        require(me.may_commit(p))
        offset: Offset = me.to_commit(p)
        if me.commit_offset is CommitOffset.LAST:
            offset = offset - 1
        if not me.confirming:
            me.acknowledged[p] = offset
        self.connections[m].send(OffsetCommitRequest(m, me.generation, p, offset))

    @action(fair="strong")
    def fetch_offset(self, m: Member, p: Partition) -> None:
        """A member asks how far the group has come in a partition that is now its own."""
        me = self.consumers[m]
        require(me.running())
        require(me.phase is Phase.STABLE)
        require(p in me.owned)
        require(p not in me.positioned)
        self.connections[m].send(OffsetFetchRequest(m, p))

    @action(fair="strong")
    def heartbeat(self, m: Member) -> None:
        """A member asks whether its generation is still good, where it is not."""
        me = self.consumers[m]
        require(me.running())
        require(me.phase is Phase.STABLE)
        group = self.coordinators[self.group_of(m)]
        require(
            group.state is GroupState.PREPARING_REBALANCE
            or group.refusal(m, me.generation) is not None
        )
        self.connections[m].send(HeartbeatRequest(m, me.generation))

    # ------------------------------------------------------------ answers arrive

    @action(fair="strong")
    def lead(self, m: Member, owner: Map[Partition, Member]) -> None:
        """The leader learns who is in, and shares out the partitions."""
        require(self.assignor is not Assignor.RANGE)
        me = self.consumers[m]
        require(me.running())
        match self.connections[m].response:
            case JoinGroupResponse(generation, members):
                require(self.acceptable(owner, members))
                self.connections[m].response = None
                self.sync(m, generation, self.plan(owner, members))
            case _:
                require(False)

    @action(fair="strong")
    def lead_by_range(self, m: Member) -> None:
        """The leader learns who is in, and gives each of them a range of partitions."""
        require(self.assignor is Assignor.RANGE)
        me = self.consumers[m]
        require(me.running())
        match self.connections[m].response:
            case JoinGroupResponse(generation, members):
                require(len(members) > 0)
                self.connections[m].response = None
                plan: Map[Member, Share] = each(Set())
                rank = 0
                for other in Member:
                    if other in members:
                        plan[other] = Set(
                            {
                                p
                                for p in Partition
                                if int(p) * len(members) // len(Partition) == rank
                            }
                        )
                        rank += 1
                self.sync(m, generation, plan)
            case _:
                require(False)

    def acceptable(self, owner: Map[Partition, Member], members: Set[Member]) -> bool:
        """Whether the assignor can come to this: only members, and all alike."""
        alike = all(
            sum(1 for p in Partition if owner[p] == a)
            <= sum(1 for p in Partition if owner[p] == b) + 1
            for a in members
            for b in members
        )
        return all(owner[p] in members for p in Partition) and (
            alike or self.assignor is Assignor.LOPSIDED
        )

    def plan(self, owner: Map[Partition, Member], members: Set[Member]) -> Map[Member, Share]:
        """Everybody's share."""
        return Map(
            {
                m: Set(
                    {
                        p
                        for p in Partition
                        if owner[p] == m or (self.assignor is Assignor.OVERLAPPING and m in members)
                        if self.assignor is not Assignor.INCOMPLETE or int(p) > 0
                    }
                )
                for m in Member
            }
        )

    def sync(self, m: Member, generation: Generation, plan: Map[Member, Share]) -> None:
        """A member of a new generation asks for its share."""
        me = self.consumers[m]
        if me.phase is Phase.PREPARING_REBALANCE:
            me.generation = generation
            me.phase = Phase.COMPLETING_REBALANCE
            self.connections[m].send(SyncGroupRequest(m, generation, plan))

    @action(fair="strong")
    def receive(self, m: Member) -> None:
        """An answer arrives that leaves the member nothing to choose."""
        me = self.consumers[m]
        require(me.running())
        answer = self.connections[m].response
        self.connections[m].response = None
        match answer:
            case JoinGroupResponse(generation, members):
                require(len(members) == 0)
                self.sync(m, generation, Map({one: Set() for one in Member}))
            case SyncGroupResponse(share):
                if me.phase is Phase.COMPLETING_REBALANCE:
                    me.take(share)
            case OffsetFetchResponse(p, offset):
                if me.phase is Phase.STABLE and p in me.owned:
                    me.begin(p, offset)
            case OffsetCommitResponse(p, offset):
                if p in me.owned:
                    if me.commit_offset is CommitOffset.LAST:
                        me.acknowledged[p] = offset + 1
                    else:
                        me.acknowledged[p] = offset
            case HeartbeatResponse():
                pass
            case ErrorResponse(error):
                me.refused(error)
            case None:
                require(False)

    @action
    def misdeliver(self, m: Member) -> None:
        """Without correlation ids: an old answer is taken for the one that is waited for."""
        self.connections[m].misdeliver()
