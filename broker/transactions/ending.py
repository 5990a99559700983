"""The end of a transaction: decided, then written to each of its partitions, then over.

An end is answered as soon as it is decided and durable; then every partition of the transaction
gets a marker, however often that takes, and once all have it the end is complete.

A transaction that is open when its producer begins anew, or when its time is up, is aborted by
the coordinator under the next epoch, which fences the producer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from broker.errors import ErrorCode, Refused
from broker.sansio import Token
from broker.transactions.core import Core, Transaction
from broker.transactions.requests import EndTxn, EndTxnResponse, Partition
from broker.transactions.transaction import (
    BUMPING_END,
    BUMPS,
    NOBODY,
    PREPARED,
    AlreadyEnded,
    Metadata,
    State,
    check_end,
)

RETRY = 100
"""How long to wait before a completed end that could not be written is written again, ms."""


@dataclass(frozen=True)
class CompleteDue:
    """It is time to write again that a transaction has ended."""

    transactional_id: str


@dataclass(frozen=True)
class WriteMarkers:
    """Write the end of a transaction to partitions, until each has it.

    coordinator_epoch  of the partition of `__transaction_state`
    """

    transactional_id: str
    producer_id: int
    epoch: int
    commit: bool
    coordinator_epoch: int
    partitions: tuple[Partition, ...]


@dataclass(frozen=True)
class MarkersWritten:
    """Partitions have the end of a transaction, or are no more."""

    transactional_id: str
    producer_id: int
    epoch: int
    partitions: tuple[Partition, ...]


class Endings:
    """How the transactions of one partition end."""

    def __init__(self, core: Core) -> None:
        self.core = core

    def end(self, token: Token, request: EndTxn) -> None:
        """Decide how the transaction ends, answer, and see to it."""
        transaction = self.core.transactions.get(request.transactional_id)
        if transaction is None:
            raise Refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
        bumps = request.version >= BUMPING_END
        try:
            check_end(transaction.at, request, pending=transaction.next is not None)
        except AlreadyEnded:
            at = transaction.at
            known = (at.producer_id, at.epoch) if bumps else (NOBODY, -1)
            self.core.out.reply(token, EndTxnResponse(ErrorCode.NONE, *known))
            return

        def then(error: ErrorCode) -> None:
            if error is not ErrorCode.NONE:
                self.core.out.reply(token, EndTxnResponse(error))
                return
            over = transaction.at.completed(self.core.out.now)
            known = (over.producer_id, over.epoch) if bumps else (NOBODY, -1)
            self.core.out.reply(token, EndTxnResponse(ErrorCode.NONE, *known))
            self.mark(transaction)

        version = BUMPS if bumps else 0
        self.core.write(transaction, self._prepared(transaction.at, request.commit, version), then)

    def _prepared(self, at: Metadata, commit: bool, version: int) -> Metadata:  # noqa: FBT001
        rotates = version >= BUMPS and at.exhausted
        return at.prepared(
            commit=commit,
            now=self.core.out.now,
            client_version=version,
            next_producer_id=self.core.new_producer_id() if rotates else NOBODY,
        )

    def abort(self, transaction: Transaction, then: Callable[[ErrorCode], None]) -> None:
        """Abort an open transaction, and fence its producer."""

        def written(error: ErrorCode) -> None:
            then(ErrorCode.CONCURRENT_TRANSACTIONS if error is ErrorCode.NONE else error)
            if error is ErrorCode.NONE:
                self.mark(transaction)

        self.core.write(
            transaction, self._prepared(transaction.at, commit=False, version=BUMPS), written
        )

    def mark(self, transaction: Transaction) -> None:
        """Have the end written to every partition."""
        at = transaction.at
        transaction.unmarked = set(at.partitions)
        if not transaction.unmarked:
            self.complete(CompleteDue(transaction.name))
            return
        self.core.out.outputs.append(
            WriteMarkers(
                transaction.name,
                at.producer_id,
                at.epoch,
                at.state is State.PREPARE_COMMIT,
                self.core.epoch,
                tuple(sorted(at.partitions)),
            )
        )

    def marked(self, event: MarkersWritten) -> None:
        """Partitions have the end."""
        transaction = self.core.transactions.get(event.transactional_id)
        if transaction is None or transaction.next is not None:
            return
        at = transaction.at
        if at.state not in PREPARED or (at.producer_id, at.epoch) != (
            event.producer_id,
            event.epoch,
        ):
            return
        transaction.unmarked -= set(event.partitions)
        if not transaction.unmarked:
            self.complete(CompleteDue(transaction.name))

    def complete(self, due: CompleteDue) -> None:
        """Write that the transaction has ended."""
        transaction = self.core.transactions.get(due.transactional_id)
        if transaction is None or transaction.next is not None or transaction.unmarked:
            return
        if transaction.at.state not in PREPARED:
            return

        def then(error: ErrorCode) -> None:
            if error is not ErrorCode.NONE:
                self.core.out.set_timer(due, RETRY)

        self.core.write(transaction, transaction.at.completed(self.core.out.now), then)

    def abort_overdue(self) -> None:
        """Abort the transactions that have been open for longer than their producers said."""
        for transaction in [*self.core.transactions.values()]:
            at = transaction.at
            overdue = at.state is State.ONGOING and at.started + at.timeout < self.core.out.now
            if overdue and transaction.next is None:
                self.abort(transaction, lambda _: None)
