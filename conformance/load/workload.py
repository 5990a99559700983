"""One load: what a seed says that producers send, a group consumes, and when the broker is killed.

Producers send unique values (`acks=all`, idempotent), one of them in transactions if asked, some
of which it aborts.  Consumers of one group read what is committed, and commit what they have
processed.  Where the broker is to be killed, that happens once so many sends have been answered,
by SIGKILL; it is started again at once on the same data, and the clients are left to find it.

In the end a reader without a group reads every partition from its beginning to its end, the group
is waited for until it has committed all of it, and what it has committed is read.  So a history of
a whole load is complete: what was acknowledged and is not in it was lost.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from conformance.history import Complete, Crash, Place, Recorder, Send
from conformance.load.topics import create, ends
from conformance.peers import Process, Server

PATIENCE = 120.0
"""Seconds that each part of a load may take."""


UNANSWERED = 100
"""So many sends may be on their way when the broker is killed."""


class Stuck(Exception):  # noqa: N818 - an outcome
    """A load that did not come to its end: what was waited for."""


@dataclass(frozen=True)
class Plan:
    """A load.

    records       by each producer
    transactions  whether the first producer works in transactions
    client        a module of conformance.history: confluent or kafka_python
    crashes       how often the broker is killed
    pause         seconds that a producer waits between bursts: a load is to last while it crashes
    """

    seed: int
    topic: str = "load"
    partitions: int = 3
    producers: int = 2
    consumers: int = 2
    records: int = 2000
    transactions: bool = False
    client: str = "confluent"
    crashes: int = 0
    pause: float = 0.01

    @property
    def places(self) -> list[Place]:
        """The partitions."""
        return [Place(self.topic, partition) for partition in range(self.partitions)]


class _Load:
    """A load that runs: what its threads share."""

    def __init__(self, plan: Plan, server: Server, recorder: Recorder) -> None:
        self.plan = plan
        self.server = server
        self.recorder = recorder
        self.client = import_module(f"conformance.history.{plan.client}")
        self.over = threading.Event()
        self.committing = threading.Lock()
        """Held by who commits, and by who reads what is committed."""
        self.ready = threading.Barrier(plan.producers)
        """Producers begin together: the first could be done before the next has its id."""
        whole = plan.producers * plan.records
        dice = random.Random(f"{plan.seed} crashes")
        self.moments = sorted(
            dice.randrange(whole // 10, whole * 3 // 4) for _ in range(plan.crashes)
        )
        """The broker is killed once so many sends have been answered."""
        self.limits = [moment + UNANSWERED for moment in self.moments]
        """No more are sent before that: it is to be killed under load.  One goes with each kill."""
        self.sent = 0
        self.counting = threading.Lock()

    # -------------------------------------------------------- the clients

    def produce(self, index: int) -> None:
        """One producer from its first record to the answer to its last."""
        dice = random.Random(f"{self.plan.seed} producer {index}")
        name = f"producer-{index}"
        within = self.plan.transactions and index == 0
        producer = self.client.Producer(
            self.recorder,
            name,
            self.server.bootstrap,
            transactional_id=name if within else None,
            settings={"linger.ms": dice.choice([0, 1, 5])},
        )
        try:
            self.ready.wait(PATIENCE)
            sent = 0
            while (left := self.left(sent)) and not self.over.is_set():
                burst = min(dice.randint(1, 40), left)
                if not self._may(burst):
                    producer.wait(0.005)
                    continue
                if within:
                    producer.begin()
                for n in range(sent, sent + burst):
                    producer.send(
                        self.plan.topic, dice.randrange(self.plan.partitions), f"{name}/{n}"
                    )
                if within:
                    self._end(producer, dice)
                sent += burst
                producer.wait(self.plan.pause * dice.random() * 2)
        finally:
            producer.close()

    def left(self, sent: int) -> int:
        """How many more a producer is to send that has sent so many."""
        return self.plan.records - sent

    def _may(self, burst: int) -> bool:
        """Whether so many more may be sent now; they are counted if so."""
        with self.counting:
            free = not self.limits or self.sent < self.limits[0]
            self.sent += burst if free else 0
            return free

    def _end(self, producer: Any, dice: random.Random) -> None:
        if dice.random() < 0.2:  # noqa: PLR2004 - one in five
            producer.abort()
        else:
            producer.flush()
            producer.commit()

    def consume(self, index: int) -> None:
        """One member of the group until the load is over."""
        consumer = self.client.Consumer(
            self.recorder, f"consumer-{index}", self.server.bootstrap, group="group"
        )
        try:
            consumer.subscribe(self.plan.topic)
            while not self.over.is_set():
                if consumer.poll():
                    consumer.processed()
                    with self.committing:
                        consumer.commit()
        finally:
            consumer.close()

    # -------------------------------------------------------- the broker

    def crash(self) -> None:
        """Kill the broker as often as planned, at moments that the seed says."""
        assert isinstance(self.server, Process), "only a process of ours is killed"
        for moment in self.moments:
            self.wait(lambda: self._answered() >= moment, f"{moment} sends to be answered")  # noqa: B023
            self.server.kill()
            del self.limits[0]
            self.recorder(Crash("broker"))
            self.server.start()
            self.progress()

    def progress(self) -> dict[Place, int]:
        """What the group has committed; nobody commits meanwhile."""
        asker = self.client.Consumer(self.recorder, "asker", self.server.bootstrap, group="group")
        try:
            with self.committing:
                found: dict[Place, int] = asker.committed(self.plan.places)
                return found
        finally:
            asker.close()

    def _answered(self) -> int:
        return sum(isinstance(operation, Send) for operation in tuple(self.recorder.history))

    # -------------------------------------------------------- the end

    def read_everything(self) -> dict[Place, int]:
        """Every partition from its beginning to its end; where the last committed record ends."""
        goal = ends(self.server.bootstrap, self.plan.places)
        reader = self.client.Consumer(self.recorder, "reader", self.server.bootstrap)
        last: dict[Place, int] = {}
        try:
            reader.assign(self.plan.places)
            deadline = time.monotonic() + PATIENCE
            while not all(reader.ends.get(place, -1) >= end for place, end in goal.items()):
                if time.monotonic() > deadline:
                    raise Stuck(f"the reader is at {reader.ends} and the log ends at {goal}")
                for record in reader.poll():
                    last[record.place] = record.offset + 1
            self.recorder(Complete("reader", tuple(self.plan.places)))
        finally:
            reader.close()
        return last

    def wait(self, reached: Callable[[], bool], what: str) -> None:
        """Wait for something; Stuck where it does not come."""
        deadline = time.monotonic() + PATIENCE
        while not reached():
            if time.monotonic() > deadline:
                raise Stuck(f"waited {PATIENCE:.0f} s for {what}")
            time.sleep(0.01)

    @contextmanager
    def producing(self) -> Iterator[Callable[[], None]]:
        """Producers at work, from here on, and how to wait until they are done."""
        with ThreadPoolExecutor(self.plan.producers) as threads:
            makers = [threads.submit(self.produce, n) for n in range(self.plan.producers)]
            try:
                yield lambda: _done(makers)
            finally:
                self.over.set()

    def catch_up(self, last: dict[Place, int]) -> None:
        """Wait until the group has committed everything."""

        def caught_up() -> bool:
            committed = self.progress()
            return all(committed[place] >= offset for place, offset in last.items())

        self.wait(caught_up, "the group to commit everything")

    def carry_out(self) -> None:
        """All of it."""
        with ThreadPoolExecutor(self.plan.consumers) as threads:
            members = [threads.submit(self.consume, n) for n in range(self.plan.consumers)]
            with self.producing() as finish:
                if self.plan.crashes:
                    self.crash()
                finish()
                self.catch_up(self.read_everything())
            _done(members)


def _done(futures: Sequence[Future[None]]) -> None:
    for future in futures:
        future.result(PATIENCE)


def run(plan: Plan, server: Server, recorder: Recorder) -> None:
    """Carry a load out against a broker.

    Stuck where it does not come to its end; what a client raises comes through.
    """
    create(server.bootstrap, plan.topic, plan.partitions)
    _Load(plan, server, recorder).carry_out()
