"""Members that speak the classic protocol, in a consumer group.

Such a member's generation is its member epoch.  Its JoinGroup says what it subscribes to and what
it has, as a heartbeat of the consumer protocol does, and is answered at once: there is no leader,
and nobody waits for the others.  Its SyncGroup brings what it is assigned; its Heartbeat tells it
to join again when there is

- a newer target than the one it follows;
- something that it has yet to give up: an eager member has given up everything before it joins, a
  cooperative one after it was told what it keeps;
- nothing left to wait for, of what others had yet to give up.

A target is made when a member of the consumer protocol beats, or anybody joins.  Where all members
speak the classic protocol (the policy is against the downgrade) nobody would, so there they are
told to join again as soon as the group's epoch, or what is known of its topics, has moved on.
"""

from __future__ import annotations

from dataclasses import replace

from broker.errors import ErrorCode, Refused
from broker.groups.classic.group import CONSUMER
from broker.groups.classic.join import REQUIRES_ID
from broker.groups.classic.members import REQUIRES_PROTOCOL
from broker.groups.classic.rebalance import Rebalance
from broker.groups.consumer.draft import Draft, write
from broker.groups.consumer.group import ConsumerGroup, Member, MemberState, Partition
from broker.groups.consumer.members import joining, known
from broker.groups.consumer.target import advance, follow, metadata_hash, subscribe
from broker.groups.consumer.timers import Watch
from broker.groups.core import Core
from broker.groups.migration.downgrade import (
    assignment_of,
    become_classic,
    finish,
    let_go,
    may_become_classic,
)
from broker.groups.migration.embedded import Subscription, read_subscription, version_of
from broker.groups.migration.upgrade import spoken
from broker.groups.records.consumer import ClassicMember, SubscriptionValue
from broker.groups.requests import (
    Heartbeat,
    HeartbeatResponse,
    JoinGroup,
    JoinGroupResponse,
    LeaveGroup,
    LeaveGroupResponse,
    Leaver,
    Left,
    SyncGroup,
    SyncGroupResponse,
)
from broker.sansio import Token
from broker.schema import Damaged


class ClassicMembers:
    """JoinGroup, SyncGroup, Heartbeat and LeaveGroup to a consumer group that has members."""

    def __init__(self, core: Core, rebalance: Rebalance, watch: Watch) -> None:
        self.core = core
        self.rebalance = rebalance
        self.watch = watch

    # JoinGroup -------------------------------------------------------------------------------

    def join(self, token: Token, request: JoinGroup) -> None:
        """Answer once what the join changes is durable."""
        group = self.core.consumer[request.group]
        draft = Draft(group.copy())
        try:
            member = self._join(group, draft, request)
        except Refused as refused:
            self.core.out.reply(token, JoinGroupResponse(refused.error))
            return
        if member is None:
            # Unlike a classic group, it takes no note of the ids that it gives out.
            required = ErrorCode.MEMBER_ID_REQUIRED
            name = self.core.new_id()
            self.core.out.reply(token, JoinGroupResponse(required, member_id=name))
            return
        response = JoinGroupResponse(
            generation=member.epoch,
            protocol_type=CONSUMER,
            protocol_name=request.protocols[0].name,
            member_id=member.member_id,
        )

        def then(error: ErrorCode) -> None:
            if error is not ErrorCode.NONE:
                self.core.out.reply(token, JoinGroupResponse(error))
                return
            self.core.out.reply(token, response)
            self.watch.settle(draft)
            if draft.becomes is None:
                self.watch.heard(draft.group, member)
                self.watch.moved(draft.group, member)
                self.watch.joined(draft.group, member)
            else:
                finish(self.rebalance, self.watch, draft)

        write(self.core, draft, then)

    def _join(self, group: ConsumerGroup, draft: Draft, request: JoinGroup) -> Member | None:
        """The member after its join; None where it has to come back with an id."""
        if not self.core.config.migration.mixes:
            raise Refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        before = self._joining(draft, request)
        if not _supports(group, request):
            raise Refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        nameless = not request.member_id and request.instance_id is None
        if nameless and request.version >= REQUIRES_ID:
            return None
        subscription = _subscription(request)
        said, owned = _said(before, request, subscription), _owned(subscription, self.core)
        former = None if request.instance_id is None else group.static(request.instance_id)
        left = [each for each in group.members.values() if each is not former]
        last = former is not None and former.subscription.classic is None
        if not last or not may_become_classic(
            self.core, [*left, replace(before, subscription=said)]
        ):
            return advance(self.core, draft, before, said, owned)
        after = subscribe(self.core, draft, before, said)
        at = draft.group.epoch
        settled = draft.group.target_epoch == at and all(
            each.state is MemberState.STABLE and each.epoch == at for each in left
        )
        if settled:
            after = follow(self.core, draft, after, owned)
        become_classic(self.core, draft, [*left, after], group.epoch, rebalance=not settled)
        return after

    def _joining(self, draft: Draft, request: JoinGroup) -> Member:
        """The member that joins, as it was."""
        if request.member_id and request.instance_id is not None:
            return known(draft.group, request.member_id, request.instance_id)
        name = request.member_id or self.core.new_id()
        most = self.core.config.group_consumer_max_size
        return joining(draft, name, request.instance_id, most, classic=True)

    # SyncGroup -------------------------------------------------------------------------------

    def sync(self, token: Token, request: SyncGroup) -> None:
        """Say what a member is assigned."""
        try:
            self.core.out.reply(token, self._sync(request))
        except Refused as refused:
            self.core.out.reply(token, SyncGroupResponse(refused.error))

    def _sync(self, request: SyncGroup) -> SyncGroupResponse:
        told = {request.protocol_type, request.protocol_name}
        if request.version >= REQUIRES_PROTOCOL and None in told:
            raise Refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        group = self.core.consumer[request.group]
        member, classic = self._member(
            group, request.member_id, request.instance_id, request.generation
        )
        first = classic.protocols[0]
        if request.protocol_type not in {None, CONSUMER}:
            raise Refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        if request.protocol_name not in {None, first.name}:
            raise Refused(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        if group.target_epoch > member.epoch and member.state is not MemberState.UNREVOKED:
            self.watch.tell(group, member)
            raise Refused(ErrorCode.REBALANCE_IN_PROGRESS)
        self.watch.synced(group, member)
        self.watch.heard(group, member)
        names = {topic_id: name for name, (topic_id, _) in self.core.topics.items()}
        return SyncGroupResponse(
            ErrorCode.NONE,
            request.protocol_type,
            request.protocol_name,
            assignment_of(member.assigned, names, version_of(first.metadata)),
        )

    # Heartbeat -------------------------------------------------------------------------------

    def heartbeat(self, token: Token, request: Heartbeat) -> None:
        """Say whether a member may go on as it is."""
        try:
            error = self._heartbeat(request)
        except Refused as refused:
            error = refused.error
        self.core.out.reply(token, HeartbeatResponse(error))

    def _heartbeat(self, request: Heartbeat) -> ErrorCode:
        group = self.core.consumer[request.group]
        member, _ = self._member(group, request.member_id, request.instance_id, request.generation)
        self.watch.heard(group, member)
        if not self._is_to_rejoin(group, member):
            return ErrorCode.NONE
        self.watch.tell(group, member)
        return ErrorCode.REBALANCE_IN_PROGRESS

    def _is_to_rejoin(self, group: ConsumerGroup, member: Member) -> bool:
        if member.epoch < group.target_epoch or member.state is MemberState.UNREVOKED:
            return True
        if member.state is MemberState.UNRELEASED:
            missing = group.targets.get(member.member_id, frozenset()) - member.assigned.keys()
            return not missing & group.owned(but=member.member_id)
        if any(each.subscription.classic is None for each in group.members.values()):
            return False
        moved_on = metadata_hash(group.topics, self.core.topics) != group.hash
        return member.epoch < group.epoch or moved_on

    def _member(
        self, group: ConsumerGroup, member_id: str, instance_id: str | None, generation: int
    ) -> tuple[Member, ClassicMember]:
        """The member that speaks, and what it said; refused where it is no classic one."""
        member = known(group, member_id, instance_id)
        classic = member.subscription.classic
        if classic is None:
            raise Refused(ErrorCode.UNKNOWN_MEMBER_ID)
        if generation != member.epoch:
            raise Refused(ErrorCode.ILLEGAL_GENERATION)
        return member, classic

    # LeaveGroup ------------------------------------------------------------------------------

    def leave(self, token: Token, request: LeaveGroup) -> None:
        """Let members of either protocol go."""
        group = self.core.consumer[request.group]
        draft = Draft(group.copy())
        found = [(each, _leaver(group, each)) for each in request.members]
        out = dict.fromkeys(who for _, who in found if isinstance(who, str))
        let_go(self.core, draft, [*out])
        errors = [ErrorCode.NONE if isinstance(who, str) else who for _, who in found]
        left = tuple(
            Left(each.member_id, each.instance_id, error)
            for (each, _), error in zip(found, errors, strict=True)
        )

        def then(error: ErrorCode) -> None:
            if error is not ErrorCode.NONE:
                self.core.out.reply(token, LeaveGroupResponse(error))
                return
            self.core.out.reply(token, LeaveGroupResponse(members=left))
            self.watch.settle(draft)
            if draft.becomes is not None:
                finish(self.rebalance, self.watch, draft)

        write(self.core, draft, then)


def _leaver(group: ConsumerGroup, leaver: Leaver) -> str | ErrorCode:
    """The member id of who leaves, or why it cannot."""
    by_instance = leaver.instance_id is not None and not leaver.member_id
    former = group.static(leaver.instance_id or "") if by_instance else None
    try:
        return known(
            group, leaver.member_id if former is None else former.member_id, leaver.instance_id
        ).member_id
    except Refused as refused:
        return refused.error


def _supports(group: ConsumerGroup, request: JoinGroup) -> bool:
    """Whether the group's members of the classic protocol all know one of these assignors."""
    classic = [
        {each.name for each in member.subscription.classic.protocols}
        for member in group.members.values()
        if member.subscription.classic is not None
    ]
    return request.protocol_type == CONSUMER and any(
        all(protocol.name in names for names in classic) for protocol in request.protocols
    )


def _subscription(request: JoinGroup) -> Subscription:
    """What a member says; all its protocols say the same."""
    try:
        return read_subscription(request.protocols[0].metadata)
    except Damaged as damaged:
        raise Refused(ErrorCode.UNKNOWN_SERVER_ERROR) from damaged


def _said(member: Member, request: JoinGroup, subscription: Subscription) -> SubscriptionValue:
    """What a member subscribes to, once it has joined so."""
    known_ = member.subscription
    timeout = request.rebalance_timeout
    return SubscriptionValue(
        instance_id=request.instance_id or known_.instance_id,
        rack_id=subscription.rack_id or known_.rack_id,
        client_id=request.client_id,
        client_host=request.client_host,
        topics=tuple(sorted({*subscription.topics})),
        regex=None,
        rebalance_timeout=known_.rebalance_timeout if timeout == -1 else timeout,
        assignor=known_.assignor,
        classic=ClassicMember(request.session_timeout, spoken(request.protocols)),
    )


def _owned(subscription: Subscription, core: Core) -> frozenset[Partition]:
    """What a member says that it has, in topics that there are."""
    return frozenset(
        (core.topics[each.topic][0], number)
        for each in subscription.owned
        if each.topic in core.topics
        for number in each.partitions
    )
