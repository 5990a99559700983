"""What goes by itself, and what is deleted: whole segments, by age, by size, by DeleteRecords."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from broker.errors import ErrorCode
from broker.wire import batches, records
from broker.wire.apis import ApiKey
from tests.broker.raw import RawClient
from tests.broker.server.running import PATIENCE, Running, running

SIZE = 300_000
"""Bytes of a record; three are in a segment of a MiB."""


def until(true: Callable[[], Any]) -> None:
    due = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < due
        time.sleep(0.02)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Running]:
    with running(
        tmp_path, log_retention_check_interval_ms="50", log_segment_bytes=str(1 << 20)
    ) as found:
        yield found


def now() -> int:
    return time.time_ns() // 1_000_000


def fill(broker: Running, configs: dict[str, str], count: int = 12, age: int = 0) -> None:
    """A topic with some records of so many ms ago."""
    if "t" not in broker.server.broker.catalog.topics:
        broker.call(lambda: broker.server.broker.create_topic("t", 1, configs))
    for _ in range(count):
        append(broker, now() - age, SIZE)


def append(broker: Running, at: int, size: int = 1) -> None:
    batch = memoryview(records.build([(b"k", bytes(size))], at))
    partition = broker.server.broker.catalog.partition("t", 0)
    broker.call(lambda: partition.append(batch, batches.read_header(batch), now()))


def bounds(broker: Running) -> tuple[int, int]:
    log = broker.server.broker.catalog.partition("t", 0).log
    return log.start_offset, log.end_offset


def files(broker: Running, suffix: str) -> list[str]:
    folder = broker.server.broker.catalog.partition("t", 0).log.folder
    return sorted(path.name for path in folder.glob(f"*{suffix}"))


def test_whole_segments_go_by_size(broker: Running) -> None:
    fill(broker, {"retention.bytes": "2000000"})
    until(lambda: bounds(broker)[0] == 3)
    time.sleep(0.2)
    assert bounds(broker) == (3, 12), "without the next segment there would be too little"


def test_whole_segments_go_by_age(broker: Running) -> None:
    fill(broker, {"retention.ms": "60000"}, 7, age=100_000)
    fill(broker, {}, 2)
    until(lambda: bounds(broker)[0] == 6)
    time.sleep(0.2)
    assert bounds(broker) == (6, 9), "one that is old is with two that are not"


def test_the_newest_segment_goes_too(broker: Running) -> None:
    fill(broker, {"retention.ms": "1000"}, 4, age=2000)
    until(lambda: bounds(broker) == (4, 4))


def test_records_without_a_time_are_not_old(broker: Running) -> None:
    broker.call(lambda: broker.server.broker.create_topic("t", 1, {"retention.ms": "1000"}))
    append(broker, -1)
    time.sleep(0.3)
    assert bounds(broker) == (0, 1)


def test_nothing_goes_where_nothing_is_to(broker: Running) -> None:
    fill(broker, {"retention.ms": "-1", "retention.bytes": "-1"}, age=1 << 40)
    time.sleep(0.3)
    assert bounds(broker) == (0, 12)


def test_a_segment_is_rolled_by_the_age_of_its_first(broker: Running) -> None:
    broker.call(lambda: broker.server.broker.create_topic("t", 1, {"segment.ms": "1000"}))
    for at in (5000, 6000, 6001, 7001, 7002):
        append(broker, at)
    assert files(broker, ".log") == [f"{base:020d}.log" for base in (0, 2, 4)]


def test_files_stay_for_a_while(broker: Running) -> None:
    fill(broker, {"retention.bytes": "2000000", "file.delete.delay.ms": "1500"})
    until(lambda: "00000000000000000000.log.deleted" in files(broker, ".deleted"))
    until(lambda: not files(broker, ".deleted"))


def test_a_reader_in_a_segment_that_goes_is_told(broker: Running) -> None:
    fill(broker, {})
    reader = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": "g",
            "auto.offset.reset": "error",
            "fetch.message.max.bytes": SIZE // 2,
            "queued.max.messages.kbytes": 1,
        }
    )
    reader.assign([TopicPartition("t", 0, 0)])
    [first] = reader.consume(1, PATIENCE)
    assert first.offset() == 0
    configs = {"retention.bytes": "1500000"}
    broker.call(lambda: broker.server.broker.catalog.configure("t", configs))
    until(lambda: bounds(broker)[0] == 6)
    found: list[Any] = []
    while not found or not found[-1].error():
        found += reader.consume(1, PATIENCE)
    assert found[-1].error().code() == KafkaError._AUTO_OFFSET_RESET
    assert [each.offset() for each in found[:-1]] == list(range(1, len(found)))
    reader.close()
    with RawClient(broker.port) as client:
        for offset, error in ((5, ErrorCode.OFFSET_OUT_OF_RANGE), (6, 0), (12, 0)):
            part = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": 1000}
            answer = client.answer_to(
                ApiKey.FETCH, 4, max_wait=0, max_bytes=1000,
                topics=[{"topic": "t", "partitions": [part]}],
            )  # fmt: skip
            [told] = answer["responses"][0]["partitions"]
            assert told["error_code"] == error


def deleted(broker: Running, offset: int) -> tuple[int, int]:
    """What DeleteRecords is answered."""
    part = {"partition_index": 0, "offset": offset}
    with RawClient(broker.port) as client:
        answer = client.answer_to(
            ApiKey.DELETE_RECORDS, 2, topics=[{"name": "t", "partitions": [part]}], timeout_ms=1
        )
    [found] = answer["topics"][0]["partitions"]
    return found["error_code"], found["low_watermark"]


def test_records_are_deleted_up_to_an_offset(tmp_path: Path) -> None:
    with running(tmp_path, log_segment_bytes=str(1 << 20)) as broker:
        fill(broker, {})
        assert deleted(broker, 13)[0] == ErrorCode.OFFSET_OUT_OF_RANGE
        assert deleted(broker, 7) == (0, 7)
        assert files(broker, ".log") == [f"{base:020d}.log" for base in (6, 9)]
        assert deleted(broker, 5) == (0, 7), "it does not go back"
        log = broker.server.broker.catalog.partition("t", 0).log
        with RawClient(broker.port) as client:
            part = {"partition": 0, "fetch_offset": 7, "partition_max_bytes": 10 << 20}
            answer = client.answer_to(
                ApiKey.FETCH, 4, max_wait=0, max_bytes=10 << 20,
                topics=[{"topic": "t", "partitions": [part]}],
            )  # fmt: skip
        sent = answer["responses"][0]["partitions"][0]["records"]
        assert next(batches.walk(sent))[1].base_offset == 7
        assert log.start_offset == 7
    with running(tmp_path) as broker:
        assert bounds(broker) == (7, 12), "a stop in order writes it down"
        assert deleted(broker, -1) == (0, 12)
        assert bounds(broker) == (12, 12)


def test_a_compacted_topic_s_records_are_not(broker: Running) -> None:
    fill(broker, {"cleanup.policy": "compact"}, 2)
    assert deleted(broker, 1)[0] == ErrorCode.POLICY_VIOLATION
