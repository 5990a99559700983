"""What a topic's settings make of the batches that it is sent, as by Apache Kafka 4.3.1."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from broker.errors import ErrorCode
from broker.server.unused import UNUSED_DYNAMIC, UNUSED_FIXED
from broker.wire import batches, records
from broker.wire.apis import ApiKey
from broker.wire.batches import Codec
from broker.wire.compression import compress
from tests.broker.jars import running_kafka
from tests.broker.raw import RawClient
from tests.broker.server.running import PATIENCE, Running, running

TYPES = {
    "uncompressed": Codec.NONE,
    "gzip": Codec.GZIP,
    "snappy": Codec.SNAPPY,
    "lz4": Codec.LZ4,
    "zstd": Codec.ZSTD,
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data")) as found:
        yield found


def made(broker: Running, name: str, configs: Mapping[str, str]) -> tuple[int, str | None]:
    """Make a topic; what became of that."""
    given = [{"name": key, "value": value} for key, value in configs.items()]
    topic = {"name": name, "num_partitions": 1, "replication_factor": 1, "configs": given}
    with RawClient(broker.port) as client:
        [found] = client.answer_to(ApiKey.CREATE_TOPICS, 7, topics=[topic], timeout_ms=1)["topics"]
    return found["error_code"], found["error_message"]


def produced(broker: Running, name: str, batch: bytes | bytearray) -> dict[str, Any]:
    """What a batch is answered."""
    data = [{"name": name, "partition_data": [{"index": 0, "records": bytes(batch)}]}]
    with RawClient(broker.port) as client:
        answer = client.answer_to(ApiKey.PRODUCE, 8, acks=-1, timeout=1, topic_data=data)
    found: dict[str, Any] = answer["responses"][0]["partition_responses"][0]
    return found


def stored(broker: Running, name: str) -> list[batches.BatchHeader]:
    def headers() -> list[batches.BatchHeader]:
        log = broker.server.broker.catalog.partition(name, 0).log
        return [batches.checked(batch) for _, batch in log.batches()]

    found: list[batches.BatchHeader] = broker.call(headers)
    return found


def now() -> int:
    return time.time_ns() // 1_000_000


@pytest.mark.parametrize(
    "sent",
    ["none", *(pytest.param(kind, marks=pytest.mark.slow) for kind in list(TYPES)[1:])],
)
def test_each_client_s_batches_become_the_topic_s_and_are_read(broker: Running, sent: str) -> None:
    values = [b"%d" % number + bytes(3000) for number in range(40)]
    for wanted, codec in TYPES.items():
        name = f"{sent}-to-{wanted}"
        assert made(broker, name, {"compression.type": wanted}) == (0, None)
        settings = {"bootstrap.servers": broker.bootstrap, "compression.type": sent}
        producer = Producer({**settings, "linger.ms": 50, "enable.idempotence": True})
        for value in values:
            producer.produce(name, value, key=b"k", headers=[("h", b"x")], partition=0)
        assert producer.flush(PATIENCE) == 0
        assert {header.codec for header in stored(broker, name)} == {codec}
        reader = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "g"})
        reader.assign([TopicPartition(name, 0, 0)])
        found: list[Any] = []
        while len(found) < len(values):
            found += reader.consume(len(values) - len(found), PATIENCE)
        reader.close()
        assert [message.value() for message in found] == values
        assert found[0].headers() == [("h", b"x")]


def test_batches_of_the_topic_s_codec_and_of_any_are_kept_as_they_are(broker: Running) -> None:
    batch = records.build([(b"k", bytes(1000))], now())
    packed = records.recompress(batch, Codec.ZSTD, 1)
    for name, configs in (
        ("any", {}),
        ("same", {"compression.type": "zstd", "compression.zstd.level": "19"}),
    ):
        assert made(broker, name, configs)[0] == 0
        assert produced(broker, name, packed)["error_code"] == 0
        [header] = stored(broker, name)
        assert header.crc == batches.read_header(packed).crc


def test_levels_count(broker: Running) -> None:
    text = b"".join(b"%d and %d " % (n, n * n % 997) for n in range(4000))
    batch = records.build([(None, text)], now())
    sizes: dict[str, list[int]] = {}
    for kind, levels in (("gzip", ("1", "9")), ("lz4", ("1", "12")), ("zstd", ("-7", "19"))):
        for level in levels:
            name = f"{kind}.level{level}"
            configs = {"compression.type": kind, f"compression.{kind}.level": level}
            assert made(broker, name, configs)[0] == 0
            assert produced(broker, name, batch)["error_code"] == 0
            [header] = stored(broker, name)
            sizes.setdefault(kind, []).append(header.size)
    assert all(quick > thorough for quick, thorough in sizes.values())


def test_a_batch_that_cannot_be_read_is_not_compressed_otherwise(broker: Running) -> None:
    made(broker, "packed", {"compression.type": "lz4"})
    rubbish = records.build([(b"k", b"v")], now(), attributes=Codec.GZIP)
    assert produced(broker, "packed", rubbish)["error_code"] == ErrorCode.CORRUPT_MESSAGE
    bomb = records.seal(
        batches.read_header(rubbish), compress(Codec.GZIP, bytes((64 << 20) + 1), 1)
    )
    assert len(bomb) < 1 << 20
    assert produced(broker, "packed", bomb)["error_code"] == ErrorCode.CORRUPT_MESSAGE
    assert stored(broker, "packed") == []


def test_a_batch_may_be_no_larger_after_it_was_compressed_otherwise(broker: Running) -> None:
    made(broker, "loose", {"compression.type": "uncompressed", "max.message.bytes": "2000"})
    packed = records.recompress(records.build([(None, bytes(3000))], now()), Codec.ZSTD)
    assert len(packed) < 200
    assert produced(broker, "loose", packed)["error_code"] == ErrorCode.MESSAGE_TOO_LARGE
    large = records.build([(None, bytes(2000))], now())
    assert produced(broker, "loose", large)["error_code"] == ErrorCode.MESSAGE_TOO_LARGE
    assert stored(broker, "loose") == []


def test_records_out_of_time_are_named(broker: Running) -> None:
    assert made(broker, "young", {"message.timestamp.before.max.ms": "60000"})[0] == 0
    fresh, old = now(), now() - 100_000
    both = [records.encode_record(delta, n, b"k", b"") for n, delta in enumerate((0, old - fresh))]
    mixed = records.seal(
        batches.read_header(records.build([(b"k", b"")] * 2, fresh)), b"".join(both)
    )
    answer = produced(broker, "young", mixed)
    assert answer["error_code"] == ErrorCode.INVALID_TIMESTAMP
    assert [each["batch_index"] for each in answer["record_errors"]] == [1]
    assert "out of range" in answer["record_errors"][0]["batch_index_error_message"]
    assert answer["error_message"] == (
        "One or more records have been rejected due to invalid timestamp"
    )
    assert produced(broker, "young", records.build([(b"k", b"")], -1))["error_code"] == 0
    assert produced(broker, "young", records.build([(b"k", b"")], fresh))["error_code"] == 0
    made(broker, "usual", {})
    answer = produced(broker, "usual", records.build([(b"k", b"")], fresh + 10_000_000))
    assert answer["error_code"] == ErrorCode.INVALID_TIMESTAMP
    assert [each["batch_index"] for each in answer["record_errors"]] == [0]
    assert produced(broker, "usual", records.build([(b"k", b"")], 1))["error_code"] == 0


def test_the_broker_s_time_counts_where_the_topic_says_so(broker: Running) -> None:
    made(broker, "stamped", {"message.timestamp.type": "LogAppendTime"})
    before = now()
    answer = produced(broker, "stamped", records.build([(b"k", b"")], 1 << 60))
    assert answer["error_code"] == 0
    assert before <= answer["log_append_time"] <= now()
    [header] = stored(broker, "stamped")
    assert header.max_timestamp == answer["log_append_time"]
    assert header.attributes & batches.LOG_APPEND_TIME


def test_more_replicas_in_sync_than_there_are_is_as_many_as_there_are(broker: Running) -> None:
    """Apache Kafka 4.3.1 asks for no more either."""
    made(broker, "two", {"min.insync.replicas": "2"})
    assert produced(broker, "two", records.build([(b"k", b"")], now()))["error_code"] == 0


REFUSED = {
    "compression.type": "brotli",
    "compression.gzip.level": "0",
    "compression.lz4.level": "18",
    "compression.zstd.level": "23",
    "remote.storage.enable": "true",
    "segment.bytes": "100",
    "retention.ms": "-2",
    "min.cleanable.dirty.ratio": "1.5",
    "no.such.setting": "1",
}


@pytest.mark.parametrize("name", REFUSED)
def test_settings_that_kafka_refuses(broker: Running, name: str) -> None:
    error, message = made(broker, f"refused.{name}", {name: REFUSED[name]})
    assert error == ErrorCode.INVALID_CONFIG
    assert message is not None
    assert name in message


def test_lags_that_contradict_each_other(broker: Running) -> None:
    configs = {"min.compaction.lag.ms": "2", "max.compaction.lag.ms": "1"}
    assert made(broker, "lags", configs)[0] == ErrorCode.INVALID_CONFIG


def test_settings_without_effect_are_taken_and_shown(broker: Running) -> None:
    configs = {
        "segment.jitter.ms": "100",
        "local.retention.ms": "5",
        "remote.log.copy.disable": "true",
        "unclean.leader.election.enable": "true",
    }
    assert made(broker, "idle", configs) == (0, None)
    wanted = {"resource_type": 2, "resource_name": "idle", "configuration_keys": [*configs]}
    with RawClient(broker.port) as client:
        [found] = client.answer_to(ApiKey.DESCRIBE_CONFIGS, 4, resources=[wanted])["results"]
    assert {each["name"]: each["value"] for each in found["configs"]} == configs


def test_a_broker_s_settings_are_changed_as_by_kafka(broker: Running) -> None:
    def altered(name: str, value: str) -> int:
        config = {"name": name, "value": value, "config_operation": 0}
        resource = {"resource_type": 4, "resource_name": "0", "configs": [config]}
        with RawClient(broker.port) as client:
            answer = client.answer_to(ApiKey.INCREMENTAL_ALTER_CONFIGS, 1, resources=[resource])
        return int(answer["responses"][0]["error_code"])

    assert altered("sasl.kerberos.min.time.before.relogin", "58000") == 0
    assert altered("background.threads", "9") == 0
    assert altered("background.threads", "x") == ErrorCode.INVALID_REQUEST
    assert altered("num.partitions", "3") == ErrorCode.INVALID_REQUEST


def shown(port: int, kind: int, name: str) -> dict[str, str | None]:
    """What is configured, by name."""
    resource = {"resource_type": kind, "resource_name": name, "configuration_keys": None}
    with RawClient(port) as client:
        [found] = client.answer_to(ApiKey.DESCRIBE_CONFIGS, 4, resources=[resource])["results"]
    assert found["error_code"] == 0
    return {each["name"]: each["value"] for each in found["configs"]}


@pytest.mark.slow
def test_settings_are_kafka_s_and_so_are_their_defaults(
    broker: Running, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made(broker, "plain", {})
    with running_kafka(tmp_path_factory.mktemp("kafka")) as port:
        topic = {"name": "plain", "num_partitions": 1, "replication_factor": 1}
        with RawClient(port) as client:
            client.answer_to(ApiKey.CREATE_TOPICS, 7, topics=[topic])
        assert shown(broker.port, 2, "plain") == shown(port, 2, "plain")
        theirs = shown(port, 4, "0")
    unused = {setting.name: setting for setting in (*UNUSED_DYNAMIC, *UNUSED_FIXED)}
    assert unused.keys() <= theirs.keys()
    for name, setting in unused.items():
        found = theirs[name]
        assert setting.default == (None if found is None else setting.parse(found)), name
