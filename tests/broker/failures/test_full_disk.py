"""A disk that is full: it is told, nothing that was acknowledged is lost, and room is enough.

The broker is a process, and its disk is one of a few megabytes.  What fails at each single write is
in `test_every_step`; here the system itself says no, wherever that happens to be.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from broker.errors import ErrorCode
from broker.wire import records
from broker.wire.apis import ApiKey
from tests.broker.failures.small_disk import Prefixed, SmallDisk, small_disk
from tests.broker.raw import RawClient
from tests.broker.server.running import PATIENCE

SETTINGS = (
    *("--set", "log.segment.bytes=1048576"),
    *("--set", "log.index.interval.bytes=100"),
    *("--set", "log.index.size.max.bytes=4096"),
)


class Client(RawClient):
    """What becomes of a few things that a client asks."""

    def produced(self, topic: str, batch: bytes | bytearray) -> int:
        data = [{"name": topic, "partition_data": [{"index": 0, "records": bytes(batch)}]}]
        answer = self.answer_to(ApiKey.PRODUCE, 8, acks=-1, timeout=1, topic_data=data)
        return int(answer["responses"][0]["partition_responses"][0]["error_code"])

    def made(self, topic: str) -> int:
        wanted = {"name": topic, "num_partitions": 1, "replication_factor": 1}
        answer = self.answer_to(ApiKey.CREATE_TOPICS, 7, topics=[wanted], timeout_ms=1)
        return int(answer["topics"][0]["error_code"])

    def configured(self, topic: str) -> int:
        config = {"name": "retention.ms", "value": "500000", "config_operation": 0}
        resource = {"resource_type": 2, "resource_name": topic, "configs": [config]}
        answer = self.answer_to(ApiKey.INCREMENTAL_ALTER_CONFIGS, 1, resources=[resource])
        return int(answer["responses"][0]["error_code"])

    def committed(self, offset: int) -> int:
        part = {"partition_index": 0, "committed_offset": offset, "committed_metadata": ""}
        answer = self.answer_to(
            ApiKey.OFFSET_COMMIT,
            8,
            group_id="g",
            generation_id_or_member_epoch=-1,
            member_id="",
            topics=[{"name": "t", "partitions": [part]}],
        )
        return int(answer["topics"][0]["partitions"][0]["error_code"])

    def coordinator(self) -> int:
        answer = self.answer_to(ApiKey.FIND_COORDINATOR, 3, key="g", key_type=0)
        return int(answer["error_code"])

    def producer_id(self) -> int:
        answer = self.answer_to(
            ApiKey.INIT_PRODUCER_ID, 4, transactional_id=None, transaction_timeout=1000
        )
        return int(answer["error_code"])


def read(bootstrap: str) -> tuple[list[bytes], int]:
    """All values of the topic, and what the group has committed."""
    settings = {"bootstrap.servers": bootstrap, "group.id": "g", "enable.auto.commit": False}
    consumer = Consumer(settings)
    place = TopicPartition("t", 0, 0)
    _, end = consumer.get_watermark_offsets(place, PATIENCE)
    [position] = consumer.committed([place], PATIENCE)
    consumer.assign([place])
    found: list[bytes] = []
    while len(found) < end:
        [message] = consumer.consume(1, PATIENCE)
        assert not message.error(), message.error()
        found.append((message.value() or b"").rstrip(b"\0"))
    consumer.close()
    return found, position.offset


def filled(disk: SmallDisk, client: Client, draw: random.Random) -> list[bytes]:
    """Produce until there is no room, several times; what was acknowledged."""
    acknowledged: list[bytes] = []
    number = 0
    for _ in range(4):
        disk.fill(draw.randrange(0, 200_000))
        errors = 0
        while errors < 5:
            number += 1
            value = b"%d" % number
            batch = records.build([(b"k", value + bytes(draw.choice([10, 3_000, 40_000])))], 1000)
            error = client.produced("t", batch)
            assert error in {0, ErrorCode.KAFKA_STORAGE_ERROR}
            errors += error != 0
            if not error:
                acknowledged.append(value)
        disk.empty()
        assert client.produced("t", records.build([(b"k", b"room")], 1000)) == 0
        acknowledged.append(b"room")
    return acknowledged


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_what_was_acknowledged_is_there_once_and_nothing_else(tmp_path: Path, seed: int) -> None:
    with small_disk(tmp_path, "size=12m") as disk:
        broker = Prefixed(disk.prefix, disk.path, *SETTINGS)
        with Client(broker.port) as client:
            assert client.made("t") == 0
            assert client.coordinator() == 0
            assert client.committed(0) == 0
            acknowledged = filled(disk, client, random.Random(seed))
            committed = tried = 0
            disk.fill()
            assert client.made("u") == ErrorCode.KAFKA_STORAGE_ERROR
            assert client.configured("t") == ErrorCode.KAFKA_STORAGE_ERROR
            while tried < 200:
                tried += 1
                error = client.committed(tried)
                if error:
                    assert error == ErrorCode.NOT_COORDINATOR
                    break
                committed = tried
            assert tried < 200, "the disk is full"
            assert client.producer_id() == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
            assert client.made("v") == ErrorCode.KAFKA_STORAGE_ERROR
        there, position = read(broker.bootstrap)
        assert there == acknowledged
        assert position == committed
        disk.empty()
        with Client(broker.port) as client:
            assert client.made("u") == 0
            assert client.committed(1000) == 0
            assert client.producer_id() == 0
            assert client.configured("t") == 0
        broker.kill()
        assert "No space left on device" in broker.said
        assert "Traceback" not in broker.said
        again = Prefixed(disk.prefix, disk.path, *SETTINGS)
        assert read(again.bootstrap) == (acknowledged, 1000)
        disk.fill()
        assert again.stop() == 2, "it could not say that all is in order"
        assert "No space left on device" in again.said
        assert "Traceback" not in again.said
        none = Prefixed(disk.prefix, disk.path, *SETTINGS)
        assert none.stop() == 2
        assert "Traceback" not in none.said
        disk.empty()
        last = Prefixed(disk.prefix, disk.path, *SETTINGS)
        assert read(last.bootstrap) == (acknowledged, 1000)
        assert last.stop() == 0


@pytest.mark.slow
def test_a_producer_that_tries_again_needs_no_more_than_room(tmp_path: Path) -> None:
    with small_disk(tmp_path, "size=12m") as disk:
        broker = Prefixed(disk.prefix, disk.path, *SETTINGS)
        settings: dict[str, Any] = {
            "bootstrap.servers": broker.bootstrap,
            "enable.idempotence": True,
            "message.timeout.ms": PATIENCE * 1000,
            "batch.num.messages": 20,
            "retry.backoff.ms": 20,
        }
        producer = Producer(settings)
        failed: list[object] = []

        def told(error: object, _: object) -> None:
            if error is not None:
                failed.append(error)

        producer.produce("t", b"0", on_delivery=told)
        assert producer.flush(PATIENCE) == 0
        disk.fill(100_000)
        for number in range(1, 401):
            producer.produce("t", b"%d" % number + bytes(1000), on_delivery=told)
        assert producer.flush(1) > 0
        disk.empty()
        assert producer.flush(PATIENCE) == 0
        assert failed == []
        assert read(broker.bootstrap)[0] == [b"%d" % number for number in range(401)]
        assert broker.stop() == 0
