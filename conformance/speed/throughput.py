"""Throughput: one producer, then one consumer, and one partition between them.

The producer waits for all in-sync replicas and gathers batches for 5 ms; else all is as librdkafka
has it.  The consumer reads the same records from the first on; its clock starts with the first
that comes.  Two clients can do it: librdkafka's own `rdkafka_performance`, in C, where its sources
are or can be fetched, and confluent-kafka, the same library below Python, which at 100 bytes is
itself what is measured.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from conformance.peers import Absent, Server
from conformance.peers.server import made, tool
from conformance.speed.figures import Figure, Lacking, Sizes, Values
from conformance.speed.topics import kept, removed_after
from conformance.suites import librdkafka

LIMIT = 120.0
"""Seconds for one run of one client."""

PRODUCER = {
    "acks": "-1",
    "linger.ms": "5",
    "queue.buffering.max.kbytes": "500000",
    "queue.buffering.max.messages": "1000000",
}
NAMES = {100: "100 B", 1024: "1 KiB", 102_400: "100 KiB"}
SMALL = 1000
"""Bytes below which records are counted, and their bytes from there on."""

LEAST = 0.7
"""What this project's broker is held to, of Apache Kafka's."""


class Client(Protocol):
    """Who sends and reads the records."""

    @property
    def name(self) -> str:
        """What it is."""

    def produce(self, bootstrap: str, topic: str, size: int, count: int) -> float:
        """Send records to partition 0, and how many of them a second were acknowledged."""

    def consume(self, bootstrap: str, topic: str, count: int) -> float:
        """Read partition 0 from the first record on, and how many a second came."""


def figure(what: str, size: int) -> Figure:
    """What is told of records of that size; `what` is produce or consume."""
    small = size < SMALL
    unit = "k/s" if small else "MB/s"
    return Figure(f"{what} {NAMES.get(size, f'{size} B')}", unit, limit=LEAST, ahead=not small)


def measure(client: Client, size: int) -> Callable[[Server, Sizes], Values]:
    """How records of one size are measured with a client."""

    def take(server: Server, sizes: Sizes) -> Values:
        count = sizes.records[size]
        scale = 1e-3 if size < SMALL else size * 1e-6
        with removed_after(server.bootstrap) as topic:
            rate = client.produce(server.bootstrap, topic, size, count)
            yield figure("produce", size), rate * scale
            first, end = kept(server.bootstrap, topic)
            if end < count:
                raise Lacking(f"of {count:,} records {end:,} were stored")
            if first:
                raise Lacking(f"of {end:,} records it keeps the last {end - first:,}")
            yield figure("consume", size), client.consume(server.bootstrap, topic, count) * scale

    return take


# ------------------------------------------------------------ rdkafka_performance


@dataclass(frozen=True)
class Performance:
    """librdkafka's example program of that name."""

    program: Path
    name: str = f"rdkafka_performance {librdkafka.VERSION}"

    def produce(self, bootstrap: str, topic: str, size: int, count: int) -> float:
        """Send records."""
        settings = [word for pair in PRODUCER.items() for word in ("-X", "=".join(pair))]
        said = self._run("-P", bootstrap, topic, count, "-s", str(size), *settings)
        return _rate(said, r"(\d+) delivered .* in (\d+)ms", count)

    def consume(self, bootstrap: str, topic: str, count: int) -> float:
        """Read them."""
        said = self._run("-C", bootstrap, topic, count, "-o", "beginning")
        return _rate(said, r"(\d+) messages \(\d+ bytes\) consumed in (\d+)ms", count)

    def _run(self, mode: str, bootstrap: str, topic: str, count: int, *words: str) -> str:
        command = [str(self.program), mode, "-b", bootstrap, "-t", topic, "-p", "0",
                   "-c", str(count), "-X", "log_level=0", *words]  # fmt: skip
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Lacking(f"{count:,} records took more than {LIMIT:.0f} s") from None
        return done.stdout


def _rate(said: str, pattern: str, wanted: int) -> float:
    """What its last such line says; those before tell how far it was."""
    found = re.findall(pattern, said)
    if not found or int(found[-1][0]) < wanted:
        last = next((line for line in reversed(said.splitlines()) if line.strip()), "nothing")
        raise Lacking(f"the client did not come to its end: {last.strip()}")
    records, took = map(int, found[-1])
    return records / max(took, 1) * 1e3


def performance() -> Performance:
    """The program, compiled; Absent where its sources or a compiler cannot be had."""
    librdkafka.fetch()
    examples = librdkafka.home() / "librdkafka" / "examples"
    program = examples / "rdkafka_performance"
    if not program.exists():
        name = f"librdkafka {librdkafka.VERSION}"
        (make,) = tool(name, "make")
        made(name, [make, "-C", str(examples), program.name], examples, LIMIT)
    return Performance(program)


# ------------------------------------------------------------ confluent-kafka


@dataclass(frozen=True)
class Confluent:
    """librdkafka below Python."""

    name: str = "confluent-kafka"

    def produce(self, bootstrap: str, topic: str, size: int, count: int) -> float:
        """Send records."""
        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0, **PRODUCER})
        record = bytes(size)
        began = time.perf_counter()
        for _ in range(count):
            while True:
                with contextlib.suppress(BufferError):
                    producer.produce(topic, record, partition=0)
                    break
                producer.poll(0.01)
        left = producer.flush(LIMIT)
        if left:
            raise Lacking(f"{left:,} of {count:,} records were not acknowledged")
        return count / (time.perf_counter() - began)

    def consume(self, bootstrap: str, topic: str, count: int) -> float:
        """Read them."""
        from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

        consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": topic,
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        until, seen, began = time.perf_counter() + LIMIT, 0, 0.0
        while seen < count and time.perf_counter() < until:
            came = [each for each in consumer.consume(10_000, 0.1) if each.error() is None]
            began = began or (time.perf_counter() if came else 0.0)
            seen += len(came)
        took = time.perf_counter() - began
        consumer.close()
        if seen < count:
            raise Lacking(f"of {count:,} records {seen:,} came in {LIMIT:.0f} s")
        return seen / took


def client() -> Client:
    """The faster one that can be had."""
    try:
        return performance()
    except Absent:
        return Confluent()
