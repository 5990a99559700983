"""Clients of both protocols, one group's members, as well-behaved as real ones: slow, never wrong.

A client does one thing at a time: it joins, asks for its assignment, or says that it is alive.
What it *has* is what it reads from: an eager client gives all of it up before it joins, a
cooperative one what it is no longer assigned once it is told, and one of the consumer protocol by
its next heartbeat, or the one after.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from broker.errors import ErrorCode
from broker.groups.consumer.group import Partition, listed, unlisted
from broker.groups.consumer.requests import ConsumerGroupHeartbeat
from broker.groups.migration.embedded import (
    Assignment,
    NamedPartitions,
    Subscription,
    read_assignment,
    read_subscription,
    write_assignment,
    write_subscription,
)
from broker.groups.requests import (
    Heartbeat,
    HeartbeatResponse,
    JoinedMember,
    JoinGroup,
    JoinGroupResponse,
    Protocol,
    SyncGroup,
    SyncGroupResponse,
)
from tests.broker.shell import Shell

GROUP = "g"
TOPICS = {name: UUID(int=number) for number, name in enumerate("tu", start=1)}
NAMES = {topic_id: name for name, topic_id in TOPICS.items()}
SESSION, REBALANCE = 6_000, 9_000
EAGER, COOPERATIVE, CONSUMER = "eager", "cooperative", "consumer"
LOST = {
    ErrorCode.UNKNOWN_MEMBER_ID,
    ErrorCode.ILLEGAL_GENERATION,
    ErrorCode.FENCED_MEMBER_EPOCH,
    ErrorCode.FENCED_INSTANCE_ID,
    ErrorCode.GROUP_ID_NOT_FOUND,
}
Has = frozenset[Partition]
NOTHING: Has = frozenset()


def named(partitions: Has) -> tuple[NamedPartitions, ...]:
    return tuple(NamedPartitions(NAMES[each.topic_id], each.partitions)
                 for each in listed(partitions))  # fmt: skip


def unnamed(parts: tuple[NamedPartitions, ...]) -> Has:
    return frozenset((TOPICS[each.topic], n) for each in parts for n in each.partitions)


@dataclass
class Client:
    """One client.

    number   odd ones are static
    protocol how it is configured
    at       its generation or member epoch
    has      what it reads from
    told     what it was assigned last
    asked    the request that it waits for
    """

    number: int
    protocol: str
    topics: tuple[str, ...]
    shell: Shell
    member: str = ""
    at: int = 0
    has: Has = NOTHING
    told: Has = NOTHING
    phase: str = "join"
    asked: int | None = None
    led: tuple[JoinedMember, ...] = ()
    incarnation: int = 0

    @property
    def instance(self) -> str | None:
        return f"s{self.number}" if self.number % 2 else None

    def lose(self, *, name: bool = True) -> None:
        """It has nothing any more, and joins anew."""
        self.has = self.told = NOTHING
        self.at, self.phase, self.asked = 0, "join", None
        if name:
            self.member = ""

    def restart(self, protocol: str) -> None:
        """Its process ends, and another one begins."""
        self.lose()
        self.incarnation += 1
        self.protocol = protocol

    # What it does ----------------------------------------------------------------------------

    def step(self, sizes: dict[str, int], *, slow: bool = False) -> None:
        """It does the next thing, unless it waits for an answer."""
        if self.asked is not None:
            return
        if self.protocol == CONSUMER:
            self._ask(self._beat(slow=slow))
        elif self.phase == "join":
            if self.protocol == EAGER:
                self.has = NOTHING
            self._ask(self._join())
        elif self.phase == "sync":
            self._ask(self._sync(sizes))
        else:
            self._ask(Heartbeat(GROUP, self.at, self.member, self.instance))

    def _ask(self, request: object) -> None:
        self.asked = self.shell.ask(request)
        self.hear()

    def hear(self) -> None:
        """It is answered, if it is."""
        if self.asked is None or self.asked not in self.shell.replies:
            return
        response = self.shell.replies[self.asked]
        self.asked = None
        self._heard(response)

    def _beat(self, *, slow: bool) -> ConsumerGroupHeartbeat:
        joins = self.at == 0
        if joins and not self.member:
            self.member = f"m{self.number}.{self.incarnation}"
        if not slow:
            self.has &= self.told
        return ConsumerGroupHeartbeat(
            1,
            GROUP,
            self.member,
            self.at,
            instance_id=self.instance,
            rebalance_timeout=REBALANCE if joins else -1,
            topics=self.topics if joins else None,
            owned=() if joins else listed(self.has),
        )

    def _join(self) -> JoinGroup:
        said = Subscription(self.topics, None, named(self.has), self.at)
        return JoinGroup(
            5,
            GROUP,
            self.member,
            SESSION,
            REBALANCE,
            "consumer",
            (Protocol("any", write_subscription(said, 2)),),
            self.instance,
            f"c{self.number}",
        )

    def _sync(self, sizes: dict[str, int]) -> SyncGroup:
        assignments = tuple(
            (name, write_assignment(Assignment(named(given)), 2))
            for name, given in lead(self.led, sizes).items()
        )
        return SyncGroup(3, GROUP, self.at, self.member, self.instance, assignments=assignments)

    # What it is told -------------------------------------------------------------------------

    def _heard(self, response: Any) -> None:
        error = response.error
        if error in LOST:
            self.lose()
        elif isinstance(response, JoinGroupResponse):
            self._joined(response)
        elif isinstance(response, SyncGroupResponse):
            self.phase = "join"
            if error is ErrorCode.NONE:
                before = self.has
                self.has = self.told = unnamed(read_assignment(response.assignment).partitions)
                gives_up = self.protocol == COOPERATIVE and bool(before - self.has)
                self.phase = "join" if gives_up else "live"
        elif isinstance(response, HeartbeatResponse):
            if error is ErrorCode.REBALANCE_IN_PROGRESS:
                self.phase = "join"
        elif error is ErrorCode.NONE:
            self.at = response.member_epoch
            if response.assignment is not None:
                self.told = unlisted(response.assignment)
                self.has |= self.told

    def _joined(self, response: JoinGroupResponse) -> None:
        if response.error is ErrorCode.MEMBER_ID_REQUIRED:
            self.member = response.member_id
        elif response.error is ErrorCode.NONE:
            self.member, self.at = response.member_id, response.generation
            self.led, self.phase = response.members, "sync"


def lead(members: tuple[JoinedMember, ...], sizes: dict[str, int]) -> dict[str, Has]:
    """What a leader assigns: nothing to anybody that another one has not given up yet."""
    said = {each.member_id: read_subscription(each.metadata) for each in members}
    # Of those who say that they have a partition, who has seen the newest generation has it.
    owners: dict[Partition, str] = {}
    for name in sorted(said, key=lambda each: said[each].generation):
        owners.update(dict.fromkeys(unnamed(said[name].owned), name))
    found: dict[str, set[Partition]] = {name: set() for name in said}
    for topic, size in sorted(sizes.items()):
        takers = sorted(name for name in said if topic in said[name].topics)
        for number in range(size if takers else 0):
            taker, partition = takers[number % len(takers)], (TOPICS[topic], number)
            if owners.get(partition, taker) == taker:
                found[taker].add(partition)
    return {name: frozenset(given) for name, given in found.items()}


@dataclass
class Crowd:
    """The clients of one group, some of which are there."""

    shell: Shell
    clients: dict[int, Client] = field(default_factory=dict)

    def hear(self) -> None:
        """Whoever was answered hears it."""
        for client in self.clients.values():
            client.hear()

    def step(self, number: int, sizes: dict[str, int], *, slow: bool) -> None:
        self.clients[number].step(sizes, slow=slow)
        self.hear()
