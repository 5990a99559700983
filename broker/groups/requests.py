"""What is asked of the group coordinator, and what it answers: the classic protocol.

The handlers translate between these and the messages on the wire.  A request carries its version
where what it means depends on it.  An absent member id is "", an absent instance id None.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.errors import ErrorCode

NONE = ErrorCode.NONE


@dataclass(frozen=True)
class Protocol:
    """One of the assignors that a member can use, and what it tells the leader for it."""

    name: str
    metadata: bytes


@dataclass(frozen=True)
class JoinGroup:
    """A member wants to be in the next generation; timeouts in ms."""

    version: int
    group: str
    member_id: str
    session_timeout: int
    rebalance_timeout: int
    protocol_type: str
    protocols: tuple[Protocol, ...]
    instance_id: str | None = None
    client_id: str = ""
    client_host: str = ""


@dataclass(frozen=True)
class JoinedMember:
    """A member, as the leader is told of it."""

    member_id: str
    instance_id: str | None
    metadata: bytes


@dataclass(frozen=True)
class JoinGroupResponse:
    """Who is in the generation; `members` is for the leader only."""

    error: ErrorCode = NONE
    generation: int = -1
    protocol_type: str | None = None
    protocol_name: str | None = None
    leader: str = ""
    skip_assignment: bool = False
    member_id: str = ""
    members: tuple[JoinedMember, ...] = ()


@dataclass(frozen=True)
class SyncGroup:
    """A member asks for its assignment; the leader brings everyone's."""

    version: int
    group: str
    generation: int
    member_id: str
    instance_id: str | None = None
    protocol_type: str | None = None
    protocol_name: str | None = None
    assignments: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class SyncGroupResponse:
    """A member's assignment."""

    error: ErrorCode = NONE
    protocol_type: str | None = None
    protocol_name: str | None = None
    assignment: bytes = b""


@dataclass(frozen=True)
class Heartbeat:
    """A member is alive."""

    group: str
    generation: int
    member_id: str
    instance_id: str | None = None


@dataclass(frozen=True)
class HeartbeatResponse:
    """Whether it may go on as it is."""

    error: ErrorCode = NONE


@dataclass(frozen=True)
class Leaver:
    """Who leaves: by member id, or a static member by its instance id."""

    member_id: str
    instance_id: str | None = None


@dataclass(frozen=True)
class LeaveGroup:
    """Members leave."""

    group: str
    members: tuple[Leaver, ...]


@dataclass(frozen=True)
class Left:
    """What became of one of them."""

    member_id: str
    instance_id: str | None
    error: ErrorCode = NONE


@dataclass(frozen=True)
class LeaveGroupResponse:
    """What became of each."""

    error: ErrorCode = NONE
    members: tuple[Left, ...] = ()


@dataclass(frozen=True)
class DescribeGroups:
    """Somebody wants to know what these groups are doing."""

    version: int
    groups: tuple[str, ...]


@dataclass(frozen=True)
class DescribedMember:
    """A member; its metadata only in a stable group."""

    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    metadata: bytes
    assignment: bytes


@dataclass(frozen=True)
class DescribedGroup:
    """A group; the protocol only where it is stable."""

    group: str
    error: ErrorCode = NONE
    message: str | None = None
    state: str = ""
    protocol_type: str = ""
    protocol: str = ""
    members: tuple[DescribedMember, ...] = ()


@dataclass(frozen=True)
class DescribeGroupsResponse:
    """One after the other."""

    groups: tuple[DescribedGroup, ...]


@dataclass(frozen=True)
class ListGroups:
    """Which groups are there, in these states and of these types?  None named: in all."""

    states: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListedGroup:
    """A group's name, and what it is."""

    group: str
    protocol_type: str
    state: str
    type: str


@dataclass(frozen=True)
class ListGroupsResponse:
    """The groups that this coordinator has."""

    error: ErrorCode = NONE
    groups: tuple[ListedGroup, ...] = ()


@dataclass(frozen=True)
class DeleteGroups:
    """These groups are to be no more, and their offsets neither."""

    groups: tuple[str, ...]


@dataclass(frozen=True)
class DeleteGroupsResponse:
    """What became of each."""

    groups: tuple[tuple[str, ErrorCode], ...]
