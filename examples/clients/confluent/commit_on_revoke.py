"""A member of a group that commits now and then, and before a partition is taken from it.

Usage: python commit_on_revoke.py 127.0.0.1:9092
"""

import signal
import sys
import threading

from confluent_kafka import Consumer, KafkaException, TopicPartition

EVERY = 100
done: dict[int, TopicPartition] = {}


def revoked(consumer: Consumer, places: list[TopicPartition]) -> None:
    mine = [done.pop(place.partition) for place in places if place.partition in done]
    if mine:
        consumer.commit(offsets=mine, asynchronous=False)


def lost(_: Consumer, places: list[TopicPartition]) -> None:
    for place in places:  # somebody else has them already: a commit would be refused
        done.pop(place.partition, None)


ended = threading.Event()
signal.signal(signal.SIGINT, lambda *_: ended.set())

consumer = Consumer(
    {
        "bootstrap.servers": sys.argv[1],
        "group.id": "billing",
        "session.timeout.ms": 10_000,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
)
consumer.subscribe(["orders"], on_revoke=revoked, on_lost=lost)
worked = 0
while not ended.is_set():
    message = consumer.poll(1.0)
    if message is None:
        continue
    if message.error():
        raise KafkaException(message.error())
    print(message.partition(), message.offset(), message.value().decode(), flush=True)
    done[message.partition()] = TopicPartition("orders", message.partition(), message.offset() + 1)
    worked += 1
    if worked % EVERY == 0:
        consumer.commit(offsets=list(done.values()), asynchronous=False)
        done.clear()
consumer.close()  # which revokes everything
