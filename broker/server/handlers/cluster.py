"""What there is: versions, brokers, topics and where they are led."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.errors import ErrorCode, Refused
from broker.partition import Partition
from broker.security.acls import ResourceType
from broker.server.catalog import Topic
from broker.server.dispatch import Fields, Handler, Request
from broker.server.guards.rights import NOBODY_ASKED, cluster_operations, operations
from broker.wire.apis import APIS, ApiKey
from broker.wire.codec import NIL

MOST_MADE = 100
"""Topics that one request for metadata may make: whoever wants more asks again."""

FEATURES = {"group.version": (0, 1), "transaction.version": (0, 2)}
"""Features of a cluster by name: the lowest and highest level, which is the one in force."""


def api_versions(request: Request) -> Fields:
    """Which versions of which APIs are served."""
    told = APIS[ApiKey.API_VERSIONS]
    if not told.serves(request.version):
        apis = [told]
        error = ErrorCode.UNSUPPORTED_VERSION
    else:
        apis = [APIS[key] for key in sorted(request.broker.handlers)]
        error = ErrorCode.NONE
        _ = request.body  # that it can be read
    return {
        "error_code": error,
        "api_keys": [
            {"api_key": api.key, "min_version": api.told, "max_version": api.newest} for api in apis
        ],
        "supported_features": [
            # Clients of version 3 and older take a least level of 0 for an error.
            {"name": name, "min_version": low, "max_version": high}
            for name, (low, high) in FEATURES.items()
            if low or request.version > 3  # noqa: PLR2004
        ],
        "finalized_features_epoch": 0,
        "finalized_features": [
            {"name": name, "min_version_level": high, "max_version_level": high}
            for name, (_, high) in FEATURES.items()
        ],
    }


def brokers(request: Request) -> list[dict[str, Any]]:
    """The brokers of the cluster: this one."""
    broker = request.broker
    host, port = request.caller.listener.told
    rack = broker.configuration["broker.rack"]
    return [
        {
            "node_id": broker.node_id,
            "broker_id": broker.node_id,
            "host": host,
            "port": port,
            "rack": rack,
        }
    ]


def metadata(request: Request) -> Fields:
    """The topics that are asked for, or all; those that are missing are made, if that is wanted."""
    body, broker = request.body, request.broker
    asked = body.topics
    if asked is None or (request.version == 0 and not asked):
        topics = [_described(request, topic) for topic in broker.catalog.topics.values()]
    else:
        topics, left = [], MOST_MADE
        for each in asked:
            left -= each.name not in broker.catalog.topics
            create = body.allow_auto_topic_creation and left >= 0
            topics.append(_asked(request, each.name, each.topic_id, create=create))
    if getattr(body, "include_topic_authorized_operations", False):
        topics = [_with_operations(request, each) for each in topics]
    wanted = getattr(body, "include_cluster_authorized_operations", False)
    return {
        "brokers": brokers(request),
        "cluster_id": broker.cluster_id,
        "controller_id": broker.node_id,
        "topics": topics,
        "cluster_authorized_operations": cluster_operations(request) if wanted else NOBODY_ASKED,
    }


def _with_operations(request: Request, topic: dict[str, Any]) -> dict[str, Any]:
    """A topic, and what who asks may do to it; one without a name is none that there is."""
    if topic["name"] is None:
        return topic
    may = operations(request, ResourceType.TOPIC, topic["name"])
    return {**topic, "topic_authorized_operations": may}


def _asked(request: Request, name: str | None, topic_id: Any, *, create: bool) -> dict[str, Any]:
    broker = request.broker
    if name is None:
        topic = broker.catalog.ids.get(topic_id)
        if topic is None:
            return _missing(ErrorCode.UNKNOWN_TOPIC_ID, None, topic_id)
        return _described(request, topic)
    topic = broker.catalog.topics.get(name)
    if topic is None:
        try:
            topic = broker.auto_create(name, wanted=create)
        except Refused as refused:
            return _missing(refused.error, name, NIL)
    return _described(request, topic)


def _missing(error: ErrorCode, name: str | None, topic_id: Any) -> dict[str, Any]:
    return {
        "error_code": error,
        "name": name,
        "topic_id": topic_id,
        "is_internal": False,
        "partitions": [],
        "topic_authorized_operations": NOBODY_ASKED,
    }


def _described(request: Request, topic: Topic) -> dict[str, Any]:
    return {
        "error_code": ErrorCode.NONE,
        "name": topic.name,
        "topic_id": topic.topic_id,
        "is_internal": topic.internal,
        "partitions": [_partition(request, partition) for partition in topic.partitions],
        "topic_authorized_operations": NOBODY_ASKED,
    }


def _partition(request: Request, partition: Partition) -> dict[str, Any]:
    node = request.broker.node_id
    return {
        "error_code": ErrorCode.NONE,
        "partition_index": partition.index,
        "leader_id": node,
        "leader_epoch": partition.leader_epoch,
        "replica_nodes": [node],
        "isr_nodes": [node],
        "offline_replicas": [],
        # They may be null by the schema, and Java's clients fail on it.
        "eligible_leader_replicas": [],
        "last_known_elr": [],
    }


def describe_cluster(request: Request) -> Fields:
    """Which brokers there are."""
    if request.body.endpoint_type != 1:
        return {
            "error_code": ErrorCode.MISMATCHED_ENDPOINT_TYPE,
            "error_message": "only brokers are listed here",
            "endpoint_type": 1,
            "cluster_id": request.broker.cluster_id,
            "brokers": [],
            "cluster_authorized_operations": NOBODY_ASKED,
        }
    wanted = request.body.include_cluster_authorized_operations
    return {
        "error_code": ErrorCode.NONE,
        "error_message": None,
        "endpoint_type": 1,
        "cluster_id": request.broker.cluster_id,
        "controller_id": request.broker.node_id,
        "brokers": brokers(request),
        "cluster_authorized_operations": cluster_operations(request) if wanted else NOBODY_ASKED,
    }


def describe_topic_partitions(request: Request) -> Fields:
    """The partitions of topics, so many at a time, in the order of their names."""
    body, left = request.body, min(request.body.response_partition_limit, 2000)
    cursor = body.cursor
    start = (cursor.topic_name, cursor.partition_index) if cursor is not None else ("", 0)
    known = request.broker.catalog.topics
    names = sorted({each.name for each in body.topics} or known)
    found, following = [], None
    for name in names:
        if name < start[0]:
            continue
        if name not in known:
            entry = _missing(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name, NIL)
        else:
            entry = _with_operations(request, _described(request, known[name]))
            first = start[1] if name == start[0] else 0
            entry["partitions"] = entry["partitions"][first : first + max(left, 0)]
            left -= len(entry["partitions"])
            reached = first + len(entry["partitions"])
            if reached < len(known[name].partitions):
                following = {"topic_name": name, "partition_index": reached}
        found.append(entry)
        if following is not None:
            break
    return {"topics": found, "next_cursor": following}


HANDLERS: Mapping[ApiKey, Handler] = {
    ApiKey.API_VERSIONS: api_versions,
    ApiKey.METADATA: metadata,
    ApiKey.DESCRIBE_CLUSTER: describe_cluster,
    ApiKey.DESCRIBE_TOPIC_PARTITIONS: describe_topic_partitions,
}
