"""The rebalance of a classic group, and the timers that drive it on.

A rebalance is prepared when somebody joins, leaves or expires, and completed when all members
have joined and no pending id is left, or when the most patient member's rebalance timeout is up.
A group that was empty waits otherwise: a fixed delay, and again as long as somebody came
meanwhile, until the rebalance timeout is used up; that all have joined does not end it.

On completion dynamic members that did not rejoin are out, static ones stay.  If nobody is parked
though static members remain, it waits once more.  Else the generation begins: the parked joins
are answered, and every member, the absent static ones too, has until the rebalance timeout to ask
for its assignment; who has not by then is out, and the group rebalances, even if it was stable.

    JoinDue     the rebalance, or the wait of an empty group for more members, is over
    SyncDue     who has not asked for its assignment is out
    SessionDue  a member, or a pending id, has not been heard of for its session timeout
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.errors import ErrorCode
from broker.events import Event
from broker.groups.classic.group import ClassicGroup, Initial, Member, State
from broker.groups.core import Core
from broker.groups.records import encode
from broker.groups.records.classic import GroupKey, GroupValue, MemberValue
from broker.groups.requests import JoinGroupResponse, SyncGroupResponse
from broker.sansio import Record


@dataclass(frozen=True)
class JoinDue:
    """A group's wait for joins is over."""

    group: str


@dataclass(frozen=True)
class SyncDue:
    """A group's wait for members to ask for their assignments is over."""

    group: str


@dataclass(frozen=True)
class SessionDue:
    """A member's session is over."""

    group: str
    member: str


def group_record(group: ClassicGroup, assignments: dict[str, bytes]) -> Record:
    """The record of a group, with these assignments."""
    members = tuple(
        MemberValue(
            member_id=member.member_id,
            client_id=member.client_id,
            client_host=member.client_host,
            session_timeout=member.session_timeout,
            subscription=member.metadata(group.protocol),
            assignment=assignments.get(member.member_id, b""),
            group_instance_id=member.instance_id,
            rebalance_timeout=member.rebalance_timeout,
        )
        for member in group.members.values()
    )
    since = -1 if group.since is None else group.since
    value = GroupValue(
        group.protocol_type or "", group.generation, group.protocol, group.leader, since, members
    )
    return encode(GroupKey(group.name), value)


class Rebalance:
    """What joins, syncs, leaves and timers have in common."""

    def __init__(self, core: Core) -> None:
        self.core = core

    # Answers to who is parked ----------------------------------------------------------------

    def answer_join(self, member: Member, response: JoinGroupResponse) -> None:
        """Answer a parked JoinGroup, if there is one."""
        if member.joining is not None:
            self.core.out.reply(member.joining, response)
            member.joining = None

    def answer_sync(self, member: Member, response: SyncGroupResponse) -> bool:
        """Answer a parked SyncGroup, if there is one."""
        if member.syncing is None:
            return False
        self.core.out.reply(member.syncing, response)
        member.syncing = None
        return True

    def joined(self, group: ClassicGroup, member: Member) -> JoinGroupResponse:
        """What a member of the generation is told of it."""
        return JoinGroupResponse(
            generation=group.generation,
            protocol_type=group.protocol_type,
            protocol_name=group.protocol,
            leader=group.leader or "",
            member_id=member.member_id,
            members=group.listing() if group.leader == member.member_id else (),
        )

    def hand_out(self, group: ClassicGroup, assignments: dict[str, bytes]) -> None:
        """Give everyone its assignment, and answer who waits for it."""
        for member in group.members.values():
            member.assignment = assignments.get(member.member_id, b"")
            response = SyncGroupResponse(
                ErrorCode.NONE, group.protocol_type, group.protocol, member.assignment
            )
            if self.answer_sync(member, response):
                self.alive(group, member)

    def withdraw(self, group: ClassicGroup, error: ErrorCode) -> None:
        """Nobody has an assignment; who waits for one is told why."""
        for member in group.members.values():
            member.assignment = b""
            if self.answer_sync(member, SyncGroupResponse(error)):
                self.alive(group, member)

    # Timers ----------------------------------------------------------------------------------

    def alive(self, group: ClassicGroup, member: Member, timeout: int | None = None) -> None:
        """A member has been heard of: its session begins anew."""
        timeout = member.session_timeout if timeout is None else timeout
        self.core.out.set_timer(SessionDue(group.name, member.member_id), timeout)

    def forget(self, group: ClassicGroup, member_id: str) -> None:
        """A member, or a pending id, is out; its session is no more."""
        self.core.out.cancel(SessionDue(group.name, member_id))
        group.remove(member_id)

    def join_due(self, due: JoinDue) -> None:
        """The wait for joins is over, unless an empty group's first one is to go on."""
        group = self.core.classic.get(due.group)
        if group is None or group.state is not State.PREPARING:
            return
        initial = group.initial
        if initial is None or not initial.joined or not initial.remaining:
            self.complete(group)
            return
        delay = min(self.core.config.group_initial_rebalance_delay_ms, initial.remaining)
        group.initial = Initial(delay, max(initial.remaining - initial.delay, 0))
        self.core.out.set_timer(due, delay)

    def sync_due(self, due: SyncDue) -> None:
        """Who has not asked for its assignment is out."""
        group = self.core.classic.get(due.group)
        if group is None or group.state not in {State.COMPLETING, State.STABLE}:
            return
        if group.unsynced:
            for member_id in [each for each in group.members if each in group.unsynced]:
                self._out(group, member_id, "it did not ask for its assignment")
                self.forget(group, member_id)
            self.prepare(group, "members did not ask for their assignments")

    def session_due(self, due: SessionDue) -> None:
        """A member has not been heard of; one that waits for an answer is heard of by that."""
        group = self.core.classic.get(due.group)
        if group is None:
            return
        member = group.members.get(due.member)
        if due.member in group.pending:
            group.remove(due.member)
            if group.state is State.PREPARING and group.all_joined:
                self.complete(group)
        elif member is not None and (
            member.new or (member.joining is None and member.syncing is None)
        ):
            self._out(group, member.member_id, "it was not heard of")
            self.expel(group, member)

    def _out(self, group: ClassicGroup, member_id: str, why: str) -> None:
        self.core.tell(Event.MEMBER_EXPIRED, group=group.name, member=member_id, why=why)

    def expel(self, group: ClassicGroup, member: Member) -> None:
        """A member is out, and the others go on."""
        self.answer_join(member, JoinGroupResponse(ErrorCode.UNKNOWN_MEMBER_ID))
        self.answer_sync(member, SyncGroupResponse(ErrorCode.UNKNOWN_MEMBER_ID))
        self.forget(group, member.member_id)
        if group.state in {State.STABLE, State.COMPLETING}:
            self.prepare(group, f"{member.member_id} is out")
        elif group.state is State.PREPARING and group.all_joined:
            self.complete(group)

    # The rebalance ---------------------------------------------------------------------------

    def prepare_or_complete(self, group: ClassicGroup, why: str) -> None:
        """Begin a rebalance, or see whether the one under way can end."""
        if group.state is State.PREPARING:
            self.try_complete(group)
        else:
            self.prepare(group, why)

    def try_complete(self, group: ClassicGroup) -> None:
        """End the rebalance if nobody is waited for; a group that was empty sits out its delay."""
        if group.state is State.PREPARING and group.initial is None and group.all_joined:
            self.complete(group)

    def prepare(self, group: ClassicGroup, why: str) -> None:
        """Begin a rebalance: everyone is to join anew."""
        self.core.tell(
            Event.GROUP_REBALANCES, group=group.name, generation=group.generation, why=why
        )
        if group.state is State.COMPLETING:
            self.withdraw(group, ErrorCode.REBALANCE_IN_PROGRESS)
        group.unsynced.clear()
        self.core.out.cancel(SyncDue(group.name))
        was_empty = group.state is State.EMPTY
        group.turn(State.PREPARING, self.core.out.now)
        if was_empty:
            delay = self.core.config.group_initial_rebalance_delay_ms
            group.initial = Initial(delay, max(group.rebalance_timeout - delay, 0))
            self.core.out.set_timer(JoinDue(group.name), delay)
        elif group.all_joined:
            self.complete(group)
        else:
            self.core.out.set_timer(JoinDue(group.name), group.rebalance_timeout)

    def complete(self, group: ClassicGroup) -> None:
        """End the rebalance: a generation begins, or the group is empty."""
        self.core.out.cancel(JoinDue(group.name))
        for member in [*group.members.values()]:
            if member.joining is None and member.instance_id is None:
                self._out(group, member.member_id, "it did not join again in time")
                self.forget(group, member.member_id)
        if group.members and not group.parked:
            if group.initial is not None:
                group.initial.remaining = 0
            self.core.out.set_timer(JoinDue(group.name), group.rebalance_timeout)
            return
        if group.parked and group.leader not in {each.member_id for each in group.parked}:
            group.leader = group.parked[0].member_id
        group.next_generation(self.core.out.now)
        self.core.tell(
            Event.GROUP_GENERATION,
            group=group.name,
            generation=group.generation,
            members=len(group.members),
            protocol=group.protocol,
        )
        if group.state is State.EMPTY:
            self.core.write([group_record(group, {})])
            return
        for member in group.members.values():
            self.answer_join(member, self.joined(group, member))
            self.alive(group, member)
            member.new = False
            group.unsynced.add(member.member_id)
        self.core.out.set_timer(SyncDue(group.name), group.rebalance_timeout)
