"""ConsumerGroupHeartbeat: all that a member of a consumer group says and is told.

    1. who speaks: a new member, a known one, a static one that comes back in another's place
    2. its subscription, the group's target, its next step (`broker.groups.consumer.target`)
    3. the answer, once what changed is durable

Who joins a classic group makes a consumer group of it, where that may be
(`broker.groups.migration`); when the last member that speaks this protocol goes, what is left may
be a classic group again.
"""

from __future__ import annotations

from dataclasses import replace

from broker.errors import ErrorCode, Refused
from broker.events import Event
from broker.groups.classic.group import State
from broker.groups.classic.rebalance import Rebalance
from broker.groups.consumer.draft import Draft, write
from broker.groups.consumer.group import ConsumerGroup, Member, MemberState, listed, unlisted
from broker.groups.consumer.members import joining, known
from broker.groups.consumer.requests import (
    JOIN,
    LEAVE,
    LEAVE_FOR_NOW,
    ConsumerGroupHeartbeat,
    ConsumerGroupHeartbeatResponse,
)
from broker.groups.consumer.target import advance
from broker.groups.consumer.timers import WHY, Due, RevocationDue, Watch
from broker.groups.consumer.validation import check, check_epoch, refusal
from broker.groups.core import Core
from broker.groups.migration.downgrade import finish, let_go
from broker.groups.migration.upgrade import interrupt, upgraded
from broker.groups.records import encode
from broker.groups.records.classic import GroupKey
from broker.groups.records.consumer import CurrentKey, SubscriptionValue
from broker.sansio import Token

FENCED = frozenset({ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.FENCED_INSTANCE_ID})

AGAIN = 500
"""How long until a member that could not be put out is tried again, ms."""


class Consumers:
    """ConsumerGroupHeartbeat, and the timers of the members of consumer groups."""

    def __init__(self, core: Core, rebalance: Rebalance, watch: Watch) -> None:
        self.core = core
        self.rebalance = rebalance
        self.watch = watch

    def heartbeat(self, token: Token, request: ConsumerGroupHeartbeat) -> None:
        """Answer once what changes with it is durable."""
        try:
            check(request, self.core.config.group_consumer_assignors)
            draft = self._draft(request)
            if request.member_epoch in {LEAVE, LEAVE_FOR_NOW}:
                response = self._leave(draft, request)
            else:
                response = self._go_on(draft, request)
        except Refused as refused:
            self._refuse(token, request, refused.error)
            return
        if draft.was is not None:
            interrupt(self.rebalance, draft.was)

        def then(error: ErrorCode) -> None:
            if error is not ErrorCode.NONE:
                self.core.out.reply(token, refusal(request, error))
                return
            self.core.out.reply(token, response)
            self._settle(draft, response.member_id or "", request)

        write(self.core, draft, then)

    def _refuse(self, token: Token, request: ConsumerGroupHeartbeat, error: ErrorCode) -> None:
        self.core.out.reply(token, refusal(request, error))
        if error in FENCED:
            member = request.member_id
            self.core.tell(Event.MEMBER_FENCED, group=request.group, member=member, why=error.name)

    def _draft(self, request: ConsumerGroupHeartbeat) -> Draft:
        """A copy of the group, or what is going to be one with who joins."""
        group = self.core.consumer.get(request.group)
        if group is not None:
            return Draft(group.copy())
        if request.member_epoch != JOIN:
            raise Refused(ErrorCode.GROUP_ID_NOT_FOUND)
        classic = self.core.classic.get(request.group)
        if classic is None:
            return Draft(ConsumerGroup(request.group))
        if classic.state is State.EMPTY:
            return Draft(ConsumerGroup(request.group), [encode(GroupKey(request.group), None)])
        return upgraded(classic, self.core.config, self.core.topics)

    def _settle(self, draft: Draft, name: str, request: ConsumerGroupHeartbeat) -> None:
        """The draft is the group: timers."""
        self.watch.settle(draft)
        if draft.becomes is not None:
            finish(self.rebalance, self.watch, draft)
        elif request.member_epoch != LEAVE_FOR_NOW and name in draft.group.members:
            member = draft.group.members[name]
            self.watch.heard(draft.group, member)
            if draft.moved:
                self.watch.moved(draft.group, member)

    # Leaving ---------------------------------------------------------------------------------

    def _leave(
        self, draft: Draft, request: ConsumerGroupHeartbeat
    ) -> ConsumerGroupHeartbeatResponse:
        member = known(draft.group, request.member_id, request.instance_id)
        if request.member_epoch == LEAVE_FOR_NOW:
            away = replace(
                member,
                epoch=LEAVE_FOR_NOW,
                revoking={},
                assigned=dict.fromkeys(member.assigned, 0),
            )
            draft.change(CurrentKey(request.group, member.member_id), away.current)
        else:
            let_go(self.core, draft, [member.member_id])
        return ConsumerGroupHeartbeatResponse(
            member_id=member.member_id, member_epoch=request.member_epoch
        )

    def expire(self, due: Due) -> None:
        """A member is out, unless it is no longer what the timer was set for."""
        self.watch.fired(due)
        group = self.core.consumer.get(due.group)
        if group is None or due.member not in group.members:
            return
        unrevoked = group.members[due.member].state is MemberState.UNREVOKED
        if isinstance(due, RevocationDue) and not unrevoked:
            return
        draft = Draft(group.copy())
        let_go(self.core, draft, [due.member])

        def then(error: ErrorCode) -> None:
            if error is not ErrorCode.NONE:
                self.core.out.set_timer(due, AGAIN)
                return
            self.core.tell(
                Event.MEMBER_EXPIRED, group=due.group, member=due.member, why=WHY[type(due)]
            )
            self.watch.settle(draft)
            if draft.becomes is not None:
                finish(self.rebalance, self.watch, draft)

        write(self.core, draft, then)

    # Going on --------------------------------------------------------------------------------

    def _go_on(
        self, draft: Draft, request: ConsumerGroupHeartbeat
    ) -> ConsumerGroupHeartbeatResponse:
        owned = None if request.owned is None else unlisted(request.owned)
        config = self.core.config_of(request.group)
        if request.member_epoch == JOIN:
            name = request.member_id or self.core.new_id()
            most = config.group_consumer_max_size
            before = joining(draft, name, request.instance_id, most, classic=False)
        else:
            before = known(draft.group, request.member_id, request.instance_id)
            check_epoch(before, request.member_epoch, owned)
        if before.subscription.classic is not None:
            self.watch.converted(draft.group, before)
        after = advance(self.core, draft, before, _said(before, request), owned)
        subscribes = request.topics is not None or request.regex is not None
        full = request.rebalance_timeout != -1 and subscribes and owned is not None
        told = (
            full or request.member_epoch == JOIN or after.assigned.keys() != before.assigned.keys()
        )
        return ConsumerGroupHeartbeatResponse(
            member_id=after.member_id,
            member_epoch=after.epoch,
            heartbeat_interval=config.group_consumer_heartbeat_interval_ms,
            assignment=listed(after.assigned) if told else None,
        )


def _said(member: Member, request: ConsumerGroupHeartbeat) -> SubscriptionValue:
    """What a member subscribes to, once it has said this; what is None is as it was."""
    known = member.subscription
    timeout = request.rebalance_timeout
    return SubscriptionValue(
        instance_id=request.instance_id or known.instance_id,
        rack_id=request.rack_id or known.rack_id,
        client_id=request.client_id,
        client_host=request.client_host,
        topics=known.topics if request.topics is None else tuple(sorted({*request.topics})),
        regex=known.regex if request.regex is None else request.regex,
        rebalance_timeout=known.rebalance_timeout if timeout == -1 else timeout,
        assignor=request.assignor or known.assignor,
    )
