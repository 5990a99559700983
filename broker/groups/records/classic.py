"""Records of classic groups and of committed offsets.

A committed offset has the group, topic and partition for its key: the newest record of a key is
what is committed, and one without a value says that nothing is.  A group's record has all that
survives its coordinator: who was a member when the last generation was synced, and with which
assignment.  What a rebalance is in the middle of is never written.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from broker.schema import (
    BYTES,
    INT32,
    INT64,
    NIL,
    NULLABLE_STRING,
    STRING,
    UUID_,
    Array,
    Field,
    Schema,
)


@dataclass(frozen=True)
class OffsetKey:
    """Whose position, and in which partition."""

    group: str
    topic: str
    partition: int


@dataclass(frozen=True)
class OffsetValue:
    """A committed position.

    offset            the next one to read
    leader_epoch      of the last record that was read; -1 unknown
    commit_timestamp  when it was committed, ms
    expire_timestamp  when it may be forgotten, ms, where a client of old said so; -1 it did not
    topic_id          of the topic that was meant; nil where the client named it only
    """

    offset: int
    leader_epoch: int = -1
    metadata: str = ""
    commit_timestamp: int = -1
    expire_timestamp: int = -1
    topic_id: UUID = NIL

    @property
    def version(self) -> int:
        """The format to write it in: only version 1 knows of an expiry."""
        return 4 if self.expire_timestamp == -1 else 1


@dataclass(frozen=True)
class GroupKey:
    """A classic group."""

    group: str


@dataclass(frozen=True)
class MemberValue:
    """A member of a synced generation.

    subscription  its metadata for the protocol that was chosen
    """

    member_id: str
    client_id: str
    client_host: str
    session_timeout: int
    subscription: bytes
    assignment: bytes
    group_instance_id: str | None = None
    rebalance_timeout: int = -1


@dataclass(frozen=True)
class GroupValue:
    """A classic group as of its last synced generation.

    protocol_type            "" where nobody has joined
    current_state_timestamp  when it came into its state, ms; -1 unknown
    """

    protocol_type: str
    generation: int
    protocol: str | None
    leader: str | None
    current_state_timestamp: int = -1
    members: tuple[MemberValue, ...] = ()

    @property
    def version(self) -> int:
        """The format to write it in: the newest that is not flexible, as Kafka does."""
        return 3


OFFSET_KEY = Schema(
    OffsetKey, (Field("group", STRING), Field("topic", STRING), Field("partition", INT32))
)

OFFSET_VALUE = Schema(
    OffsetValue,
    (
        Field("offset", INT64),
        Field("leader_epoch", INT32, since=3),
        Field("metadata", STRING),
        Field("commit_timestamp", INT64),
        Field("expire_timestamp", INT64, since=1, until=1),
        Field("topic_id", UUID_, since=4, tag=0, default=NIL),
    ),
    flexible=4,
)

GROUP_KEY = Schema(GroupKey, (Field("group", STRING),))

GROUP_VALUE = Schema(
    GroupValue,
    (
        Field("protocol_type", STRING),
        Field("generation", INT32),
        Field("protocol", NULLABLE_STRING),
        Field("leader", NULLABLE_STRING),
        Field("current_state_timestamp", INT64, since=2),
        Field(
            "members",
            Array(
                Schema(
                    MemberValue,
                    (
                        Field("member_id", STRING),
                        Field("group_instance_id", NULLABLE_STRING, since=3),
                        Field("client_id", STRING),
                        Field("client_host", STRING),
                        Field("rebalance_timeout", INT32, since=1),
                        Field("session_timeout", INT32),
                        Field("subscription", BYTES),
                        Field("assignment", BYTES),
                    ),
                )
            ),
        ),
    ),
    flexible=4,
)
