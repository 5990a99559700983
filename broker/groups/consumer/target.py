"""From a member's subscription to its assignment, in three steps.

    subscribe  note what a member says; another subscription, or topics that are others than when
               last looked at, make the group's next epoch
    assign     make the target, where it lags behind the group; not within an interval
               (`group.consumer.assignment.interval.ms`) of the one before, so that members who
               come together are assigned together
    follow     the member's next step towards its part of the target

Nothing but a request that comes in makes a target: who waits out the interval gets it with the
next one.

Regular expressions are looked up again with every request, so that topics that come to match are
had soon; Kafka does that beside the requests, and from time to time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from broker.groups.consumer.assignors import ASSIGNORS, Subscriber
from broker.groups.consumer.draft import Draft
from broker.groups.consumer.group import NOWHERE, ConsumerGroup, Member, listed
from broker.groups.consumer.reconcile import Owned, reconcile
from broker.groups.core import Core
from broker.groups.records.consumer import (
    CurrentKey,
    EpochKey,
    EpochValue,
    RegexKey,
    RegexValue,
    SubscriptionKey,
    SubscriptionValue,
    TargetEpochKey,
    TargetEpochValue,
    TargetKey,
    TargetValue,
)
from broker.patterns import matches

Topics = Mapping[str, tuple[UUID, int]]
"""By name: the id and the number of partitions of each."""


def advance(
    core: Core, draft: Draft, member: Member, said: SubscriptionValue, owned: Owned
) -> Member:
    """All three steps."""
    member = subscribe(core, draft, member, said)
    assign(core, draft)
    return follow(core, draft, member, owned)


def subscribe(core: Core, draft: Draft, member: Member, said: SubscriptionValue) -> Member:
    """Note the member's subscription; a change of it, or of its topics, is a new epoch."""
    group, known = draft.group, member.subscription
    new = member.member_id not in group.members
    if new or said != known:
        draft.change(SubscriptionKey(group.name, member.member_id), said)
    if new:
        # Until it has followed a target it is nowhere.
        group.members[member.member_id] = replace(member, subscription=said, epoch=NOWHERE)
    other = (said.topics, said.regex or "") != (known.topics, known.regex or "")
    if resolve(core, draft) or other or metadata_hash(group.topics, core.topics) != group.hash:
        next_epoch(core, draft)
    return replace(member, subscription=said)


def next_epoch(core: Core, draft: Draft) -> None:
    """The group's next epoch."""
    group = draft.group
    seen = metadata_hash(group.topics, core.topics)
    draft.change(EpochKey(group.name), EpochValue(group.epoch + 1, seen))


def resolve(core: Core, draft: Draft) -> bool:
    """Look up the topics that expressions stand for; whether any stands for others now."""
    group = draft.group
    asked = {member.subscription.regex for member in group.members.values()} - {None, ""}
    changed = False
    for regex in sorted(each for each in asked if each is not None):
        found = frozenset(topic for topic in core.topics if matches(regex, topic))
        if group.regexes.get(regex) != found:
            value = RegexValue(tuple(sorted(found)), 0, core.out.now)
            draft.change(RegexKey(group.name, regex), value)
            changed = True
    for regex in sorted(group.regexes.keys() - asked):
        draft.change(RegexKey(group.name, regex), None)
    return changed


def assign(core: Core, draft: Draft) -> None:
    """Make the target for the group's epoch, unless the one before is too young."""
    group, now = draft.group, core.out.now
    config = core.config_of(group.name)
    if group.target_epoch >= group.epoch:
        return
    if group.target_at and now < group.target_at + config.group_consumer_assignment_interval_ms:
        return
    topics = core.topics
    named = {topics[each][0]: topics[each][1] for each in group.topics if each in topics}
    subscribers = [
        Subscriber(
            name,
            member.subscription.instance_id,
            topic_ids(group, member, topics),
            group.targets.get(name, frozenset()),
        )
        for name, member in group.members.items()
    ]
    target = ASSIGNORS[preferred(group, config.group_consumer_assignors)](subscribers, named)
    for name, partitions in sorted(target.items()):
        if group.targets.get(name) != partitions:
            draft.change(TargetKey(group.name, name), TargetValue(listed(partitions)))
    draft.change(TargetEpochKey(group.name), TargetEpochValue(group.epoch, now))


def follow(core: Core, draft: Draft, member: Member, owned: Owned) -> Member:
    """Take the member's next step towards the target."""
    group, name = draft.group, member.member_id
    after = reconcile(
        member,
        group.target_epoch,
        group.targets.get(name, frozenset()),
        topic_ids(group, member, core.topics),
        group.owned(but=name),
        owned,
    )
    if after.current != group.members[name].current:
        draft.change(CurrentKey(group.name, name), after.current)
        draft.moved = True
    return after


def topic_ids(group: ConsumerGroup, member: Member, topics: Topics) -> frozenset[UUID]:
    """The topics that a member subscribes to, of those that there are."""
    return frozenset(topics[each][0] for each in group.subscribed(member) if each in topics)


def preferred(group: ConsumerGroup, assignors: tuple[str, ...]) -> str:
    """The assignor that most members ask for, or the first there is."""
    asked = [
        member.subscription.assignor
        for member in group.members.values()
        if member.subscription.assignor in assignors
    ]
    return max(sorted({*asked} - {None}), key=asked.count, default=assignors[0])


def metadata_hash(subscribed: set[str], topics: Topics) -> int:
    """A number that is another one when a subscribed topic is."""
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(subscribed & topics.keys()):
        topic_id, size = topics[name]
        digest.update(f"{name}\0{topic_id}\0{size}\0".encode())
    return int.from_bytes(digest.digest(), "big", signed=True)
