"""kill -9 under load: what was acknowledged is there once and in order, and commits do not go back.

A producer that is idempotent and waits for all acknowledgements writes numbers while the broker is
killed; it goes on against the one that is started again on the same port and directory.  In the
end the partition holds each acknowledged number once, in order, and the group's position is no
less than what was committed last.  What the clients were told is searched for anomalies, too.

The machine itself does not stop here, so that nothing is lost that the operating system had; what
a crash of the machine would lose is what was not flushed (docs/broker.md).
"""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from conformance.history import (
    Commit,
    Committed,
    Complete,
    Crash,
    Operation,
    Place,
    Poll,
    Polled,
    Send,
    check,
)
from conformance.history.operations import Offset
from tests.broker.server.running import PATIENCE, Program

KILLS = 2
SETTINGS = ("--set", "log.segment.bytes=1048576", "--set", "log.index.interval.bytes=100")


class Load:
    """A producer of numbers, and a group that commits."""

    def __init__(self, bootstrap: str) -> None:
        self.acknowledged: list[int] = []
        self.committed = 0
        self.history: list[Operation] = []
        self.failed: list[object] = []
        self._bootstrap = bootstrap
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=each) for each in (self._produce, self._commit)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _produce(self) -> None:
        producer = Producer(
            {
                "bootstrap.servers": self._bootstrap,
                "enable.idempotence": True,
                "linger.ms": 2,
                "batch.num.messages": 50,
                "reconnect.backoff.max.ms": 100,
                "retry.backoff.ms": 50,
                "message.timeout.ms": PATIENCE * 1000,
            }
        )

        def told(error: object, message: Message) -> None:
            if error is None:
                sent = int((message.value() or b"").rstrip(b"\0"))
                self.acknowledged.append(sent)
                self.history.append(Send("p", sent, "t", 0, str(sent), "ok", message.offset()))
            else:
                self.failed.append(error)

        number = 0
        while not self._stop.is_set():
            for _ in range(20):
                producer.produce("t", b"%d" % number + bytes(200), partition=0, on_delivery=told)
                number += 1
            producer.poll(0.005)
        producer.flush(PATIENCE)

    def _commit(self) -> None:
        consumer = Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": "g",
                "enable.auto.commit": False,
                "reconnect.backoff.max.ms": 100,
            }
        )
        position = 0
        while not self._stop.is_set():
            position += 1
            offset = TopicPartition("t", 0, position)
            try:
                consumer.commit(offsets=[offset], asynchronous=False)
            except KafkaException:
                time.sleep(0.02)
                self.history.append(Commit("c", "g", at(position), "unknown"))
            else:
                self.committed = position
                self.history.append(Commit("c", "g", at(position)))
            time.sleep(0.002)
        consumer.close()


def at(offset: int) -> tuple[Offset, ...]:
    return (Offset("t", 0, offset),)


def read_all(bootstrap: str) -> tuple[list[int], int]:
    """All numbers of the partition, and the group's position."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "g"})
    _, end = consumer.get_watermark_offsets(TopicPartition("t", 0), PATIENCE)
    [position] = consumer.committed([TopicPartition("t", 0)], PATIENCE)
    consumer.assign([TopicPartition("t", 0, 0)])
    found: list[int] = []
    due = time.monotonic() + PATIENCE
    while len(found) < end and time.monotonic() < due:
        for message in consumer.consume(1000, 1):
            assert not message.error(), message.error()
            found.append(int((message.value() or b"").rstrip(b"\0")))
    consumer.close()
    return found, position.offset


def crash(data: Path, seed: int, kills: int) -> None:
    draw = random.Random(seed)
    broker = Program(data, *SETTINGS)
    load = Load(broker.bootstrap)
    load.start()
    for _ in range(kills):
        time.sleep(0.3 + draw.random())
        broker.kill()
        load.history.append(Crash("broker"))
        broker = Program(data, "--listen", broker.bootstrap, *SETTINGS)
        assert broker.port, broker.said
    time.sleep(0.3)
    load.stop()
    found, position = read_all(broker.bootstrap)
    assert broker.stop() == 0, broker.said
    assert load.failed == []
    assert len(load.acknowledged) > 100
    assert found == list(range(len(found)))
    assert sorted(load.acknowledged) == list(range(len(load.acknowledged)))
    assert len(found) >= len(load.acknowledged)
    assert position >= load.committed > 0
    read = Poll("reader", tuple(Polled("t", 0, n, str(number)) for n, number in enumerate(found)))
    end: list[Operation] = [
        read,
        Complete("reader", (Place("t", 0),)),
        Committed("reader", "g", at(position)),
    ]
    assert check([*load.history, *end]).broken == ()


def test_a_kill_loses_and_repeats_nothing(tmp_path: Path) -> None:
    crash(tmp_path, 0, 1)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(1, 26))
def test_kills_lose_and_repeat_nothing(tmp_path: Path, seed: int) -> None:
    crash(tmp_path, seed, KILLS)
