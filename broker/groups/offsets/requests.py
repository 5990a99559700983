"""What is asked about committed offsets, and what is answered.

Topics are named, and may have an id with it where the client said one; -1 is no offset and no
leader epoch.  Every answer has its topics and partitions in the order of the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from broker.errors import ErrorCode
from broker.schema import NIL

NONE = ErrorCode.NONE


@dataclass(frozen=True)
class Position:
    """The next offset to read in a partition."""

    partition: int
    offset: int
    leader_epoch: int = -1
    metadata: str | None = None


@dataclass(frozen=True)
class TopicPositions:
    """Positions in one topic."""

    topic: str
    positions: tuple[Position, ...]
    topic_id: UUID = NIL


@dataclass(frozen=True)
class OffsetCommit:
    """A member, or a consumer without a group's assignment, commits positions.

    generation  of the member, or its epoch; -1 for who is none
    retention   how long to keep them, ms, as versions 2 to 4 could say; -1 as configured
    """

    version: int
    group: str
    topics: tuple[TopicPositions, ...]
    generation: int = -1
    member_id: str = ""
    instance_id: str | None = None
    retention: int = -1


@dataclass(frozen=True)
class TxnOffsetCommit:
    """A producer commits positions with its transaction."""

    version: int
    group: str
    topics: tuple[TopicPositions, ...]
    producer_id: int
    producer_epoch: int
    generation: int = -1
    member_id: str = ""
    instance_id: str | None = None


@dataclass(frozen=True)
class TopicErrors:
    """What became of each partition of a topic."""

    topic: str
    partitions: tuple[tuple[int, ErrorCode], ...]
    topic_id: UUID = NIL


@dataclass(frozen=True)
class OffsetCommitResponse:
    """What became of each position, in a transaction or not."""

    topics: tuple[TopicErrors, ...]


@dataclass(frozen=True)
class TopicWanted:
    """Partitions of a topic."""

    topic: str
    partitions: tuple[int, ...]
    topic_id: UUID = NIL


@dataclass(frozen=True)
class GroupWanted:
    """What is asked of one group; no topics named: all that it has.

    member_epoch  -1 for who is no member of a consumer group
    """

    group: str
    topics: tuple[TopicWanted, ...] | None
    member_id: str | None = None
    member_epoch: int = -1


@dataclass(frozen=True)
class OffsetFetch:
    """Where do these groups stand; stable: unless a transaction is open there."""

    groups: tuple[GroupWanted, ...]
    require_stable: bool = False


@dataclass(frozen=True)
class Fetched:
    """A group's position in a partition."""

    partition: int
    offset: int = -1
    leader_epoch: int = -1
    metadata: str = ""
    error: ErrorCode = NONE


@dataclass(frozen=True)
class TopicFetched:
    """A group's positions in a topic."""

    topic: str
    partitions: tuple[Fetched, ...]
    topic_id: UUID = NIL


@dataclass(frozen=True)
class GroupFetched:
    """Where a group stands."""

    group: str
    topics: tuple[TopicFetched, ...] = ()
    error: ErrorCode = NONE


@dataclass(frozen=True)
class OffsetFetchResponse:
    """Where each group stands."""

    groups: tuple[GroupFetched, ...]


@dataclass(frozen=True)
class OffsetDelete:
    """A group's positions in these partitions are to be forgotten."""

    group: str
    topics: tuple[TopicWanted, ...]


@dataclass(frozen=True)
class OffsetDeleteResponse:
    """What became of each partition, unless all was refused."""

    error: ErrorCode = NONE
    topics: tuple[TopicErrors, ...] = ()
