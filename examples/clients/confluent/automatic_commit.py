"""A member of a group that leaves committing to the client.

Usage: python automatic_commit.py 127.0.0.1:9092
"""

import signal
import sys
import threading

from confluent_kafka import Consumer, KafkaException

ended = threading.Event()
signal.signal(signal.SIGINT, lambda *_: ended.set())

consumer = Consumer(
    {
        "bootstrap.servers": sys.argv[1],
        "group.id": "billing",
        "session.timeout.ms": 10_000,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": True,
        "auto.commit.interval.ms": 1000,
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
consumer.close()
