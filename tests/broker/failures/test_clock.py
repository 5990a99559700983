"""A clock that is set: back by a year, or forward by one.

Times of records, of commits and of retention are the clock's.  Who waits (members for heartbeats,
fetches, timers) waits by another one, which nobody sets.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from broker.wire import records
from tests.broker.log.shelf import put_batch
from tests.broker.server.running import PATIENCE, Running, running

YEAR = 365 * 86_400
REAL = time.time_ns


class Clock:
    """The broker's wall clock, so many seconds off."""

    def __init__(self) -> None:
        self.off = 0

    def __call__(self) -> int:
        return REAL() + self.off * 1_000_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr("broker.server.broker.time.time_ns", found)
    return found


@pytest.fixture
def broker(tmp_path: Path, clock: Clock) -> Iterator[Running]:
    del clock
    with running(tmp_path, log_retention_check_interval_ms="20") as found:
        yield found


def produced(broker: Running, topic: str, value: bytes) -> int:
    """Produce a record as of now; its time as the log has it, ms."""
    stored: list[int] = []
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    producer.produce(
        topic, value, partition=0, on_delivery=lambda _, each: stored.append(each.timestamp()[1])
    )
    assert producer.flush(PATIENCE) == 0
    return stored[0]


def values(broker: Running, topic: str) -> list[bytes]:
    def look() -> list[bytes]:
        log = broker.server.broker.catalog.partition(topic, 0).log
        return [
            record.value or b""
            for _, batch in log.batches(log.start_offset)
            for record in records.read_records(batch)
        ]

    found: list[bytes] = broker.call(look)
    return found


@pytest.mark.parametrize("off", [-YEAR, YEAR])
def test_the_broker_s_time_is_the_clock_s(broker: Running, clock: Clock, off: int) -> None:
    configs = {"message.timestamp.type": "LogAppendTime", "retention.ms": "-1"}
    broker.call(lambda: broker.server.broker.create_topic("t", 1, configs))
    first = produced(broker, "t", b"1")
    clock.off = off
    second = produced(broker, "t", b"2")
    clock.off = 0
    third = produced(broker, "t", b"3")
    assert first <= third < first + PATIENCE * 1000
    assert abs(second - first - off * 1000) < PATIENCE * 1000
    assert values(broker, "t") == [b"1", b"2", b"3"]

    def since(timestamp: int) -> int:
        log = broker.server.broker.catalog.partition("t", 0).log
        found = broker.call(lambda: log.first_since(timestamp))
        assert found is not None
        return int(found[1])

    assert since(first) in {0, 1 if off > 0 else 0}
    assert since(max(first, second, third)) == (1 if off > 0 else 2)


def test_a_clock_that_was_wrong_for_a_while_does_not_age_what_comes_after(
    broker: Running, clock: Clock
) -> None:
    """What was there when it was a year ahead is a year old then: that goes, by retention."""
    broker.call(lambda: broker.server.broker.create_topic("t", 1, {"retention.ms": "3600000"}))
    produced(broker, "t", b"before")
    clock.off = YEAR
    due = time.monotonic() + PATIENCE
    while values(broker, "t"):
        assert time.monotonic() < due
        time.sleep(0.01)
    clock.off = 0
    produced(broker, "t", b"after")
    time.sleep(0.2)
    assert values(broker, "t") == [b"after"]


def test_nothing_goes_because_a_clock_is_behind(broker: Running, clock: Clock) -> None:
    broker.call(lambda: broker.server.broker.create_topic("t", 1, {"retention.ms": "3600000"}))
    produced(broker, "t", b"1")
    clock.off = -YEAR
    log = broker.server.broker.catalog.partition("t", 0).log
    batch = records.build([(None, b"2")], REAL() // 1_000_000 - YEAR * 1000)
    broker.call(lambda: put_batch(log, batch, broker.server.broker.now()))
    time.sleep(0.2)
    assert values(broker, "t") == [b"1", b"2"]


@pytest.mark.parametrize("off", [-YEAR, pytest.param(YEAR, marks=pytest.mark.slow)])
def test_members_stay_and_go_by_the_other_clock(tmp_path: Path, clock: Clock, off: int) -> None:
    with running(tmp_path, group_min_session_timeout_ms="500") as broker:
        broker.call(lambda: broker.server.broker.create_topic("t", 2, {}))
        settings = {
            "bootstrap.servers": broker.bootstrap,
            "group.id": "g",
            "session.timeout.ms": 1500,
            "heartbeat.interval.ms": 100,
            "enable.auto.commit": False,
        }
        first = Consumer({**settings, "max.poll.interval.ms": 1500})
        first.subscribe(["t"])
        wait(first, 2)
        clock.off = off
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            first.poll(0.05)
            assert len(first.assignment()) == 2
        first.commit(offsets=[TopicPartition("t", 0, 7)], asynchronous=False)
        # The first is not heard of any more.
        second = Consumer(settings)
        second.subscribe(["t"])
        wait(second, 2)
        [committed] = second.committed([TopicPartition("t", 0)], PATIENCE)
        assert committed.offset == 7
        second.close()
        first.close()


def wait(consumer: Consumer, count: int) -> None:
    due = time.monotonic() + PATIENCE
    while len(consumer.assignment()) != count:
        consumer.poll(0.05)
        assert time.monotonic() < due
