"""A consumer group: its epochs, its members, and what each has and is to have.

Three things move one after the other:

    the group's epoch     with every change of members, subscriptions or topics
    the target            made for one epoch of the group: what each member is to have
    a member's epoch      that of the target that it follows

and the state tells which lags: Empty without members, Assigning while the target does, Reconciling
while a member does, else Stable.

The group is the fold of its records: `apply` each, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from uuid import UUID

from broker.groups.records.consumer import (
    CurrentKey,
    CurrentValue,
    EpochKey,
    EpochValue,
    RegexKey,
    RegexValue,
    SubscriptionKey,
    SubscriptionValue,
    TargetEpochKey,
    TargetEpochValue,
    TargetKey,
    TargetValue,
    TopicPartitions,
)

Partition = tuple[UUID, int]
Key = EpochKey | SubscriptionKey | TargetEpochKey | TargetKey | CurrentKey | RegexKey
Value = EpochValue | SubscriptionValue | TargetEpochValue | TargetValue | CurrentValue | RegexValue

FIRST_EPOCH = 1
"""The epoch of a group, and of its target, before anything has happened."""

NOWHERE = -1
"""The epoch of a member of which only the subscription is known."""

UNSUBSCRIBED = SubscriptionValue(None, None, "", "", (), None, -1, None)


class MemberState(Enum):
    """What a member waits for; the values are those of its records."""

    STABLE = 0
    UNREVOKED = 1
    UNRELEASED = 2


@dataclass(frozen=True)
class Member:
    """A member.

    assigned  what it has, and its epoch when it got each
    revoking  what it has been asked to give up
    joining   it has not been told anything yet
    """

    member_id: str
    subscription: SubscriptionValue = UNSUBSCRIBED
    epoch: int = 0
    previous_epoch: int = NOWHERE
    state: MemberState = MemberState.STABLE
    assigned: Mapping[Partition, int] = field(default_factory=dict)
    revoking: Mapping[Partition, int] = field(default_factory=dict)

    @property
    def current(self) -> CurrentValue:
        """What is written of what it has."""
        return CurrentValue(
            self.epoch,
            self.previous_epoch,
            self.state.value,
            packed(self.assigned),
            packed(self.revoking),
        )

    def at(self, value: CurrentValue) -> Member:
        """The member, having this."""
        return replace(
            self,
            epoch=value.epoch,
            previous_epoch=value.previous_epoch,
            state=MemberState(value.state),
            assigned=dict(_unpacked(value.assigned)),
            revoking=dict(_unpacked(value.revoking)),
        )


@dataclass
class ConsumerGroup:
    """A group.

    hash      of the topics that were last looked at
    target_at when the target was made, ms
    regexes   the topics that each regular expression stands for
    """

    name: str
    epoch: int = FIRST_EPOCH
    hash: int = 0
    target_epoch: int = FIRST_EPOCH
    target_at: int = 0
    members: dict[str, Member] = field(default_factory=dict)
    targets: dict[str, frozenset[Partition]] = field(default_factory=dict)
    regexes: dict[str, frozenset[str]] = field(default_factory=dict)

    def copy(self) -> ConsumerGroup:
        """A group that can be changed without changing this one."""
        return replace(
            self,
            members=dict(self.members),
            targets=dict(self.targets),
            regexes=dict(self.regexes),
        )

    def apply(self, key: Key, value: Value | None) -> None:
        """A record is in the log."""
        match key, value:
            case EpochKey(), EpochValue(epoch, metadata_hash):
                self.epoch, self.hash = epoch, metadata_hash
            case TargetEpochKey(), TargetEpochValue(epoch, at):
                self.target_epoch, self.target_at = epoch, at
            case SubscriptionKey(_, name), SubscriptionValue():
                self.members[name] = replace(self._member(name), subscription=value)
            case SubscriptionKey(_, name), None:
                self.members.pop(name, None)
                self.targets.pop(name, None)
            case TargetKey(_, name), TargetValue(assigned):
                self.targets[name] = frozenset(part for part, _ in _unpacked(assigned))
            case TargetKey(_, name), None:
                self.targets.pop(name, None)
            case CurrentKey(_, name), CurrentValue():
                self.members[name] = self._member(name).at(value)
            case CurrentKey(_, name), None:
                if name in self.members:
                    subscription = self.members[name].subscription
                    self.members[name] = Member(name, subscription, NOWHERE)
            case RegexKey(_, regex), RegexValue(topics):
                self.regexes[regex] = frozenset(topics)
            case RegexKey(_, regex), None:
                self.regexes.pop(regex, None)
            case _:
                pass

    def _member(self, name: str) -> Member:
        return self.members.get(name) or Member(name)

    def tombstones(self) -> Iterator[Key]:
        """The keys of all records that there can be of the group."""
        for name in self.members:
            yield CurrentKey(self.name, name)
        for name in dict.fromkeys((*self.members, *self.targets)):
            yield TargetKey(self.name, name)
        yield TargetEpochKey(self.name)
        for name in self.members:
            yield SubscriptionKey(self.name, name)
        for regex in self.regexes:
            yield RegexKey(self.name, regex)
        yield EpochKey(self.name)

    def static(self, instance_id: str) -> Member | None:
        """The member that goes by an instance id."""
        for member in self.members.values():
            if member.subscription.instance_id == instance_id:
                return member
        return None

    def owned(self, but: str) -> set[Partition]:
        """What members other than one have, or have yet to give up."""
        return {
            partition
            for name, member in self.members.items()
            if name != but
            for partition in (*member.assigned, *member.revoking)
        }

    def subscribed(self, member: Member) -> set[str]:
        """The topics that a member subscribes to, by name or by expression."""
        said = member.subscription
        return {*said.topics, *self.regexes.get(said.regex or "", ())}

    @property
    def topics(self) -> set[str]:
        """The topics that any member subscribes to."""
        return {topic for each in self.members.values() for topic in self.subscribed(each)}

    @property
    def state(self) -> str:
        """What the group is doing, as clients are told."""
        if not self.members:
            return "Empty"
        if self.epoch > self.target_epoch:
            return "Assigning"
        followed = all(
            member.state is MemberState.STABLE and member.epoch == self.target_epoch
            for member in self.members.values()
        )
        return "Stable" if followed else "Reconciling"


def packed(partitions: Mapping[Partition, int]) -> tuple[TopicPartitions, ...]:
    """Partitions by topic, with their epochs, as they are written."""
    return tuple(
        TopicPartitions(
            each.topic_id,
            each.partitions,
            tuple(partitions[each.topic_id, number] for number in each.partitions),
        )
        for each in listed(partitions)
    )


def listed(partitions: Iterable[Partition]) -> tuple[TopicPartitions, ...]:
    """Partitions by topic."""
    topics: dict[UUID, list[int]] = {}
    for topic_id, number in sorted(partitions, key=lambda each: (each[0].bytes, each[1])):
        topics.setdefault(topic_id, []).append(number)
    return tuple(TopicPartitions(topic_id, tuple(found)) for topic_id, found in topics.items())


def _unpacked(topics: Iterable[TopicPartitions]) -> Iterator[tuple[Partition, int]]:
    for each in topics:
        epochs = each.epochs or (0,) * len(each.partitions)
        for number, epoch in zip(each.partitions, epochs, strict=True):
            yield (each.topic_id, number), epoch


def unlisted(topics: Iterable[TopicPartitions]) -> frozenset[Partition]:
    """The partitions that are listed by topic."""
    return frozenset(partition for partition, _ in _unpacked(topics))
