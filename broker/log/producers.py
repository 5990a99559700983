"""What a log knows of its producers: who may append next, and which transactions are open.

For each producer id: its epoch, its last five batches, and where its open transaction started.

    a batch with the epoch and sequences of one of the last five   it is there already
    a lower epoch                                                  INVALID_PRODUCER_EPOCH
    a higher epoch                                                 must start at sequence 0
    the same epoch                                                 must follow the last (or 45)
    a producer of whom nothing is known                            any sequence
    no sequence (a coordinator's batch of a transaction)           only the epoch counts

Sequences run to 2³¹ - 1 and start at 0 again.  A producer that was silent for a day is forgotten,
and so is the one that was silent for longest where there are more than `MOST`: any client may call
itself a producer, and another one with each batch.  Who has a transaction open is not forgotten.
Nothing here touches a file or a clock; the state is what the batches of the log make of it, so
that replaying them gives it back.

Source: KIP-98, KIP-185, KIP-360.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from broker.errors import ErrorCode, Refused
from broker.wire.batches import BatchHeader

KEPT = 5
MAX_SEQUENCE = (1 << 31) - 1
MOST = 10_000
"""Producers of whom one log knows, but for those in a transaction."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One of a producer's last batches."""

    first_sequence: int
    last_sequence: int
    last_offset: int
    offset_delta: int
    timestamp: int

    @property
    def base_offset(self) -> int:
        """The offset of its first record."""
        return self.last_offset - self.offset_delta


@dataclass
class Producer:
    """What is known of a producer.

    coordinator_epoch  of who ended its last transaction; -1
    first_offset       of its open transaction; None
    timestamp          of its last batch or marker, ms
    """

    epoch: int
    coordinator_epoch: int = -1
    first_offset: int | None = None
    timestamp: int = -1
    batches: deque[Batch] = field(default_factory=lambda: deque(maxlen=KEPT))

    @property
    def last_sequence(self) -> int:
        """Of its last batch; -1 where none is known."""
        return self.batches[-1].last_sequence if self.batches else -1


@dataclass(frozen=True)
class Aborted:
    """A transaction that was aborted.

    stable  the first offset that was undecided once it had been
    """

    producer_id: int
    first_offset: int
    last_offset: int
    stable: int


@dataclass
class ProducerStates:
    """All producers of one log, whoever was silent for longest first."""

    producers: dict[int, Producer] = field(default_factory=dict)
    _open: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for producer_id, producer in self.producers.items():
            if producer.first_offset is not None:
                self._open[producer_id] = producer.first_offset

    @property
    def first_undecided(self) -> int | None:
        """The first offset of the oldest open transaction."""
        return min(self._open.values(), default=None)

    def in_transaction(self, producer_id: int) -> bool:
        """Whether the producer has a transaction open here."""
        return producer_id in self._open

    def check(self, header: BatchHeader) -> Batch | None:
        """Whether a producer's batch may be appended; the batch that it repeats, if it does.

        Raises `Refused` where it may not.
        """
        producer = self.producers.get(header.producer_id)
        if producer is None:
            return None
        first, last = header.base_sequence, header.last_sequence
        if header.producer_epoch == producer.epoch and first >= 0:
            for batch in producer.batches:
                if (batch.first_sequence, batch.last_sequence) == (first, last):
                    return batch
        if header.producer_epoch < producer.epoch:
            raise Refused(ErrorCode.INVALID_PRODUCER_EPOCH)
        if first < 0:
            return None
        if header.producer_epoch > producer.epoch:
            expected = 0
        elif producer.batches:
            expected = (producer.last_sequence + 1) & MAX_SEQUENCE
        else:
            return None
        if first != expected:
            raise Refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
        return None

    def check_marker(self, producer_id: int, epoch: int, coordinator_epoch: int) -> None:
        """Whether a transaction's end may be appended; raises `Refused` where it may not."""
        producer = self.producers.get(producer_id)
        if producer is None:
            return
        if epoch < producer.epoch:
            raise Refused(ErrorCode.INVALID_PRODUCER_EPOCH)
        if coordinator_epoch < producer.coordinator_epoch:
            raise Refused(ErrorCode.TRANSACTION_COORDINATOR_FENCED)

    def appended(self, header: BatchHeader) -> None:
        """A producer's batch is in the log."""
        producer = old = self.producers.pop(header.producer_id, None)
        if producer is None or header.producer_epoch > producer.epoch:
            producer = Producer(header.producer_epoch)
            if old is not None:
                producer.coordinator_epoch = old.coordinator_epoch
                producer.first_offset = old.first_offset
        self.producers[header.producer_id] = producer
        producer.timestamp = header.max_timestamp
        if header.base_sequence >= 0:
            producer.batches.append(
                Batch(
                    header.base_sequence,
                    header.last_sequence,
                    header.last_offset,
                    header.last_offset_delta,
                    header.max_timestamp,
                )
            )
        if header.transactional and producer.first_offset is None:
            producer.first_offset = self._open[header.producer_id] = header.base_offset
        if old is None:
            self._forget_one()

    def _forget_one(self) -> None:
        """Make room for one more: whoever was silent for longest is a producer no more."""
        if len(self.producers) - len(self._open) > MOST:
            idle = (each for each in self.producers if each not in self._open)
            del self.producers[next(idle)]

    def aborted_by(self, header: BatchHeader) -> Aborted | None:
        """The transaction that would be aborted by this batch; None where none is open."""
        first = self._open.get(header.producer_id)
        if first is None:
            return None
        others = [start for owner, start in self._open.items() if owner != header.producer_id]
        stable = min(others, default=header.next_offset)
        return Aborted(header.producer_id, first, header.last_offset, stable)

    def ended(self, header: BatchHeader, coordinator_epoch: int) -> None:
        """A transaction's end is in the log."""
        producer = self.producers.pop(header.producer_id, None) or Producer(header.producer_epoch)
        self.producers[header.producer_id] = producer
        if header.producer_epoch > producer.epoch:
            producer.epoch = header.producer_epoch
            producer.batches.clear()
        producer.coordinator_epoch = coordinator_epoch
        producer.timestamp = header.max_timestamp
        producer.first_offset = None
        self._open.pop(header.producer_id, None)
        self._forget_one()

    def expire(self, before: int) -> None:
        """Forget producers that were silent since then, but for those in a transaction."""
        for producer_id, producer in list(self.producers.items()):
            if producer.first_offset is None and producer.timestamp < before:
                del self.producers[producer_id]

    def restore(self, producers: Iterable[tuple[int, Producer]]) -> None:
        """Start again from these."""
        self.producers = dict(producers)
        self._open = {}
        self.__post_init__()
