"""What the coordinator does.

A request is answered at once, or it waits: JoinGroup until the rebalance is complete, SyncGroup
until the leader's has come.  The order of the checks is that of Kafka's GroupMetadataManager:
is there such a group, is there such a member, is the generation the present one, does the state
allow it.

A rebalance completes when everyone has joined again, or the rebalance timeout strikes whoever
has not.  Kafka completes it in the moment in which the last one joins; here that is a step of
its own, before which others may happen.  They are those that may happen just before that
member's request arrives, so nothing is added but steps in between.
"""

from __future__ import annotations

from checker import Set, action, each, require
from model.consumer import CommitOffset, Phase
from model.coordinator import Standing
from model.messages import (
    Error,
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
    Response,
    SyncGroupRequest,
    SyncGroupResponse,
)
from model.participants import Leadership, Line, OffsetKey, Participants
from spec import Generation, GroupId, GroupState, Member


class Coordination(Participants):
    """The steps of the coordinator."""

    # ------------------------------------------------------------ requests arrive

    @action(by="coordinator", fair="weak", to="m")
    def arrive(self, m: Member, line: Line) -> None:
        """A request of `m` arrives, and is answered, kept, or refused."""
        connection = self.connections[m]
        request = connection.request if line is Line.OPEN else connection.late
        if line is Line.CLOSED:
            connection.late = None
        match request:
            case JoinGroupRequest():
                self.on_join(m, line)
            case SyncGroupRequest():
                self.on_sync(request, line)
            case HeartbeatRequest(_, generation):
                self.on_heartbeat(m, generation, line)
            case LeaveGroupRequest():
                self.on_leave(m)
            case OffsetCommitRequest():
                self.on_commit(request, line)
            case OffsetFetchRequest(_, p):
                offset = self.offsets[self.key_of(m)][p]
                self.reply(m, line, OffsetFetchResponse(p, offset))
            case None:
                require(False)

    def reply(self, m: Member, line: Line, response: Response) -> None:
        """The answer goes back, if there is anybody at the other end."""
        if line is Line.OPEN:
            if self.consumers[m].phase is Phase.CRASHED:
                self.connections[m].request = None
            else:
                self.connections[m].answer(response)

    def keep(self, m: Member, line: Line) -> None:
        """The request waits at the coordinator, its member on the line."""
        if line is Line.OPEN:
            self.connections[m].park()
            if self.consumers[m].phase is Phase.CRASHED:
                self.connections[m].close()

    def on_join(self, m: Member, line: Line) -> None:
        """JoinGroup: a change of membership, unless the generation is just being made known."""
        group = self.coordinators[self.group_of(m)]
        if group.state is GroupState.DEAD:
            self.reply(m, line, ErrorResponse(Error.COORDINATOR_NOT_AVAILABLE))
        elif group.standing[m] is Standing.GONE:
            self.reply(m, line, ErrorResponse(Error.UNKNOWN_MEMBER_ID))
        elif self.repeating and group.needs_no_rebalance(m):
            self.reply(m, line, self.joined(m))
        else:
            if group.state is not GroupState.PREPARING_REBALANCE:
                self.prepare_rebalance(self.group_of(m))
            group.admit(m)
            self.keep(m, line)

    def joined(self, m: Member) -> Response:
        """The answer to a JoinGroup of `m` once the rebalance is complete."""
        group = self.coordinators[self.group_of(m)]
        leads = group.leader == m or self.leadership is Leadership.EVERYONE
        return JoinGroupResponse(
            group.generation,
            Set({other for other in Member if leads and group.is_member(other)}),
        )

    def prepare_rebalance(self, g: GroupId) -> None:
        """Everyone is to join again.

        An assignment that is in force stays so until the rebalance is complete: its members may
        still commit what they have done under it.
        """
        self.coordinators[g].state = GroupState.PREPARING_REBALANCE
        for m in Member:
            if self.group_of(m) == g and self.connections[m].parked:
                self.connections[m].answer(ErrorResponse(Error.REBALANCE_IN_PROGRESS))

    def on_sync(self, request: SyncGroupRequest, line: Line) -> None:
        """SyncGroup: the leader's makes the group stable; others wait for it."""
        m = request.member
        group = self.coordinators[self.group_of(m)]
        error = group.refusal(m, request.generation)
        leads = group.leader == m or self.leadership is Leadership.EVERYONE
        if error is not None:
            self.reply(m, line, ErrorResponse(error))
        elif group.state is GroupState.PREPARING_REBALANCE:
            self.reply(m, line, ErrorResponse(Error.REBALANCE_IN_PROGRESS))
        elif group.state is GroupState.COMPLETING_REBALANCE and leads:
            group.accept(m, request.plan)
            for other in Member:
                if self.group_of(other) == self.group_of(m) and self.connections[other].parked:
                    self.connections[other].answer(SyncGroupResponse(group.assignment[other]))
            self.reply(m, line, SyncGroupResponse(group.assignment[m]))
        elif group.state is GroupState.COMPLETING_REBALANCE:
            self.keep(m, line)
        else:
            if self.leadership is Leadership.EVERYONE:
                group.accept(m, request.plan)
            self.reply(m, line, SyncGroupResponse(group.assignment[m]))

    def on_heartbeat(self, m: Member, generation: Generation, line: Line) -> None:
        """Heartbeat: whether the generation is good, and no rebalance is on."""
        group = self.coordinators[self.group_of(m)]
        error = group.refusal(m, generation)
        if error is not None:
            self.reply(m, line, ErrorResponse(error))
        elif group.state is GroupState.PREPARING_REBALANCE:
            self.reply(m, line, ErrorResponse(Error.REBALANCE_IN_PROGRESS))
        else:
            self.reply(m, line, HeartbeatResponse())

    def on_leave(self, m: Member) -> None:
        """LeaveGroup: a member goes; nobody waits for the answer, or gives it up."""
        self.connections[m].request = None
        if self.coordinators[self.group_of(m)].is_member(m):
            self.remove(m)

    def remove(self, m: Member) -> None:
        """`m` is no longer a member, and those who still are share out anew."""
        group = self.coordinators[self.group_of(m)]
        group.remove(m)
        if group.state is GroupState.COMPLETING_REBALANCE or group.state is GroupState.STABLE:
            self.prepare_rebalance(self.group_of(m))

    def on_commit(self, request: OffsetCommitRequest, line: Line) -> None:
        """OffsetCommit: accepted from the current generation, whatever the offset."""
        m = request.member
        error = self.coordinators[self.group_of(m)].commit_refusal(m, request.generation)
        if error is not None:
            self.reply(m, line, ErrorResponse(error))
        else:
            p = request.partition
            self.offsets[self.key_of(m)][p] = request.offset
            self.aux_committed[self.group_of(m)][p] = request.offset
            self.aux_next[self.group_of(m)][p] = request.offset
            if self.consumers[m].commit_offset is CommitOffset.LAST:
                self.aux_next[self.group_of(m)][p] += 1
            self.reply(m, line, OffsetCommitResponse(p, request.offset))

    # ------------------------------------------------------------ the coordinator by itself

    @action(by="coordinator", fair="weak", to="leader")
    def complete_rebalance(self, leader: Member) -> None:
        """All have joined again but those who cannot be heard: a new generation begins.

        The leader stays the same where it has joined again; else any other can become it.
        """
        g = self.group_of(leader)
        group = self.coordinators[g]
        require(group.state is GroupState.PREPARING_REBALANCE)
        require(group.standing[leader] is Standing.JOINED)
        present = group.leader
        require(
            present is None
            or present == leader
            or group.standing[present] is not Standing.JOINED
            or self.leadership is Leadership.ANYONE
        )
        require(self.no_longer_awaited(g))
        group.next_generation()
        group.state = GroupState.COMPLETING_REBALANCE
        group.leader = leader
        for m in Member:
            if group.is_member(m):
                if m == leader or self.leadership is Leadership.EVERYONE:
                    group.aux_leaders.add(m)
                if self.connections[m].parked:
                    self.connections[m].answer(self.joined(m))

    @action(by="coordinator", fair="weak", to="g")
    def become_empty(self, g: GroupId) -> None:
        """Nobody has joined again: the group keeps its progress, and has no members."""
        group = self.coordinators[g]
        require(group.state is GroupState.PREPARING_REBALANCE)
        require(not any(group.standing[m] is Standing.JOINED for m in Member))
        require(self.no_longer_awaited(g))
        group.next_generation()
        group.state = GroupState.EMPTY
        group.leader = None

    def no_longer_awaited(self, g: GroupId) -> bool:
        """Whether the rebalance timeout may strike whoever has not joined again."""
        return all(
            self.coordinators[g].standing[m] is not Standing.KNOWN or self.times_out(m)
            for m in Member
        )

    @action(by="coordinator", fair="weak", to="m")
    def session_expires(self, m: Member) -> None:
        """No heartbeat for session.timeout.ms: the member is taken for dead."""
        require(self.coordinators[self.group_of(m)].standing[m] is Standing.KNOWN)
        require(self.times_out(m))
        self.remove(m)

    @action(by="administrator")
    def delete(self, g: GroupId) -> None:
        """A group without members is deleted, and its progress with it."""
        require(self.deletion)
        require(self.coordinators[g].state is GroupState.EMPTY)
        require(self.coordinators[g].generation > 0)
        self.coordinators[g].state = GroupState.DEAD
        if self.purging:
            self.offsets[OffsetKey(g, None)] = each(0)
        self.aux_committed[g] = each(0)
