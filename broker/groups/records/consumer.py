"""Records of consumer groups (KIP-848).

Unlike a classic group's, their state is written bit by bit: the group's epoch, each member's
subscription, the target assignment of each member and the epoch it was made at, what each member
owns now, and which topics a regular expression stood for.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from broker.schema import (
    BYTES,
    INT8,
    INT32,
    INT64,
    NULLABLE_STRING,
    STRING,
    UUID_,
    Array,
    Field,
    Nullable,
    Schema,
)


@dataclass(frozen=True)
class EpochKey:
    """A consumer group."""

    group: str


@dataclass(frozen=True)
class EpochValue:
    """The group's epoch.

    metadata_hash  of the topics that it was last looked at with
    """

    epoch: int
    metadata_hash: int = 0


@dataclass(frozen=True)
class TopicsKey:
    """What was known of a group's topics; written by Kafka up to 4.0, only removed since."""

    group: str


@dataclass(frozen=True)
class TopicsValue:
    """It is read past."""


@dataclass(frozen=True)
class SubscriptionKey:
    """A member's subscription."""

    group: str
    member: str


@dataclass(frozen=True)
class ClassicProtocol:
    """An assignor of a member that speaks the classic protocol."""

    name: str
    metadata: bytes


@dataclass(frozen=True)
class ClassicMember:
    """What a member that speaks the classic protocol said when it joined."""

    session_timeout: int
    protocols: tuple[ClassicProtocol, ...]


@dataclass(frozen=True)
class SubscriptionValue:
    """What a member asked for.

    assignor  the server's that it prefers
    classic   where it speaks the classic protocol
    """

    instance_id: str | None
    rack_id: str | None
    client_id: str
    client_host: str
    topics: tuple[str, ...]
    regex: str | None
    rebalance_timeout: int
    assignor: str | None
    classic: ClassicMember | None = None


@dataclass(frozen=True)
class TargetEpochKey:
    """A group's target assignment."""

    group: str


@dataclass(frozen=True)
class TargetEpochValue:
    """The group's epoch that the target was made for, and when."""

    epoch: int
    timestamp: int = 0


@dataclass(frozen=True)
class TargetKey:
    """A member's part of the target assignment."""

    group: str
    member: str


@dataclass(frozen=True)
class TopicPartitions:
    """Some partitions of a topic.

    epochs  the member's epoch when each was assigned to it; None where that is not written
    """

    topic_id: UUID
    partitions: tuple[int, ...]
    epochs: tuple[int, ...] | None = None


@dataclass(frozen=True)
class TargetValue:
    """What a member is to own."""

    assigned: tuple[TopicPartitions, ...]


@dataclass(frozen=True)
class CurrentKey:
    """What a member owns."""

    group: str
    member: str


@dataclass(frozen=True)
class CurrentValue:
    """What a member owns, and what it has been asked to give up.

    state  0 stable, 1 it has partitions to revoke, 2 it waits for partitions of others
    """

    epoch: int
    previous_epoch: int
    state: int
    assigned: tuple[TopicPartitions, ...]
    revoking: tuple[TopicPartitions, ...]


@dataclass(frozen=True)
class RegexKey:
    """A regular expression that members of a group subscribe to."""

    group: str
    regex: str


@dataclass(frozen=True)
class RegexValue:
    """The topics that it stood for, in which version of the metadata, and when."""

    topics: tuple[str, ...]
    version: int
    timestamp: int


GROUP = (Field("group", STRING),)
MEMBER = (*GROUP, Field("member", STRING))

EPOCH_KEY = Schema(EpochKey, GROUP)
EPOCH_VALUE = Schema(
    EpochValue,
    (Field("epoch", INT32), Field("metadata_hash", INT64, tag=0, default=0)),
    flexible=0,
)

TOPICS_KEY = Schema(TopicsKey, GROUP)
TOPICS_VALUE = Schema(TopicsValue, (), flexible=1)

CLASSIC_MEMBER = Schema(
    ClassicMember,
    (
        Field("session_timeout", INT32),
        Field(
            "protocols",
            Array(Schema(ClassicProtocol, (Field("name", STRING), Field("metadata", BYTES)))),
        ),
    ),
)

SUBSCRIPTION_KEY = Schema(SubscriptionKey, MEMBER)
SUBSCRIPTION_VALUE = Schema(
    SubscriptionValue,
    (
        Field("instance_id", NULLABLE_STRING),
        Field("rack_id", NULLABLE_STRING),
        Field("client_id", STRING),
        Field("client_host", STRING),
        Field("topics", Array(STRING)),
        Field("regex", NULLABLE_STRING),
        Field("rebalance_timeout", INT32),
        Field("assignor", NULLABLE_STRING),
        Field("classic", Nullable(CLASSIC_MEMBER), tag=0),
    ),
    flexible=0,
)

TARGET_EPOCH_KEY = Schema(TargetEpochKey, GROUP)
TARGET_EPOCH_VALUE = Schema(
    TargetEpochValue,
    (Field("epoch", INT32), Field("timestamp", INT64, tag=0, default=0)),
    flexible=0,
)

TARGET_KEY = Schema(TargetKey, MEMBER)
TARGET_VALUE = Schema(
    TargetValue,
    (
        Field(
            "assigned",
            Array(
                Schema(
                    TopicPartitions,
                    (Field("topic_id", UUID_), Field("partitions", Array(INT32))),
                )
            ),
        ),
    ),
    flexible=0,
)

OWNED = Array(
    Schema(
        TopicPartitions,
        (
            Field("topic_id", UUID_),
            Field("partitions", Array(INT32)),
            Field("epochs", Array(INT32, nullable=True), tag=0),
        ),
    )
)
CURRENT_KEY = Schema(CurrentKey, MEMBER)
CURRENT_VALUE = Schema(
    CurrentValue,
    (
        Field("epoch", INT32),
        Field("previous_epoch", INT32),
        Field("state", INT8),
        Field("assigned", OWNED),
        Field("revoking", OWNED),
    ),
    flexible=0,
)

REGEX_KEY = Schema(RegexKey, (*GROUP, Field("regex", STRING)))
REGEX_VALUE = Schema(
    RegexValue,
    (Field("topics", Array(STRING)), Field("version", INT64), Field("timestamp", INT64)),
    flexible=0,
)
