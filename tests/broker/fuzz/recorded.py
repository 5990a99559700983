"""Requests of real clients, recorded: what fuzzing begins with.

    python -m tests.broker.fuzz.recorded

has kafka-python, librdkafka and aiokafka do what clients do against a broker of this project, and
writes each kind of request that came, once a client and version, to `recorded.txt`: the client, the
request, and its bytes without the length, in hexadecimal.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.broker.server.running import PATIENCE, running

FILE = Path(__file__).with_name("recorded.txt")


def requests() -> list[bytes]:
    """The frames that were recorded."""
    return [bytes.fromhex(line.split()[2]) for line in FILE.read_text().splitlines()]


def kafka_python(bootstrap: str) -> None:
    """Topics, produced and consumed, as a group and as none, and a look around."""
    from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
    from kafka.admin import NewTopic

    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic("python", 2, 1)])
    for codec in (None, "gzip", "snappy", "lz4", "zstd"):
        producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=codec)
        producer.send("python", b"hello", key=b"en").get(PATIENCE)
        producer.close()
    consumer = KafkaConsumer(
        "python", group_id="python", bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    )
    while not consumer.poll(500):
        pass
    consumer.commit()
    consumer.beginning_offsets(list(consumer.assignment()))
    consumer.close()
    admin.describe_groups(["python"])
    admin.list_groups()
    admin.delete_topics(["python"])
    admin.close()


def librdkafka(bootstrap: str) -> None:
    """The same, by transactions and by the newer protocol of groups too."""
    from confluent_kafka import Consumer, Producer, TopicPartition
    from confluent_kafka import admin as admins

    common: dict[str, Any] = {"bootstrap.servers": bootstrap}
    kinds: Any = admins
    admin = kinds.AdminClient(common)
    admin.create_topics([kinds.NewTopic("rd", 2, 1)])["rd"].result(PATIENCE)
    producer = Producer({**common, "transactional.id": "rd", "compression.type": "lz4"})
    producer.init_transactions(PATIENCE)
    for protocol in ("classic", "consumer"):
        consumer = Consumer(
            {
                **common,
                "group.id": protocol,
                "group.protocol": protocol,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
            }
        )
        consumer.subscribe(["rd"])
        producer.begin_transaction()
        producer.produce("rd", b"value", b"key", partition=0)
        message = None
        producer.flush(PATIENCE)
        producer.commit_transaction(PATIENCE)
        while message is None:
            message = consumer.poll(1)
        producer.begin_transaction()
        wanted = [TopicPartition("rd", 0, 1)]
        metadata = consumer.consumer_group_metadata()
        producer.send_offsets_to_transaction(wanted, metadata, PATIENCE)
        producer.abort_transaction(PATIENCE)
        consumer.commit(asynchronous=False)
        consumer.offsets_for_times([TopicPartition("rd", 0, 1)], PATIENCE)
        consumer.close()
    admin.describe_configs([kinds.ConfigResource("topic", "rd")])
    for answer in admin.describe_consumer_groups(["classic", "consumer"]).values():
        answer.result(PATIENCE)
    admin.delete_topics(["rd"])["rd"].result(PATIENCE)


def aiokafka(bootstrap: str) -> None:
    """Produced and consumed."""
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    async def both() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
        await producer.start()
        await producer.send_and_wait("aio", b"value")
        await producer.stop()
        consumer = AIOKafkaConsumer(
            "aio", group_id="aio", bootstrap_servers=bootstrap, auto_offset_reset="earliest"
        )
        await consumer.start()
        await consumer.getone()
        await consumer.commit()
        await consumer.stop()

    asyncio.run(both())


CLIENTS: Mapping[str, Callable[[str], None]] = MappingProxyType(
    {"kafka-python": kafka_python, "librdkafka": librdkafka, "aiokafka": aiokafka}
)


@contextlib.contextmanager
def listening(found: dict[tuple[int, int], bytes]) -> Iterator[None]:
    """Note the first request of each API and version that any broker of this process gets."""
    from broker.server.connection import Connection

    handle = Connection._handle

    def noted(self: Connection, frame: memoryview) -> None:
        data = bytes(frame)
        key, version = (int.from_bytes(data[at : at + 2], "big") for at in (0, 2))
        found.setdefault((key, version), data)
        handle(self, frame)

    Connection._handle = noted  # type: ignore[method-assign]
    try:
        yield
    finally:
        Connection._handle = handle  # type: ignore[method-assign]


def main() -> None:
    """Record all clients."""
    from broker.wire.apis import ApiKey

    lines = []
    for name, use in CLIENTS.items():
        found: dict[tuple[int, int], bytes] = {}
        with tempfile.TemporaryDirectory() as data, listening(found), running(Path(data)) as broker:
            use(broker.bootstrap)
        for (key, version), frame in sorted(found.items()):
            lines.append(f"{name} {ApiKey(key).name}:{version} {frame.hex()}")
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
