"""A load of transactions that are not all allowed to end well.

Each producer has a transactional id, and lives several lives under it: every other one by
librdkafka, which names the partitions of a transaction first, the others in version 2, where they
just produce.  By the seed, a transaction is

    committed, or aborted
    taken over   another producer begins under the same id before it ends: who comes back from
                 the dead, a *zombie*, must not be able to commit it
    overdue      it is left open for longer than it may be: the coordinator ends it

while a group, and at last a reader of everything, read what is committed.  The broker may be killed
meanwhile, and its coordinator has to find out where each transaction stood.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Protocol

from confluent_kafka import KafkaException

from conformance.history import End, Recorder, confluent, version_two
from conformance.history.version_two import Fenced
from conformance.load.topics import create
from conformance.load.workload import Plan, _Load
from conformance.peers import Server

TIMEOUT = 2_000
"""How long a transaction may be open, ms."""

PROMPT = MappingProxyType({"transaction.abort.timed.out.transaction.cleanup.interval.ms": "200"})
"""A broker's settings with which a transaction whose time is up is noticed soon."""

FATES = ("commit",) * 6 + ("abort",) * 2 + ("taken over", "overdue")


class Transactional(Protocol):
    """A producer of transactions."""

    def begin(self) -> None:
        """Begin one."""

    def send(self, topic: str, partition: int, values: Sequence[str]) -> None:
        """Send values."""

    def end(self, *, commit: bool) -> None:
        """End it; Fenced where that is no longer this producer's."""

    def close(self) -> None:
        """Go."""


class _Librdkafka:
    """librdkafka's, which says in other words that it was fenced."""

    def __init__(self, recorder: Recorder, process: str, bootstrap: str, name: str) -> None:
        self.producer = confluent.Producer(
            recorder,
            process,
            bootstrap,
            transactional_id=name,
            settings={
                "transaction.timeout.ms": TIMEOUT,
                "message.timeout.ms": TIMEOUT,
                "error_cb": lambda _: None,  # what is fatal is told where it is asked for
            },
        )
        self.recorder, self.process, self._open, self._count = recorder, process, "", 0

    def begin(self) -> None:
        """Begin one."""
        self._open, self._count = f"{self.process}/{self._count}", self._count + 1
        self.producer.begin()

    def send(self, topic: str, partition: int, values: Sequence[str]) -> None:
        """Send values."""
        for value in values:
            self.producer.send(topic, partition, value)

    def end(self, *, commit: bool) -> None:
        """End it; what is refused for good was certainly not committed."""
        client = self.producer.client
        try:
            (client.commit_transaction if commit else client.abort_transaction)(confluent.PATIENCE)
        except KafkaException as refused:
            error = refused.args[0]
            if error.txn_requires_abort() and commit:
                self.end(commit=False)
                return
            if not error.fatal():
                raise
            self.recorder(End(self.process, self._open, "commit", "failed"))
            raise Fenced(error.str()) from refused
        self.recorder(End(self.process, self._open, "commit" if commit else "abort", "ok"))

    def close(self) -> None:
        """Go; who was fenced can say nothing more."""
        # The library may call back while what it is going to raise is set already.
        with contextlib.suppress(KafkaException, SystemError):
            self.producer.client.purge()
            self.producer.client.flush(1)


class _Transactions(_Load):
    """A load of transactions that runs."""

    def _begin(self, index: int, life: int) -> Transactional:
        process, name = f"producer-{index}.{life}", f"transactions-{index}"
        address = self.server.bootstrap
        if index % 2:
            return version_two.Producer(self.recorder, process, address, name, TIMEOUT)
        return _Librdkafka(self.recorder, process, address, name)

    def produce(self, index: int) -> None:
        """One transactional id from its first transaction to its last."""
        dice = random.Random(f"{self.plan.seed} transactions {index}")
        life, sent = 0, 0
        producer = self._begin(index, life)
        self.ready.wait(60)
        while (left := self.left(sent)) > 0 and not self.over.is_set():
            burst = min(dice.randint(1, 20), left)
            if not self._may(burst):
                time.sleep(0.005)
                continue
            fate, successor = dice.choice(FATES), None
            try:
                producer.begin()
                for partition in range(self.plan.partitions):
                    values = [f"{index}/{n}" for n in range(sent, sent + burst)
                              if n % self.plan.partitions == partition]  # fmt: skip
                    if values:
                        producer.send(self.plan.topic, partition, values)
                if fate == "taken over":
                    life += 1
                    successor = self._begin(index, life)
                if fate == "overdue":
                    time.sleep(2 * TIMEOUT / 1000)
                producer.end(commit=fate != "abort")
            except Fenced:
                producer.close()
                life += successor is None
                producer = successor or self._begin(index, life)
            sent += burst
            time.sleep(self.plan.pause * dice.random())
        producer.close()


def run_transactions(plan: Plan, server: Server, recorder: Recorder) -> None:
    """Carry a load of transactions out against a broker.

    Stuck where it does not come to its end; what a client raises comes through.
    """
    create(server.bootstrap, plan.topic, plan.partitions)
    _Transactions(plan, server, recorder).carry_out()


def taken_over(history: Sequence[Any]) -> int:
    """How many transactions were not their producer's to commit any more."""
    return sum(isinstance(o, End) and o.result == "failed" for o in history)
