"""What each client library is asked to do, in one vocabulary, so that a scenario is written once.

A driver is a client library; a reader is one consumer of it.  Nothing here waits for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import NamedTuple, Protocol

PATIENCE = 60
"""Seconds that any one thing may take, on a machine that does much else."""


class To(NamedTuple):
    """A record to send."""

    value: str
    key: str | None = None
    partition: int | None = None


class Record(NamedTuple):
    """A record that was read."""

    partition: int
    offset: int
    key: str | None
    value: str


@dataclass(frozen=True)
class Wish:
    """How a consumer is to be: its group and assignor, and where it begins.

    assignor  the first that the client has, where none is named
    """

    group: str | None = None
    assignor: str = ""
    instance: str | None = None
    reset: str = "earliest"
    auto: bool = False
    committed: bool = False
    session: int = 6000


class Reader(Protocol):
    """A consumer, for one thread."""

    def subscribe(self, topic: str) -> None: ...
    def assign(self, topic: str, partition: int, offset: int) -> None: ...
    def poll(self, seconds: float) -> list[Record]: ...
    def assignment(self) -> set[int]: ...
    def commit(self) -> None: ...
    def seek(self, topic: str, partition: int, offset: int) -> None: ...
    def committed(self, topic: str, partition: int) -> int: ...
    def at_time(self, topic: str, partition: int, time: int) -> int: ...
    def close(self) -> None: ...


class Driver(Protocol):
    """A client library, or a program.

    assignors  those that it has: names that it is told, or whatever it makes of them
    lacks      why it has no such codec, or cannot do what a test wants, by the name of either
    produce    gives partition and offset of each record, in order, as far as it is told them
    """

    name: str
    codecs: Sequence[str]
    assignors: Collection[str]
    lacks: Mapping[str, str]

    def prepare(self) -> None:
        """Have it here; Absent where it cannot be had."""

    def create(self, bootstrap: str, topic: str, partitions: int) -> None: ...
    def produce(
        self, bootstrap: str, topic: str, records: Sequence[To], *, codec: str = "none",
        idempotent: bool = False,
    ) -> list[tuple[int, int]]: ...  # fmt: skip
    def transactions(
        self, bootstrap: str, name: str, topic: str, parts: Sequence[tuple[str, bool]]
    ) -> None: ...
    def reader(self, bootstrap: str, wish: Wish) -> Reader: ...
    def lag(self, bootstrap: str, group: str, topic: str) -> dict[int, int]: ...


NAMES = ("over_kafka_python", "over_confluent", "over_aiokafka", "over_kafkajs", "over_kcat")


def driver(name: str) -> Driver:
    """The driver in the module of that name beside this one."""
    found: Driver = import_module(f"tests.conformance.clients.{name}").DRIVER
    return found
