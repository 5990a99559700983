"""Producers and transactions: from the messages on the wire to their coordinator and back.

Two ways of saying which partitions a transaction reaches: a client names them first
(AddPartitionsToTxn), and then a batch is held against what was said; or, in transaction version 2,
it just produces, and the broker says it for the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from broker.errors import ErrorCode, Refused
from broker.groups.offsets import requests as positions
from broker.owners import partition_for
from broker.server.catalog import OFFSETS_TOPIC
from broker.server.coordination import after
from broker.server.dispatch import Answer, Handler, Request
from broker.server.handlers.positions import committed, split
from broker.transactions import requests as asked
from broker.wire.apis import ApiKey
from broker.wire.batches import HEADER, read_header

Later = Answer | asyncio.Future[Answer]
NONE = ErrorCode.NONE
IMPLICIT_PRODUCE, IMPLICIT_COMMIT = 12, 5
NEVER_BY_ID = 1 << 15
BY_PATTERN = 2
"""The first version of ListTransactions that can ask for some by a pattern."""
_AGAIN = {
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_COORDINATOR,
}
"""What a producer is told as NOT_ENOUGH_REPLICAS, for which it sends its batch again."""


def init_producer_id(request: Request) -> Later:
    """A producer begins, or goes on after an error."""
    body = request.body
    if body.transactional_id is not None and not request.broker.transactions.available:
        return {"error_code": ErrorCode.COORDINATOR_NOT_AVAILABLE}
    try:
        request.broker.producer_ids.claim()
    except OSError as failure:
        request.broker.disk_failed("producer ids", 0, "given out", failure)
        return {"error_code": ErrorCode.COORDINATOR_LOAD_IN_PROGRESS}
    wanted = asked.InitProducerId(
        request.version,
        body.transactional_id,
        body.transaction_timeout,
        body.producer_id,
        body.producer_epoch,
    )

    def answer(found: asked.InitProducerIdResponse) -> Answer:
        return {
            "error_code": found.error,
            "producer_id": found.producer_id,
            "producer_epoch": found.epoch,
        }

    return after(request.broker.transactions.ask(wanted), answer)


# Which partitions -----------------------------------------------------------------------------


def add_partitions(request: Request) -> Later:
    """A transaction is going to reach partitions; since version 4 several transactions may."""
    body = request.body
    if request.version < 4:  # noqa: PLR2004
        return _add(
            request,
            body.v3_and_below_transactional_id,
            (body.v3_and_below_producer_id, body.v3_and_below_producer_epoch),
            body.v3_and_below_topics,
            lambda topics: {"results_by_topic_v3_and_below": topics},
        )
    if len(body.transactions) != 1:
        error = ErrorCode.INVALID_REQUEST
        return {"error_code": error, "results_by_transaction": []}
    [each] = body.transactions
    return _add(
        request,
        each.transactional_id,
        (each.producer_id, each.producer_epoch),
        each.topics,
        lambda topics: {
            "error_code": NONE,
            "results_by_transaction": [
                {"transactional_id": each.transactional_id, "topic_results": topics}
            ],
        },
        verify=each.verify_only,
    )


def _add(
    request: Request,
    transactional_id: str,
    producer: tuple[int, int],
    topics: Any,
    shape: Callable[[list[dict[str, Any]]], Answer],
    *,
    verify: bool = False,
) -> Later:
    partitions = tuple((each.name, index) for each in topics for index in each.partitions)
    errors = dict.fromkeys(partitions, ErrorCode.OPERATION_NOT_ATTEMPTED)
    unknown = {key for key in partitions if not _there(request, *key)}

    def answer(found: Mapping[tuple[str, int], ErrorCode]) -> Answer:
        return shape(
            [
                {
                    "name": each.name,
                    "results_by_partition": [
                        {
                            "partition_index": index,
                            "partition_error_code": found[each.name, index],
                        }
                        for index in each.partitions
                    ],
                }
                for each in topics
            ]
        )

    if unknown:
        missing = dict.fromkeys(unknown, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        return answer({**errors, **missing})
    wanted = asked.AddPartitions(
        request.version, transactional_id, *producer, partitions, verify=verify
    )
    return after(
        request.broker.transactions.ask(wanted), lambda found: answer(dict(found.partitions))
    )


def _there(request: Request, topic: str, index: int) -> bool:
    try:
        request.broker.catalog.partition(topic, index)
    except Refused:
        return False
    return True


def unverified(
    request: Request, proceed: Callable[[Mapping[tuple[str, int], ErrorCode]], Answer]
) -> asyncio.Future[Answer] | None:
    """Ask whether a produce request's transaction reaches its partitions, and go on then.

    None where there is nothing to ask: the transaction is open in each of them already.
    """
    from broker.server.handlers.produce import BY_ID, topic_name

    reached, producer = [], (-1, -1)
    for each in request.body.topic_data:
        name = topic_name(request, each, BY_ID)
        for part in each.partition_data:
            if (
                name is None
                or len(part.records) < HEADER.size
                or not _there(request, name, part.index)
            ):
                continue
            header = read_header(part.records)
            states = request.broker.catalog.partition(name, part.index).log.producers
            if header.transactional and not states.in_transaction(header.producer_id):
                producer = (header.producer_id, header.producer_epoch)
                reached.append((name, part.index))
    if not reached:
        return None
    implicit = request.version >= IMPLICIT_PRODUCE
    wanted = asked.AddPartitions(
        # A producer expects INVALID_PRODUCER_EPOCH here, whatever its version.
        0,
        request.body.transactional_id,
        *producer,
        tuple(reached),
        verify=not implicit,
        implicit=implicit,
    )
    verified = request.broker.transactions.ask(wanted)
    if not verified.done():
        for each in request.body.topic_data:
            for part in each.partition_data:
                part.records = memoryview(bytearray(part.records))

    def go_on(found: asked.AddPartitionsResponse) -> Answer:
        again = _AGAIN | (set() if implicit else {ErrorCode.CONCURRENT_TRANSACTIONS})
        return proceed(
            {
                key: ErrorCode.NOT_ENOUGH_REPLICAS if error in again else error
                for key, error in found.partitions
                if error
            }
        )

    answer = after(verified, go_on)
    if isinstance(answer, asyncio.Future):
        return answer
    done: asyncio.Future[Answer] = request.broker.loop.create_future()
    done.set_result(answer)
    return done


# Offsets --------------------------------------------------------------------------------------


def add_offsets(request: Request) -> Later:
    """A transaction is going to commit positions of a group."""
    body = request.body
    answer = _reach_group(request, verify=False, implicit=False)
    return (
        after(answer, lambda error: {"error_code": error})
        if body.group_id
        else {"error_code": ErrorCode.INVALID_GROUP_ID}
    )


def _reach_group(request: Request, *, verify: bool, implicit: bool) -> asyncio.Future[ErrorCode]:
    """Let a transaction reach the partition that has a group's positions, or look if it does."""
    body, broker = request.body, request.broker
    if not broker.groups.available:
        nowhere: asyncio.Future[ErrorCode] = broker.loop.create_future()
        nowhere.set_result(ErrorCode.COORDINATOR_NOT_AVAILABLE)
        return nowhere
    count = len(broker.catalog.topics[OFFSETS_TOPIC].partitions)
    wanted = asked.AddPartitions(
        request.version,
        body.transactional_id,
        body.producer_id,
        body.producer_epoch,
        ((OFFSETS_TOPIC, partition_for(body.group_id, count)),),
        verify=verify,
        implicit=implicit,
    )
    following = after(broker.transactions.ask(wanted), lambda found: found.partitions[0][1])
    if isinstance(following, asyncio.Future):
        return following
    done: asyncio.Future[ErrorCode] = broker.loop.create_future()
    done.set_result(following)
    return done


def commit_offsets(request: Request) -> Later:
    """A transaction commits positions of a group."""
    body = request.body
    topics, errors = split(request, body.topics, NEVER_BY_ID)
    if not topics:
        return committed(request, body.topics, errors, (), NEVER_BY_ID)
    wanted = positions.TxnOffsetCommit(
        version=request.version,
        group=body.group_id,
        topics=topics,
        producer_id=body.producer_id,
        producer_epoch=body.producer_epoch,
        generation=body.generation_id,
        member_id=body.member_id,
        instance_id=body.group_instance_id,
    )
    implicit = request.version >= IMPLICIT_COMMIT
    answer: asyncio.Future[Answer] = request.broker.loop.create_future()

    def commit(reached: ErrorCode) -> None:
        if reached is not NONE:
            failed = tuple(
                positions.TopicErrors(
                    each.topic, tuple((part.partition, reached) for part in each.positions)
                )
                for each in topics
            )
            finish(positions.OffsetCommitResponse(failed))
            return
        after(request.broker.groups.ask(wanted), finish)

    def finish(found: positions.OffsetCommitResponse) -> None:
        if not answer.done():
            answer.set_result(committed(request, body.topics, errors, found.topics, NEVER_BY_ID))

    after(_reach_group(request, verify=not implicit, implicit=implicit), commit)
    return answer


# The end --------------------------------------------------------------------------------------


def end(request: Request) -> Later:
    """A transaction ends."""
    body = request.body
    wanted = asked.EndTxn(
        request.version,
        body.transactional_id,
        body.producer_id,
        body.producer_epoch,
        body.committed,
    )

    def answer(found: asked.EndTxnResponse) -> Answer:
        return {
            "error_code": found.error,
            "producer_id": found.producer_id,
            "producer_epoch": found.epoch,
        }

    return after(request.broker.transactions.ask(wanted), answer)


# Seen from outside ----------------------------------------------------------------------------


def describe(request: Request) -> Later:
    """How transactions stand."""
    wanted = asked.DescribeTransactions(tuple(request.body.transactional_ids))

    def answer(found: asked.DescribeTransactionsResponse) -> Answer:
        return {"transaction_states": [_described(each) for each in found.transactions]}

    return after(request.broker.transactions.ask(wanted), answer)


def _described(each: asked.DescribedTransaction) -> dict[str, Any]:
    topics: dict[str, list[int]] = {}
    for name, index in each.partitions:
        topics.setdefault(name, []).append(index)
    return {
        "error_code": each.error,
        "transactional_id": each.transactional_id,
        "transaction_state": each.state,
        "transaction_timeout": each.timeout,
        "transaction_start_time": each.start,
        "producer_id": each.producer_id,
        "producer_epoch": each.epoch,
        "topics": [{"topic": name, "partitions": indexes} for name, indexes in topics.items()],
    }


def list_transactions(request: Request) -> Later:
    """Which transactions there are."""
    body = request.body
    wanted = asked.ListTransactions(
        tuple(body.state_filters),
        tuple(body.producer_id_filters),
        body.duration_filter,
        (body.transactional_id_pattern or "") if request.version >= BY_PATTERN else "",
    )

    def answer(found: asked.ListTransactionsResponse) -> Answer:
        return {
            "error_code": found.error,
            "unknown_state_filters": list(found.unknown_states),
            "transaction_states": [
                {
                    "transactional_id": each.transactional_id,
                    "producer_id": each.producer_id,
                    "transaction_state": each.state,
                }
                for each in found.transactions
            ],
        }

    return after(request.broker.transactions.ask(wanted), answer)


HANDLERS: Mapping[ApiKey, Handler] = {
    ApiKey.INIT_PRODUCER_ID: init_producer_id,
    ApiKey.ADD_PARTITIONS_TO_TXN: add_partitions,
    ApiKey.ADD_OFFSETS_TO_TXN: add_offsets,
    ApiKey.TXN_OFFSET_COMMIT: commit_offsets,
    ApiKey.END_TXN: end,
    ApiKey.DESCRIBE_TRANSACTIONS: describe,
    ApiKey.LIST_TRANSACTIONS: list_transactions,
}
