"""What does happen: states that some run comes to.

A promise can be kept by doing nothing.  Each of these states shows that something is done, or can
go wrong, so that a model which has lost a behaviour does not pass for one that keeps its promises.
Where a configuration leaves out what leads there, it is not asked.
"""

from __future__ import annotations

from checker import reachable
from model.consumer import Phase
from model.coordinator import Standing
from model.messages import OffsetCommitRequest
from model.participants import Participants
from spec import GroupId, GroupState, Member, Partition


class Witnesses(Participants):
    """What can be seen of a group that does its work."""

    @reachable
    def commits_are_accepted(self) -> bool:
        """A group has progress."""
        return any(self.aux_committed[g][p] > 0 for g in GroupId for p in Partition)

    @reachable
    def commits_before_joining_again(self) -> bool:
        """A member that is called to a rebalance commits before it follows."""
        return any(
            self.consumers[m].phase is Phase.UNJOINED
            and isinstance(self.connections[m].request, OffsetCommitRequest)
            for m in Member
        )

    @reachable
    def zombies(self) -> bool:
        """A member is paused in the belief that it has a share, and is out; asked of pauses."""
        return self.pauses == 0 or any(
            self.consumers[m].paused and self.consumers[m].phase is Phase.STABLE and self.is_out(m)
            for m in Member
        )

    @reachable
    def paused_before_joining_again(self) -> bool:
        """A member is paused that was called to a rebalance; asked of pauses."""
        return self.pauses == 0 or any(
            self.consumers[m].paused and self.consumers[m].phase is Phase.UNJOINED for m in Member
        )

    def is_out(self, m: Member) -> bool:
        """Whether `m` is no member of its group."""
        return not self.coordinators[self.group_of(m)].is_member(m)

    @reachable
    def fenced_while_stable(self) -> bool:
        """A member is too slow in a stable group, and not yet out; asked of slowness."""
        return not self.slowness or any(
            self.consumers[m].phase is Phase.FENCED
            and not self.is_out(m)
            and self.coordinators[self.group_of(m)].state is GroupState.STABLE
            for m in Member
        )

    @reachable
    def fenced_before_joining(self) -> bool:
        """A member is too slow to join once more; asked of slowness and of requests given up."""
        return (
            not self.slowness
            or self.timeouts == 0
            or any(
                self.consumers[m].phase is Phase.FENCED and self.standing_of(m) is Standing.PENDING
                for m in Member
            )
        )

    @reachable
    def requests_are_lost(self) -> bool:
        """Nobody ever hears of a JoinGroup; asked where requests are given up."""
        return self.timeouts == 0 or any(
            self.consumers[m].phase is Phase.UNJOINED
            and self.connections[m].late is None
            and self.standing_of(m) is Standing.PENDING
            for m in Member
        )

    @reachable
    def kept_in_vain(self) -> bool:
        """A JoinGroup that is kept is given up, after a commit that is still on its way.

        Asked where more than one request is given up.
        """
        return self.timeouts <= 1 or any(
            self.consumers[m].phase is Phase.UNJOINED
            and isinstance(self.connections[m].late, OffsetCommitRequest)
            and self.standing_of(m) is Standing.JOINED
            for m in Member
        )

    def standing_of(self, m: Member) -> Standing:
        """What the coordinator knows of `m`."""
        return self.coordinators[self.group_of(m)].standing[m]

    @reachable
    def left(self) -> bool:
        """A member has left; asked where members leave."""
        return not self.leaving or any(me.phase is Phase.LEFT for me in self.consumers.values())

    @reachable
    def deleted(self) -> bool:
        """A group has been deleted; asked where groups are."""
        return not self.deletion or any(
            group.state is GroupState.DEAD for group in self.coordinators.values()
        )

    @reachable
    def second_group_first(self) -> bool:
        """The second group begins while there is nobody in the first; asked of two."""
        return len(GroupId) == 1 or any(
            self.coordinators[GroupId(0)].generation == 0 and group.generation > 0
            for group in self.coordinators.values()
        )
