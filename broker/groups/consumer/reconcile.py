"""How a member follows the target: it gives up first, then it gets.

    STABLE      it has what the target says
    UNREVOKED   it has been asked to give partitions up, and stays at its epoch until its
                heartbeats no longer name them
    UNRELEASED  it is at the target's epoch, and waits for partitions that others have yet to give
                up

Whatever a member keeps it keeps reading all the while.  A partition is in nobody's new assignment
as long as anybody has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from broker.groups.consumer.group import Member, MemberState, Partition

Owned = frozenset[Partition] | None
"""What a member says that it has; None: as before."""


def reconcile(
    member: Member,
    target_epoch: int,
    target: frozenset[Partition],
    subscribed: frozenset[UUID],
    taken: set[Partition],
    owned: Owned,
) -> Member:
    """The member's next step towards the target.

    subscribed  the topics that it subscribes to
    taken       what other members have
    """
    if member.state is MemberState.STABLE and member.epoch == target_epoch:
        return _unsubscribed(member, subscribed, owned)
    if member.state is MemberState.UNREVOKED and _has(owned, member.revoking):
        return _unsubscribed(member, subscribed, owned)
    wanted = {partition for partition in target if partition[0] in subscribed}
    kept = {each: epoch for each, epoch in member.assigned.items() if each in wanted}
    revoking = {each: epoch for each, epoch in member.assigned.items() if each not in wanted}
    if revoking and _has(owned, revoking):
        return replace(
            member,
            state=MemberState.UNREVOKED,
            previous_epoch=member.epoch,
            assigned=kept,
            revoking=revoking,
        )
    missing = wanted - kept.keys()
    state = MemberState.UNRELEASED if missing & taken else MemberState.STABLE
    return replace(
        member,
        state=state,
        epoch=target_epoch,
        previous_epoch=member.epoch,
        assigned=kept | dict.fromkeys(sorted(missing - taken), target_epoch),
        revoking={},
    )


def _unsubscribed(member: Member, subscribed: frozenset[UUID], owned: Owned) -> Member:
    """A member that no longer subscribes to a topic gives it up at once, target or not."""
    kept = {each: epoch for each, epoch in member.assigned.items() if each[0] in subscribed}
    if len(kept) == len(member.assigned):
        return member
    dropped = {each: epoch for each, epoch in member.assigned.items() if each not in kept}
    revoking = {**member.revoking, **dropped}
    if not _has(owned, revoking):
        return replace(member, previous_epoch=member.epoch, assigned=kept)
    return replace(
        member,
        state=MemberState.UNREVOKED,
        previous_epoch=member.epoch,
        assigned=kept,
        revoking=revoking,
    )


def _has(owned: Owned, partitions: Mapping[Partition, int]) -> bool:
    """Whether a member has any of these, as far as it says."""
    return owned is None or bool(owned & partitions.keys())
