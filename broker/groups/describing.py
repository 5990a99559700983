"""DescribeGroups and ListGroups: what a group is doing, as tools are told.

A group shows its protocol, and its members' metadata, only while it is stable: during a rebalance
there is none that all agree on.
"""

from __future__ import annotations

from broker.errors import ErrorCode
from broker.groups.classic.group import ClassicGroup, State
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


def absent(name: str, version: int) -> DescribedGroup:
    """What is said of a group that is not there."""
    if version < SAYS_NOT_FOUND:
        return DescribedGroup(name, state="Dead")
    return DescribedGroup(
        name, ErrorCode.GROUP_ID_NOT_FOUND, f"Group {name} not found.", state="Dead"
    )


def listed(group: ClassicGroup) -> ListedGroup:
    """A line of the list of groups."""
    return ListedGroup(group.name, group.protocol_type or "", group.state.value, "classic")


def wanted(request: ListGroups, group: ListedGroup) -> bool:
    """Whether a group is among those asked for; case does not matter."""
    states = {state.strip().lower() for state in request.states}
    types = {kind.strip().lower() for kind in request.types}
    return (not states or group.state.lower() in states) and (not types or group.type in types)
