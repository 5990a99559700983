"""kafka-python as a driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import NewTopic
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from kafka.structs import TopicPartition

from tests.conformance.clients.drivers import PATIENCE, Record, To, Wish

LEAST = 2.0
"""Seconds that a poll may take at least.  Where a rebalance outlasts the poll in which it began,
this client has been seen to be given partitions and never to take them, Apache Kafka's too."""

ASSIGNORS: dict[str, Any] = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "sticky": StickyPartitionAssignor,
    "cooperative-sticky": CooperativeStickyAssignor,
}


class KafkaPython:
    name = "kafka-python"
    codecs = ("none", "gzip", "snappy", "lz4", "zstd")
    assignors = tuple(ASSIGNORS)
    lacks: Mapping[str, str] = MappingProxyType({})

    def prepare(self) -> None:
        pass

    def create(self, bootstrap: str, topic: str, partitions: int) -> None:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        admin.create_topics([NewTopic(topic, partitions, 1)])
        admin.close()

    def produce(
        self, bootstrap: str, topic: str, records: Sequence[To], *, codec: str = "none",
        idempotent: bool = False,
    ) -> list[tuple[int, int]]:  # fmt: skip
        producer = KafkaProducer(
            bootstrap_servers=bootstrap,
            compression_type=None if codec == "none" else codec,
            enable_idempotence=idempotent,
            linger_ms=20,
        )
        futures = [
            producer.send(
                topic,
                record.value.encode(),
                None if record.key is None else record.key.encode(),
                partition=record.partition,
            )
            for record in records
        ]
        found = [future.get(PATIENCE) for future in futures]
        producer.close()
        return [(each.partition, each.offset) for each in found]

    def transactions(
        self, bootstrap: str, name: str, topic: str, parts: Sequence[tuple[str, bool]]
    ) -> None:
        producer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id=name)
        producer.init_transactions()
        for value, commit in parts:
            producer.begin_transaction()
            producer.send(topic, value.encode(), partition=0).get(PATIENCE)
            (producer.commit_transaction if commit else producer.abort_transaction)()
        producer.close()

    def reader(self, bootstrap: str, wish: Wish) -> KafkaPythonReader:
        return KafkaPythonReader(bootstrap, wish)

    def lag(self, bootstrap: str, group: str, topic: str) -> dict[int, int]:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap)
        found = admin.list_group_offsets(group)[group]
        admin.close()
        asker = KafkaConsumer(bootstrap_servers=bootstrap)
        mine = {place: told.offset for place, told in found.items() if place.topic == topic}
        ends = asker.end_offsets(list(mine))
        asker.close()
        return {place.partition: ends[place] - offset for place, offset in mine.items()}


class KafkaPythonReader:
    def __init__(self, bootstrap: str, wish: Wish) -> None:
        self.client = KafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=wish.group,
            group_instance_id=wish.instance,
            partition_assignment_strategy=[ASSIGNORS[wish.assignor or next(iter(ASSIGNORS))]],
            auto_offset_reset=wish.reset,
            enable_auto_commit=wish.auto,
            auto_commit_interval_ms=200,
            isolation_level="read_committed" if wish.committed else "read_uncommitted",
            session_timeout_ms=wish.session,
            heartbeat_interval_ms=200,
            metadata_max_age_ms=500,
        )

    def subscribe(self, topic: str) -> None:
        self.client.subscribe([topic])

    def assign(self, topic: str, partition: int, offset: int) -> None:
        place = TopicPartition(topic, partition)
        self.client.assign([place])
        self.client.seek(place, offset)

    def poll(self, seconds: float) -> list[Record]:
        batches = self.client.poll(timeout_ms=int(max(seconds, LEAST) * 1000))
        return [
            Record(each.partition, each.offset, each.key and each.key.decode(), each.value.decode())
            for batch in batches.values()
            for each in batch
        ]

    def assignment(self) -> set[int]:
        return {place.partition for place in self.client.assignment()}

    def commit(self) -> None:
        self.client.commit()

    def seek(self, topic: str, partition: int, offset: int) -> None:
        self.client.seek(TopicPartition(topic, partition), offset)

    def committed(self, topic: str, partition: int) -> int:
        found = self.client.committed(TopicPartition(topic, partition))
        return -1 if found is None else int(found)

    def at_time(self, topic: str, partition: int, time: int) -> int:
        place = TopicPartition(topic, partition)
        return int(self.client.offsets_for_times({place: time})[place].offset)

    def close(self) -> None:
        self.client.close()


DRIVER = KafkaPython()
