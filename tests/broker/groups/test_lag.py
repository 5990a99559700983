"""How far a group has read, by the command line, by clients' own tools, and by Kafka's."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from kafka import KafkaAdminClient, KafkaConsumer
from kafka import TopicPartition as KafkaPartition
from kafka.structs import OffsetAndMetadata

from tests.broker.jars import run_tool
from tests.broker.server.running import PATIENCE, Running, running
from tests.verdict.running import verdict
from verdict.lag_table import TITLES

RECORDS = 10


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("lag")) as found:
        yield found


def topic_of(broker: Running, name: str) -> str:
    """A topic of two partitions with ten records in each."""
    broker.call(lambda: broker.server.broker.create_topic(name, 2, {}))
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for partition in range(2):
        for number in range(RECORDS):
            producer.produce(name, str(number).encode(), partition=partition)
    assert producer.flush(PATIENCE) == 0
    return name


def until(found: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while True:
        value = found()
        if value:
            return value
        assert time.monotonic() < end
        time.sleep(0.05)


def consumer(broker: Running, group: str, **more: Any) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": group,
            "client.id": "reader",
            "auto.offset.reset": "earliest",
            **{name.replace("_", "."): value for name, value in more.items()},
        }
    )


def described(broker: Running, group: str) -> list[list[str]]:
    done = verdict("broker", "--describe-group", group, "--listen", broker.bootstrap)
    assert done.status == 0, done.err
    return [line.split() for line in done.out.splitlines()]


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_the_command_line_tells_what_is_left(broker: Running, protocol: str) -> None:
    topic = topic_of(broker, f"lag-{protocol}")
    reader = consumer(broker, topic, enable_auto_commit="false", group_protocol=protocol)
    reader.subscribe([topic])
    until(lambda: reader.poll(0.1) and len(reader.assignment()) == 2)
    reader.commit(offsets=[TopicPartition(topic, 0, 7)], asynchronous=False)
    titles, *rows = described(broker, topic)
    assert tuple(titles) == TITLES
    assert [row[:6] for row in rows] == [
        [topic, topic, "0", "7", "10", "3"],
        [topic, topic, "1", "-", "10", "-"],
    ]
    assert all(row[7:] == ["/127.0.0.1", "reader"] for row in rows)
    reader.close()
    remark, blank, _, *rows = described(broker, topic)
    assert " ".join(remark) == f"Consumer group '{topic}' has no active members."
    assert blank == []
    assert rows == [[topic, topic, "0", "7", "10", "3", "-", "-", "-"]]


def test_a_group_or_a_broker_that_is_not_there(broker: Running) -> None:
    done = verdict("broker", "--describe-group", "nobody", "--listen", broker.bootstrap)
    assert done.status == 2
    assert "there is no group 'nobody'" in done.err
    done = verdict("broker", "--describe-group", "g", "--listen", "127.0.0.1:1")
    assert done.status == 2
    assert "nobody answers at 127.0.0.1:1" in done.err
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        def close() -> None:
            other.accept()[0].close()

        closing = threading.Thread(target=close)
        closing.start()
        done = verdict("broker", "--describe-group", "g", "--listen", f"127.0.0.1:{port}")
        closing.join()
    assert done.status == 2
    assert f"127.0.0.1:{port} closed the connection" in done.err
    done = verdict("broker")
    assert done.status == 2
    assert "--data-dir" in done.err


def test_manual_and_automatic_commits(broker: Running) -> None:
    """Where the next consumer goes on is where the last one committed, by itself or not."""
    topic = topic_of(broker, "commits")
    by_hand = consumer(broker, "by-hand", enable_auto_commit="false")
    by_hand.assign([TopicPartition(topic, 0)])
    taken = [until(lambda: by_hand.poll(0.1)) for _ in range(4)]
    by_hand.commit(message=taken[-1], asynchronous=False)
    by_hand.close()
    again = consumer(broker, "by-hand")
    again.assign([TopicPartition(topic, 0)])
    assert until(lambda: again.poll(0.1)).offset() == 4
    again.close()
    by_itself = KafkaConsumer(
        bootstrap_servers=broker.bootstrap,
        group_id="by-itself",
        auto_offset_reset="earliest",
        auto_commit_interval_ms=100,
    )
    by_itself.assign([KafkaPartition(topic, 1)])
    until(lambda: by_itself.poll(timeout_ms=100, max_records=6))
    until(lambda: by_itself.poll(timeout_ms=100) or by_itself.committed(KafkaPartition(topic, 1)))
    read = by_itself.position(KafkaPartition(topic, 1))
    by_itself.close()
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    wanted = ConsumerGroupTopicPartitions("by-itself")
    found = admin.list_consumer_group_offsets([wanted])["by-itself"].result()
    assert [(each.partition, each.offset) for each in found.topic_partitions] == [(1, read)]


def test_lag_by_the_admin_clients(broker: Running) -> None:
    topic = topic_of(broker, "admin")
    reader = consumer(broker, "admins")
    offsets = [TopicPartition(topic, 0, 3), TopicPartition(topic, 1, 10)]
    reader.commit(offsets=offsets, asynchronous=False)
    reader.close()
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    wanted = ConsumerGroupTopicPartitions("admins")
    committed = admin.list_consumer_group_offsets([wanted])["admins"].result().topic_partitions
    ends = admin.list_offsets(
        {
            TopicPartition(topic, each.partition): OffsetSpec.latest()  # type: ignore[no-untyped-call]
            for each in committed
        }
    )
    end = {partition.partition: future.result().offset for partition, future in ends.items()}
    assert {each.partition: end[each.partition] - each.offset for each in committed} == {0: 7, 1: 0}
    other = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    known: dict[KafkaPartition, OffsetAndMetadata] = other.list_group_offsets(["admins"])["admins"]
    assert {each.partition: known[each].offset for each in known} == {0: 3, 1: 10}
    other.close()


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_kafka_s_own_tool_says_the_same(broker: Running, protocol: str) -> None:
    """With members, one of them idle, and without; of partitions that nobody is assigned, too."""
    topic, other, group = topic_of(broker, f"tool-{protocol}"), f"other-{protocol}", protocol
    broker.call(lambda: broker.server.broker.create_topic(other, 1, {}))
    readers = [
        consumer(broker, group, enable_auto_commit="false", group_protocol=protocol)
        for _ in range(3)
    ]
    for reader in readers:
        reader.subscribe([topic])

    def shared() -> bool:
        for reader in readers:
            reader.poll(0.05)
        return sorted(len(reader.assignment()) for reader in readers) == [0, 1, 1]

    until(shared)
    busy = next(reader for reader in readers if reader.assignment())
    positions = [TopicPartition(topic, 0, 7), TopicPartition(other, 0, 0)]
    busy.commit(offsets=positions, asynchronous=False)
    words = ("--bootstrap-server", broker.bootstrap, "--group", group)
    tool = "consumer.group.ConsumerGroupCommand"
    remark = f"Consumer group '{group}' has no active members.".split()
    for state in ("with members", "without"):
        if state == "without":
            until(lambda: remark in described(broker, group))
        output = run_tool(tool, *words, "--describe")
        theirs = [line.split() for line in output.splitlines()]
        ours = described(broker, group)
        rows = [line for line in theirs if line[:1] == [group]]
        assert sorted(rows) == sorted(line for line in ours if line[:1] == [group]), state
        assert len(rows) == (3 if state == "with members" else 2)
        assert [*TITLES] in theirs
        assert [*TITLES] in ours
        assert (remark in ours) == (state == "without")
        for reader in readers if state == "with members" else ():
            reader.close()
    output = run_tool(
        tool, *words, "--topic", topic, "--reset-offsets", "--to-offset", "2", "--execute"
    )
    assert len(re.findall(rf"{group}\s+{topic}\s+\d\s+2", output)) == 2
    rows = [row[:6] for row in described(broker, group) if row[1:2] == [topic]]
    assert rows == [[group, topic, str(number), "2", "10", "8"] for number in range(2)]
