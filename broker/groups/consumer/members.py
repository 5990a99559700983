"""Who is who in a consumer group: members that are known, that join, that come back, that go.

A static member goes by an instance id.  It may come back under another member id, and then takes
the place, the target and the partitions of its former self; but where both speak the consumer
protocol only once that one has left for now, so that no two are at work under one instance id.
"""

from __future__ import annotations

from dataclasses import replace

from broker.errors import ErrorCode, Refused
from broker.groups.consumer.draft import Draft
from broker.groups.consumer.group import ConsumerGroup, Member, listed
from broker.groups.consumer.requests import JOIN, LEAVE_FOR_NOW
from broker.groups.records.consumer import (
    CurrentKey,
    SubscriptionKey,
    TargetKey,
    TargetValue,
)


def known(group: ConsumerGroup, member_id: str, instance_id: str | None) -> Member:
    """The member that speaks; refused where it is none, or another goes by its instance id."""
    if instance_id is None:
        member = group.members.get(member_id)
    else:
        member = group.static(instance_id)
        if member is not None and member.member_id != member_id:
            raise Refused(ErrorCode.FENCED_INSTANCE_ID)
    if member is None:
        raise Refused(ErrorCode.UNKNOWN_MEMBER_ID)
    return member


def joining(
    draft: Draft, member_id: str, instance_id: str | None, most: int, *, classic: bool
) -> Member:
    """The member that joins, or joins again, perhaps in the place of its former self.

    most     members that the group may have
    classic  it speaks the classic protocol
    """
    group = draft.group
    before = None if instance_id is None else group.static(instance_id)
    if len(group.members) >= most and member_id not in group.members and before is None:
        raise Refused(ErrorCode.GROUP_MAX_SIZE_REACHED)
    if before is None:
        return group.members.get(member_id) or Member(member_id, epoch=JOIN)
    modern = not classic and before.subscription.classic is None
    if modern and before.epoch != LEAVE_FOR_NOW:
        raise Refused(ErrorCode.UNRELEASED_INSTANCE_ID)
    return replaced(draft, before, member_id)


def replaced(draft: Draft, before: Member, member_id: str) -> Member:
    """A static member that takes the place of its former self."""
    group = draft.group
    member = replace(before, member_id=member_id, epoch=JOIN, previous_epoch=JOIN)
    target = group.targets.get(before.member_id, frozenset())
    draft.remove([before.member_id])
    draft.change(SubscriptionKey(group.name, member_id), member.subscription)
    draft.change(TargetKey(group.name, member_id), TargetValue(listed(target)))
    draft.change(CurrentKey(group.name, member_id), member.current)
    return member
