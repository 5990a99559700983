"""Offsets of a log: by time, by leader epoch, and of its producers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.errors import ErrorCode, Refused
from broker.server.dispatch import Fields, Handler, Request
from broker.wire.apis import ApiKey
from broker.wire.batches import Corrupt
from broker.wire.records import Allowance, TooMuch

COMMITTED = 1


def list_offsets(request: Request) -> Fields:
    """The offset of a time, or of the beginning or the end."""
    body = request.body
    committed, allowance = getattr(body, "isolation_level", 0) == COMMITTED, Allowance()
    return {
        "topics": [
            {
                "name": each.name,
                "partitions": [
                    _offset(request, each.name, part, allowance, committed=committed)
                    for part in each.partitions
                ],
            }
            for each in body.topics
        ]
    }


def _offset(
    request: Request, topic: str, part: Any, allowance: Allowance, *, committed: bool
) -> dict[str, Any]:
    timestamp, offset, epoch, error = -1, -1, -1, ErrorCode.NONE
    try:
        partition = request.broker.catalog.partition(topic, part.partition_index)
        partition.check_epoch(part.current_leader_epoch)
        timestamp, offset, epoch = partition.offset_for(
            part.timestamp, allowance, committed=committed
        )
    except Refused as refused:
        error = refused.error
    except OSError:
        error = ErrorCode.KAFKA_STORAGE_ERROR
    except TooMuch:
        # Together with others it is: alone it will not be.
        error = ErrorCode.REQUEST_TIMED_OUT
    except Corrupt:
        error = ErrorCode.CORRUPT_MESSAGE
    return {
        "partition_index": part.partition_index,
        "error_code": error,
        "timestamp": timestamp,
        "offset": offset,
        "leader_epoch": epoch,
    }


def offset_for_leader_epoch(request: Request) -> Fields:
    """Where leader epochs ended."""
    return {
        "topics": [
            {
                "topic": each.topic,
                "partitions": [_end_of(request, each.topic, part) for part in each.partitions],
            }
            for each in request.body.topics
        ]
    }


def _end_of(request: Request, topic: str, part: Any) -> dict[str, Any]:
    epoch, end, error = -1, -1, ErrorCode.NONE
    try:
        partition = request.broker.catalog.partition(topic, part.partition)
        partition.check_epoch(part.current_leader_epoch)
        epoch, end = partition.end_of_epoch(part.leader_epoch)
    except Refused as refused:
        error = refused.error
    return {
        "partition": part.partition,
        "error_code": error,
        "leader_epoch": epoch,
        "end_offset": end,
    }


def describe_producers(request: Request) -> Fields:
    """Who produces to partitions."""
    return {
        "topics": [
            {
                "name": each.name,
                "partitions": [
                    _producers(request, each.name, index) for index in each.partition_indexes
                ],
            }
            for each in request.body.topics
        ]
    }


def _producers(request: Request, topic: str, index: int) -> dict[str, Any]:
    try:
        partition = request.broker.catalog.partition(topic, index)
    except Refused as refused:
        return {
            "partition_index": index,
            "error_code": refused.error,
            "error_message": refused.error.name,
            "active_producers": [],
        }
    return {
        "partition_index": index,
        "error_code": ErrorCode.NONE,
        "error_message": None,
        "active_producers": [
            {
                "producer_id": number,
                "producer_epoch": producer.epoch,
                "last_sequence": producer.last_sequence,
                "last_timestamp": producer.timestamp,
                "coordinator_epoch": producer.coordinator_epoch,
                "current_txn_start_offset": -1
                if producer.first_offset is None
                else producer.first_offset,
            }
            for number, producer in partition.log.producers.producers.items()
        ],
    }


HANDLERS: Mapping[ApiKey, Handler] = {
    ApiKey.LIST_OFFSETS: list_offsets,
    ApiKey.OFFSET_FOR_LEADER_EPOCH: offset_for_leader_epoch,
    ApiKey.DESCRIBE_PRODUCERS: describe_producers,
}
