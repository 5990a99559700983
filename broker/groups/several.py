"""Requests about several groups: what they are doing, where they stand, that they are to go.

Each group is asked where it is; what is refused of one is said of that one.  A fetch of stable
offsets waits for the writes that are under way, a deletion for its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from broker.errors import ErrorCode, Refused
from broker.groups.config import GroupConfig
from broker.groups.consumer.requests import (
    ConsumerGroupDescribe,
    ConsumerGroupDescribeResponse,
    DescribedConsumerGroup,
)
from broker.groups.describing import (
    absent,
    describe,
    describe_consumer,
    listed_classic,
    listed_consumer,
    wanted,
)
from broker.groups.offsets.fetches import check_member, fetch
from broker.groups.offsets.requests import (
    GroupFetched,
    GroupWanted,
    OffsetFetch,
    OffsetFetchResponse,
)
from broker.groups.requests import (
    DeleteGroups,
    DeleteGroupsResponse,
    DescribedGroup,
    DescribeGroups,
    DescribeGroupsResponse,
    ListGroups,
    ListGroupsResponse,
)
from broker.groups.shard import Shard
from broker.sansio import Ask, Outbox, Token


@dataclass
class Deleting:
    """What has become of the groups of a DeleteGroups so far."""

    token: Token
    outbox: Outbox
    groups: tuple[str, ...]
    results: dict[str, ErrorCode] = field(default_factory=dict)

    def settle(self, group: str, error: ErrorCode) -> None:
        """One is done; answer when all are."""
        self.results[group] = error
        if len(self.results) == len(self.groups):
            done = tuple((name, self.results[name]) for name in self.groups)
            self.outbox.reply(self.token, DeleteGroupsResponse(done))


@dataclass(frozen=True)
class Settled:
    """Writes that were under way are done: a fetch of stable offsets goes on.

    waited  the partitions whose writes have been waited for
    """

    several: Several
    ask: Ask
    waited: frozenset[int]

    def __call__(self, error: ErrorCode, offset: int) -> None:
        """Fetch."""
        del error, offset
        self.several.fetch(self.ask, self.waited)


class Several:
    """Requests about several groups.

    owner    who answers for a group; refused where it is not here, or not yet
    shards   those that answer, by partition
    loading  those whose log is being replayed
    """

    def __init__(
        self,
        owner: Callable[[str], Shard],
        shards: Mapping[int, Shard],
        loading: Mapping[int, Shard],
        out: Outbox,
        config: GroupConfig,
    ) -> None:
        self.owner, self.shards, self.loading = owner, shards, loading
        self.out, self.config = out, config
        self.requests: dict[type, Callable[[Ask], None]] = {
            DescribeGroups: self._describe,
            ListGroups: self._list,
            DeleteGroups: self._delete,
            OffsetFetch: self.fetch,
            ConsumerGroupDescribe: self._describe_consumers,
        }

    def _describe(self, ask: Ask) -> None:
        request: DescribeGroups = ask.request
        groups = tuple(self._described(name, request.version) for name in request.groups)
        self.out.reply(ask.token, DescribeGroupsResponse(groups))

    def _described(self, name: str, version: int) -> DescribedGroup:
        try:
            core = self.owner(name).core
        except Refused as refused:
            return DescribedGroup(name, refused.error)
        group = core.classic.get(name)
        if group is None:
            return absent(name, version, consumer=name in core.consumer)
        return describe(group)

    def _describe_consumers(self, ask: Ask) -> None:
        request: ConsumerGroupDescribe = ask.request
        groups = tuple(self._described_consumer(name) for name in request.groups)
        self.out.reply(ask.token, ConsumerGroupDescribeResponse(groups))

    def _described_consumer(self, name: str) -> DescribedConsumerGroup:
        if not name:
            return DescribedConsumerGroup(name, ErrorCode.INVALID_GROUP_ID)
        try:
            group = self.owner(name).core.consumer.get(name)
        except Refused as refused:
            return DescribedConsumerGroup(name, refused.error)
        if group is None:
            error, message = ErrorCode.GROUP_ID_NOT_FOUND, f"Group {name} is not a consumer group."
            return DescribedConsumerGroup(name, error, message)
        return describe_consumer(group, self.config.group_consumer_assignors)

    def _list(self, ask: Ask) -> None:
        loading = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
        groups = tuple(
            line
            for shard in self.shards.values()
            for line in (
                *map(listed_classic, shard.core.classic.values()),
                *map(listed_consumer, shard.core.consumer.values()),
            )
            if wanted(ask.request, line)
        )
        error = loading if self.loading else ErrorCode.NONE
        self.out.reply(ask.token, ListGroupsResponse(error, groups))

    def _delete(self, ask: Ask) -> None:
        names = dict.fromkeys(ask.request.groups)
        deleting = Deleting(ask.token, self.out, tuple(names))
        if not names:
            self.out.reply(ask.token, DeleteGroupsResponse(()))
        for name in names:
            try:
                self.owner(name).remove(name, _settling(deleting, name))
            except Refused as refused:
                deleting.settle(name, refused.error)

    def fetch(self, ask: Ask, waited: frozenset[int] = frozenset()) -> None:
        """Say where groups stand, once the writes that were under way are done."""
        request: OffsetFetch = ask.request
        if request.require_stable:
            for shard in self._busy(each.group for each in request.groups):
                if shard.core.partition not in waited:
                    last = next(reversed(shard.core.tickets))
                    then = Settled(self, ask, waited | {shard.core.partition})
                    shard.core.tickets[last].append(then)
                    return
        groups = tuple(self._fetched(each, request) for each in request.groups)
        self.out.reply(ask.token, OffsetFetchResponse(groups))

    def _busy(self, groups: Iterable[str]) -> Iterator[Shard]:
        for group in groups:
            try:
                shard = self.owner(group)
            except Refused:
                continue
            if shard.core.tickets:
                yield shard

    def _fetched(self, each: GroupWanted, request: OffsetFetch) -> GroupFetched:
        try:
            core = self.owner(each.group).core
            check_member(core.consumer.get(each.group), each)
        except Refused as refused:
            return GroupFetched(each.group, error=refused.error)
        return fetch(core.offsets, each, stable=request.require_stable)


def _settling(deleting: Deleting, name: str) -> Callable[[ErrorCode], None]:
    return lambda error: deleting.settle(name, error)
