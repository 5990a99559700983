"""How far a group has read, partition by partition, as `kafka-consumer-groups --describe` tells.

A line is there for each partition that the group has committed an offset in, or that a member is
assigned; what is not known of it (no offset, no member) is None.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from broker.client import Client
from broker.errors import ErrorCode, Refused
from broker.schema import INT16, INT32, STRING, Array, Damaged, Field, Reader, Schema
from broker.wire.apis import ApiKey

Partition = tuple[str, int]
LATEST = -1


@dataclass(frozen=True)
class Owner:
    """Who is assigned a partition."""

    consumer: str
    host: str
    client: str


@dataclass(frozen=True)
class Line:
    """One partition; offsets are those of the next record to read and to write."""

    topic: str
    partition: int
    current: int | None
    end: int | None
    owner: Owner | None

    @property
    def lag(self) -> int | None:
        """How many records are left to read."""
        return None if self.current is None or self.end is None else self.end - self.current


@dataclass(frozen=True)
class Described:
    """A group: its state, and its lines in the order of topics and partitions."""

    state: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class _Assigned:
    topic: str
    partitions: tuple[int, ...]


_ASSIGNED = Array(Schema(_Assigned, (Field("topic", STRING), Field("partitions", Array(INT32)))))


def describe_group(client: Client, group: str) -> Described:
    """What a broker says of a group; `Refused` where there is none, or it says nothing."""
    # Nobody coordinates groups until somebody has asked who does.
    _check(client.ask(ApiKey.FIND_COORDINATOR, 2, key=group, key_type=0).error_code)
    state, owners = _members(client, group)
    current = _committed(client, group)
    ends = _ends(client, sorted(current.keys() | owners.keys()))
    return Described(
        state,
        tuple(
            Line(topic, number, current.get(key), ends.get(key), owners.get(key))
            for key in sorted(current.keys() | owners.keys())
            for topic, number in (key,)
        ),
    )


def _check(error: int) -> None:
    if error:
        raise Refused(ErrorCode(error))


def _members(client: Client, group: str) -> tuple[str, dict[Partition, Owner]]:
    """A group's state, and who is assigned what, whichever protocol its members speak."""
    [found] = client.ask(ApiKey.CONSUMER_GROUP_DESCRIBE, 0, group_ids=[group]).groups
    if found.error_code == ErrorCode.GROUP_ID_NOT_FOUND:
        return _classic_members(client, group)
    _check(found.error_code)
    return found.group_state, {
        (each.topic_name, number): Owner(member.member_id, member.client_host, member.client_id)
        for member in found.members
        for each in member.assignment.topic_partitions
        for number in each.partitions
    }


def _classic_members(client: Client, group: str) -> tuple[str, dict[Partition, Owner]]:
    [found] = client.ask(ApiKey.DESCRIBE_GROUPS, 6, groups=[group]).groups
    _check(found.error_code)
    return found.group_state, {
        (each.topic, number): Owner(member.member_id, member.client_host, member.client_id)
        for member in found.members
        for each in _assigned(bytes(member.member_assignment))
        for number in each.partitions
    }


def _assigned(data: bytes) -> tuple[_Assigned, ...]:
    """What a consumer's assignment says; nothing where it is something else's."""
    reader = Reader(data)
    try:
        INT16.read(reader, 0, flexible=False)
        found: tuple[_Assigned, ...] = _ASSIGNED.read(reader, 0, flexible=False)
    except Damaged:
        return ()
    return found


def _committed(client: Client, group: str) -> dict[Partition, int]:
    wanted = {"group_id": group, "topics": None}
    [found] = client.ask(ApiKey.OFFSET_FETCH, 8, groups=[wanted]).groups
    _check(found.error_code)
    return {
        (topic.name, part.partition_index): part.committed_offset
        for topic in found.topics
        for part in topic.partitions
        if part.committed_offset >= 0
    }


def _ends(client: Client, partitions: Iterable[Partition]) -> dict[Partition, int]:
    """The log end offsets of partitions that there are."""
    topics: dict[str, list[int]] = {}
    for topic, number in partitions:
        topics.setdefault(topic, []).append(number)
    found = client.ask(
        ApiKey.LIST_OFFSETS,
        6,
        replica_id=-1,
        topics=[
            {
                "name": topic,
                "partitions": [
                    {"partition_index": number, "current_leader_epoch": -1, "timestamp": LATEST}
                    for number in numbers
                ],
            }
            for topic, numbers in topics.items()
        ],
    )
    return {
        (topic.name, part.partition_index): part.offset
        for topic in found.topics
        for part in topic.partitions
        if not part.error_code
    }
