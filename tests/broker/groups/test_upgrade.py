"""Which classic groups may become consumer groups."""

from __future__ import annotations

from uuid import UUID

import pytest

from broker.errors import ErrorCode, Refused
from broker.groups.classic.group import ClassicGroup, Member, State
from broker.groups.config import GroupConfig
from broker.groups.migration.embedded import (
    Assignment,
    NamedPartitions,
    Subscription,
    write_assignment,
    write_subscription,
)
from broker.groups.migration.upgrade import upgraded
from broker.groups.requests import Protocol

TOPICS = {"t": (UUID(int=1), 2)}


def group(protocol: str, *assignments: Assignment) -> ClassicGroup:
    """A stable group whose members are assigned this."""
    made = ClassicGroup("g", State.STABLE, 3, "consumer", protocol)
    said = write_subscription(Subscription(("t",)), 1)
    for number, each in enumerate(assignments):
        assigned = write_assignment(each, 1)
        protocols = (Protocol(protocol, said),)
        made.add(Member(f"m{number}", None, "c", "/h", 6000, 9000, protocols, assigned))
    return made


def assigned(*partitions: int, data: bytes | None = None) -> Assignment:
    return Assignment((NamedPartitions("t", partitions),), data)


def test_what_librdkafka_s_assignor_adds_may_be_lost() -> None:
    draft = upgraded(
        group("cooperative-sticky", assigned(0, data=b"owned"), assigned(1)), GroupConfig(), TOPICS
    )
    had = {name: {n for _, n in member.assigned} for name, member in draft.group.members.items()}
    assert had == {"m0": {0}, "m1": {1}}


@pytest.mark.parametrize(
    "classic",
    [
        group("mine", assigned(0, data=b"mine"), assigned(1)),
        group("range", assigned(0, 1), assigned(1)),
    ],
    ids=["data of an assignor's own", "a partition of two members"],
)
def test_it_is_refused(classic: ClassicGroup) -> None:
    with pytest.raises(Refused) as refused:
        upgraded(classic, GroupConfig(), TOPICS)
    assert refused.value.error is ErrorCode.GROUP_ID_NOT_FOUND
