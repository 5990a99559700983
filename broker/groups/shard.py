"""The coordinator of the groups of one partition of `__consumer_offsets`.

It takes what is asked of one group to where it is answered, what waits for a held group back to
where it was going, and the log's records to the state that they make.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from broker.errors import ErrorCode, Refused, append_error
from broker.groups.classic.group import ClassicGroup, Member, State
from broker.groups.classic.join import Joins
from broker.groups.classic.members import Members
from broker.groups.classic.rebalance import JoinDue, Rebalance, SessionDue, SyncDue
from broker.groups.consumer.group import ConsumerGroup
from broker.groups.consumer.group import Key as ConsumerKey
from broker.groups.consumer.heartbeat import Consumers
from broker.groups.consumer.requests import ConsumerGroupHeartbeat
from broker.groups.consumer.timers import KINDS, Watch
from broker.groups.core import Core
from broker.groups.migration.members import ClassicMembers
from broker.groups.offsets.commits import Commits, Written
from broker.groups.offsets.expiry import expired
from broker.groups.offsets.requests import OffsetCommit, OffsetDelete, TxnOffsetCommit
from broker.groups.records import Key, decode, encode
from broker.groups.records.classic import GroupKey, GroupValue, OffsetKey, OffsetValue
from broker.groups.records.consumer import EpochKey
from broker.groups.requests import (
    Heartbeat,
    JoinGroup,
    JoinGroupResponse,
    LeaveGroup,
    Protocol,
    SyncGroup,
    SyncGroupResponse,
)
from broker.sansio import Ask, Entry, Fired, Marker


@dataclass(frozen=True)
class ExpiryDue:
    """It is time to look for offsets that are to be forgotten."""

    partition: int


@dataclass(frozen=True)
class Removed:
    """A group's tombstones were written, or were not."""

    core: Core
    group: str
    then: Callable[[ErrorCode], None]

    def __call__(self, error: ErrorCode, offset: int) -> None:
        """The group is no more."""
        del offset
        if error is ErrorCode.NONE:
            self.core.classic.pop(self.group, None)
            self.core.consumer.pop(self.group, None)
        self.core.free(self.group)
        self.then(append_error(error))


class Shard:
    """The groups of one partition.

    late   markers that were written while the log before them was being replayed
    unled  groups that were written without a leader: they were about to rebalance
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self.late: list[Marker] = []
        self.unled: set[str] = set()
        self.rebalance = Rebalance(core)
        self.watch = Watch(core)
        consumers = Consumers(core, self.rebalance, self.watch)
        joins = Joins(core, self.rebalance)
        members = Members(core, self.rebalance)
        commits = Commits(core, self.rebalance)
        self._requests: dict[type, Callable[[Any, Any], None]] = {
            JoinGroup: joins.join,
            SyncGroup: members.sync,
            Heartbeat: members.heartbeat,
            LeaveGroup: members.leave,
            OffsetCommit: commits.commit,
            TxnOffsetCommit: commits.commit,
            OffsetDelete: commits.delete,
            ConsumerGroupHeartbeat: consumers.heartbeat,
        }
        classic = ClassicMembers(core, self.rebalance, self.watch)
        self._to_consumer_groups: dict[type, Callable[[Any, Any], None]] = {
            JoinGroup: classic.join,
            SyncGroup: classic.sync,
            Heartbeat: classic.heartbeat,
            LeaveGroup: classic.leave,
        }
        self._timers: dict[type, Callable[[Any], None]] = {
            JoinDue: self.rebalance.join_due,
            SyncDue: self.rebalance.sync_due,
            SessionDue: self.rebalance.session_due,
            **dict.fromkeys(KINDS, consumers.expire),
        }

    # Requests and timers ---------------------------------------------------------------------

    def handle(self, event: Ask | Fired) -> None:
        """Take what has come for a group to where it belongs, or let it wait."""
        group = event.request.group if isinstance(event, Ask) else event.timer.group  # type: ignore[attr-defined]
        if group in self.core.held:
            self.core.held[group].append(event)
        elif isinstance(event, Fired):
            self._timers[type(event.timer)](event.timer)
        else:
            consumer, kind = self.core.consumer.get(group), type(event.request)
            taken = consumer is not None and consumer.members and kind in self._to_consumer_groups
            requests = self._to_consumer_groups if taken else self._requests
            requests[kind](event.token, event.request)

    # Removal ---------------------------------------------------------------------------------

    def remove(self, name: str, then: Callable[[ErrorCode], None]) -> None:
        """Remove an empty group and its offsets; refused where it is not empty."""
        tombstones = self._tombstones(name)
        if name in self.core.held:
            raise Refused(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
        self.core.hold(name)
        changes = tuple((key, None) for key in self.core.offsets.keys(name))
        self.core.write(
            [encode(key, None) for key in (*(key for key, _ in changes), *tombstones)],
            Written(self.core, None, changes, lambda _: None),
            Removed(self.core, name, then),
        )

    def _tombstones(self, name: str) -> list[Key]:
        """The keys of an empty group's own records; refused where it is not empty, or not there."""
        classic, consumer = self.core.classic.get(name), self.core.consumer.get(name)
        if classic is None and consumer is None:
            raise Refused(ErrorCode.GROUP_ID_NOT_FOUND)
        if not all(is_empty(each) for each in (classic, consumer) if each is not None):
            raise Refused(ErrorCode.NON_EMPTY_GROUP)
        return [GroupKey(name)] if consumer is None else [*consumer.tombstones()]

    def expire(self) -> None:
        """Forget the offsets, and the empty groups, that nobody has needed for long enough."""
        retention = self.core.config.offsets_retention_ms
        groups: list[ClassicGroup | ConsumerGroup] = [*self.core.classic.values()]
        for group in [*groups, *self.core.consumer.values()]:
            if group.name in self.core.held:
                continue
            gone = [*expired(group, self.core.offsets, self.core.out.now, retention)]
            last = len(gone) == len([*self.core.offsets.keys(group.name)])
            if last and is_empty(group):
                self.remove(group.name, lambda _: None)
            elif gone:
                changes = tuple((key, None) for key in gone)
                then = Written(self.core, None, changes, lambda _: None)
                self.core.write([encode(*change) for change in changes], then)
        self._watch_expiry()

    def forget_topics(self, topics: frozenset[str]) -> None:
        """Forget what is committed in topics that are no more."""
        names = {*self.core.offsets.committed, *self.core.classic, *self.core.consumer}
        changes = tuple(
            (key, None)
            for name in sorted(names)
            for key in self.core.offsets.keys(name)
            if key.topic in topics
        )
        if changes:
            then = Written(self.core, None, changes, lambda _: None)
            self.core.write([encode(*change) for change in changes], then)

    def _watch_expiry(self) -> None:
        interval = self.core.config.offsets_retention_check_interval_ms
        self.core.out.set_timer(ExpiryDue(self.core.partition), interval)

    # The log ---------------------------------------------------------------------------------

    def replay(self, entry: Entry | Marker) -> None:
        """A record, or a marker, is in the log."""
        if isinstance(entry, Marker):
            self.core.offsets.end(entry.producer_id, commit=entry.commit)
            return
        match decode(entry.record):
            case OffsetKey() as key, (OffsetValue() | None) as value:
                self.core.offsets.apply(key, value, entry.offset, entry.producer_id)
                known = key.group in self.core.classic or key.group in self.core.consumer
                if value is not None and not known:
                    self.core.classic[key.group] = ClassicGroup(key.group)
            case GroupKey(name), GroupValue() as group:
                self.core.classic[name] = restored(name, group)
                (self.unled.discard if group.leader else self.unled.add)(name)
                self.core.consumer.pop(name, None)
            case GroupKey(name), None:
                self.core.classic.pop(name, None)
            case (key, value) if isinstance(key, ConsumerKey):
                self._replay_consumer(key, value)
            case _:
                pass

    def _replay_consumer(self, key: ConsumerKey, value: Any) -> None:
        """A consumer group comes to be with any record of it, and is no more without its epoch."""
        name = key.group
        if value is None and name not in self.core.consumer:
            return
        if isinstance(key, EpochKey) and value is None:
            del self.core.consumer[name]
            return
        if name not in self.core.consumer:
            self.core.consumer[name] = ConsumerGroup(name)
            self.core.classic.pop(name, None)
        self.core.consumer[name].apply(key, value)

    def loaded(self) -> None:
        """All members have a session from now on; who is too large, or is to, rebalances."""
        for marker in self.late:
            self.replay(marker)
        for group in self.core.classic.values():
            for member in group.members.values():
                self.rebalance.alive(group, member)
            if len(group.members) > self.core.config.group_max_size:
                self.rebalance.prepare(group, "it is too large")
        for consumer in self.core.consumer.values():
            for each in consumer.members.values():
                self.watch.heard(consumer, each)
                self.watch.moved(consumer, each)
        self._watch_expiry()

    def resign(self) -> None:
        """Tell everyone who waits that the groups are somebody else's."""
        error = ErrorCode.NOT_COORDINATOR
        for ticket in [*self.core.tickets]:
            self.core.appended(ticket, error, -1)
        for group in self.core.classic.values():
            for member in group.members.values():
                self.rebalance.answer_join(
                    member, JoinGroupResponse(error, member_id=member.member_id)
                )
                self.rebalance.answer_sync(member, SyncGroupResponse(error))


def is_empty(group: ClassicGroup | ConsumerGroup) -> bool:
    """Whether nobody is in a group, or about to be."""
    return group.state is State.EMPTY if isinstance(group, ClassicGroup) else not group.members


def restored(name: str, value: GroupValue) -> ClassicGroup:
    """A group as its record says it was: stable, or empty."""
    group = ClassicGroup(
        name,
        State.STABLE if value.members else State.EMPTY,
        value.generation,
        value.protocol_type or None,
        value.protocol,
        value.leader,
        None if value.current_state_timestamp == -1 else value.current_state_timestamp,
    )
    for each in value.members:
        timeout = each.session_timeout if each.rebalance_timeout == -1 else each.rebalance_timeout
        group.add(
            Member(
                each.member_id,
                each.group_instance_id,
                each.client_id,
                each.client_host,
                each.session_timeout,
                timeout,
                (Protocol(value.protocol or "", each.subscription),),
                each.assignment,
            )
        )
    group.topics = group.subscribed()
    return group
