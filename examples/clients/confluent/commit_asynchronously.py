"""A member of a group that commits as it goes, and waits only at the end.

Usage: python commit_asynchronously.py 127.0.0.1:9092
"""

import signal
import sys
import threading

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition


def answered(error: KafkaError | None, places: list[TopicPartition]) -> None:
    if error is not None:
        print(f"not committed: {places}: {error}", file=sys.stderr)


ended = threading.Event()
signal.signal(signal.SIGINT, lambda *_: ended.set())

consumer = Consumer(
    {
        "bootstrap.servers": sys.argv[1],
        "group.id": "billing",
        "session.timeout.ms": 10_000,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "on_commit": answered,
    }
)
consumer.subscribe(["orders"])
while not ended.is_set():
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error():
        raise KafkaException(message.error())
    print(message.partition(), message.offset(), message.value().decode(), flush=True)
    consumer.commit(message=message, asynchronous=True)
try:
    consumer.commit(asynchronous=False)
except KafkaException as error:
    print(f"not committed: {error}", file=sys.stderr)
consumer.close()
