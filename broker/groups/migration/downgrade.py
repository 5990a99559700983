"""From a consumer group to a classic group, when the last of its protocol's members goes.

    it leaves, or is not heard of   the group rebalances: what it had is to be assigned anew
    a static one comes back with    its target is the assignment of the member that took its
    the classic protocol            place, and nothing moves; but where somebody has yet to follow
                                    the target, or the target the group, that rebalances, too

The generation is what the group's epoch was.  Members that were behind it are told so by their
next heartbeat, and join again.  A group that is to rebalance is written without a leader, so that
it does so, too, if its coordinator starts again before it has.

It is not done where the policy is against it, or the group too large for a classic one; the group
stays a consumer group then, of members that all speak the classic protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from broker.groups.classic.group import CONSUMER, ClassicGroup, State
from broker.groups.classic.group import Member as ClassicMember
from broker.groups.classic.rebalance import Rebalance, group_record
from broker.groups.consumer.draft import Draft
from broker.groups.consumer.group import Member, Partition
from broker.groups.consumer.target import next_epoch
from broker.groups.consumer.timers import Watch
from broker.groups.core import Core
from broker.groups.migration.embedded import (
    Assignment,
    NamedPartitions,
    version_of,
    write_assignment,
)
from broker.groups.records import encode
from broker.groups.requests import Protocol


def let_go(core: Core, draft: Draft, names: Sequence[str]) -> None:
    """Members are out; what is left may be a classic group."""
    group = draft.group
    if not names:
        return
    left = [member for name, member in group.members.items() if name not in names]
    if left and may_become_classic(core, left):
        become_classic(core, draft, left, group.epoch, rebalance=True)
        draft.out += names
        return
    draft.remove(names)
    next_epoch(core, draft)


def may_become_classic(core: Core, members: Sequence[Member]) -> bool:
    """Whether a group of these members is a classic one from now on."""
    return (
        core.config.migration.down
        and all(member.subscription.classic is not None for member in members)
        and len(members) <= core.config.group_max_size
    )


def become_classic(
    core: Core, draft: Draft, members: Iterable[Member], generation: int, *, rebalance: bool
) -> None:
    """Put a classic group of these members, in this generation, in the place of the draft's."""
    group = draft.group
    classic = ClassicGroup(group.name, State.STABLE, generation, CONSUMER, since=core.out.now)
    for member in members:
        classic.add(_classic(member))
    classic.protocol = classic.vote()
    classic.topics = classic.subscribed()
    names = {topic_id: name for name, (topic_id, _) in core.topics.items()}
    for each in classic.members.values():
        target = group.targets.get(each.member_id, frozenset())
        version = version_of(each.metadata(classic.protocol))
        each.assignment = assignment_of(target, names, version)
    assignments = {name: each.assignment for name, each in classic.members.items()}
    draft.records += [encode(key, None) for key in group.tombstones()]
    written = replace(classic, leader=None) if rebalance else classic
    draft.records.append(group_record(written, assignments))
    draft.becomes, draft.rebalances = classic, rebalance


def _classic(member: Member) -> ClassicMember:
    """A member, as a classic group has it."""
    said = member.subscription
    assert said.classic is not None
    return ClassicMember(
        member.member_id,
        said.instance_id,
        said.client_id,
        said.client_host,
        said.classic.session_timeout,
        said.rebalance_timeout,
        tuple(Protocol(each.name, each.metadata) for each in said.classic.protocols),
    )


def assignment_of(partitions: Iterable[Partition], names: dict[UUID, str], version: int) -> bytes:
    """Partitions, as members of the classic protocol are told of them."""
    found: dict[str, list[int]] = {}
    for topic_id, number in sorted(partitions, key=lambda each: (each[0].bytes, each[1])):
        if topic_id in names:
            found.setdefault(names[topic_id], []).append(number)
    named = tuple(NamedPartitions(topic, tuple(numbers)) for topic, numbers in found.items())
    return write_assignment(Assignment(named), version)


def finish(rebalance: Rebalance, watch: Watch, draft: Draft) -> None:
    """The classic group is there: timers, and its rebalance."""
    classic = draft.becomes
    assert classic is not None
    for name in dict.fromkeys((*draft.group.members, *draft.out)):
        watch.gone(classic.name, name)
    for member in classic.members.values():
        rebalance.alive(classic, member)
    if draft.rebalances:
        rebalance.prepare(classic, "all its members speak the classic protocol now")
