"""DescribeGroups, ConsumerGroupDescribe and ListGroups: what a group is doing, as tools are told.

A group shows its protocol, and its members' metadata, only while it is stable: during a rebalance
there is none that all agree on.
"""

from __future__ import annotations

from broker.errors import ErrorCode
from broker.groups.classic.group import CONSUMER, ClassicGroup, State
from broker.groups.consumer.group import ConsumerGroup, listed
from broker.groups.consumer.requests import DescribedConsumer, DescribedConsumerGroup
from broker.groups.consumer.target import preferred
from broker.groups.requests import DescribedGroup, DescribedMember, ListedGroup, ListGroups

SAYS_NOT_FOUND = 6
"""The first version of DescribeGroups in which a group that is not there is an error."""


def describe(group: ClassicGroup) -> DescribedGroup:
    """What a group is doing."""
    stable = group.state is State.STABLE
    return DescribedGroup(
        group.name,
        state=group.state.value,
        protocol_type=group.protocol_type or "",
        protocol=(group.protocol or "") if stable else "",
        members=tuple(
            DescribedMember(
                member.member_id,
                member.instance_id,
                member.client_id,
                member.client_host,
                member.metadata(group.protocol) if stable else b"",
                member.assignment,
            )
            for member in group.members.values()
        ),
    )


def absent(name: str, version: int, *, consumer: bool) -> DescribedGroup:
    """What is said of a classic group that is not there, or is a consumer group."""
    if version < SAYS_NOT_FOUND:
        return DescribedGroup(name, state="Dead")
    why = "is not a classic group" if consumer else "not found"
    return DescribedGroup(name, ErrorCode.GROUP_ID_NOT_FOUND, f"Group {name} {why}.", state="Dead")


def listed_classic(group: ClassicGroup) -> ListedGroup:
    """A line of the list of groups."""
    return ListedGroup(group.name, group.protocol_type or "", group.state.value, "classic")


def listed_consumer(group: ConsumerGroup) -> ListedGroup:
    """A line of the list of groups."""
    return ListedGroup(group.name, CONSUMER, group.state, "consumer")


def describe_consumer(group: ConsumerGroup, assignors: tuple[str, ...]) -> DescribedConsumerGroup:
    """What a consumer group is doing."""
    return DescribedConsumerGroup(
        group.name,
        state=group.state,
        epoch=group.epoch,
        target_epoch=group.target_epoch,
        assignor=preferred(group, assignors),
        members=tuple(
            DescribedConsumer(
                name,
                member.subscription.instance_id,
                member.subscription.rack_id,
                member.epoch,
                member.subscription.client_id,
                member.subscription.client_host,
                member.subscription.topics,
                member.subscription.regex,
                listed([*member.assigned, *member.revoking]),
                listed(group.targets.get(name, frozenset())),
                member.subscription.classic is not None,
            )
            for name, member in group.members.items()
        ),
    )


def wanted(request: ListGroups, group: ListedGroup) -> bool:
    """Whether a group is among those asked for; case does not matter."""
    states = {state.strip().lower() for state in request.states}
    types = {kind.strip().lower() for kind in request.types}
    return (not states or group.state.lower() in states) and (not types or group.type in types)
