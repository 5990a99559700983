"""Topics of a measurement: made for it, and gone after it."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from broker.client import Client
from broker.wire.apis import ApiKey
from conformance.speed.figures import Lacking

PATIENCE = 30.0


@contextlib.contextmanager
def removed_after(bootstrap: str, partitions: int = 1) -> Iterator[str]:
    """A new topic with at least so many partitions, which is deleted after the block.

    librdkafka's mock cluster neither creates nor deletes: there a topic comes with being asked
    for, with four partitions, and stays.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    topic = f"speed-{secrets.token_hex(6)}"
    able = serves(bootstrap, ApiKey.CREATE_TOPICS)
    if able:
        try:
            admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(PATIENCE)
        except KafkaException as refused:
            raise Lacking(f"it makes no topic: {refused.args[0].str()}") from None
    found = _await(admin, topic)
    if found < partitions:
        raise Lacking(f"its topics have {found} partitions")
    try:
        yield topic
    finally:
        if able:
            admin.delete_topics([topic])[topic].result(PATIENCE)


def serves(bootstrap: str, api: ApiKey) -> bool:
    """Whether a broker says that it serves an API."""
    host, _, port = bootstrap.rpartition(":")
    with Client(host, int(port)) as client:
        told = client.ask(ApiKey.API_VERSIONS, 0).api_keys
    return any(each.api_key == api for each in told)


def _await(admin: AdminClient, topic: str) -> int:
    """How many partitions it has, once it is there."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = admin.list_topics(topic, timeout=PATIENCE).topics[topic]
        if found.error is None and found.partitions:
            return len(found.partitions)
        time.sleep(0.05)
    raise Lacking("it makes no topic")


def kept(bootstrap: str, topic: str) -> tuple[int, int]:
    """The first offset that partition 0 still has, and the one after its last."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic, "log_level": 0})
    try:
        place = TopicPartition(topic, 0)
        first, end = consumer.get_watermark_offsets(place, timeout=PATIENCE, cached=False)
    finally:
        consumer.close()
    return int(first), int(end)
