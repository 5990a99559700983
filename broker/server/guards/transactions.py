"""Who may do what to producers and transactions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.errors import ErrorCode
from broker.security.acls import Operation, ResourceType
from broker.server.dispatch import Answer, Fields, Handler, Request
from broker.server.guards.combine import (
    Each,
    Guard,
    Later,
    Whole,
    all_partitions,
    error_code,
    every,
    field,
    in_turn,
    itself,
    then,
)
from broker.server.guards.groups import COMMIT_TOPICS
from broker.server.guards.rights import FAILED, allows, may
from broker.wire.apis import ApiKey

TRANSACTION, TOPIC = ResourceType.TRANSACTIONAL_ID, ResourceType.TOPIC
OF_BROKERS = 4
"""The first version of AddPartitionsToTxn that only brokers send."""

_WRITE = Whole(Operation.WRITE, TRANSACTION, field("transactional_id"))


def init_producer_id(request: Request, handler: Handler) -> Later:
    """A producer without transactions may write to the cluster, or to some topic."""
    if request.body.transactional_id is not None:
        return _WRITE(request, handler)
    authorizer, caller = request.broker.access.authorizer, request.caller
    if (
        authorizer is None
        or authorizer.allows_any(caller.principal, caller.host, Operation.WRITE, TOPIC)
        or may(request, Operation.IDEMPOTENT_WRITE, ResourceType.CLUSTER)
    ):
        return handler(request)
    return error_code(request, FAILED[ResourceType.CLUSTER])


def add_partitions(request: Request, handler: Handler) -> Later:
    """Where one partition may not be written to, none is added."""
    if request.version >= OF_BROKERS:
        return Whole(Operation.CLUSTER_ACTION)(request, handler)
    return _ADD(request, handler)


def _add_all(request: Request, handler: Handler) -> Later:
    topics = request.body.v3_and_below_topics
    denied = [each for each in topics if not may(request, Operation.WRITE, TOPIC, each.name)]
    if not denied:
        return handler(request)
    found = [
        _NOT_ADDED(
            request,
            each,
            FAILED[TOPIC] if each in denied else ErrorCode.OPERATION_NOT_ATTEMPTED,
        )
        for each in topics
    ]
    return {"results_by_topic_v3_and_below": found}


_NOT_ADDED = all_partitions("results_by_partition", error="partition_error_code")
_ADD = in_turn(
    Whole(
        Operation.WRITE,
        TRANSACTION,
        field("v3_and_below_transactional_id"),
        every("v3_and_below_topics", "results_by_topic_v3_and_below", _NOT_ADDED),
    ),
    _add_all,
)


def describe(request: Request, handler: Handler) -> Later:
    """Of transactions that may be described, the topics that may be, too."""

    def seen(found: Fields) -> Answer:
        states = [_with_topics(request, each) for each in found["transaction_states"]]
        return {**found, "transaction_states": states}

    return then(_DESCRIBE(request, handler), seen)


def _with_topics(request: Request, state: dict[str, Any]) -> dict[str, Any]:
    topics = [
        each
        for each in state.get("topics", ())
        if allows(request, Operation.DESCRIBE, TOPIC, each["topic"])
    ]
    return {**state, "topics": topics}


_DESCRIBE = Each(
    Operation.DESCRIBE, TRANSACTION, "transactional_ids", "transaction_states", itself,
    lambda _, item, error: {"transactional_id": item, "error_code": error},
)  # fmt: skip


def list_transactions(request: Request, handler: Handler) -> Later:
    """Those that may be described."""

    def seen(found: Fields) -> Answer:
        states = [
            each
            for each in found["transaction_states"]
            if allows(request, Operation.DESCRIBE, TRANSACTION, each["transactional_id"])
        ]
        return {**found, "transaction_states": states}

    return then(handler(request), seen)


_READ_GROUP = Whole(Operation.READ, ResourceType.GROUP, field("group_id"))
_NOT_COMMITTED = every("topics", "topics", all_partitions())

GUARDS: Mapping[ApiKey, Guard] = {
    ApiKey.INIT_PRODUCER_ID: init_producer_id,
    ApiKey.ADD_PARTITIONS_TO_TXN: add_partitions,
    ApiKey.ADD_OFFSETS_TO_TXN: in_turn(_WRITE, _READ_GROUP),
    ApiKey.TXN_OFFSET_COMMIT: in_turn(
        Whole(Operation.WRITE, TRANSACTION, field("transactional_id"), _NOT_COMMITTED),
        Whole(Operation.READ, ResourceType.GROUP, field("group_id"), _NOT_COMMITTED),
        COMMIT_TOPICS,
    ),
    ApiKey.END_TXN: _WRITE,
    ApiKey.DESCRIBE_TRANSACTIONS: describe,
    ApiKey.LIST_TRANSACTIONS: list_transactions,
}
