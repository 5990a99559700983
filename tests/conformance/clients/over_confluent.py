"""confluent-kafka (librdkafka) as a driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.conformance.clients.drivers import PATIENCE, Record, To, Wish

REMOTE = " (KIP-848)"
"""Ends the name of an assignor that is the broker's."""


def configured(bootstrap: str, **more: Any) -> dict[str, Any]:
    named = {name.replace("_", "."): value for name, value in more.items() if value is not None}
    return {"bootstrap.servers": bootstrap, "broker.address.family": "v4", **named}


class Confluent:
    name = "confluent-kafka"
    codecs = ("none", "gzip", "snappy", "lz4", "zstd")
    assignors = ("range", "roundrobin", "cooperative-sticky", f"uniform{REMOTE}", f"range{REMOTE}")
    lacks: Mapping[str, str] = MappingProxyType({})

    def prepare(self) -> None:
        pass

    def create(self, bootstrap: str, topic: str, partitions: int) -> None:
        admin = AdminClient(configured(bootstrap))
        admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(PATIENCE)

    def produce(
        self, bootstrap: str, topic: str, records: Sequence[To], *, codec: str = "none",
        idempotent: bool = False,
    ) -> list[tuple[int, int]]:  # fmt: skip
        producer = Producer(
            configured(
                bootstrap, compression_type=codec, enable_idempotence=idempotent, linger_ms=20
            )
        )
        places: dict[int, tuple[int, int]] = {}

        def told(number: int) -> Any:
            def callback(error: Any, message: Any) -> None:
                assert error is None, error
                places[number] = (message.partition(), message.offset())

            return callback

        for number, record in enumerate(records):
            where: dict[str, Any] = (
                {} if record.partition is None else {"partition": record.partition}
            )
            producer.produce(topic, record.value, record.key, on_delivery=told(number), **where)
        assert producer.flush(PATIENCE) == 0
        return [places[number] for number in range(len(records))]

    def transactions(
        self, bootstrap: str, name: str, topic: str, parts: Sequence[tuple[str, bool]]
    ) -> None:
        producer = Producer(configured(bootstrap, transactional_id=name))
        producer.init_transactions(PATIENCE)
        for value, commit in parts:
            producer.begin_transaction()
            producer.produce(topic, value, partition=0)
            producer.flush(PATIENCE)
            (producer.commit_transaction if commit else producer.abort_transaction)(PATIENCE)

    def reader(self, bootstrap: str, wish: Wish) -> ConfluentReader:
        return ConfluentReader(bootstrap, wish)

    def lag(self, bootstrap: str, group: str, topic: str) -> dict[int, int]:
        admin = AdminClient(configured(bootstrap))
        asked = [ConsumerGroupTopicPartitions(group)]
        found = admin.list_consumer_group_offsets(asked)[group].result(PATIENCE)
        asker = Consumer(configured(bootstrap, group_id="asker"))
        lags = {
            place.partition: asker.get_watermark_offsets(place, timeout=PATIENCE)[1] - place.offset
            for place in found.topic_partitions
            if place.topic == topic
        }
        asker.close()
        return lags


def _of_a_group(wish: Wish) -> dict[str, Any]:
    """Who assigns; the broker says how long a session is where it assigns."""
    assignor = wish.assignor or Confluent.assignors[0]
    if assignor.endswith(REMOTE):
        return {
            "group_protocol": "consumer",
            "group_remote_assignor": assignor.removesuffix(REMOTE),
        }
    return {
        "partition_assignment_strategy": assignor,
        "session_timeout_ms": wish.session,
        "heartbeat_interval_ms": 200,
    }


class ConfluentReader:
    def __init__(self, bootstrap: str, wish: Wish) -> None:
        self.client = Consumer(
            configured(
                bootstrap,
                group_id=wish.group or "nobody",
                group_instance_id=wish.instance,
                auto_offset_reset=wish.reset,
                enable_auto_commit=wish.auto,
                auto_commit_interval_ms=200,
                isolation_level="read_committed" if wish.committed else "read_uncommitted",
                topic_metadata_refresh_interval_ms=500,
                **_of_a_group(wish),
            )
        )

    def subscribe(self, topic: str) -> None:
        self.client.subscribe([topic])

    def assign(self, topic: str, partition: int, offset: int) -> None:
        self.client.assign([TopicPartition(topic, partition, offset)])

    def poll(self, seconds: float) -> list[Record]:
        found = self.client.consume(500, seconds)
        assert not any(message.error() for message in found), found[0].error()
        return [_record(message) for message in found]

    def assignment(self) -> set[int]:
        return {place.partition for place in self.client.assignment()}

    def commit(self) -> None:
        self.client.commit(asynchronous=False)

    def seek(self, topic: str, partition: int, offset: int) -> None:
        self.client.seek(TopicPartition(topic, partition, offset))

    def committed(self, topic: str, partition: int) -> int:
        [place] = self.client.committed([TopicPartition(topic, partition)], timeout=PATIENCE)
        return int(place.offset)

    def at_time(self, topic: str, partition: int, time: int) -> int:
        asked = [TopicPartition(topic, partition, time)]
        return int(self.client.offsets_for_times(asked, timeout=PATIENCE)[0].offset)

    def close(self) -> None:
        self.client.close()


def _record(message: Any) -> Record:
    key = message.key()
    return Record(
        message.partition(), message.offset(), key and key.decode(), message.value().decode()
    )


DRIVER = Confluent()
