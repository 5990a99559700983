"""What must happen in the end.

Nothing of it is true of a machine that may stop wherever it likes.  What is assumed is said by
the fairness of the actions, each time to each member, and it is little:

    what arrives         a request that is not given up arrives, and so does its answer
    what members do      a member that runs goes on: it joins again where it has to, leads, finds
                         out where to begin, polls, processes, commits, and sends heartbeats
    what coordinators do sessions and rebalances that may time out do, and a rebalance that may
                         complete does

Nobody has to start, and everything that can go wrong may go wrong, or not: crashes, pauses, slow
processing, requests that are given up, members that leave.

Fairness is weak to what arrives and to timeouts, and strong to members: a member may be paused
again and again, and is then not able to act all the time.  That is how to break GRP-7 where it is
weak: by a member that sleeps whenever it is to send its heartbeat, and never long enough to be
taken for dead.

A run that passes a bound, the last generation above all, is not judged.
"""

from __future__ import annotations

from checker import Variant, eventually, reachable
from model.consumer import Phase
from model.participants import Participants
from spec import CommitMode, GroupId, GroupState, Member, Partition
from spec.delivery import DLV_7
from spec.membership import GRP_5, GRP_7


class ProgressPromises(Participants):
    """GRP-5, GRP-7 and DLV-7."""

    # Of how many records of each partition it is asked whether they are processed in the end; 0
    # where nothing is asked of the end.
    records: Variant[int] = 0

    def alive(self, g: GroupId, m: Member) -> bool:
        """Whether `m` runs, and has not learned that it is out."""
        return self.group_of(m) == g and not self.silent(m)

    def over(self, g: GroupId) -> bool:
        """Whether nobody in the group is alive, or it was deleted: what follows is another one."""
        return self.coordinators[g].state is GroupState.DEAD or not any(
            self.alive(g, m) for m in Member
        )

    # ------------------------------------------------------------ a dead member's partitions

    def holds_dead(self) -> bool:
        """The coordinator counts on a member that has died for some partition."""
        return any(
            self.consumers[m].phase is Phase.CRASHED
            and self.coordinators[self.group_of(m)].is_member(m)
            and len(self.coordinators[self.group_of(m)].assignment[m]) > 0
            for m in Member
        )

    @eventually(GRP_5, after=holds_dead)
    def reassigned(self) -> bool:
        """Asked where members die; where nobody is left, there is nobody to take anything over."""
        return (
            self.records == 0
            or self.crashes == 0
            or all(self.over(g) or all(self.is_served(g, p) for p in Partition) for g in GroupId)
        )

    def is_served(self, g: GroupId, p: Partition) -> bool:
        """Whether somebody who is alive has `p`."""
        return any(self.alive(g, m) and self.owns(g, m, p) for m in Member)

    @reachable
    def taken_over(self) -> bool:
        """Somebody died holding a partition that another member now has; asked where they die."""
        return self.crashes == 0 or any(
            self.consumers[dead].phase is Phase.CRASHED
            and p in self.consumers[dead].owned
            and self.owns(self.group_of(dead), m, p)
            for dead in Member
            for m in Member
            for p in Partition
        )

    # ------------------------------------------------------------ a group becomes stable

    @eventually(GRP_7, again=True)
    def settles(self) -> bool:
        """Changes of membership come to an end here, so that it is so again and again."""
        return self.records == 0 or all(self.is_settled(g) for g in GroupId)

    def is_settled(self, g: GroupId) -> bool:
        """Whether the group is stable and all its members know, or empty and there are none."""
        group = self.coordinators[g]
        if group.state is GroupState.STABLE:
            return all(
                not self.alive(g, m)
                or (
                    self.consumers[m].phase is Phase.STABLE
                    and self.consumers[m].generation == group.generation
                )
                for m in Member
            )
        return group.state is GroupState.DEAD or (group.state is GroupState.EMPTY and self.over(g))

    # ------------------------------------------------------------ records are processed

    def somebody_runs(self) -> bool:
        """Somebody is alive."""
        return not all(self.over(g) for g in GroupId)

    @eventually(DLV_7, after=somebody_runs)
    def all_processed(self) -> bool:
        """Asked of the first records of each partition, where members commit after processing."""
        return (
            self.records == 0
            or self.commit_mode is not CommitMode.AFTER_PROCESSING
            or all(self.over(g) or self.is_done(g) for g in GroupId)
        )

    def is_done(self, g: GroupId) -> bool:
        """Whether all these records have been processed."""
        return all(
            record in self.aux_processed[g][p] for p in Partition for record in range(self.records)
        )
