"""ConsumerGroupHeartbeat: all that a member of a consumer group says and is told.

A heartbeat is worked out on a copy of the group: what changes is written, the group is held until
that is durable, and then the copy is the group.  What could not be written has not happened.

    1. who speaks: a new member, a known one, a static one that comes back in another's place
    2. its subscription: another one, or topics that are others than when last looked at, make the
       group's next epoch
    3. the target, where it lags behind the group; not within a second of the one before
    4. the member's next step towards its part of the target

A member that is not heard of for the session timeout, or does not give up what it was asked to
for its rebalance timeout, is out.

Regular expressions are looked up again with every heartbeat, so that topics that come to match
are had soon; Kafka does that beside the heartbeats, and from time to time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from broker.errors import ErrorCode, Refused, append_error
from broker.groups.classic.group import State
from broker.groups.consumer.assignors import ASSIGNORS, Subscriber
from broker.groups.consumer.group import (
    NOWHERE,
    ConsumerGroup,
    Key,
    Member,
    MemberState,
    Value,
    listed,
    unlisted,
)
from broker.groups.consumer.patterns import matches
from broker.groups.consumer.reconcile import Owned, reconcile
from broker.groups.consumer.requests import (
    JOIN,
    LEAVE,
    LEAVE_FOR_NOW,
    ConsumerGroupHeartbeat,
    ConsumerGroupHeartbeatResponse,
)
from broker.groups.consumer.validation import check, check_epoch, refusal
from broker.groups.core import Core
from broker.groups.records import encode
from broker.groups.records.classic import GroupKey
from broker.groups.records.consumer import (
    CurrentKey,
    EpochKey,
    EpochValue,
    RegexKey,
    RegexValue,
    SubscriptionKey,
    TargetEpochKey,
    TargetEpochValue,
    TargetKey,
    TargetValue,
)
from broker.sansio import Record, Token


@dataclass(frozen=True)
class ConsumerSessionDue:
    """A member has not been heard of."""

    group: str
    member: str


@dataclass(frozen=True)
class RevocationDue:
    """A member has not given up what it was asked to."""

    group: str
    member: str


@dataclass
class Draft:
    """A group as it is going to be, and the records that say so.

    moved  the member that speaks has taken a step towards the target
    """

    group: ConsumerGroup
    records: list[Record] = field(default_factory=list)
    moved: bool = False

    def change(self, key: Key, value: Value | None) -> None:
        """Change the group."""
        self.records.append(encode(key, value))
        self.group.apply(key, value)

    def remove(self, name: str) -> None:
        """A member is out."""
        group = self.group.name
        self.change(CurrentKey(group, name), None)
        self.change(TargetKey(group, name), None)
        self.change(SubscriptionKey(group, name), None)


@dataclass(frozen=True)
class Changed:
    """What a heartbeat, a leave or a timer changed was written, or was not."""

    core: Core
    group: ConsumerGroup
    then: Callable[[ErrorCode], None]

    def __call__(self, error: ErrorCode, offset: int) -> None:
        """The group is what it was going to be."""
        del offset
        if error is ErrorCode.NONE:
            self.core.consumer[self.group.name] = self.group
            self.core.classic.pop(self.group.name, None)
        self.core.free(self.group.name)
        self.then(append_error(error))


class Consumers:
    """ConsumerGroupHeartbeat, and the timers of its members."""

    def __init__(self, core: Core) -> None:
        self.core = core

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
            self.core.out.reply(token, refusal(request, refused.error))
            return

        def then(error: ErrorCode) -> None:
            if error is not ErrorCode.NONE:
                self.core.out.reply(token, refusal(request, error))
                return
            self.core.out.reply(token, response)
            if request.member_epoch != LEAVE_FOR_NOW:
                self.watch(draft.group, response.member_id or "", moved=draft.moved)

        self._write(draft, then)

    def _draft(self, request: ConsumerGroupHeartbeat) -> Draft:
        """A copy of the group, or a new one for who joins; an empty classic group gives way."""
        group = self.core.consumer.get(request.group)
        if group is not None:
            return Draft(group.copy())
        classic = self.core.classic.get(request.group)
        taken = classic is not None and classic.state is not State.EMPTY
        if request.member_epoch != JOIN or taken:
            raise Refused(ErrorCode.GROUP_ID_NOT_FOUND)
        tombstones = [] if classic is None else [encode(GroupKey(request.group), None)]
        return Draft(ConsumerGroup(request.group), tombstones)

    def _write(self, draft: Draft, then: Callable[[ErrorCode], None]) -> None:
        if not draft.records:
            then(ErrorCode.NONE)
            return
        self.core.hold(draft.group.name)
        self.core.write(draft.records, Changed(self.core, draft.group, then))

    def watch(self, group: ConsumerGroup, name: str, *, moved: bool) -> None:
        """Set the timers of a member that has been heard of, or of one that is out.

        moved  it has taken a step: what it has to give up, it has to from now on
        """
        session = ConsumerSessionDue(group.name, name)
        revocation = RevocationDue(group.name, name)
        member = group.members.get(name)
        if member is None:
            self.core.out.cancel(session)
            self.core.out.cancel(revocation)
            return
        self.core.out.set_timer(session, self.core.config.group_consumer_session_timeout_ms)
        if moved and member.state is MemberState.UNREVOKED:
            self.core.out.set_timer(revocation, member.subscription.rebalance_timeout)
        elif moved:
            self.core.out.cancel(revocation)

    # Leaving ---------------------------------------------------------------------------------

    def _leave(
        self, draft: Draft, request: ConsumerGroupHeartbeat
    ) -> ConsumerGroupHeartbeatResponse:
        member = self._speaker(draft.group, request)
        if request.member_epoch == LEAVE_FOR_NOW:
            away = replace(
                member,
                epoch=LEAVE_FOR_NOW,
                revoking={},
                assigned=dict.fromkeys(member.assigned, 0),
            )
            draft.change(CurrentKey(request.group, member.member_id), away.current)
        else:
            self._remove(draft, member.member_id)
        return ConsumerGroupHeartbeatResponse(
            member_id=member.member_id, member_epoch=request.member_epoch
        )

    def _remove(self, draft: Draft, name: str) -> None:
        draft.remove(name)
        group = draft.group
        seen = metadata_hash(group.topics, self.core.topics)
        draft.change(EpochKey(group.name), EpochValue(group.epoch + 1, seen))

    def session_due(self, due: ConsumerSessionDue | RevocationDue) -> None:
        """A member is out."""
        group = self.core.consumer.get(due.group)
        if group is None or due.member not in group.members:
            return
        unrevoked = group.members[due.member].state is MemberState.UNREVOKED
        if isinstance(due, RevocationDue) and not unrevoked:
            return
        draft = Draft(group.copy())
        self._remove(draft, due.member)
        self._write(draft, lambda _: self.watch(draft.group, due.member, moved=True))

    # Going on --------------------------------------------------------------------------------

    def _speaker(self, group: ConsumerGroup, request: ConsumerGroupHeartbeat) -> Member:
        """The known member that speaks."""
        if request.instance_id is None:
            member = group.members.get(request.member_id)
        else:
            member = group.static(request.instance_id)
            if member is not None and member.member_id != request.member_id:
                raise Refused(ErrorCode.FENCED_INSTANCE_ID)
        if member is None:
            raise Refused(ErrorCode.UNKNOWN_MEMBER_ID)
        return member

    def _joining(self, draft: Draft, request: ConsumerGroupHeartbeat) -> Member:
        """The member that joins, or joins again, perhaps in the place of its former self."""
        group = draft.group
        name = request.member_id or self.core.new_id()
        before = None if request.instance_id is None else group.static(request.instance_id)
        full = len(group.members) >= self.core.config.group_consumer_max_size
        if full and name not in group.members and before is None:
            raise Refused(ErrorCode.GROUP_MAX_SIZE_REACHED)
        if before is None:
            return group.members.get(name) or Member(name, epoch=JOIN)
        if before.epoch != LEAVE_FOR_NOW:
            raise Refused(ErrorCode.UNRELEASED_INSTANCE_ID)
        member = replace(before, member_id=name, epoch=JOIN, previous_epoch=JOIN)
        target = group.targets.get(before.member_id, frozenset())
        draft.remove(before.member_id)
        draft.change(SubscriptionKey(group.name, name), member.subscription)
        draft.change(TargetKey(group.name, name), TargetValue(listed(target)))
        draft.change(CurrentKey(group.name, name), member.current)
        return member

    def _go_on(
        self, draft: Draft, request: ConsumerGroupHeartbeat
    ) -> ConsumerGroupHeartbeatResponse:
        owned = None if request.owned is None else unlisted(request.owned)
        if request.member_epoch == JOIN:
            member = self._joining(draft, request)
        else:
            member = self._speaker(draft.group, request)
            check_epoch(member, request.member_epoch, owned)
        before = member
        member = self._subscribe(draft, member, request)
        self._assign(draft)
        after = self._follow(draft, member, owned)
        named = (request.topics is not None) and owned is not None
        full = request.rebalance_timeout != -1 and named
        told = (
            full or request.member_epoch == JOIN or after.assigned.keys() != before.assigned.keys()
        )
        return ConsumerGroupHeartbeatResponse(
            member_id=after.member_id,
            member_epoch=after.epoch,
            heartbeat_interval=self.core.config.group_consumer_heartbeat_interval_ms,
            assignment=listed(after.assigned) if told else None,
        )

    def _subscribe(self, draft: Draft, member: Member, request: ConsumerGroupHeartbeat) -> Member:
        """Note the member's subscription; a change of it, or of its topics, is a new epoch."""
        group = draft.group
        known = member.subscription
        said = replace(
            known,
            instance_id=request.instance_id or known.instance_id,
            rack_id=request.rack_id or known.rack_id,
            client_id=request.client_id,
            client_host=request.client_host,
            topics=known.topics if request.topics is None else tuple(sorted({*request.topics})),
            regex=known.regex if request.regex is None else request.regex,
            rebalance_timeout=(
                known.rebalance_timeout
                if request.rebalance_timeout == -1
                else request.rebalance_timeout
            ),
            assignor=request.assignor or known.assignor,
        )
        new = member.member_id not in group.members
        if new or said != known:
            draft.change(SubscriptionKey(group.name, member.member_id), said)
        if new:
            # Until it has followed a target it is nowhere.
            group.members[member.member_id] = replace(member, subscription=said, epoch=NOWHERE)
        changed = self._resolve(draft) or (said.topics, said.regex) != (known.topics, known.regex)
        seen = metadata_hash(group.topics, self.core.topics)
        if changed or seen != group.hash:
            draft.change(EpochKey(group.name), EpochValue(group.epoch + 1, seen))
        return replace(member, subscription=said)

    def _resolve(self, draft: Draft) -> bool:
        """Look up the topics that expressions stand for; whether any stands for others now."""
        group = draft.group
        asked = {member.subscription.regex for member in group.members.values()} - {None, ""}
        changed = False
        for regex in sorted(each for each in asked if each is not None):
            found = frozenset(topic for topic in self.core.topics if matches(regex, topic))
            if group.regexes.get(regex) != found:
                value = RegexValue(tuple(sorted(found)), 0, self.core.out.now)
                draft.change(RegexKey(group.name, regex), value)
                changed = True
        for regex in sorted(group.regexes.keys() - asked):
            draft.change(RegexKey(group.name, regex), None)
        return changed

    def _assign(self, draft: Draft) -> None:
        """Make the target for the group's epoch, unless the one before is too young."""
        group, now = draft.group, self.core.out.now
        interval = self.core.config.group_consumer_assignment_interval_ms
        if group.target_epoch >= group.epoch:
            return
        if group.target_at and now < group.target_at + interval:
            return
        topics = self.core.topics
        named = {topics[each][0]: topics[each][1] for each in group.topics if each in topics}
        subscribers = [
            Subscriber(
                name,
                member.subscription.instance_id,
                self._topic_ids(group, member),
                group.targets.get(name, frozenset()),
            )
            for name, member in group.members.items()
        ]
        target = ASSIGNORS[preferred(group, self.core.config.group_consumer_assignors)](
            subscribers, named
        )
        for name, partitions in sorted(target.items()):
            if group.targets.get(name) != partitions:
                draft.change(TargetKey(group.name, name), TargetValue(listed(partitions)))
        draft.change(TargetEpochKey(group.name), TargetEpochValue(group.epoch, now))

    def _topic_ids(self, group: ConsumerGroup, member: Member) -> frozenset[UUID]:
        topics = self.core.topics
        return frozenset(topics[each][0] for each in group.subscribed(member) if each in topics)

    def _follow(self, draft: Draft, member: Member, owned: Owned) -> Member:
        """Take the member's next step towards the target."""
        group, name = draft.group, member.member_id
        after = reconcile(
            member,
            group.target_epoch,
            group.targets.get(name, frozenset()),
            self._topic_ids(group, member),
            group.owned(but=name),
            owned,
        )
        if after.current != group.members[name].current:
            draft.change(CurrentKey(group.name, name), after.current)
            draft.moved = True
        return after


def preferred(group: ConsumerGroup, assignors: tuple[str, ...]) -> str:
    """The assignor that most members ask for, or the first there is."""
    asked = [
        member.subscription.assignor
        for member in group.members.values()
        if member.subscription.assignor is not None
    ]
    return max(sorted(set(asked)), key=asked.count, default=assignors[0])


def metadata_hash(subscribed: set[str], topics: Mapping[str, tuple[UUID, int]]) -> int:
    """A number that is another one when a subscribed topic is."""
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(subscribed & topics.keys()):
        topic_id, size = topics[name]
        digest.update(f"{name}\0{topic_id}\0{size}\0".encode())
    return int.from_bytes(digest.digest(), "big", signed=True)
