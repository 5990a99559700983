"""Who may do what to groups and their positions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    by_id_from,
    every,
    field,
    in_turn,
    itself,
    named,
    put,
    then,
)
from broker.server.guards.rights import FAILED, allows, may
from broker.wire.apis import ApiKey

GROUP, TOPIC = ResourceType.GROUP, ResourceType.TOPIC
TRANSACTION = 1
"""The kind of key in FindCoordinator that is no group."""
SEVERAL_KEYS, SEVERAL_GROUPS, COMMIT_BY_ID, FETCH_BY_ID = 4, 8, 10, 10
ERROR_OF_ALL = 2
"""The first version of OffsetFetch that has an error for all partitions."""

_READ = Whole(Operation.READ, GROUP, field("group_id"))


# Who coordinates ------------------------------------------------------------------------------


def find_coordinator(request: Request, handler: Handler) -> Later:
    """Who may describe a group, or a transactional id, may know who coordinates it."""
    kind = request.body.key_type
    about = ResourceType.TRANSACTIONAL_ID if kind == TRANSACTION else GROUP
    if request.version >= SEVERAL_KEYS:
        keys = Each(Operation.DESCRIBE, about, "coordinator_keys", "coordinators", itself, _nobody)
        return keys(request, handler)
    one = Whole(Operation.DESCRIBE, about, field("key"), _nobody_at_all)
    return one(request, handler)


def _nobody(request: Request, key: str, error: ErrorCode) -> dict[str, Any]:
    del request
    nobody = {"key": key, "node_id": -1, "host": "", "port": -1}
    return {**nobody, "error_code": error, "error_message": error.name}


def _nobody_at_all(request: Request, error: ErrorCode) -> Answer:
    return _nobody(request, request.body.key, error)


# Groups ---------------------------------------------------------------------------------------


def _undescribed(request: Request, group: str, error: ErrorCode) -> dict[str, Any]:
    del request
    return {"group_id": group, "error_code": error, "error_message": error.name}


def list_groups(request: Request, handler: Handler) -> Later:
    """Who may describe the cluster sees all groups, and others those that they may describe."""

    def seen(found: Fields) -> Answer:
        if allows(request, Operation.DESCRIBE, ResourceType.CLUSTER):
            return found
        groups = [
            each
            for each in found["groups"]
            if allows(request, Operation.DESCRIBE, GROUP, each["group_id"])
        ]
        return {**found, "groups": groups}

    return then(handler(request), seen)


def heartbeat(request: Request, handler: Handler) -> Later:
    """A member of a consumer group may describe what it subscribes to."""
    for name in request.body.subscribed_topic_names or ():
        if not may(request, Operation.DESCRIBE, TOPIC, name):
            return {"error_code": FAILED[TOPIC], "error_message": FAILED[TOPIC].name}
    return handler(request)


def describe_consumers(request: Request, handler: Handler) -> Later:
    """A group that has topics which who asks may not describe is not described either."""

    def seen(found: Fields) -> Answer:
        return {**found, "groups": [_described(request, each) for each in found["groups"]]}

    return then(_DESCRIBE_CONSUMERS(request, handler), seen)


def _described(request: Request, group: dict[str, Any]) -> dict[str, Any]:
    topics = {
        topic["topic_name"]
        for member in group.get("members", ())
        for assigned in (member["assignment"], member["target_assignment"])
        for topic in assigned["topic_partitions"]
    }
    if all(allows(request, Operation.DESCRIBE, TOPIC, name) for name in topics):
        return group
    why = "The group has topics that the client may not describe."
    return {"group_id": group["group_id"], "error_code": FAILED[TOPIC], "error_message": why}


_DESCRIBE_CONSUMERS = Each(Operation.DESCRIBE, GROUP, "group_ids", "groups", itself, _undescribed)


# Positions ------------------------------------------------------------------------------------

COMMIT_TOPICS = Each(
    Operation.READ, TOPIC, "topics", "topics", by_id_from(COMMIT_BY_ID), all_partitions()
)
_COMMIT = in_turn(
    Whole(Operation.READ, GROUP, field("group_id"), every("topics", "topics", all_partitions())),
    COMMIT_TOPICS,
)


def fetch_positions(request: Request, handler: Handler) -> Later:
    """Of groups that may be described, the positions in topics that may be, too."""
    body, several = request.body, request.version >= SEVERAL_GROUPS
    allowed, refusals = [], []
    hidden: dict[str, list[Any] | None] = {}
    for group in body.groups if several else [body]:
        if may(request, Operation.DESCRIBE, GROUP, group.group_id):
            hidden[group.group_id] = _hide(request, group)
            allowed.append(group)
        else:
            refusals.append(_no_positions(request, group))
    if not allowed:
        return {"groups": refusals} if several else refusals[0]
    if several:
        put(body, "groups", allowed)

    def seen(found: Fields) -> Answer:
        if not several:
            return _seen(request, found, hidden[body.group_id])
        groups = [_seen(request, each, hidden[each["group_id"]]) for each in found["groups"]]
        return {**found, "groups": [*groups, *refusals]}

    return then(handler(request), seen)


def _hide(request: Request, group: Any) -> list[Any] | None:
    """Take out of a question what may not be described, which is returned; None: all was asked."""
    if group.topics is None:
        return None
    name = by_id_from(FETCH_BY_ID)
    hidden = [
        each
        for each in group.topics
        if (topic := name(request, each)) is not None
        and not may(request, Operation.DESCRIBE, TOPIC, topic)
    ]
    group.topics = [each for each in group.topics if each not in hidden]
    return hidden


def _seen(request: Request, found: Fields, hidden: Iterable[Any] | None) -> Fields:
    if hidden is None:
        topics = [
            each
            for each in found["topics"]
            if "name" not in each or allows(request, Operation.DESCRIBE, TOPIC, each["name"])
        ]
    else:
        told = () if found["error_code"] else hidden
        topics = [
            *found["topics"],
            *(_NO_POSITION(request, each, FAILED[TOPIC]) for each in told),
        ]
    return {**found, "topics": topics}


def _no_positions(request: Request, group: Any) -> dict[str, Any]:
    topics: list[Any] = []
    if request.version < ERROR_OF_ALL:
        topics = [_NO_POSITION(request, each, FAILED[GROUP]) for each in group.topics or ()]
    return {"group_id": group.group_id, "error_code": FAILED[GROUP], "topics": topics}


_NO_POSITION = all_partitions(asked="partition_indexes", committed_offset=-1, metadata="")


GUARDS: Mapping[ApiKey, Guard] = {
    ApiKey.FIND_COORDINATOR: find_coordinator,
    ApiKey.JOIN_GROUP: _READ,
    ApiKey.SYNC_GROUP: _READ,
    ApiKey.HEARTBEAT: _READ,
    ApiKey.LEAVE_GROUP: _READ,
    ApiKey.CONSUMER_GROUP_HEARTBEAT: in_turn(_READ, heartbeat),
    ApiKey.CONSUMER_GROUP_DESCRIBE: describe_consumers,
    ApiKey.DESCRIBE_GROUPS: Each(
        Operation.DESCRIBE, GROUP, "groups", "groups", itself, _undescribed
    ),
    ApiKey.LIST_GROUPS: list_groups,
    ApiKey.DELETE_GROUPS: Each(
        Operation.DELETE, GROUP, "groups_names", "results", itself, _undescribed
    ),
    ApiKey.OFFSET_COMMIT: _COMMIT,
    ApiKey.OFFSET_FETCH: fetch_positions,
    ApiKey.OFFSET_DELETE: in_turn(
        Whole(Operation.DELETE, GROUP, field("group_id")),
        Each(Operation.READ, TOPIC, "topics", "topics", named, all_partitions()),
    ),
}
