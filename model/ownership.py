"""What must be true of ownership.

The coordinator checks who commits, and in which generation; it does not look whose partition it
is.  That only the owner's commits count rests on members as well: on their letting go of
everything before they join again, and committing only what they own.  An application that
commits offsets of its own making, for a partition that it no longer has, is let through.
"""

from __future__ import annotations

from checker import invariant, refines
from model.consumer import Phase
from model.messages import OffsetCommitRequest
from model.participants import Line, OffsetKey, Participants
from spec import GroupId, GroupState, Member, Ownership, Partition
from spec.ownership import OWN_1, OWN_2, OWN_3, OWN_4, OWN_5


class OwnershipPromises(Participants):
    """OWN-1 to OWN-5, and that each partition is an Ownership."""

    @invariant(OWN_1)
    def one_owner(self) -> bool:
        """At the coordinator, and among the members that have the generation."""
        return all(
            sum(1 for m in Member if p in self.coordinators[g].assignment[m]) <= 1
            and sum(1 for m in Member if self.owns(g, m, p)) <= 1
            for g in GroupId
            for p in Partition
        )

    @invariant(OWN_2)
    def one_committer(self) -> bool:
        """Of all who may yet try, or whose commit is on its way."""
        return all(
            sum(1 for m in Member if self.group_of(m) == g and self.commit_would_count(m, p)) <= 1
            for g in GroupId
            for p in Partition
        )

    def commit_would_count(self, m: Member, p: Partition) -> bool:
        """Whether a commit of `p` by `m`, to be sent or on its way, would be accepted now."""
        me = self.consumers[m]
        group = self.coordinators[self.group_of(m)]
        return (
            (
                (me.phase is Phase.STABLE or me.phase is Phase.UNJOINED)
                and me.generation > 0
                and p in me.owned
                and group.commit_refusal(m, me.generation) is None
            )
            or self.commit_on_line(m, p, Line.OPEN)
            or self.commit_on_line(m, p, Line.CLOSED)
        )

    def commit_on_line(self, m: Member, p: Partition, line: Line) -> bool:
        """Whether a commit of `p` by `m` is on its way, and would be accepted now."""
        connection = self.connections[m]
        request = connection.request if line is Line.OPEN else connection.late
        if isinstance(request, OffsetCommitRequest):
            group = self.coordinators[self.group_of(m)]
            return request.partition == p and group.commit_refusal(m, request.generation) is None
        return False

    @invariant(OWN_3)
    def one_processor(self) -> bool:
        """Whoever was handed records and has not processed them all is at work on them."""
        return all(
            sum(1 for m in Member if self.group_of(m) == g and self.consumers[m].busy(p)) <= 1
            for g in GroupId
            for p in Partition
        )

    @invariant(OWN_4)
    def surplus_is_idle(self) -> bool:
        """Counted at the coordinator, while the group is stable."""
        return all(
            group.state is not GroupState.STABLE
            or sum(1 for m in Member if group.is_member(m) and len(group.assignment[m]) > 0)
            == min(len(Partition), sum(1 for m in Member if group.is_member(m)))
            for group in self.coordinators.values()
        )

    @invariant(OWN_5)
    def balanced(self) -> bool:
        """Counted at the coordinator, while the group is stable."""
        return all(
            group.state is not GroupState.STABLE
            or all(
                len(group.assignment[a]) <= len(group.assignment[b]) + 1
                for a in Member
                for b in Member
                if group.is_member(a) and group.is_member(b)
            )
            for group in self.coordinators.values()
        )

    @refines(Ownership)
    def as_ownership(self, spec: Ownership) -> None:
        """The first partition of the first group behaves as Ownership says."""
        group = self.coordinators[GroupId(0)]
        spec.generation = group.generation
        spec.owner = None
        for m in Member:
            if Partition(0) in group.assignment[m]:
                spec.owner = m
        spec.committed = self.offsets[OffsetKey(GroupId(0), None)][Partition(0)]
