"""Who may do what to the cluster: its configuration, its replicas, and who may do what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.errors import ErrorCode
from broker.security.acls import CLUSTER_NAME, Operation, ResourceType
from broker.server.dispatch import Answer, Handler, Request
from broker.server.guards.combine import (
    Guard,
    Later,
    Whole,
    all_partitions,
    every,
    free,
    put,
    then,
)
from broker.server.guards.rights import FAILED, may
from broker.server.handlers.configs import Resource
from broker.wire.apis import ApiKey

_RESOURCES = {
    Resource.TOPIC: ResourceType.TOPIC,
    Resource.GROUP: ResourceType.GROUP,
    Resource.BROKER: ResourceType.CLUSTER,
    Resource.BROKER_LOGGER: ResourceType.CLUSTER,
}
"""Whose right decides about a configuration; another kind has none, which the handler will say."""


class Configured:
    """A request about the configurations of resources of several types."""

    def __init__(self, operation: Operation, answers: str) -> None:
        self._operation, self._answers = operation, answers

    def __call__(self, request: Request, handler: Handler) -> Later:
        """The handler's answer to what may be done, and the refusals."""
        allowed, refusals = [], []
        for each in request.body.resources:
            about = _RESOURCES.get(each.resource_type)
            name = CLUSTER_NAME if about is ResourceType.CLUSTER else each.resource_name
            if about is None or may(request, self._operation, about, name):
                allowed.append(each)
            else:
                refusals.append(_unconfigured(each, FAILED[about]))
        put(request.body, "resources", allowed)
        return then(
            handler(request),
            lambda found: {**found, self._answers: [*found[self._answers], *refusals]},
        )


def _unconfigured(each: Any, error: ErrorCode) -> dict[str, Any]:
    return {
        "error_code": error,
        "error_message": error.name,
        "resource_type": each.resource_type,
        "resource_name": each.resource_name,
        "configs": [],
    }


def _same(request: Request, item: Any, error: ErrorCode) -> Mapping[str, Any]:
    del request, item
    return {"error_code": error, "error_message": error.name}


def _user(request: Request, item: Any, error: ErrorCode) -> Mapping[str, Any]:
    return {"user": item.name, **_same(request, item, error)}


def _no_change(request: Request, error: ErrorCode) -> Answer:
    asked = [*request.body.deletions, *request.body.upsertions]
    names = dict.fromkeys(each.name for each in asked)
    said = {"error_code": error, "error_message": error.name}
    return {"results": [{"user": name, **said} for name in names]}


def _not_moved(request: Request, error: ErrorCode) -> Answer:
    refused = all_partitions("partitions", asked="partitions")
    results = [
        {**refused(request, topic, error), "topic_name": topic.name}
        for each in request.body.dirs
        for topic in each.topics
    ]
    return {"results": results}


_NOT_ELECTED = all_partitions("partition_result", "partition_id", topic="topic")

GUARDS: Mapping[ApiKey, Guard] = {
    ApiKey.API_VERSIONS: free,
    ApiKey.SASL_HANDSHAKE: free,
    ApiKey.SASL_AUTHENTICATE: free,
    ApiKey.DESCRIBE_CLUSTER: free,
    ApiKey.DESCRIBE_CONFIGS: Configured(Operation.DESCRIBE_CONFIGS, "results"),
    ApiKey.ALTER_CONFIGS: Configured(Operation.ALTER_CONFIGS, "responses"),
    ApiKey.INCREMENTAL_ALTER_CONFIGS: Configured(Operation.ALTER_CONFIGS, "responses"),
    ApiKey.LIST_CONFIG_RESOURCES: Whole(Operation.DESCRIBE_CONFIGS),
    ApiKey.DESCRIBE_LOG_DIRS: Whole(Operation.DESCRIBE),
    ApiKey.ALTER_REPLICA_LOG_DIRS: Whole(Operation.ALTER, refuse=_not_moved),
    ApiKey.ELECT_LEADERS: Whole(
        Operation.ALTER,
        refuse=every("topic_partitions", "replica_election_results", _NOT_ELECTED),
    ),
    ApiKey.ALTER_PARTITION_REASSIGNMENTS: Whole(
        Operation.ALTER, refuse=every("topics", "responses", all_partitions())
    ),
    ApiKey.LIST_PARTITION_REASSIGNMENTS: Whole(Operation.DESCRIBE),
    ApiKey.DESCRIBE_QUORUM: Whole(Operation.DESCRIBE),
    ApiKey.DESCRIBE_ACLS: Whole(Operation.DESCRIBE),
    ApiKey.CREATE_ACLS: Whole(Operation.ALTER, refuse=every("creations", "results", _same)),
    ApiKey.DELETE_ACLS: Whole(Operation.ALTER, refuse=every("filters", "filter_results", _same)),
    ApiKey.DESCRIBE_CLIENT_QUOTAS: Whole(Operation.DESCRIBE_CONFIGS),
    ApiKey.DESCRIBE_USER_SCRAM_CREDENTIALS: Whole(
        Operation.DESCRIBE, refuse=every("users", "results", _user)
    ),
    ApiKey.ALTER_USER_SCRAM_CREDENTIALS: Whole(Operation.ALTER, refuse=_no_change),
}
