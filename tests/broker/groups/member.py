"""A member of a group, as a program: it consumes, says what it has, and can be killed.

    member.py CLIENT BOOTSTRAP TOPIC GROUP ASSIGNOR [INSTANCE]

Each line that it prints is JSON: the partitions that it has, whenever they change.  SIGTERM makes
it leave; a static member goes without leaving.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

SESSION, LONG, BEAT = 3_000, 60_000, 300
"""How long a member may be silent, and how often it is not, ms."""


@dataclass(frozen=True)
class Role:
    """Whose member it is, and how it consumes; an instance of "" makes it dynamic."""

    bootstrap: str
    topic: str
    group: str
    assignor: str
    instance: str = ""

    @property
    def session(self) -> int:
        """How long it may be silent, ms; a static one is to be back within it."""
        return LONG if self.instance else SESSION


class Mouth:
    """Says what the member has, and hears that it is to leave."""

    def __init__(self) -> None:
        self.leaving = False
        self._said: list[int] | None = None
        signal.signal(signal.SIGTERM, self._leave)

    def _leave(self, *_: object) -> None:
        self.leaving = True

    def say(self, partitions: Iterable[int]) -> None:
        found = sorted(partitions)
        if found != self._said:
            self._said = found
            sys.stdout.write(f"{json.dumps(found)}\n")
            sys.stdout.flush()


def confluent(mouth: Mouth, role: Role) -> None:
    """librdkafka; an assignor after a colon is the server's."""
    from confluent_kafka import Consumer

    protocol, colon, remote = role.assignor.partition(":")
    if colon:
        how: dict[str, Any] = {"group.protocol": "consumer", "group.remote.assignor": remote}
    else:
        how = {
            "partition.assignment.strategy": protocol,
            "session.timeout.ms": role.session,
            "heartbeat.interval.ms": BEAT,
        }
    if role.instance:
        how["group.instance.id"] = role.instance
    consumer = Consumer(
        {
            "bootstrap.servers": role.bootstrap,
            "group.id": role.group,
            "auto.offset.reset": "earliest",
            **how,
        }
    )
    consumer.subscribe([role.topic])
    while not mouth.leaving:
        consumer.poll(0.05)
        mouth.say(each.partition for each in consumer.assignment())
    consumer.close()


def kafka_python(mouth: Mouth, role: Role) -> None:
    """kafka-python."""
    from kafka import KafkaConsumer
    from kafka.coordinator.assignors.range import RangePartitionAssignor
    from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
    from kafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

    assignors = {
        "range": RangePartitionAssignor,
        "roundrobin": RoundRobinPartitionAssignor,
        "sticky": StickyPartitionAssignor,
    }
    consumer = KafkaConsumer(
        bootstrap_servers=role.bootstrap,
        group_id=role.group,
        group_instance_id=role.instance or None,
        partition_assignment_strategy=[assignors[role.assignor]],
        session_timeout_ms=role.session,
        heartbeat_interval_ms=BEAT,
        auto_offset_reset="earliest",
    )
    # A member that joins before it knows of the topic may assign nothing, and leave it at that.
    consumer.partitions_for_topic(role.topic)
    consumer.subscribe([role.topic])
    while not mouth.leaving:
        consumer.poll(timeout_ms=50)
        mouth.say(each.partition for each in consumer.assignment())
    consumer.close()


def aiokafka(mouth: Mouth, role: Role) -> None:
    """Aiokafka."""
    asyncio.run(_aiokafka(mouth, role))


async def _aiokafka(mouth: Mouth, role: Role) -> None:
    from aiokafka import AIOKafkaConsumer
    from aiokafka.coordinator.assignors.range import RangePartitionAssignor
    from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
    from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

    assignors = {
        "range": RangePartitionAssignor,
        "roundrobin": RoundRobinPartitionAssignor,
        "sticky": StickyPartitionAssignor,
    }
    consumer = AIOKafkaConsumer(
        role.topic,
        bootstrap_servers=role.bootstrap,
        group_id=role.group,
        group_instance_id=role.instance or None,
        partition_assignment_strategy=(assignors[role.assignor],),
        session_timeout_ms=role.session,
        heartbeat_interval_ms=BEAT,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    while not mouth.leaving:
        await consumer.getmany(timeout_ms=50)
        mouth.say(each.partition for each in consumer.assignment())
    await consumer.stop()


CLIENTS = {"confluent": confluent, "kafka-python": kafka_python, "aiokafka": aiokafka}

if __name__ == "__main__":
    client, *rest = sys.argv[1:]
    CLIENTS[client](Mouth(), Role(*rest))
