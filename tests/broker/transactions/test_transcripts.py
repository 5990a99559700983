"""The transaction coordinator's conduct, written down; how: `tests.broker.transcripts`."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from broker.errors import ErrorCode
from broker.owners import partition_for
from broker.sansio import Entry
from broker.transactions.config import TransactionConfig
from broker.transactions.coordinator import TransactionCoordinator
from broker.transactions.ending import MarkersWritten
from broker.transactions.records import decode, encode
from broker.transactions.requests import (
    AddPartitions,
    DescribeTransactions,
    EndTxn,
    InitProducerId,
    ListTransactions,
    Partition,
)
from broker.transactions.transaction import Metadata, State
from tests.broker import transcripts
from tests.broker.shell import Shell

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
Said = dict[str, str]


def partitions(text: str) -> tuple[Partition, ...]:
    """t:0,t:1."""
    pairs = (each.partition(":") for each in text.split(",") if each)
    return tuple((topic, int(number)) for topic, _, number in pairs)


def producer(said: Said) -> tuple[int, int]:
    """producer=1/0."""
    producer_id, _, epoch = said.get("producer", "-1/-1").partition("/")
    return int(producer_id), int(epoch)


REQUESTS: dict[str, Callable[[Said], object]] = {
    "init": lambda said: InitProducerId(
        int(said.get("version", "4")),
        said.get("id", "x"),
        int(said.get("timeout", "60000")),
        *producer(said),
    ),
    "init-idempotent": lambda said: InitProducerId(4, None, 60000, *producer(said)),
    "add": lambda said: AddPartitions(
        int(said.get("version", "3")),
        said.get("id", "x"),
        *producer(said),
        partitions(said["partitions"]),
        verify="verify" in said,
        implicit=said.get("version") == "5",
    ),
    "end": lambda said: EndTxn(
        int(said.get("version", "4")), said.get("id", "x"), *producer(said), said["commit"] == "yes"
    ),
    "describe": lambda said: DescribeTransactions(tuple(said.get("ids", "x").split(","))),
    "list": lambda said: ListTransactions(
        tuple(each for each in said.get("states", "").split(",") if each),
        tuple(int(each) for each in said.get("producers", "").split(",") if each),
        int(said.get("duration", "-1")),
    ),
}


class Session:
    """One transcript's coordinator, and what is done to it."""

    def __init__(self) -> None:
        self.shell = Shell(lambda event, now: [])
        numbers = count(1)
        self.start(lambda: next(numbers))

    def start(self, new_producer_id: Callable[[], int]) -> None:
        self.new_producer_id = new_producer_id
        self.shell.handle = TransactionCoordinator(TransactionConfig(), new_producer_id).handle
        self.shell.timers.clear()

    def give(self, verb: str, said: Said) -> list[Any]:
        """What follows, less the timers that are set again and again."""
        outputs = self._give(verb, said)
        return [each for each in outputs if not re.search("OverdueDue|ExpiryDue", str(each))]

    def _give(self, verb: str, said: Said) -> list[Any]:
        shell = self.shell
        partition = partition_for(said.get("id", "x"), 50)
        if verb in REQUESTS:
            shell.ask(REQUESTS[verb](said))
            return shell.take()
        match verb:
            case "own":
                shell.own([partition])
            case "resign":
                shell.disown(partition)
            case "restart":
                self.start(self.new_producer_id)
                shell.own([partition])
            case "sleep":
                shell.sleep(int(said["ms"]))
            case "hold":
                shell.holding = True
            case "settle":
                shell.holding = False
                shell.settle()
            case "fail":
                shell.holding = False
                shell.settle(error=ErrorCode[said["error"]])
            case "marked":
                shell.feed(
                    MarkersWritten(
                        said.get("id", "x"), *producer(said), partitions(said["partitions"])
                    )
                )
            case "wear-out":
                worn = Metadata(*producer(said), 60000, State.EMPTY, shell.now)
                log = shell.logs[partition]
                log.append(Entry(len(log), encode("x", worn)))
                self.start(self.new_producer_id)
                shell.own([partition])
            case _:
                raise ValueError(verb)
        return shell.take()


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path) -> None:
    transcripts.check(path, Session().give, decode)


def test_there_are_transcripts() -> None:
    assert TRANSCRIPTS
