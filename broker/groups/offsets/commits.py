"""OffsetCommit, TxnOffsetCommit and OffsetDelete.

Who may commit to a classic group:

- anybody without a generation, while the group is empty: a *simple* consumer, for which the group
  comes to be if it is not there;
- a member of the current generation, while the group is stable or preparing a rebalance (that is
  how what has been read is committed before partitions move), not while it completes one;
- a producer in a transaction, also without saying who it is, and at any time.

The newest commit counts, whether it is ahead of the one before or behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from broker.errors import ErrorCode, Refused, append_error
from broker.groups.classic.group import CONSUMER, ClassicGroup, State
from broker.groups.classic.rebalance import Rebalance
from broker.groups.consumer.group import ConsumerGroup
from broker.groups.core import Core
from broker.groups.offsets.requests import (
    OffsetCommit,
    OffsetCommitResponse,
    OffsetDelete,
    OffsetDeleteResponse,
    Position,
    TopicErrors,
    TxnOffsetCommit,
)
from broker.groups.offsets.store import NO_PRODUCER
from broker.groups.records import encode
from broker.groups.records.classic import OffsetKey, OffsetValue
from broker.sansio import Producer, Token
from broker.schema import NIL

KNOWS_NO_GROUP = 9
"""The first version of OffsetCommit that can be told that there is no such group."""

KNOWS_EPOCHS = 9
"""The first version of OffsetCommit that members of consumer groups may use."""

Request = OffsetCommit | TxnOffsetCommit
Change = tuple[OffsetKey, OffsetValue | None]


@dataclass(frozen=True)
class Written:
    """Positions were written, or were not.

    changes   what the records say, in order
    response  the answer, given what became of the write
    """

    core: Core
    token: Token | None
    changes: tuple[Change, ...]
    response: Callable[[ErrorCode], object]
    producer: int = NO_PRODUCER

    def __call__(self, error: ErrorCode, offset: int) -> None:
        """Let them count, and answer."""
        if error is ErrorCode.NONE:
            for at, (key, value) in enumerate(self.changes, offset):
                self.core.offsets.apply(key, value, at, self.producer)
        if self.token is not None:
            self.core.out.reply(self.token, self.response(append_error(error)))


def validate(group: ClassicGroup, request: Request) -> None:
    """Refuse a commit of who may not commit to this group."""
    transactional = isinstance(request, TxnOffsetCommit)
    empty = group.state is State.EMPTY
    if request.generation < 0 and empty:
        return
    if request.generation >= 0 or request.member_id or request.instance_id is not None:
        group.validated(request.member_id, request.instance_id)
        if request.generation != group.generation:
            raise Refused(ErrorCode.ILLEGAL_GENERATION)
    elif not transactional and not empty:
        raise Refused(ErrorCode.UNKNOWN_MEMBER_ID)
    if not transactional and group.state is State.COMPLETING:
        raise Refused(ErrorCode.REBALANCE_IN_PROGRESS)


def validate_consumer(
    group: ConsumerGroup, request: Request, topics: Mapping[str, tuple[UUID, int]]
) -> None:
    """Refuse a commit of who may not commit to this consumer group.

    Who is behind the group may commit where it has been since before it fell behind.
    """
    transactional = isinstance(request, TxnOffsetCommit)
    epoch = request.generation
    blank = epoch < 0 and not request.member_id and request.instance_id is None
    if (epoch < 0 and not group.members) or (transactional and blank):
        return
    member = group.members.get(request.member_id)
    if member is None:
        raise Refused(ErrorCode.UNKNOWN_MEMBER_ID)
    classic = member.subscription.classic is not None
    if not transactional and not classic and request.version < KNOWS_EPOCHS:
        raise Refused(ErrorCode.UNSUPPORTED_VERSION)
    if epoch == member.epoch:
        return
    had = {**member.revoking, **member.assigned}
    nil = (NIL, 0)
    behind = all(
        had.get((topics.get(each.topic, nil)[0], position.partition), epoch + 1) <= epoch
        for each in request.topics
        for position in each.positions
    )
    if epoch > member.epoch or not behind:
        stale = ErrorCode.STALE_MEMBER_EPOCH
        raise Refused(ErrorCode.ILLEGAL_GENERATION if transactional or classic else stale)


def failed(request: Request, error: ErrorCode) -> OffsetCommitResponse:
    """The answer where nothing was committed."""
    return OffsetCommitResponse(
        tuple(
            TopicErrors(
                each.topic,
                tuple((position.partition, error) for position in each.positions),
                each.topic_id,
            )
            for each in request.topics
        )
    )


class Commits:
    """Changes of committed offsets."""

    def __init__(self, core: Core, rebalance: Rebalance) -> None:
        self.core = core
        self.rebalance = rebalance

    def commit(self, token: Token, request: Request) -> None:
        """Write the positions, and answer once they are durable."""
        try:
            self._validate(request)
        except Refused as refused:
            self.core.out.reply(token, failed(request, refused.error))
            return
        self.write(token, request)

    def _validate(self, request: Request) -> None:
        consumer = self.core.consumer.get(request.group)
        if consumer is not None:
            validate_consumer(consumer, request, self.core.topics)
            return
        group = self.core.classic.get(request.group)
        if group is None:
            if request.generation >= 0:
                known = isinstance(request, OffsetCommit) and request.version >= KNOWS_NO_GROUP
                raise Refused(
                    ErrorCode.GROUP_ID_NOT_FOUND if known else ErrorCode.ILLEGAL_GENERATION
                )
            group = ClassicGroup(request.group, since=self.core.out.now)
            self.core.classic[request.group] = group
        validate(group, request)
        member = group.members.get(request.member_id)
        if isinstance(request, OffsetCommit) and member is not None:
            self.rebalance.alive(group, member)

    def write(self, token: Token, request: Request) -> None:
        """Write the positions of who may commit them."""
        changes = tuple(self._changes(request))
        if not changes:
            self.core.out.reply(token, self._response(request, ErrorCode.NONE))
            return
        producer = (
            Producer(request.producer_id, request.producer_epoch)
            if isinstance(request, TxnOffsetCommit)
            else None
        )
        self.core.write(
            [encode(*change) for change in changes],
            Written(
                self.core,
                token,
                changes,
                lambda error: self._response(request, error),
                NO_PRODUCER if producer is None else producer.producer_id,
            ),
            producer=producer,
        )

    def _changes(self, request: Request) -> Iterator[Change]:
        now = self.core.out.now
        retention = request.retention if isinstance(request, OffsetCommit) else -1
        for each in request.topics:
            for position in each.positions:
                if not self._too_large(position):
                    yield (
                        OffsetKey(request.group, each.topic, position.partition),
                        OffsetValue(
                            position.offset,
                            position.leader_epoch,
                            position.metadata or "",
                            now,
                            -1 if retention == -1 else now + retention,
                            NIL if isinstance(request, TxnOffsetCommit) else each.topic_id,
                        ),
                    )

    def _too_large(self, position: Position) -> bool:
        return len(position.metadata or "") > self.core.config.offset_metadata_max_bytes

    def _response(self, request: Request, error: ErrorCode) -> OffsetCommitResponse:
        return OffsetCommitResponse(
            tuple(
                TopicErrors(
                    each.topic,
                    tuple(
                        (
                            position.partition,
                            ErrorCode.OFFSET_METADATA_TOO_LARGE
                            if self._too_large(position)
                            else error,
                        )
                        for position in each.positions
                    ),
                    each.topic_id,
                )
                for each in request.topics
            )
        )

    # OffsetDelete ----------------------------------------------------------------------------

    def delete(self, token: Token, request: OffsetDelete) -> None:
        """Forget positions in topics that nobody in the group subscribes to."""
        group = self.core.classic.get(request.group)
        consumer = self.core.consumer.get(request.group)
        if consumer is not None:
            self.forget(token, request, lambda topic: subscribes(consumer, topic))
        elif group is None:
            error = ErrorCode.GROUP_ID_NOT_FOUND
            self.core.out.reply(token, OffsetDeleteResponse(error))
        elif group.state is not State.EMPTY and group.protocol_type != CONSUMER:
            self.core.out.reply(token, OffsetDeleteResponse(ErrorCode.NON_EMPTY_GROUP))
        else:
            self.forget(token, request, lambda topic: subscribes(group, topic))

    def forget(
        self, token: Token, request: OffsetDelete, subscribed: Callable[[str], bool]
    ) -> None:
        """Forget positions, where no subscription stands in the way."""
        there = set(self.core.offsets.keys(request.group))
        changes = tuple(
            (OffsetKey(request.group, each.topic, partition), None)
            for each in request.topics
            if not subscribed(each.topic)
            for partition in each.partitions
            if OffsetKey(request.group, each.topic, partition) in there
        )
        subscribing = {each.topic for each in request.topics if subscribed(each.topic)}

        def response(error: ErrorCode) -> OffsetDeleteResponse:
            if error is not ErrorCode.NONE:
                return OffsetDeleteResponse(error)
            taken = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
            return OffsetDeleteResponse(
                topics=tuple(
                    TopicErrors(
                        each.topic,
                        tuple(
                            (partition, taken if each.topic in subscribing else error)
                            for partition in each.partitions
                        ),
                    )
                    for each in request.topics
                )
            )

        if changes:
            then = Written(self.core, token, changes, response)
            self.core.write([encode(*change) for change in changes], then)
        else:
            self.core.out.reply(token, response(ErrorCode.NONE))


def subscribes(group: ClassicGroup | ConsumerGroup, topic: str) -> bool:
    """Whether a group's members consume a topic; where that is not known, they may."""
    if isinstance(group, ConsumerGroup):
        return topic in group.topics
    if group.topics is None:
        return group.protocol_type == CONSUMER
    return topic in group.topics
