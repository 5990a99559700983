"""What must be true of membership."""

from __future__ import annotations

from typing import Self

from checker import invariant, refines, step
from model.coordination import Coordination
from model.coordinator import Standing
from model.messages import (
    Error,
    ErrorResponse,
    HeartbeatRequest,
    JoinGroupRequest,
    JoinGroupResponse,
    LeaveGroupRequest,
    OffsetCommitRequest,
    SyncGroupRequest,
)
from model.participants import Line, OffsetKey, Participants, Progress
from spec import GroupId, GroupState, Member, Membership, Partition
from spec.membership import (
    GRP_1,
    GRP_2,
    GRP_3,
    GRP_4,
    GRP_6,
    GRP_8,
    GRP_9,
    GRP_10,
    GRP_11,
    GRP_12,
    GRP_13,
)


class MembershipPromises(Participants):
    """The promises GRP, and that a group is a Membership."""

    @step(GRP_1)
    def generations_count_rebalances(self, after: Self) -> bool:
        """A rebalance completes where a group ceases to prepare one."""
        return all(
            after.coordinators[g].generation
            == self.coordinators[g].generation
            + (
                1
                if self.coordinators[g].state is GroupState.PREPARING_REBALANCE
                and after.coordinators[g].state is not GroupState.PREPARING_REBALANCE
                else 0
            )
            for g in GroupId
        )

    @step(GRP_2, on=Coordination.arrive)
    def old_generations_are_refused(self, after: Self, m: Member, line: Line) -> bool:
        """The group is as before, and an answer, where somebody waits for it, is an error."""
        g = self.group_of(m)
        return not self.stale(m, line) or (
            self.coordinators[g] == after.coordinators[g]
            and self.offsets == after.offsets
            and (
                line is Line.CLOSED
                or after.connections[m].free()
                or isinstance(after.connections[m].response, ErrorResponse)
            )
        )

    def stale(self, m: Member, line: Line) -> bool:
        """Whether the request on its way carries an old generation."""
        connection = self.connections[m]
        request = connection.request if line is Line.OPEN else connection.late
        present = self.coordinators[self.group_of(m)].generation
        match request:
            case SyncGroupRequest():
                return request.generation != present
            case HeartbeatRequest():
                return request.generation != present
            case OffsetCommitRequest():
                return request.generation != present
            case _:
                return False

    @invariant(GRP_3)
    def one_leader(self) -> bool:
        """Who was told to lead, and whose assignment was stored, in the current generation."""
        return all(
            len(group.aux_leaders) <= 1
            and group.aux_assigners <= group.aux_leaders
            and (group.state is not GroupState.STABLE or len(group.aux_assigners) > 0)
            for group in self.coordinators.values()
        ) and not any(self.leads_in_vain(m) for m in Member)

    def leads_in_vain(self, m: Member) -> bool:
        """Whether `m` is being told to lead the current generation, and does not."""
        group = self.coordinators[self.group_of(m)]
        answer = self.connections[m].response
        if isinstance(answer, JoinGroupResponse):
            lead = answer.generation == group.generation and len(answer.members) > 0
            return lead and m not in group.aux_leaders
        return False

    @invariant(GRP_4)
    def complete(self) -> bool:
        """Each partition belongs to somebody who is a member now."""
        return all(
            group.state is not GroupState.STABLE
            or all(
                any(group.is_member(m) and p in group.assignment[m] for m in Member)
                for p in Partition
            )
            for group in self.coordinators.values()
        )

    @step(GRP_6)
    def groups_are_apart(self, after: Self) -> bool:
        """No step changes what two groups know, or what one group can see of its progress."""
        return len(GroupId) == 1 or not any(
            g < h and self.changes(after, g) and self.changes(after, h)
            for g in GroupId
            for h in GroupId
        )

    def changes(self, after: Self, g: GroupId) -> bool:
        """Whether group `g` is different afterwards."""
        progress = OffsetKey(GroupId(0) if self.progress is Progress.TOPIC else g, None)
        return (
            self.coordinators[g] != after.coordinators[g]
            or self.offsets[progress] != after.offsets[progress]
            or any(
                self.group_of(m) == g
                and (
                    self.consumers[m] != after.consumers[m]
                    or self.connections[m] != after.connections[m]
                )
                for m in Member
            )
        )

    @step(GRP_8, on=Coordination.arrive)
    def refusals_say_why(self, after: Self, m: Member, line: Line) -> bool:
        """Each error answers a request for which it is the reason."""
        group = self.coordinators[self.group_of(m)]
        answer = after.connections[m].response
        if line is Line.OPEN and isinstance(answer, ErrorResponse):
            match answer.error:
                case Error.COORDINATOR_NOT_AVAILABLE:
                    return group.state is GroupState.DEAD
                case Error.UNKNOWN_MEMBER_ID:
                    return group.state is not GroupState.DEAD and not group.is_member(m)
                case Error.ILLEGAL_GENERATION:
                    return group.is_member(m) and self.stale(m, line)
                case Error.REBALANCE_IN_PROGRESS:
                    return (
                        group.is_member(m)
                        and not self.stale(m, line)
                        and (
                            group.state is GroupState.PREPARING_REBALANCE
                            or group.state is GroupState.COMPLETING_REBALANCE
                        )
                    )
        return True

    @step(GRP_9)
    def members_have_joined(self, after: Self) -> bool:
        """Where a rebalance completes; and where a LeaveGroup has arrived, its sender is out."""
        return all(self.is_rightly_in(after, m) for m in Member)

    def is_rightly_in(self, after: Self, m: Member) -> bool:
        """Whether `m` is a member afterwards just where it has joined, and not where it left.

        The id of a member that is out is never handed out again.
        """
        g = self.group_of(m)
        present = after.coordinators[g].is_member(m)
        completes = (
            self.coordinators[g].state is GroupState.PREPARING_REBALANCE
            and after.coordinators[g].state is not GroupState.PREPARING_REBALANCE
        )
        has_left = self.leaves(m) and not after.leaves(m)
        before = self.coordinators[g].standing[m]
        again = (
            after.coordinators[g].standing[m] is Standing.PENDING and before is not Standing.PENDING
        )
        return (
            (not completes or present == (before is Standing.JOINED))
            and not (has_left and present)
            and not again
        )

    def leaves(self, m: Member) -> bool:
        """Whether a LeaveGroup of `m` is on its way."""
        return isinstance(self.connections[m].request, LeaveGroupRequest)

    @step(GRP_10)
    def leaders_stay(self, after: Self) -> bool:
        """A group that prepares a rebalance may be without one."""
        return all(self.is_led(after, g) and self.keeps_leader(after, g) for g in GroupId)

    def is_led(self, after: Self, g: GroupId) -> bool:
        """Whether one of its members leads `g` afterwards, if it has a generation then."""
        group = after.coordinators[g]
        leader = group.leader
        return (
            group.state is not GroupState.COMPLETING_REBALANCE
            and group.state is not GroupState.STABLE
            if leader is None
            else group.is_member(leader)
        )

    def keeps_leader(self, after: Self, g: GroupId) -> bool:
        """Whether the leader of `g` is the same afterwards, or is no member any more.

        Where there was none, whoever joins is.
        """
        leader = self.coordinators[g].leader
        group = after.coordinators[g]
        if leader is None:
            return group.leader is not None or not any(
                self.group_of(m) == g and self.has_joined(after, m) for m in Member
            )
        return leader == group.leader or not group.is_member(leader)

    def has_joined(self, after: Self, m: Member) -> bool:
        """Whether `m` joins the rebalance of its group in this step."""
        g = self.group_of(m)
        return (
            self.coordinators[g].standing[m] is not Standing.JOINED
            and after.coordinators[g].standing[m] is Standing.JOINED
        )

    @invariant(GRP_11)
    def nothing_is_left(self) -> bool:
        """Asked where groups are deleted."""
        return not self.deletion or all(
            self.coordinators[g].state is not GroupState.DEAD
            or (
                not any(self.coordinators[g].is_member(m) for m in Member)
                and all(self.offsets[OffsetKey(g, None)][p] == 0 for p in Partition)
            )
            for g in GroupId
        )

    @step(GRP_12)
    def nobody_is_put_out(self, after: Self) -> bool:
        """Who has joined the rebalance that is prepared is waiting, and cannot time out."""
        return all(
            after.coordinators[self.group_of(m)].standing[m] is not Standing.GONE
            or self.is_rightly_out(m)
            for m in Member
        )

    def is_rightly_out(self, m: Member) -> bool:
        """Whether `m` is out, or leaves, or may time out."""
        standing = self.coordinators[self.group_of(m)].standing[m]
        return (
            standing is Standing.GONE
            or self.leaves(m)
            or (standing is Standing.KNOWN and self.silent(m))
        )

    @step(GRP_13, on=Coordination.arrive)
    def joining_again_changes_nothing(self, after: Self, m: Member, line: Line) -> bool:
        """Asked while a generation is in force: of a stable group, of all but its leader."""
        g = self.group_of(m)
        group = self.coordinators[g]
        return (
            not (group.needs_no_rebalance(m) and self.joins(m, line))
            or group == after.coordinators[g]
        )

    def joins(self, m: Member, line: Line) -> bool:
        """Whether a JoinGroup of `m` is on its way."""
        connection = self.connections[m]
        request = connection.request if line is Line.OPEN else connection.late
        return isinstance(request, JoinGroupRequest)

    @refines(Membership)
    def as_membership(self, spec: Membership) -> None:
        """The first group lives as Membership says."""
        spec.state = self.coordinators[GroupId(0)].state
        spec.generation = self.coordinators[GroupId(0)].generation
