"""From a classic group to a consumer group, when a member of the consumer protocol joins it.

What was the generation is the epoch of the group, of its target and of all members; what the
leader had assigned is their target, and what they have.  So nothing moves yet: who joined makes
the next epoch, and each member hears of that rebalance by its next heartbeat, whatever the
classic group was in the middle of.  Who waits for that group's next generation, or for its
assignment, is told at once.

In the middle of a rebalance a member may have more than it is assigned: what it said that it had
when it joined, and has not heard yet that it is to give up.  That it has to give up first.

It may not be done where the policy is against it, where the group is too large, where its members
are no consumers, where what they say cannot be read, where an assignor has put data of its own
into the assignments (it would be lost), or where the leader gave a partition to two.  The group
stays as it is then, and who would join is told that there is no such consumer group.  What
librdkafka's cooperative-sticky puts there is only what each member owns, and may be lost, though
Kafka minds it, too: its members could not change over once they had rebalanced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from broker.errors import ErrorCode, Refused
from broker.groups.classic.group import CONSUMER, ClassicGroup
from broker.groups.classic.group import Member as ClassicMember
from broker.groups.classic.rebalance import Rebalance
from broker.groups.config import GroupConfig
from broker.groups.consumer.draft import Draft
from broker.groups.consumer.group import ConsumerGroup, Member, MemberState, Partition, listed
from broker.groups.consumer.target import Topics, metadata_hash
from broker.groups.migration.embedded import (
    NamedPartitions,
    Subscription,
    read_assignment,
    read_subscription,
)
from broker.groups.records import encode
from broker.groups.records.classic import GroupKey
from broker.groups.records.consumer import ClassicMember as ClassicMetadata
from broker.groups.records.consumer import (
    ClassicProtocol,
    CurrentKey,
    EpochKey,
    EpochValue,
    SubscriptionKey,
    SubscriptionValue,
    TargetEpochKey,
    TargetEpochValue,
    TargetKey,
    TargetValue,
)
from broker.groups.requests import JoinGroupResponse, Protocol, SyncGroupResponse
from broker.schema import Damaged

COOPERATIVE = "cooperative-sticky"
"""An assignor whose data says nothing that is not said elsewhere."""

NOT_SEEN = 0
"""The hash of topics that nobody has looked at."""


def upgraded(classic: ClassicGroup, config: GroupConfig, topics: Topics) -> Draft:
    """The consumer group that a classic one becomes; refused where it may not become one."""
    small = len(classic.members) <= config.group_consumer_max_size
    if not (config.migration.up and small):
        raise Refused(ErrorCode.GROUP_ID_NOT_FOUND)
    if classic.protocol_type != CONSUMER:
        raise Refused(ErrorCode.GROUP_ID_NOT_FOUND)
    try:
        members = [_member(classic, each, topics) for each in classic.members.values()]
    except Damaged as damaged:
        raise Refused(ErrorCode.GROUP_ID_NOT_FOUND) from damaged
    partitions = [partition for member in members for partition in member.assigned]
    if len(partitions) > len(set(partitions)):
        raise Refused(ErrorCode.GROUP_ID_NOT_FOUND)
    return _draft(classic, _with_claims(classic, members, set(partitions), topics), topics)


def _with_claims(
    classic: ClassicGroup, members: list[Member], taken: set[Partition], topics: Topics
) -> list[Member]:
    """The members, with what they may still have beyond what anybody is assigned.

    Of those who say that they have a partition, who has seen the newest generation has it.
    """
    said = {each.member_id: _subscription(classic, each) for each in classic.members.values()}
    found = {}
    for member in sorted(members, key=lambda each: -said[each.member_id].generation):
        claimed = sorted({*_known(said[member.member_id].owned, topics)} - taken)
        taken |= {*claimed}
        found[member.member_id] = replace(
            member,
            state=MemberState.UNREVOKED if claimed else MemberState.STABLE,
            revoking=dict.fromkeys(claimed, classic.generation),
        )
    return [found[member.member_id] for member in members]


def _subscription(classic: ClassicGroup, member: ClassicMember) -> Subscription:
    """What a member said when it joined."""
    # Before the first generation nobody has voted yet: all that a member says is in each protocol.
    return read_subscription(member.metadata(classic.protocol or member.protocols[0].name))


def _member(classic: ClassicGroup, member: ClassicMember, topics: Topics) -> Member:
    """A member, at the epoch that was its generation."""
    said = _subscription(classic, member)
    return Member(
        member.member_id,
        SubscriptionValue(
            instance_id=member.instance_id,
            rack_id=said.rack_id or None,
            client_id=member.client_id,
            client_host=member.client_host,
            topics=tuple(sorted({*said.topics})),
            regex=None,
            rebalance_timeout=member.rebalance_timeout,
            assignor=None,
            classic=ClassicMetadata(member.session_timeout, spoken(member.protocols)),
        ),
        epoch=classic.generation,
        previous_epoch=classic.generation,
        assigned=dict.fromkeys(sorted(_assigned(classic, member, topics)), classic.generation),
    )


def spoken(protocols: tuple[Protocol, ...]) -> tuple[ClassicProtocol, ...]:
    """Protocols, as they are kept with a member of a consumer group."""
    return tuple(ClassicProtocol(each.name, each.metadata) for each in protocols)


def _assigned(classic: ClassicGroup, member: ClassicMember, topics: Topics) -> Iterator[Partition]:
    """The partitions that a member is assigned, in topics that there are."""
    if not member.assignment:
        return
    found = read_assignment(member.assignment)
    if found.user_data and classic.protocol != COOPERATIVE:
        raise Damaged("data of an assignor's own")
    yield from _known(found.partitions, topics)


def _known(named: Iterable[NamedPartitions], topics: Topics) -> Iterator[Partition]:
    """Partitions, in topics that there are."""
    for each in named:
        if each.topic in topics:
            yield from ((topics[each.topic][0], number) for number in each.partitions)


def _draft(classic: ClassicGroup, members: list[Member], topics: Topics) -> Draft:
    """The group in the order of Kafka's records."""
    name, epoch = classic.name, classic.generation
    draft = Draft(ConsumerGroup(name), [encode(GroupKey(name), None)], was=classic)
    for member in members:
        draft.change(SubscriptionKey(name, member.member_id), member.subscription)
    # Where a partition is nobody's, there is to be another target, as though topics had changed:
    # a static member that joins may say what it said before.
    there = {(topics[each][0], n) for each in draft.group.topics if each in topics
             for n in range(topics[each][1])}  # fmt: skip
    whole = there == {partition for member in members for partition in member.assigned}
    seen = metadata_hash(draft.group.topics, topics) if whole else NOT_SEEN
    draft.change(EpochKey(name), EpochValue(epoch, seen))
    for member in members:
        draft.change(TargetKey(name, member.member_id), TargetValue(listed(member.assigned)))
    draft.change(TargetEpochKey(name), TargetEpochValue(epoch, 0))
    for member in members:
        draft.change(CurrentKey(name, member.member_id), member.current)
    return draft


def interrupt(rebalance: Rebalance, classic: ClassicGroup) -> None:
    """Tell who waits in a classic group that there is another rebalance."""
    error = ErrorCode.REBALANCE_IN_PROGRESS
    for member in classic.members.values():
        waited = member.joining is not None or member.syncing is not None
        rebalance.answer_join(member, JoinGroupResponse(error, member_id=member.member_id))
        rebalance.answer_sync(member, SyncGroupResponse(error))
        if waited:
            rebalance.alive(classic, member)
