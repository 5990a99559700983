"""The group coordinator: whose groups are whose.

It answers for the partitions of `__consumer_offsets` that it was elected for, each a `Shard` of
its own; a group that belongs to another partition is refused with NOT_COORDINATOR, and one whose
partition's log is still being replayed with COORDINATOR_LOAD_IN_PROGRESS, except that a heartbeat
is told that all is well: its member could do nothing about it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, assert_never
from uuid import UUID

from broker.errors import ErrorCode, Refused
from broker.events import Tell, ignore
from broker.groups import room
from broker.groups.config import GroupConfig
from broker.groups.consumer.requests import (
    ConsumerGroupHeartbeat,
)
from broker.groups.consumer.validation import refusal
from broker.groups.core import Core
from broker.groups.offsets.commits import failed
from broker.groups.offsets.requests import (
    OffsetCommit,
    OffsetDelete,
    OffsetDeleteResponse,
    TxnOffsetCommit,
)
from broker.groups.requests import (
    Heartbeat,
    HeartbeatResponse,
    JoinGroup,
    JoinGroupResponse,
    LeaveGroup,
    LeaveGroupResponse,
    SyncGroup,
    SyncGroupResponse,
)
from broker.groups.several import Several
from broker.groups.shard import ExpiryDue, Shard
from broker.owners import check_lengths, partition_for
from broker.sansio import (
    Appended,
    Ask,
    Elected,
    Ended,
    Fired,
    Input,
    Loaded,
    Marker,
    Outbox,
    Output,
    Replayed,
    Resigned,
)

NAMED = (JoinGroup, SyncGroup, Heartbeat, LeaveGroup, TxnOffsetCommit, OffsetDelete)
"""The requests that need a group with a name; others may be about the group named ""."""

REFUSALS: dict[type, Callable[[Any, ErrorCode], object]] = {
    JoinGroup: lambda request, error: JoinGroupResponse(error, member_id=request.member_id),
    SyncGroup: lambda _, error: SyncGroupResponse(error),
    Heartbeat: lambda _, error: HeartbeatResponse(
        ErrorCode.NONE if error is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS else error
    ),
    LeaveGroup: lambda _, error: LeaveGroupResponse(error),
    OffsetCommit: failed,
    TxnOffsetCommit: failed,
    OffsetDelete: lambda _, error: OffsetDeleteResponse(error),
    ConsumerGroupHeartbeat: refusal,
}
"""How each request about one group is refused as a whole."""


@dataclass(frozen=True)
class TopicsChanged:
    """These are the topics that there are: by name, the id and the number of partitions.

    What was committed in those that are no more is forgotten.
    """

    topics: Mapping[str, tuple[UUID, int]]


@dataclass(frozen=True)
class GroupsConfigured:
    """These are the groups that are configured otherwise than the rest, and how."""

    configs: Mapping[str, GroupConfig]


Event = Input | TopicsChanged | GroupsConfigured


class GroupCoordinator:
    """All groups that this broker answers for.

    new_id  makes the unique part of a member id
    tell    is told what becomes of groups and members
    """

    def __init__(self, config: GroupConfig, new_id: Callable[[], str], tell: Tell = ignore) -> None:
        self.config = config
        self._new_id, self._tell = new_id, tell
        self._numbers = count(1)
        self._out = Outbox(0)
        self._room = room.Room()
        self._freed: deque[Ask | Fired] = deque()
        self._topics: dict[str, tuple[UUID, int]] = {}
        self._configs: dict[str, GroupConfig] = {}
        self._shards: dict[int, Shard] = {}
        self._loading: dict[int, Shard] = {}
        self._several = Several(self._owner, self._shards, self._loading, self._out, config)

    def handle(self, event: Event, now: int) -> list[Output]:
        """What follows from an input, at this time in ms."""
        self._out.now, self._out.outputs = now, []
        self._take(event)
        while self._freed:
            self._take(self._freed.popleft())
        return self._out.outputs

    def _take(self, event: Event) -> None:
        match event:
            case Ask():
                self._ask(event)
            case Fired():
                self._fired(event)
            case Appended(ticket, error, offset):
                shard = self._shards.get(ticket[0])
                if shard is not None:
                    shard.core.appended(ticket, error, offset)
            case Elected(partition):
                self._loading[partition] = self._shard(partition)
            case Replayed(partition, entries):
                for entry in entries:
                    self._loading[partition].replay(entry)
            case Loaded(partition):
                self._shards[partition] = self._loading.pop(partition)
                self._shards[partition].loaded()
            case Ended(partition, marker):
                self._ended(partition, marker)
            case Resigned(partition):
                self._loading.pop(partition, None)
                if partition in self._shards:
                    self._shards.pop(partition).resign()
            case TopicsChanged(topics):
                self._topics_changed(topics)
            case GroupsConfigured(configs):
                self._configs.clear()
                self._configs.update(configs)
            case _:
                assert_never(event)

    def _ended(self, partition: int, marker: Marker) -> None:
        """A marker counts at once, or once what was before it in the log has been replayed."""
        if partition in self._loading:
            self._loading[partition].late.append(marker)
        elif partition in self._shards:
            self._shards[partition].replay(marker)

    def _topics_changed(self, topics: Mapping[str, tuple[UUID, int]]) -> None:
        gone = frozenset(
            name
            for name, (topic_id, _) in self._topics.items()
            if name not in topics or topics[name][0] != topic_id
        )
        self._topics.clear()
        self._topics.update(topics)
        for shard in self._shards.values() if gone else ():
            shard.forget_topics(gone)

    def _shard(self, partition: int) -> Shard:
        core = Core(
            partition,
            self.config,
            self._new_id,
            self._numbers,
            self._out,
            self._freed,
            self._topics,
            self._configs,
            tell=self._tell,
        )
        return Shard(core)

    def cores(self) -> Iterator[Core]:
        """The groups, partition by partition, of those whose log has been read."""
        return (shard.core for shard in self._shards.values())

    def _owner(self, group: str) -> Shard:
        """Who answers for a group; refused where it is not here, or not yet."""
        partition = partition_for(group, self.config.offsets_topic_num_partitions)
        if partition in self._loading:
            raise Refused(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
        if partition not in self._shards:
            raise Refused(ErrorCode.NOT_COORDINATOR)
        return self._shards[partition]

    # One group -------------------------------------------------------------------------------

    def _ask(self, ask: Ask) -> None:
        request = ask.request
        if type(request) in self._several.requests:
            self._several.requests[type(request)](ask)
            return
        try:
            self._check(request)
            self._owner(request.group).handle(ask)
        except Refused as refused:
            self._out.reply(ask.token, REFUSALS[type(request)](request, refused.error))

    def _check(self, request: Any) -> None:
        if isinstance(request, NAMED) and not request.group:
            raise Refused(ErrorCode.INVALID_GROUP_ID)
        check_lengths(vars(request).values())
        if isinstance(request, JoinGroup):
            check_lengths(each.name for each in request.protocols)
            least = self.config.group_min_session_timeout_ms
            most = self.config.group_max_session_timeout_ms
            if not least <= request.session_timeout <= most:
                raise Refused(ErrorCode.INVALID_SESSION_TIMEOUT)
        if isinstance(request, JoinGroup | ConsumerGroupHeartbeat):
            self._make_room(request)

    def _make_room(self, request: JoinGroup | ConsumerGroupHeartbeat) -> None:
        """Refuse to join where all members together are too many."""
        wanted = room.size(request)
        there = self._room.has(wanted, self._out.now, lambda: room.kept(self.cores()))
        if not there and not room.goes_on(request, wanted):
            raise Refused(ErrorCode.GROUP_MAX_SIZE_REACHED)

    def _fired(self, fired: Fired) -> None:
        if isinstance(fired.timer, ExpiryDue):
            if fired.timer.partition in self._shards:
                self._shards[fired.timer.partition].expire()
            return
        try:
            self._owner(fired.timer.group).handle(fired)  # type: ignore[attr-defined]
        except Refused:
            return  # it was set when the group was here
