"""Where replicas are: all of them in one directory of the one broker, which leads them.

What would move a replica elsewhere is refused, what would leave it where it is is done already.
The quorum that decides about the cluster is this broker, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.errors import ErrorCode
from broker.server.dispatch import Fields, Handler, Request
from broker.server.handlers.configs import Resource
from broker.wire.apis import ApiKey
from broker.wire.codec import NIL

METADATA_TOPIC = "__cluster_metadata"


def _known(request: Request, topic: str, index: int) -> bool:
    found = request.broker.catalog.topics.get(topic)
    return found is not None and 0 <= index < len(found.partitions)


def log_dirs(request: Request) -> Fields:
    """How much room each log takes."""
    wanted = request.body.topics
    chosen = None if wanted is None else {each.topic: set(each.partitions) for each in wanted}
    topics = []
    for topic in request.broker.catalog.topics.values():
        partitions = [
            {
                "partition_index": partition.index,
                "partition_size": partition.log.size,
                "offset_lag": 0,
                "is_future_key": False,
            }
            for partition in topic.partitions
            if chosen is None or partition.index in chosen.get(topic.name, ())
        ]
        if partitions:
            topics.append({"name": topic.name, "partitions": partitions})
    result = {
        "error_code": ErrorCode.NONE,
        "log_dir": str(request.broker.directory.path),
        "topics": topics,
        "total_bytes": -1,
        "usable_bytes": -1,
    }
    return {"error_code": ErrorCode.NONE, "results": [result]}


def alter_log_dirs(request: Request) -> Fields:
    """Have replicas in other directories: there is one."""
    here = str(request.broker.directory.path)
    results: dict[str, list[dict[str, Any]]] = {}
    for each in request.body.dirs:
        for topic in each.topics:
            for index in topic.partitions:
                error = ErrorCode.NONE
                if each.path != here:
                    error = ErrorCode.LOG_DIR_NOT_FOUND
                elif not _known(request, topic.name, index):
                    error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                entry = {"partition_index": index, "error_code": error}
                results.setdefault(topic.name, []).append(entry)
    return {
        "results": [
            {"topic_name": name, "partitions": partitions} for name, partitions in results.items()
        ]
    }


def elect_leaders(request: Request) -> Fields:
    """Have the preferred replicas lead: they do."""
    wanted = request.body.topic_partitions
    results = []
    for each in wanted or ():
        partitions = []
        for index in each.partitions:
            known = _known(request, each.topic, index)
            unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            error = ErrorCode.ELECTION_NOT_NEEDED if known else unknown
            partitions.append(
                {"partition_id": index, "error_code": error, "error_message": error.name}
            )
        results.append({"topic": each.topic, "partition_result": partitions})
    return {"error_code": ErrorCode.NONE, "replica_election_results": results}


def reassign(request: Request) -> Fields:
    """Have partitions on other brokers: there are none."""
    responses = []
    for each in request.body.topics:
        partitions = []
        for part in each.partitions:
            error = ErrorCode.NONE
            if not _known(request, each.name, part.partition_index):
                error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            elif part.replicas is None:
                error = ErrorCode.NO_REASSIGNMENT_IN_PROGRESS
            elif list(part.replicas) != [request.broker.node_id]:
                error = ErrorCode.INVALID_REPLICA_ASSIGNMENT
            partitions.append(
                {
                    "partition_index": part.partition_index,
                    "error_code": error,
                    "error_message": error.name if error else None,
                }
            )
        responses.append({"name": each.name, "partitions": partitions})
    return {
        "allow_replication_factor_change": request.body.allow_replication_factor_change,
        "error_code": ErrorCode.NONE,
        "error_message": None,
        "responses": responses,
    }


def reassignments(request: Request) -> Fields:
    """Partitions that move to other brokers: there are none."""
    del request
    return {"error_code": ErrorCode.NONE, "error_message": None, "topics": []}


def describe_quorum(request: Request) -> Fields:
    """Who decides about the cluster."""
    broker = request.broker
    voter = {
        "replica_id": broker.node_id,
        "replica_directory_id": NIL,
        "log_end_offset": 0,
        "last_fetch_timestamp": -1,
        "last_caught_up_timestamp": -1,
    }
    partition = {
        "partition_index": 0,
        "error_code": ErrorCode.NONE,
        "error_message": None,
        "leader_id": broker.node_id,
        "leader_epoch": 0,
        "high_watermark": 0,
        "current_voters": [voter],
        "observers": [],
    }
    told = request.caller.listener
    listener = {"name": told.name, "host": told.told[0], "port": told.told[1]}
    return {
        "error_code": ErrorCode.NONE,
        "error_message": None,
        "topics": [{"topic_name": METADATA_TOPIC, "partitions": [partition]}],
        "nodes": [{"node_id": broker.node_id, "listeners": [listener]}],
    }


def config_resources(request: Request) -> Fields:
    """What can be configured: topics, and the broker."""
    broker, wanted = request.broker, list(request.body.resource_types)
    found = [
        *((name, Resource.TOPIC) for name in sorted(broker.catalog.topics)),
        (str(broker.node_id), Resource.BROKER),
    ]
    return {
        "error_code": ErrorCode.NONE,
        "config_resources": [
            {"resource_name": name, "resource_type": kind}
            for name, kind in found
            # Version 0 knew of client metrics alone, of which there are none.
            if request.version and (not wanted or kind in wanted)
        ],
    }


HANDLERS: Mapping[ApiKey, Handler] = {
    ApiKey.DESCRIBE_LOG_DIRS: log_dirs,
    ApiKey.ALTER_REPLICA_LOG_DIRS: alter_log_dirs,
    ApiKey.ELECT_LEADERS: elect_leaders,
    ApiKey.ALTER_PARTITION_REASSIGNMENTS: reassign,
    ApiKey.LIST_PARTITION_REASSIGNMENTS: reassignments,
    ApiKey.DESCRIBE_QUORUM: describe_quorum,
    ApiKey.LIST_CONFIG_RESOURCES: config_resources,
}
