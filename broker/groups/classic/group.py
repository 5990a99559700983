"""A classic group: its members, its state, and the vote on a protocol.

    Empty ──join──▶ PreparingRebalance ──all there, or time is up──▶ CompletingRebalance
      ▲                ▲     │ nobody is left            join, leave, expiry │ │ leader's
      └────────────────┼─────┘◀───────────────────────────────────────────────┘ │ assignment
                       └──────────── join, leave, expiry ──── Stable ◀──────────┘

A *generation* is one outcome of the first arrow to the right; its number grows by one with each,
also where the group turns out empty.  A member that has asked to join waits ("is parked") until
then; one that has asked for its assignment waits until the leader has brought it.

Ids that were given to members that have yet to come back with them are *pending*: no members, but
a rebalance waits for them.  A *static* member has an instance id, under which it may come back
with another member id.

The vote: the protocols that every member lists are candidates; each member votes for the first of
its own that is one; the most votes win, a tie is decided as Kafka's hash table happens to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from broker.errors import ErrorCode, Refused
from broker.groups.requests import JoinedMember, Protocol
from broker.owners import java_hash
from broker.sansio import Token
from broker.schema import INT16, INT32, STRING, Array, Damaged, Reader

CONSUMER = "consumer"
"""The protocol type of groups whose members consume topics."""


class State(Enum):
    """What a group is doing; the values are the names that clients see."""

    EMPTY = "Empty"
    PREPARING = "PreparingRebalance"
    COMPLETING = "CompletingRebalance"
    STABLE = "Stable"


LEADS_TO = {
    State.EMPTY: {State.PREPARING},
    State.PREPARING: {State.COMPLETING, State.EMPTY},
    State.COMPLETING: {State.STABLE, State.PREPARING},
    State.STABLE: {State.PREPARING},
}


@dataclass
class Member:
    """A member, and the answers that it waits for.

    joining, syncing  whoever waits for the answer to its JoinGroup, to its SyncGroup
    new               it has not been in a generation yet
    """

    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    session_timeout: int
    rebalance_timeout: int
    protocols: tuple[Protocol, ...]
    assignment: bytes = b""
    joining: Token | None = None
    syncing: Token | None = None
    new: bool = False

    def metadata(self, protocol: str | None) -> bytes:
        """What it says for a protocol that it lists."""
        return next(each.metadata for each in self.protocols if each.name == protocol)


@dataclass
class Initial:
    """The wait for more members before an empty group's first generation, in ms.

    delay      how long is being waited now
    remaining  how long may be waited after that
    joined     somebody has come meanwhile
    """

    delay: int
    remaining: int
    joined: bool = False


@dataclass
class ClassicGroup:
    """A group; members in the order in which they joined.

    since    when it came into its state, ms; None unknown
    pending  ids that were given out, and nobody has come back with
    unsynced members of the generation that have not asked for their assignment yet
    initial  the wait for more members, in a group that was empty
    topics   what a consumer group's members subscribe to; None where that is not known
    """

    name: str
    state: State = State.EMPTY
    generation: int = 0
    protocol_type: str | None = None
    protocol: str | None = None
    leader: str | None = None
    since: int | None = None
    members: dict[str, Member] = field(default_factory=dict)
    statics: dict[str, str] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    unsynced: set[str] = field(default_factory=set)
    initial: Initial | None = None
    topics: frozenset[str] | None = None

    def turn(self, state: State, now: int) -> None:
        """Come into a state."""
        assert state in LEADS_TO[self.state], (self.state, state)
        self.state = state
        self.since = now

    # Members ---------------------------------------------------------------------------------

    def add(self, member: Member) -> None:
        """A member is there; the first one leads, and says what kind of group it is."""
        assert member.instance_id not in self.statics
        if member.instance_id is not None:
            self.statics[member.instance_id] = member.member_id
        self.members[member.member_id] = member
        self.leader = self.leader or member.member_id
        self.pending.discard(member.member_id)

    def remove(self, member_id: str) -> None:
        """A member, or a pending id, is there no more; somebody else leads, if it did."""
        member = self.members.pop(member_id, None)
        if member is not None and member.instance_id is not None:
            del self.statics[member.instance_id]
        if self.leader == member_id:
            self.leader = next(iter(self.members), None)
        self.pending.discard(member_id)
        self.unsynced.discard(member_id)

    def rename(self, member: Member, member_id: str) -> None:
        """A static member goes by another id."""
        assert member.instance_id is not None
        del self.members[member.member_id]
        if self.leader == member.member_id:
            self.leader = member_id
        self.unsynced.discard(member.member_id)
        member.member_id = self.statics[member.instance_id] = member_id
        self.members[member_id] = member

    def validated(self, member_id: str, instance_id: str | None) -> Member:
        """The member; refused where it is none, or another one goes by its instance id."""
        if instance_id is not None:
            known = self.statics.get(instance_id)
            if known is None:
                raise Refused(ErrorCode.UNKNOWN_MEMBER_ID)
            if known != member_id:
                raise Refused(ErrorCode.FENCED_INSTANCE_ID)
        if member_id not in self.members:
            raise Refused(ErrorCode.UNKNOWN_MEMBER_ID)
        return self.members[member_id]

    @property
    def parked(self) -> list[Member]:
        """The members that wait for the next generation."""
        return [member for member in self.members.values() if member.joining is not None]

    @property
    def all_joined(self) -> bool:
        """Whether nobody is waited for."""
        return not self.pending and len(self.parked) == len(self.members)

    @property
    def rebalance_timeout(self) -> int:
        """How long members may take to rejoin: as long as the most patient one says, ms."""
        return max((member.rebalance_timeout for member in self.members.values()), default=0)

    # Protocols -------------------------------------------------------------------------------

    def _candidates(self) -> set[str]:
        lists = [{each.name for each in member.protocols} for member in self.members.values()]
        return set.intersection(*lists) if lists else set()

    def supports(self, protocol_type: str, protocols: Iterable[Protocol]) -> bool:
        """Whether somebody with these protocols could be a member."""
        names = {each.name for each in protocols}
        if self.state is State.EMPTY:
            return bool(protocol_type) and bool(names)
        if self.protocol_type != protocol_type:
            return False
        # A group of pending ids alone has nobody whose protocols would have to be met.
        return bool(names & self._candidates()) if self.members else bool(names)

    def vote(self) -> str:
        """The protocol that the members choose."""
        candidates = self._candidates()
        votes = Counter(
            next(each.name for each in member.protocols if each.name in candidates)
            for member in self.members.values()
        )
        most = max(votes.values())
        return min((name for name, count in votes.items() if count == most), key=_bucket)

    def next_generation(self, now: int) -> None:
        """The members that are there are a generation."""
        self.generation += 1
        self.unsynced.clear()
        self.initial = None
        self.protocol = self.vote() if self.members else None
        self.turn(State.COMPLETING if self.members else State.EMPTY, now)
        self.topics = self.subscribed()

    def subscribed(self) -> frozenset[str] | None:
        """The topics that any member subscribes to; None where it cannot be known."""
        if self.protocol_type != CONSUMER:
            return None
        try:
            return frozenset(
                topic
                for member in self.members.values()
                for topic in subscribed_topics(member.metadata(self.protocol))
            )
        except Damaged:
            return None

    def listing(self) -> tuple[JoinedMember, ...]:
        """The members, as the leader is told of them."""
        return tuple(
            JoinedMember(member.member_id, member.instance_id, member.metadata(self.protocol))
            for member in self.members.values()
        )


def _bucket(name: str) -> tuple[int, str]:
    """Where a Java hash table of sixteen buckets keeps a name."""
    value = java_hash(name) & 0xFFFF_FFFF
    return (value ^ value >> 16) & 15, name


def subscribed_topics(metadata: bytes) -> tuple[str, ...]:
    """The topics of a consumer's subscription, whatever its version; `Damaged` if it is none."""
    data = Reader(metadata)
    INT16.read(data, 0, flexible=False)
    topics: tuple[str, ...] = Array(STRING).read(data, 0, flexible=False)
    INT32.read(data, 0, flexible=False)  # the length of the user data, at least, is there
    return topics
