"""What a broker does by itself while it runs, and what it keeps over a restart."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from broker.errors import ErrorCode, Refused
from broker.events import Event
from broker.log.cleaner import clean
from broker.log.directory import DataDirectory
from broker.log.files import RealDisk
from broker.log.log import Log
from broker.server import server, sessions
from broker.server.catalog import OFFSETS_TOPIC
from broker.server.producer_ids import BLOCK, FILE, ProducerIds
from broker.server.sessions import Sessions, Wanted
from tests.broker.server.running import PATIENCE, Running, running

COMPACTED = {"cleanup.policy": "compact"}


def until(true: Callable[[], Any]) -> None:
    due = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < due
        time.sleep(0.02)


def read_all(broker: Running, topic: str, last: bytes) -> dict[bytes, bytes]:
    """The last value of each key, up to one that is the topic's last."""
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "reader"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: dict[bytes, bytes] = {}
    due = time.monotonic() + PATIENCE
    while last not in found.values():
        assert time.monotonic() < due
        for message in consumer.consume(1000, 1):
            assert not message.error(), message.error()
            found[message.key() or b""] = (message.value() or b"").rstrip(b"\0")
    consumer.close()
    return found


def test_a_compacted_topic_shrinks_while_it_is_served(tmp_path: Path) -> None:
    with running(tmp_path, log_cleaner_backoff_ms="50") as broker:
        configs = {
            "cleanup.policy": "compact",
            "segment.bytes": str(1 << 20),
            "min.cleanable.dirty.ratio": "0.01",
        }
        broker.call(lambda: broker.server.broker.create_topic("c", 1, configs))
        log = broker.server.broker.catalog.partition("c", 0).log
        producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 5})
        for number in range(6000):
            producer.produce("c", b"%d" % number + bytes(1000), key=b"k%d" % (number % 10))
            producer.poll(0)
        assert producer.flush(PATIENCE) == 0
        until(lambda: broker.call(lambda: log.size) < 3 << 20)
        until(lambda: broker.call(lambda: log.recovery_point >= log.active.base_offset))
        expected = {b"k%d" % key: b"%d" % (5990 + key) for key in range(10)}
        assert read_all(broker, "c", b"5999") == expected
    with running(tmp_path) as broker:
        assert read_all(broker, "c", b"5999") == expected
        assert broker.server.broker.catalog.partition("c", 0).log.cleaned_to > 0


def test_what_fails_without_warning_is_due_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault in one thing that is due is told, with where it was; what else is due is done."""
    logs: dict[str, Log] = {}
    done: list[str] = []

    async def cleaned(log: Log, now: Callable[[], int]) -> bool:
        done.extend(name for name, one in logs.items() if one is log)
        if log is logs.get("a"):
            raise KeyError("planted")
        return await clean(log, now)

    def retained(_: server.Server) -> None:
        done.append("retained")
        raise ZeroDivisionError

    monkeypatch.setattr(server, "clean", cleaned)
    monkeypatch.setattr(server.Server, "_retain", retained)
    every = {"log_cleaner_backoff_ms": "1", "log_retention_check_interval_ms": "10"}
    with caplog.at_level(logging.ERROR, "verdict.broker"), running(tmp_path, **every) as broker:
        for topic in ("a", "b"):
            broker.call(lambda topic=topic: broker.server.broker.create_topic(topic, 1, COMPACTED))
            logs[topic] = broker.server.broker.catalog.partition(topic, 0).log
        until(lambda: all(done.count(name) > 2 for name in ("a", "b", "retained")))
        assert not broker.server.broker.disk_error
    traces = [each.exc_info[0] for each in caplog.records if each.exc_info]
    assert {KeyError, ZeroDivisionError} == set(traces)
    assert all(each.__dict__["event"] is Event.UPKEEP_FAILED for each in caplog.records)


def test_committed_offsets_outlive_compaction_and_a_restart(tmp_path: Path) -> None:
    with running(tmp_path, offsets_topic_num_partitions="1") as broker:
        broker.call(lambda: broker.server.broker.create_topic("t", 2, {}))
        consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "g"})
        for offset in range(1, 60):
            places = [TopicPartition("t", index, offset + index) for index in (0, 1)]
            consumer.commit(offsets=places, asynchronous=False)
        consumer.close()
        log = broker.server.broker.catalog.partition(OFFSETS_TOPIC, 0).log
        broker.call(log.roll)
        before = log.size
        broker.call(lambda: clean(log, lambda: 0))
        assert log.size < before / 10
    with running(tmp_path, offsets_topic_num_partitions="7") as broker:
        consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "g"})
        places = [TopicPartition("t", index) for index in (0, 1)]
        assert [each.offset for each in consumer.committed(places, PATIENCE)] == [59, 60]
        consumer.close()


def test_producer_ids_are_given_out_once(tmp_path: Path) -> None:
    directory = DataDirectory(RealDisk(), tmp_path)
    seen = [next(ProducerIds(directory)) for _ in range(3)]
    again = ProducerIds(directory)
    seen += [next(again) for _ in range(BLOCK + 5)]
    assert len(set(seen)) == len(seen)
    (tmp_path / FILE).write_text("rubbish")
    assert next(ProducerIds(directory)) > max(seen)


def test_a_session_has_room_for_so_many_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_PARTITIONS", 2)
    found = Sessions(5, iter(range(1, 9)).__next__)
    three = {("t", index): Wanted(0, 1) for index in range(3)}
    assert found.open(three, by_id=False, now=0) is None
    two = {("t", index): Wanted(0, 1) for index in range(2)}
    opened = found.open(two, by_id=False, now=0)
    assert opened is not None
    assert found.go_on(1, 1, 2, by_id=False, now=0) is opened
    with pytest.raises(Refused) as refused:
        found.go_on(1, 2, 3, by_id=False, now=0)
    assert refused.value.error is ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    assert len(found) == 0


def test_the_oldest_session_makes_way_after_its_time() -> None:
    found = Sessions(1, iter(range(1, 9)).__next__)
    assert found.open({}, by_id=False, now=0) is not None
    assert found.open({}, by_id=False, now=sessions.EVICTION_MS - 1) is None
    second = found.open({}, by_id=False, now=sessions.EVICTION_MS)
    assert second is not None
    assert second.session_id == 2
