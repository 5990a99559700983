"""Committed offsets: from the messages on the wire to the group coordinator and back.

A topic is named, or from version 10 on meant by its id.  What is said of partitions that there are
not is answered here: the coordinator knows of groups, not of partitions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from broker.errors import ErrorCode
from broker.groups.offsets import requests as positions
from broker.server.coordination import after
from broker.server.dispatch import Answer, Handler, Request
from broker.wire.apis import ApiKey
from broker.wire.codec import NIL

Later = Answer | asyncio.Future[Answer]
BY_ID = 10
RETAINING = 4
"""The last version of OffsetCommit that says how long to keep an offset."""
FOR_EVER = 1 << 60


def split(
    request: Request, topics: Iterable[Any], by_id: int
) -> tuple[tuple[positions.TopicPositions, ...], dict[tuple[Any, int], ErrorCode]]:
    """The positions of partitions that there are, and the errors of those that there are not."""
    catalog, known, errors = request.broker.catalog, [], {}
    named_by_id = request.version >= by_id
    unknown = ErrorCode.UNKNOWN_TOPIC_ID if named_by_id else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    for each in topics:
        key = each.topic_id if named_by_id else each.name
        topic = catalog.ids.get(key) if named_by_id else catalog.topics.get(key)
        kept = []
        for part in each.partitions:
            index = part.partition_index
            if topic is None:
                errors[key, index] = unknown
            elif not 0 <= index < len(topic.partitions):
                errors[key, index] = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            else:
                kept.append(
                    positions.Position(
                        index,
                        part.committed_offset,
                        part.committed_leader_epoch,
                        part.committed_metadata,
                    )
                )
        if kept and topic is not None:
            known.append(positions.TopicPositions(topic.name, tuple(kept), topic.topic_id))
    return tuple(known), errors


def committed(
    request: Request,
    topics: Iterable[Any],
    errors: Mapping[tuple[Any, int], ErrorCode],
    found: Iterable[positions.TopicErrors],
    by_id: int,
) -> Answer:
    """What became of each position, in the order of the question."""
    named_by_id = request.version >= by_id
    results = dict(errors)
    for each in found:
        for index, error in each.partitions:
            results[each.topic_id if named_by_id else each.topic, index] = error
    return {
        "topics": [
            {
                "name": None if named_by_id else each.name,
                "topic_id": each.topic_id if named_by_id else NIL,
                "partitions": [
                    {
                        "partition_index": part.partition_index,
                        "error_code": results[
                            each.topic_id if named_by_id else each.name, part.partition_index
                        ],
                    }
                    for part in each.partitions
                ],
            }
            for each in topics
        ]
    }


def commit(request: Request) -> Later:
    """Positions are committed."""
    body = request.body
    topics, errors = split(request, body.topics, BY_ID)
    if not topics:
        return committed(request, body.topics, errors, (), BY_ID)
    wanted = positions.OffsetCommit(
        version=request.version,
        group=body.group_id,
        topics=topics,
        generation=body.generation_id_or_member_epoch,
        member_id=body.member_id,
        instance_id=body.group_instance_id,
        retention=min(body.retention_time, FOR_EVER) if request.version <= RETAINING else -1,
    )

    def answer(found: positions.OffsetCommitResponse) -> Answer:
        return committed(request, body.topics, errors, found.topics, BY_ID)

    return after(request.broker.groups.ask(wanted), answer)


def offset_fetch(request: Request) -> Later:
    """Where groups stand; before version 8 one group."""
    body = request.body
    several = request.version >= 8  # noqa: PLR2004
    groups = body.groups if several else [body]
    unknown: Unknown = {}
    wanted = positions.OffsetFetch(
        tuple(_group_wanted(request, each, unknown) for each in groups),
        body.require_stable,
    )

    def answer(found: positions.OffsetFetchResponse) -> Answer:
        results = [_fetched(request, each, unknown) for each in found.groups]
        if several:
            return {"groups": results}
        if request.version < 2 and results[0]["error_code"]:  # noqa: PLR2004 - no place for it
            for topic in results[0]["topics"]:
                for partition in topic["partitions"]:
                    partition["error_code"] = results[0]["error_code"]
        return results[0]

    return after(request.broker.groups.ask(wanted), answer)


Unknown = dict[str, dict[Any, list[int]]]
"""Partitions of topics that there are not, by group and by the topic's id."""


def _group_wanted(request: Request, each: Any, unknown: Unknown) -> positions.GroupWanted:
    topics = None
    if each.topics is not None:
        topics = []
        for topic in each.topics:
            if request.version >= BY_ID:
                known = request.broker.catalog.ids.get(topic.topic_id)
                if known is None:
                    missing = unknown.setdefault(each.group_id, {})
                    missing[topic.topic_id] = list(topic.partition_indexes)
                    continue
                name, topic_id = known.name, known.topic_id
            else:
                name, topic_id = topic.name, NIL
            topics.append(positions.TopicWanted(name, tuple(topic.partition_indexes), topic_id))
    member = request.version >= 9  # noqa: PLR2004 - a member of a consumer group says so
    return positions.GroupWanted(
        each.group_id,
        None if topics is None else tuple(topics),
        each.member_id if member else None,
        each.member_epoch if member else -1,
    )


def _fetched(request: Request, group: positions.GroupFetched, unknown: Unknown) -> dict[str, Any]:
    topics: list[dict[str, Any]] = []
    for each in group.topics:
        known = request.broker.catalog.topics.get(each.topic)
        if request.version >= BY_ID and known is None:
            continue
        topics.append(
            {
                "name": each.topic,
                "topic_id": known.topic_id if known is not None else NIL,
                "partitions": [_position(part) for part in each.partitions],
            }
        )
    for topic_id, indexes in unknown.get(group.group, {}).items():
        error = ErrorCode.UNKNOWN_TOPIC_ID
        parts = [positions.Fetched(index, error=error) for index in indexes]
        topics.append({"topic_id": topic_id, "partitions": [_position(part) for part in parts]})
    return {"group_id": group.group, "error_code": group.error, "topics": topics}


def _position(part: positions.Fetched) -> dict[str, Any]:
    return {
        "partition_index": part.partition,
        "committed_offset": part.offset,
        "committed_leader_epoch": part.leader_epoch,
        "metadata": part.metadata,
        "error_code": part.error,
    }


def offset_delete(request: Request) -> Later:
    """A group's positions are to be forgotten."""
    body = request.body
    wanted = positions.OffsetDelete(
        body.group_id,
        tuple(
            positions.TopicWanted(
                each.name, tuple(part.partition_index for part in each.partitions)
            )
            for each in body.topics
        ),
    )

    def answer(found: positions.OffsetDeleteResponse) -> Answer:
        return {
            "error_code": found.error,
            "topics": [
                {
                    "name": each.topic,
                    "partitions": [
                        {"partition_index": index, "error_code": error}
                        for index, error in each.partitions
                    ],
                }
                for each in found.topics
            ],
        }

    return after(request.broker.groups.ask(wanted), answer)


HANDLERS: Mapping[ApiKey, Handler] = {
    ApiKey.OFFSET_COMMIT: commit,
    ApiKey.OFFSET_FETCH: offset_fetch,
    ApiKey.OFFSET_DELETE: offset_delete,
}
