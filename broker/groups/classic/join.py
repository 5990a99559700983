"""JoinGroup: who is admitted, and who need not rebalance.

A join is parked until the generation begins (`rebalance`).  It is answered at once where

- it is refused: an unknown id, another kind of group, no protocol that all have, a full group;
- it is a dynamic member's first, from version 4 on: it gets an id to come back with, so that a
  join whose answer is lost leaves no member behind, only a pending id that expires;
- the member is known, and says what it said before: it is told the generation that there is.

A static member may come back without its id, under its instance id alone.  It then *replaces*
its former self, which is fenced.  In a stable group, if the vote stays as it was, that is no
rebalance, even if its subscription is another: the record is written, and then it is told the
generation; from version 9 on, a leader that comes back gets the list of members, and may skip
the assignment; before that it is told the former leader's id, so that it acts as a follower.

A consumer group (KIP-848) that is empty gives way to a classic one of its name.  One that has
members takes the join itself (`broker.groups.migration`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from broker.errors import ErrorCode, Refused, append_error
from broker.events import Event
from broker.groups.classic.group import ClassicGroup, Member, State
from broker.groups.classic.rebalance import Rebalance, SessionDue, group_record
from broker.groups.core import Core
from broker.groups.records import encode
from broker.groups.requests import JoinGroup, JoinGroupResponse, SyncGroupResponse
from broker.sansio import Token

REQUIRES_ID = 4
"""The first version in which a dynamic member is sent back with an id."""

SKIPS_ASSIGNMENT = 9
"""The first version in which a leader can be told not to assign."""


@dataclass(frozen=True)
class Created:
    """The record of a new group was written; else who asked is told so."""

    rebalance: Rebalance
    group: ClassicGroup
    token: Token

    def __call__(self, error: ErrorCode, offset: int) -> None:
        """Answer the join that created the group, if it still waits."""
        del offset
        if error is ErrorCode.NONE:
            return
        for member in self.group.members.values():
            if member.joining == self.token:
                self.rebalance.answer_join(member, JoinGroupResponse(append_error(error)))


@dataclass(frozen=True)
class Replaced:
    """A static member's new id was written; else it goes by the old one again.

    before  what it was
    leader  the group's leader before
    """

    rebalance: Rebalance
    group: ClassicGroup
    member: Member
    before: Member
    leader: str | None
    version: int

    def __call__(self, error: ErrorCode, offset: int) -> None:
        """Tell the member the generation, or why it is not in it."""
        del offset
        if self.group.members.get(self.member.member_id) is not self.member:
            return
        if error is not ErrorCode.NONE:
            self._revert(error)
            return
        response = self.rebalance.joined(self.group, self.member)
        if self.version < SKIPS_ASSIGNMENT:
            response = replace(response, members=(), leader=self.leader or "")
        skip = self.version >= SKIPS_ASSIGNMENT and self.group.leader == self.member.member_id
        self.rebalance.answer_join(self.member, replace(response, skip_assignment=skip))

    def _revert(self, error: ErrorCode) -> None:
        group, member = self.group, self.member
        self.rebalance.answer_join(
            member,
            JoinGroupResponse(
                append_error(error),
                group.generation,
                group.protocol_type,
                group.protocol,
                self.leader or "",
            ),
        )
        self.rebalance.core.out.cancel(SessionDue(group.name, member.member_id))
        member.protocols = self.before.protocols
        member.session_timeout = self.before.session_timeout
        member.rebalance_timeout = self.before.rebalance_timeout
        group.rename(member, self.before.member_id)
        self.rebalance.alive(group, member)


class Joins:
    """JoinGroup."""

    def __init__(self, core: Core, rebalance: Rebalance) -> None:
        self.core = core
        self.rebalance = rebalance

    def join(self, token: Token, request: JoinGroup) -> None:
        """Park the join, or answer it."""
        group = self.core.classic.get(request.group)
        if group is None and request.member_id:
            self._refuse(token, request, ErrorCode.UNKNOWN_MEMBER_ID)
            return
        created = group is None
        if group is None:
            group = ClassicGroup(request.group, since=self.core.out.now)
            self.core.classic[request.group] = group
        try:
            self._admit(token, request, group)
        except Refused as refused:
            self._refuse(token, request, refused.error)
        if created:
            consumer = self.core.consumer.get(request.group)
            given_way = [] if consumer is None else [*consumer.tombstones()]
            self.core.consumer.pop(group.name, None)
            self.core.write(
                [
                    *(encode(key, None) for key in given_way),
                    group_record(ClassicGroup(group.name, since=group.since), {}),
                ],
                Created(self.rebalance, group, token),
            )

    def _refuse(self, token: Token, request: JoinGroup, error: ErrorCode) -> None:
        unnamed = error is ErrorCode.GROUP_MAX_SIZE_REACHED
        member_id = "" if unnamed else request.member_id
        self.core.out.reply(token, JoinGroupResponse(error, member_id=member_id))

    def _admit(self, token: Token, request: JoinGroup, group: ClassicGroup) -> None:
        if not self._has_room(group, request.member_id):
            if request.member_id:
                self.rebalance.forget(group, request.member_id)
            raise Refused(ErrorCode.GROUP_MAX_SIZE_REACHED)
        if not group.supports(request.protocol_type, request.protocols):
            raise Refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        if request.member_id:
            self._known(token, request, group)
        elif request.instance_id is None:
            self._dynamic(token, request, group)
        elif request.instance_id in group.statics:
            self._replace(token, request, group)
        else:
            self._add(token, request, group, f"{request.instance_id}-{self.core.new_id()}")

    def _has_room(self, group: ClassicGroup, member_id: str) -> bool:
        most = self.core.config.group_max_size
        member = group.members.get(member_id)
        match group.state:
            case State.EMPTY:
                return True
            case State.PREPARING:
                parked = member is not None and member.joining is not None
                return parked or len(group.parked) < most
            case State.COMPLETING | State.STABLE:
                return member is not None or len(group.members) < most

    def _dynamic(self, token: Token, request: JoinGroup, group: ClassicGroup) -> None:
        member_id = f"{request.client_id}-{self.core.new_id()}"
        if request.version < REQUIRES_ID:
            self._add(token, request, group, member_id)
            return
        group.pending.add(member_id)
        self.core.out.set_timer(SessionDue(group.name, member_id), request.session_timeout)
        self.core.out.reply(
            token, JoinGroupResponse(ErrorCode.MEMBER_ID_REQUIRED, member_id=member_id)
        )

    def _add(self, token: Token, request: JoinGroup, group: ClassicGroup, member_id: str) -> None:
        member = Member(
            member_id,
            request.instance_id,
            request.client_id,
            request.client_host,
            request.session_timeout,
            _rebalance_timeout(request),
            request.protocols,
            joining=token,
            new=True,
        )
        if not group.members:
            group.protocol_type = request.protocol_type
        if group.initial is not None:
            group.initial.joined = True
        group.add(member)
        self.rebalance.alive(group, member, self.core.config.new_member_join_timeout)
        self.rebalance.prepare_or_complete(group, f"{member_id} joins")

    def _known(self, token: Token, request: JoinGroup, group: ClassicGroup) -> None:
        if request.member_id in group.pending and request.instance_id is None:
            self._add(token, request, group, request.member_id)
            return
        member = group.validated(request.member_id, request.instance_id)
        same = member.protocols == request.protocols
        leads = group.leader == member.member_id
        if group.state is State.EMPTY:
            raise Refused(ErrorCode.UNKNOWN_MEMBER_ID)
        if same and (
            group.state is State.COMPLETING or (group.state is State.STABLE and not leads)
        ):
            self.core.out.reply(token, self.rebalance.joined(group, member))
            return
        self._update(token, request, member)
        self.rebalance.prepare_or_complete(group, f"{member.member_id} joins again")

    def _update(self, token: Token, request: JoinGroup, member: Member) -> None:
        if member.joining is not None:
            # It asked before, on another connection, and has given that up.
            self.core.out.forget(member.joining)
        member.protocols = request.protocols
        member.session_timeout = request.session_timeout
        member.rebalance_timeout = _rebalance_timeout(request)
        member.joining = token

    def _replace(self, token: Token, request: JoinGroup, group: ClassicGroup) -> None:
        assert request.instance_id is not None
        member = group.members[group.statics[request.instance_id]]
        before, leader = replace(member), group.leader
        fenced = ErrorCode.FENCED_INSTANCE_ID
        self.rebalance.answer_join(member, JoinGroupResponse(fenced, member_id=member.member_id))
        self.rebalance.answer_sync(member, SyncGroupResponse(fenced))
        self.core.out.cancel(SessionDue(group.name, member.member_id))
        group.rename(member, f"{request.instance_id}-{self.core.new_id()}")
        self.core.tell(
            Event.MEMBER_FENCED,
            group=group.name,
            member=before.member_id,
            why=f"{request.instance_id} came back as {member.member_id}",
        )
        self.rebalance.alive(group, member)
        self._update(token, request, member)
        if group.state is State.STABLE and group.vote() == group.protocol:
            assignments = {each.member_id: each.assignment for each in group.members.values()}
            self.core.write(
                [group_record(group, assignments)],
                Replaced(self.rebalance, group, member, before, leader, request.version),
            )
        else:
            self.rebalance.prepare_or_complete(group, f"{request.instance_id} comes back")


def _rebalance_timeout(request: JoinGroup) -> int:
    """Version 0 has none of its own."""
    return request.rebalance_timeout if request.version > 0 else request.session_timeout
