"""What members and their coordinator say to each other.

The requests and answers of the classic group protocol, with the fields that decide anything.
Left out, because nothing here depends on their values: protocol names and metadata, timeouts
(time is abstract: a timeout is an action that may fire when it could), instance ids (static
membership is a model of its own), throttling.  FindCoordinator is left out: everybody knows the
coordinator, and there is one.

An answer is addressed by the connection it travels on, so it does not name the member.  A
commit or fetch carries one partition; Kafka's carry several, which are independent of each
other: each has an error of its own.
"""

from __future__ import annotations

from enum import Enum

from checker import Map, Record, Set
from spec import Generation, Member, Offset, Partition, Share


class Error(Enum):
    """Kafka's error codes, as far as they occur here."""

    COORDINATOR_NOT_AVAILABLE = 15
    ILLEGAL_GENERATION = 22
    UNKNOWN_MEMBER_ID = 25
    REBALANCE_IN_PROGRESS = 27


class JoinGroupRequest(Record):
    """Let me into the next generation."""

    member: Member


class SyncGroupRequest(Record):
    """What is my share?  From the leader: this is everybody's; from others `plan` is empty."""

    member: Member
    generation: Generation
    plan: Map[Member, Share]


class HeartbeatRequest(Record):
    """I am alive; say whether the generation is still good."""

    member: Member
    generation: Generation


class LeaveGroupRequest(Record):
    """Do not wait for me."""

    member: Member


class OffsetCommitRequest(Record):
    """In this partition the group has come as far as `offset`, the next record to read."""

    member: Member
    generation: Generation
    partition: Partition
    offset: Offset


class OffsetFetchRequest(Record):
    """Say how far the group has come in this partition."""

    member: Member
    partition: Partition


Request = (
    JoinGroupRequest
    | SyncGroupRequest
    | HeartbeatRequest
    | LeaveGroupRequest
    | OffsetCommitRequest
    | OffsetFetchRequest
)


class JoinGroupResponse(Record):
    """You are in this generation.  Whoever gets `members` leads it, and is to share out."""

    generation: Generation
    members: Set[Member]


class SyncGroupResponse(Record):
    """Your share."""

    share: Share


class HeartbeatResponse(Record):
    """The generation is still good."""


class OffsetCommitResponse(Record):
    """The commit is accepted."""

    partition: Partition
    offset: Offset


class OffsetFetchResponse(Record):
    """The group has come this far; 0 where nothing was committed (auto.offset.reset=earliest)."""

    partition: Partition
    offset: Offset


class ErrorResponse(Record):
    """The answer to any request that is refused."""

    error: Error


Response = (
    JoinGroupResponse
    | SyncGroupResponse
    | HeartbeatResponse
    | OffsetCommitResponse
    | OffsetFetchResponse
    | ErrorResponse
)
