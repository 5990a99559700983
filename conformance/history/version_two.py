"""A producer of transactions in their version 2 (KIP-890), with what it does written down.

No client library that is installed here speaks it yet: it names no partitions before it produces,
and each end of a transaction gives it its next epoch.  So what it sends is made here, a request
after the other over one connection.

An answer that is lost with its connection is asked for again, as the same batch with the same
sequence, or the same end of the same epoch: the broker knows what it has done already.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from broker.client import Client
from broker.errors import ErrorCode
from broker.wire.apis import ApiKey
from broker.wire.batches import TRANSACTIONAL
from broker.wire.records import build
from conformance.history.operations import End, Send
from conformance.history.recorder import Recorder

PATIENCE = 60.0
"""Seconds that any one answer may take: longer than a broker's crash and start."""

AGAIN = frozenset(
    {
        ErrorCode.CONCURRENT_TRANSACTIONS,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_COORDINATOR,
        ErrorCode.NOT_ENOUGH_REPLICAS,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
    }
)
"""Answers after which a producer asks again."""

FENCED = frozenset(
    {
        ErrorCode.INVALID_PRODUCER_EPOCH,
        ErrorCode.INVALID_PRODUCER_ID_MAPPING,
        ErrorCode.INVALID_TXN_STATE,
        ErrorCode.PRODUCER_FENCED,
        ErrorCode.TRANSACTION_ABORTABLE,
    }
)
"""Answers that say that the transaction is not this producer's, or not open, any more."""


class Fenced(Exception):  # noqa: N818 - what has become of it
    """The producer is not the one of its transactional id any more, or its time is up."""


@dataclass
class Place:
    """Where the values of one send go: a partition, and the values."""

    topic: str
    partition: int
    values: Sequence[str]


class Producer:
    """A producer.  For one thread.

    process  its name in the history
    timeout  how long its transactions may be open, ms
    """

    def __init__(
        self, recorder: Recorder, process: str, bootstrap: str, transactional_id: str, timeout: int
    ) -> None:
        self.recorder, self.process = recorder, process
        self._id, self._timeout = transactional_id, timeout
        host, _, port = bootstrap.rpartition(":")
        self._address = host, int(port)
        self._client: Client | None = None
        self._sequences: Counter[tuple[str, int]] = Counter()
        self._transaction: str | None = None
        self._count = 0
        answer = self._ask(
            ApiKey.INIT_PRODUCER_ID,
            5,
            transactional_id=transactional_id,
            transaction_timeout=timeout,
            producer_id=-1,
            producer_epoch=-1,
        )
        self._check(answer.error_code)
        self.producer_id, self.epoch = answer.producer_id, answer.producer_epoch

    # What it asks -----------------------------------------------------------------------------

    def _ask(self, api: ApiKey, version: int, **fields: Any) -> Any:
        """Ask until there is an answer that is one."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if self._client is None:
                    self._client = Client(*self._address, self.process, PATIENCE)
                answer = self._client.ask(api, version, **fields)
            except OSError:
                self._hang_up()
                error = ErrorCode.COORDINATOR_NOT_AVAILABLE
            else:
                error = ErrorCode(_error(answer))
                if error not in AGAIN:
                    return answer
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.process} is told {error.name} for ever")
            time.sleep(0.02)

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.__exit__(None, None, None)
        self._client = None

    def _check(self, error: int) -> None:
        if error in FENCED:
            raise Fenced(ErrorCode(error).name)
        if error:
            raise RuntimeError(f"{self.process} is told {ErrorCode(error).name}")

    # Transactions -----------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a transaction, which the broker hears of by what is sent in it."""
        self._transaction = f"{self.process}/{self._count}"
        self._count += 1

    def send(self, topic: str, partition: int, values: Sequence[str]) -> None:
        """Send values as one batch, and wait for the answer."""
        place, now = (topic, partition), time.time_ns() // 1_000_000
        batch = build(
            [(None, value.encode()) for value in values],
            now,
            attributes=TRANSACTIONAL,
            producer_id=self.producer_id,
            producer_epoch=self.epoch,
            base_sequence=self._sequences[place],
        )
        parts = [{"index": partition, "records": batch}]
        answer = self._ask(
            ApiKey.PRODUCE,
            12,
            transactional_id=self._id,
            acks=-1,
            timeout=int(PATIENCE * 1000),
            topic_data=[{"name": topic, "partition_data": parts}],
        )
        (part,) = answer.responses[0].partition_responses
        ok = part.error_code == 0
        for at, value in enumerate(values):
            number = self.recorder.number(self.process)
            result, offset = ("ok", part.base_offset + at) if ok else ("failed", None)
            self.recorder(
                Send(
                    self.process, number, topic, partition, value, result, offset, self._transaction
                )
            )
        self._check(part.error_code)
        self._sequences[place] += len(values)

    def end(self, *, commit: bool) -> None:
        """End the transaction; Fenced where it was not this producer's to end."""
        transaction, self._transaction = self._transaction, None
        assert transaction is not None, "a transaction ends after it began"
        answer = self._ask(
            ApiKey.END_TXN,
            5,
            transactional_id=self._id,
            producer_id=self.producer_id,
            producer_epoch=self.epoch,
            committed=commit,
        )
        outcome = "commit" if commit else "abort"
        result = "failed" if answer.error_code in FENCED else "ok"
        self.recorder(End(self.process, transaction, outcome, result))
        self._check(answer.error_code)
        if (answer.producer_id, answer.producer_epoch) != (self.producer_id, self.epoch):
            self._sequences.clear()
        self.producer_id, self.epoch = answer.producer_id, answer.producer_epoch

    def close(self) -> None:
        """Go, and leave an open transaction open."""
        self._hang_up()


def _error(answer: Any) -> int:
    """The error of an answer, which is about one thing."""
    if hasattr(answer, "responses"):
        return int(answer.responses[0].partition_responses[0].error_code)
    return int(answer.error_code)
