"""From end to end: one record, from before it is sent until a consumer has it; then the next.

Producer and consumer are confluent-kafka, in this process, with nothing gathered (linger.ms=0) and
acks=all.  What librdkafka's threads and Python take of it, some tenths of a millisecond, is the
same for each broker.  librdkafka's mock cluster wakes no fetch that waits: its half a second is how
long the consumer lets it wait.
"""

from __future__ import annotations

import time

from confluent_kafka import Consumer, Producer, TopicPartition

from conformance.peers import Server
from conformance.speed.figures import Figure, Lacking, Sizes, Values
from conformance.speed.topics import removed_after

SIZE = 1024
FIRST = 5
"""Records before those that are timed."""

LONGEST, LEAST = 6.0, 10
"""After so many seconds no more records are timed, but for so many at least."""

PATIENCE = 30.0
P50 = Figure("end to end p50", "ms", more=False)
P99 = Figure("end to end p99", "ms", more=False, limit=2.0)
P999 = Figure("end to end p99.9", "ms", more=False)


def take(server: Server, sizes: Sizes) -> Values:
    """Time records one after the other."""
    common = {"bootstrap.servers": server.bootstrap, "log_level": 0}
    producer = Producer({**common, "acks": "all", "linger.ms": 0})
    consumer = Consumer({**common, "group.id": "speed", "enable.auto.commit": False})
    try:
        with removed_after(server.bootstrap) as topic:
            producer.produce(topic, b"first", partition=0)
            producer.flush(PATIENCE)
            consumer.assign([TopicPartition(topic, 0, 0)])
            for _ in range(FIRST):
                _one(producer, consumer, topic)
            took: list[float] = []
            until = time.monotonic() + LONGEST
            while len(took) < sizes.samples and (time.monotonic() < until or len(took) < LEAST):
                took.append(_one(producer, consumer, topic))
    finally:
        consumer.close()
    took.sort()
    for figure, share in ((P50, 0.5), (P99, 0.99), (P999, 0.999)):
        yield figure, took[int(len(took) * share)] * 1e3


def _one(producer: Producer, consumer: Consumer, topic: str) -> float:
    """Send one record and wait until it comes back; in seconds."""
    began = time.perf_counter()
    mark = str(began).encode().ljust(SIZE)
    producer.produce(topic, mark, partition=0)
    while True:
        came = consumer.poll(PATIENCE)
        if came is None or came.error() is not None:
            raise Lacking(f"a record did not come back in {PATIENCE:.0f} s")
        if came.value() == mark:
            producer.poll(0)
            return time.perf_counter() - began
