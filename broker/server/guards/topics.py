"""Who may do what to topics and their records."""

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
    all_partitions,
    by_id_from,
    called_topic,
    every,
    free,
    named,
    put,
    then,
)
from broker.server.guards.rights import FAILED, allows, may
from broker.wire.apis import ApiKey
from broker.wire.codec import NIL, Malformed, Struct

TOPIC, CLUSTER = ResourceType.TOPIC, ResourceType.CLUSTER
DENIED = FAILED[TOPIC]
BY_ID = 13
"""The first version of Produce that names topics by their ids."""
DELETE_BY_ID = 6

_NOT_APPENDED = all_partitions(
    "partition_responses", "index", asked="partition_data", base_offset=-1, log_append_time=-1
)


def produce(request: Request, handler: Handler) -> Later:
    """What a producer may not write is refused; one that waits for no answer is cut off."""
    body, about = request.body, ResourceType.TRANSACTIONAL_ID
    transaction, asked = body.transactional_id, len(body.topic_data)
    answer: Later
    if transaction is not None and not may(request, Operation.WRITE, about, transaction):
        answer = every("topic_data", "responses", _NOT_APPENDED)(request, FAILED[about])
    else:
        answer = _WRITE(request, handler)
    if body.acks == 0 and (isinstance(answer, Mapping) or len(body.topic_data) < asked):
        raise Malformed("what was to be appended without an answer was refused")
    return answer


_WRITE = Each(Operation.WRITE, TOPIC, "topic_data", "responses", by_id_from(BY_ID), _NOT_APPENDED)


# Described ------------------------------------------------------------------------------------


def metadata(request: Request, handler: Handler) -> Later:
    """Only topics that may be described are told of, or made because they were asked about."""
    body = request.body
    if body.topics is None or (request.version == 0 and not body.topics):
        return then(handler(request), lambda found: _visible(request, found))
    allowed, refusals = [], []
    for each in body.topics:
        known = request.broker.catalog.ids.get(each.topic_id) if each.name is None else None
        name = each.name if known is None else known.name
        if name is None or _may_see(request, name, create=body.allow_auto_topic_creation):
            allowed.append(each)
        else:
            refusals.append(_hidden(each.name, each.topic_id))
    put(body, "topics", allowed)

    def all_of(found: Fields) -> Answer:
        # Without a name, the oldest version asks about all.
        return {**found, "topics": [*(found["topics"] if allowed else ()), *refusals]}

    return then(handler(request), all_of)


def _may_see(request: Request, name: str, *, create: bool) -> bool:
    if not may(request, Operation.DESCRIBE, TOPIC, name):
        return False
    if not create or name in request.broker.catalog.topics:
        return True
    if not request.broker.configuration["auto.create.topics.enable"]:
        return True
    return allows(request, Operation.CREATE, CLUSTER) or may(request, Operation.CREATE, TOPIC, name)


def _visible(request: Request, found: Fields) -> Answer:
    topics = [
        each for each in found["topics"] if allows(request, Operation.DESCRIBE, TOPIC, each["name"])
    ]
    return {**found, "topics": topics}


def _hidden(name: str | None, topic_id: Any) -> dict[str, Any]:
    return {
        "error_code": DENIED,
        "name": name,
        "topic_id": topic_id if name is None else NIL,
        "is_internal": False,
        "partitions": [],
    }


def describe_partitions(request: Request, handler: Handler) -> Later:
    """Where all topics are asked about, those that may be described are."""
    body = request.body
    if not body.topics:
        known = sorted(request.broker.catalog.topics)
        seen = [name for name in known if allows(request, Operation.DESCRIBE, TOPIC, name)]
        if not seen:
            return {"topics": []}
        put(body, "topics", [Struct(name=name) for name in seen])
        return handler(request)
    return _DESCRIBE_PARTITIONS(request, handler)


_DESCRIBE_PARTITIONS = Each(
    Operation.DESCRIBE, TOPIC, "topics", "topics", named,
    lambda _, item, __: _hidden(item.name, NIL),
)  # fmt: skip


# Made and removed -----------------------------------------------------------------------------


def create(request: Request, handler: Handler) -> Later:
    """A new topic's configuration is told to who may see it."""
    guard: Guard = free if allows(request, Operation.CREATE, CLUSTER) else _CREATE

    def told(found: Fields) -> Answer:
        return {**found, "topics": [_without_configs(request, each) for each in found["topics"]]}

    return then(guard(request, handler), told)


def _without_configs(request: Request, made: dict[str, Any]) -> dict[str, Any]:
    if made["error_code"] or allows(request, Operation.DESCRIBE_CONFIGS, TOPIC, made["name"]):
        return made
    less = {"num_partitions": -1, "replication_factor": -1, "configs": []}
    return {**made, **less, "topic_config_error_code": DENIED}


def _words(request: Request, item: Any, error: ErrorCode) -> dict[str, Any]:
    del request
    return {"name": item.name, "error_code": error, "error_message": "Authorization failed."}


_CREATE = Each(Operation.CREATE, TOPIC, "topics", "topics", named, _words)
_GROW = Each(Operation.ALTER, TOPIC, "topics", "results", named, _words)


def delete(request: Request, handler: Handler) -> Later:
    """Who may not see a topic, and says its id, is not told its name."""
    if request.version < DELETE_BY_ID:
        return _DELETE_NAMED(request, handler)
    return _DELETE(request, handler)


def _to_delete(request: Request, item: Any) -> str | None:
    if item.name is not None:
        return named(request, item)
    topic = request.broker.catalog.ids.get(item.topic_id)
    return None if topic is None else topic.name


def _not_deleted(request: Request, item: Any, error: ErrorCode) -> dict[str, Any]:
    name = _to_delete(request, item)
    seen = item.name is not None or (
        name is not None and allows(request, Operation.DESCRIBE, TOPIC, name)
    )
    said = {"error_code": error, "error_message": error.name}
    return {"name": name if seen else None, "topic_id": item.topic_id, **said}


_DELETE = Each(Operation.DELETE, TOPIC, "topics", "responses", _to_delete, _not_deleted)
_DELETE_NAMED = Each(
    Operation.DELETE, TOPIC, "topic_names", "responses", lambda _, item: str(item),
    lambda _, item, error: {"name": item, "error_code": error, "error_message": error.name},
)  # fmt: skip


def end_of_epoch(request: Request, handler: Handler) -> Later:
    """Brokers may ask about all topics."""
    if allows(request, Operation.CLUSTER_ACTION, CLUSTER):
        return handler(request)
    return _END_OF_EPOCH(request, handler)


_END_OF_EPOCH = Each(
    Operation.DESCRIBE, TOPIC, "topics", "topics", called_topic,
    all_partitions(index="partition", topic="topic"),
)  # fmt: skip

GUARDS: Mapping[ApiKey, Guard] = {
    ApiKey.PRODUCE: produce,
    # A session has partitions that no request names: its handler asks for each that it reads.
    ApiKey.FETCH: free,
    ApiKey.LIST_OFFSETS: Each(
        Operation.DESCRIBE, TOPIC, "topics", "topics", named, all_partitions()
    ),
    ApiKey.METADATA: metadata,
    ApiKey.DESCRIBE_TOPIC_PARTITIONS: describe_partitions,
    ApiKey.CREATE_TOPICS: create,
    ApiKey.CREATE_PARTITIONS: _GROW,
    ApiKey.DELETE_TOPICS: delete,
    ApiKey.DELETE_RECORDS: Each(
        Operation.DELETE, TOPIC, "topics", "topics", named, all_partitions(low_watermark=-1)
    ),
    ApiKey.OFFSET_FOR_LEADER_EPOCH: end_of_epoch,
    ApiKey.DESCRIBE_PRODUCERS: Each(
        Operation.READ, TOPIC, "topics", "topics", named, all_partitions(asked="partition_indexes")
    ),
}
