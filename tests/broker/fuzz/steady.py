"""A client that behaves while others do not: what it writes is read once, in order, and in time.

It produces with acknowledgements and consumes as a group, in two threads, until it is stopped, and
keeps what it was told: offsets that were acknowledged, records that were read, errors.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from tests.broker.server.running import PATIENCE

TOPIC, GROUP, PARTITIONS = "steady", "steady-readers", 2
PAUSE = 0.002
"""Seconds between records: it is there to notice, not to keep the broker busy."""


class Steady:
    """The client, from `start` to `stop`.

    sent      how many records were given to the producer
    written   what was acknowledged: number by partition and offset
    read      what was read, in order: partition, offset, number
    errors    everything that went wrong
    slowest   seconds that the slowest acknowledgement took
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self.sent = 0
        self.written: dict[tuple[int, int], int] = {}
        self.read: list[tuple[int, int, int]] = []
        self.errors: list[str] = []
        self.slowest = 0.0
        self._done = threading.Event()
        self._threads = [
            threading.Thread(target=run, daemon=True) for run in (self._produce, self._consume)
        ]

    def start(self) -> None:
        """Make the topic, and begin."""
        told: Any = {"bootstrap.servers": self._bootstrap, "error_cb": self._error}
        admin = AdminClient(told)
        admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])[TOPIC].result(PATIENCE)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let everything that was sent be read, and end."""
        self._done.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE)
            assert not thread.is_alive()

    def _error(self, error: KafkaError) -> None:
        self.errors.append(str(error))

    def _produce(self) -> None:
        producer = Producer(
            {
                "bootstrap.servers": self._bootstrap,
                "enable.idempotence": True,
                "error_cb": self._error,
            }
        )
        while not self._done.is_set():
            producer.produce(
                TOPIC,
                b"%d" % self.sent,
                partition=self.sent % PARTITIONS,
                on_delivery=self._delivered(self.sent, time.monotonic()),
            )
            self.sent += 1
            producer.poll(0)
            time.sleep(PAUSE)
        if producer.flush(PATIENCE):
            self.errors.append("not all that was sent was acknowledged")

    def _delivered(self, number: int, since: float) -> Any:
        def told(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self.errors.append(f"{number} was not written: {error}")
                return
            self.slowest = max(self.slowest, time.monotonic() - since)
            self.written[message.partition() or 0, message.offset() or 0] = number

        return told

    def _consume(self) -> None:
        consumer = Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": GROUP,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "error_cb": self._error,
            }
        )
        consumer.subscribe([TOPIC])
        due = None
        while due is None or (len(self.read) < self.sent and time.monotonic() < due):
            if due is None and self._done.is_set():
                due = time.monotonic() + PATIENCE
            message = consumer.poll(0.1)
            if message is None:
                continue
            if message.error() is not None:
                self.errors.append(f"not read: {message.error()}")
                continue
            place = message.partition() or 0, message.offset() or 0
            self.read.append((*place, int(message.value() or b"")))
        consumer.commit(asynchronous=False)
        consumer.close()

    def check(self) -> None:
        """See that it noticed nothing of the others."""
        assert self.errors == []
        assert len(self.written) == self.sent
        assert sorted(self.written.values()) == list(range(self.sent))
        assert {(at, offset): number for at, offset, number in self.read} == self.written
        for partition in range(PARTITIONS):
            offsets = [offset for at, offset, _ in self.read if at == partition]
            assert offsets == list(range(len(offsets)))

    def committed(self) -> list[int]:
        """Where the group stands."""
        consumer = Consumer({"bootstrap.servers": self._bootstrap, "group.id": GROUP})
        wanted = [TopicPartition(TOPIC, at) for at in range(PARTITIONS)]
        found = [each.offset for each in consumer.committed(wanted, PATIENCE)]
        consumer.close()
        return found
