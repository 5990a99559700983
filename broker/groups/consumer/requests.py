"""What is asked about consumer groups, and what is answered.

In a heartbeat a field that is None says that it is as it was.  Partitions are those of topics'
ids.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.errors import ErrorCode
from broker.groups.records.consumer import TopicPartitions

NONE = ErrorCode.NONE
JOIN = 0
LEAVE = -1
LEAVE_FOR_NOW = -2


@dataclass(frozen=True)
class ConsumerGroupHeartbeat:
    """A member joins (epoch 0), goes on, leaves (-1), or leaves for now (-2, if it is static).

    rebalance_timeout  ms; -1 as it was
    owned              what it has at the moment
    """

    version: int
    group: str
    member_id: str
    member_epoch: int
    instance_id: str | None = None
    rack_id: str | None = None
    rebalance_timeout: int = -1
    topics: tuple[str, ...] | None = None
    regex: str | None = None
    assignor: str | None = None
    owned: tuple[TopicPartitions, ...] | None = None
    client_id: str = ""
    client_host: str = ""


@dataclass(frozen=True)
class ConsumerGroupHeartbeatResponse:
    """Where the member is; an assignment only where it is another, or it was asked for."""

    error: ErrorCode = NONE
    message: str | None = None
    member_id: str | None = None
    member_epoch: int = 0
    heartbeat_interval: int = 0
    assignment: tuple[TopicPartitions, ...] | None = None


@dataclass(frozen=True)
class ConsumerGroupDescribe:
    """Somebody wants to know what these groups are doing."""

    groups: tuple[str, ...]


@dataclass(frozen=True)
class DescribedConsumer:
    """A member, what it has, what it is to have, and whether it speaks the classic protocol."""

    member_id: str
    instance_id: str | None
    rack_id: str | None
    member_epoch: int
    client_id: str
    client_host: str
    topics: tuple[str, ...]
    regex: str | None
    assignment: tuple[TopicPartitions, ...]
    target: tuple[TopicPartitions, ...]
    classic: bool = False


@dataclass(frozen=True)
class DescribedConsumerGroup:
    """A group."""

    group: str
    error: ErrorCode = NONE
    message: str | None = None
    state: str = ""
    epoch: int = 0
    target_epoch: int = 0
    assignor: str = ""
    members: tuple[DescribedConsumer, ...] = ()


@dataclass(frozen=True)
class ConsumerGroupDescribeResponse:
    """One after the other."""

    groups: tuple[DescribedConsumerGroup, ...]
