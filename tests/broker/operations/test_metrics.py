"""Metrics: what is counted is what was done, lag is what others say it is, and all has a bound."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from prometheus_client.parser import text_string_to_metric_families

from broker.client import Client
from broker.lag import describe_group
from broker.server import metrics
from broker.server.metrics import FAMILIES, PREFIX
from broker.wire.apis import ApiKey
from tests.broker.operations.test_pages import until
from tests.broker.operations.watching import Watched, connected, ended, watched
from tests.broker.raw import RawClient
from tests.broker.server.running import PATIENCE, Running, running

RECORDS = 20
DOCS = Path(__file__).parents[3] / "docs" / "operations.md"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.fixture(scope="module")
def seen(broker: Running) -> Iterator[Watched]:
    with watched(broker) as found:
        yield found


def topic_of(broker: Running, name: str) -> str:
    broker.call(lambda: broker.server.broker.create_topic(name, 2, {}))
    producer = Producer({"bootstrap.servers": broker.bootstrap})
    for number in range(RECORDS):
        producer.produce(name, b"x" * 100, partition=number % 2)
    assert producer.flush(PATIENCE) == 0
    return name


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_lag_is_what_the_others_say(broker: Running, seen: Watched, protocol: str) -> None:
    topic = topic_of(broker, f"lag-{protocol}")
    reader = Consumer(
        {
            "bootstrap.servers": broker.bootstrap,
            "group.id": topic,
            "group.protocol": protocol,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    reader.subscribe([topic])
    until(lambda: reader.poll(0.1) and len(reader.assignment()) == 2)
    offsets = [TopicPartition(topic, 0, 3), TopicPartition(topic, 1, 10)]
    reader.commit(offsets=offsets, asynchronous=False)
    with Client("127.0.0.1", broker.port) as client:
        told = describe_group(client, topic)
    series = seen.series()

    def of(name: str, **labels: str) -> float | None:
        return series.get((PREFIX + name, frozenset(labels.items())))

    for line in told.lines:
        labels = {"group": topic, "topic": topic, "partition": str(line.partition)}
        assert of("group_lag", **labels) == line.lag
        assert of("group_committed_offset", **labels) == line.current
        assert of("log_end_offset", topic=topic, partition=str(line.partition)) == line.end
    assert [line.lag for line in told.lines] == [7, 0]
    assert of("group_members", group=topic) == 1
    assert of("group_state", group=topic, state=told.state) == 1
    generation = of("group_generation", group=topic)
    assert generation is not None
    assert generation >= 1
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    wanted = ConsumerGroupTopicPartitions(topic)
    committed = admin.list_consumer_group_offsets([wanted])[topic].result().topic_partitions
    assert {each.partition: each.offset for each in committed} == {0: 3, 1: 10}
    reader.close()
    assert seen.value("group_state", group=topic, state="Empty") == 1


def test_what_is_counted_is_what_was_done(broker: Running, seen: Watched) -> None:
    before = seen.series()
    topic = topic_of(broker, "counted")
    reader = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "counting"})
    reader.assign([TopicPartition(topic, 0, 0)])
    until(lambda: reader.poll(0.1))
    reader.close()
    client = RawClient(broker.port)
    client.answer_to(ApiKey.DESCRIBE_GROUPS, 6, groups=["nobody"])
    after = seen.series()

    def grew(name: str, **labels: str) -> float:
        key = PREFIX + name, frozenset(labels.items())
        return after[key] - before.get(key, 0)

    assert grew("requests_total", api="PRODUCE") >= 2
    assert grew("request_seconds_count", api="FETCH") >= 1
    assert grew("request_seconds_sum", api="PRODUCE") > 0
    assert grew("request_thread_seconds_total", api="PRODUCE") > 0
    assert grew("request_errors_total", api="DESCRIBE_GROUPS", error="GROUP_ID_NOT_FOUND") == 1
    produced, fetched = (
        grew("produced_bytes_total", topic=topic),
        grew("fetched_bytes_total", topic=topic),
    )
    sizes = [after[_of("log_size_bytes", topic=topic, partition=str(each))] for each in range(2)]
    assert produced == sum(sizes) > RECORDS * 100
    assert fetched >= sizes[0]
    assert grew("received_bytes_total") > produced
    assert grew("sent_bytes_total") > fetched
    assert grew("connections_opened_total") >= 3
    assert after["process_resident_memory_bytes", frozenset()] > 1 << 20
    assert after[_of("log_start_offset", topic="__consumer_offsets", partition="0")] == 0


def _of(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return PREFIX + name, frozenset(labels.items())


def test_who_waits_and_what_is_held(broker: Running, seen: Watched) -> None:
    topic = topic_of(broker, "waiting")
    client = RawClient(broker.port)
    part = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1 << 20}
    wanted = [{"topic": topic, "partitions": [part]}]
    client.send(ApiKey.FETCH, 11, max_wait=60_000, min_bytes=1 << 20, topics=wanted)
    until(lambda: seen.value("delayed_fetches") == 1)
    held = seen.value("delayed_fetch_bytes")
    assert held is not None
    assert held > RECORDS // 2 * 100
    waiting = seen.value("waiting_bytes")
    assert waiting is not None
    assert waiting > 0
    with connected(broker.port) as rubbish:
        rubbish.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert ended(rubbish) == b""
    refused = seen.value("connections_refused_total", why="rubbish")
    assert refused is not None
    assert refused >= 1
    joins = [RawClient(broker.port) for _ in range(2)]
    for joiner in joins:  # the second one has to wait until the first has joined again
        named = {"group_id": "joins", "session_timeout": 60_000, "rebalance_timeout": 60_000}
        protocols = [{"name": "range", "metadata": b"x" * 1000}]
        joiner.send(
            ApiKey.JOIN_GROUP, 3, member_id="", protocol_type="p", protocols=protocols, **named
        )
        until(lambda: seen.value("group_members", group="joins"))
    until(lambda: seen.value("delayed_joins") == 1)
    assert seen.value("delayed_join_bytes") == 1000


def test_a_topic_that_is_made_again_is_counted_anew(broker: Running, seen: Watched) -> None:
    topic = topic_of(broker, "again")
    first = seen.value("produced_bytes_total", topic=topic)
    assert first is not None
    broker.call(lambda: broker.server.broker.delete_topic(topic))
    assert seen.value("produced_bytes_total", topic=topic) is None
    topic_of(broker, topic)
    assert seen.value("produced_bytes_total", topic=topic) == first


def test_flushes_and_compactions(tmp_path: Path) -> None:
    with running(tmp_path, log_cleaner_backoff_ms="50") as broker, watched(broker) as seen:
        configs = {"cleanup.policy": "compact", "segment.bytes": str(1 << 20)}
        broker.call(lambda: broker.server.broker.create_topic("c", 1, configs))
        producer = Producer({"bootstrap.servers": broker.bootstrap})
        for _ in range(300):
            producer.produce("c", bytes(10_000), key=b"k")
        assert producer.flush(PATIENCE) == 0
        until(lambda: seen.value("compaction_seconds_count"))
        assert seen.value("flush_seconds_count")
        assert seen.value("disk_failures_total") == 0


def test_labels_and_series_have_a_limit(
    broker: Running, seen: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "g" * 400
    reader = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": name})
    topic = topic_of(broker, "limits")
    reader.commit(offsets=[TopicPartition(topic, 0, 3)], asynchronous=False)
    reader.close()
    series = seen.series()
    assert not [key for key in series if any(len(value) > 300 for _, value in key[1])]
    assert series[_of("series_left_out", family=f"{PREFIX}group_lag")] == 1
    monkeypatch.setattr(metrics, "MOST_SERIES", 3)
    series = seen.series()
    ends = [key for key in series if key[0] == f"{PREFIX}log_end_offset"]
    partitions = sum(1 for _ in broker.server.broker.catalog)
    assert len(ends) == 3
    left_out = series[_of("series_left_out", family=f"{PREFIX}log_end_offset")]
    assert left_out == partitions - 3


def test_each_family_is_served_and_told_of(seen: Watched) -> None:
    """Each is there from the start, with its type, and the page for people has no other."""
    served = {
        family.name: family for family in text_string_to_metric_families(seen.page("/metrics")[1])
    }
    assert {PREFIX + name for name in FAMILIES} <= served.keys()
    names = set()
    for family in served.values():
        names |= {f"{family.name}_total"} if family.type == "counter" else {family.name}
        if family.type == "histogram":
            names |= {f"{family.name}{end}" for end in ("_bucket", "_sum", "_count")}
    told = set(re.findall(r"\b(?:verdict_broker|process)_[a-z_]+\b", DOCS.read_text("utf-8")))
    assert told <= names, told - names
    rows = set(re.findall(r"^\| `(verdict_broker_[a-z_]+)", DOCS.read_text("utf-8"), re.MULTILINE))
    assert rows == {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in served.values()
        if family.name.startswith(PREFIX)
    }
