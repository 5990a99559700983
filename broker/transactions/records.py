"""The records of `__transaction_state`, in Kafka's formats.

One kind: the newest record of a transactional id is all that is known of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.sansio import Record
from broker.schema import INT8, INT16, INT32, INT64, STRING, Array, Damaged, Field, Reader, Schema
from broker.transactions.transaction import Metadata, State

WRITTEN = 1
"""The version that is written, as with transaction version 2."""


@dataclass(frozen=True)
class LogKey:
    """A transactional id."""

    transactional_id: str


@dataclass(frozen=True)
class TopicValue:
    """Partitions of a topic."""

    topic: str
    partitions: tuple[int, ...]


@dataclass(frozen=True)
class LogValue:
    """What is known of a transactional id."""

    producer_id: int
    epoch: int
    timeout: int
    status: int
    topics: tuple[TopicValue, ...] | None
    updated: int
    started: int
    previous_producer_id: int = -1
    next_producer_id: int = -1
    client_version: int = 0
    next_epoch: int = -1


KEY = Schema(LogKey, (Field("transactional_id", STRING),))
VALUE = Schema(
    LogValue,
    (
        Field("producer_id", INT64),
        Field("previous_producer_id", INT64, since=1, tag=0, default=-1),
        Field("next_producer_id", INT64, since=1, tag=1, default=-1),
        Field("epoch", INT16),
        Field("next_epoch", INT16, since=1, tag=3, default=-1),
        Field("timeout", INT32),
        Field("status", INT8),
        Field(
            "topics",
            Array(
                Schema(TopicValue, (Field("topic", STRING), Field("partitions", Array(INT32)))),
                nullable=True,
            ),
        ),
        Field("updated", INT64),
        Field("started", INT64),
        Field("client_version", INT16, since=1, tag=2, default=0),
    ),
    flexible=1,
)


def encode(transactional_id: str, metadata: Metadata | None) -> Record:
    """The record that says how a transactional id stands, or that it is no more."""
    key = KEY.encode(LogKey(transactional_id), 0)
    if metadata is None:
        return Record(key, None)
    topics: dict[str, list[int]] = {}
    for topic, partition in sorted(metadata.partitions):
        topics.setdefault(topic, []).append(partition)
    value = LogValue(
        metadata.producer_id,
        metadata.epoch,
        metadata.timeout,
        metadata.state.value,
        None
        if metadata.state is State.EMPTY
        else tuple(TopicValue(topic, tuple(found)) for topic, found in topics.items()),
        metadata.updated,
        metadata.started,
        metadata.previous_producer_id,
        metadata.next_producer_id,
        metadata.client_version,
    )
    return Record(key, VALUE.encode(value, WRITTEN))


def decode(record: Record) -> tuple[str, Metadata | None] | None:
    """What a record says; None for a kind that is not known, `Damaged` for one that is broken."""
    data = Reader(record.key)
    if INT16.read(data, 0, flexible=False) != 0:
        return None
    key = KEY.decode(data, 0)
    if record.value is None:
        return key.transactional_id, None
    data = Reader(record.value)
    version = INT16.read(data, 0, flexible=False)
    if version not in {0, WRITTEN}:
        raise Damaged(f"version {version} of a transaction's record")
    value = VALUE.decode(data, version)
    try:
        state = State(value.status)
    except ValueError as error:
        raise Damaged(f"state {value.status} of a transaction") from error
    return key.transactional_id, Metadata(
        producer_id=value.producer_id,
        epoch=value.epoch,
        timeout=value.timeout,
        state=state,
        updated=value.updated,
        started=value.started,
        partitions=frozenset(
            (each.topic, partition) for each in value.topics or () for partition in each.partitions
        ),
        previous_producer_id=value.previous_producer_id,
        next_producer_id=value.next_producer_id,
        client_version=value.client_version,
    )
