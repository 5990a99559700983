"""Consumer groups of KIP-848: from the messages on the wire to their coordinator and back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from broker.groups.consumer import requests as asked
from broker.groups.records.consumer import TopicPartitions
from broker.server.coordination import after
from broker.server.dispatch import Answer, Handler, Request
from broker.server.handlers.groups import group_operations
from broker.wire.apis import ApiKey

Later = Answer | asyncio.Future[Answer]
CLASSIC, CONSUMER = 0, 1
"""Which protocol a member speaks, in ConsumerGroupDescribe."""


def heartbeat(request: Request) -> Later:
    """A member joins, goes on, or leaves."""
    body = request.body
    names, owned = body.subscribed_topic_names, body.topic_partitions
    wanted = asked.ConsumerGroupHeartbeat(
        version=request.version,
        group=body.group_id,
        member_id=body.member_id,
        member_epoch=body.member_epoch,
        instance_id=body.instance_id,
        rack_id=body.rack_id,
        rebalance_timeout=body.rebalance_timeout,
        topics=None if names is None else tuple(names),
        regex=body.subscribed_topic_regex,
        assignor=body.server_assignor,
        owned=None
        if owned is None
        else tuple(TopicPartitions(each.topic_id, tuple(each.partitions)) for each in owned),
        client_id=request.client_id,
        client_host=f"/{request.host}",
    )

    def answer(found: asked.ConsumerGroupHeartbeatResponse) -> Answer:
        assignment = found.assignment
        return {
            "error_code": found.error,
            "error_message": found.message,
            "member_id": found.member_id,
            "member_epoch": found.member_epoch,
            "heartbeat_interval": found.heartbeat_interval,
            "assignment": None
            if assignment is None
            else {"topic_partitions": [_by_id(each) for each in assignment]},
        }

    return after(request.broker.groups.ask(wanted), answer)


def _by_id(each: TopicPartitions) -> dict[str, Any]:
    return {"topic_id": each.topic_id, "partitions": each.partitions}


def describe(request: Request) -> Later:
    """What consumer groups are doing."""
    wanted = asked.ConsumerGroupDescribe(tuple(request.body.group_ids))

    def answer(found: asked.ConsumerGroupDescribeResponse) -> Answer:
        return {"groups": [_described(request, each) for each in found.groups]}

    return after(request.broker.groups.ask(wanted), answer)


def _described(request: Request, group: asked.DescribedConsumerGroup) -> dict[str, Any]:
    return {
        "error_code": group.error,
        "error_message": group.message,
        "group_id": group.group,
        "group_state": group.state,
        "group_epoch": group.epoch,
        "assignment_epoch": group.target_epoch,
        "assignor_name": group.assignor,
        "members": [
            {
                "member_id": each.member_id,
                "instance_id": each.instance_id,
                "rack_id": each.rack_id,
                "member_epoch": each.member_epoch,
                "client_id": each.client_id,
                "client_host": each.client_host,
                "subscribed_topic_names": each.topics,
                "subscribed_topic_regex": each.regex or "",
                "assignment": _named(request, each.assignment),
                "target_assignment": _named(request, each.target),
                "member_type": CLASSIC if each.classic else CONSUMER,
            }
            for each in group.members
        ],
        "authorized_operations": group_operations(request, group.group, group.error),
    }


def _named(request: Request, topics: Iterable[TopicPartitions]) -> dict[str, Any]:
    """Partitions of topics that there still are."""
    known = request.broker.catalog.ids
    return {
        "topic_partitions": [
            {**_by_id(each), "topic_name": known[each.topic_id].name}
            for each in topics
            if each.topic_id in known
        ]
    }


HANDLERS: Mapping[ApiKey, Handler] = {
    ApiKey.CONSUMER_GROUP_HEARTBEAT: heartbeat,
    ApiKey.CONSUMER_GROUP_DESCRIBE: describe,
}
