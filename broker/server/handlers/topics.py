"""Topics: made, removed, given more partitions, and cut at their beginning.

A replication factor above 1 is refused: this broker is the only one there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from broker.errors import ErrorCode, Refused
from broker.server.catalog import INTERNAL
from broker.server.configuration import check_topic
from broker.server.dispatch import Fields, Handler, Request
from broker.server.handlers.configs import topic_configs
from broker.server.settings import InvalidSetting
from broker.wire.apis import ApiKey
from broker.wire.codec import NIL

DEFAULT = -1
MOST_PARTITIONS = 10_000
"""Partitions that one request may make."""


class Invalid(Refused):
    """A request that is refused, and why in words."""

    def __init__(self, error: ErrorCode, why: str) -> None:
        super().__init__(error)
        self.why = why


def _outcome(make: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
    """What became of one part of a request."""
    try:
        more = make()
    except Invalid as invalid:
        return {"error_code": invalid.error, "error_message": invalid.why}
    except InvalidSetting as invalid:
        return {"error_code": ErrorCode.INVALID_CONFIG, "error_message": str(invalid)}
    except Refused as refused:
        return {"error_code": refused.error, "error_message": refused.error.name}
    except OSError as failure:
        return {
            "error_code": ErrorCode.KAFKA_STORAGE_ERROR,
            "error_message": failure.strerror or "the disk refused",
        }
    return {"error_code": ErrorCode.NONE, "error_message": None, **(more or {})}


# Making ---------------------------------------------------------------------------------------


def create_topics(request: Request) -> Fields:
    """Make topics."""
    named = Counter(each.name for each in request.body.topics)
    if _asked_for(request) > MOST_PARTITIONS:
        said = {
            "error_code": ErrorCode.POLICY_VIOLATION,
            "error_message": f"More than {MOST_PARTITIONS} partitions in one request.",
        }
        return {"topics": [{**_unmade(name), **said} for name in named]}
    topics = []
    for each in request.body.topics:
        if named[each.name] > 1:
            named[each.name] = -1
            error = ErrorCode.INVALID_REQUEST
            topics.append({**_unmade(each.name), "error_code": error, "error_message": "twice"})
        elif named[each.name] == 1:
            made = _outcome(lambda each=each: _create(request, each))  # type: ignore[misc]
            topics.append({**_unmade(each.name), **made})
    return {"topics": topics}


def _asked_for(request: Request) -> int:
    """How many partitions a request would make; a topic counts for one at least."""
    default = request.broker.configuration["num.partitions"]
    counts = (
        len(each.assignments)
        or (default if each.num_partitions == DEFAULT else each.num_partitions)
        for each in request.body.topics
    )
    return sum(max(1, count) for count in counts)


def _unmade(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "topic_id": NIL,
        "num_partitions": -1,
        "replication_factor": -1,
        "configs": [],
    }


def _create(request: Request, each: Any) -> dict[str, Any]:
    broker = request.broker
    broker.catalog.check_name(each.name)
    if each.name in INTERNAL:
        raise Invalid(ErrorCode.INVALID_TOPIC_EXCEPTION, "coordinators make their topics")
    if each.name in broker.catalog.topics:
        raise Invalid(ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic '{each.name}' already exists.")
    count = _partitions(request, each)
    if any(config.value is None for config in each.configs):
        raise Invalid(ErrorCode.INVALID_CONFIG, "Null value not supported for topic configs")
    configs = {config.name: config.value for config in each.configs}
    check_topic(configs)
    topic_id = NIL
    if not request.body.validate_only:
        topic_id = broker.create_topic(each.name, count, configs).topic_id
    return {
        "topic_id": topic_id,
        "num_partitions": count,
        "replication_factor": 1,
        "configs": [
            {key: value for key, value in config.items() if key in _CREATED}
            for config in topic_configs(broker, configs)
        ],
    }


_CREATED = {"name", "value", "read_only", "config_source", "is_sensitive"}


def _partitions(request: Request, each: Any) -> int:
    """How many partitions a new topic has."""
    broker = request.broker
    if each.assignments:
        if each.num_partitions != DEFAULT or each.replication_factor != DEFAULT:
            why = "both an assignment and numbers of partitions or replicas are given"
            raise Invalid(ErrorCode.INVALID_REQUEST, why)
        given = {part.partition_index: part.broker_ids for part in each.assignments}
        if sorted(given) != list(range(len(each.assignments))):
            why = "the assignment's partitions are not consecutive from 0"
            raise Invalid(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why)
        _check_replicas(broker.node_id, given.values())
        return len(given)
    if each.replication_factor not in {DEFAULT, 1}:
        why = f"Replication factor: {each.replication_factor}, where there is 1 broker."
        raise Invalid(ErrorCode.INVALID_REPLICATION_FACTOR, why)
    count: int = each.num_partitions
    if count == DEFAULT:
        count = broker.configuration["num.partitions"]
    if not 0 < count <= MOST_PARTITIONS:
        why = f"Number of partitions must be 1 to {MOST_PARTITIONS}."
        raise Invalid(ErrorCode.INVALID_PARTITIONS, why)
    return count


def _check_replicas(node: int, assigned: Any) -> None:
    for brokers in assigned:
        if list(brokers) != [node]:
            why = f"the only broker is {node}"
            raise Invalid(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why)


def create_partitions(request: Request) -> Fields:
    """Give topics more partitions."""
    results = [
        {"name": each.name, **_outcome(lambda each=each: _grow(request, each))}  # type: ignore[misc]
        for each in request.body.topics
    ]
    return {"results": results}


def _grow(request: Request, each: Any) -> None:
    broker = request.broker
    topic = broker.catalog.topics.get(each.name)
    if topic is None:
        raise Refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    if topic.internal:
        why = "who coordinates a group is told by the number of partitions"
        raise Invalid(ErrorCode.INVALID_PARTITIONS, why)
    have = len(topic.partitions)
    if each.count <= have or each.count - have > MOST_PARTITIONS:
        why = (
            f"The topic {each.name} currently has {have} partition(s); {each.count} would not be "
            "an increase."
        )
        raise Invalid(ErrorCode.INVALID_PARTITIONS, why)
    if each.assignments is not None:
        if len(each.assignments) != each.count - have:
            why = f"{each.count - have} partitions are added, {len(each.assignments)} assigned"
            raise Invalid(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why)
        _check_replicas(broker.node_id, (part.broker_ids for part in each.assignments))
    if not request.body.validate_only:
        broker.catalog.add_partitions(each.name, each.count)
        broker.topics_changed()


# Removing -------------------------------------------------------------------------------------


def delete_topics(request: Request) -> Fields:
    """Remove topics."""
    if request.version >= 6:  # noqa: PLR2004 - named, or by their ids
        asked = [(each.name, each.topic_id) for each in request.body.topics]
    else:
        asked = [(name, NIL) for name in request.body.topic_names]
    return {"responses": [_delete(request, name, topic_id) for name, topic_id in asked]}


def _delete(request: Request, name: str | None, topic_id: Any) -> dict[str, Any]:
    broker = request.broker
    found = broker.catalog.ids.get(topic_id) if name is None else broker.catalog.topics.get(name)

    def delete() -> None:
        if not broker.configuration["delete.topic.enable"]:
            raise Refused(ErrorCode.TOPIC_DELETION_DISABLED)
        if found is None:
            unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            raise Refused(ErrorCode.UNKNOWN_TOPIC_ID if name is None else unknown)
        broker.delete_topic(found.name)

    outcome = _outcome(delete)
    return {
        "name": found.name if found is not None else name,
        "topic_id": found.topic_id if found is not None else topic_id,
        **outcome,
    }


def delete_records(request: Request) -> Fields:
    """Let partitions start later."""
    broker = request.broker
    topics = []
    for each in request.body.topics:
        partitions = []
        for part in each.partitions:
            low, error = -1, ErrorCode.NONE
            try:
                partition = broker.catalog.partition(each.name, part.partition_index)
                settings = partition.log.settings
                if settings.compact and not settings.delete:
                    raise Refused(ErrorCode.POLICY_VIOLATION)  # noqa: TRY301
                low = partition.delete_before(part.offset, broker.now())
            except Refused as refused:
                error = refused.error
            except OSError:
                error = ErrorCode.KAFKA_STORAGE_ERROR
            entry = {"partition_index": part.partition_index, "low_watermark": low}
            partitions.append({**entry, "error_code": error})
        topics.append({"name": each.name, "partitions": partitions})
    return {"topics": topics}


HANDLERS: Mapping[ApiKey, Handler] = {
    ApiKey.CREATE_TOPICS: create_topics,
    ApiKey.CREATE_PARTITIONS: create_partitions,
    ApiKey.DELETE_TOPICS: delete_topics,
    ApiKey.DELETE_RECORDS: delete_records,
}
