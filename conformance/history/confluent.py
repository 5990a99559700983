"""confluent-kafka's producer and consumer (librdkafka), with what they do written down.

A producer's send says where it goes, as the history must even if no answer comes.  A consumer hands
out records in the order in which librdkafka does; where partitions are given or taken in between, a
poll ends there, so that the history tells the one before the other.  What is to be given up is told
before librdkafka says so to the broker, and what is given after the broker did: so whoever has a
partition next is told of later.

What the broker refuses by name has certainly failed.  Everything else that is no acknowledgement
is unknown: librdkafka gives a record up also after it was sent.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition

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

CONFIGURATION: dict[str, Any] = {
    "reconnect.backoff.ms": 20,
    "reconnect.backoff.max.ms": 200,
    "retry.backoff.ms": 20,
    "log_level": 0,  # that a broker is away is what is tested
}
REFUSED = frozenset(
    {
        KafkaError.INVALID_RECORD,
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.UNSUPPORTED_COMPRESSION_TYPE,
    }
)
"""Answers to a send after which it is certainly not in the log."""

STALE = frozenset(
    {
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError.UNKNOWN_MEMBER_ID,
    }
)
"""Answers to a commit after which it certainly did not come to pass."""

LOADING = frozenset(
    {
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
        KafkaError._TRANSPORT,
    }
)
"""Answers of a broker that has just been started."""


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
        configuration = {
            "bootstrap.servers": bootstrap,
            "acks": "all",
            "enable.idempotence": True,
            "message.timeout.ms": int(PATIENCE * 1000),
            **CONFIGURATION,
            **(settings or {}),
        }
        if transactional_id is not None:
            configuration["transactional.id"] = transactional_id
        self.client = confluent_kafka.Producer(configuration)
        if transactional_id is not None:
            self.client.init_transactions(PATIENCE)

    def send(self, topic: str, partition: int, value: str, key: str | None = None) -> None:
        """Hand a record over; what became of it is recorded once it is known."""
        number = self.recorder.number(self.process)
        transaction = self._transaction

        def told(error: KafkaError | None, message: confluent_kafka.Message) -> None:
            result, offset = "ok", message.offset()
            if error is not None:
                result, offset = ("failed" if error.code() in REFUSED else "unknown"), None
            self.recorder(
                Send(self.process, number, topic, partition, value, result, offset, transaction)
            )

        while True:
            try:
                self.client.produce(topic, value, key, partition, on_delivery=told)
            except BufferError:
                self.client.poll(0.1)
            else:
                self.client.poll(0)
                return

    def begin(self) -> None:
        """Begin a transaction."""
        self.client.begin_transaction()
        self._transaction = f"{self.process}/{self._count}"
        self._count += 1

    def commit(self) -> bool:
        """Commit the transaction, or abort it where that is what is left; whether it committed."""
        try:
            self._again(self.client.commit_transaction)
        except KafkaException as refused:
            error = refused.args[0]
            if error.txn_requires_abort():
                self.abort()
                return False
            self._end("commit", "unknown")
            raise
        self._end("commit", "ok")
        return True

    def abort(self) -> None:
        """Abort the transaction."""
        self._again(self.client.abort_transaction)
        self._end("abort", "ok")

    def wait(self, seconds: float) -> None:
        """Let answers come in for that long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.client.poll(left)

    def flush(self) -> None:
        """Wait until every send is answered or given up."""
        self.client.flush(2 * PATIENCE)

    def close(self) -> None:
        """Wait for what is on its way; what is not answered then is unknown."""
        self.flush()
        self.client.purge()
        self.client.flush(PATIENCE)

    def _again(self, call: Any) -> None:
        while True:
            try:
                call(PATIENCE)
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise
            else:
                return

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
        group: str = "nobody",
        isolation: str = "read_committed",
        settings: dict[str, Any] | None = None,
    ) -> None:
        self.recorder = recorder
        self.process = process
        self.group = group
        self._found: list[Polled] = []
        self._moved = False
        self._next: confluent_kafka.Message | None = None
        self._positions: dict[Place, int] = {}
        self.ends: dict[Place, int] = {}
        """By partition, the offset at which its end was last seen, if it is at the end."""
        configuration = {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "isolation.level": isolation,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
            "topic.metadata.refresh.interval.ms": 1000,
            **CONFIGURATION,
            **(settings or {}),
        }
        # What is None is left to librdkafka: some of this may not be said with some settings.
        told = {name: value for name, value in configuration.items() if value is not None}
        self.client = confluent_kafka.Consumer(told)
        recorder(Open(process, isolation))

    def subscribe(self, topic: str) -> None:
        """Join the group."""

        def moved(how: str) -> Any:
            return lambda _, found: self._move(
                how, tuple(Place(each.topic, each.partition) for each in found)
            )

        self.client.subscribe(
            [topic],
            on_assign=moved("assign"),
            on_revoke=moved("revoke"),
            on_lost=moved("lose"),
        )

    def assign(self, places: Sequence[Place]) -> None:
        """Read partitions from their beginning, in no group."""
        self.recorder(Move("assign", self.process, tuple(places)))
        self.client.assign(
            [TopicPartition(p.topic, p.partition, confluent_kafka.OFFSET_BEGINNING) for p in places]
        )

    def poll(self, timeout: float = 0.2, most: int = 500) -> tuple[Polled, ...]:
        """The next records, with what is there already; () where none came in that time."""
        found: list[Polled] = []
        while len(found) < most:
            message, self._next, self._moved = self._next, None, False
            if message is None:
                message = self.client.poll(0 if found else timeout)
                if self._moved and found:
                    self._next = message
                    break
            if message is None:
                break
            if (error := message.error()) is not None:
                self._complaint(error, message)
                if not found and error.code() == KafkaError._PARTITION_EOF:
                    continue
                break
            found.append(_polled(message))
            self._found.append(found[-1])
            self.ends.pop(found[-1].place, None)
        self._returned()
        return tuple(found)

    def processed(self) -> None:
        """All that was polled has been dealt with."""
        offsets = tuple(Offset(*place, offset) for place, offset in self._positions.items())
        self.recorder(Processed(self.process, offsets))

    def commit(self) -> None:
        """Commit everything that was polled since the partitions came, and wait for the answer."""
        offsets = tuple(Offset(*place, offset) for place, offset in self._positions.items())
        if not offsets:
            return
        try:
            answers = self.client.commit(
                offsets=[TopicPartition(*offset) for offset in offsets], asynchronous=False
            )
        except KafkaException as refused:
            result = "failed" if refused.args[0].code() in STALE else "unknown"
            self.recorder(Commit(self.process, self.group, offsets, result))
            return
        errors = {each.error.code() for each in answers or [] if each.error is not None}
        result = "ok" if not errors else "failed" if errors <= STALE else "unknown"
        self.recorder(Commit(self.process, self.group, offsets, result))

    def committed(self, places: Sequence[Place]) -> dict[Place, int]:
        """What the group has committed, 0 where nothing; to be asked while nobody commits."""
        answers = self._asked([TopicPartition(place.topic, place.partition) for place in places])
        found = {Place(each.topic, each.partition): max(0, each.offset) for each in answers}
        offsets = tuple(Offset(*place, offset) for place, offset in found.items())
        self.recorder(Committed(self.process, self.group, offsets))
        return found

    def _asked(self, places: list[TopicPartition]) -> list[TopicPartition]:
        """The committed offsets, from a coordinator that may have to load them first."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answers = self.client.committed(places, timeout=PATIENCE)
            except KafkaException as refused:
                error: KafkaError | None = refused.args[0]
            else:
                error = next((each.error for each in answers if each.error is not None), None)
                if error is None:
                    return answers
            if error is None or error.code() not in LOADING or time.monotonic() > deadline:
                raise KafkaException(error)
            time.sleep(0.05)

    def close(self) -> None:
        """Leave the group."""
        self.client.close()

    def _move(self, how: str, places: tuple[Place, ...]) -> None:
        """Write down what is given and taken; what was polled there counts no more."""
        self._returned()
        self.recorder(Move(how, self.process, places, self.group))
        self._moved = True
        for place in places:
            self._positions.pop(place, None)
            self.ends.pop(place, None)

    def _returned(self) -> None:
        """Write down what has been found."""
        if not self._found:
            return
        found, self._found = self._found, []
        self.recorder(Poll(self.process, tuple(found)))
        for record in found:
            self._positions[record.place] = record.offset + 1

    def _complaint(self, error: KafkaError, message: confluent_kafka.Message) -> None:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        if error.code() == KafkaError._PARTITION_EOF and topic is not None:
            self.ends[Place(topic, partition or 0)] = offset or 0
        elif error.fatal():
            raise KafkaException(error)


def _polled(message: confluent_kafka.Message) -> Polled:
    value = message.value() or b""
    return Polled(
        str(message.topic()), int(message.partition() or 0), int(message.offset() or 0),
        bytes(value).decode(),
    )  # fmt: skip
