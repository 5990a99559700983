"""Three clients that know nothing of this project, against a broker over real sockets."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
)
from kafka import KafkaConsumer, KafkaProducer

from tests.broker.server.running import PATIENCE, Running, running

logging.getLogger("kafka").setLevel(logging.CRITICAL)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.fixture(autouse=True)
def _sockets_that_clients_leave_open() -> Iterator[None]:
    """Collect them here, where the warning about them is not the next test's."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def librdkafka(broker: Running, **more: Any) -> dict[str, Any]:
    named = {name.replace("_", "."): value for name, value in more.items()}
    return {"bootstrap.servers": broker.bootstrap, "broker.address.family": "v4", **named}


def take(consumer: Consumer, count: int) -> list[Any]:
    """So many messages of a librdkafka consumer."""
    found: list[Any] = []
    due = time.monotonic() + PATIENCE
    while len(found) < count:
        assert time.monotonic() < due, f"{len(found)} of {count} messages came"
        message = consumer.poll(1)
        if message is not None:
            assert not message.error(), message.error()
            found.append(message)
    return found


def until(true: Callable[[], Any]) -> None:
    due = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < due
        time.sleep(0.05)


# Records --------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_codec_comes_back_as_it_went(broker: Running, codec: str) -> None:
    topic = f"codec-{codec}"
    producer = Producer(librdkafka(broker, compression_type=codec, linger_ms=50))
    for number in range(300):
        producer.produce(topic, b"%d" % number * 20, key=b"k%d" % number, partition=0)
    assert producer.flush(PATIENCE) == 0
    consumer = Consumer(librdkafka(broker, group_id=topic, check_crcs=True))
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = take(consumer, 300)
    consumer.close()
    assert [(each.offset(), each.key(), each.value()) for each in found] == [
        (number, b"k%d" % number, b"%d" % number * 20) for number in range(300)
    ]


def test_each_key_stays_in_order_and_in_its_partition(broker: Running) -> None:
    admin = AdminClient(librdkafka(broker))
    [made] = admin.create_topics([NewTopic("keyed", 3, 1)]).values()
    made.result(PATIENCE)
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    for number in range(300):
        producer.send("keyed", b"%d" % number, key=b"k%d" % (number % 10))
    producer.flush()
    producer.close()
    consumer = Consumer(librdkafka(broker, group_id="keyed", auto_offset_reset="earliest"))
    consumer.subscribe(["keyed"])
    found = take(consumer, 300)
    consumer.close()
    homes: dict[bytes, set[int]] = {}
    seen: dict[bytes, list[int]] = {}
    for message in found:
        homes.setdefault(message.key(), set()).add(message.partition())
        seen.setdefault(message.key(), []).append(int(message.value()))
    assert {len(home) for home in homes.values()} == {1}
    assert seen == {b"k%d" % key: list(range(key, 300, 10)) for key in range(10)}


def test_a_consumer_starts_where_it_is_told(broker: Running) -> None:
    producer = Producer(librdkafka(broker, batch_num_messages=7))
    for number in range(100):
        producer.produce("seek", b"%d" % number, partition=0, timestamp=1_000_000 + number)
    assert producer.flush(PATIENCE) == 0
    consumer = Consumer(librdkafka(broker, group_id="seek"))
    low, high = consumer.get_watermark_offsets(TopicPartition("seek", 0), timeout=PATIENCE)
    assert (low, high) == (0, 100)
    [at] = consumer.offsets_for_times([TopicPartition("seek", 0, 1_000_042)], timeout=PATIENCE)
    assert at.offset == 42
    consumer.assign([at])
    assert take(consumer, 1)[0].value() == b"42"
    consumer.seek(TopicPartition("seek", 0, 99))
    until(lambda: (take(consumer, 1)[0].offset()) == 99)
    consumer.close()


def test_records_that_were_deleted_are_not_read(broker: Running) -> None:
    producer = Producer(librdkafka(broker, batch_num_messages=7))
    for number in range(50):
        producer.produce("cut", b"%d" % number, partition=0)
    assert producer.flush(PATIENCE) == 0
    admin = AdminClient(librdkafka(broker))
    [done] = admin.delete_records([TopicPartition("cut", 0, 33)]).values()
    assert done.result(PATIENCE).low_watermark == 33
    consumer = Consumer(librdkafka(broker, group_id="cut", auto_offset_reset="earliest"))
    consumer.assign([TopicPartition("cut", 0, 0)])
    assert take(consumer, 1)[0].offset() == 33
    consumer.close()


def test_a_fetch_is_answered_when_something_comes(broker: Running) -> None:
    """A consumer at the end hears of a record long before its wait of a minute is over."""
    producer = Producer(librdkafka(broker))
    producer.produce("poll", b"first")
    assert producer.flush(PATIENCE) == 0
    slow = {"fetch_wait_max_ms": 60_000, "socket_timeout_ms": 70_000}
    consumer = Consumer(librdkafka(broker, group_id="poll", **slow))
    consumer.assign([TopicPartition("poll", 0, 0)])
    take(consumer, 1)
    until(lambda: broker.call(lambda: len(broker.server.broker.purgatory)))
    producer.produce("poll", b"second")
    assert producer.flush(PATIENCE) == 0
    began = time.monotonic()
    assert take(consumer, 1)[0].value() == b"second"
    assert time.monotonic() - began < 30
    consumer.close()


# Groups ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_group_shares_and_goes_on_where_it_was(broker: Running, protocol: str) -> None:
    topic = f"shared-{protocol}"
    admin = AdminClient(librdkafka(broker))
    [made] = admin.create_topics([NewTopic(topic, 4, 1)]).values()
    made.result(PATIENCE)
    producer = Producer(librdkafka(broker))
    for number in range(40):
        producer.produce(topic, b"%d" % number, partition=number % 4)
    assert producer.flush(PATIENCE) == 0
    settings = librdkafka(
        broker,
        group_id=topic,
        group_protocol=protocol,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    if protocol == "classic":
        settings["heartbeat.interval.ms"] = 200
    one, two = Consumer(settings), Consumer(settings)
    one.subscribe([topic])
    first = take(one, 40)
    assert sorted(int(message.value()) for message in first) == list(range(40))
    one.commit(asynchronous=False)
    two.subscribe([topic])

    def settled() -> bool:
        for consumer in (one, two):
            message = consumer.poll(0.2)
            assert message is None or message.error() is None
        return len(one.assignment()) == len(two.assignment()) == 2

    until(settled)
    two.close()
    until(lambda: one.poll(0.2) is None and len(one.assignment()) == 4)
    one.close()
    again = Consumer(settings)
    again.subscribe([topic])
    producer.produce(topic, b"40", partition=3)
    assert producer.flush(PATIENCE) == 0
    assert [message.value() for message in take(again, 1)] == [b"40"]
    committed = again.committed([TopicPartition(topic, n) for n in range(4)], timeout=PATIENCE)
    assert [each.offset for each in committed] == [10, 10, 10, 10]
    again.close()
    [gone] = admin.delete_consumer_groups([topic]).values()
    gone.result(PATIENCE)


def test_kafka_python_s_group_of_an_article(broker: Running) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    for number in range(10):
        producer.send("article", b"%d" % number)
    producer.flush()
    producer.close()

    def read(count: int) -> list[bytes]:
        consumer = KafkaConsumer(
            "article",
            bootstrap_servers=broker.bootstrap,
            group_id="article",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            consumer_timeout_ms=PATIENCE * 1000,
        )
        found = []
        for message in consumer:
            found.append(message.value)
            consumer.commit()
            if len(found) == count:
                break
        consumer.close()
        return found

    assert read(4) == [b"0", b"1", b"2", b"3"]
    # A commit without offsets is of all that was handed out, which is this batch up to here.
    assert read(6) == [b"4", b"5", b"6", b"7", b"8", b"9"]


# Transactions ---------------------------------------------------------------------------------


def test_what_was_aborted_is_not_seen(broker: Running) -> None:
    producer = Producer(librdkafka(broker, transactional_id="t-1"))
    producer.init_transactions(PATIENCE)
    for name, commit in (("a", True), ("b", False), ("c", True)):
        producer.begin_transaction()
        for number in range(3):
            producer.produce("txn", f"{name}{number}".encode(), partition=0)
        producer.flush(PATIENCE)
        if commit:
            producer.commit_transaction(PATIENCE)
        else:
            producer.abort_transaction(PATIENCE)

    def read(isolation: str, count: int) -> list[str]:
        consumer = Consumer(
            librdkafka(broker, group_id=f"txn-{isolation}", isolation_level=isolation)
        )
        consumer.assign([TopicPartition("txn", 0, 0)])
        found = [message.value().decode()[0] for message in take(consumer, count)]
        consumer.close()
        return found

    assert read("read_committed", 6) == list("aaaccc")
    assert read("read_uncommitted", 9) == list("aaabbbccc")


def test_an_open_transaction_holds_readers_back_and_a_second_producer_fences(
    broker: Running,
) -> None:
    first = Producer(librdkafka(broker, transactional_id="t-2"))
    first.init_transactions(PATIENCE)
    first.begin_transaction()
    first.produce("fence", b"lost", partition=0)
    first.flush(PATIENCE)
    consumer = Consumer(librdkafka(broker, group_id="fence", isolation_level="read_committed"))
    consumer.assign([TopicPartition("fence", 0, 0)])
    assert consumer.poll(0.5) is None
    second = Producer(librdkafka(broker, transactional_id="t-2"))
    second.init_transactions(PATIENCE)
    second.begin_transaction()
    second.produce("fence", b"kept", partition=0)
    second.commit_transaction(PATIENCE)
    assert take(consumer, 1)[0].value() == b"kept"
    consumer.close()
    with pytest.raises(KafkaException):
        first.commit_transaction(PATIENCE)


def test_read_process_write_with_aiokafka(broker: Running) -> None:
    async def run() -> None:
        plain = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, enable_idempotence=True)
        await plain.start()
        for number in range(5):
            await plain.send_and_wait("in", b"%d" % number)
        await plain.stop()
        reader = AIOKafkaConsumer(
            "in",
            bootstrap_servers=broker.bootstrap,
            group_id="copy",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        )
        writer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, transactional_id="copy")
        await reader.start()
        await writer.start()
        for number in range(5):
            message = await asyncio.wait_for(reader.getone(), PATIENCE)
            async with writer.transaction():
                await writer.send("out", message.value)
                [place] = reader.assignment()
                await writer.send_offsets_to_transaction({place: message.offset + 1}, "copy")
            assert message.value == b"%d" % number
        [place] = reader.assignment()
        assert await reader.committed(place) == 5
        await reader.stop()
        await writer.stop()
        check = AIOKafkaConsumer(
            "out",
            bootstrap_servers=broker.bootstrap,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        await check.start()
        found = [(await asyncio.wait_for(check.getone(), PATIENCE)).value for _ in range(5)]
        await check.stop()
        assert found == [b"%d" % number for number in range(5)]

    asyncio.run(run())


# Administration -------------------------------------------------------------------------------


def test_topics_are_made_grown_configured_and_removed(broker: Running) -> None:
    admin = AdminClient(librdkafka(broker))

    def made(topic: NewTopic) -> str:
        [future] = admin.create_topics([topic]).values()
        try:
            future.result(PATIENCE)
        except KafkaException as error:
            return str(error.args[0].name())
        return "made"

    assert made(NewTopic("adm", 2, 1, config={"retention.ms": "1000"})) == "made"
    assert made(NewTopic("adm", 2, 1)) == "TOPIC_ALREADY_EXISTS"
    assert made(NewTopic("adm3", 2, 3)) == "INVALID_REPLICATION_FACTOR"
    assert made(NewTopic("adm.", 2, 1, config={"nonsense": "1"})) == "INVALID_CONFIG"
    assert made(NewTopic("__consumer_offsets", 2, 1)) in {
        "TOPIC_EXCEPTION",
        "INVALID_TOPIC_EXCEPTION",
    }
    assert made(NewTopic("a b", 2, 1)) in {"TOPIC_EXCEPTION", "INVALID_TOPIC_EXCEPTION"}
    [grown] = admin.create_partitions([NewPartitions("adm", 5)]).values()
    grown.result(PATIENCE)
    resource = ConfigResource(ConfigResource.Type.TOPIC, "adm")

    def configured() -> dict[str, str]:
        [shown] = admin.describe_configs([resource]).values()
        return {name: entry.value for name, entry in shown.result(PATIENCE).items()}

    assert configured()["retention.ms"] == "1000"
    entry = ConfigEntry("max.message.bytes", "2000", incremental_operation=AlterConfigOpType.SET)
    change = ConfigResource(ConfigResource.Type.TOPIC, "adm", incremental_configs=[entry])
    [altered] = admin.incremental_alter_configs([change]).values()
    altered.result(PATIENCE)
    assert configured()["max.message.bytes"] == "2000"
    assert configured()["retention.ms"] == "1000"
    assert len(admin.list_topics("adm", timeout=PATIENCE).topics["adm"].partitions) == 5
    producer = Producer(librdkafka(broker))
    errors: list[Any] = []
    producer.produce("adm", bytes(3000), on_delivery=lambda error, _: errors.append(error))
    producer.flush(PATIENCE)
    assert errors[0].name() == "MSG_SIZE_TOO_LARGE"
    [gone] = admin.delete_topics(["adm"]).values()
    gone.result(PATIENCE)
    assert "adm" not in admin.list_topics(timeout=PATIENCE).topics


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    with running(tmp_path) as broker:
        producer = Producer(librdkafka(broker, enable_idempotence=True))
        for number in range(20):
            producer.produce("kept", b"%d" % number, partition=0)
        assert producer.flush(PATIENCE) == 0
        consumer = Consumer(librdkafka(broker, group_id="kept", auto_offset_reset="earliest"))
        consumer.subscribe(["kept"])
        take(consumer, 7)
        consumer.commit(offsets=[TopicPartition("kept", 0, 7)], asynchronous=False)
        cluster = consumer.list_topics(timeout=PATIENCE).cluster_id
        consumer.close()
    with running(tmp_path) as broker:
        assert broker.server.directory.clean
        consumer = Consumer(librdkafka(broker, group_id="kept", auto_offset_reset="earliest"))
        assert consumer.list_topics(timeout=PATIENCE).cluster_id == cluster
        consumer.subscribe(["kept"])
        found = take(consumer, 13)
        assert [int(message.value()) for message in found] == list(range(7, 20))
        consumer.close()


def test_a_broker_s_settings_are_changed_while_it_runs(tmp_path: Path) -> None:
    def configured(admin: AdminClient) -> dict[str, Any]:
        [shown] = admin.describe_configs([ConfigResource("broker", "0")]).values()
        return dict(shown.result(PATIENCE))

    def changed(admin: AdminClient, name: str, value: str) -> str:
        entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource("broker", "0", incremental_configs=[entry])
        [altered] = admin.incremental_alter_configs([resource]).values()
        try:
            altered.result(PATIENCE)
        except KafkaException as error:
            return str(error.args[0].name())
        return "changed"

    with running(tmp_path) as broker:
        admin = AdminClient(librdkafka(broker))
        assert configured(admin)["log.retention.ms"].value == str(7 * 86_400_000)
        assert changed(admin, "log.retention.ms", "5000") == "changed"
        assert changed(admin, "log.retention.ms", "soon") == "INVALID_REQUEST"
        assert changed(admin, "num.partitions", "3") == "INVALID_REQUEST"
        assert configured(admin)["num.partitions"].is_read_only
        producer = Producer(librdkafka(broker))
        producer.produce("old", b"x", timestamp=1)
        assert producer.flush(PATIENCE) == 0
        log = broker.server.broker.catalog.partition("old", 0).log
        assert log.settings.retention_ms == 5000
        broker.call(broker.server._retain)
        assert (log.start_offset, log.end_offset) == (1, 1)
    with running(tmp_path) as broker:
        assert configured(AdminClient(librdkafka(broker)))["log.retention.ms"].value == "5000"
