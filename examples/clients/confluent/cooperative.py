"""A member of a group that keeps its partitions while the group changes.

Usage: python cooperative.py 127.0.0.1:9092
"""

import signal
import sys
import threading

from confluent_kafka import Consumer, KafkaException, TopicPartition


def assigned(_: Consumer, places: list[TopicPartition]) -> None:
    print("assigned", *sorted(place.partition for place in places), flush=True)


def revoked(_: Consumer, places: list[TopicPartition]) -> None:
    print("revoked", *sorted(place.partition for place in places), flush=True)


ended = threading.Event()
signal.signal(signal.SIGINT, lambda *_: ended.set())

consumer = Consumer(
    {
        "bootstrap.servers": sys.argv[1],
        "group.id": "billing",
        "heartbeat.interval.ms": 1000,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "partition.assignment.strategy": "cooperative-sticky",
    }
)
consumer.subscribe(["orders"], on_assign=assigned, on_revoke=revoked, on_lost=revoked)
while not ended.is_set():
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error():
        raise KafkaException(message.error())
    print(message.partition(), message.offset(), message.value().decode(), flush=True)
    consumer.commit(message=message, asynchronous=False)
consumer.close()
