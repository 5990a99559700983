"""What consumers of the classic protocol tell their leader, and it tells them.

The protocol type "consumer" has a format of its own inside the metadata and the assignments that
the coordinator hands on: an int16 for the version, and a struct.  A version beyond those that are
known is read as the last one, which it only adds to.

    subscription  the topics; since 1 what is owned, since 2 of which generation, since 3 the rack
    assignment    the partitions

Both may carry data of the assignor's own, which only that assignor can read.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.schema import (
    INT16,
    INT32,
    NULLABLE_STRING,
    STRING,
    Array,
    Blob,
    Damaged,
    Field,
    Reader,
    Schema,
)

NEWEST = 3
NULLABLE_BYTES = Blob(bytes, bytes, INT32, nullable=True)


@dataclass(frozen=True)
class NamedPartitions:
    """Some partitions of a topic."""

    topic: str
    partitions: tuple[int, ...]


@dataclass(frozen=True)
class Subscription:
    """What a member wants, and has.

    generation  of which `owned` is; -1 where that is not said
    """

    topics: tuple[str, ...]
    user_data: bytes | None = None
    owned: tuple[NamedPartitions, ...] = ()
    generation: int = -1
    rack_id: str | None = None


@dataclass(frozen=True)
class Assignment:
    """What a member is to have."""

    partitions: tuple[NamedPartitions, ...]
    user_data: bytes | None = None


_PARTITIONS = Array(
    Schema(NamedPartitions, (Field("topic", STRING), Field("partitions", Array(INT32))))
)
SUBSCRIPTION = Schema(
    Subscription,
    (
        Field("topics", Array(STRING)),
        Field("user_data", NULLABLE_BYTES),
        Field("owned", _PARTITIONS, since=1),
        Field("generation", INT32, since=2),
        Field("rack_id", NULLABLE_STRING, since=3),
    ),
)
ASSIGNMENT = Schema(
    Assignment, (Field("partitions", _PARTITIONS), Field("user_data", NULLABLE_BYTES))
)


def version_of(data: bytes) -> int:
    """The version of a subscription or an assignment; `Damaged` where there is none."""
    version = int(INT16.read(Reader(data), 0, flexible=False))
    if version < 0:
        raise Damaged(f"version {version} of a consumer's message")
    return min(version, NEWEST)


def read_subscription(data: bytes) -> Subscription:
    """A member's subscription; `Damaged` where it is none."""
    return SUBSCRIPTION.decode(Reader(data[2:]), version_of(data))


def read_assignment(data: bytes) -> Assignment:
    """A member's assignment; `Damaged` where it is none."""
    return ASSIGNMENT.decode(Reader(data[2:]), version_of(data))


def write_assignment(assignment: Assignment, version: int) -> bytes:
    """An assignment as members read it that sent this version."""
    return ASSIGNMENT.encode(assignment, version)


def write_subscription(subscription: Subscription, version: int) -> bytes:
    """A subscription as a member sends it."""
    return SUBSCRIPTION.encode(subscription, version)
