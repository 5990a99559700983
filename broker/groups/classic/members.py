"""SyncGroup, Heartbeat and LeaveGroup: what members do between two joins.

The leader's SyncGroup brings the assignment.  It is written, with the members as they are, and
once that is durable everyone who waits is answered and the group is stable; until then, and if
nothing else happens meanwhile, the syncs are parked.  Who asks later is answered at once.

A heartbeat is how a member hears of a rebalance, and keeps its session going even then.  A leave
names members by their id, or static ones by their instance id alone; its effect on the group is
looked at once for the whole batch, and its answer waits for what it wrote.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.errors import ErrorCode, Refused, append_error
from broker.groups.classic.group import ClassicGroup, State
from broker.groups.classic.rebalance import Rebalance, SyncDue, group_record
from broker.groups.core import Core
from broker.groups.requests import (
    Heartbeat,
    HeartbeatResponse,
    JoinGroupResponse,
    LeaveGroup,
    LeaveGroupResponse,
    Leaver,
    Left,
    SyncGroup,
    SyncGroupResponse,
)
from broker.sansio import Token

REQUIRES_PROTOCOL = 5
"""The first version of SyncGroup that has to say the group's protocol."""


@dataclass(frozen=True)
class Synced:
    """The leader's assignment was written; else the group rebalances."""

    rebalance: Rebalance
    group: ClassicGroup
    generation: int
    assignments: dict[str, bytes]

    def __call__(self, error: ErrorCode, offset: int) -> None:
        """Hand the assignment out, unless a rebalance has begun since."""
        del offset
        group = self.group
        if group.state is not State.COMPLETING or group.generation != self.generation:
            return
        if error is ErrorCode.NONE:
            self.rebalance.hand_out(group, self.assignments)
            group.turn(State.STABLE, self.rebalance.core.out.now)
        else:
            self.rebalance.withdraw(group, append_error(error))
            self.rebalance.prepare(group, "the assignment could not be written")


@dataclass(frozen=True)
class LeaveWritten:
    """What a leave wrote is durable."""

    core: Core
    token: Token
    response: LeaveGroupResponse

    def __call__(self, error: ErrorCode, offset: int) -> None:
        """Answer the leave."""
        del offset
        failed = LeaveGroupResponse(append_error(error))
        self.core.out.reply(self.token, self.response if error is ErrorCode.NONE else failed)


class Members:
    """SyncGroup, Heartbeat and LeaveGroup."""

    def __init__(self, core: Core, rebalance: Rebalance) -> None:
        self.core = core
        self.rebalance = rebalance

    # SyncGroup -------------------------------------------------------------------------------

    def sync(self, token: Token, request: SyncGroup) -> None:
        """Park the sync, or answer it."""
        try:
            self._sync(token, request)
        except Refused as refused:
            self.core.out.reply(token, SyncGroupResponse(refused.error))

    def _sync(self, token: Token, request: SyncGroup) -> None:
        if request.version >= REQUIRES_PROTOCOL and None in {
            request.protocol_type,
            request.protocol_name,
        }:
            raise Refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        group = self.core.classic.get(request.group)
        if group is None or group.state is State.EMPTY:
            raise Refused(ErrorCode.UNKNOWN_MEMBER_ID)
        member = group.validated(request.member_id, request.instance_id)
        if request.generation != group.generation:
            raise Refused(ErrorCode.ILLEGAL_GENERATION)
        if _differ(request.protocol_type, group.protocol_type) or _differ(
            request.protocol_name, group.protocol
        ):
            raise Refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        if group.state is State.PREPARING:
            raise Refused(ErrorCode.REBALANCE_IN_PROGRESS)
        group.unsynced.discard(member.member_id)
        if not group.unsynced:
            self.core.out.cancel(SyncDue(group.name))
        if group.state is State.STABLE:
            self.core.out.reply(
                token,
                SyncGroupResponse(
                    ErrorCode.NONE, group.protocol_type, group.protocol, member.assignment
                ),
            )
            return
        if member.syncing is not None:
            self.core.out.forget(member.syncing)
        member.syncing = token
        if group.leader == member.member_id:
            self._assign(group, dict(request.assignments))

    def _assign(self, group: ClassicGroup, assignments: dict[str, bytes]) -> None:
        given = {each: assignments.get(each, b"") for each in group.members}
        self.core.write(
            [group_record(group, given)],
            Synced(self.rebalance, group, group.generation, given),
        )

    # Heartbeat -------------------------------------------------------------------------------

    def heartbeat(self, token: Token, request: Heartbeat) -> None:
        """Say whether the member may go on as it is."""
        try:
            self.core.out.reply(token, HeartbeatResponse(self._heartbeat(request)))
        except Refused as refused:
            self.core.out.reply(token, HeartbeatResponse(refused.error))

    def _heartbeat(self, request: Heartbeat) -> ErrorCode:
        group = self.core.classic.get(request.group)
        if group is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        member = group.validated(request.member_id, request.instance_id)
        if request.generation != group.generation:
            return ErrorCode.ILLEGAL_GENERATION
        self.rebalance.alive(group, member)
        preparing = group.state is State.PREPARING
        return ErrorCode.REBALANCE_IN_PROGRESS if preparing else ErrorCode.NONE

    # LeaveGroup ------------------------------------------------------------------------------

    def leave(self, token: Token, request: LeaveGroup) -> None:
        """Let members go, and the others go on without them."""
        group = self.core.classic.get(request.group)
        if group is None:
            left = tuple(
                Left(each.member_id, each.instance_id, ErrorCode.UNKNOWN_MEMBER_ID)
                for each in request.members
            )
            self.core.out.reply(token, LeaveGroupResponse(members=left))
            return
        left = tuple(self._let_go(group, each) for each in request.members)
        last = self.core.last
        gone = [each for each in left if each.error is ErrorCode.NONE]
        if gone and group.state is not State.EMPTY:
            names = ", ".join(each.member_id or each.instance_id or "" for each in gone)
            self.rebalance.prepare_or_complete(group, f"{names} left")
        response = LeaveGroupResponse(members=left)
        if self.core.last is None or self.core.last == last:
            self.core.out.reply(token, response)
        else:
            self.core.tickets[self.core.last].append(LeaveWritten(self.core, token, response))

    def _let_go(self, group: ClassicGroup, leaver: Leaver) -> Left:
        try:
            self._remove(group, leaver)
        except Refused as refused:
            return Left(leaver.member_id, leaver.instance_id, refused.error)
        return Left(leaver.member_id, leaver.instance_id)

    def _remove(self, group: ClassicGroup, leaver: Leaver) -> None:
        member_id = leaver.member_id
        if not member_id:
            if leaver.instance_id not in group.statics:
                raise Refused(ErrorCode.UNKNOWN_MEMBER_ID)
            member_id = group.statics[leaver.instance_id]
        elif member_id not in group.pending:
            group.validated(member_id, leaver.instance_id)
        member = group.members.get(member_id)
        if member is not None:
            unknown = ErrorCode.UNKNOWN_MEMBER_ID
            self.rebalance.answer_join(member, JoinGroupResponse(unknown))
            self.rebalance.answer_sync(member, SyncGroupResponse(unknown))
        self.rebalance.forget(group, member_id)


def _differ(said: str | None, known: str | None) -> bool:
    return said is not None and known is not None and said != known
