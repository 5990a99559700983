"""kafka-python's producer and consumer, with what they do written down.

The same two classes as over confluent-kafka, for a client that shares no code with librdkafka.  Its
rebalances happen at the beginning of a poll, so that what a poll returns belongs after them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import kafka
from kafka import errors
from kafka.structs import OffsetAndMetadata, TopicPartition

from conformance.history.operations import (
    Commit,
    Committed,
    End,
    Move,
    Offset,
    Open,
    Place,
    Poll,
    Polled,
    Processed,
    Send,
)
from conformance.history.recorder import Recorder

PATIENCE = 60.0
"""Seconds that any one answer may take: longer than a broker's crash and start."""

LEAST = 2.0
"""Seconds that a poll may take at least.  Where a rebalance outlasts the poll in which it began,
this client has been seen to be given partitions and never to take them."""

CONFIGURATION: dict[str, Any] = {
    "reconnect_backoff_ms": 20,
    "reconnect_backoff_max_ms": 200,
    "retry_backoff_ms": 20,
}
REFUSED = (
    errors.InvalidTopicError,
    errors.MessageSizeTooLargeError,
    errors.RecordListTooLargeError,
    errors.TopicAuthorizationFailedError,
)
"""Answers to a send after which it is certainly not in the log."""

STALE = (
    errors.CommitFailedError,
    errors.IllegalGenerationError,
    errors.RebalanceInProgressError,
    errors.UnknownMemberIdError,
)
"""Answers to a commit after which it certainly did not come to pass."""


class Producer:
    """A producer; acks=all and idempotent unless told otherwise.  For one thread."""

    def __init__(
        self,
        recorder: Recorder,
        process: str,
        bootstrap: str,
        *,
        transactional_id: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        self.recorder = recorder
        self.process = process
        self._transaction: str | None = None
        self._count = 0
        self.client = kafka.KafkaProducer(
            bootstrap_servers=bootstrap,
            acks="all",
            enable_idempotence=True,
            transactional_id=transactional_id,
            delivery_timeout_ms=int(PATIENCE * 1000),
            **CONFIGURATION,
            **{name.replace(".", "_"): value for name, value in (settings or {}).items()},
        )
        if transactional_id is not None:
            self.client.init_transactions()

    def send(self, topic: str, partition: int, value: str, key: str | None = None) -> None:
        """Hand a record over; what became of it is recorded once it is known."""
        number = self.recorder.number(self.process)
        transaction = self._transaction

        def told(result: str, offset: int | None) -> None:
            self.recorder(
                Send(self.process, number, topic, partition, value, result, offset, transaction)
            )

        data = None if key is None else key.encode()
        try:
            future = self.client.send(topic, value.encode(), data, partition=partition)
        except errors.KafkaTimeoutError:
            told("failed", None)  # it was not even put into a buffer
            return
        future.add_callback(lambda found: told("ok", found.offset))
        future.add_errback(
            lambda error: told("failed" if isinstance(error, REFUSED) else "unknown", None)
        )

    def begin(self) -> None:
        """Begin a transaction."""
        self.client.begin_transaction()
        self._transaction = f"{self.process}/{self._count}"
        self._count += 1

    def commit(self) -> bool:
        """Commit the transaction; whether it committed."""
        try:
            self.client.commit_transaction()
        except errors.KafkaError:
            self._end("commit", "unknown")
            raise
        self._end("commit", "ok")
        return True

    def abort(self) -> None:
        """Abort the transaction."""
        self.client.abort_transaction()
        self._end("abort", "ok")

    def wait(self, seconds: float) -> None:
        """Let answers come in for that long."""
        time.sleep(seconds)

    def flush(self) -> None:
        """Wait until every send is answered or given up."""
        self.client.flush(timeout=2 * PATIENCE)

    def close(self) -> None:
        """Wait for what is on its way; what is not answered then is unknown."""
        self.client.close(timeout=2 * PATIENCE)

    def _end(self, outcome: str, result: str) -> None:
        transaction, self._transaction = self._transaction, None
        assert transaction is not None, "a transaction ends after it began"
        self.recorder(End(self.process, transaction, outcome, result))


class Consumer:
    """A consumer that commits by hand.  For one thread."""

    def __init__(
        self,
        recorder: Recorder,
        process: str,
        bootstrap: str,
        *,
        group: str | None = None,
        isolation: str = "read_committed",
        settings: dict[str, Any] | None = None,
    ) -> None:
        self.recorder = recorder
        self.process = process
        self.group = group or ""
        self._positions: dict[Place, int] = {}
        self.client = kafka.KafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=group,
            isolation_level=isolation,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=6000,
            heartbeat_interval_ms=500,
            **CONFIGURATION,
            **(settings or {}),
        )
        recorder(Open(process, isolation))

    @property
    def ends(self) -> dict[Place, int]:
        """By partition, the offset up to which it has been read."""
        return {
            Place(each.topic, each.partition): self.client.position(each)
            for each in self.client.assignment()
        }

    def subscribe(self, topic: str) -> None:
        """Join the group."""
        self.client.subscribe([topic], listener=_Listener(self))

    def assign(self, places: Sequence[Place]) -> None:
        """Read partitions from their beginning, in no group."""
        self.moved("assign", places)
        self.client.assign([TopicPartition(*place) for place in places])
        self.client.seek_to_beginning()

    def moved(self, how: str, places: Sequence[Place]) -> None:
        """Partitions were given or taken; what was polled there counts no more."""
        self.recorder(Move(how, self.process, tuple(Place(*place) for place in places)))
        for place in places:
            self._positions.pop(Place(*place), None)

    def poll(self, timeout: float = 0.2, most: int = 500) -> tuple[Polled, ...]:
        """The next records; () where none came in that time."""
        batches = self.client.poll(timeout_ms=int(max(timeout, LEAST) * 1000), max_records=most)
        found = tuple(
            Polled(each.topic, each.partition, each.offset, each.value.decode())
            for batch in batches.values()
            for each in batch
        )
        if found:
            self.recorder(Poll(self.process, found))
        for record in found:
            self._positions[record.place] = record.offset + 1
        return found

    def processed(self) -> None:
        """All that was polled has been dealt with."""
        self.recorder(Processed(self.process, self._offsets()))

    def commit(self) -> None:
        """Commit everything that was polled since the partitions came, and wait for the answer."""
        offsets = self._offsets()
        if not offsets:
            return
        told = {TopicPartition(*each.place): OffsetAndMetadata(each.offset, "", -1)
                for each in offsets}  # fmt: skip
        try:
            self.client.commit(told, timeout_ms=int(PATIENCE * 1000))
        except errors.KafkaError as refused:
            result = "failed" if isinstance(refused, STALE) else "unknown"
        else:
            result = "ok"
        self.recorder(Commit(self.process, self.group, offsets, result))

    def committed(self, places: Sequence[Place]) -> dict[Place, int]:
        """What the group has committed, 0 where nothing; to be asked while nobody commits."""
        found = {place: self.client.committed(TopicPartition(*place)) or 0 for place in places}
        offsets = tuple(Offset(*place, offset) for place, offset in found.items())
        self.recorder(Committed(self.process, self.group, offsets))
        return found

    def close(self) -> None:
        """Leave the group."""
        self.client.close(autocommit=False)

    def _offsets(self) -> tuple[Offset, ...]:
        return tuple(Offset(*place, offset) for place, offset in self._positions.items())


class _Listener(kafka.ConsumerRebalanceListener):  # type: ignore[misc]
    """Hands on what a rebalance gave and took."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def on_partitions_revoked(self, revoked: Sequence[Any]) -> None:
        self._consumer.moved("revoke", tuple(revoked))

    def on_partitions_assigned(self, assigned: Sequence[Any]) -> None:
        self._consumer.moved("assign", tuple(assigned))
