"""How one transactional id stands, and what may follow.

    Empty ──add partitions──▶ Ongoing ──end──▶ PrepareCommit ──markers──▶ CompleteCommit ─┐
      ▲                        ▲     │                                                    │
      │ init                   │     └─end, init, timeout─▶ PrepareAbort ──▶ CompleteAbort┤
      └────────────────────────┴────────────────────────────init, add partitions──────────┘

A producer is an id and an epoch.  Whoever begins anew under the transactional id gets the next
epoch, and with it fences who was there before.  An epoch is 15 bits: before it runs out, the
producer gets another id, and epoch 0.

Clients of old (transaction version 0) say which partitions they write to, and keep their epoch
from one transaction to the next.  With version 2 (KIP-890) each end of a transaction gives the
next epoch, so that a straggler of one cannot be in the next; an abort is then in order also where
nothing was written, and an end that is asked for again is known by the epoch before.

A transition is a value, `Metadata`: it is written first, and counts once it is durable.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from broker.errors import ErrorCode, Refused
from broker.transactions.requests import EndTxn, Partition

LAST_EPOCH = 32_766
"""The last epoch that a producer is given; the one after it is the coordinator's, to fence with."""

BUMPS = 2
"""The transaction version in which each end gives the next epoch."""

BUMPING_END = 5
"""The first version of EndTxn that goes by it."""

NOBODY = -1


class State(Enum):
    """How a transaction stands; the values are those of its records."""

    EMPTY = 0
    ONGOING = 1
    PREPARE_COMMIT = 2
    PREPARE_ABORT = 3
    COMPLETE_COMMIT = 4
    COMPLETE_ABORT = 5
    DEAD = 6

    @property
    def title(self) -> str:
        """The name that tools see."""
        return self.name.title().replace("_", "")


PREPARED = {State.PREPARE_COMMIT, State.PREPARE_ABORT}
COMPLETED = {State.COMPLETE_COMMIT, State.COMPLETE_ABORT}


@dataclass(frozen=True)
class Metadata:
    """What is known of a transactional id; times in ms.

    last_epoch            before the one there is, for who asks again; it is not written
    started               when the open transaction began; -1 none is open
    updated               when any of this changed last
    previous_producer_id  whose the last transaction was
    next_producer_id      who is next, where the epochs run out with this transaction
    client_version        the transaction version that the client goes by
    """

    producer_id: int
    epoch: int
    timeout: int
    state: State
    updated: int
    started: int = -1
    partitions: frozenset[Partition] = frozenset()
    previous_producer_id: int = NOBODY
    next_producer_id: int = NOBODY
    last_epoch: int = -1
    client_version: int = 0

    @property
    def exhausted(self) -> bool:
        """Whether there is no next epoch to give."""
        return self.epoch >= LAST_EPOCH

    def begun(self, epoch: int, last_epoch: int, timeout: int, now: int) -> Metadata:
        """A producer has begun, or goes on, with this epoch."""
        return replace(
            self,
            epoch=epoch,
            last_epoch=last_epoch,
            timeout=timeout,
            state=State.EMPTY,
            updated=now,
            started=-1,
            partitions=frozenset(),
            previous_producer_id=self.producer_id,
        )

    def rotated(self, producer_id: int, timeout: int, now: int, *, known: bool) -> Metadata:
        """A producer has begun under another id; known: by who goes on."""
        begun = self.begun(0, self.epoch if known else -1, timeout, now)
        return replace(begun, producer_id=producer_id)

    def extended(self, partitions: frozenset[Partition], now: int, client_version: int) -> Metadata:
        """A transaction, that begins with this where none is open, is about more partitions."""
        return replace(
            self,
            state=State.ONGOING,
            partitions=self.partitions | partitions,
            started=self.started if self.state is State.ONGOING else now,
            updated=now,
            previous_producer_id=self.producer_id,
            client_version=client_version,
        )

    def prepared(
        self, *, commit: bool, now: int, client_version: int, next_producer_id: int = NOBODY
    ) -> Metadata:
        """It is decided how the transaction ends."""
        bumped = client_version >= BUMPS
        return replace(
            self,
            state=State.PREPARE_COMMIT if commit else State.PREPARE_ABORT,
            epoch=min(self.epoch + 1, LAST_EPOCH + 1) if bumped else self.epoch,
            last_epoch=self.epoch if bumped else self.last_epoch,
            started=self.started if self.state is State.ONGOING else now,
            updated=now,
            previous_producer_id=self.producer_id,
            next_producer_id=next_producer_id,
            client_version=client_version,
        )

    def completed(self, now: int) -> Metadata:
        """Every partition knows how the transaction ended."""
        rotates = self.client_version >= BUMPS and self.next_producer_id != NOBODY
        commit = self.state is State.PREPARE_COMMIT
        return replace(
            self,
            state=State.COMPLETE_COMMIT if commit else State.COMPLETE_ABORT,
            producer_id=self.next_producer_id if rotates else self.producer_id,
            epoch=0 if rotates else self.epoch,
            partitions=frozenset(),
            updated=now,
            previous_producer_id=self.producer_id,
            next_producer_id=NOBODY,
        )


class AlreadyEnded(Exception):  # noqa: N818 - an answer, not a fault
    """The transaction has ended as is asked for: somebody asks again."""


def check_end(at: Metadata, request: EndTxn, *, pending: bool) -> None:
    """Whether a client may end the transaction so; refused, or `AlreadyEnded`, where not.

    pending  a transition is being written
    """
    bumps = request.version >= BUMPING_END
    again = bumps and (
        at.epoch == request.epoch + 1
        or (
            at.state in COMPLETED
            and at.previous_producer_id == request.producer_id
            and (request.epoch, at.epoch) == (LAST_EPOCH, 0)
        )
    )
    rotated = again and at.epoch == 0
    if pending and bumps:
        raise Refused(ErrorCode.CONCURRENT_TRANSACTIONS)
    if at.producer_id != request.producer_id and not rotated:
        raise Refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
    if not _right_epoch(at, request, bumps=bumps, again=again):
        raise Refused(ErrorCode.PRODUCER_FENCED)
    if pending:
        raise Refused(ErrorCode.CONCURRENT_TRANSACTIONS)
    _check_state(at, request, bumps=bumps, again=again)


def _right_epoch(at: Metadata, request: EndTxn, *, bumps: bool, again: bool) -> bool:
    """Whether the producer has the epoch for it: its own, or the one before if it asks again."""
    current = at.epoch == request.epoch
    if bumps and at.state in PREPARED:
        return again
    if bumps and at.state in COMPLETED:
        return again or current
    return current


def _check_state(at: Metadata, request: EndTxn, *, bumps: bool, again: bool) -> None:
    """Whether the transaction is where it can be ended so; nothing, with version 2, can be aborted.

    It is refused, too, to end it the other way than it was.
    """
    same = request.commit is (at.state in {State.PREPARE_COMMIT, State.COMPLETE_COMMIT})
    if at.state is State.ONGOING:
        return
    if at.state in PREPARED and same:
        raise Refused(ErrorCode.CONCURRENT_TRANSACTIONS)
    if at.state in COMPLETED and same and (again or not bumps):
        raise AlreadyEnded
    nothing = at.state is State.EMPTY or (at.state in COMPLETED and not again)
    if bumps and nothing and not request.commit:
        return
    raise Refused(ErrorCode.INVALID_TXN_STATE)
