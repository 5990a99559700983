"""Topics that a load needs, and where their logs end."""

from __future__ import annotations

from collections.abc import Sequence

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.cimpl import NewTopic

from conformance.history import Place

PATIENCE = 30.0


def create(bootstrap: str, topic: str, partitions: int) -> None:
    """A new topic; returns once the broker serves it."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(PATIENCE)


def ends(bootstrap: str, places: Sequence[Place]) -> dict[Place, int]:
    """Where each partition's log ends, records of open transactions included."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(place.topic, place.partition): latest for place in places}
    return {
        Place(each.topic, each.partition): int(future.result(PATIENCE).offset)
        for each, future in admin.list_offsets(asked, request_timeout=PATIENCE).items()
    }
