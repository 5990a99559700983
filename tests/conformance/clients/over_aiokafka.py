"""aiokafka as a driver: its event loop runs in a thread, so that heartbeats go on between calls."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from tests.conformance.clients.drivers import PATIENCE, Record, To, Wish

ASSIGNORS: dict[str, Any] = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "sticky": StickyPartitionAssignor,
}


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def call(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine gives, in the thread of the loop."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop()).result(PATIENCE)


class Aiokafka:
    name = "aiokafka"
    codecs = ("none", "gzip", "snappy", "lz4", "zstd")
    assignors = tuple(ASSIGNORS)
    lacks: Mapping[str, str] = MappingProxyType({})

    def prepare(self) -> None:
        pass

    def create(self, bootstrap: str, topic: str, partitions: int) -> None:
        async def run() -> None:
            admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
            await admin.start()
            await admin.create_topics([NewTopic(topic, partitions, 1)])
            await admin.close()

        call(run())

    def produce(
        self, bootstrap: str, topic: str, records: Sequence[To], *, codec: str = "none",
        idempotent: bool = False,
    ) -> list[tuple[int, int]]:  # fmt: skip
        async def run() -> list[tuple[int, int]]:
            producer = AIOKafkaProducer(
                bootstrap_servers=bootstrap,
                compression_type=None if codec == "none" else codec,
                enable_idempotence=idempotent,
                linger_ms=20,
            )
            await producer.start()
            futures = [
                await producer.send(
                    topic,
                    record.value.encode(),
                    None if record.key is None else record.key.encode(),
                    partition=record.partition,
                )
                for record in records
            ]
            found = [await future for future in futures]
            await producer.stop()
            return [(each.partition, each.offset) for each in found]

        places: list[tuple[int, int]] = call(run())
        return places

    def transactions(
        self, bootstrap: str, name: str, topic: str, parts: Sequence[tuple[str, bool]]
    ) -> None:
        async def run() -> None:
            producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=name)
            await producer.start()
            for value, commit in parts:
                await producer.begin_transaction()
                await producer.send_and_wait(topic, value.encode(), partition=0)
                await (producer.commit_transaction() if commit else producer.abort_transaction())
            await producer.stop()

        call(run())

    def reader(self, bootstrap: str, wish: Wish) -> AiokafkaReader:
        return AiokafkaReader(bootstrap, wish)

    def lag(self, bootstrap: str, group: str, topic: str) -> dict[int, int]:
        async def run() -> dict[int, int]:
            admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
            await admin.start()
            found = await admin.list_consumer_group_offsets(group)
            await admin.close()
            asker = AIOKafkaConsumer(bootstrap_servers=bootstrap)
            await asker.start()
            mine = {place: told.offset for place, told in found.items() if place.topic == topic}
            ends = await asker.end_offsets(list(mine))
            await asker.stop()
            return {place.partition: ends[place] - offset for place, offset in mine.items()}

        lags: dict[int, int] = call(run())
        return lags


class AiokafkaReader:
    def __init__(self, bootstrap: str, wish: Wish) -> None:
        async def run() -> Any:
            client = AIOKafkaConsumer(
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
            await client.start()
            return client

        self.client = call(run())

    def _do(self, method: Any, *words: Any, **named: Any) -> Any:
        async def run() -> Any:
            found = method(*words, **named)
            return await found if asyncio.iscoroutine(found) else found

        return call(run())

    def subscribe(self, topic: str) -> None:
        self._do(self.client.subscribe, [topic])

    def assign(self, topic: str, partition: int, offset: int) -> None:
        place = TopicPartition(topic, partition)
        self._do(self.client.assign, [place])
        self._do(self.client.seek, place, offset)

    def poll(self, seconds: float) -> list[Record]:
        batches = self._do(self.client.getmany, timeout_ms=int(seconds * 1000))
        return [
            Record(each.partition, each.offset, each.key and each.key.decode(), each.value.decode())
            for batch in batches.values()
            for each in batch
        ]

    def assignment(self) -> set[int]:
        return {place.partition for place in self._do(self.client.assignment)}

    def commit(self) -> None:
        self._do(self.client.commit)

    def seek(self, topic: str, partition: int, offset: int) -> None:
        self._do(self.client.seek, TopicPartition(topic, partition), offset)

    def committed(self, topic: str, partition: int) -> int:
        found = self._do(self.client.committed, TopicPartition(topic, partition))
        return -1 if found is None else int(found)

    def at_time(self, topic: str, partition: int, time: int) -> int:
        place = TopicPartition(topic, partition)
        return int(self._do(self.client.offsets_for_times, {place: time})[place].offset)

    def close(self) -> None:
        self._do(self.client.stop)


DRIVER = Aiokafka()
