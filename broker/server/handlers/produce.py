"""Produce: batches of producers into logs, as the bytes that came.

acks says when a producer is answered: 0 never (what fails closes the connection, which is all that
the producer can notice), 1 when the leader has it, -1 when all in-sync replicas have it; with one
replica the last two are the same.

A batch of a transaction is appended only where its producer has said that the transaction reaches
this partition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from broker.errors import ErrorCode, Refused
from broker.partition import RecordsRefused
from broker.server.catalog import INTERNAL
from broker.server.dispatch import SILENT, Answer, Handler, Request
from broker.wire.apis import ApiKey
from broker.wire.batches import transactional
from broker.wire.codec import Malformed
from broker.wire.records import Allowance

BY_ID = 13
_NONE = ErrorCode.NONE


def produce(request: Request) -> Answer | asyncio.Future[Answer]:
    """Append each partition's batch."""
    body = request.body
    if body.acks not in {-1, 0, 1}:
        return _all_refused(request, ErrorCode.INVALID_REQUIRED_ACKS)
    for topic in body.topic_data:
        for each in topic.partition_data:
            if each.records is None:
                # Apache Kafka fails inside and never answers; a closed connection tells more.
                raise Malformed("a produce request without records")
    if body.transactional_id is not None:
        verified = _verified(request)
        if verified is not None:
            return verified
    return append(request)


def _verified(request: Request) -> asyncio.Future[Answer] | None:
    """Where a transaction has to be asked about: append what it reaches, once that is known."""
    from broker.server.handlers.transactions import unverified

    return unverified(request, lambda refused: append(request, refused))


def append(request: Request, refused: Mapping[tuple[str, int], ErrorCode] | None = None) -> Answer:
    """Append all but what is refused already."""
    body, failed, allowance = request.body, False, Allowance()
    responses = []
    for each in body.topic_data:
        name = topic_name(request, each, BY_ID)
        partitions = []
        for part in each.partition_data:
            error = refused.get((name or "", part.index)) if refused else None
            result = _append(request, name, part, error, allowance)
            failed = failed or bool(result["error_code"])
            partitions.append(result)
        topic_id = each.topic_id if request.version >= BY_ID else None
        responses.append({"name": name, "topic_id": topic_id, "partition_responses": partitions})
    if body.acks == 0:
        if failed:
            raise Malformed("what was to be appended without an answer was refused")
        return SILENT
    return {"responses": responses}


def topic_name(request: Request, each: Any, by_id: int) -> str | None:
    """The topic that is meant, which newer versions name by its id; None where there is none."""
    if request.version < by_id:
        found: str = each.name
        return found
    topic = request.broker.catalog.ids.get(each.topic_id)
    return None if topic is None else topic.name


def _append(
    request: Request, name: str | None, part: Any, error: ErrorCode | None, allowance: Allowance
) -> dict[str, Any]:
    broker = request.broker
    try:
        if error:
            raise Refused(error)  # noqa: TRY301 - answered like the others
        if name is None:
            raise Refused(ErrorCode.UNKNOWN_TOPIC_ID)  # noqa: TRY301
        partition = broker.catalog.partition(name, part.index)
        if name in INTERNAL:
            raise Refused(ErrorCode.INVALID_TOPIC_EXCEPTION)  # noqa: TRY301
        if transactional(part.records) and request.body.transactional_id is None:
            raise Refused(ErrorCode.INVALID_RECORD)  # noqa: TRY301
        appended, size = partition.produce(part.records, broker.now(), allowance)
    except RecordsRefused as refused:
        told = [
            {"batch_index": at, "batch_index_error_message": wrong}
            for at, wrong in refused.records.items()
        ]
        answer = _refused(part.index, refused.error)
        return {**answer, "record_errors": told, "error_message": refused.why}
    except Refused as refused:
        return _refused(part.index, refused.error)
    except OSError as failure:
        broker.disk_failed(name, part.index, "appended to", failure)
        return _refused(part.index, ErrorCode.KAFKA_STORAGE_ERROR)
    broker.appended(partition, size)
    return {
        "index": part.index,
        "error_code": _NONE,
        "base_offset": appended.base_offset,
        "log_append_time": appended.append_time,
        "log_start_offset": partition.log.start_offset,
    }


def _refused(index: int, error: ErrorCode) -> dict[str, Any]:
    return {
        "index": index,
        "error_code": error,
        "base_offset": -1,
        "log_append_time": -1,
        "log_start_offset": -1,
    }


def _all_refused(request: Request, error: ErrorCode) -> Answer:
    return {
        "responses": [
            {
                "name": None if request.version >= BY_ID else each.name,
                "topic_id": each.topic_id if request.version >= BY_ID else None,
                "partition_responses": [
                    _refused(part.index, error) for part in each.partition_data
                ],
            }
            for each in request.body.topic_data
        ]
    }


HANDLERS: Mapping[ApiKey, Handler] = {ApiKey.PRODUCE: produce}
